/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Goes through a trace and tries what a crash at each of its points may leave (see disk.h).
 */
#ifndef SESSMGR_TESTS_CRASH_ENUMERATOR_H
#define SESSMGR_TESTS_CRASH_ENUMERATOR_H

#include "tests/crash/checker.h"
#include "tests/crash/disk.h"
#include "tests/crash/random.h"

struct enumerator {
    struct checker *checker;
    const struct history *history;
    size_t first;        /* so many events are applied before the first crash */
    const char *without; /* syncs of the call site of this text do not happen; NULL: all do */
    size_t random_count; /* of random states at each point */
    size_t byte_step;    /* of the last write: torn at every so many bytes, beside every sector */
    size_t block_max;    /* so many blocks, at random, are missing or alone where there are more */
    size_t violation_max;
    struct random random;

    /* Called for each folder that was not seen before and is good; may be NULL. It must not use the
     * checker's folder afterwards. */
    void (*on_new)(struct enumerator *enumerator, const struct disk *disk,
                   const struct image *image, void *userdata);
    void *userdata;
    size_t violations;
};

/* Tries every point of a trace, until there are violation_max violations; tells of each on standard
 * error, unless quiet. */
void enumerator_run(struct enumerator *enumerator, const struct trace *trace, bool quiet);

#endif
