/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks the kernel who is on the other end of a socket, see unix(7) and socket(7), and wraps the
 * pidfd system calls, which not every C library has.
 */
#include <config.h>

#include "daemon/peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/macro.h"

/* From Linux 6.5 on; not in older headers. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Whether poll(2) reports one of the events right now. */
static bool poll_now(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int r;

    do {
        r = poll(&entry, 1, 0);
    } while (r < 0 && errno == EINTR);
    return r > 0 && (entry.revents & (events | POLLERR | POLLHUP | POLLNVAL)) != 0;
}

/*
 * A pidfd by number, for kernels without SO_PEERPIDFD. Between connect(2) and now the process may
 * have exited and its number may have gone to another. As long as the other end of the socket is
 * open, that needs a process that has handed its end to somebody else before it exited; where it is
 * closed, nothing is proven and there is no pidfd. What is left to such a trick: uid, gid and
 * groups are those of the connect(2) all the same, so nobody gains another user's rights; and on
 * the login socket, whose word about processes counts, only root can connect.
 */
static int open_by_number(int socket_fd, pid_t pid, int *ret)
{
    CLEANUP(closep) int pidfd = pidfd_open_pid(pid);

    if (pidfd < 0 && pidfd != -ESRCH && pidfd != -EINVAL)
        return pidfd;
    if (pidfd < 0 || poll_now(socket_fd, 0) || pidfd_exited(pidfd))
        *ret = -1;
    else
        *ret = TAKE_FD(pidfd);
    return 0;
}

/* The peer's pidfd, or -1 where it has gone. */
static int read_pidfd(int socket_fd, pid_t pid, int *ret)
{
    int pidfd = -1;
    socklen_t size = sizeof(pidfd);

    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) >= 0) {
        *ret = pidfd;
        return 0;
    }
    if (errno == ENOPROTOOPT)
        return open_by_number(socket_fd, pid, ret);
    if (errno != ESRCH && errno != EINVAL && errno != ENODATA)
        return -errno;
    *ret = -1;
    return 0;
}

/* All of the peer's supplementary groups. The number cannot change: they are those of the
 * connect(2). */
static int read_groups(int socket_fd, gid_t **ret, size_t *ret_count)
{
    CLEANUP(freep) gid_t *groups = NULL;
    socklen_t size = 0;

    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) < 0 && errno != ERANGE)
        return -errno;
    groups = malloc(size > 0 ? size : sizeof(*groups));
    if (groups == NULL)
        return -ENOMEM;
    if (size > 0 && getsockopt(socket_fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return -errno;
    *ret_count = size / sizeof(*groups);
    *ret = TAKE_PTR(groups);
    return 0;
}

int peer_read(int socket_fd, struct peer *ret)
{
    CLEANUP(peer_done) struct peer peer = {.pidfd = -1};
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    size_t kept = 0;
    int r;

    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return -errno;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.pid = credentials.pid;
    r = read_groups(socket_fd, &peer.groups, &peer.group_count);
    if (r < 0)
        return r;
    for (size_t i = 0; i < peer.group_count; i++)
        if (peer.groups[i] != peer.gid)
            peer.groups[kept++] = peer.groups[i];
    peer.group_count = kept;
    r = read_pidfd(socket_fd, peer.pid, &peer.pidfd);
    if (r < 0)
        return r;

    *ret = peer;
    peer = (struct peer){.pidfd = -1}; /* handed over */
    return 0;
}

void peer_done(struct peer *peer)
{
    free(peer->groups);
    closep(&peer->pidfd);
    *peer = (struct peer){.pidfd = -1};
}

bool peer_in_group(const struct peer *peer, gid_t group)
{
    if (peer->gid == group)
        return true;
    for (size_t i = 0; i < peer->group_count; i++)
        if (peer->groups[i] == group)
            return true;
    return false;
}

bool pidfd_exited(int pidfd)
{
    return pidfd < 0 || poll_now(pidfd, POLLIN);
}

int pidfd_open_pid(pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0U);

    return fd < 0 ? -errno : (int)fd;
}

int pidfd_signal(int pidfd, int signal_number)
{
    long r = syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0U);

    return r < 0 ? -errno : 0;
}
