/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is in the store's directory: by name alone, and only names that the store itself makes.
 */
#ifndef SESSMGR_STORE_LISTING_H
#define SESSMGR_STORE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store-io.h"

/* The store's numbered files, sorted. */
struct store_listing {
    uint64_t *checkpoints; /* generations */
    size_t checkpoint_count;
    uint64_t *segments; /* indexes */
    size_t segment_count;
};

/* To be released with store_listing_done(). Blocks on the disk. Errors: -errno. */
int store_listing_read(const struct store_directory *directory, struct store_listing *ret);
void store_listing_done(struct store_listing *listing);

/* The last of each kind, 0 for none. */
uint64_t store_listing_last_checkpoint(const struct store_listing *listing);
uint64_t store_listing_last_segment(const struct store_listing *listing);

/* Removes a file that is no longer needed. What cannot be removed is logged and left for the next
 * sweep. Blocks on the disk. */
void store_remove_old(const struct store_directory *directory, const char *name);

/*
 * Removes what had its day: temporary files, checkpoints of other generations, segments before the
 * first that counts. What cannot be removed is logged and left for the next time. Blocks on the
 * disk.
 */
void store_sweep(const struct store_directory *directory, uint64_t generation,
                 uint64_t first_segment);

/*
 * Keeps a file for somebody to look at, as "damaged-<name>", the newest alone of each name; what
 * fails is logged. Returns whether it is kept. Blocks on the disk.
 */
bool store_put_aside(const struct store_directory *directory, const char *name);

/* Removes what an earlier damage left aside, but for what is kept of a file (keep: its name; may be
 * NULL). Blocks on the disk. */
void store_drop_aside(const struct store_directory *directory, const char *keep);

#endif
