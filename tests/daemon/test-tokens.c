/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens of the real daemon: issued, validated, revoked, gone with their session, there after a
 * restart. Refreshing is in test-refresh.c. Long because tokens have many ways to go. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "tests/daemon/token-scene.h"

static void test_issue__opaque__active_until_the_session_ends(void **state)
{
    struct token_scene *scene = *state;
    const char *token = token_issue(scene, "{}");
    const char *answer;

    assert_memory_equal(token, "sms_", 4);
    answer = token_ask(scene, token, "");
    assert_true(token_active(answer));
    assert_string_equal(reply_text(answer, "parameters.sessionId"), scene->id);
    assert_string_equal(reply_text(answer, "parameters.user"), "root");
    assert_int_equal(reply_int(answer, "parameters.uid"), 0);
    assert_false(reply_has(answer, "parameters.expiresUsec"));
    assert_string_equal(reply_error(actor_close(scene->login, scene->id)), "");
    assert_false(token_active(token_ask(scene, token, "")));
}

/* How many records are in the store. */
static long stored(struct token_scene *scene)
{
    return (long)reply_int(
        harness_ask(scene->harness, SOCKET_SESSION, "io.sessmgr.Manager.Checkpoint", "{}"),
        "parameters.records");
}

static void test_tokens__over_or_revoked__gone_from_the_store_too(void **state)
{
    struct token_scene *scene = *state;
    long before = stored(scene);
    char token[TOKEN_SCENE_MAX_BYTES];

    (void)token_issue(scene, "{\"lifetimeSec\":1}");
    (void)token_issue(scene, "{}");
    (void)snprintf(token, sizeof(token), "%s", token_issue(scene, "{}"));
    assert_int_equal(stored(scene), before + 3);
    assert_string_equal(reply_error(token_revoke(scene, token)), "");
    HARNESS_AWAIT(stored(scene) == before + 1); /* and the one of a second */
    assert_string_equal(reply_error(actor_close(scene->login, scene->id)), "");
    HARNESS_AWAIT(stored(scene) == before); /* with their session */
}

static void test_validate__good_token__says_nothing_more_where_inactive(void **state)
{
    struct token_scene *scene = *state;
    const char *answer = token_ask(scene, "sms_nonsense", "");

    assert_string_equal(answer, "{\"parameters\":{\"active\":false}}");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-refused",
                                       "SESSMGR_REASON=malformed", NULL),
                     1);
}

static void test_validate__every_bit_flipped__inactive(void **state)
{
    struct token_scene *scene = *state;
    char good[TOKEN_SCENE_MAX_BYTES], bad[TOKEN_SCENE_MAX_BYTES];
    int fd = harness_connect(scene->harness, SOCKET_SESSION);

    (void)snprintf(good, sizeof(good), "%s", token_issue(scene, "{}"));
    assert_true(token_active(token_ask(scene, good, "")));
    for (size_t bit = 0; bit < 8 * strlen(good); bit++) {
        char message[TOKEN_SCENE_MAX_BYTES], reply[HARNESS_REPLY_MAX_BYTES];

        memcpy(bad, good, sizeof(bad));
        bad[bit / 8] ^= (char)(1 << bit % 8);
        if (bad[bit / 8] < ' ' || bad[bit / 8] > '~' || strchr("\"\\", bad[bit / 8]))
            continue; /* no JSON as it stands */
        (void)snprintf(
            message, sizeof(message),
            "{\"method\":\"io.sessmgr.Session.Validate\",\"parameters\":{\"token\":\"%s\"}}", bad);
        harness_send_text(fd, message);
        assert_true(harness_read(fd, reply, sizeof(reply)));
        assert_string_equal(reply, "{\"parameters\":{\"active\":false}}");
    }
    (void)close(fd);
    assert_true(token_active(token_ask(scene, good, "")));
}

static void test_issue__jwt__active_with_its_time(void **state)
{
    struct token_scene *scene = *state;
    char token[TOKEN_SCENE_MAX_BYTES];
    const char *answer;

    (void)snprintf(token, sizeof(token), "%s", token_issue(scene, "{\"kind\":\"jwt\"}"));
    assert_int_equal(token_dots(token), 2);
    answer = token_ask(scene, token, "");
    assert_true(token_active(answer));
    assert_string_equal(reply_text(answer, "parameters.sessionId"), scene->id);
    assert_in_range(reply_int(answer, "parameters.expiresUsec") / 1000000,
                    harness_now_msec() >= 0 ? time(NULL) + 295 : 0, time(NULL) + 301);
    assert_string_equal(reply_error(actor_close(scene->login, scene->id)), "");
    assert_false(token_active(token_ask(scene, token, "")));
}

/* What a resource may ask of a token, and whether this one has it. */
static void test_validate__expectations__met_or_inactive(void **state)
{
    static const struct {
        const char *more;
        bool active;
    } rows[] = {
        {",\"scope\":\"read\"", true},
        {",\"scope\":\"read write\"", true},
        {",\"scope\":\"read write admin\"", false},
        {",\"scope\":\"rea\"", false},
        {",\"scope\":\"readx\"", false},
        {",\"scope\":\"Read\"", false},
        {",\"audience\":\"https://b.example\"", true},
        {",\"audience\":\"https://a.example\"", false},
        {",\"audience\":\"https://b.example/\"", false},
        {",\"audience\":\"\"", false},
        {",\"uid\":0", true},
        {",\"uid\":1", false},
        {",\"uid\":0,\"scope\":\"write\",\"audience\":\"https://b.example\"", true},
    };
    static const char *const kinds[] = {"opaque", "jwt"};
    struct token_scene *scene = *state;

    token_scene_restart(scene, "[Tokens]\nAudience=https://a.example https://b.example\n"
                               "Scopes=read write admin\n");
    for (size_t kind = 0; kind < ELEMENTS(kinds); kind++) {
        char token[TOKEN_SCENE_MAX_BYTES], order[256];

        (void)snprintf(order, sizeof(order),
                       "{\"kind\":\"%s\",\"audience\":\"https://b.example\","
                       "\"scopes\":[\"read\",\"write\"]}",
                       kinds[kind]);
        (void)snprintf(token, sizeof(token), "%s", token_issue(scene, order));
        for (size_t i = 0; i < ELEMENTS(rows); i++)
            if (token_active(token_ask(scene, token, rows[i].more)) != rows[i].active)
                fail_msg("%s: %s", kinds[kind], rows[i].more);
    }
}

static void test_issue__bound_to_its_user__only_where_the_uid_is_named(void **state)
{
    static const char *const orders[] = {"{}", "{\"kind\":\"jwt\"}"};
    struct token_scene *scene = *state;

    token_scene_restart(scene, "[Tokens]\nBind=uid\n");
    for (size_t i = 0; i < ELEMENTS(orders); i++) {
        char token[TOKEN_SCENE_MAX_BYTES];

        (void)snprintf(token, sizeof(token), "%s", token_issue(scene, orders[i]));
        assert_false(token_active(token_ask(scene, token, "")));
        assert_true(token_active(token_ask(scene, token, ",\"uid\":0")));
        assert_false(token_active(token_ask(scene, token, ",\"uid\":1")));
    }
}

static void test_issue__beyond_the_policy__names_the_setting(void **state)
{
    static const struct {
        const char *order, *setting;
    } rows[] = {
        {"{\"audience\":\"https://x.example\"}", "Audience"},
        {"{\"scopes\":[\"read\",\"delete\"]}", "Scopes"},
        {"{\"lifetimeSec\":3601}", "TokenLifetimeSec"},
        {"{\"kind\":\"jwt\",\"lifetimeSec\":3601}", "TokenLifetimeSec"},
        {"{\"refresh\":true}", "RefreshToken"},
    };
    struct token_scene *scene = *state;

    token_scene_restart(scene, "[Tokens]\nAudience=https://a.example\nScopes=read\n"
                               "TokenLifetimeSec=1h\n");
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        const char *answer = token_order(scene, rows[i].order);

        assert_string_equal(reply_error(answer), "NotAllowedByPolicy");
        assert_string_equal(reply_text(answer, "parameters.rule"), rows[i].setting);
    }
    assert_string_equal(reply_error(token_order(scene, "{\"lifetimeSec\":0}")), "InvalidParameter");
    assert_string_equal(reply_error(token_order(scene, "{\"lifetimeSec\":3600}")), "");
    assert_int_equal(harness_statistic(scene->harness, "tokensLive"), 1);
}

static void test_issue__caller_in_no_session__not_in_session(void **state)
{
    struct token_scene *scene = *state;

    assert_string_equal(reply_error(harness_ask_session(scene->harness, "IssueToken", "{}")),
                        "NotInSession");
}

static void test_issue__as_many_as_there_may_be__too_many(void **state)
{
    struct token_scene *scene = *state;
    const char *answer;

    for (int i = 0; i < 256; i++)
        assert_string_equal(reply_error(token_order(scene, "{}")), "");
    answer = token_order(scene, "{}");
    assert_string_equal(reply_error(answer), "TooMany");
    assert_int_equal(reply_int(answer, "parameters.limit"), 256);
    assert_string_equal(reply_error(token_order(scene, "{\"kind\":\"jwt\"}")), "");
}

static void test_issue__as_many_as_the_host_may_have__too_many(void **state)
{
    struct token_scene *scene = *state;
    const char *answer;

    token_scene_restart(scene, "[Manager]\nTokensMax=3\n");
    for (int i = 0; i < 3; i++)
        assert_string_equal(reply_error(token_order(scene, "{}")), "");
    answer = token_order(scene, "{}");
    assert_string_equal(reply_error(answer), "TooMany");
    assert_int_equal(reply_int(answer, "parameters.limit"), 3);
}

static void test_revoke__either_kind__inactive_for_good(void **state)
{
    static const char *const orders[] = {"{}", "{\"kind\":\"jwt\"}"};
    struct token_scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(orders); i++) {
        char token[TOKEN_SCENE_MAX_BYTES], other[TOKEN_SCENE_MAX_BYTES];

        (void)snprintf(token, sizeof(token), "%s", token_issue(scene, orders[i]));
        (void)snprintf(other, sizeof(other), "%s", token_issue(scene, orders[i]));
        assert_string_equal(reply_error(token_revoke(scene, token)), "");
        assert_false(token_active(token_ask(scene, token, "")));
        assert_true(token_active(token_ask(scene, other, "")));
        harness_kill(scene->harness);
        harness_start(scene->harness);
        assert_false(token_active(token_ask(scene, token, "")));
        assert_true(token_active(token_ask(scene, other, "")));
        assert_string_equal(reply_error(token_revoke(scene, token)), ""); /* once more */
    }
    assert_string_equal(reply_error(token_revoke(scene, "sms_unknown")), "");
}

static void test_restart__issued__active_by_store_and_key(void **state)
{
    struct token_scene *scene = *state;
    char opaque[TOKEN_SCENE_MAX_BYTES], jwt[TOKEN_SCENE_MAX_BYTES];

    (void)snprintf(opaque, sizeof(opaque), "%s", token_issue(scene, "{}"));
    (void)snprintf(jwt, sizeof(jwt), "%s", token_issue(scene, "{\"kind\":\"jwt\"}"));
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_true(token_active(token_ask(scene, opaque, "")));
    assert_true(token_active(token_ask(scene, jwt, "")));
    harness_stop(scene->harness); /* which makes a checkpoint of it all at the next start */
    harness_start(scene->harness);
    assert_true(token_active(token_ask(scene, opaque, "")));
    assert_int_equal(harness_statistic(scene->harness, "tokensLive"), 1);
}

static void test_issue__short_lifetime__over_by_itself(void **state)
{
    static const char *const orders[] = {"{\"lifetimeSec\":1}",
                                         "{\"kind\":\"jwt\",\"lifetimeSec\":1}"};
    struct token_scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(orders); i++) {
        char token[TOKEN_SCENE_MAX_BYTES];

        (void)snprintf(token, sizeof(token), "%s", token_issue(scene, orders[i]));
        HARNESS_AWAIT(!token_active(token_ask(scene, token, "")));
    }
    HARNESS_AWAIT(harness_statistic(scene->harness, "tokensLive") == 0);
}

static void test_issue__session_with_a_deadline__no_longer_than_that(void **state)
{
    struct token_scene *scene = *state;
    const char *answer;

    token_scene_restart(scene, "[Session]\nLifetimeSec=100\n");
    answer = token_order(scene, "{}");
    assert_in_range(reply_int(answer, "parameters.expiresUsec") / 1000000, time(NULL) + 90,
                    time(NULL) + 101);
    answer = token_order(scene, "{\"kind\":\"jwt\"}");
    assert_in_range(reply_int(answer, "parameters.expiresUsec") / 1000000, time(NULL) + 90,
                    time(NULL) + 101);
}

static void test_validate__touch__is_activity(void **state)
{
    struct token_scene *scene = *state;
    const char *token = token_issue(scene, "{}");
    int64_t opened = reply_int(harness_describe(scene->harness, scene->id),
                               "parameters.session.lastActivityUsec");

    assert_true(token_active(token_ask(scene, token, "")));
    assert_int_equal(reply_int(harness_describe(scene->harness, scene->id),
                               "parameters.session.lastActivityUsec"),
                     opened);
    assert_true(token_active(token_ask(scene, token, ",\"touch\":true")));
    assert_true(reply_int(harness_describe(scene->harness, scene->id),
                          "parameters.session.lastActivityUsec") > opened);
}

static void test_issue__nested_session__is_the_nested_ones(void **state)
{
    struct token_scene *scene = *state;
    struct actor *su = actor_fork(scene->harness, scene->shell, "su"), *shell;
    char inner[SESSION_ID_BYTES + 1], token[TOKEN_SCENE_MAX_BYTES];
    const char *answer;

    actor_log_in(su, "root", 0, "su", inner);
    shell = actor_fork(scene->harness, su, "shell");
    answer = actor_ask(shell, SOCKET_SESSION, "io.sessmgr.Session.IssueToken", "{}");
    (void)snprintf(token, sizeof(token), "%s", reply_text(answer, "parameters.token"));
    answer = token_ask(scene, token, "");
    assert_string_equal(reply_text(answer, "parameters.sessionId"), inner);
    (void)actor_close(scene->login, scene->id); /* the outer one takes it along */
    assert_false(token_active(token_ask(scene, token, "")));
}

/* Beyond what can be remembered one by one, all that were issued up to now go; later ones are good.
 */
static void test_revoke__more_jwts_than_are_remembered__all_of_them(void **state)
{
    struct token_scene *scene = *state;
    char kept[TOKEN_SCENE_MAX_BYTES];

    (void)snprintf(kept, sizeof(kept), "%s", token_issue(scene, "{\"kind\":\"jwt\"}"));
    for (int i = 0; i < 1024; i++)
        assert_string_equal(
            reply_error(token_revoke(scene, token_issue(scene, "{\"kind\":\"jwt\"}"))), "");
    assert_true(token_active(token_ask(scene, kept, "")));
    assert_string_equal(reply_error(token_revoke(scene, token_issue(scene, "{\"kind\":\"jwt\"}"))),
                        "");
    assert_false(token_active(token_ask(scene, kept, "")));
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_false(token_active(token_ask(scene, kept, "")));
    HARNESS_AWAIT(token_active(token_ask(scene, token_issue(scene, "{\"kind\":\"jwt\"}"), "")));
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-revoked", NULL), 20);
}

static void test_issue__no_scopes_asked_for__has_none(void **state)
{
    static const char *const orders[] = {"{\"scopes\":[]}", "{\"kind\":\"jwt\",\"scopes\":[]}"};
    struct token_scene *scene = *state;

    token_scene_restart(scene, "[Tokens]\nScopes=read\n");
    assert_true(token_active(token_ask(scene, token_issue(scene, "{}"), ",\"scope\":\"read\"")));
    for (size_t i = 0; i < ELEMENTS(orders); i++) {
        char token[TOKEN_SCENE_MAX_BYTES];

        (void)snprintf(token, sizeof(token), "%s", token_issue(scene, orders[i]));
        assert_true(token_active(token_ask(scene, token, "")));
        assert_false(token_active(token_ask(scene, token, ",\"scope\":\"read\"")));
    }
}

/* Who guesses does not fill the journal. */
static void test_validate__many_wrong_ones__written_so_often(void **state)
{
    struct token_scene *scene = *state;

    for (int i = 0; i < 100; i++)
        assert_false(token_active(token_ask(scene, "sms_wrong", "")));
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-refused", NULL), 20);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, token_scene_setup, token_scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_issue__opaque__active_until_the_session_ends),
        TEST(test_tokens__over_or_revoked__gone_from_the_store_too),
        TEST(test_validate__good_token__says_nothing_more_where_inactive),
        TEST(test_validate__every_bit_flipped__inactive),
        TEST(test_issue__jwt__active_with_its_time),
        TEST(test_validate__expectations__met_or_inactive),
        TEST(test_issue__bound_to_its_user__only_where_the_uid_is_named),
        TEST(test_issue__beyond_the_policy__names_the_setting),
        TEST(test_issue__caller_in_no_session__not_in_session),
        TEST(test_issue__as_many_as_there_may_be__too_many),
        TEST(test_issue__as_many_as_the_host_may_have__too_many),
        TEST(test_revoke__either_kind__inactive_for_good),
        TEST(test_restart__issued__active_by_store_and_key),
        TEST(test_issue__short_lifetime__over_by_itself),
        TEST(test_issue__session_with_a_deadline__no_longer_than_that),
        TEST(test_validate__touch__is_activity),
        TEST(test_issue__nested_session__is_the_nested_ones),
        TEST(test_revoke__more_jwts_than_are_remembered__all_of_them),
        TEST(test_issue__no_scopes_asked_for__has_none),
        TEST(test_validate__many_wrong_ones__written_so_often),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
