/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call and its answer: see client.h. The socket is non-blocking and SIGPIPE is never raised:
 * the process we are in belongs to somebody else.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/macro.h"
#include "pam/budget.h"
#include "pam/client.h"
#include "pam/connection.h"

enum { FRAME_MAX_BYTES = VARLINK_MESSAGE_MAX_BYTES + 1 }; /* with its NUL */

static int send_all(int fd, const struct budget *budget, const char *bytes, size_t length)
{
    while (length > 0) {
        int r = budget_check(budget);
        if (r < 0)
            return r;

        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (errno == EAGAIN) {
            r = budget_wait(budget, fd, POLLOUT);
            if (r < 0)
                return r;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Takes what is there: the number of bytes, 0 at the end of the connection. */
static ssize_t receive_some(int fd, const struct budget *budget, char *buffer, size_t size)
{
    for (;;) {
        int r = budget_check(budget); /* also where bytes come without a pause */
        if (r < 0)
            return r;

        ssize_t received = recv(fd, buffer, size, 0);
        if (received >= 0)
            return received;
        if (errno == EAGAIN) {
            r = budget_wait(budget, fd, POLLIN);
            if (r < 0)
                return r;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

/* Fills buffer[0..FRAME_MAX_BYTES) with one message, whose length without its NUL it yields. */
static int receive_message(int fd, const struct budget *budget, char *buffer, size_t *ret_length,
                           const char **ret_cause)
{
    size_t length = 0, message_bytes = 0;
    int r;

    do {
        ssize_t received = receive_some(fd, budget, buffer + length, FRAME_MAX_BYTES - length);
        if (received < 0) {
            *ret_cause = received == -ETIMEDOUT ? "no whole answer came in time"
                                                : "its answer cannot be received";
            return (int)received;
        }
        if (received == 0) {
            *ret_cause = "the connection ended before a whole answer";
            return -ECONNRESET;
        }
        length += (size_t)received;
        r = varlink_frame(buffer, length, &message_bytes);
    } while (r == 0);

    if (r < 0) {
        *ret_cause = "the answer is too long";
        return r;
    }
    if (message_bytes + 1 != length) {
        *ret_cause = "more than one answer came";
        return -EBADMSG;
    }
    *ret_length = message_bytes;
    return 0;
}

static int send_call(int fd, const struct budget *budget, const struct varlink_call *call,
                     const char **ret_cause)
{
    CLEANUP(freep) char *frame = malloc(FRAME_MAX_BYTES);
    int r;

    if (frame == NULL) {
        *ret_cause = "no memory for the call";
        return -ENOMEM;
    }
    r = varlink_encode_call(call, frame, FRAME_MAX_BYTES);
    if (r < 0) {
        *ret_cause = "the call is too long";
        return r == -ENOBUFS ? -E2BIG : r;
    }
    r = send_all(fd, budget, frame, (size_t)r);
    if (r < 0)
        *ret_cause = r == -ETIMEDOUT ? "the call was not taken in time" : "the call cannot be sent";
    return r;
}

int client_call(const char *path, unsigned timeout_msec, const struct varlink_call *call,
                struct client_reply *ret, const char **ret_cause)
{
    CLEANUP(freep) char *text = malloc(FRAME_MAX_BYTES);
    CLEANUP(closep) int fd = -1;
    struct client_reply reply;
    struct budget budget;
    int r;

    budget_start(&budget, timeout_msec);
    if (text == NULL) {
        *ret_cause = "no memory for the answer";
        return -ENOMEM;
    }
    r = connection_open(path, &budget, &fd, ret_cause);
    if (r < 0)
        return r;
    r = send_call(fd, &budget, call, ret_cause);
    if (r < 0)
        return r;
    r = receive_message(fd, &budget, text, &reply.length, ret_cause);
    if (r < 0)
        return r;
    r = varlink_decode_reply(text, reply.length, &reply.envelope);
    if (r == 0 && reply.envelope.continues)
        r = -EBADMSG;
    if (r < 0) {
        *ret_cause = "the answer makes no sense";
        return r;
    }
    reply.text = TAKE_PTR(text);
    *ret = reply;
    return 0;
}

void client_reply_done(struct client_reply *reply)
{
    free(reply->text);
    reply->text = NULL;
}
