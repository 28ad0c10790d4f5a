/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a session's processes use: terminals, and CPU time. For a session that has a scope of its
 * own this reads the scope's cgroup and no others; else /proc as a whole, once for all who ask
 * within a second.
 */
#ifndef SESSMGR_USAGE_H
#define SESSMGR_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct manager;
struct session;

enum { USAGE_TERMINALS_MAX = 64 }; /* of one session that are looked at */

struct usage {
    unsigned terminals[USAGE_TERMINALS_MAX]; /* device numbers, each once */
    size_t terminal_count;
    bool is_cut;      /* there are more processes than were looked at */
    int64_t cpu_used; /* in a unit that is the same for the same session: whether it moves */
};

/* cpu: whether CPU time is asked for. Errors: -errno of what could not be read; -ENOMEM. */
int usage_read(struct manager *manager, const struct session *session, bool cpu, struct usage *ret);

#endif
