/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the last good configuration: a folder that takes the place of the one before in one step,
 * so that a crash leaves the old one or the new one.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/config-internal.h"
#include "daemon/config.h"

/* Checks that what was printed can be read: lists of resolved groups may have become too long. */
static int check_lines(const char *text)
{
    for (size_t bytes; *text != '\0'; text += bytes + (text[bytes] != '\0')) {
        bytes = strcspn(text, "\n");
        if (bytes > CONFIG_LINE_MAX_BYTES)
            return -E2BIG;
    }
    return 0;
}

static int write_file(int folder_fd, const char *name, const char *text, size_t bytes)
{
    CLEANUP(closep)
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    for (size_t written = 0; written < bytes;) {
        ssize_t n = write(fd, text + written, bytes - written);

        if (n < 0)
            return -errno;
        written += (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* Prints all values of a table into a new file. */
static int write_values(int folder_fd, const char *name, const struct config_table *table,
                        const void *structure)
{
    CLEANUP(freep) char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    int r;

    if (stream == NULL)
        return -ENOMEM;
    config_table_print(table, structure, stream);
    if (fclose(stream) != 0)
        return -ENOMEM;
    r = check_lines(text);
    return r < 0 ? r : write_file(folder_fd, name, text, bytes);
}

/* Makes a folder that is not there, and opens it. */
static int make_folder(int parent_fd, const char *name)
{
    int fd;

    if (mkdirat(parent_fd, name, 0700) < 0)
        return -errno;
    fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

static int write_rules(const struct config *config, int folder_fd)
{
    CLEANUP(closep) int fd = make_folder(folder_fd, CONFIG_POLICY_FOLDER);
    int r = fd < 0 ? fd : 0;

    for (size_t i = 0; i < config->rule_count && r >= 0; i++) {
        char name[RULE_NAME_MAX_BYTES + sizeof(".conf")];

        (void)snprintf(name, sizeof(name), "%s.conf", config->rules[i].name); /* it fits */
        r = write_values(fd, name, &rule_table, &config->rules[i]);
    }
    return r >= 0 && fsync(fd) < 0 ? -errno : r;
}

static int write_folder(const struct config *config, const char *folder)
{
    CLEANUP(closep) int fd = make_folder(AT_FDCWD, folder);
    int r;

    if (fd < 0)
        return fd;
    r = write_values(fd, CONFIG_MAIN_FILE, &config_main_table, config);
    if (r >= 0)
        r = write_rules(config, fd);
    return r >= 0 && fsync(fd) < 0 ? -errno : r;
}

/* Removes what is in a folder of ours and one below it; what cannot be removed is in the way of the
 * next one, which says so. */
static void remove_folder(int parent_fd, const char *name, bool deeper)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (folder == NULL) {
        closep(&fd);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (deeper && strcmp(entry->d_name, CONFIG_POLICY_FOLDER) == 0)
            remove_folder(dirfd(folder), entry->d_name, false);
        else
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/* Makes a name in its folder durable. */
static int sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(freep)
    char *parent = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");

    if (!parent)
        return -ENOMEM;
    CLEANUP(closep) int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int config_save(const struct config *config, const char *folder)
{
    CLEANUP(freep) char *fresh = NULL;
    int r;

    if (asprintf(&fresh, "%s.new", folder) < 0) {
        fresh = NULL; /* it is undefined then */
        return -ENOMEM;
    }
    remove_folder(AT_FDCWD, fresh, true); /* of a crash */
    r = write_folder(config, fresh);
    if (r >= 0 && renameat2(AT_FDCWD, fresh, AT_FDCWD, folder, RENAME_EXCHANGE) < 0)
        r = errno == ENOENT && rename(fresh, folder) == 0 ? 0 : -errno;
    remove_folder(AT_FDCWD, fresh, true); /* the old one now, or what was not finished */
    return r < 0 ? r : sync_parent(folder);
}
