/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locks of users: who is locked is let in by no service until the lock is taken away or its time
 * has come. By user ID, since two names may share one. The store keeps them, so they outlive
 * restarts and reboots; each step changes memory, hands the record to the store and writes the
 * audit event. What becomes of sessions that are open is the caller's business.
 *
 * The end of a lock is a wall-clock time, and the clock is looked at whenever somebody asks: it may
 * be set at any time, forward and back.
 */
#ifndef SESSMGR_LOCK_H
#define SESSMGR_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"
#include "daemon/clock.h"
#include "daemon/peer.h"
#include "daemon/tree.h"

struct manager;

enum {
    LOCKS_MAX = 65536,
    LOCK_WORDS_MAX_BYTES = MESSAGE_MAX_BYTES + 128, /* of lock_words(), with the NUL */
};

/* So long is a lock kept that is over: a clock which was taken for another zone's, as at a boot, is
 * no reason to forget it. */
#define LOCK_KEPT_USEC (24 * 3600 * USEC_PER_SEC)

struct user_lock {
    struct lock_info info;
    void *block; /* owned: what info points to */
    RB_ENTRY(user_lock) by_uid;
};

RB_HEAD(lock_tree, user_lock);

/* Also has those that are over and kept. */
struct lock_table {
    struct lock_tree by_uid;
    size_t count;
};

/* Whether a key of the store is a lock's. */
bool lock_is_record(const char *key);

/* Takes a lock that the store held. What cannot be read is logged and left out. Error: -ENOMEM. */
int lock_load(struct manager *manager, const char *key, const void *value, size_t value_bytes,
              struct arena *arena);

/* Forgets the locks that have been over for LOCK_KEPT_USEC; lock_set() does so by itself. */
void lock_forget_old(struct manager *manager);

/*
 * Locks a user, in the place of the lock before. info: a copy is taken. actor: who asked. The lock
 * is durable when everything submitted is. Errors: -ENOSPC there are LOCKS_MAX; -ENOMEM;
 * store_submit()'s; then nothing has changed.
 */
int lock_set(struct manager *manager, const struct lock_info *info, const struct peer *actor);

/* Takes the lock of a user away, likewise. Errors: -ENOENT the user is not locked;
 * store_submit()'s; then nothing has changed. */
int lock_remove(struct manager *manager, int64_t uid, const struct peer *actor);

/* The lock of a user, or NULL: not locked now. Borrowed until the next change of a lock. */
const struct user_lock *lock_find(const struct manager *manager, int64_t uid);

/* The lock of the least user ID from one on, or NULL: none is locked. Borrowed likewise. */
const struct user_lock *lock_next(const struct manager *manager, int64_t uid);

/* How many users are locked. */
size_t lock_count(const struct manager *manager);

/* What a locked person is told: "This account is locked until Mon 2026-11-23 20:48 UTC. MESSAGE",
 * in the host's local time. */
void lock_words(const struct user_lock *lock, char buffer[static LOCK_WORDS_MAX_BYTES]);

/* Frees all locks. */
void lock_table_done(struct lock_table *table);

#endif
