/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who logs in, from where and how, as the PAM items, the PAM environment and the user database say
 * it: collected into a LoginRequest of io.sessmgr.Login.
 */
#ifndef SESSMGR_PAM_LOGIN_H
#define SESSMGR_PAM_LOGIN_H

#include <security/pam_modules.h>

#include "common/protocol.h"

/* Groups beyond these are not sent: so many fit into a message with everything else at its longest,
 * and no login fails because of a user's groups. */
enum { LOGIN_GROUPS_SENT_MAX = 4096 };

/* The request's strings are in the arrays below it: a struct login must not be copied. */
struct login {
    struct login_request request;
    char service[LOGIN_STRING_MAX_BYTES + 1];
    char user[LOGIN_STRING_MAX_BYTES + 1];
    char terminal[LOGIN_STRING_MAX_BYTES + 1];
    char remote_host[LOGIN_STRING_MAX_BYTES + 1];
    char remote_user[LOGIN_STRING_MAX_BYTES + 1];
    char connection[LOGIN_STRING_MAX_BYTES + 1];
    char logind_session[LOGIN_STRING_MAX_BYTES + 1];
    char auth_info[LOGIN_AUTH_INFO_MAX_BYTES + 1];
    int64_t *groups;        /* owned */
    size_t groups_left_out; /* those that are beyond LOGIN_GROUPS_SENT_MAX */
};

/*
 * Collects the request. Each string is escaped and, where it is longer than the protocol allows,
 * cut, as escape_text() says; an empty one counts as absent. Newlines at the end of SSH_AUTH_INFO_0
 * are left out. uid and groups come from getpwnam_r(3) and getgrouplist(3), so this blocks for as
 * long as the user database takes; of the groups the first LOGIN_GROUPS_SENT_MAX, the primary one
 * among them, are taken. *ret is to be freed with login_done(). Errors: -ESRCH there is no user, or
 * none that the database knows; -ENOMEM; -EINVAL there is no service.
 */
int login_collect(pam_handle_t *pamh, struct login *ret);

/* Frees what login_collect() has put into a login. Accepts one with .groups NULL. */
void login_done(struct login *login);

#endif
