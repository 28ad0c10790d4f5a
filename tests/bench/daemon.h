/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole daemon in a benchmark's process, without sockets, in a folder of its own, with processes
 * that lead sessions and do nothing. Standard error has the audit trail. What cannot be done ends
 * the benchmark.
 */
#ifndef SESSMGR_TESTS_BENCH_DAEMON_H
#define SESSMGR_TESTS_BENCH_DAEMON_H

#include <stddef.h>

#include "daemon/lifecycle.h"
#include "daemon/locate.h"
#include "daemon/manager.h"

enum { BENCH_FIRST_UID = 1000 };

struct bench_leader {
    struct peer peer;
    struct login_place place;
};

struct bench_daemon {
    char folder[64];
    struct manager *manager;
    struct bench_leader *leaders; /* that sessions have in turn; their places may be changed */
    size_t leader_count;
    size_t user_count;
    struct session **sessions; /* by number; NULL before they are opened */
    size_t count;
};

struct bench_daemon_options {
    const char *config;  /* of sessmgrd.conf all but [Manager] */
    size_t leader_count; /* at least 1 */
    size_t session_count;
    size_t user_count; /* that log in, in turn, the first with BENCH_FIRST_UID; 0: 1000 */
    const char *proc_path, *cgroup_path; /* NULL: the machine's */
    const struct clock *clock;           /* NULL: the machine's */
};

/* Starts it, without a session. The leaders ignore SIGTERM: they lead more than one. To be stopped
 * with bench_daemon_stop(). */
void bench_daemon_start(const struct bench_daemon_options *options, struct bench_daemon *ret);
void bench_daemon_stop(struct bench_daemon *daemon);

/* Opens the session of a number (from 0). */
void bench_daemon_open(struct bench_daemon *daemon, size_t number);

/* Opens all of them, and lets the store write now and then. */
void bench_daemon_open_all(struct bench_daemon *daemon);

/* Waits until everything is on the disk, and in a checkpoint: the store does nothing any more. */
void bench_daemon_settle(const struct bench_daemon *daemon);

/* Bytes of the heap once all is settled, without the texts of the latest changes, which are as many
 * however many sessions there are. */
size_t bench_daemon_heap(const struct bench_daemon *daemon);

/* Lets the store write, and what is due happen. */
void bench_daemon_run(const struct bench_daemon *daemon);

#endif
