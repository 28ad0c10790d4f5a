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
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    struct describe_in in = {.session_id = id_or_prefix};
    struct json answer, object, rule;
    int r;

    r = handle_check(handle, ret);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, SESSION_INTERFACE ".Describe", &describe_in_fields, &in,
                  &answer);
    if (r < 0)
        return r;
    if (!member_find(answer, "session", &object))
        return -EPROTO;
    r = session_decode(object, &session);
    if (r >= 0 && member_find(answer, "rule", &rule) && json_type(rule) != JSON_NULL)
        r = session_take_rule(session, rule);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(session);
    return 0;
}

struct session_visitor {
    int (*visit)(const struct sessmgr_session *session, void *userdata);
    void *userdata;
};

static int visit_session(struct json item, void *userdata)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    const struct session_visitor *visitor = userdata;
    int r;

    r = session_decode(item, &session);
    return r < 0 ? r : visitor->visit(session, visitor->userdata);
}

static int visit_sessions(struct json answer, void *userdata)
{
    return member_each(answer, "sessions", visit_session, userdata);
}

int sessmgr_list(struct sessmgr *handle, const struct sessmgr_filter *filter, bool include_ended,
                 int (*visit)(const struct sessmgr_session *session, void *userdata),
                 void *userdata)
{
    struct session_visitor visitor = {.visit = visit, .userdata = userdata};
    struct list_in in = {.include_ended = include_ended};
    int r;

    r = handle_check(handle, visit);
    if (r < 0)
        return r;
    r = filter_encode(filter, &in.filter);
    if (r < 0)
        return r;
    handle->busy = true;
    r = call_each(&handle->connection, SESSION_INTERFACE ".List", &list_in_fields, &in,
                  visit_sessions, &visitor);
    handle->busy = false;
    return r;
}

struct id_visitor {
    int (*visit)(const char *session_id, void *userdata);
    void *userdata;
};

static int visit_ids(struct json answer, void *userdata)
{
    const struct id_visitor *visitor = userdata;

    return member_each_id(answer, visitor->visit, visitor->userdata);
}

int sessmgr_terminate(struct sessmgr *handle, const struct sessmgr_filter *filter,
                      const char *message, bool dry_run,
                      int (*visit)(const char *session_id, void *userdata), void *userdata)
{
    struct id_visitor visitor = {.visit = visit, .userdata = userdata};
    struct terminate_in in = {.message = message, .dry_run = dry_run};
    int r;

    r = handle_check(handle, filter);
    if (r < 0)
        return r;
    r = filter_encode(filter, &in.filter);
    if (r < 0)
        return r;
    handle->busy = true;
    r = call_each(&handle->connection, SESSION_INTERFACE ".Terminate", &terminate_in_fields, &in,
                  visit_ids, &visitor);
    handle->busy = false;
    return r;
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
