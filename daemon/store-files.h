/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's files as one thing: which checkpoint and which log are the current ones, the step
 * from one pair to the next, and the sequences that both are numbered by.
 *
 * Sequences: each submission takes one when it is queued, and so does each checkpoint, so that a
 * checkpoint holds exactly the changes with smaller sequences, and the log behind it begins with
 * the next. A sequence that may have reached the disk is never used a second time.
 */
#ifndef SESSMGR_STORE_FILES_H
#define SESSMGR_STORE_FILES_H

#include <stdint.h>

#include "daemon/store-checkpoint.h"
#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-log.h"
#include "daemon/store-manifest.h"

struct store_files {
    struct store_directory directory; /* fd owned */
    int lock_fd;
    struct store_keys *keys;
    struct store_manifest manifest; /* sequence 0: none yet */
    struct store_log *log;          /* NULL: there is none that may be written to */
    uint64_t last_sequence;         /* taken by a submission or a checkpoint */
    uint64_t damaged_log;           /* first sequence of a log that was cut, or 0 */
};

/*
 * Takes the lock, reads keys and manifest, and looks at the logs' headers; in an empty directory
 * makes the keys. Changes nothing else. io is borrowed. To be released with store_files_done(),
 * also after an error. Blocks on the disk. Errors: as store_open().
 */
int store_files_open(struct store_files *files, const char *directory, const char *credential_path,
                     const struct store_io *io, struct store_error *ret_error);

/*
 * Visits what the files add up to, each key once. Then begins a log; where an earlier log added
 * something to the checkpoint, or there is none, it makes a checkpoint first. *ret_written: 0, or
 * -errno where that failed; the log is NULL then. Blocks on the disk. Errors: as store_load().
 */
int store_files_load(struct store_files *files, store_visit_t visit, void *userdata,
                     int *ret_written, struct store_error *ret_error);

/*
 * Makes a checkpoint of a snapshot, begins a new log, and removes what was before. Blocks on the
 * disk. Errors: -errno, snapshot's; then the log goes on, or is closed and NULL where going on
 * would not be safe.
 */
int store_files_renew(struct store_files *files, store_snapshot_t snapshot, void *userdata);

/* Closes the log for good: something of it was not taken by the disk. */
void store_files_stop(struct store_files *files);

/* Wipes the keys, closes the files and lets the lock go. */
void store_files_done(struct store_files *files);

#endif
