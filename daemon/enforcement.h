/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a session's policy does to it while it is active: it is ended on time, by idleness too, and
 * its people are warned before. When that is, schedule.h says; whether it was used, activity.h.
 */
#ifndef SESSMGR_ENFORCEMENT_H
#define SESSMGR_ENFORCEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/schedule.h"

struct manager;
struct session;

/* When an active session ends, as things are now. */
void enforcement_schedule(const struct manager *manager, const struct session *session,
                          struct schedule *ret);

/* Arms an active session for what comes next: an end, a warning, a look. To be called when any of
 * that may have changed. Error: -ENOMEM. */
int enforcement_arm(struct manager *manager, struct session *session);

/* The wall clock was set: what is a time of day is looked at anew for all active sessions, in the
 * next rounds. One that passed while the system slept or the daemon was away has passed all the
 * same. */
void enforcement_clock_was_set(struct manager *manager);

/* Looks whether an active session was used lately, for somebody who asks: not more often than once
 * a second. */
void enforcement_look(struct manager *manager, struct session *session);

/* That time has come. */
void enforcement_run(struct manager *manager, struct session *session);

/* Whether the end of an active session is due, though the event loop may not have got to it. */
bool enforcement_is_over(const struct manager *manager, const struct session *session);

enum { ENFORCEMENT_SPAN_BYTES = 32 };

/* "3s", "15min", "8h 30min": the largest units that lose nothing that matters to people. */
const char *enforcement_span(int64_t usec, char buffer[static ENFORCEMENT_SPAN_BYTES]);

#endif
