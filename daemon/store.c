/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store: a queue of submissions, their commit to the log, when checkpoints are made, and what
 * happens when the disk does not take something. The files are store-files.c's.
 *
 * Long because queue, failure and retry change each other: whoever changes one has to see all
 * three.
 */
#include <config.h>

#include "daemon/store.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/seal.h"
#include "daemon/store-files.h"
#include "daemon/store-internal.h"
#include "daemon/store-log.h"

#define LOG_LIMIT_BYTES     (UINT64_C(8) << 20)
#define RETRY_USEC          UINT64_C(5000000)
#define RETRY_MAX_USEC      UINT64_C(60000000)
#define RETRY_ACCURACY_USEC UINT64_C(1000)
#define COMMIT_PARTS_MAX    IOV_MAX /* records of one write */

const struct store_options store_options_default = {
    .io = &store_io_system,
    .log_limit_bytes = LOG_LIMIT_BYTES,
    .retry_usec = RETRY_USEC,
    .retry_max_usec = RETRY_MAX_USEC,
};

struct submission {
    STAILQ_ENTRY(submission) next;
    store_done_t done;
    void *userdata;
    int result;
    uint64_t sequence;
    size_t change_count;
    size_t record_bytes;    /* 0: a barrier, or submitted while the disk took nothing */
    unsigned char record[]; /* sealed */
};

STAILQ_HEAD(queue, submission);

struct store {
    sd_event *event;
    sd_event_source *commit_source; /* on when something waits to be committed or to be told */
    sd_event_source *retry_source;
    struct store_callbacks callbacks;
    struct store_options options;
    struct store_files files;
    bool loaded;
    uint64_t log_limit_bytes; /* at which the next checkpoint is due */
    struct queue waiting;     /* to be committed */
    struct queue finished;    /* to be told */

    int failure; /* 0, or why the disk takes nothing */
    bool told;   /* the owner knows of the failure */
    uint64_t retry_usec;
    struct store_statistics statistics;
};

/* Has the event loop come by. */
static void schedule(struct store *store)
{
    /* It fails only when the loop has ended; store_close() does what is left then. */
    (void)sd_event_source_set_enabled(store->commit_source, SD_EVENT_ONESHOT);
}

static void schedule_retry(struct store *store)
{
    int r = sd_event_source_set_time_relative(store->retry_source, store->retry_usec);
    if (r >= 0)
        r = sd_event_source_set_enabled(store->retry_source, SD_EVENT_ONESHOT);
    if (r < 0)
        log_line(LOG_ERR, "store: no timer for another try to write: %s", strerror(-r));
    store->retry_usec *= 2;
    if (store->retry_usec > store->options.retry_max_usec)
        store->retry_usec = store->options.retry_max_usec;
}

/* The disk did not take something that counts: the current log is done with for good. */
static void stop(struct store *store, int result)
{
    store_files_stop(&store->files);
    store->statistics.failures++;
    if (store->failure == 0) {
        log_line(LOG_ERR, "store: the disk does not take changes: %s", strerror(-result));
        store->failure = result;
        store->retry_usec = store->options.retry_usec;
        schedule_retry(store);
        schedule(store);
    }
}

/* Appends all records that wait and syncs once. */
static int write_waiting(struct store *store)
{
    struct iovec parts[COMMIT_PARTS_MAX];
    struct submission *submission;
    size_t count = 0, total = 0;
    int r;

    STAILQ_FOREACH(submission, &store->waiting, next)
    {
        if (submission->record_bytes == 0)
            continue;
        parts[count++] =
            (struct iovec){.iov_base = submission->record, .iov_len = submission->record_bytes};
        total++;
        if (count == ELEMENTS(parts)) {
            r = store_log_append(store->files.log, parts, count);
            if (r < 0)
                return r;
            count = 0;
        }
    }
    if (total == 0)
        return 0;
    r = store_log_append(store->files.log, parts, count);
    if (r < 0)
        return r;
    r = store_log_sync(store->files.log);
    if (r < 0)
        return r;
    store->statistics.commits++;
    return 0;
}

/* Commits all that waits. Completions are told later, by tell(). */
static void commit(struct store *store)
{
    struct submission *submission;
    int r = 0;

    if (STAILQ_EMPTY(&store->waiting))
        return;
    if (store->failure == 0) {
        r = write_waiting(store);
        if (r < 0)
            stop(store, r);
    } else
        r = -EIO;

    while ((submission = STAILQ_FIRST(&store->waiting))) {
        STAILQ_REMOVE_HEAD(&store->waiting, next);
        if (submission->record_bytes == 0 && submission->change_count > 0)
            submission->result = -EIO;
        else
            submission->result = r;
        if (submission->result == 0 && submission->change_count > 0) {
            store->statistics.sequence = submission->sequence;
            store->statistics.changes += submission->change_count;
        }
        STAILQ_INSERT_TAIL(&store->finished, submission, next);
    }
}

/* Tells the owner that the disk takes nothing, or takes changes again. */
static void tell_availability(struct store *store)
{
    if (store->told == (store->failure != 0))
        return;
    store->told = store->failure != 0;
    store->callbacks.availability(store->failure, store->callbacks.userdata);
}

/*
 * Tells the owner about finished submissions and about the disk: of a failure first, so that it
 * knows why they failed; of the end of one last, since what failed before is in the checkpoint that
 * ended it.
 */
static void tell(struct store *store)
{
    struct submission *submission;

    if (store->failure != 0)
        tell_availability(store);
    while ((submission = STAILQ_FIRST(&store->finished))) {
        STAILQ_REMOVE_HEAD(&store->finished, next);
        if (submission->done)
            submission->done(submission->result, submission->userdata);
        free(submission);
    }
    tell_availability(store);
}

/* A checkpoint of the owner's live set; what it holds is committed first, in the order it came. */
static int checkpoint_now(struct store *store)
{
    bool was_available = store->failure == 0;
    int r;

    commit(store);
    schedule(store);
    if (was_available && store->failure != 0)
        return store->failure; /* the owner is told of this before it is mended */
    r = store_files_renew(&store->files, store->callbacks.snapshot, store->callbacks.userdata);
    if (r < 0) {
        if (was_available && !store->files.log)
            stop(store, r);
        else
            store->statistics.failures++;
        return r;
    }
    store->failure = 0;
    store->log_limit_bytes = store->options.log_limit_bytes;
    store->statistics.sequence = store->files.manifest.sequence;
    store->statistics.checkpoints++;
    if (!was_available) {
        log_line(LOG_NOTICE, "store: the disk takes changes again");
        (void)sd_event_source_set_enabled(store->retry_source, SD_EVENT_OFF); /* as schedule() */
    }
    return 0;
}

static int on_commit(sd_event_source *source, void *userdata)
{
    struct store *store = userdata;
    int r;

    (void)source; /* there is one */
    commit(store);
    tell(store);
    if (store->files.log && store_log_bytes(store->files.log) > store->log_limit_bytes) {
        r = checkpoint_now(store);
        if (r < 0 && store->files.log) {
            /* the log is good for more; another try when it has grown as much again */
            store->log_limit_bytes =
                store_log_bytes(store->files.log) + store->options.log_limit_bytes;
            log_line(LOG_WARNING, "store: no checkpoint could be made: %s", strerror(-r));
        }
    }
    return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct store *store = userdata;
    int r;

    (void)source; /* there is one */
    (void)usec;   /* it is due, however late */
    if (store->failure == 0)
        return 0;
    r = checkpoint_now(store);
    if (r < 0) {
        log_line(LOG_WARNING, "store: the disk still does not take changes: %s", strerror(-r));
        schedule_retry(store);
    }
    return 0;
}

/* The event sources, both off. */
static int add_sources(struct store *store)
{
    int r;

    r = sd_event_add_defer(store->event, &store->commit_source, on_commit, store);
    if (r >= 0) /* logins wait for it, and go before all else */
        r = sd_event_source_set_priority(store->commit_source, SD_EVENT_PRIORITY_IMPORTANT);
    if (r >= 0)
        r = sd_event_source_set_enabled(store->commit_source, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_time_relative(store->event, &store->retry_source, CLOCK_BOOTTIME, 0,
                                       RETRY_ACCURACY_USEC, on_retry, store);
    if (r >= 0)
        r = sd_event_source_set_enabled(store->retry_source, SD_EVENT_OFF);
    return r;
}

/* Nothing waits. Accepts NULL. */
static void store_free(struct store *store)
{
    if (!store)
        return;
    (void)sd_event_source_disable_unref(store->commit_source); /* always NULL */
    (void)sd_event_source_disable_unref(store->retry_source);
    (void)sd_event_unref(store->event);
    store_files_done(&store->files);
    free(store);
}

static void store_freep(struct store **store)
{
    store_free(*store);
}

int store_open_with_options(struct store **ret, sd_event *event, const char *directory,
                            const char *credential_path, const struct store_callbacks *callbacks,
                            const struct store_options *options, struct store_error *ret_error)
{
    int r;

    r = seal_init();
    if (r < 0)
        return store_explain(ret_error, r, directory, -1, "libsodium cannot be used here");
    CLEANUP(store_freep) struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return store_explain(ret_error, -ENOMEM, directory, -1, "out of memory");
    store->files = (struct store_files){.lock_fd = -1, .directory.fd = -1};
    store->callbacks = *callbacks;
    store->options = *options;
    store->event = sd_event_ref(event);
    STAILQ_INIT(&store->waiting);
    STAILQ_INIT(&store->finished);
    r = add_sources(store);
    if (r < 0)
        return store_explain(ret_error, r, directory, -1, "no event source: %s", strerror(-r));
    r = store_files_open(&store->files, directory, credential_path, options->io, ret_error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(store);
    return 0;
}

int store_open(struct store **ret, sd_event *event, const char *directory,
               const char *credential_path, const struct store_callbacks *callbacks,
               struct store_error *ret_error)
{
    return store_open_with_options(ret, event, directory, credential_path, callbacks,
                                   &store_options_default, ret_error);
}

int store_load(struct store *store, store_visit_t visit, void *userdata,
               struct store_error *ret_error)
{
    uint64_t checkpoint = store->files.manifest.sequence;
    int r, written;

    assert(!store->loaded);
    r = store_files_load(&store->files, visit, userdata, &written, ret_error);
    if (r < 0)
        return r;
    store->loaded = true;
    store->log_limit_bytes = store->options.log_limit_bytes;
    store->statistics.sequence = store->files.last_sequence;
    store->statistics.checkpoints = store->files.manifest.sequence != checkpoint;
    if (written < 0)
        stop(store, written);
    return 0;
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

int store_submit(struct store *store, const struct store_change *changes, size_t count,
                 store_done_t done, void *userdata)
{
    assert(store->loaded);
    if (!changes_valid(changes, count))
        return -EINVAL;

    size_t record_bytes =
        store->failure == 0 && count > 0 ? store_log_record_bytes(changes, count) : 0;
    struct submission *submission = malloc(sizeof(*submission) + record_bytes);
    if (!submission)
        return -ENOMEM;
    *submission = (struct submission){
        .done = done, .userdata = userdata, .change_count = count, .record_bytes = record_bytes};
    if (record_bytes > 0) {
        submission->sequence = ++store->files.last_sequence;
        store_log_encode(store->files.keys, submission->sequence, changes, count,
                         submission->record);
    }
    STAILQ_INSERT_TAIL(&store->waiting, submission, next);
    schedule(store);
    return 0;
}

int store_checkpoint(struct store *store)
{
    assert(store->loaded);
    return checkpoint_now(store);
}

void store_derive_key(const struct store *store, uint64_t purpose, unsigned char *ret)
{
    seal_derive(store->files.keys->owner, purpose, ret);
}

bool store_available(const struct store *store)
{
    return store->failure == 0;
}

void store_get_statistics(const struct store *store, struct store_statistics *ret)
{
    *ret = store->statistics;
    ret->log_bytes = store->files.log ? store_log_bytes(store->files.log) : 0;
    ret->checkpoint_records = store->files.manifest.record_count;
    ret->available = store->failure == 0;
}

void store_close(struct store *store)
{
    while (store && (!STAILQ_EMPTY(&store->waiting) || !STAILQ_EMPTY(&store->finished))) {
        commit(store); /* a completion may submit something more */
        tell(store);
    }
    store_free(store);
}
