/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notices that the wall clock was set: whatever is due at a time of day, and is armed on boottime,
 * is armed anew then. The kernel says so at once (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET), and
 * each round of the event loop looks, too: a clock that is not the kernel's says nothing.
 */
#ifndef SESSMGR_WALL_CLOCK_H
#define SESSMGR_WALL_CLOCK_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/clock.h"

/* Smaller differences are what reading two clocks after each other makes. */
#define WALL_CLOCK_STEP_USEC (100 * USEC_PER_MSEC)

/* Is told that the clock was set. *_offset_usec: realtime less boottime, before and now. */
typedef void (*wall_clock_step_t)(int64_t old_offset_usec, int64_t new_offset_usec, void *userdata);

struct wall_clock {
    const struct clock *clock; /* borrowed */
    int64_t offset_usec;       /* realtime less boottime, since the last step */
    unsigned step_count;
    wall_clock_step_t step;
    void *userdata;
    int fd; /* owned; -1: none */
    sd_event_source *set, *round;
};

/* Starts to look. event may be NULL in tests: then wall_clock_check() is called by hand. *ret is to
 * be released with wall_clock_done(), also on failure. Errors: -errno of timerfd_create(2), those
 * of sd_event_add_io(3). */
int wall_clock_init(struct wall_clock *ret, sd_event *event, const struct clock *clock,
                    wall_clock_step_t step, void *userdata);
void wall_clock_done(struct wall_clock *wall);

/* Looks now, and tells. */
void wall_clock_check(struct wall_clock *wall);

#endif
