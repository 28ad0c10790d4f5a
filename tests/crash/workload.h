/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store's life, from an empty folder: what is recorded for crashes to be tried in. */
#ifndef SESSMGR_TESTS_CRASH_WORKLOAD_H
#define SESSMGR_TESTS_CRASH_WORKLOAD_H

#include "tests/crash/owner.h"

/*
 * Lives it: changes, some waited for and some not, checkpoints beside them, restarts, kills, a
 * backup, its restoration, new master keys. rounds: how long (at least 1). What the owner's seed
 * says decides about all but the times of threads. trace: what the owner's recorder writes; it is
 * cut where the process is killed. The store is closed at the end. Ends the program where something
 * does not work that has to.
 */
void workload_run(struct owner *owner, struct trace *trace, int rounds);

/* A few more changes, all waited for. The store is open. */
void workload_submit_some(struct owner *owner, int count);

#endif
