/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails where a rule says so: by operation and file, and so in the same way whatever
 * the store's threads do at the same time. A sync that fails loses what was not synced before: the
 * hardest that a kernel may do.
 */
#ifndef SESSMGR_FAULT_IO_H
#define SESSMGR_FAULT_IO_H

#include <pthread.h>
#include <stdbool.h>

#include "daemon/store-io.h"

enum { FAULT_FDS_MAX = 256 };

/* To be or'ed. */
enum fault_operation {
    FAULT_OPEN = 1,
    FAULT_CREATE = 2, /* an open(2) that may make the file */
    FAULT_READ = 4,
    FAULT_WRITE = 8,
    FAULT_FSYNC = 16,
    FAULT_FDATASYNC = 32,
    FAULT_RENAME = 64,
    FAULT_UNLINK = 128,
    FAULT_CHANGES = FAULT_CREATE | FAULT_WRITE | FAULT_FSYNC | FAULT_FDATASYNC | FAULT_RENAME,
};

/* What a write put where something else was, for as long as it is not synced. */
struct fault_undo;

struct fault_io {
    struct store_io io; /* first */
    pthread_mutex_t mutex;
    unsigned operations; /* that fail; 0: none */
    const char *pattern; /* of fnmatch(3), for names of files: of a rename the new one; of a sync of
                            the directory "./" and what the thread renamed last */
    int skip;            /* so many that match are good first */
    int count;           /* and so many fail then */
    int error;           /* -errno */
    int failed;          /* how many did */
    bool short_writes;   /* each write takes a few bytes alone, and half of one that fails */
    bool short_reads;
    bool keeps_unsynced;                    /* a sync that fails loses nothing */
    char names[FAULT_FDS_MAX][64];          /* of open files */
    struct fault_undo *undo[FAULT_FDS_MAX]; /* of open files, the newest first */
};

void fault_io_init(struct fault_io *fault);
void fault_io_done(struct fault_io *fault);

/* From now on, so many calls of these operations on files of a pattern fail with -errno. */
void fault_io_fail(struct fault_io *fault, unsigned operations, const char *pattern, int count,
                   int error);

/* All is well from now on. Returns how many calls failed. */
int fault_io_heal(struct fault_io *fault);

#endif
