/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What goes to and fro between the store's threads. Whoever holds a message owns it; the pointers
 * in it are the sender's.
 */
#ifndef SESSMGR_STORE_MESSAGE_H
#define SESSMGR_STORE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/handoff.h"
#include "daemon/store-log.h"
#include "daemon/store-manifest.h"
#include "daemon/store.h"

enum store_message_kind {
    STORE_MESSAGE_SUBMISSION,
    STORE_MESSAGE_JOB,      /* to be done */
    STORE_MESSAGE_JOB_DONE, /* by the worker */
    STORE_MESSAGE_SEGMENT,
    STORE_MESSAGE_STOP,
};

/* The first member of each. */
struct store_message {
    struct handoff_node node; /* first */
    enum store_message_kind kind;
};

struct store_submission {
    struct store_message message; /* first */
    enum store_urgency urgency;
    store_done_t done;
    void *userdata;
    int result;
    uint64_t sequence;
    size_t change_count;  /* 0: a barrier */
    size_t bytes;         /* of data */
    unsigned char data[]; /* store_changes_encode()'s; sealed once the store's thread has it */
};

/* One job, from the event loop to the store's thread, to a worker, and all the way back. */
struct store_job_message {
    struct store_message message; /* first */
    enum store_job kind;
    store_job_done_t done; /* NULL: the store's own */
    void *userdata;
    int result;
    struct store_job_result report;

    struct store_manifest manifest; /* what counts; replaced by a new checkpoint's */
    struct store_log_range range;   /* the log up to now; a new checkpoint takes all of it in */
    uint64_t generation;            /* of a new checkpoint */
    uint32_t doubts;                /* and what is still to be known of it */
    uint64_t recycle_count;         /* so many of the log's last files are left for new ones */
};

#endif
