/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the walk that finds a call's sessions, and what is done to all of them; see selection.h.
 * What matches is filter.c's to say.
 */
#include <config.h>

#include "daemon/selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/lifecycle.h"
#include "daemon/manager.h"
#include "daemon/method.h"

static bool is_selected(struct call *call, const struct filter *filter, enum selection_of of,
                        const struct session *session)
{
    if (of == SELECT_ACTIVE && session->record.info.state != STATE_ACTIVE)
        return false;
    if (of == SELECT_LIVE && session_is_ended(session))
        return false;
    return filter_matches(filter, &session->record.info) && method_may(call, session);
}

int selection_new(struct call *call, const struct filter *filter, enum selection_of of,
                  struct selection **ret)
{
    const struct session_table *table = &call->manager->sessions;
    struct selection *selection;
    size_t count = 0;

    for (struct session *s = session_table_first(table); s != NULL; s = session_table_next(s))
        count += is_selected(call, filter, of, s) ? 1 : 0;
    selection = calloc(1, sizeof(*selection) + count * sizeof(selection->ids[0]));
    if (selection == NULL)
        return -ENOMEM;
    for (struct session *s = session_table_first(table); s != NULL; s = session_table_next(s)) {
        if (!is_selected(call, filter, of, s))
            continue;
        memcpy(selection->ids[selection->count++], s->record.info.session_id,
               sizeof(selection->ids[0]));
    }
    *ret = selection;
    return 0;
}

void selection_end(struct call *call, const struct selection *selection, enum end_reason reason,
                   const char *message)
{
    for (size_t i = 0; i < selection->count; i++)
        lifecycle_end(call->manager,
                      session_table_find(&call->manager->sessions, selection->ids[i]), reason,
                      message, call->peer);
}

bool selection_is_submitted(const struct call *call, const struct selection *selection)
{
    for (size_t i = 0; i < selection->count; i++) {
        const struct session *session =
            session_table_find(&call->manager->sessions, selection->ids[i]);

        if (session != NULL && session->unsubmitted)
            return false;
    }
    return true;
}
