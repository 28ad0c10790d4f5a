/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a session ends, and why, and when it has to be looked at before: a pure function of what it
 * was given, of what is known of its activity, and of the two clocks. Lifetime and idleness are on
 * boottime; hours and the end of a credential are wall-clock times, brought to boottime by the
 * difference of the clocks as it is now, and so to be computed anew when the wall clock is set.
 */
#ifndef SESSMGR_SCHEDULE_H
#define SESSMGR_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/protocol.h"
#include "daemon/settings.h"

/* What is known of a session. Times on boottime unless it is said otherwise. */
struct schedule_input {
    const struct session_settings *settings;
    int64_t lifetime_end_usec;       /* -1: none */
    int64_t credential_expires_usec; /* CLOCK_REALTIME; -1: none */
    int64_t hours_end_usec;          /* CLOCK_REALTIME, with what it was put off by; -1: none */
    int64_t notice_usec;             /* no end but by idleness comes before; -1: any may */
    int64_t active_usec;             /* when it was last seen to be active */
    int64_t looked_usec;             /* when its activity was last looked for */
    bool has_terminal;               /* as it was then */
    int64_t boottime_usec;           /* now */
    int64_t realtime_usec;           /* now */
};

/* USEC_INFINITY where there is none. */
struct schedule {
    int64_t end_usec; /* whatever happens */
    enum end_reason end_reason;
    int64_t idle_end_usec; /* if nothing happens any more */
    int64_t look_usec;     /* when its activity is to be looked for, at the latest */
};

void schedule_compute(const struct schedule_input *input, struct schedule *ret);

/* The earlier of the two ends, and which it is. */
int64_t schedule_next_end(const struct schedule *schedule, enum end_reason *ret_reason);

/*
 * When the next warning before an end is due: the largest of the times left that is smaller than
 * the smallest that was given already. given_usec: USEC_INFINITY where none was. Yields
 * USEC_INFINITY where none is left.
 */
int64_t schedule_next_warning(const struct warnings *warnings, int64_t end_usec,
                              int64_t given_usec);

#endif
