/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes a new checkpoint out of the one before and the log behind it, without the store's owner.
 */
#ifndef SESSMGR_STORE_COMPACT_H
#define SESSMGR_STORE_COMPACT_H

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-manifest.h"
#include "daemon/store-map.h"
#include "daemon/store-work.h"

/*
 * Writes a checkpoint of a base (NULL: nothing) with the changes made to it, and has it count from
 * now on. manifest: its generation, sequence, first_segment, first_batch and doubts are given, the
 * rest is filled in. Nothing older is removed. Blocks on the disk. Errors: -EBADMSG the base is
 * damaged; -ECANCELED; -errno, *ret_error explains. Then the base and the log behind it are still
 * what counts, or, if the last step failed, either of the two: no generation is to be used
 * again.
 */
int store_compact(const struct store_directory *directory, const struct store_keys *keys,
                  const struct store_manifest *base, const struct store_map *changes,
                  struct store_work *work, struct store_manifest *manifest,
                  struct store_error *ret_error);

#endif
