/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns io.sessmgr.Session.Watch: reads the ring of changes for one caller, who gets their own
 * sessions' or, as an administrator, everybody's.
 */
#include <config.h>

#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/watch.h"

static void answer_gap(struct call *call)
{
    const struct gap_error error = {.oldest = call->manager->watch.oldest};

    call_error(call, ERROR_GAP, &gap_error_fields, &error);
}

static bool may_see(struct call *call, const struct watch_event *event)
{
    return event->uid == (int64_t)call->peer->uid || method_may_all(call);
}

static int produce_event(struct call *call)
{
    const struct watch_log *log = &call->manager->watch;

    while (call->position < log->next) {
        const struct watch_event *event;

        if (call->position < log->oldest) {
            answer_gap(call);
            return 0;
        }
        event = watch_get(log, call->position++);
        if (event->text == NULL) { /* lost for want of memory: that is a gap too */
            answer_gap(call);
            return 0;
        }
        if (!may_see(call, event))
            continue;
        call_reply_continues(call, (struct json){.text = event->text, .length = event->length});
        return 1;
    }
    return 0;
}

int method_watch(struct call *call)
{
    const struct watch_in *in = call->in;
    const struct watch_log *log = &call->manager->watch;

    if (!call->more) {
        call_error(call, VARLINK_EXPECTED_MORE, NULL, NULL);
        return 0;
    }
    call->position = in->from_sequence < 0 ? log->next : in->from_sequence;
    if (call->position < log->oldest || call->position > log->next) {
        answer_gap(call);
        return 0;
    }
    call_stream(call, produce_event, NULL, NULL);
    return 0;
}
