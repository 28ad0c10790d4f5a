/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists and tidies the store's directory; see store-listing.h.
 */
#include <config.h>

#include "daemon/store-listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/store-checkpoint.h"
#include "daemon/store-segment.h"

#define ASIDE_PREFIX "damaged-"

static void closedirp(DIR **stream)
{
    if (*stream)
        (void)closedir(*stream); /* it was only read */
}

/* Calls visit with the name of each file; a negative result ends the walk and is returned. */
static int walk(const struct store_directory *directory,
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

/* Whether a name is prefix, a number as the store writes it, suffix. */
static bool parse(const char *name, const char *prefix, const char *suffix, uint64_t *ret_number)
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
    if (number > INT64_MAX || strcmp(name, suffix) != 0)
        return false; /* none comes that far, and one more is a number, too */
    *ret_number = number;
    return true;
}

static int append(uint64_t **numbers, size_t *count, uint64_t number)
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

    if (parse(name, STORE_CHECKPOINT_PREFIX, STORE_CHECKPOINT_SUFFIX, &number))
        return append(&listing->checkpoints, &listing->checkpoint_count, number);
    if (parse(name, STORE_SEGMENT_PREFIX, "", &number))
        return append(&listing->segments, &listing->segment_count, number);
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

    r = walk(directory, list_name, &listing);
    if (r < 0) {
        store_listing_done(&listing);
        return r;
    }
    if (listing.checkpoints)
        qsort(listing.checkpoints, listing.checkpoint_count, sizeof(*listing.checkpoints),
              compare_numbers);
    if (listing.segments)
        qsort(listing.segments, listing.segment_count, sizeof(*listing.segments), compare_numbers);
    *ret = listing;
    return 0;
}

void store_listing_done(struct store_listing *listing)
{
    free(listing->checkpoints);
    free(listing->segments);
    *listing = (struct store_listing){0};
}

uint64_t store_listing_last_checkpoint(const struct store_listing *listing)
{
    return listing->checkpoint_count == 0 ? 0 : listing->checkpoints[listing->checkpoint_count - 1];
}

uint64_t store_listing_last_segment(const struct store_listing *listing)
{
    return listing->segment_count == 0 ? 0 : listing->segments[listing->segment_count - 1];
}

struct sweep {
    const struct store_directory *directory;
    uint64_t generation;
    uint64_t first_segment;
};

/* Whether a file has had its day. */
static bool is_past(const struct sweep *sweep, const char *name)
{
    static const char *const temporary[] = {
        "manifest" STORE_TEMPORARY_SUFFIX, "key" STORE_TEMPORARY_SUFFIX,
        "data.key" STORE_TEMPORARY_SUFFIX, "restore" STORE_TEMPORARY_SUFFIX,
        "backup" STORE_TEMPORARY_SUFFIX,
    };
    uint64_t number;

    if (parse(name, STORE_CHECKPOINT_PREFIX, STORE_CHECKPOINT_SUFFIX, &number))
        return number != sweep->generation;
    if (parse(name, STORE_SEGMENT_PREFIX, "", &number))
        return number < sweep->first_segment;
    for (size_t i = 0; i < ELEMENTS(temporary); i++)
        if (strcmp(name, temporary[i]) == 0)
            return true;
    return parse(name, STORE_SEGMENT_PREFIX, STORE_TEMPORARY_SUFFIX, &number);
}

void store_remove_old(const struct store_directory *directory, const char *name)
{
    int r = directory->io->unlink(directory->io, directory->fd, name);

    if (r < 0 && r != -ENOENT)
        log_line(LOG_WARNING, "store: %s is no longer needed and cannot be removed: %s", name,
                 strerror(-r));
}

static int sweep_name(const char *name, void *userdata)
{
    const struct sweep *sweep = userdata;

    if (is_past(sweep, name))
        store_remove_old(sweep->directory, name);
    return 0; /* whatever became of it: the others may go */
}

void store_sweep(const struct store_directory *directory, uint64_t generation,
                 uint64_t first_segment)
{
    struct sweep sweep = {
        .directory = directory, .generation = generation, .first_segment = first_segment};
    int r;

    r = walk(directory, sweep_name, &sweep);
    if (r < 0)
        log_line(LOG_WARNING, "store: old files cannot be listed: %s", strerror(-r));
}

bool store_put_aside(const struct store_directory *directory, const char *name)
{
    char aside[sizeof(ASIDE_PREFIX) + STORE_NAME_MAX_BYTES];

    (void)snprintf(aside, sizeof(aside), ASIDE_PREFIX "%s", name); /* our own names are short */
    int r = directory->io->rename(directory->io, directory->fd, name, aside);
    if (r >= 0)
        log_line(LOG_NOTICE, "store: what there was of %s is kept as %s", name, aside);
    else if (r != -ENOENT)
        log_line(LOG_WARNING, "store: %s cannot be kept as %s: %s", name, aside, strerror(-r));
    return r >= 0 || r == -ENOENT;
}

struct drop {
    const struct store_directory *directory;
    const char *keep;
};

static int drop_name(const char *name, void *userdata)
{
    const struct drop *drop = userdata;
    size_t prefix_bytes = strlen(ASIDE_PREFIX);

    if (strncmp(name, ASIDE_PREFIX, prefix_bytes) == 0 &&
        !(drop->keep && strcmp(name + prefix_bytes, drop->keep) == 0))
        store_remove_old(drop->directory, name);
    return 0;
}

void store_drop_aside(const struct store_directory *directory, const char *keep)
{
    struct drop drop = {.directory = directory, .keep = keep};
    int r = walk(directory, drop_name, &drop);

    if (r < 0)
        log_line(LOG_WARNING, "store: old files cannot be listed: %s", strerror(-r));
}
