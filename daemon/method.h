/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The methods: one table of their names, parameters, callers and handlers, and the one place where
 * a message becomes a call, is authorised and is handed on.
 */
#ifndef SESSMGR_METHOD_H
#define SESSMGR_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/authorize.h"
#include "daemon/call.h"
#include "daemon/connection.h"

/* What a method is about, for authorisation. */
enum method_target {
    TARGET_NONE,    /* the daemon: the caller itself must be among the callers */
    TARGET_SESSION, /* the session in the parameter sessionId (or a unique prefix of it); without it
                       the caller's own */
    TARGET_EACH,    /* many sessions: the handler asks method_may() for each, and the others do not
                       exist for the caller */
};

enum { METHOD_CANDIDATES_MAX = 16 }; /* of AmbiguousSession */

struct method {
    const char *name; /* fully qualified */
    unsigned sockets; /* bits: 1 << enum socket_kind */
    unsigned callers; /* bits of enum caller */
    enum method_target target;
    const struct field_table *in;
    const struct field_table *out; /* NULL: none */
    /*
     * Answers the call or starts to. Returns 0, or a negative errno for call_fail(). Does not
     * block.
     */
    int (*handle)(struct call *call);
};

/* The table, and its length. */
extern const struct method methods[];
extern const size_t method_count;

/*
 * Takes a message and answers it, now or later. Error: -EBADMSG and the like where it is no Varlink
 * call; then nothing has been answered and the connection is to be closed.
 */
int method_dispatch(struct call *call, const char *text, size_t length);

/* Whether the caller may do to a session what the call asks for. */
bool method_may(struct call *call, const struct session *session);

/* Whether the caller may do to every session what the call asks for. */
bool method_may_all(struct call *call);

/* Whether the caller may set a key of a session's context: those of administrators are theirs
 * alone. */
bool method_may_set_context(struct call *call, const char *key);

/* Whether the caller is an administrator, or a process of the session that the call is about: for
 * what a policy lets the one do and not the other. */
bool method_is_admin(const struct call *call);
bool method_is_member(const struct call *call);

/* Refuses a call, and has it audited. The call is over. */
void method_deny(struct call *call);

/* Whether a method is of an interface. */
bool method_is_of(const struct method *method, const char *interface);

/* The handlers: method-login.c */
int method_admit(struct call *call);
int method_open(struct call *call);
int method_close(struct call *call);
/* method-peer.c */
int method_describe_peer(struct call *call);
/* method-session.c */
int method_describe(struct call *call);
int method_list(struct call *call);
int method_set_context(struct call *call);
/* method-terminate.c */
int method_terminate(struct call *call);
/* method-policy.c */
int method_explain(struct call *call);
int method_extend(struct call *call);
/* method-token.c */
int method_validate(struct call *call);
int method_issue_token(struct call *call);
int method_refresh(struct call *call);
int method_revoke(struct call *call);
/* method-watch.c */
int method_watch(struct call *call);
/* method-manager.c */
int method_reload(struct call *call);
int method_get_statistics(struct call *call);
int method_rotate_keys(struct call *call);
int method_get_keys(struct call *call);
/* method-lock.c */
int method_lock(struct call *call);
int method_unlock(struct call *call);
int method_list_locks(struct call *call);
/* method-store.c */
int method_verify_store(struct call *call);
int method_checkpoint(struct call *call);
int method_rekey_store(struct call *call);
int method_forget_user(struct call *call);
int method_backup_store(struct call *call);
/* method-service.c */
int method_get_info(struct call *call);
int method_get_interface_description(struct call *call);

#endif
