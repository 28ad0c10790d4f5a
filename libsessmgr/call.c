/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls and their replies. Owns the rules of when a call may be sent again, and what is nonsense.
 */
#include "config.h"

#include "libsessmgr/call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "common/varlink.h"
#include "libsessmgr/error.h"

enum { PAUSE_MSEC = 100 };

static int encode(struct connection *connection, const char *method, bool more,
                  const struct field_table *table, const void *parameters)
{
    struct varlink_call call = {.more = more};
    struct json_writer writer;
    int r;

    (void)snprintf(call.method, sizeof(call.method), "%s", method); /* all are short literals */
    if (parameters) {
        /* nothing is waiting in the input buffer now, so it serves for the parameters */
        json_writer_init(&writer, connection->input, sizeof(connection->input));
        fields_encode(table, parameters, &writer);
        r = json_writer_finish(&writer, &call.parameters);
        connection_touch(connection, r < 0 ? sizeof(connection->input) : call.parameters.length + 1,
                         0);
        if (r == -EILSEQ)
            return -EINVAL;
        if (r < 0)
            return -EMSGSIZE;
    }
    r = varlink_encode_call(&call, connection->output, sizeof(connection->output));
    connection_touch(connection, 0, r < 0 ? sizeof(connection->output) : (size_t)r);
    if (r < 0)
        return -EMSGSIZE;
    connection->output_bytes = (size_t)r;
    return 0;
}

static int send_call(struct connection *connection, bool fresh, uint64_t deadline)
{
    int r;

    if (fresh) {
        r = connection_connect(connection, deadline);
        if (r < 0)
            return r;
    }
    r = connection_send(connection, deadline);
    if (r < 0)
        connection_close(connection);
    return r;
}

int call_begin(struct connection *connection, const char *method, bool more,
               const struct field_table *table, const void *parameters, uint64_t deadline)
{
    bool reuse;
    int r;

    connection->explanation[0] = '\0';
    reuse = connection_is_idle(connection);
    if (!reuse)
        connection_close(connection);
    connection->input_bytes = 0;
    connection->frame_bytes = 0;
    r = encode(connection, method, more, table, parameters);
    if (r < 0)
        return r;
    r = send_call(connection, !reuse, deadline);
    if (r == -ECONNRESET)
        r = send_call(connection, true, deadline);
    if (r < 0)
        return r;
    connection->unanswered = true;
    return 0;
}

/* The kernel says ECONNRESET, and not the ordinary end of a stream, when the peer closed with bytes
 * unread: the call has not been looked at, so it is safe to send it again, whatever it does. */
static int receive(struct connection *connection, uint64_t deadline, const char **ret_text,
                   size_t *ret_length)
{
    int r;

    r = connection_receive(connection, deadline, ret_text, ret_length);
    if (r != -ECONNRESET || !connection->unanswered)
        return r;
    r = send_call(connection, true, deadline);
    if (r < 0)
        return r;
    return connection_receive(connection, deadline, ret_text, ret_length);
}

int call_next(struct connection *connection, uint64_t deadline, struct json *ret_parameters,
              bool *ret_continues)
{
    struct varlink_reply reply;
    const char *text;
    size_t length;
    int r;

    r = receive(connection, deadline, &text, &length);
    if (r == -ETIMEDOUT)
        return r;
    if (r >= 0) {
        connection->unanswered = false;
        r = varlink_decode_reply(text, length, &reply);
        if (r == -EBADMSG || r == -E2BIG)
            r = -EPROTO;
        /* an error ends the stream */
        if (r >= 0 && reply.error[0] != '\0' && reply.continues)
            r = -EPROTO;
    } else if (r == -EMSGSIZE) {
        r = -EPROTO;
    } else if (r == -EPIPE) {
        r = -ECONNRESET;
    }
    if (r < 0) {
        connection_close(connection);
        return r;
    }
    if (reply.error[0] != '\0')
        return error_from_reply(&reply, connection->explanation, sizeof(connection->explanation));
    *ret_parameters = reply.parameters;
    *ret_continues = reply.continues;
    return 0;
}

int call_finish(struct connection *connection, uint64_t deadline, struct json *ret_parameters)
{
    struct json answer = {0};
    bool continues = false;
    int r;

    r = call_next(connection, deadline, &answer, &continues);
    if (r == -ETIMEDOUT)
        connection_close(connection);
    if (r < 0)
        return r;
    if (continues) {
        connection_close(connection);
        return -EPROTO;
    }
    *ret_parameters = answer;
    return 0;
}

int call_once(struct connection *connection, const char *method, const struct field_table *table,
              const void *parameters, struct json *ret_parameters)
{
    uint64_t deadline = deadline_after(connection->timeout_usec);
    int r;

    r = call_begin(connection, method, false, table, parameters, deadline);
    if (r < 0)
        return r;
    return call_finish(connection, deadline, ret_parameters);
}

int call_each(struct connection *connection, const char *method, const struct field_table *table,
              const void *parameters, int (*visit)(struct json answer, void *userdata),
              void *userdata)
{
    uint64_t deadline = deadline_after(connection->timeout_usec);
    bool continues = true;
    int r;

    r = call_begin(connection, method, true, table, parameters, deadline);
    while (r == 0 && continues) {
        struct json answer = {0};
        uint64_t before;

        r = call_next(connection, deadline, &answer, &continues);
        if (r == -ETIMEDOUT)
            connection_close(connection);
        if (r < 0)
            return r;
        before = deadline_now();
        r = visit(answer, userdata);
        if (r != 0 && continues)
            connection_close(connection); /* the rest of the answer is on its way */
        if (deadline != UINT64_MAX)
            deadline += deadline_now() - before;
    }
    return r;
}

int call_once_with_fd(struct connection *connection, const char *method, int fd,
                      struct json *ret_parameters)
{
    int r;

    connection->attachment = fd;
    r = call_once(connection, method, NULL, NULL, ret_parameters);
    connection->attachment = -1;
    return r;
}

int call_once_for_fd(struct connection *connection, const char *method, struct json *ret_parameters,
                     int *ret_fd)
{
    CLEANUP(closep) int fd = -1;
    struct json answer;
    int r;

    connection->takes_descriptor = true;
    r = call_once(connection, method, NULL, NULL, &answer);
    connection->takes_descriptor = false;
    fd = connection->received;
    connection->received = -1;
    if (r < 0)
        return r;
    if (fd < 0) {
        connection_close(connection);
        return -EPROTO;
    }
    *ret_parameters = answer;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

bool call_is_away(int error)
{
    return error == -ECONNREFUSED || error == -ECONNRESET;
}

void call_pause(uint64_t deadline)
{
    uint64_t now = deadline_now();
    uint64_t left_msec = deadline > now ? (deadline - now) / 1000 : 0;

    /* a pause cut short by a signal does no harm */
    (void)poll(NULL, 0, left_msec < PAUSE_MSEC ? (int)left_msec : PAUSE_MSEC);
}
