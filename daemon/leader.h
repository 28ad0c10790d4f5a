/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes that lead sessions: one object for each, however many sessions it has opened, with
 * one pidfd and one watch that they share. It lives as long as one of them is led by it.
 *
 * Two sessions have the same leader where their records name the same pid and start time. Where
 * /proc hides start times, they have it only where the pidfd proves it: a process that has not
 * exited has its pid to itself.
 */
#ifndef SESSMGR_LEADER_H
#define SESSMGR_LEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/session.h"

struct manager;

/*
 * Makes a new session one of those of the process that opens it, which is what its record names.
 * pidfd: that process, which has not exited; borrowed. Its exit calls lifecycle_leader_exited() for
 * each of its sessions, one in a round of the event loop. Errors: -ENOMEM, -errno of fcntl(2),
 * those of sd_event_add_io(3); then nothing has happened.
 */
int leader_open(struct manager *manager, struct session *session, int pidfd);

/*
 * Takes hold of the leader that the record of a session from the store names. Where it cannot be
 * seen, a process of its pid is watched but never signalled; where there are no descriptors for it,
 * it is tried again from time to time. Returns 1, or 0 where that process is known to have gone.
 * What could not be found out ends nobody's session. Error: -ENOMEM.
 */
int leader_recover(struct manager *manager, struct session *session);

/* Parts a session from its leader: it has ended, or the leader has. Nothing happens to a session
 * without one. */
void leader_leave(struct session *session);

/* Whether a session's leader is not known to have exited. Never blocks. */
bool leader_lives(const struct session *session);

/* Signals the leader, if it lives and is known to be the process that opened the session. */
void leader_signal(const struct session *session, int number);

/* Of the sessions of a table that a process leads, the innermost: the one that it opened last; NULL
 * where it leads none. Borrowed. */
struct session *leader_find_session(const struct session_table *table, pid_t pid,
                                    uint64_t start_ticks);

#endif
