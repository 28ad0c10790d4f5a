/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does the store's jobs; see store-job.h. When one is due is decided by store-writer.c.
 */
#include <config.h>

#include "daemon/store-job.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/store-backup.h"
#include "daemon/store-checkpoint.h"
#include "daemon/store-compact.h"
#include "daemon/store-listing.h"
#include "daemon/store-map.h"
#include "daemon/store-read.h"

/* Removes what a new checkpoint has taken in, but for what is written over again; behind one that
 * was asked for, also what earlier ones have left for that. */
static void tidy_up(const struct store_job_message *job, const struct store_directory *directory,
                    uint64_t old_generation)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    uint64_t from = job->done ? 0 : job->range.first_segment;
    char name[STORE_NAME_MAX_BYTES + 1];
    int r;

    store_checkpoint_name(old_generation, name);
    store_remove_old(directory, name);
    r = store_listing_read(directory, &listing);
    if (r < 0)
        log_line(LOG_WARNING, "store: old files cannot be listed: %s", strerror(-r));
    for (size_t i = 0; i < listing.segment_count; i++) {
        uint64_t index = listing.segments[i];

        if (index < from || index >= job->range.until_segment - job->recycle_count)
            continue;
        store_segment_name(index, name);
        store_remove_old(directory, name);
    }
}

static int damaged(struct store_job_message *job, const struct store_log_end *end)
{
    job->report.error = end->error;
    return end->damaged
               ? -EBADMSG
               : store_explain(&job->report.error, -EBADMSG, STORE_SEGMENT_PREFIX "*", -1,
                               "acknowledged changes from batch %" PRIu64 " on are missing",
                               end->next_batch);
}

static int make_checkpoint(struct store_job_message *job, const struct store_job_context *context)
{
    CLEANUP(store_map_clear) struct store_map changes = STORE_MAP_EMPTY;
    struct store_manifest manifest = {.generation = job->generation, .doubts = job->doubts};
    struct store_log_end end;
    int r;

    r = store_log_read(context->directory, context->keys, &job->range, store_map_put_visit,
                       &changes, &end, &job->report.error);
    if (r < 0)
        return r;
    if (end.damaged || end.next_batch != job->range.until_batch)
        return damaged(job, &end);
    manifest.sequence = end.last_sequence;
    manifest.first_segment = job->range.until_segment;
    manifest.first_batch = job->range.until_batch;
    r = store_compact(context->directory, context->keys, &job->manifest, &changes, context->work,
                      &manifest, &job->report.error);
    if (r < 0)
        return r;
    tidy_up(job, context->directory, job->manifest.generation);
    job->manifest = manifest;
    job->report.records = manifest.record_count;
    job->report.bytes = manifest.file_bytes;
    job->report.sequence = manifest.sequence;
    return 0;
}

static int count_record(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    uint64_t *count = userdata;

    (void)key; /* that it opens is what matters */
    (void)value;
    (void)value_bytes;
    (*count)++;
    return 0;
}

static int verify(struct store_job_message *job, const struct store_job_context *context)
{
    struct store_log_end end = {0};
    bool visited;
    int r;

    r = store_read(context->directory, context->keys, &job->manifest, &job->range, context->work,
                   count_record, &job->report.records, &end, &visited, &job->report.error);
    if (r >= 0 && end.next_batch != job->range.until_batch)
        r = damaged(job, &end);
    if (r < 0)
        return r;
    job->report.bytes = job->manifest.file_bytes + end.bytes;
    job->report.sequence = end.last_sequence;
    return 0;
}

static int back_up(struct store_job_message *job, const struct store_job_context *context)
{
    int r = make_checkpoint(job, context);

    return r < 0 ? r
                 : store_backup_write(context->directory, context->keys, &job->manifest,
                                      context->work, &job->report.fd, &job->report.bytes,
                                      &job->report.error);
}

void store_job_do(struct store_job_message *job, const struct store_job_context *context)
{
    job->message.kind = STORE_MESSAGE_JOB_DONE;
    job->report = (struct store_job_result){.fd = -1, .error.offset = -1};
    switch (job->kind) {
    case STORE_JOB_CHECKPOINT:
        job->result = make_checkpoint(job, context);
        break;
    case STORE_JOB_VERIFY:
        job->result = verify(job, context);
        break;
    case STORE_JOB_BACKUP:
        job->result = back_up(job, context);
        break;
    case STORE_JOB_REKEY:
        job->result = store_keys_rewrap(context->keys, context->directory, &context->credentials,
                                        job->report.key_id, &job->report.error);
        break;
    }
    if (job->result < 0 && job->report.error.message[0] == '\0')
        (void)store_explain(&job->report.error, job->result, ".", -1, "%s",
                            strerror(-job->result)); /* the text is what is wanted */
    store_work_begin(context->work, 0);
}
