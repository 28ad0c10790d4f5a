/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's write-ahead log: one file "log-<first sequence>" with a record for each submission,
 * sealed, numbered without gaps. A log is appended to only by the process that began it; once a
 * write or an fdatasync of it failed, never again. doc/store.md has the format.
 */
#ifndef SESSMGR_STORE_LOG_H
#define SESSMGR_STORE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "daemon/store-io.h"
#include "daemon/store-key.h"

#define STORE_LOG_PREFIX "log-"

struct store_log;

/* Takes one change out of a log: value NULL for a removal. key is not ended by a NUL. Both live
 * during the call. A negative result ends the reading and is returned by it. */
typedef int (*store_log_visit_t)(const void *key, size_t key_bytes, const void *value,
                                 size_t value_bytes, void *userdata);

/* What a log turned out to hold. */
struct store_log_contents {
    uint64_t next_sequence; /* one more than the last whole record's */
    bool cut;               /* something behind the last whole record was left out */
};

/* How many bytes the record of these changes takes. */
size_t store_log_record_bytes(const struct store_change *changes, size_t count);

/* Writes the sealed record into store_log_record_bytes() of memory. */
void store_log_encode(const struct store_keys *keys, uint64_t sequence,
                      const struct store_change *changes, size_t count, unsigned char *record);

/*
 * Makes the log whose first record will have first_sequence, durably and in place of one of the
 * same name (which can hold no whole record: a record of that sequence would have been loaded).
 * Blocks on the disk. Errors: -errno.
 */
int store_log_begin(struct store_log **ret, const struct store_directory *directory,
                    const struct store_keys *keys, uint64_t first_sequence);

/* Appends records (the parts are used up). Blocks on the disk. Errors: -errno; the log is not to be
 * written again then. */
int store_log_append(struct store_log *log, struct iovec *parts, size_t count);

/* Makes durable what was appended. Blocks on the disk. Errors: as store_log_append(). */
int store_log_sync(struct store_log *log);

/* The sequence in the log's name. */
uint64_t store_log_first(const struct store_log *log);

/* Bytes in the file. */
uint64_t store_log_bytes(const struct store_log *log);

/* Accepts NULL. Does not block. */
void store_log_close(struct store_log *log);

/*
 * Reads the header of the log with that first sequence. Blocks on the disk. Errors:
 * -EPROTONOSUPPORT another version; -EBADMSG damaged or of another data key; -errno of reading.
 * *ret_error explains.
 */
int store_log_check(const struct store_directory *directory, const struct store_keys *keys,
                    uint64_t first_sequence, struct store_error *ret_error);

/*
 * Visits the changes of every record up to the first one that is torn or damaged (which is said in
 * a warning). Blocks on the disk. Errors: as store_log_check(), and visit's; -EBADMSG also for a
 * record that is proven and yet makes no sense; -ENOMEM.
 */
int store_log_read(const struct store_directory *directory, const struct store_keys *keys,
                   uint64_t first_sequence, store_log_visit_t visit, void *userdata,
                   struct store_log_contents *ret, struct store_error *ret_error);

#endif
