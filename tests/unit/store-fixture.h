/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store's tests share: a store in a folder of its own with an owner that keeps a small
 * live set, and a way to the disk that fails where it is told to.
 */
#ifndef SESSMGR_STORE_FIXTURE_H
#define SESSMGR_STORE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/store-internal.h"
#include "daemon/store.h"

enum { LIVE_MAX = 512, FAULT_FDS_MAX = 256 };

/* A way to the disk that fails. */
struct fault_io {
    struct store_io io;                /* first */
    int call;                          /* so far */
    int fail_from;                     /* the first call that fails, from 1; 0: none */
    int fail_count;                    /* how many fail */
    int error;                         /* -errno of the failure */
    bool half;                         /* a write that fails has written half */
    off_t synced_bytes[FAULT_FDS_MAX]; /* of each file: what a failed sync leaves */
};

struct live_record {
    char key[STORE_KEY_MAX_BYTES + 1];
    char value[256];
};

struct fixture {
    char directory[128];
    const char *credential_path; /* NULL: the store's own key */
    sd_event *event;
    struct store *store;
    struct store_options options;
    struct store_error error;
    struct fault_io fault;

    struct live_record live[LIVE_MAX]; /* the owner's live set */
    size_t live_count;
    struct live_record loaded[LIVE_MAX]; /* what the last load visited */
    size_t loaded_count;

    int results[LIVE_MAX]; /* completions in their order */
    size_t result_count;
    int availability[16]; /* calls in their order */
    size_t availability_count;
    bool in_submit; /* no callback may come now */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Opens and loads; returns the first error. The live set becomes what was loaded. */
int fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Closes, opens and loads, which must succeed. */
void fixture_reopen(struct fixture *fixture);

/* Puts (or with NULL removes) a record in the live set and submits it. */
void fixture_put(struct fixture *fixture, const char *key, const char *value);

/* The same with puts of "key0".."key<count - 1>" in one submission. */
void fixture_put_many(struct fixture *fixture, const char *key, size_t count);

/* Runs the event loop until so many completions came. */
void fixture_run(struct fixture *fixture, size_t result_count);

/* Puts and runs until it is done; returns the result. */
int fixture_put_done(struct fixture *fixture, const char *key, const char *value);

/* Runs the event loop until so many calls of availability came. */
void fixture_run_availability(struct fixture *fixture, size_t count);

/* The value that the last load visited, or NULL. */
const char *fixture_loaded(const struct fixture *fixture, const char *key);

/* Whole files of the store's folder. The result is to be freed. */
unsigned char *fixture_read(const struct fixture *fixture, const char *name, size_t *ret_bytes);
void fixture_write(const struct fixture *fixture, const char *name, const void *data, size_t bytes);

/* The name of the file that begins with prefix (there must be one). */
void fixture_find(const struct fixture *fixture, const char *prefix, char *ret, size_t size);

/* A number that changes when any file of the folder does, or the list of them. */
uint64_t fixture_fingerprint(const struct fixture *fixture);

/* Copies the folder's files elsewhere and back. */
struct copy {
    char names[16][64];
    unsigned char *data[16];
    size_t bytes[16];
    size_t count;
};
void fixture_copy(const struct fixture *fixture, struct copy *ret);
void fixture_restore(const struct fixture *fixture, const struct copy *copy);
void fixture_copy_done(struct copy *copy);

#endif
