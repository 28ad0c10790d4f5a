/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `terminate`: ends sessions, one after the other.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"

static void session_freep(struct sessmgr_session **session)
{
    sessmgr_session_free(*session);
}

struct ended {
    FILE *json; /* a list of IDs that is being written */
    size_t count;
};

static int note(const char *session_id, void *userdata)
{
    struct ended *ended = userdata;

    if (ended->count > 0)
        fputc(',', ended->json);
    json_print_string(ended->json, session_id);
    ended->count++;
    return 0;
}

/* Why there was nothing to end: what fits the argument cannot be ended, or nothing does. */
static enum exit_code tell_none(struct sessmgr *handle, const char *argument)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    int r;

    r = sessmgr_describe(handle, argument, &session);
    if (r == -ENOTUNIQ)
        return failure_tell(argument, -ENOENT, ""); /* several, and none to be ended */
    if (r < 0)
        return failure_tell(argument, r, sessmgr_get_error_message(handle));
    if (strcmp(sessmgr_session_get_state(session), "active") == 0)
        return failure_tell(argument, -EACCES, ""); /* seen by somebody who may look only */
    fprintf(stderr, "sessmgrctl: %s: The session %s already\n", argument,
            sessmgr_session_get_ended_usec(session) >= 0 ? "has ended" : "is being ended");
    return CODE_NO_SESSION;
}

/* Ends one session. The daemon looks for the argument among those that can be ended alone, so that
 * one that is kept, but has ended, makes no prefix ambiguous. */
static enum exit_code terminate_one(struct sessmgr *handle, const struct options *options,
                                    const char *argument, struct ended *ended)
{
    struct sessmgr_filter filter = SESSMGR_FILTER_INIT;
    int r;

    filter.session_id = argument;
    r = sessmgr_terminate(handle, &filter, options->message, false, note, ended);
    if (r == -ENOENT)
        return tell_none(handle, argument);
    return r < 0 ? failure_tell(argument, r, sessmgr_get_error_message(handle)) : CODE_OK;
}

enum exit_code command_terminate(struct sessmgr *handle, const struct options *options,
                                 char *const *arguments, size_t count)
{
    CLEANUP(freep) char *text = NULL;
    enum exit_code code = CODE_OK;
    struct ended ended = {0};
    size_t size;

    ended.json = open_memstream(&text, &size);
    if (!ended.json)
        return failure_tell("terminate", -ENOMEM, "");
    fputc('[', ended.json);
    for (size_t i = 0; i < count; i++) {
        enum exit_code one = terminate_one(handle, options, arguments[i], &ended);

        if (code == CODE_OK)
            code = one;
    }
    fputc(']', ended.json);
    if (fclose(ended.json) != 0)
        return failure_tell("terminate", -ENOMEM, "");
    if (options->json != JSON_OFF)
        json_print(stdout, text, options->json);
    return code;
}
