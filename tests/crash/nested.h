/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Crashes inside and behind recoveries: some of the states that an enumerator tries are recovered
 * by an owner that goes on with changes of its own, which is recorded, and tried in turn.
 *
 * Two kinds of crash come before such a recovery. The power fails: what is left is durable. The
 * process alone is killed: everything is there to be read, and what was not durable is not.
 */
#ifndef SESSMGR_TESTS_CRASH_NESTED_H
#define SESSMGR_TESTS_CRASH_NESTED_H

#include "tests/crash/enumerator.h"

struct nested;

/* Takes the enumerator's on_new: about one of every step new states is gone into, none where step
 * is 0. The enumerator is borrowed. */
struct nested *nested_new(struct enumerator *enumerator, size_t step);
void nested_free(struct nested *nested);

/* How many recoveries were gone into, and what was wrong in them. */
size_t nested_count(const struct nested *nested);
size_t nested_violations(const struct nested *nested);

#endif
