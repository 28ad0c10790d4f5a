/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store's tests share: a store with small files in a folder of its own, an owner that
 * remembers what it was told, and ways to look at the folder and to change it.
 */
#ifndef SESSMGR_STORE_FIXTURE_H
#define SESSMGR_STORE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/store-internal.h"
#include "daemon/store-segment.h"
#include "daemon/store.h"
#include "tests/unit/fault-io.h"

enum {
    LOADED_MAX = 1024,
    AVAILABILITY_MAX = 64,
    COPY_FILES_MAX = 64,
    BLOCK = STORE_BLOCK_BYTES,
    SEGMENT_BLOCKS = 16, /* unless a test sets options.segment_bytes */
};

struct loaded_record {
    char key[STORE_KEY_MAX_BYTES + 1];
    char value[256];
};

struct fixture {
    char directory[128];
    struct store_credentials credentials;
    sd_event *event;
    struct store *store;
    struct store_options options;
    struct store_error error; /* of the last open */
    struct fault_io fault;

    struct loaded_record loaded[LOADED_MAX]; /* what the last load visited */
    size_t loaded_count;

    int results[LOADED_MAX]; /* completions in their order */
    size_t result_count;
    int availability[AVAILABILITY_MAX]; /* calls in their order */
    size_t availability_count;
    int job_results[LOADED_MAX]; /* of jobs in their order */
    size_t job_count;
    struct store_job_result job; /* the last one's, whose fd is the fixture's */
    bool in_call;                /* no callback may come now */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Opens and loads; returns the first error. */
int fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Closes, opens and loads, which must succeed. */
void fixture_reopen(struct fixture *fixture);

/* Submits a put (or with value NULL a removal) of one record. */
void fixture_submit(struct fixture *fixture, enum store_urgency urgency, const char *key,
                    const char *value);

/* The same, of what is ordinary. */
void fixture_put(struct fixture *fixture, const char *key, const char *value);

/* Submits puts of "<key>0".."<key><count - 1>", whose values are the keys, all in one. */
void fixture_put_many(struct fixture *fixture, const char *key, size_t count);

/* Runs the event loop until so many completions came. */
void fixture_run(struct fixture *fixture, size_t result_count);

/* Puts and runs until it is done; returns the result. */
int fixture_put_done(struct fixture *fixture, const char *key, const char *value);

/* Runs the event loop until so many calls of availability came. */
void fixture_run_availability(struct fixture *fixture, size_t count);

/* Starts a job; what comes of it is counted in job_count. */
void fixture_start_job(struct fixture *fixture, enum store_job kind);

/* Runs the event loop until so many jobs are over. */
void fixture_run_jobs(struct fixture *fixture, size_t count);

/* Starts a job and runs until it is over; returns the result. */
int fixture_job(struct fixture *fixture, enum store_job kind);

/* The value that the last load visited, or NULL. */
const char *fixture_loaded(const struct fixture *fixture, const char *key);

struct store_statistics fixture_statistics(const struct fixture *fixture);

/* "<folder>/<name>", in memory that the next call uses again. */
const char *fixture_path(const struct fixture *fixture, const char *name);

/* Whole files of the store's folder. The result is to be freed. */
unsigned char *fixture_read(const struct fixture *fixture, const char *name, size_t *ret_bytes);
void fixture_write(const struct fixture *fixture, const char *name, const void *data, size_t bytes);
bool fixture_exists(const struct fixture *fixture, const char *name);
void fixture_remove(const struct fixture *fixture, const char *name);

/* Changes bits of one byte. */
void fixture_flip(const struct fixture *fixture, const char *name, size_t offset,
                  unsigned char bits);

/* How many files match a pattern of fnmatch(3), and the first of them. */
size_t fixture_count(const struct fixture *fixture, const char *pattern);
void fixture_find(const struct fixture *fixture, const char *pattern, char *ret, size_t size);

/* A number that changes when any file of the folder does, or the list of them. */
uint64_t fixture_fingerprint(const struct fixture *fixture);

/* Copies the folder's files elsewhere and back. */
struct copy {
    char names[COPY_FILES_MAX][64];
    unsigned char *data[COPY_FILES_MAX];
    size_t bytes[COPY_FILES_MAX];
    size_t count;
};
void fixture_copy(const struct fixture *fixture, struct copy *ret);
void fixture_restore(const struct fixture *fixture, const struct copy *copy);
void fixture_copy_done(struct copy *copy);

#endif
