/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails where it is told to; see fault-io.h. Its functions are called by the store's
 * threads: cmocka's assertions must not be used here.
 */
#include <config.h>

#include "tests/unit/fault-io.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHORT_BYTES = 97 };

struct fault_undo {
    struct fault_undo *next;
    off_t file_bytes; /* before the write */
    off_t offset;
    size_t bytes;
    unsigned char data[];
};

/* What this thread renamed last: its sync of the directory is for that. */
static _Thread_local char renamed[64];

static struct fault_io *lock(const struct store_io *io)
{
    struct fault_io *fault = (struct fault_io *)(void *)(uintptr_t)io; /* its first member */

    if (pthread_mutex_lock(&fault->mutex) != 0)
        abort();
    return fault;
}

static void unlock(struct fault_io *fault)
{
    if (pthread_mutex_unlock(&fault->mutex) != 0)
        abort();
}

static bool fails(struct fault_io *fault, unsigned operation, const char *name)
{
    if ((fault->operations & operation) == 0 || fault->count == 0 ||
        fnmatch(fault->pattern, name, FNM_EXTMATCH) != 0)
        return false;
    if (fault->skip > 0) {
        fault->skip--;
        return false;
    }
    fault->count--;
    fault->failed++;
    return true;
}

static void drop_undo(struct fault_io *fault, int fd)
{
    struct fault_undo *undo;

    while ((undo = fault->undo[fd])) {
        fault->undo[fd] = undo->next;
        free(undo);
    }
}

static int fault_open(const struct store_io *io, int directory_fd, const char *name, int flags,
                      mode_t mode)
{
    struct fault_io *fault = lock(io);
    int fd = fault->error;

    if (!fails(fault, flags & O_CREAT ? FAULT_CREATE : FAULT_OPEN, name)) {
        /* what is undone is read first */
        if ((flags & O_ACCMODE) == O_WRONLY)
            flags = (flags & ~O_ACCMODE) | O_RDWR;
        fd = store_io_system.open(&store_io_system, directory_fd, name, flags, mode);
        if (fd >= FAULT_FDS_MAX)
            abort();
        if (fd >= 0) {
            drop_undo(fault, fd);
            (void)snprintf(fault->names[fd], sizeof(fault->names[fd]), "%s", name);
        }
    }
    unlock(fault);
    return fd;
}

static ssize_t fault_pread(const struct store_io *io, int fd, void *buffer, size_t bytes,
                           off_t offset)
{
    struct fault_io *fault = lock(io);
    bool bad = fails(fault, FAULT_READ, fault->names[fd]);
    ssize_t result = fault->error;

    if (fault->short_reads && bytes > SHORT_BYTES)
        bytes = SHORT_BYTES;
    unlock(fault);
    return bad ? result : store_io_system.pread(&store_io_system, fd, buffer, bytes, offset);
}

/* Keeps what a write is going to replace. */
static void keep_undo(struct fault_io *fault, int fd, off_t offset, size_t bytes)
{
    struct fault_undo *undo = malloc(sizeof(*undo) + bytes);
    struct stat status;

    if (!undo || fstat(fd, &status) < 0)
        abort();
    ssize_t count = pread(fd, undo->data, bytes, offset);
    if (count < 0)
        abort();
    undo->file_bytes = status.st_size;
    undo->offset = offset;
    undo->bytes = (size_t)count;
    undo->next = fault->undo[fd];
    fault->undo[fd] = undo;
}

static void apply_undo(struct fault_io *fault, int fd)
{
    for (const struct fault_undo *undo = fault->undo[fd]; undo; undo = undo->next)
        if (pwrite(fd, undo->data, undo->bytes, undo->offset) != (ssize_t)undo->bytes ||
            ftruncate(fd, undo->file_bytes) < 0)
            abort();
    drop_undo(fault, fd);
}

static ssize_t fault_pwritev(const struct store_io *io, int fd, const struct iovec *parts,
                             int count, off_t offset)
{
    struct fault_io *fault = lock(io);
    struct iovec short_part = parts[0];
    size_t bytes = 0;

    bool bad = fails(fault, FAULT_WRITE, fault->names[fd]);
    ssize_t result = fault->error;
    if (fault->short_writes) {
        if (short_part.iov_len > SHORT_BYTES)
            short_part.iov_len = SHORT_BYTES;
        parts = &short_part;
        count = 1;
    }
    for (int i = 0; i < count; i++)
        bytes += parts[i].iov_len;
    if (!bad || fault->short_writes) {
        keep_undo(fault, fd, offset, bytes);
        ssize_t written = store_io_system.pwritev(&store_io_system, fd, parts, count, offset);
        result = bad ? result : written;
    }
    unlock(fault);
    return result;
}

static int fault_sync(const struct store_io *io, int fd, unsigned operation)
{
    struct fault_io *fault = lock(io);
    char name[sizeof(renamed) + 2];
    struct stat status;
    int r = 0;

    if (fstat(fd, &status) < 0 || fd >= FAULT_FDS_MAX)
        abort();
    if (S_ISDIR(status.st_mode))
        (void)snprintf(name, sizeof(name), "./%s", renamed);
    else
        (void)snprintf(name, sizeof(name), "%s", fault->names[fd]);
    if (fails(fault, operation, name)) {
        if (!S_ISDIR(status.st_mode) && !fault->keeps_unsynced)
            apply_undo(fault, fd);
        r = fault->error;
    } else if (!S_ISDIR(status.st_mode))
        drop_undo(fault, fd);
    unlock(fault);
    return r;
}

static int fault_fsync(const struct store_io *io, int fd)
{
    return fault_sync(io, fd, FAULT_FSYNC);
}

static int fault_fdatasync(const struct store_io *io, int fd)
{
    return fault_sync(io, fd, FAULT_FDATASYNC);
}

static int fault_rename(const struct store_io *io, int directory_fd, const char *from,
                        const char *to)
{
    struct fault_io *fault = lock(io);
    int r = fault->error;

    if (!fails(fault, FAULT_RENAME, to)) {
        r = store_io_system.rename(&store_io_system, directory_fd, from, to);
        (void)snprintf(renamed, sizeof(renamed), "%s", to);
        for (int fd = 0; fd < FAULT_FDS_MAX; fd++)
            if (r >= 0 && strcmp(fault->names[fd], from) == 0)
                (void)snprintf(fault->names[fd], sizeof(fault->names[fd]), "%s", to);
    }
    unlock(fault);
    return r;
}

static int fault_unlink(const struct store_io *io, int directory_fd, const char *name)
{
    struct fault_io *fault = lock(io);
    int r = fails(fault, FAULT_UNLINK, name)
                ? fault->error
                : store_io_system.unlink(&store_io_system, directory_fd, name);

    unlock(fault);
    return r;
}

void fault_io_init(struct fault_io *fault)
{
    *fault = (struct fault_io){.io = {.open = fault_open,
                                      .pread = fault_pread,
                                      .pwritev = fault_pwritev,
                                      .fsync = fault_fsync,
                                      .fdatasync = fault_fdatasync,
                                      .rename = fault_rename,
                                      .unlink = fault_unlink}};
    if (pthread_mutex_init(&fault->mutex, NULL) != 0)
        abort();
}

void fault_io_done(struct fault_io *fault)
{
    for (int fd = 0; fd < FAULT_FDS_MAX; fd++)
        drop_undo(fault, fd);
    (void)pthread_mutex_destroy(&fault->mutex); /* nobody holds it */
}

void fault_io_fail(struct fault_io *fault, unsigned operations, const char *pattern, int count,
                   int error)
{
    (void)lock(&fault->io);
    fault->operations = operations;
    fault->pattern = pattern;
    fault->skip = 0;
    fault->count = count;
    fault->error = error;
    fault->failed = 0;
    unlock(fault);
}

int fault_io_heal(struct fault_io *fault)
{
    (void)lock(&fault->io);
    fault->operations = 0;
    int failed = fault->failed;
    unlock(fault);
    return failed;
}
