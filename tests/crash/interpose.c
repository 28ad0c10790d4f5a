/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The C library's functions, replaced. They make the system calls themselves, so that it does not
 * matter what else stands in front of the C library (a sanitizer does). The program exports them
 * with -rdynamic, so that they come first for shared libraries as well.
 */
#include <config.h>

/* The fortified headers define some of these themselves. */
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/crash/interpose.h"

static struct {
    interpose_hook_t hook;
    void *userdata;
} interposed;

/* NOLINTBEGIN(bugprone-reserved-identifier): the C library's names for the fortified ones */
ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t size);
ssize_t __pread_chk(int fd, void *buffer, size_t bytes, off_t offset, size_t size);
int __openat_2(int fd, const char *name, int flags);
int __open_2(const char *name, int flags);
/* NOLINTEND(bugprone-reserved-identifier) */

void interpose_set(interpose_hook_t hook, void *userdata)
{
    interposed.hook = hook;
    interposed.userdata = userdata;
}

static long do_write(const struct interpose_call *call)
{
    if (call->offset == INTERPOSE_HERE)
        return syscall(SYS_writev, call->fd, call->parts, call->part_count);
    return syscall(SYS_pwritev, call->fd, call->parts, (long)call->part_count, call->offset, 0L);
}

ssize_t interpose_do(const struct interpose_call *call)
{
    long r = -1;

    switch (call->kind) {
    case INTERPOSE_OPEN:
        r = syscall(SYS_openat, call->fd, call->name, call->flags, call->mode);
        break;
    case INTERPOSE_READ:
        if (call->offset == INTERPOSE_HERE)
            r = syscall(SYS_read, call->fd, call->buffer, call->bytes);
        else
            r = syscall(SYS_pread64, call->fd, call->buffer, call->bytes, call->offset);
        break;
    case INTERPOSE_WRITE:
        r = do_write(call);
        break;
    case INTERPOSE_SEEK:
        r = syscall(SYS_lseek, call->fd, call->offset, call->flags);
        break;
    case INTERPOSE_TRUNCATE:
        r = syscall(SYS_ftruncate, call->fd, call->offset);
        break;
    case INTERPOSE_ALLOCATE:
        r = syscall(SYS_fallocate, call->fd, call->flags, call->offset, call->length);
        break;
    case INTERPOSE_SYNC:
        r = syscall(call->data_only ? SYS_fdatasync : SYS_fsync, call->fd);
        break;
    case INTERPOSE_RENAME:
        r = syscall(SYS_renameat, call->fd, call->name, call->to_fd, call->to);
        break;
    case INTERPOSE_UNLINK:
        r = syscall(SYS_unlinkat, call->fd, call->name, call->flags);
        break;
    }
    return r < 0 ? -errno : r;
}

static ssize_t take(const struct interpose_call *call)
{
    int saved = errno;
    ssize_t r = interposed.hook ? interposed.hook(call, interposed.userdata) : interpose_do(call);

    errno = r < 0 ? (int)-r : saved;
    return r < 0 ? -1 : r;
}

static int take_open(int fd, const char *name, int flags, mode_t mode)
{
    return (int)take(&(struct interpose_call){
        .kind = INTERPOSE_OPEN, .fd = fd, .name = name, .flags = flags, .mode = mode});
}

int openat(int fd, const char *name, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;

    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return take_open(fd, name, flags, mode);
}

int open(const char *name, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;

    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return take_open(AT_FDCWD, name, flags, mode);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
int __openat_2(int fd, const char *name, int flags)
{
    return take_open(fd, name, flags, 0);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
int __open_2(const char *name, int flags)
{
    return take_open(AT_FDCWD, name, flags, 0);
}

static ssize_t take_read(int fd, void *buffer, size_t bytes, off_t offset)
{
    return take(&(struct interpose_call){
        .kind = INTERPOSE_READ, .fd = fd, .buffer = buffer, .bytes = bytes, .offset = offset});
}

ssize_t read(int fd, void *buffer, size_t bytes)
{
    return take_read(fd, buffer, bytes, INTERPOSE_HERE);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t size)
{
    (void)size; /* the compiler's word; the sanitizers look as well */
    return take_read(fd, buffer, bytes, INTERPOSE_HERE);
}

ssize_t pread(int fd, void *buffer, size_t bytes, off_t offset)
{
    return take_read(fd, buffer, bytes, offset);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
ssize_t __pread_chk(int fd, void *buffer, size_t bytes, off_t offset, size_t size)
{
    (void)size; /* as above */
    return take_read(fd, buffer, bytes, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return take(&(struct interpose_call){
        .kind = INTERPOSE_WRITE, .fd = fd, .parts = parts, .part_count = count, .offset = offset});
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};

    return pwritev(fd, &part, 1, offset);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};

    return pwritev(fd, &part, 1, INTERPOSE_HERE);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return take(&(struct interpose_call){
        .kind = INTERPOSE_SEEK, .fd = fd, .offset = offset, .flags = whence});
}

int ftruncate(int fd, off_t bytes)
{
    return (int)take(
        &(struct interpose_call){.kind = INTERPOSE_TRUNCATE, .fd = fd, .offset = bytes});
}

int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
    return (int)take(&(struct interpose_call){
        .kind = INTERPOSE_ALLOCATE, .fd = fd, .flags = mode, .offset = offset, .length = bytes});
}

/* Its C library's way of doing without the system call is not needed on the disks there are. */
int posix_fallocate(int fd, off_t offset, off_t bytes)
{
    int saved = errno;
    int result = fallocate(fd, 0, offset, bytes) < 0 ? errno : 0;

    errno = saved;
    return result;
}

int fsync(int fd)
{
    return (int)take(&(struct interpose_call){.kind = INTERPOSE_SYNC, .fd = fd});
}

int fdatasync(int fd)
{
    return (int)take(&(struct interpose_call){.kind = INTERPOSE_SYNC, .fd = fd, .data_only = true});
}

int renameat(int fd, const char *name, int to_fd, const char *to)
{
    return (int)take(&(struct interpose_call){
        .kind = INTERPOSE_RENAME, .fd = fd, .name = name, .to_fd = to_fd, .to = to});
}

int unlinkat(int fd, const char *name, int flags)
{
    return (int)take(
        &(struct interpose_call){.kind = INTERPOSE_UNLINK, .fd = fd, .name = name, .flags = flags});
}
