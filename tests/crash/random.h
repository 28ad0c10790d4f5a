/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers that a seed decides (splitmix64), so that a failure can be had again. */
#ifndef SESSMGR_TESTS_CRASH_RANDOM_H
#define SESSMGR_TESTS_CRASH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* One of 0..count - 1. */
static inline size_t random_below(struct random *random, size_t count)
{
    return count ? (size_t)(random_next(random) % count) : 0;
}

static inline void random_fill(struct random *random, void *ret, size_t bytes)
{
    unsigned char *at = ret;

    while (bytes-- > 0)
        *at++ = (unsigned char)(random_next(random) >> 32);
}

#endif
