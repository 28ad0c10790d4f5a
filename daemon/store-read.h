/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what a checkpoint and the log behind it add up to. Changes nothing on the disk.
 */
#ifndef SESSMGR_STORE_READ_H
#define SESSMGR_STORE_READ_H

#include "daemon/store-checkpoint.h"
#include "daemon/store-log.h"
#include "daemon/store-map.h"

/*
 * Proves everything, and then visits every record that is left, each key once, with its last value.
 * work: may be NULL. *ret_visited: whether visit may have been called. Blocks on the disk. Errors:
 * -EBADMSG or -EIO something is damaged, or cannot be read; -EPROTONOSUPPORT; -ECANCELED; -ENOMEM;
 * -errno; visit's. *ret_error explains.
 */
int store_read(const struct store_directory *directory, const struct store_keys *keys,
               const struct store_manifest *manifest, const struct store_log_range *range,
               struct store_work *work, store_visit_t visit, void *userdata,
               struct store_log_end *ret_end, bool *ret_visited, struct store_error *ret_error);

/*
 * Puts every record that can be proven into a map: of a damaged checkpoint none, of a damaged log
 * what is whole. *ret_damage: the first thing that is damaged, unless its message is set already.
 * Blocks on the disk. Errors: as store_read(), but for damage.
 */
int store_read_proven(const struct store_directory *directory, const struct store_keys *keys,
                      const struct store_manifest *manifest, const struct store_log_range *range,
                      struct store_map *ret_records, struct store_log_end *ret_end,
                      struct store_error *ret_damage, struct store_error *ret_error);

/* Visits every record of a map, which is opened in place by that. Errors: as store_read(). */
int store_map_visit(const struct store_map *map, const struct store_keys *keys, store_visit_t visit,
                    void *userdata, struct store_error *ret_error);

#endif
