/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What idle looks at: pseudo-terminals, a tree of files that stands for /proc and the cgroups of
 * many sessions, and a few real sessions beside it. What cannot be done ends the benchmark.
 */
#ifndef SESSMGR_TESTS_BENCH_IDLE_H
#define SESSMGR_TESTS_BENCH_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    IDLE_PROCESSES = 3, /* of a session: as sshd's other half, a shell, and what it runs */
    IDLE_REAL_MAX = 100,
};

struct idle_terminal {
    int master;      /* owned */
    char path[32];   /* of the other end */
    unsigned device; /* as /proc/PID/stat has it */
};

/* Opens one that belongs to a user. */
void idle_terminal_open(uid_t owner, struct idle_terminal *ret);
void idle_terminal_close(struct idle_terminal *terminal);

/* Somebody uses it, at a time of CLOCK_REALTIME. */
void idle_terminal_use(const struct idle_terminal *terminal, int64_t realtime_usec);

/* The cgroup of a session, below that of all of them. */
enum { IDLE_SCOPE_MAX_BYTES = 64 };
void idle_scope(size_t number, char buffer[static IDLE_SCOPE_MAX_BYTES]);

struct idle_tree {
    char folder[48]; /* in memory */
    char proc[64], cgroup[64];
};

/* Makes the files of so many sessions, which use the terminals in turn. */
void idle_tree_make(size_t sessions, const struct idle_terminal *terminals, size_t terminal_count,
                    struct idle_tree *ret);
void idle_tree_remove(const struct idle_tree *tree);

/* Processes of real sessions: each with a terminal, and a cgroup where that can be had. */
struct idle_real {
    size_t count;
    struct idle_terminal terminals[IDLE_REAL_MAX];
    pid_t pids[IDLE_REAL_MAX][IDLE_PROCESSES];
    char cgroup[64]; /* where cgroups of version 2 are */
    bool in_cgroups; /* else a folder with files like theirs stands for them */
};

/* owner: the uid of a session of a number is owner + number % owners. */
void idle_real_make(size_t count, uid_t owner, size_t owners, struct idle_real *ret);
void idle_real_end(struct idle_real *real);

#endif
