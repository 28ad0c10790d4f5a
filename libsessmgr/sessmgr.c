/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handles, and the calls about sessions and the daemon that are one question and its answer, in one
 * reply or several. Those about tokens, peers and keys are in files of their own.
 */
#include "config.h"

#include "libsessmgr/sessmgr.h"

#include <errno.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/session.h"

#define DEFAULT_TIMEOUT_USEC UINT64_C(5000000)

int sessmgr_open(struct sessmgr **ret, const char *socket_path, uint64_t timeout_usec)
{
    CLEANUP(freep) struct sessmgr *handle = NULL;
    int r;

    if (!ret)
        return -EINVAL;
    handle = malloc(sizeof(*handle));
    if (!handle)
        return -ENOMEM;
    handle->busy = false;
    r = connection_init(&handle->connection, socket_path ? socket_path : SESSMGR_SESSION_SOCKET,
                        timeout_usec > 0 ? timeout_usec : DEFAULT_TIMEOUT_USEC);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(handle);
    return 0;
}

void sessmgr_close(struct sessmgr *handle)
{
    if (!handle)
        return;
    connection_close(&handle->connection);
    free(handle);
}

const char *sessmgr_get_error_message(const struct sessmgr *handle)
{
    return handle->connection.explanation;
}

/* A filter as the protocol has it. filter may be NULL: all. */
static int filter_encode(const struct sessmgr_filter *filter, struct session_filter *ret)
{
    struct session_filter all = {.uid = -1};

    if (!filter) {
        *ret = all;
        return 0;
    }
    /* A larger one has members that this library does not know; leaving them out would make the
     * filter fit more sessions than the caller meant. */
    if (filter->size != sizeof(*filter) || filter->uid < -1)
        return -EINVAL;
    *ret = (struct session_filter){
        .session_id = filter->session_id,
        .user = filter->user,
        .uid = filter->uid,
        .service = filter->service,
        .remote_host = filter->remote_host,
        .auth_key = filter->auth_key,
        .policy = filter->policy,
    };
    return 0;
}

int sessmgr_describe(struct sessmgr *handle, const char *id_or_prefix, struct sessmgr_session **ret)
{
    struct describe_in in = {.session_id = id_or_prefix};
    struct json answer;
    struct json session;
    int r;

    r = handle_check(handle, ret);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, SESSION_INTERFACE ".Describe", &describe_in_fields, &in,
                  &answer);
    if (r < 0)
        return r;
    if (!member_find(answer, "session", &session))
        return -EPROTO;
    return session_decode(session, ret);
}

/* Who is shown what a call is answered with: sessions, or their IDs (which nobody need look at). */
struct visitor {
    int (*session)(const struct sessmgr_session *session, void *userdata);
    int (*id)(const char *session_id, void *userdata);
    void *userdata;
};

static int visit_one(struct json item, const struct visitor *visitor)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    char id[SESSION_ID_BYTES + 1];
    int r;

    if (visitor->session) {
        r = session_decode(item, &session);
        return r < 0 ? r : visitor->session(session, visitor->userdata);
    }
    if (json_get_string(item, id, sizeof(id)) < 0)
        return -EPROTO;
    return visitor->id ? visitor->id(id, visitor->userdata) : 0;
}

static int visit_reply(struct json answer, const struct visitor *visitor)
{
    struct json_cursor cursor;
    struct json list;
    struct json item;
    int r;

    if (!member_find(answer, "sessions", &list) || json_type(list) != JSON_ARRAY ||
        json_open(list, &cursor) < 0)
        return -EPROTO;
    while (json_next_element(&cursor, &item) > 0) {
        r = visit_one(item, visitor);
        if (r != 0)
            return r;
    }
    return 0;
}

static int visit_replies(struct sessmgr *handle, uint64_t deadline, const struct visitor *visitor)
{
    for (;;) {
        struct json answer = {0};
        bool continues = false;
        uint64_t before;
        int r;

        r = call_next(&handle->connection, deadline, &answer, &continues);
        if (r < 0) {
            if (r == -ETIMEDOUT)
                connection_close(&handle->connection);
            return r;
        }
        before = deadline_now();
        r = visit_reply(answer, visitor);
        if (r != 0) {
            /* the rest of the answer is on its way */
            if (continues)
                connection_close(&handle->connection);
            return r;
        }
        if (!continues)
            return 0;
        if (deadline != UINT64_MAX)
            deadline += deadline_now() - before;
    }
}

/* A call that is answered in as many replies as it takes. */
static int call_and_visit(struct sessmgr *handle, const char *method,
                          const struct field_table *table, const void *parameters,
                          const struct visitor *visitor)
{
    uint64_t deadline = deadline_after(handle->connection.timeout_usec);
    int r;

    r = call_begin(&handle->connection, method, true, table, parameters, deadline);
    if (r < 0)
        return r;
    handle->busy = true;
    r = visit_replies(handle, deadline, visitor);
    handle->busy = false;
    return r;
}

int sessmgr_list(struct sessmgr *handle, const struct sessmgr_filter *filter, bool include_ended,
                 int (*visit)(const struct sessmgr_session *session, void *userdata),
                 void *userdata)
{
    const struct visitor visitor = {.session = visit, .userdata = userdata};
    struct list_in in = {.include_ended = include_ended};
    int r;

    r = handle_check(handle, visit);
    if (r < 0)
        return r;
    r = filter_encode(filter, &in.filter);
    if (r < 0)
        return r;
    return call_and_visit(handle, SESSION_INTERFACE ".List", &list_in_fields, &in, &visitor);
}

int sessmgr_terminate(struct sessmgr *handle, const struct sessmgr_filter *filter,
                      const char *message, bool dry_run,
                      int (*visit)(const char *session_id, void *userdata), void *userdata)
{
    const struct visitor visitor = {.id = visit, .userdata = userdata};
    struct terminate_in in = {.message = message, .dry_run = dry_run};
    int r;

    r = handle_check(handle, filter);
    if (r < 0)
        return r;
    r = filter_encode(filter, &in.filter);
    if (r < 0)
        return r;
    return call_and_visit(handle, SESSION_INTERFACE ".Terminate", &terminate_in_fields, &in,
                          &visitor);
}

static bool has_key(const struct string_pair *pairs, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return true;
    return false;
}

int sessmgr_set_context(struct sessmgr *handle, const char *id_or_prefix,
                        const struct sessmgr_context_entry *entries, size_t count)
{
    struct string_pair pairs[CONTEXT_MAX_ENTRIES];
    struct set_context_in in = {.session_id = id_or_prefix};
    struct json answer;
    int r;

    r = handle_check(handle, count <= ELEMENTS(pairs) && (entries || count == 0));
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        /* a message with a key twice is malformed: the daemon would hang up */
        if (!entries[i].key || !entries[i].value || has_key(pairs, i, entries[i].key))
            return -EINVAL;
        pairs[i] = (struct string_pair){.key = entries[i].key, .value = entries[i].value};
    }
    in.context = (struct string_map){.count = count, .items = count > 0 ? pairs : NULL};
    return call_once(&handle->connection, SESSION_INTERFACE ".SetContext", &set_context_in_fields,
                     &in, &answer);
}

int sessmgr_reload(struct sessmgr *handle)
{
    struct json answer;
    int r;

    r = handle_check(handle, true);
    if (r < 0)
        return r;
    return call_once(&handle->connection, MANAGER_INTERFACE ".Reload", NULL, NULL, &answer);
}

int sessmgr_get_statistics(struct sessmgr *handle, char **ret_json)
{
    struct json answer;
    struct json statistics;
    char *text;
    int r;

    r = handle_check(handle, ret_json);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".GetStatistics", NULL, NULL, &answer);
    if (r < 0)
        return r;
    if (!member_find(answer, "statistics", &statistics) || json_type(statistics) != JSON_OBJECT)
        return -EPROTO;
    text = member_text(statistics);
    if (!text)
        return -ENOMEM;
    *ret_json = text;
    return 0;
}

int sessmgr_get_version(struct sessmgr *handle, char **ret_version)
{
    char buffer[256];
    struct json answer;
    char *version;
    int r;

    r = handle_check(handle, ret_version);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, SERVICE_INTERFACE ".GetInfo", NULL, NULL, &answer);
    if (r < 0)
        return r;
    if (member_string(answer, "version", buffer, sizeof(buffer))[0] == '\0')
        return -EPROTO;
    version = strdup(buffer);
    if (!version)
        return -ENOMEM;
    *ret_version = version;
    return 0;
}
