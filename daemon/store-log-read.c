/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the log: first finds every batch that can be proven, wherever it stands, and then decides
 * which of them count; see store-log.h for the rule.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/seal.h"
#include "daemon/store-listing.h"
#include "daemon/store-log.h"

#define LOST_BEFORE "acknowledged changes before this are damaged or missing"

/* A batch that was proven. */
struct found {
    uint64_t segment;
    uint64_t number;
    uint64_t offset;
    uint32_t bytes; /* of its submissions */
};

struct log_reader {
    const struct store_directory *directory;
    const struct store_keys *keys;
    const struct store_log_range *range;
    struct found *found;
    size_t found_count;
    unsigned char *data; /* of the segment that was read last */
    uint64_t data_bytes;
    uint64_t data_segment;
    struct store_log_end end;
    struct store_error *error;
};

static void log_reader_done(struct log_reader *reader)
{
    free(reader->found);
    free(reader->data);
}

/* Notes what was lost: the first damage stays, a mere cut gives way to what comes behind it. */
static void note(struct log_reader *reader, bool damaged, uint64_t segment, uint64_t offset,
                 const char *what)
{
    char name[STORE_NAME_MAX_BYTES + 1];

    if (reader->end.damaged)
        return;
    reader->end.damaged = damaged;
    store_segment_name(segment, name);
    (void)store_explain(&reader->end.error, -EBADMSG, name, (int64_t)offset, "%s",
                        what); /* the text is what is wanted */
}

/* Reads a whole segment into memory. 0: it is there and well; -EBADMSG: damaged, and noted. */
static int read_segment(struct log_reader *reader, uint64_t index)
{
    const struct store_io *io = reader->directory->io;
    struct store_segment segment;
    struct store_error error = {0};
    int r;

    if (reader->data_segment == index)
        return 0;
    r = store_segment_open(reader->directory, reader->keys, index, &segment, &error);
    if (r >= 0 && segment.bytes > STORE_SEGMENT_MAX_BYTES) {
        store_segment_close(&segment);
        r = -EBADMSG;
    }
    if (r < 0) {
        if (reader->error)
            *reader->error = error;
        return r;
    }
    if (segment.bytes != reader->data_bytes) {
        free(reader->data);
        reader->data = malloc(segment.bytes);
        reader->data_bytes = reader->data ? segment.bytes : 0;
    }
    ssize_t count =
        reader->data ? store_io_read(io, segment.fd, reader->data, segment.bytes, 0) : -ENOMEM;
    store_segment_close(&segment);
    reader->data_segment = count == (ssize_t)reader->data_bytes ? index : 0;
    if (reader->data_segment != 0)
        return 0;
    r = count < 0 ? (int)count : -EBADMSG;
    char name[STORE_NAME_MAX_BYTES + 1];
    store_segment_name(index, name);
    return store_explain(reader->error, r, name, -1, "cannot be read: %s", strerror(-r));
}

/* Whether a batch stands at an offset; fills in *ret. */
static bool prove_batch(const struct log_reader *reader, uint64_t offset, struct found *ret)
{
    unsigned char code[SEAL_TAG_BYTES];

    if (offset > reader->data_bytes || reader->data_bytes - offset < STORE_BATCH_HEAD_BYTES)
        return false;
    const unsigned char *head = reader->data + offset, *at = head;
    if (store_get32(&at) != STORE_BATCH_MAGIC)
        return false;
    uint32_t bytes = store_get32(&at);
    uint64_t number = store_get64(&at);
    at += STORE_SALT_BYTES;
    if (bytes > reader->data_bytes - offset - STORE_BATCH_HEAD_BYTES)
        return false;
    const struct iovec part = {.iov_base = reader->data + offset + STORE_BATCH_HEAD_BYTES,
                               .iov_len = bytes};
    store_log_authenticate(reader->keys, reader->data_segment, head, &part, 1, code);
    if (!seal_equal(code, at, sizeof(code)))
        return false;
    *ret = (struct found){
        .segment = reader->data_segment, .number = number, .offset = offset, .bytes = bytes};
    return true;
}

static bool is_zero(const unsigned char *data, uint64_t bytes)
{
    return bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0);
}

static int add_found(struct log_reader *reader, const struct found *found)
{
    if ((reader->found_count & (reader->found_count - 1)) == 0) {
        size_t room = reader->found_count == 0 ? 1 : 2 * reader->found_count;
        struct found *grown = reallocarray(reader->found, room, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        reader->found = grown;
    }
    reader->found[reader->found_count++] = *found;
    return 0;
}

/* Finds the batches of the segment that was read. *ret_end: where the last one ends. */
static int scan_segment(struct log_reader *reader, uint64_t *ret_end)
{
    uint64_t offset = STORE_BLOCK_BYTES, end = offset;
    struct found found;

    while (offset < reader->data_bytes) {
        if (!prove_batch(reader, offset, &found)) {
            offset += STORE_BLOCK_BYTES; /* one may stand behind what is damaged */
            continue;
        }
        /* A file is done with when a write fails: each batch was durable before the next. Of those
         * beyond the range some may be on their way. */
        if (offset > end &&
            (reader->range->until_batch == 0 || found.number < reader->range->until_batch))
            note(reader, true, found.segment, offset, LOST_BEFORE);
        int r = add_found(reader, &found);
        if (r < 0)
            return r;
        offset += store_log_span(found.bytes);
        end = offset;
    }
    *ret_end = end < reader->data_bytes ? end : reader->data_bytes;
    return 0;
}

/* Whether no more than one batch is left unproven from an offset on: another was only begun once
 * the first was durable. */
static bool is_one_write(const struct log_reader *reader, uint64_t offset)
{
    enum { NUMBERS = 1 << 20 }; /* that a batch here may have: what is sealed has none of them */
    uint64_t after = reader->found_count > 0 ? reader->found[reader->found_count - 1].number
                                             : reader->range->first_batch;

    while ((offset += STORE_BLOCK_BYTES) + STORE_BATCH_HEAD_BYTES <= reader->data_bytes) {
        const unsigned char *at = reader->data + offset;
        bool begins = store_get32(&at) == STORE_BATCH_MAGIC;

        at += 4;
        uint64_t number = store_get64(&at);
        if (begins && number > after && number - after < NUMBERS &&
            (reader->range->until_batch == 0 || number < reader->range->until_batch))
            return false;
    }
    return true;
}

/* Reads a segment of the range and notes what is in it. */
static int scan(struct log_reader *reader, uint64_t index)
{
    uint64_t end;
    int r;

    r = read_segment(reader, index);
    if (r == -EBADMSG || r == -EKEYREJECTED || r == -ENOENT || r == -EIO) {
        if (!reader->end.damaged)
            reader->end.error = *reader->error;
        reader->end.damaged = true;
        reader->end.empty_segment = 0;
        return 0;
    }
    if (r >= 0)
        r = scan_segment(reader, &end);
    if (r < 0)
        return r;
    reader->end.bytes += reader->data_bytes;
    bool clean = is_zero(reader->data + end, reader->data_bytes - end);
    if (!clean && is_one_write(reader, end))
        note(reader, false, index, end, "a write was not finished; it is left out");
    else if (!clean)
        note(reader, true, index, end, "acknowledged changes are damaged here");
    if (!clean || end > STORE_BLOCK_BYTES)
        reader->end.empty_segment = 0;
    else if (reader->end.empty_segment == 0)
        reader->end.empty_segment = index;
    return 0;
}

/* Reads all segments of the range. Of those that are missing in a row the first is looked at: their
 * number may be anything. */
static int scan_all(struct log_reader *reader)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    uint64_t next = reader->range->first_segment;
    int r;

    r = store_listing_read(reader->directory, &listing);
    if (r < 0)
        return store_explain(reader->error, r, ".", -1, "the directory cannot be listed: %s",
                             strerror(-r));
    for (size_t i = 0; i < listing.segment_count && r >= 0; i++) {
        uint64_t index = listing.segments[i];

        if (index < next)
            continue;
        reader->end.next_segment = index + 1;
        if (reader->range->until_segment != 0 && index >= reader->range->until_segment)
            continue;
        if (index > next)
            r = scan(reader, next);
        if (r >= 0)
            r = scan(reader, index);
        next = index + 1;
    }
    return r;
}

/* Leaves out what a later segment has again. */
static void drop_repeated(struct log_reader *reader)
{
    uint64_t limit = reader->range->until_batch == 0 ? UINT64_MAX : reader->range->until_batch;
    size_t kept = reader->found_count;

    for (size_t i = reader->found_count; i-- > 0;) {
        const struct found *found = &reader->found[i];
        bool first = i == 0 || reader->found[i - 1].segment != found->segment;

        if (found->number < limit)
            reader->found[--kept] = *found;
        if (first && found->number < limit)
            limit = found->number;
    }
    if (kept == 0)
        return;
    memmove(reader->found, reader->found + kept,
            (reader->found_count - kept) * sizeof(*reader->found));
    reader->found_count -= kept;
}

struct visit_entry {
    store_entry_visit_t visit;
    void *userdata;
    uint64_t *last_sequence;
};

static int visit_entry(const struct store_entry *entry, void *userdata)
{
    struct visit_entry *visit = userdata;

    if (entry->sequence > *visit->last_sequence)
        *visit->last_sequence = entry->sequence;
    return visit->visit(entry, visit->userdata);
}

static int explain_batch(const struct log_reader *reader, const struct found *found, int result,
                         const char *what)
{
    char name[STORE_NAME_MAX_BYTES + 1];

    store_segment_name(found->segment, name);
    return store_explain(reader->error, result, name, (int64_t)found->offset,
                         "batch %" PRIu64 " %s: %s", found->number, what, strerror(-result));
}

static int visit_batch(struct log_reader *reader, const struct found *found,
                       struct visit_entry *visit)
{
    struct found again;
    bool visit_failed = false;
    int r;

    r = read_segment(reader, found->segment);
    if (r < 0)
        return r;
    /* it may have been read again since, and not as it was */
    if (!prove_batch(reader, found->offset, &again) || again.number != found->number ||
        again.bytes != found->bytes)
        return explain_batch(reader, found, -EBADMSG, "was changed meanwhile");
    r = store_changes_walk(reader->data + found->offset + STORE_BATCH_HEAD_BYTES, found->bytes,
                           visit_entry, visit, &visit_failed);
    return r < 0
               ? explain_batch(reader, found, r, visit_failed ? "was not taken" : "makes no sense")
               : 0;
}

int store_log_read(const struct store_directory *directory, const struct store_keys *keys,
                   const struct store_log_range *range, store_entry_visit_t visit, void *userdata,
                   struct store_log_end *ret, struct store_error *ret_error)
{
    struct store_error error = {.offset = -1};
    CLEANUP(log_reader_done)
    struct log_reader reader = {
        .directory = directory,
        .keys = keys,
        .range = range,
        .error = ret_error ? ret_error : &error,
        .end = {.last_sequence = range->sequence,
                .next_batch = range->first_batch,
                .next_segment = range->first_segment,
                .error = {.offset = -1}},
    };
    struct visit_entry each = {
        .visit = visit, .userdata = userdata, .last_sequence = &reader.end.last_sequence};
    int r;

    r = scan_all(&reader);
    if (r < 0)
        return r;
    drop_repeated(&reader);
    for (size_t i = 0; i < reader.found_count; i++) {
        const struct found *found = &reader.found[i];

        if (found->number != reader.end.next_batch)
            note(&reader, true, found->segment, found->offset, LOST_BEFORE);
        if (found->number < reader.end.next_batch)
            continue;
        r = visit_batch(&reader, found, &each);
        if (r < 0)
            return r;
        reader.end.next_batch = found->number + 1;
        reader.end.last_segment = found->segment;
        reader.end.last_offset = found->offset;
        reader.end.last_bytes = STORE_BATCH_HEAD_BYTES + (uint64_t)found->bytes;
    }
    *ret = reader.end;
    return 0;
}

int store_log_repeat_last(struct store_log *log, const struct store_log_end *end)
{
    const struct store_io *io = log->directory->io;
    char name[STORE_NAME_MAX_BYTES + 1];
    struct iovec parts[2];

    if (end->last_segment == 0)
        return 0;
    if (end->last_bytes > store_log_room(log))
        return -EFBIG;
    store_segment_name(end->last_segment, name);
    CLEANUP(closep)
    int fd = io->open(io, log->directory->fd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    CLEANUP(freep) unsigned char *batch = malloc(end->last_bytes);
    if (!batch)
        return -ENOMEM;
    ssize_t count = store_io_read(io, fd, batch, end->last_bytes, (off_t)end->last_offset);
    if (count != (ssize_t)end->last_bytes)
        return count < 0 ? (int)count : -EIO;
    parts[1] = (struct iovec){.iov_base = batch + STORE_BATCH_HEAD_BYTES,
                              .iov_len = end->last_bytes - STORE_BATCH_HEAD_BYTES};
    log->next_batch = end->next_batch - 1;
    int r = store_log_write(log, parts, ELEMENTS(parts));
    log->next_batch = end->next_batch;
    return r;
}
