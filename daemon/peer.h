/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is on the other end of a Unix socket, as the kernel knows it. Nothing a peer says is believed
 * here.
 */
#ifndef SESSMGR_PEER_H
#define SESSMGR_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    int pidfd;     /* owned; -1 where the process had gone already */
    gid_t *groups; /* owned; supplementary ones, the primary not among them */
    size_t group_count;
};

/*
 * Reads SO_PEERCRED, SO_PEERGROUPS and SO_PEERPIDFD (where the kernel has none: pidfd_open(2), and
 * the socket's peer must still be that process). To be released with peer_done(). Errors: -errno of
 * getsockopt(2); -ENOMEM.
 */
int peer_read(int socket_fd, struct peer *ret);
void peer_done(struct peer *peer);

bool peer_in_group(const struct peer *peer, gid_t group);

/* Whether a pidfd's process has exited. Never blocks. */
bool pidfd_exited(int pidfd);

/* pidfd_open(2) and pidfd_send_signal(2), as negative errno. */
int pidfd_open_pid(pid_t pid);
int pidfd_signal(int pidfd, int signal_number);

#endif
