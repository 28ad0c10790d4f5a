/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the IDs of sessions, host and boot; see identity.h.
 */
#include <config.h>

#include "daemon/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/macro.h"

/* Mixed into the machine ID; made once for this program. */
#define HOST_APPLICATION_ID \
    SD_ID128_MAKE(6a, 1e, 52, 0c, 9d, 3b, 4f, 7e, a8, 41, 0b, 2d, 77, c5, e3, 90)

int identity_new_id(char buffer[static SD_ID128_STRING_MAX])
{
    sd_id128_t id;
    int r;

    r = sd_id128_randomize(&id);
    if (r < 0)
        return r;
    sd_id128_to_string(id, buffer);
    return 0;
}

/* Reads the kept ID; -ENOENT where there is none, or none that can be read as one. */
static int read_kept_id(int directory_fd, sd_id128_t *ret)
{
    CLEANUP(closep) int fd = openat(directory_fd, "host-id", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char text[SD_ID128_STRING_MAX] = "";

    if (fd < 0)
        return -errno;
    if (read(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
        return -ENOENT;
    return sd_id128_from_string(text, ret) < 0 ? -ENOENT : 0;
}

static int make_kept_id(int directory_fd, sd_id128_t *ret)
{
    CLEANUP(closep) int fd = -1;
    char text[SD_ID128_STRING_MAX];
    sd_id128_t id;
    int r;

    r = sd_id128_randomize(&id);
    if (r < 0)
        return r;
    sd_id128_to_string(id, text);
    fd = openat(directory_fd, "host-id.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                0600);
    if (fd < 0)
        return -errno;
    if (write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
        return -EIO;
    if (fsync(fd) < 0 || renameat(directory_fd, "host-id.new", directory_fd, "host-id") < 0 ||
        fsync(directory_fd) < 0)
        return -errno;
    *ret = id;
    return 0;
}

int identity_host_id(const char *directory, char buffer[static SD_ID128_STRING_MAX])
{
    CLEANUP(closep) int directory_fd = -1;
    sd_id128_t id;
    int r;

    r = sd_id128_get_machine_app_specific(HOST_APPLICATION_ID, &id);
    if (r < 0) {
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory_fd < 0)
            return -errno;
        r = read_kept_id(directory_fd, &id);
        if (r == -ENOENT)
            r = make_kept_id(directory_fd, &id);
        if (r < 0)
            return r;
    }
    sd_id128_to_string(id, buffer);
    return 0;
}

int identity_boot_id(char buffer[static SD_ID128_STRING_MAX])
{
    sd_id128_t id;
    int r;

    r = sd_id128_get_boot(&id);
    if (r < 0)
        return r;
    sd_id128_to_string(id, buffer);
    return 0;
}
