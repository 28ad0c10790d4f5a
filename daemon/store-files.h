/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's files as one thing, from the moment a process takes hold of them until it has read
 * them. What happens to them afterwards is the threads' business.
 */
#ifndef SESSMGR_STORE_FILES_H
#define SESSMGR_STORE_FILES_H

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-log.h"
#include "daemon/store-manifest.h"
#include "daemon/store-map.h"

/* What is long since durable is in the checkpoint, what came later in the log. */
struct store_files {
    struct store_directory directory; /* fd owned */
    int lock_fd;
    struct store_keys *keys;
    struct store_manifest manifest; /* generation 0: none yet */
    struct store_log_end end;       /* of the log, once it was read */
    struct store_error damage;      /* message "" where nothing is damaged */
    bool restored;                  /* the files came from a backup */
    bool keep_all;                  /* damaged files could not be put aside, and stay for now */
};

/*
 * Opens the directory and takes the lock, and nothing more. To be released with store_files_done(),
 * also after an error. Blocks not. Errors: -EBUSY another process holds it; -errno.
 */
int store_files_lock(struct store_files *files, const char *directory, const struct store_io *io,
                     struct store_error *ret_error);

/*
 * Takes the lock, finishes a restore that was cut short, reads keys and manifest; in an empty
 * directory makes the keys. io is borrowed. To be released with store_files_done(), also after an
 * error. Blocks on the disk. Errors: as store_open().
 */
int store_files_open(struct store_files *files, const char *directory,
                     const struct store_credentials *credentials, const struct store_io *io,
                     struct store_error *ret_error);

/*
 * Visits what the files add up to, each key once. Where something is damaged, or nothing is there
 * yet, a checkpoint is made of what is left, and damaged files are put aside. Then tidies up.
 * Blocks on the disk. Errors: as store_load().
 */
int store_files_load(struct store_files *files, store_visit_t visit, void *userdata,
                     struct store_error *ret_error);

/* Wipes the keys, closes the files and lets the lock go. */
void store_files_done(struct store_files *files);

#endif
