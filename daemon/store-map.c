/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the changes of a map; see store-map.h.
 */
#include <config.h>

#include "daemon/store-map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/seal.h"

struct store_map_node {
    RB_ENTRY(store_map_node) links;
    uint64_t sequence;
    size_t key_bytes;
    size_t record_bytes;
    bool removed;
    const unsigned char *key; /* into data, or, of what is only looked for, elsewhere */
    unsigned char data[];     /* key, record */
};

static int compare(struct store_map_node *a, struct store_map_node *b)
{
    size_t common = a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes;
    int order = memcmp(a->key, b->key, common);

    if (order != 0)
        return order;
    return (a->key_bytes > b->key_bytes) - (a->key_bytes < b->key_bytes);
}

TREE_GENERATE(store_map, store_map_node, links, compare)

static struct store_map_node *find(const struct store_map *map, const struct store_entry *entry)
{
    struct store_map_node wanted = {.key_bytes = entry->key_bytes, .key = entry->key};

    /* the macro does not know that looking changes nothing */
    return RB_FIND(store_map, (struct store_map *)(uintptr_t)map, &wanted);
}

static void drop(struct store_map *map, struct store_map_node *node)
{
    RB_REMOVE(store_map, map, node);
    seal_wipe(node->data, node->key_bytes + node->record_bytes);
    free(node);
}

int store_map_put(struct store_map *map, const struct store_entry *entry)
{
    struct store_map_node *node =
        malloc(sizeof(*node) + entry->key_bytes + (entry->record ? entry->record_bytes : 0));
    if (!node)
        return -ENOMEM;
    node->sequence = entry->sequence;
    node->key_bytes = entry->key_bytes;
    node->record_bytes = entry->record ? entry->record_bytes : 0;
    node->removed = !entry->record;
    node->key = node->data;
    memcpy(node->data, entry->key, entry->key_bytes);
    if (entry->record)
        memcpy(node->data + entry->key_bytes, entry->record, entry->record_bytes);

    store_map_drop(map, entry);
    (void)RB_INSERT(store_map, map, node); /* none of its key is there any more */
    return 0;
}

int store_map_put_visit(const struct store_entry *entry, void *userdata)
{
    return store_map_put(userdata, entry);
}

bool store_map_has(const struct store_map *map, const struct store_entry *entry)
{
    return find(map, entry) != NULL;
}

void store_map_drop(struct store_map *map, const struct store_entry *entry)
{
    struct store_map_node *node = find(map, entry);

    if (node)
        drop(map, node);
}

struct store_map_node *store_map_first(const struct store_map *map)
{
    return RB_MIN(store_map, (struct store_map *)(uintptr_t)map); /* as in find() */
}

struct store_map_node *store_map_next(struct store_map_node *node)
{
    return RB_NEXT(store_map, NULL, node);
}

void store_map_get(const struct store_map_node *node, struct store_entry *ret)
{
    *ret = (struct store_entry){
        .key = node->key,
        .key_bytes = node->key_bytes,
        .record = node->removed ? NULL : node->data + node->key_bytes,
        .record_bytes = node->record_bytes,
        .sequence = node->sequence,
    };
}

void store_map_clear(struct store_map *map)
{
    struct store_map_node *node;

    while ((node = RB_ROOT(map)))
        drop(map, node);
}
