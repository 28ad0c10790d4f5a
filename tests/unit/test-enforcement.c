/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ends on time (daemon/enforcement.h), while the wall clock is set, the machine sleeps, and the
 * daemon is away.
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
#include "daemon/publish.h"
#include "tests/unit/manager-fixture.h"

#define LIFETIME   "[Session]\nLifetimeSec=10h\n"
#define HOURS      "[Session]\nHours=Mon..Fri 08:00-18:00\n"
#define CREDENTIAL "[Session]\nEndWithCredential=yes\n"
#define IDLE       "[Session]\nIdleSec=1h\nIdleSecWithoutTerminal=1h\nIdleActivity=token\n"

/* A session under a configuration, with a credential of five hours. */
static void open_under(struct manager_fixture *fixture, const char *configuration)
{
    fixture_configure(fixture, configuration);
    fixture->expires_usec = fixture->realtime_usec + 5 * HOUR;
    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
}

static void restart_after(struct manager_fixture *fixture, int64_t usec)
{
    fixture_stop(fixture);
    fixture->realtime_usec += usec;
    fixture->boottime_usec += usec;
    fixture_start(fixture);
}

/* --- the wall clock is set */

static void test_lifetime__clock_is_set__does_not_move(void **state)
{
    static const int64_t steps[] = {HOUR, -2 * HOUR, 3 * DAY, -9 * DAY};
    struct manager_fixture *fixture = *state;
    int64_t at;

    open_under(fixture, LIFETIME);
    at = fixture->session->deadline.at_usec;
    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        fixture_set_clock(fixture, fixture->realtime_usec + steps[i]);
        fixture_assert_active(fixture);
        assert_int_equal(fixture->session->deadline.at_usec, at);
    }
    fixture_assert_ends_in(fixture, 10 * HOUR, END_LIFETIME);
}

/* It is 12:00 on a Wednesday, and six hours are left. */
static void test_hours__clock_is_set_in_them__end_by_the_new_one(void **state)
{
    static const struct {
        int64_t step, left;
    } cases[] = {{HOUR, 5 * HOUR}, {-HOUR, 7 * HOUR}, {DAY, 6 * HOUR}, {-2 * DAY, 6 * HOUR}};
    struct manager_fixture *fixture = *state;

    open_under(fixture, HOURS);
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        fixture_set_clock(fixture, START_REALTIME_USEC + cases[i].step);
        fixture_assert_active(fixture);
        publish_refresh(fixture->manager, fixture->session);
        assert_int_equal(fixture->session->record.info.deadline_usec,
                         fixture->realtime_usec + cases[i].left);
    }
    fixture_assert_ends_in(fixture, 6 * HOUR, END_HOURS);
}

static void test_hours__clock_is_set_beyond_them__end_at_once(void **state)
{
    static const int64_t steps[] = {6 * HOUR, 7 * HOUR, -5 * HOUR, 3 * DAY, -3 * DAY};
    struct manager_fixture *fixture = *state;

    open_under(fixture, HOURS);
    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        fixture_assert_active(fixture);
        fixture_set_clock(fixture, START_REALTIME_USEC + steps[i]);
        fixture_assert_ended(fixture, END_HOURS);
        fixture_set_clock(fixture, START_REALTIME_USEC);
        (void)fixture_open(fixture, "sshd");
    }
}

/* What is armed on boottime is armed anew only when the step is noticed. */
static void test_hours__step_not_noticed_yet__as_before(void **state)
{
    struct manager_fixture *fixture = *state;
    int64_t at;

    fixture_configure(fixture, HOURS "Warn=none\n");
    fixture_start(fixture);
    at = fixture_open(fixture, "sshd")->deadline.at_usec;
    assert_int_equal(at, fixture->boottime_usec + 6 * HOUR);
    fixture->realtime_usec += HOUR;
    (void)deadline_queue_run(fixture->manager->deadlines);
    assert_int_equal(fixture->session->deadline.at_usec, at);
    wall_clock_check(&fixture->manager->wall);
    (void)deadline_queue_run(fixture->manager->deadlines);
    assert_int_equal(fixture->session->deadline.at_usec, at - HOUR);
}

static void test_credential__clock_is_set__ends_by_the_new_one(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, CREDENTIAL);
    fixture_set_clock(fixture, START_REALTIME_USEC - DAY);
    fixture_pass(fixture, 6 * HOUR);
    fixture_set_clock(fixture, START_REALTIME_USEC + 4 * HOUR);
    fixture_assert_ends_in(fixture, HOUR, END_CREDENTIAL_EXPIRED);
    fixture_set_clock(fixture, START_REALTIME_USEC);
    (void)fixture_open(fixture, "sshd");
    fixture_set_clock(fixture, START_REALTIME_USEC + DAY);
    fixture_assert_ended(fixture, END_CREDENTIAL_EXPIRED);
}

static void test_idle__clock_is_set__does_not_move(void **state)
{
    static const int64_t steps[] = {HOUR, -2 * HOUR, 3 * DAY, -9 * DAY};
    struct manager_fixture *fixture = *state;
    int64_t active;

    open_under(fixture, IDLE);
    fixture_pass(fixture, 10 * MIN);
    activity_note(fixture->manager, fixture->session, ACTIVITY_TOKEN);
    active = fixture->session->record.active_boottime_usec;
    assert_int_equal(active, fixture->boottime_usec);
    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        fixture_set_clock(fixture, fixture->realtime_usec + steps[i]);
        fixture_assert_active(fixture);
        assert_int_equal(fixture->session->record.active_boottime_usec, active);
    }
    fixture_assert_ends_in(fixture, HOUR, END_IDLE);
}

/* --- the machine sleeps: both clocks go on, and nothing else does */

static void test_suspend__beyond_an_end__ended_at_once(void **state)
{
    static const struct {
        const char *configuration;
        enum end_reason reason;
    } cases[] = {{LIFETIME, END_LIFETIME},
                 {HOURS, END_HOURS},
                 {CREDENTIAL, END_CREDENTIAL_EXPIRED},
                 {IDLE, END_IDLE}};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        open_under(fixture, cases[i].configuration);
        fixture_pass(fixture, 11 * HOUR); /* 23:00 */
        fixture_assert_ended(fixture, cases[i].reason);
        fixture_stop(fixture);
        fixture->realtime_usec = START_REALTIME_USEC;
    }
}

static void test_suspend__shorter_than_an_end__what_was_slept_counts(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 9 * HOUR);
    fixture_assert_active(fixture);
    fixture_assert_ends_in(fixture, HOUR, END_LIFETIME);
}

/* --- the daemon is away */

static void test_restart__beyond_an_end__ended_at_start(void **state)
{
    static const struct {
        const char *configuration;
        enum end_reason reason;
    } cases[] = {{LIFETIME, END_LIFETIME},
                 {HOURS, END_HOURS},
                 {CREDENTIAL, END_CREDENTIAL_EXPIRED},
                 {IDLE, END_IDLE}};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        open_under(fixture, cases[i].configuration);
        restart_after(fixture, 11 * HOUR);
        fixture_assert_ended(fixture, cases[i].reason);
        fixture_stop(fixture);
        fixture->realtime_usec = START_REALTIME_USEC;
    }
}

static void test_restart__before_the_end__ends_as_it_would_have(void **state)
{
    static const struct {
        const char *configuration;
        int64_t left;
        enum end_reason reason;
    } cases[] = {{LIFETIME, 10 * HOUR, END_LIFETIME},
                 {HOURS, 6 * HOUR, END_HOURS},
                 {CREDENTIAL, 5 * HOUR, END_CREDENTIAL_EXPIRED},
                 {IDLE, HOUR, END_IDLE}};
    struct manager_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        fixture_stop(fixture);
        fixture->realtime_usec = START_REALTIME_USEC;
        open_under(fixture, cases[i].configuration);
        restart_after(fixture, 20 * MIN);
        restart_after(fixture, 20 * MIN);
        fixture_assert_active(fixture);
        fixture_assert_ends_in(fixture, cases[i].left - 40 * MIN, cases[i].reason);
    }
}

static void test_restart__used_before__idle_from_then_on(void **state)
{
    struct manager_fixture *fixture = *state;
    int64_t active;

    open_under(fixture, IDLE);
    fixture_pass(fixture, 40 * MIN);
    lifecycle_touch(fixture->manager, fixture->session);
    active = fixture->session->record.active_boottime_usec;
    restart_after(fixture, 30 * MIN);
    fixture_assert_active(fixture);
    assert_int_equal(fixture->session->record.active_boottime_usec, active);
    assert_int_equal(fixture->session->record.info.last_activity_usec,
                     START_REALTIME_USEC + 40 * MIN);
    fixture_assert_ends_in(fixture, 30 * MIN, END_IDLE);
}

static void test_restart__extended_before__keeps_what_was_given(void **state)
{
    static const struct peer nobody = {.pidfd = -1};
    struct manager_fixture *fixture = *state;

    open_under(fixture, "[Session]\nLifetimeSec=8h\nHours=08:00-18:00\n");
    lifecycle_extend(fixture->manager, fixture->session, HOUR, &nobody, true);
    fixture_run(fixture);
    restart_after(fixture, 6 * HOUR + 30 * MIN);
    fixture_assert_active(fixture);
    assert_int_equal(fixture->session->record.extended_count, 1);
    fixture_assert_ends_in(fixture, 30 * MIN, END_HOURS);
}

static void test_restart__clock_set_meanwhile__lifetime_does_not_move(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_stop(fixture);
    fixture->realtime_usec -= 400 * DAY;
    fixture_start(fixture);
    fixture_assert_ends_in(fixture, 10 * HOUR, END_LIFETIME);
}

/* --- the machine was started in 1970 */

static void test_boot_in_1970__clock_is_set_later__lifetime_is_right(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture->realtime_usec = fixture->boottime_usec + 7 * SEC;
    open_under(fixture, LIFETIME);
    fixture_pass(fixture, HOUR);
    fixture_set_clock(fixture, START_REALTIME_USEC);
    restart_after(fixture, HOUR);
    fixture_assert_ends_in(fixture, 8 * HOUR, END_LIFETIME);
}

static void test_boot_in_1970__clock_is_set_later__opened_before_it_ended(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session_info *info;

    fixture->realtime_usec = fixture->boottime_usec + 7 * SEC;
    open_under(fixture, LIFETIME);
    info = &fixture->session->record.info;
    assert_int_equal(info->opened_usec, fixture->realtime_usec);
    fixture_set_clock(fixture, START_REALTIME_USEC);
    publish_refresh(fixture->manager, fixture->session);
    assert_int_equal(info->deadline_usec, START_REALTIME_USEC + 10 * HOUR);
    fixture_pass(fixture, HOUR);
    fixture->session->record.kill_processes = KILL_NO;
    lifecycle_close(fixture->manager, fixture->session);
    assert_int_equal(info->state, STATE_ENDED);
    assert_int_equal(info->ended_usec, START_REALTIME_USEC + HOUR);
    assert_int_equal(fixture->session->duration_usec, HOUR);
}

/* The epoch began on a Thursday. */
static void test_boot_in_1970__clock_is_set_later__hours_are_looked_at_again(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture->realtime_usec = fixture->boottime_usec;
    open_under(fixture, "[Session]\nHours=Wed 08:00-18:00 Thu..Tue 00:00-24:00\n");
    fixture_assert_active(fixture);
    fixture_set_clock(fixture, START_REALTIME_USEC);
    fixture_assert_ends_in(fixture, 6 * HOUR, END_HOURS);
}

static void test_boot_in_1970__restart_once_the_clock_is_right__idle_as_before(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture->realtime_usec = fixture->boottime_usec;
    open_under(fixture, IDLE);
    fixture_set_clock(fixture, START_REALTIME_USEC);
    fixture_pass(fixture, 40 * MIN);
    lifecycle_touch(fixture->manager, fixture->session);
    restart_after(fixture, 30 * MIN);
    fixture_assert_ends_in(fixture, 30 * MIN, END_IDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_TEST(test_lifetime__clock_is_set__does_not_move),
        MANAGER_TEST(test_hours__clock_is_set_in_them__end_by_the_new_one),
        MANAGER_TEST(test_hours__clock_is_set_beyond_them__end_at_once),
        MANAGER_TEST(test_hours__step_not_noticed_yet__as_before),
        MANAGER_TEST(test_credential__clock_is_set__ends_by_the_new_one),
        MANAGER_TEST(test_idle__clock_is_set__does_not_move),
        MANAGER_TEST(test_suspend__beyond_an_end__ended_at_once),
        MANAGER_TEST(test_suspend__shorter_than_an_end__what_was_slept_counts),
        MANAGER_TEST(test_restart__beyond_an_end__ended_at_start),
        MANAGER_TEST(test_restart__before_the_end__ends_as_it_would_have),
        MANAGER_TEST(test_restart__used_before__idle_from_then_on),
        MANAGER_TEST(test_restart__extended_before__keeps_what_was_given),
        MANAGER_TEST(test_restart__clock_set_meanwhile__lifetime_does_not_move),
        MANAGER_TEST(test_boot_in_1970__clock_is_set_later__lifetime_is_right),
        MANAGER_TEST(test_boot_in_1970__clock_is_set_later__opened_before_it_ended),
        MANAGER_TEST(test_boot_in_1970__clock_is_set_later__hours_are_looked_at_again),
        MANAGER_TEST(test_boot_in_1970__restart_once_the_clock_is_right__idle_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
