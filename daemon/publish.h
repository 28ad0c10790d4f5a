/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others get to see of a session: its record in the store, its events in the stream, and the
 * parts of its wire form that depend on the clock.
 */
#ifndef SESSMGR_PUBLISH_H
#define SESSMGR_PUBLISH_H

#include "daemon/manager.h"

/*
 * Hands the session's record to the store and adds an event ("opened", "changed", "ending",
 * "ended") to the stream. The record is on the disk when info.durable says so. An end is told, to
 * the stream and to the audit trail, when it is on the disk or the disk did not take it; only in
 * the second case can a crash undo an end that somebody has read of. What ends a session may use
 * the store's reserve. Never fails: what the store does not take for want of memory is logged, is
 * not durable, and goes with the session's next record.
 */
void publish_session(struct manager *manager, struct session *session, const char *event);

/* The same without an event: of a change that nobody who watches needs to hear of. */
void publish_quietly(struct manager *manager, struct session *session);

/* The same of an active session some of whose tokens were revoked, which is as urgent as an end. */
void publish_revocation(struct manager *manager, struct session *session);

/* Fills in the deadlines as wall-clock times, as they are now. To be called before the wire form is
 * shown. */
void publish_refresh(const struct manager *manager, struct session *session);

#endif
