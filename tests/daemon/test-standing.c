/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins under way when sessions like theirs are terminated. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

/* Fingerprints are ssh-keygen's; see test-auth-info.c. */
#define STOLEN             "AAAAC3NzaC1lZDI1NTE5AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgX"
#define STOLEN_FINGERPRINT "SHA256:l1rXiqyOt2TIlTN2aNquTzQ94dkr86xj+1jtgZAP7iU"
#define OTHER              "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BY_KEY             "{\"authKey\":\"" STOLEN_FINGERPRINT "\"}"

enum { TICK_MSEC = 10 }; /* to which the kernel cuts the time when a process began */

struct login {
    struct actor *leader;
    char reservation[64];
};

static int setup(void **state)
{
    int r = harness_setup(state);

    if (r == 0)
        harness_start(*state);
    return r;
}

/* alice's, admitted and not opened yet. */
static struct login begin(struct harness *harness)
{
    struct login login = {.leader = actor_new(harness, "sshd")};
    const char *reply = actor_ask(login.leader, SOCKET_LOGIN, LOGIN_INTERFACE ".Admit",
                                  harness_login("alice", 4001, "sshd", ""));

    (void)snprintf(login.reservation, sizeof(login.reservation), "%s",
                   reply_text(reply, "parameters.reservation"));
    assert_int_equal(strlen(login.reservation), 32);
    return login;
}

static const char *open_with(const struct login *login, const char *key)
{
    char parameters[1024];

    (void)snprintf(parameters, sizeof(parameters),
                   "{\"login\":{\"service\":\"sshd\",\"user\":\"alice\",\"uid\":4001,"
                   "\"groups\":[4001],\"authInfo\":\"publickey ssh-ed25519 %s\"},"
                   "\"reservation\":\"%s\"}",
                   key, login->reservation);
    return actor_ask(login->leader, SOCKET_LOGIN, LOGIN_INTERFACE ".Open", parameters);
}

/* more: further parameters, or "". */
static void terminate(struct harness *harness, const char *filter, const char *more)
{
    char parameters[512];

    (void)snprintf(parameters, sizeof(parameters), "{\"filter\":%s%s}", filter, more);
    assert_string_equal(reply_error(harness_ask_session(harness, "Terminate", parameters)), "");
}

static void expect_refused(struct harness *harness, const struct login *login)
{
    const char *reply = open_with(login, STOLEN);

    assert_string_equal(reply_error(reply), "Refused");
    assert_string_equal(reply_text(reply, "parameters.reason"), "terminated");
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0);
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=refused", "SESSMGR_REASON=terminated", NULL), 1);
    HARNESS_AWAIT(!actor_lives(login->leader)); /* sshd would stay connected */
}

static void expect_opened(const struct login *login, const char *key)
{
    const char *reply = open_with(login, key);

    assert_string_equal(reply_error(reply), "");
    assert_true(reply_has(reply, "parameters.sessionId"));
}

static void test_open__key_terminated_since__is_refused_and_its_connection_ended(void **state)
{
    struct login login = begin(*state);

    terminate(*state, BY_KEY, "");
    expect_refused(*state, &login);
}

static void test_open__policy_terminated_since__is_refused(void **state)
{
    struct login login = begin(*state);

    terminate(*state, "{\"policy\":\"default\"}", "");
    expect_refused(*state, &login);
}

static void test_open__another_key_terminated_since__is_let_in(void **state)
{
    struct login login = begin(*state);

    terminate(*state, BY_KEY, "");
    expect_opened(&login, OTHER);
}

/* Whoever has been given a new key, or may still log in, is not kept waiting. */
static void test_open__key_terminated_before_the_login_began__is_let_in(void **state)
{
    struct login login;

    terminate(*state, BY_KEY, "");
    harness_pause(2 * TICK_MSEC);
    login = begin(*state);
    expect_opened(&login, STOLEN);
}

static void test_open__after_a_dry_run__is_let_in(void **state)
{
    struct login login = begin(*state);

    terminate(*state, BY_KEY, ",\"dryRun\":true");
    expect_opened(&login, STOLEN);
}

static void test_open__one_session_terminated_since__is_let_in(void **state)
{
    struct login login = begin(*state);
    char filter[64], id[SESSION_ID_BYTES + 1];

    actor_log_in(actor_new(*state, "sshd"), "alice", 4001, "sshd", id);
    (void)snprintf(filter, sizeof(filter), "{\"sessionId\":\"%s\"}", id);
    terminate(*state, filter, "");
    expect_opened(&login, STOLEN);
}

/* None of those that are open slips through either. */
static void test_terminate__between_two_logins__ends_one_and_refuses_the_other(void **state)
{
    struct login first = begin(*state), second = begin(*state);

    expect_opened(&first, STOLEN);
    terminate(*state, BY_KEY, "");
    /* told when it is on the disk */
    HARNESS_AWAIT(harness_log_count(*state, "SESSMGR_EVENT=ended", "terminated", NULL) == 1);
    expect_refused(*state, &second);
}

static void test_open__daemon_restarted_since__is_let_in(void **state)
{
    struct login login = begin(*state);

    terminate(*state, BY_KEY, "");
    harness_stop(*state);
    harness_start(*state);
    expect_opened(&login, STOLEN); /* as standing.h says */
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_open__key_terminated_since__is_refused_and_its_connection_ended),
        TEST(test_open__policy_terminated_since__is_refused),
        TEST(test_open__another_key_terminated_since__is_let_in),
        TEST(test_open__key_terminated_before_the_login_began__is_let_in),
        TEST(test_open__after_a_dry_run__is_let_in),
        TEST(test_open__one_session_terminated_since__is_let_in),
        TEST(test_terminate__between_two_logins__ends_one_and_refuses_the_other),
        TEST(test_open__daemon_restarted_since__is_let_in),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
