/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contents of a folder at one moment: names and bytes. In memory, and written to a folder. */
#ifndef SESSMGR_TESTS_CRASH_IMAGE_H
#define SESSMGR_TESTS_CRASH_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/crash/trace.h"

enum { IMAGE_FILES_MAX = 64 };

struct image_file {
    char name[TRACE_NAME_BYTES];
    unsigned char *data;
    size_t bytes;
    int number;     /* of the trace, where it comes from one */
    bool borrowed;  /* data is somebody else's */
    uint64_t mixed; /* of the data, where it is known already; 0: it is not */
};

struct image {
    struct image_file files[IMAGE_FILES_MAX];
    size_t count;
};

void image_done(struct image *image);

/* A number for bytes that differs where they do, and is never 0; seed: any. */
uint64_t image_mix(uint64_t seed, const void *data, size_t bytes);

/* A number for everything in an image, whatever the order of its files. */
uint64_t image_hash(const struct image *image);

/* The file of that name, or NULL. */
struct image_file *image_find(struct image *image, const char *name);

/* Reads a folder's files, all of them. To be released with image_done(). */
void image_read(const char *folder, struct image *ret);

/* Writes the files into a folder, which has nothing but them afterwards. */
void image_write(const struct image *image, const char *folder);

/* Removes a folder's files; and the folder, too. */
void image_clear(const char *folder);
void image_remove(const char *folder);

/* Makes a folder for scratch files on a disk of memory, where there is one, or in $TMPDIR. */
void image_make_folder(char *ret, size_t size);

/* A deep copy. To be released with image_done(). */
void image_copy(const struct image *image, struct image *ret);

#endif
