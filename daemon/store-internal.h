/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_open() with what only tests set: how the store reaches the disk, and its times and limits.
 */
#ifndef SESSMGR_STORE_INTERNAL_H
#define SESSMGR_STORE_INTERNAL_H

#include <stdint.h>

#include "daemon/store-io.h"
#include "daemon/store.h"

struct store_options {
    const struct store_io *io; /* borrowed; lives as long as the store */
    uint64_t log_limit_bytes;  /* a log longer than this is followed by a checkpoint */
    uint64_t retry_usec;       /* from a failure to the first try to write again */
    uint64_t retry_max_usec;   /* it doubles up to this */
};

/* What store_open() uses. */
extern const struct store_options store_options_default;

/* As store_open(); options is copied. */
int store_open_with_options(struct store **ret, sd_event *event, const char *directory,
                            const char *credential_path, const struct store_callbacks *callbacks,
                            const struct store_options *options, struct store_error *ret_error);

#endif
