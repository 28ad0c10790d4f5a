/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One client's connection: bytes in and out, framing, time-outs, and the one call that is being
 * answered. What calls mean is in method.h; who may be connected is in server.h.
 *
 * A connection reads no further while a call is unanswered or its answer has not left, so a peer
 * can neither queue up work nor make the daemon hold its answers.
 *
 * Root and sessmgr-verifier may send one descriptor with a message on the session socket. It
 * belongs to the message that the bytes sent with it end in, and so to that message's call. A
 * second one before the first has gone to its call ends the connection. The daemon sends one with a
 * reply in the same way, to whoever calls a method that says so.
 */
#ifndef SESSMGR_CONNECTION_H
#define SESSMGR_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "daemon/call.h"
#include "daemon/deadline.h"
#include "daemon/peer.h"

#define CONNECTION_FIRST_MESSAGE_USEC (5 * USEC_PER_SEC)
#define CONNECTION_IDLE_USEC          (30 * USEC_PER_SEC)

enum {
    /* A stream makes no more replies while this much waits to leave. */
    CONNECTION_OUTPUT_LOW_BYTES = 65536,
};

/* Which socket somebody came in by. */
enum socket_kind { SOCKET_LOGIN, SOCKET_SESSION };

struct server;

struct connection {
    struct server *server;              /* borrowed */
    struct connection *previous, *next; /* the server's list */
    enum socket_kind kind;
    struct peer peer;
    int fd;
    bool takes_descriptors;  /* else the kernel drops them */
    int descriptor;          /* that came with the input, for one message's call; -1: none */
    size_t descriptor_bytes; /* of the input, up to the last that came with it */
    sd_event_source *io;
    sd_event_source *
        again; /* to go on with what is buffered, or with a stream, in the next round of the loop */
    struct deadline timeout;
    char *input; /* one message and a NUL at most; grows as needed */
    size_t input_size, input_length;
    char *output;
    size_t output_size, output_length, output_sent;
    int output_descriptor; /* owned; goes with the first byte of output; -1: none */
    struct call call;
    bool in_call;     /* call is being answered */
    bool closed;      /* by the peer or by us; freed when no completion is awaited any more */
    bool peer_done;   /* the peer sends no more, and all of it has been read */
    bool half_closed; /* the peer sends no more */
};

/*
 * Serves an accepted socket. Takes fd and what peer holds over, also on failure. Errors: -ENOMEM,
 * those of sd_event_add_io(3).
 */
int connection_new(struct server *server, enum socket_kind kind, int fd, struct peer *peer,
                   struct connection **ret);

/* Sends bytes, or keeps them until they can be sent, and with their first one a descriptor (-1:
 * none; taken over, also on failure), which is never behind other bytes that wait. Errors: -EPIPE
 * it is closed; -ENOBUFS too much waits; -ENOMEM; those of sendmsg(2); then it is to be closed.
 * Does not block. */
int connection_send(struct connection *connection, const char *bytes, size_t length, int fd);

/* The call has been answered: the next message may be looked at. */
void connection_call_done(struct connection *connection);

/* There is something new for a stream that waits. */
void connection_wake(struct connection *connection);

/* Closes it; it is freed at once, or when the store has completed what the call waits for. */
void connection_close(struct connection *connection);

/* Frees it at once, whatever it waits for: at the end, when nothing completes and no callback runs
 * any more. */
void connection_free(struct connection *connection);

/* A completion that kept a closed connection has come. */
void connection_release(struct connection *connection);

#endif
