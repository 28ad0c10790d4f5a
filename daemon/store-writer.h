/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's own thread: takes submissions and jobs, commits what waits in one go, and decides
 * when segments and checkpoints are made and what happens when the disk does not take something. It
 * shares nothing with the event loop but messages and a few counters.
 */
#ifndef SESSMGR_STORE_WRITER_H
#define SESSMGR_STORE_WRITER_H

#include <stdatomic.h>
#include <stdint.h>

#include "daemon/handoff.h"
#include "daemon/store-files.h"
#include "daemon/store-internal.h"
#include "daemon/store-message.h"
#include "daemon/store-work.h"
#include "daemon/store.h"

/* Written by the writer, read by anybody. */
struct store_counters {
    _Atomic uint64_t sequence, log_bytes, commits, changes, failures, checkpoints;
    _Atomic uint64_t checkpoint_records, checkpoint_bytes;
    _Atomic uint32_t stopped, resumed; /* times that the disk did not take changes, did again */
    _Atomic int stopped_result;        /* why, the last time */
    struct store_work work;            /* of the job under way */
};

struct store_writer;

/*
 * Starts the thread on files that have been read and stay the caller's; the log goes on behind what
 * they hold. Messages that are done with come back to outbox, which is also poked when
 * counters.stopped or resumed has changed. Blocks on the disk (a first segment). Errors: -ENOMEM;
 * -errno of threads.
 */
int store_writer_start(struct store_writer **ret, const struct store_files *files,
                       const struct store_credentials *credentials,
                       const struct store_options *options, struct handoff *outbox,
                       struct store_counters *counters);

/* Hands over messages, linked by next. Does not block. */
void store_writer_push(struct store_writer *writer, struct handoff_node *first);

/* Has it look at what waits, because counters.work.cancelled was set. Does not block. */
void store_writer_poke(struct store_writer *writer);

/* Ends the thread. Every message must have come back. Accepts NULL. Blocks until then. */
void store_writer_stop(struct store_writer *writer);

#endif
