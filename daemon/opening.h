/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of a session that is being opened: what PAM and the kernel say of a login, and what
 * the rule that it fits gives.
 */
#ifndef SESSMGR_OPENING_H
#define SESSMGR_OPENING_H

#include <stdbool.h>

#include "daemon/locate.h"

struct auth_info;
struct login_request;
struct rule;
struct session_settings;

/* A login that was admitted. All borrowed. */
struct opening {
    const struct login_request *request;
    const struct login_place *place;
    const struct rule *rule;
    const struct auth_info *auth;
};

/*
 * Fills in a new session's record; its strings are borrowed from the arguments. adopted: it was
 * opened while nobody was there to be told, so its time counts from the start of its leader, and it
 * is not ended at once by what people could not know of.
 */
void opening_fill_record(struct manager *manager, const struct opening *opening, const char *id,
                         bool adopted, struct session_record *record);

/* When the hours that hold at a time (CLOCK_REALTIME) end, as a record has it: -1 where they never
 * do, 0 for an end before the epoch. */
int64_t opening_hours_end(const struct session_settings *settings, int64_t realtime_usec);

#endif
