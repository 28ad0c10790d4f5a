/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Namespaces of the test program: see namespace.h. */
#include <config.h>

#include "tests/daemon/namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/macro.h"

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

static void write_file(const char *path, const char *text)
{
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

    check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
}

static void become_root(void)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    char map[64];

    if (uid == 0) {
        check(unshare(CLONE_NEWNS) == 0, "these tests need a mount namespace");
        return;
    }
    check(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "these tests need root or a user namespace");
    write_file("/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

void namespace_enter(void)
{
    become_root();
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount");
    if (access("/run/systemd/journal", F_OK) == 0)
        check(mount("tmpfs", "/run/systemd/journal", "tmpfs", 0, NULL) == 0, "mount");
    if (access("/dev/log", F_OK) == 0)
        check(mount("/dev/null", "/dev/log", NULL, MS_BIND, NULL) == 0, "mount");
    check(signal(SIGPIPE, SIG_IGN) != SIG_ERR, "signal");
}
