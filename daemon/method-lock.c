/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what io.sessmgr.Manager does with the locks of users. A lock itself is lock.c's.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "common/macro.h"
#include "daemon/lock.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/selection.h"

enum {
    SESSIONS_TOLD_MAX = 1024, /* of those that a lock ends: so that their IDs fit into its reply */
    LOCK_TEXT_MAX_BYTES = 16384, /* longer than one lock, each byte of it escaped */
};

/* call->stream is the selection of the sessions that were ended; NULL: none were to be. */
static void on_lock_durable(struct call *call, int result)
{
    const struct selection *selection = call->stream;
    const size_t count = selection == NULL ? 0 : selection->count;
    const char *ids[SESSIONS_TOLD_MAX];
    struct lock_out out = {.sessions.items = ids, .session_count = (int64_t)count};

    if (result >= 0 && count > 0 && !selection_is_submitted(call, selection))
        result = -EIO;
    if (result < 0) {
        call_fail(call, result);
        return;
    }
    for (; out.sessions.count < count && out.sessions.count < ELEMENTS(ids); out.sessions.count++)
        ids[out.sessions.count] = selection->ids[out.sessions.count];
    call_reply(call, &out);
}

/* Answers what cannot be done, and returns 0; else 1, or the errors of lock_set(). */
static int set_lock(struct call *call, const struct lock_info *info)
{
    const struct too_many_error too_many = {.limit = LOCKS_MAX};
    int r;

    if (info->until_usec >= 0 && info->until_usec <= info->since_usec) {
        call_invalid(call, "untilUsec");
        return 0;
    }
    r = lock_set(call->manager, info, call->peer);
    if (r == -ENOSPC) {
        call_error(call, ERROR_MANAGER_TOO_MANY, &too_many_error_fields, &too_many);
        return 0;
    }
    return r < 0 ? r : 1;
}

int method_lock(struct call *call)
{
    const struct lock_in *in = call->in;
    const struct filter filter = {.wire.uid = in->uid};
    const struct lock_info info = {
        .user = in->user,
        .uid = in->uid,
        .since_usec = call->manager->clock->realtime_usec(call->manager->clock),
        .until_usec = in->until_usec,
        .message = in->message == NULL || in->message[0] == '\0' ? NULL : in->message,
    };
    CLEANUP(freep) struct selection *selection = NULL;
    int r = 0;

    if (in->terminate)
        r = selection_new(call, &filter, SELECT_ACTIVE, &selection);
    if (r >= 0)
        r = set_lock(call, &info);
    if (r <= 0)
        return r;
    if (selection != NULL)
        selection_end(call, selection, END_LOCKED, info.message);
    call->stream = TAKE_PTR(selection);
    call->stream_free = free;
    return call_wait_durable(call, STORE_ESSENTIAL, on_lock_durable);
}

static void on_unlock_durable(struct call *call, int result)
{
    if (result < 0)
        call_fail(call, result);
    else
        call_reply(call, NULL);
}

int method_unlock(struct call *call)
{
    const struct unlock_in *in = call->in;
    int r;

    r = lock_remove(call->manager, in->uid, call->peer);
    if (r == -ENOENT) {
        call_error(call, ERROR_NO_SUCH_LOCK, NULL, NULL);
        return 0;
    }
    return r < 0 ? r : call_wait_durable(call, STORE_ESSENTIAL, on_unlock_durable);
}

/* {"locks": [...]} of the user IDs from *uid on, `most` at the most. *uid moves behind them. */
static int encode_locks(const struct manager *manager, int64_t *uid, size_t most, char *buffer,
                        size_t size, struct json *ret)
{
    const struct user_lock *lock;
    struct json_writer writer;

    json_writer_init(&writer, buffer, size);
    json_begin_object(&writer);
    json_key(&writer, "locks");
    json_begin_array(&writer);
    for (; most > 0 && (lock = lock_next(manager, *uid)) != NULL; most--) {
        fields_encode(&lock_info_fields, &lock->info, &writer);
        *uid = lock->info.uid + 1;
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return json_writer_finish(&writer, ret);
}

/* One lock a reply; call->position is the user ID to go on with. */
static int produce_lock(struct call *call)
{
    char buffer[LOCK_TEXT_MAX_BYTES];
    struct json text;
    int r;

    r = encode_locks(call->manager, &call->position, 1, buffer, sizeof(buffer), &text);
    if (r < 0) {
        call_fail(call, r);
        return 0;
    }
    if (lock_next(call->manager, call->position) == NULL) {
        call_reply_text(call, text);
        return 0;
    }
    call_reply_continues(call, text);
    return 1;
}

int method_list_locks(struct call *call)
{
    const struct too_many_error too_many = {.limit = JSON_TEXT_MAX_BYTES};
    CLEANUP(freep) char *buffer = malloc(JSON_TEXT_MAX_BYTES);
    struct json text;
    int64_t uid = 0;
    int r;

    if (call->more) {
        call_stream(call, produce_lock, NULL, NULL);
        return 0;
    }
    if (buffer == NULL)
        return -ENOMEM;
    r = encode_locks(call->manager, &uid, SIZE_MAX, buffer,
                     JSON_TEXT_MAX_BYTES - VARLINK_NAME_MAX_BYTES, &text);
    if (r == -ENOBUFS) {
        call_error(call, ERROR_MANAGER_TOO_MANY, &too_many_error_fields, &too_many);
        return 0;
    }
    if (r < 0)
        return r;
    call_reply_text(call, text);
    return 0;
}
