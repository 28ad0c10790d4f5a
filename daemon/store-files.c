/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes hold of the store's files and reads them; see store-files.h. Formats are in the files of
 * store-record.c, store-log.c, store-segment.c, store-checkpoint.c, store-manifest.c and
 * store-key.c.
 */
#include <config.h>

#include "daemon/store-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/store-backup.h"
#include "daemon/store-checkpoint.h"
#include "daemon/store-compact.h"
#include "daemon/store-listing.h"
#include "daemon/store-read.h"

#define LOCK_FILE "lock"

static int take_lock(struct store_files *files, struct store_error *ret_error)
{
    const struct store_io *io = files->directory.io;

    files->lock_fd = io->open(io, files->directory.fd, LOCK_FILE, O_RDWR | O_CREAT, 0600);
    if (files->lock_fd < 0)
        return store_explain(ret_error, files->lock_fd, LOCK_FILE, -1, "cannot be opened: %s",
                             strerror(-files->lock_fd));
    if (flock(files->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        int r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        return store_explain(ret_error, r, LOCK_FILE, -1, "%s",
                             r == -EBUSY ? "another process holds the store" : strerror(-r));
    }
    return 0;
}

/* Whether nothing was ever made durable here. A first start that was cut short leaves at most keys
 * and the first checkpoint, which no manifest names. */
static bool is_fresh(const struct store_files *files, const struct store_listing *listing)
{
    return listing->segment_count == 0 && store_listing_last_checkpoint(listing) <= 1 &&
           faccessat(files->directory.fd, STORE_MANIFEST_FILE, F_OK, 0) < 0 && errno == ENOENT;
}

/* Without a manifest nobody knows which checkpoint counts, so none does. */
static void lose_manifest(struct store_files *files, const struct store_listing *listing)
{
    files->manifest = (struct store_manifest){
        .first_segment = listing->segment_count == 0 ? 1 : listing->segments[0],
        .first_batch = 0, /* whichever comes first */
    };
}

/* Whether a file of the log, the first that can be read, was sealed under these keys. */
static bool log_is_ours(const struct store_files *files, const struct store_listing *listing)
{
    for (size_t i = 0; i < listing->segment_count; i++) {
        struct store_segment segment;
        int r = store_segment_open(&files->directory, files->keys, listing->segments[i], &segment,
                                   NULL);
        if (r >= 0)
            store_segment_close(&segment);
        if (r >= 0 || r == -EKEYREJECTED)
            return r >= 0;
    }
    return listing->segment_count > 0; /* damaged, then */
}

static int read_manifest(struct store_files *files, const struct store_listing *listing, bool fresh,
                         struct store_error *ret_error)
{
    struct store_error error = {.offset = -1};
    int r;

    r = store_manifest_read(&files->directory, files->keys, &files->manifest, &error);
    if (r == -ENOENT && fresh)
        return 0;
    if (r == -ENOENT)
        r = store_explain(&error, -EBADMSG, STORE_MANIFEST_FILE, -1,
                          "is missing, but checkpoints or logs are there");
    /* Under other keys everything looks damaged: it must not be put aside because of that. */
    if (r == -EKEYREJECTED && !log_is_ours(files, listing))
        return store_explain(ret_error, -EBADMSG, STORE_DATA_KEY_FILE, -1,
                             "is not the data key that this store was made under");
    if (r == -EBADMSG || r == -EKEYREJECTED) {
        files->damage = error;
        lose_manifest(files, listing);
        return 0;
    }
    if (r < 0 && ret_error)
        *ret_error = error;
    return r;
}

int store_files_lock(struct store_files *files, const char *directory, const struct store_io *io,
                     struct store_error *ret_error)
{
    int r;

    *files = (struct store_files){.directory = {.fd = -1, .io = io}, .lock_fd = -1};
    files->directory.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->directory.fd < 0) {
        r = -errno;
        return store_explain(ret_error, r, directory, -1, "cannot be opened: %s", strerror(-r));
    }
    return take_lock(files, ret_error);
}

int store_files_open(struct store_files *files, const char *directory,
                     const struct store_credentials *credentials, const struct store_io *io,
                     struct store_error *ret_error)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    int r;

    r = store_files_lock(files, directory, io, ret_error);
    if (r >= 0)
        r = store_restore_finish(&files->directory, credentials, ret_error);
    if (r < 0)
        return r;
    r = store_listing_read(&files->directory, &listing);
    if (r < 0)
        return store_explain(ret_error, r, ".", -1, "the directory cannot be listed: %s",
                             strerror(-r));
    bool fresh = is_fresh(files, &listing);
    r = store_keys_open(&files->keys, &files->directory, credentials, fresh, ret_error);
    return r < 0 ? r : read_manifest(files, &listing, fresh, ret_error);
}

/* Puts aside what could not be read whole: all of the log, since its files make sense together. */
static void put_damaged_aside(struct store_files *files, const struct store_manifest *before)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    char name[STORE_NAME_MAX_BYTES + 1];

    /* a manifest was put aside when it was replaced */
    store_drop_aside(&files->directory, before->generation == 0 ? STORE_MANIFEST_FILE : NULL);
    files->keep_all = store_listing_read(&files->directory, &listing) < 0;
    for (size_t i = 0; i < listing.segment_count; i++) {
        if (listing.segments[i] < before->first_segment)
            continue;
        store_segment_name(listing.segments[i], name);
        files->keep_all |= !store_put_aside(&files->directory, name);
    }
    for (size_t i = 0; i < listing.checkpoint_count; i++) {
        if (listing.checkpoints[i] == files->manifest.generation)
            continue;
        store_checkpoint_name(listing.checkpoints[i], name);
        files->keep_all |= !store_put_aside(&files->directory, name);
    }
}

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Makes a checkpoint of what is in the map, and has everything before it count no more. */
static int begin_anew(struct store_files *files, const struct store_map *records, uint32_t doubts,
                      struct store_error *ret_error)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    const struct store_manifest before = files->manifest;
    struct store_manifest manifest = {.doubts = doubts | before.doubts};
    int r;

    r = store_listing_read(&files->directory, &listing);
    if (r < 0)
        return store_explain(ret_error, r, ".", -1, "the directory cannot be listed: %s",
                             strerror(-r));
    /* A first start that was cut short may have left its checkpoint; see is_fresh(). */
    manifest.generation =
        doubts == 0 ? 1 : max64(before.generation, store_listing_last_checkpoint(&listing)) + 1;
    manifest.sequence = files->end.last_sequence;
    manifest.first_segment = max64(files->end.next_segment, 1);
    manifest.first_batch = max64(files->end.next_batch, 1);
    if (doubts != 0 && before.generation == 0)
        (void)store_put_aside(&files->directory, STORE_MANIFEST_FILE); /* or is replaced */
    r = store_compact(&files->directory, files->keys, NULL, records, NULL, &manifest, ret_error);
    if (r < 0)
        return r;
    files->manifest = manifest;
    if (doubts != 0)
        put_damaged_aside(files, &before);
    files->end = (struct store_log_end){.next_batch = manifest.first_batch,
                                        .last_sequence = manifest.sequence,
                                        .next_segment = manifest.first_segment};
    return 0;
}

/*
 * Something could not be read: reads all of it again, since a disk may fail once. Where it is
 * damaged, makes a store of all that can be proven.
 */
static int load_proven(struct store_files *files, const struct store_log_range *range,
                       store_visit_t visit, void *userdata, struct store_error *ret_error)
{
    CLEANUP(store_map_clear) struct store_map records = STORE_MAP_EMPTY;
    int r;

    r = store_read_proven(&files->directory, files->keys, &files->manifest, range, &records,
                          &files->end, &files->damage, ret_error);
    if (r >= 0 && files->damage.message[0] != '\0')
        r = begin_anew(files, &records, STORE_DOUBT_DAMAGED, ret_error);
    return r < 0 ? r : store_map_visit(&records, files->keys, visit, userdata, ret_error);
}

/* What the owner has to know of files that are whole now, but were not always. */
static void note_doubts(struct store_files *files)
{
    files->restored = (files->manifest.doubts & STORE_DOUBT_RESTORED) != 0;
    if (files->damage.message[0] == '\0' && (files->manifest.doubts & STORE_DOUBT_DAMAGED) != 0)
        (void)store_explain(&files->damage, -EBADMSG, ".", -1,
                            "was found damaged at an earlier start"); /* the text is wanted */
    if (files->end.error.message[0] != '\0')
        log_line(LOG_NOTICE, "store: %s at byte %lld: %s", files->end.error.file,
                 (long long)files->end.error.offset, files->end.error.message);
}

int store_files_load(struct store_files *files, store_visit_t visit, void *userdata,
                     struct store_error *ret_error)
{
    const struct store_log_range range = {.first_segment = files->manifest.first_segment,
                                          .first_batch = files->manifest.first_batch,
                                          .sequence = files->manifest.sequence};
    const struct store_io *io = files->directory.io;
    const struct store_map nothing = STORE_MAP_EMPTY;
    struct store_error error = {.offset = -1};
    bool damaged = files->damage.message[0] != '\0', visited = false;
    int r;

    if (files->manifest.generation == 0 && !damaged)
        r = begin_anew(files, &nothing, 0, &error);
    else {
        r = damaged ? -EBADMSG
                    : store_read(&files->directory, files->keys, &files->manifest, &range, NULL,
                                 visit, userdata, &files->end, &visited, &error);
        if (!visited && (r == -EBADMSG || r == -EIO))
            r = load_proven(files, &range, visit, userdata, &error);
    }
    if (r < 0) {
        if (ret_error)
            *ret_error = error;
        return r;
    }
    note_doubts(files);
    /* Else an older manifest may be the one that counts after a crash, and need older files. */
    if (io->fsync(io, files->directory.fd) < 0)
        files->end.empty_segment = 0; /* its name may not be durable */
    else if (!files->keep_all)
        store_sweep(&files->directory, files->manifest.generation, files->manifest.first_segment);
    return 0;
}

void store_files_done(struct store_files *files)
{
    store_keys_free(files->keys);
    closep(&files->lock_fd); /* and with it the lock */
    closep(&files->directory.fd);
}
