/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to the daemon: bytes out, whole messages in, each within a deadline. What the
 * messages mean is call.h's business. Nothing here blocks beyond its deadline, raises SIGPIPE, or
 * leaves a descriptor to an exec'ed program.
 *
 * Deadlines are microseconds of CLOCK_MONOTONIC; UINT64_MAX is none.
 */
#ifndef SESSMGR_CONNECTION_H
#define SESSMGR_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "common/varlink.h"

enum { CONNECTION_EXPLANATION_BYTES = 1024 };

struct connection {
    struct sockaddr_un address;
    uint64_t timeout_usec; /* of a whole call; UINT64_MAX: none */
    int fd;                /* -1: not connected */
    pid_t owner;         /* the process that connected: after fork() the child must not read here */
    size_t input_bytes;  /* received and not yet dropped */
    size_t frame_bytes;  /* of these, the message handed out last, with its NUL */
    size_t output_bytes; /* the call that was sent last */
    int attachment;      /* a descriptor that goes with its first byte, borrowed; -1: none */
    bool takes_descriptor; /* one may come with the reply; else the kernel drops it */
    int received;          /* that one, owned; -1: none */
    bool unanswered;       /* nothing has come back for it yet */
    /* of the buffers, what has been written to since the last connection_wipe() */
    size_t input_touched_bytes;
    size_t output_touched_bytes;
    char explanation[CONNECTION_EXPLANATION_BYTES]; /* what is known of the last failure, or "" */
    char input[VARLINK_MESSAGE_MAX_BYTES + 1];
    char output[VARLINK_MESSAGE_MAX_BYTES + 1];
};

/* The deadline that is timeout_usec from now. */
uint64_t deadline_after(uint64_t timeout_usec);

/* Now, on the clock of deadlines. */
uint64_t deadline_now(void);

/*
 * Prepares a connection in place; connects nothing. path: of the socket, borrowed for this call.
 * Error: -EINVAL the path is empty or longer than a socket's address allows.
 */
int connection_init(struct connection *connection, const char *path, uint64_t timeout_usec);

/* Drops the connection, if there is one, and what was received. Leaves the explanation. */
void connection_close(struct connection *connection);

/* Whether there is a connection that this process made. A connection inherited through fork() is
 * not, and is closed on this side. */
bool connection_is_own(struct connection *connection);

/* Whether a new call can go out on what is there: own, nothing pending, not closed by the peer. */
bool connection_is_idle(struct connection *connection);

/*
 * Connects, dropping what was there. Errors: -ECONNREFUSED nobody there (explained);
 * -ETIMEDOUT; -EMFILE, -ENFILE, -ENOMEM of socket(2).
 */
int connection_connect(struct connection *connection, uint64_t deadline);

/* Overwrites what calls have left in the buffers, such as tokens. What was received and borrowed is
 * gone then; a connection on which more than that has come is closed. */
void connection_wipe(struct connection *connection);

/* Notes that the buffers have been written to, up to these bytes. */
void connection_touch(struct connection *connection, size_t input_bytes, size_t output_bytes);

/* Sends output[0..output_bytes), and the attachment with the first byte (unix(7), SCM_RIGHTS).
 * Errors: -ECONNRESET the peer has gone; -ETIMEDOUT; -EMFILE, -ENOMEM of sendmsg(2). */
int connection_send(struct connection *connection, uint64_t deadline);

/*
 * Waits for a whole message. *ret_text is borrowed until the next receive or close. Errors:
 * -ECONNRESET the peer has gone without reading what was sent; -EPIPE it closed in the ordinary
 * way; -EMSGSIZE a message longer than VARLINK_MESSAGE_MAX_BYTES; -ETIMEDOUT (the connection and
 * what has arrived of a message stay as they are).
 */
int connection_receive(struct connection *connection, uint64_t deadline, const char **ret_text,
                       size_t *ret_length);

/* Writes the explanation of a failure. */
void connection_explain(struct connection *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
