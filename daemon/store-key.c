/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's keys. A master key is only ever made where none is and nothing depends on an older
 * one; the file of the data key is replaced by the same key under another master key alone.
 */
#include <config.h>

#include "daemon/store-key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"

enum {
    DATA_KEY_VERSION = 1,
    /* what is tied to the sealed key: magic, version, key ID */
    DATA_KEY_HEAD_BYTES = STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES,
};
static_assert(STORE_DATA_KEY_FILE_BYTES ==
                  (int)DATA_KEY_HEAD_BYTES + (int)SEAL_KEY_BYTES + (int)SEAL_OVERHEAD_BYTES,
              "length of the file");

/* What the data key is turned into; the numbers are part of the format. */
enum {
    PURPOSE_RECORD = 1,
    PURPOSE_MANIFEST = 2,
    PURPOSE_CHECKPOINT = 3,
    PURPOSE_OWNER = 4,
    PURPOSE_LOG = 5,
    PURPOSE_MASTER_ID = 6, /* of a master key */
};

static const char data_key_magic[STORE_MAGIC_BYTES] = "sessmgrK";

/* Makes a file that was not there, durably, readable by its owner alone. */
static int make_file(const struct store_directory *directory, const char *name, const void *data,
                     size_t bytes, struct store_error *ret_error)
{
    int r = store_io_write_temporary(directory, name, data, bytes, 0400);
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

/* Reads the first master key that there is: the credential's, or the store's own. */
static int read_first_master(const struct store_directory *directory,
                             const struct store_credentials *credentials, unsigned char *ret,
                             struct store_error *ret_error)
{
    const struct store_directory anywhere = {.fd = AT_FDCWD, .io = directory->io};
    int r;

    if (!credentials->key) {
        r = read_exactly(directory, STORE_MASTER_KEY_FILE, ret, SEAL_KEY_BYTES, ret_error);
        if (r == -ENOENT)
            (void)store_explain(ret_error, r, STORE_MASTER_KEY_FILE, -1,
                                "the master key is missing, but files sealed under it are "
                                "there"); /* the text is what is wanted */
        return r;
    }
    r = read_exactly(&anywhere, credentials->key, ret, SEAL_KEY_BYTES, ret_error);
    if (r == -ENOENT)
        (void)store_explain(ret_error, r, credentials->key, -1,
                            "the credential with the master key is not there"); /* as above */
    return r;
}

static int read_next_master(const struct store_directory *directory,
                            const struct store_credentials *credentials, unsigned char *ret,
                            struct store_error *ret_error)
{
    const struct store_directory anywhere = {.fd = AT_FDCWD, .io = directory->io};
    int r;

    if (!credentials->next)
        return store_explain(ret_error, -ENOKEY, "sessmgr.key.next", -1,
                             "there is no credential with a new master key");
    r = read_exactly(&anywhere, credentials->next, ret, SEAL_KEY_BYTES, ret_error);
    if (r == -ENOENT)
        return store_explain(ret_error, r, credentials->next, -1,
                             "the credential with the new master key is not there");
    return r;
}

/* Seals a data key into the bytes of its file. */
static void wrap(const unsigned char *master, const unsigned char *id, const unsigned char *data,
                 unsigned char file[static STORE_DATA_KEY_FILE_BYTES])
{
    unsigned char *at = file;

    store_put_bytes(&at, data_key_magic, STORE_MAGIC_BYTES);
    store_put32(&at, DATA_KEY_VERSION);
    store_put_bytes(&at, id, STORE_KEY_ID_BYTES);
    memcpy(at + SEAL_NONCE_BYTES, data, SEAL_KEY_BYTES);
    seal_close(master, NULL, file, DATA_KEY_HEAD_BYTES, at, SEAL_KEY_BYTES);
}

/* Checks magic and version alone, so that a later format, of whatever size, is told from damage. */
static int check_version(const unsigned char *file, size_t bytes, const char *name,
                         struct store_error *ret_error)
{
    const unsigned char *at = file + STORE_MAGIC_BYTES;

    if (bytes < STORE_MAGIC_BYTES + 4 || memcmp(file, data_key_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, name, 0, "is not a data key of this program");
    uint32_t version = store_get32(&at);
    if (version != DATA_KEY_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, name, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             DATA_KEY_VERSION);
    return 0;
}

/* Opens a data key with one master key. */
static int unwrap_with(const unsigned char *master, const unsigned char *file,
                       struct store_keys *keys)
{
    unsigned char sealed[STORE_DATA_KEY_FILE_BYTES - DATA_KEY_HEAD_BYTES];
    size_t bytes;
    int r;

    memcpy(sealed, file + DATA_KEY_HEAD_BYTES, sizeof(sealed));
    r = seal_open(master, file, DATA_KEY_HEAD_BYTES, sealed, sizeof(sealed), &bytes);
    if (r >= 0) {
        memcpy(keys->id, file + STORE_MAGIC_BYTES + 4, STORE_KEY_ID_BYTES);
        memcpy(keys->data, sealed + SEAL_NONCE_BYTES, SEAL_KEY_BYTES);
    }
    seal_wipe(sealed, sizeof(sealed));
    return r;
}

static int unwrap(const struct store_directory *directory,
                  const struct store_credentials *credentials, const unsigned char *file,
                  const char *name, struct store_keys *keys, struct store_error *ret_error)
{
    CLEANUP(seal_key_freep) unsigned char *master = seal_key_new();
    int first, r;

    if (!master)
        return store_explain(ret_error, -ENOMEM, name, -1, "out of memory");
    first = read_first_master(directory, credentials, master, ret_error);
    if (first >= 0)
        first = unwrap_with(master, file, keys);
    if (first >= 0)
        return 0;
    if (credentials->next) {
        r = read_next_master(directory, credentials, master, ret_error);
        if (r >= 0)
            r = unwrap_with(master, file, keys);
        if (r >= 0)
            return 0;
        if (r != -EBADMSG)
            return r;
    } else if (first != -EBADMSG)
        return first == -ENOENT ? -EBADMSG : first; /* explained already */
    return store_explain(ret_error, -EBADMSG, name, DATA_KEY_HEAD_BYTES,
                         "cannot be opened with the master key in %.128s%s: it was sealed under "
                         "another one, or is damaged",
                         credentials->key ? credentials->key : STORE_MASTER_KEY_FILE,
                         credentials->next ? ", nor with the one in sessmgr.key.next" : "");
}

/* Makes the store's first keys: a data key under the master key, which is made too where the store
 * is to have its own. */
static int make_keys(const struct store_directory *directory,
                     const struct store_credentials *credentials, struct store_keys *keys,
                     struct store_error *ret_error)
{
    unsigned char file[STORE_DATA_KEY_FILE_BYTES];
    CLEANUP(seal_key_freep) unsigned char *master = seal_key_new();
    int r;

    if (!master)
        return store_explain(ret_error, -ENOMEM, STORE_DATA_KEY_FILE, -1, "out of memory");
    r = read_first_master(directory, credentials, master, ret_error);
    if (r == -ENOENT && !credentials->key) {
        seal_random(master, SEAL_KEY_BYTES);
        r = make_file(directory, STORE_MASTER_KEY_FILE, master, SEAL_KEY_BYTES, ret_error);
    }
    if (r < 0)
        return r;
    seal_random(keys->id, STORE_KEY_ID_BYTES);
    seal_random(keys->data, SEAL_KEY_BYTES);
    wrap(master, keys->id, keys->data, file);
    return make_file(directory, STORE_DATA_KEY_FILE, file, sizeof(file), ret_error);
}

static void keys_freep(struct store_keys **keys)
{
    store_keys_free(*keys);
}

static struct store_keys *keys_new(void)
{
    CLEANUP(keys_freep) struct store_keys *keys = calloc(1, sizeof(*keys));

    if (!keys)
        return NULL;
    keys->data = seal_key_new();
    keys->record = seal_key_new();
    keys->manifest = seal_key_new();
    keys->checkpoint = seal_key_new();
    keys->owner = seal_key_new();
    keys->log = seal_key_new();
    if (!keys->data || !keys->record || !keys->manifest || !keys->checkpoint || !keys->owner ||
        !keys->log)
        return NULL;
    return TAKE_PTR(keys);
}

static void derive(struct store_keys *keys)
{
    seal_derive(keys->data, PURPOSE_RECORD, keys->record);
    seal_derive(keys->data, PURPOSE_MANIFEST, keys->manifest);
    seal_derive(keys->data, PURPOSE_CHECKPOINT, keys->checkpoint);
    seal_derive(keys->data, PURPOSE_OWNER, keys->owner);
    seal_derive(keys->data, PURPOSE_LOG, keys->log);
    seal_random(keys->salt, sizeof(keys->salt));
}

int store_keys_unwrap(struct store_keys **ret, const struct store_directory *directory,
                      const struct store_credentials *credentials, const void *file, size_t bytes,
                      const char *name, struct store_error *ret_error)
{
    CLEANUP(keys_freep) struct store_keys *keys = keys_new();
    int r;

    if (!keys)
        return store_explain(ret_error, -ENOMEM, name, -1, "out of memory");
    r = check_version(file, bytes, name, ret_error);
    if (r < 0)
        return r;
    if (bytes != STORE_DATA_KEY_FILE_BYTES)
        return store_explain(ret_error, -EBADMSG, name, -1, "must be exactly %d bytes long",
                             STORE_DATA_KEY_FILE_BYTES);
    r = unwrap(directory, credentials, file, name, keys, ret_error);
    if (r < 0)
        return r;
    derive(keys);
    *ret = TAKE_PTR(keys);
    return 0;
}

int store_keys_open(struct store_keys **ret, const struct store_directory *directory,
                    const struct store_credentials *credentials, bool fresh,
                    struct store_error *ret_error)
{
    unsigned char file[STORE_DATA_KEY_FILE_BYTES + 1];
    int r;

    ssize_t count = store_io_read_file(directory, STORE_DATA_KEY_FILE, file, sizeof(file));
    if (count < 0 && count != -ENOENT && count != -EFBIG)
        return store_explain(ret_error, (int)count, STORE_DATA_KEY_FILE, -1, "cannot be read: %s",
                             strerror((int)-count));
    if (count != -ENOENT) /* one of any kind says that the store is not fresh */
        return store_keys_unwrap(ret, directory, credentials, file,
                                 count == -EFBIG ? sizeof(file) : (size_t)count,
                                 STORE_DATA_KEY_FILE, ret_error);
    if (!fresh)
        return store_explain(ret_error, -EBADMSG, STORE_DATA_KEY_FILE, -1,
                             "is missing, but files sealed under it are there");

    CLEANUP(keys_freep) struct store_keys *keys = keys_new();
    if (!keys)
        return store_explain(ret_error, -ENOMEM, STORE_DATA_KEY_FILE, -1, "out of memory");
    r = make_keys(directory, credentials, keys, ret_error);
    if (r < 0)
        return r;
    derive(keys);
    *ret = TAKE_PTR(keys);
    return 0;
}

int store_keys_rewrap(const struct store_keys *keys, const struct store_directory *directory,
                      const struct store_credentials *credentials, char *ret_master_id,
                      struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    unsigned char file[STORE_DATA_KEY_FILE_BYTES], id[SEAL_KEY_BYTES];
    CLEANUP(seal_key_freep) unsigned char *master = seal_key_new();
    int r;

    if (!master)
        return store_explain(ret_error, -ENOMEM, STORE_DATA_KEY_FILE, -1, "out of memory");
    r = read_next_master(directory, credentials, master, ret_error);
    if (r == -EBADMSG || r == -ENOENT)
        return -ENOKEY; /* it is no key: nothing of the store is damaged */
    if (r < 0)
        return r;
    wrap(master, keys->id, keys->data, file);
    r = store_io_write_temporary(directory, STORE_DATA_KEY_FILE, file, sizeof(file), 0400);
    if (r < 0)
        return store_explain(ret_error, r, STORE_DATA_KEY_FILE, -1, "cannot be written: %s",
                             strerror(-r));
    r = store_io_commit_temporary(directory, STORE_DATA_KEY_FILE);
    if (r < 0)
        return store_explain(ret_error, r, STORE_DATA_KEY_FILE, -1,
                             "may be sealed under either key now, keep both and try again: %s",
                             strerror(-r));
    seal_derive(master, PURPOSE_MASTER_ID, id);
    for (size_t i = 0; i < STORE_MASTER_ID_BYTES / 2; i++)
        (void)snprintf(ret_master_id + 2 * i, 3, "%02x", id[i]); /* fits */
    /* It opens older backups, and nothing else any more. */
    r = io->unlink(io, directory->fd, STORE_MASTER_KEY_FILE);
    if (r >= 0)
        r = io->fsync(io, directory->fd);
    if (r < 0 && r != -ENOENT)
        log_line(LOG_WARNING, "store: the old %s cannot be removed: %s", STORE_MASTER_KEY_FILE,
                 strerror(-r));
    return 0;
}

void store_keys_free(struct store_keys *keys)
{
    if (!keys)
        return;
    seal_key_free(keys->data);
    seal_key_free(keys->record);
    seal_key_free(keys->manifest);
    seal_key_free(keys->checkpoint);
    seal_key_free(keys->owner);
    seal_key_free(keys->log);
    free(keys);
}
