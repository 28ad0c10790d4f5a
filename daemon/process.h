/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What /proc says about processes, and nothing that follows from it. The root of /proc is passed
 * in, so that tests can bring a tree of their own.
 */
#ifndef SESSMGR_PROCESS_H
#define SESSMGR_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PROCESS_COMM_MAX_BYTES = 64,
    PROCESS_CGROUP_MAX_BYTES = 512,
    PROCESS_AUDIT_SESSION_NONE = -1, /* the kernel's 4294967295, or no audit in this kernel */
};

/* An open /proc. */
struct proc {
    int fd;
};

struct process {
    pid_t pid;
    pid_t ppid;
    pid_t sid; /* POSIX session: its leader's pid */
    uid_t uid; /* real uid */
    uid_t euid;
    char state;           /* 'R', 'S', 'Z', ...; 'Z' only where no thread lives any more */
    unsigned tty;         /* device number of the controlling terminal, 0 for none */
    int64_t cpu_ticks;    /* that it has used, without its children; -1: not read */
    uint64_t start_ticks; /* since boot: with the pid and the boot ID it names a process for ever */
    int64_t audit_session; /* or PROCESS_AUDIT_SESSION_NONE */
    char comm[PROCESS_COMM_MAX_BYTES];
    /* Path in the unified hierarchy (line "0::"); where that is "/" or absent, in that of
     * name=systemd; else "". One that is longer than fits is cut to a cgroup above it. */
    char cgroup[PROCESS_CGROUP_MAX_BYTES];
};

/* A snapshot of all processes, sorted by pid. */
struct process_table {
    struct process *items;
    size_t count;
};

/* Opens a /proc. path: "/proc" but in tests. Errors: -errno of open(2). */
int proc_open(const char *path, struct proc *ret);
void proc_close(struct proc *proc);

/* Whether other users' processes can be seen: false where hidepid= hides them (process 1 is looked
 * at). */
bool proc_shows_others(const struct proc *proc);

/* Reads one process. Errors: -ESRCH gone (or hidden); -EBADMSG what /proc says cannot be read;
 * other -errno. */
int process_read(const struct proc *proc, pid_t pid, struct process *ret);

/* The same of what stat alone says: no user IDs, cgroup or audit session. Errors as
 * process_read()'s. */
int process_read_stat(const struct proc *proc, pid_t pid, struct process *ret);

/* The same as process_read(), and whether it is a kernel thread, of which nothing is read but its
 * parent and name. Errors as process_read()'s. */
int process_read_any(const struct proc *proc, pid_t pid, struct process *ret,
                     bool *ret_kernel_thread);

/* When a process began, on CLOCK_BOOTTIME; cut to a clock tick (proc_pid_stat(5)), so never too
 * late.
 */
int64_t process_began_usec(const struct process *process);

/* Reads all processes that can be seen, kernel threads left out. To be released with
 * process_table_done(). Errors: -ENOMEM, -errno of reading the directory. */
int process_table_read(const struct proc *proc, struct process_table *ret);
void process_table_done(struct process_table *table);

/* Finds a process by pid, or NULL. Borrowed. */
const struct process *process_table_find(const struct process_table *table, pid_t pid);

#endif
