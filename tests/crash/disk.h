/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a disk has at some point of a trace: what is durable for certain, and what a crash may or
 * may not leave of the rest.
 *
 * The model: a file's contents are durable after a sync of the file, and its name is not. The
 * creation, renaming and removal of a name are durable after a sync of the folder. Everything else
 * is pending: writes in pieces of at most a block (4096 bytes, aligned), changes of size, changes
 * of names. A crash leaves any of them and none, but of a block either what it was after some
 * write, or before all of them.
 */
#ifndef SESSMGR_TESTS_CRASH_DISK_H
#define SESSMGR_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/crash/image.h"
#include "tests/crash/trace.h"

enum { DISK_BLOCK_BYTES = 4096, DISK_SECTOR_BYTES = 512, DISK_PENDING_MAX = 8192 };

struct disk_piece {
    int file;
    bool truncates; /* to a size of offset */
    bool lost;      /* a sync of it failed: none makes it durable any more */
    size_t offset, bytes;
    const unsigned char *data; /* the trace's */
    size_t event;              /* that it is of */
};

struct disk_name {
    char name[TRACE_NAME_BYTES];
    int file;
};

struct disk_file {
    unsigned char *data; /* durable */
    size_t bytes, room;
    uint64_t mixed; /* image_mix() of it, or 0 */
};

struct disk {
    const struct trace *trace;
    size_t applied; /* so many events */
    struct disk_file *files;
    int file_count;
    struct disk_name names[IMAGE_FILES_MAX]; /* durable */
    size_t name_count;
    struct disk_piece pieces[DISK_PENDING_MAX]; /* in their order */
    size_t piece_count;
    size_t changes[DISK_PENDING_MAX]; /* events of names, in their order */
    size_t change_count;
    uint64_t lowest, highest; /* versions of the records that a recovery may yield */
    uint64_t credentials;
};

/* What a crash leaves of what is pending. */
struct disk_choice {
    bool pieces[DISK_PENDING_MAX];
    bool changes[DISK_PENDING_MAX];
    int grown;                 /* this file has its last size, wherever its data is; -1: none */
    size_t torn_event;         /* of this write only the bytes */
    size_t torn_from, torn_to; /* from here to before there, counted from its start */
};

/* The trace is borrowed. At first no event is applied. */
struct disk *disk_new(const struct trace *trace);
void disk_free(struct disk *disk);

/* Applies the next event, or with skip only what it says of versions: a sync that is left out. */
void disk_step(struct disk *disk, bool skip);

/* Everything that is pending, or nothing. */
void disk_choose(const struct disk *disk, struct disk_choice *ret, bool pieces, bool changes);

/* The folder that is left. To be released with image_done() before the disk steps on. */
void disk_image(struct disk *disk, const struct disk_choice *choice, struct image *ret);

#endif
