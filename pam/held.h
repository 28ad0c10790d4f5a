/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PAM handle holds for us between calls: the reservation that Admit gave, and the session
 * that Open gave.
 *
 * Both live in pam data. The reservation also crosses in the PAM environment, since under
 * keyboard-interactive sshd runs account in another process than session. The session's ID is put
 * into the PAM environment for the user's programs and never read back from there: the user can
 * overwrite it (pam_env's user_readenv).
 */
#ifndef SESSMGR_PAM_HELD_H
#define SESSMGR_PAM_HELD_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/protocol.h"

#define HELD_RESERVATION_VARIABLE "SESSMGR_RESERVATION"
#define HELD_SESSION_VARIABLE     "SESSMGR_SESSION_ID"
#define HELD_TOKEN_VARIABLE       "SESSMGR_TOKEN_FILE"

struct held_session {
    pid_t opener;                  /* the one process that may end it */
    int64_t uid;                   /* whose it is */
    char id[SESSION_ID_BYTES + 1]; /* "" as long as there is none */
    bool durable;                  /* false: the daemon holds it, but its disk did not take it */
};

/* Whether a text has the form of a session's ID, 32 lower-case hexadecimal digits. NULL is none. */
bool held_is_session_id(const char *text);

/*
 * Keeps a reservation, in pam data and in the PAM environment, in place of one that was there; NULL
 * keeps none. Errors: -EBADMSG it is empty, too long or not printable; -ENOMEM.
 */
int held_set_reservation(pam_handle_t *pamh, const char *reservation);

/* The reservation in pam data, or NULL. Borrowed until the next held_set_reservation(). */
const char *held_get_reservation(pam_handle_t *pamh);

/*
 * Takes the reservation out of the PAM environment, so that it does not reach the user's programs,
 * and keeps it in pam data unless one is there already. What has no form of a reservation is just
 * taken out. Error: -ENOMEM; it is out of the environment even then.
 */
int held_adopt_reservation(pam_handle_t *pamh);

/* The session that this very process has opened with this handle, or NULL. Borrowed. */
struct held_session *held_get_session(pam_handle_t *pamh);

/*
 * Makes room for a session, with an empty ID, in place of what another process had left in the
 * handle's pam data. Done before the daemon is asked, so that nothing is left that can fail once it
 * has answered. *ret is borrowed from the handle. Error: -ENOMEM.
 */
int held_prepare_session(pam_handle_t *pamh, struct held_session **ret);

/* Puts a session's ID into the PAM environment. Error: -ENOMEM. */
int held_announce_session(pam_handle_t *pamh, const struct held_session *session);

/* Puts the path of a session's file with a token into the PAM environment. Errors: -EBADMSG it is
 * not absolute, too long or not printable; -ENOMEM. */
int held_announce_token_file(pam_handle_t *pamh, const char *path);

/* Forgets the session, in pam data and in the PAM environment. */
void held_drop_session(pam_handle_t *pamh);

#endif
