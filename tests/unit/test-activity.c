/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What keeps a session from being idle (daemon/activity.h, daemon/usage.h): its terminal, its
 * processes, its tokens.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/activity.h"
#include "tests/unit/manager-fixture.h"

/* How long a session is idle without and with a terminal, and by what. */
#define IDLE(without, with, sources)                                                         \
    "[Session]\nIdleSecWithoutTerminal=" without "\nIdleSec=" with "\nIdleActivity=" sources \
    "\nWarn=none\n"

#define STEP (TERMINAL_TIME_STEP_SEC * SEC)

static struct session *open_under(struct manager_fixture *fixture, const char *configuration)
{
    fixture_configure(fixture, configuration);
    fixture_start(fixture);
    return fixture_open(fixture, "sshd");
}

/* How long ago a session was active, by what is known of it now. */
static int64_t idle_for(struct manager_fixture *fixture)
{
    activity_look(fixture->manager, fixture->session);
    return fixture->boottime_usec - fixture->session->record.active_boottime_usec;
}

static void test_look__terminal_is_read__active_till_the_end_of_the_step(void **state)
{
    static const struct {
        int64_t before; /* now, by so much, somebody typed */
        int64_t idle;
    } cases[] = {{0, 0},         {SEC, 0}, {8 * SEC, 0}, {9 * SEC, 8 * SEC}, {16 * SEC, 8 * SEC},
                 {MIN, 56 * SEC}};
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("1h", "1h", "tty-input"));
    fixture_open_terminal(fixture);
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        fixture_pass(fixture, 16 * MIN); /* a whole number of steps */
        fixture_use_terminal(fixture, fixture->realtime_usec - cases[i].before, 0);
        assert_int_equal(idle_for(fixture), cases[i].idle);
    }
}

static void test_look__terminal_is_used__what_the_policy_names_counts(void **state)
{
    static const struct {
        const char *configuration;
        bool reading, writing;
    } cases[] = {{IDLE("1h", "1h", "tty-input"), true, false},
                 {IDLE("1h", "1h", "tty-output"), false, true},
                 {IDLE("1h", "1h", "tty-input tty-output"), true, true},
                 {IDLE("1h", "1h", "token processes"), false, false}};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        (void)open_under(fixture, cases[i].configuration);
        fixture_open_terminal(fixture);
        fixture_pass(fixture, 16 * MIN);
        fixture_use_terminal(fixture, fixture->realtime_usec, 0);
        assert_int_equal(idle_for(fixture), cases[i].reading ? 0 : 16 * MIN);
        fixture_pass(fixture, 16 * MIN);
        fixture_use_terminal(fixture, 0, fixture->realtime_usec);
        assert_int_equal(idle_for(fixture), cases[i].writing   ? 0
                                            : cases[i].reading ? 16 * MIN
                                                               : 32 * MIN);
        fixture_stop(fixture);
        fixture_close_terminal(fixture);
    }
}

static void test_look__terminal_used_in_the_future__is_used_once(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("1h", "1h", "tty-input"));
    fixture_open_terminal(fixture);
    fixture_pass(fixture, 16 * MIN);
    fixture_use_terminal(fixture, fixture->realtime_usec + DAY, 0);
    assert_int_equal(idle_for(fixture), 0);
    fixture_pass(fixture, MIN);
    assert_int_equal(idle_for(fixture), MIN);
    fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    assert_int_equal(idle_for(fixture), 0);
}

static void test_look__used_before_the_session__says_nothing(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("1h", "1h", "tty-input"));
    fixture_open_terminal(fixture);
    fixture_use_terminal(fixture, 0, 0);
    fixture_pass(fixture, 16 * MIN);
    assert_int_equal(idle_for(fixture), 16 * MIN);
    assert_int_equal(fixture->session->record.info.last_activity_usec, START_REALTIME_USEC);
}

static void test_look__active__people_see_when(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("1h", "1h", "tty-input"));
    fixture_open_terminal(fixture);
    fixture_use_terminal(fixture, START_REALTIME_USEC + 8 * MIN, 0);
    fixture_pass(fixture, 16 * MIN);
    (void)idle_for(fixture);
    assert_int_equal(fixture->session->record.info.last_activity_usec,
                     START_REALTIME_USEC + 8 * MIN + STEP);
}

static void test_idle__terminal_in_use__lives_as_long_as_it_is(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("infinity", "20min", "tty-input"));
    fixture_open_terminal(fixture);
    for (int i = 0; i < 8; i++) {
        fixture_pass(fixture, 16 * MIN);
        fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    }
    fixture_assert_active(fixture);
    fixture_assert_ends_in(fixture, 20 * MIN + STEP, END_IDLE);
}

static void test_idle__without_a_terminal__has_a_limit_of_its_own(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("10min", "20min", "tty-input"));
    fixture_assert_ends_in(fixture, 10 * MIN, END_IDLE);
    (void)fixture_open(fixture, "sshd");
    fixture_open_terminal(fixture);
    fixture_assert_ends_in(fixture, 20 * MIN, END_IDLE);
}

static void test_idle__terminal_is_left__other_limit_from_the_look_that_misses_it(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("30min", "infinity", "tty-input"));
    fixture_open_terminal(fixture);
    fixture_pass(fixture, 5 * HOUR);
    fixture_assert_active(fixture);
    fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    fixture_pass(fixture, 40 * MIN);
    fixture_assert_active(fixture);
    fixture_leave_terminal(fixture);
    fixture_pass(fixture, 30 * MIN); /* when it is looked at the next time, at the latest */
    fixture_assert_active(fixture);  /* nobody knows when it was used last */
    fixture_pass(fixture, 30 * MIN);
    fixture_assert_ended(fixture, END_IDLE);
}

static void test_idle__terminal_of_a_tree__is_found_in_proc(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture_configure(fixture, IDLE("10min", "20min", "tty-input"));
    fixture_start(fixture);
    (void)fixture_open_tree(fixture);
    fixture_open_terminal(fixture);
    fixture_pass(fixture, 16 * MIN);
    fixture_assert_active(fixture);
    fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    fixture_assert_ends_in(fixture, 20 * MIN + STEP, END_IDLE);
}

static void test_look__scope_that_cannot_be_read__by_its_processes(void **state)
{
    struct manager_fixture *fixture = *state;
    char path[256];

    (void)open_under(fixture, IDLE("10min", "20min", "tty-input"));
    fixture_open_terminal(fixture);
    (void)snprintf(path, sizeof(path), "%s/cgroup%s/cgroup.procs", fixture->folder, fixture->scope);
    assert_int_equal(unlink(path), 0);
    fixture_pass(fixture, 16 * MIN);
    assert_true(fixture->session->terminal_count > 0);
    fixture_assert_ends_in(fixture, 4 * MIN, END_IDLE);
}

/* A look every minute: CPU time is known to have moved, and not when. */
static void test_idle__processes_of_a_scope__live_as_long_as_they_run(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("16min", "16min", "processes"));
    for (int64_t i = 1; i <= 60; i++) {
        fixture_cpu(fixture, i);
        fixture_pass(fixture, MIN);
        fixture_assert_active(fixture);
    }
    assert_int_equal(fixture->session->record.active_boottime_usec, fixture->boottime_usec);
    fixture_assert_ends_in(fixture, 16 * MIN, END_IDLE);
}

static void test_idle__processes_of_a_tree__live_as_long_as_they_run(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture_configure(fixture, IDLE("16min", "16min", "processes"));
    fixture_start(fixture);
    (void)fixture_open_tree(fixture);
    for (int64_t i = 1; i <= 60; i++) {
        fixture_process(fixture, fixture->leader, 0, i);
        fixture_pass(fixture, MIN);
        fixture_assert_active(fixture);
    }
    fixture_assert_ends_in(fixture, 16 * MIN, END_IDLE);
}

static void test_idle__processes_that_the_policy_does_not_name__do_not_count(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("16min", "16min", "tty-input tty-output token"));
    for (int64_t i = 1; i <= 15; i++) {
        fixture_cpu(fixture, i);
        fixture_pass(fixture, MIN);
    }
    fixture_assert_ends_in(fixture, MIN, END_IDLE);
}

static void test_look__cpu_time_that_makes_no_sense__is_no_activity(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("16min", "16min", "processes"));
    fixture_pass(fixture, 5 * MIN);
    fixture_write_in_scope(fixture, "cpu.stat", "nr_periods 7\n");
    assert_int_equal(idle_for(fixture), 5 * MIN);
    fixture_write_in_scope(fixture, "cpu.stat", "");
    assert_int_equal(idle_for(fixture), 5 * MIN);
}

static void test_activity_note__source__counts_where_the_policy_names_it(void **state)
{
    struct manager_fixture *fixture = *state;

    (void)open_under(fixture, IDLE("1h", "1h", "token tty-input"));
    fixture_pass(fixture, 10 * MIN);
    activity_note(fixture->manager, fixture->session, ACTIVITY_TTY_OUTPUT);
    assert_int_equal(idle_for(fixture), 10 * MIN);
    activity_note(fixture->manager, fixture->session, ACTIVITY_TOKEN);
    assert_int_equal(idle_for(fixture), 0);
    fixture_assert_ends_in(fixture, HOUR, END_IDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_TEST(test_look__terminal_is_read__active_till_the_end_of_the_step),
        MANAGER_TEST(test_look__terminal_is_used__what_the_policy_names_counts),
        MANAGER_TEST(test_look__terminal_used_in_the_future__is_used_once),
        MANAGER_TEST(test_look__used_before_the_session__says_nothing),
        MANAGER_TEST(test_look__active__people_see_when),
        MANAGER_TEST(test_idle__terminal_in_use__lives_as_long_as_it_is),
        MANAGER_TEST(test_idle__without_a_terminal__has_a_limit_of_its_own),
        MANAGER_TEST(test_idle__terminal_is_left__other_limit_from_the_look_that_misses_it),
        MANAGER_TEST(test_idle__terminal_of_a_tree__is_found_in_proc),
        MANAGER_TEST(test_look__scope_that_cannot_be_read__by_its_processes),
        MANAGER_TEST(test_idle__processes_of_a_scope__live_as_long_as_they_run),
        MANAGER_TEST(test_idle__processes_of_a_tree__live_as_long_as_they_run),
        MANAGER_TEST(test_idle__processes_that_the_policy_does_not_name__do_not_count),
        MANAGER_TEST(test_look__cpu_time_that_makes_no_sense__is_no_activity),
        MANAGER_TEST(test_activity_note__source__counts_where_the_policy_names_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
