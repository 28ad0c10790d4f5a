/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records what is done to a folder while the calls go on to the kernel. One lock is held around
 * each call and its record, so that the order of the trace is the order in which things happened.
 */
#ifndef SESSMGR_TESTS_CRASH_RECORDER_H
#define SESSMGR_TESTS_CRASH_RECORDER_H

#include "tests/crash/trace.h"

struct recorder;

/*
 * Records into a trace what happens to a folder, until recorder_stop(). A file that is there
 * already has to have a number: names and numbers are of equal length, and may be none.
 */
struct recorder *recorder_start(struct trace *trace, const char *folder,
                                const char (*names)[TRACE_NAME_BYTES], const int *files,
                                size_t count);

/* What the owner submitted, was told, or can open the store with. */
void recorder_note(struct recorder *recorder, enum trace_kind kind, uint64_t number);

/* Says that a sync of a file failed which was not made: somebody stood before the recorder. */
void recorder_sync_failed(struct recorder *recorder, int fd);

/* How many events there are, while threads go on adding some. */
size_t recorder_count(struct recorder *recorder);

/* The trace stays the caller's. No other thread may be at work. */
void recorder_stop(struct recorder *recorder);

/* The hook itself (see interpose.h; userdata: the recorder), for one that stands before it. */
struct interpose_call;
ssize_t recorder_take(const struct interpose_call *call, void *userdata);

#endif
