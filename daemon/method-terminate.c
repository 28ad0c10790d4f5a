/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns io.sessmgr.Session.Terminate: which sessions it means, and its answer. What an end is made
 * of is in lifecycle.c.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "common/macro.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/selection.h"

enum { TERMINATE_REPLY_MAX = 1024 }; /* IDs, so that they fit into a reply */

/* As many IDs as fit into a reply; the last reply is the one with nothing behind it. */
static int produce_ids(struct call *call)
{
    const struct selection *selection = call->stream;
    const char *ids[TERMINATE_REPLY_MAX];
    struct terminate_out out = {.sessions.items = ids};

    while ((size_t)call->position < selection->count && out.sessions.count < ELEMENTS(ids))
        ids[out.sessions.count++] = selection->ids[call->position++];
    if ((size_t)call->position == selection->count) {
        call_reply(call, &out);
        return 0;
    }
    call_reply_more(call, &out);
    return 1;
}

static void on_terminate_durable(struct call *call, int result)
{
    const struct selection *selection = call->stream;

    if (result >= 0 && !selection_is_submitted(call, selection))
        result = -EIO;
    if (result < 0)
        call_fail(call, result);
    else
        call_stream(call, produce_ids, call->stream, free);
}

/* Who names a session by the beginning of its ID means one. */
static void answer_ambiguous(struct call *call, const struct selection *selection)
{
    const char *candidates[METHOD_CANDIDATES_MAX];
    struct ambiguous_error error = {.candidates = {.items = candidates}};

    while (error.candidates.count < selection->count &&
           error.candidates.count < ELEMENTS(candidates)) {
        candidates[error.candidates.count] = selection->ids[error.candidates.count];
        error.candidates.count++;
    }
    call_error(call, ERROR_AMBIGUOUS_SESSION, &ambiguous_error_fields, &error);
}

/* Answers what cannot be done, and returns 0; else 1. */
static int check_selection(struct call *call, const struct terminate_in *in,
                           const struct selection *selection)
{
    const struct too_many_error error = {.limit = TERMINATE_REPLY_MAX};

    if (selection->count == 0 && in->filter.session_id != NULL) {
        call_fail(call, -ENOENT);
        return 0;
    }
    if (selection->count > 1 && in->filter.session_id != NULL) {
        answer_ambiguous(call, selection);
        return 0;
    }
    if (selection->count > TERMINATE_REPLY_MAX && !call->more) {
        call_error(call, ERROR_TOO_MANY, &too_many_error_fields, &error);
        return 0;
    }
    return 1;
}

/* One that names no session stands for logins under way too: those whose sessions would be the
 * caller's to end. */
static int let_stand(struct call *call, const struct filter *filter)
{
    struct manager *manager = call->manager;

    if (filter->wire.session_id != NULL)
        return 0;
    return standing_add(&manager->standing, filter,
                        method_may_all(call) ? -1 : (int64_t)call->peer->uid,
                        manager->clock->boottime_usec(manager->clock));
}

int method_terminate(struct call *call)
{
    const struct terminate_in *in = call->in;
    CLEANUP(freep) struct selection *selection = NULL;
    const char *bad = NULL;
    struct filter filter;
    int r;

    if (filter_parse(&in->filter, &filter, &bad) < 0) {
        call_invalid(call, bad);
        return 0;
    }
    if (filter_is_empty(&filter)) {
        call_invalid(call, "filter"); /* nobody ends everything by leaving something out */
        return 0;
    }
    r = selection_new(call, &filter, SELECT_ACTIVE, &selection);
    if (r < 0)
        return r;
    if (check_selection(call, in, selection) == 0)
        return 0;
    if (in->dry_run) {
        call_stream(call, produce_ids, TAKE_PTR(selection), free);
        return 0;
    }
    r = let_stand(call, &filter);
    if (r < 0)
        return r;
    selection_end(call, selection, END_TERMINATED, in->message);
    call->stream = TAKE_PTR(selection);
    call->stream_free = free;
    return call_wait_durable(call, STORE_ESSENTIAL, on_terminate_durable);
}
