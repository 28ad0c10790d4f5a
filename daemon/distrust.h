/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What follows when changes may be missing from the store, removals among them: because something
 * in it was damaged, or because it is that of a backup. Sessions prove themselves by their leaders,
 * but a token that somebody revoked may be there again, so every token from before is revoked.
 *
 * The store says so to whoever loads it, until somebody has a checkpoint made; that may be an
 * offline mode of sessmgrd. So it is noted in the store until a daemon has acted on it.
 */
#ifndef SESSMGR_DISTRUST_H
#define SESSMGR_DISTRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/fields.h"
#include "daemon/store.h"

struct manager;

struct distrust {
    bool damaged;  /* something in the store was, and what it says of it: */
    bool restored; /* the store is that of a backup */
    struct store_error error;
};

/* Whether a key of the store is a note's. */
bool distrust_is_record(const char *key);

/* Takes a note that the store held. One that cannot be read says enough by being there. */
void distrust_load(struct distrust *distrust, const char *key, const void *value,
                   size_t value_bytes, struct arena *arena);

/* After store_load(): takes what the store says of itself beyond the notes that it held, and
 * submits that as notes. Errors: store_submit()'s; it has been taken all the same. */
int distrust_note(struct distrust *distrust, struct store *store);

/*
 * Where there is something to be acted on: tells of it, and revokes every token that the sessions
 * have; has a checkpoint made, by which the store counts as whole again. After all of them are in
 * their tables, and before a token is made. Blocks until the second is over, since a JWT says no
 * more of its age.
 */
void distrust_act(struct manager *manager);

#endif
