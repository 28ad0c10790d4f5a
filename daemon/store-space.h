/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log's files to come: one is always kept ready, made by a thread of its own out of files that
 * the log has left behind, or anew. Used by the store's own thread alone.
 */
#ifndef SESSMGR_STORE_SPACE_H
#define SESSMGR_STORE_SPACE_H

#include <stdbool.h>

#include "daemon/store-files.h"
#include "daemon/store-message.h"
#include "daemon/store-segment.h"
#include "daemon/store-worker.h"

enum { STORE_RECYCLED_MAX = 4 }; /* old files that wait to be used again */

/* A file to be made, from the store's thread to the worker and back. */
struct store_segment_message {
    struct store_message message; /* first */
    uint64_t index;
    uint64_t recycle; /* index of the old file that it is made of; 0: none */
    int result;
    struct store_segment segment;
};

struct store_space {
    const struct store_files *files; /* borrowed */
    uint64_t segment_bytes;
    struct store_worker worker;
    struct store_segment spare; /* fd -1: none */
    bool making;
    struct store_segment_message made; /* while making, the worker's */
    int failure;                       /* 0, or why the last one could not be made */
    uint64_t next;                     /* index of the next file */
    uint64_t recycled[STORE_RECYCLED_MAX];
    size_t recycled_count;
};

/*
 * Starts the worker, who answers to reply with a STORE_MESSAGE_SEGMENT. Next: the index of the
 * first file. Errors: store_worker_start()'s. To be released with store_space_done(), also after an
 * error.
 */
int store_space_start(struct store_space *space, const struct store_files *files,
                      uint64_t segment_bytes, uint64_t next, struct handoff *reply);

/* Has a file made, unless one is ready or on its way. */
void store_space_make(struct store_space *space);

/* Takes over what the worker has made. Returns its result: 0, or -errno. */
int store_space_take_made(struct store_space *space);

/* Bytes for batches in the file that is ready. */
uint64_t store_space_free(const struct store_space *space);

/* Files of these indexes may be used again; no more than STORE_RECYCLED_MAX in all. */
void store_space_recycle(struct store_space *space, uint64_t first, uint64_t until);

void store_space_done(struct store_space *space);

#endif
