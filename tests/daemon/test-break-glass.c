/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whom nothing keeps out: neither limits nor hours nor a full host, and no policy ends their
 * sessions. That a disk does not either is in test-disk.c.
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

static const struct policy_login root_on_console = {
    .user = "root", .uid = 0, .service = "login", .members = ",\"terminal\":\"tty1\""};

/* A rule that lets nobody in now, and leaves nobody much time. */
static void close_the_doors(struct harness *harness, const char *config)
{
    char hours[64], rule[256];

    policy_closed_hours(hours, sizeof(hours));
    (void)snprintf(rule, sizeof(rule),
                   "%sMaxSessions=1\nLifetimeSec=1s\nIdleSecWithoutTerminal=1s\nIdleSec=1s\n",
                   hours);
    harness_rule(harness, "10-all", rule);
    policy_restart(harness, config);
}

/* Twice as many as the rule would let in; both are told as what they are, and neither ends. */
static void expect_let_in(struct harness *harness, const struct policy_login *login)
{
    session_id ids[2];
    size_t before = harness_log_count(harness, "SESSMGR_EVENT=break-glass", "<4>",
                                      "SESSMGR_POLICY=break-glass", NULL);

    for (size_t i = 0; i < ELEMENTS(ids); i++)
        (void)policy_enter(harness, login, ids[i]);
    for (size_t i = 0; i < ELEMENTS(ids); i++) {
        assert_string_equal(policy_text(harness, ids[i], "session.policy"), "break-glass");
        assert_string_equal(reply_text(harness->reply, "parameters.rule.name"), "break-glass");
        assert_false(reply_has(harness->reply, "parameters.session.deadlineUsec"));
        assert_false(reply_has(harness->reply, "parameters.session.idleDeadlineUsec"));
    }
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=break-glass", "<4>",
                                       "SESSMGR_POLICY=break-glass", NULL),
                     before + 2);
}

static void expect_kept_out(struct harness *harness, const struct policy_login *login)
{
    policy_expect_refused(policy_admit(actor_new(harness, "login"), login), "hours");
}

static void test_break_glass__user_of_the_list__is_let_in(void **state)
{
    struct harness *harness = *state;

    close_the_doors(harness, "[Break-Glass]\nUsers=bob\n");
    expect_kept_out(harness, &policy_alice);
    expect_let_in(harness, &policy_bob);
}

static void test_break_glass__member_of_a_group__is_let_in(void **state)
{
    struct harness *harness = *state;
    struct policy_login member = policy_alice;

    close_the_doors(harness, "[Break-Glass]\nGroups=5001\n");
    expect_kept_out(harness, &policy_alice);
    member.groups = "4001,5001";
    expect_let_in(harness, &member);
}

static void test_break_glass__root_on_a_console__is_let_in_where_it_says_so(void **state)
{
    static const char *const elsewhere[] = {
        ",\"terminal\":\"pts/1\"",
        ",\"terminal\":\"tty1\",\"remoteHost\":\"192.0.2.7\"",
        NULL,
    };
    struct harness *harness = *state;
    struct policy_login login = root_on_console;

    close_the_doors(harness, "");
    expect_let_in(harness, &login);
    login.members = ",\"terminal\":\"/dev/ttyS0\",\"remoteHost\":\"\"";
    expect_let_in(harness, &login);
    for (size_t i = 0; i < ELEMENTS(elsewhere); i++) {
        login.members = elsewhere[i];
        expect_kept_out(harness, &login);
    }
    login = policy_alice;
    login.members = root_on_console.members;
    expect_kept_out(harness, &login);
    policy_restart(harness, "[Break-Glass]\nRootOnConsole=no\n");
    expect_kept_out(harness, &root_on_console);
}

/* Whoever became root inside of a session says any terminal that they like. */
static void test_break_glass__root_inside_a_session__is_nobody_special(void **state)
{
    struct harness *harness = *state;
    struct actor *login;
    session_id id;

    login = policy_enter(harness, &policy_alice, id);
    close_the_doors(harness, "");
    policy_expect_refused(policy_admit(actor_fork(harness, login, "su"), &root_on_console),
                          "hours");
}

static void test_break_glass__no_account_phase__is_let_in_and_told(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    const char *reply;

    close_the_doors(harness, "[Break-Glass]\nUsers=bob\n");
    reply = policy_open(login, &policy_bob, NULL);
    assert_string_equal(reply_error(reply), "");
    assert_string_equal(reply_text(reply, "parameters.policy"), "break-glass");
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=break-glass", "SESSMGR_USER=bob", NULL), 1);
}

static void test_break_glass__host_is_full__is_let_in(void **state)
{
    struct harness *harness = *state;
    session_id id;

    policy_restart(harness, "[Break-Glass]\nUsers=bob\n[Manager]\nSessionsMax=1\n");
    (void)policy_enter(harness, &policy_alice, id);
    policy_expect_refused(policy_admit(actor_new(harness, "login"), &policy_alice), "full");
    expect_let_in(harness, &policy_bob);
    assert_string_equal(reply_error(policy_open(actor_new(harness, "login"), &policy_bob, NULL)),
                        "");
    assert_true(policy_is_active(harness, id));
}

/* Also when whoever has it is somebody like others by now. */
static void test_break_glass__newer_login_at_the_limit__does_not_end_its_session(void **state)
{
    struct harness *harness = *state;
    struct actor *login;
    session_id glass, id;

    policy_restart(harness, "[Break-Glass]\nUsers=alice\n");
    login = policy_enter(harness, &policy_alice, glass);
    policy_restart(harness, "[Session]\nMaxSessions=1\nOnLimit=end-oldest\n");
    policy_expect_refused(policy_admit(actor_new(harness, "login"), &policy_alice), "limit");
    policy_restart(harness, "[Session]\nMaxSessions=2\nOnLimit=end-idlest\nGraceSec=1s\n");
    (void)policy_enter(harness, &policy_alice, id);
    assert_string_equal(reply_error(policy_admit(actor_new(harness, "login"), &policy_alice)), "");
    policy_expect_ended(harness, id, "evicted");
    assert_true(policy_is_active(harness, glass) && actor_lives(login));
}

static void test_break_glass__service_that_is_no_login__opens_nothing(void **state)
{
    struct harness *harness = *state;
    struct policy_login cron = policy_bob;
    struct actor *actor = actor_new(harness, "cron");

    cron.service = "cron";
    policy_restart(harness, "[Break-Glass]\nUsers=bob\n");
    assert_string_equal(reply_error(policy_admit(actor, &cron)), "");
    assert_false(reply_has(policy_open(actor, &cron, NULL), "parameters.sessionId"));
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=break-glass", NULL), 0);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, policy_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_break_glass__user_of_the_list__is_let_in),
        TEST(test_break_glass__member_of_a_group__is_let_in),
        TEST(test_break_glass__root_on_a_console__is_let_in_where_it_says_so),
        TEST(test_break_glass__root_inside_a_session__is_nobody_special),
        TEST(test_break_glass__no_account_phase__is_let_in_and_told),
        TEST(test_break_glass__host_is_full__is_let_in),
        TEST(test_break_glass__newer_login_at_the_limit__does_not_end_its_session),
        TEST(test_break_glass__service_that_is_no_login__opens_nothing),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
