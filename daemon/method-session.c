/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what io.sessmgr.Session has to say of sessions, and the notes on them. How they are ended,
 * the stream of changes and tokens have files of their own.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/enforcement.h"
#include "daemon/filter.h"
#include "daemon/lifecycle.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/publish.h"
#include "daemon/selection.h"

enum { SESSION_TEXT_MAX_BYTES = 32768 };

int method_describe(struct call *call)
{
    const struct policy *policy = call->session->policy;
    struct describe_out out = {.rule = {.name = NULL, .line = -1}};

    enforcement_look(call->manager, call->session);
    publish_refresh(call->manager, call->session);
    out.session = call->session->record.info;
    if (policy != NULL)
        out.rule = (struct rule_info){.name = policy->name,
                                      .file = policy->file,
                                      .line = policy->line,
                                      .settings = policy->members};
    call_reply(call, &out);
    return 0;
}

/* {"sessions": [...]} with sessions from *position on; as many as fit, `most` at the most.
 * *position moves behind them. */
static int encode_sessions(struct manager *manager, const struct selection *selection,
                           int64_t *position, size_t most, char *buffer, size_t size,
                           struct json *ret)
{
    struct json_writer writer;
    size_t taken = 0;

    json_writer_init(&writer, buffer, size);
    json_begin_object(&writer);
    json_key(&writer, "sessions");
    json_begin_array(&writer);
    while ((size_t)*position < selection->count && taken < most) {
        struct session *session =
            session_table_find(&manager->sessions, selection->ids[(size_t)*position]);

        (*position)++;
        if (session == NULL)
            continue; /* forgotten since */
        publish_refresh(manager, session);
        fields_encode(&session_info_fields, &session->record.info, &writer);
        taken++;
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return json_writer_finish(&writer, ret);
}

/* One session a reply; the last reply is the one with nothing behind it. */
static int produce_session(struct call *call)
{
    const struct selection *selection = call->stream;
    char buffer[SESSION_TEXT_MAX_BYTES];
    struct json text;
    int r;

    r = encode_sessions(call->manager, selection, &call->position, 1, buffer, sizeof(buffer),
                        &text);
    if (r < 0) {
        call_fail(call, r);
        return 0;
    }
    if ((size_t)call->position >= selection->count) {
        call_reply_text(call, text);
        return 0;
    }
    call_reply_continues(call, text);
    return 1;
}

static int list_at_once(struct call *call, const struct selection *selection)
{
    CLEANUP(freep) char *buffer = malloc(JSON_TEXT_MAX_BYTES);
    struct json text;
    int64_t position = 0;
    int r;

    if (buffer == NULL)
        return -ENOMEM;
    r = encode_sessions(call->manager, selection, &position, SIZE_MAX, buffer,
                        JSON_TEXT_MAX_BYTES - VARLINK_NAME_MAX_BYTES, &text);
    if (r == -ENOBUFS) {
        const struct too_many_error error = {.limit = JSON_TEXT_MAX_BYTES};

        call_error(call, ERROR_TOO_MANY, &too_many_error_fields, &error);
        return 0;
    }
    if (r < 0)
        return r;
    call_reply_text(call, text);
    return 0;
}

int method_list(struct call *call)
{
    const struct list_in *in = call->in;
    struct selection *selection = NULL;
    const char *bad = NULL;
    struct filter filter;
    int r;

    if (filter_parse(&in->filter, &filter, &bad) < 0) {
        call_invalid(call, bad);
        return 0;
    }
    r = selection_new(call, &filter, in->include_ended ? SELECT_ALL : SELECT_LIVE, &selection);
    if (r < 0)
        return r;
    if (call->more) {
        call_stream(call, produce_session, selection, free);
        return 0;
    }
    r = list_at_once(call, selection);
    free(selection);
    return r;
}

static bool has_key(const struct string_map *map, const char *key)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->items[i].key, key) == 0)
            return true;
    return false;
}

/* The old entries that are not named anew, then the new ones. Returns how many, or -E2BIG. */
static int merge_context(const struct string_map *old, const struct string_map *changes,
                         struct string_pair merged[static CONTEXT_MAX_ENTRIES])
{
    size_t count = 0;

    for (size_t i = 0; i < old->count; i++)
        if (!has_key(changes, old->items[i].key))
            merged[count++] = old->items[i]; /* never more than there were */
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->items[i].value[0] == '\0')
            continue;
        if (count == CONTEXT_MAX_ENTRIES)
            return -E2BIG;
        merged[count++] = changes->items[i];
    }
    return (int)count;
}

static void on_change_durable(struct call *call, int result)
{
    if (result < 0)
        call_fail(call, result);
    else
        call_reply(call, NULL);
}

int method_set_context(struct call *call)
{
    const struct set_context_in *in = call->in;
    struct string_pair merged[CONTEXT_MAX_ENTRIES];
    struct string_map context;
    int r;

    if (session_is_ended(call->session))
        return -ENOENT;
    for (size_t i = 0; i < in->context.count; i++)
        if (!method_may_set_context(call, in->context.items[i].key)) {
            method_deny(call);
            return 0;
        }
    r = merge_context(&call->session->record.info.context, &in->context, merged);
    if (r < 0) {
        call_invalid(call, "context");
        return 0;
    }
    context = (struct string_map){.count = (size_t)r, .items = merged};
    r = session_set_context(&call->manager->sessions, call->session, &context);
    if (r < 0)
        return r;
    memcpy(call->subject, call->session->record.info.session_id, sizeof(call->subject));
    lifecycle_changed(call->manager, call->session);
    return call_wait_durable(call, STORE_ORDINARY, on_change_durable);
}
