/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life, its judgement, and the process that it is lived in. */
#include <config.h>

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/checker.h"
#include "tests/crash/disk.h"
#include "tests/crash/interpose.h"
#include "tests/crash/life.h"
#include "tests/crash/must.h"

enum { HANG_SEC = 60, TRIES_MAX = 5, LITTLE_MSEC = 20 };

struct life {
    const char *name;
    struct life_fault *fault;
    struct owner owner;
    struct trace *trace;
    bool wrong;
};

static void wrong(struct life *life, const char *what)
{
    (void)fprintf(stderr, "%s: %s (%s: %s)\n", life->name, what, life->owner.error.file,
                  life->owner.error.message);
    life->wrong = true;
}

/* What the last life was told is still there. A read that failed may have cost something, but then
 * that is told as well. */
static void judge_loaded(struct life *life, const struct claims *claims,
                         const struct records *records)
{
    const struct store_error *damage = store_damage(life->owner.store);
    const char *key = claims_refute(claims, records);

    if (damage) {
        life->owner.error = *damage;
        if (!life->fault->may_damage)
            wrong(life, "is damaged");
    } else if (key) {
        (void)snprintf(life->owner.error.file, sizeof(life->owner.error.file), "%s", key);
        wrong(life, "what was acknowledged is not there when it is opened again");
    }
}

/* Opens; what is there becomes the live set, and a version of its own. */
static bool open_store(struct life *life)
{
    struct owner *owner = &life->owner;
    struct claims claims = owner->claims;
    struct records records = {0};

    owner->claims = (struct claims){0};
    int r = owner_open(owner, &records);
    if (r < 0) {
        claims_done(&owner->claims);
        owner->claims = claims;
        records_done(&records);
        return false;
    }
    judge_loaded(life, &claims, &records);
    claims_done(&claims);
    records_done(&owner->live);
    owner->live = records;
    owner->completed = history_add(&owner->history, records_hash(&records));
    recorder_note(owner->recorder, TRACE_SUBMITTED, owner->completed);
    recorder_note(owner->recorder, TRACE_ACKNOWLEDGED, owner->completed);
    return true;
}

static void wait_for_completions(struct life *life)
{
    if (!owner_wait(&life->owner) && life->owner.patience_msec == OWNER_PATIENCE_MSEC)
        wrong(life, "a submission is never completed");
}

static void submit(struct life *life, int count)
{
    for (int i = 0; i < count; i++) {
        int r = owner_submit(&life->owner);
        if (r < 0 && r != -ENOMEM)
            wrong(life, "store_submit() refuses what is in order");
    }
}

static void live_on(struct life *life)
{
    struct owner *owner = &life->owner;

    submit(life, 1);
    wait_for_completions(life);
    submit(life, 3);
    bool has_job = owner_start_job(owner, STORE_JOB_CHECKPOINT) >= 0;
    submit(life, 3);
    wait_for_completions(life);
    if (has_job && !owner_wait_job(owner) && owner->patience_msec == OWNER_PATIENCE_MSEC)
        wrong(life, "a checkpoint has no end");
    submit(life, 6); /* into the next segment */
    wait_for_completions(life);
}

/* Availability is told once for each time, and by turns. */
static void judge_availability(struct life *life)
{
    const struct owner *owner = &life->owner;

    for (size_t i = 0; i < owner->availability_count; i++)
        if ((owner->availability[i] < 0) != (i % 2 == 0))
            wrong(life, "the same availability is told twice");
    if (owner->availability_count % 2 != 0)
        wrong(life, "it is not told that the store is available again");
}

/* The disk is good again: so is the store, once it has tried, and everything that it has not taken
 * before is there. */
static void come_back(struct life *life)
{
    struct owner *owner = &life->owner;
    size_t refused, tries = 0;

    if (!owner->store && !open_store(life)) {
        wrong(life, "cannot be opened when all is good again");
        return;
    }
    do {
        if (!owner_wait_available(owner))
            wrong(life, "does not come back");
        refused = owner->refused;
        submit(life, 1);
        wait_for_completions(life);
        tries++;
    } while (owner->refused != refused && tries < TRIES_MAX);
    if (owner->refused != refused)
        wrong(life, "refuses changes when all is good again");
    judge_availability(life);
}

/* What would be left if the power had failed after so many events: all of it. */
static void judge_durable(struct life *life, size_t events)
{
    struct disk_choice *choice = must_allocate(sizeof(*choice));
    struct disk *disk = disk_new(life->trace);
    struct checker checker;
    struct image image;

    while (disk->applied < events)
        disk_step(disk, false);
    disk_choose(disk, choice, false, false);
    disk_image(disk, choice, &image);
    checker_init(&checker, &life->owner);
    image_write(&image, checker.folder);
    bool good = checker_recover(&checker, (enum owner_credentials)disk->credentials);
    if ((!good && !life->fault->may_damage) ||
        records_hash(&checker.records) != records_hash(&life->owner.live)) {
        (void)snprintf(life->owner.error.message, sizeof(life->owner.error.message), "%.200s",
                       good ? "the records are others" : checker.why);
        wrong(life, "what is durable is not good");
    }
    checker_done(&checker);
    image_done(&image);
    disk_free(disk);
    free(choice);
}

static void live(struct life *life, const char *folder)
{
    struct owner *owner = &life->owner;

    owner_init(owner, folder, 7);
    owner->credentials = OWNER_K1;
    life->trace = trace_new();
    owner->recorder = recorder_start(life->trace, owner->folder, NULL, NULL, 0);
    life->fault->recorder = owner->recorder;
    if (life->fault->hook)
        interpose_set(life->fault->hook, life->fault);
    if (life->fault->may_wait)
        owner->patience_msec = LITTLE_MSEC;
    life->fault->arm(life->fault->userdata);
    for (int times = 0; times < 2; times++) {
        if (!open_store(life))
            continue;
        live_on(life);
        if (times == 0)
            owner_close(owner);
    }
    life->fault->heal(life->fault->userdata);
    owner->patience_msec = OWNER_PATIENCE_MSEC;
    come_back(life);
    size_t events = recorder_count(owner->recorder);
    owner_close(owner);
    recorder_stop(owner->recorder);
    owner->recorder = NULL;
    judge_durable(life, events);
    /* everything that the owner has is there */
    struct records records = {0};
    if (owner_open(owner, &records) < 0 || records_hash(&records) != records_hash(&owner->live))
        wrong(life, "the owner's records are not all there in the end");
    records_done(&records);
    owner_done(owner);
    trace_free(life->trace);
}

int life_run(const char *name, struct life_fault *fault)
{
    struct life *life = must_allocate(sizeof(*life));
    char folder[OWNER_PATH_BYTES];
    int status = 0;

    life->name = name;
    life->fault = fault;
    image_make_folder(folder, sizeof(folder));
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        (void)alarm(HANG_SEC); /* nothing takes for ever */
        live(life, folder);
        _exit(life->wrong ? 1 : 0);
    }
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    free(life);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "%s: %s\n", name,
                      WTERMSIG(status) == SIGALRM ? "has no end" : strsignal(WTERMSIG(status)));
    return -1;
}
