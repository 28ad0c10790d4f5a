/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the bound on what is written down; see rate-limit.h.
 */
#include <config.h>

#include "daemon/rate-limit.h"

#include <stddef.h>

bool rate_limit_take(struct rate_limit *limit, int64_t uid, int64_t now_usec,
                     unsigned *ret_left_out)
{
    /* root's is its own: nobody is to be able to hide what root is refused */
    size_t index = uid == 0 ? 0 : 1 + (uint64_t)uid % (RATE_LIMIT_BUCKETS - 1);
    struct rate_bucket *bucket = &limit->buckets[index];

    if (bucket->taken == 0 || now_usec - bucket->since_usec >= RATE_LIMIT_WINDOW_USEC) {
        bucket->since_usec = now_usec;
        bucket->taken = 0;
    }
    if (bucket->taken == RATE_LIMIT_BURST) {
        bucket->left_out++;
        return false;
    }
    bucket->taken++;
    *ret_left_out = bucket->left_out;
    bucket->left_out = 0;
    return true;
}
