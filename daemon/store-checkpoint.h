/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checkpoints: GDBM files that hold every record of the store at one moment, sealed as in the log.
 * One is written once, and read only after its keyed hash was found to be the manifest's.
 */
#ifndef SESSMGR_STORE_CHECKPOINT_H
#define SESSMGR_STORE_CHECKPOINT_H

#include <stdint.h>

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-manifest.h"
#include "daemon/store-record.h"
#include "daemon/store-work.h"

#define STORE_CHECKPOINT_PREFIX "checkpoint-"
#define STORE_CHECKPOINT_SUFFIX ".gdbm"

/* Writes "checkpoint-<generation>.gdbm" into ret. */
void store_checkpoint_name(uint64_t generation, char ret[static STORE_NAME_MAX_BYTES + 1]);

/* A checkpoint in the making. */
struct store_checkpoint_writer;

/*
 * Begins a checkpoint in a new file, whatever an earlier try left under its name. To be ended by
 * one of the two below. Blocks on the disk. Errors: -errno.
 */
int store_checkpoint_begin(struct store_checkpoint_writer **ret,
                           const struct store_directory *directory, uint64_t generation);

/* Adds a record, as it is sealed. Errors: -errno; -EEXIST its key is there. */
int store_checkpoint_put(struct store_checkpoint_writer *writer, const struct store_entry *entry);

/*
 * Closes the file, makes it durable and takes its hash into manifest (record_count, file_bytes,
 * file_hash). The writer is freed in any case; after an error its file is gone. Blocks on the disk.
 * Errors: -errno; -ECANCELED.
 */
int store_checkpoint_end(struct store_checkpoint_writer *writer, const struct store_keys *keys,
                         struct store_work *work, struct store_manifest *manifest);

/* Frees the writer and removes its file. Accepts NULL. */
void store_checkpoint_abandon(struct store_checkpoint_writer *writer);

/*
 * Visits every record of the manifest's checkpoint, after it has proven the file. work: may be
 * NULL; bytes that were read are added. Blocks on the disk. Errors: -EBADMSG missing or damaged;
 * -ECANCELED; -errno; visit's. *ret_error explains.
 */
int store_checkpoint_read(const struct store_directory *directory, const struct store_keys *keys,
                          const struct store_manifest *manifest, struct store_work *work,
                          store_entry_visit_t visit, void *userdata, struct store_error *ret_error);

#endif
