/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens and keys are nowhere but where they belong: not in the daemon's memory once a call is over
 * (and so in no core file), not in its store, not in what it writes. */
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

#include "common/macro.h"
#include "jose/base64url.h"
#include "tests/daemon/seed.h"
#include "tests/daemon/token-scene.h"

enum { CHUNK_BYTES = 1 << 20, OVERLAP_BYTES = 256, PATH_BYTES = 512 };

/* Whether a text is in what a descriptor reads, from an offset on and for so many bytes. */
static bool is_in(int fd, off_t from, off_t bytes, const void *what, size_t length)
{
    static char chunk[CHUNK_BYTES];
    size_t kept = 0;

    while (bytes > 0) {
        size_t room = sizeof(chunk) - kept;
        ssize_t n = pread(fd, chunk + kept, bytes < (off_t)room ? (size_t)bytes : room, from);

        if (n <= 0)
            return false; /* the end, or a page that nobody can read */
        if (memmem(chunk, kept + (size_t)n, what, length) != NULL)
            return true;
        from += n;
        bytes -= n;
        kept += (size_t)n;
        if (kept > OVERLAP_BYTES) {
            memmove(chunk, chunk + kept - OVERLAP_BYTES, OVERLAP_BYTES);
            kept = OVERLAP_BYTES;
        }
    }
    return false;
}

/* Whether something is in memory that the daemon can write and that gets into a core file: keys are
 * kept in what does not (VmFlags: dd, see proc_pid_smaps(5)). */
static bool bytes_in_memory(const struct token_scene *scene, const void *what, size_t length)
{
    unsigned long begin = 0, end = 0, first, last;
    char path[64], line[PATH_BYTES], rights[5] = "", found_rights[5];
    bool found = false;
    FILE *maps;
    int memory;

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)scene->harness->pid);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(memory >= 0);
    (void)snprintf(path, sizeof(path), "/proc/%d/smaps", (int)scene->harness->pid);
    maps = fopen(path, "re");
    assert_non_null(maps);
    while (!found && fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &first, &last, found_rights) == 3) {
            begin = first;
            end = last;
            memcpy(rights, found_rights, sizeof(rights));
        } else if (strncmp(line, "VmFlags:", 8) == 0 && rights[1] == 'w' &&
                   strstr(line, " dd") == NULL) {
            found = is_in(memory, (off_t)begin, (off_t)(end - begin), what, length);
        }
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

static bool in_memory(const struct token_scene *scene, const char *text)
{
    return bytes_in_memory(scene, text, strlen(text));
}

/* Whether something is in a file of a folder. */
static bool bytes_in_folder(const char *folder, const void *what, size_t length)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    bool found = false;

    assert_non_null(stream);
    while (!found && (entry = readdir(stream)) != NULL) {
        int fd = openat(dirfd(stream), entry->d_name, O_RDONLY | O_CLOEXEC);

        found = fd >= 0 && is_in(fd, 0, 64 << 20, what, length);
        closep(&fd);
    }
    (void)closedir(stream);
    return found;
}

static bool in_folder(const char *folder, const char *text)
{
    return bytes_in_folder(folder, text, strlen(text));
}

/* What is looked for is a token without its first and last characters, lest a part is overlooked.
 */
static const char *core_of(const char *token, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%.*s", 24, token + 8);
    return buffer;
}

static void assert_nowhere(const struct token_scene *scene, const char *token)
{
    char core[32];

    core_of(token, core, sizeof(core));
    assert_int_equal(strlen(core), 24);
    /* the answer is here before the daemon is back from sending it */
    HARNESS_AWAIT(!in_memory(scene, core));
    assert_false(in_folder(scene->harness->state, core));
    assert_false(in_folder(scene->harness->folder, core));
}

static void test_in_memory__what_is_there__is_found(void **state)
{
    const struct token_scene *scene = *state;

    assert_true(in_memory(scene, scene->id));
    assert_true(in_folder(scene->harness->folder, scene->id)); /* the log names it */
}

static void test_tokens__after_each_call__are_nowhere(void **state)
{
    static const char *const orders[] = {"{\"refresh\":true}",
                                         "{\"kind\":\"jwt\",\"refresh\":true}"};
    struct token_scene *scene = *state;

    token_scene_restart(scene, "[Tokens]\nRefreshToken=yes\n");
    for (size_t i = 0; i < ELEMENTS(orders); i++) {
        char token[TOKEN_SCENE_MAX_BYTES], refresh[128], parameters[256];
        const char *answer = token_order(scene, orders[i]);

        (void)snprintf(token, sizeof(token), "%s", reply_text(answer, "parameters.token"));
        (void)snprintf(refresh, sizeof(refresh), "%s",
                       reply_text(answer, "parameters.refreshToken"));
        /* of a JWT the signature, since header and claims are no secret */
        (void)memmove(token, strrchr(token, '.') != NULL ? strrchr(token, '.') : token,
                      strlen(strrchr(token, '.') != NULL ? strrchr(token, '.') : token) + 1);
        assert_nowhere(scene, token);
        assert_nowhere(scene, refresh);
        if (i == 0)
            assert_true(token_active(token_ask(scene, token, "")));
        assert_nowhere(scene, token);
        (void)snprintf(parameters, sizeof(parameters), "{\"refreshToken\":\"%s\"}", refresh);
        answer = harness_ask_session(scene->harness, "Refresh", parameters);
        assert_string_equal(reply_error(answer), "");
        (void)snprintf(token, sizeof(token), "%s", reply_text(answer, "parameters.refreshToken"));
        assert_nowhere(scene, token);
        assert_nowhere(scene, refresh);
        assert_string_equal(reply_error(token_revoke(scene, token)), "");
        assert_nowhere(scene, token);
    }
}

/* Short ones, and those that make the daemon's buffers grow; whole, and in two parts. */
static void test_validate__of_any_size__leaves_nothing(void **state)
{
    static const size_t sizes[] = {20, 300, 4000, 8100, 9000};
    const struct token_scene *scene = *state;

    for (size_t i = 0; i < 2 * ELEMENTS(sizes); i++) {
        int fd = harness_connect(scene->harness, SOCKET_SESSION);
        char message[10000], answer[HARNESS_REPLY_MAX_BYTES];
        const size_t size = sizes[i / 2];
        int head =
            snprintf(message, sizeof(message),
                     "{\"method\":\"io.sessmgr.Session.Validate\",\"parameters\":{\"token\":\"");
        size_t length = (size_t)head;

        memset(message + length, 'x', size);
        memcpy(message + length, "sms_", 4);
        /* early enough to be in the first buffer of those that grow */
        memcpy(message + length + size / 4, ".RECOGNISED", 11);
        (void)snprintf(message + length + size, sizeof(message) - length - size, "\"}}");
        length = strlen(message) + 1;
        if (i % 2 == 0) {
            harness_send(fd, message, length);
        } else {
            harness_send(fd, message, length - 5);
            harness_pause(20);
            harness_send(fd, message + length - 5, 5);
        }
        assert_true(harness_read(fd, answer, sizeof(answer)));
        if (size <= TOKEN_MAX_BYTES)
            assert_string_equal(answer, "{\"parameters\":{\"active\":false}}");
        else
            assert_string_equal(reply_error(answer), "InvalidParameter");
        HARNESS_AWAIT(!in_memory(scene, ".RECOGNISED"));
        (void)close(fd);
    }
}

/* What was sent is nowhere either, with the connection that it went over still there. */
static void test_refresh__connection_stays_open__leaves_nothing(void **state)
{
    struct token_scene *scene = *state;
    char message[256], answer[HARNESS_REPLY_MAX_BYTES], token[128];
    int fd;

    token_scene_restart(scene, "[Tokens]\nRefreshToken=yes\n");
    (void)snprintf(message, sizeof(message),
                   "{\"method\":\"io.sessmgr.Session.Refresh\",\"parameters\":"
                   "{\"refreshToken\":\"%s\"}}",
                   reply_text(token_order(scene, "{\"refresh\":true}"), "parameters.refreshToken"));
    fd = harness_connect(scene->harness, SOCKET_SESSION);
    harness_send_text(fd, message);
    assert_true(harness_read(fd, answer, sizeof(answer)));
    assert_string_equal(reply_error(answer), "");
    (void)snprintf(token, sizeof(token), "%s", reply_text(answer, "parameters.token"));
    assert_nowhere(scene, token);
    (void)snprintf(token, sizeof(token), "%s", reply_text(answer, "parameters.refreshToken"));
    assert_nowhere(scene, token);
    (void)close(fd);
}

/* Finds the seed in the record of the signing key. */
static int take_seed(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    static const char member[] = "\"seed\":\"";
    const char *found = memmem(value, value_bytes, member, strlen(member));

    if (strncmp(key, "key/", 4) == 0 && found != NULL)
        (void)snprintf(userdata, 64, "%.43s", found + strlen(member));
    return 0;
}

/* The signing key is in the memory that never gets into a core file (VmFlags: dd), and nowhere
 * else; neither as it is nor as text, in the store least of all. */
static void test_signing_key__is_in_guarded_memory_alone(void **state)
{
    struct token_scene *scene = *state;
    unsigned char seed[32];
    char text[64] = "";

    harness_stop(scene->harness);
    seed_visit(scene->harness, take_seed, text);
    assert_int_equal(base64url_decode(text, strlen(text), seed, sizeof(seed)), sizeof(seed));
    assert_false(in_folder(scene->harness->state, text));
    assert_false(bytes_in_folder(scene->harness->state, seed, sizeof(seed)));
    harness_start(scene->harness);
    assert_true(token_active(token_ask(scene, token_issue(scene, "{\"kind\":\"jwt\"}"), "")));
    HARNESS_AWAIT(!in_memory(scene, text));
    HARNESS_AWAIT(!bytes_in_memory(scene, seed, sizeof(seed)));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, token_scene_setup, token_scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_memory__what_is_there__is_found),
        TEST(test_tokens__after_each_call__are_nowhere),
        TEST(test_validate__of_any_size__leaves_nothing),
        TEST(test_refresh__connection_stays_open__leaves_nothing),
        TEST(test_signing_key__is_in_guarded_memory_alone),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
