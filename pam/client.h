/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call to the daemon and its answer, within one time budget. What is asked and what the answer
 * means is left to exchange.c.
 */
#ifndef SESSMGR_PAM_CLIENT_H
#define SESSMGR_PAM_CLIENT_H

#include "common/varlink.h"

struct client_reply {
    char *text;                    /* the whole message, NUL-terminated; owned */
    size_t length;                 /* bytes, without the NUL */
    struct varlink_reply envelope; /* points into text */
};

/*
 * Connects to the socket at path (as options.h has it), sends a call and takes one reply. Blocks at
 * most timeout_msec for all of it. *ret is to be freed with client_reply_done(). Errors:
 * connection_open()'s; -ETIMEDOUT; -ECONNRESET the connection ended before a whole answer;
 * -EMSGSIZE the answer is too long; -EBADMSG it is not one Varlink reply; -E2BIG the call is too
 * long; -ENOMEM; -errno of send(2) and recv(2). *ret_cause is then a static text that says what
 * went wrong.
 */
int client_call(const char *path, unsigned timeout_msec, const struct varlink_call *call,
                struct client_reply *ret, const char **ret_cause);

/* Frees what a reply holds. Accepts one of all zeroes. */
void client_reply_done(struct client_reply *reply);

#endif
