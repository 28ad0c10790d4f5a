/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When jobs are done, one after the other, and when the store makes a checkpoint for its own sake.
 * What a job does is store-job.c's.
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/store-writer-internal.h"

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void do_job(struct handoff_node *node, void *userdata)
{
    struct store_writer *writer = userdata;

    store_job_do((struct store_job_message *)(void *)node, &writer->job_context);
}

/* Another checkpoint is due when the log has grown enough from so many bytes on. */
static void plan_checkpoint(struct store_writer *writer, uint64_t from_bytes)
{
    uint64_t limit = writer->options.log_limit_bytes;

    if (limit < writer->manifest.file_bytes / 2)
        limit = writer->manifest.file_bytes / 2;
    writer->checkpoint_at_bytes = from_bytes + limit;
}

int store_schedule_start(struct store_writer *writer)
{
    plan_checkpoint(writer, 0); /* lives that are short add up, too */
    atomic_store(&writer->counters->log_bytes, store_writer_log_bytes(writer));
    return store_worker_start(&writer->job_worker, &writer->inbox, do_job, writer);
}

static bool makes_checkpoint(const struct store_job_message *job)
{
    return job->kind == STORE_JOB_CHECKPOINT || job->kind == STORE_JOB_BACKUP;
}

/* A job that cannot even begin. */
static void refuse_job(struct store_writer *writer, struct store_job_message *job, int result)
{
    job->report = (struct store_job_result){.fd = -1};
    job->result = store_explain(&job->report.error, result, ".", -1, "%s", strerror(-result));
    if (job->done)
        handoff_push(writer->outbox, &job->message.node);
    else
        writer->checkpoint_queued = false;
}

/* Why a job cannot begin, or 0. */
static int obstacle(const struct store_writer *writer, const struct store_job_message *job)
{
    if (atomic_load(&writer->counters->work.cancelled))
        return -ECANCELED;
    if (!makes_checkpoint(job))
        return 0;
    if (writer->failure != 0)
        return writer->failure;
    return writer->space.spare.fd < 0 && !writer->space.making ? -ENOSPC : 0;
}

static void begin(struct store_writer *writer, struct store_job_message *job)
{
    job->manifest = writer->manifest;
    job->range = (struct store_log_range){
        .first_segment = writer->manifest.first_segment,
        .first_batch = writer->manifest.first_batch,
        .sequence = writer->manifest.sequence,
        .until_segment = writer->log.segment.index + !makes_checkpoint(job),
        .until_batch = writer->log.next_batch,
    };
    job->recycle_count = 0; /* who asks for a checkpoint may want nothing older to stay */
    if (!job->done && writer->stopped_segment < job->range.first_segment)
        job->recycle_count = min64(STORE_RECYCLED_MAX - writer->space.recycled_count,
                                   job->range.until_segment - job->range.first_segment);
    job->doubts = job->done ? 0 : writer->manifest.doubts;
    if (makes_checkpoint(job))
        job->generation = writer->next_generation++;
    writer->job_running = true;
    handoff_push(&writer->job_worker.inbox, &job->message.node);
}

/* Nothing else would bring up what waits behind a job that is refused, so all are looked at. */
void store_schedule_next(struct store_writer *writer)
{
    while (writer->jobs.first && !writer->job_running) {
        struct store_job_message *job = (struct store_job_message *)(void *)writer->jobs.first;
        int r = obstacle(writer, job);

        /* What a checkpoint takes in ends where a segment begins. */
        if (r >= 0 && makes_checkpoint(job) && !store_writer_rotate(writer))
            return;                             /* when the segment is there */
        (void)handoff_list_take(&writer->jobs); /* it is the first */
        if (r < 0)
            refuse_job(writer, job, r);
        else
            begin(writer, job);
    }
}

/* Takes over what a job has made. */
static void finish_checkpoint(struct store_writer *writer, const struct store_job_message *job)
{
    if (job->result >= 0 || job->manifest.generation != writer->manifest.generation) {
        if (job->done)
            writer->space.recycled_count = 0; /* it has removed them */
        store_space_recycle(&writer->space, job->range.until_segment - job->recycle_count,
                            job->range.until_segment);
        writer->manifest = job->manifest;
        atomic_fetch_add(&writer->counters->checkpoints, 1);
        atomic_store(&writer->counters->checkpoint_records, job->manifest.record_count);
        atomic_store(&writer->counters->checkpoint_bytes, job->manifest.file_bytes);
    }
    /* after a failure, not at once again */
    plan_checkpoint(writer, job->result < 0 ? store_writer_log_bytes(writer) : 0);
    if (job->result >= 0 && writer->stopped_segment >= writer->manifest.first_segment)
        writer->checkpoint_at_bytes = 0; /* it was begun before a file was stopped */
    atomic_store(&writer->counters->log_bytes, store_writer_log_bytes(writer));
}

void store_schedule_done(struct store_writer *writer, struct store_job_message *job)
{
    writer->job_running = false;
    if (makes_checkpoint(job))
        finish_checkpoint(writer, job);
    if (job->result < 0 && job->result != -ECANCELED) {
        if (!job->done)
            log_line(LOG_ERR, "store: no checkpoint could be made: %s: %s", job->report.error.file,
                     job->report.error.message);
        atomic_fetch_add(&writer->counters->failures, 1);
    }
    if (job->done)
        handoff_push(writer->outbox, &job->message.node);
    else
        writer->checkpoint_queued = false;
}

void store_schedule_checkpoint(struct store_writer *writer)
{
    if (writer->checkpoint_queued)
        return;
    writer->checkpoint_queued = true;
    writer->checkpoint = (struct store_job_message){
        .message.kind = STORE_MESSAGE_JOB, .kind = STORE_JOB_CHECKPOINT, .report.fd = -1};
    handoff_list_add(&writer->jobs, &writer->checkpoint.message.node);
}
