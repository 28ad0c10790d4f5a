/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes terminals, and what stands for /proc and cgroups; see idle.h. */
#include <config.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "tests/bench/bench.h"
#include "tests/bench/idle.h"

enum { FIRST_PID = 100000, PATH_BYTES = 160, TEXT_BYTES = 1024 };

/* Files of a process that are the same for all. */
static const struct {
    const char *name;
    const char *text;
} common_files[] = {
    {"status", "Name:\tbash\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1\nNgid:\t0\nPid:\t1\n"
               "PPid:\t1\nTracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\n"
               "Gid:\t1000\t1000\t1000\t1000\n"},
    {"cgroup", "0::/user.slice/user-1000.slice/session-1.scope\n"},
    {"sessionid", "4294967295"},
};

void idle_terminal_open(uid_t owner, struct idle_terminal *ret)
{
    struct stat status;
    dev_t device;

    ret->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    bench_need(ret->master >= 0 && grantpt(ret->master) == 0 && unlockpt(ret->master) == 0 &&
                   ptsname_r(ret->master, ret->path, sizeof(ret->path)) == 0,
               "no pseudo-terminal");
    bench_need(chown(ret->path, owner, (gid_t)-1) == 0 && stat(ret->path, &status) == 0, ret->path);
    device = status.st_rdev;
    ret->device = (minor(device) & 0xff) | major(device) << 8 | (minor(device) & 0xfff00) << 12;
}

void idle_terminal_close(struct idle_terminal *terminal)
{
    closep(&terminal->master);
}

void idle_terminal_use(const struct idle_terminal *terminal, int64_t realtime_usec)
{
    const struct timespec time = {.tv_sec = (time_t)(realtime_usec / USEC_PER_SEC)};
    const struct timespec times[2] = {time, time};

    bench_need(utimensat(AT_FDCWD, terminal->path, times, 0) == 0, terminal->path);
}

void idle_scope(size_t number, char buffer[static IDLE_SCOPE_MAX_BYTES])
{
    (void)snprintf(buffer, IDLE_SCOPE_MAX_BYTES, "/sessmgr-bench-%d/s%zu.scope", (int)getpid(),
                   number);
}

static void write_file(const char *path, const char *text)
{
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    bench_need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
}

static void make_process(const struct idle_tree *tree, int pid, int parent, unsigned device)
{
    char path[PATH_BYTES], common[PATH_BYTES], text[TEXT_BYTES];

    (void)snprintf(path, sizeof(path), "%s/%d", tree->proc, pid);
    bench_need(mkdir(path, 0755) == 0, path);
    (void)snprintf(path, sizeof(path), "%s/%d/stat", tree->proc, pid);
    (void)snprintf(text, sizeof(text),
                   "%d (bash) S %d %d %d %u %d 4194304 1632 7343 0 13 4 2 11 6 20 0 1 0 4711 "
                   "8523776 1312 18446744073709551615 94044373852160 94044374763361 "
                   "140735553519968 0 0 0 65536 3686404 1266761467 1 0 0 17 1 0 0 0 0 0 "
                   "94044374999120 94044375047616 94044395028480 140735553521862 "
                   "140735553521867 140735553521867 140735553523694 0\n",
                   pid, parent, pid, pid, device, pid);
    write_file(path, text);
    for (size_t i = 0; i < ELEMENTS(common_files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%d/%s", tree->proc, pid, common_files[i].name);
        (void)snprintf(common, sizeof(common), "%s/any-%s", tree->folder, common_files[i].name);
        bench_need(link(common, path) == 0, path);
    }
}

static void make_session(const struct idle_tree *tree, size_t number, unsigned device)
{
    char scope[IDLE_SCOPE_MAX_BYTES], path[PATH_BYTES], pids[TEXT_BYTES];
    int first = FIRST_PID + (int)number * IDLE_PROCESSES, length = 0;

    for (int i = 0; i < IDLE_PROCESSES; i++) {
        make_process(tree, first + i, i == 0 ? 1 : first + i - 1, i == 0 ? 0 : device);
        length += snprintf(pids + length, sizeof(pids) - (size_t)length, "%d\n", first + i);
    }
    idle_scope(number, scope);
    (void)snprintf(path, sizeof(path), "%s%s", tree->cgroup, scope);
    bench_need(mkdir(path, 0755) == 0, path);
    (void)snprintf(path, sizeof(path), "%s%s/cgroup.procs", tree->cgroup, scope);
    write_file(path, pids);
    (void)snprintf(path, sizeof(path), "%s%s/cpu.stat", tree->cgroup, scope);
    write_file(path, "usage_usec 123456\nuser_usec 100000\nsystem_usec 23456\n");
}

void idle_tree_make(size_t sessions, const struct idle_terminal *terminals, size_t terminal_count,
                    struct idle_tree *ret)
{
    char path[PATH_BYTES];

    (void)snprintf(ret->folder, sizeof(ret->folder), "/dev/shm/sessmgr-bench-XXXXXX");
    bench_need(mkdtemp(ret->folder) != NULL, "no folder in /dev/shm");
    (void)snprintf(ret->proc, sizeof(ret->proc), "%s/proc", ret->folder);
    (void)snprintf(ret->cgroup, sizeof(ret->cgroup), "%s/cgroup", ret->folder);
    bench_need(mkdir(ret->proc, 0755) == 0 && mkdir(ret->cgroup, 0755) == 0, ret->folder);
    (void)snprintf(path, sizeof(path), "%s/sessmgr-bench-%d", ret->cgroup, (int)getpid());
    bench_need(mkdir(path, 0755) == 0, path);
    for (size_t i = 0; i < ELEMENTS(common_files); i++) {
        (void)snprintf(path, sizeof(path), "%s/any-%s", ret->folder, common_files[i].name);
        write_file(path, common_files[i].text);
    }
    make_process(ret, 1, 0, 0);
    for (size_t i = 0; i < sessions; i++)
        make_session(ret, i, terminals[i % terminal_count].device);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void idle_tree_remove(const struct idle_tree *tree)
{
    (void)nftw(tree->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
