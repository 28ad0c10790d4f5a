/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions put into the daemon's store while it does not run, as an earlier run would have left
 * them.
 */
#ifndef SESSMGR_TESTS_DAEMON_SEED_H
#define SESSMGR_TESTS_DAEMON_SEED_H

#include "daemon/session-record.h"
#include "daemon/store.h"
#include "tests/daemon/harness.h"

struct seed {
    struct session_record record;
    char id[SESSION_ID_BYTES + 1];
};

/* An active session of another boot: number becomes its ID (its first 8 digits), user "alice". */
void seed_init(struct seed *seed, unsigned number);

/* Makes it one of this boot that a living process leads. */
void seed_lead(struct seed *seed, pid_t leader);

/* Makes it an ended one of this boot, that ended so long ago. */
void seed_end(struct seed *seed, int64_t age_usec);

/* Puts one record of any kind into the store. */
void seed_record(const struct harness *harness, const char *key, const char *value);

/* Hands every record of the store to visit. */
void seed_visit(const struct harness *harness, store_visit_t visit, void *userdata);

/* Puts sessions into the store. */
void seed_store(const struct harness *harness, const struct seed *seeds, size_t count);

#endif
