/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two sockets, and who may be connected to them. The login socket is served first, and no flood
 * on the other one can take its places.
 */
#ifndef SESSMGR_SERVER_H
#define SESSMGR_SERVER_H

#include <stddef.h>

#include "daemon/connection.h"

enum {
    SERVER_CONNECTIONS_MAX = 512,       /* on the session socket */
    SERVER_CONNECTIONS_UID_MAX = 32,    /* of one user but root, there */
    SERVER_CONNECTIONS_ROOT_EXTRA = 64, /* beyond SERVER_CONNECTIONS_MAX, for root alone */
    SERVER_LOGIN_CONNECTIONS_MAX = 512, /* on the login socket; further ones wait in its backlog */
};

struct manager;
struct server;

/* Errors: -ENOMEM. */
int server_new(struct manager *manager, struct server **ret);

/* Closes all connections and sockets. Accepts NULL. */
void server_free(struct server *server);

/*
 * Serves a listening Unix stream socket. Takes fd over, also on failure. Errors: -ENOTSUP it is
 * none; those of sd_event_add_io(3).
 */
int server_listen(struct server *server, enum socket_kind kind, int fd);

/* Numbers of connections, by socket. */
size_t server_connection_count(const struct server *server, enum socket_kind kind);

struct manager *server_manager(const struct server *server);

/* Buffers that live until the next call: for the text of parameters, for a framed message, for
 * decoded parameters. */
char *server_text(struct server *server, size_t *ret_size);
char *server_frame(struct server *server, size_t *ret_size);
struct arena *server_arena(struct server *server);

/* Overwrites what decoding a call may have put into the arena, whether it succeeded or not.
 * text_bytes: the length of the call's message. */
void server_wipe_arena(struct server *server, size_t text_bytes);

/* A connection is in the list from server_add() to server_remove(), and counts until
 * server_leave(). */
void server_add(struct server *server, struct connection *connection);
void server_leave(struct server *server, struct connection *connection);
void server_remove(struct server *server, struct connection *connection);

#endif
