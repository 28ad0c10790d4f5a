/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who a caller is, from the kernel's knowledge alone. Which method wants whom is in the one table
 * of method.c; no handler asks again.
 */
#ifndef SESSMGR_AUTHORIZE_H
#define SESSMGR_AUTHORIZE_H

#include <stdbool.h>

#include "daemon/peer.h"

struct manager;
struct session;

/* The kinds of callers, as bits; the names in the .varlink texts stand beside them. */
enum caller {
    CALLER_ROOT = 1 << 0,     /* "root" */
    CALLER_ADMIN = 1 << 1,    /* "sessmgr-admin": the group */
    CALLER_VERIFIER = 1 << 2, /* "sessmgr-verifier": the group */
    CALLER_OWNER = 1 << 3,    /* "the owner for their own sessions" */
    CALLER_MEMBER = 1 << 4,   /* "a process of the session" */
    CALLER_ANYONE = 1 << 5,   /* "anyone" */
};

/*
 * What a peer is: without a session whatever it is by itself; with one also whether it is that
 * session's owner or one of its processes (which are the session's user's or root's: somebody
 * else's process that lost its way into the session is none).
 */
unsigned authorize_classify(struct manager *manager, const struct peer *peer,
                            const struct session *session);

/* Whether a process of a session that runs as a user speaks for it: the session's user's do, and
 * root's; somebody else's that lost its way into the session does not. */
bool authorize_speaks_for(uid_t uid, const struct session *session);

/* Whether a peer may do to a session what is allowed to `callers`. */
bool authorize_session(struct manager *manager, const struct peer *peer, unsigned callers,
                       const struct session *session);

#endif
