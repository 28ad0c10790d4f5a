/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the sending and the reception of descriptors; see descriptor.h.
 */
#include <config.h>

#include "daemon/descriptor.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "common/macro.h"

void descriptor_close(int *fd)
{
    closep(fd);
    *fd = -1;
}

/* Takes the descriptors out of a control message: keeps the first in *fd where that is free, closes
 * all others. Returns how many there were. */
static size_t take(const struct cmsghdr *header, int *fd)
{
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int received;

        memcpy(&received, CMSG_DATA(header) + i * sizeof(received), sizeof(received));
        if (*fd < 0)
            *fd = received;
        else
            closep(&received);
    }
    return count;
}

ssize_t descriptor_receive(int socket_fd, void *buffer, size_t size, int *ret_fd)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
    };
    CLEANUP(closep) int fd = -1;
    size_t count = 0;
    ssize_t n;

    if (ret_fd != NULL) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_LEN(sizeof(int)); /* CMSG_SPACE has room for a second */
    }
    n = recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    if (ret_fd == NULL)
        return n;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
         header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            count += take(header, &fd);
    if (count > 1 || (message.msg_flags & MSG_CTRUNC) != 0)
        return -EPROTO;
    *ret_fd = TAKE_FD(fd);
    return n;
}

ssize_t descriptor_send(int socket_fd, const void *buffer, size_t size, int fd)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = ""};
    struct iovec vector = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    ssize_t n;

    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    n = sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}
