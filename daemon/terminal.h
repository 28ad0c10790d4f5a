/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines written to people's terminals.
 */
#ifndef SESSMGR_TERMINAL_H
#define SESSMGR_TERMINAL_H

#include <stddef.h>

/*
 * Writes a message (UTF-8; control characters are replaced) as lines of its own to the terminal
 * with a device number (field 7 of /proc/PID/stat), if it is a pseudo-terminal or console that
 * permits messages (group-writable, as mesg(1) sets it) . Does not block, does not become its
 * controlling process. Errors: -ENXIO no such terminal; -EACCES messages are not permitted; other
 * -errno.
 */
int terminal_write(unsigned device, const char *message);

#endif
