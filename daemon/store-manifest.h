/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's manifest: the one file that says which checkpoint counts. It is replaced whole, by
 * rename; that is the moment at which a checkpoint begins to count.
 */
#ifndef SESSMGR_STORE_MANIFEST_H
#define SESSMGR_STORE_MANIFEST_H

#include <stdint.h>

#include "daemon/seal.h"
#include "daemon/store-io.h"
#include "daemon/store-key.h"

#define STORE_MANIFEST_FILE "manifest"

struct store_manifest {
    uint64_t sequence;     /* the checkpoint's own; every change in it has a smaller one */
    uint64_t record_count; /* in the checkpoint */
    uint64_t file_bytes;   /* of the checkpoint */
    unsigned char file_hash[SEAL_HASH_BYTES];  /* of its contents, under the checkpoint key */
    char checkpoint[STORE_NAME_MAX_BYTES + 1]; /* file name */
};

/*
 * Reads and proves the manifest. Blocks on the disk. Errors: -ENOENT there is none (*ret_error is
 * left alone); -EPROTONOSUPPORT another version; -EBADMSG damaged or not made under these keys;
 * -errno of reading. *ret_error explains.
 */
int store_manifest_read(const struct store_directory *directory, const struct store_keys *keys,
                        struct store_manifest *ret, struct store_error *ret_error);

/* Writes the manifest beside the old one, durably. What is left is store_io_commit_temporary() (or
 * store_io_drop_temporary()) with STORE_MANIFEST_FILE. Blocks on the disk. Errors: -errno. */
int store_manifest_prepare(const struct store_directory *directory, const struct store_keys *keys,
                           const struct store_manifest *manifest);

#endif
