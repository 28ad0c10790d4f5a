/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store from which changes may be missing: after damage, and after a restore. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/seed.h"
#include "tests/daemon/store-scene.h"
#include "tests/daemon/token-scene.h"

enum { LOG_RECORD = 4096 + 64 }; /* in the first block behind a segment's header */

#define REFRESHING "[Tokens]\nRefreshToken=yes\n"

static void checkpoint(struct token_scene *scene)
{
    assert_string_equal(reply_error(harness_ask(scene->harness, SOCKET_SESSION,
                                                "io.sessmgr.Manager.Checkpoint", "{}")),
                        "");
}

static const char *store_damaged(struct token_scene *scene)
{
    return strstr(harness_ask(scene->harness, SOCKET_SESSION, "io.sessmgr.Manager.GetStatistics",
                              "{}"),
                  "\"storeDamaged\":true") != NULL
               ? "yes"
               : "no";
}

/* Tokens of each kind, issued before. */
struct tokens {
    char opaque[TOKEN_SCENE_MAX_BYTES], jwt[TOKEN_SCENE_MAX_BYTES], refresh[TOKEN_SCENE_MAX_BYTES];
};

static void issue_all(struct token_scene *scene, struct tokens *ret)
{
    const char *answer = token_order(scene, "{\"kind\":\"opaque\",\"refresh\":true}");

    (void)snprintf(ret->opaque, sizeof(ret->opaque), "%s", reply_text(answer, "parameters.token"));
    (void)snprintf(ret->refresh, sizeof(ret->refresh), "%s",
                   reply_text(answer, "parameters.refreshToken"));
    (void)snprintf(ret->jwt, sizeof(ret->jwt), "%s", token_issue(scene, "{\"kind\":\"jwt\"}"));
    assert_true(token_active(token_ask(scene, ret->opaque, "")));
    assert_true(token_active(token_ask(scene, ret->jwt, "")));
}

/* None is good any more; of an opaque one nobody knows. New ones are good. */
static void assert_revoked(struct token_scene *scene, const struct tokens *tokens)
{
    char parameters[TOKEN_SCENE_MAX_BYTES + 64];

    assert_string_equal(reply_error(token_ask(scene, tokens->opaque, "")), "Unknown");
    assert_false(token_active(token_ask(scene, tokens->jwt, "")));
    (void)snprintf(parameters, sizeof(parameters), "{\"refreshToken\":\"%s\"}", tokens->refresh);
    assert_string_not_equal(reply_error(harness_ask_session(scene->harness, "Refresh", parameters)),
                            "");
    assert_true(token_active(token_ask(scene, token_issue(scene, "{\"kind\":\"opaque\"}"), "")));
    assert_true(token_active(token_ask(scene, token_issue(scene, "{\"kind\":\"jwt\"}"), "")));
}

static const char *state_of(struct token_scene *scene)
{
    return reply_text(harness_describe(scene->harness, scene->id), "parameters.session.state");
}

static size_t told(const struct token_scene *scene, const char *event)
{
    char field[64];

    (void)snprintf(field, sizeof(field), "SESSMGR_EVENT=%s", event);
    return harness_log_count(scene->harness, field, NULL);
}

/* Damage in the log, where the tokens were; the session itself is in the checkpoint. */
static void damage_the_log(struct token_scene *scene, struct tokens *ret_tokens)
{
    token_scene_restart(scene, REFRESHING);
    checkpoint(scene);
    issue_all(scene, ret_tokens);
    (void)token_issue(scene, "{\"kind\":\"opaque\"}"); /* the last one might be half written */
    harness_kill(scene->harness);
    assert_true(store_scene_damage(scene->harness, "log-", LOG_RECORD) > 0);
}

static void test_start__log_damaged__revokes_every_token_and_says_where(void **state)
{
    struct token_scene *scene = *state;
    struct tokens tokens;

    damage_the_log(scene, &tokens);
    harness_start(scene->harness);
    assert_int_equal(
        harness_log_count(scene->harness, "SESSMGR_EVENT=store-damaged", "log-", ", byte ", NULL),
        1);
    assert_string_equal(store_damaged(scene), "yes");
    assert_string_equal(state_of(scene), "active");
    assert_revoked(scene, &tokens);
}

static void test_start__checkpoint_damaged__says_so(void **state)
{
    struct token_scene *scene = *state;

    checkpoint(scene);
    harness_kill(scene->harness);
    assert_int_equal(store_scene_damage(scene->harness, "checkpoint-", 0), 1);
    harness_start(scene->harness);
    assert_int_equal(
        harness_log_count(scene->harness, "SESSMGR_EVENT=store-damaged", "checkpoint-", NULL), 1);
    assert_string_equal(reply_error(harness_describe(scene->harness, scene->id)), "NoSuchSession");
}

static void test_start__after_damage__is_like_any_other(void **state)
{
    struct token_scene *scene = *state;
    struct tokens tokens;
    char since[TOKEN_SCENE_MAX_BYTES];

    damage_the_log(scene, &tokens);
    harness_start(scene->harness);
    (void)snprintf(since, sizeof(since), "%s", token_issue(scene, "{\"kind\":\"opaque\"}"));
    HARNESS_AWAIT(harness_statistic(scene->harness, "storeCheckpoints") > 0);
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_int_equal(told(scene, "store-damaged"), 1);
    assert_string_equal(store_damaged(scene), "no");
    assert_true(token_active(token_ask(scene, since, "")));
    assert_false(token_active(token_ask(scene, tokens.opaque, "")));
    assert_false(token_active(token_ask(scene, tokens.jwt, "")));
}

static void test_start__a_tool_was_first__revokes_all_the_same(void **state)
{
    struct token_scene *scene = *state;
    const struct store_tool_result *result;
    struct tokens tokens;

    damage_the_log(scene, &tokens);
    result = store_scene_tool(scene->harness, "verify", -1, -1);
    assert_int_equal(result->status, 3);
    assert_non_null(strstr(result->err, "sessmgrd: log-"));
    assert_non_null(strstr(result->err, ", byte "));
    result = store_scene_tool(scene->harness, "checkpoint", -1, -1);
    assert_int_equal(result->status, 0);
    harness_start(scene->harness);
    assert_int_equal(
        harness_log_count(scene->harness, "SESSMGR_EVENT=store-damaged", "log-", ", byte ", NULL),
        1);
    assert_revoked(scene, &tokens);
}

/* What is known of the damage was not kept, or another version wrote it. */
static void test_start__note_of_damage_without_a_place__revokes_all_the_same(void **state)
{
    struct token_scene *scene = *state;
    struct tokens tokens;

    token_scene_restart(scene, REFRESHING);
    issue_all(scene, &tokens);
    harness_stop(scene->harness);
    seed_record(scene->harness, "distrust/damaged", "[]");
    harness_start(scene->harness);
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=store-damaged",
                                       "where is not known any more", NULL),
                     1);
    assert_revoked(scene, &tokens);
}

static void test_verify_store__damaged_while_it_runs__where(void **state)
{
    struct token_scene *scene = *state;
    const char *answer;

    checkpoint(scene);
    assert_int_equal(store_scene_damage(scene->harness, "checkpoint-", 0), 1);
    answer = harness_ask(scene->harness, SOCKET_SESSION, "io.sessmgr.Manager.VerifyStore", "{}");
    assert_string_equal(reply_error(answer), "StoreDamaged");
    assert_non_null(strstr(reply_text(answer, "parameters.file"), "checkpoint-"));
    assert_string_not_equal(reply_text(answer, "parameters.message"), "");
    assert_string_equal(state_of(scene), "active");
}

static void test_restore__backup_from_before__session_goes_on_and_tokens_do_not(void **state)
{
    struct token_scene *scene = *state;
    const struct store_tool_result *result;
    CLEANUP(closep) int backup = -1;
    char revoked[TOKEN_SCENE_MAX_BYTES];
    struct tokens tokens;

    token_scene_restart(scene, REFRESHING);
    issue_all(scene, &tokens);
    (void)snprintf(revoked, sizeof(revoked), "%s", token_issue(scene, "{\"kind\":\"opaque\"}"));
    backup = store_scene_keep(store_scene_backup(scene->harness));
    assert_string_equal(reply_error(token_revoke(scene, revoked)), "");
    harness_stop(scene->harness);
    result = store_scene_tool(scene->harness, "restore", backup, -1);
    assert_string_equal(result->err, "");
    assert_int_equal(result->status, 0);
    harness_start(scene->harness);
    assert_int_equal(told(scene, "store-restored"), 1);
    assert_int_equal(told(scene, "store-damaged"), 0);
    assert_string_equal(state_of(scene), "active");
    assert_revoked(scene, &tokens);
    assert_string_equal(reply_error(token_ask(scene, revoked, "")), "Unknown");
    HARNESS_AWAIT(harness_statistic(scene->harness, "storeCheckpoints") > 0);
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_int_equal(told(scene, "store-restored"), 1); /* once is enough */
    assert_false(token_active(token_ask(scene, tokens.opaque, "")));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, token_scene_setup, token_scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_start__log_damaged__revokes_every_token_and_says_where),
        TEST(test_start__checkpoint_damaged__says_so),
        TEST(test_start__after_damage__is_like_any_other),
        TEST(test_start__a_tool_was_first__revokes_all_the_same),
        TEST(test_start__note_of_damage_without_a_place__revokes_all_the_same),
        TEST(test_verify_store__damaged_while_it_runs__where),
        TEST(test_restore__backup_from_before__session_goes_on_and_tokens_do_not),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
