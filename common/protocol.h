/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What crosses the sockets: the structures and field tables of the io.sessmgr interfaces, in both
 * directions, the names of methods and errors, and where the sockets are. The .varlink texts beside
 * this file are the definition; a test compares them with these tables. Long because all that
 * crosses the sockets is in one place.
 *
 * Times are microseconds since the epoch (CLOCK_REALTIME) unless a name says otherwise.
 */
#ifndef SESSMGR_PROTOCOL_H
#define SESSMGR_PROTOCOL_H

#include "common/fields.h"

#define SESSMGR_LOGIN_SOCKET   "/run/sessmgr/io.sessmgr.Login"
#define SESSMGR_SESSION_SOCKET "/run/sessmgr/io.sessmgr.Session"

#define LOGIN_INTERFACE   "io.sessmgr.Login"
#define SESSION_INTERFACE "io.sessmgr.Session"
#define MANAGER_INTERFACE "io.sessmgr.Manager"
#define SERVICE_INTERFACE "org.varlink.service"

#define ERROR_LOGIN_REFUSED             LOGIN_INTERFACE ".Refused"
#define ERROR_LOGIN_NO_SUCH_SESSION     LOGIN_INTERFACE ".NoSuchSession"
#define ERROR_LOGIN_STORE_UNAVAILABLE   LOGIN_INTERFACE ".StoreUnavailable"
#define ERROR_NO_SUCH_SESSION           SESSION_INTERFACE ".NoSuchSession"
#define ERROR_AMBIGUOUS_SESSION         SESSION_INTERFACE ".AmbiguousSession"
#define ERROR_NOT_IN_SESSION            SESSION_INTERFACE ".NotInSession"
#define ERROR_INVALID_TOKEN             SESSION_INTERFACE ".InvalidToken"
#define ERROR_UNKNOWN                   SESSION_INTERFACE ".Unknown"
#define ERROR_TOO_MANY                  SESSION_INTERFACE ".TooMany"
#define ERROR_NOT_ALLOWED_BY_POLICY     SESSION_INTERFACE ".NotAllowedByPolicy"
#define ERROR_GAP                       SESSION_INTERFACE ".Gap"
#define ERROR_STORE_UNAVAILABLE         SESSION_INTERFACE ".StoreUnavailable"
#define ERROR_NO_SUCH_LOCK              MANAGER_INTERFACE ".NoSuchLock"
#define ERROR_BAD_CONFIGURATION         MANAGER_INTERFACE ".BadConfiguration"
#define ERROR_MANAGER_TOO_MANY          MANAGER_INTERFACE ".TooMany"
#define ERROR_MANAGER_STORE_UNAVAILABLE MANAGER_INTERFACE ".StoreUnavailable"
#define ERROR_STORE_DAMAGED             MANAGER_INTERFACE ".StoreDamaged"
#define ERROR_NO_KEY                    MANAGER_INTERFACE ".NoKey"

enum {
    SESSION_ID_BYTES = 32,        /* hexadecimal digits, without the NUL */
    LOGIN_STRING_MAX_BYTES = 256, /* any string of a LoginRequest but authInfo */
    LOGIN_AUTH_INFO_MAX_BYTES = 4096,
    LOGIN_GROUPS_MAX = 65536, /* NGROUPS_MAX of the kernel */
    MESSAGE_MAX_BYTES = 1024, /* a message for a person */
    CONTEXT_MAX_ENTRIES = 16,
    TOKEN_MAX_BYTES = 8192, /* any token, a JWT included */
    SCOPE_MAX_BYTES = 64,
    SCOPES_MAX = 16, /* of a session */
    SCOPES_TEXT_MAX_BYTES =
        SCOPES_MAX * (SCOPE_MAX_BYTES + 1), /* separated by spaces, with a NUL */
    AUDIENCE_MAX_BYTES = 256,
    REQUEST_ID_MAX_BYTES = 128,
};

/* type State */
enum session_state { STATE_ACTIVE, STATE_ENDING, STATE_ENDED };

/* type EndReason */
enum end_reason {
    END_NONE = -1, /* absent: not ended */
    END_LOGOUT,
    END_LEADER_EXITED,
    END_LIFETIME,
    END_CREDENTIAL_EXPIRED,
    END_IDLE,
    END_HOURS,
    END_EVICTED,
    END_TERMINATED,
    END_LOCKED,
    END_TOKEN_REUSE,
    END_REBOOTED,
};

/* type TokenKind */
enum token_kind {
    TOKEN_KIND_NONE = -1, /* absent */
    TOKEN_OPAQUE,
    TOKEN_JWT,
};

extern const char *const session_state_names[]; /* by enum session_state, ended by NULL */
extern const char *const end_reason_names[];    /* by enum end_reason, ended by NULL */
extern const char *const token_kind_names[];    /* by enum token_kind, ended by NULL */

/* type LoginRequest */
struct login_request {
    const char *service;
    const char *user;
    int64_t uid;
    struct uint_list groups;
    const char *terminal;
    const char *remote_host;
    const char *remote_user;
    const char *connection;
    const char *auth_info;
    const char *logind_session;
};

/* type Session */
struct session_info {
    const char *session_id;
    const char *user; /* "" and */
    int64_t uid;      /* -1: an ended session whose user was forgotten */
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
    const char *parent_session;
    int64_t leader_pid;
    const char *host_id;
    const char *boot_id;
    int state; /* enum session_state */
    bool durable;
    int64_t opened_usec;
    int64_t last_activity_usec;
    int64_t deadline_usec;
    int deadline_reason; /* enum end_reason; END_NONE without a deadline */
    int64_t idle_deadline_usec;
    bool adopted;
    const char *policy;
    struct string_list scopes;
    struct string_map context;
    int64_t ended_usec;
    int end_reason; /* enum end_reason */
};

/* type Filter; remote_host: an address or a CIDR range */
struct session_filter {
    const char *session_id;
    const char *user;
    int64_t uid;
    const char *service;
    const char *remote_host;
    const char *auth_key;
    const char *policy;
};

/* Parameters and replies of the methods, `_in` and `_out`. A method without either has no
 * structure. */
struct admit_in {
    struct login_request login;
};
struct admit_out {
    const char *reservation;
    const char *policy;
};
struct open_in {
    struct login_request login;
    const char *reservation;
};
struct open_out {
    const char *session_id;
    const char *policy;
    int64_t deadline_usec;
    const char *token_file;
    struct string_list messages;
};
struct close_in {
    const char *session_id;
};
struct describe_in {
    const char *session_id;
};
/* type Rule: what gave a session its limits */
struct rule_info {
    const char *name;
    const char *file;
    int64_t line;
    struct json settings; /* an object of Setting */
};
struct describe_out {
    struct session_info session;
    struct rule_info rule; /* of sessions that have not ended */
};
struct describe_peer_out {
    struct session_info session;
};
struct extend_in {
    const char *session_id;
    int64_t seconds;
};
struct extend_out {
    int64_t deadline_usec;
};
struct validate_in {
    const char *token;
    const char *scope;
    const char *audience;
    int64_t uid;
    bool touch;
};
struct validate_out {
    bool active;
    const char *session_id;
    const char *user;
    int64_t uid;
    struct string_list scopes;
    const char *audience;
    int64_t expires_usec;
};
struct issue_token_in {
    const char *session_id;
    int kind; /* enum token_kind */
    const char *audience;
    struct string_list scopes;
    int64_t lifetime_sec;
    bool refresh;
};
/* The reply of IssueToken and, with refresh_token always there, of Refresh. */
struct token_out {
    const char *token;
    int64_t expires_usec;
    const char *refresh_token;
};
struct refresh_in {
    const char *refresh_token;
    const char *request_id;
};
struct revoke_in {
    const char *token;
};
struct list_in {
    struct session_filter filter;
    bool include_ended;
};
/* The reply of List is {"sessions": [Session...]}: an array that is written and read element by
 * element. */
struct list_out {
    struct json sessions;
};
struct set_context_in {
    const char *session_id;
    struct string_map context;
};
struct terminate_in {
    struct session_filter filter;
    const char *message;
    bool dry_run;
};
struct terminate_out {
    struct string_list sessions;
};
struct watch_in {
    int64_t from_sequence;
};
struct watch_out {
    int64_t sequence;
    const char *event;
    struct session_info session;
};
/* type Key */
struct key_info {
    const char *key_id;
    const char *algorithm;
    int64_t created_usec;
    int64_t retire_usec;
};
/* type UserLock */
struct lock_info {
    const char *user;
    int64_t uid;
    int64_t since_usec;
    int64_t until_usec;
    const char *message;
};
struct lock_in {
    const char *user;
    int64_t uid;
    int64_t until_usec;
    const char *message;
    bool terminate;
};
struct lock_out {
    struct string_list sessions;
    int64_t session_count;
};
struct unlock_in {
    int64_t uid;
};
/* The reply of ListLocks is {"locks": [UserLock...]}, as that of List. */
struct list_locks_out {
    struct json locks;
};
struct rotate_keys_out {
    struct key_info key;
};
struct get_keys_out {
    struct json keys; /* an array of Key */
    struct json jwks; /* an object */
};
struct explain_in {
    const char *user;
    int64_t uid;
    struct uint_list groups;
    const char *service;
    const char *remote_host;
    const char *terminal;
};
struct explain_out {
    bool admitted;
    bool tracked;
    const char *reason;
    const char *message;
    const char *policy;
    const char *file;
    int64_t line;
    struct json settings; /* an object of Setting */
    struct string_list evicts;
};
struct statistics_out {
    struct json statistics; /* an object */
};
struct verify_store_out {
    int64_t records;
    int64_t bytes;
    int64_t sequence;
};
struct checkpoint_out {
    int64_t records;
    int64_t bytes;
};
struct rekey_store_out {
    const char *key_id;
};
struct forget_user_in {
    int64_t uid;
};
struct forget_user_out {
    int64_t sessions;
};
struct backup_store_out {
    int64_t bytes;
};

/* Parameters of the errors. */
struct refused_error {
    const char *reason; /* "limit", "full", "policy", "terminated" */
    const char *message;
};
struct store_error_out {
    const char *message;
    const char *session_id; /* io.sessmgr.Login only */
};
struct ambiguous_error {
    struct string_list candidates;
};
struct too_many_error {
    int64_t limit;
};
struct policy_error {
    const char *rule;
};
struct gap_error {
    int64_t oldest;
};
struct bad_configuration_error {
    const char *file;
    int64_t line;
    const char *message;
};
struct store_damaged_error {
    const char *file;
    int64_t offset;
    const char *message;
};
struct no_key_error {
    const char *message;
};
/* org.varlink.service: InvalidParameter, MethodNotFound, MethodNotImplemented, InterfaceNotFound */
struct parameter_error {
    const char *parameter;
};
struct method_error {
    const char *method;
};
struct interface_error {
    const char *interface;
};
/* org.varlink.service */
struct get_info_out {
    const char *vendor;
    const char *product;
    const char *version;
    const char *url;
    struct string_list interfaces;
};
struct interface_description_in {
    const char *interface;
};
struct interface_description_out {
    const char *description;
};

extern const struct field_table session_info_fields;
extern const struct field_table session_filter_fields;
extern const struct field_table login_request_fields; /* tolerant */
extern const struct field_table no_fields;            /* {} */
extern const struct field_table admit_in_fields, admit_out_fields;
extern const struct field_table open_in_fields, open_out_fields;
extern const struct field_table close_in_fields;
extern const struct field_table describe_in_fields, describe_out_fields, describe_peer_out_fields;
extern const struct field_table validate_in_fields, validate_out_fields;
extern const struct field_table issue_token_in_fields, issue_token_out_fields;
extern const struct field_table refresh_in_fields, refresh_out_fields, revoke_in_fields;
extern const struct field_table list_in_fields, list_out_fields;
extern const struct field_table set_context_in_fields;
extern const struct field_table terminate_in_fields, terminate_out_fields;
extern const struct field_table watch_in_fields, watch_out_fields;
extern const struct field_table rule_info_fields, extend_in_fields, extend_out_fields;
extern const struct field_table explain_in_fields, explain_out_fields;
extern const struct field_table lock_info_fields, lock_in_fields, lock_out_fields;
extern const struct field_table unlock_in_fields, list_locks_out_fields;
extern const struct field_table key_info_fields, rotate_keys_out_fields, get_keys_out_fields;
extern const struct field_table statistics_out_fields;
extern const struct field_table verify_store_out_fields, checkpoint_out_fields;
extern const struct field_table rekey_store_out_fields, backup_store_out_fields;
extern const struct field_table forget_user_in_fields, forget_user_out_fields;
extern const struct field_table refused_error_fields, store_error_fields, ambiguous_error_fields;
extern const struct field_table too_many_error_fields, policy_error_fields, gap_error_fields,
    bad_configuration_error_fields, store_damaged_error_fields, no_key_error_fields;
extern const struct field_table parameter_error_fields, method_error_fields, interface_error_fields;
extern const struct field_table get_info_out_fields;
extern const struct field_table interface_description_in_fields, interface_description_out_fields;

/* The text of an interface of ours or of org.varlink.service (the .varlink files beside this one),
 * or NULL. Static. */
const char *protocol_interface_text(const char *interface);

/* The names of all interfaces above, ended by NULL. */
extern const char *const protocol_interfaces[];

#endif
