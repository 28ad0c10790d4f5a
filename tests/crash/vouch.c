/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A manifest, written anew. */
#include <config.h>

#include <fcntl.h>

#include "daemon/seal.h"
#include "daemon/store-key.h"
#include "daemon/store-manifest.h"
#include "tests/crash/must.h"
#include "tests/crash/vouch.h"

void vouch_for_checkpoint(const struct owner *owner, struct image *image,
                          const struct image_file *checkpoint)
{
    const struct store_directory anywhere = {.fd = AT_FDCWD, .io = &store_io_system};
    struct store_credentials credentials = owner_get_credentials(owner, OWNER_K1);
    const struct image_file *data_key = image_find(image, STORE_DATA_KEY_FILE);
    struct image_file *file = image_find(image, STORE_MANIFEST_FILE);
    struct store_manifest manifest;
    struct store_keys *keys = NULL;
    struct seal_hash hash;

    must(data_key && file && file->bytes == STORE_MANIFEST_BYTES, "no store to vouch for");
    must(store_keys_unwrap(&keys, &anywhere, &credentials, data_key->data, data_key->bytes,
                           data_key->name, NULL) >= 0,
         "data.key cannot be opened");
    must(store_manifest_decode(keys, file->data, file->bytes, file->name, &manifest, NULL) >= 0,
         "the manifest cannot be read");
    manifest.file_bytes = checkpoint->bytes;
    seal_hash_start(&hash, keys->checkpoint, SEAL_HASH_BYTES);
    seal_hash_add(&hash, checkpoint->data, checkpoint->bytes);
    seal_hash_end(&hash, manifest.file_hash, SEAL_HASH_BYTES);
    store_manifest_encode(keys, &manifest, file->data);
    store_keys_free(keys);
}
