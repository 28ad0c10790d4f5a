/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Deadlines: a binary heap on the boottime clock with one timer of the event loop, armed for the
 * earliest. An element is part of what it belongs to; adding and removing cost O(log n), and
 * nothing is allocated but the heap's array.
 */
#ifndef SESSMGR_DEADLINE_H
#define SESSMGR_DEADLINE_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/clock.h"

enum {
    DEADLINE_RUN_MAX = 64
}; /* callbacks of one round of the event loop: others come in between */

struct deadline_queue;
struct deadline;

/* Called once when a deadline is due; it is out of the queue by then and may be armed again. */
typedef void (*deadline_fire_t)(struct deadline *deadline, void *userdata);

struct deadline {
    int64_t at_usec; /* boottime */
    size_t index;    /* the queue's own: place in the heap, from 1; 0 when not armed */
    deadline_fire_t fire;
    void *userdata;
};

/* event may be NULL in tests: then deadline_queue_run() is called by hand. Errors: -ENOMEM, those
 * of sd_event_add_time(3). */
int deadline_queue_new(struct deadline_queue **ret, sd_event *event, const struct clock *clock);
void deadline_queue_free(struct deadline_queue *queue);

/* Arms (or moves) a deadline. at_usec USEC_INFINITY disarms. Error: -ENOMEM, and then it is not
 * armed. */
int deadline_arm(struct deadline_queue *queue, struct deadline *deadline, int64_t at_usec);

/* Takes a deadline out; nothing happens where it is not armed. */
void deadline_disarm(struct deadline_queue *queue, struct deadline *deadline);

/*
 * Fires what is due by the clock, DEADLINE_RUN_MAX at the most; the rest comes in the next round of
 * the loop. Returns how many. Called by the queue's own timer.
 */
size_t deadline_queue_run(struct deadline_queue *queue);

/* The earliest armed time, or USEC_INFINITY. */
int64_t deadline_queue_next(const struct deadline_queue *queue);

#endif
