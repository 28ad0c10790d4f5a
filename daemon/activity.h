/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Activity: when a session was last used, by the sources that its policy names. Looked for when it
 * matters (an end by idleness or a warning of it would be due), and not in between.
 *
 * What the kernel knows of terminals is in steps of 8 seconds, so somebody is taken to be active up
 * to 8 seconds longer, never shorter. Of CPU time it is known that it moved since the last look,
 * and not when: that counts as now.
 */
#ifndef SESSMGR_ACTIVITY_H
#define SESSMGR_ACTIVITY_H

#include <stdint.h>

#include "daemon/session.h"
#include "daemon/settings.h"
#include "daemon/terminal.h"

struct manager;

/*
 * What a terminal's times mean that are not by the wall clock as it is now, or not somebody's:
 * those from before a step of the clock, and of our own message.
 */
struct terminal_mark {
    unsigned device;
    struct terminal_times times;
    int64_t read_usec, written_usec; /* boottime */
};

/* Sorted by device. All zero is the empty one. */
struct terminal_marks {
    struct terminal_mark *items; /* owned */
    size_t count, capacity;
};

/* A session has been opened now; or it comes from the store, with what its record says. */
void activity_start(struct manager *manager, struct session *session);
void activity_recover(struct manager *manager, struct session *session);

/* Something that is an activity (one of enum activity) has happened, now. */
void activity_note(struct manager *manager, struct session *session, enum activity source);

/* Looks whether a session was active, and whether it has a terminal. Reads /proc, the cgroups and
 * /dev; what cannot be seen is no activity, but where /proc hides the processes of others everybody
 * is active. */
void activity_look(struct manager *manager, struct session *session);

/*
 * Whether a terminal of a session's processes is the session's: its user's, or that of a user
 * around it or inside of it (su, sudo). Any other has only the number in common: each instance of
 * devpts counts for itself, and everybody can make one.
 */
bool activity_is_own_terminal(const struct manager *manager, const struct session *session,
                              const struct terminal_times *terminal);

/* Writes a message to each own terminal of a session whose owner permits it, without making it look
 * used. */
void activity_tell(struct manager *manager, struct session *session, const char *message);

/* The wall clock has been set: keeps what terminals said by the old one. */
void activity_clock_was_set(struct manager *manager, int64_t old_offset_usec);

/* Frees the marks. */
void activity_done(struct terminal_marks *marks);

#endif
