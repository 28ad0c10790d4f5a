/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * expiry [SESSIONS [ROUNDS]]: how late sessions are ended when the deadlines of so many (100000)
 * fall into one second, spread over it in no order: a whole daemon in this process, by the
 * machine's clock. Beside it, in each round, as many bare timers of sd-event, one a deadline, and
 * as many bare deadlines of the daemon's own queue: what they do is note the time.
 *
 * A session is late by the time from its deadline to when it is active no more: its tokens are
 * gone, its record is on its way to the disk and its end in the audit trail. What follows (the
 * leader is told) goes on meanwhile. Prints the medians of so many rounds (5). Standard error has
 * the audit trail.
 */
#include <config.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/macro.h"
#include "tests/bench/bench.h"
#include "tests/bench/daemon.h"

enum {
    ROUNDS_MAX = 100,
    LEADERS = 100,
    ACCURACY_USEC = 1000, /* of a timer, as the daemon's */
    SCATTER = 7919,       /* a prime: neighbours are far apart */
};

/* From when on deadlines are due, after now: all have to be armed by then. */
#define LEAD_USEC (2 * USEC_PER_SEC)

/* Nobody's processes are touched: the leaders ignore what they are told. */
#define CONFIG "[Session]\nLifetimeSec=12h\nWarn=none\nKillProcesses=no\nGraceSec=0\n"

enum kind { TIMERS, DEADLINES, SESSIONS, KINDS };
enum figure { P50, P99, WORST, CPU, HEAP, FIGURES };

static const char *const kind_names[KINDS] = {"sd-event timers", "bare deadlines", "sessions"};

/* A round of one kind. */
struct run {
    sd_event *event; /* borrowed */
    int64_t first_usec;
    size_t count, done;
    double *late_usec; /* by when they were done */
    deadline_fire_t session_fire;
};

static int64_t now_usec(void)
{
    return clock_system.boottime_usec(&clock_system);
}

static void run_init(struct run *run, sd_event *event, double *late_usec, size_t count)
{
    *run = (struct run){.event = event,
                        .first_usec = now_usec() + LEAD_USEC,
                        .count = count,
                        .late_usec = late_usec};
}

/* The deadline of a number. */
static int64_t due_usec(const struct run *run, size_t number)
{
    size_t place = number * SCATTER % run->count;

    return run->first_usec + (int64_t)(place * (size_t)USEC_PER_SEC / run->count);
}

static void note(struct run *run, int64_t due)
{
    run->late_usec[run->done++] = (double)(now_usec() - due);
}

/* Lets everything happen; fills in what it took. */
static void run_all(struct run *run, double figures[static FIGURES])
{
    double cpu;

    bench_need(now_usec() < run->first_usec, "it takes too long to begin");
    bench_pin(true); /* this thread alone: the store's are there already */
    cpu = bench_now(CLOCK_THREAD_CPUTIME_ID);
    while (run->done < run->count)
        bench_need(sd_event_run(run->event, UINT64_MAX) >= 0, "the loop has ended");
    figures[CPU] = (bench_now(CLOCK_THREAD_CPUTIME_ID) - cpu) * 1e6 / (double)run->count;
    bench_pin(false);
    bench_sort(run->late_usec, run->count);
    figures[P50] = bench_percentile(run->late_usec, run->count, 50) / 1e3;
    figures[P99] = bench_percentile(run->late_usec, run->count, 99) / 1e3;
    figures[WORST] = run->late_usec[run->count - 1] / 1e3;
}

static double heap_bytes(void)
{
    return (double)mallinfo2().uordblks + (double)mallinfo2().hblkhd;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)source;
    note(userdata, (int64_t)usec);
    return 0;
}

static void run_timers(double *late_usec, size_t count, double figures[static FIGURES])
{
    sd_event_source **sources = calloc(count, sizeof(*sources));
    double before = heap_bytes();
    sd_event *event = NULL;
    struct run run;

    bench_need(sources != NULL && sd_event_new(&event) >= 0, "no memory");
    run_init(&run, event, late_usec, count);
    for (size_t i = 0; i < count; i++)
        bench_need(sd_event_add_time(event, &sources[i], CLOCK_BOOTTIME,
                                     (uint64_t)due_usec(&run, i), ACCURACY_USEC, on_timer,
                                     &run) >= 0,
                   "no timer");
    figures[HEAP] = (heap_bytes() - before) / (double)count;
    run_all(&run, figures);
    for (size_t i = 0; i < count; i++)
        sd_event_source_unref(sources[i]);
    free(sources);
    sd_event_unref(event);
}

static void on_deadline(struct deadline *deadline, void *userdata)
{
    note(userdata, deadline->at_usec);
}

static void run_deadlines(double *late_usec, size_t count, double figures[static FIGURES])
{
    double before = heap_bytes();
    struct deadline *deadlines = calloc(count, sizeof(*deadlines));
    struct deadline_queue *queue = NULL;
    sd_event *event = NULL;
    struct run run;

    bench_need(deadlines != NULL && sd_event_new(&event) >= 0 &&
                   deadline_queue_new(&queue, event, &clock_system) >= 0,
               "no memory");
    run_init(&run, event, late_usec, count);
    for (size_t i = 0; i < count; i++) {
        deadlines[i].fire = on_deadline;
        deadlines[i].userdata = &run;
        bench_need(deadline_arm(queue, &deadlines[i], due_usec(&run, i)) >= 0, "no memory");
    }
    figures[HEAP] = (heap_bytes() - before) / (double)count;
    run_all(&run, figures);
    deadline_queue_free(queue);
    free(deadlines);
    sd_event_unref(event);
}

/* Stands before the deadline of a session. */
struct watched {
    struct run *run;
    struct session *session;
    deadline_fire_t fire; /* the session's own */
};

static void on_session(struct deadline *deadline, void *userdata)
{
    const struct watched *watched = userdata;
    const struct session_info *info = &watched->session->record.info;
    int64_t due = deadline->at_usec;

    watched->fire(deadline, watched->session);
    bench_need(info->state != STATE_ACTIVE && info->end_reason == END_LIFETIME,
               "a session was not ended");
    note(watched->run, due);
}

/* Brings the ends of all sessions into one second. */
static void move_deadlines(struct bench_daemon *daemon, struct run *run, struct watched *watched)
{
    for (size_t i = 0; i < daemon->count; i++) {
        struct session *session = daemon->sessions[i];

        session->record.deadline_boottime_usec = due_usec(run, i);
        bench_need(lifecycle_arm(daemon->manager, session) >= 0, "no memory");
        watched[i] = (struct watched){run, session, session->deadline.fire};
        session->deadline.fire = on_session;
        session->deadline.userdata = &watched[i];
    }
}

static void start(struct bench_daemon *daemon, size_t count, const char *config, double *ret_heap)
{
    const struct bench_daemon_options options = {
        .config = config, .session_count = count, .leader_count = LEADERS};
    size_t before;

    bench_daemon_start(&options, daemon);
    bench_daemon_run(daemon);
    before = bench_daemon_heap(daemon);
    bench_daemon_open_all(daemon);
    *ret_heap = (double)(bench_daemon_heap(daemon) - before) / (double)count;
}

static void run_sessions(double *late_usec, size_t count, double figures[static FIGURES])
{
    struct watched *watched = calloc(count, sizeof(*watched));
    struct bench_daemon daemon;
    struct run run;

    bench_need(watched != NULL, "no memory");
    start(&daemon, count, CONFIG, &figures[HEAP]);
    run_init(&run, daemon.manager->event, late_usec, count);
    move_deadlines(&daemon, &run, watched);
    run_all(&run, figures);
    while (daemon.manager->sessions.live.count > 0)
        bench_need(sd_event_run(daemon.manager->event, UINT64_MAX) >= 0, "the loop has ended");
    bench_daemon_stop(&daemon);
    free(watched);
}

/* What a session costs where nothing says when it ends. */
static double measure_unlimited(size_t count)
{
    struct bench_daemon daemon;
    double heap;

    start(&daemon, count, "", &heap);
    bench_daemon_stop(&daemon);
    return heap;
}

static void report(double figures[KINDS][FIGURES][ROUNDS_MAX], size_t count, size_t rounds)
{
    (void)printf("%zu deadlines in one second, medians of %zu rounds; in brackets least and most\n"
                 "%-16s %9s %9s %22s %9s %7s\n",
                 count, rounds, "", "p50 ms", "p99 ms", "", "max ms", "us each");
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (enum figure figure = 0; figure < FIGURES; figure++)
            bench_sort(figures[kind][figure], rounds);
        (void)printf("%-16s %9.2f %9.2f (%8.2f .. %8.2f) %9.2f %7.2f\n", kind_names[kind],
                     figures[kind][P50][rounds / 2], figures[kind][P99][rounds / 2],
                     figures[kind][P99][0], figures[kind][P99][rounds - 1],
                     figures[kind][WORST][rounds / 2], figures[kind][CPU][rounds / 2]);
    }
    (void)printf("bytes of the heap: a timer %.0f, a deadline %.0f, a session with a policy %.0f",
                 figures[TIMERS][HEAP][rounds / 2], figures[DEADLINES][HEAP][rounds / 2],
                 figures[SESSIONS][HEAP][rounds / 2]);
    (void)printf(", without one %.0f\n", measure_unlimited(count));
}

int main(int argc, char *argv[])
{
    static void (*const runs[KINDS])(double *, size_t, double[static FIGURES]) = {
        run_timers, run_deadlines, run_sessions};
    static double figures[KINDS][FIGURES][ROUNDS_MAX];
    const size_t count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000;
    const size_t rounds = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 5;
    double *late_usec = calloc(count, sizeof(*late_usec)), row[FIGURES];

    bench_need(argc <= 3 && late_usec != NULL && count > 0 && count % SCATTER != 0 && rounds > 0 &&
                   rounds <= ROUNDS_MAX,
               "usage: expiry [SESSIONS [ROUNDS]]");
    for (size_t round = 0; round < rounds; round++)
        for (enum kind kind = 0; kind < KINDS; kind++) {
            runs[kind](late_usec, count, row);
            for (enum figure figure = 0; figure < FIGURES; figure++)
                figures[kind][figure][round] = row[figure];
        }
    report(figures, count, rounds);
    free(late_usec);
    return EXIT_SUCCESS;
}
