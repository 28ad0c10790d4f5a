/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checkpoints: a GDBM file with the whole live set, keys in the clear and values sealed. It is
 * written once, by whoever made it, and after that only read, and only after it was proven against
 * the hash in the manifest: GDBM believes what it reads. doc/store.md has the format.
 */
#ifndef SESSMGR_STORE_CHECKPOINT_H
#define SESSMGR_STORE_CHECKPOINT_H

#include <stdint.h>

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-manifest.h"

#define STORE_CHECKPOINT_PREFIX "checkpoint-"
#define STORE_CHECKPOINT_SUFFIX ".gdbm"

/* Hands every record of a live set to visit and returns what it returned where that is negative. */
typedef int (*store_snapshot_t)(store_visit_t visit, void *visit_userdata, void *userdata);

/* Takes one record; key is not ended by a NUL. A negative result ends the reading and is returned.
 */
typedef int (*store_checkpoint_visit_t)(const void *key, size_t key_bytes, const void *value,
                                        size_t value_bytes, void *userdata);

/*
 * Writes "checkpoint-<sequence>.gdbm", durably but for its name in the directory (which the
 * manifest's commit makes durable), in place of an unfinished one; *ret is the manifest that it
 * needs. Blocks on the disk. Errors: -errno of the files or of GDBM; snapshot's; -EINVAL, -EEXIST a
 * record beyond its limits, or twice; -ENOMEM. On an error no file stays behind.
 */
int store_checkpoint_write(const struct store_directory *directory, const struct store_keys *keys,
                           uint64_t sequence, store_snapshot_t snapshot, void *userdata,
                           struct store_manifest *ret);

/*
 * Proves the checkpoint that the manifest names and visits its records, in no order. Blocks on the
 * disk. Errors: -EBADMSG missing, damaged, or not the one that the manifest means;
 * -EPROTONOSUPPORT a record of another version; visit's; -errno of reading; -ENOMEM. *ret_error
 * explains.
 */
int store_checkpoint_read(const struct store_directory *directory, const struct store_keys *keys,
                          const struct store_manifest *manifest, store_checkpoint_visit_t visit,
                          void *userdata, struct store_error *ret_error);

#endif
