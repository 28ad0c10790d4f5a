/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's way to its directory. Decides nothing about formats or about what may fail.
 */
#include <config.h>

#include "daemon/store-io.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/macro.h"

static int system_open(const struct store_io *io, int directory_fd, const char *name, int flags,
                       mode_t mode)
{
    (void)io; /* it has no state */
    int fd = openat(directory_fd, name, flags | O_CLOEXEC | O_NOCTTY, mode);
    return fd < 0 ? -errno : fd;
}

static ssize_t system_pread(const struct store_io *io, int fd, void *buffer, size_t bytes,
                            off_t offset)
{
    (void)io; /* it has no state */
    ssize_t count = pread(fd, buffer, bytes, offset);
    return count < 0 ? -errno : count;
}

static ssize_t system_pwritev(const struct store_io *io, int fd, const struct iovec *parts,
                              int count, off_t offset)
{
    (void)io; /* it has no state */
    ssize_t written = pwritev(fd, parts, count, offset);
    return written < 0 ? -errno : written;
}

static int system_fsync(const struct store_io *io, int fd)
{
    (void)io; /* it has no state */
    return fsync(fd) < 0 ? -errno : 0;
}

static int system_fdatasync(const struct store_io *io, int fd)
{
    (void)io; /* it has no state */
    return fdatasync(fd) < 0 ? -errno : 0;
}

static int system_rename(const struct store_io *io, int directory_fd, const char *from,
                         const char *to)
{
    (void)io; /* it has no state */
    return renameat(directory_fd, from, directory_fd, to) < 0 ? -errno : 0;
}

static int system_unlink(const struct store_io *io, int directory_fd, const char *name)
{
    (void)io; /* it has no state */
    return unlinkat(directory_fd, name, 0) < 0 ? -errno : 0;
}

const struct store_io store_io_system = {
    .open = system_open,
    .pread = system_pread,
    .pwritev = system_pwritev,
    .fsync = system_fsync,
    .fdatasync = system_fdatasync,
    .rename = system_rename,
    .unlink = system_unlink,
};

int store_explain(struct store_error *error, int result, const char *file, int64_t offset,
                  const char *format, ...)
{
    va_list arguments;

    if (!error)
        return result;
    (void)snprintf(error->file, sizeof(error->file), "%s", file); /* cut where too long */
    error->offset = offset;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, arguments); /* as above */
    va_end(arguments);
    return result;
}

int store_io_write(const struct store_io *io, int fd, struct iovec *parts, size_t count,
                   off_t offset)
{
    while (count > 0) {
        ssize_t written =
            io->pwritev(io, fd, parts, (int)(count > IOV_MAX ? IOV_MAX : count), offset);
        if (written == -EINTR)
            continue;
        if (written < 0)
            return (int)written;
        if (written == 0)
            return -EIO;
        offset += written;

        size_t left = (size_t)written;
        while (count > 0 && left >= parts->iov_len) {
            left -= parts->iov_len;
            parts++;
            count--;
        }
        if (left > 0) {
            assert(count > 0);
            parts->iov_base = (unsigned char *)parts->iov_base + left;
            parts->iov_len -= left;
        }
    }
    return 0;
}

ssize_t store_io_read(const struct store_io *io, int fd, void *buffer, size_t bytes, off_t offset)
{
    size_t done = 0;

    while (done < bytes) {
        ssize_t count =
            io->pread(io, fd, (unsigned char *)buffer + done, bytes - done, offset + (off_t)done);
        if (count == -EINTR)
            continue;
        if (count < 0)
            return count;
        if (count == 0)
            break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

ssize_t store_io_read_file(const struct store_directory *directory, const char *name, void *buffer,
                           size_t max_bytes)
{
    const struct store_io *io = directory->io;
    unsigned char beyond;
    struct stat status;

    CLEANUP(closep) int fd = io->open(io, directory->fd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;

    ssize_t count = store_io_read(io, fd, buffer, max_bytes, 0);
    if (count < 0 || (size_t)count < max_bytes)
        return count;
    ssize_t more = store_io_read(io, fd, &beyond, 1, count);
    if (more != 0)
        return more < 0 ? more : -EFBIG;
    return count;
}

static void temporary_name(const char *name, char *ret)
{
    (void)snprintf(ret, STORE_NAME_MAX_BYTES + 1, "%s" STORE_TEMPORARY_SUFFIX,
                   name); /* our own names are short */
}

int store_io_open_temporary(const struct store_directory *directory, const char *name, mode_t mode)
{
    const struct store_io *io = directory->io;
    char temporary[STORE_NAME_MAX_BYTES + 1];
    int r;

    temporary_name(name, temporary);
    r = io->unlink(io, directory->fd, temporary);
    if (r < 0 && r != -ENOENT)
        return r;
    return io->open(io, directory->fd, temporary, O_RDWR | O_CREAT | O_EXCL, mode);
}

int store_io_write_temporary(const struct store_directory *directory, const char *name,
                             const void *data, size_t bytes, mode_t mode)
{
    const struct store_io *io = directory->io;
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
    int r;

    CLEANUP(closep) int fd = store_io_open_temporary(directory, name, mode);
    if (fd < 0)
        return fd;
    r = store_io_write(io, fd, &part, 1, 0);
    if (r == 0)
        r = io->fsync(io, fd);
    if (r < 0)
        store_io_drop_temporary(directory, name);
    return r;
}

int store_io_commit_temporary(const struct store_directory *directory, const char *name)
{
    const struct store_io *io = directory->io;
    char temporary[STORE_NAME_MAX_BYTES + 1];
    int r;

    temporary_name(name, temporary);
    r = io->rename(io, directory->fd, temporary, name);
    if (r < 0)
        return r;
    return io->fsync(io, directory->fd);
}

void store_io_drop_temporary(const struct store_directory *directory, const char *name)
{
    char temporary[STORE_NAME_MAX_BYTES + 1];

    temporary_name(name, temporary);
    /* it is in nobody's way: the next open sweeps it away */
    (void)directory->io->unlink(directory->io, directory->fd, temporary);
}

int store_io_open_unnamed(const struct store_directory *directory, const char *name)
{
    int fd = store_io_open_temporary(directory, name, 0600);

    if (fd >= 0)
        store_io_drop_temporary(directory, name);
    return fd;
}
