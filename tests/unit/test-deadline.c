/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue of deadlines (daemon/deadline.h), with a clock that stands still. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/deadline.h"

enum { DEADLINES = 200 };

struct fixture {
    struct clock clock; /* first: the clock's functions get at the rest by it */
    int64_t now_usec;
    struct deadline_queue *queue;
    struct deadline deadlines[DEADLINES];
    int64_t fired_at[DEADLINES + 1]; /* at_usec of what has fired, in order */
    size_t fired;
    struct deadline *other; /* what a callback works on */
};

static int64_t fake_now(const struct clock *clock)
{
    return ((const struct fixture *)clock)->now_usec;
}

static void note(struct deadline *deadline, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_int_equal(deadline->index, 0);
    assert_in_range(fixture->fired, 0, DEADLINES);
    fixture->fired_at[fixture->fired++] = deadline->at_usec;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->clock = (struct clock){fake_now, fake_now};
    for (size_t i = 0; i < DEADLINES; i++) {
        fixture->deadlines[i].fire = note;
        fixture->deadlines[i].userdata = fixture;
    }
    assert_int_equal(deadline_queue_new(&fixture->queue, NULL, &fixture->clock), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    deadline_queue_free(fixture->queue);
    free(fixture);
    return 0;
}

static void arm(struct fixture *fixture, size_t i, int64_t at_usec)
{
    assert_int_equal(deadline_arm(fixture->queue, &fixture->deadlines[i], at_usec), 0);
}

static size_t run_at(struct fixture *fixture, int64_t now_usec)
{
    fixture->now_usec = now_usec;
    return deadline_queue_run(fixture->queue);
}

static void test_deadline_queue_next__empty__infinity(void **state)
{
    struct fixture *fixture = *state;

    assert_true(deadline_queue_next(fixture->queue) == USEC_INFINITY);
    assert_int_equal(run_at(fixture, USEC_INFINITY - 1), 0);
}

static void test_deadline_queue_run__one__fires_when_due_and_once(void **state)
{
    struct fixture *fixture = *state;

    arm(fixture, 0, 100);
    assert_int_equal(deadline_queue_next(fixture->queue), 100);
    assert_int_equal(run_at(fixture, 99), 0);
    assert_int_equal(run_at(fixture, 100), 1);
    assert_int_equal(run_at(fixture, 200), 0);
    assert_int_equal(fixture->fired, 1);
    assert_true(deadline_queue_next(fixture->queue) == USEC_INFINITY);
}

static void test_deadline_queue_run__many__in_the_order_of_their_times(void **state)
{
    struct fixture *fixture = *state;
    uint32_t random = 1;

    for (size_t i = 0; i < DEADLINES; i++) {
        random = random * 1664525 + 1013904223;
        arm(fixture, i, random >> 20);
    }
    /* a round of the loop each, so that others come in between */
    for (size_t left = DEADLINES; left > 0;
         left -= left < DEADLINE_RUN_MAX ? left : DEADLINE_RUN_MAX)
        assert_int_equal(run_at(fixture, 4096), left < DEADLINE_RUN_MAX ? left : DEADLINE_RUN_MAX);
    assert_int_equal(fixture->fired, DEADLINES);
    for (size_t i = 1; i < DEADLINES; i++)
        assert_true(fixture->fired_at[i - 1] <= fixture->fired_at[i]);
}

/* Moves and disarms at random; each step leaves the earliest in front. */
static void test_deadline_arm__moved_and_disarmed__earliest_stays_in_front(void **state)
{
    struct fixture *fixture = *state;
    uint32_t random = 7;

    for (int step = 0; step < 5000; step++) {
        int64_t earliest = USEC_INFINITY;
        struct deadline *deadline;

        random = random * 1664525 + 1013904223;
        deadline = &fixture->deadlines[(random >> 8) % DEADLINES];
        if (random >> 30 == 0)
            deadline_disarm(fixture->queue, deadline);
        else
            arm(fixture, (size_t)(deadline - fixture->deadlines), random >> 16 & 0xfff);
        for (size_t i = 0; i < DEADLINES; i++)
            if (fixture->deadlines[i].index != 0 && fixture->deadlines[i].at_usec < earliest)
                earliest = fixture->deadlines[i].at_usec;
        assert_true(deadline_queue_next(fixture->queue) == earliest);
    }
}

static void test_deadline_disarm__in_the_middle__the_others_stay_in_order(void **state)
{
    struct fixture *fixture = *state;
    uint32_t random = 3;

    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 40; i++) {
            random = random * 1664525 + 1013904223;
            arm(fixture, i, random >> 20);
        }
        for (size_t i = 0; i < 20; i++) {
            random = random * 1664525 + 1013904223;
            deadline_disarm(fixture->queue, &fixture->deadlines[(random >> 8) % 40]);
        }
        fixture->fired = 0;
        assert_in_range(run_at(fixture, 4096), 20, 39);
        for (size_t i = 1; i < fixture->fired; i++)
            assert_true(fixture->fired_at[i - 1] <= fixture->fired_at[i]);
    }
}

static void test_deadline_arm__infinity__disarms(void **state)
{
    struct fixture *fixture = *state;

    arm(fixture, 0, 100);
    arm(fixture, 1, 200);
    arm(fixture, 0, USEC_INFINITY);
    assert_int_equal(fixture->deadlines[0].index, 0);
    assert_int_equal(deadline_queue_next(fixture->queue), 200);
    arm(fixture, 2, USEC_INFINITY);
    assert_int_equal(run_at(fixture, USEC_INFINITY), 1);
}

static void test_deadline_disarm__not_armed__nothing_happens(void **state)
{
    struct fixture *fixture = *state;

    arm(fixture, 0, 100);
    deadline_disarm(fixture->queue, &fixture->deadlines[1]);
    deadline_disarm(fixture->queue, &fixture->deadlines[0]);
    deadline_disarm(fixture->queue, &fixture->deadlines[0]);
    assert_int_equal(run_at(fixture, 100), 0);
}

static void disarm_other(struct deadline *deadline, void *userdata)
{
    struct fixture *fixture = userdata;

    note(deadline, userdata);
    deadline_disarm(fixture->queue, fixture->other);
}

static void
test_deadline_queue_run__callback_disarms_another_due_one__it_does_not_fire(void **state)
{
    struct fixture *fixture = *state;

    fixture->other = &fixture->deadlines[1];
    fixture->deadlines[0].fire = disarm_other;
    arm(fixture, 0, 100);
    arm(fixture, 1, 101);
    arm(fixture, 2, 102);
    assert_int_equal(run_at(fixture, 200), 2);
    assert_int_equal(fixture->fired_at[1], 102);
}

static void arm_other_at_50(struct deadline *deadline, void *userdata)
{
    struct fixture *fixture = userdata;

    note(deadline, userdata);
    assert_int_equal(deadline_arm(fixture->queue, fixture->other, 50), 0);
}

static void test_deadline_queue_run__callback_arms_another__it_fires(void **state)
{
    struct fixture *fixture = *state;

    fixture->other = &fixture->deadlines[1];
    fixture->deadlines[0].fire = arm_other_at_50;
    arm(fixture, 0, 100);
    assert_int_equal(run_at(fixture, 200), 1);
    assert_int_equal(deadline_queue_next(fixture->queue), 50);
    assert_int_equal(run_at(fixture, 200), 1);
    assert_int_equal(fixture->fired, 2);
}

static void test_deadline_queue_run__callback_arms_itself_in_the_past__run_ends(void **state)
{
    struct fixture *fixture = *state;

    fixture->other = &fixture->deadlines[0];
    fixture->deadlines[0].fire = arm_other_at_50;
    arm(fixture, 0, 100);
    assert_int_equal(run_at(fixture, 200), 1);
    assert_int_equal(run_at(fixture, 200), 1);
    assert_int_equal(fixture->fired, 2);
}

static void free_itself(struct deadline *deadline, void *userdata)
{
    note(deadline, userdata);
    free(deadline);
}

static void
test_deadline_queue_run__callback_frees_what_it_belongs_to__not_touched_again(void **state)
{
    struct fixture *fixture = *state;
    struct deadline *deadline = calloc(1, sizeof(*deadline));

    assert_non_null(deadline);
    *deadline = (struct deadline){.fire = free_itself, .userdata = fixture};
    assert_int_equal(deadline_arm(fixture->queue, deadline, 100), 0);
    arm(fixture, 0, 101);
    assert_int_equal(run_at(fixture, 200), 2);
}

/* The real event loop and clock from here on; each deadline has passed when it is armed. */
static void test_deadline_arm__event_loop__timer_fires(void **state)
{
    struct fixture *fixture = *state;
    struct deadline_queue *queue = NULL;
    sd_event *event = NULL;

    assert_true(sd_event_new(&event) >= 0);
    assert_int_equal(deadline_queue_new(&queue, event, &clock_system), 0);
    assert_int_equal(sd_event_run(event, 0), 0);
    for (int i = 1; i <= 3; i++) {
        /* the same time again and again */
        assert_int_equal(deadline_arm(queue, &fixture->deadlines[0], 1), 0);
        assert_int_equal(sd_event_run(event, 5 * USEC_PER_SEC), 1);
        assert_int_equal(fixture->fired, i);
        assert_int_equal(sd_event_run(event, 0), 0);
    }
    deadline_queue_free(queue);
    sd_event_unref(event);
}

static void test_deadline_arm__from_its_callback_for_the_same_time__fires_again(void **state)
{
    struct fixture *fixture = *state;
    sd_event *event = NULL;

    assert_true(sd_event_new(&event) >= 0);
    deadline_queue_free(fixture->queue);
    assert_int_equal(deadline_queue_new(&fixture->queue, event, &clock_system), 0);
    fixture->other = &fixture->deadlines[0];
    fixture->deadlines[0].fire = arm_other_at_50;
    arm(fixture, 0, 50);
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(sd_event_run(event, 5 * USEC_PER_SEC), 1);
        assert_int_equal(fixture->fired, i);
    }
    sd_event_unref(event);
}

static void test_deadline_arm__earlier_than_the_timer__timer_moves(void **state)
{
    struct fixture *fixture = *state;
    struct deadline_queue *queue = NULL;
    sd_event *event = NULL;
    int64_t now = clock_system.boottime_usec(&clock_system);

    assert_true(sd_event_new(&event) >= 0);
    assert_int_equal(deadline_queue_new(&queue, event, &clock_system), 0);
    assert_int_equal(deadline_arm(queue, &fixture->deadlines[0], now + 3600 * USEC_PER_SEC), 0);
    assert_int_equal(sd_event_run(event, 0), 0);
    assert_int_equal(deadline_arm(queue, &fixture->deadlines[1], 0), 0);
    assert_int_equal(sd_event_run(event, 5 * USEC_PER_SEC), 1);
    assert_int_equal(fixture->fired, 1);
    assert_int_equal(deadline_queue_next(queue), now + 3600 * USEC_PER_SEC);
    deadline_queue_free(queue);
    sd_event_unref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
        TEST(deadline_queue_next__empty__infinity),
        TEST(deadline_queue_run__one__fires_when_due_and_once),
        TEST(deadline_queue_run__many__in_the_order_of_their_times),
        TEST(deadline_arm__moved_and_disarmed__earliest_stays_in_front),
        TEST(deadline_disarm__in_the_middle__the_others_stay_in_order),
        TEST(deadline_arm__infinity__disarms),
        TEST(deadline_disarm__not_armed__nothing_happens),
        TEST(deadline_queue_run__callback_disarms_another_due_one__it_does_not_fire),
        TEST(deadline_queue_run__callback_arms_another__it_fires),
        TEST(deadline_queue_run__callback_arms_itself_in_the_past__run_ends),
        TEST(deadline_queue_run__callback_frees_what_it_belongs_to__not_touched_again),
        TEST(deadline_arm__event_loop__timer_fires),
        TEST(deadline_arm__from_its_callback_for_the_same_time__fires_again),
        TEST(deadline_arm__earlier_than_the_timer__timer_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
