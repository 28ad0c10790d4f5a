/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store as the event loop sees it: what is submitted goes to the store's own thread, what it is
 * done with comes back and is told. Nothing here waits for the disk but store_load() and
 * store_close().
 */
#include <config.h>

#include "daemon/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/handoff.h"
#include "daemon/seal.h"
#include "daemon/store-files.h"
#include "daemon/store-internal.h"
#include "daemon/store-record.h"
#include "daemon/store-writer.h"

#define SEGMENT_BYTES   (UINT64_C(4) << 20)
#define RESERVE_BYTES   (UINT64_C(1) << 20)
#define LOG_LIMIT_BYTES (UINT64_C(64) << 20)
#define RETRY_USEC      UINT64_C(5000000)
#define RETRY_MAX_USEC  UINT64_C(60000000)

const struct store_options store_options_default = {
    .io = &store_io_system,
    .segment_bytes = SEGMENT_BYTES,
    .reserve_bytes = RESERVE_BYTES,
    .log_limit_bytes = LOG_LIMIT_BYTES,
    .retry_usec = RETRY_USEC,
    .retry_max_usec = RETRY_MAX_USEC,
};

enum { GATHERED_MAX = 32 };

struct store {
    sd_event *event;
    sd_event_source *source; /* of what comes back */
    struct store_callbacks callbacks;
    struct store_options options;
    struct store_credentials credentials;
    struct store_files files;
    struct store_counters counters;
    struct handoff outbox; /* what the writer is done with */
    struct store_writer *writer;
    uint64_t last_sequence;
    size_t under_way; /* messages that have not come back */

    bool telling;                 /* what is submitted meanwhile goes to the writer */
    struct handoff_list gathered; /* some at a time: */
    size_t gathered_count;        /* no more than GATHERED_MAX */

    uint32_t stopped_told; /* how much of counters.stopped the owner knows of */
    bool available;        /* as the owner was told */
};

static void push_gathered(struct store *store)
{
    if (store->gathered.first)
        store_writer_push(store->writer, store->gathered.first);
    handoff_list_init(&store->gathered);
    store->gathered_count = 0;
}

/* Each hand-over may have to wake the writer, which would then begin with less than there is. */
static void push(struct store *store, struct store_message *message)
{
    handoff_list_add(&store->gathered, &message->node);
    store->under_way++;
    if (!store->telling || ++store->gathered_count == GATHERED_MAX)
        push_gathered(store);
}

static void tell_job(struct store_job_message *job)
{
    job->done(job->result, &job->report, job->userdata);
    closep(&job->report.fd); /* where it was not taken */
    free(job);
}

static void tell_message(struct store *store, struct handoff_node *node)
{
    struct store_message *message = (struct store_message *)(void *)node;

    store->under_way--;
    if (message->kind != STORE_MESSAGE_SUBMISSION) {
        tell_job((struct store_job_message *)(void *)message);
        return;
    }
    struct store_submission *submission = (struct store_submission *)(void *)message;
    if (submission->done)
        submission->done(submission->result, submission->userdata);
    free(submission);
}

static void tell_availability(struct store *store, int result)
{
    store->available = result == 0;
    store->callbacks.availability(result, store->callbacks.userdata);
}

/*
 * Tells the owner what has come back: of a failure first, so that it knows why submissions failed;
 * of the end of one last, when all that failed before is told. That order takes the counters to be
 * read on either side of the messages.
 */
static void tell(struct store *store)
{
    uint32_t resumed = atomic_load(&store->counters.resumed);
    struct handoff_node *node = handoff_take(&store->outbox);
    uint32_t stopped = atomic_load(&store->counters.stopped);

    store->telling = true;
    if (stopped != store->stopped_told && store->available)
        tell_availability(store, atomic_load(&store->counters.stopped_result));
    store->stopped_told = stopped;
    while (node) {
        struct handoff_node *next = node->next;

        tell_message(store, node);
        node = next;
    }
    if (!store->available && resumed == stopped)
        tell_availability(store, 0);
    store->telling = false;
    push_gathered(store);
    /* what woke for a later one may be used up */
    if (atomic_load(&store->counters.resumed) != resumed)
        handoff_poke(&store->outbox);
}

static int on_outbox(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    (void)source; /* there is one */
    (void)fd;
    (void)events; /* it is readable */
    tell(userdata);
    return 0;
}

static void store_free(struct store *store)
{
    if (!store)
        return;
    store_writer_stop(store->writer);
    sd_event_source_disable_unref(store->source);
    sd_event_unref(store->event);
    handoff_done(&store->outbox);
    store_files_done(&store->files);
    free(store);
}

static void store_freep(struct store **store)
{
    store_free(*store);
}

int store_open_with_options(struct store **ret, sd_event *event, const char *directory,
                            const struct store_credentials *credentials,
                            const struct store_callbacks *callbacks,
                            const struct store_options *options, struct store_error *ret_error)
{
    int r;

    r = seal_init();
    if (r < 0)
        return store_explain(ret_error, r, directory, -1, "libsodium cannot be used: %s",
                             strerror(-r));
    CLEANUP(store_freep) struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return store_explain(ret_error, -ENOMEM, directory, -1, "out of memory");
    store->event = sd_event_ref(event);
    store->callbacks = *callbacks;
    store->options = *options;
    store->credentials = *credentials;
    store->outbox.fd = -1;
    store->available = true;
    handoff_list_init(&store->gathered);
    r = store_files_open(&store->files, directory, credentials, options->io, ret_error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(store);
    return 0;
}

int store_open(struct store **ret, sd_event *event, const char *directory,
               const struct store_credentials *credentials, const struct store_callbacks *callbacks,
               struct store_error *ret_error)
{
    return store_open_with_options(ret, event, directory, credentials, callbacks,
                                   &store_options_default, ret_error);
}

static int start(struct store *store)
{
    int r;

    r = handoff_init(&store->outbox);
    if (r < 0)
        return r;
    r = sd_event_add_io(store->event, &store->source, store->outbox.fd, EPOLLIN, on_outbox, store);
    if (r >= 0) /* logins wait for it, and go before all else */
        r = sd_event_source_set_priority(store->source, SD_EVENT_PRIORITY_IMPORTANT);
    return r < 0 ? r
                 : store_writer_start(&store->writer, &store->files, &store->credentials,
                                      &store->options, &store->outbox, &store->counters);
}

int store_load(struct store *store, store_visit_t visit, void *userdata,
               struct store_error *ret_error)
{
    const struct store_files *files = &store->files;
    int r;

    assert(!store->writer);
    r = store_files_load(&store->files, visit, userdata, ret_error);
    if (r < 0)
        return r;
    store->last_sequence = files->end.last_sequence;
    atomic_store(&store->counters.sequence, store->last_sequence);
    atomic_store(&store->counters.checkpoint_records, files->manifest.record_count);
    atomic_store(&store->counters.checkpoint_bytes, files->manifest.file_bytes);
    r = start(store);
    return r < 0 ? store_explain(ret_error, r, "", -1, "the store's threads cannot be started: %s",
                                 strerror(-r))
                 : 0;
}

const struct store_error *store_damage(const struct store *store)
{
    return store->files.damage.message[0] == '\0' ? NULL : &store->files.damage;
}

bool store_was_restored(const struct store *store)
{
    return store->files.restored;
}

static bool changes_valid(const struct store_change *changes, size_t count)
{
    if (count > STORE_CHANGES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t key_bytes = strnlen(changes[i].key, STORE_KEY_MAX_BYTES + 1);

        if (key_bytes == 0 || key_bytes > STORE_KEY_MAX_BYTES)
            return false;
        if (changes[i].value && changes[i].value_bytes > STORE_VALUE_MAX_BYTES)
            return false;
    }
    return true;
}

int store_submit(struct store *store, enum store_urgency urgency,
                 const struct store_change *changes, size_t count, store_done_t done,
                 void *userdata)
{
    assert(store->writer);
    if (!changes_valid(changes, count))
        return -EINVAL;
    size_t bytes = store_changes_bytes(changes, count);
    if (bytes > STORE_SUBMISSION_MAX_BYTES)
        return -EMSGSIZE;
    struct store_submission *submission = malloc(sizeof(*submission) + bytes);
    if (!submission)
        return -ENOMEM;
    *submission = (struct store_submission){
        .message.kind = STORE_MESSAGE_SUBMISSION,
        .urgency = urgency,
        .done = done,
        .userdata = userdata,
        .change_count = count,
        .bytes = bytes,
    };
    if (count > 0) {
        submission->sequence = ++store->last_sequence;
        store_changes_encode(submission->sequence, changes, count, submission->data);
    }
    push(store, &submission->message);
    return 0;
}

int store_start_job(struct store *store, enum store_job kind, store_job_done_t done, void *userdata)
{
    assert(store->writer && done);
    struct store_job_message *job = calloc(1, sizeof(*job));
    if (!job)
        return -ENOMEM;
    job->message.kind = STORE_MESSAGE_JOB;
    job->kind = kind;
    job->done = done;
    job->userdata = userdata;
    job->report.fd = -1;
    push(store, &job->message);
    return 0;
}

void store_derive_key(const struct store *store, uint64_t purpose, unsigned char *ret)
{
    seal_derive(store->files.keys->owner, purpose, ret);
}

void store_get_statistics(const struct store *store, struct store_statistics *ret)
{
    const struct store_counters *counters = &store->counters;

    *ret = (struct store_statistics){
        .sequence = atomic_load(&counters->sequence),
        .log_bytes = atomic_load(&counters->log_bytes),
        .commits = atomic_load(&counters->commits),
        .changes = atomic_load(&counters->changes),
        .failures = atomic_load(&counters->failures),
        .checkpoints = atomic_load(&counters->checkpoints),
        .checkpoint_records = atomic_load(&counters->checkpoint_records),
        .checkpoint_bytes = atomic_load(&counters->checkpoint_bytes),
        .job_done_bytes = atomic_load(&counters->work.done_bytes),
        .job_total_bytes = atomic_load(&counters->work.total_bytes),
        .available = store->available,
    };
}

void store_close(struct store *store)
{
    if (store && store->writer) {
        atomic_store(&store->counters.work.cancelled, true);
        store_writer_poke(store->writer);
    }
    while (store && store->under_way > 0) {
        handoff_wait(&store->outbox, -1);
        tell(store); /* a completion may submit something more */
    }
    store_free(store);
}
