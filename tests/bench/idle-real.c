/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes processes of real sessions; see idle.h. */
#include <config.h>

#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/bench/bench.h"
#include "tests/bench/idle.h"

enum { PATH_BYTES = 160 };

/* Where cgroups of version 2 are mounted; false where they are not. */
static bool find_cgroups(char *buffer, size_t size)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    const struct mntent *entry;
    bool found = false;

    bench_need(mounts != NULL, "/proc/self/mounts");
    while (!found && (entry = getmntent(mounts)) != NULL) {
        found = strcmp(entry->mnt_type, "cgroup2") == 0;
        if (found)
            (void)snprintf(buffer, size, "%s", entry->mnt_dir);
    }
    (void)endmntent(mounts); /* only ever read from */
    return found;
}

static void scopes_path(const struct idle_real *real, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%s/sessmgr-bench-%d", real->cgroup, (int)getpid());
}

static bool write_number(const char *path, int flags, int number)
{
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);

    return fd >= 0 && dprintf(fd, "%d\n", number) > 0;
}

/* Moves a process into the cgroup of a session, or writes down that it is there. */
static void place(const struct idle_real *real, size_t number, pid_t pid)
{
    char scope[IDLE_SCOPE_MAX_BYTES], path[PATH_BYTES];

    idle_scope(number, scope);
    (void)snprintf(path, sizeof(path), "%s%s/cgroup.procs", real->cgroup, scope);
    bench_need(write_number(path, real->in_cgroups ? 0 : O_CREAT | O_APPEND, (int)pid), path);
}

static void make_scope(const struct idle_real *real, size_t number)
{
    char scope[IDLE_SCOPE_MAX_BYTES], path[PATH_BYTES];
    FILE *stream;

    idle_scope(number, scope);
    (void)snprintf(path, sizeof(path), "%s%s", real->cgroup, scope);
    bench_need(mkdir(path, 0755) == 0, path);
    if (real->in_cgroups)
        return;
    (void)snprintf(path, sizeof(path), "%s%s/cpu.stat", real->cgroup, scope);
    stream = fopen(path, "we");
    bench_need(stream != NULL && fputs("usage_usec 123456\n", stream) >= 0 && fclose(stream) == 0,
               path);
}

/* Waits for its end. */
static void idle(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it cannot fail for this */
    for (;;)
        (void)pause();
}

/* In a process: takes a terminal as its own, and has a child there. Yields the child. */
static pid_t take_terminal(const char *terminal)
{
    int fd = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
    pid_t child;

    if (fd < 0 || setsid() < 0 || ioctl(fd, TIOCSCTTY, 1) < 0)
        return -1;
    child = fork();
    if (child == 0)
        idle();
    return child;
}

/* A process; with a terminal it has a child there, and *ret_child is that. */
static pid_t make_process(const char *terminal, pid_t *ret_child)
{
    int told[2];
    pid_t pid;

    bench_need(pipe2(told, O_CLOEXEC) == 0, "pipe");
    pid = fork();
    bench_need(pid >= 0, "fork");
    if (pid == 0) {
        pid_t child = terminal == NULL ? 0 : take_terminal(terminal);

        (void)!write(told[1], &child, sizeof(child)); /* who waits for it sees the end */
        idle();
    }
    (void)close(told[1]);
    bench_need(read(told[0], ret_child, sizeof(*ret_child)) == sizeof(*ret_child) &&
                   *ret_child >= 0,
               "no process with a terminal");
    (void)close(told[0]);
    return pid;
}

/* The connection, a shell with a terminal, and what it runs. */
static void make_session(struct idle_real *real, size_t number)
{
    pid_t *pids = real->pids[number], none;

    _Static_assert(IDLE_PROCESSES == 3, "as they are made here");
    pids[0] = make_process(NULL, &none);
    pids[1] = make_process(real->terminals[number].path, &pids[2]);
    make_scope(real, number);
    for (size_t i = 0; i < IDLE_PROCESSES; i++)
        place(real, number, pids[i]);
}

void idle_real_make(size_t count, uid_t owner, size_t owners, struct idle_real *ret)
{
    char path[PATH_BYTES];

    *ret = (struct idle_real){.count = count};
    ret->in_cgroups = find_cgroups(ret->cgroup, sizeof(ret->cgroup));
    scopes_path(ret, path, sizeof(path));
    if (!ret->in_cgroups || mkdir(path, 0755) < 0) { /* in a container they may not be ours */
        ret->in_cgroups = false;
        (void)snprintf(ret->cgroup, sizeof(ret->cgroup), "/dev/shm");
        scopes_path(ret, path, sizeof(path));
        bench_need(mkdir(path, 0755) == 0, path);
    }
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* of the shells' children; it cannot fail */
    for (size_t i = 0; i < count; i++) {
        idle_terminal_open(owner + (uid_t)(i % owners), &ret->terminals[i]);
        make_session(ret, i);
    }
}

static void remove_scope(const struct idle_real *real, size_t number)
{
    static const char *const files[] = {"cgroup.procs", "cpu.stat"};
    char scope[IDLE_SCOPE_MAX_BYTES], path[PATH_BYTES];

    idle_scope(number, scope);
    for (size_t i = 0; i < ELEMENTS(files) && !real->in_cgroups; i++) {
        (void)snprintf(path, sizeof(path), "%s%s/%s", real->cgroup, scope, files[i]);
        (void)unlink(path); /* what is left shows in the next line */
    }
    (void)snprintf(path, sizeof(path), "%s%s", real->cgroup, scope);
    bench_need(rmdir(path) == 0, path);
}

void idle_real_end(struct idle_real *real)
{
    char path[PATH_BYTES];

    for (size_t i = 0; i < real->count; i++) {
        for (size_t j = 0; j < IDLE_PROCESSES; j++) {
            (void)kill(real->pids[i][j], SIGKILL); /* it is ours until it is reaped */
            (void)waitpid(real->pids[i][j], NULL, 0);
        }
        idle_terminal_close(&real->terminals[i]);
        remove_scope(real, i);
    }
    scopes_path(real, path, sizeof(path));
    bench_need(rmdir(path) == 0, path);
}
