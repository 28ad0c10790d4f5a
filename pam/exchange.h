/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The three things that the module asks the daemon (io.sessmgr.Login): what is put into a question
 * and what an answer means. Whatever goes wrong is logged here, once.
 */
#ifndef SESSMGR_PAM_EXCHANGE_H
#define SESSMGR_PAM_EXCHANGE_H

#include <security/pam_modules.h>

#include "common/protocol.h"
#include "pam/client.h"
#include "pam/options.h"

/* What the daemon has said. */
enum answer_kind {
    ANSWER_DONE,              /* yes: .admit or .open is filled in */
    ANSWER_REFUSED,           /* no, by policy: .refused */
    ANSWER_STORE_UNAVAILABLE, /* its disk did not take it: .store */
    ANSWER_NO_SUCH_SESSION,   /* to Close: it has ended already */
};

/* Strings are borrowed from the answer itself. */
struct answer {
    enum answer_kind kind;
    struct admit_out admit;
    struct open_out open;
    struct refused_error refused; /* members NULL where they could not be read */
    struct store_error_out store;
    struct client_reply reply; /* owned */
    char *memory;              /* owned */
};

/*
 * Each asks one question, blocks at most for the time in options, and yields the daemon's answer,
 * to be freed with answer_done(). A refusal and a failing disk are answers. Errors, all logged:
 * client_call()'s; -EREMOTEIO the daemon answered another error; -EBADMSG the answer's members make
 * no sense; -E2BIG the request is too long; -ENOMEM.
 */
int exchange_admit(pam_handle_t *pamh, const struct options *options,
                   const struct login_request *login, struct answer *ret);

/* reservation: may be NULL. */
int exchange_open(pam_handle_t *pamh, const struct options *options,
                  const struct login_request *login, const char *reservation, struct answer *ret);

/* session_id: 32 lower-case hexadecimal digits. */
int exchange_close(pam_handle_t *pamh, const struct options *options, const char *session_id,
                   struct answer *ret);

/* Frees what an answer holds. Accepts one of all zeroes. */
void answer_done(struct answer *answer);

#endif
