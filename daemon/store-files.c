/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's files as one thing. Formats are in store-log.c, store-checkpoint.c, store-manifest.c
 * and store-key.c; reading all of them is store-load.c's; when something is written store.c's.
 */
#include <config.h>

#include "daemon/store-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>

#include "common/macro.h"
#include "daemon/store-load.h"
#include "daemon/store-sweep.h"

#define LOCK_FILE "lock"

void store_files_stop(struct store_files *files)
{
    store_log_close(TAKE_PTR(files->log));
}

/*
 * Until the manifest is renamed nothing has changed and the old log goes on. From then on nobody
 * knows which manifest a crash would leave behind, so that a failure there stops the old log too:
 * what went into it would be passed over if the new manifest were the one.
 */
int store_files_renew(struct store_files *files, store_snapshot_t snapshot, void *userdata)
{
    const struct store_directory *directory = &files->directory;
    uint64_t sequence = files->last_sequence + 1;
    struct store_manifest manifest;
    struct store_log *log = NULL;
    int r;

    r = store_checkpoint_write(directory, files->keys, sequence, snapshot, userdata, &manifest);
    if (r < 0)
        return r;
    r = store_manifest_prepare(directory, files->keys, &manifest);
    if (r < 0) {
        /* in nobody's way if it stays: the next checkpoint sweeps it away */
        (void)directory->io->unlink(directory->io, directory->fd, manifest.checkpoint);
        return r;
    }

    files->last_sequence = sequence;
    r = store_io_commit_temporary(directory, STORE_MANIFEST_FILE);
    if (r >= 0)
        r = store_log_begin(&log, directory, files->keys, sequence + 1);
    if (r < 0) {
        store_files_stop(files);
        return r;
    }
    store_log_close(files->log);
    files->log = log;
    files->manifest = manifest;
    store_sweep(directory, sequence, store_log_first(log), files->damaged_log);
    files->damaged_log = 0;
    return 0;
}

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
    for (size_t i = 0; i < listing->checkpoint_count; i++)
        if (listing->checkpoints[i] > 1)
            return false;
    return listing->log_count == 0 &&
           faccessat(files->directory.fd, STORE_MANIFEST_FILE, F_OK, 0) < 0 && errno == ENOENT;
}

/* Reads keys, manifest and the headers of logs; makes keys where the store is fresh. */
static int read_heads(struct store_files *files, const char *credential_path,
                      struct store_error *ret_error)
{
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    int r;

    r = store_listing_read(&files->directory, &listing);
    if (r < 0)
        return store_explain(ret_error, r, ".", -1, "the directory cannot be listed: %s",
                             strerror(-r));
    bool fresh = is_fresh(files, &listing);
    r = store_keys_open(&files->keys, &files->directory, credential_path, fresh, ret_error);
    if (r < 0)
        return r;
    r = store_manifest_read(&files->directory, files->keys, &files->manifest, ret_error);
    if (r == -ENOENT && !fresh)
        return store_explain(ret_error, -EBADMSG, STORE_MANIFEST_FILE, -1,
                             "is missing, but checkpoints or logs are there");
    if (r < 0 && r != -ENOENT)
        return r;
    for (size_t i = 0; i < listing.log_count; i++) {
        if (listing.logs[i] <= files->manifest.sequence)
            continue; /* of no more use */
        r = store_log_check(&files->directory, files->keys, listing.logs[i], ret_error);
        if (r < 0)
            return r;
    }
    return 0;
}

int store_files_open(struct store_files *files, const char *directory, const char *credential_path,
                     const struct store_io *io, struct store_error *ret_error)
{
    int r;

    *files = (struct store_files){.directory = {.fd = -1, .io = io}, .lock_fd = -1};
    files->directory.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->directory.fd < 0) {
        r = -errno;
        return store_explain(ret_error, r, directory, -1, "cannot be opened: %s", strerror(-r));
    }
    r = take_lock(files, ret_error);
    if (r < 0)
        return r;
    return read_heads(files, credential_path, ret_error);
}

int store_files_load(struct store_files *files, store_visit_t visit, void *userdata,
                     int *ret_written, struct store_error *ret_error)
{
    CLEANUP(store_map_freep) struct store_map *map = NULL;
    bool first_start = files->manifest.sequence == 0;
    struct store_load_result result;
    int r;

    r = store_load_files(&files->directory, files->keys, first_start ? NULL : &files->manifest,
                         &map, &result, ret_error);
    if (r < 0)
        return r;
    r = store_map_snapshot(visit, userdata, map);
    if (r < 0)
        return store_explain(ret_error, r, "", -1, "a record was not taken: %s", strerror(-r));
    files->last_sequence = result.last_sequence;
    files->damaged_log = result.damaged_log;

    /*
     * A log that another process wrote is not gone on with: it may be torn, and the kernel may show
     * pages of it that an earlier fdatasync failed to write. All it held goes into a checkpoint.
     */
    if (first_start || result.log_changed) {
        *ret_written = store_files_renew(files, store_map_snapshot, map);
        return 0;
    }
    r = store_log_begin(&files->log, &files->directory, files->keys, files->last_sequence + 1);
    if (r >= 0)
        store_sweep(&files->directory, files->manifest.sequence, store_log_first(files->log), 0);
    *ret_written = r;
    return 0;
}

void store_files_done(struct store_files *files)
{
    store_log_close(files->log);
    store_keys_free(files->keys);
    closep(&files->lock_fd); /* and with it the lock */
    closep(&files->directory.fd);
}
