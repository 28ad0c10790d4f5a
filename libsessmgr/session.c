/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session: decoding, copying and the accessors of sessmgr.h.
 */
#include "config.h"

#include "libsessmgr/session.h"

#include <errno.h>
#include <string.h>

#include "common/fields.h"
#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/member.h"

/* protocol.h's struct session_info without its enumerations, which a newer daemon may extend */
struct members {
    const char *session_id;
    const char *user;
    int64_t uid;
    const char *service;
    const char *terminal;
    const char *remote_host;
    const char *remote_user;
    const char *connection;
    const char *auth_method;
    const char *auth_key;
    int64_t auth_expires_usec;
    const char *logind_session;
    int64_t audit_session;
    const char *parent;
    int64_t leader_pid;
    const char *host_id;
    const char *boot_id;
    const char *state;
    bool durable;
    int64_t opened_usec;
    int64_t last_activity_usec;
    int64_t deadline_usec;
    const char *deadline_reason;
    int64_t idle_deadline_usec;
    bool adopted;
    const char *policy;
    struct string_list scopes;
    struct string_map context;
    int64_t ended_usec;
    const char *end_reason;
};

struct sessmgr_session {
    struct members members;
    void *block; /* what the members point to */
    char *json;
    char *rule_file;   /* NULL: the rule is not known, as the settings are not */
    int64_t rule_line; /* -1: the same */
    char *settings;
};

#define MEMBER(name_, type_, flags_, member_, max_)                \
    {                                                              \
        .name = (name_), .type = (type_), .flags = (flags_),       \
        .offset = offsetof(struct members, member_), .max = (max_) \
    }
#define TEXT(name_, member_) MEMBER(name_, FIELD_STRING, 0, member_, JSON_TEXT_MAX_BYTES)
#define OPTIONAL_TEXT(name_, member_) \
    MEMBER(name_, FIELD_STRING, FIELD_OPTIONAL, member_, JSON_TEXT_MAX_BYTES)
#define NUMBER(name_, member_, max_)    MEMBER(name_, FIELD_UINT, 0, member_, max_)
#define OPTIONAL_NUMBER(name_, member_) MEMBER(name_, FIELD_UINT, FIELD_OPTIONAL, member_, 0)

static const struct field member_fields[] = {
    MEMBER("sessionId", FIELD_STRING, 0, session_id, SESSION_ID_BYTES),
    TEXT("user", user),
    MEMBER("uid", FIELD_UINT, FIELD_OPTIONAL, uid, UINT32_MAX - 1),
    TEXT("service", service),
    OPTIONAL_TEXT("terminal", terminal),
    OPTIONAL_TEXT("remoteHost", remote_host),
    OPTIONAL_TEXT("remoteUser", remote_user),
    OPTIONAL_TEXT("connection", connection),
    OPTIONAL_TEXT("authMethod", auth_method),
    OPTIONAL_TEXT("authKey", auth_key),
    OPTIONAL_NUMBER("authExpiresUsec", auth_expires_usec),
    OPTIONAL_TEXT("logindSession", logind_session),
    OPTIONAL_NUMBER("auditSession", audit_session),
    OPTIONAL_TEXT("parentSession", parent),
    NUMBER("leaderPid", leader_pid, INT32_MAX),
    TEXT("hostId", host_id),
    TEXT("bootId", boot_id),
    TEXT("state", state),
    MEMBER("durable", FIELD_BOOL, 0, durable, 0),
    NUMBER("openedUsec", opened_usec, 0),
    OPTIONAL_NUMBER("lastActivityUsec", last_activity_usec), /* not from the first daemons */
    OPTIONAL_NUMBER("deadlineUsec", deadline_usec),
    OPTIONAL_TEXT("deadlineReason", deadline_reason),
    OPTIONAL_NUMBER("idleDeadlineUsec", idle_deadline_usec),
    MEMBER("adopted", FIELD_BOOL, FIELD_OPTIONAL, adopted, 0),
    TEXT("policy", policy),
    MEMBER("scopes", FIELD_STRING_LIST, FIELD_OPTIONAL, scopes, JSON_MEMBERS_MAX),
    MEMBER("context", FIELD_STRING_MAP, FIELD_OPTIONAL, context, JSON_MEMBERS_MAX),
    OPTIONAL_NUMBER("endedUsec", ended_usec),
    OPTIONAL_TEXT("endReason", end_reason),
};

static const struct field_table members_table = {
    .fields = member_fields,
    .count = ELEMENTS(member_fields),
    .struct_size = sizeof(struct members),
    .tolerant = true,
};

void sessmgr_session_free(struct sessmgr_session *session)
{
    if (!session)
        return;
    free(session->block);
    free(session->json);
    free(session->rule_file);
    free(session->settings);
    free(session);
}

void session_freep(struct sessmgr_session **session)
{
    sessmgr_session_free(*session);
}

/* Makes a session of members that live elsewhere. */
static int session_new(const struct members *members, struct json json,
                       struct sessmgr_session **ret)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    int r;

    session = calloc(1, sizeof(*session));
    if (!session)
        return -ENOMEM;
    session->rule_line = -1;
    session->json = member_text(json);
    if (!session->json)
        return -ENOMEM;
    r = fields_copy(&members_table, members, &session->members, &session->block);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(session);
    return 0;
}

int session_decode(struct json object, struct sessmgr_session **ret)
{
    CLEANUP(memory_done) struct arena memory = {0};
    struct members members;
    int r;

    r = member_decode(&members_table, object, &members, &memory);
    if (r < 0)
        return r;
    if (!is_session_id(members.session_id))
        return -EPROTO;
    return session_new(&members, object, ret);
}

/* Gives a session without a rule one. settings: an object. */
static int keep_rule(struct sessmgr_session *session, const char *file, int64_t line,
                     struct json settings)
{
    session->rule_file = strdup(file);
    session->rule_line = line;
    session->settings = member_text(settings);
    return session->rule_file && session->settings ? 0 : -ENOMEM;
}

int session_take_rule(struct sessmgr_session *session, struct json object)
{
    CLEANUP(memory_done) struct arena memory = {0};
    struct rule_info rule;
    int r;

    r = member_decode(&rule_info_fields, object, &rule, &memory);
    if (r < 0)
        return r;
    if (json_type(rule.settings) != JSON_OBJECT)
        return -EPROTO;
    return keep_rule(session, rule.file, rule.line, rule.settings);
}

static struct json json_of(const char *text)
{
    return (struct json){.text = text, .length = strlen(text)};
}

int sessmgr_session_copy(const struct sessmgr_session *session, struct sessmgr_session **ret)
{
    CLEANUP(session_freep) struct sessmgr_session *copy = NULL;
    int r;

    if (!session || !ret)
        return -EINVAL;
    r = session_new(&session->members, json_of(session->json), &copy);
    if (r >= 0 && session->rule_file)
        r = keep_rule(copy, session->rule_file, session->rule_line, json_of(session->settings));
    if (r < 0)
        return r;
    *ret = TAKE_PTR(copy);
    return 0;
}

#define ACCESSOR(type_, function_, member_)                \
    type_ function_(const struct sessmgr_session *session) \
    {                                                      \
        return (type_)session->members.member_;            \
    }

/* A cast to const char * of one is the same pointer; to uid_t and pid_t the decoder has made sure
 * that the value fits. */
ACCESSOR(const char *, sessmgr_session_get_id, session_id)
ACCESSOR(const char *, sessmgr_session_get_user, user)
ACCESSOR(uid_t, sessmgr_session_get_uid, uid)
ACCESSOR(const char *, sessmgr_session_get_service, service)
ACCESSOR(const char *, sessmgr_session_get_terminal, terminal)
ACCESSOR(const char *, sessmgr_session_get_remote_host, remote_host)
ACCESSOR(const char *, sessmgr_session_get_remote_user, remote_user)
ACCESSOR(const char *, sessmgr_session_get_connection, connection)
ACCESSOR(const char *, sessmgr_session_get_auth_method, auth_method)
ACCESSOR(const char *, sessmgr_session_get_auth_key, auth_key)
ACCESSOR(int64_t, sessmgr_session_get_auth_expires_usec, auth_expires_usec)
ACCESSOR(const char *, sessmgr_session_get_logind_session, logind_session)
ACCESSOR(int64_t, sessmgr_session_get_audit_session, audit_session)
ACCESSOR(const char *, sessmgr_session_get_parent, parent)
ACCESSOR(pid_t, sessmgr_session_get_leader_pid, leader_pid)
ACCESSOR(const char *, sessmgr_session_get_host_id, host_id)
ACCESSOR(const char *, sessmgr_session_get_boot_id, boot_id)
ACCESSOR(const char *, sessmgr_session_get_state, state)
ACCESSOR(bool, sessmgr_session_is_durable, durable)
ACCESSOR(int64_t, sessmgr_session_get_opened_usec, opened_usec)
ACCESSOR(int64_t, sessmgr_session_get_last_activity_usec, last_activity_usec)
ACCESSOR(int64_t, sessmgr_session_get_deadline_usec, deadline_usec)
ACCESSOR(const char *, sessmgr_session_get_deadline_reason, deadline_reason)
ACCESSOR(int64_t, sessmgr_session_get_idle_deadline_usec, idle_deadline_usec)
ACCESSOR(bool, sessmgr_session_is_adopted, adopted)
ACCESSOR(const char *, sessmgr_session_get_policy, policy)
ACCESSOR(int64_t, sessmgr_session_get_ended_usec, ended_usec)
ACCESSOR(const char *, sessmgr_session_get_end_reason, end_reason)
ACCESSOR(size_t, sessmgr_session_get_scope_count, scopes.count)
ACCESSOR(size_t, sessmgr_session_get_context_count, context.count)

const char *sessmgr_session_get_scope(const struct sessmgr_session *session, size_t index)
{
    return index < session->members.scopes.count ? session->members.scopes.items[index] : NULL;
}

int sessmgr_session_get_context_entry(const struct sessmgr_session *session, size_t index,
                                      struct sessmgr_context_entry *ret)
{
    if (!session || !ret || index >= session->members.context.count)
        return -EINVAL;
    ret->key = session->members.context.items[index].key;
    ret->value = session->members.context.items[index].value;
    return 0;
}

const char *sessmgr_session_get_context(const struct sessmgr_session *session, const char *key)
{
    const struct string_map *context = &session->members.context;

    for (size_t i = 0; i < context->count; i++)
        if (strcmp(context->items[i].key, key) == 0)
            return context->items[i].value;
    return NULL;
}

const char *sessmgr_session_get_json(const struct sessmgr_session *session)
{
    return session->json;
}

const char *sessmgr_session_get_rule_file(const struct sessmgr_session *session)
{
    return session->rule_file;
}

int64_t sessmgr_session_get_rule_line(const struct sessmgr_session *session)
{
    return session->rule_line;
}

const char *sessmgr_session_get_settings_json(const struct sessmgr_session *session)
{
    return session->settings;
}
