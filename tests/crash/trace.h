/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was done to one folder, in one order: every call that changes it or makes it durable, and
 * what its owner submitted and was told. Files are numbers here: names come and go.
 */
#ifndef SESSMGR_TESTS_CRASH_TRACE_H
#define SESSMGR_TESTS_CRASH_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TRACE_NAME_BYTES = 64, TRACE_SITE_BYTES = 192, TRACE_SITES_MAX = 256 };

/* What the text of a site begins with where GDBM syncs for itself. */
#define TRACE_SITE_OF_GDBM "(GDBM's) "

enum trace_kind {
    TRACE_WRITE,
    TRACE_TRUNCATE, /* bytes: the new size */
    TRACE_SYNC,
    TRACE_SYNC_FAILED, /* what was not durable before is not made so by a later one either */
    TRACE_CREATE,
    TRACE_RENAME,
    TRACE_UNLINK,
    TRACE_SYNC_DIRECTORY,
    TRACE_SUBMITTED,    /* number: of the version of the records that it makes */
    TRACE_ACKNOWLEDGED, /* number: of the version that is durable */
    TRACE_CREDENTIALS,  /* number: what the store can be opened with from here on */
};

struct trace_event {
    enum trace_kind kind;
    int file;
    int site; /* of a sync; -1: none */
    uint64_t offset, bytes;
    uint64_t number;
    unsigned char *data;
    char name[TRACE_NAME_BYTES], to[TRACE_NAME_BYTES];
};

struct trace {
    struct trace_event *events;
    size_t count, room;
    int file_count;
    char sites[TRACE_SITES_MAX][TRACE_SITE_BYTES];
    int site_count;
};

struct trace *trace_new(void);

/* Accepts NULL. */
void trace_free(struct trace *trace);

/* Appends an event; its data is copied. */
void trace_add(struct trace *trace, const struct trace_event *event);

/* Removes all events but the first. */
void trace_cut(struct trace *trace, size_t count);

/* The number of a site, by its text. */
int trace_site(struct trace *trace, const char *text);

/* A copy of the first events. To be freed with trace_free(). */
struct trace *trace_copy(const struct trace *trace, size_t count);

/* One line about an event, for people. */
void trace_describe(const struct trace *trace, const struct trace_event *event, char *ret,
                    size_t size);

#endif
