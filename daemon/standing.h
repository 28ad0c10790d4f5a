/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Terminations that stand for logins under way. Who ends all sessions of a key means also the login
 * that was authenticated before and opens its session just after: it is refused then. One that
 * began later is none of them: whoever may still log in can.
 *
 * Each stands as long as a login may be under way. None is stored: a daemon that is started again
 * meanwhile knows of no termination, as it knows of no reservation.
 */
#ifndef SESSMGR_STANDING_H
#define SESSMGR_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"
#include "daemon/filter.h"
#include "daemon/reservation.h"
#include "daemon/tree.h"

#define STANDING_MAX_USEC RESERVATION_MAX_USEC

enum {
    STANDING_MAX = 256,
    STANDING_OF_USER_MAX = 16, /* of the same user */
};

struct standing;

TAILQ_HEAD(standing_queue, standing);

struct standing_list {
    struct standing_queue all; /* the oldest first */
    size_t count;
};

void standing_init(struct standing_list *list);

/* Frees all of them. */
void standing_done(struct standing_list *list);

/*
 * Lets a termination stand from now on. filter: copied; it names no session. uid: the user whose
 * logins it stands for, -1 for everybody's. now_usec: boottime. Where there are as many as there
 * may be, one goes, and that is logged: a user's before an administrator's, and of those the
 * oldest. Of one user's own the oldest goes without a word. Error: -ENOMEM.
 */
int standing_add(struct standing_list *list, const struct filter *filter, int64_t uid,
                 int64_t now_usec);

/* Whether one of them stands against a login that would become this session. began_usec: when it
 * began, at the latest. Both times: boottime. */
bool standing_stops(struct standing_list *list, const struct session_info *session,
                    int64_t began_usec, int64_t now_usec);

#endif
