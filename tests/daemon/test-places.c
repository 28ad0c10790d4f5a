/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many: limits of users and of the host, and the reservations that hold a place. */
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

#define ADMIT "io.sessmgr.Login.Admit"
#define OPEN  "io.sessmgr.Login.Open"

static int setup(void **state)
{
    int r = harness_setup(state);

    if (r == 0) {
        harness_configure(*state, "[Session]\nMaxSessions=1\n");
        harness_start(*state);
    }
    return r;
}

static void restart_with(struct harness *harness, const char *text)
{
    harness_configure(harness, text);
    harness_stop(harness);
    harness_start(harness);
}

static const char *admit(struct actor *actor)
{
    return actor_ask(actor, SOCKET_LOGIN, ADMIT, harness_login("alice", 4001, "sshd", ""));
}

/* Opens with the reservation of a reply. */
static const char *open_with(struct actor *actor, const char *admitted, const char *user,
                             unsigned uid)
{
    char more[128];

    (void)snprintf(more, sizeof(more), ",\"reservation\":\"%s\"",
                   reply_text(admitted, "parameters.reservation"));
    return actor_open(actor, user, uid, "sshd", more);
}

static void test_limit__64_logins_at_once__lets_in_exactly_as_many(void **state)
{
    enum { LOGINS = 64, MAX = 3, ROUNDS = 10 };
    struct harness *harness = *state;
    struct actor *actors[LOGINS];

    restart_with(harness, "[Session]\nMaxSessions=3\n");
    for (size_t i = 0; i < LOGINS; i++)
        actors[i] = actor_new(harness, "login");
    for (int round = 0; round < ROUNDS; round++) {
        size_t opened = 0;

        for (size_t i = 0; i < LOGINS; i++)
            actor_send(actors[i], SOCKET_LOGIN, ADMIT, harness_login("alice", 4001, "sshd", ""));
        for (size_t i = 0; i < LOGINS; i++) {
            const char *answer = actor_receive(actors[i]);

            if (reply_error(answer)[0] == '\0')
                opened += reply_error(open_with(actors[i], answer, "alice", 4001))[0] == '\0';
            else
                assert_string_equal(reply_text(answer, "parameters.reason"), "limit");
        }
        assert_int_equal(opened, MAX);
        for (size_t i = 0; i < LOGINS; i++)
            if (reply_has(actors[i]->reply, "parameters.sessionId"))
                (void)actor_close(actors[i], reply_text(actors[i]->reply, "parameters.sessionId"));
    }
    assert_int_equal(harness_statistic(harness, "opened"), MAX * ROUNDS);
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
}

static void test_limit__64_opens_without_admit__lets_in_exactly_as_many(void **state)
{
    enum { LOGINS = 64 };
    struct harness *harness = *state;
    size_t opened = 0;

    restart_with(harness, "[Session]\nMaxSessions=3\n");
    for (size_t i = 0; i < LOGINS; i++)
        actor_ignore_signals(actor_new(harness, "login")); /* the refused are told to go */
    for (size_t i = 0; i < LOGINS; i++)
        actor_send(harness->actors[i], SOCKET_LOGIN, OPEN,
                   harness_login("alice", 4001, "sshd", ""));
    for (size_t i = 0; i < LOGINS; i++)
        opened += reply_error(actor_receive(harness->actors[i]))[0] == '\0';
    assert_int_equal(opened, 3);
}

/* sudo as alice calls it: in a job of cron, or of her own systemd. */
static const char *ask_of_caller(struct actor *sudo, const char *method, const char *more)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\"login\":{\"service\":\"sudo\",\"user\":\"alice\",\"uid\":4001,\"groups\":[],"
                   "\"remoteUser\":\"alice\"}%s}",
                   more);
    return actor_ask(sudo, SOCKET_LOGIN, method, text);
}

static void test_admit__sudo_outside_of_sessions__takes_no_place(void **state)
{
    struct harness *harness = *state;

    assert_string_equal(reply_error(ask_of_caller(actor_new(harness, "sudo"), ADMIT, "")), "");
    assert_string_equal(reply_error(admit(actor_new(harness, "login"))), "");
    assert_string_equal(reply_error(ask_of_caller(actor_new(harness, "sudo"), ADMIT, "")), "");
    assert_string_equal(reply_error(admit(actor_new(harness, "login"))), "Refused");
}

static void test_admit__sudo_outside_of_sessions__ends_none(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];

    restart_with(harness, "[Session]\nMaxSessions=1\nOnLimit=end-oldest\n");
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    assert_string_equal(reply_error(ask_of_caller(actor_new(harness, "sudo"), ADMIT, "")), "");
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.state"),
                        "active");
}

static void test_open__sudo_for_its_caller_outside_of_sessions__needs_a_place(void **state)
{
    struct harness *harness = *state;
    struct actor *sudo = actor_new(harness, "sudo");
    const char *answer;
    char more[128];

    (void)admit(actor_new(harness, "login"));
    actor_ignore_signals(sudo); /* the refused are told to go */
    answer = ask_of_caller(sudo, ADMIT, "");
    (void)snprintf(more, sizeof(more), ",\"reservation\":\"%s\"",
                   reply_text(answer, "parameters.reservation"));
    answer = ask_of_caller(sudo, OPEN, more);
    assert_string_equal(reply_error(answer), "Refused");
    assert_string_equal(reply_text(answer, "parameters.reason"), "limit");
}

static void test_limit__another_user__has_one_of_their_own(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];

    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    assert_string_equal(reply_error(admit(actor_new(harness, "login"))), "Refused");
    actor_log_in(actor_new(harness, "login"), "bob", 4002, "sshd", id);
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
}

static void test_limit__of_the_host__spares_root(void **state)
{
    struct harness *harness = *state;
    const char *answer;
    char id[SESSION_ID_BYTES + 1];

    restart_with(harness, "[Manager]\nSessionsMax=2\n");
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    (void)admit(actor_new(harness, "login")); /* a reservation counts */
    answer = admit(actor_new(harness, "login"));
    assert_string_equal(reply_error(answer), "Refused");
    assert_string_equal(reply_text(answer, "parameters.reason"), "full");
    actor_log_in(actor_new(harness, "login"), "root", 0, "login", id);
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
}

static void test_limit__of_the_host_without_admit__spares_root(void **state)
{
    struct harness *harness = *state;
    struct actor *late = actor_new(harness, "login");
    const char *answer;
    char id[SESSION_ID_BYTES + 1];

    restart_with(harness, "[Manager]\nSessionsMax=1\n");
    actor_ignore_signals(late); /* the refused are told to go */
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    answer = actor_open(late, "bob", 4002, "sshd", "");
    assert_string_equal(reply_error(answer), "Refused");
    assert_string_equal(reply_text(answer, "parameters.reason"), "full");
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=refused", "SESSMGR_REASON=full", NULL), 1);
    answer = actor_open(actor_new(harness, "login"), "root", 0, "login", "");
    assert_string_equal(reply_error(answer), "");
}

static void test_reservation__its_process_dies__is_free_again(void **state)
{
    struct harness *harness = *state;
    struct actor *first = actor_new(harness, "login"), *second = actor_new(harness, "login");

    assert_string_equal(reply_error(admit(first)), "");
    assert_string_equal(reply_error(admit(second)), "Refused");
    actor_kill(first);
    HARNESS_AWAIT(harness_statistic(harness, "reservations") == 0);
    assert_string_equal(reply_error(admit(second)), "");
}

static void test_reservation__of_another_process__is_no_use(void **state)
{
    struct harness *harness = *state;
    struct actor *first = actor_new(harness, "login"), *thief = actor_new(harness, "login");
    const char *answer;

    (void)admit(first);
    answer = open_with(thief, first->reply, "alice", 4001);
    assert_string_equal(reply_error(answer), "Refused");
    assert_string_equal(reply_text(answer, "parameters.reason"), "policy");
    assert_int_equal(harness_statistic(harness, "reservations"), 1);
    answer = open_with(first, first->reply, "alice", 4001);
    assert_string_equal(reply_error(answer), "");
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
}

static void test_reservation__claimed_twice__opens_once(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *shell;
    char admitted[HARNESS_REPLY_MAX_BYTES];

    (void)snprintf(admitted, sizeof(admitted), "%s", admit(login));
    assert_string_equal(reply_error(open_with(login, admitted, "alice", 4001)), "");
    shell = actor_new(harness, "login");
    assert_string_equal(reply_error(open_with(shell, admitted, "alice", 4001)), "Refused");
}

static void test_reservation__opened_for_another_user__is_not_that_users_place(void **state)
{
    struct harness *harness = *state;
    struct actor *sudo = actor_new(harness, "sudo");
    char id[SESSION_ID_BYTES + 1];

    actor_log_in(actor_new(harness, "login"), "bob", 4002, "sshd", id);
    (void)admit(sudo); /* alice */
    assert_string_equal(reply_error(open_with(sudo, sudo->reply, "bob", 4002)), "Refused");
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
}

/* Keyboard-interactive: a child of sshd asks and has gone when its parent opens. */
static void test_reservation__taken_by_a_child__is_its_parents_too(void **state)
{
    struct harness *harness = *state;
    struct actor *monitor = actor_new(harness, "sshd");
    struct actor *child = actor_fork(harness, monitor, "sshd");

    assert_string_equal(reply_error(admit(child)), "");
    actor_exit(child);
    harness_pause(100);
    assert_int_equal(harness_statistic(harness, "reservations"), 1);
    assert_string_equal(reply_error(admit(actor_new(harness, "login"))), "Refused");
    assert_string_equal(reply_error(open_with(monitor, child->reply, "alice", 4001)), "");
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
}

static void test_reservation__child_leads_its_own_posix_session__is_not_its_parents(void **state)
{
    struct harness *harness = *state;
    struct actor *listener = actor_new(harness, "sshd");
    struct actor *child = actor_fork(harness, listener, "sshd");

    actor_setsid(child);
    assert_string_equal(reply_error(admit(child)), "");
    assert_string_equal(reply_error(open_with(listener, child->reply, "alice", 4001)), "Refused");
    actor_exit(child);
    HARNESS_AWAIT(harness_statistic(harness, "reservations") == 0);
}

static void test_reservation__child_of_another_program__is_not_its_parents(void **state)
{
    struct harness *harness = *state;
    struct actor *sudo = actor_fork(harness, actor_new(harness, "bash"), "sudo");

    assert_string_equal(reply_error(admit(sudo)), ""); /* sudo -v */
    actor_exit(sudo);
    HARNESS_AWAIT(harness_statistic(harness, "reservations") == 0);
}

static void test_reservation__older_than_the_daemon__is_decided_anew(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];

    (void)admit(login);
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(reply_error(open_with(login, login->reply, "alice", 4001)), "");
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    assert_string_equal(id, "");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_limit__64_logins_at_once__lets_in_exactly_as_many),
        TEST(test_limit__64_opens_without_admit__lets_in_exactly_as_many),
        TEST(test_admit__sudo_outside_of_sessions__takes_no_place),
        TEST(test_admit__sudo_outside_of_sessions__ends_none),
        TEST(test_open__sudo_for_its_caller_outside_of_sessions__needs_a_place),
        TEST(test_limit__another_user__has_one_of_their_own),
        TEST(test_limit__of_the_host__spares_root),
        TEST(test_limit__of_the_host_without_admit__spares_root),
        TEST(test_reservation__its_process_dies__is_free_again),
        TEST(test_reservation__of_another_process__is_no_use),
        TEST(test_reservation__claimed_twice__opens_once),
        TEST(test_reservation__opened_for_another_user__is_not_that_users_place),
        TEST(test_reservation__taken_by_a_child__is_its_parents_too),
        TEST(test_reservation__child_leads_its_own_posix_session__is_not_its_parents),
        TEST(test_reservation__child_of_another_program__is_not_its_parents),
        TEST(test_reservation__older_than_the_daemon__is_decided_anew),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
