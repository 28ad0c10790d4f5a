/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins that nobody told the daemon of (daemon/adopt.h), in a /proc made here. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "common/macro.h"
#include "daemon/adopt.h"
#include "tests/unit/manager-fixture.h"

/* root's, whom every host has; logind of the machine that runs the test knows nothing of it. */
#define LOGIN "/user.slice/user-0.slice/session-sessmgr.test.scope"

/* The only session there is; NULL: there is none. */
static const struct session *only_session(const struct manager_fixture *fixture)
{
    assert_in_range(fixture->manager->sessions.live.count, 0, 1);
    return session_table_first(&fixture->manager->sessions);
}

static void test_adopt_all__login_that_nobody_told_of__becomes_a_session(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session *session;

    fixture_log_in(fixture, LOGIN);
    fixture_start(fixture);
    session = only_session(fixture);
    assert_non_null(session);
    assert_int_equal(session->record.info.uid, 0);
    assert_string_equal(session->record.info.service, "sshd");
    assert_int_equal(session->record.info.leader_pid, fixture->leader);
    assert_true(session->record.info.adopted);
    assert_int_equal(session->record.info.state, STATE_ACTIVE);
}

static void test_adopt_all__started_again__adopts_nobody_twice(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture_log_in(fixture, LOGIN);
    for (int i = 0; i < 3; i++) {
        fixture_start(fixture);
        assert_non_null(only_session(fixture));
        fixture_stop(fixture);
    }
}

static void test_adopt_all__not_wanted__opens_none(void **state)
{
    static const char *const configurations[] = {
        "[Manager]\nAdopt=no\n", "[Manager]\nServices=login\n", "[Session]\nTrack=no\n"};
    struct manager_fixture *fixture = *state;

    fixture_log_in(fixture, LOGIN);
    for (size_t i = 0; i < ELEMENTS(configurations); i++) {
        fixture_configure(fixture, configurations[i]);
        fixture_start(fixture);
        assert_null(only_session(fixture));
        fixture_stop(fixture);
    }
}

/* What is logged in there has another system's users, and that one's daemon. */
static void test_adopt_all__login_in_a_container__is_not_ours(void **state)
{
    static const char *const scopes[] = {
        "/machine.slice/machine-c.scope/payload" LOGIN,
        "/machine.slice/systemd-nspawn@c.service/payload" LOGIN,
        "/lxc.payload.c" LOGIN,
        "/user.slice/user-1000.slice/user@1000.service/user.slice/c.scope" LOGIN,
    };
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(scopes); i++)
        fixture_log_in(fixture, scopes[i]);
    fixture_start(fixture);
    assert_null(only_session(fixture));
}

/* Without a namespace of its own for cgroups it sees the host's names for them. */
static void test_adopt_all__in_a_container_itself__adopts_those_in_it(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session *session;
    pid_t own;

    (void)snprintf(fixture->init, sizeof(fixture->init), "/lxc.payload.c/init.scope");
    fixture_process(fixture, 1, 0, 0);
    fixture_log_in(fixture, "/lxc.payload.c" LOGIN);
    own = fixture->leader;
    fixture_log_in(fixture, "/lxc.payload.d" LOGIN);
    fixture_log_in(fixture, LOGIN);
    fixture_start(fixture);
    session = only_session(fixture);
    assert_non_null(session);
    assert_int_equal(session->record.info.leader_pid, own);
}

static void test_adopt_all__no_scope_of_a_login__is_nobody(void **state)
{
    static const char *const scopes[] = {
        "/user.slice/user-0.slice/session-.scope",
        "/user.slice/user-0.slice/session-1.service",
        "/user.slice/user-0.slice/session-1.scope/below",
        "/user.slice/user-x.slice/session-1.scope",
        "/user.slice/user-4294967295.slice/session-1.scope",
        "/user.slice/user-0.slice/user@0.service/app.slice/session-1.scope",
    };
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(scopes); i++)
        fixture_log_in(fixture, scopes[i]);
    fixture_start(fixture);
    assert_null(only_session(fixture));
}

static void test_adopt_give_way__login_tells_of_itself__nobody_is_touched(void **state)
{
    static const struct login_request login = {.user = "root", .uid = 0, .service = "sshd"};
    struct manager_fixture *fixture = *state;
    const struct session *session;

    fixture_log_in(fixture, LOGIN);
    fixture_start(fixture);
    session = only_session(fixture);
    assert_non_null(session);
    adopt_give_way(fixture->manager, fixture->leader, &login);
    assert_int_equal(session->record.info.state, STATE_ENDED);
    assert_int_equal(session->record.info.end_reason, END_LOGOUT);
    fixture_pass(fixture, HOUR);
    assert_int_equal(kill(fixture->leader, 0), 0);
    assert_int_equal(waitpid(fixture->leader, NULL, WNOHANG), 0); /* it has not exited */
}

static void test_adopt_give_way__of_something_else__stays(void **state)
{
    static const struct login_request logins[] = {{.user = "alice", .uid = 1000, .service = "sshd"},
                                                  {.user = "root", .uid = 0, .service = "sudo"}};
    static const struct login_request own = {.user = "root", .uid = 0, .service = "sshd"};
    struct manager_fixture *fixture = *state;

    fixture_log_in(fixture, LOGIN);
    fixture_start(fixture);
    for (size_t i = 0; i < ELEMENTS(logins); i++)
        adopt_give_way(fixture->manager, fixture->leader, &logins[i]);
    adopt_give_way(fixture->manager, TERMINAL_PID, &own);
    assert_int_equal(only_session(fixture)->record.info.state, STATE_ACTIVE);
    (void)fixture_open(fixture, "sshd"); /* one that was not adopted */
    adopt_give_way(fixture->manager, fixture->leader, &logins[0]);
    fixture_assert_active(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_TEST(test_adopt_all__login_that_nobody_told_of__becomes_a_session),
        MANAGER_TEST(test_adopt_all__started_again__adopts_nobody_twice),
        MANAGER_TEST(test_adopt_all__not_wanted__opens_none),
        MANAGER_TEST(test_adopt_all__login_in_a_container__is_not_ours),
        MANAGER_TEST(test_adopt_all__in_a_container_itself__adopts_those_in_it),
        MANAGER_TEST(test_adopt_all__no_scope_of_a_login__is_nobody),
        MANAGER_TEST(test_adopt_give_way__login_tells_of_itself__nobody_is_touched),
        MANAGER_TEST(test_adopt_give_way__of_something_else__stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
