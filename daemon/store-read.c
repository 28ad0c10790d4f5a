/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts checkpoint and log together; see store-read.h. The log is read first, so that of what it has
 * changed nothing older is visited.
 */
#include <config.h>

#include "daemon/store-read.h"

#include <errno.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/store-stream.h"

/* Hands records on, opened. */
struct delivery {
    const struct store_keys *keys;
    const struct store_map *changes; /* of the log: they are in the place of older ones */
    store_visit_t visit;
    void *userdata;
    bool visited;
    struct store_error *error;
};

static int deliver(const struct store_entry *entry, void *userdata)
{
    struct delivery *delivery = userdata;
    char key[STORE_KEY_MAX_BYTES + 1];
    const unsigned char *value;
    size_t bytes;
    int r;

    memcpy(key, entry->key, entry->key_bytes);
    key[entry->key_bytes] = '\0';
    /* the memory is that of whoever reads, who wipes it */
    r = store_record_open(delivery->keys, entry, (unsigned char *)(uintptr_t)entry->record, &value,
                          &bytes);
    if (r < 0)
        return store_explain(delivery->error, r, key, -1,
                             r == -EPROTONOSUPPORT
                                 ? "is a record of a format version that this program does not know"
                                 : "is a record that does not open");
    delivery->visited = true;
    r = delivery->visit(key, value, bytes, delivery->userdata);
    return r < 0 ? store_explain(delivery->error, r, key, -1, "is a record that was not taken: %s",
                                 strerror(-r))
                 : 0;
}

static int deliver_older(const struct store_entry *entry, void *userdata)
{
    const struct delivery *delivery = userdata;

    return store_map_has(delivery->changes, entry) ? 0 : deliver(entry, userdata);
}

static int deliver_changes(struct delivery *delivery)
{
    struct store_entry entry;
    int r;

    for (struct store_map_node *node = store_map_first(delivery->changes); node;
         node = store_map_next(node)) {
        store_map_get(node, &entry);
        r = entry.record ? deliver(&entry, delivery) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

int store_map_visit(const struct store_map *map, const struct store_keys *keys, store_visit_t visit,
                    void *userdata, struct store_error *ret_error)
{
    struct delivery delivery = {
        .keys = keys, .changes = map, .visit = visit, .userdata = userdata, .error = ret_error};

    return deliver_changes(&delivery);
}

int store_read(const struct store_directory *directory, const struct store_keys *keys,
               const struct store_manifest *manifest, const struct store_log_range *range,
               struct store_work *work, store_visit_t visit, void *userdata,
               struct store_log_end *ret_end, bool *ret_visited, struct store_error *ret_error)
{
    CLEANUP(store_map_clear) struct store_map changes = STORE_MAP_EMPTY;
    struct delivery delivery = {.keys = keys,
                                .changes = &changes,
                                .visit = visit,
                                .userdata = userdata,
                                .error = ret_error};
    int r;

    store_work_begin(work, 2 * manifest->file_bytes);
    r = store_log_read(directory, keys, range, store_map_put_visit, &changes, ret_end, ret_error);
    if (r >= 0 && ret_end->damaged) {
        if (ret_error)
            *ret_error = ret_end->error;
        r = -EBADMSG;
    }
    if (r >= 0)
        r = store_stream_checkpoint(directory, keys, manifest, work, deliver_older, &delivery,
                                    ret_error);
    if (r >= 0)
        r = deliver_changes(&delivery);
    *ret_visited = delivery.visited;
    return r;
}

/* Keeps a record of the checkpoint, unless it was changed since. */
static int keep_older(const struct store_entry *entry, void *userdata)
{
    struct store_map *records = userdata;

    return store_map_has(records, entry) ? 0 : store_map_put(records, entry);
}

static void note_damage(struct store_error *damage, const struct store_error *error)
{
    if (damage->message[0] == '\0')
        *damage = *error;
}

int store_read_proven(const struct store_directory *directory, const struct store_keys *keys,
                      const struct store_manifest *manifest, const struct store_log_range *range,
                      struct store_map *ret_records, struct store_log_end *ret_end,
                      struct store_error *ret_damage, struct store_error *ret_error)
{
    struct store_error error = {.offset = -1};
    int r;

    r = store_log_read(directory, keys, range, store_map_put_visit, ret_records, ret_end,
                       ret_error);
    if (r < 0)
        return r;
    if (ret_end->damaged)
        note_damage(ret_damage, &ret_end->error);
    if (manifest->generation == 0)
        return 0;
    r = store_checkpoint_read(directory, keys, manifest, NULL, keep_older, ret_records, &error);
    if (r == -EBADMSG || r == -EIO) {
        note_damage(ret_damage, &error);
        return 0;
    }
    if (r < 0 && ret_error)
        *ret_error = error;
    return r;
}
