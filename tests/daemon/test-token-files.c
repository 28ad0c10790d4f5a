/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the daemon shows in files (the key set, a session's token), the keys themselves, and what it
 * says where it cannot know. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "tests/daemon/seed.h"
#include "tests/daemon/token-scene.h"

#define WITH_FILE "[Tokens]\nTokenAtLogin=file\n"

enum { PATH_BYTES = 256 };

static const char *path_of(const struct token_scene *scene, const char *name)
{
    static char path[2 * PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s/%s", scene->harness->runtime, name);
    return path;
}

/* The file of the scene's session. */
static const char *token_path(const struct token_scene *scene)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "tokens/%s", scene->id);
    return path_of(scene, name);
}

/* A file's text, "" where there is none. */
static const char *text_of(const char *path)
{
    static char text[TOKEN_SCENE_MAX_BYTES];
    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void write_text(const char *path, const char *text)
{
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static const char *manager_ask(struct token_scene *scene, const char *method)
{
    return harness_ask(scene->harness, SOCKET_SESSION, method, "{}");
}

#define GET_KEYS    "io.sessmgr.Manager.GetKeys"
#define ROTATE_KEYS "io.sessmgr.Manager.RotateKeys"

static void test_keys__rotated__old_one_is_kept(void **state)
{
    struct token_scene *scene = *state;
    char before[128], jwt[TOKEN_SCENE_MAX_BYTES], wanted[TOKEN_SCENE_MAX_BYTES];
    const char *answer = manager_ask(scene, GET_KEYS);
    struct stat status;

    assert_int_equal(reply_count(answer, "parameters.keys"), 1);
    (void)snprintf(before, sizeof(before), "%s", reply_text(answer, "parameters.keys.0.keyId"));
    assert_int_equal(strlen(before), 43);
    (void)snprintf(jwt, sizeof(jwt), "%s", token_issue(scene, "{\"kind\":\"jwt\"}"));
    answer = manager_ask(scene, ROTATE_KEYS);
    assert_string_not_equal(reply_text(answer, "parameters.key.keyId"), before);
    assert_false(reply_has(answer, "parameters.key.retireUsec"));
    answer = manager_ask(scene, GET_KEYS);
    assert_int_equal(reply_count(answer, "parameters.keys"), 2);
    assert_string_equal(reply_text(answer, "parameters.jwks.keys.0.kid"), before);
    assert_in_range(reply_int(answer, "parameters.keys.0.retireUsec") / 1000000, time(NULL) + 86390,
                    time(NULL) + 86410);
    (void)snprintf(wanted, sizeof(wanted), "\"jwks\":%s}}", text_of(path_of(scene, "jwks.json")));
    assert_non_null(strstr(answer, wanted));
    assert_int_equal(stat(path_of(scene, "jwks.json"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_true(token_active(token_ask(scene, jwt, "")));
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_int_equal(reply_count(manager_ask(scene, GET_KEYS), "parameters.keys"), 2);
    assert_true(token_active(token_ask(scene, jwt, "")));
    assert_true(token_active(token_ask(scene, token_issue(scene, "{\"kind\":\"jwt\"}"), "")));
}

static void test_keys__as_many_as_there_may_be__too_many(void **state)
{
    struct token_scene *scene = *state;
    const char *answer;

    for (int i = 1; i < 32; i++)
        assert_string_equal(reply_error(manager_ask(scene, ROTATE_KEYS)), "");
    answer = manager_ask(scene, ROTATE_KEYS);
    assert_string_equal(reply_error(answer), "TooMany");
    assert_int_equal(reply_int(answer, "parameters.limit"), 32);
    harness_stop(scene->harness);
    harness_start(scene->harness);
    assert_int_equal(reply_count(manager_ask(scene, GET_KEYS), "parameters.keys"), 32);
    assert_true(token_active(token_ask(scene, token_issue(scene, "{\"kind\":\"jwt\"}"), "")));
}

static void test_open__token_at_login__file_while_the_session_lives(void **state)
{
    struct token_scene *scene = *state;
    struct actor *login;
    const char *answer;
    char path[PATH_BYTES];
    struct stat status;

    token_scene_restart(scene, WITH_FILE);
    assert_true(token_active(token_ask(scene, text_of(token_path(scene)), ",\"uid\":0")));
    assert_int_equal(stat(token_path(scene), &status), 0);
    assert_int_equal(status.st_mode & 0007, 0);
    login = actor_new(scene->harness, "login");
    answer = actor_open(login, "root", 0, "login", "");
    (void)snprintf(path, sizeof(path), "%s/tokens/%s", scene->harness->runtime,
                   reply_text(answer, "parameters.sessionId"));
    assert_string_equal(reply_text(answer, "parameters.tokenFile"), path);
    assert_string_equal(reply_error(actor_close(scene->login, scene->id)), "");
    assert_int_equal(access(token_path(scene), F_OK), -1);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_open__default__no_file(void **state)
{
    struct token_scene *scene = *state;
    const char *answer = actor_open(actor_new(scene->harness, "login"), "root", 0, "login", "");

    assert_false(reply_has(answer, "parameters.tokenFile"));
    assert_int_equal(harness_entries(path_of(scene, "tokens")), 2); /* . and .. */
}

static void test_token_file__jwt__renewed_before_it_is_over(void **state)
{
    struct token_scene *scene = *state;
    char first[TOKEN_SCENE_MAX_BYTES];
    int changes = 0;

    token_scene_restart(scene, WITH_FILE "TokenType=jwt\nTokenLifetimeSec=2s\n");
    (void)snprintf(first, sizeof(first), "%s", text_of(token_path(scene)));
    for (long end = harness_now_msec() + HARNESS_PATIENCE_MSEC;
         changes < 3 && harness_now_msec() < end;) {
        char now[TOKEN_SCENE_MAX_BYTES];

        (void)snprintf(now, sizeof(now), "%s", text_of(token_path(scene)));
        /* at no moment is there one that is not good */
        assert_true(token_active(token_ask(scene, now, "")));
        changes += strcmp(now, first) != 0;
        (void)snprintf(first, sizeof(first), "%s", now);
        harness_pause(20);
    }
    assert_int_equal(changes, 3);
}

static void test_token_file__restart__good_ones_stay_bad_ones_are_made_anew(void **state)
{
    static const char *const contents[] = {"", "sms_nonsense", "\xff\x01", NULL};
    struct token_scene *scene = *state;
    char kept[TOKEN_SCENE_MAX_BYTES];

    token_scene_restart(scene, WITH_FILE);
    (void)snprintf(kept, sizeof(kept), "%s", text_of(token_path(scene)));
    harness_kill(scene->harness);
    write_text(path_of(scene, "tokens/ffffffffffffffffffffffffffffffff"), "stray");
    harness_start(scene->harness);
    assert_string_equal(text_of(token_path(scene)), kept);
    assert_int_equal(access(path_of(scene, "tokens/ffffffffffffffffffffffffffffffff"), F_OK), -1);
    for (size_t i = 0; i < ELEMENTS(contents); i++) {
        harness_kill(scene->harness);
        if (contents[i] == NULL)
            assert_int_equal(unlink(token_path(scene)), 0);
        else
            write_text(token_path(scene), contents[i]);
        harness_start(scene->harness);
        HARNESS_AWAIT(strlen(text_of(token_path(scene))) > 20);
        assert_true(token_active(token_ask(scene, text_of(token_path(scene)), "")));
    }
}

/* Somebody made a directory of the name: nothing can be put in its place. */
static void test_token_file__cannot_be_written__login_goes_on_and_it_comes_later(void **state)
{
    struct token_scene *scene = *state;
    char moved[2 * PATH_BYTES], tokens[2 * PATH_BYTES], id[SESSION_ID_BYTES + 1];
    struct actor *login;
    const char *answer;

    token_scene_restart(scene, WITH_FILE);
    (void)snprintf(tokens, sizeof(tokens), "%s", path_of(scene, "tokens"));
    (void)snprintf(moved, sizeof(moved), "%s", path_of(scene, "moved"));
    harness_stop(scene->harness);
    assert_int_equal(rename(tokens, moved), 0);
    write_text(tokens, "a file where the directory was");
    harness_start(scene->harness);
    login = actor_new(scene->harness, "login");
    answer = actor_open(login, "root", 0, "login", "");
    (void)snprintf(id, sizeof(id), "%s", reply_text(answer, "parameters.sessionId"));
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
    assert_false(reply_has(answer, "parameters.tokenFile"));
    assert_int_equal(harness_log_count(scene->harness, "cannot be used", NULL), 1);
    assert_int_equal(unlink(tokens), 0);
    harness_stop(scene->harness);
    harness_start(scene->harness);
    memcpy(scene->id, id, sizeof(id));
    HARNESS_AWAIT(access(token_path(scene), F_OK) == 0);
    assert_true(token_active(token_ask(scene, text_of(token_path(scene)), "")));
}

/* A store in which a newer version has left something: a stranger may be known to that one. */
static void test_validate__records_that_cannot_be_read__unknown(void **state)
{
    static const struct {
        const char *kind, *key;
    } rows[] = {{"opaque", "token/of-a-newer-version"}, {"jwt", "key/of-a-newer-version"}};
    struct token_scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        char order[64], token[TOKEN_SCENE_MAX_BYTES], old[PATH_BYTES];

        (void)snprintf(order, sizeof(order), "{\"kind\":\"%s\"}", rows[i].kind);
        (void)snprintf(token, sizeof(token), "%s", token_issue(scene, order));
        harness_stop(scene->harness);
        (void)snprintf(old, sizeof(old), "%s.%zu", scene->harness->state, i);
        assert_int_equal(rename(scene->harness->state, old), 0);
        assert_int_equal(mkdir(scene->harness->state, 0700), 0);
        harness_start(scene->harness);
        assert_false(token_active(token_ask(scene, token, ""))); /* of another store */
        harness_stop(scene->harness);
        seed_record(scene->harness, rows[i].key, "{\"future\":1}");
        harness_start(scene->harness);
        assert_string_equal(reply_error(token_ask(scene, token, "")), "Unknown");
        token[strlen(token) - 1] ^= 1; /* malformed it is all the same */
        if (i == 0)
            assert_false(token_active(token_ask(scene, token, "")));
        token_scene_restart(scene, "");
    }
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, token_scene_setup, token_scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keys__rotated__old_one_is_kept),
        TEST(test_keys__as_many_as_there_may_be__too_many),
        TEST(test_open__token_at_login__file_while_the_session_lives),
        TEST(test_open__default__no_file),
        TEST(test_token_file__jwt__renewed_before_it_is_over),
        TEST(test_token_file__restart__good_ones_stay_bad_ones_are_made_anew),
        TEST(test_token_file__cannot_be_written__login_goes_on_and_it_comes_later),
        TEST(test_validate__records_that_cannot_be_read__unknown),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
