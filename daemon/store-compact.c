/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Merges the records of a checkpoint with later changes into a new one; see store-compact.h.
 * Records are copied as they are sealed: nothing is opened on the way.
 */
#include <config.h>

#include "daemon/store-compact.h"

#include <errno.h>
#include <string.h>

#include "daemon/store-checkpoint.h"

struct merge {
    struct store_checkpoint_writer *writer;
    const struct store_map *changes;
};

/* Takes a record of the base, unless it was changed since. */
static int merge_record(const struct store_entry *entry, void *userdata)
{
    const struct merge *merge = userdata;

    if (store_map_has(merge->changes, entry))
        return 0;
    return store_checkpoint_put(merge->writer, entry);
}

static int put_changes(const struct merge *merge)
{
    struct store_entry entry;
    int r;

    for (struct store_map_node *node = store_map_first(merge->changes); node;
         node = store_map_next(node)) {
        store_map_get(node, &entry);
        if (!entry.record)
            continue;
        r = store_checkpoint_put(merge->writer, &entry);
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_checkpoint(const struct store_directory *directory, const struct store_keys *keys,
                            const struct store_manifest *base, const struct store_map *changes,
                            struct store_work *work, struct store_manifest *manifest,
                            struct store_error *ret_error)
{
    struct merge merge = {.changes = changes};
    int r;

    r = store_checkpoint_begin(&merge.writer, directory, manifest->generation);
    if (r < 0)
        return r;
    if (base)
        r = store_checkpoint_read(directory, keys, base, work, merge_record, &merge, ret_error);
    if (r >= 0)
        r = put_changes(&merge);
    if (r < 0) {
        store_checkpoint_abandon(merge.writer);
        return r;
    }
    return store_checkpoint_end(merge.writer, keys, work, manifest);
}

int store_compact(const struct store_directory *directory, const struct store_keys *keys,
                  const struct store_manifest *base, const struct store_map *changes,
                  struct store_work *work, struct store_manifest *manifest,
                  struct store_error *ret_error)
{
    char name[STORE_NAME_MAX_BYTES + 1];
    int r;

    store_checkpoint_name(manifest->generation, name);
    if (ret_error)
        ret_error->message[0] = '\0';
    /* the base and the new one are read twice each, once for the hash */
    store_work_begin(work, base ? 4 * base->file_bytes : 0);
    r = write_checkpoint(directory, keys, base, changes, work, manifest, ret_error);
    if (r >= 0) {
        r = store_manifest_prepare(directory, keys, manifest);
        if (r < 0) /* in nobody's way if it stays */
            (void)directory->io->unlink(directory->io, directory->fd, name);
    }
    if (r >= 0)
        r = store_io_commit_temporary(directory, STORE_MANIFEST_FILE);
    if (r < 0 && ret_error && ret_error->message[0] == '\0')
        (void)store_explain(ret_error, r, name, -1, "cannot be written: %s",
                            strerror(-r)); /* the text is what is wanted */
    return r;
}
