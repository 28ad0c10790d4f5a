/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which session a process is in, and by what a new session's processes will be known; from the
 * kernel's knowledge (and logind's, for its own scopes), never from what a process says of itself.
 */
#ifndef SESSMGR_LOCATE_H
#define SESSMGR_LOCATE_H

#include "daemon/members.h"
#include "daemon/peer.h"
#include "daemon/session.h"

struct manager;

/*
 * The innermost session that a process is part of, or NULL: that of its nearest ancestor (or
 * itself) that leads one; else the one that has its logind scope to itself; else its audit session.
 * Borrowed. Reads /proc.
 */
struct session *locate_session_of(struct manager *manager, pid_t pid);

/* The same for a peer's process; NULL also where that has exited, and its pid may be another's. */
struct session *locate_session_of_peer(struct manager *manager, const struct peer *peer);

/* Where a login takes place. */
struct login_place {
    struct process leader;  /* .pid and, where /proc hides it, nothing else */
    bool leader_visible;    /* the rest of leader is known */
    int64_t began_usec;     /* boottime: the login began then, or later; 0 where nothing is known */
    struct session *parent; /* the session it is nested in, or NULL. Borrowed */
    enum members_by by;
    const char *scope; /* MEMBERS_BY_SCOPE: borrowed from leader.cgroup; else NULL */
};

/*
 * Looks at the process that logs somebody in. logind_session: what the module said (a hint that is
 * checked against logind), or NULL. Reads /proc and logind's files below /run. Never fails: what
 * cannot be seen makes for fewer processes, not more.
 */
void locate_login(struct manager *manager, pid_t pid, int64_t uid, const char *service,
                  const char *logind_session, struct login_place *ret);

#endif
