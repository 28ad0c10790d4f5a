/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bar on a terminal that says how far a long work is. Appears where the work takes longer than a
 * second; writes nothing where the descriptor is no terminal.
 */
#ifndef SESSMGR_PROGRESS_H
#define SESSMGR_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE_BYTES = 128 };

struct progress {
    const char *what; /* borrowed */
    int fd;           /* -1: not to be shown */
    int64_t started_msec;
    int64_t shown_msec; /* the last time */
    bool shown;
};

/* Begins a work now. what: one word for it. fd: where the bar is shown, borrowed. */
void progress_begin(struct progress *progress, const char *what, int fd);

/* Shows how far it is, in bytes. total_bytes: 0 where it is not known (yet). */
void progress_show(struct progress *progress, uint64_t done_bytes, uint64_t total_bytes);

/* Takes the bar away, so that something else can be written. */
void progress_end(struct progress *progress);

/* The line itself: "verify  [#####.....]  50%  12.0 of 24.0 MiB". Returns buffer. */
const char *progress_line(const char *what, uint64_t done_bytes, uint64_t total_bytes,
                          char buffer[static PROGRESS_LINE_BYTES]);

#endif
