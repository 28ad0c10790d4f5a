/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon that follows a script: one step for each connection, after the last of which it stops
 * listening. It keeps what it was asked.
 */
#ifndef SESSMGR_TESTS_PAM_FAKE_DAEMON_H
#define SESSMGR_TESTS_PAM_FAKE_DAEMON_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

enum fake_behaviour {
    FAKE_REPLY,        /* takes the call, answers with text and its NUL */
    FAKE_TWICE,        /* takes the call, answers twice in one go */
    FAKE_CUT_OFF,      /* takes the call, sends text without the NUL and closes */
    FAKE_SILENT,       /* takes the call and says nothing until the other end closes */
    FAKE_DRIP,         /* takes the call, sends text byte by byte, one each 10 ms */
    FAKE_FLOOD,        /* takes the call, sends more than the longest message */
    FAKE_HANG_UP,      /* closes at once */
    FAKE_HANG_UP_LATE, /* accepts after 50 ms and closes at once */
};

struct fake_step {
    enum fake_behaviour how;
    const char *text;
};

struct fake_daemon {
    pid_t pid;            /* 0: there is none */
    int listener;         /* -1: there is none */
    char calls[PATH_MAX]; /* the file of what was asked, NUL behind each */
};

/* Listens at path; nothing accepts yet. calls: a file to be made. */
void fake_listen(struct fake_daemon *fake, const char *path, const char *calls, int backlog);

/* Begins to serve, in a process of its own that dies with this one. */
void fake_serve(struct fake_daemon *fake, const struct fake_step *steps, size_t count);

/* How many calls there were. */
size_t fake_count(const struct fake_daemon *fake);

/* Copies the text of a call, counted from 0, or "" where there was none. */
void fake_get_call(const struct fake_daemon *fake, size_t index, char *buffer, size_t size);

/* Ends the process and waits for it. Accepts one that never ran. */
void fake_stop(struct fake_daemon *fake);

#endif
