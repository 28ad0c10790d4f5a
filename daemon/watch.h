/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stream of changes: the last WATCH_EVENTS_MAX of them, numbered without gaps, each as the text
 * that goes to those who watch. A reader that falls behind further than that learns it, and nothing
 * waits for it.
 *
 * Numbers start at the time of the daemon's start in microseconds, so that one from before a
 * restart is told apart: it is a gap.
 */
#ifndef SESSMGR_WATCH_H
#define SESSMGR_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"

enum { WATCH_EVENTS_MAX = 4096 };

struct watch_event {
    int64_t uid; /* the session's */
    char *text;  /* owned: the parameters of one reply, a JSON object; NULL when there was no memory
                    for it */
    size_t length;
};

struct watch_log {
    struct watch_event events[WATCH_EVENTS_MAX]; /* a ring: the one of a sequence is at sequence %
                                                    WATCH_EVENTS_MAX */
    int64_t oldest;                              /* sequence of the oldest event that is kept */
    int64_t next;                                /* sequence of the next event */
    void (*notify)(void *userdata);              /* called after each event; may be NULL */
    void *userdata;
};

void watch_init(struct watch_log *log, int64_t first_sequence);
void watch_done(struct watch_log *log);

/* Adds an event. */
void watch_add(struct watch_log *log, const char *event, const struct session_info *session);

/* Forgets all events so far; who had not read them meets a gap. */
void watch_forget(struct watch_log *log);

/* The event of a sequence in oldest..next - 1. Borrowed until the next watch_add(). */
const struct watch_event *watch_get(const struct watch_log *log, int64_t sequence);

#endif
