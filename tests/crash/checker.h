/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lets the real store recover a folder that a crash has left, and judges what comes of it: no
 * error, no damage, a version of the records that may be there, and the same once more.
 *
 * What a folder yields does not depend on how it came about, so each content is recovered once.
 */
#ifndef SESSMGR_TESTS_CRASH_CHECKER_H
#define SESSMGR_TESTS_CRASH_CHECKER_H

#include "tests/crash/image.h"
#include "tests/crash/owner.h"

enum { CHECKER_TEXT_BYTES = 1024 };

/* What a recovery yields. */
struct checker_outcome {
    uint64_t image;   /* hash of the folder and what it was opened with */
    uint64_t records; /* hash of what was there */
    bool failed;      /* an error, damage, or not the same twice */
};

struct checker {
    const struct owner *owner; /* whose keys and options are used; not its store */
    char folder[OWNER_PATH_BYTES];
    size_t twice_step;                /* one of so many is recovered once more; 1: each */
    struct checker_outcome *outcomes; /* a table with open addressing */
    size_t count, room;
    uint64_t states;              /* that were looked at */
    char why[CHECKER_TEXT_BYTES]; /* what was wrong with the last one that was not good */
    struct records records;       /* of the last recovery that was made */
};

/* owner is borrowed. To be released with checker_done(). */
void checker_init(struct checker *checker, const struct owner *owner);
void checker_done(struct checker *checker);

/* Whether a folder is new to the checker. */
bool checker_is_new(const struct checker *checker, const struct image *image,
                    enum owner_credentials credentials);

/* Whether a recovery of a folder yields one of the versions [lowest, highest]. */
bool checker_try(struct checker *checker, const struct image *image,
                 enum owner_credentials credentials, const struct history *history, uint64_t lowest,
                 uint64_t highest);

/* Opens and loads the store in the checker's folder, as it is, into checker->records, and closes
 * it. Whether there was neither error nor damage. */
bool checker_recover(struct checker *checker, enum owner_credentials credentials);

#endif
