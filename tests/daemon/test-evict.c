/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Limits of a policy: who is counted, and who makes room for whom; what holds of limits without a
 * policy, and of places, is in test-places.c.
 */
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
#include "tests/daemon/policy-scene.h"

#define END_OLDEST "[Session]\nMaxSessions=2\nOnLimit=end-oldest\nGraceSec=1s\n"

static void test_limit__of_a_rule__is_its_users(void **state)
{
    struct harness *harness = *state;
    session_id id;

    harness_rule(harness, "10-alice", "[Match]\nUser=alice\n[Session]\nMaxSessions=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, id);
    policy_expect_refused(policy_admit(actor_new(harness, "login"), &policy_alice), "limit");
    for (int i = 0; i < 3; i++)
        (void)policy_enter(harness, &policy_bob, id);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=refused", "SESSMGR_POLICY=10-alice",
                                       "SESSMGR_REASON=limit", NULL),
                     1);
}

static void test_limit__refused__says_which_sessions_there_are(void **state)
{
    struct harness *harness = *state;
    struct policy_login remote = policy_alice;
    const char *message;
    char shown[64];
    session_id id;

    policy_restart(harness, "[Session]\nMaxSessions=1\nMessage=Call 4711.\n");
    remote.members = ",\"remoteHost\":\"192.0.2.7\"";
    (void)policy_enter(harness, &remote, id);
    message =
        reply_text(policy_admit(actor_new(harness, "login"), &policy_alice), "parameters.message");
    assert_non_null(strstr(message, "You have 1 of at most 1 sessions (policy default): "));
    (void)snprintf(shown, sizeof(shown), "%.8s (sshd from 192.0.2.7)", id);
    assert_non_null(strstr(message, shown));
    assert_non_null(strstr(message, "sessmgrctl terminate"));
    assert_non_null(strstr(message, "Call 4711."));
}

static void test_limit__of_a_service__counts_that_service_alone(void **state)
{
    struct harness *harness = *state;
    struct policy_login console = policy_alice;
    const char *reply;
    session_id id;

    console.service = "login";
    policy_restart(harness, "[Session]\nMaxSessions=3\nMaxSessionsPerService=1\n");
    (void)policy_enter(harness, &policy_alice, id);
    reply = policy_admit(actor_new(harness, "login"), &policy_alice);
    policy_expect_refused(reply, "limit");
    assert_non_null(strstr(reply_text(reply, "parameters.message"), "1 of at most 1 sessions by"));
    (void)policy_enter(harness, &console, id);
    policy_expect_refused(policy_admit(actor_new(harness, "login"), &console), "limit");
    console.service = "remote";
    (void)policy_enter(harness, &console, id);
    console.service = "xdm";
    reply = policy_admit(actor_new(harness, "login"), &console); /* of all: three */
    assert_non_null(strstr(reply_text(reply, "parameters.message"), "3 of at most 3 sessions ("));
}

/* A su inside of alice's one session, for alice. */
static const char *nest(struct harness *harness, struct actor *login)
{
    struct policy_login su = policy_alice;

    su.service = "su";
    return policy_admit(actor_fork(harness, login, "su"), &su);
}

static void test_limit__nested_sessions__count_where_the_policy_says_so(void **state)
{
    struct harness *harness = *state;
    struct actor *login;
    session_id id;

    policy_restart(harness, "[Session]\nMaxSessions=1\nCountNested=yes\n");
    login = policy_enter(harness, &policy_alice, id);
    policy_expect_refused(nest(harness, login), "limit");
    harness_configure(harness, "[Session]\nMaxSessions=2\nCountNested=yes\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    assert_string_equal(reply_error(nest(harness, login)), "");
    policy_expect_refused(policy_admit(actor_new(harness, "login"), &policy_alice), "limit");
    harness_configure(harness, "[Session]\nMaxSessions=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    assert_string_equal(reply_error(nest(harness, login)), "");
}

static bool token_is_active(struct harness *harness, const char *token, const char *more)
{
    char parameters[512];

    (void)snprintf(parameters, sizeof(parameters), "{\"token\":\"%s\"%s}", token, more);
    return strstr(harness_ask_session(harness, "Validate", parameters), "\"active\":true") != NULL;
}

static void issue(struct harness *harness, const char *id, char *buffer, size_t size)
{
    char parameters[64];

    (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\"}", id);
    (void)snprintf(
        buffer, size, "%s",
        reply_text(harness_ask_session(harness, "IssueToken", parameters), "parameters.token"));
    assert_true(token_is_active(harness, buffer, ""));
}

static void test_end_oldest__newer_login__ends_the_first_and_its_processes(void **state)
{
    struct harness *harness = *state;
    struct actor *first, *second, *shell;
    session_id ids[3];
    char token[256];

    policy_restart(harness, END_OLDEST);
    first = policy_enter(harness, &policy_alice, ids[0]);
    shell = actor_fork(harness, first, "shell");
    second = policy_enter(harness, &policy_alice, ids[1]);
    issue(harness, ids[0], token, sizeof(token));
    assert_string_equal(reply_error(policy_admit(actor_new(harness, "login"), &policy_alice)), "");
    assert_false(token_is_active(harness, token, "")); /* from the reply on */
    assert_false(policy_is_active(harness, ids[0]));
    HARNESS_AWAIT(!actor_lives(first) && !actor_lives(shell));
    policy_expect_ended(harness, ids[0], "evicted");
    assert_true(policy_is_active(harness, ids[1]) && actor_lives(second));
}

/* Looks at /proc are shared for a while: one from before the shell began shows a leader alone. */
static void test_end_oldest__shell_began_after_the_last_look__ends_too(void **state)
{
    struct harness *harness = *state;
    struct actor *login, *newer = actor_new(harness, "login"), *shell;
    session_id id;

    policy_restart(harness, "[Session]\nMaxSessions=1\nOnLimit=end-oldest\nGraceSec=1s\n");
    login = policy_enter(harness, &policy_alice, id);
    harness_pause(1100);
    assert_true(policy_is_active(harness, id)); /* that looks */
    shell = actor_fork(harness, login, "shell");
    assert_string_equal(reply_error(policy_admit(newer, &policy_alice)), "");
    policy_expect_ended(harness, id, "evicted");
    assert_false(actor_lives(login) || actor_lives(shell));
}

/* What the reply promises is on the disk when it comes. */
static void test_end_oldest__killed_after_the_reply__has_ended_it(void **state)
{
    struct harness *harness = *state;
    struct actor *first, *newer;
    session_id ids[3];
    char token[256];

    policy_restart(harness, END_OLDEST);
    first = policy_enter(harness, &policy_alice, ids[0]);
    (void)policy_enter(harness, &policy_alice, ids[1]);
    issue(harness, ids[0], token, sizeof(token));
    actor_ignore_signals(first); /* so that nothing but the record can have ended it by then */
    newer = actor_new(harness, "login");
    assert_string_equal(reply_error(policy_admit(newer, &policy_alice)), "");
    harness_kill(harness);
    harness_start(harness);
    assert_false(policy_is_active(harness, ids[0]));
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), "evicted");
    assert_false(token_is_active(harness, token, ""));
    assert_string_equal(reply_error(policy_open(newer, &policy_alice, newer->reply)), "");
    policy_expect_ended(harness, ids[0], "evicted");
    assert_true(policy_is_active(harness, ids[1]));
}

static void test_end_oldest__no_account_phase__makes_room_at_open(void **state)
{
    struct harness *harness = *state;
    session_id ids[2];
    struct actor *login = actor_new(harness, "login");

    policy_restart(harness, END_OLDEST);
    for (size_t i = 0; i < ELEMENTS(ids); i++)
        (void)policy_enter(harness, &policy_alice, ids[i]);
    assert_string_equal(reply_error(policy_open(login, &policy_alice, NULL)), "");
    assert_false(policy_is_active(harness, ids[0]));
    harness_kill(harness); /* both are durable */
    harness_start(harness);
    policy_expect_ended(harness, ids[0], "evicted");
    assert_true(policy_is_active(harness, ids[1]));
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 2);
}

static void test_end_oldest__of_a_service__spares_the_others(void **state)
{
    struct harness *harness = *state;
    struct policy_login console = policy_alice;
    session_id first, second, third;

    console.service = "login";
    policy_restart(harness,
                   "[Session]\nMaxSessionsPerService=1\nOnLimit=end-oldest\nGraceSec=1s\n");
    (void)policy_enter(harness, &console, first);
    (void)policy_enter(harness, &policy_alice, second);
    (void)policy_enter(harness, &policy_alice, third);
    policy_expect_ended(harness, second, "evicted");
    assert_true(policy_is_active(harness, first) && policy_is_active(harness, third));
}

static void test_end_oldest__nested_session_of_the_oldest__ends_with_it(void **state)
{
    struct harness *harness = *state;
    struct actor *login, *su;
    session_id outer, inner, newer;

    policy_restart(harness, "[Session]\nMaxSessions=1\nOnLimit=end-oldest\nGraceSec=1s\n");
    login = policy_enter(harness, &policy_alice, outer);
    su = actor_fork(harness, login, "su");
    actor_log_in(su, "bob", 4002, "su", inner);
    (void)policy_enter(harness, &policy_bob, newer); /* what is nested does not count */
    (void)policy_enter(harness, &policy_alice, newer);
    policy_expect_ended(harness, outer, "evicted");
    policy_expect_ended(harness, inner, "evicted");
    assert_true(policy_is_active(harness, newer));
}

/* Used by a token, which counts as activity; terminals have steps of 8 seconds. */
static void test_end_idlest__newer_login__ends_the_one_that_nobody_uses(void **state)
{
    struct harness *harness = *state;
    session_id ids[3];
    char token[256];

    policy_restart(harness, "[Session]\nMaxSessions=2\nOnLimit=end-idlest\nGraceSec=1s\n");
    (void)policy_enter(harness, &policy_alice, ids[0]);
    (void)policy_enter(harness, &policy_alice, ids[1]);
    issue(harness, ids[0], token, sizeof(token));
    assert_true(token_is_active(harness, token, ",\"touch\":true"));
    (void)policy_enter(harness, &policy_alice, ids[2]);
    policy_expect_ended(harness, ids[1], "evicted");
    assert_true(policy_is_active(harness, ids[0]) && policy_is_active(harness, ids[2]));
}

static void test_end_oldest__places_that_are_held__are_nobodys_to_take(void **state)
{
    struct harness *harness = *state;
    struct actor *holders[2] = {actor_new(harness, "login"), actor_new(harness, "login")};
    session_id id;

    policy_restart(harness, END_OLDEST);
    (void)policy_enter(harness, &policy_alice, id);
    assert_string_equal(reply_error(policy_admit(holders[0], &policy_alice)), "");
    assert_true(policy_is_active(harness, id));
    assert_string_equal(reply_error(policy_admit(holders[1], &policy_alice)), "");
    policy_expect_ended(harness, id, "evicted");
    policy_expect_refused(policy_admit(actor_new(harness, "login"), &policy_alice), "limit");
    for (size_t i = 0; i < ELEMENTS(holders); i++)
        assert_string_equal(reply_error(policy_open(holders[i], &policy_alice, holders[i]->reply)),
                            "");
}

static void test_end_oldest__others_sessions__are_not_touched(void **state)
{
    struct harness *harness = *state;
    session_id others, first, second;

    policy_restart(harness, "[Session]\nMaxSessions=1\nOnLimit=end-oldest\nGraceSec=1s\n");
    (void)policy_enter(harness, &policy_bob, others);
    (void)policy_enter(harness, &policy_alice, first);
    (void)policy_enter(harness, &policy_alice, second);
    policy_expect_ended(harness, first, "evicted");
    assert_true(policy_is_active(harness, others));
}

/* The limit was made smaller: one login makes room for itself, not less. */
static void test_end_oldest__more_than_the_limit__all_but_as_many_end(void **state)
{
    enum { SESSIONS = 5 };
    struct harness *harness = *state;
    session_id ids[SESSIONS], newer;

    for (size_t i = 0; i < SESSIONS; i++)
        (void)policy_enter(harness, &policy_alice, ids[i]);
    harness_configure(harness, END_OLDEST);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, newer);
    for (size_t i = 0; i < SESSIONS - 1; i++)
        policy_expect_ended(harness, ids[i], "evicted");
    assert_true(policy_is_active(harness, ids[SESSIONS - 1]) && policy_is_active(harness, newer));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, policy_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_limit__of_a_rule__is_its_users),
        TEST(test_limit__refused__says_which_sessions_there_are),
        TEST(test_limit__of_a_service__counts_that_service_alone),
        TEST(test_limit__nested_sessions__count_where_the_policy_says_so),
        TEST(test_end_oldest__newer_login__ends_the_first_and_its_processes),
        TEST(test_end_oldest__shell_began_after_the_last_look__ends_too),
        TEST(test_end_oldest__killed_after_the_reply__has_ended_it),
        TEST(test_end_oldest__no_account_phase__makes_room_at_open),
        TEST(test_end_oldest__of_a_service__spares_the_others),
        TEST(test_end_oldest__nested_session_of_the_oldest__ends_with_it),
        TEST(test_end_idlest__newer_login__ends_the_one_that_nobody_uses),
        TEST(test_end_oldest__places_that_are_held__are_nobodys_to_take),
        TEST(test_end_oldest__others_sessions__are_not_touched),
        TEST(test_end_oldest__more_than_the_limit__all_but_as_many_end),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
