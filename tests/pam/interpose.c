/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replaced functions: see interpose.h. The program is linked with -rdynamic, so that its own
 * functions come before those of the C library for what it loads, too.
 */
#include "config.h"

/* The fortified headers define syslog() themselves. */
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "tests/pam/interpose.h"

enum { LINES_MAX = 32, LINE_SIZE = 4096, FOREIGN_UID = 65534 };

/* NOLINTNEXTLINE(bugprone-reserved-identifier): the C library's name for the fortified syslog() */
void __syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct {
    size_t count;
    struct {
        int priority;
        char text[LINE_SIZE];
    } lines[LINES_MAX];
} captured;

static struct {
    bool set;
    dev_t device;
    ino_t inode;
} foreign;

static int groups_count;

static void __attribute__((format(printf, 2, 0)))
capture(int priority, const char *format, va_list arguments)
{
    if (captured.count == LINES_MAX)
        abort(); /* no test logs that much */
    captured.lines[captured.count].priority = LOG_PRI(priority);
    (void)vsnprintf(captured.lines[captured.count].text, LINE_SIZE, format, arguments);
    captured.count++;
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    capture(priority, format, arguments);
    va_end(arguments);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;

    (void)flag;
    va_start(arguments, format);
    capture(priority, format, arguments);
    va_end(arguments);
}

static void pretend(struct stat *status)
{
    if (foreign.set && status->st_dev == foreign.device && status->st_ino == foreign.inode)
        status->st_uid = FOREIGN_UID;
}

int fstat(int fd, struct stat *status)
{
    int (*real)(int, struct stat *) = (int (*)(int, struct stat *))dlsym(RTLD_NEXT, "fstat");
    int r = real(fd, status);

    if (r == 0)
        pretend(status);
    return r;
}

int fstatat(int fd, const char *path, struct stat *status, int flags)
{
    int (*real)(int, const char *, struct stat *, int) =
        (int (*)(int, const char *, struct stat *, int))dlsym(RTLD_NEXT, "fstatat");
    int r = real(fd, path, status, flags);

    if (r == 0)
        pretend(status);
    return r;
}

int getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
    int (*real)(const char *, gid_t, gid_t *, int *) =
        (int (*)(const char *, gid_t, gid_t *, int *))dlsym(RTLD_NEXT, "getgrouplist");
    int size = *count;

    if (groups_count == 0)
        return real(user, group, groups, count);
    *count = groups_count;
    for (int i = 0; i < groups_count && i < size; i++)
        groups[i] = group + (gid_t)i;
    return groups_count <= size ? groups_count : -1;
}

void interpose_reset(void)
{
    groups_count = 0;
    captured.count = 0;
    foreign.set = false;
}

void interpose_forget_lines(void)
{
    captured.count = 0;
}

size_t interpose_lines(bool with_debug)
{
    size_t count = 0;

    for (size_t i = 0; i < captured.count; i++)
        if (with_debug || captured.lines[i].priority != LOG_DEBUG)
            count++;
    return count;
}

bool interpose_logged(const char *text)
{
    for (size_t i = 0; i < captured.count; i++)
        if (strstr(captured.lines[i].text, text) != NULL)
            return true;
    return false;
}

void interpose_make_foreign(const char *path)
{
    struct stat status;

    if (lchown(path, FOREIGN_UID, (gid_t)-1) == 0)
        return;
    if (errno != EINVAL || lstat(path, &status) < 0)
        abort();
    foreign.device = status.st_dev;
    foreign.inode = status.st_ino;
    foreign.set = true;
}

void interpose_put_into_groups(int count)
{
    groups_count = count;
}
