/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Backups and how they take a store's place; see store-backup.h.
 *
 *   backup: magic, version, key ID, length of data.key, of the manifest and of the checkpoint;
 *           these three files; keyed hash of all that
 *
 * A restore first copies the whole backup into the directory, as `restore`: that is the step after
 * which it counts. What follows can be done again as often as it is cut short.
 *
 * Long because what is written and what is read here have to be the same.
 */
#include <config.h>

#include "daemon/store-backup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/store-checkpoint.h"
#include "daemon/store-files.h"
#include "daemon/store-listing.h"

#define RESTORE_FILE "restore"
#define BACKUP_FILE  "backup"

enum {
    BACKUP_VERSION = 1,
    HEAD_BYTES = STORE_MAGIC_BYTES + 4 + STORE_KEY_ID_BYTES + 3 * 8,
    CHUNK_BYTES = 65536,
};

static const char backup_magic[STORE_MAGIC_BYTES] = "sessmgrB";

/* A copy that is hashed on its way. */
struct copy {
    const struct store_io *io;
    int to;                         /* -1: only hashed */
    off_t offset;                   /* in the file that is written */
    struct seal_hash *whole, *part; /* of all, and of what is copied now; NULL: not wanted */
    struct store_work *work;        /* NULL: nobody looks */
    store_progress_t progress;      /* NULL: nobody is told */
    void *userdata;
    uint64_t total_bytes;
    unsigned char *chunk; /* CHUNK_BYTES */
};

static int copy_bytes(struct copy *copy, const void *data, size_t bytes)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
    int r = 0;

    if (copy->whole)
        seal_hash_add(copy->whole, data, bytes);
    if (copy->part)
        seal_hash_add(copy->part, data, bytes);
    if (copy->to >= 0)
        r = store_io_write(copy->io, copy->to, &part, 1, copy->offset);
    copy->offset += (off_t)bytes;
    store_work_add(copy->work, bytes);
    if (copy->progress)
        copy->progress((uint64_t)copy->offset, copy->total_bytes, copy->userdata);
    return r < 0 ? r : store_work_is_cancelled(copy->work) ? -ECANCELED : 0;
}

/* Copies so many bytes of a file; -EBADMSG where it has fewer. */
static int copy_part(struct copy *copy, int from, off_t offset, uint64_t bytes)
{
    while (bytes > 0) {
        size_t wanted = bytes < CHUNK_BYTES ? (size_t)bytes : CHUNK_BYTES;
        ssize_t count = store_io_read(copy->io, from, copy->chunk, wanted, offset);
        if (count < 0)
            return (int)count;
        if ((size_t)count < wanted)
            return -EBADMSG;
        int r = copy_bytes(copy, copy->chunk, wanted);
        if (r < 0)
            return r;
        offset += count;
        bytes -= wanted;
    }
    return 0;
}

/* The store's small files, and its checkpoint open. */
struct parts {
    unsigned char data_key[STORE_DATA_KEY_FILE_BYTES];
    unsigned char manifest[STORE_MANIFEST_BYTES];
    int checkpoint_fd;
};

static void put_head(const struct store_keys *keys, uint64_t checkpoint_bytes,
                     unsigned char head[static HEAD_BYTES])
{
    store_put_bytes(&head, backup_magic, STORE_MAGIC_BYTES);
    store_put32(&head, BACKUP_VERSION);
    store_put_bytes(&head, keys->id, STORE_KEY_ID_BYTES);
    store_put64(&head, STORE_DATA_KEY_FILE_BYTES);
    store_put64(&head, STORE_MANIFEST_BYTES);
    store_put64(&head, checkpoint_bytes);
}

/* Copies the checkpoint, and compares it with its hash meanwhile. */
static int copy_checkpoint(struct copy *copy, const struct store_keys *keys,
                           const struct store_manifest *manifest, int from)
{
    unsigned char hash[SEAL_HASH_BYTES];
    struct seal_hash part;
    int r;

    seal_hash_start(&part, keys->checkpoint, SEAL_HASH_BYTES);
    copy->part = &part;
    r = copy_part(copy, from, 0, manifest->file_bytes);
    copy->part = NULL;
    seal_hash_end(&part, hash, sizeof(hash));
    if (r >= 0 && !seal_equal(hash, manifest->file_hash, sizeof(hash)))
        r = -EBADMSG;
    return r;
}

static int write_parts(struct copy *copy, const struct store_keys *keys,
                       const struct store_manifest *manifest, const struct parts *parts)
{
    unsigned char head[HEAD_BYTES], hash[SEAL_HASH_BYTES];
    struct seal_hash whole;
    int r;

    put_head(keys, manifest->file_bytes, head);
    seal_hash_start(&whole, keys->manifest, SEAL_HASH_BYTES);
    copy->whole = &whole;
    r = copy_bytes(copy, head, sizeof(head));
    if (r >= 0)
        r = copy_bytes(copy, parts->data_key, sizeof(parts->data_key));
    if (r >= 0)
        r = copy_bytes(copy, parts->manifest, sizeof(parts->manifest));
    if (r >= 0)
        r = copy_checkpoint(copy, keys, manifest, parts->checkpoint_fd);
    copy->whole = NULL;
    seal_hash_end(&whole, hash, sizeof(hash));
    return r < 0 ? r : copy_bytes(copy, hash, sizeof(hash));
}

int store_backup_write(const struct store_directory *directory, const struct store_keys *keys,
                       const struct store_manifest *manifest, struct store_work *work, int *ret_fd,
                       uint64_t *ret_bytes, struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    char name[STORE_NAME_MAX_BYTES + 1];
    struct parts parts;
    int r;

    store_checkpoint_name(manifest->generation, name);
    store_manifest_encode(keys, manifest, parts.manifest);
    ssize_t count =
        store_io_read_file(directory, STORE_DATA_KEY_FILE, parts.data_key, sizeof(parts.data_key));
    if (count != sizeof(parts.data_key))
        return store_explain(ret_error, count < 0 ? (int)count : -EBADMSG, STORE_DATA_KEY_FILE, -1,
                             "cannot be read whole");
    CLEANUP(closep) int from = io->open(io, directory->fd, name, O_RDONLY | O_NONBLOCK, 0);
    if (from < 0)
        return store_explain(ret_error, from, name, -1, "cannot be opened: %s", strerror(-from));
    CLEANUP(closep)
    int to = store_io_open_unnamed(directory, BACKUP_FILE);
    if (to < 0)
        return store_explain(ret_error, to, BACKUP_FILE, -1, "cannot be made: %s", strerror(-to));

    CLEANUP(freep) unsigned char *chunk = malloc(CHUNK_BYTES);
    struct copy copy = {.io = io, .to = to, .work = work, .chunk = chunk};
    parts.checkpoint_fd = from;
    store_work_begin(work, HEAD_BYTES + sizeof(parts.data_key) + sizeof(parts.manifest) +
                               manifest->file_bytes + SEAL_HASH_BYTES);
    r = chunk ? write_parts(&copy, keys, manifest, &parts) : -ENOMEM;
    if (r < 0)
        return store_explain(ret_error, r, BACKUP_FILE, copy.offset, "cannot be written: %s",
                             strerror(-r));
    *ret_bytes = (uint64_t)copy.offset;
    *ret_fd = TAKE_FD(to);
    return 0;
}

/* A backup that is looked at. */
struct backup {
    const struct store_io *io;
    const char *name;
    int fd;
    uint64_t bytes;
    struct store_keys *keys; /* owned; its own */
    struct store_manifest manifest;
    unsigned char data_key[STORE_DATA_KEY_FILE_BYTES];
    uint64_t checkpoint_offset;
};

static void backup_done(struct backup *backup)
{
    store_keys_free(backup->keys);
}

static int read_head(struct backup *backup, const struct store_directory *directory,
                     const struct store_credentials *credentials, struct store_error *ret_error)
{
    unsigned char head[HEAD_BYTES + STORE_DATA_KEY_FILE_BYTES + STORE_MANIFEST_BYTES];
    const unsigned char *at = head + STORE_MAGIC_BYTES;
    struct stat status;
    int r;

    if (fstat(backup->fd, &status) < 0)
        return store_explain(ret_error, -EIO, backup->name, -1, "cannot be looked at: %s",
                             strerror(errno));
    backup->bytes = (uint64_t)status.st_size;
    ssize_t count = store_io_read(backup->io, backup->fd, head, sizeof(head), 0);
    if (count < 0)
        return store_explain(ret_error, (int)count, backup->name, 0, "cannot be read: %s",
                             strerror((int)-count));
    if (count < STORE_MAGIC_BYTES + 4 || memcmp(head, backup_magic, STORE_MAGIC_BYTES) != 0)
        return store_explain(ret_error, -EBADMSG, backup->name, 0,
                             "is not a backup of this program");
    uint32_t version = store_get32(&at);
    if (version != BACKUP_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, backup->name, STORE_MAGIC_BYTES,
                             "has format version %u; this program knows version %d only", version,
                             BACKUP_VERSION);
    at += STORE_KEY_ID_BYTES;
    if (count < (ssize_t)sizeof(head) || store_get64(&at) != STORE_DATA_KEY_FILE_BYTES ||
        store_get64(&at) != STORE_MANIFEST_BYTES ||
        store_get64(&at) != backup->bytes - sizeof(head) - SEAL_HASH_BYTES)
        return store_explain(ret_error, -EBADMSG, backup->name, 0, "does not have its length");
    memcpy(backup->data_key, head + HEAD_BYTES, sizeof(backup->data_key));
    r = store_keys_unwrap(&backup->keys, directory, credentials, backup->data_key,
                          sizeof(backup->data_key), backup->name, ret_error);
    if (r >= 0)
        r = store_manifest_decode(backup->keys, head + HEAD_BYTES + STORE_DATA_KEY_FILE_BYTES,
                                  STORE_MANIFEST_BYTES, backup->name, &backup->manifest, ret_error);
    if (r == -EKEYREJECTED)
        r = -EBADMSG; /* it is another manifest that the backup holds */
    backup->checkpoint_offset = sizeof(head);
    if (r >= 0 && backup->manifest.file_bytes != backup->bytes - sizeof(head) - SEAL_HASH_BYTES)
        r = store_explain(ret_error, -EBADMSG, backup->name, -1, "does not have its length");
    return r;
}

/* Compares the whole file with the hash at its end, and, with to, copies it meanwhile. */
static int prove_backup(struct backup *backup, int to, store_progress_t progress, void *userdata,
                        struct store_error *ret_error)
{
    unsigned char hash[SEAL_HASH_BYTES], expected[SEAL_HASH_BYTES];
    uint64_t body = backup->bytes - SEAL_HASH_BYTES;
    CLEANUP(freep) unsigned char *chunk = malloc(CHUNK_BYTES);
    struct seal_hash whole;
    struct copy copy = {.io = backup->io,
                        .to = to,
                        .whole = &whole,
                        .progress = progress,
                        .userdata = userdata,
                        .total_bytes = backup->bytes,
                        .chunk = chunk};
    int r;

    assert(backup->keys); /* read_head() has put them there */
    if (!chunk)
        return store_explain(ret_error, -ENOMEM, backup->name, -1, "out of memory");
    seal_hash_start(&whole, backup->keys->manifest, SEAL_HASH_BYTES);
    r = copy_part(&copy, backup->fd, 0, body);
    copy.whole = NULL;
    seal_hash_end(&whole, hash, sizeof(hash));
    if (r >= 0)
        r = copy_part(&copy, backup->fd, (off_t)body, SEAL_HASH_BYTES);
    if (r < 0)
        return store_explain(ret_error, r, backup->name, copy.offset, "cannot be copied: %s",
                             strerror(-r));
    memcpy(expected, chunk, sizeof(expected)); /* what was copied last */
    if (!seal_equal(hash, expected, sizeof(hash)))
        return store_explain(ret_error, -EBADMSG, backup->name, (int64_t)body,
                             "does not match its keyed hash: it is damaged");
    return 0;
}

/* Puts the checkpoint of a proven backup into its file. */
static int write_checkpoint(const struct store_directory *directory, struct backup *backup)
{
    const struct store_io *io = directory->io;
    char name[STORE_NAME_MAX_BYTES + 1];
    CLEANUP(freep) unsigned char *chunk = malloc(CHUNK_BYTES);
    int r;

    if (!chunk)
        return -ENOMEM;
    store_checkpoint_name(backup->manifest.generation, name);
    CLEANUP(closep) int to = io->open(io, directory->fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (to < 0)
        return to;
    struct copy copy = {.io = io, .to = to, .chunk = chunk};
    r = copy_part(&copy, backup->fd, (off_t)backup->checkpoint_offset, backup->manifest.file_bytes);
    return r < 0 ? r : io->fsync(io, to);
}

/*
 * Makes the store of a proven backup that has been copied. Until its data key is in place nothing
 * of the store from before has changed (*ret_begun): the checkpoint gets a name of its own.
 */
static int apply(const struct store_directory *directory, struct backup *backup, bool *ret_begun)
{
    const struct store_io *io = directory->io;
    CLEANUP(store_listing_done) struct store_listing listing = {0};
    int r;

    *ret_begun = false;
    r = store_listing_read(directory, &listing);
    if (r < 0)
        return r;
    if (backup->manifest.generation <= store_listing_last_checkpoint(&listing))
        backup->manifest.generation = store_listing_last_checkpoint(&listing) + 1;
    backup->manifest.first_segment = store_listing_last_segment(&listing) + 1;
    backup->manifest.doubts |= STORE_DOUBT_RESTORED;
    r = write_checkpoint(directory, backup);
    if (r >= 0)
        r = store_io_write_temporary(directory, STORE_DATA_KEY_FILE, backup->data_key,
                                     sizeof(backup->data_key), 0400);
    if (r >= 0)
        r = store_manifest_prepare(directory, backup->keys, &backup->manifest);
    if (r < 0)
        return r;
    *ret_begun = true;
    r = store_io_commit_temporary(directory, STORE_DATA_KEY_FILE);
    if (r >= 0)
        r = store_io_commit_temporary(directory, STORE_MANIFEST_FILE);
    if (r >= 0)
        r = io->unlink(io, directory->fd, RESTORE_FILE);
    return r < 0 ? r : io->fsync(io, directory->fd);
}

/* Does what is left of a restore that counts already, or, found at a start, may not be durable yet.
 * *ret_begun: whether the store from before has begun to change. */
static int finish(const struct store_directory *directory,
                  const struct store_credentials *credentials, bool found, bool *ret_begun,
                  struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    CLEANUP(backup_done) struct backup backup = {.io = io, .name = RESTORE_FILE};
    int r;

    *ret_begun = false;
    CLEANUP(closep)
    int fd = io->open(io, directory->fd, RESTORE_FILE, O_RDONLY | O_NONBLOCK, 0);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return store_explain(ret_error, fd, RESTORE_FILE, -1, "cannot be opened: %s",
                             strerror(-fd));
    backup.fd = fd;
    r = read_head(&backup, directory, credentials, ret_error);
    if (r >= 0)
        r = prove_backup(&backup, -1, NULL, NULL, ret_error);
    if (r < 0)
        return r;
    r = found ? io->fsync(io, directory->fd) : 0; /* whoever put it there may have been killed */
    if (r >= 0)
        r = apply(directory, &backup, ret_begun);
    if (r < 0)
        return store_explain(ret_error, r, RESTORE_FILE, -1, "cannot be put in place: %s%s",
                             strerror(-r), *ret_begun ? "; the next start goes on with it" : "");
    return 0;
}

int store_restore_finish(const struct store_directory *directory,
                         const struct store_credentials *credentials, struct store_error *ret_error)
{
    bool begun;

    return finish(directory, credentials, true, &begun, ret_error);
}

/* Takes `restore` out again, so that nothing has changed. */
static void take_back(const struct store_directory *directory)
{
    const struct store_io *io = directory->io;
    int r = io->unlink(io, directory->fd, RESTORE_FILE);

    if (r >= 0)
        r = io->fsync(io, directory->fd);
    if (r < 0 && r != -ENOENT)
        log_line(LOG_ERR, "store: %s cannot be removed, the next start goes on with it: %s",
                 RESTORE_FILE, strerror(-r));
}

/* Copies a backup into the directory as `restore`, durably. */
static int take_in(const struct store_directory *directory, struct backup *backup,
                   store_progress_t progress, void *userdata, struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    int r;

    CLEANUP(closep) int fd = store_io_open_temporary(directory, RESTORE_FILE, 0600);
    if (fd < 0)
        return store_explain(ret_error, fd, RESTORE_FILE, -1, "cannot be made: %s", strerror(-fd));
    r = prove_backup(backup, fd, progress, userdata, ret_error);
    if (r >= 0) {
        r = io->fsync(io, fd);
        if (r >= 0)
            r = store_io_commit_temporary(directory, RESTORE_FILE);
        if (r < 0)
            (void)store_explain(ret_error, r, RESTORE_FILE, -1, "cannot be written: %s",
                                strerror(-r)); /* the text is what is wanted */
    }
    if (r < 0) {
        store_io_drop_temporary(directory, RESTORE_FILE);
        take_back(directory); /* it may have got there all the same */
    }
    return r;
}

int store_restore(const char *directory, const struct store_credentials *credentials, int backup_fd,
                  const char *backup_name, store_progress_t progress, void *userdata,
                  struct store_error *ret_error)
{
    CLEANUP(store_files_done) struct store_files files;
    CLEANUP(backup_done)
    struct backup backup = {.io = &store_io_system, .name = backup_name, .fd = backup_fd};
    bool begun;
    int r;

    r = store_files_lock(&files, directory, &store_io_system, ret_error);
    if (r >= 0 && seal_init() < 0)
        r = store_explain(ret_error, -ENOSYS, directory, -1, "libsodium cannot be used");
    if (r >= 0)
        r = read_head(&backup, &files.directory, credentials, ret_error);
    if (r >= 0)
        r = take_in(&files.directory, &backup, progress, userdata, ret_error);
    if (r < 0)
        return r;
    r = finish(&files.directory, credentials, false, &begun, ret_error);
    if (r < 0 && !begun)
        take_back(&files.directory);
    return r;
}
