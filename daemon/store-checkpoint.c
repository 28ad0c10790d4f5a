/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checkpoints in GDBM, the only file that knows GDBM. Which checkpoint counts is the manifest's
 * business, when one is made store-compact.c's.
 *
 * GDBM works on a duplicate of our file descriptor, so that what is fsync'ed, hashed and proven is
 * the very file that GDBM wrote or reads, whatever happens to the name. Its own lock is not used:
 * the store's lock file keeps others out, and somebody who looks at a checkpoint with gdbmtool must
 * not keep the daemon from starting.
 */
#include <config.h>

#include "daemon/store-checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"

enum {
    GDBM_BLOCK_BYTES = 4096,
    GDBM_FIRST_BYTES = 4 * GDBM_BLOCK_BYTES, /* what it writes when it makes a file */
    GDBM_OPTIONS = GDBM_NOMMAP | GDBM_CLOEXEC | GDBM_NOLOCK,
};

struct store_checkpoint_writer {
    const struct store_directory *directory; /* borrowed */
    char name[STORE_NAME_MAX_BYTES + 1];
    int fd; /* of the file, which GDBM has a duplicate of */
    GDBM_FILE database;
    uint64_t record_count;
};

void store_checkpoint_name(uint64_t generation, char ret[static STORE_NAME_MAX_BYTES + 1])
{
    (void)snprintf(ret, STORE_NAME_MAX_BYTES + 1,
                   STORE_CHECKPOINT_PREFIX "%" PRIu64 STORE_CHECKPOINT_SUFFIX,
                   generation); /* fits */
}

/* The -errno of GDBM's last failure; result where no system call failed. database may be NULL. */
static int gdbm_result(GDBM_FILE database, int result)
{
    int system_error = 0;

    if ((database ? (int)gdbm_last_errno(database) : (int)gdbm_errno) == GDBM_MALLOC_ERROR)
        return -ENOMEM;
    if (database)
        system_error = gdbm_last_syserr(database);
    else if (gdbm_check_syserr(gdbm_errno))
        system_error = errno;
    return system_error > 0 ? -system_error : result;
}

/* GDBM says nothing when a bucket cannot be written, but marks the database. */
static int check_written(GDBM_FILE database)
{
    return gdbm_last_errno(database) != GDBM_NO_ERROR || gdbm_needs_recovery(database)
               ? gdbm_result(database, -EIO)
               : 0;
}

/* Opens GDBM on a duplicate of the file. */
static int open_database(int fd, const char *name, int mode, GDBM_FILE *ret)
{
    CLEANUP(closep) int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return -errno;
    if (lseek(duplicate, 0, SEEK_SET) < 0) /* GDBM reads from where it is */
        return -errno;
    GDBM_FILE database = gdbm_fd_open(duplicate, name, GDBM_BLOCK_BYTES, mode | GDBM_OPTIONS, NULL);
    if (!database)
        return gdbm_result(NULL, -EBADMSG);
    (void)TAKE_FD(duplicate); /* gdbm_close() closes it */
    *ret = database;
    return 0;
}

/* Hashes the whole file, as it stands in it. Errors: -ECANCELED; -errno. */
static int hash_file(const struct store_directory *directory, const struct store_keys *keys, int fd,
                     struct store_work *work, uint64_t *ret_bytes, unsigned char *ret_hash)
{
    enum { CHUNK_BYTES = 65536 };
    struct seal_hash hash;
    off_t offset = 0;
    ssize_t count;

    CLEANUP(freep) unsigned char *chunk = malloc(CHUNK_BYTES);
    if (!chunk)
        return -ENOMEM;
    seal_hash_start(&hash, keys->checkpoint, SEAL_HASH_BYTES);
    while ((count = store_io_read(directory->io, fd, chunk, CHUNK_BYTES, offset)) > 0) {
        seal_hash_add(&hash, chunk, (size_t)count);
        offset += count;
        store_work_add(work, (uint64_t)count);
        if (store_work_is_cancelled(work))
            return -ECANCELED;
    }
    if (count < 0)
        return (int)count;
    seal_hash_end(&hash, ret_hash, SEAL_HASH_BYTES);
    *ret_bytes = (uint64_t)offset;
    return 0;
}

/*
 * Sets blocks aside for a new file's beginning, so that a full disk shows before gdbm_fd_open(),
 * which loses memory each time that it cannot write them (1.23), and a full disk is asked often.
 */
static int reserve(int fd)
{
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, GDBM_FIRST_BYTES) < 0 && errno != EOPNOTSUPP)
        return -errno;
    return 0;
}

int store_checkpoint_begin(struct store_checkpoint_writer **ret,
                           const struct store_directory *directory, uint64_t generation)
{
    const struct store_io *io = directory->io;
    int r;

    struct store_checkpoint_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->directory = directory;
    writer->fd = -1;
    store_checkpoint_name(generation, writer->name);
    r = io->unlink(io, directory->fd, writer->name);
    if (r < 0 && r != -ENOENT) {
        free(writer);
        return r;
    }
    writer->fd = io->open(io, directory->fd, writer->name, O_RDWR | O_CREAT | O_EXCL, 0600);
    r = writer->fd < 0 ? writer->fd : reserve(writer->fd);
    if (r >= 0)
        r = open_database(writer->fd, writer->name, GDBM_NEWDB, &writer->database);
    if (r < 0) {
        store_checkpoint_abandon(writer);
        return r;
    }
    *ret = writer;
    return 0;
}

int store_checkpoint_put(struct store_checkpoint_writer *writer, const struct store_entry *entry)
{
    datum key = {.dptr = (char *)(uintptr_t)entry->key, .dsize = (int)entry->key_bytes};
    datum value = {.dptr = (char *)(uintptr_t)entry->record, .dsize = (int)entry->record_bytes};
    int r;

    r = gdbm_store(writer->database, key, value, GDBM_INSERT);
    if (r != 0)
        return r > 0 ? -EEXIST : gdbm_result(writer->database, -EIO);
    writer->record_count++;
    return check_written(writer->database);
}

void store_checkpoint_abandon(struct store_checkpoint_writer *writer)
{
    if (!writer)
        return;
    if (writer->database)
        (void)gdbm_close(writer->database); /* nobody wants it */
    closep(&writer->fd);
    /* in nobody's way: it is removed by whoever comes next */
    (void)writer->directory->io->unlink(writer->directory->io, writer->directory->fd, writer->name);
    free(writer);
}

static int prove(const struct store_directory *directory, const struct store_keys *keys,
                 const struct store_manifest *manifest, const char *name, int fd,
                 struct store_work *work, struct store_error *ret_error)
{
    unsigned char hash[SEAL_HASH_BYTES];
    struct stat status;
    uint64_t bytes;
    int r;

    if (fstat(fd, &status) < 0)
        return store_explain(ret_error, -errno, name, -1, "cannot be looked at");
    bytes = (uint64_t)status.st_size; /* what is not the store's may have no end */
    if (bytes != manifest->file_bytes)
        return store_explain(ret_error, -EBADMSG, name, -1,
                             "is %" PRIu64 " bytes long; the manifest says %" PRIu64, bytes,
                             manifest->file_bytes);
    r = hash_file(directory, keys, fd, work, &bytes, hash);
    if (r < 0)
        return store_explain(ret_error, r, name, -1, "cannot be read: %s", strerror(-r));
    if (!seal_equal(hash, manifest->file_hash, sizeof(hash)))
        return store_explain(ret_error, -EBADMSG, name, -1,
                             "does not match its keyed hash in the manifest: it was changed");
    return 0;
}

/* Fetches the record of a key and visits it. */
static int get_record(GDBM_FILE database, const char *name, datum key, store_entry_visit_t visit,
                      void *userdata, struct store_error *ret_error)
{
    int r;

    datum value = gdbm_fetch(database, key);
    if (!value.dptr)
        return store_explain(ret_error, gdbm_result(database, -EBADMSG), name, -1,
                             "cannot be read: %s", gdbm_db_strerror(database));
    const struct store_entry entry = {
        .key = (const unsigned char *)key.dptr,
        .key_bytes = (size_t)key.dsize,
        .record = (const unsigned char *)value.dptr,
        .record_bytes = (size_t)value.dsize,
        .sequence = store_record_sequence((const unsigned char *)value.dptr, (size_t)value.dsize),
    };
    if (key.dsize < 1 || key.dsize > STORE_KEY_MAX_BYTES ||
        value.dsize < STORE_RECORD_OVERHEAD_BYTES || value.dsize > STORE_RECORD_MAX_BYTES)
        r = store_explain(ret_error, -EBADMSG, name, -1, "has a malformed record");
    else
        r = visit(&entry, userdata);
    seal_wipe(value.dptr, (size_t)value.dsize); /* it may have been opened in place */
    free(value.dptr);
    return r;
}

/* Visits every record of an open database. */
static int get_records(GDBM_FILE database, const char *name, const struct store_manifest *manifest,
                       struct store_work *work, store_entry_visit_t visit, void *userdata,
                       struct store_error *ret_error)
{
    /* as if all records were of one length: it is for people alone */
    uint64_t share = manifest->record_count > 0 ? manifest->file_bytes / manifest->record_count : 0;
    uint64_t record_count = 0;
    int r = 0;

    datum key = gdbm_firstkey(database);
    while (key.dptr && r >= 0) {
        r = store_work_is_cancelled(work) ? -ECANCELED
            : record_count == manifest->record_count
                ? store_explain(ret_error, -EBADMSG, name, -1,
                                "has more records than the manifest says")
                : get_record(database, name, key, visit, userdata, ret_error);
        record_count++;
        store_work_add(work, share);
        datum next = {0};
        if (r >= 0)
            next = gdbm_nextkey(database, key);
        free(key.dptr);
        key = next;
    }
    if (r < 0)
        return r;
    if (gdbm_errno != GDBM_ITEM_NOT_FOUND)
        return store_explain(ret_error, gdbm_result(database, -EBADMSG), name, -1,
                             "cannot be read: %s", gdbm_db_strerror(database));
    if (record_count != manifest->record_count)
        return store_explain(ret_error, -EBADMSG, name, -1,
                             "has %" PRIu64 " records; the manifest says %" PRIu64, record_count,
                             manifest->record_count);
    return 0;
}

static int open_record(const struct store_entry *entry, void *userdata)
{
    const struct store_keys *keys = userdata;
    const unsigned char *value;
    size_t bytes;

    /* in memory of our own */
    return store_record_open(keys, entry, (unsigned char *)(uintptr_t)entry->record, &value,
                             &bytes);
}

/* Whether every record can be read: GDBM does not tell of every write that failed, and what the
 * checkpoint was made of goes once it counts. */
static int read_back(const struct store_checkpoint_writer *writer, const struct store_keys *keys,
                     const struct store_manifest *manifest, struct store_work *work)
{
    GDBM_FILE database = NULL;
    int r = open_database(writer->fd, writer->name, GDBM_READER, &database);

    if (r >= 0) {
        r = get_records(database, writer->name, manifest, work, open_record,
                        (void *)(uintptr_t)keys, NULL);
        (void)gdbm_close(database); /* it was only read */
    }
    return r == -EBADMSG ? -EIO : r;
}

int store_checkpoint_end(struct store_checkpoint_writer *writer, const struct store_keys *keys,
                         struct store_work *work, struct store_manifest *manifest)
{
    const struct store_io *io = writer->directory->io;
    int r;

    r = check_written(writer->database);
    if (gdbm_close(TAKE_PTR(writer->database)) != 0 && r >= 0)
        r = gdbm_result(NULL, -EIO);
    if (r >= 0)
        r = io->fsync(io, writer->fd);
    if (r >= 0) /* its name, before that of a manifest which needs it */
        r = io->fsync(io, writer->directory->fd);
    if (r >= 0)
        r = hash_file(writer->directory, keys, writer->fd, work, &manifest->file_bytes,
                      manifest->file_hash);
    manifest->record_count = writer->record_count;
    if (r >= 0)
        r = read_back(writer, keys, manifest, work);
    if (r < 0) {
        store_checkpoint_abandon(writer);
        return r;
    }
    closep(&writer->fd);
    free(writer);
    return 0;
}

int store_checkpoint_read(const struct store_directory *directory, const struct store_keys *keys,
                          const struct store_manifest *manifest, struct store_work *work,
                          store_entry_visit_t visit, void *userdata, struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    char name[STORE_NAME_MAX_BYTES + 1];
    GDBM_FILE database = NULL;
    int r;

    store_checkpoint_name(manifest->generation, name);
    CLEANUP(closep) int fd = io->open(io, directory->fd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return store_explain(ret_error, fd == -ENOENT ? -EBADMSG : fd, name, -1,
                             "the manifest names it, but it cannot be opened: %s", strerror(-fd));
    r = prove(directory, keys, manifest, name, fd, work, ret_error);
    if (r < 0)
        return r;
    r = open_database(fd, name, GDBM_READER, &database);
    if (r < 0)
        return store_explain(ret_error, r, name, -1, "GDBM cannot open it: %s",
                             gdbm_strerror(gdbm_errno));
    r = get_records(database, name, manifest, work, visit, userdata, ret_error);
    (void)gdbm_close(database); /* it was only read */
    return r;
}
