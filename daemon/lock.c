/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the locks of users; see lock.h. A record is the UserLock of the protocol.
 */
#include <config.h>

#include "daemon/lock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/manager.h"

#define LOCK_KEY_PREFIX "lock/"

enum {
    LOCK_KEY_MAX_BYTES = sizeof(LOCK_KEY_PREFIX "4294967295"),
    LOCK_VALUE_MAX_BYTES = 4096, /* of a record: longer than any, each byte of it escaped */
};

static int compare_uid(const struct user_lock *a, const struct user_lock *b)
{
    return (a->info.uid > b->info.uid) - (a->info.uid < b->info.uid);
}

TREE_GENERATE(lock_tree, user_lock, by_uid, compare_uid)

static int64_t realtime(const struct manager *manager)
{
    return manager->clock->realtime_usec(manager->clock);
}

static bool is_over(const struct user_lock *lock, int64_t now_usec)
{
    return lock->info.until_usec >= 0 && lock->info.until_usec <= now_usec;
}

static void lock_free(struct user_lock *lock)
{
    if (lock == NULL)
        return;
    free(lock->block);
    free(lock);
}

static void lock_freep(struct user_lock **lock)
{
    lock_free(*lock);
}

/* Error: -ENOMEM. */
static int lock_new(const struct lock_info *info, struct user_lock **ret)
{
    CLEANUP(lock_freep) struct user_lock *lock = calloc(1, sizeof(*lock));
    int r = -ENOMEM;

    if (lock != NULL)
        r = fields_copy(&lock_info_fields, info, &lock->info, &lock->block);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(lock);
    return 0;
}

/* The lock of a user, though it be over. */
static struct user_lock *find(const struct lock_table *table, int64_t uid)
{
    struct lock_tree tree = table->by_uid; /* to look, a copy of the root will do */
    struct user_lock key = {.info.uid = uid};

    return RB_FIND(lock_tree, &tree, &key);
}

/* Puts a lock into the table, which owns it from then on. */
static void put(struct lock_table *table, struct user_lock *lock)
{
    (void)RB_INSERT(lock_tree, &table->by_uid, lock); /* there is none of that ID */
    table->count++;
}

/* Takes a lock out and frees it. Accepts NULL. */
static void drop(struct lock_table *table, struct user_lock *lock)
{
    if (lock == NULL)
        return;
    (void)RB_REMOVE(lock_tree, &table->by_uid, lock);
    table->count--;
    lock_free(lock);
}

static void record_key(int64_t uid, char buffer[static LOCK_KEY_MAX_BYTES])
{
    (void)snprintf(buffer, LOCK_KEY_MAX_BYTES, LOCK_KEY_PREFIX "%" PRIu32, (uint32_t)uid);
}

bool lock_is_record(const char *key)
{
    return strncmp(key, LOCK_KEY_PREFIX, strlen(LOCK_KEY_PREFIX)) == 0;
}

int lock_load(struct manager *manager, const char *key, const void *value, size_t value_bytes,
              struct arena *arena)
{
    char expected[LOCK_KEY_MAX_BYTES] = "";
    struct lock_info info = {.uid = -1};
    struct user_lock *lock;
    struct json text;
    int r;

    r = json_parse(value, value_bytes, &text);
    if (r >= 0)
        r = fields_decode(&lock_info_fields, text, arena, &info, NULL);
    if (r >= 0)
        record_key(info.uid, expected);
    if (strcmp(key, expected) != 0) {
        log_line(LOG_ERR, "the record %s cannot be read: this user is not locked any more", key);
        return 0;
    }
    r = lock_new(&info, &lock);
    if (r >= 0)
        put(&manager->locks, lock);
    return r;
}

/* Hands a lock's record to the store. */
static int store(struct manager *manager, const struct lock_info *info)
{
    char key[LOCK_KEY_MAX_BYTES], value[LOCK_VALUE_MAX_BYTES];
    struct store_change change = {.key = key, .value = value};
    struct json_writer writer;
    struct json text;
    int r;

    record_key(info->uid, key);
    json_writer_init(&writer, value, sizeof(value));
    fields_encode(&lock_info_fields, info, &writer);
    r = json_writer_finish(&writer, &text);
    if (r < 0)
        return r;
    change.value_bytes = text.length;
    return store_submit(manager->store, STORE_ESSENTIAL, &change, 1, NULL, NULL);
}

/* Has a lock's record removed. */
static int unstore(struct manager *manager, int64_t uid)
{
    char key[LOCK_KEY_MAX_BYTES];
    const struct store_change removal = {.key = key};

    record_key(uid, key);
    return store_submit(manager->store, STORE_ESSENTIAL, &removal, 1, NULL, NULL);
}

void lock_forget_old(struct manager *manager)
{
    struct lock_tree *tree = &manager->locks.by_uid;
    const int64_t long_ago = realtime(manager) - LOCK_KEPT_USEC;

    for (struct user_lock *lock = RB_MIN(lock_tree, tree), *next; lock != NULL; lock = next) {
        next = RB_NEXT(lock_tree, tree, lock);
        if (is_over(lock, long_ago) && unstore(manager, lock->info.uid) >= 0)
            drop(&manager->locks, lock); /* else without memory: it is over all the same */
    }
}

void lock_words(const struct user_lock *lock, char buffer[static LOCK_WORDS_MAX_BYTES])
{
    const struct lock_info *info = &lock->info;
    const bool ends = info->until_usec >= 0;
    char when[CLOCK_TEXT_MAX_BYTES];

    (void)snprintf(buffer, LOCK_WORDS_MAX_BYTES, "This account is locked%s%s.%s%s",
                   ends ? " until " : "", ends ? clock_text(info->until_usec, when) : "",
                   info->message != NULL ? " " : "", info->message != NULL ? info->message : "");
}

static void tell(enum audit_event event, const struct lock_info *info, const struct peer *actor)
{
    const struct login_request who = {.user = info->user, .uid = info->uid};

    audit_write(event, &(const struct audit_details){
                           .login = &who,
                           .until_usec = info->until_usec,
                           .actor_uid = actor->uid,
                           .actor_pid = actor->pid,
                           .text = info->message,
                       });
}

int lock_set(struct manager *manager, const struct lock_info *info, const struct peer *actor)
{
    CLEANUP(lock_freep) struct user_lock *lock = NULL;
    struct user_lock *before;
    int r;

    lock_forget_old(manager);
    before = find(&manager->locks, info->uid);
    if (before == NULL && manager->locks.count >= LOCKS_MAX)
        return -ENOSPC;
    r = lock_new(info, &lock);
    if (r >= 0)
        r = store(manager, info);
    if (r < 0)
        return r;
    drop(&manager->locks, before);
    tell(AUDIT_LOCKED, &lock->info, actor);
    put(&manager->locks, TAKE_PTR(lock));
    return 0;
}

int lock_remove(struct manager *manager, int64_t uid, const struct peer *actor)
{
    const struct user_lock *lock = lock_find(manager, uid);
    struct lock_info who = {.uid = uid, .until_usec = -1};
    int r;

    if (lock == NULL)
        return -ENOENT;
    r = unstore(manager, uid);
    if (r < 0)
        return r;
    who.user = lock->info.user;
    tell(AUDIT_UNLOCKED, &who, actor);
    drop(&manager->locks, find(&manager->locks, uid));
    return 0;
}

const struct user_lock *lock_find(const struct manager *manager, int64_t uid)
{
    const struct user_lock *lock = find(&manager->locks, uid);

    return lock == NULL || is_over(lock, realtime(manager)) ? NULL : lock;
}

const struct user_lock *lock_next(const struct manager *manager, int64_t uid)
{
    const int64_t now = realtime(manager);
    struct lock_tree tree = manager->locks.by_uid;
    struct user_lock key = {.info.uid = uid};
    struct user_lock *lock = RB_NFIND(lock_tree, &tree, &key);

    while (lock != NULL && is_over(lock, now))
        lock = RB_NEXT(lock_tree, &tree, lock);
    return lock;
}

size_t lock_count(const struct manager *manager)
{
    const int64_t now = realtime(manager);
    struct lock_tree tree = manager->locks.by_uid;
    size_t count = 0;

    for (struct user_lock *lock = RB_MIN(lock_tree, &tree); lock != NULL;
         lock = RB_NEXT(lock_tree, &tree, lock))
        count += is_over(lock, now) ? 0 : 1;
    return count;
}

void lock_table_done(struct lock_table *table)
{
    while (RB_ROOT(&table->by_uid) != NULL)
        drop(table, RB_ROOT(&table->by_uid));
}
