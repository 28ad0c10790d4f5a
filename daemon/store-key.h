/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's keys: the master key comes from a credential or from the store's own file `key`; it
 * wraps the data key in `data.key`; and that one gives a key to each purpose. doc/store.md has the
 * formats.
 */
#ifndef SESSMGR_STORE_KEY_H
#define SESSMGR_STORE_KEY_H

#include <stdbool.h>

#include "daemon/seal.h"
#include "daemon/store-io.h"

#define STORE_MASTER_KEY_FILE "key"
#define STORE_DATA_KEY_FILE   "data.key"

/* All in guarded memory. */
struct store_keys {
    unsigned char id[STORE_KEY_ID_BYTES]; /* of the data key; written beside what is sealed */
    unsigned char *record;                /* seals records */
    unsigned char *manifest;              /* hashes the manifest */
    unsigned char *checkpoint;            /* hashes checkpoint files */
    unsigned char *owner;                 /* for what the store's owner derives from it */
};

/*
 * Reads the keys, or (fresh: there is nothing in the directory that an older key could open) makes
 * those that are missing. credential_path: the file with the 32-byte master key, or NULL for `key`.
 * To be freed with store_keys_free(). Blocks on the disk. Errors: -EBADMSG a key file is missing,
 * damaged, or of another master key; -EPROTONOSUPPORT data.key has another version; -ENOMEM; -errno
 * of the files. *ret_error explains.
 */
int store_keys_open(struct store_keys **ret, const struct store_directory *directory,
                    const char *credential_path, bool fresh, struct store_error *ret_error);

/* Wipes and frees. Accepts NULL. */
void store_keys_free(struct store_keys *keys);

#endif
