/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PAM says about a login: see login.h. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "pam/escape.h"
#include "pam/login.h"

/* At most: ten digits and a comma a group; a backslash before each byte of the seven strings and of
 * authInfo; the rest of the message, its names and the reservation. */
_Static_assert(LOGIN_GROUPS_SENT_MAX * 11 + 7 * 2 * LOGIN_STRING_MAX_BYTES +
                       2 * LOGIN_AUTH_INFO_MAX_BYTES + 1024 <=
                   JSON_TEXT_MAX_BYTES,
               "the longest request fits into one message");

/* Escapes text into buffer. Yields buffer, or NULL where there is no text. */
static const char *keep(const char *text, char *buffer, size_t size)
{
    if (text == NULL || text[0] == '\0')
        return NULL;
    escape_text(text, buffer, size);
    return buffer;
}

static const char *get_item(pam_handle_t *pamh, int item)
{
    const void *text = NULL;

    return pam_get_item(pamh, item, &text) == PAM_SUCCESS ? text : NULL;
}

/* sshd ends each way of authentication with a newline, the last one too. */
static int keep_auth_info(struct login *login, const char *text)
{
    CLEANUP(freep) char *trimmed = NULL;
    size_t length = text == NULL ? 0 : strlen(text);

    while (length > 0 && text[length - 1] == '\n')
        length--;
    if (length == 0)
        return 0;
    trimmed = strndup(text, length);
    if (trimmed == NULL)
        return -ENOMEM;
    login->request.auth_info = keep(trimmed, login->auth_info, sizeof(login->auth_info));
    return 0;
}

/*
 * A user in more groups than fit must not look like an outage: the ones that the database yields
 * first are sent, the primary group before all others.
 */
static int collect_groups(const struct passwd *user, struct login *login)
{
    CLEANUP(freep) gid_t *groups = calloc(LOGIN_GROUPS_SENT_MAX, sizeof(*groups));
    int count = LOGIN_GROUPS_SENT_MAX;
    size_t known, sent;
    int r;

    if (groups == NULL)
        return -ENOMEM;
    r = getgrouplist(user->pw_name, user->pw_gid, groups, &count);
    if (r < 0 && count <= LOGIN_GROUPS_SENT_MAX)
        return -ENOMEM; /* they would have fitted, so that is what it ran out of */
    known = (size_t)count;
    sent = known < LOGIN_GROUPS_SENT_MAX ? known : LOGIN_GROUPS_SENT_MAX;
    login->groups = calloc(sent + 1, sizeof(*login->groups)); /* never of size 0 */
    if (login->groups == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < sent; i++)
        login->groups[i] = groups[i];
    login->request.groups =
        (struct uint_list){.count = sent, .items = sent > 0 ? login->groups : NULL};
    login->groups_left_out = known - sent;
    return 0;
}

static int collect_user(pam_handle_t *pamh, struct login *login)
{
    const char *name = get_item(pamh, PAM_USER);
    const struct passwd *user;

    login->request.user = keep(name, login->user, sizeof(login->user));
    if (login->request.user == NULL)
        return -ESRCH;
    user = pam_modutil_getpwnam(pamh, name); /* libpam keeps it until pam_end() */
    if (user == NULL)
        return -ESRCH;
    login->request.uid = user->pw_uid;
    return collect_groups(user, login);
}

int login_collect(pam_handle_t *pamh, struct login *ret)
{
    struct login_request *request = &ret->request;
    int r;

    memset(ret, 0, sizeof(*ret));
    request->service = keep(get_item(pamh, PAM_SERVICE), ret->service, sizeof(ret->service));
    if (request->service == NULL)
        return -EINVAL;
    request->terminal = keep(get_item(pamh, PAM_TTY), ret->terminal, sizeof(ret->terminal));
    request->remote_host =
        keep(get_item(pamh, PAM_RHOST), ret->remote_host, sizeof(ret->remote_host));
    request->remote_user =
        keep(get_item(pamh, PAM_RUSER), ret->remote_user, sizeof(ret->remote_user));
    request->connection =
        keep(pam_getenv(pamh, "SSH_CONNECTION"), ret->connection, sizeof(ret->connection));
    request->logind_session =
        keep(pam_getenv(pamh, "XDG_SESSION_ID"), ret->logind_session, sizeof(ret->logind_session));

    r = keep_auth_info(ret, pam_getenv(pamh, "SSH_AUTH_INFO_0"));
    if (r == 0)
        r = collect_user(pamh, ret);
    if (r < 0)
        login_done(ret);
    return r;
}

void login_done(struct login *login)
{
    free(login->groups);
    login->groups = NULL;
    login->request.groups = (struct uint_list){.count = 0};
}
