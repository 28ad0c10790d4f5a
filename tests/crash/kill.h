/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process that is killed, and the next one that finds what it had written: all of it, whether it
 * was durable or not. When the power fails after that, the difference shows.
 */
#ifndef SESSMGR_TESTS_CRASH_KILL_H
#define SESSMGR_TESTS_CRASH_KILL_H

#include "tests/crash/disk.h"
#include "tests/crash/owner.h"

/*
 * Goes on from a folder as it is in an image whose files have their numbers: recovers it, which is
 * recorded into the trace, as is all that follows. What was loaded is a version of its own that has
 * to be there from then on: somebody may have been told of it. The owner's store is not open and
 * has no recorder; of its history the versions up to the newest that the trace knows are kept.
 */
void kill_recover(struct owner *owner, struct trace *trace, const struct image *image,
                  uint64_t newest, enum owner_credentials credentials);

enum { KILL_WAYS = 5 }; /* behind what kind of event */

/* Kills the owner's process behind some event of the trace from the first on: everything after it
 * has not happened. way: any number; KILL_WAYS in a row are all there are. Goes on as
 * kill_recover(). */
void kill_and_recover(struct owner *owner, struct trace *trace, size_t first, size_t way);

#endif
