/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stream of changes: it has a connection of its own, and takes itself up again behind the last
 * change seen when that breaks.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/session.h"

enum {
    EVENT_NAME_BYTES = 63,
    LIVED_USEC = 1000000, /* a stream that lasted this long was a real one */
};

struct sessmgr_event {
    int64_t sequence;
    char name[EVENT_NAME_BYTES + 1];
    struct sessmgr_session *session;
    char *json;
};

struct sessmgr_watch {
    int64_t next_sequence; /* -1: from now, as no change was seen yet */
    struct sessmgr_event event;
    struct connection connection;
};

static void event_done(struct sessmgr_event *event)
{
    sessmgr_session_free(event->session);
    free(event->json);
    *event = (struct sessmgr_event){0};
}

static int event_decode(struct json object, struct sessmgr_event *ret)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    struct sessmgr_event event = {0};
    struct json value;
    int r;

    event.sequence = member_int(object, "sequence");
    if (event.sequence < 0 || event.sequence == INT64_MAX ||
        member_string(object, "event", event.name, sizeof(event.name))[0] == '\0' ||
        !member_find(object, "session", &value))
        return -EPROTO;
    r = session_decode(value, &session);
    if (r < 0)
        return r;
    event.json = member_text(object);
    if (!event.json)
        return -ENOMEM;
    event.session = TAKE_PTR(session);
    *ret = event;
    return 0;
}

/* Connects and asks for the stream, from where it is now. */
static int subscribe(struct sessmgr_watch *watch, uint64_t deadline)
{
    struct watch_in in = {.from_sequence = watch->next_sequence};

    return call_begin(&watch->connection, SESSION_INTERFACE ".Watch", true, &watch_in_fields, &in,
                      deadline);
}

void sessmgr_watch_close(struct sessmgr_watch *watch)
{
    if (!watch)
        return;
    event_done(&watch->event);
    connection_close(&watch->connection);
    free(watch);
}

static void watch_closep(struct sessmgr_watch **watch)
{
    sessmgr_watch_close(*watch);
}

int sessmgr_watch_open(struct sessmgr *handle, int64_t from_sequence, struct sessmgr_watch **ret)
{
    CLEANUP(watch_closep) struct sessmgr_watch *watch = NULL;
    struct connection *connection;
    int r;

    if (!handle || !ret || from_sequence < -1)
        return -EINVAL;
    connection = &handle->connection;
    watch = malloc(sizeof(*watch));
    if (!watch)
        return -ENOMEM;
    watch->event = (struct sessmgr_event){0};
    watch->next_sequence = from_sequence;
    r = connection_init(&watch->connection, connection->address.sun_path, connection->timeout_usec);
    assert(r >= 0); /* the handle's own path */
    r = subscribe(watch, deadline_after(connection->timeout_usec));
    memcpy(connection->explanation, watch->connection.explanation, sizeof(connection->explanation));
    if (r < 0)
        return r;
    *ret = TAKE_PTR(watch);
    return 0;
}

/* Has a stream again, trying until the deadline and at least once. */
static int resume(struct sessmgr_watch *watch, uint64_t deadline)
{
    for (;;) {
        int r;

        r = subscribe(watch, deadline);
        if (!call_is_away(r) || deadline_now() >= deadline)
            return r;
        call_pause(deadline);
    }
}

/* Until when a stream that was lost is tried for. */
static uint64_t give_up_at(const struct sessmgr_watch *watch, uint64_t deadline)
{
    uint64_t patience = deadline_after(watch->connection.timeout_usec);

    return patience < deadline ? patience : deadline;
}

/* Waits for a reply, taking the stream up again as often as it is lost. */
static int next_reply(struct sessmgr_watch *watch, uint64_t deadline, struct json *ret_answer,
                      bool *ret_continues)
{
    uint64_t give_up = give_up_at(watch, deadline);
    bool resumed = false;

    for (;;) {
        uint64_t since;
        int r;

        if (!connection_is_own(&watch->connection)) {
            r = resume(watch, give_up);
            if (r < 0)
                return r;
            resumed = true;
        }
        since = deadline_now();
        r = call_next(&watch->connection, deadline, ret_answer, ret_continues);
        if (!call_is_away(r))
            return r;
        if (deadline_now() - since >= LIVED_USEC)
            give_up = give_up_at(watch, deadline);
        else if (resumed && deadline_now() >= give_up)
            return r;
        else if (resumed)
            call_pause(give_up);
    }
}

int sessmgr_watch_next(struct sessmgr_watch *watch, uint64_t timeout_usec,
                       const struct sessmgr_event **ret)
{
    struct json answer;
    bool continues;
    int r;

    if (!watch || !ret)
        return -EINVAL;
    event_done(&watch->event);
    r = next_reply(watch, deadline_after(timeout_usec), &answer, &continues);
    if (r == -ETIMEDOUT)
        return 0;
    if (r >= 0)
        r = event_decode(answer, &watch->event);
    if (r < 0) {
        connection_close(&watch->connection);
        return r;
    }
    watch->next_sequence = watch->event.sequence + 1;
    if (!continues)
        connection_close(&watch->connection);
    *ret = &watch->event;
    return 1;
}

int sessmgr_watch(struct sessmgr *handle, int64_t from_sequence,
                  int (*visit)(const struct sessmgr_event *event, void *userdata), void *userdata)
{
    CLEANUP(watch_closep) struct sessmgr_watch *watch = NULL;
    int r;

    if (!visit)
        return -EINVAL;
    r = sessmgr_watch_open(handle, from_sequence, &watch);
    if (r < 0)
        return r;
    for (;;) {
        const struct sessmgr_event *event;

        r = sessmgr_watch_next(watch, UINT64_MAX, &event);
        if (r < 0) {
            memcpy(handle->connection.explanation, watch->connection.explanation,
                   sizeof(handle->connection.explanation));
            return r;
        }
        r = r > 0 ? visit(event, userdata) : 0;
        if (r != 0)
            return r;
    }
}

int sessmgr_watch_get_fd(const struct sessmgr_watch *watch)
{
    return watch->connection.fd;
}

const char *sessmgr_watch_get_error_message(const struct sessmgr_watch *watch)
{
    return watch->connection.explanation;
}

int64_t sessmgr_event_get_sequence(const struct sessmgr_event *event)
{
    return event->sequence;
}

const char *sessmgr_event_get_name(const struct sessmgr_event *event)
{
    return event->name;
}

const struct sessmgr_session *sessmgr_event_get_session(const struct sessmgr_event *event)
{
    return event->session;
}

const char *sessmgr_event_get_json(const struct sessmgr_event *event)
{
    return event->json;
}
