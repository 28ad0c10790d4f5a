/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sessions that a call is about: its filter's, of those that the caller may have.
 */
#ifndef SESSMGR_SELECTION_H
#define SESSMGR_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/protocol.h"
#include "daemon/call.h"
#include "daemon/filter.h"

/* The IDs of some sessions, oldest first: what a call goes on with after its parameters have gone.
 */
struct selection {
    size_t count;
    char ids[][SESSION_ID_BYTES + 1];
};

/* Which sessions a selection takes beside what the filter says. */
enum selection_of { SELECT_ACTIVE, SELECT_LIVE, SELECT_ALL };

/* *ret is to be freed with free(). Error: -ENOMEM. */
int selection_new(struct call *call, const struct filter *filter, enum selection_of of,
                  struct selection **ret);

/* Ends the sessions of a selection for the caller, as lifecycle_end() does. */
void selection_end(struct call *call, const struct selection *selection, enum end_reason reason,
                   const char *message);

/* Whether every change of them got to the store. */
bool selection_is_submitted(const struct call *call, const struct selection *selection);

#endif
