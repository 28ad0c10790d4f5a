/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A map of the latest change of each key, as it stands in the log: sealed. Ordered by key, without
 * any step that takes long. Used by one thread at a time.
 */
#ifndef SESSMGR_STORE_MAP_H
#define SESSMGR_STORE_MAP_H

#include <stdbool.h>

#include "daemon/store-record.h"
#include "daemon/tree.h"

struct store_map_node;
RB_HEAD(store_map, store_map_node);

/* An empty map; nothing has to be freed as long as it is. */
#define STORE_MAP_EMPTY RB_INITIALIZER()

/* Keeps a copy of a change, in the place of an earlier one of its key. Error: -ENOMEM. */
int store_map_put(struct store_map *map, const struct store_entry *entry);

/* store_map_put() as a store_entry_visit_t; userdata: struct store_map. */
int store_map_put_visit(const struct store_entry *entry, void *userdata);

/* Whether a change of the key is in it. */
bool store_map_has(const struct store_map *map, const struct store_entry *entry);

/* Drops the change of a key, where there is one. */
void store_map_drop(struct store_map *map, const struct store_entry *entry);

/* The first change, by key, or NULL. Borrowed until the map is changed; the record may be opened in
 * place. */
struct store_map_node *store_map_first(const struct store_map *map);
struct store_map_node *store_map_next(struct store_map_node *node);
void store_map_get(const struct store_map_node *node, struct store_entry *ret);

static inline bool store_map_is_empty(const struct store_map *map)
{
    return RB_EMPTY(map);
}

/* Frees the changes, wiping them: some may have been opened. The map is empty then. */
void store_map_clear(struct store_map *map);

#endif
