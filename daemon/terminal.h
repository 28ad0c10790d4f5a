/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines written to people's terminals.
 */
#ifndef SESSMGR_TERMINAL_H
#define SESSMGR_TERMINAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whose a terminal is, and when it was last read from and written to by a program: CLOCK_REALTIME,
 * in whole seconds, of which the kernel keeps only the first one of every eight that it sees. */
struct terminal_times {
    int64_t read_sec;
    int64_t written_sec;
    uid_t owner;
};

enum { TERMINAL_TIME_STEP_SEC = 8 };

/* Reads a terminal's times. device: its number, field 7 of /proc/PID/stat. Does not block. Errors:
 * -ENXIO no such terminal (see below); other -errno. */
int terminal_read_times(unsigned device, struct terminal_times *ret);

/* Visits every pseudo-terminal and virtual console that there is. Does not block. */
void terminal_each(void (*visit)(unsigned device, const struct terminal_times *times,
                                 void *userdata),
                   void *userdata);

/*
 * Writes a message (UTF-8; control characters are replaced) as lines of its own to the terminal
 * with a device number (field 7 of /proc/PID/stat), if it is a pseudo-terminal or console that
 * permits messages (group-writable, as mesg(1) sets it). Does not block, does not become its
 * controlling process. Errors: -ENXIO no such terminal; -EACCES messages are not permitted; other
 * -errno.
 */
int terminal_write(unsigned device, const char *message);

#endif
