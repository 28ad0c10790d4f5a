/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * File descriptors that come and go with bytes over a Unix socket, see unix(7), SCM_RIGHTS. Who may
 * send them, and which message one belongs to, is the connection's business.
 */
#ifndef SESSMGR_DESCRIPTOR_H
#define SESSMGR_DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>

/* Closes one, if there is one, and leaves -1 behind. */
void descriptor_close(int *fd);

/*
 * Receives bytes, and the descriptor that came with the last of them, close-on-exec. buffer: size
 * bytes, at least 1. Returns their number, 0 at the end of the stream; *ret_fd is the caller's, or
 * -1 where none came. The kernel ends a read where bytes had a descriptor, so one read never yields
 * those of two sendmsg(2). ret_fd: NULL where none is wanted, then the kernel drops them. Errors:
 * -EPROTO there were several, or there is no room for one; none of them is kept then, and the bytes
 * are lost. Others of recvmsg(2). Does not block.
 */
ssize_t descriptor_receive(int socket_fd, void *buffer, size_t size, int *ret_fd);

/*
 * Sends bytes, and with the first of them a descriptor, which stays the caller's; fd: -1 for none.
 * Returns how many bytes went, and the descriptor with them. Errors: those of sendmsg(2). Does not
 * block, and raises no SIGPIPE.
 */
ssize_t descriptor_send(int socket_fd, const void *buffer, size_t size, int fd);

#endif
