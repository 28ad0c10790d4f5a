/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's keys. A key file is only ever made where none is and nothing depends on an older one;
 * what is there is never replaced.
 */
#include <config.h>

#include "daemon/store-key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"

enum {
    DATA_KEY_VERSION = 1,
    /* what is tied to the sealed key: magic, version, key ID */
    DATA_KEY_HEAD_BYTES = STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES,
    DATA_KEY_FILE_BYTES = DATA_KEY_HEAD_BYTES + SEAL_KEY_BYTES + SEAL_OVERHEAD_BYTES,
};

/* What the data key is turned into; the numbers are part of the format. */
enum {
    PURPOSE_RECORD = 1,
    PURPOSE_MANIFEST = 2,
    PURPOSE_CHECKPOINT = 3,
    PURPOSE_OWNER = 4,
};

static const char data_key_magic[STORE_MAGIC_BYTES] = "sessmgrK";

/* Makes a file that was not there, durably, readable by its owner alone. */
static int make_file(const struct store_directory *directory, const char *name, const void *data,
                     size_t bytes, struct store_error *ret_error)
{
    int r = store_io_write_temporary(directory, name, data, bytes, 0400, NULL);
    if (r >= 0) {
        r = store_io_commit_temporary(directory, name);
        if (r < 0)
            store_io_drop_temporary(directory, name);
    }
    if (r < 0)
        return store_explain(ret_error, r, name, -1, "cannot be made: %s", strerror(-r));
    return 0;
}

/* Reads a file of exactly that many bytes. */
static int read_exactly(const struct store_directory *directory, const char *name, void *buffer,
                        size_t bytes, struct store_error *ret_error)
{
    ssize_t count = store_io_read_file(directory, name, buffer, bytes);
    if (count == -ENOENT)
        return -ENOENT; /* what that means is for the caller to say */
    if (count < 0 && count != -EFBIG)
        return store_explain(ret_error, (int)count, name, -1, "cannot be read: %s",
                             strerror((int)-count));
    if (count != (ssize_t)bytes)
        return store_explain(ret_error, -EBADMSG, name, -1, "must be exactly %zu bytes long",
                             bytes);
    return 0;
}

static int read_master(const struct store_directory *directory, const char *credential_path,
                       bool fresh, unsigned char *ret, struct store_error *ret_error)
{
    const struct store_directory anywhere = {.fd = AT_FDCWD, .io = directory->io};
    int r;

    if (credential_path) {
        r = read_exactly(&anywhere, credential_path, ret, SEAL_KEY_BYTES, ret_error);
        if (r == -ENOENT)
            return store_explain(ret_error, r, credential_path, -1,
                                 "the credential with the master key is not there");
        return r;
    }
    r = read_exactly(directory, STORE_MASTER_KEY_FILE, ret, SEAL_KEY_BYTES, ret_error);
    if (r != -ENOENT)
        return r;
    if (!fresh)
        return store_explain(ret_error, -EBADMSG, STORE_MASTER_KEY_FILE, -1,
                             "the master key is missing, but files sealed under it are there");
    seal_random(ret, SEAL_KEY_BYTES);
    return make_file(directory, STORE_MASTER_KEY_FILE, ret, SEAL_KEY_BYTES, ret_error);
}

static int make_data_key(const struct store_directory *directory, const unsigned char *master,
                         unsigned char *ret_id, unsigned char *ret_key,
                         struct store_error *ret_error)
{
    unsigned char file[DATA_KEY_FILE_BYTES];
    unsigned char *at = file;

    seal_random(ret_id, STORE_KEY_ID_BYTES);
    seal_random(ret_key, SEAL_KEY_BYTES);
    store_put_bytes(&at, data_key_magic, STORE_MAGIC_BYTES);
    store_put32(&at, DATA_KEY_VERSION);
    store_put_bytes(&at, ret_id, STORE_KEY_ID_BYTES);
    memcpy(at + SEAL_NONCE_BYTES, ret_key, SEAL_KEY_BYTES);
    seal_close(master, file, DATA_KEY_HEAD_BYTES, at, SEAL_KEY_BYTES);
    return make_file(directory, STORE_DATA_KEY_FILE, file, sizeof(file), ret_error);
}

/* Checks magic and version alone, so that a later format, of whatever size, is told from damage. */
static int check_data_key_version(const struct store_directory *directory,
                                  struct store_error *ret_error)
{
    unsigned char head[STORE_MAGIC_BYTES + 4];
    const unsigned char *at = head + STORE_MAGIC_BYTES;

    ssize_t count = store_io_read_file(directory, STORE_DATA_KEY_FILE, head, sizeof(head));
    if (count == -ENOENT)
        return -ENOENT;
    if (count < 0 && count != -EFBIG)
        return store_explain(ret_error, (int)count, STORE_DATA_KEY_FILE, -1, "cannot be read: %s",
                             strerror((int)-count));
    if (count >= 0 || memcmp(head, data_key_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, STORE_DATA_KEY_FILE, 0,
                             "is not a data key of this program");

    uint32_t version = store_get32(&at);
    if (version != DATA_KEY_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, STORE_DATA_KEY_FILE, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             DATA_KEY_VERSION);
    return 0;
}

static int read_data_key(const struct store_directory *directory, const char *master_name,
                         const unsigned char *master, unsigned char *ret_id, unsigned char *ret_key,
                         struct store_error *ret_error)
{
    unsigned char file[DATA_KEY_FILE_BYTES];
    unsigned char *sealed = file + DATA_KEY_HEAD_BYTES;
    size_t bytes;
    int r;

    r = read_exactly(directory, STORE_DATA_KEY_FILE, file, sizeof(file), ret_error);
    if (r < 0)
        return r;
    r = seal_open(master, file, DATA_KEY_HEAD_BYTES, sealed, sizeof(file) - DATA_KEY_HEAD_BYTES,
                  &bytes);
    if (r < 0)
        return store_explain(ret_error, r, STORE_DATA_KEY_FILE, DATA_KEY_HEAD_BYTES,
                             "cannot be opened with the master key in %.128s: it was sealed under "
                             "another one, or is damaged",
                             master_name);
    memcpy(ret_id, file + STORE_MAGIC_BYTES + 4, STORE_KEY_ID_BYTES);
    memcpy(ret_key, sealed + SEAL_NONCE_BYTES, SEAL_KEY_BYTES);
    seal_wipe(file, sizeof(file));
    return 0;
}

static int derive_keys(const unsigned char *data_key, struct store_keys *keys)
{
    keys->record = seal_key_new();
    keys->manifest = seal_key_new();
    keys->checkpoint = seal_key_new();
    keys->owner = seal_key_new();
    if (!keys->record || !keys->manifest || !keys->checkpoint || !keys->owner)
        return -ENOMEM;
    seal_derive(data_key, PURPOSE_RECORD, keys->record);
    seal_derive(data_key, PURPOSE_MANIFEST, keys->manifest);
    seal_derive(data_key, PURPOSE_CHECKPOINT, keys->checkpoint);
    seal_derive(data_key, PURPOSE_OWNER, keys->owner);
    return 0;
}

static void keys_freep(struct store_keys **keys)
{
    store_keys_free(*keys);
}

int store_keys_open(struct store_keys **ret, const struct store_directory *directory,
                    const char *credential_path, bool fresh, struct store_error *ret_error)
{
    CLEANUP(keys_freep) struct store_keys *keys = calloc(1, sizeof(*keys));
    CLEANUP(seal_key_freep) unsigned char *master = seal_key_new();
    CLEANUP(seal_key_freep) unsigned char *data_key = seal_key_new();
    int r;

    if (!keys || !master || !data_key)
        return store_explain(ret_error, -ENOMEM, STORE_DATA_KEY_FILE, -1, "out of memory");

    /* Before anything is made: a data key of any kind says that the store is not fresh. */
    r = check_data_key_version(directory, ret_error);
    if (r < 0 && r != -ENOENT)
        return r;
    bool make = r == -ENOENT;
    if (make && !fresh)
        return store_explain(ret_error, -EBADMSG, STORE_DATA_KEY_FILE, -1,
                             "is missing, but files sealed under it are there");

    r = read_master(directory, credential_path, make, master, ret_error);
    if (r < 0)
        return r;
    if (make)
        r = make_data_key(directory, master, keys->id, data_key, ret_error);
    else
        r = read_data_key(directory, credential_path ? credential_path : STORE_MASTER_KEY_FILE,
                          master, keys->id, data_key, ret_error);
    if (r < 0)
        return r;
    r = derive_keys(data_key, keys);
    if (r < 0)
        return store_explain(ret_error, r, STORE_DATA_KEY_FILE, -1, "out of memory");
    *ret = TAKE_PTR(keys);
    return 0;
}

void store_keys_free(struct store_keys *keys)
{
    if (!keys)
        return;
    seal_key_free(keys->record);
    seal_key_free(keys->manifest);
    seal_key_free(keys->checkpoint);
    seal_key_free(keys->owner);
    free(keys);
}
