/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ending a session's processes, and no others: a ladder of signals, each by pidfd, that goes on
 * until nothing of the session is left.
 *
 *     HUP and CONT to everything but the connection (the leader and sshd's other half);
 *     after half of the grace TERM, after all of it STOP and KILL;
 *     when nothing but the connection is left, TERM to the leader, and after the same grace again
 * KILL to what remains.
 *
 * What belongs to the session is decided by members.h and looked up anew at each step.
 */
#ifndef SESSMGR_ENDING_H
#define SESSMGR_ENDING_H

struct ending;
struct manager;
struct session;

/*
 * Starts the ladder for a session in STATE_ENDING; session->ending holds it until
 * lifecycle_finish(). message is written to the session's terminals; NULL for none. Where the
 * ladder cannot be started for want of memory, the session is finished at once and the audit trail
 * says that processes may be left.
 */
void ending_start(struct manager *manager, struct session *session, const char *message);

/* Looks again now: the leader has closed the session, or has exited. Nothing happens to a session
 * without a ladder. */
void ending_poke(struct session *session);

/* Stops a ladder. Accepts NULL. */
void ending_free(struct ending *ending);

#endif
