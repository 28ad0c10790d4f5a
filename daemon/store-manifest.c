/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifest's bytes. Whether the checkpoint that it names is the one it means is for
 * store-checkpoint.c to find out.
 */
#include <config.h>

#include "daemon/store-manifest.h"

#include <errno.h>
#include <string.h>

enum {
    MANIFEST_VERSION = 1,
    /* magic, version, key ID, sequence, records, bytes, hash, name, hash of all that */
    MANIFEST_HASHED_BYTES = STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES + 8 + 8 + 8 +
                            SEAL_HASH_BYTES + STORE_NAME_MAX_BYTES + 1,
    MANIFEST_BYTES = MANIFEST_HASHED_BYTES + SEAL_HASH_BYTES,
};

static const char manifest_magic[STORE_MAGIC_BYTES] = "sessmgrM";

static void hash_manifest(const struct store_keys *keys, const unsigned char *file,
                          unsigned char *ret)
{
    struct seal_hash hash;

    seal_hash_start(&hash, keys->manifest, SEAL_HASH_BYTES);
    seal_hash_add(&hash, file, MANIFEST_HASHED_BYTES);
    seal_hash_end(&hash, ret, SEAL_HASH_BYTES);
}

static int prove(const struct store_keys *keys, const unsigned char *file, ssize_t count,
                 struct store_error *ret_error)
{
    const unsigned char *at = file + STORE_MAGIC_BYTES;
    unsigned char hash[SEAL_HASH_BYTES];

    if (count >= 0 && count < STORE_MAGIC_BYTES + 4)
        return store_explain(ret_error, -EBADMSG, STORE_MANIFEST_FILE, 0, "is cut off");
    if (memcmp(file, manifest_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, STORE_MANIFEST_FILE, 0,
                             "is not a manifest of this program, or is damaged");
    uint32_t version = store_get32(&at);
    if (version != MANIFEST_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, STORE_MANIFEST_FILE, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             MANIFEST_VERSION);
    if (count != MANIFEST_BYTES)
        return store_explain(ret_error, -EBADMSG, STORE_MANIFEST_FILE, 0,
                             "must be exactly %d bytes long", MANIFEST_BYTES);
    hash_manifest(keys, file, hash);
    if (!seal_equal(hash, file + MANIFEST_HASHED_BYTES, sizeof(hash)))
        return store_explain(ret_error, -EBADMSG, STORE_MANIFEST_FILE, MANIFEST_HASHED_BYTES,
                             "does not match its keyed hash: it is damaged, or data.key is not the "
                             "one it was made under");
    return 0;
}

int store_manifest_read(const struct store_directory *directory, const struct store_keys *keys,
                        struct store_manifest *ret, struct store_error *ret_error)
{
    unsigned char file[MANIFEST_BYTES] = {0};
    const unsigned char *at = file + STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES;
    struct store_manifest manifest = {0};
    int r;

    ssize_t count = store_io_read_file(directory, STORE_MANIFEST_FILE, file, sizeof(file));
    if (count == -ENOENT)
        return -ENOENT;
    if (count < 0 && count != -EFBIG)
        return store_explain(ret_error, (int)count, STORE_MANIFEST_FILE, -1, "cannot be read: %s",
                             strerror((int)-count));
    r = prove(keys, file, count, ret_error);
    if (r < 0)
        return r;

    manifest.sequence = store_get64(&at);
    manifest.record_count = store_get64(&at);
    manifest.file_bytes = store_get64(&at);
    store_get_bytes(&at, manifest.file_hash, sizeof(manifest.file_hash));
    store_get_bytes(&at, manifest.checkpoint, STORE_NAME_MAX_BYTES);
    *ret = manifest;
    return 0;
}

int store_manifest_prepare(const struct store_directory *directory, const struct store_keys *keys,
                           const struct store_manifest *manifest)
{
    unsigned char file[MANIFEST_BYTES] = {0};
    unsigned char *at = file;

    store_put_bytes(&at, manifest_magic, STORE_MAGIC_BYTES);
    store_put32(&at, MANIFEST_VERSION);
    store_put_bytes(&at, keys->id, STORE_KEY_ID_BYTES);
    store_put64(&at, manifest->sequence);
    store_put64(&at, manifest->record_count);
    store_put64(&at, manifest->file_bytes);
    store_put_bytes(&at, manifest->file_hash, sizeof(manifest->file_hash));
    store_put_bytes(&at, manifest->checkpoint, strlen(manifest->checkpoint)); /* zeros behind it */
    hash_manifest(keys, file, file + MANIFEST_HASHED_BYTES);
    return store_io_write_temporary(directory, STORE_MANIFEST_FILE, file, sizeof(file), 0600, NULL);
}
