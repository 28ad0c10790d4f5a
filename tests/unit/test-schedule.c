/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a session ends, and why, is warned, and is looked at (daemon/schedule.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/opening.h"
#include "daemon/schedule.h"

#define SEC       USEC_PER_SEC
#define MIN       (60 * SEC)
#define HOUR      (60 * MIN)
#define BOOTTIME  (100000 * SEC)
#define REALTIME  (INT64_C(1717588800) * SEC) /* Wednesday 2024-06-05 12:00 UTC */
#define NEVER     USEC_INFINITY
#define TTY       (ACTIVITY_TTY_INPUT | ACTIVITY_TTY_OUTPUT)
#define PROCESSES ACTIVITY_PROCESSES

/* A session without any limit, opened and looked at now. */
struct fixture {
    struct session_settings settings;
    struct schedule_input input;
};

static int setup(void **state)
{
    static struct fixture memory;
    struct fixture *fixture = &memory;

    assert_int_equal(setenv("TZ", "UTC0", 1), 0);
    fixture->settings = (struct session_settings){.lifetime_usec = NEVER,
                                                  .idle_usec = NEVER,
                                                  .idle_without_terminal_usec = NEVER,
                                                  .idle_activity = TTY};
    fixture->input = (struct schedule_input){.settings = &fixture->settings,
                                             .lifetime_end_usec = -1,
                                             .credential_expires_usec = -1,
                                             .hours_end_usec = -1,
                                             .notice_usec = -1,
                                             .active_usec = BOOTTIME,
                                             .looked_usec = BOOTTIME,
                                             .has_terminal = true,
                                             .boottime_usec = BOOTTIME,
                                             .realtime_usec = REALTIME};
    *state = fixture;
    return 0;
}

static void set_hours(struct fixture *fixture, const char *text)
{
    struct hours hours;

    assert_int_equal(hours_parse(text, &hours), 0);
    fixture->settings.hours = hours;
    fixture->input.hours_end_usec =
        opening_hours_end(&fixture->settings, fixture->input.realtime_usec);
}

static struct schedule compute(const struct fixture *fixture)
{
    struct schedule schedule;

    schedule_compute(&fixture->input, &schedule);
    return schedule;
}

static void assert_end(const struct fixture *fixture, int64_t end_usec, enum end_reason reason)
{
    struct schedule schedule = compute(fixture);

    assert_int_equal(schedule.end_usec, end_usec);
    assert_int_equal(schedule.end_reason, reason);
}

static void assert_next_end(const struct fixture *fixture, int64_t end_usec, enum end_reason reason)
{
    struct schedule schedule = compute(fixture);
    enum end_reason found;

    assert_int_equal(schedule_next_end(&schedule, &found), end_usec);
    assert_int_equal(found, reason);
}

static void test_schedule_compute__no_limits__never_ends_and_nobody_looks(void **state)
{
    assert_end(*state, NEVER, END_NONE);
    assert_next_end(*state, NEVER, END_NONE);
    assert_int_equal(compute(*state).idle_end_usec, NEVER);
    assert_int_equal(compute(*state).look_usec, NEVER);
}

static void test_schedule_compute__lifetime__ends_then_whatever_the_wall_clock_says(void **state)
{
    struct fixture *fixture = *state;

    fixture->input.lifetime_end_usec = BOOTTIME + HOUR;
    assert_end(fixture, BOOTTIME + HOUR, END_LIFETIME);
    fixture->input.realtime_usec = 0;
    assert_end(fixture, BOOTTIME + HOUR, END_LIFETIME);
    fixture->input.boottime_usec = BOOTTIME + 2 * HOUR; /* it is over */
    assert_end(fixture, BOOTTIME + HOUR, END_LIFETIME);
}

static void test_schedule_compute__hours__end_by_the_difference_of_the_clocks(void **state)
{
    struct fixture *fixture = *state;

    set_hours(fixture, "Mon..Fri 08:00-18:00");
    assert_end(fixture, BOOTTIME + 6 * HOUR, END_HOURS);
    fixture->input.realtime_usec += 5 * HOUR; /* the clock was set */
    assert_end(fixture, BOOTTIME + HOUR, END_HOURS);
}

static void test_schedule_compute__hours_passed_unseen__over_though_others_hold(void **state)
{
    struct fixture *fixture = *state;

    set_hours(fixture, "Mon..Fri 08:00-18:00");
    fixture->input.boottime_usec += 24 * HOUR; /* asleep, or away */
    fixture->input.realtime_usec += 24 * HOUR;
    assert_end(fixture, BOOTTIME + 6 * HOUR, END_HOURS);
}

static void test_schedule_compute__credential__ends_only_where_it_is_to(void **state)
{
    struct fixture *fixture = *state;

    fixture->input.credential_expires_usec = REALTIME + HOUR;
    assert_end(fixture, NEVER, END_NONE);
    fixture->settings.end_with_credential = 1;
    assert_end(fixture, BOOTTIME + HOUR, END_CREDENTIAL_EXPIRED);
    fixture->input.realtime_usec += 2 * HOUR; /* the clock was set */
    assert_end(fixture, BOOTTIME - HOUR, END_CREDENTIAL_EXPIRED);
    fixture->input.credential_expires_usec = -1;
    assert_end(fixture, NEVER, END_NONE);
    fixture->input.credential_expires_usec = NEVER;
    assert_end(fixture, NEVER, END_NONE);
}

/* Minutes from now of lifetime, hours (from 12:00), credential and idleness; which comes first. */
static void test_schedule_next_end__all_of_them__the_earliest(void **state)
{
    static const struct {
        int lifetime, credential, idle;
        const char *hours;
        int end;
        enum end_reason reason;
    } cases[] = {
        {50, 70, 80, "12:00-13:00", 50, END_LIFETIME},
        {80, 70, 90, "12:00-13:00", 60, END_HOURS},
        {80, 50, 70, "12:00-13:00", 50, END_CREDENTIAL_EXPIRED},
        {80, 90, 50, "12:00-13:00", 50, END_IDLE},
        {60, 60, 60, "12:00-13:00", 60, END_LIFETIME},           /* none before another: */
        {61, 60, 60, "12:00-13:00", 60, END_HOURS},              /* what cannot be helped */
        {61, 60, 60, "12:00-13:01", 60, END_CREDENTIAL_EXPIRED}, /* goes before idleness */
        {61, 61, 60, "12:00-13:01", 60, END_IDLE},
    };
    struct fixture *fixture = *state;

    fixture->settings.end_with_credential = 1;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        fixture->input.lifetime_end_usec = BOOTTIME + cases[i].lifetime * MIN;
        fixture->input.credential_expires_usec = REALTIME + cases[i].credential * MIN;
        fixture->settings.idle_usec = cases[i].idle * MIN;
        set_hours(fixture, cases[i].hours);
        assert_next_end(fixture, BOOTTIME + cases[i].end * MIN, cases[i].reason);
    }
}

static void test_schedule_compute__notice__puts_off_any_end_but_idleness(void **state)
{
    struct fixture *fixture = *state;

    fixture->input.notice_usec = BOOTTIME + 5 * MIN;
    assert_end(fixture, NEVER, END_NONE);
    fixture->input.lifetime_end_usec = BOOTTIME - HOUR;
    assert_end(fixture, BOOTTIME + 5 * MIN, END_LIFETIME);
    fixture->input.lifetime_end_usec = BOOTTIME + 6 * MIN;
    assert_end(fixture, BOOTTIME + 6 * MIN, END_LIFETIME);
    set_hours(fixture, "08:00-11:00");
    assert_end(fixture, BOOTTIME + 5 * MIN, END_HOURS);
    fixture->settings.idle_usec = MIN;
    assert_next_end(fixture, BOOTTIME + MIN, END_IDLE);
}

static void test_schedule_compute__idle__limit_of_what_it_has(void **state)
{
    struct fixture *fixture = *state;

    fixture->settings.idle_usec = 20 * MIN;
    assert_int_equal(compute(fixture).idle_end_usec, BOOTTIME + 20 * MIN);
    fixture->input.has_terminal = false;
    assert_int_equal(compute(fixture).idle_end_usec, NEVER);
    fixture->settings.idle_without_terminal_usec = 10 * MIN;
    assert_int_equal(compute(fixture).idle_end_usec, BOOTTIME + 10 * MIN);
    fixture->input.has_terminal = true;
    assert_int_equal(compute(fixture).idle_end_usec, BOOTTIME + 20 * MIN);
    fixture->input.active_usec = BOOTTIME - 30 * MIN; /* counts from then, whenever one looked */
    assert_int_equal(compute(fixture).idle_end_usec, BOOTTIME - 10 * MIN);
}

/* In seconds: both limits, and how long after the last look the next one is. */
struct look_case {
    int64_t idle, without;
    struct warnings warnings;
    unsigned activity;
    int64_t step;
};

static void assert_looks(struct fixture *fixture, const struct look_case *cases, size_t count)
{
    fixture->input.looked_usec = BOOTTIME - MIN;
    for (size_t i = 0; i < count; i++) {
        struct session_settings *settings = &fixture->settings;

        settings->idle_usec = cases[i].idle == NEVER ? NEVER : cases[i].idle * SEC;
        settings->idle_without_terminal_usec =
            cases[i].without == NEVER ? NEVER : cases[i].without * SEC;
        settings->warnings = cases[i].warnings;
        settings->idle_activity = cases[i].activity;
        fixture->input.has_terminal = i % 2 == 0; /* what it was then decides nothing */
        assert_int_equal(compute(fixture).look_usec, BOOTTIME - MIN + cases[i].step * SEC);
    }
}

#define WARN(count_, ...)                               \
    {                                                   \
        .count = (count_), .left_usec = { __VA_ARGS__ } \
    }

static void test_schedule_compute__terminals__looked_at_before_the_first_warning(void **state)
{
    static const struct look_case cases[] = {
        {900, NEVER, {.count = 0}, TTY, 900},
        {900, NEVER, WARN(2, 5 * MIN, MIN), TTY, 600},
        {NEVER, 900, WARN(2, 5 * MIN, MIN), TTY, 600},
        {900, 600, WARN(2, 5 * MIN, MIN), TTY, 300},
        {600, 900, WARN(2, 5 * MIN, MIN), ACTIVITY_TOKEN, 300},
        /* warnings that are no shorter than the limit are none of it */
        {300, NEVER, WARN(2, 10 * MIN, 5 * MIN), TTY, 300},
        {300, NEVER, WARN(3, 10 * MIN, 5 * MIN, MIN), TTY, 240},
        {301, NEVER, WARN(2, 10 * MIN, 5 * MIN), TTY, 1},
        /* no more often than every second */
        {2, NEVER, WARN(1, 2 * SEC - 1), TTY, 1},
    };

    assert_looks(*state, cases, ELEMENTS(cases));
}

static void test_schedule_compute__processes__looked_at_often(void **state)
{
    static const struct look_case cases[] = {
        {160, NEVER, {.count = 0}, PROCESSES, 10},
        {160, NEVER, WARN(1, MIN), TTY | PROCESSES, 10},
        {NEVER, 160, WARN(1, MIN), PROCESSES, 10},
        {960, NEVER, {.count = 0}, PROCESSES, 60},
        {86400, NEVER, {.count = 0}, PROCESSES, 60},
        {16, NEVER, {.count = 0}, PROCESSES, 1},
        {1, NEVER, {.count = 0}, PROCESSES, 1},
    };

    assert_looks(*state, cases, ELEMENTS(cases));
}

static void test_schedule_next_warning__given_ones__the_next_smaller(void **state)
{
    static const struct warnings warnings = WARN(3, 10 * MIN, 5 * MIN, MIN);
    static const int64_t cases[][2] = {
        {NEVER, 10 * MIN},  {10 * MIN + 1, 10 * MIN}, {10 * MIN, 5 * MIN},
        {7 * MIN, 5 * MIN}, {5 * MIN, MIN},           {MIN + 1, MIN},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(schedule_next_warning(&warnings, BOOTTIME + HOUR, cases[i][0]),
                         BOOTTIME + HOUR - cases[i][1]);
}

static void test_schedule_next_warning__none_left__never(void **state)
{
    static const struct warnings warnings = WARN(2, 5 * MIN, MIN), none = {.count = 0};

    (void)state;
    assert_int_equal(schedule_next_warning(&warnings, BOOTTIME, MIN), NEVER);
    assert_int_equal(schedule_next_warning(&warnings, BOOTTIME, 0), NEVER);
    assert_int_equal(schedule_next_warning(&warnings, NEVER, NEVER), NEVER);
    assert_int_equal(schedule_next_warning(&none, BOOTTIME, NEVER), NEVER);
}

static void test_schedule_next_warning__same_time_twice__once(void **state)
{
    static const struct warnings twice = WARN(2, MIN, MIN);

    (void)state;
    assert_int_equal(schedule_next_warning(&twice, HOUR, NEVER), HOUR - MIN);
    assert_int_equal(schedule_next_warning(&twice, HOUR, MIN), NEVER);
}

static void test_schedule_compute__times_that_no_clock_reaches__stay_out_of_reach(void **state)
{
    struct fixture *fixture = *state;

    fixture->settings.end_with_credential = 1;
    fixture->input.credential_expires_usec = INT64_MAX - 1;
    fixture->input.realtime_usec = -5 * SEC; /* their difference has no room */
    assert_end(fixture, NEVER, END_NONE);
    fixture->input.realtime_usec = 1; /* their sum has none */
    assert_end(fixture, NEVER, END_NONE);
    fixture->input.lifetime_end_usec = INT64_MAX - 1;
    assert_end(fixture, INT64_MAX - 1, END_LIFETIME);
    fixture->settings.idle_usec = fixture->settings.idle_without_terminal_usec = INT64_MAX - 1;
    assert_int_equal(compute(fixture).idle_end_usec, NEVER);
    assert_int_equal(compute(fixture).look_usec, NEVER);
    fixture->input.active_usec = fixture->input.looked_usec = 1; /* the last that has room */
    fixture->settings.idle_usec = INT64_MAX - 2;
    assert_int_equal(compute(fixture).idle_end_usec, INT64_MAX - 1);
}

static void test_schedule_compute__at_zero__ends_there(void **state)
{
    struct fixture *fixture = *state;

    fixture->input.boottime_usec = fixture->input.active_usec = fixture->input.looked_usec = 0;
    fixture->input.lifetime_end_usec = 0;
    assert_end(fixture, 0, END_LIFETIME);
    fixture->input.lifetime_end_usec = -1;
    fixture->settings.end_with_credential = 1;
    fixture->input.credential_expires_usec = 0; /* long before the machine was started */
    assert_end(fixture, 0, END_CREDENTIAL_EXPIRED);
    fixture->settings.idle_usec = SEC;
    assert_int_equal(compute(fixture).idle_end_usec, SEC);
}

/* Wednesday evening before the epoch, and the first second of Thursday behind it. */
static void test_schedule_compute__clock_around_1970__ends_on_time(void **state)
{
    struct fixture *fixture = *state;

    fixture->input.realtime_usec = -2 * HOUR;
    set_hours(fixture, "Wed 00:00-24:00");
    assert_end(fixture, BOOTTIME + 2 * HOUR, END_HOURS);
    fixture->input.realtime_usec = -1;
    assert_end(fixture, BOOTTIME + 1, END_HOURS);
    fixture->input.realtime_usec = 0;
    assert_end(fixture, BOOTTIME, END_HOURS);
    set_hours(fixture, "Thu 00:00-12:00");
    assert_end(fixture, BOOTTIME + 12 * HOUR, END_HOURS);
    set_hours(fixture, "");
    fixture->settings.end_with_credential = 1; /* decades away */
    fixture->input.credential_expires_usec = REALTIME;
    assert_end(fixture, BOOTTIME + REALTIME, END_CREDENTIAL_EXPIRED);
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_schedule_compute__no_limits__never_ends_and_nobody_looks),
        TEST(test_schedule_compute__lifetime__ends_then_whatever_the_wall_clock_says),
        TEST(test_schedule_compute__hours__end_by_the_difference_of_the_clocks),
        TEST(test_schedule_compute__hours_passed_unseen__over_though_others_hold),
        TEST(test_schedule_compute__credential__ends_only_where_it_is_to),
        TEST(test_schedule_next_end__all_of_them__the_earliest),
        TEST(test_schedule_compute__notice__puts_off_any_end_but_idleness),
        TEST(test_schedule_compute__idle__limit_of_what_it_has),
        TEST(test_schedule_compute__terminals__looked_at_before_the_first_warning),
        TEST(test_schedule_compute__processes__looked_at_often),
        TEST(test_schedule_next_warning__given_ones__the_next_smaller),
        TEST(test_schedule_next_warning__none_left__never),
        TEST(test_schedule_next_warning__same_time_twice__once),
        TEST(test_schedule_compute__times_that_no_clock_reaches__stay_out_of_reach),
        TEST(test_schedule_compute__at_zero__ends_there),
        TEST(test_schedule_compute__clock_around_1970__ends_on_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
