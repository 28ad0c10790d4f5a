/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns io.sessmgr.Session.DescribePeer: the session of the process whose pidfd came with the call.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/authorize.h"
#include "daemon/locate.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/publish.h"

enum { FDINFO_MAX_BYTES = 4096 };

/* Reads a file of /proc, of which the beginning will do. */
static int read_start(const char *path, char *buffer, size_t size)
{
    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, buffer, size - 1);
    if (n < 0)
        return -errno;
    buffer[n] = '\0';
    return 0;
}

/* The process of a pidfd, see the "Pid:" line in proc_pid_fdinfo(5). Errors: -EINVAL it is no
 * pidfd; -ESRCH its process has gone. */
static int pid_of(int pidfd, pid_t *ret)
{
    char path[64], text[FDINFO_MAX_BYTES];
    const char *line;
    long pid;
    int r;

    (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd); /* it fits */
    r = read_start(path, text, sizeof(text));
    if (r < 0)
        return r;
    line = strstr(text, "\nPid:");
    if (line == NULL)
        return -EINVAL;
    pid = strtol(line + strlen("\nPid:"), NULL, 10);
    if (pid <= 0)
        return -ESRCH;
    *ret = (pid_t)pid;
    return 0;
}

/* The session that the process is in and may speak for. Errors: -ESRCH none; pid_of()'s. */
static int find_session(struct manager *manager, int pidfd, struct session **ret)
{
    struct session *session;
    struct process process;
    pid_t pid;
    int r;

    r = pid_of(pidfd, &pid);
    if (r < 0)
        return r;
    if (process_read(&manager->proc, pid, &process) < 0)
        return -ESRCH;
    session = locate_session_of(manager, pid);
    /* Asked last: one that has not exited by now is the one that was looked at. */
    if (pidfd_exited(pidfd) || session == NULL || session->record.info.state != STATE_ACTIVE)
        return -ESRCH;
    if (!authorize_speaks_for(process.uid, session) || !authorize_speaks_for(process.euid, session))
        return -ESRCH;
    *ret = session;
    return 0;
}

int method_describe_peer(struct call *call)
{
    struct session *session = NULL;
    struct describe_peer_out out;
    int r;

    r = call->fd < 0 ? -EINVAL : find_session(call->manager, call->fd, &session);
    if (r == -EINVAL) {
        call_invalid(call, "pidfd");
        return 0;
    }
    if (r < 0)
        return r;
    publish_refresh(call->manager, session);
    out.session = session->record.info;
    call_reply(call, &out);
    return 0;
}
