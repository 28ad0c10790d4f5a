/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small set of records, as a store's owner has it, and the history of such a set: one number for
 * each version, by which a recovered set is found again.
 */
#ifndef SESSMGR_TESTS_CRASH_RECORDS_H
#define SESSMGR_TESTS_CRASH_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store.h"

enum { RECORDS_MAX = 128 };

struct record {
    char key[STORE_KEY_MAX_BYTES + 1];
    unsigned char *value;
    size_t bytes;
};

struct records {
    struct record list[RECORDS_MAX];
    size_t count;
};

struct history {
    uint64_t *hashes; /* of version 0 (nothing) and each that follows */
    size_t count, room;
};

/* The record with a key, or NULL. */
const struct record *records_get(const struct records *records, const char *key);

/* Puts a copy of the value, or (NULL) removes the key. */
void records_set(struct records *records, const char *key, const void *value, size_t bytes);

/* A number for the whole set, whatever its order. */
uint64_t records_hash(const struct records *records);

void records_copy(const struct records *records, struct records *ret);
void records_done(struct records *records);

/* A store_visit_t that collects; userdata: struct records. A key that comes twice is -EEXIST. */
int records_visit(const char *key, const void *value, size_t bytes, void *userdata);

/* Appends a version; returns its number. */
uint64_t history_add(struct history *history, uint64_t hash);

/* The newest version of that hash in [lowest, highest], or -1. */
int64_t history_find(const struct history *history, uint64_t hash, uint64_t lowest,
                     uint64_t highest);

/* A copy of the versions up to a number. To be released with history_done(). */
void history_copy(const struct history *history, uint64_t last, struct history *ret);
void history_done(struct history *history);

#endif
