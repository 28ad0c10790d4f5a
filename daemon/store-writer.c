/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's own thread; see store-writer.h. It waits for nothing but messages: what takes long is
 * done by two workers, one for new segments, one for jobs, who answer by message.
 */
#include <config.h>

#include "daemon/store-writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/store-writer-internal.h"

enum { TOGETHER_MAX = 1024 }; /* messages that are taken before something is committed, at least */

static int64_t now_usec(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* it is there */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t store_writer_log_bytes(const struct store_writer *writer)
{
    return (writer->log.segment.index - writer->manifest.first_segment) *
               writer->options.segment_bytes +
           writer->log.offset;
}

bool store_writer_rotate(struct store_writer *writer)
{
    if (writer->space.spare.fd < 0)
        return false;
    store_log_use(&writer->log, &writer->space.spare);
    store_space_make(&writer->space);
    return true;
}

void store_writer_retry_later(struct store_writer *writer)
{
    if (writer->retry_at_usec >= 0)
        return;
    writer->retry_at_usec = now_usec() + (int64_t)writer->retry_usec;
    writer->retry_usec *= 2;
    if (writer->retry_usec > writer->options.retry_max_usec)
        writer->retry_usec = writer->options.retry_max_usec;
}

void store_writer_fail(struct store_writer *writer, int result)
{
    atomic_fetch_add(&writer->counters->failures, 1);
    store_writer_retry_later(writer);
    if (writer->failure != 0)
        return;
    log_line(LOG_ERR, "store: the disk does not take changes: %s", strerror(-result));
    writer->failure = result;
    atomic_store(&writer->counters->stopped_result, result);
    atomic_fetch_add(&writer->counters->stopped, 1);
    handoff_poke(writer->outbox);
}

void store_writer_stopped(struct store_writer *writer)
{
    writer->stopped_segment = writer->log.segment.index;
    writer->checkpoint_at_bytes = 0;
}

/* Makes durable what was read at the start, in the file that the log goes on in. */
static int settle(struct store_writer *writer)
{
    int r = store_log_repeat_last(&writer->log, &writer->files->end);

    writer->unsettled = r < 0;
    if (r < 0 && writer->log.segment.fd < 0)
        store_writer_stopped(writer);
    return r;
}

/* Tries to take changes again: in a new file, where the log was stopped. */
static void resume(struct store_writer *writer)
{
    int r = 0;

    if (writer->log.segment.fd < 0 && !store_writer_rotate(writer)) {
        store_space_make(&writer->space);
        return;
    }
    if (writer->unsettled)
        r = settle(writer);
    if (r >= 0)
        r = store_commit_failed(writer);
    if (r < 0) {
        log_line(LOG_WARNING, "store: the disk still does not take changes: %s", strerror(-r));
        store_writer_fail(writer, r);
        return;
    }
    log_line(LOG_NOTICE, "store: the disk takes changes again");
    writer->failure = 0;
    writer->essential_failed = false;
    writer->retry_usec = writer->options.retry_usec;
    atomic_fetch_add(&writer->counters->resumed, 1);
    handoff_poke(writer->outbox);
}

static void on_segment_made(struct store_writer *writer)
{
    int before = writer->space.failure;
    int r = store_space_take_made(&writer->space);

    if (r >= 0 && writer->failure != 0)
        resume(writer);
    else if (r >= 0)
        writer->retry_usec = writer->options.retry_usec;
    if (r >= 0)
        return;
    if (before == 0)
        log_line(LOG_WARNING, "store: no new log file could be made: %s", strerror(-r));
    atomic_fetch_add(&writer->counters->failures, 1);
    store_writer_retry_later(writer);
}

static void on_retry(struct store_writer *writer)
{
    writer->retry_at_usec = -1;
    if (writer->space.spare.fd < 0)
        store_space_make(&writer->space);
    else if (writer->failure != 0)
        resume(writer);
}

static void take_message(struct store_writer *writer, struct handoff_node *node)
{
    const struct store_message *message = (const struct store_message *)(const void *)node;

    switch (message->kind) {
    case STORE_MESSAGE_SUBMISSION: {
        struct store_submission *submission = (struct store_submission *)(void *)node;

        if (submission->bytes > 0)
            store_changes_seal(writer->files->keys, submission->data);
        handoff_list_add(&writer->waiting, node);
        break;
    }
    case STORE_MESSAGE_JOB:
        handoff_list_add(&writer->jobs, node);
        break;
    case STORE_MESSAGE_JOB_DONE:
        store_schedule_done(writer, (struct store_job_message *)(void *)node);
        break;
    case STORE_MESSAGE_SEGMENT:
        on_segment_made(writer);
        break;
    case STORE_MESSAGE_STOP:
        writer->stop = true;
        break;
    }
}

/* Takes all messages, and what comes while they are taken: it is committed by the same sync.
 * Returns whether there were any. */
static bool take_messages(struct store_writer *writer)
{
    size_t count = 0;

    do {
        struct handoff_node *node = handoff_take(&writer->inbox);

        while (node) {
            struct handoff_node *next = node->next;

            node->next = NULL; /* what goes on from here takes nobody along */
            take_message(writer, node);
            node = next;
            count++;
        }
    } while (count < TOGETHER_MAX && !handoff_is_empty(&writer->inbox));
    return count > 0;
}

/* Waits for messages, or until something is to be tried again, and does that. */
static void wait_for_messages(struct store_writer *writer)
{
    int64_t wait = writer->retry_at_usec < 0 ? -1 : writer->retry_at_usec - now_usec();

    if (writer->retry_at_usec >= 0 && wait <= 0)
        on_retry(writer);
    else
        handoff_wait(&writer->inbox, wait);
}

static void *run(void *userdata)
{
    struct store_writer *writer = userdata;

    while (!writer->stop || writer->space.making || writer->job_running) {
        if (!take_messages(writer))
            wait_for_messages(writer);
        store_commit(writer);
        if (writer->failure == 0 && store_writer_log_bytes(writer) > writer->checkpoint_at_bytes &&
            !writer->stop)
            store_schedule_checkpoint(writer);
        store_schedule_next(writer);
    }
    return NULL;
}

/*
 * The log goes on in a file that nothing was written into, never in one that another process wrote:
 * the kernel may show pages of it that were never written to the disk. Returns the index of the
 * file behind it.
 */
static uint64_t begin_log(struct store_writer *writer)
{
    const struct store_files *files = writer->files;
    struct store_segment segment = {.fd = -1};
    uint64_t index = files->end.empty_segment;
    int r;

    writer->unsettled = files->end.last_segment != 0;
    if (index != 0)
        r = store_segment_reopen(&files->directory, files->keys, index, &segment, NULL);
    else {
        index = files->end.next_segment;
        r = store_segment_make(&files->directory, files->keys, index, writer->options.segment_bytes,
                               0, &segment);
    }
    if (r < 0) {
        store_writer_fail(writer, r);
        return index;
    }
    store_log_use(&writer->log, &segment);
    r = settle(writer);
    if (r < 0)
        store_writer_fail(writer, r);
    return index + 1;
}

static void store_writer_free(struct store_writer *writer)
{
    store_worker_stop(&writer->job_worker);
    store_space_done(&writer->space);
    store_segment_close(&writer->log.segment);
    store_map_clear(&writer->failed);
    handoff_done(&writer->inbox);
    free(writer);
}

static void init(struct store_writer *writer, const struct store_files *files,
                 const struct store_credentials *credentials, const struct store_options *options)
{
    uint64_t last_segment = files->end.next_segment - 1;

    if (last_segment < files->manifest.first_segment)
        last_segment = files->manifest.first_segment;
    writer->files = files;
    writer->options = *options;
    writer->job_context = (struct store_job_context){
        .directory = &files->directory,
        .keys = files->keys,
        .credentials = *credentials,
        .work = &writer->counters->work,
    };
    writer->log = (struct store_log){
        .directory = &files->directory,
        .keys = files->keys,
        .segment = {.fd = -1, .index = last_segment},
        .next_batch = files->end.next_batch,
    };
    writer->space.spare.fd = -1;
    writer->manifest = files->manifest;
    writer->next_generation = files->manifest.generation + 1;
    writer->failed = (struct store_map)STORE_MAP_EMPTY;
    writer->retry_at_usec = -1;
    writer->retry_usec = options->retry_usec;
    handoff_list_init(&writer->waiting);
    handoff_list_init(&writer->jobs);
}

int store_writer_start(struct store_writer **ret, const struct store_files *files,
                       const struct store_credentials *credentials,
                       const struct store_options *options, struct handoff *outbox,
                       struct store_counters *counters)
{
    struct store_writer *writer = calloc(1, sizeof(*writer));
    int r;

    if (!writer)
        return -ENOMEM;
    writer->outbox = outbox;
    writer->counters = counters;
    init(writer, files, credentials, options);
    r = handoff_init(&writer->inbox);
    if (r >= 0)
        r = store_space_start(&writer->space, files, options->segment_bytes, begin_log(writer),
                              &writer->inbox);
    if (r >= 0)
        r = store_schedule_start(writer);
    if (r >= 0) {
        store_space_make(&writer->space);
        r = store_thread_start(&writer->thread, run, writer);
    }
    if (r < 0) {
        store_writer_free(writer);
        return r;
    }
    *ret = writer;
    return 0;
}

void store_writer_push(struct store_writer *writer, struct handoff_node *first)
{
    handoff_push(&writer->inbox, first);
}

void store_writer_poke(struct store_writer *writer)
{
    handoff_poke(&writer->inbox);
}

void store_writer_stop(struct store_writer *writer)
{
    if (!writer)
        return;
    writer->stop_message.kind = STORE_MESSAGE_STOP;
    handoff_push(&writer->inbox, &writer->stop_message.node);
    (void)pthread_join(writer->thread, NULL); /* it is there, and ends */
    store_writer_free(writer);
}
