/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the table of methods and the way from a message to a handler; see method.h.
 */
#include <config.h>

#include "daemon/method.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/locate.h"
#include "daemon/manager.h"
#include "daemon/server.h"

#define ON_LOGIN   (1U << SOCKET_LOGIN)
#define ON_SESSION (1U << SOCKET_SESSION)
#define ON_BOTH    (ON_LOGIN | ON_SESSION)

#define BY_ADMINS ((unsigned)CALLER_ROOT | CALLER_ADMIN)
#define BY_OWNERS (BY_ADMINS | CALLER_OWNER)

/* clang-format off */
const struct method methods[] = {
    {LOGIN_INTERFACE ".Admit", ON_LOGIN, CALLER_ROOT, TARGET_NONE,
        &admit_in_fields, &admit_out_fields, method_admit},
    {LOGIN_INTERFACE ".Open", ON_LOGIN, CALLER_ROOT, TARGET_NONE,
        &open_in_fields, &open_out_fields, method_open},
    {LOGIN_INTERFACE ".Close", ON_LOGIN, CALLER_ROOT, TARGET_NONE,
        &close_in_fields, NULL, method_close},
    {SESSION_INTERFACE ".Describe", ON_SESSION, BY_OWNERS | CALLER_VERIFIER | CALLER_MEMBER, TARGET_SESSION,
        &describe_in_fields, &describe_out_fields, method_describe},
    {SESSION_INTERFACE ".DescribePeer", ON_SESSION, CALLER_ROOT | CALLER_VERIFIER, TARGET_NONE,
        &no_fields, &describe_peer_out_fields, method_describe_peer},
    {SESSION_INTERFACE ".Validate", ON_SESSION, CALLER_ANYONE, TARGET_NONE,
        &validate_in_fields, &validate_out_fields, method_validate},
    {SESSION_INTERFACE ".IssueToken", ON_SESSION, CALLER_ROOT | CALLER_MEMBER, TARGET_SESSION,
        &issue_token_in_fields, &issue_token_out_fields, method_issue_token},
    {SESSION_INTERFACE ".Refresh", ON_SESSION, CALLER_ANYONE, TARGET_NONE,
        &refresh_in_fields, &refresh_out_fields, method_refresh},
    {SESSION_INTERFACE ".Revoke", ON_SESSION, CALLER_ANYONE, TARGET_NONE,
        &revoke_in_fields, NULL, method_revoke},
    {SESSION_INTERFACE ".List", ON_SESSION, BY_OWNERS, TARGET_EACH,
        &list_in_fields, &list_out_fields, method_list},
    {SESSION_INTERFACE ".SetContext", ON_SESSION, BY_OWNERS, TARGET_SESSION,
        &set_context_in_fields, NULL, method_set_context},
    {SESSION_INTERFACE ".Terminate", ON_SESSION, BY_OWNERS, TARGET_EACH,
        &terminate_in_fields, &terminate_out_fields, method_terminate},
    {SESSION_INTERFACE ".Extend", ON_SESSION, BY_OWNERS | CALLER_MEMBER, TARGET_SESSION,
        &extend_in_fields, &extend_out_fields, method_extend},
    {SESSION_INTERFACE ".Watch", ON_SESSION, BY_OWNERS, TARGET_EACH,
        &watch_in_fields, &watch_out_fields, method_watch},
    {MANAGER_INTERFACE ".Reload", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &no_fields, NULL, method_reload},
    {MANAGER_INTERFACE ".Explain", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &explain_in_fields, &explain_out_fields, method_explain},
    {MANAGER_INTERFACE ".Lock", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &lock_in_fields, &lock_out_fields, method_lock},
    {MANAGER_INTERFACE ".Unlock", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &unlock_in_fields, NULL, method_unlock},
    {MANAGER_INTERFACE ".ListLocks", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &no_fields, &list_locks_out_fields, method_list_locks},
    {MANAGER_INTERFACE ".RotateKeys", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &no_fields, &rotate_keys_out_fields, method_rotate_keys},
    {MANAGER_INTERFACE ".GetKeys", ON_SESSION, CALLER_ANYONE, TARGET_NONE,
        &no_fields, &get_keys_out_fields, method_get_keys},
    {MANAGER_INTERFACE ".GetStatistics", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &no_fields, &statistics_out_fields, method_get_statistics},
    {MANAGER_INTERFACE ".VerifyStore", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &no_fields, &verify_store_out_fields, method_verify_store},
    {MANAGER_INTERFACE ".Checkpoint", ON_SESSION, BY_ADMINS, TARGET_NONE,
        &no_fields, &checkpoint_out_fields, method_checkpoint},
    {MANAGER_INTERFACE ".RekeyStore", ON_SESSION, CALLER_ROOT, TARGET_NONE,
        &no_fields, &rekey_store_out_fields, method_rekey_store},
    {MANAGER_INTERFACE ".ForgetUser", ON_SESSION, CALLER_ROOT, TARGET_NONE,
        &forget_user_in_fields, &forget_user_out_fields, method_forget_user},
    {MANAGER_INTERFACE ".BackupStore", ON_SESSION, CALLER_ROOT, TARGET_NONE,
        &no_fields, &backup_store_out_fields, method_backup_store},
    {SERVICE_INTERFACE ".GetInfo", ON_BOTH, CALLER_ANYONE, TARGET_NONE,
        &no_fields, &get_info_out_fields, method_get_info},
    {SERVICE_INTERFACE ".GetInterfaceDescription", ON_BOTH, CALLER_ANYONE, TARGET_NONE,
        &interface_description_in_fields, &interface_description_out_fields, method_get_interface_description},
};
/* clang-format on */
const size_t method_count = ELEMENTS(methods);

/* Who may set which keys of a context, beside being a caller of SetContext. The first that fits. */
static const struct {
    const char *prefix;
    unsigned callers;
} context_keys[] = {
    {"admin.", BY_ADMINS},
    {"", BY_OWNERS},
};

bool method_may_set_context(struct call *call, const char *key)
{
    size_t i = 0;

    while (strncmp(key, context_keys[i].prefix, strlen(context_keys[i].prefix)) != 0)
        i++;
    return authorize_session(call->manager, call->peer, context_keys[i].callers, call->session);
}

bool method_is_of(const struct method *method, const char *interface)
{
    size_t length = strlen(interface);

    return strncmp(method->name, interface, length) == 0 && method->name[length] == '.';
}

bool method_may(struct call *call, const struct session *session)
{
    return authorize_session(call->manager, call->peer, call->method->callers, session);
}

bool method_is_admin(const struct call *call)
{
    return (authorize_classify(call->manager, call->peer, NULL) & BY_ADMINS) != 0;
}

bool method_is_member(const struct call *call)
{
    return authorize_session(call->manager, call->peer, CALLER_MEMBER, call->session);
}

bool method_may_all(struct call *call)
{
    return (authorize_classify(call->manager, call->peer, NULL) & call->method->callers) != 0;
}

static const struct method *find(const char *name, enum socket_kind kind)
{
    for (size_t i = 0; i < method_count; i++)
        if (strcmp(methods[i].name, name) == 0 && (methods[i].sockets & (1U << kind)) != 0)
            return &methods[i];
    return NULL;
}

/* Says what is not there: the method, or its whole interface on this socket. */
static void answer_unknown(struct call *call, const char *name, enum socket_kind kind)
{
    char interface[VARLINK_NAME_MAX_BYTES + 1];
    const struct method_error unknown_method = {.method = name};
    const struct interface_error unknown_interface = {.interface = interface};

    varlink_interface_of(name, interface, sizeof(interface));
    for (size_t i = 0; i < method_count; i++) {
        if (!method_is_of(&methods[i], interface) || (methods[i].sockets & (1U << kind)) == 0)
            continue;
        call_error(call, VARLINK_METHOD_NOT_FOUND, &method_error_fields, &unknown_method);
        return;
    }
    call_error(call, VARLINK_INTERFACE_NOT_FOUND, &interface_error_fields, &unknown_interface);
}

void method_deny(struct call *call)
{
    const struct session *session = call->session;
    int64_t now = call->manager->clock->boottime_usec(call->manager->clock);

    call->manager->counters.denied++;
    audit_write_limited(&call->manager->denials, now, AUDIT_DENIED,
                        &(const struct audit_details){
                            .session = session == NULL ? NULL : &session->record.info,
                            .text = call->method->name,
                            .actor_uid = call->peer->uid,
                            .actor_pid = call->peer->pid,
                        });
    call_fail(call, -EACCES);
}

static void answer_ambiguous(struct call *call, const char *prefix)
{
    const char *candidates[METHOD_CANDIDATES_MAX];
    struct ambiguous_error error = {.candidates = {.items = candidates}};
    size_t length = strlen(prefix);

    for (struct session *s = session_table_first(&call->manager->sessions);
         s != NULL && error.candidates.count < ELEMENTS(candidates); s = session_table_next(s))
        if (strncmp(s->record.info.session_id, prefix, length) == 0 && method_may(call, s))
            candidates[error.candidates.count++] = s->record.info.session_id;
    call_error(call, ERROR_AMBIGUOUS_SESSION, &ambiguous_error_fields, &error);
}

/*
 * Finds the session of a prefix among those the caller may touch; a whole ID also finds one it may
 * not, and is denied. Returns 1 with call->session set, or 0 when it has answered.
 */
static int resolve_prefix(struct call *call, const char *prefix)
{
    size_t length = strlen(prefix), matches = 0;

    if (length == SESSION_ID_BYTES) {
        call->session = session_table_find(&call->manager->sessions, prefix);
        matches = call->session != NULL;
        if (matches == 1 && !method_may(call, call->session)) {
            method_deny(call);
            return 0;
        }
    } else if (length > 0) {
        for (struct session *s = session_table_first(&call->manager->sessions); s != NULL;
             s = session_table_next(s)) {
            if (strncmp(s->record.info.session_id, prefix, length) != 0 || !method_may(call, s))
                continue;
            call->session = s;
            matches++;
        }
    }
    if (matches == 0)
        call_fail(call, -ENOENT);
    else if (matches > 1)
        answer_ambiguous(call, prefix);
    return matches == 1;
}

/* The session that the caller's own process is in. */
static int resolve_own(struct call *call)
{
    call->session = locate_session_of_peer(call->manager, call->peer);
    if (call->session == NULL) {
        call_fail(call, -ESRCH);
        return 0;
    }
    if (!method_may(call, call->session)) {
        method_deny(call);
        return 0;
    }
    return 1;
}

/* Every method that is about one session begins with this member. */
struct session_target_in {
    const char *session_id;
};
_Static_assert(offsetof(struct describe_in, session_id) == 0, "as session_target_in");
_Static_assert(offsetof(struct extend_in, session_id) == 0, "as session_target_in");
_Static_assert(offsetof(struct issue_token_in, session_id) == 0, "as session_target_in");
_Static_assert(offsetof(struct set_context_in, session_id) == 0, "as session_target_in");

/* Returns 1 when the caller may go on, 0 when it has been answered. */
static int authorize(struct call *call)
{
    const struct method *method = call->method;
    const struct session_target_in *target = call->in;

    switch (method->target) {
    case TARGET_SESSION:
        return target->session_id != NULL ? resolve_prefix(call, target->session_id)
                                          : resolve_own(call);
    case TARGET_EACH: /* everybody has sessions of their own */
        return 1;
    case TARGET_NONE:
        break;
    }
    if (method_may_all(call))
        return 1;
    method_deny(call);
    return 0;
}

/* Decodes the parameters; answers and returns 0 where they are wrong. */
static int decode(struct call *call, struct json parameters)
{
    struct arena *arena = server_arena(call->connection->server);
    const char *bad = NULL;
    int r;

    call->in = arena_take(arena, call->method->in->struct_size);
    if (call->in == NULL)
        return -ENOBUFS;
    r = fields_decode(call->method->in, parameters, arena, call->in, &bad);
    if (r >= 0)
        return 1;
    call_invalid(call, bad);
    return 0;
}

int method_dispatch(struct call *call, const char *text, size_t length)
{
    enum socket_kind kind = call->connection->kind;
    struct varlink_call message;
    int r;

    r = varlink_decode_call(text, length, &message);
    if (r < 0)
        return r;
    call->oneway = message.oneway;
    call->more = message.more;
    call->method = find(message.method, kind);
    if (call->method == NULL) {
        answer_unknown(call, message.method, kind);
        return 0;
    }
    if (message.upgrade) {
        const struct method_error error = {.method = message.method};

        call_error(call, VARLINK_METHOD_NOT_IMPLEMENTED, &method_error_fields, &error);
        return 0;
    }
    r = decode(call, message.parameters);
    if (r <= 0)
        return r;
    if (authorize(call) == 0)
        return 0;
    r = call->method->handle(call);
    if (r < 0)
        call_fail(call, r);
    return 0;
}
