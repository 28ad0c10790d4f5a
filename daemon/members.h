/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which processes belong to a session. A wrong guess here kills a host, so this is a pure function
 * of a process table and of what the daemon knows about the session, and it never yields process 1,
 * the daemon itself, or a kernel thread.
 */
#ifndef SESSMGR_MEMBERS_H
#define SESSMGR_MEMBERS_H

#include "daemon/process.h"

/* By what a session's processes are known, best first. */
enum members_by {
    MEMBERS_BY_SCOPE, /* the logind scope that was made for this very session */
    MEMBERS_BY_AUDIT, /* an audit session that no session outside this one shares */
    MEMBERS_BY_TREE,  /* the leader and its descendants: always for a nested session */
};

/* One process that was seen to be a member before: it stays one when its parent dies and it is
 * handed to another. */
struct member_seen {
    pid_t pid;
    uint64_t start_ticks;
};

struct members_query {
    enum members_by by;
    const char *scope;     /* MEMBERS_BY_SCOPE: the cgroup; processes in it and below it */
    int64_t audit_session; /* MEMBERS_BY_AUDIT */
    pid_t leader; /* MEMBERS_BY_TREE; its start_ticks make sure that it is still the same */
    uint64_t leader_start_ticks;
    const struct member_seen
        *seen; /* MEMBERS_BY_TREE: earlier results, whose descendants count too; may be NULL */
    size_t seen_count;
    pid_t self; /* the daemon's own pid: never a member */
};

/*
 * Yields indexes into table of the members, the leader among them where it is alive and one.
 * *ret_indexes is to be freed with free(). Returns their number. Error: -ENOMEM.
 */
int members_find(const struct process_table *table, const struct members_query *query,
                 size_t **ret_indexes);

/*
 * Whether a process is part of the connection rather than of what runs in it: the leader itself, or
 * a child of the leader with the leader's own name (the unprivileged half of sshd). These are left
 * alone until everything else has gone.
 */
bool members_is_connection(const struct process_table *table, const struct process *process,
                           pid_t leader);

#endif
