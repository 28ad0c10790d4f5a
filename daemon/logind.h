/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What logind knows of a session of its own. The only room that asks it.
 */
#ifndef SESSMGR_LOGIND_H
#define SESSMGR_LOGIND_H

#include <stdbool.h>
#include <sys/types.h>

/* Strings are owned, and NULL where logind says nothing. */
struct logind_session {
    uid_t uid;
    bool is_user; /* of somebody who has logged in: no greeter, no background session */
    bool is_over; /* nobody is logged in any more; processes that were left behind keep the scope */
    char *service;
    char *terminal;
    char *remote_host;
    char *remote_user;
};

/* Asks about a session of logind's. Reads a file below /run. *ret is to be released with
 * logind_session_done(). Errors: -ENXIO there is none of that ID, or no logind; -ENOMEM; -errno. */
int logind_find(const char *id, struct logind_session *ret);
void logind_session_done(struct logind_session *session);

#endif
