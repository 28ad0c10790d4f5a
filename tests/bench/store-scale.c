/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store-scale DIRECTORY RECORDS: what so many records cost the store (daemon/store.h) in a
 * directory that is empty. Prints the time to fill it, that of a checkpoint while changes go on,
 * the longest single step of the event loop meanwhile, by the clock and by the processor's time,
 * and, of a second start, the time until every record was visited and the memory that is left in
 * use.
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store.h"
#include "tests/bench/bench.h"

enum {
    VALUE_BYTES = 400, /* between the record of a token and that of a session */
    TOGETHER = 8,      /* submissions under way at a time */
};

struct scale {
    struct store *store;
    sd_event *event;
    uint64_t records;
    uint64_t submitted;
    size_t under_way;
    bool job_done;
    bool going_on; /* changes are made during the checkpoint, too */
    double longest_wall, longest_cpu;
};

/* Of this process: bytes that are in memory. */
static double resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    bench_need(file && fscanf(file, "%lu %lu", &total, &resident) == 2, "/proc/self/statm");
    (void)fclose(file); /* it was only read */
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void on_availability(int result, void *userdata)
{
    (void)userdata; /* the figures are worth nothing then */
    errno = -result;
    bench_need(result == 0, "the disk");
}

static void submit(struct scale *scale);

static void on_done(int result, void *userdata)
{
    struct scale *scale = userdata;

    errno = -result;
    bench_need(result == 0, "a record was not taken");
    scale->under_way--;
    if (scale->submitted < scale->records || scale->going_on)
        submit(scale);
}

static void submit(struct scale *scale)
{
    static char value[VALUE_BYTES];
    static char keys[STORE_CHANGES_MAX][STORE_KEY_MAX_BYTES];
    struct store_change changes[STORE_CHANGES_MAX];
    size_t count = 0;

    while (count < STORE_CHANGES_MAX && (scale->submitted < scale->records || count == 0)) {
        /* in no order, as random IDs are */
        uint64_t id = scale->submitted % scale->records * UINT64_C(0x9e3779b97f4a7c15);

        (void)snprintf(keys[count], sizeof(keys[count]), "session/%032" PRIx64, id);
        changes[count] =
            (struct store_change){.key = keys[count], .value = value, .value_bytes = sizeof(value)};
        scale->submitted++;
        count++;
    }
    bench_need(store_submit(scale->store, STORE_ORDINARY, changes, count, on_done, scale) == 0,
               "store_submit");
    scale->under_way++;
}

static void on_job(int result, struct store_job_result *job, void *userdata)
{
    struct scale *scale = userdata;

    (void)fprintf(stderr, "%s", job->error.message); /* "" where all is well */
    errno = -result;
    bench_need(result == 0, "the checkpoint");
    scale->job_done = true;
    scale->going_on = false;
}

static int count_record(const char *key, const void *value, size_t bytes, void *userdata)
{
    uint64_t *count = userdata;

    (void)key;
    (void)value;
    (void)bytes; /* the store keeps nothing of it, nor does this */
    (*count)++;
    return 0;
}

/* One round of the loop: waiting is no step, what is done afterwards is. */
static void step(struct scale *scale)
{
    bench_need(sd_event_prepare(scale->event) >= 0, "sd_event_prepare");
    bench_need(sd_event_wait(scale->event, UINT64_MAX) >= 0, "sd_event_wait");
    double wall = bench_now(CLOCK_MONOTONIC), cpu = bench_now(CLOCK_THREAD_CPUTIME_ID);
    bench_need(sd_event_dispatch(scale->event) >= 0, "sd_event_dispatch");
    wall = bench_now(CLOCK_MONOTONIC) - wall;
    cpu = bench_now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    if (wall > scale->longest_wall)
        scale->longest_wall = wall;
    if (cpu > scale->longest_cpu)
        scale->longest_cpu = cpu;
}

static uint64_t open_store(struct scale *scale, const char *directory)
{
    const struct store_callbacks callbacks = {.availability = on_availability};
    const struct store_credentials credentials = {0};
    struct store_error error = {0};
    uint64_t count = 0;

    if (store_open(&scale->store, scale->event, directory, &credentials, &callbacks, &error) < 0 ||
        store_load(scale->store, count_record, &count, &error) < 0) {
        (void)fprintf(stderr, "store-scale: %s: %s\n", error.file, error.message);
        exit(EXIT_FAILURE);
    }
    return count;
}

int main(int argc, char *argv[])
{
    struct scale scale = {.records = argc == 3 ? strtoull(argv[2], NULL, 10) : 0};
    double begin, before;
    uint64_t count;

    if (scale.records == 0) {
        (void)fprintf(stderr, "usage: store-scale DIRECTORY RECORDS\n");
        return EXIT_FAILURE;
    }
    bench_need(sd_event_new(&scale.event) >= 0, "sd_event_new");
    bench_need(open_store(&scale, argv[1]) == 0, "the directory is not empty");
    begin = bench_now(CLOCK_MONOTONIC);
    while (scale.under_way < TOGETHER)
        submit(&scale);
    while (scale.under_way > 0)
        step(&scale);
    (void)printf("filled with %" PRIu64 " records in %.2f s\n", scale.records,
                 bench_now(CLOCK_MONOTONIC) - begin);
    begin = bench_now(CLOCK_MONOTONIC);
    scale.going_on = true;
    submit(&scale);
    bench_need(store_start_job(scale.store, STORE_JOB_CHECKPOINT, on_job, &scale) == 0,
               "store_start_job");
    while (!scale.job_done || scale.under_way > 0)
        step(&scale);
    (void)printf("checkpoint in %.2f s, beside changes\n", bench_now(CLOCK_MONOTONIC) - begin);
    (void)printf("longest step of the loop %.2f ms, %.2f ms of it its own\n",
                 scale.longest_wall * 1e3, scale.longest_cpu * 1e3);
    store_close(scale.store);

    before = resident_bytes();
    begin = bench_now(CLOCK_MONOTONIC);
    count = open_store(&scale, argv[1]);
    bench_need(count == scale.records, "records are missing");
    (void)printf("restart in %.2f s, %.1f bytes of memory a record\n",
                 bench_now(CLOCK_MONOTONIC) - begin,
                 (resident_bytes() - before) / (double)scale.records);
    store_close(scale.store);
    sd_event_unref(scale.event);
    return EXIT_SUCCESS;
}
