/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hook that records. A file is known by its inode, for as long as it has no other: a number of
 * the trace belongs to an inode from the moment at which a name was made for it.
 */
#include <config.h>

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/crash/interpose.h"
#include "tests/crash/must.h"
#include "tests/crash/recorder.h"

enum { FILES_MAX = 4096, FRAMES_MAX = 24 };

struct recorder {
    pthread_mutex_t mutex;
    struct trace *trace;
    dev_t device;
    ino_t folder;
    struct {
        ino_t inode;
        int number;
        char name[TRACE_NAME_BYTES];
    } files[FILES_MAX];
    int file_count;
};

/* The last change of the folder by this thread: what a sync of the folder is for. */
static _Thread_local char last_change[TRACE_NAME_BYTES + 16];

/* The place of an inode in the table, -1 where it is none of the folder's. The newest counts. */
static int find(const struct recorder *recorder, ino_t inode)
{
    for (int i = recorder->file_count - 1; i >= 0; i--)
        if (recorder->files[i].inode == inode)
            return i;
    return -1;
}

static int find_fd(const struct recorder *recorder, int fd)
{
    struct stat status;

    if (fstat(fd, &status) < 0 || status.st_dev != recorder->device)
        return -1;
    return find(recorder, status.st_ino);
}

static bool is_folder(const struct recorder *recorder, int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && status.st_dev == recorder->device &&
           status.st_ino == recorder->folder;
}

static void adopt(struct recorder *recorder, ino_t inode, int number, const char *name)
{
    must(recorder->file_count < FILES_MAX, "more files than there is room for");
    recorder->files[recorder->file_count].inode = inode;
    recorder->files[recorder->file_count].number = number;
    (void)snprintf(recorder->files[recorder->file_count].name, TRACE_NAME_BYTES, "%s", name);
    recorder->file_count++;
}

/* "log-17.new" becomes "log-N.new". */
static void generalise(const char *name, char *ret, size_t size)
{
    size_t length = strcspn(name, "-");
    const char *rest = name + length;

    if (*rest == '\0') {
        (void)snprintf(ret, size, "%s", name);
        return;
    }
    (void)snprintf(ret, size, "%.*s-N%s", (int)length, name, rest + strcspn(rest, "."));
}

/* A sync's site: what is synced, and the function of the store's that does it. */
static int site_of(struct recorder *recorder, bool data_only, bool is_folder, const char *what)
{
    char text[TRACE_SITE_BYTES];
    void *frames[FRAMES_MAX];
    const char *function = "?";
    bool by_gdbm = false;

    int count = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < count; i++) {
        Dl_info info;

        if (dladdr(frames[i], &info) == 0 || !info.dli_sname)
            continue;
        by_gdbm |= strncmp(info.dli_sname, "gdbm_", 5) == 0;
        if (strncmp(info.dli_sname, "store_", 6) == 0) {
            function = info.dli_sname;
            break;
        }
    }
    /* one function puts every kind of file in place */
    const char *change =
        is_folder && strcmp(function, "store_io_commit_temporary") == 0 ? last_change : "";
    (void)snprintf(text, sizeof(text), "%s%s %s%s%s in %s", by_gdbm ? TRACE_SITE_OF_GDBM : "",
                   data_only ? "fdatasync" : "fsync", what, change[0] ? " after " : "", change,
                   function); /* cut */
    return trace_site(recorder->trace, text);
}

static ssize_t take_open(struct recorder *recorder, const struct interpose_call *call)
{
    struct trace_event event = {.kind = TRACE_CREATE, .site = -1};
    struct stat status;

    if ((call->flags & O_TMPFILE) == O_TMPFILE || !is_folder(recorder, call->fd))
        return interpose_do(call);
    bool was_there = fstatat(call->fd, call->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    ssize_t fd = interpose_do(call);
    if (fd < 0)
        return fd;
    must(fstat((int)fd, &status) == 0, "fstat");
    if (!was_there) {
        event.file = recorder->trace->file_count++;
        (void)snprintf(event.name, sizeof(event.name), "%s", call->name);
        adopt(recorder, status.st_ino, event.file, call->name);
        (void)snprintf(last_change, sizeof(last_change), "create");
        trace_add(recorder->trace, &event);
    } else if (call->flags & O_TRUNC) {
        int i = find(recorder, status.st_ino);
        must(i >= 0, "a file without a number is truncated");
        event.kind = TRACE_TRUNCATE;
        event.file = recorder->files[i].number;
        trace_add(recorder->trace, &event);
    }
    return fd;
}

static ssize_t take_write(struct recorder *recorder, const struct interpose_call *call)
{
    struct trace_event event = {.kind = TRACE_WRITE, .site = -1};
    int i = find_fd(recorder, call->fd);
    size_t bytes = 0;

    if (i < 0)
        return interpose_do(call);
    event.file = recorder->files[i].number;
    event.offset = call->offset == INTERPOSE_HERE
                       ? (uint64_t)syscall(SYS_lseek, call->fd, 0L, SEEK_CUR)
                       : (uint64_t)call->offset;
    ssize_t r = interpose_do(call);
    if (r <= 0)
        return r;
    event.bytes = (uint64_t)r;
    event.data = must_allocate(event.bytes);
    for (int part = 0; part < call->part_count && bytes < event.bytes; part++) {
        size_t more = call->parts[part].iov_len;
        if (more > event.bytes - bytes)
            more = event.bytes - bytes;
        if (more > 0)
            memcpy(event.data + bytes, call->parts[part].iov_base, more);
        bytes += more;
    }
    trace_add(recorder->trace, &event);
    free(event.data);
    return r;
}

/* Truncates, and sets blocks aside: of both only the size that comes of it can be seen. */
static ssize_t take_size(struct recorder *recorder, const struct interpose_call *call)
{
    struct trace_event event = {.kind = TRACE_TRUNCATE, .site = -1};
    int i = find_fd(recorder, call->fd);
    struct stat before, after;

    if (i < 0)
        return interpose_do(call);
    must(fstat(call->fd, &before) == 0, "fstat");
    ssize_t r = interpose_do(call);
    must(fstat(call->fd, &after) == 0, "fstat");
    must(call->kind == INTERPOSE_TRUNCATE || (call->flags & ~FALLOC_FL_KEEP_SIZE) == 0,
         "a kind of fallocate() that the recorder does not know");
    if (before.st_size == after.st_size)
        return r;
    event.file = recorder->files[i].number;
    event.bytes = (uint64_t)after.st_size;
    trace_add(recorder->trace, &event);
    return r;
}

static ssize_t take_sync(struct recorder *recorder, const struct interpose_call *call)
{
    struct trace_event event = {.kind = TRACE_SYNC};
    char what[TRACE_NAME_BYTES];
    int i = find_fd(recorder, call->fd);

    if (i < 0 && !is_folder(recorder, call->fd))
        return interpose_do(call);
    ssize_t r = interpose_do(call);
    if (i < 0) {
        if (r < 0)
            return r;
        event.kind = TRACE_SYNC_DIRECTORY;
        (void)snprintf(what, sizeof(what), "directory");
    } else {
        event.file = recorder->files[i].number;
        event.kind = r < 0 ? TRACE_SYNC_FAILED : TRACE_SYNC;
        generalise(recorder->files[i].name, what, sizeof(what));
    }
    event.site = site_of(recorder, call->data_only, i < 0, what);
    trace_add(recorder->trace, &event);
    return r;
}

static ssize_t take_name(struct recorder *recorder, const struct interpose_call *call)
{
    bool renames = call->kind == INTERPOSE_RENAME;
    struct trace_event event = {.kind = renames ? TRACE_RENAME : TRACE_UNLINK, .site = -1};
    char name[TRACE_NAME_BYTES];
    struct stat status;

    if (!is_folder(recorder, call->fd) || fstatat(call->fd, call->name, &status, 0) < 0)
        return interpose_do(call);
    int i = find(recorder, status.st_ino);
    must(i >= 0, "a file without a number is renamed or removed");
    ssize_t r = interpose_do(call);
    if (r < 0)
        return r;
    event.file = recorder->files[i].number;
    (void)snprintf(event.name, sizeof(event.name), "%s", call->name);
    generalise(renames ? call->to : call->name, name, sizeof(name));
    (void)snprintf(last_change, sizeof(last_change), "%s %s", renames ? "rename to" : "unlink",
                   name);
    if (renames) {
        (void)snprintf(event.to, sizeof(event.to), "%s", call->to);
        (void)snprintf(recorder->files[i].name, TRACE_NAME_BYTES, "%s", call->to);
    }
    trace_add(recorder->trace, &event);
    return r;
}

ssize_t recorder_take(const struct interpose_call *call, void *userdata)
{
    struct recorder *recorder = userdata;
    ssize_t r = -ENOSYS;

    if (call->kind == INTERPOSE_READ || call->kind == INTERPOSE_SEEK)
        return interpose_do(call);
    (void)pthread_mutex_lock(&recorder->mutex); /* no error is possible with this kind */
    switch (call->kind) {
    case INTERPOSE_OPEN:
        r = take_open(recorder, call);
        break;
    case INTERPOSE_WRITE:
        r = take_write(recorder, call);
        break;
    case INTERPOSE_TRUNCATE:
    case INTERPOSE_ALLOCATE:
        r = take_size(recorder, call);
        break;
    case INTERPOSE_SYNC:
        r = take_sync(recorder, call);
        break;
    case INTERPOSE_RENAME:
    case INTERPOSE_UNLINK:
        r = take_name(recorder, call);
        break;
    case INTERPOSE_READ:
    case INTERPOSE_SEEK:
        break; /* see above */
    }
    (void)pthread_mutex_unlock(&recorder->mutex);
    return r;
}

struct recorder *recorder_start(struct trace *trace, const char *folder,
                                const char (*names)[TRACE_NAME_BYTES], const int *files,
                                size_t count)
{
    struct recorder *recorder = must_allocate(sizeof(*recorder));
    char path[512];
    struct stat status;

    must(pthread_mutex_init(&recorder->mutex, NULL) == 0, "pthread_mutex_init");
    must(stat(folder, &status) == 0, folder);
    recorder->trace = trace;
    recorder->device = status.st_dev;
    recorder->folder = status.st_ino;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        must(stat(path, &status) == 0, path);
        adopt(recorder, status.st_ino, files[i], names[i]);
    }
    interpose_set(recorder_take, recorder);
    return recorder;
}

void recorder_note(struct recorder *recorder, enum trace_kind kind, uint64_t number)
{
    const struct trace_event event = {.kind = kind, .site = -1, .number = number};

    (void)pthread_mutex_lock(&recorder->mutex);
    trace_add(recorder->trace, &event);
    (void)pthread_mutex_unlock(&recorder->mutex);
}

void recorder_sync_failed(struct recorder *recorder, int fd)
{
    struct trace_event event = {.kind = TRACE_SYNC_FAILED, .site = -1};

    (void)pthread_mutex_lock(&recorder->mutex);
    int i = find_fd(recorder, fd);
    if (i >= 0) {
        event.file = recorder->files[i].number;
        trace_add(recorder->trace, &event);
    }
    (void)pthread_mutex_unlock(&recorder->mutex);
}

size_t recorder_count(struct recorder *recorder)
{
    (void)pthread_mutex_lock(&recorder->mutex);
    size_t count = recorder->trace->count;
    (void)pthread_mutex_unlock(&recorder->mutex);
    return count;
}

void recorder_stop(struct recorder *recorder)
{
    interpose_set(NULL, NULL);
    (void)pthread_mutex_destroy(&recorder->mutex);
    free(recorder);
}
