/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The write-ahead log's bytes, written and read. When a log is begun and removed is store.c's
 * business.
 *
 *   header: magic, version, key ID, first sequence, checksum of these
 *   record: length of the sealed part, sequence, checksum of these two and the sealed part; sealed
 *   sealed: count, then for each change: key length, value length, key, value
 *
 * The checksum tells a torn record from a whole one without any key; the seal, which is tied to
 * version and sequence, is what proves it.
 */
#include <config.h>

#include "daemon/store-log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"

enum {
    LOG_VERSION = 1,
    LOG_SUMMED_BYTES = STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES + 8, /* of the header */
    LOG_HEADER_BYTES = LOG_SUMMED_BYTES + SEAL_CHECKSUM_BYTES,
    RECORD_SUMMED_BYTES = 4 + 8, /* length and sequence */
    RECORD_HEAD_BYTES = RECORD_SUMMED_BYTES + SEAL_CHECKSUM_BYTES,
    CHANGE_HEAD_BYTES = 4 + 4,
    SEALED_MIN_BYTES = SEAL_OVERHEAD_BYTES + 4,
    SEALED_MAX_BYTES =
        SEALED_MIN_BYTES +
        STORE_CHANGES_MAX * (CHANGE_HEAD_BYTES + STORE_KEY_MAX_BYTES + STORE_VALUE_MAX_BYTES),
    ASSOCIATED_BYTES = STORE_MAGIC_BYTES + 4 + 8,
};

#define VALUE_REMOVED UINT32_MAX /* in the place of a value's length */

static const char log_magic[STORE_MAGIC_BYTES] = "sessmgrL";

struct store_log {
    const struct store_io *io; /* borrowed */
    int fd;
    uint64_t first_sequence;
    uint64_t bytes;
};

static void log_name(uint64_t first_sequence, char *ret)
{
    (void)snprintf(ret, STORE_NAME_MAX_BYTES + 1, STORE_LOG_PREFIX "%" PRIu64,
                   first_sequence); /* fits */
}

static void checksum(const void *head, size_t head_bytes, const void *rest, size_t rest_bytes,
                     unsigned char *ret)
{
    struct seal_hash hash;

    seal_hash_start(&hash, NULL, SEAL_CHECKSUM_BYTES);
    seal_hash_add(&hash, head, head_bytes);
    if (rest_bytes > 0)
        seal_hash_add(&hash, rest, rest_bytes);
    seal_hash_end(&hash, ret, SEAL_CHECKSUM_BYTES);
}

/* What a record's seal is tied to. */
static void associate(uint64_t sequence, unsigned char *ret)
{
    store_put_bytes(&ret, log_magic, STORE_MAGIC_BYTES);
    store_put32(&ret, LOG_VERSION);
    store_put64(&ret, sequence);
}

size_t store_log_record_bytes(const struct store_change *changes, size_t count)
{
    size_t bytes = RECORD_HEAD_BYTES + SEALED_MIN_BYTES;

    for (size_t i = 0; i < count; i++)
        bytes += CHANGE_HEAD_BYTES + strlen(changes[i].key) +
                 (changes[i].value ? changes[i].value_bytes : 0);
    return bytes;
}

void store_log_encode(const struct store_keys *keys, uint64_t sequence,
                      const struct store_change *changes, size_t count, unsigned char *record)
{
    size_t sealed_bytes = store_log_record_bytes(changes, count) - RECORD_HEAD_BYTES;
    unsigned char *sealed = record + RECORD_HEAD_BYTES;
    unsigned char *at = sealed + SEAL_NONCE_BYTES;
    unsigned char associated[ASSOCIATED_BYTES];

    store_put32(&at, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct store_change *change = &changes[i];
        size_t key_bytes = strlen(change->key);

        store_put32(&at, (uint32_t)key_bytes);
        store_put32(&at, change->value ? (uint32_t)change->value_bytes : VALUE_REMOVED);
        store_put_bytes(&at, change->key, key_bytes);
        if (change->value)
            store_put_bytes(&at, change->value, change->value_bytes);
    }
    associate(sequence, associated);
    seal_close(keys->record, associated, sizeof(associated), sealed,
               sealed_bytes - SEAL_OVERHEAD_BYTES);

    at = record;
    store_put32(&at, (uint32_t)sealed_bytes);
    store_put64(&at, sequence);
    checksum(record, RECORD_SUMMED_BYTES, sealed, sealed_bytes, at);
}

int store_log_begin(struct store_log **ret, const struct store_directory *directory,
                    const struct store_keys *keys, uint64_t first_sequence)
{
    unsigned char header[LOG_HEADER_BYTES];
    unsigned char *at = header;
    char name[STORE_NAME_MAX_BYTES + 1];
    CLEANUP(closep) int fd = -1;
    int r;

    CLEANUP(freep) struct store_log *log = malloc(sizeof(*log));
    if (!log)
        return -ENOMEM;
    store_put_bytes(&at, log_magic, STORE_MAGIC_BYTES);
    store_put32(&at, LOG_VERSION);
    store_put_bytes(&at, keys->id, STORE_KEY_ID_BYTES);
    store_put64(&at, first_sequence);
    checksum(header, LOG_SUMMED_BYTES, NULL, 0, at);

    log_name(first_sequence, name);
    r = store_io_write_temporary(directory, name, header, sizeof(header), 0600, &fd);
    if (r < 0)
        return r;
    r = store_io_commit_temporary(directory, name);
    if (r < 0) {
        store_io_drop_temporary(directory, name);
        return r;
    }
    *log = (struct store_log){.io = directory->io,
                              .fd = TAKE_FD(fd),
                              .first_sequence = first_sequence,
                              .bytes = sizeof(header)};
    *ret = TAKE_PTR(log);
    return 0;
}

int store_log_append(struct store_log *log, struct iovec *parts, size_t count)
{
    uint64_t bytes = 0;
    int r;

    for (size_t i = 0; i < count; i++)
        bytes += parts[i].iov_len;
    r = store_io_write(log->io, log->fd, parts, count);
    if (r < 0)
        return r;
    log->bytes += bytes;
    return 0;
}

int store_log_sync(struct store_log *log)
{
    return log->io->fdatasync(log->io, log->fd);
}

uint64_t store_log_first(const struct store_log *log)
{
    return log->first_sequence;
}

uint64_t store_log_bytes(const struct store_log *log)
{
    return log->bytes;
}

void store_log_close(struct store_log *log)
{
    if (!log)
        return;
    (void)close(log->fd); /* all that counts was synced */
    free(log);
}

/* A log that is being read. */
struct log_reader {
    const struct store_io *io;
    const struct store_keys *keys;
    char name[STORE_NAME_MAX_BYTES + 1];
    int fd;
    off_t offset;
    uint64_t sequence;       /* of the next record */
    unsigned char *sealed;   /* of the current record */
    size_t sealed_bytes;     /* of the current record */
    size_t sealed_allocated; /* bytes of memory */
};

/* The memory held a record in the clear. */
static void log_reader_drop_sealed(struct log_reader *reader)
{
    if (reader->sealed)
        seal_wipe(reader->sealed, reader->sealed_allocated);
    free(reader->sealed);
    reader->sealed = NULL;
    reader->sealed_allocated = 0;
}

static void log_reader_done(struct log_reader *reader)
{
    closep(&reader->fd);
    log_reader_drop_sealed(reader);
}

static int read_header(struct log_reader *reader, uint64_t first_sequence,
                       struct store_error *ret_error)
{
    unsigned char header[LOG_HEADER_BYTES];
    const unsigned char *at = header + STORE_MAGIC_BYTES;
    unsigned char sum[SEAL_CHECKSUM_BYTES];

    ssize_t count = store_io_read(reader->io, reader->fd, header, sizeof(header), 0);
    if (count < 0)
        return store_explain(ret_error, (int)count, reader->name, 0, "cannot be read: %s",
                             strerror((int)-count));
    if (count < STORE_MAGIC_BYTES + 4 || memcmp(header, log_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, reader->name, 0,
                             "is not a log of this program, or is damaged");
    uint32_t version = store_get32(&at);
    if (version != LOG_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, reader->name, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             LOG_VERSION);

    checksum(header, LOG_SUMMED_BYTES, NULL, 0, sum);
    if (count < (ssize_t)sizeof(header) || !seal_equal(sum, header + LOG_SUMMED_BYTES, sizeof(sum)))
        return store_explain(ret_error, -EBADMSG, reader->name, 0, "has a damaged header");
    if (memcmp(at, reader->keys->id, STORE_KEY_ID_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, reader->name, STORE_MAGIC_BYTES + 4,
                             "was sealed under another data key");
    at += STORE_KEY_ID_BYTES;
    if (store_get64(&at) != first_sequence)
        return store_explain(ret_error, -EBADMSG, reader->name, 0,
                             "does not begin with the sequence in its name");
    reader->offset = sizeof(header);
    return 0;
}

static int open_log(struct log_reader *reader, const struct store_directory *directory,
                    const struct store_keys *keys, uint64_t first_sequence,
                    struct store_error *ret_error)
{
    *reader = (struct log_reader){
        .io = directory->io, .keys = keys, .fd = -1, .sequence = first_sequence};
    log_name(first_sequence, reader->name);
    reader->fd =
        directory->io->open(directory->io, directory->fd, reader->name, O_RDONLY | O_NONBLOCK, 0);
    if (reader->fd < 0)
        return store_explain(ret_error, reader->fd, reader->name, -1, "cannot be opened: %s",
                             strerror(-reader->fd));
    return read_header(reader, first_sequence, ret_error);
}

int store_log_check(const struct store_directory *directory, const struct store_keys *keys,
                    uint64_t first_sequence, struct store_error *ret_error)
{
    CLEANUP(log_reader_done) struct log_reader reader;

    return open_log(&reader, directory, keys, first_sequence, ret_error);
}

/*
 * Reads and proves the next record. Returns 1, 0 at the end of the file, or 0 with *ret_why where
 * the record is no good. Errors: -errno of reading, -ENOMEM.
 */
static int read_record(struct log_reader *reader, size_t *ret_plain_bytes, const char **ret_why)
{
    unsigned char head[RECORD_HEAD_BYTES], sum[SEAL_CHECKSUM_BYTES], associated[ASSOCIATED_BYTES];
    const unsigned char *at = head;

    *ret_why = NULL;
    ssize_t count = store_io_read(reader->io, reader->fd, head, sizeof(head), reader->offset);
    if (count <= 0)
        return (int)count;
    *ret_why = "it is incomplete";
    if (count < (ssize_t)sizeof(head))
        return 0;
    reader->sealed_bytes = store_get32(&at);
    *ret_why = "it is damaged";
    if (reader->sealed_bytes < SEALED_MIN_BYTES || reader->sealed_bytes > SEALED_MAX_BYTES ||
        store_get64(&at) != reader->sequence)
        return 0;

    if (reader->sealed_bytes > reader->sealed_allocated) {
        log_reader_drop_sealed(reader);
        reader->sealed = malloc(reader->sealed_bytes);
        if (!reader->sealed)
            return -ENOMEM;
        reader->sealed_allocated = reader->sealed_bytes;
    }
    count = store_io_read(reader->io, reader->fd, reader->sealed, reader->sealed_bytes,
                          reader->offset + RECORD_HEAD_BYTES);
    if (count < 0)
        return (int)count;
    if ((size_t)count < reader->sealed_bytes) {
        *ret_why = "it is incomplete";
        return 0;
    }
    checksum(head, RECORD_SUMMED_BYTES, reader->sealed, reader->sealed_bytes, sum);
    if (!seal_equal(sum, head + RECORD_SUMMED_BYTES, sizeof(sum)))
        return 0;
    associate(reader->sequence, associated);
    return seal_open(reader->keys->record, associated, sizeof(associated), reader->sealed,
                     reader->sealed_bytes, ret_plain_bytes) < 0
               ? 0
               : 1;
}

/* Visits the changes of a proven record. -EBADMSG: it makes no sense. */
static int visit_record(const unsigned char *at, size_t left, store_log_visit_t visit,
                        void *userdata, bool *ret_visit_failed)
{
    uint32_t count = store_get32(&at);

    left -= 4;
    for (uint32_t i = 0; i < count; i++) {
        if (left < CHANGE_HEAD_BYTES)
            return -EBADMSG;
        size_t key_bytes = store_get32(&at);
        uint32_t value_length = store_get32(&at);
        bool removed = value_length == VALUE_REMOVED;
        size_t value_bytes = removed ? 0 : value_length;

        left -= CHANGE_HEAD_BYTES;
        if (key_bytes == 0 || key_bytes > STORE_KEY_MAX_BYTES ||
            value_bytes > STORE_VALUE_MAX_BYTES || key_bytes + value_bytes > left)
            return -EBADMSG;
        int r = visit(at, key_bytes, removed ? NULL : at + key_bytes, value_bytes, userdata);
        if (r < 0) {
            *ret_visit_failed = true;
            return r;
        }
        at += key_bytes + value_bytes;
        left -= key_bytes + value_bytes;
    }
    return left == 0 ? 0 : -EBADMSG;
}

int store_log_read(const struct store_directory *directory, const struct store_keys *keys,
                   uint64_t first_sequence, store_log_visit_t visit, void *userdata,
                   struct store_log_contents *ret, struct store_error *ret_error)
{
    CLEANUP(log_reader_done) struct log_reader reader;
    const char *why = NULL;
    size_t plain_bytes = 0;
    int r;

    r = open_log(&reader, directory, keys, first_sequence, ret_error);
    if (r < 0)
        return r;
    while ((r = read_record(&reader, &plain_bytes, &why)) > 0) {
        bool visit_failed = false;

        r = visit_record(reader.sealed + SEAL_NONCE_BYTES, plain_bytes, visit, userdata,
                         &visit_failed);
        if (r < 0)
            return store_explain(ret_error, r, reader.name, reader.offset,
                                 visit_failed ? "record %" PRIu64 " was not taken: %s"
                                              : "record %" PRIu64 " makes no sense: %s",
                                 reader.sequence, strerror(-r));
        reader.offset += (off_t)(RECORD_HEAD_BYTES + reader.sealed_bytes);
        reader.sequence++;
    }
    if (r < 0)
        return store_explain(ret_error, r, reader.name, reader.offset, "cannot be read: %s",
                             strerror(-r));
    if (why)
        log_line(LOG_WARNING,
                 "store: %s: record %" PRIu64 " at byte %jd is left out, with all behind it: %s",
                 reader.name, reader.sequence, (intmax_t)reader.offset, why);
    *ret = (struct store_log_contents){.next_sequence = reader.sequence, .cut = why != NULL};
    return 0;
}
