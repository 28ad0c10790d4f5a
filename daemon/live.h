/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * By what the processes of live sessions are known, close together: a login looks through all of
 * them for its place, and would take milliseconds to look at as many session objects.
 */
#ifndef SESSMGR_LIVE_H
#define SESSMGR_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct session;

struct live_entry {
    struct session *session;  /* borrowed; it knows its index */
    uint32_t audit_session;   /* UINT32_MAX, the kernel's own word, for none */
    unsigned scope_hash : 31; /* live_scope_hash() of its logind scope; 0 for none */
    unsigned nested : 1;      /* opened inside another one */
};

/* In no order that means anything. Where one is removed, the last takes its index. */
struct live_set {
    struct live_entry *items; /* owned */
    size_t count, capacity;
};

/* Puts a session in. Error: -ENOMEM, and it is not in. */
int live_add(struct live_set *set, struct session *session);
void live_remove(struct live_set *set, struct session *session);

/* Frees an empty set. */
void live_done(struct live_set *set);

/* A cgroup's path in 31 bits, never 0: where two differ the paths do. */
uint32_t live_scope_hash(const char *cgroup, size_t length);

#endif
