/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes and opens the log's files; see store-segment.h.
 *
 *   header: magic, version, key ID, index, length of the file, keyed hash of these
 */
#include <config.h>

#include "daemon/store-segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "daemon/seal.h"

enum {
    SEGMENT_VERSION = 2,
    HASHED_BYTES = STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES + 8 + 8,
    HEADER_BYTES = HASHED_BYTES + SEAL_HASH_BYTES,
    ZEROS_BYTES = 65536,
    ZEROS_PARTS = 16, /* of one write */
};

static const char segment_magic[STORE_MAGIC_BYTES] = "sessmgrL";

void store_segment_name(uint64_t index, char ret[static STORE_NAME_MAX_BYTES + 1])
{
    (void)snprintf(ret, STORE_NAME_MAX_BYTES + 1, STORE_SEGMENT_PREFIX "%" PRIu64,
                   index); /* fits */
}

static int fill_with_zeros(const struct store_io *io, int fd, uint64_t bytes)
{
    static const unsigned char zeros[ZEROS_BYTES];
    uint64_t offset = 0;

    while (offset < bytes) {
        struct iovec parts[ZEROS_PARTS];
        size_t count = 0;
        off_t begin = (off_t)offset;

        while (count < ELEMENTS(parts) && offset < bytes) {
            size_t part = bytes - offset < sizeof(zeros) ? bytes - offset : sizeof(zeros);

            parts[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)zeros, .iov_len = part};
            offset += part;
        }
        int r = store_io_write(io, fd, parts, count, begin);
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_header(const struct store_io *io, const struct store_keys *keys,
                        const struct store_segment *segment)
{
    unsigned char header[HEADER_BYTES];
    unsigned char *at = header;
    struct iovec part = {.iov_base = header, .iov_len = sizeof(header)};

    store_put_bytes(&at, segment_magic, STORE_MAGIC_BYTES);
    store_put32(&at, SEGMENT_VERSION);
    store_put_bytes(&at, keys->id, STORE_KEY_ID_BYTES);
    store_put64(&at, segment->index);
    store_put64(&at, segment->bytes);
    seal_hash_all(keys->log, header, HASHED_BYTES, at, SEAL_HASH_BYTES);
    return store_io_write(io, segment->fd, &part, 1, 0);
}

/* Opens the temporary file: an older segment of the same length under a new name, else a new one.
 */
static int open_temporary(const struct store_directory *directory, const char *temporary,
                          uint64_t bytes, uint64_t recycle)
{
    const struct store_io *io = directory->io;
    char old[STORE_NAME_MAX_BYTES + 1];
    struct stat status;
    int r;

    r = io->unlink(io, directory->fd, temporary);
    if (r < 0 && r != -ENOENT)
        return r;
    if (recycle > 0) {
        store_segment_name(recycle, old);
        r = io->rename(io, directory->fd, old, temporary);
        if (r >= 0) {
            int fd = io->open(io, directory->fd, temporary, O_WRONLY, 0);
            if (fd < 0)
                return fd;
            if (fstat(fd, &status) >= 0 && (uint64_t)status.st_size == bytes)
                return fd;
            closep(&fd);
            r = io->unlink(io, directory->fd, temporary);
        }
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return io->open(io, directory->fd, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

int store_segment_make(const struct store_directory *directory, const struct store_keys *keys,
                       uint64_t index, uint64_t bytes, uint64_t recycle, struct store_segment *ret)
{
    const struct store_io *io = directory->io;
    char name[STORE_NAME_MAX_BYTES + 1];
    char temporary[STORE_NAME_MAX_BYTES + sizeof(STORE_TEMPORARY_SUFFIX)];
    int r;

    struct store_segment segment = {.index = index, .bytes = bytes};

    store_segment_name(index, name);
    (void)snprintf(temporary, sizeof(temporary), "%s" STORE_TEMPORARY_SUFFIX, name); /* fits */
    segment.fd = open_temporary(directory, temporary, bytes, recycle);
    r = segment.fd;
    if (r >= 0)
        r = fill_with_zeros(io, segment.fd, bytes);
    if (r >= 0)
        r = write_header(io, keys, &segment);
    if (r >= 0)
        r = io->fsync(io, segment.fd);
    if (r >= 0)
        r = store_io_commit_temporary(directory, name);
    if (r < 0) {
        store_segment_close(&segment);
        store_io_drop_temporary(directory, name);
        return r;
    }
    *ret = segment;
    return 0;
}

static int check_header(const struct store_directory *directory, const struct store_keys *keys,
                        const char *name, struct store_segment *segment,
                        struct store_error *ret_error)
{
    unsigned char header[HEADER_BYTES], hash[SEAL_HASH_BYTES];
    const unsigned char *at = header + STORE_MAGIC_BYTES;
    struct stat status;

    ssize_t count = store_io_read(directory->io, segment->fd, header, sizeof(header), 0);
    if (count < 0)
        return store_explain(ret_error, (int)count, name, 0, "cannot be read: %s",
                             strerror((int)-count));
    if (count < STORE_MAGIC_BYTES + 4 || memcmp(header, segment_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, name, 0,
                             "is not a log of this program, or is damaged");
    uint32_t version = store_get32(&at);
    if (version != SEGMENT_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, name, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             SEGMENT_VERSION);
    seal_hash_all(keys->log, header, HASHED_BYTES, hash, sizeof(hash));
    if (count < (ssize_t)sizeof(header) || !seal_equal(hash, header + HASHED_BYTES, sizeof(hash)))
        return store_explain(
            ret_error, memcmp(at, keys->id, STORE_KEY_ID_BYTES) == 0 ? -EBADMSG : -EKEYREJECTED,
            name, 0, "has a damaged header");
    at += STORE_KEY_ID_BYTES;
    uint64_t index = store_get64(&at);
    segment->bytes = store_get64(&at);
    if (index != segment->index)
        return store_explain(ret_error, -EBADMSG, name, 0,
                             "does not have the index in its name, but %" PRIu64, index);
    if (fstat(segment->fd, &status) < 0 || (uint64_t)status.st_size != segment->bytes)
        return store_explain(ret_error, -EBADMSG, name, -1, "does not have its length of %" PRIu64,
                             segment->bytes);
    return 0;
}

static int open_segment(const struct store_directory *directory, const struct store_keys *keys,
                        uint64_t index, int flags, struct store_segment *ret,
                        struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    struct store_segment segment = {.index = index};
    char name[STORE_NAME_MAX_BYTES + 1];
    int r;

    store_segment_name(index, name);
    segment.fd = io->open(io, directory->fd, name, flags | O_NONBLOCK, 0);
    if (segment.fd < 0)
        return store_explain(ret_error, segment.fd, name, -1, "cannot be opened: %s",
                             strerror(-segment.fd));
    r = check_header(directory, keys, name, &segment, ret_error);
    if (r < 0) {
        store_segment_close(&segment);
        return r;
    }
    *ret = segment;
    return 0;
}

int store_segment_open(const struct store_directory *directory, const struct store_keys *keys,
                       uint64_t index, struct store_segment *ret, struct store_error *ret_error)
{
    return open_segment(directory, keys, index, O_RDONLY, ret, ret_error);
}

int store_segment_reopen(const struct store_directory *directory, const struct store_keys *keys,
                         uint64_t index, struct store_segment *ret, struct store_error *ret_error)
{
    return open_segment(directory, keys, index, O_RDWR, ret, ret_error);
}

void store_segment_close(struct store_segment *segment)
{
    closep(&segment->fd); /* all that counts was synced */
    segment->fd = -1;
}
