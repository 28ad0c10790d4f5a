/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `whoami`: the caller's own session, as the kernel's word on the caller makes it out.
 */
#include "config.h"

#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"

static void session_freep(struct sessmgr_session **session)
{
    sessmgr_session_free(*session);
}

static void print_text(const char *key, const char *value)
{
    CLEANUP(freep) char *printable = value ? format_printable(value) : NULL;

    if (printable)
        printf("%8s: %s\n", key, printable);
}

static void print_session(const struct sessmgr_session *session)
{
    char time[FORMAT_TIME_BYTES];
    int64_t deadline = sessmgr_session_get_deadline_usec(session);
    size_t count = sessmgr_session_get_scope_count(session);

    print_text("Session", sessmgr_session_get_id(session));
    print_text("User", sessmgr_session_get_user(session));
    printf("%8s: %u\n", "UID", (unsigned)sessmgr_session_get_uid(session));
    print_text("Service", sessmgr_session_get_service(session));
    print_text("State", sessmgr_session_get_state(session));
    print_text("Since", format_time(sessmgr_session_get_opened_usec(session), time));
    print_text("Deadline", deadline >= 0 ? format_time(deadline, time) : "none");
    print_text("Parent", sessmgr_session_get_parent(session));
    for (size_t i = 0; i < count; i++)
        print_text(i == 0 ? "Scopes" : "", sessmgr_session_get_scope(session, i));
}

enum exit_code command_whoami(struct sessmgr *handle, const struct options *options,
                              char *const *arguments, size_t count)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    int r;

    (void)arguments; /* there are none */
    (void)count;
    r = sessmgr_describe(handle, NULL, &session);
    if (r < 0)
        return failure_tell("whoami", r, sessmgr_get_error_message(handle));
    if (options->json != JSON_OFF)
        json_print(stdout, sessmgr_session_get_json(session), options->json);
    else
        print_session(session);
    return CODE_OK;
}
