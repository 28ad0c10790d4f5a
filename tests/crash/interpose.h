/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands between the program and the disk: the C library's calls that change files, taken over
 * by the program for all that is linked with it (GDBM too, which knows nothing of struct store_io),
 * and handed to one hook. Without a hook they go to the kernel.
 */
#ifndef SESSMGR_TESTS_CRASH_INTERPOSE_H
#define SESSMGR_TESTS_CRASH_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum interpose_kind {
    INTERPOSE_OPEN,
    INTERPOSE_READ,
    INTERPOSE_WRITE,
    INTERPOSE_SEEK,
    INTERPOSE_TRUNCATE,
    INTERPOSE_ALLOCATE,
    INTERPOSE_SYNC,
    INTERPOSE_RENAME,
    INTERPOSE_UNLINK,
};

enum { INTERPOSE_HERE = -1 }; /* the offset is the descriptor's own */

struct interpose_call {
    enum interpose_kind kind;
    int fd;                    /* of the file; of the folder where there is a name */
    const char *name, *to;     /* to: of a rename */
    int flags;                 /* of open, allocate, lseek's whence */
    mode_t mode;               /* of open */
    const struct iovec *parts; /* what is written */
    int part_count;
    void *buffer; /* what is read into */
    size_t bytes; /* to be read */
    off_t offset; /* or INTERPOSE_HERE; size of a truncate */
    off_t length; /* of allocate */
    int to_fd;    /* of a rename */
    bool data_only;
};

/* Takes a call in the place of the kernel; yields what the system call does, or -errno. Called by
 * several threads at once. */
typedef ssize_t (*interpose_hook_t)(const struct interpose_call *call, void *userdata);

/* Sets the hook, NULL for none. No other thread may be at work. */
void interpose_set(interpose_hook_t hook, void *userdata);

/* Makes the call; yields what the system call does, or -errno. */
ssize_t interpose_do(const struct interpose_call *call);

#endif
