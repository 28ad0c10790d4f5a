/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `watch`: a line for each change, until interrupted. libsessmgr takes the stream up again when the
 * daemon is restarted.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"

/* " KEY=VALUE", or nothing where there is no value. */
static void print_pair(const char *key, const char *value)
{
    CLEANUP(freep) char *printable = NULL;

    if (!value || value[0] == '\0')
        return;
    printable = format_printable(value);
    if (printable)
        printf(" %s=%s", key, printable);
}

static void print_event(const struct sessmgr_event *event)
{
    const struct sessmgr_session *session = sessmgr_event_get_session(event);
    CLEANUP(freep) char *name = format_printable(sessmgr_event_get_name(event));

    printf("%" PRId64 " %s %s", sessmgr_event_get_sequence(event), name ? name : "-",
           sessmgr_session_get_id(session));
    print_pair("user", sessmgr_session_get_user(session));
    print_pair("service", sessmgr_session_get_service(session));
    print_pair("tty", sessmgr_session_get_terminal(session));
    print_pair("from", sessmgr_session_get_remote_host(session));
    print_pair("state", sessmgr_session_get_state(session));
    print_pair("reason", sessmgr_session_get_end_reason(session));
    putchar('\n');
}

static int visit(const struct sessmgr_event *event, void *userdata)
{
    const struct options *options = userdata;

    if (options->json != JSON_OFF)
        json_print(stdout, sessmgr_event_get_json(event), options->json);
    else
        print_event(event);
    /* whoever reads a pipe wants each change when it happens */
    return fflush(stdout) == 0 ? 0 : -errno;
}

enum exit_code command_watch(struct sessmgr *handle, const struct options *options,
                             char *const *arguments, size_t count)
{
    struct options mine = *options;
    int r;

    (void)arguments; /* takes none */
    (void)count;
    r = sessmgr_watch(handle, -1, visit, &mine);
    if (ferror(stdout))
        return CODE_FAILED; /* main() tells of it */
    return failure_tell("watch", r, sessmgr_get_error_message(handle));
}
