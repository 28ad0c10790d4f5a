/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The write-ahead log: batches of submissions, numbered without a gap, in a row of segments. A
 * batch is what one write and one fdatasync make durable; it begins at a block of its own, so that
 * no later write can spoil it. A number is used again where its batch did not become durable: the
 * last batch of a number counts. So a gap in the numbers is damage, and whatever stands behind the
 * last batch was never acknowledged.
 */
#ifndef SESSMGR_STORE_LOG_H
#define SESSMGR_STORE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-record.h"
#include "daemon/store-segment.h"

enum {
    STORE_BATCH_HEAD_BYTES = 4 + 4 + 8 + STORE_SALT_BYTES + SEAL_TAG_BYTES,
    STORE_BATCH_MAX_BYTES = 1 << 20, /* with its head */
};

/* Where batches are written. */
struct store_log {
    const struct store_directory *directory; /* borrowed */
    const struct store_keys *keys;           /* borrowed */
    struct store_segment segment;            /* owned; fd -1: nothing can be written */
    uint64_t offset;                         /* of the next batch */
    uint64_t next_batch;                     /* its number */
};

/* Goes on in a segment that is empty, which is taken over. */
void store_log_use(struct store_log *log, struct store_segment *segment);

/* How long a batch may be now, with its head; 0 where there is no segment. */
uint64_t store_log_room(const struct store_log *log);

/*
 * Writes a batch and makes it durable. parts[0] is for its head; parts[1..count) are submissions
 * (used up). Together they fit into store_log_room() and STORE_BATCH_MAX_BYTES. Blocks on the disk.
 * Errors: -errno; what is on the disk is not known then, and the segment is closed for good.
 */
int store_log_write(struct store_log *log, struct iovec *parts, size_t count);

/* A stretch of the log. */
struct store_log_range {
    uint64_t first_segment, first_batch; /* where it begins, */
    uint64_t sequence;                   /* and the last change before it, all as in the manifest */
    uint64_t until_segment;              /* segments from this one on are left out; 0: none is */
    uint64_t until_batch;                /* batches from this one on are left out; 0: none is */
};

/* How it turned out. */
struct store_log_end {
    uint64_t next_batch;    /* one more than the last batch's */
    uint64_t last_sequence; /* of the last change, or the range's sequence */
    uint64_t next_segment;  /* one more than the last file's, at least first_segment */
    uint64_t empty_segment; /* the first of those at the end that nothing was ever written into;
                               else 0 */
    uint64_t bytes;         /* of all its files */
    uint64_t last_segment;  /* where the last batch stands: index of the file, 0 for none, */
    uint64_t last_offset;   /* from where in it on, */
    uint64_t last_bytes;    /* and how long it is, with its head */
    bool damaged;           /* something durable is missing; */
    struct store_error
        error; /* this; or, where nothing is, what was cut off, if message is not "" */
};

/*
 * Visits the changes of all batches of a stretch, in order; of what is damaged, all that can be
 * proven. Blocks on the disk. Errors: -EPROTONOSUPPORT a file of another version; -ENOMEM; -errno;
 * visit's. *ret_error explains.
 */
int store_log_read(const struct store_directory *directory, const struct store_keys *keys,
                   const struct store_log_range *range, store_entry_visit_t visit, void *userdata,
                   struct store_log_end *ret, struct store_error *ret_error);

/*
 * Writes the last batch of a log that was read again, under its own number, as the first of the
 * segment that the log goes on in: the process that wrote it may have been killed before it was
 * durable, and what comes behind it would be worth nothing without it. Earlier ones are durable, or
 * it would not have been written. Does nothing where there is none. Blocks on the disk. Errors:
 * -errno; after some of them the segment is closed for good.
 */
int store_log_repeat_last(struct store_log *log, const struct store_log_end *end);

/* For those two alone: the code of a batch in a segment, whose head up to it is in head. */
void store_log_authenticate(const struct store_keys *keys, uint64_t segment,
                            const unsigned char *head, const struct iovec *parts, size_t count,
                            unsigned char *ret);

/* How far it is from the begin of a batch to where the next one may begin; bytes: of its
 * submissions. */
static inline uint64_t store_log_span(uint64_t bytes)
{
    return (STORE_BATCH_HEAD_BYTES + bytes + STORE_BLOCK_BYTES - 1) / STORE_BLOCK_BYTES *
           STORE_BLOCK_BYTES;
}

#define STORE_BATCH_MAGIC UINT32_C(0x42474d53) /* "SMGB" */

#endif
