/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From Open to the one end: by Close, by the leader's death, by the deadline, by somebody's word;
 * with what runs in the session, sessions inside, and what does not belong to it.
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
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

#define LIFETIME_OF_2S "[Session]\nLifetimeSec=2s\nGraceSec=1s\n"

typedef char session_id[SESSION_ID_BYTES + 1];

static int setup(void **state)
{
    int r = harness_setup(state);

    if (r == 0)
        harness_start(*state);
    return r;
}

static bool has_state(struct harness *harness, const char *id, const char *wanted)
{
    return strcmp(reply_text(harness_describe(harness, id), "parameters.session.state"), wanted) ==
           0;
}

/* It ends, once and for this reason, and the audit trail has it. */
static void expect_end(struct harness *harness, const char *id, const char *reason)
{
    char field[64], id_field[64];

    HARNESS_AWAIT(has_state(harness, id, "ended"));
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), reason);
    (void)snprintf(field, sizeof(field), "SESSMGR_REASON=%s", reason);
    (void)snprintf(id_field, sizeof(id_field), "SESSMGR_SESSION_ID=%s", id);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended", id_field, field, NULL) == 1);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=ended", id_field, NULL), 1);
}

static void expect_left_processes(struct harness *harness, size_t count)
{
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=left-processes", NULL), count);
}

static void test_open__admitted__is_described(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    const char *answer;
    session_id id;

    actor_log_in(login, "alice", 4001, "sshd", id);
    answer = harness_describe(harness, id);
    assert_string_equal(reply_text(answer, "parameters.session.user"), "alice");
    assert_int_equal(reply_int(answer, "parameters.session.uid"), 4001);
    assert_string_equal(reply_text(answer, "parameters.session.service"), "sshd");
    assert_int_equal(reply_int(answer, "parameters.session.leaderPid"), login->pid);
    assert_string_equal(reply_text(answer, "parameters.session.state"), "active");
    assert_false(reply_has(answer, "parameters.session.deadlineUsec"));
    assert_false(reply_has(answer, "parameters.session.parentSession"));
    HARNESS_AWAIT(strstr(harness_describe(harness, id), "\"durable\":true") != NULL);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=opened", id, NULL), 1);
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
}

static void test_open__service_that_is_no_login__opens_nothing(void **state)
{
    struct harness *harness = *state;
    const char *login = harness_login("alice", 4001, "systemd-user", "");
    const char *answer = harness_ask(harness, SOCKET_LOGIN, "io.sessmgr.Login.Admit", login);

    assert_string_equal(reply_error(answer), "");
    assert_false(reply_has(answer, "parameters.reservation"));
    answer = harness_ask(harness, SOCKET_LOGIN, "io.sessmgr.Login.Open", login);
    assert_string_equal(reply_error(answer), "");
    assert_false(reply_has(answer, "parameters.sessionId"));
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0);
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
}

static void test_open__with_a_lifetime__tells_the_deadline(void **state)
{
    struct harness *harness = *state;
    const char *answer;

    harness_configure(harness, "[Session]\nLifetimeSec=8h\n");
    harness_stop(harness);
    harness_start(harness);
    answer = actor_open(actor_new(harness, "login"), "alice", 4001, "sshd", "");
    assert_true(reply_int(answer, "parameters.deadlineUsec") > 0);
    assert_string_equal(reply_text(answer, "parameters.messages.0"),
                        "This session ends in 8h 0min (policy default).");
}

static void test_close__by_the_leader__is_a_logout_that_kills_nobody(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *left;
    session_id id;

    actor_log_in(login, "alice", 4001, "sshd", id);
    left = actor_fork(harness, login, "tmux");
    assert_string_equal(reply_error(actor_close(login, id)), "");
    expect_end(harness, id, "logout");
    assert_string_equal(reply_error(actor_close(login, id)), "NoSuchSession");
    actor_exit(login);
    harness_pause(300);
    assert_true(actor_lives(left));
    expect_end(harness, id, "logout");
}

static void test_close__with_kill_processes_always__ends_what_is_left(void **state)
{
    struct harness *harness = *state;
    struct actor *login, *left;
    session_id id;

    harness_configure(harness, "[Session]\nGraceSec=1s\nKillProcesses=always\n");
    harness_stop(harness);
    harness_start(harness);
    login = actor_new(harness, "login");
    actor_log_in(login, "alice", 4001, "sshd", id);
    left = actor_fork(harness, login, "tmux");
    assert_string_equal(reply_error(actor_close(login, id)), "");
    actor_exit(login);
    expect_end(harness, id, "logout");
    assert_false(actor_lives(left));
}

static void test_leader__exits_without_close__ends_the_session(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    session_id id;

    actor_log_in(login, "alice", 4001, "sshd", id);
    actor_kill(login);
    expect_end(harness, id, "leader_exited");
    expect_left_processes(harness, 0);
}

static void test_lifetime__over__ends_the_stubborn_and_spares_bystanders(void **state)
{
    struct harness *harness = *state;
    struct actor *login, *shell, *stubborn, *deep, *bystander, *other;
    session_id id, other_id;

    harness_configure(harness, LIFETIME_OF_2S);
    harness_stop(harness);
    harness_start(harness);
    bystander = actor_new(harness, "login");
    login = actor_new(harness, "login");
    actor_log_in(login, "alice", 4001, "sshd", id);
    shell = actor_fork(harness, login, "shell");
    stubborn = actor_fork(harness, shell, "stubborn");
    actor_setsid(stubborn);
    actor_ignore_signals(stubborn);
    deep = actor_fork(harness, stubborn, "deep");
    other = actor_new(harness, "login");
    harness_pause(900);
    actor_log_in(other, "alice", 4001, "sshd", other_id);
    expect_end(harness, id, "lifetime");
    assert_false(actor_lives(login) || actor_lives(shell));
    assert_false(actor_lives(stubborn) || actor_lives(deep));
    assert_true(actor_lives(bystander));
    expect_left_processes(harness, 0);
    expect_end(harness, other_id, "lifetime"); /* in its own time */
    assert_true(actor_lives(bystander));
}

static void test_lifetime__over_with_kill_processes_no__asks_the_leader_alone(void **state)
{
    struct harness *harness = *state;
    struct actor *login, *shell;
    session_id id;

    harness_configure(harness, "[Session]\nLifetimeSec=1s\nGraceSec=1s\nKillProcesses=no\n");
    harness_stop(harness);
    harness_start(harness);
    login = actor_new(harness, "login");
    actor_log_in(login, "alice", 4001, "sshd", id);
    shell = actor_fork(harness, login, "shell");
    expect_end(harness, id, "lifetime");
    assert_false(actor_lives(login));
    assert_true(actor_lives(shell));
}

/* An outer session, a su in its shell that opened a session, and a shell in that. */
struct nest {
    struct actor *login, *shell, *su, *inner_shell;
    session_id outer, inner;
};

static void build_nest(struct harness *harness, struct nest *ret)
{
    ret->login = actor_new(harness, "login");
    actor_log_in(ret->login, "alice", 4001, "sshd", ret->outer);
    ret->shell = actor_fork(harness, ret->login, "shell");
    ret->su = actor_fork(harness, ret->shell, "su");
    actor_log_in(ret->su, "bob", 4002, "su", ret->inner);
    ret->inner_shell = actor_fork(harness, ret->su, "inner shell");
}

static void test_nested__opened_in_a_session__has_a_parent_and_takes_no_place(void **state)
{
    struct harness *harness = *state;
    struct nest nest;

    harness_configure(harness, "[Session]\nMaxSessions=1\nGraceSec=1s\n");
    harness_stop(harness);
    harness_start(harness);
    build_nest(harness, &nest);
    assert_string_equal(
        reply_text(harness_describe(harness, nest.inner), "parameters.session.parentSession"),
        nest.outer);
    (void)actor_fork(harness, nest.inner_shell, "su"); /* alice again: her one place is taken */
    actor_log_in(harness->actors[harness->actor_count - 1], "alice", 4001, "su", nest.inner);
    assert_int_equal(strlen(nest.inner), SESSION_ID_BYTES);
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 3);
}

static void test_nested__ends_by_itself__leaves_the_outer_alone(void **state)
{
    struct harness *harness = *state;
    struct nest nest;
    char parameters[128];

    build_nest(harness, &nest);
    (void)snprintf(parameters, sizeof(parameters), "{\"filter\":{\"sessionId\":\"%s\"}}",
                   nest.inner);
    (void)harness_ask_session(harness, "Terminate", parameters);
    expect_end(harness, nest.inner, "terminated");
    assert_false(actor_lives(nest.su) || actor_lives(nest.inner_shell));
    assert_true(actor_lives(nest.shell) && actor_lives(nest.login));
    assert_true(has_state(harness, nest.outer, "active"));
}

static void test_nested__outer_ends__ends_with_it_and_its_reason(void **state)
{
    struct harness *harness = *state;
    struct nest nest;
    char parameters[128];

    build_nest(harness, &nest);
    (void)snprintf(parameters, sizeof(parameters), "{\"filter\":{\"sessionId\":\"%s\"}}",
                   nest.outer);
    (void)harness_ask_session(harness, "Terminate", parameters);
    expect_end(harness, nest.outer, "terminated");
    expect_end(harness, nest.inner, "terminated");
    assert_false(actor_lives(nest.su) || actor_lives(nest.inner_shell));
    assert_false(actor_lives(nest.shell) || actor_lives(nest.login));
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=terminated", NULL), 1);
}

static void test_nested__outer_logs_out__is_a_logout_too(void **state)
{
    struct harness *harness = *state;
    struct nest nest;

    build_nest(harness, &nest);
    assert_string_equal(reply_error(actor_close(nest.login, nest.outer)), "");
    expect_end(harness, nest.outer, "logout");
    expect_end(harness, nest.inner, "logout");
    assert_true(actor_lives(nest.inner_shell));
    assert_string_equal(reply_error(actor_close(nest.su, nest.inner)), "NoSuchSession");
}

/* Each in the one before, and the last ones beside one another. */
static void test_nested__deep_and_many__all_end_with_the_outermost(void **state)
{
    enum { DEPTH = 5, COUNT = 10 };
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *leader = login;
    char ids[COUNT][SESSION_ID_BYTES + 1], other[SESSION_ID_BYTES + 1];

    actor_log_in(actor_new(harness, "login"), "bob", 4002, "sshd", other);
    actor_log_in(login, "alice", 4001, "sshd", ids[0]);
    for (size_t i = 1; i < COUNT; i++) {
        struct actor *su = actor_fork(harness, leader, "su");

        actor_log_in(su, "alice", 4001, "su", ids[i]);
        leader = i < DEPTH ? su : leader;
    }
    assert_string_equal(
        reply_text(harness_describe(harness, ids[COUNT - 1]), "parameters.session.parentSession"),
        ids[DEPTH - 1]);
    assert_string_equal(reply_error(actor_close(login, ids[0])), "");
    for (size_t i = 0; i < COUNT; i++)
        expect_end(harness, ids[i], "logout");
    assert_true(has_state(harness, other, "active"));
}

static void test_nested__outer_is_being_ended__is_refused(void **state)
{
    struct harness *harness = *state;
    struct nest nest;
    const char *answer;
    char parameters[128];

    harness_configure(harness, "[Session]\nGraceSec=3s\n");
    harness_stop(harness);
    harness_start(harness);
    build_nest(harness, &nest);
    actor_ignore_signals(nest.shell);
    (void)snprintf(parameters, sizeof(parameters), "{\"filter\":{\"sessionId\":\"%s\"}}",
                   nest.outer);
    (void)harness_ask_session(harness, "Terminate", parameters);
    answer = actor_ask(nest.shell, SOCKET_LOGIN, "io.sessmgr.Login.Admit",
                       harness_login("bob", 4002, "su", ""));
    assert_string_equal(reply_error(answer), "Refused");
    answer = actor_open(nest.shell, "bob", 4002, "su", "");
    assert_string_equal(reply_error(answer), "Refused");
    expect_end(harness, nest.outer, "terminated");
}

static void test_refused__open__has_the_caller_ended_and_keeps_nothing(void **state)
{
    struct harness *harness = *state;
    struct actor *login;
    char path[64];
    session_id id;
    long before;

    harness_configure(harness, "[Session]\nMaxSessions=1\n");
    harness_stop(harness);
    harness_start(harness);
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)harness->pid);
    before = harness_entries(path);
    for (int i = 0; i < 20; i++) {
        login = actor_new(harness, "login");
        assert_string_equal(reply_error(actor_open(login, "alice", 4001, "sshd", "")), "Refused");
        assert_string_equal(reply_text(login->reply, "parameters.reason"), "limit");
    }
    for (size_t i = 1; i < harness->actor_count; i++)
        HARNESS_AWAIT(!actor_lives(harness->actors[i]));
    HARNESS_AWAIT(harness_entries(path) <= before + 1); /* the loop keeps a timer */
    assert_true(has_state(harness, id, "active"));
}

static void test_daemon__stopped__ends_no_session(void **state)
{
    struct harness *harness = *state;
    struct nest nest;

    build_nest(harness, &nest);
    harness_stop(harness);
    harness_pause(100);
    assert_true(actor_lives(nest.login) && actor_lives(nest.inner_shell));
    harness_start(harness);
    assert_true(has_state(harness, nest.outer, "active"));
    assert_true(has_state(harness, nest.inner, "active"));
    actor_kill(nest.su); /* it is watched again */
    expect_end(harness, nest.inner, "leader_exited");
    assert_true(has_state(harness, nest.outer, "active"));
    assert_string_equal(reply_error(actor_close(nest.login, nest.outer)), "");
    expect_end(harness, nest.outer, "logout");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_open__admitted__is_described),
        TEST(test_open__service_that_is_no_login__opens_nothing),
        TEST(test_open__with_a_lifetime__tells_the_deadline),
        TEST(test_close__by_the_leader__is_a_logout_that_kills_nobody),
        TEST(test_close__with_kill_processes_always__ends_what_is_left),
        TEST(test_leader__exits_without_close__ends_the_session),
        TEST(test_lifetime__over__ends_the_stubborn_and_spares_bystanders),
        TEST(test_lifetime__over_with_kill_processes_no__asks_the_leader_alone),
        TEST(test_nested__opened_in_a_session__has_a_parent_and_takes_no_place),
        TEST(test_nested__ends_by_itself__leaves_the_outer_alone),
        TEST(test_nested__outer_ends__ends_with_it_and_its_reason),
        TEST(test_nested__outer_logs_out__is_a_logout_too),
        TEST(test_nested__deep_and_many__all_end_with_the_outermost),
        TEST(test_nested__outer_is_being_ended__is_refused),
        TEST(test_refused__open__has_the_caller_ended_and_keeps_nothing),
        TEST(test_daemon__stopped__ends_no_session),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
