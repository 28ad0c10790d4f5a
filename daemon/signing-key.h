/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys that sign JWTs (Ed25519): one signs, those before it are kept until the last JWT that
 * they can have signed has expired. They are sealed in the store; a key's ID is its thumbprint
 * (RFC 7638).
 */
#ifndef SESSMGR_SIGNING_KEY_H
#define SESSMGR_SIGNING_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fields.h"
#include "daemon/clock.h"
#include "daemon/deadline.h"
#include "daemon/store.h"
#include "jose/jwk.h"

struct manager;

enum {
    SIGNING_KEYS_MAX = 32, /* the one that signs and those that are kept */
};

/* No JWT lives longer, whatever the configuration says; and as long is an old key kept. */
#define SIGNING_JWT_LIFETIME_MAX_USEC (24 * 3600 * USEC_PER_SEC)

/* Times are CLOCK_REALTIME, as in the JWTs. */
struct signing_key {
    struct manager *manager; /* borrowed */
    int64_t created_usec;
    int64_t retire_usec;   /* -1: it signs */
    unsigned char *secret; /* guarded, JWK_SECRET_BYTES; NULL: it signs no more */
    unsigned writes;       /* submissions to the store that are not complete */
    bool durable;          /* the store has it */
};

/* The newest is the last one, and signs. */
struct signing_keys {
    struct signing_key *keys[SIGNING_KEYS_MAX]; /* owned; one for each of set.keys */
    struct jwk_set set;
    struct deadline rotation; /* when to look again whether a key is to be made or forgotten */
    bool incomplete;          /* a record could not be read: a stranger may be a key of ours */
};

/* Takes a key that the store held. What cannot be read is logged and makes the set incomplete.
 * Error: -ENOMEM. */
int signing_keys_load(struct manager *manager, const char *key, const void *value,
                      size_t value_bytes, struct arena *arena);

/* Whether a key of the store is a signing key's. */
bool signing_keys_is_record(const char *key);

/* After all were loaded: orders them, makes one where there is none, and has them looked at from
 * then on. Errors: -ENOMEM, store_submit()'s. */
int signing_keys_start(struct manager *manager);

/* Frees all keys. */
void signing_keys_done(struct manager *manager);

/*
 * Makes a key that signs from now on. Errors: -ENOSPC there are SIGNING_KEYS_MAX of them; -ENOMEM;
 * store_submit()'s; then nothing has changed. The key is durable when everything submitted is.
 */
int signing_keys_rotate(struct manager *manager);

/* The configuration has changed: a key may be due earlier or later. */
void signing_keys_reconsider(struct manager *manager);

/* The key that signs; there is always one after signing_keys_start(). Borrowed. */
const struct signing_key *signing_keys_current(const struct signing_keys *keys);
const char *signing_keys_current_id(const struct signing_keys *keys);

#endif
