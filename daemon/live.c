/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the array of live sessions; see live.h. Who is in it is decided in session.c.
 */
#include <config.h>

#include "daemon/live.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session.h"

/* FNV-1a. Who makes paths that have the same word gains a comparison of the paths. */
#define HASH_OFFSET 2166136261U
#define HASH_PRIME  16777619U

uint32_t live_scope_hash(const char *cgroup, size_t length)
{
    uint32_t hash = HASH_OFFSET;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)cgroup[i]) * HASH_PRIME;
    hash >>= 1;
    return hash == 0 ? 1 : hash;
}

/* An array grows by copying 16 bytes a session: for 100000 that is a fraction of a millisecond. */
static int reserve(struct live_set *set)
{
    size_t capacity = set->capacity == 0 ? 64 : set->capacity + set->capacity / 2;
    struct live_entry *items;

    if (set->count < set->capacity)
        return 0;
    items = reallocarray(set->items, capacity, sizeof(*items));
    if (items == NULL)
        return -ENOMEM;
    set->items = items;
    set->capacity = capacity;
    return 0;
}

int live_add(struct live_set *set, struct session *session)
{
    const struct session_record *record = &session->record;
    const char *scope = record->scope;
    struct live_entry entry = {
        .session = session,
        .audit_session = (uint32_t)record->info.audit_session,
        .nested = session_is_nested(session),
    };
    int r;

    r = reserve(set);
    if (r < 0)
        return r;
    if (scope != NULL)
        entry.scope_hash = live_scope_hash(scope, strlen(scope)) & INT32_MAX;
    session->live_index = (unsigned)set->count;
    set->items[set->count++] = entry;
    return 0;
}

void live_remove(struct live_set *set, struct session *session)
{
    const struct live_entry *last = &set->items[set->count - 1];

    assert(set->items[session->live_index].session == session);
    last->session->live_index = session->live_index;
    set->items[session->live_index] = *last;
    set->count--;
}

void live_done(struct live_set *set)
{
    assert(set->count == 0);
    free(set->items);
}
