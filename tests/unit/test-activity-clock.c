/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of a session's activity (daemon/activity.h) while the wall clock is set, which the
 * times of terminals are by, and while the daemon is away.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/activity.h"
#include "daemon/lifecycle.h"
#include "daemon/session-record.h"
#include "tests/unit/manager-fixture.h"

#define TERMINAL  "[Session]\nIdleSec=1h\nIdleActivity=tty-input tty-output\nWarn=none\n"
#define PROCESSES "[Session]\nIdleSec=1h\nIdleSecWithoutTerminal=1h\nIdleActivity=processes\n"
#define TOKEN     "[Session]\nIdleSec=1h\nIdleSecWithoutTerminal=1h\nIdleActivity=token\n"

#define STEP (TERMINAL_TIME_STEP_SEC * SEC)

/* With a terminal, as yet untouched. */
static void open_under(struct manager_fixture *fixture, const char *configuration)
{
    fixture_configure(fixture, configuration);
    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_open_terminal(fixture);
}

static void restart_after(struct manager_fixture *fixture, int64_t usec)
{
    fixture_stop(fixture);
    fixture->realtime_usec += usec;
    fixture->boottime_usec += usec;
    fixture_start(fixture);
}

static int64_t idle_for(struct manager_fixture *fixture)
{
    activity_look(fixture->manager, fixture->session);
    return fixture->boottime_usec - fixture->session->record.active_boottime_usec;
}

/* Nobody has looked at the terminal between its use and the step. */
static void test_clock_set__terminal_used_before__was_used_then(void **state)
{
    static const int64_t steps[] = {HOUR, DAY, -HOUR, -DAY, -5 * MIN};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        open_under(fixture, TERMINAL);
        fixture_pass(fixture, 16 * MIN);
        fixture_use_terminal(fixture, fixture->realtime_usec, 0);
        fixture_pass(fixture, 8 * MIN);
        fixture_set_clock(fixture, fixture->realtime_usec + steps[i]);
        assert_int_equal(idle_for(fixture), 8 * MIN - STEP);
        fixture_pass(fixture, 8 * MIN); /* by the new clock it may be that time again */
        assert_int_equal(idle_for(fixture), 16 * MIN - STEP);
        fixture_stop(fixture);
        fixture_close_terminal(fixture);
        fixture->realtime_usec = START_REALTIME_USEC;
    }
}

static void test_clock_set__terminal_used_after_it__is_used(void **state)
{
    static const int64_t steps[] = {DAY, -DAY};
    struct manager_fixture *fixture = *state;

    open_under(fixture, TERMINAL);
    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        fixture_pass(fixture, 16 * MIN);
        fixture_set_clock(fixture, fixture->realtime_usec + steps[i]);
        fixture_pass(fixture, 16 * MIN);
        fixture_use_terminal(fixture, fixture->realtime_usec, 0);
        assert_int_equal(idle_for(fixture), 0);
    }
}

static void test_clock_set__once_more__was_used_then(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, TERMINAL);
    fixture_pass(fixture, 16 * MIN);
    fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    fixture_pass(fixture, 8 * MIN);
    fixture_set_clock(fixture, fixture->realtime_usec - DAY);
    fixture_set_clock(fixture, fixture->realtime_usec + 3 * DAY);
    fixture_set_clock(fixture, fixture->realtime_usec - 9 * DAY);
    assert_int_equal(idle_for(fixture), 8 * MIN - STEP);
}

/* The terminal's own times are the real clock's, which is ahead of the test's. */
static void test_clock_set__after_our_own_warning__is_no_activity(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, "[Session]\nIdleSec=1h\nIdleActivity=tty-output\nWarn=20min\n");
    fixture_pass(fixture, 40 * MIN);
    assert_int_equal(idle_for(fixture), 40 * MIN);
    fixture_set_clock(fixture, fixture->realtime_usec + 40000 * DAY);
    assert_int_equal(idle_for(fixture), 40 * MIN);
    fixture_set_clock(fixture, START_REALTIME_USEC);
    assert_int_equal(idle_for(fixture), 40 * MIN);
    fixture_assert_ends_in(fixture, 20 * MIN, END_IDLE);
}

static void test_clock_set__terminal_in_the_same_place_is_another__is_used(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, TERMINAL);
    fixture_pass(fixture, 16 * MIN);
    fixture_set_clock(fixture, fixture->realtime_usec + DAY);
    fixture_close_terminal(fixture);
    fixture_open_terminal(fixture); /* the lowest number that is free */
    fixture_use_terminal(fixture, fixture->realtime_usec - 8 * MIN, 0);
    assert_int_equal(idle_for(fixture), 8 * MIN - STEP);
}

static void test_restart__terminal_not_used_meanwhile__ended_at_start(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, TERMINAL);
    fixture_pass(fixture, 16 * MIN);
    fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    restart_after(fixture, HOUR + STEP);
    fixture_assert_ended(fixture, END_IDLE);
}

static void test_restart__terminal_used_meanwhile__idle_from_then_on(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, TERMINAL);
    fixture_use_terminal(fixture, START_REALTIME_USEC + 80 * MIN, 0);
    restart_after(fixture, 90 * MIN);
    fixture_assert_active(fixture);
    fixture_assert_ends_in(fixture, 50 * MIN + STEP, END_IDLE);
}

/* What they did meanwhile nobody has seen, and that they ran before is not in the store. */
static void test_restart__processes_ran__are_taken_to_run(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, PROCESSES);
    for (int64_t i = 1; i <= 180; i++) {
        fixture_cpu(fixture, i);
        fixture_pass(fixture, MIN);
    }
    fixture_assert_active(fixture);
    restart_after(fixture, MIN);
    fixture_assert_active(fixture);
    fixture_assert_ends_in(fixture, HOUR, END_IDLE);
}

/* Makes the record one of a version that knew the wall clock's time alone. */
static void store_old_record(struct manager_fixture *fixture)
{
    struct session_record record = fixture->session->record;
    char key[SESSION_KEY_MAX_BYTES], text[8192];
    struct store_change change = {.key = key, .value = text};
    int length;

    record.active_boottime_usec = -1;
    length = session_record_encode(&record, text, sizeof(text));
    assert_true(length > 0);
    change.value_bytes = (size_t)length;
    session_record_key(fixture->id, key);
    assert_int_equal(store_submit(fixture->manager->store, STORE_ORDINARY, &change, 1, NULL, NULL),
                     0);
    fixture_run(fixture);
}

/* A clock that was set while nobody saw it makes no session older, or younger, than it is. */
static void test_restart__clock_set_meanwhile__activity_is_in_its_life(void **state)
{
    static const struct {
        int64_t step, left;
    } cases[] = {{-DAY, HOUR}, {DAY, 10 * MIN}, {0, 50 * MIN}};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        open_under(fixture, TOKEN);
        fixture_pass(fixture, 40 * MIN);
        lifecycle_touch(fixture->manager, fixture->session);
        store_old_record(fixture);
        fixture_stop(fixture);
        fixture->realtime_usec += cases[i].step + 10 * MIN;
        fixture->boottime_usec += 10 * MIN;
        fixture_start(fixture);
        fixture_assert_ends_in(fixture, cases[i].left, END_IDLE);
        fixture_stop(fixture);
        fixture_close_terminal(fixture);
        fixture->realtime_usec = START_REALTIME_USEC;
    }
}

/* The clock is set while the daemon runs, which is started again after that. */
static void test_restart__clock_set_before__idle_as_before(void **state)
{
    static const int64_t steps[] = {HOUR, DAY, -HOUR, -DAY};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        open_under(fixture, TOKEN);
        fixture_pass(fixture, 40 * MIN);
        lifecycle_touch(fixture->manager, fixture->session);
        fixture_set_clock(fixture, fixture->realtime_usec + steps[i]);
        restart_after(fixture, 10 * MIN);
        fixture_assert_ends_in(fixture, 50 * MIN, END_IDLE);
        fixture_stop(fixture);
        fixture_close_terminal(fixture);
        fixture->realtime_usec = START_REALTIME_USEC;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_TEST(test_clock_set__terminal_used_before__was_used_then),
        MANAGER_TEST(test_clock_set__terminal_used_after_it__is_used),
        MANAGER_TEST(test_clock_set__once_more__was_used_then),
        MANAGER_TEST(test_clock_set__after_our_own_warning__is_no_activity),
        MANAGER_TEST(test_clock_set__terminal_in_the_same_place_is_another__is_used),
        MANAGER_TEST(test_restart__terminal_not_used_meanwhile__ended_at_start),
        MANAGER_TEST(test_restart__terminal_used_meanwhile__idle_from_then_on),
        MANAGER_TEST(test_restart__processes_ran__are_taken_to_run),
        MANAGER_TEST(test_restart__clock_set_meanwhile__activity_is_in_its_life),
        MANAGER_TEST(test_restart__clock_set_before__idle_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
