/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the file of a backup, so that there is a whole one under its name or none; see store.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/progress.h"
#include "ctl/store.h"

enum { COPY_BYTES = 1 << 18 };

static bool tell(const char *path, int error, const char *advice)
{
    (void)failure_tell_system(path, error, advice);
    return false;
}

static const char taken[] = "; another name, or --force, is needed";

bool store_file_begin(struct store_file *file, const char *path, bool replace)
{
    struct stat status;
    int n;

    *file = (struct store_file){.path = path, .fd = -1};
    if (lstat(path, &status) == 0) {
        if (!replace)
            return tell(path, -EEXIST, taken);
        if (!S_ISREG(status.st_mode))
            return tell(path, -EEXIST, ", and it is no file");
    }
    n = snprintf(file->temporary, sizeof(file->temporary), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(file->temporary)) {
        file->temporary[0] = '\0';
        return tell(path, -ENAMETOOLONG, "");
    }
    file->fd = mkostemp(file->temporary, O_CLOEXEC); /* mode 0600 */
    if (file->fd < 0) {
        int error = -errno;

        file->temporary[0] = '\0';
        return tell(path, error, "");
    }
    return true;
}

static bool write_all(const struct store_file *file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(file->fd, bytes, length);

        if (n < 0 && errno != EINTR)
            return tell(file->path, -errno, "");
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
    return true;
}

bool store_file_copy(struct store_file *file, int fd)
{
    CLEANUP(freep) char *buffer = malloc(COPY_BYTES);
    struct progress progress;
    struct stat status;
    uint64_t done = 0;
    bool good = true;
    ssize_t n = 0;

    if (!buffer || fstat(fd, &status) < 0)
        return tell(file->path, buffer ? -errno : -ENOMEM, "");
    progress_begin(&progress, "copy", STDERR_FILENO);
    while (good && (n = read(fd, buffer, COPY_BYTES)) > 0) {
        good = write_all(file, buffer, (size_t)n);
        done += (uint64_t)n;
        progress_show(&progress, done, (uint64_t)status.st_size);
    }
    progress_end(&progress);
    return n < 0 ? tell(file->path, -errno, ": the backup cannot be read") : good;
}

static int sync_folder(const char *path)
{
    CLEANUP(freep) char *copy = strdup(path); /* dirname(3) changes it */
    CLEANUP(closep) int fd = -1;

    if (!copy)
        return -ENOMEM;
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* What has come to its place meanwhile is not ours to replace. Not every file system (NFS, FUSE)
 * can rename like that; a link does not replace anything either. */
static int put_in_place(const struct store_file *file, bool replace)
{
    if (renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path,
                  replace ? 0 : RENAME_NOREPLACE) == 0)
        return 0;
    if (replace || errno != EINVAL)
        return -errno;
    if (link(file->temporary, file->path) < 0)
        return -errno;
    (void)unlink(file->temporary); /* what stays is said by its name */
    return 0;
}

bool store_file_commit(struct store_file *file, bool replace, int64_t *ret_bytes)
{
    struct stat status;
    int r;

    if (fsync(file->fd) < 0 || fstat(file->fd, &status) < 0)
        return tell(file->path, -errno, "");
    r = put_in_place(file, replace);
    if (r < 0)
        return tell(file->path, r, r == -EEXIST ? taken : "");
    file->temporary[0] = '\0';
    r = sync_folder(file->path);
    if (r < 0)
        return tell(file->path, r, ": it is there, but a crash may undo that");
    *ret_bytes = status.st_size;
    return true;
}

void store_file_drop(struct store_file *file)
{
    if (file->path == NULL)
        return;
    if (file->temporary[0] != '\0')
        (void)unlink(file->temporary); /* what stays is said by its name */
    closep(&file->fd);
    *file = (struct store_file){.fd = -1};
}
