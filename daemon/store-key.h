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
#include "daemon/store.h"

#define STORE_MASTER_KEY_FILE "key"
#define STORE_DATA_KEY_FILE   "data.key"

enum {
    STORE_DATA_KEY_FILE_BYTES = 92,
    STORE_SALT_BYTES = SEAL_NONCE_BYTES - 8,
    STORE_MASTER_ID_BYTES = 16, /* hexadecimal digits that tell master keys apart */
};

/* Keys are in guarded memory. */
struct store_keys {
    unsigned char id[STORE_KEY_ID_BYTES]; /* of the data key; written beside what is sealed */
    unsigned char *data;                  /* that all below are derived from */
    unsigned char *record;                /* seals records */
    unsigned char *manifest;              /* hashes the manifest */
    unsigned char *checkpoint;            /* hashes checkpoint files */
    unsigned char *owner;                 /* for what the store's owner derives from it */
    unsigned char *log;                   /* hashes the log's headers and authenticates batches */
    /* random, whenever a process opens the store: makes its nonces and codes its own */
    unsigned char salt[STORE_SALT_BYTES];
};

/*
 * Reads the keys, or (fresh: there is nothing in the directory that an older key could open) makes
 * them. To be freed with store_keys_free(). Blocks on the disk. Errors: -EBADMSG a key file is
 * missing, damaged, or of another master key; -EPROTONOSUPPORT data.key has another version;
 * -ENOMEM; -errno of the files. *ret_error explains.
 */
int store_keys_open(struct store_keys **ret, const struct store_directory *directory,
                    const struct store_credentials *credentials, bool fresh,
                    struct store_error *ret_error);

/* Opens the contents of a data.key, which is called name in messages. As store_keys_open(). */
int store_keys_unwrap(struct store_keys **ret, const struct store_directory *directory,
                      const struct store_credentials *credentials, const void *file, size_t bytes,
                      const char *name, struct store_error *ret_error);

/*
 * Seals the data key under credentials->next, and removes the store's own master key. The ID of the
 * new one is put into ret_master_id[STORE_MASTER_ID_BYTES + 1]. Blocks on the disk. Errors: -ENOKEY
 * there is no credentials->next; -errno of the files: either master key may be the one then.
 */
int store_keys_rewrap(const struct store_keys *keys, const struct store_directory *directory,
                      const struct store_credentials *credentials, char *ret_master_id,
                      struct store_error *ret_error);

/* Wipes and frees. Accepts NULL. */
void store_keys_free(struct store_keys *keys);

#endif
