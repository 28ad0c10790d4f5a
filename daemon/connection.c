/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns a client's connection; see connection.h.
 */
#include <config.h>

#include "daemon/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/macro.h"
#include "daemon/authorize.h"
#include "daemon/buffer.h"
#include "daemon/descriptor.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/seal.h"
#include "daemon/server.h"

enum {
    INPUT_FIRST_BYTES = 4096,
    INPUT_MAX_BYTES = VARLINK_MESSAGE_MAX_BYTES + 1, /* a message and its NUL */
    /* Replies that leave no room for another are kept to here; one stream reply goes beyond at
       most. */
    OUTPUT_MAX_BYTES = CONNECTION_OUTPUT_LOW_BYTES + VARLINK_MESSAGE_MAX_BYTES + 1,
    STREAM_REPLIES_MAX = 32, /* of one round of the loop: others come in between */
};

static struct manager *manager_of(const struct connection *connection)
{
    return server_manager(connection->server);
}

static void dispose(struct connection *connection)
{
    server_remove(connection->server, connection);
    sd_event_source_disable_unref(connection->again);
    call_done(&connection->call);
    peer_done(&connection->peer);
    (void)buffer_resize(&connection->input, connection->input_size, 0); /* frees */
    (void)buffer_resize(&connection->output, connection->output_size, 0);
    free(connection);
}

void connection_close(struct connection *connection)
{
    if (connection->closed)
        return;
    connection->closed = true;
    server_leave(connection->server, connection);
    deadline_disarm(manager_of(connection)->deadlines, &connection->timeout);
    connection->io = sd_event_source_disable_unref(connection->io);
    descriptor_close(&connection->fd);
    descriptor_close(&connection->descriptor);
    descriptor_close(&connection->output_descriptor);
    /* The callback that is running may still use it: it goes in the next round. */
    if (connection->again != NULL)
        (void)sd_event_source_set_enabled(connection->again, SD_EVENT_ONESHOT);
    else if (!connection->call.waiting)
        dispose(connection);
}

void connection_free(struct connection *connection)
{
    connection_close(connection);
    dispose(connection);
}

void connection_release(struct connection *connection)
{
    assert(connection->closed);
    if (connection->again != NULL)
        (void)sd_event_source_set_enabled(connection->again, SD_EVENT_ONESHOT);
    else
        dispose(connection);
}

static bool wants_input(const struct connection *connection)
{
    return !connection->in_call && !connection->peer_done && connection->output_length == 0;
}

/* Tells the loop what to wait for, and how long. */
static void rearm(struct connection *connection)
{
    struct manager *manager = manager_of(connection);
    uint32_t events = 0;
    int r;

    if (connection->closed)
        return;
    if (wants_input(connection))
        events |= EPOLLIN;
    if (connection->output_length > 0)
        events |= EPOLLOUT;
    if (events == 0 && !connection->half_closed)
        events =
            EPOLLRDHUP; /* a stream that waits, or a call: still learn that the peer has gone */
    r = sd_event_source_set_io_events(connection->io, events);
    /* A call that is being answered is our time, not the peer's; so is a stream that waits for
     * news. The peer's time runs on until it takes something or a message is whole. */
    if (connection->in_call && connection->output_length == 0)
        deadline_disarm(manager->deadlines, &connection->timeout);
    else if (r >= 0 && connection->timeout.index == 0)
        r = deadline_arm(manager->deadlines, &connection->timeout,
                         manager->clock->boottime_usec(manager->clock) + CONNECTION_IDLE_USEC);
    if (r < 0)
        connection_close(connection);
}

static void go_on(struct connection *connection)
{
    if (!connection->closed)
        (void)sd_event_source_set_enabled(connection->again, SD_EVENT_ONESHOT);
}

/* Sends what waits. Error: that of sendmsg(2), as where the peer has gone. */
static int flush(struct connection *connection)
{
    while (connection->output_sent < connection->output_length) {
        ssize_t n = descriptor_send(connection->fd, connection->output + connection->output_sent,
                                    connection->output_length - connection->output_sent,
                                    connection->output_descriptor);

        if (n == -EINTR)
            continue;
        if (n < 0)
            return n == -EAGAIN ? 0 : (int)n;
        descriptor_close(&connection->output_descriptor);
        connection->output_sent += (size_t)n;
        deadline_disarm(manager_of(connection)->deadlines, &connection->timeout);
    }
    if (connection->output_length > 0)
        seal_wipe(connection->output, connection->output_length);
    connection->output_sent = 0;
    connection->output_length = 0;
    return 0;
}

int connection_send(struct connection *connection, const char *bytes, size_t length, int fd)
{
    CLEANUP(closep) int descriptor = fd;
    size_t needed = connection->output_length + length;

    if (connection->closed)
        return -EPIPE;
    if (needed > OUTPUT_MAX_BYTES)
        return -ENOBUFS;
    if (needed > connection->output_size) {
        if (buffer_resize(&connection->output, connection->output_size, needed) < 0)
            return -ENOMEM;
        connection->output_size = needed;
    }
    memcpy(connection->output + connection->output_length, bytes, length);
    if (descriptor >= 0) {
        assert(connection->output_length == 0); /* a call is read once the one before has left */
        connection->output_descriptor = TAKE_FD(descriptor);
    }
    connection->output_length = needed;
    return flush(connection);
}

void connection_call_done(struct connection *connection)
{
    connection->in_call = false;
    go_on(connection);
}

void connection_wake(struct connection *connection)
{
    if (connection->in_call && connection->call.produce != NULL)
        go_on(connection);
}

/* Makes replies of a stream while the peer takes them. */
static void produce(struct connection *connection)
{
    struct call *call = &connection->call;

    for (int i = 0; i < STREAM_REPLIES_MAX; i++) {
        if (connection->closed || !connection->in_call || call->produce == NULL ||
            connection->output_length >= CONNECTION_OUTPUT_LOW_BYTES)
            return;
        if (call->produce(call) == 0)
            return;
    }
    go_on(connection);
}

/* Hands the descriptor over to the call of the input's first message, where it came with that one.
 */
static void take_descriptor(struct connection *connection, size_t message_bytes)
{
    if (connection->descriptor < 0)
        return;
    if (connection->descriptor_bytes <= message_bytes)
        connection->call.fd = TAKE_FD(connection->descriptor);
    else
        connection->descriptor_bytes -= message_bytes;
}

/* Takes the first whole message out of the input and has it answered. */
static void take_message(struct connection *connection)
{
    size_t length;
    int r;

    r = varlink_frame(connection->input, connection->input_length, &length);
    if (r < 0) {
        connection_close(connection);
        return;
    }
    if (r == 0) {
        if (connection->peer_done)
            connection_close(connection);
        return;
    }
    deadline_disarm(manager_of(connection)->deadlines, &connection->timeout);
    connection->in_call = true;
    connection->call = (struct call){
        .manager = manager_of(connection),
        .connection = connection,
        .peer = &connection->peer,
        .fd = -1,
    };
    take_descriptor(connection, length + 1);
    r = method_dispatch(&connection->call, connection->input, length);
    server_wipe_arena(connection->server, length);
    if (r < 0) { /* not a call at all: no reply */
        connection_close(connection);
        return;
    }
    connection->input_length -= length + 1;
    memmove(connection->input, connection->input + length + 1, connection->input_length);
    seal_wipe(connection->input + connection->input_length, length + 1);
}

/* One round: what has been buffered, or the next replies of a stream. */
static int on_again(sd_event_source *source, void *userdata)
{
    struct connection *connection = userdata;

    (void)source;
    if (connection->closed) {
        if (connection->call.waiting)
            return 0; /* connection_release() comes back here */
        dispose(connection);
        return 0;
    }
    if (connection->in_call)
        produce(connection);
    else if (connection->output_length == 0)
        take_message(connection);
    rearm(connection);
    return 0;
}

/* Receives up to size bytes, and a descriptor from whoever may send one. Returns how many, 0 at the
 * end of the stream. Errors: -EPROTO there is more than one descriptor; those of recv(2). */
static ssize_t receive(struct connection *connection, char *bytes, size_t size)
{
    CLEANUP(closep) int descriptor = -1;
    ssize_t n;

    n = descriptor_receive(connection->fd, bytes, size,
                           connection->takes_descriptors ? &descriptor : NULL);
    if (n < 0)
        return n;
    connection->input_length += (size_t)n;
    if (descriptor < 0)
        return n;
    if (connection->descriptor >= 0)
        return -EPROTO;
    connection->descriptor = TAKE_FD(descriptor);
    connection->descriptor_bytes = connection->input_length;
    return n;
}

/* Reads what there is, to the end of one message at most. Returns 0 at the end of the stream, else
 * 1 or -errno. */
static int fill(struct connection *connection)
{
    ssize_t n;

    if (connection->input_length == connection->input_size) {
        size_t size = connection->input_size == 0 ? INPUT_FIRST_BYTES : connection->input_size * 2;
        if (size > INPUT_MAX_BYTES)
            size = INPUT_MAX_BYTES;
        if (size == connection->input_size)
            return -EMSGSIZE;
        if (buffer_resize(&connection->input, connection->input_size, size) < 0)
            return -ENOMEM;
        connection->input_size = size;
    }
    n = receive(connection, connection->input + connection->input_length,
                connection->input_size - connection->input_length);
    if (n < 0)
        return n == -EAGAIN || n == -EINTR ? 1 : (int)n;
    return n > 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct connection *connection = userdata;
    int r = 1;

    (void)source;
    (void)fd;
    if ((revents & EPOLLOUT) != 0)
        r = flush(connection);
    if (r >= 0 && (revents & EPOLLIN) != 0 && wants_input(connection)) {
        r = fill(connection);
        connection->peer_done = connection->peer_done || r == 0;
    }
    /* A peer that has only ended its own sending still gets its answer; one that has gone gets
     * none. */
    connection->half_closed = connection->half_closed || (revents & EPOLLRDHUP) != 0;
    if (r < 0 || (revents & (EPOLLERR | EPOLLHUP)) != 0) {
        connection_close(connection);
        return 0;
    }
    go_on(connection);
    rearm(connection);
    return 0;
}

static void on_timeout(struct deadline *deadline, void *userdata)
{
    (void)deadline;
    connection_close(userdata);
}

/* Logins go first, in reading as in answering. */
static int add_sources(struct connection *connection)
{
    struct manager *manager = manager_of(connection);
    int64_t priority =
        connection->kind == SOCKET_LOGIN ? SD_EVENT_PRIORITY_IMPORTANT : SD_EVENT_PRIORITY_NORMAL;
    int r;

    r = sd_event_add_io(manager->event, &connection->io, connection->fd, EPOLLIN, on_io,
                        connection);
    if (r >= 0)
        r = sd_event_source_set_priority(connection->io, priority);
    if (r >= 0)
        r = sd_event_add_defer(manager->event, &connection->again, on_again, connection);
    if (r >= 0)
        r = sd_event_source_set_enabled(connection->again, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_source_set_priority(connection->again, priority);
    if (r >= 0)
        r = deadline_arm(manager->deadlines, &connection->timeout,
                         manager->clock->boottime_usec(manager->clock) +
                             CONNECTION_FIRST_MESSAGE_USEC);
    return r;
}

/* The methods that want one are theirs alone, and are called on that socket. */
static bool may_send_descriptors(struct connection *connection)
{
    return connection->kind == SOCKET_SESSION &&
           (authorize_classify(manager_of(connection), &connection->peer, NULL) &
            (CALLER_ROOT | CALLER_VERIFIER)) != 0;
}

int connection_new(struct server *server, enum socket_kind kind, int fd, struct peer *peer,
                   struct connection **ret)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    int r;

    if (connection == NULL) {
        peer_done(peer);
        closep(&fd);
        return -ENOMEM;
    }
    connection->server = server;
    connection->kind = kind;
    connection->fd = fd;
    connection->peer = *peer;
    connection->call.fd = connection->descriptor = connection->output_descriptor = -1;
    connection->takes_descriptors = may_send_descriptors(connection);
    connection->timeout.fire = on_timeout;
    connection->timeout.userdata = connection;
    server_add(server, connection);
    r = add_sources(connection);
    if (r < 0) {
        connection_close(connection);
        return r;
    }
    *ret = connection;
    return 0;
}
