/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a PAM handle holds between calls: see held.h. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/utf8.h"
#include "pam/held.h"

static const char reservation_data[] = "sessmgr_reservation";
static const char session_data[] = "sessmgr_session";

/*
 * Nothing but free(), on purpose. libpam runs this in pam_end(), which login and su also call in
 * the forked child that becomes the user's shell: ending the session here would end it at its very
 * beginning. And a service that dies or forgets to close needs no help from us, since the daemon
 * holds a pidfd of it and sees for itself when it is gone.
 */
static void free_data(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

static void *get_data(pam_handle_t *pamh, const char *name)
{
    const void *data = NULL;

    if (pam_get_data(pamh, name, &data) != PAM_SUCCESS)
        return NULL;
    return (void *)data; /* ours: libpam only lends it back as const */
}

/* Takes data over only where it succeeds. */
static int set_data(pam_handle_t *pamh, const char *name, void *data)
{
    return pam_set_data(pamh, name, data, free_data) == PAM_SUCCESS ? 0 : -ENOMEM;
}

/* libpam logs an error where a variable to be removed is not there. */
static void remove_variable(pam_handle_t *pamh, const char *name)
{
    if (pam_getenv(pamh, name) != NULL)
        (void)pam_putenv(pamh, name); /* it is there, so this can't fail */
}

static int put_variable(pam_handle_t *pamh, const char *name, const char *value)
{
    CLEANUP(freep) char *assignment = NULL;

    if (asprintf(&assignment, "%s=%s", name, value) < 0) {
        assignment = NULL; /* undefined after a failure */
        return -ENOMEM;
    }
    return pam_putenv(pamh, assignment) == PAM_SUCCESS ? 0 : -ENOMEM;
}

static bool is_reservation(const char *text)
{
    return text[0] != '\0' && strlen(text) <= LOGIN_STRING_MAX_BYTES && utf8_is_printable(text);
}

bool held_is_session_id(const char *text)
{
    return text != NULL && strlen(text) == SESSION_ID_BYTES &&
           strspn(text, "0123456789abcdef") == SESSION_ID_BYTES;
}

static int keep_reservation(pam_handle_t *pamh, const char *reservation)
{
    CLEANUP(freep) char *copy = NULL;
    int r;

    if (reservation != NULL) {
        copy = strdup(reservation);
        if (copy == NULL)
            return -ENOMEM;
    } else if (held_get_reservation(pamh) == NULL) {
        return 0;
    }
    r = set_data(pamh, reservation_data, copy);
    if (r < 0)
        return r;
    copy = NULL; /* libpam's now */
    return 0;
}

int held_set_reservation(pam_handle_t *pamh, const char *reservation)
{
    int r;

    if (reservation != NULL && !is_reservation(reservation))
        return -EBADMSG;
    r = keep_reservation(pamh, reservation);
    if (r < 0)
        return r;
    if (reservation == NULL) {
        remove_variable(pamh, HELD_RESERVATION_VARIABLE);
        return 0;
    }
    return put_variable(pamh, HELD_RESERVATION_VARIABLE, reservation);
}

const char *held_get_reservation(pam_handle_t *pamh)
{
    return get_data(pamh, reservation_data);
}

int held_adopt_reservation(pam_handle_t *pamh)
{
    const char *crossed = pam_getenv(pamh, HELD_RESERVATION_VARIABLE);
    int r = 0;

    if (crossed == NULL)
        return 0;
    if (held_get_reservation(pamh) == NULL && is_reservation(crossed))
        r = keep_reservation(pamh, crossed);
    remove_variable(pamh, HELD_RESERVATION_VARIABLE);
    return r;
}

struct held_session *held_get_session(pam_handle_t *pamh)
{
    struct held_session *session = get_data(pamh, session_data);

    if (session == NULL || session->id[0] == '\0' || session->opener != getpid())
        return NULL;
    return session;
}

int held_prepare_session(pam_handle_t *pamh, struct held_session **ret)
{
    CLEANUP(freep) struct held_session *session = calloc(1, sizeof(*session));
    int r;

    if (session == NULL)
        return -ENOMEM;
    session->opener = getpid();
    r = set_data(pamh, session_data, session);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(session); /* libpam's now, and lent to the caller */
    return 0;
}

int held_announce_session(pam_handle_t *pamh, const struct held_session *session)
{
    return put_variable(pamh, HELD_SESSION_VARIABLE, session->id);
}

int held_announce_token_file(pam_handle_t *pamh, const char *path)
{
    if (path[0] != '/' || strlen(path) >= PATH_MAX || !utf8_is_printable(path))
        return -EBADMSG;
    return put_variable(pamh, HELD_TOKEN_VARIABLE, path);
}

void held_drop_session(pam_handle_t *pamh)
{
    struct held_session *session = get_data(pamh, session_data);

    if (session != NULL)
        session->id[0] = '\0'; /* libpam frees the rest with the handle */
    remove_variable(pamh, HELD_SESSION_VARIABLE);
    remove_variable(pamh, HELD_TOKEN_VARIABLE);
}
