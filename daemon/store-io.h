/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's way to its directory: the system calls behind a table (so that tests can record them
 * and make each of them fail), whole small files, and the bytes of numbers in files
 * (little-endian). Used by several threads at a time.
 */
#ifndef SESSMGR_STORE_IO_H
#define SESSMGR_STORE_IO_H

#include <endian.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "daemon/store.h"

enum { STORE_MAGIC_BYTES = 8, STORE_NAME_MAX_BYTES = 63 };

/* What a file is called until it is whole and durable. */
#define STORE_TEMPORARY_SUFFIX ".new"

/* Each returns what the system call does, or -errno. */
struct store_io {
    int (*open)(const struct store_io *io, int directory_fd, const char *name, int flags,
                mode_t mode);
    ssize_t (*pread)(const struct store_io *io, int fd, void *buffer, size_t bytes, off_t offset);
    ssize_t (*pwritev)(const struct store_io *io, int fd, const struct iovec *parts, int count,
                       off_t offset);
    int (*fsync)(const struct store_io *io, int fd);
    int (*fdatasync)(const struct store_io *io, int fd);
    int (*rename)(const struct store_io *io, int directory_fd, const char *from, const char *to);
    int (*unlink)(const struct store_io *io, int directory_fd, const char *name);
};

/* The system calls. */
extern const struct store_io store_io_system;

struct store_directory {
    int fd;
    const struct store_io *io; /* borrowed */
};

/*
 * Fills in *error (which may be NULL) and returns result, which is negative. offset: -1 where it
 * means nothing. Blocks not.
 */
__attribute__((format(printf, 5, 6))) int store_explain(struct store_error *error, int result,
                                                        const char *file, int64_t offset,
                                                        const char *format, ...);

/* Writes all parts (which are used up) one after the other from offset on, going on after a short
 * write. Errors: -errno; -EIO where nothing more is taken. */
int store_io_write(const struct store_io *io, int fd, struct iovec *parts, size_t count,
                   off_t offset);

/* Reads up to bytes at offset, less only at the end of the file. Returns how many. Errors: -errno.
 */
ssize_t store_io_read(const struct store_io *io, int fd, void *buffer, size_t bytes, off_t offset);

/*
 * Reads a whole file of at most max_bytes into buffer. Returns its size. Errors: -errno of open(2)
 * and read(2); -EFBIG it is longer; -EINVAL it is not a regular file. Never waits for a FIFO.
 */
ssize_t store_io_read_file(const struct store_directory *directory, const char *name, void *buffer,
                           size_t max_bytes);

/* Makes "<name>.new", open for reading and writing; what is left of an earlier try is removed
 * first. Errors: -errno. */
int store_io_open_temporary(const struct store_directory *directory, const char *name, mode_t mode);

/* Writes "<name>.new" whole and makes it durable. Errors: -errno; then nothing stays behind. */
int store_io_write_temporary(const struct store_directory *directory, const char *name,
                             const void *data, size_t bytes, mode_t mode);

/* Puts "<name>.new" in the place of name and makes that durable. Errors: -errno; whether the new
 * one is there after a crash is then not known. */
int store_io_commit_temporary(const struct store_directory *directory, const char *name);

/* Removes "<name>.new", if it is there; to be used where something failed already. */
void store_io_drop_temporary(const struct store_directory *directory, const char *name);

/* Makes a file, open for reading and writing, that has no name any more when this returns. Errors:
 * -errno. */
int store_io_open_unnamed(const struct store_directory *directory, const char *name);

/* Numbers in files, as a cursor that goes on by what it wrote or read. */
static inline void store_put32(unsigned char **at, uint32_t value)
{
    value = htole32(value);
    memcpy(*at, &value, sizeof(value));
    *at += sizeof(value);
}

static inline void store_put64(unsigned char **at, uint64_t value)
{
    value = htole64(value);
    memcpy(*at, &value, sizeof(value));
    *at += sizeof(value);
}

static inline void store_put_bytes(unsigned char **at, const void *data, size_t bytes)
{
    memcpy(*at, data, bytes);
    *at += bytes;
}

static inline uint32_t store_get32(const unsigned char **at)
{
    uint32_t value;

    memcpy(&value, *at, sizeof(value));
    *at += sizeof(value);
    return le32toh(value);
}

static inline uint64_t store_get64(const unsigned char **at)
{
    uint64_t value;

    memcpy(&value, *at, sizeof(value));
    *at += sizeof(value);
    return le64toh(value);
}

static inline void store_get_bytes(const unsigned char **at, void *ret, size_t bytes)
{
    memcpy(ret, *at, bytes);
    *at += bytes;
}

#endif
