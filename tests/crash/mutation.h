/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seeded damage to one file of an image. */
#ifndef SESSMGR_TESTS_CRASH_MUTATION_H
#define SESSMGR_TESTS_CRASH_MUTATION_H

#include "tests/crash/image.h"
#include "tests/crash/random.h"

/*
 * Spoils a file of the image, which owns its data; other files are taken as material. fields: where
 * numbers stand that are worth an extreme (offsets, field_count of them). Returns what was done.
 */
const char *mutation_apply(struct image *image, struct image_file *file, const size_t *fields,
                           size_t field_count, struct random *random);

#endif
