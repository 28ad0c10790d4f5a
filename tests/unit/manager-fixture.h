/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole manager in this process, by clocks that stand still until a test moves them, on a folder
 * of its own: configuration, store, a /proc and a tree of cgroups that are made here. Sessions are
 * each led by a process that the fixture has started, and may have a pseudo-terminal.
 *
 * What the daemon signals are those leaders: no other process in that /proc is a real one.
 */
#ifndef SESSMGR_MANAGER_FIXTURE_H
#define SESSMGR_MANAGER_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/enforcement.h"
#include "daemon/manager.h"

#define SEC  USEC_PER_SEC
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

/* Where the wall clock begins: Wednesday 2024-06-05 12:00 UTC, which is the time zone, too. */
#define START_REALTIME_USEC (INT64_C(1717588800) * SEC)

enum {
    TERMINAL_PID = 5000000, /* of the process on it: above the kernel's largest, so nobody's */
    LEADERS_MAX = 6,        /* sessions of one test */
};

struct manager_fixture {
    struct clock clock; /* first: what the callbacks get */
    int64_t realtime_usec, boottime_usec;
    char folder[32];
    char paths[5][64];          /* what the manager borrows */
    struct manager *manager;    /* NULL while it is stopped */
    pid_t leader;               /* of the last session that was opened: a child that waits */
    pid_t leaders[LEADERS_MAX]; /* all of them, started before there is a lock to be inherited */
    size_t leader_count;        /* that lead, or have led, a session */
    char scope[128];      /* of the last leader; by default no name of systemd's: none is adopted */
    char init[128];       /* the cgroup of process 1 */
    int64_t expires_usec; /* of the credential that opens sessions; -1: none */
    char id[SESSION_ID_BYTES + 1];
    struct session *session; /* the last that was opened, also after a restart; NULL: forgotten */
    int master, slave;       /* of the terminal; -1: none */
    unsigned device;
};

int manager_fixture_setup(void **state);
int manager_fixture_teardown(void **state);

/* Write a file, whose folder is there: below the fixture's folder; the main configuration; a rule
 * of the policy (name with ".conf"). */
void fixture_write(const struct manager_fixture *fixture, const char *path, const char *text);
void fixture_configure(const struct manager_fixture *fixture, const char *text);
void fixture_rule(const struct manager_fixture *fixture, const char *name, const char *text);

void fixture_start(struct manager_fixture *fixture);
void fixture_stop(struct manager_fixture *fixture);
void fixture_reload(struct manager_fixture *fixture);

/* Lets what is due happen, and what is on its way to the disk get there. */
void fixture_run(struct manager_fixture *fixture);

/* Time passes, of which a sleeping machine sees nothing else; and the wall clock is set. */
void fixture_pass(struct manager_fixture *fixture, int64_t usec);
void fixture_set_clock(struct manager_fixture *fixture, int64_t realtime_usec);

/* alice logs in by a service, in a scope of her own; or by "sshd", known by descent. */
struct session *fixture_open(struct manager_fixture *fixture, const char *service);
struct session *fixture_open_tree(struct manager_fixture *fixture);

/* root logs in by "sshd" in a scope, and nobody tells the daemon. */
void fixture_log_in(struct manager_fixture *fixture, const char *scope);

/* She has been there, on a terminal, for almost as long as the machine. */
struct session *fixture_adopt(struct manager_fixture *fixture);

/* Puts a process into /proc: its terminal (0: none), and the CPU time that it has used. */
void fixture_process(const struct manager_fixture *fixture, pid_t pid, unsigned tty, int64_t ticks);

/* Writes a file of the scope's cgroup; and the CPU time that it has used. */
void fixture_write_in_scope(const struct manager_fixture *fixture, const char *name,
                            const char *text);
void fixture_cpu(const struct manager_fixture *fixture, int64_t usec);

/* Gives the last session a process on a pseudo-terminal that permits messages; takes it away from
 * that process; closes it. */
void fixture_open_terminal(struct manager_fixture *fixture);
void fixture_leave_terminal(struct manager_fixture *fixture);
void fixture_close_terminal(struct manager_fixture *fixture);

/* When a program last read from the terminal and wrote to it, by the wall clock. */
void fixture_use_terminal(const struct manager_fixture *fixture, int64_t read_usec,
                          int64_t written_usec);

/* What has been written to the terminal since the last time, as a string; leaves its times. */
const char *fixture_shown(const struct manager_fixture *fixture, char *buffer, size_t size);

/* Fails unless exactly this was shown: the first line without its end; NULL: nothing. */
void fixture_assert_shown(const struct manager_fixture *fixture, const char *line);

void fixture_assert_active(const struct manager_fixture *fixture);
void fixture_assert_ended(const struct manager_fixture *fixture, enum end_reason reason);

/* Fails unless the session lives on for all of a time but its last second, and ends then. */
void fixture_assert_ends_in(struct manager_fixture *fixture, int64_t usec, enum end_reason reason);

#define MANAGER_TEST(function) \
    cmocka_unit_test_setup_teardown(function, manager_fixture_setup, manager_fixture_teardown)

#endif
