/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_open() with what only tests and benchmarks set: how the store reaches the disk, and its
 * times and limits.
 */
#ifndef SESSMGR_STORE_INTERNAL_H
#define SESSMGR_STORE_INTERNAL_H

#include <stdint.h>

#include "daemon/store-io.h"
#include "daemon/store.h"

struct store_options {
    const struct store_io *io; /* borrowed; lives as long as the store; used by several threads */
    uint64_t segment_bytes;    /* of a file of the log: a multiple of 4096 */
    uint64_t reserve_bytes;    /* of the log's free space, kept for what is essential */
    uint64_t log_limit_bytes;  /* a log longer than this, and than half the checkpoint, is followed
                                  by a checkpoint */
    uint64_t retry_usec;       /* from a failure to the first try to write again */
    uint64_t retry_max_usec;   /* it doubles up to this */
};

/* What store_open() uses. */
extern const struct store_options store_options_default;

/* As store_open(); options is copied. */
int store_open_with_options(struct store **ret, sd_event *event, const char *directory,
                            const struct store_credentials *credentials,
                            const struct store_callbacks *callbacks,
                            const struct store_options *options, struct store_error *ret_error);

#endif
