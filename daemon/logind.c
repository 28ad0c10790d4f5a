/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks logind; see logind.h.
 */
#include <config.h>

#include "daemon/logind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "common/macro.h"

/* What logind says nothing of is no error. */
static int optional(int r)
{
    return r == -ENODATA || r == -ENXIO ? 0 : r;
}

int logind_find(const char *id, struct logind_session *ret)
{
    struct logind_session session = {.is_user = false};
    CLEANUP(freep) char *class = NULL, *state = NULL;
    int r;

    r = sd_session_get_uid(id, &session.uid);
    if (r >= 0)
        r = sd_session_get_class(id, &class);
    if (r >= 0)
        r = sd_session_get_state(id, &state);
    if (r >= 0)
        r = optional(sd_session_get_service(id, &session.service));
    if (r >= 0)
        r = optional(sd_session_get_tty(id, &session.terminal));
    if (r >= 0)
        r = optional(sd_session_get_remote_host(id, &session.remote_host));
    if (r >= 0)
        r = optional(sd_session_get_remote_user(id, &session.remote_user));
    if (r < 0) {
        logind_session_done(&session);
        return r;
    }
    session.is_user = strncmp(class, "user", strlen("user")) == 0; /* also "user-early" */
    session.is_over = strcmp(state, "closing") == 0;
    *ret = session;
    return 0;
}

void logind_session_done(struct logind_session *session)
{
    free(session->service);
    free(session->terminal);
    free(session->remote_host);
    free(session->remote_user);
    *session = (struct logind_session){.is_user = false};
}
