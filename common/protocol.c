/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The field tables of protocol.h, in the order of the .varlink texts. A test compares the two.
 * Long because all that crosses the sockets is in one place.
 */
#include <config.h>

#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"

enum {
    STRING_MAX_BYTES = 4096,              /* where nothing narrower is said */
    TEXT_MAX_BYTES = JSON_TEXT_MAX_BYTES, /* a whole interface's text: as long as a message */
    LIST_MAX = JSON_TEXT_MAX_BYTES,       /* as many as a message holds */
};

/* UINT32_MAX is no user: chown(2) and others take it for "none". */
#define UID_MAX ((size_t)UINT32_MAX - 1)

#define REQUIRED  0
#define OPTIONAL  FIELD_OPTIONAL
#define PRINTABLE FIELD_PRINTABLE
#define ADDED     FIELD_ADDED

#define ROW(type_, struct_, member_, name_, flags_, ...)         \
    {                                                            \
        .name = (name_), .type = (type_), .flags = (flags_),     \
        .offset = offsetof(struct struct_, member_), __VA_ARGS__ \
    }
#define STRING(struct_, member_, name_, flags_, max_) \
    ROW(FIELD_STRING, struct_, member_, name_, flags_, .max = (max_))
#define UINT(struct_, member_, name_, flags_, max_) \
    ROW(FIELD_UINT, struct_, member_, name_, flags_, .max = (max_))
#define BOOL(struct_, member_, name_, flags_) \
    ROW(FIELD_BOOL, struct_, member_, name_, flags_, .max = 0)
#define ENUM(struct_, member_, name_, flags_, names_) \
    ROW(FIELD_ENUM, struct_, member_, name_, flags_, .names = (names_))
#define UINT_LIST(struct_, member_, name_, max_) \
    ROW(FIELD_UINT_LIST, struct_, member_, name_, REQUIRED, .max = (max_))
#define STRING_LIST(struct_, member_, name_) \
    ROW(FIELD_STRING_LIST, struct_, member_, name_, REQUIRED, .max = LIST_MAX)
#define SCOPES(struct_, flags_) \
    ROW(FIELD_STRING_LIST, struct_, scopes, "scopes", (flags_) | PRINTABLE, .max = SCOPES_MAX)
#define CONTEXT(struct_) \
    ROW(FIELD_STRING_MAP, struct_, context, "context", PRINTABLE, .max = CONTEXT_MAX_ENTRIES)
#define OBJECT(struct_, member_, name_, flags_, sub_) \
    ROW(FIELD_OBJECT, struct_, member_, name_, flags_, .sub = (sub_))
#define JSON(struct_, member_, name_) ROW(FIELD_JSON, struct_, member_, name_, REQUIRED, .max = 0)

#define TABLE(name_, struct_) \
    const struct field_table name_##_fields = FIELD_TABLE(name_, struct struct_)

/* What the daemon says: a reader that is older than the daemon passes over what it does not know.
 */
#define REPLY_TABLE(name_, struct_)             \
    const struct field_table name_##_fields = { \
        .fields = (name_),                      \
        .count = ELEMENTS(name_),               \
        .struct_size = sizeof(struct struct_),  \
        .tolerant = true,                       \
    }

/* Made of the .varlink texts by embed-texts.sh, in the order of protocol_interfaces. */
extern const char *const interface_texts[];

const char *const session_state_names[] = {
    [STATE_ACTIVE] = "active", [STATE_ENDING] = "ending", [STATE_ENDED] = "ended", NULL};

const char *const end_reason_names[] = {
    [END_LOGOUT] = "logout",     [END_LEADER_EXITED] = "leader_exited",
    [END_LIFETIME] = "lifetime", [END_CREDENTIAL_EXPIRED] = "credential_expired",
    [END_IDLE] = "idle",         [END_HOURS] = "hours",
    [END_EVICTED] = "evicted",   [END_TERMINATED] = "terminated",
    [END_LOCKED] = "locked",     [END_TOKEN_REUSE] = "token_reuse",
    [END_REBOOTED] = "rebooted", NULL,
};

const char *const token_kind_names[] = {[TOKEN_OPAQUE] = "opaque", [TOKEN_JWT] = "jwt", NULL};

const struct field_table no_fields = {.fields = NULL};

static const struct field login_request[] = {
    STRING(login_request, service, "service", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(login_request, user, "user", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(login_request, uid, "uid", REQUIRED, UID_MAX),
    UINT_LIST(login_request, groups, "groups", LOGIN_GROUPS_MAX),
    STRING(login_request, terminal, "terminal", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(login_request, remote_host, "remoteHost", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(login_request, remote_user, "remoteUser", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(login_request, connection, "connection", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(login_request, auth_info, "authInfo", OPTIONAL | PRINTABLE, LOGIN_AUTH_INFO_MAX_BYTES),
    STRING(login_request, logind_session, "logindSession", OPTIONAL | PRINTABLE,
           LOGIN_STRING_MAX_BYTES),
};
const struct field_table login_request_fields = {
    .fields = login_request,
    .count = ELEMENTS(login_request),
    .struct_size = sizeof(struct login_request),
    .tolerant = true, /* a newer module may meet an older daemon */
};

static const struct field session_info[] = {
    STRING(session_info, session_id, "sessionId", PRINTABLE, SESSION_ID_BYTES),
    STRING(session_info, user, "user", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(session_info, uid, "uid", OPTIONAL, UID_MAX),
    STRING(session_info, service, "service", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_info, terminal, "terminal", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_info, remote_host, "remoteHost", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_info, remote_user, "remoteUser", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_info, connection, "connection", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_info, auth_method, "authMethod", OPTIONAL | PRINTABLE, STRING_MAX_BYTES),
    STRING(session_info, auth_key, "authKey", OPTIONAL | PRINTABLE, STRING_MAX_BYTES),
    UINT(session_info, auth_expires_usec, "authExpiresUsec", OPTIONAL, 0),
    STRING(session_info, logind_session, "logindSession", OPTIONAL | PRINTABLE,
           LOGIN_STRING_MAX_BYTES),
    UINT(session_info, audit_session, "auditSession", OPTIONAL, UINT32_MAX),
    STRING(session_info, parent_session, "parentSession", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    UINT(session_info, leader_pid, "leaderPid", REQUIRED, INT32_MAX),
    STRING(session_info, host_id, "hostId", PRINTABLE, STRING_MAX_BYTES),
    STRING(session_info, boot_id, "bootId", PRINTABLE, STRING_MAX_BYTES),
    ENUM(session_info, state, "state", REQUIRED, session_state_names),
    BOOL(session_info, durable, "durable", REQUIRED),
    UINT(session_info, opened_usec, "openedUsec", REQUIRED, 0),
    UINT(session_info, last_activity_usec, "lastActivityUsec", ADDED, 0),
    UINT(session_info, deadline_usec, "deadlineUsec", OPTIONAL, 0),
    ENUM(session_info, deadline_reason, "deadlineReason", OPTIONAL, end_reason_names),
    UINT(session_info, idle_deadline_usec, "idleDeadlineUsec", OPTIONAL, 0),
    ROW(FIELD_BOOL, session_info, adopted, "adopted", ADDED, .max = 0),
    STRING(session_info, policy, "policy", PRINTABLE, STRING_MAX_BYTES),
    SCOPES(session_info, ADDED),
    CONTEXT(session_info),
    UINT(session_info, ended_usec, "endedUsec", OPTIONAL, 0),
    ENUM(session_info, end_reason, "endReason", OPTIONAL, end_reason_names),
};
REPLY_TABLE(session_info, session_info);

static const struct field session_filter[] = {
    STRING(session_filter, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    STRING(session_filter, user, "user", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(session_filter, uid, "uid", OPTIONAL, UID_MAX),
    STRING(session_filter, service, "service", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_filter, remote_host, "remoteHost", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(session_filter, auth_key, "authKey", OPTIONAL | PRINTABLE, STRING_MAX_BYTES),
    STRING(session_filter, policy, "policy", OPTIONAL | PRINTABLE, STRING_MAX_BYTES),
};
TABLE(session_filter, session_filter);

/* io.sessmgr.Login */

static const struct field admit_in[] = {
    OBJECT(admit_in, login, "login", REQUIRED, &login_request_fields),
};
TABLE(admit_in, admit_in);

static const struct field admit_out[] = {
    STRING(admit_out, reservation, "reservation", OPTIONAL, STRING_MAX_BYTES),
    STRING(admit_out, policy, "policy", OPTIONAL, STRING_MAX_BYTES),
};
REPLY_TABLE(admit_out, admit_out);

static const struct field open_in[] = {
    OBJECT(open_in, login, "login", REQUIRED, &login_request_fields),
    STRING(open_in, reservation, "reservation", OPTIONAL, STRING_MAX_BYTES),
};
TABLE(open_in, open_in);

static const struct field open_out[] = {
    STRING(open_out, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    STRING(open_out, policy, "policy", OPTIONAL, STRING_MAX_BYTES),
    UINT(open_out, deadline_usec, "deadlineUsec", OPTIONAL, 0),
    /* Without bounds: whoever reads it looks at it, and a login does not fail for it. */
    STRING(open_out, token_file, "tokenFile", OPTIONAL, JSON_TEXT_MAX_BYTES),
    STRING_LIST(open_out, messages, "messages"),
};
REPLY_TABLE(open_out, open_out);

static const struct field close_in[] = {
    STRING(close_in, session_id, "sessionId", PRINTABLE, SESSION_ID_BYTES),
};
TABLE(close_in, close_in);

static const struct field refused_error[] = {
    STRING(refused_error, reason, "reason", REQUIRED, STRING_MAX_BYTES),
    STRING(refused_error, message, "message", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(refused_error, refused_error);

static const struct field store_error[] = {
    STRING(store_error_out, message, "message", REQUIRED, STRING_MAX_BYTES),
    STRING(store_error_out, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
};
REPLY_TABLE(store_error, store_error_out);

/* io.sessmgr.Session */

static const struct field describe_in[] = {
    STRING(describe_in, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
};
TABLE(describe_in, describe_in);

static const struct field rule_info[] = {
    STRING(rule_info, name, "name", REQUIRED, STRING_MAX_BYTES),
    STRING(rule_info, file, "file", REQUIRED, STRING_MAX_BYTES),
    UINT(rule_info, line, "line", REQUIRED, 0),
    JSON(rule_info, settings, "settings"),
};
REPLY_TABLE(rule_info, rule_info);

static const struct field describe_out[] = {
    OBJECT(describe_out, session, "session", REQUIRED, &session_info_fields),
    OBJECT(describe_out, rule, "rule", OPTIONAL, &rule_info_fields),
};
REPLY_TABLE(describe_out, describe_out);

static const struct field describe_peer_out[] = {
    OBJECT(describe_peer_out, session, "session", REQUIRED, &session_info_fields),
};
REPLY_TABLE(describe_peer_out, describe_peer_out);

static const struct field extend_in[] = {
    STRING(extend_in, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    UINT(extend_in, seconds, "seconds", OPTIONAL, 0),
};
TABLE(extend_in, extend_in);

static const struct field extend_out[] = {
    UINT(extend_out, deadline_usec, "deadlineUsec", REQUIRED, 0),
};
REPLY_TABLE(extend_out, extend_out);

static const struct field validate_in[] = {
    STRING(validate_in, token, "token", REQUIRED, TOKEN_MAX_BYTES),
    STRING(validate_in, scope, "scope", OPTIONAL, SCOPES_TEXT_MAX_BYTES - 1),
    STRING(validate_in, audience, "audience", OPTIONAL, AUDIENCE_MAX_BYTES),
    UINT(validate_in, uid, "uid", OPTIONAL, UID_MAX),
    BOOL(validate_in, touch, "touch", OPTIONAL),
};
TABLE(validate_in, validate_in);

static const struct field validate_out[] = {
    BOOL(validate_out, active, "active", REQUIRED),
    STRING(validate_out, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    STRING(validate_out, user, "user", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(validate_out, uid, "uid", OPTIONAL, UID_MAX),
    SCOPES(validate_out, OPTIONAL),
    STRING(validate_out, audience, "audience", OPTIONAL | PRINTABLE, AUDIENCE_MAX_BYTES),
    UINT(validate_out, expires_usec, "expiresUsec", OPTIONAL, 0),
};
REPLY_TABLE(validate_out, validate_out);

static const struct field issue_token_in[] = {
    STRING(issue_token_in, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    ENUM(issue_token_in, kind, "kind", OPTIONAL, token_kind_names),
    STRING(issue_token_in, audience, "audience", OPTIONAL | PRINTABLE, AUDIENCE_MAX_BYTES),
    SCOPES(issue_token_in, OPTIONAL),
    UINT(issue_token_in, lifetime_sec, "lifetimeSec", OPTIONAL, 0),
    BOOL(issue_token_in, refresh, "refresh", OPTIONAL),
};
TABLE(issue_token_in, issue_token_in);

static const struct field issue_token_out[] = {
    STRING(token_out, token, "token", REQUIRED, TOKEN_MAX_BYTES),
    UINT(token_out, expires_usec, "expiresUsec", OPTIONAL, 0),
    STRING(token_out, refresh_token, "refreshToken", OPTIONAL, TOKEN_MAX_BYTES),
};
REPLY_TABLE(issue_token_out, token_out);

static const struct field refresh_in[] = {
    STRING(refresh_in, refresh_token, "refreshToken", REQUIRED, TOKEN_MAX_BYTES),
    STRING(refresh_in, request_id, "requestId", OPTIONAL, REQUEST_ID_MAX_BYTES),
};
TABLE(refresh_in, refresh_in);

static const struct field refresh_out[] = {
    STRING(token_out, token, "token", REQUIRED, TOKEN_MAX_BYTES),
    UINT(token_out, expires_usec, "expiresUsec", OPTIONAL, 0),
    STRING(token_out, refresh_token, "refreshToken", REQUIRED, TOKEN_MAX_BYTES),
};
REPLY_TABLE(refresh_out, token_out);

static const struct field revoke_in[] = {
    STRING(revoke_in, token, "token", REQUIRED, TOKEN_MAX_BYTES),
};
TABLE(revoke_in, revoke_in);

static const struct field list_in[] = {
    OBJECT(list_in, filter, "filter", OPTIONAL, &session_filter_fields),
    BOOL(list_in, include_ended, "includeEnded", OPTIONAL),
};
TABLE(list_in, list_in);

static const struct field list_out[] = {
    JSON(list_out, sessions, "sessions"),
};
REPLY_TABLE(list_out, list_out);

static const struct field set_context_in[] = {
    STRING(set_context_in, session_id, "sessionId", OPTIONAL | PRINTABLE, SESSION_ID_BYTES),
    CONTEXT(set_context_in),
};
TABLE(set_context_in, set_context_in);

static const struct field terminate_in[] = {
    OBJECT(terminate_in, filter, "filter", REQUIRED, &session_filter_fields),
    STRING(terminate_in, message, "message", OPTIONAL | PRINTABLE, MESSAGE_MAX_BYTES),
    BOOL(terminate_in, dry_run, "dryRun", OPTIONAL),
};
TABLE(terminate_in, terminate_in);

static const struct field terminate_out[] = {
    STRING_LIST(terminate_out, sessions, "sessions"),
};
REPLY_TABLE(terminate_out, terminate_out);

static const struct field watch_in[] = {
    UINT(watch_in, from_sequence, "fromSequence", OPTIONAL, 0),
};
TABLE(watch_in, watch_in);

static const struct field watch_out[] = {
    UINT(watch_out, sequence, "sequence", REQUIRED, 0),
    STRING(watch_out, event, "event", REQUIRED, STRING_MAX_BYTES),
    OBJECT(watch_out, session, "session", REQUIRED, &session_info_fields),
};
REPLY_TABLE(watch_out, watch_out);

static const struct field ambiguous_error[] = {
    STRING_LIST(ambiguous_error, candidates, "candidates"),
};
REPLY_TABLE(ambiguous_error, ambiguous_error);

static const struct field too_many_error[] = {
    UINT(too_many_error, limit, "limit", REQUIRED, 0),
};
REPLY_TABLE(too_many_error, too_many_error);

static const struct field policy_error[] = {
    STRING(policy_error, rule, "rule", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(policy_error, policy_error);

static const struct field gap_error[] = {
    UINT(gap_error, oldest, "oldest", REQUIRED, 0),
};
REPLY_TABLE(gap_error, gap_error);

/* io.sessmgr.Manager */

static const struct field key_info[] = {
    STRING(key_info, key_id, "keyId", REQUIRED, STRING_MAX_BYTES),
    STRING(key_info, algorithm, "algorithm", REQUIRED, STRING_MAX_BYTES),
    UINT(key_info, created_usec, "createdUsec", REQUIRED, 0),
    UINT(key_info, retire_usec, "retireUsec", OPTIONAL, 0),
};
REPLY_TABLE(key_info, key_info);

static const struct field lock_info[] = {
    STRING(lock_info, user, "user", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(lock_info, uid, "uid", REQUIRED, UID_MAX),
    UINT(lock_info, since_usec, "sinceUsec", REQUIRED, 0),
    UINT(lock_info, until_usec, "untilUsec", OPTIONAL, 0),
    STRING(lock_info, message, "message", OPTIONAL | PRINTABLE, MESSAGE_MAX_BYTES),
};
REPLY_TABLE(lock_info, lock_info);

static const struct field lock_in[] = {
    STRING(lock_in, user, "user", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(lock_in, uid, "uid", REQUIRED, UID_MAX),
    UINT(lock_in, until_usec, "untilUsec", OPTIONAL, 0),
    STRING(lock_in, message, "message", OPTIONAL | PRINTABLE, MESSAGE_MAX_BYTES),
    BOOL(lock_in, terminate, "terminate", OPTIONAL),
};
TABLE(lock_in, lock_in);

static const struct field lock_out[] = {
    STRING_LIST(lock_out, sessions, "sessions"),
    UINT(lock_out, session_count, "sessionCount", REQUIRED, 0),
};
REPLY_TABLE(lock_out, lock_out);

static const struct field unlock_in[] = {
    UINT(unlock_in, uid, "uid", REQUIRED, UID_MAX),
};
TABLE(unlock_in, unlock_in);

static const struct field list_locks_out[] = {
    JSON(list_locks_out, locks, "locks"),
};
REPLY_TABLE(list_locks_out, list_locks_out);

static const struct field rotate_keys_out[] = {
    OBJECT(rotate_keys_out, key, "key", REQUIRED, &key_info_fields),
};
REPLY_TABLE(rotate_keys_out, rotate_keys_out);

static const struct field get_keys_out[] = {
    JSON(get_keys_out, keys, "keys"),
    JSON(get_keys_out, jwks, "jwks"),
};
REPLY_TABLE(get_keys_out, get_keys_out);

static const struct field explain_in[] = {
    STRING(explain_in, user, "user", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    UINT(explain_in, uid, "uid", REQUIRED, UID_MAX),
    UINT_LIST(explain_in, groups, "groups", LOGIN_GROUPS_MAX),
    STRING(explain_in, service, "service", PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(explain_in, remote_host, "remoteHost", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
    STRING(explain_in, terminal, "terminal", OPTIONAL | PRINTABLE, LOGIN_STRING_MAX_BYTES),
};
TABLE(explain_in, explain_in);

static const struct field explain_out[] = {
    BOOL(explain_out, admitted, "admitted", REQUIRED),
    BOOL(explain_out, tracked, "tracked", REQUIRED),
    STRING(explain_out, reason, "reason", OPTIONAL, STRING_MAX_BYTES),
    STRING(explain_out, message, "message", OPTIONAL, STRING_MAX_BYTES),
    STRING(explain_out, policy, "policy", REQUIRED, STRING_MAX_BYTES),
    STRING(explain_out, file, "file", REQUIRED, STRING_MAX_BYTES),
    UINT(explain_out, line, "line", REQUIRED, 0),
    JSON(explain_out, settings, "settings"),
    STRING_LIST(explain_out, evicts, "evicts"),
};
REPLY_TABLE(explain_out, explain_out);

static const struct field statistics_out[] = {
    JSON(statistics_out, statistics, "statistics"),
};
REPLY_TABLE(statistics_out, statistics_out);

static const struct field bad_configuration_error[] = {
    STRING(bad_configuration_error, file, "file", REQUIRED, STRING_MAX_BYTES),
    UINT(bad_configuration_error, line, "line", REQUIRED, 0),
    STRING(bad_configuration_error, message, "message", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(bad_configuration_error, bad_configuration_error);

static const struct field verify_store_out[] = {
    UINT(verify_store_out, records, "records", REQUIRED, 0),
    UINT(verify_store_out, bytes, "bytes", REQUIRED, 0),
    UINT(verify_store_out, sequence, "sequence", REQUIRED, 0),
};
REPLY_TABLE(verify_store_out, verify_store_out);

static const struct field checkpoint_out[] = {
    UINT(checkpoint_out, records, "records", REQUIRED, 0),
    UINT(checkpoint_out, bytes, "bytes", REQUIRED, 0),
};
REPLY_TABLE(checkpoint_out, checkpoint_out);

static const struct field rekey_store_out[] = {
    STRING(rekey_store_out, key_id, "keyId", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(rekey_store_out, rekey_store_out);

static const struct field forget_user_in[] = {
    UINT(forget_user_in, uid, "uid", REQUIRED, UID_MAX),
};
TABLE(forget_user_in, forget_user_in);

static const struct field forget_user_out[] = {
    UINT(forget_user_out, sessions, "sessions", REQUIRED, 0),
};
REPLY_TABLE(forget_user_out, forget_user_out);

static const struct field backup_store_out[] = {
    UINT(backup_store_out, bytes, "bytes", REQUIRED, 0),
};
REPLY_TABLE(backup_store_out, backup_store_out);

static const struct field store_damaged_error[] = {
    STRING(store_damaged_error, file, "file", REQUIRED, STRING_MAX_BYTES),
    UINT(store_damaged_error, offset, "offset", OPTIONAL, 0),
    STRING(store_damaged_error, message, "message", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(store_damaged_error, store_damaged_error);

static const struct field no_key_error[] = {
    STRING(no_key_error, message, "message", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(no_key_error, no_key_error);

/* org.varlink.service */

static const struct field get_info_out[] = {
    STRING(get_info_out, vendor, "vendor", REQUIRED, STRING_MAX_BYTES),
    STRING(get_info_out, product, "product", REQUIRED, STRING_MAX_BYTES),
    STRING(get_info_out, version, "version", REQUIRED, STRING_MAX_BYTES),
    STRING(get_info_out, url, "url", REQUIRED, STRING_MAX_BYTES),
    STRING_LIST(get_info_out, interfaces, "interfaces"),
};
REPLY_TABLE(get_info_out, get_info_out);

static const struct field interface_description_in[] = {
    STRING(interface_description_in, interface, "interface", REQUIRED, STRING_MAX_BYTES),
};
TABLE(interface_description_in, interface_description_in);

static const struct field interface_description_out[] = {
    STRING(interface_description_out, description, "description", REQUIRED, TEXT_MAX_BYTES),
};
REPLY_TABLE(interface_description_out, interface_description_out);

static const struct field parameter_error[] = {
    STRING(parameter_error, parameter, "parameter", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(parameter_error, parameter_error);

static const struct field method_error[] = {
    STRING(method_error, method, "method", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(method_error, method_error);

static const struct field interface_error[] = {
    STRING(interface_error, interface, "interface", REQUIRED, STRING_MAX_BYTES),
};
REPLY_TABLE(interface_error, interface_error);

const char *protocol_interface_text(const char *interface)
{
    for (size_t i = 0; protocol_interfaces[i]; i++)
        if (strcmp(protocol_interfaces[i], interface) == 0)
            return interface_texts[i];
    return NULL;
}
