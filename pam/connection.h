/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to a socket that only root can have put where it is.
 */
#ifndef SESSMGR_PAM_CONNECTION_H
#define SESSMGR_PAM_CONNECTION_H

#include "pam/budget.h"

/*
 * Connects to the Unix stream socket at path (as options.h has it). The socket must be root's, and
 * its folder root's and writable by nobody else; the folder's name must not be a symbolic link.
 * Waits within the budget while the socket's queue is full. *ret_fd: close-on-exec, non-blocking,
 * the caller's. Errors: -EPERM the socket or its folder is not root's alone; -ENOTSOCK it is no
 * socket; -ETIMEDOUT; -errno of open(2), fstatat(2), socket(2), connect(2). *ret_cause is then a
 * static text that says what went wrong.
 */
int connection_open(const char *path, const struct budget *budget, int *ret_fd,
                    const char **ret_cause);

#endif
