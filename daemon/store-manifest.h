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
enum { STORE_MANIFEST_BYTES = 136 };

/* What the owner has to know of a checkpoint. */
enum store_doubt {
    STORE_DOUBT_DAMAGED = 1,  /* it was made of a damaged store */
    STORE_DOUBT_RESTORED = 2, /* it came from a backup */
};

struct store_manifest {
    uint64_t generation;    /* of checkpoints, from 1; 0: there is none */
    uint64_t sequence;      /* of the last change in the checkpoint */
    uint64_t first_segment; /* where the log behind it begins: index of the file */
    uint64_t first_batch;   /* and number of the batch */
    uint32_t doubts;        /* enum store_doubt, or'ed */
    uint64_t record_count;  /* in the checkpoint */
    uint64_t file_bytes;    /* of the checkpoint */
    unsigned char file_hash[SEAL_HASH_BYTES]; /* of its contents, under the checkpoint key */
};

/* The bytes of a manifest's file. */
void store_manifest_encode(const struct store_keys *keys, const struct store_manifest *manifest,
                           unsigned char ret[static STORE_MANIFEST_BYTES]);

/* Proves and reads such bytes, of a file that is called name in messages. Errors:
 * store_manifest_read()'s. */
int store_manifest_decode(const struct store_keys *keys, const unsigned char *file, size_t bytes,
                          const char *name, struct store_manifest *ret,
                          struct store_error *ret_error);

/*
 * Reads and proves the manifest. Blocks on the disk. Errors: -ENOENT there is none (*ret_error is
 * left alone); -EPROTONOSUPPORT another version; -EBADMSG damaged; -EKEYREJECTED the
 * same, and it names another data key; -errno of reading. *ret_error explains.
 */
int store_manifest_read(const struct store_directory *directory, const struct store_keys *keys,
                        struct store_manifest *ret, struct store_error *ret_error);

/* Writes the manifest beside the old one, durably. What is left is store_io_commit_temporary() (or
 * store_io_drop_temporary()) with STORE_MANIFEST_FILE. Blocks on the disk. Errors: -errno. */
int store_manifest_prepare(const struct store_directory *directory, const struct store_keys *keys,
                           const struct store_manifest *manifest);

#endif
