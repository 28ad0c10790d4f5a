/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose session is on the other end of a socket: finds the process by the kernel's word, and leaves
 * to the daemon which session that is in.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/session.h"

/* From Linux 6.5 on; not in older headers. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static int option_of(int fd, int option, int *ret)
{
    socklen_t size = sizeof(*ret);

    return getsockopt(fd, SOL_SOCKET, option, ret, &size) < 0 ? -errno : 0;
}

/*
 * Who connected, if fd is a socket of which that can be said. A socket that listens has the
 * credentials of its own process, and to one for datagrams anybody can send whoever the peer is;
 * both would yield a session that is not the sender's.
 */
static int read_credentials(int fd, struct ucred *ret)
{
    socklen_t size = sizeof(*ret);
    int domain = 0;
    int type = 0;
    int listening = 0;

    if (option_of(fd, SO_DOMAIN, &domain) < 0 || domain != AF_UNIX)
        return -EINVAL;
    if (option_of(fd, SO_TYPE, &type) < 0 || (type != SOCK_STREAM && type != SOCK_SEQPACKET))
        return -EINVAL;
    if (option_of(fd, SO_ACCEPTCONN, &listening) < 0 || listening)
        return -EINVAL;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) < 0)
        return -errno;
    /* unix(7): not connected */
    return ret->uid == (uid_t)-1 ? -EINVAL : 0;
}

static bool has_event(int fd, short events)
{
    struct pollfd item = {.fd = fd, .events = events};
    int r;

    do {
        r = poll(&item, 1, 0);
    } while (r < 0 && errno == EINTR);
    /* what cannot be polled counts as ended */
    return r != 0;
}

/* A pidfd is readable when its process has ended (pidfd_open(2)). */
static bool has_exited(int pidfd)
{
    return has_event(pidfd, POLLIN);
}

/*
 * A pidfd by number, for kernels without SO_PEERPIDFD. The number is the peer's as long as that
 * process lives, but it may have exited and the number be another's by now; the socket's
 * credentials do not tell, they stay what they were. While the other end is open somebody holds it,
 * which would have to have been handed it by a process that then exited; where it is closed,
 * nothing can be said.
 */
static int open_by_number(int fd, pid_t pid, int *ret)
{
    CLEANUP(closep) int pidfd = -1;

    if (pid <= 0)
        return -EAGAIN; /* a process that this one's namespace does not have */
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 && errno == ESRCH)
        return 0;
    if (pidfd < 0)
        return errno == ENOSYS ? -EAGAIN : -errno;
    /* looked at behind pidfd_open(2): an end that closes later cannot change whom it found */
    if (has_event(fd, 0))
        return -EAGAIN;
    *ret = TAKE_FD(pidfd);
    return 1;
}

/* The peer's process: 1 and its pidfd, or 0 when it has exited. */
static int open_peer(int fd, int *ret)
{
    struct ucred credentials;
    int pidfd = -1;
    int r;

    r = read_credentials(fd, &credentials);
    if (r < 0)
        return r;
    r = option_of(fd, SO_PEERPIDFD, &pidfd);
    if (r == -ENOPROTOOPT)
        return open_by_number(fd, credentials.pid, ret);
    /* how kernels say that the process has been waited for */
    if (r == -ESRCH || r == -EINVAL || r == -ENODATA)
        return 0;
    if (r < 0)
        return r;
    *ret = pidfd;
    return 1;
}

/* The session that the daemon describes: 1, or 0 when it has ended. */
static int answer_decode(struct json answer, struct sessmgr_session **ret)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    struct json object;
    int r;

    if (!member_find(answer, "session", &object))
        return -EPROTO;
    r = session_decode(object, &session);
    if (r < 0)
        return r;
    if (sessmgr_session_get_ended_usec(session) >= 0 ||
        strcmp(sessmgr_session_get_state(session), session_state_names[STATE_ENDED]) == 0)
        return 0;
    *ret = TAKE_PTR(session);
    return 1;
}

int sessmgr_validate_peer(struct sessmgr *handle, int fd, struct sessmgr_session **ret)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    CLEANUP(closep) int pidfd = -1;
    struct json answer;
    int r;

    r = handle_check(handle, fd >= 0 && ret);
    if (r < 0)
        return r;
    r = open_peer(fd, &pidfd);
    if (r <= 0)
        return r;
    if (has_exited(pidfd))
        return 0;
    r = call_once_with_fd(&handle->connection, SESSION_INTERFACE ".DescribePeer", pidfd, &answer);
    if (r == -ESRCH || r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    r = answer_decode(answer, &session);
    if (r <= 0)
        return r;
    /* As the process has lived until now, what the daemon read of its number was read of it. */
    if (has_exited(pidfd))
        return 0;
    *ret = TAKE_PTR(session);
    return 1;
}
