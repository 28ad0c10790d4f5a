/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log's files: each is made at its full length, filled with zeros and durable before anything
 * is written into it, so that a commit changes nothing but data blocks. What stands in them is
 * store-log.h's.
 */
#ifndef SESSMGR_STORE_SEGMENT_H
#define SESSMGR_STORE_SEGMENT_H

#include <stdint.h>

#include "daemon/store-io.h"
#include "daemon/store-key.h"

#define STORE_SEGMENT_PREFIX "log-"

/* What a disk may spoil when the power fails in a write: nothing durable shares one with what is
 * written later. The first is the header. */
enum { STORE_BLOCK_BYTES = 4096, STORE_SEGMENT_MAX_BYTES = 1 << 30 };

struct store_segment {
    int fd; /* -1: none */
    uint64_t index;
    uint64_t bytes;
};

/* Writes "log-<index>" into ret. */
void store_segment_name(uint64_t index, char ret[static STORE_NAME_MAX_BYTES + 1]);

/*
 * Makes a segment, durably, out of an older one that nothing refers to any more (recycle: its
 * index; 0: a new file). bytes: a multiple of STORE_BLOCK_BYTES, at least two. To be closed with
 * store_segment_close(). Blocks on the disk. Errors: -errno; nothing of it stays but the space.
 */
int store_segment_make(const struct store_directory *directory, const struct store_keys *keys,
                       uint64_t index, uint64_t bytes, uint64_t recycle, struct store_segment *ret);

/*
 * Opens a segment for reading and checks its header. Errors: -EBADMSG damaged; -EKEYREJECTED the
 * same, and it names another data key; -EPROTONOSUPPORT of another version; -errno. *ret_error
 * (which may be NULL) explains.
 */
int store_segment_open(const struct store_directory *directory, const struct store_keys *keys,
                       uint64_t index, struct store_segment *ret, struct store_error *ret_error);

/* The same for writing: to be used for one that was read and found to be empty. */
int store_segment_reopen(const struct store_directory *directory, const struct store_keys *keys,
                         uint64_t index, struct store_segment *ret, struct store_error *ret_error);

/* Closes it; accepts none. */
void store_segment_close(struct store_segment *segment);

#endif
