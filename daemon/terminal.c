/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes to terminals that belong to other people: only to a device that is what its number says,
 * only if its owner permits messages, and without ever waiting for it.
 */
#include <config.h>

#include "daemon/terminal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/utf8.h"

/* The kernel's Documentation/admin-guide/devices.txt. */
enum {
    MAJOR_CONSOLE = 4,
    CONSOLES_MAX = 64,  /* from this minor on they are serial lines */
    MAJOR_SERIAL = 204, /* low-density serial ports, */
    AMBA_FIRST = 64,    /* of which these are ARM's */
    AMBA_END = 80,
    MAJOR_HVC = 229, /* of hypervisors */
    MAJOR_PTS_FIRST = 136,
    MAJOR_PTS_LAST = 143,
    PTS_PER_MAJOR = 256,
    PTS_MAX = 1 << 20, /* the kernel's own, all of the first major number */
    PATH_MAX_BYTES = 32,
    TEXT_MAX_BYTES = 4096,
};

/* A device number as /proc/PID/stat has it: proc(5), "tty_nr". */
static unsigned major_of(unsigned device)
{
    return (device >> 8) & 0xfff;
}

static unsigned minor_of(unsigned device)
{
    return (device & 0xff) | ((device >> 12) & 0xfff00);
}

static int device_path(unsigned device, char *buffer, size_t size)
{
    unsigned device_major = major_of(device), device_minor = minor_of(device);
    int n;

    if (device_major >= MAJOR_PTS_FIRST && device_major <= MAJOR_PTS_LAST)
        n = snprintf(buffer, size, "/dev/pts/%u",
                     (device_major - MAJOR_PTS_FIRST) * PTS_PER_MAJOR + device_minor);
    else if (device_major == MAJOR_CONSOLE && device_minor > 0 && device_minor < CONSOLES_MAX)
        n = snprintf(buffer, size, "/dev/tty%u", device_minor);
    else if (device_major == MAJOR_CONSOLE && device_minor >= CONSOLES_MAX)
        n = snprintf(buffer, size, "/dev/ttyS%u", device_minor - CONSOLES_MAX);
    else if (device_major == MAJOR_HVC)
        n = snprintf(buffer, size, "/dev/hvc%u", device_minor);
    else if (device_major == MAJOR_SERIAL && device_minor >= AMBA_FIRST && device_minor < AMBA_END)
        n = snprintf(buffer, size, "/dev/ttyAMA%u", device_minor - AMBA_FIRST);
    else
        return -ENXIO;
    return n < 0 || (size_t)n >= size ? -ENXIO : 0;
}

static unsigned device_of(unsigned device_major, unsigned device_minor)
{
    return (device_minor & 0xff) | device_major << 8 | (device_minor & 0xfff00) << 12;
}

static bool is_device(const struct stat *status, unsigned device)
{
    return S_ISCHR(status->st_mode) && major(status->st_rdev) == major_of(device) &&
           minor(status->st_rdev) == minor_of(device);
}

int terminal_read_times(unsigned device, struct terminal_times *ret)
{
    char path[PATH_MAX_BYTES];
    struct stat status;
    int r;

    r = device_path(device, path, sizeof(path));
    if (r < 0)
        return r;
    if (lstat(path, &status) < 0)
        return errno == ENOENT ? -ENXIO : -errno;
    if (!is_device(&status, device))
        return -ENXIO;
    *ret = (struct terminal_times){.read_sec = status.st_atim.tv_sec,
                                   .written_sec = status.st_mtim.tv_sec,
                                   .owner = status.st_uid};
    return 0;
}

static void visit_one(unsigned device,
                      void (*visit)(unsigned device, const struct terminal_times *times,
                                    void *userdata),
                      void *userdata)
{
    struct terminal_times times;

    if (terminal_read_times(device, &times) >= 0)
        visit(device, &times, userdata);
}

void terminal_each(void (*visit)(unsigned device, const struct terminal_times *times,
                                 void *userdata),
                   void *userdata)
{
    DIR *folder = opendir("/dev/pts");
    const struct dirent *entry;

    for (unsigned number = 1; number < CONSOLES_MAX; number++)
        visit_one(device_of(MAJOR_CONSOLE, number), visit, userdata);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *end;
        unsigned long number = strtoul(entry->d_name, &end, 10);

        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && *end == '\0' && number < PTS_MAX)
            visit_one(device_of(MAJOR_PTS_FIRST, (unsigned)number), visit, userdata);
    }
    if (folder != NULL)
        (void)closedir(folder); /* only ever read from */
}

/* Opens the terminal, if it is the one and permits messages. */
static int open_terminal(unsigned device, int *ret_fd)
{
    CLEANUP(closep) int fd = -1;
    char path[PATH_MAX_BYTES];
    struct stat status;
    int r;

    r = device_path(device, path, sizeof(path));
    if (r < 0)
        return r;
    fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT || errno == ENODEV || errno == EIO ? -ENXIO : -errno;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!is_device(&status, device))
        return -ENXIO;
    /* The descriptor's mode counts, not ours: with more rights the open alone proves nothing. */
    if ((status.st_mode & S_IWGRP) == 0)
        return -EACCES;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* Whether a well-formed sequence is a control character (C0, DEL or C1). */
static bool is_control(const char *sequence, size_t bytes)
{
    unsigned char first = (unsigned char)sequence[0];

    if (bytes == 1)
        return first < 0x20 || first == 0x7f;
    return bytes == 2 && first == 0xc2 && (unsigned char)sequence[1] < 0xa0;
}

/* Makes lines of a message: between line ends, each control character and each byte that is not
 * UTF-8 becomes a question mark. Returns the length; what does not fit is left out. */
static size_t make_lines(const char *message, char *buffer, size_t size)
{
    size_t remaining = strlen(message), length = 0;

    buffer[length++] = '\r';
    buffer[length++] = '\n';
    while (remaining > 0 && length + UTF8_SEQUENCE_MAX_BYTES + 2 <= size) {
        size_t bytes = utf8_sequence_bytes(message, remaining);

        if (*message == '\n') {
            buffer[length++] = '\r';
            buffer[length++] = '\n';
        } else if (bytes == 0 || is_control(message, bytes)) {
            buffer[length++] = '?';
        } else {
            memcpy(buffer + length, message, bytes);
            length += bytes;
        }
        bytes = bytes == 0 ? 1 : bytes;
        message += bytes;
        remaining -= bytes;
    }
    buffer[length++] = '\r';
    buffer[length++] = '\n';
    return length;
}

int terminal_write(unsigned device, const char *message)
{
    CLEANUP(closep) int fd = -1;
    char text[TEXT_MAX_BYTES];
    size_t length = make_lines(message, text, sizeof(text)), written = 0;
    int r;

    r = open_terminal(device, &fd);
    if (r < 0)
        return r;
    while (written < length) {
        ssize_t n = write(fd, text + written, length - written);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        written += (size_t)n;
    }
    return 0;
}
