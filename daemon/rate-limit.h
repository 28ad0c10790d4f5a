/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bound on how often something that anybody can cause is written down: so many of it for a user
 * in a while; of the rest it is said how many there were.
 */
#ifndef SESSMGR_RATE_LIMIT_H
#define SESSMGR_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/clock.h"

enum {
    RATE_LIMIT_BURST = 20,
    RATE_LIMIT_BUCKETS = 64, /* root has one, users whose IDs leave the same remainder share one */
};

#define RATE_LIMIT_WINDOW_USEC (30 * USEC_PER_SEC)

/* All zeroes is a new one. */
struct rate_limit {
    struct rate_bucket {
        int64_t since_usec; /* when its window began */
        unsigned taken;
        unsigned left_out;
    } buckets[RATE_LIMIT_BUCKETS];
};

/*
 * Whether something that a user caused may be written down now (boottime). *ret_left_out: how many
 * were left out since the last one that was written.
 */
bool rate_limit_take(struct rate_limit *limit, int64_t uid, int64_t now_usec,
                     unsigned *ret_left_out);

#endif
