/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's two clocks, passed in so that tests can bring their own. Deadlines are on boottime
 * (suspend counts, a step of the wall clock moves nothing); what people and records see is
 * realtime.
 */
#ifndef SESSMGR_CLOCK_H
#define SESSMGR_CLOCK_H

#include <stdint.h>

#define USEC_PER_SEC  ((int64_t)1000000)
#define USEC_PER_MSEC ((int64_t)1000)
#define USEC_INFINITY INT64_MAX

struct clock {
    int64_t (*realtime_usec)(const struct clock *clock); /* CLOCK_REALTIME */
    int64_t (*boottime_usec)(const struct clock *clock); /* CLOCK_BOOTTIME */
};

/* The machine's own clocks. */
extern const struct clock clock_system;

enum { CLOCK_TEXT_MAX_BYTES = 64 };

/* A time of CLOCK_REALTIME for people, in the host's zone and to the minute, a begun one counting
 * as whole: "Mon 2026-11-23 20:48 UTC". Returns buffer. */
const char *clock_text(int64_t realtime_usec, char buffer[static CLOCK_TEXT_MAX_BYTES]);

#endif
