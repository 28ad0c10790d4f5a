/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the store's own thread share: store-writer.c (the thread, failure and the way
 * back), store-commit.c (submissions) and store-schedule.c (jobs). Nobody else includes this, and
 * all of it is called in that thread alone.
 */
#ifndef SESSMGR_STORE_WRITER_INTERNAL_H
#define SESSMGR_STORE_WRITER_INTERNAL_H

#include <pthread.h>

#include "daemon/store-job.h"
#include "daemon/store-map.h"
#include "daemon/store-space.h"
#include "daemon/store-worker.h"
#include "daemon/store-writer.h"

struct store_writer {
    pthread_t thread;
    struct handoff inbox;
    struct handoff *outbox;          /* borrowed */
    struct store_counters *counters; /* borrowed */
    const struct store_files *files; /* borrowed: directory and keys do not change */
    struct store_options options;
    struct store_worker job_worker;
    struct store_job_context job_context;

    struct store_log log;
    struct store_space space; /* for what comes behind it */

    struct handoff_list waiting; /* submissions */
    struct handoff_list jobs;
    struct store_job_message checkpoint; /* the writer's own job */
    bool job_running, checkpoint_queued;
    uint64_t checkpoint_at_bytes; /* of the log: when the next one is due */
    struct store_manifest manifest;
    uint64_t next_generation;

    bool unsettled;          /* what was read at the start is not known to be durable */
    int failure;             /* 0, or why changes are not taken; what is essential may be */
    struct store_map failed; /* changes that are not on the disk */
    bool essential_failed;   /* what is essential is among them */
    bool dropped;            /* some of it was not kept, for want of memory at the end */
    int64_t retry_at_usec;   /* CLOCK_BOOTTIME; -1: nothing to be tried */
    uint64_t retry_usec;
    uint64_t stopped_segment; /* index of the last file that must not be used again; 0: none */
    bool stop;
    struct store_message stop_message;
};

/* How long the log's files are, behind the checkpoint. */
uint64_t store_writer_log_bytes(const struct store_writer *writer);

/* Goes on in the file that was kept ready, and has another one made. False: there is none. */
bool store_writer_rotate(struct store_writer *writer);

/* When something failed: has it tried again, soon. */
void store_writer_retry_later(struct store_writer *writer);

/* Changes are not taken any more, until it works again; result: why. */
void store_writer_fail(struct store_writer *writer, int result);

/* The file that was written is never to be written again: what it holds goes into a new checkpoint
 * as soon as changes are taken again. */
void store_writer_stopped(struct store_writer *writer);

/* Commits what waits, as far as that can be done now. Blocks on the disk. */
void store_commit(struct store_writer *writer);

/* Writes everything that failed, in as few batches as it takes. Blocks on the disk. Errors: -errno;
 * the log may be stopped then. */
int store_commit_failed(struct store_writer *writer);

/* Starts the job worker. Errors: store_worker_start()'s. */
int store_schedule_start(struct store_writer *writer);

/* Begins the next job, if none is under way and it can be begun. */
void store_schedule_next(struct store_writer *writer);

/* Takes over what the worker has done. */
void store_schedule_done(struct store_writer *writer, struct store_job_message *job);

/* Has a checkpoint made, for the store's own sake. */
void store_schedule_checkpoint(struct store_writer *writer);

#endif
