/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes of one session as its ladder sees them: looked up anew each time, the connection
 * apart from the rest, and signalled only while a pid still means the process that was looked at.
 */
#ifndef SESSMGR_TARGETS_H
#define SESSMGR_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/members.h"

struct manager;
struct session;

/* Processes by pid and start time, sorted by pid. */
struct id_list {
    struct member_seen *items; /* owned */
    size_t count;
};

/* The session's processes: indexes into a table, which is borrowed until the next look. */
struct targets {
    const struct process_table *table;
    size_t *others; /* what is to be ended first */
    size_t other_count;
    size_t *connection; /* the leader, and sshd's other half */
    size_t connection_count;
};

/*
 * Looks up what there was of a session at a time (boottime) or later. seen: the session's members
 * so far, which is brought up to date where they are known by descent. To be released with
 * targets_done(), also on failure. Errors: -ENOMEM, process_table_read()'s.
 */
int targets_look(struct manager *manager, const struct session *session, struct id_list *seen,
                 int64_t not_before_usec, struct targets *ret);
void targets_done(struct targets *targets);

/* Signals a process of a table, if the pid still means that process. What cannot be signalled is
 * logged. */
void targets_signal(struct manager *manager, const struct process *process, int number);

/* Makes a list of the processes at some indexes of a table (in rising order). Error: -ENOMEM, and
 * the list is as it was. */
int id_list_set(struct id_list *list, const struct process_table *table, const size_t *indexes,
                size_t count);
bool id_list_has(const struct id_list *list, const struct process *process);

#endif
