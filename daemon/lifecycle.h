/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a session: the only file that changes a session's state. Each step changes memory,
 * hands the record to the store, writes the audit event and tells those who watch; who needs to
 * know that a step is durable waits for the store (see call_reply_durable()).
 *
 *     (opened) -> active -> ending -> ended
 *                   |                   ^
 *                   +------ logout -----+
 */
#ifndef SESSMGR_LIFECYCLE_H
#define SESSMGR_LIFECYCLE_H

#include "daemon/locate.h"
#include "daemon/manager.h"
#include "daemon/peer.h"

/* Every session is under this rule while there are no policy files. */
#define LIFECYCLE_DEFAULT_POLICY "default"

/*
 * Opens a session for an admitted login, led by a peer. *ret is borrowed from the table. Errors:
 * -ESRCH the peer has exited; leader_open()'s; then nothing has happened.
 */
int lifecycle_open(struct manager *manager, const struct login_request *login,
                   const struct peer *peer, const struct login_place *place, struct session **ret);

/*
 * The leader closed the session. One that is active ends as logout; one that is ending already
 * keeps its reason, and goes on with its processes.
 */
void lifecycle_close(struct manager *manager, struct session *session);

/*
 * Ends an active session, and those nested in it, for a reason: its processes are ended as its
 * settings say. message is shown on its terminals and may be NULL. actor is who asked, NULL for the
 * daemon itself. Nothing happens to one that is ending or ended.
 */
void lifecycle_end(struct manager *manager, struct session *session, enum end_reason reason,
                   const char *message, const struct peer *actor);

/* The processes of an ending session are gone (or could not be ended): it is ended. */
void lifecycle_finish(struct manager *manager, struct session *session);

/* Notes activity of an active session, and has it recorded from time to time. */
void lifecycle_touch(struct manager *manager, struct session *session);

/* Records that something other than the state has changed. */
void lifecycle_changed(struct manager *manager, struct session *session);

/* The leader of a session that is not ended has exited: that ends an active one. */
void lifecycle_leader_exited(struct manager *manager, struct session *session);

/* Arms the deadline that the session's state asks for: lifetime, or retention. Error: -ENOMEM. */
int lifecycle_arm(struct manager *manager, struct session *session);

#endif
