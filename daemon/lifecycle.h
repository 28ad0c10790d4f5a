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

#include "daemon/manager.h"
#include "daemon/opening.h"
#include "daemon/peer.h"

/*
 * Opens a session for an admitted login, led by the process of a pidfd. *ret is borrowed from the
 * table. Errors: -ESRCH that process has exited; -EKEYREVOKED sessions like this one were
 * terminated after the login had begun (standing.h); leader_open()'s; then nothing has happened.
 */
int lifecycle_open(struct manager *manager, const struct opening *login, int pidfd,
                   struct session **ret);

/* The same of a session that was opened while nobody was there to be told; see opening.h. */
int lifecycle_adopt(struct manager *manager, const struct opening *login, int pidfd,
                    struct session **ret);

/* Words for people: why a session ends, as in "Your session ends: ...". Static. */
const char *lifecycle_words(enum end_reason reason);

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

/* A resource counts a token of an active session as its activity: has that recorded from time to
 * time. */
void lifecycle_touch(struct manager *manager, struct session *session);

/* Puts off the end of an active session by some time, CONFIG_DURATION_MAX_USEC at the most; by: who
 * asked; counts: whether it is one of those that the policy gives. */
void lifecycle_extend(struct manager *manager, struct session *session, int64_t usec,
                      const struct peer *by, bool counts);

/* Records that something other than the state has changed. */
void lifecycle_changed(struct manager *manager, struct session *session);

/* The leader of a session that is not ended has exited: that ends an active one. */
void lifecycle_leader_exited(struct manager *manager, struct session *session);

/* Arms the deadline that the session's state asks for: enforcement, or retention. Error: -ENOMEM.
 */
int lifecycle_arm(struct manager *manager, struct session *session);

#endif
