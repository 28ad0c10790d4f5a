/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many sessions, and places that are held for logins, each user has, in all and by service:
 * what MaxSessions= and MaxSessionsPerService= are compared with.
 */
#ifndef SESSMGR_USER_COUNT_H
#define SESSMGR_USER_COUNT_H

#include <stdint.h>

#include "daemon/tree.h"

struct user_count;

RB_HEAD(user_tree, user_count);

/* What a user has; service: of one PAM service, NULL: in all. */
int64_t user_count_get(const struct user_tree *tree, int64_t uid, const char *service);

/* Adds to what a user has, in all and of a service (never NULL). Error: -ENOMEM, and nothing has
 * changed; taking away needs no memory. */
int user_count_adjust(struct user_tree *tree, int64_t uid, const char *service, int64_t delta);

#endif
