/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checkpoints in GDBM, the only file that knows GDBM. Which checkpoint counts is the manifest's
 * business, when one is made and removed store.c's.
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

#include "common/macro.h"

enum {
    VALUE_VERSION = 1,
    VALUE_HEAD_BYTES = 1 + STORE_KEY_ID_BYTES, /* version, key ID */
    VALUE_MAX_BYTES = VALUE_HEAD_BYTES + SEAL_OVERHEAD_BYTES + STORE_VALUE_MAX_BYTES,
    ASSOCIATED_MAX_BYTES = STORE_MAGIC_BYTES + VALUE_HEAD_BYTES + STORE_KEY_MAX_BYTES,
    GDBM_BLOCK_BYTES = 4096,
    GDBM_FIRST_BYTES = 4 * GDBM_BLOCK_BYTES, /* what it writes when it makes a file */
    GDBM_OPTIONS = GDBM_NOMMAP | GDBM_CLOEXEC | GDBM_NOLOCK,
};

static const char checkpoint_magic[STORE_MAGIC_BYTES] = "sessmgrC";

/* What a value's seal is tied to: its head and its key. Returns the length. */
static size_t associate(const unsigned char *head, const void *key, size_t key_bytes,
                        unsigned char *ret)
{
    unsigned char *at = ret;

    store_put_bytes(&at, checkpoint_magic, STORE_MAGIC_BYTES);
    store_put_bytes(&at, head, VALUE_HEAD_BYTES);
    store_put_bytes(&at, key, key_bytes);
    return (size_t)(at - ret);
}

/* The -errno of GDBM's last failure; result where no system call failed. database may be NULL. */
static int gdbm_result(GDBM_FILE database, int result)
{
    int system_error = 0;

    if (database)
        system_error = gdbm_last_syserr(database);
    else if (gdbm_check_syserr(gdbm_errno))
        system_error = errno;
    return system_error > 0 ? -system_error : result;
}

/* Opens GDBM on a duplicate of the file. */
static int open_database(int fd, const char *name, int mode, GDBM_FILE *ret)
{
    CLEANUP(closep) int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return -errno;
    GDBM_FILE database = gdbm_fd_open(duplicate, name, GDBM_BLOCK_BYTES, mode | GDBM_OPTIONS, NULL);
    if (!database)
        return gdbm_result(NULL, -EBADMSG);
    (void)TAKE_FD(duplicate); /* gdbm_close() closes it */
    *ret = database;
    return 0;
}

static int hash_file(const struct store_directory *directory, const struct store_keys *keys, int fd,
                     uint64_t *ret_bytes, unsigned char *ret_hash)
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
    }
    if (count < 0)
        return (int)count;
    seal_hash_end(&hash, ret_hash, SEAL_HASH_BYTES);
    *ret_bytes = (uint64_t)offset;
    return 0;
}

/* A checkpoint in the making. */
struct checkpoint_writer {
    GDBM_FILE database;
    const struct store_keys *keys;
    unsigned char *value; /* VALUE_MAX_BYTES */
    uint64_t record_count;
    int result; /* of the first record that was not taken */
};

static int put_record(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct checkpoint_writer *writer = userdata;
    unsigned char associated[ASSOCIATED_MAX_BYTES];
    size_t key_bytes = strnlen(key, STORE_KEY_MAX_BYTES + 1);
    unsigned char *at = writer->value;

    if (writer->result < 0)
        return writer->result;
    if (key_bytes == 0 || key_bytes > STORE_KEY_MAX_BYTES || value_bytes > STORE_VALUE_MAX_BYTES)
        return writer->result = -EINVAL;

    *at++ = VALUE_VERSION;
    store_put_bytes(&at, writer->keys->id, STORE_KEY_ID_BYTES);
    if (value_bytes > 0)
        memcpy(at + SEAL_NONCE_BYTES, value, value_bytes);
    size_t associated_bytes = associate(writer->value, key, key_bytes, associated);
    seal_close(writer->keys->record, associated, associated_bytes, at, value_bytes);

    datum gdbm_key = {.dptr = (char *)key, .dsize = (int)key_bytes};
    datum gdbm_value = {.dptr = (char *)writer->value,
                        .dsize = (int)(VALUE_HEAD_BYTES + SEAL_OVERHEAD_BYTES + value_bytes)};
    int r = gdbm_store(writer->database, gdbm_key, gdbm_value, GDBM_INSERT);
    if (r != 0)
        return writer->result = r > 0 ? -EEXIST : gdbm_result(writer->database, -EIO);
    writer->record_count++;
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

static int fill(int fd, const char *name, const struct store_keys *keys, store_snapshot_t snapshot,
                void *userdata, uint64_t *ret_record_count)
{
    struct checkpoint_writer writer = {.keys = keys};
    int r;

    CLEANUP(freep) unsigned char *value = malloc(VALUE_MAX_BYTES);
    if (!value)
        return -ENOMEM;
    writer.value = value;
    r = reserve(fd);
    if (r < 0)
        return r;
    r = open_database(fd, name, GDBM_NEWDB, &writer.database);
    if (r < 0)
        return r;
    r = snapshot(put_record, &writer, userdata);
    if (writer.result < 0)
        r = writer.result;
    if (gdbm_close(writer.database) != 0 && r >= 0)
        r = gdbm_result(NULL, -EIO);
    if (r < 0)
        return r;
    *ret_record_count = writer.record_count;
    return 0;
}

int store_checkpoint_write(const struct store_directory *directory, const struct store_keys *keys,
                           uint64_t sequence, store_snapshot_t snapshot, void *userdata,
                           struct store_manifest *ret)
{
    const struct store_io *io = directory->io;
    struct store_manifest manifest = {.sequence = sequence};
    int r;

    (void)snprintf(manifest.checkpoint, sizeof(manifest.checkpoint),
                   STORE_CHECKPOINT_PREFIX "%" PRIu64 STORE_CHECKPOINT_SUFFIX, sequence); /* fits */
    r = io->unlink(io, directory->fd, manifest.checkpoint);
    if (r < 0 && r != -ENOENT)
        return r;
    CLEANUP(closep)
    int fd = io->open(io, directory->fd, manifest.checkpoint, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return fd;

    r = fill(fd, manifest.checkpoint, keys, snapshot, userdata, &manifest.record_count);
    if (r >= 0)
        r = io->fsync(io, fd);
    if (r >= 0)
        r = hash_file(directory, keys, fd, &manifest.file_bytes, manifest.file_hash);
    if (r < 0) {
        /* in nobody's way: it is removed by whoever comes next */
        (void)io->unlink(io, directory->fd, manifest.checkpoint);
        return r;
    }
    *ret = manifest;
    return 0;
}

static int prove(const struct store_directory *directory, const struct store_keys *keys,
                 const struct store_manifest *manifest, int fd, struct store_error *ret_error)
{
    unsigned char hash[SEAL_HASH_BYTES];
    uint64_t bytes;
    int r;

    r = hash_file(directory, keys, fd, &bytes, hash);
    if (r < 0)
        return store_explain(ret_error, r, manifest->checkpoint, -1, "cannot be read: %s",
                             strerror(-r));
    if (bytes != manifest->file_bytes)
        return store_explain(ret_error, -EBADMSG, manifest->checkpoint, -1,
                             "is %" PRIu64 " bytes long; the manifest says %" PRIu64, bytes,
                             manifest->file_bytes);
    if (!seal_equal(hash, manifest->file_hash, sizeof(hash)))
        return store_explain(ret_error, -EBADMSG, manifest->checkpoint, -1,
                             "does not match its keyed hash in the manifest: it was changed");
    return 0;
}

/* Opens one record and visits it. The value is opened in place. */
static int get_record(const struct store_keys *keys, const char *name, datum key, datum value,
                      store_checkpoint_visit_t visit, void *userdata, struct store_error *ret_error)
{
    unsigned char associated[ASSOCIATED_MAX_BYTES];
    unsigned char *head = (unsigned char *)value.dptr;
    size_t plain_bytes;
    int r;

    if (value.dsize >= 1 && head[0] != VALUE_VERSION)
        return store_explain(ret_error, -EPROTONOSUPPORT, name, -1,
                             "has a record of format version %d; this program knows version %d "
                             "only",
                             head[0], VALUE_VERSION);
    if (key.dsize < 1 || key.dsize > STORE_KEY_MAX_BYTES || value.dsize < VALUE_HEAD_BYTES)
        return store_explain(ret_error, -EBADMSG, name, -1, "has a malformed record");
    size_t associated_bytes = associate(head, key.dptr, (size_t)key.dsize, associated);
    r = seal_open(keys->record, associated, associated_bytes, head + VALUE_HEAD_BYTES,
                  (size_t)value.dsize - VALUE_HEAD_BYTES, &plain_bytes);
    if (r < 0)
        return store_explain(ret_error, r, name, -1, "has a record that does not open");
    r = visit(key.dptr, (size_t)key.dsize, head + VALUE_HEAD_BYTES + SEAL_NONCE_BYTES, plain_bytes,
              userdata);
    if (r < 0)
        return store_explain(ret_error, r, name, -1, "has a record that was not taken: %s",
                             strerror(-r));
    return 0;
}

/* Visits every record of an open database. */
static int get_records(GDBM_FILE database, const struct store_keys *keys,
                       const struct store_manifest *manifest, store_checkpoint_visit_t visit,
                       void *userdata, struct store_error *ret_error)
{
    const char *name = manifest->checkpoint;
    uint64_t record_count = 0;
    int r = 0;

    datum key = gdbm_firstkey(database);
    while (key.dptr) {
        datum value = gdbm_fetch(database, key);
        if (value.dptr) {
            r = get_record(keys, name, key, value, visit, userdata, ret_error);
            seal_wipe(value.dptr, (size_t)value.dsize);
            free(value.dptr);
        } else
            r = store_explain(ret_error, gdbm_result(database, -EBADMSG), name, -1,
                              "cannot be read: %s", gdbm_db_strerror(database));
        if (r < 0) {
            free(key.dptr);
            return r;
        }
        record_count++;
        datum next = gdbm_nextkey(database, key);
        free(key.dptr);
        key = next;
    }
    if (gdbm_errno != GDBM_ITEM_NOT_FOUND)
        return store_explain(ret_error, gdbm_result(database, -EBADMSG), name, -1,
                             "cannot be read: %s", gdbm_db_strerror(database));
    if (record_count != manifest->record_count)
        return store_explain(ret_error, -EBADMSG, name, -1,
                             "has %" PRIu64 " records; the manifest says %" PRIu64, record_count,
                             manifest->record_count);
    return 0;
}

int store_checkpoint_read(const struct store_directory *directory, const struct store_keys *keys,
                          const struct store_manifest *manifest, store_checkpoint_visit_t visit,
                          void *userdata, struct store_error *ret_error)
{
    const struct store_io *io = directory->io;
    GDBM_FILE database = NULL;
    int r;

    CLEANUP(closep)
    int fd = io->open(io, directory->fd, manifest->checkpoint, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return store_explain(ret_error, fd == -ENOENT ? -EBADMSG : fd, manifest->checkpoint, -1,
                             "the manifest names it, but it cannot be opened: %s", strerror(-fd));
    r = prove(directory, keys, manifest, fd, ret_error);
    if (r < 0)
        return r;
    r = open_database(fd, manifest->checkpoint, GDBM_READER, &database);
    if (r < 0)
        return store_explain(ret_error, r, manifest->checkpoint, -1, "GDBM cannot open it: %s",
                             gdbm_strerror(gdbm_errno));
    r = get_records(database, keys, manifest, visit, userdata, ret_error);
    (void)gdbm_close(database); /* it was only read */
    return r;
}
