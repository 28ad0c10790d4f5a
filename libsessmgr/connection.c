/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket: connecting, sending and receiving within a deadline. Owns the descriptor and both
 * buffers; knows frames and nothing of their content.
 */
#include "config.h"

#include "libsessmgr/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)

uint64_t deadline_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

uint64_t deadline_after(uint64_t timeout_usec)
{
    uint64_t now = deadline_now();

    return timeout_usec < UINT64_MAX - now ? now + timeout_usec : UINT64_MAX;
}

static uint64_t left_usec(uint64_t deadline)
{
    uint64_t now = deadline_now();

    if (deadline == UINT64_MAX)
        return UINT64_MAX;
    return deadline > now ? deadline - now : 0;
}

/* 1 when the descriptor is ready (or broken: the next call on it will tell), 0 at the deadline. */
static int wait_for(int fd, short events, uint64_t deadline)
{
    for (;;) {
        struct pollfd item = {.fd = fd, .events = events};
        uint64_t left = left_usec(deadline);
        int wait_msec = -1;
        int r;

        /* Rounded up: a wait that ends early would spin through the last millisecond. */
        if (left < (uint64_t)INT32_MAX * USEC_PER_MSEC)
            wait_msec = (int)((left + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
        r = poll(&item, 1, wait_msec);
        if (r > 0)
            return 1;
        if (r < 0 && errno != EINTR)
            return -errno;
        if (left_usec(deadline) == 0)
            return 0;
    }
}

int connection_init(struct connection *connection, const char *path, uint64_t timeout_usec)
{
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof(connection->address.sun_path))
        return -EINVAL;
    /* all but the buffers, which are large and need no start value */
    memset(connection, 0, offsetof(struct connection, input));
    connection->fd = -1;
    connection->attachment = -1;
    connection->received = -1;
    connection->timeout_usec = timeout_usec;
    connection->address.sun_family = AF_UNIX;
    memcpy(connection->address.sun_path, path, length + 1);
    return 0;
}

void connection_close(struct connection *connection)
{
    closep(&connection->fd);
    connection->fd = -1;
    closep(&connection->received);
    connection->received = -1;
    connection->input_bytes = 0;
    connection->frame_bytes = 0;
    connection->unanswered = false;
}

bool connection_is_own(struct connection *connection)
{
    if (connection->fd < 0)
        return false;
    if (connection->owner == getpid())
        return true;
    /* close(2) in the child takes nothing from the parent, where shutdown(2) would */
    connection_close(connection);
    return false;
}

bool connection_is_idle(struct connection *connection)
{
    char byte;

    if (!connection_is_own(connection) || connection->input_bytes != connection->frame_bytes)
        return false;
    if (recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
        return false;
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* A non-blocking connect(2) on a Unix socket does not wait for a place in a full backlog and cannot
 * be polled for one; a blocking one waits no longer than SO_SNDTIMEO. */
static int connect_within(int fd, const struct sockaddr_un *address, uint64_t deadline)
{
    for (;;) {
        uint64_t left = left_usec(deadline);
        struct timeval limit = {0}; /* zero: no limit */

        if (left == 0)
            left = 1;
        if (left < UINT64_C(1) << 40) {
            limit.tv_sec = (time_t)(left / USEC_PER_SEC);
            limit.tv_usec = (suseconds_t)(left % USEC_PER_SEC);
        }
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
            return -errno;
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
            return 0;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
        if (left_usec(deadline) == 0)
            return -ETIMEDOUT;
    }
}

int connection_connect(struct connection *connection, uint64_t deadline)
{
    CLEANUP(closep) int fd = -1;
    int r;

    connection_close(connection);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    r = connect_within(fd, &connection->address, deadline);
    if (r == -ETIMEDOUT)
        return r;
    if (r < 0) {
        connection_explain(connection, "%s: %s", connection->address.sun_path, strerrordesc_np(-r));
        return -ECONNREFUSED;
    }
    connection->fd = TAKE_FD(fd);
    connection->owner = getpid();
    return 0;
}

void connection_touch(struct connection *connection, size_t input_bytes, size_t output_bytes)
{
    if (connection->input_touched_bytes < input_bytes)
        connection->input_touched_bytes = input_bytes;
    if (connection->output_touched_bytes < output_bytes)
        connection->output_touched_bytes = output_bytes;
}

void connection_wipe(struct connection *connection)
{
    if (connection->input_bytes != connection->frame_bytes)
        connection_close(connection);
    connection->input_bytes = 0;
    connection->frame_bytes = 0;
    connection->output_bytes = 0;
    explicit_bzero(connection->input, connection->input_touched_bytes);
    explicit_bzero(connection->output, connection->output_touched_bytes);
    connection->input_touched_bytes = 0;
    connection->output_touched_bytes = 0;
}

/* One sendmsg(2) of what is left of the output. */
static ssize_t send_some(struct connection *connection, size_t sent)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = connection->output + sent,
                         .iov_len = connection->output_bytes - sent};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (sent == 0 && connection->attachment >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.align), &connection->attachment, sizeof(int));
    }
    return sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int connection_send(struct connection *connection, uint64_t deadline)
{
    size_t sent = 0;

    while (sent < connection->output_bytes) {
        ssize_t n = send_some(connection, sent);
        int r;

        if (n >= 0) {
            sent += (size_t)n;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET)
            return -ECONNRESET;
        /* too many descriptors are on their way, by the limit of open ones */
        if (errno == ETOOMANYREFS)
            return -EMFILE;
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        r = wait_for(connection->fd, POLLOUT, deadline);
        if (r < 0)
            return r;
        if (r == 0)
            return -ETIMEDOUT;
    }
    return 0;
}

/* Keeps the first descriptor of a control message where none is kept yet, and closes all others. */
static void keep_descriptor(struct connection *connection, const struct cmsghdr *header)
{
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int received;

        memcpy(&received, CMSG_DATA(header) + i * sizeof(received), sizeof(received));
        if (connection->received < 0)
            connection->received = received;
        else
            closep(&received);
    }
}

/* One recvmsg(2) behind what is in the buffer. */
static ssize_t receive_once(struct connection *connection)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = connection->input + connection->input_bytes,
                         .iov_len = sizeof(connection->input) - connection->input_bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    if (connection->takes_descriptor) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
    }
    n = recvmsg(connection->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 || !connection->takes_descriptor)
        return n;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
         header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            keep_descriptor(connection, header);
    return n;
}

/* Takes what has arrived into the buffer, waiting until the deadline for the first of it. */
static int receive_some(struct connection *connection, uint64_t deadline)
{
    for (;;) {
        ssize_t n = receive_once(connection);
        int r;

        if (n > 0) {
            connection->input_bytes += (size_t)n;
            connection_touch(connection, connection->input_bytes, 0);
            return 0;
        }
        if (n == 0)
            return -EPIPE;
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        r = wait_for(connection->fd, POLLIN, deadline);
        if (r < 0)
            return r;
        if (r == 0)
            return -ETIMEDOUT;
    }
}

int connection_receive(struct connection *connection, uint64_t deadline, const char **ret_text,
                       size_t *ret_length)
{
    connection->input_bytes -= connection->frame_bytes;
    memmove(connection->input, connection->input + connection->frame_bytes,
            connection->input_bytes);
    connection->frame_bytes = 0;
    for (;;) {
        size_t length;
        int r;

        r = varlink_frame(connection->input, connection->input_bytes, &length);
        if (r < 0)
            return r;
        if (r > 0) {
            connection->frame_bytes = length + 1;
            *ret_text = connection->input;
            *ret_length = length;
            return 0;
        }
        r = receive_some(connection, deadline);
        if (r < 0)
            return r;
    }
}

void connection_explain(struct connection *connection, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(connection->explanation, sizeof(connection->explanation), format,
                    arguments); /* what does not fit is left out */
    va_end(arguments);
}
