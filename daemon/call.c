/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the answering of calls; see call.h. Sending is the connection's.
 */
#include <config.h>

#include "daemon/call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/connection.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/seal.h"
#include "daemon/server.h"
#include "daemon/store.h"

/* Sends one envelope, and a descriptor (taken over; -1 for none) with it; what cannot be encoded or
 * kept closes the connection rather than leave the peer with half an answer. */
static void send_reply(struct call *call, const struct varlink_reply *reply, int fd)
{
    CLEANUP(closep) int descriptor = fd;
    char *frame;
    size_t size;
    int r;

    if (call->oneway || call->connection->closed)
        return;
    frame = server_frame(call->connection->server, &size);
    r = varlink_encode_reply(reply, frame, size);
    if (r >= 0) {
        size_t length = (size_t)r;

        r = connection_send(call->connection, frame, length, TAKE_FD(descriptor));
        seal_wipe(frame, length); /* it may hold a token */
    }
    if (r < 0) {
        log_line(LOG_WARNING, "a reply to uid %u could not be sent: %s", (unsigned)call->peer->uid,
                 strerror(-r));
        connection_close(call->connection);
    }
}

static void finish(struct call *call)
{
    struct connection *connection = call->connection;

    call_done(call);
    connection_call_done(connection);
}

/* Encodes a structure as parameters into the server's text buffer. */
static int encode(struct call *call, const struct field_table *table, const void *structure,
                  struct json *ret)
{
    struct json_writer writer;
    size_t size;
    char *text = server_text(call->connection->server, &size);

    json_writer_init(&writer, text, size);
    fields_encode(table, structure, &writer);
    return json_writer_finish(&writer, ret);
}

/* Sends one reply; structure: NULL for no parameters. fd: as send_reply() has it. */
static void reply_with(struct call *call, const char *error, const struct field_table *table,
                       const void *structure, bool continues, int fd)
{
    CLEANUP(closep) int descriptor = fd;
    struct varlink_reply reply = {.continues = continues};
    int r = 0;

    (void)snprintf(reply.error, sizeof(reply.error), "%s", error); /* our own names fit */
    if (structure != NULL)
        r = encode(call, table, structure, &reply.parameters);
    if (r < 0) {
        log_line(LOG_ERR, "a reply of %s cannot be encoded: %s",
                 call->method != NULL ? call->method->name : "a call", strerror(-r));
        connection_close(call->connection);
    } else {
        send_reply(call, &reply, TAKE_FD(descriptor));
        seal_wipe((char *)(uintptr_t)reply.parameters.text, reply.parameters.length);
    }
}

static void answer(struct call *call, const char *error, const struct field_table *table,
                   const void *structure, int fd)
{
    reply_with(call, error, table, structure, false, fd);
    finish(call);
}

void call_reply(struct call *call, const void *out)
{
    answer(call, "", call->method->out, out, -1);
}

void call_reply_with_fd(struct call *call, const void *out, int fd)
{
    answer(call, "", call->method->out, out, fd);
}

void call_reply_more(struct call *call, const void *out)
{
    reply_with(call, "", call->method->out, out, true, -1);
}

void call_reply_continues(struct call *call, struct json parameters)
{
    const struct varlink_reply reply = {.parameters = parameters, .continues = true};

    send_reply(call, &reply, -1);
}

void call_reply_text(struct call *call, struct json parameters)
{
    const struct varlink_reply reply = {.parameters = parameters};

    send_reply(call, &reply, -1);
    finish(call);
}

void call_error(struct call *call, const char *name, const struct field_table *table,
                const void *parameters)
{
    answer(call, name, table, parameters, -1);
}

void call_invalid(struct call *call, const char *parameter)
{
    const struct parameter_error error = {.parameter = parameter == NULL ? "" : parameter};

    call_error(call, VARLINK_INVALID_PARAMETER, &parameter_error_fields, &error);
}

void call_fail(struct call *call, int error)
{
    bool login = call->method != NULL && method_is_of(call->method, LOGIN_INTERFACE);
    bool manager = call->method != NULL && method_is_of(call->method, MANAGER_INTERFACE);
    struct store_error_out out = {.message = strerror(-error)};

    switch (error) {
    case -EACCES:
    case -EPERM:
        call_error(call, VARLINK_PERMISSION_DENIED, NULL, NULL);
        break;
    case -ENOENT:
        call_error(call, login ? ERROR_LOGIN_NO_SUCH_SESSION : ERROR_NO_SUCH_SESSION, NULL, NULL);
        break;
    case -EKEYREJECTED:
        call_error(call, ERROR_INVALID_TOKEN, NULL, NULL);
        break;
    case -EAGAIN:
        call_error(call, ERROR_UNKNOWN, NULL, NULL);
        break;
    case -ESRCH:
        if (!login) {
            call_error(call, ERROR_NOT_IN_SESSION, NULL, NULL);
            break;
        }
        __attribute__((fallthrough)); /* a process that has gone cannot log anybody in */
    default:
        /* The disk, or memory: the daemon could not do it, and says so by the one error it has for
         * that. */
        call_error(call,
                   login     ? ERROR_LOGIN_STORE_UNAVAILABLE
                   : manager ? ERROR_MANAGER_STORE_UNAVAILABLE
                             : ERROR_STORE_UNAVAILABLE,
                   &store_error_fields, &out);
        break;
    }
}

static void on_durable(int result, void *userdata)
{
    const struct session *session;
    struct call *call = userdata;

    call->waiting = false;
    session = session_table_find(&call->manager->sessions, call->subject);
    if (session != NULL && session->unsubmitted && result >= 0)
        result = -EIO;
    if (call->connection->closed)
        connection_release(call->connection);
    else
        call->durable(call, result);
}

int call_wait_durable(struct call *call, enum store_urgency urgency, call_durable_t durable)
{
    int r;

    r = store_submit(call->manager->store, urgency, NULL, 0, on_durable, call);
    if (r < 0)
        return r;
    call->durable = durable;
    call->waiting = true;
    return 0;
}

static void on_job_done(int result, struct store_job_result *job, void *userdata)
{
    struct call *call = userdata;

    call->waiting = false;
    if (call->connection->closed)
        connection_release(call->connection);
    else
        call->job_done(call, result, job);
}

int call_start_job(struct call *call, enum store_job kind, call_job_done_t done)
{
    int r;

    r = store_start_job(call->manager->store, kind, on_job_done, call);
    if (r < 0)
        return r;
    call->job_done = done;
    call->waiting = true;
    return 0;
}

void call_stream(struct call *call, call_produce_t produce, void *stream,
                 void (*stream_free)(void *stream))
{
    closep(&call->fd); /* no stream wants one, and they last */
    call->fd = -1;
    call->produce = produce;
    call->stream = stream;
    call->stream_free = stream_free;
    connection_wake(call->connection);
}

void call_done(struct call *call)
{
    if (call->stream_free != NULL)
        call->stream_free(call->stream);
    closep(&call->fd);
    *call = (struct call){.fd = -1};
}
