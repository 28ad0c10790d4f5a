/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the listening sockets and the list of connections; see server.h.
 */
#include <config.h>

#include "daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/seal.h"

/* As fields_decode() asks for. */
#define ARENA_BYTES_FOR(text_bytes) (8 * (text_bytes) + 4096)

enum {
    TEXT_BYTES = JSON_TEXT_MAX_BYTES + 1,
    FRAME_BYTES = VARLINK_MESSAGE_MAX_BYTES + 1,
    ARENA_BYTES = ARENA_BYTES_FOR(JSON_TEXT_MAX_BYTES),
};

#define ACCEPT_RETRY_USEC (200 * USEC_PER_MSEC)

struct listener {
    struct server *server;
    enum socket_kind kind;
    int fd;
    sd_event_source *io;
    struct deadline retry; /* when to listen again after the host was out of something */
};

struct server {
    struct manager *manager;
    struct listener listeners[2]; /* by enum socket_kind */
    struct connection *connections;
    size_t counts[2]; /* by enum socket_kind */
    char *text, *frame;
    struct arena arena;
};

static void on_change(void *userdata)
{
    struct server *server = userdata;

    for (struct connection *c = server->connections; c != NULL; c = c->next)
        if (!c->closed)
            connection_wake(c);
}

int server_new(struct manager *manager, struct server **ret)
{
    struct server *server = calloc(1, sizeof(*server));

    if (server == NULL)
        return -ENOMEM;
    server->manager = manager;
    server->text = malloc(TEXT_BYTES);
    server->frame = malloc(FRAME_BYTES);
    server->arena = (struct arena){.base = malloc(ARENA_BYTES), .size = ARENA_BYTES};
    for (size_t i = 0; i < ELEMENTS(server->listeners); i++)
        server->listeners[i].fd = -1;
    if (server->text == NULL || server->frame == NULL || server->arena.base == NULL) {
        server_free(server);
        return -ENOMEM;
    }
    manager->watch.notify = on_change;
    manager->watch.userdata = server;
    *ret = server;
    return 0;
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    server->manager->watch.notify = NULL;
    while (server->connections != NULL)
        connection_free(server->connections);
    for (size_t i = 0; i < ELEMENTS(server->listeners); i++) {
        sd_event_source_disable_unref(server->listeners[i].io);
        deadline_disarm(server->manager->deadlines, &server->listeners[i].retry);
        closep(&server->listeners[i].fd);
    }
    free(server->text);
    free(server->frame);
    free(server->arena.base);
    free(server);
}

/* On the session socket nobody may have so many connections that others are kept out. */
static bool may_connect(const struct server *server, const struct peer *peer)
{
    size_t total = server->counts[SOCKET_SESSION], of_uid = 0;

    if (peer->uid == 0)
        return total < SERVER_CONNECTIONS_MAX + SERVER_CONNECTIONS_ROOT_EXTRA;
    for (const struct connection *c = server->connections; c != NULL; c = c->next)
        if (!c->closed && c->kind == SOCKET_SESSION && c->peer.uid == peer->uid)
            of_uid++;
    return total < SERVER_CONNECTIONS_MAX && of_uid < SERVER_CONNECTIONS_UID_MAX;
}

static void welcome(struct listener *listener, int fd)
{
    struct server *server = listener->server;
    struct connection *connection;
    struct peer peer;
    int r;

    r = peer_read(fd, &peer);
    if (r < 0) {
        log_line(LOG_WARNING, "a peer's credentials cannot be read: %s", strerror(-r));
        closep(&fd);
        return;
    }
    if (listener->kind == SOCKET_SESSION && !may_connect(server, &peer)) {
        server->manager->counters.connections_refused++;
        peer_done(&peer);
        closep(&fd);
        return;
    }
    r = connection_new(server, listener->kind, fd, &peer, &connection);
    if (r < 0)
        log_line(LOG_ERR, "a connection cannot be served: %s", strerror(-r));
}

/* The login socket stops accepting while it is full: who comes then waits in the backlog instead of
 * being turned away. */
static void gate_logins(struct server *server)
{
    bool open = server->counts[SOCKET_LOGIN] < SERVER_LOGIN_CONNECTIONS_MAX;
    sd_event_source *io = server->listeners[SOCKET_LOGIN].io;

    if (io != NULL)
        (void)sd_event_source_set_enabled(io, open ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void on_retry(struct deadline *deadline, void *userdata)
{
    const struct listener *listener = userdata;

    (void)deadline;
    (void)sd_event_source_set_enabled(listener->io, SD_EVENT_ON); /* as long as there is a loop */
    gate_logins(listener->server);
}

/* No descriptors, or no memory: who waits in the backlog would have the loop run in a circle. */
static void pause_listening(struct listener *listener)
{
    struct manager *manager = listener->server->manager;
    int64_t at = manager->clock->boottime_usec(manager->clock) + ACCEPT_RETRY_USEC;

    log_line(LOG_ERR, "cannot accept a connection: %s", strerror(errno));
    if (deadline_arm(manager->deadlines, &listener->retry, at) >= 0)
        (void)sd_event_source_set_enabled(listener->io, SD_EVENT_OFF);
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct listener *listener = userdata;
    int client;

    (void)source;
    (void)revents; /* accept says what is wrong */
    client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0)
        welcome(listener, client);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        pause_listening(listener);
    return 0;
}

int server_listen(struct server *server, enum socket_kind kind, int fd)
{
    struct listener *listener = &server->listeners[kind];
    int flags, r;

    if (listener->fd >= 0 || sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0) {
        closep(&fd);
        return -ENOTSUP;
    }
    listener->server = server;
    listener->kind = kind;
    listener->fd = fd;
    listener->retry.fire = on_retry;
    listener->retry.userdata = listener;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    r = sd_event_add_io(server->manager->event, &listener->io, fd, EPOLLIN, on_connect, listener);
    if (r >= 0 && kind == SOCKET_LOGIN)
        r = sd_event_source_set_priority(listener->io, SD_EVENT_PRIORITY_IMPORTANT);
    return r;
}

size_t server_connection_count(const struct server *server, enum socket_kind kind)
{
    return server->counts[kind];
}

struct manager *server_manager(const struct server *server)
{
    return server->manager;
}

char *server_text(struct server *server, size_t *ret_size)
{
    *ret_size = TEXT_BYTES;
    return server->text;
}

char *server_frame(struct server *server, size_t *ret_size)
{
    *ret_size = FRAME_BYTES;
    return server->frame;
}

struct arena *server_arena(struct server *server)
{
    server->arena.used = 0;
    return &server->arena;
}

void server_wipe_arena(struct server *server, size_t text_bytes)
{
    /* Not arena.used: a string that is longer than its bound has been written, and is not counted.
     */
    size_t touched = ARENA_BYTES_FOR(text_bytes);

    seal_wipe(server->arena.base, touched < server->arena.size ? touched : server->arena.size);
    server->arena.used = 0;
}

void server_add(struct server *server, struct connection *connection)
{
    connection->previous = NULL;
    connection->next = server->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    server->connections = connection;
    server->counts[connection->kind]++;
    gate_logins(server);
}

void server_leave(struct server *server, struct connection *connection)
{
    server->counts[connection->kind]--;
    gate_logins(server);
}

void server_remove(struct server *server, struct connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
}
