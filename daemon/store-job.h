/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's long works, done by a thread of their own while the log goes on: each gets all that
 * it needs in its message, and shares nothing that changes.
 */
#ifndef SESSMGR_STORE_JOB_H
#define SESSMGR_STORE_JOB_H

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-message.h"
#include "daemon/store-work.h"

/* What all jobs work with; nothing of it changes. */
struct store_job_context {
    const struct store_directory *directory;
    const struct store_keys *keys;
    struct store_credentials credentials;
    struct store_work *work;
};

/* Does a job; blocks on the disk for as long as it takes. */
void store_job_do(struct store_job_message *job, const struct store_job_context *context);

#endif
