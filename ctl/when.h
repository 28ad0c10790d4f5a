/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people write for times. No clock is read here: what is meant from now on is passed in.
 */
#ifndef SESSMGRCTL_WHEN_H
#define SESSMGRCTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* A span of whole seconds above 0: "30s", "5min", "1h 30min"; a number without a unit is seconds.
 * As in sessmgrd.conf(5). False where it is none. */
bool when_parse_span(const char *text, int64_t *ret_sec);

/*
 * A moment, in microseconds since the epoch: "2026-12-24 18:00" or "2026-12-24 18:00:30" in the
 * local zone, "2026-12-24" for the beginning of the day, "18:00" for the next time that the clock
 * shows this, "+2h" for a span from now_usec on. It may have passed. False where it is none.
 */
bool when_parse(const char *text, int64_t now_usec, int64_t *ret_usec);

#endif
