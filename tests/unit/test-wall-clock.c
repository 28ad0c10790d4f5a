/* SPDX-License-Identifier: GPL-3.0-or-later */
/* That somebody set the wall clock (daemon/wall-clock.h), by clocks that the test moves. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/wall-clock.h"

#define START_REALTIME (INT64_C(1717588800) * USEC_PER_SEC)
#define START_BOOTTIME (100 * USEC_PER_SEC)
#define START_OFFSET   (START_REALTIME - START_BOOTTIME)
#define HOUR           (3600 * USEC_PER_SEC)

struct fixture {
    struct clock clock; /* first: what the callbacks get */
    int64_t realtime_usec, boottime_usec;
    struct wall_clock wall;
    int told;
    int64_t old_offset_usec, new_offset_usec; /* as it was told last */
};

static int64_t realtime(const struct clock *clock)
{
    return ((const struct fixture *)(const void *)clock)->realtime_usec;
}

static int64_t boottime(const struct clock *clock)
{
    return ((const struct fixture *)(const void *)clock)->boottime_usec;
}

static void on_step(int64_t old_offset_usec, int64_t new_offset_usec, void *userdata)
{
    struct fixture *fixture = userdata;

    fixture->told++;
    fixture->old_offset_usec = old_offset_usec;
    fixture->new_offset_usec = new_offset_usec;
    assert_int_equal(fixture->wall.offset_usec, new_offset_usec); /* it has changed by then */
}

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.clock = {.realtime_usec = realtime, .boottime_usec = boottime},
                               .realtime_usec = START_REALTIME,
                               .boottime_usec = START_BOOTTIME};
    assert_int_equal(wall_clock_init(&fixture.wall, NULL, &fixture.clock, on_step, &fixture), 0);
    assert_int_equal(fixture.wall.offset_usec, START_OFFSET);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    wall_clock_done(&fixture->wall);
    return 0;
}

static void assert_told(const struct fixture *fixture, int times, int64_t old_usec,
                        int64_t new_usec)
{
    assert_int_equal(fixture->told, times);
    assert_int_equal(fixture->old_offset_usec, old_usec);
    assert_int_equal(fixture->new_offset_usec, new_usec);
}

static void test_wall_clock_check__time_passes__is_no_step(void **state)
{
    struct fixture *fixture = *state;

    wall_clock_check(&fixture->wall);
    fixture->realtime_usec += 1000 * HOUR; /* asleep for most of it, maybe */
    fixture->boottime_usec += 1000 * HOUR;
    wall_clock_check(&fixture->wall);
    assert_int_equal(fixture->told, 0);
}

static void test_wall_clock_check__around_the_threshold__told_from_there_on(void **state)
{
    static const struct {
        int64_t step;
        int told;
    } cases[] = {{WALL_CLOCK_STEP_USEC - 1, 0},
                 {WALL_CLOCK_STEP_USEC, 1},
                 {WALL_CLOCK_STEP_USEC + 1, 1},
                 {1 - WALL_CLOCK_STEP_USEC, 0},
                 {0 - WALL_CLOCK_STEP_USEC, 1}};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture->told = 0;
        fixture->wall.offset_usec = START_OFFSET;
        fixture->realtime_usec = START_REALTIME + cases[i].step;
        wall_clock_check(&fixture->wall);
        assert_int_equal(fixture->told, cases[i].told);
    }
}

static void test_wall_clock_check__steps__told_once_with_both_offsets(void **state)
{
    struct fixture *fixture = *state;

    fixture->realtime_usec += HOUR;
    wall_clock_check(&fixture->wall);
    assert_told(fixture, 1, START_OFFSET, START_OFFSET + HOUR);
    wall_clock_check(&fixture->wall);
    assert_told(fixture, 1, START_OFFSET, START_OFFSET + HOUR);
    fixture->realtime_usec -= 72 * HOUR;
    wall_clock_check(&fixture->wall);
    assert_told(fixture, 2, START_OFFSET + HOUR, START_OFFSET - 71 * HOUR);
    fixture->realtime_usec = 5 * USEC_PER_SEC; /* 1970, earlier than the machine was started */
    wall_clock_check(&fixture->wall);
    assert_told(fixture, 3, START_OFFSET - 71 * HOUR, 5 * USEC_PER_SEC - START_BOOTTIME);
}

/* As adjtime(3) does: no single difference is large. */
static void test_wall_clock_check__clock_is_slewed__told_when_it_adds_up(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 99; i++) {
        fixture->realtime_usec += USEC_PER_MSEC;
        wall_clock_check(&fixture->wall);
        assert_int_equal(fixture->told, 0);
    }
    fixture->realtime_usec += USEC_PER_MSEC;
    wall_clock_check(&fixture->wall);
    assert_told(fixture, 1, START_OFFSET, START_OFFSET + 100 * USEC_PER_MSEC);
}

static int on_defer(sd_event_source *source, void *userdata)
{
    (void)source;
    (void)userdata;
    return 0;
}

static void test_wall_clock_init__with_a_loop__each_round_looks(void **state)
{
    struct fixture *fixture = *state;
    struct wall_clock wall;
    sd_event_source *something = NULL;
    sd_event *event = NULL;

    assert_true(sd_event_new(&event) >= 0);
    assert_int_equal(sd_event_add_defer(event, &something, on_defer, NULL), 0);
    assert_true(wall_clock_init(&wall, event, &fixture->clock, on_step, fixture) >= 0);
    fixture->realtime_usec += HOUR;
    fixture->wall.offset_usec += HOUR; /* what on_step() compares with */
    while (sd_event_run(event, 0) > 0)
        ;
    assert_told(fixture, 1, START_OFFSET, START_OFFSET + HOUR);
    wall_clock_done(&wall);
    assert_int_equal(wall.fd, -1);
    (void)sd_event_source_disable_unref(something); /* yields NULL, as does the next */
    (void)sd_event_unref(event);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wall_clock_check__time_passes__is_no_step),
        TEST(test_wall_clock_check__around_the_threshold__told_from_there_on),
        TEST(test_wall_clock_check__steps__told_once_with_both_offsets),
        TEST(test_wall_clock_check__clock_is_slewed__told_when_it_adds_up),
        TEST(test_wall_clock_init__with_a_loop__each_round_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
