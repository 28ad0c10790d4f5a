/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `terminate`: ends sessions, one ID after the other, or all that match at once; or shows which
 * that would be.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"
#include "ctl/session-list.h"

static void session_freep(struct sessmgr_session **session)
{
    sessmgr_session_free(*session);
}

/* What was ended, or with --dry-run would be. */
struct ended {
    FILE *json; /* a list of IDs that is being written */
    size_t count;
    struct session_list list; /* --dry-run alone */
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

/* Of those that match, the daemon ends the active ones. */
static int add_active(const struct sessmgr_session *session, void *userdata)
{
    return strcmp(sessmgr_session_get_state(session), "active") == 0
               ? session_list_add(session, userdata)
               : 0;
}

static int end_matching(struct sessmgr *handle, const struct options *options,
                        const struct sessmgr_filter *filter, struct ended *ended)
{
    int r;

    r = sessmgr_terminate(handle, filter, options->message, options->dry_run, note, ended);
    if (r < 0 || !options->dry_run)
        return r;
    return sessmgr_list(handle, filter, false, add_active, &ended->list);
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
    r = end_matching(handle, options, &filter, ended);
    if (r == -ENOENT)
        return tell_none(handle, argument);
    return r < 0 ? failure_tell(argument, r, sessmgr_get_error_message(handle)) : CODE_OK;
}

/* Shows the person at the terminal which sessions match. Returns 1 where they are to be ended, 0
 * where they are not, or -ENOMEM. */
static int ask(const struct session_list *list, const struct options *options)
{
    struct options shown = *options;
    char answer[16] = "";
    int r;

    shown.colours = format_colour_wanted(STDERR_FILENO);
    r = session_list_print(list, stderr, &shown, NULL);
    if (r < 0)
        return r;
    fprintf(stderr, "\nEnd %zu session%s? [y/N] ", list->count, list->count == 1 ? "" : "s");
    if (!fgets(answer, sizeof(answer), stdin))
        fputc('\n', stderr);
    answer[strcspn(answer, "\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* Whether what matches is to be ended: as ask(). Where nobody sits at a terminal nobody is asked;
 * nor is there a question where no session matches, but logins under way may. */
static int agree(struct sessmgr *handle, const struct options *options,
                 const struct sessmgr_filter *filter)
{
    CLEANUP(session_list_done) struct session_list list = {0};
    int r;

    if (options->yes || options->dry_run || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return 1;
    r = sessmgr_list(handle, filter, false, add_active, &list);
    if (r < 0)
        return r;
    session_list_sort(&list);
    return list.count == 0 ? 1 : ask(&list, options);
}

static enum exit_code terminate_filtered(struct sessmgr *handle, const struct options *options,
                                         struct ended *ended)
{
    struct sessmgr_filter filter = options->filter;
    uid_t uid;
    int r;

    if (filter.user && user_find(filter.user, &uid)) {
        filter.user = NULL;
        filter.uid = uid;
    }
    r = agree(handle, options, &filter);
    if (r == 0) {
        fputs("sessmgrctl: Nothing was ended\n", stderr);
        return CODE_FAILED;
    }
    if (r > 0)
        r = end_matching(handle, options, &filter, ended);
    if (r < 0)
        return failure_tell("terminate", r, sessmgr_get_error_message(handle));
    if (ended->count == 0) {
        fputs("sessmgrctl: No session matches\n", stderr);
        return CODE_NO_SESSION;
    }
    if (options->json == JSON_OFF && !options->dry_run)
        printf("%zu session%s being ended.\n", ended->count, ended->count == 1 ? " is" : "s are");
    return CODE_OK;
}

/* ids: the text of those in *ended. */
static int print(struct ended *ended, const char *ids, const struct options *options)
{
    if (!options->dry_run) {
        if (options->json != JSON_OFF)
            json_print(stdout, ids, options->json);
        return 0;
    }
    session_list_sort(&ended->list);
    if (options->json != JSON_OFF)
        return session_list_print_json(&ended->list, options->json);
    if (ended->list.count == 0)
        return 0;
    return session_list_print(&ended->list, stdout, options, "would be ended");
}

enum exit_code command_terminate(struct sessmgr *handle, const struct options *options,
                                 char *const *arguments, size_t count)
{
    CLEANUP(freep) char *ids = NULL;
    enum exit_code code = CODE_OK;
    struct ended ended = {0};
    size_t size;
    int r;

    ended.json = open_memstream(&ids, &size);
    if (!ended.json)
        return failure_tell("terminate", -ENOMEM, "");
    fputc('[', ended.json);
    if (count == 0)
        code = terminate_filtered(handle, options, &ended);
    for (size_t i = 0; i < count; i++) {
        enum exit_code one = terminate_one(handle, options, arguments[i], &ended);

        if (code == CODE_OK)
            code = one;
    }
    fputc(']', ended.json);
    r = fclose(ended.json) != 0 ? -ENOMEM : print(&ended, ids, options);
    session_list_done(&ended.list);
    return r < 0 ? failure_tell("terminate", r, "") : code;
}
