/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session-memory [SESSIONS [LEADERS]]: what a live session costs sessmgrd in memory and time, by a
 * whole daemon in this process that opens so many (default: 100000), led by so many processes
 * (default: 100), and closes them. Prints bytes a session of the heap, and the rates and the
 * longest single step of opening, finding and closing. Standard error has the audit trail.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/bench/bench.h"
#include "tests/bench/daemon.h"

/* How often the store gets its turn: as many logins may come in one round of the loop. */
enum { ROUND = 256 };

static int64_t now_nsec(void)
{
    struct timespec now = {0};

    /* Of the thread: what else runs on the host is none of its steps. Cannot fail for this clock.
     */
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void find_one(struct bench_daemon *bench, size_t number)
{
    struct session *session = bench->sessions[number];

    bench_need(session_table_find(&bench->manager->sessions, session->record.info.session_id) ==
                   session,
               "a session is missing");
}

/* What a login asks before it is opened, of a process in no session; some times are enough. */
static void place_one(struct bench_daemon *bench, size_t number)
{
    struct login_place place;

    if (number % 500 == 0)
        locate_login(bench->manager, getpid(), 1000, "sshd", NULL, &place);
}

static void close_one(struct bench_daemon *bench, size_t number)
{
    lifecycle_close(bench->manager, bench->sessions[number]);
}

/* A walk over all numbers: prints the rate and the longest step. */
static void measure(const char *what, struct bench_daemon *bench,
                    void (*step)(struct bench_daemon *bench, size_t number))
{
    int64_t sum = 0, longest = 0;

    for (size_t i = 0; i < bench->count; i++) {
        int64_t before = now_nsec(), took;

        step(bench, i);
        took = now_nsec() - before;
        sum += took;
        longest = took > longest ? took : longest;
        if (i % ROUND == 0)
            bench_daemon_run(bench);
    }
    bench_daemon_run(bench);
    (void)printf("%-8s %10.0f a second, longest step %" PRId64 " us\n", what,
                 (double)bench->count * 1e9 / (double)sum, longest / 1000);
}

int main(int argc, char *argv[])
{
    const struct bench_daemon_options options = {
        .config = "[Session]\nLifetimeSec=12h\n",
        .session_count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000,
        .leader_count = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 100,
    };
    struct bench_daemon bench;
    size_t before;

    bench_need(options.session_count > 0 && options.leader_count > 0,
               "usage: session-memory [SESSIONS [LEADERS]]");
    bench_daemon_start(&options, &bench);
    bench_daemon_run(&bench);
    before = bench_daemon_heap(&bench);
    measure("opened", &bench, bench_daemon_open);
    (void)printf("memory   %10.1f bytes a session, with %zu of them led by %zu processes\n",
                 (double)(bench_daemon_heap(&bench) - before) / (double)bench.count, bench.count,
                 bench.leader_count);
    measure("found", &bench, find_one);
    measure("placed", &bench, place_one);
    measure("closed", &bench, close_one);
    bench_daemon_stop(&bench);
    return EXIT_SUCCESS;
}
