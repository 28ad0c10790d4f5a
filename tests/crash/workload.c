/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The script of a store's life. Nothing fails in it: for that there is faults.c. */
#include <config.h>

#include <inttypes.h>
#include <unistd.h>

#include "daemon/store-backup.h"
#include "tests/crash/kill.h"
#include "tests/crash/must.h"
#include "tests/crash/workload.h"

enum { SUBMISSIONS_PER_ROUND = 14 };

/* A backup, and which versions of the records it may be of. */
struct backup {
    int fd;
    uint64_t lowest, highest;
};

static void must_work(const struct owner *owner, int r, const char *what)
{
    if (r >= 0)
        return;
    (void)fprintf(stderr, "%s: %s: %s (%s)\n", what, owner->error.file, owner->error.message,
                  strerror(-r));
    must(false, what);
}

/* Opens, and finds what was there when it was closed. */
static void open_same(struct owner *owner)
{
    struct records records = {0};

    must_work(owner, owner_open(owner, &records), "the store cannot be opened");
    must(!store_damage(owner->store), "the store is damaged");
    must(records_hash(&records) == records_hash(&owner->live), "a restart changes the records");
    records_done(&records);
}

static uint64_t newest(const struct owner *owner)
{
    return owner->history.count - 1;
}

void workload_submit_some(struct owner *owner, int count)
{
    for (int i = 0; i < count; i++)
        must_work(owner, owner_submit(owner), "store_submit");
    must(owner_wait(owner) && owner->refused == 0, "submissions are not completed");
}

static void start_job(struct owner *owner, enum store_job kind)
{
    must_work(owner, owner_start_job(owner, kind), "store_start_job");
}

static void wait_for_job(struct owner *owner)
{
    must(owner_wait_job(owner), "a job has no end");
    owner->error = owner->job.error;
    must_work(owner, owner->job_result, "a job fails");
}

/* Changes, waited for now and then, and a checkpoint beside them. */
static void live(struct owner *owner, bool with_checkpoint)
{
    size_t checkpoint_at = random_below(&owner->random, SUBMISSIONS_PER_ROUND);

    for (size_t i = 0; i < SUBMISSIONS_PER_ROUND; i++) {
        if (with_checkpoint && i == checkpoint_at)
            start_job(owner, STORE_JOB_CHECKPOINT);
        must_work(owner, owner_submit(owner), "store_submit");
        switch (random_below(&owner->random, 3)) {
        case 0:
            must(owner_wait(owner), "submissions are not completed");
            break;
        case 1:
            owner_turn(owner);
            break;
        default: /* more of them at once */
            break;
        }
    }
    must(owner_wait(owner) && owner->refused == 0, "submissions are not completed");
    wait_for_job(owner);
}

static void restart(struct owner *owner)
{
    owner_close(owner);
    open_same(owner);
}

static void make_backup(struct owner *owner, struct backup *ret)
{
    ret->lowest = owner->completed;
    start_job(owner, STORE_JOB_BACKUP);
    for (int i = 0; i < 4; i++)
        must_work(owner, owner_submit(owner), "store_submit");
    wait_for_job(owner);
    must(owner_wait(owner), "submissions are not completed");
    ret->highest = newest(owner);
    ret->fd = owner->job.fd;
    owner->job.fd = -1;
    must(ret->fd >= 0, "a backup without a file");
}

/* The backup's records become a new version. */
static void restore(struct owner *owner, const struct backup *backup)
{
    struct store_credentials credentials = owner_get_credentials(owner, owner->credentials);
    struct records records = {0};

    owner_close(owner);
    uint64_t version = history_add(&owner->history, 0);
    recorder_note(owner->recorder, TRACE_SUBMITTED, version);
    must_work(owner,
              store_restore(owner->folder, &credentials, backup->fd, "the backup", NULL, NULL,
                            &owner->error),
              "store_restore");
    recorder_note(owner->recorder, TRACE_ACKNOWLEDGED, version);
    must_work(owner, owner_open(owner, &records), "the restored store cannot be opened");
    must(store_was_restored(owner->store), "the store does not know that it was restored");
    owner->history.hashes[version] = records_hash(&records);
    owner->completed = version;
    must(history_find(&owner->history, records_hash(&records), backup->lowest, backup->highest) >=
             0,
         "what is restored is not what was backed up");
    records_done(&owner->live);
    owner->live = records;
}

/* From the key that there was to K2. */
static void rekey(struct owner *owner)
{
    owner_close(owner);
    owner->credentials = owner->credentials == OWNER_OWN_KEY ? OWNER_OWN_KEY_TO_K2 : OWNER_K1_TO_K2;
    open_same(owner);
    start_job(owner, STORE_JOB_REKEY);
    must_work(owner, owner_submit(owner), "store_submit");
    wait_for_job(owner);
    owner->credentials = OWNER_K2;
    recorder_note(owner->recorder, TRACE_CREDENTIALS, OWNER_K2);
    workload_submit_some(owner, 2);
}

void workload_run(struct owner *owner, struct trace *trace, int rounds)
{
    struct backup backup = {.fd = -1};

    owner->credentials = random_below(&owner->random, 2) ? OWNER_K1 : OWNER_OWN_KEY;
    open_same(owner);
    for (int round = 0; round < rounds; round++) {
        size_t first = recorder_count(owner->recorder);
        live(owner, round % 2 == 0);
        kill_and_recover(owner, trace, first, (size_t)round);
        if (round % 6 == 1)
            restart(owner);
        if (round % 6 == 2)
            make_backup(owner, &backup);
        if (round % 6 == 3)
            restore(owner, &backup);
        if (round == 4)
            rekey(owner);
    }
    owner_close(owner);
    if (backup.fd >= 0)
        (void)close(backup.fd); /* unnamed: it is gone with it */
}
