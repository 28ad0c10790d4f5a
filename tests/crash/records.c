/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of records and their versions. */
#include <config.h>

#include "tests/crash/image.h"
#include "tests/crash/must.h"
#include "tests/crash/records.h"

static struct record *find(const struct records *records, const char *key)
{
    for (size_t i = 0; i < records->count; i++)
        if (strcmp(records->list[i].key, key) == 0)
            return (struct record *)(uintptr_t)&records->list[i];
    return NULL;
}

const struct record *records_get(const struct records *records, const char *key)
{
    return find(records, key);
}

void records_set(struct records *records, const char *key, const void *value, size_t bytes)
{
    struct record *record = find(records, key);

    if (record)
        free(record->value);
    if (!value) {
        if (record)
            *record = records->list[--records->count];
        return;
    }
    if (!record) {
        must(records->count < RECORDS_MAX, "more records than there is room for");
        record = &records->list[records->count++];
        (void)snprintf(record->key, sizeof(record->key), "%s", key);
    }
    record->value = must_copy(value, bytes);
    record->bytes = bytes;
}

uint64_t records_hash(const struct records *records)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->list[i];
        sum +=
            image_mix(image_mix(0, record->key, strlen(record->key)), record->value, record->bytes);
    }
    return sum;
}

void records_copy(const struct records *records, struct records *ret)
{
    *ret = *records;
    for (size_t i = 0; i < ret->count; i++)
        ret->list[i].value = must_copy(records->list[i].value, records->list[i].bytes);
}

void records_done(struct records *records)
{
    for (size_t i = 0; i < records->count; i++)
        free(records->list[i].value);
    records->count = 0;
}

int records_visit(const char *key, const void *value, size_t bytes, void *userdata)
{
    struct records *records = userdata;

    if (find(records, key))
        return -EEXIST;
    if (records->count == RECORDS_MAX)
        return -E2BIG;
    records_set(records, key, value ? value : "", bytes);
    return 0;
}

uint64_t history_add(struct history *history, uint64_t hash)
{
    if (history->count == history->room) {
        history->room = history->room ? 2 * history->room : 256;
        history->hashes = must_resize(history->hashes, history->room * sizeof(*history->hashes));
    }
    history->hashes[history->count] = hash;
    return history->count++;
}

int64_t history_find(const struct history *history, uint64_t hash, uint64_t lowest,
                     uint64_t highest)
{
    for (uint64_t i = highest + 1; i-- > lowest;)
        if (i < history->count && history->hashes[i] == hash)
            return (int64_t)i;
    return -1;
}

void history_copy(const struct history *history, uint64_t last, struct history *ret)
{
    *ret = (struct history){.count = last + 1, .room = last + 1};
    must(last < history->count, "no such version");
    ret->hashes = must_copy(history->hashes, ret->room * sizeof(*ret->hashes));
}

void history_done(struct history *history)
{
    free(history->hashes);
    *history = (struct history){0};
}
