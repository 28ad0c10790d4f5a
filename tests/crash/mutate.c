/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Damaged files: the store takes them as they were, or says what is wrong with them; it does not
 * die of them, take long, or fill the disk. Only damage of the log's last batch, or of all batches
 * from one on, it may take for a write that was not finished: they look the same.
 *
 *     mutate [-c COUNT] [-s SEED] [-f FIRST] log|checkpoint|vouched
 *
 * vouched: checkpoints that the manifest says are good, as only somebody with the key could make
 * them, so that GDBM gets to read them. Those must do no harm; what they yield is not asked.
 *
 * Prints one line of figures. Exits with 1 where something was not as it has to be.
 */
#include <config.h>

#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/crash/checker.h"
#include "tests/crash/must.h"
#include "tests/crash/mutation.h"
#include "tests/crash/vouch.h"
#include "tests/crash/workload.h"

enum {
    BATCHES_MAX = 256,
    SLOW_SEC = 5,
    HANG_SEC = 60,
    FILE_MAX_BYTES = 8 << 20,
    BATCH_FIRST_OFFSET = 4096,
};

#define MEMORY_MAX_BYTES (UINT64_C(2) << 30)

/* A batch of the log; each holds one submission, and so makes one version. */
struct batch {
    char log[TRACE_NAME_BYTES];
    size_t offset, bytes;
    uint64_t version;
};

struct scene {
    const char *kind;
    struct owner owner;
    struct image image; /* undamaged */
    uint64_t records;   /* what it yields */
    struct batch batches[BATCHES_MAX];
    size_t batch_count;
    uint64_t seed;
    struct checker checker;
    FILE *report; /* where violations are told */
};

/* Of the processes that do the work; shared with them. */
struct progress {
    uint64_t next; /* case */
    uint64_t violations, told, unchanged, cut, cut_more, different;
    double slowest;
};

static double seconds(void)
{
    struct timespec time;

    must(clock_gettime(CLOCK_MONOTONIC, &time) == 0, "clock_gettime");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Notes the batches of a trace. Names of logs are found by the number of their file. */
static void find_batches(struct scene *scene, const struct trace *trace)
{
    char(*names)[TRACE_NAME_BYTES] = must_allocate((size_t)trace->file_count * sizeof(*names));
    uint64_t version = 0;
    uint32_t magic;

    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind == TRACE_CREATE || event->kind == TRACE_RENAME)
            memcpy(names[event->file], event->kind == TRACE_RENAME ? event->to : event->name,
                   TRACE_NAME_BYTES);
        if (event->kind == TRACE_SUBMITTED)
            version = event->number;
        if (event->kind != TRACE_WRITE || strncmp(names[event->file], "log-", 4) != 0 ||
            strchr(names[event->file], '.') || event->offset < BATCH_FIRST_OFFSET ||
            event->bytes < sizeof(magic))
            continue;
        memcpy(&magic, event->data, sizeof(magic));
        if (magic == 0)
            continue;
        must(scene->batch_count < BATCHES_MAX, "too many batches");
        struct batch *batch = &scene->batches[scene->batch_count++];
        memcpy(batch->log, names[event->file], sizeof(batch->log));
        batch->offset = event->offset;
        batch->bytes = event->bytes;
        batch->version = version;
    }
    free(names);
}

/* A store with a checkpoint and a log of several files, each of its batches one submission. */
static void make_scene(struct scene *scene, const char *folder)
{
    struct owner *owner = &scene->owner;
    struct trace *trace = trace_new();

    owner_init(owner, folder, scene->seed);
    owner->options.log_limit_bytes = UINT64_C(1) << 30; /* no checkpoint but ours */
    owner->credentials = OWNER_K1;
    owner->recorder = recorder_start(trace, owner->folder, NULL, NULL, 0);
    must(owner_open(owner, &owner->live) >= 0, owner->error.message);
    workload_submit_some(owner, 40);
    must(owner_start_job(owner, STORE_JOB_CHECKPOINT) >= 0 && owner_wait_job(owner) &&
             owner->job_result == 0,
         "a checkpoint fails");
    for (int i = 0; i < 24; i++)
        workload_submit_some(owner, 1);
    owner_close(owner);
    recorder_stop(owner->recorder);
    owner->recorder = NULL;
    find_batches(scene, trace);
    trace_free(trace);
    image_read(owner->folder, &scene->image);
    scene->records = records_hash(&owner->live);
    checker_init(&scene->checker, owner);
    image_write(&scene->image, scene->checker.folder);
    must(checker_recover(&scene->checker, OWNER_K1), scene->checker.why);
    must(records_hash(&scene->checker.records) == scene->records, "it is not what it was");
}

/* A file of the image of the kind that is to be damaged. */
static struct image_file *choose_file(const struct scene *scene, struct image *image,
                                      struct random *random)
{
    const char *prefix = strcmp(scene->kind, "log") == 0 ? "log-" : "checkpoint-";
    struct image_file *file;

    do {
        file = &image->files[random_below(random, image->count)];
    } while (strncmp(file->name, prefix, strlen(prefix)) != 0);
    return file;
}

static size_t list_fields(const struct scene *scene, const struct image_file *file, size_t *ret)
{
    size_t count = 0;

    ret[count++] = 0;
    for (size_t i = 0; i < scene->batch_count; i++)
        if (strcmp(scene->batches[i].log, file->name) == 0)
            ret[count++] = scene->batches[i].offset;
    return count;
}

/* Whether the damage is in a batch. */
static bool is_spoilt(const struct batch *batch, const struct image_file *file,
                      const struct image_file *damaged)
{
    return damaged->bytes < batch->offset + batch->bytes ||
           memcmp(file->data + batch->offset, damaged->data + batch->offset, batch->bytes) != 0;
}

/*
 * Whether the records may be those of before a batch because it and all behind it are spoilt: that
 * looks like one write that was not finished. *ret_batches: how many these are.
 */
static bool may_be_cut(const struct scene *scene, const struct image_file *damaged,
                       uint64_t records, size_t *ret_batches)
{
    const struct image_file *file = image_find((struct image *)&scene->image, damaged->name);

    for (size_t i = scene->batch_count; i-- > 0;) {
        const struct batch *batch = &scene->batches[i];
        if (strcmp(batch->log, damaged->name) != 0 || !is_spoilt(batch, file, damaged))
            return false;
        if (records == scene->owner.history.hashes[batch->version - 1]) {
            *ret_batches = scene->batch_count - i;
            return true;
        }
    }
    return false;
}

static void judge(struct scene *scene, struct progress *progress, const struct image_file *damaged,
                  const char *what, bool recovered)
{
    uint64_t records = records_hash(&scene->checker.records);
    size_t batches = 0;

    if (!recovered)
        progress->told++;
    else if (records == scene->records)
        progress->unchanged++;
    else if (strcmp(scene->kind, "vouched") == 0)
        progress->different++;
    else if (strcmp(scene->kind, "log") == 0 && may_be_cut(scene, damaged, records, &batches))
        *(batches == 1 ? &progress->cut : &progress->cut_more) += 1;
    else {
        progress->violations++;
        (void)fprintf(stderr,
                      "mutate %s: case %" PRIu64 " (seed %" PRIu64
                      "): %s in %s changes the records, and nobody is told\n",
                      scene->kind, progress->next, scene->seed, what, damaged->name);
    }
}

static void try_case(struct scene *scene, struct progress *progress)
{
    struct random random = {.state = scene->seed * UINT64_C(1000003) + progress->next};
    size_t fields[BATCHES_MAX + 1];
    struct image image;

    image_copy(&scene->image, &image);
    struct image_file *file = choose_file(scene, &image, &random);
    size_t field_count = list_fields(scene, file, fields);
    const char *what = mutation_apply(&image, file, fields, field_count, &random);
    file->mixed = 0;
    if (strcmp(scene->kind, "vouched") == 0)
        vouch_for_checkpoint(&scene->owner, &image, file);
    image_write(&image, scene->checker.folder);
    double start = seconds();
    bool recovered = checker_recover(&scene->checker, OWNER_K1);
    double took = seconds() - start;
    judge(scene, progress, file, what, recovered);
    if (took > progress->slowest)
        progress->slowest = took;
    if (took > SLOW_SEC) {
        progress->violations++;
        (void)fprintf(scene->report,
                      "mutate %s: case %" PRIu64 " (seed %" PRIu64 "): takes %.1f s\n", scene->kind,
                      progress->next, scene->seed, took);
    }
    image_done(&image);
}

static void limit(void)
{
    const struct rlimit file = {.rlim_cur = FILE_MAX_BYTES, .rlim_max = FILE_MAX_BYTES};

    must(setrlimit(RLIMIT_FSIZE, &file) == 0, "setrlimit");
#ifndef __SANITIZE_ADDRESS__ /* it has the whole address space to itself */
    const struct rlimit memory = {.rlim_cur = MEMORY_MAX_BYTES, .rlim_max = MEMORY_MAX_BYTES};
    must(setrlimit(RLIMIT_AS, &memory) == 0, "setrlimit");
#endif
}

/* What the store and the sanitizers say of all these cases would be longer than any file may become
 * here; of one case it is wanted. */
static void open_report(struct scene *scene, uint64_t count)
{
    scene->report = fdopen(dup(STDERR_FILENO), "w");
    must(scene->report && setvbuf(scene->report, NULL, _IOLBF, 0) == 0, "standard error");
    if (count > 1)
        must(freopen("/dev/null", "w", stderr) != NULL, "/dev/null");
}

/* Does the cases in processes of their own: one that dies is a violation, and the next goes on. */
static void try_all(struct scene *scene, struct progress *progress, uint64_t end)
{
    int status;

    while (progress->next < end) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            limit();
            for (; progress->next < end; progress->next++) {
                (void)alarm(HANG_SEC); /* there is no earlier one */
                try_case(scene, progress);
            }
            _exit(0);
        }
        must(waitpid(pid, &status, 0) == pid, "waitpid");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return;
        progress->violations++;
        (void)fprintf(scene->report, "mutate %s: case %" PRIu64 " (seed %" PRIu64 "): %s\n",
                      scene->kind, progress->next, scene->seed,
                      WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the sanitizers object");
        progress->next++;
    }
}

int main(int argc, char **argv)
{
    struct scene *scene = must_allocate(sizeof(*scene));
    uint64_t count = 1000, first = 0;
    char folder[OWNER_PATH_BYTES];
    int option;

    scene->seed = 1;
    while ((option = getopt(argc, argv, "c:s:f:")) != -1) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        *(option == 'c' ? &count : option == 's' ? &scene->seed : &first) = number;
    }
    scene->kind = optind + 1 == argc ? argv[optind] : "";
    if (strcmp(scene->kind, "log") != 0 && strcmp(scene->kind, "checkpoint") != 0 &&
        strcmp(scene->kind, "vouched") != 0) {
        (void)fputs("usage: mutate [-c COUNT] [-s SEED] [-f FIRST] log|checkpoint|vouched\n",
                    stderr);
        return 2;
    }
    double start = seconds();
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(progress != MAP_FAILED, "mmap");
    image_make_folder(folder, sizeof(folder));
    make_scene(scene, folder);
    progress->next = first;
    open_report(scene, count);
    try_all(scene, progress, first + count);
    (void)printf("mutate %s: seed %" PRIu64 ", %" PRIu64 " cases, %" PRIu64 " told, %" PRIu64
                 " unchanged, %" PRIu64 " cut by a batch, %" PRIu64 " by more, %" PRIu64
                 " different, %" PRIu64 " violations, slowest %.2f s, %.1f s\n",
                 scene->kind, scene->seed, count, progress->told, progress->unchanged,
                 progress->cut, progress->cut_more, progress->different, progress->violations,
                 progress->slowest, seconds() - start);
    int status = progress->violations == 0 ? 0 : 1;
    checker_done(&scene->checker);
    image_done(&scene->image);
    owner_done(&scene->owner);
    (void)fclose(scene->report); /* all of it is told */
    free(scene);
    return status;
}
