/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * idle [SESSIONS [ROUNDS]]: what it costs the daemon to look for activity in so many (10000)
 * sessions under IdleSec=15min. A whole daemon in this process looks at a tree of files in memory
 * that stands for /proc and the cgroups: each session has a cgroup of its own with three processes,
 * two of them at one of a few pseudo-terminals, which somebody uses now and then.
 *
 * Its clock goes from one deadline to the next, so a quarter of an hour takes seconds, with all
 * looks in it that the schedule wants: CPU time divided by that time is the share of a core. Twice:
 * by terminals and tokens, as is the default, and by CPU time (IdleActivity=processes) too. Beside
 * it the obvious other way, a scan of that /proc as a whole at each sixteenth of the time; a look
 * at sessions of 300 real processes; and the share if all looks cost as much as that. Root only.
 * Prints the medians of so many rounds (5). Standard error has the audit trail.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/policy.h"
#include "tests/bench/bench.h"
#include "tests/bench/daemon.h"
#include "tests/bench/idle.h"

#define IDLE_USEC (15 * 60 * USEC_PER_SEC)
/* Somebody uses a terminal at least so often. */
#define USE_USEC (60 * USEC_PER_SEC)

enum { ROUNDS_MAX = 100, LEADERS = 100, TERMINALS = 8, SCANS_PER_IDLE = 16, REAL_REPEATS = 20 };

enum kind { BY_TERMINAL, BY_PROCESSES, KINDS };
enum figure { LOOK_USEC, REAL_LOOK_USEC, LOOKS, SHARE, SCAN_SHARE, FIGURES };

static const char *const configs[KINDS] = {
    "[Session]\nIdleSec=15min\n",
    "[Session]\nIdleSec=15min\nIdleActivity=tty-input tty-output token processes\n",
};
static const char *const kind_names[KINDS] = {"terminals, tokens", "and processes"};

/* The machine's clock, ahead by what was passed over. */
struct skipping_clock {
    struct clock clock; /* first: what the callbacks get */
    int64_t skipped_usec;
};

static int64_t skipped_usec(const struct clock *clock)
{
    return ((const struct skipping_clock *)clock)->skipped_usec;
}

static int64_t realtime_usec(const struct clock *clock)
{
    return clock_system.realtime_usec(&clock_system) + skipped_usec(clock);
}

static int64_t boottime_usec(const struct clock *clock)
{
    return clock_system.boottime_usec(&clock_system) + skipped_usec(clock);
}

struct bench {
    struct skipping_clock clock;
    struct idle_terminal terminals[TERMINALS];
    struct bench_daemon daemon;
    int64_t used_usec; /* when the terminals were used last */
};

static int64_t now_usec(const struct bench *bench)
{
    return boottime_usec(&bench->clock.clock);
}

static void use_terminals(struct bench *bench)
{
    bench->used_usec = now_usec(bench);
    for (size_t i = 0; i < TERMINALS; i++)
        idle_terminal_use(&bench->terminals[i], realtime_usec(&bench->clock.clock));
}

/* Sessions that are opened one after the other through a quarter of an hour, so that looks at them
 * are spread as on a host. */
static void open_sessions(struct bench *bench)
{
    struct bench_daemon *daemon = &bench->daemon;
    char scope[IDLE_SCOPE_MAX_BYTES];

    for (size_t i = 0; i < daemon->count; i++) {
        struct login_place *place = &daemon->leaders[i % daemon->leader_count].place;

        idle_scope(i, scope);
        place->by = MEMBERS_BY_SCOPE;
        place->scope = scope;
        bench_daemon_open(daemon, i);
        bench->clock.skipped_usec += IDLE_USEC / (int64_t)daemon->count;
    }
    bench_daemon_settle(daemon);
}

static void start(struct bench *bench, size_t sessions, const char *config, const char *proc_path,
                  const char *cgroup_path)
{
    const struct bench_daemon_options options = {.config = config,
                                                 .leader_count = LEADERS,
                                                 .session_count = sessions,
                                                 .user_count = TERMINALS,
                                                 .proc_path = proc_path,
                                                 .cgroup_path = cgroup_path,
                                                 .clock = &bench->clock.clock};

    bench->clock = (struct skipping_clock){
        .clock = {.realtime_usec = realtime_usec, .boottime_usec = boottime_usec}};
    bench_daemon_start(&options, &bench->daemon);
    bench_pin(true);
    open_sessions(bench);
    use_terminals(bench);
}

static void stop(struct bench *bench)
{
    for (size_t i = 0; i < bench->daemon.count; i++)
        bench_need(bench->daemon.sessions[i]->record.info.state == STATE_ACTIVE,
                   "a session has ended");
    bench_daemon_stop(&bench->daemon);
    bench_pin(false);
}

/* CPU time of a look at each session, that finds its terminal and when that was used. */
static double measure_looks(struct bench *bench, size_t repeats)
{
    const struct bench_daemon *daemon = &bench->daemon;
    double cpu = bench_now(CLOCK_THREAD_CPUTIME_ID);

    for (size_t repeat = 0; repeat < repeats; repeat++)
        for (size_t i = 0; i < daemon->count; i++)
            activity_look(daemon->manager, daemon->sessions[i]);
    cpu = bench_now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    for (size_t i = 0; i < daemon->count; i++)
        bench_need(daemon->sessions[i]->terminal_count > 0, "a terminal was not found");
    return cpu * 1e6 / (double)(daemon->count * repeats);
}

/* Lets a quarter of an hour pass: what is due then, and what it took. */
static void pass_time(struct bench *bench, double *ret_looks, double *ret_share)
{
    struct deadline_queue *queue = bench->daemon.manager->deadlines;
    int64_t end = now_usec(bench) + IDLE_USEC;
    size_t looks = 0;
    double cpu = 0;

    for (;;) {
        int64_t next = deadline_queue_next(queue), now = now_usec(bench);
        double before;

        if (next > now)
            bench->clock.skipped_usec += next - now;
        if (next >= end)
            break;
        if (now_usec(bench) - bench->used_usec >= USE_USEC)
            use_terminals(bench);
        before = bench_now(CLOCK_THREAD_CPUTIME_ID);
        looks += deadline_queue_run(queue);
        cpu += bench_now(CLOCK_THREAD_CPUTIME_ID) - before;
    }
    *ret_looks = (double)looks * (double)USEC_PER_SEC / (double)IDLE_USEC;
    *ret_share = cpu * (double)USEC_PER_SEC / (double)IDLE_USEC * 100;
}

/* The share that a scan of the whole /proc would take, so often. */
static double measure_scan(const struct bench *bench)
{
    double cpu = bench_now(CLOCK_THREAD_CPUTIME_ID);
    struct process_table table;

    bench_need(process_table_read(&bench->daemon.manager->proc, &table) >= 0, "no scan");
    cpu = bench_now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    bench_need(table.count > bench->daemon.count * IDLE_PROCESSES, "processes are missing");
    process_table_done(&table);
    return cpu * (double)USEC_PER_SEC * SCANS_PER_IDLE / (double)IDLE_USEC * 100;
}

static double measure_real(struct bench *bench, const struct idle_real *real, const char *config)
{
    double usec;

    start(bench, real->count, config, "/proc", real->cgroup);
    usec = measure_looks(bench, REAL_REPEATS);
    stop(bench);
    return usec;
}

static void measure(struct bench *bench, size_t sessions, const struct idle_tree *tree,
                    const struct idle_real *real, enum kind kind, double figures[static FIGURES])
{
    start(bench, sessions, configs[kind], tree->proc, tree->cgroup);
    figures[LOOK_USEC] = measure_looks(bench, 1);
    pass_time(bench, &figures[LOOKS], &figures[SHARE]);
    figures[SCAN_SHARE] = measure_scan(bench);
    stop(bench);
    figures[REAL_LOOK_USEC] = measure_real(bench, real, configs[kind]);
}

static void report(double figures[KINDS][FIGURES][ROUNDS_MAX], size_t sessions, size_t rounds,
                   const struct idle_real *real)
{
    (void)printf("%zu sessions under IdleSec=15min, medians of %zu rounds; in brackets least and "
                 "most\n%-18s %9s %9s %12s %9s %18s %10s %12s\n",
                 sessions, rounds, "looks for", "a look us", "real us", "looks a s.", "a core %",
                 "", "if real %", "all scans %");
    for (enum kind kind = 0; kind < KINDS; kind++) {
        double(*row)[ROUNDS_MAX] = figures[kind];
        double extra;

        for (enum figure figure = 0; figure < FIGURES; figure++)
            bench_sort(row[figure], rounds);
        extra = (row[REAL_LOOK_USEC][rounds / 2] - row[LOOK_USEC][rounds / 2]) *
                row[LOOKS][rounds / 2] / 1e4;
        (void)printf("%-18s %9.1f %9.1f %12.1f %9.3f (%6.3f .. %6.3f) %10.3f %12.2f\n",
                     kind_names[kind], row[LOOK_USEC][rounds / 2], row[REAL_LOOK_USEC][rounds / 2],
                     row[LOOKS][rounds / 2], row[SHARE][rounds / 2], row[SHARE][0],
                     row[SHARE][rounds - 1], row[SHARE][rounds / 2] + extra,
                     row[SCAN_SHARE][rounds / 2]);
    }
    (void)printf("real: %zu sessions of %d processes in /proc, %s\n", real->count, IDLE_PROCESSES,
                 real->in_cgroups ? "in cgroups" : "files instead of cgroups");
}

int main(int argc, char *argv[])
{
    static double figures[KINDS][FIGURES][ROUNDS_MAX];
    const size_t sessions = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 10000;
    const size_t rounds = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 5;
    static struct bench bench;
    static struct idle_real real;
    struct idle_tree tree;
    double row[FIGURES];

    bench_need(argc <= 3 && sessions > 0 && rounds > 0 && rounds <= ROUNDS_MAX && geteuid() == 0,
               "usage: idle [SESSIONS [ROUNDS]], by root");
    for (size_t i = 0; i < TERMINALS; i++)
        idle_terminal_open(BENCH_FIRST_UID + (uid_t)i, &bench.terminals[i]);
    idle_tree_make(sessions, bench.terminals, TERMINALS, &tree);
    idle_real_make(IDLE_REAL_MAX, BENCH_FIRST_UID, TERMINALS, &real);
    for (size_t round = 0; round < rounds; round++)
        for (enum kind kind = 0; kind < KINDS; kind++) {
            measure(&bench, sessions, &tree, &real, kind, row);
            for (enum figure figure = 0; figure < FIGURES; figure++)
                figures[kind][figure][round] = row[figure];
        }
    report(figures, sessions, rounds, &real);
    idle_real_end(&real);
    idle_tree_remove(&tree);
    for (size_t i = 0; i < TERMINALS; i++)
        idle_terminal_close(&bench.terminals[i]);
    return EXIT_SUCCESS;
}
