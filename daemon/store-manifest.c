/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifest's bytes. Whether the checkpoint that it names is the one it means is for
 * store-checkpoint.c to find out.
 */
#include <config.h>

#include "daemon/store-manifest.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    MANIFEST_VERSION = 2,
    /* magic, version, key ID; generation, sequence, first segment and batch, records, bytes;
     * doubts; hash of the checkpoint; keyed hash of all that */
    MANIFEST_HASHED_BYTES =
        STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES + 6 * 8 + 4 + SEAL_HASH_BYTES,
};
static_assert(STORE_MANIFEST_BYTES == (int)MANIFEST_HASHED_BYTES + (int)SEAL_HASH_BYTES,
              "length of the file");

static const char manifest_magic[STORE_MAGIC_BYTES] = "sessmgrM";

void store_manifest_encode(const struct store_keys *keys, const struct store_manifest *manifest,
                           unsigned char ret[static STORE_MANIFEST_BYTES])
{
    unsigned char *at = ret;

    store_put_bytes(&at, manifest_magic, STORE_MAGIC_BYTES);
    store_put32(&at, MANIFEST_VERSION);
    store_put_bytes(&at, keys->id, STORE_KEY_ID_BYTES);
    store_put64(&at, manifest->generation);
    store_put64(&at, manifest->sequence);
    store_put64(&at, manifest->first_segment);
    store_put64(&at, manifest->first_batch);
    store_put64(&at, manifest->record_count);
    store_put64(&at, manifest->file_bytes);
    store_put32(&at, manifest->doubts);
    store_put_bytes(&at, manifest->file_hash, sizeof(manifest->file_hash));
    seal_hash_all(keys->manifest, ret, MANIFEST_HASHED_BYTES, at, SEAL_HASH_BYTES);
}

static int prove(const struct store_keys *keys, const unsigned char *file, size_t bytes,
                 const char *name, struct store_error *ret_error)
{
    const unsigned char *at = file + STORE_MAGIC_BYTES;
    unsigned char hash[SEAL_HASH_BYTES];

    if (bytes < STORE_MAGIC_BYTES + 4)
        return store_explain(ret_error, -EBADMSG, name, 0, "is cut off");
    if (memcmp(file, manifest_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, name, 0,
                             "is not a manifest of this program, or is damaged");
    uint32_t version = store_get32(&at);
    if (version != MANIFEST_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, name, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             MANIFEST_VERSION);
    if (bytes != STORE_MANIFEST_BYTES)
        return store_explain(ret_error, -EBADMSG, name, 0, "must be exactly %d bytes long",
                             STORE_MANIFEST_BYTES);
    seal_hash_all(keys->manifest, file, MANIFEST_HASHED_BYTES, hash, sizeof(hash));
    if (!seal_equal(hash, file + MANIFEST_HASHED_BYTES, sizeof(hash)))
        return store_explain(
            ret_error, memcmp(at, keys->id, STORE_KEY_ID_BYTES) == 0 ? -EBADMSG : -EKEYREJECTED,
            name, MANIFEST_HASHED_BYTES,
            "does not match its keyed hash: it is damaged, or data.key is not the "
            "one it was made under");
    return 0;
}

int store_manifest_decode(const struct store_keys *keys, const unsigned char *file, size_t bytes,
                          const char *name, struct store_manifest *ret,
                          struct store_error *ret_error)
{
    const unsigned char *at = file + STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES;
    int r;

    r = prove(keys, file, bytes, name, ret_error);
    if (r < 0)
        return r;
    ret->generation = store_get64(&at);
    ret->sequence = store_get64(&at);
    ret->first_segment = store_get64(&at);
    ret->first_batch = store_get64(&at);
    ret->record_count = store_get64(&at);
    ret->file_bytes = store_get64(&at);
    ret->doubts = store_get32(&at);
    store_get_bytes(&at, ret->file_hash, sizeof(ret->file_hash));
    return 0;
}

int store_manifest_read(const struct store_directory *directory, const struct store_keys *keys,
                        struct store_manifest *ret, struct store_error *ret_error)
{
    unsigned char file[STORE_MANIFEST_BYTES + 1];

    ssize_t count = store_io_read_file(directory, STORE_MANIFEST_FILE, file, sizeof(file));
    if (count == -ENOENT)
        return -ENOENT;
    if (count < 0 && count != -EFBIG)
        return store_explain(ret_error, (int)count, STORE_MANIFEST_FILE, -1, "cannot be read: %s",
                             strerror((int)-count));
    return store_manifest_decode(keys, file, count < 0 ? sizeof(file) : (size_t)count,
                                 STORE_MANIFEST_FILE, ret, ret_error);
}

int store_manifest_prepare(const struct store_directory *directory, const struct store_keys *keys,
                           const struct store_manifest *manifest)
{
    unsigned char file[STORE_MANIFEST_BYTES];

    store_manifest_encode(keys, manifest, file);
    return store_io_write_temporary(directory, STORE_MANIFEST_FILE, file, sizeof(file), 0600);
}
