/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tidies the store's directory: by name alone, and only names that the store itself makes.
 */
#include <config.h>

#include "daemon/store-sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/store-checkpoint.h"
#include "daemon/store-load.h"
#include "daemon/store-log.h"

#define DAMAGED_PREFIX "damaged-"

struct sweep {
    const struct store_directory *directory;
    uint64_t checkpoint_sequence;
    uint64_t log_first_sequence;
    uint64_t damaged_log;
};

static bool is_temporary(const char *name)
{
    static const char *const names[] = {
        STORE_MANIFEST_FILE STORE_TEMPORARY_SUFFIX,
        STORE_MASTER_KEY_FILE STORE_TEMPORARY_SUFFIX,
        STORE_DATA_KEY_FILE STORE_TEMPORARY_SUFFIX,
    };
    uint64_t number;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return store_name_parse(name, STORE_LOG_PREFIX, STORE_TEMPORARY_SUFFIX, &number);
}

/* Whether a file has had its day. */
static bool is_past(const struct sweep *sweep, const char *name)
{
    uint64_t number;

    if (store_name_parse(name, STORE_CHECKPOINT_PREFIX, STORE_CHECKPOINT_SUFFIX, &number))
        return number != sweep->checkpoint_sequence;
    if (store_name_parse(name, STORE_LOG_PREFIX, "", &number))
        return number != sweep->log_first_sequence;
    if (store_name_parse(name, DAMAGED_PREFIX STORE_LOG_PREFIX, "", &number))
        return sweep->damaged_log != 0 && number != sweep->damaged_log;
    return is_temporary(name);
}

static int sweep_name(const char *name, void *userdata)
{
    const struct sweep *sweep = userdata;
    const struct store_io *io = sweep->directory->io;

    if (!is_past(sweep, name))
        return 0;
    int r = io->unlink(io, sweep->directory->fd, name);
    if (r < 0 && r != -ENOENT)
        log_line(LOG_WARNING, "store: %s is no longer needed and cannot be removed: %s", name,
                 strerror(-r));
    return 0; /* the others may go */
}

static void keep_damaged(const struct store_directory *directory, uint64_t first_sequence)
{
    char name[STORE_NAME_MAX_BYTES + 1], kept[STORE_NAME_MAX_BYTES + 1];

    (void)snprintf(name, sizeof(name), STORE_LOG_PREFIX "%" PRIu64, first_sequence); /* fits */
    (void)snprintf(kept, sizeof(kept), DAMAGED_PREFIX STORE_LOG_PREFIX "%" PRIu64,
                   first_sequence); /* fits */
    int r = directory->io->rename(directory->io, directory->fd, name, kept);
    if (r < 0)
        log_line(LOG_WARNING, "store: %s cannot be kept as %s: %s", name, kept, strerror(-r));
    else
        log_line(LOG_NOTICE, "store: what there was of %s is kept as %s", name, kept);
}

void store_sweep(const struct store_directory *directory, uint64_t checkpoint_sequence,
                 uint64_t log_first_sequence, uint64_t damaged_log)
{
    struct sweep sweep = {.directory = directory,
                          .checkpoint_sequence = checkpoint_sequence,
                          .log_first_sequence = log_first_sequence,
                          .damaged_log = damaged_log};
    int r;

    if (damaged_log != 0)
        keep_damaged(directory, damaged_log);
    r = store_directory_walk(directory, sweep_name, &sweep);
    if (r < 0)
        log_line(LOG_WARNING, "store: old files cannot be listed: %s", strerror(-r));
}
