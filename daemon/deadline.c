/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A binary heap whose elements know their places. Place 1 holds the earliest; the children of i are
 * 2 i and 2 i + 1; place 0 is unused, so that an index of 0 can mean "not armed". Each place has
 * its time beside it: the elements lie all over the memory, and whoever looks for a place would
 * have to wait for each of them.
 */
#include <config.h>

#include "daemon/deadline.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/macro.h"

enum { TIMER_ACCURACY_USEC = 1000 };

struct place {
    int64_t at_usec; /* the deadline's */
    struct deadline *deadline;
};

struct deadline_queue {
    struct place *places; /* [1..count] */
    size_t count;
    size_t capacity; /* places that there is room for, place 0 not counted */
    const struct clock *clock;
    sd_event_source *timer; /* NULL without an event loop */
    int64_t timer_usec;     /* what the timer is set to, or USEC_INFINITY */
    bool running;           /* deadline_queue_run() sets the timer when it is through */
};

static void put(struct deadline_queue *queue, struct place place, size_t index)
{
    queue->places[index] = place;
    place.deadline->index = index;
}

/* Moves what is in a place towards the root until its parent is no later. */
static void sift_up(struct deadline_queue *queue, size_t index)
{
    const struct place place = queue->places[index];

    while (index > 1 && queue->places[index / 2].at_usec > place.at_usec) {
        put(queue, queue->places[index / 2], index);
        index /= 2;
    }
    put(queue, place, index);
}

/* Moves what is in a place away from the root until no child is earlier. */
static void sift_down(struct deadline_queue *queue, size_t index)
{
    const struct place place = queue->places[index];

    for (;;) {
        size_t child = index * 2;

        if (child < queue->count && queue->places[child + 1].at_usec < queue->places[child].at_usec)
            child++;
        if (child > queue->count || queue->places[child].at_usec >= place.at_usec)
            break;
        put(queue, queue->places[child], index);
        index = child;
    }
    put(queue, place, index);
}

/* Sets the timer to the earliest deadline. */
static void set_timer(struct deadline_queue *queue)
{
    int64_t next = deadline_queue_next(queue);
    int r;

    if (queue->timer == NULL || queue->running || next == queue->timer_usec)
        return;
    if (next != USEC_INFINITY)
        (void)sd_event_source_set_time(queue->timer, next > 0 ? (uint64_t)next : 0);
    r = sd_event_source_set_enabled(queue->timer,
                                    next == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
    /* Both fail only in a loop that has ended, and then nobody waits for the timer. */
    queue->timer_usec = r < 0 ? USEC_INFINITY : next;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct deadline_queue *queue = userdata;

    (void)source;
    (void)usec;
    queue->timer_usec = USEC_INFINITY; /* one-shot: it is off now */
    (void)deadline_queue_run(queue);
    return 0;
}

int deadline_queue_new(struct deadline_queue **ret, sd_event *event, const struct clock *clock)
{
    struct deadline_queue *queue = calloc(1, sizeof(*queue));
    int r;

    if (queue == NULL)
        return -ENOMEM;
    queue->clock = clock;
    queue->timer_usec = USEC_INFINITY;
    if (event != NULL) {
        r = sd_event_add_time(event, &queue->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_USEC,
                              on_timer, queue);
        if (r >= 0)
            r = sd_event_source_set_enabled(queue->timer, SD_EVENT_OFF);
        if (r < 0) {
            deadline_queue_free(queue);
            return r;
        }
        (void)sd_event_source_set_description(queue->timer, "deadlines"); /* for debugging only */
    }
    *ret = queue;
    return 0;
}

void deadline_queue_free(struct deadline_queue *queue)
{
    if (queue == NULL)
        return;
    (void)sd_event_source_disable_unref(queue->timer); /* yields NULL */
    free(queue->places);
    free(queue);
}

/* Makes room for one more. */
static int reserve_place(struct deadline_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
    struct place *places;

    if (queue->count < queue->capacity)
        return 0;
    places = reallocarray(queue->places, capacity + 1, sizeof(*places));
    if (places == NULL)
        return -ENOMEM;
    queue->places = places;
    queue->capacity = capacity;
    return 0;
}

/* Takes an armed element out and leaves the timer as it is. */
static void take_out(struct deadline_queue *queue, struct deadline *deadline)
{
    size_t index = deadline->index;
    const struct place last = queue->places[queue->count];

    assert(index <= queue->count && queue->places[index].deadline == deadline);
    queue->count--;
    if (last.deadline != deadline) {
        put(queue, last, index);
        sift_up(queue, index);
        sift_down(queue, last.deadline->index);
    }
    deadline->index = 0;
}

int deadline_arm(struct deadline_queue *queue, struct deadline *deadline, int64_t at_usec)
{
    int r;

    if (at_usec == USEC_INFINITY) {
        deadline_disarm(queue, deadline);
        return 0;
    }
    if (deadline->index == 0) {
        r = reserve_place(queue);
        if (r < 0)
            return r;
        deadline->index = ++queue->count;
    }
    deadline->at_usec = at_usec;
    put(queue, (struct place){at_usec, deadline}, deadline->index);
    sift_up(queue, deadline->index);
    sift_down(queue, deadline->index);
    set_timer(queue);
    return 0;
}

void deadline_disarm(struct deadline_queue *queue, struct deadline *deadline)
{
    if (deadline->index == 0)
        return;
    take_out(queue, deadline);
    set_timer(queue);
}

/*
 * One reading of the clock and no more than there were at the beginning: a callback that arms
 * its deadline for a time that has passed is served again by the next run, and does not keep the
 * event loop here.
 */
size_t deadline_queue_run(struct deadline_queue *queue)
{
    int64_t now = queue->clock->boottime_usec(queue->clock);
    size_t limit = queue->count < DEADLINE_RUN_MAX ? queue->count : DEADLINE_RUN_MAX, fired = 0;

    queue->running = true;
    while (fired < limit && deadline_queue_next(queue) <= now) {
        struct deadline *deadline = queue->places[1].deadline;

        take_out(queue, deadline);
        fired++;
        deadline->fire(deadline, deadline->userdata); /* may free it */
    }
    queue->running = false;
    set_timer(queue);
    return fired;
}

int64_t deadline_queue_next(const struct deadline_queue *queue)
{
    return queue->count == 0 ? USEC_INFINITY : queue->places[1].at_usec;
}
