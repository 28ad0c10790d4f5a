/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A store's owner, reduced to what the tests of crashes need: it has a live set, submits seeded
 * changes, knows what was acknowledged, and writes both into the trace where one is recorded.
 */
#ifndef SESSMGR_TESTS_CRASH_OWNER_H
#define SESSMGR_TESTS_CRASH_OWNER_H

#include <systemd/sd-event.h>

#include "daemon/store-internal.h"
#include "daemon/store.h"
#include "tests/crash/claims.h"
#include "tests/crash/random.h"
#include "tests/crash/recorder.h"
#include "tests/crash/records.h"

/* What a store is opened with; the paths of K1 and K2 are the owner's. */
enum owner_credentials {
    OWNER_OWN_KEY,       /* the store's file `key` */
    OWNER_OWN_KEY_TO_K2, /* it, and K2 to go on with */
    OWNER_K1,
    OWNER_K1_TO_K2,
    OWNER_K2,
};

enum { OWNER_PATH_BYTES = 128, OWNER_SUBMISSIONS_MAX = 8192, OWNER_PATIENCE_MSEC = 20000 };

struct owner;

/* What a completion needs to know. */
struct owner_submission {
    struct owner *owner;
    uint64_t version;
};

struct owner {
    char folder[OWNER_PATH_BYTES];      /* the store's */
    char keys[2][OWNER_PATH_BYTES + 8]; /* K1 and K2, beside it */
    sd_event *event;
    int64_t patience_msec; /* of all that waits */
    struct store *store;   /* NULL: it is not open */
    struct store_options options;
    struct store_error error; /* of the last call that failed */
    enum owner_credentials credentials;
    struct recorder *recorder; /* NULL: nothing is recorded */
    struct random random;

    struct records live;
    struct history history;
    struct claims claims; /* since the last start */
    uint64_t completed;   /* the version of the last completion */
    size_t waiting;       /* submissions without completion */
    size_t refused;       /* completions with an error */
    struct owner_submission submissions[OWNER_SUBMISSIONS_MAX];
    size_t submission_count;

    bool job_runs;
    int job_result;
    struct store_job_result job;

    int availability[64]; /* calls in their order */
    size_t availability_count;
};

/* Small files and short times. folder: an empty one, of which the store gets a part. */
void owner_init(struct owner *owner, const char *folder, uint64_t seed);

/* Closes the store and removes everything. */
void owner_done(struct owner *owner);

/* What store_open() gets. */
struct store_credentials owner_get_credentials(const struct owner *owner,
                                               enum owner_credentials which);

/* Opens and loads into ret; returns the first error, and then the store is closed. */
int owner_open(struct owner *owner, struct records *ret);
void owner_close(struct owner *owner);

/* Submits a few seeded changes; returns what store_submit() did. After an error all is as before.
 */
int owner_submit(struct owner *owner);

/* Runs the loop until everything submitted is completed. Whether it was, in good time. */
bool owner_wait(struct owner *owner);

/* Runs the loop for what is ready. */
void owner_turn(struct owner *owner);

/* Starts a job; waits for its end in the same way. */
int owner_start_job(struct owner *owner, enum store_job kind);
bool owner_wait_job(struct owner *owner);

/* Waits until the store takes changes. */
bool owner_wait_available(struct owner *owner);

#endif
