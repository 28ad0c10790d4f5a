/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Submissions on their way to the log: what fits is committed in one go; what is not taken is kept,
 * to be written when the disk takes changes again, and is given back as failed.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "common/macro.h"
#include "daemon/store-writer-internal.h"

enum { PARTS_MAX = 256 }; /* submissions of a batch, and its head */

static struct store_submission *first_waiting(const struct store_writer *writer)
{
    return (struct store_submission *)(void *)writer->waiting.first;
}

static uint64_t free_bytes(const struct store_writer *writer)
{
    return store_log_room(&writer->log) + store_space_free(&writer->space);
}

static int keep_failed(const struct store_entry *entry, void *userdata)
{
    return store_map_put(userdata, entry);
}

static int forget_failed(const struct store_entry *entry, void *userdata)
{
    store_map_drop(userdata, entry);
    return 0;
}

static void give_back(struct store_writer *writer, struct store_submission *submission, int result)
{
    submission->result = result;
    handoff_push(writer->outbox, &submission->message.node);
}

/* Whether everything before it is durable, what was read at the start included: for one that is
 * essential, everything essential. */
static int barrier_result(const struct store_writer *writer, enum store_urgency urgency)
{
    bool failed = urgency == STORE_ESSENTIAL ? writer->essential_failed
                                             : !store_map_is_empty(&writer->failed);

    return failed || writer->unsettled || writer->dropped ? -EIO : 0;
}

/*
 * Gives the first waiting submission back as not durable; what it would have changed is kept, to be
 * written when the disk takes changes again. False: there is no memory for that, and it waits on.
 */
static bool give_up(struct store_writer *writer, int result)
{
    struct store_submission *submission = first_waiting(writer);
    bool visit_failed;

    if (submission->bytes == 0)
        result = barrier_result(writer, submission->urgency);
    else if (submission->urgency == STORE_ESSENTIAL)
        writer->essential_failed = true;
    if (store_changes_walk(submission->data, submission->bytes, keep_failed, &writer->failed,
                           &visit_failed) < 0) {
        if (!atomic_load(&writer->counters->work.cancelled)) {
            store_writer_retry_later(writer);
            return false;
        }
        writer->dropped = true; /* nobody will write it any more */
    }
    (void)handoff_list_take(&writer->waiting); /* it is the first */
    give_back(writer, submission, result);
    return true;
}

/* Whether a submission may be written now, behind so many bytes of a batch, as far as space is
 * concerned. */
static bool has_space(const struct store_writer *writer, const struct store_submission *submission,
                      uint64_t batch_bytes)
{
    if (submission->urgency == STORE_ESSENTIAL || submission->bytes == 0 ||
        (writer->space.failure == 0 && writer->failure == 0))
        return true;
    return writer->failure == 0 &&
           free_bytes(writer) >= writer->options.reserve_bytes + batch_bytes + submission->bytes;
}

/* Gathers what fits into the next batch. Returns how many submissions, *ret_parts of which have
 * bytes; 0: the first one does not fit. */
static size_t gather(const struct store_writer *writer, struct iovec parts[PARTS_MAX],
                     size_t *ret_parts)
{
    uint64_t room = store_log_room(&writer->log), bytes = STORE_BATCH_HEAD_BYTES;
    size_t count = 0, part_count = 1;

    if (room > STORE_BATCH_MAX_BYTES)
        room = STORE_BATCH_MAX_BYTES;
    for (struct handoff_node *node = writer->waiting.first; node; node = node->next) {
        struct store_submission *submission = (struct store_submission *)(void *)node;

        if (bytes + submission->bytes > room || part_count == PARTS_MAX ||
            !has_space(writer, submission, bytes))
            break;
        bytes += submission->bytes;
        if (submission->bytes > 0)
            parts[part_count++] =
                (struct iovec){.iov_base = submission->data, .iov_len = submission->bytes};
        count++;
    }
    *ret_parts = part_count;
    return count;
}

static void complete(struct store_writer *writer, size_t count)
{
    struct handoff_node *first = NULL, **last = &first;
    bool visit_failed;

    while (count-- > 0) {
        struct handoff_node *node = handoff_list_take(&writer->waiting);
        struct store_submission *submission = (struct store_submission *)(void *)node;

        if (!store_map_is_empty(&writer->failed))
            (void)store_changes_walk(submission->data, submission->bytes, forget_failed,
                                     &writer->failed, &visit_failed); /* it made sense before */
        submission->result =
            submission->bytes > 0 ? 0 : barrier_result(writer, submission->urgency);
        if (submission->bytes > 0)
            atomic_store(&writer->counters->sequence, submission->sequence);
        atomic_fetch_add(&writer->counters->changes, submission->change_count);
        *last = node;
        last = &node->next;
    }
    handoff_push(writer->outbox, first);
}

/* Writes a batch. When that fails nobody knows what is on the disk, and the file is done with. */
static int write_batch(struct store_writer *writer, struct iovec *parts, size_t count)
{
    int r = store_log_write(&writer->log, parts, count);

    if (r < 0)
        store_writer_stopped(writer);
    else
        atomic_fetch_add(&writer->counters->commits, 1);
    atomic_store(&writer->counters->log_bytes, store_writer_log_bytes(writer));
    return r;
}

/* Commits one batch. False: nothing more can be done now. */
static bool commit_batch(struct store_writer *writer)
{
    struct iovec parts[PARTS_MAX];
    size_t part_count, count;
    int r = 0;

    if (writer->log.segment.fd < 0 || writer->unsettled)
        return give_up(writer, writer->failure);
    if (!has_space(writer, first_waiting(writer), STORE_BATCH_HEAD_BYTES)) {
        if (writer->failure == 0)
            store_writer_fail(writer, writer->space.failure);
        return give_up(writer, writer->failure);
    }
    count = gather(writer, parts, &part_count);
    if (count == 0) {
        if (store_writer_rotate(writer))
            return true;
        if (writer->space.making)
            return false; /* it comes */
        if (writer->failure == 0)
            store_writer_fail(writer, writer->space.failure != 0 ? writer->space.failure : -ENOSPC);
        return give_up(writer, writer->failure);
    }
    if (part_count > 1)
        r = write_batch(writer, parts, part_count);
    if (r >= 0) {
        complete(writer, count);
        return true;
    }
    store_writer_fail(writer, r);
    while (count-- > 0)
        if (!give_up(writer, r))
            return false;
    return true;
}

void store_commit(struct store_writer *writer)
{
    while (writer->waiting.first && commit_batch(writer))
        ;
}

/* Bytes of everything that failed, as it is written back. */
static uint64_t failed_bytes(const struct store_writer *writer)
{
    struct store_entry entry;
    uint64_t bytes = 0;

    for (struct store_map_node *node = store_map_first(&writer->failed); node;
         node = store_map_next(node)) {
        store_map_get(node, &entry);
        bytes += store_entry_bytes(&entry);
    }
    return bytes;
}

/* Puts as much of what failed as fits into a batch. Returns how many bytes. */
static size_t gather_failed(const struct store_writer *writer, uint64_t room, unsigned char *data)
{
    struct store_entry entry;
    size_t bytes = 0;

    for (struct store_map_node *node = store_map_first(&writer->failed); node;
         node = store_map_next(node)) {
        store_map_get(node, &entry);
        if (STORE_BATCH_HEAD_BYTES + bytes + store_entry_bytes(&entry) > room)
            break;
        store_entry_encode(&entry, data + bytes);
        bytes += store_entry_bytes(&entry);
    }
    return bytes;
}

int store_commit_failed(struct store_writer *writer)
{
    CLEANUP(freep) unsigned char *data = NULL;
    bool visit_failed;

    if (store_map_is_empty(&writer->failed))
        return 0;
    data = malloc(STORE_BATCH_MAX_BYTES);
    if (!data)
        return -ENOMEM;
    /* In one batch, if one can hold it: what was submitted together stays together. */
    if (STORE_BATCH_HEAD_BYTES + failed_bytes(writer) > store_log_room(&writer->log))
        (void)store_writer_rotate(writer); /* where it cannot, it takes several */
    while (!store_map_is_empty(&writer->failed)) {
        uint64_t room = store_log_room(&writer->log);
        size_t bytes = gather_failed(
            writer, room < STORE_BATCH_MAX_BYTES ? room : STORE_BATCH_MAX_BYTES, data);
        struct iovec parts[2] = {[1] = {.iov_base = data, .iov_len = bytes}};

        if (bytes == 0 && !store_writer_rotate(writer))
            return -ENOSPC;
        if (bytes == 0)
            continue;
        int r = write_batch(writer, parts, ELEMENTS(parts));
        if (r < 0)
            return r;
        (void)store_changes_walk(data, bytes, forget_failed, &writer->failed,
                                 &visit_failed); /* it was made here */
    }
    return 0;
}
