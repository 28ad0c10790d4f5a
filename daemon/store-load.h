/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store's files add up to: the checkpoint and the logs behind it, as a map in memory, and
 * the names of the files in the directory.
 */
#ifndef SESSMGR_STORE_LOAD_H
#define SESSMGR_STORE_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store-checkpoint.h"
#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-manifest.h"

/* The store's numbered files, sorted. */
struct store_listing {
    uint64_t *checkpoints;
    size_t checkpoint_count;
    uint64_t *logs;
    size_t log_count;
};

/* What was loaded. */
struct store_map;

/* How the files ended. */
struct store_load_result {
    uint64_t last_sequence; /* of the last change, or of the checkpoint */
    bool log_changed;       /* the logs add something to the checkpoint, or were cut */
    uint64_t damaged_log;   /* first sequence of the newest log that was cut, or 0 */
};

/* Lists the numbered files. To be released with store_listing_done(). Blocks on the disk. Errors:
 * -errno, -ENOMEM. */
int store_listing_read(const struct store_directory *directory, struct store_listing *ret);
void store_listing_done(struct store_listing *listing);

/* Calls visit with the name of each file in the directory; a negative result ends the walk and is
 * returned. Blocks on the disk. Errors: -errno. */
int store_directory_walk(const struct store_directory *directory,
                         int (*visit)(const char *name, void *userdata), void *userdata);

/* Whether a name is prefix, a number as the store writes it, suffix. */
bool store_name_parse(const char *name, const char *prefix, const char *suffix,
                      uint64_t *ret_number);

/*
 * Reads the checkpoint (manifest NULL: there is none yet) and every log that begins after it, in
 * order. Changes no file. *ret_map is to be freed with store_map_free(). Blocks on the disk.
 * Errors: as store_checkpoint_read() and store_log_read(); -EBADMSG also where a log is missing
 * between others. *ret_error explains.
 */
int store_load_files(const struct store_directory *directory, const struct store_keys *keys,
                     const struct store_manifest *manifest, struct store_map **ret_map,
                     struct store_load_result *ret, struct store_error *ret_error);

/* Hands every record of the map (userdata: struct store_map) to visit: a store_snapshot_t. */
int store_map_snapshot(store_visit_t visit, void *visit_userdata, void *userdata);

/* Wipes and frees. Accepts NULL. */
void store_map_free(struct store_map *map);

/* Scope attribute of a map. */
void store_map_freep(struct store_map **map);

#endif
