/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far a long work is, and whether it is still wanted: written by one thread, read by others.
 */
#ifndef SESSMGR_STORE_WORK_H
#define SESSMGR_STORE_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_work {
    _Atomic uint64_t done_bytes;
    _Atomic uint64_t total_bytes; /* 0: nothing is under way */
    atomic_bool cancelled;
};

static inline void store_work_begin(struct store_work *work, uint64_t total_bytes)
{
    if (!work)
        return;
    atomic_store(&work->done_bytes, 0);
    atomic_store(&work->total_bytes, total_bytes);
}

static inline void store_work_add(struct store_work *work, uint64_t bytes)
{
    if (work)
        atomic_fetch_add_explicit(&work->done_bytes, bytes, memory_order_relaxed);
}

/* Whether nobody waits for it any more. */
static inline bool store_work_is_cancelled(struct store_work *work)
{
    return work && atomic_load_explicit(&work->cancelled, memory_order_relaxed);
}

#endif
