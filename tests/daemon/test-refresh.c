/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Refresh tokens of the real daemon: rotation, repeats, and what a second use leads to.
 * Racers are in test-refresh-race.c. */
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

#define WITH_REFRESH "[Tokens]\nRefreshToken=yes\n"

enum { TEXT_BYTES = 64 };

/* An access token and the refresh token that came with it. */
struct pair {
    char access[TOKEN_SCENE_MAX_BYTES];
    char refresh[TEXT_BYTES];
    int64_t expires_usec;
};

static struct pair take(const char *answer)
{
    struct pair pair;

    assert_string_equal(reply_error(answer), "");
    (void)snprintf(pair.access, sizeof(pair.access), "%s", reply_text(answer, "parameters.token"));
    (void)snprintf(pair.refresh, sizeof(pair.refresh), "%s",
                   reply_text(answer, "parameters.refreshToken"));
    pair.expires_usec = reply_int(answer, "parameters.expiresUsec");
    assert_memory_equal(pair.refresh, "smr_", 4);
    return pair;
}

static struct pair issue(struct token_scene *scene, const char *kind)
{
    char parameters[128];

    (void)snprintf(parameters, sizeof(parameters), "{\"kind\":\"%s\",\"refresh\":true}", kind);
    return take(token_order(scene, parameters));
}

static const char *ask_refresh(struct token_scene *scene, const char *token, const char *request_id)
{
    char parameters[TOKEN_SCENE_MAX_BYTES + 128];

    (void)snprintf(parameters, sizeof(parameters), "{\"refreshToken\":\"%s\"%s%s%s}", token,
                   request_id != NULL ? ",\"requestId\":\"" : "",
                   request_id != NULL ? request_id : "", request_id != NULL ? "\"" : "");
    return harness_ask_session(scene->harness, "Refresh", parameters);
}

static bool active(struct token_scene *scene, const char *token)
{
    return token_active(token_ask(scene, token, ""));
}

static void start(struct token_scene *scene, const char *more)
{
    char config[512];

    (void)snprintf(config, sizeof(config), "%s%s", WITH_REFRESH, more);
    token_scene_restart(scene, config);
}

static void test_refresh__each_use__a_new_pair(void **state)
{
    static const char *const kinds[] = {"opaque", "jwt"};
    struct token_scene *scene = *state;

    start(scene, "");
    for (size_t i = 0; i < ELEMENTS(kinds); i++) {
        struct pair first = issue(scene, kinds[i]);
        struct pair second = take(ask_refresh(scene, first.refresh, NULL));
        struct pair third = take(ask_refresh(scene, second.refresh, NULL));

        assert_string_not_equal(first.refresh, second.refresh);
        assert_string_not_equal(second.refresh, third.refresh);
        assert_string_not_equal(first.access, second.access);
        assert_int_equal(token_dots(third.access), i == 0 ? 0 : 2);
        assert_true(active(scene, first.access));
        assert_true(active(scene, third.access));
        assert_false(active(scene, third.refresh)); /* it is no access token */
    }
}

static void test_refresh__same_request_in_the_grace__same_pair(void **state)
{
    struct token_scene *scene = *state;
    struct pair first, second, again;

    start(scene, "");
    first = issue(scene, "opaque");
    second = take(ask_refresh(scene, first.refresh, "r-1"));
    again = take(ask_refresh(scene, first.refresh, "r-1"));
    assert_string_equal(again.refresh, second.refresh);
    assert_string_equal(again.access, second.access);
    assert_true(active(scene, second.access));
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-reused", NULL), 0);
}

/* The daemon is killed at every point between the question and the answer: before it was read, and
 * when the answer is on its way. */
static void test_refresh__killed_in_between__same_pair(void **state)
{
    struct token_scene *scene = *state;
    struct pair first, second, again;
    char message[512];
    int fd;

    start(scene, "");
    first = issue(scene, "opaque");
    for (int i = 0; i < 20; i++) {
        char request_id[16];

        (void)snprintf(request_id, sizeof(request_id), "kill-%d", i);
        (void)snprintf(message, sizeof(message),
                       "{\"method\":\"io.sessmgr.Session.Refresh\",\"parameters\":{"
                       "\"refreshToken\":\"%s\",\"requestId\":\"%s\"}}",
                       first.refresh, request_id);
        fd = harness_connect(scene->harness, SOCKET_SESSION);
        harness_send_text(fd, message);
        if (i % 4 > 0)
            harness_pause(i % 4 - 1);
        harness_kill(scene->harness);
        (void)close(fd);
        harness_start(scene->harness);
        second = take(ask_refresh(scene, first.refresh, request_id));
        harness_kill(scene->harness);
        harness_start(scene->harness);
        again = take(ask_refresh(scene, first.refresh, request_id));
        assert_string_equal(again.refresh, second.refresh);
        assert_string_equal(again.access, second.access);
        assert_true(active(scene, second.access));
        first = second;
    }
}

static void test_refresh__used_again__family_is_dead(void **state)
{
    static const struct {
        const char *first_id, *second_id;
    } rows[] = {{NULL, NULL}, {"a", NULL}, {NULL, "a"}, {"a", "b"}};
    static const char *const kinds[] = {"opaque", "jwt"};
    struct token_scene *scene = *state;

    start(scene, "");
    for (size_t i = 0; i < ELEMENTS(rows) * ELEMENTS(kinds); i++) {
        const char *kind = kinds[i % ELEMENTS(kinds)];
        struct pair first = issue(scene, kind), other = issue(scene, kind), second;
        char apart[TOKEN_SCENE_MAX_BYTES];

        (void)snprintf(apart, sizeof(apart), "%s", token_issue(scene, "{}"));
        second = take(ask_refresh(scene, first.refresh, rows[i / 2].first_id));
        assert_string_equal(reply_error(ask_refresh(scene, first.refresh, rows[i / 2].second_id)),
                            "InvalidToken");
        assert_false(active(scene, first.access));
        assert_false(active(scene, second.access));
        assert_string_equal(reply_error(ask_refresh(scene, second.refresh, "c")), "InvalidToken");
        assert_string_equal(reply_error(ask_refresh(scene, other.refresh, "c")), "InvalidToken");
        assert_true(active(scene, apart)); /* it came by no refresh token */
        harness_kill(scene->harness);
        harness_start(scene->harness);
        assert_false(active(scene, second.access));
        assert_string_equal(reply_error(ask_refresh(scene, second.refresh, "c")), "InvalidToken");
        assert_true(active(scene, issue(scene, kind).access)); /* the session may have new ones */
    }
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-reused", NULL), 8);
}

static void test_refresh__after_the_grace__reuse(void **state)
{
    struct token_scene *scene = *state;
    struct pair first;

    start(scene, "RotationGraceSec=0\n");
    first = issue(scene, "opaque");
    (void)take(ask_refresh(scene, first.refresh, "r"));
    harness_pause(2);
    assert_string_equal(reply_error(ask_refresh(scene, first.refresh, "r")), "InvalidToken");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-reused", NULL), 1);
}

static void test_refresh__reuse_action_end_session__ends_it(void **state)
{
    struct token_scene *scene = *state;
    struct pair first;
    const char *answer;

    start(scene, "ReuseAction=end-session\n");
    first = issue(scene, "opaque");
    (void)take(ask_refresh(scene, first.refresh, NULL));
    assert_string_equal(reply_error(ask_refresh(scene, first.refresh, NULL)), "InvalidToken");
    answer = harness_describe(scene->harness, scene->id);
    assert_string_equal(reply_text(answer, "parameters.session.endReason"), "token_reuse");
    assert_string_not_equal(reply_text(answer, "parameters.session.state"), "active");
}

static void test_refresh__rotation_never__keeps_the_token(void **state)
{
    struct token_scene *scene = *state;
    struct pair first, second;

    start(scene, "Rotation=never\n");
    first = issue(scene, "opaque");
    for (int i = 0; i < 3; i++) {
        second = take(ask_refresh(scene, first.refresh, NULL));
        assert_string_equal(second.refresh, first.refresh);
        assert_string_not_equal(second.access, first.access);
        assert_true(active(scene, second.access));
    }
}

/* Many access tokens come of one refresh token then, and each is its own: none is there twice, or
 * comes back. */
static void test_refresh__rotation_never_and_same_request__tokens_of_their_own(void **state)
{
    struct token_scene *scene = *state;
    struct pair first, second, third;

    start(scene, "Rotation=never\n");
    first = issue(scene, "opaque");
    second = take(ask_refresh(scene, first.refresh, "r"));
    assert_string_equal(reply_error(token_revoke(scene, second.access)), "");
    third = take(ask_refresh(scene, first.refresh, "r"));
    assert_string_not_equal(third.access, second.access);
    assert_false(active(scene, second.access));
    assert_true(active(scene, third.access));
    assert_string_equal(reply_error(token_revoke(scene, third.access)), "");
    assert_false(active(scene, third.access));
}

static void test_refresh__lifetime_over__invalid(void **state)
{
    struct token_scene *scene = *state;
    struct pair first;

    start(scene, "RefreshLifetimeSec=1s\n");
    first = issue(scene, "jwt");
    HARNESS_AWAIT(harness_statistic(scene->harness, "tokensLive") == 0);
    assert_string_equal(reply_error(ask_refresh(scene, first.refresh, NULL)), "InvalidToken");
    assert_true(active(scene, first.access));
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-reused", NULL), 0);
}

static void test_refresh__not_a_refresh_token__invalid(void **state)
{
    struct token_scene *scene = *state;
    struct pair first;

    start(scene, "");
    first = issue(scene, "opaque");
    assert_string_equal(reply_error(ask_refresh(scene, first.access, NULL)), "InvalidToken");
    assert_string_equal(reply_error(ask_refresh(scene, "smr_x", NULL)), "InvalidToken");
    assert_string_equal(reply_error(ask_refresh(scene, "", NULL)), "InvalidToken");
    assert_true(active(scene, first.access));
    (void)take(ask_refresh(scene, first.refresh, NULL));
}

static void test_revoke__refresh_token__family_is_dead(void **state)
{
    struct token_scene *scene = *state;
    struct pair first, second;

    start(scene, "");
    first = issue(scene, "jwt");
    second = take(ask_refresh(scene, first.refresh, NULL));
    assert_string_equal(reply_error(token_revoke(scene, second.refresh)), "");
    assert_false(active(scene, first.access));
    assert_false(active(scene, second.access));
    assert_string_equal(reply_error(ask_refresh(scene, second.refresh, NULL)), "InvalidToken");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-reused", NULL), 0);
}

/* Used ones are remembered up to a limit; one beyond it is a stranger, and harms nobody. */
static void test_refresh__more_often_than_remembered__oldest_is_a_stranger(void **state)
{
    struct token_scene *scene = *state;
    struct pair first, last;

    start(scene, "");
    first = issue(scene, "jwt");
    last = first;
    for (int i = 0; i <= 128; i++)
        last = take(ask_refresh(scene, last.refresh, NULL));
    assert_string_equal(reply_error(ask_refresh(scene, first.refresh, NULL)), "InvalidToken");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-reused", NULL), 0);
    last = take(ask_refresh(scene, last.refresh, NULL));
    assert_true(active(scene, last.access));
}

/* Each leaves an opaque access token behind, of which there may be so many. */
static void test_refresh__as_many_tokens_as_there_may_be__too_many(void **state)
{
    struct token_scene *scene = *state;
    struct pair last;
    const char *answer;

    start(scene, "");
    last = issue(scene, "opaque");
    for (int i = 0; i < 254; i++)
        last = take(ask_refresh(scene, last.refresh, NULL));
    answer = ask_refresh(scene, last.refresh, "r");
    assert_string_equal(reply_error(answer), "TooMany");
    assert_int_equal(reply_int(answer, "parameters.limit"), 256);
    assert_string_equal(reply_error(token_revoke(scene, last.access)), "");
    (void)take(ask_refresh(scene, last.refresh, "r"));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, token_scene_setup, token_scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refresh__each_use__a_new_pair),
        TEST(test_refresh__same_request_in_the_grace__same_pair),
        TEST(test_refresh__killed_in_between__same_pair),
        TEST(test_refresh__used_again__family_is_dead),
        TEST(test_refresh__after_the_grace__reuse),
        TEST(test_refresh__reuse_action_end_session__ends_it),
        TEST(test_refresh__rotation_never__keeps_the_token),
        TEST(test_refresh__rotation_never_and_same_request__tokens_of_their_own),
        TEST(test_refresh__lifetime_over__invalid),
        TEST(test_refresh__not_a_refresh_token__invalid),
        TEST(test_revoke__refresh_token__family_is_dead),
        TEST(test_refresh__more_often_than_remembered__oldest_is_a_stranger),
        TEST(test_refresh__as_many_tokens_as_there_may_be__too_many),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
