/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what the store's files add up to. Changes nothing on the disk.
 */
#include <config.h>

#include "daemon/store-load.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/seal.h"
#include "daemon/store-log.h"

/* uthash ends the process when memory is short unless it is told what else to do. */
#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(entry) ((entry)->added = false)
#include <uthash.h>

struct map_entry {
    UT_hash_handle hh;
    bool added;
    unsigned char *value;
    size_t value_bytes;
    char key[]; /* ended by a NUL */
};

struct store_map {
    struct map_entry *entries;
};

static void entry_free(struct map_entry *entry)
{
    if (!entry)
        return;
    seal_wipe(entry->value, entry->value_bytes);
    free(entry->value);
    free(entry);
}

void store_map_free(struct store_map *map)
{
    struct map_entry *entry, *next;

    if (!map)
        return;
    HASH_ITER(hh, map->entries, entry, next)
    {
        HASH_DEL(map->entries, entry);
        entry_free(entry);
    }
    free(map);
}

void store_map_freep(struct store_map **map)
{
    store_map_free(*map);
}

static struct map_entry *map_add(struct store_map *map, const void *key, size_t key_bytes)
{
    struct map_entry *entry = calloc(1, sizeof(*entry) + key_bytes + 1);
    if (!entry)
        return NULL;
    memcpy(entry->key, key, key_bytes);
    entry->added = true;
    HASH_ADD_KEYPTR(hh, map->entries, entry->key, key_bytes, entry);
    if (!entry->added) {
        free(entry);
        return NULL;
    }
    return entry;
}

/* Takes a change into the map (a store_log_visit_t and a store_checkpoint_visit_t). */
static int map_change(const void *key, size_t key_bytes, const void *value, size_t value_bytes,
                      void *userdata)
{
    struct store_map *map = userdata;
    struct map_entry *entry;

    if (memchr(key, '\0', key_bytes))
        return -EBADMSG;
    HASH_FIND(hh, map->entries, key, key_bytes, entry);
    if (!value) {
        if (entry) {
            HASH_DEL(map->entries, entry);
            entry_free(entry);
        }
        return 0;
    }

    unsigned char *copy = malloc(value_bytes + 1); /* never malloc(0), which may yield NULL */
    if (!copy)
        return -ENOMEM;
    memcpy(copy, value, value_bytes);
    if (!entry)
        entry = map_add(map, key, key_bytes);
    if (!entry) {
        seal_wipe(copy, value_bytes);
        free(copy);
        return -ENOMEM;
    }
    if (entry->value)
        seal_wipe(entry->value, entry->value_bytes);
    free(entry->value);
    entry->value = copy;
    entry->value_bytes = value_bytes;
    return 0;
}

int store_map_snapshot(store_visit_t visit, void *visit_userdata, void *userdata)
{
    const struct store_map *map = userdata;
    const struct map_entry *entry, *next;
    int r;

    HASH_ITER(hh, map->entries, entry, next)
    {
        r = visit(entry->key, entry->value, entry->value_bytes, visit_userdata);
        if (r < 0)
            return r;
    }
    return 0;
}

static void closedirp(DIR **stream)
{
    if (*stream)
        (void)closedir(*stream); /* it was only read */
}

int store_directory_walk(const struct store_directory *directory,
                         int (*visit)(const char *name, void *userdata), void *userdata)
{
    CLEANUP(closedirp) DIR *stream = NULL;
    int r;

    CLEANUP(closep) int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    stream = fdopendir(fd);
    if (!stream)
        return -errno;
    (void)TAKE_FD(fd); /* the stream's now */
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry)
            return -errno;
        r = visit(entry->d_name, userdata);
        if (r < 0)
            return r;
    }
}

bool store_name_parse(const char *name, const char *prefix, const char *suffix,
                      uint64_t *ret_number)
{
    uint64_t number = 0;

    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return false;
    name += strlen(prefix);
    if (*name < '1' || *name > '9')
        return false; /* no leading zeros: one number has one name */
    for (; *name >= '0' && *name <= '9'; name++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*name - '0'), &number))
            return false;
    }
    if (strcmp(name, suffix) != 0)
        return false;
    *ret_number = number;
    return true;
}

static int append_number(uint64_t **numbers, size_t *count, uint64_t number)
{
    uint64_t *grown = reallocarray(*numbers, *count + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    grown[(*count)++] = number;
    *numbers = grown;
    return 0;
}

static int list_name(const char *name, void *userdata)
{
    struct store_listing *listing = userdata;
    uint64_t number;

    if (store_name_parse(name, STORE_CHECKPOINT_PREFIX, STORE_CHECKPOINT_SUFFIX, &number))
        return append_number(&listing->checkpoints, &listing->checkpoint_count, number);
    if (store_name_parse(name, STORE_LOG_PREFIX, "", &number))
        return append_number(&listing->logs, &listing->log_count, number);
    return 0;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

int store_listing_read(const struct store_directory *directory, struct store_listing *ret)
{
    struct store_listing listing = {0};
    int r;

    r = store_directory_walk(directory, list_name, &listing);
    if (r < 0) {
        store_listing_done(&listing);
        return r;
    }
    if (listing.checkpoints)
        qsort(listing.checkpoints, listing.checkpoint_count, sizeof(*listing.checkpoints),
              compare_numbers);
    if (listing.logs)
        qsort(listing.logs, listing.log_count, sizeof(*listing.logs), compare_numbers);
    *ret = listing;
    return 0;
}

void store_listing_done(struct store_listing *listing)
{
    free(listing->checkpoints);
    free(listing->logs);
    *listing = (struct store_listing){0};
}

/* Reads the logs behind a sequence into the map. */
static int load_logs(const struct store_directory *directory, const struct store_keys *keys,
                     const struct store_listing *listing, struct store_map *map,
                     struct store_load_result *result, struct store_error *ret_error)
{
    uint64_t begin = result->last_sequence + 1;
    int r;

    for (size_t i = 0; i < listing->log_count; i++) {
        uint64_t first = listing->logs[i];
        struct store_log_contents contents;

        if (first < begin)
            continue; /* the checkpoint has all of it */
        if (first != result->last_sequence + 1)
            return store_explain(ret_error, -EBADMSG, "log-*", -1,
                                 "the log with changes %" PRIu64 " to %" PRIu64
                                 " is missing or damaged in the middle, but log-%" PRIu64
                                 " goes on behind it",
                                 result->last_sequence + 1, first - 1, first);
        r = store_log_read(directory, keys, first, map_change, map, &contents, ret_error);
        if (r < 0)
            return r;
        if (contents.cut)
            result->damaged_log = first;
        if (contents.cut || contents.next_sequence > first)
            result->log_changed = true;
        result->last_sequence = contents.next_sequence - 1;
    }
    return 0;
}

int store_load_files(const struct store_directory *directory, const struct store_keys *keys,
                     const struct store_manifest *manifest, struct store_map **ret_map,
                     struct store_load_result *ret, struct store_error *ret_error)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    struct store_load_result result = {.last_sequence = manifest ? manifest->sequence : 0};
    int r;

    CLEANUP(store_map_freep) struct store_map *map = calloc(1, sizeof(*map));
    if (!map)
        return store_explain(ret_error, -ENOMEM, "", -1, "out of memory");
    if (manifest) {
        r = store_checkpoint_read(directory, keys, manifest, map_change, map, ret_error);
        if (r < 0)
            return r;
    }
    r = store_listing_read(directory, &listing);
    if (r < 0)
        return store_explain(ret_error, r, ".", -1, "the directory cannot be listed: %s",
                             strerror(-r));
    r = load_logs(directory, keys, &listing, map, &result, ret_error);
    if (r < 0)
        return r;
    *ret_map = TAKE_PTR(map);
    *ret = result;
    return 0;
}
