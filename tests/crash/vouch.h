/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only somebody with the store's keys can do: have the manifest say that a file is good. */
#ifndef SESSMGR_TESTS_CRASH_VOUCH_H
#define SESSMGR_TESTS_CRASH_VOUCH_H

#include "tests/crash/image.h"
#include "tests/crash/owner.h"

/* Puts the size and the keyed hash of a checkpoint, as it is now, into the image's manifest. The
 * image is one of a store of the owner's, with the key K1. */
void vouch_for_checkpoint(const struct owner *owner, struct image *image,
                          const struct image_file *checkpoint);

#endif
