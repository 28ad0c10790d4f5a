/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connecting to a socket that is to be trusted: see connection.h.
 *
 * Why the order below leaves no gap: the folder is opened first and everything after goes through
 * that descriptor, so whatever happens to the path meanwhile, it is one and the same folder that is
 * checked, looked into and connected through. It belongs to root and no one else may write to it,
 * so no one else can put, rename or replace an entry in it, and what is true of the socket at the
 * check is true at the connect. The folder's parents need no check for the same reason: whoever
 * could exchange the folder could only put another one of root's there (one that holds a socket of
 * root's with the same name, so pam_sessmgr(8) asks for parents that are root's as well). A POSIX
 * ACL can't widen what is checked: its mask is the group's bits.
 *
 * SO_PEERCRED is not looked at: it names whoever called listen() last on the socket, which is
 * systemd or, where the daemon sets another backlog, the daemon's own user. Who may have the socket
 * at all is what the file's owner tells.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/macro.h"
#include "pam/connection.h"
#include "pam/options.h"

enum { RETRY_MSEC = 10 };

#define FD_PATH_FORMAT "/proc/self/fd/%d/%s"

_Static_assert(sizeof("/proc/self/fd/2147483647/") + OPTIONS_SOCKET_NAME_MAX_BYTES <=
                   sizeof(((struct sockaddr_un *)NULL)->sun_path),
               "the longest name of a socket fits");

static int open_folder(const char *path, const char *name, int *ret_fd, const char **ret_cause)
{
    CLEANUP(closep) int fd = -1;
    char folder[PATH_MAX];
    struct stat status;
    size_t length = (size_t)(name - path); /* with the slash, so that "/" is one too */

    memcpy(folder, path, length);
    folder[length > 1 ? length - 1 : length] = '\0';

    fd = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        *ret_cause = "its folder cannot be opened";
        return -errno;
    }
    if (fstat(fd, &status) < 0) {
        *ret_cause = "its folder cannot be looked at";
        return -errno;
    }
    if (status.st_uid != 0) {
        *ret_cause = "its folder does not belong to root";
        return -EPERM;
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        *ret_cause = "its folder can be written to by others than root";
        return -EPERM;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int check_socket(int folder_fd, const char *name, const char **ret_cause)
{
    struct stat status;

    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        *ret_cause = "it cannot be looked at";
        return -errno;
    }
    if (!S_ISSOCK(status.st_mode)) {
        *ret_cause = "it is not a socket";
        return -ENOTSOCK;
    }
    if (status.st_uid != 0) {
        *ret_cause = "it does not belong to root";
        return -EPERM;
    }
    return 0;
}

/* Where a queue is full a non-blocking connect says EAGAIN and there is nothing to poll for. */
static int connect_within(const struct budget *budget, int fd, const struct sockaddr_un *address)
{
    for (;;) {
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
            return 0;
        if (errno == EAGAIN) {
            int r = budget_sleep(budget, RETRY_MSEC);
            if (r < 0)
                return r;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

int connection_open(const char *path, const struct budget *budget, int *ret_fd,
                    const char **ret_cause)
{
    CLEANUP(closep) int folder_fd = -1;
    CLEANUP(closep) int fd = -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = strrchr(path, '/') + 1;
    int r;

    r = open_folder(path, name, &folder_fd, ret_cause);
    if (r < 0)
        return r;
    r = check_socket(folder_fd, name, ret_cause);
    if (r < 0)
        return r;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        *ret_cause = "no socket can be made";
        return -errno;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), FD_PATH_FORMAT, folder_fd,
                   name); /* it fits: see the assertion above */
    r = connect_within(budget, fd, &address);
    if (r < 0) {
        *ret_cause = "it cannot be connected to";
        return r;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}
