/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The owner. What it does with its store, and in which order, is for those who use it. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/crash/image.h"
#include "tests/crash/must.h"
#include "tests/crash/owner.h"

enum { KEYS = 24, VALUE_MAX_BYTES = 3000, CHANGES_MAX = 8 };

static void make_key(const char *path, unsigned char fill)
{
    unsigned char key[32];

    memset(key, fill, sizeof(key));
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
    must(fd >= 0 && pwrite(fd, key, sizeof(key), 0) == sizeof(key), path);
}

void owner_init(struct owner *owner, const char *folder, uint64_t seed)
{
    memset(owner, 0, sizeof(*owner));
    (void)snprintf(owner->folder, sizeof(owner->folder), "%s/store", folder);
    must(mkdir(owner->folder, 0700) == 0, owner->folder);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(owner->keys[i], sizeof(owner->keys[i]), "%s/K%d", folder, i + 1);
        make_key(owner->keys[i], (unsigned char)(i + 1));
    }
    must(sd_event_new(&owner->event) >= 0, "sd_event_new");
    owner->options = store_options_default;
    owner->options.segment_bytes = UINT64_C(32768);
    owner->options.reserve_bytes = UINT64_C(8192);
    owner->options.log_limit_bytes = UINT64_C(65536);
    owner->options.retry_usec = 1000;
    owner->options.retry_max_usec = 4000;
    owner->random.state = seed;
    owner->patience_msec = OWNER_PATIENCE_MSEC;
    owner->job.fd = -1;
    (void)history_add(&owner->history, 0); /* the empty set */
}

void owner_done(struct owner *owner)
{
    char folder[OWNER_PATH_BYTES];

    owner_close(owner);
    records_done(&owner->live);
    history_done(&owner->history);
    claims_done(&owner->claims);
    (void)sd_event_unref(owner->event);
    (void)snprintf(folder, sizeof(folder), "%s", owner->folder);
    image_remove(folder);
    *strrchr(folder, '/') = '\0';
    image_remove(folder);
}

struct store_credentials owner_get_credentials(const struct owner *owner,
                                               enum owner_credentials which)
{
    struct store_credentials credentials = {0};

    if (which == OWNER_K1 || which == OWNER_K1_TO_K2)
        credentials.key = owner->keys[0];
    if (which == OWNER_K2)
        credentials.key = owner->keys[1];
    if (which == OWNER_OWN_KEY_TO_K2 || which == OWNER_K1_TO_K2)
        credentials.next = owner->keys[1];
    return credentials;
}

static void note(struct owner *owner, enum trace_kind kind, uint64_t number)
{
    if (owner->recorder)
        recorder_note(owner->recorder, kind, number);
}

static void on_availability(int result, void *userdata)
{
    struct owner *owner = userdata;

    must(owner->availability_count < ELEMENTS(owner->availability), "availability has no end");
    owner->availability[owner->availability_count++] = result;
}

int owner_open(struct owner *owner, struct records *ret)
{
    const struct store_callbacks callbacks = {.availability = on_availability, .userdata = owner};
    struct store_credentials credentials = owner_get_credentials(owner, owner->credentials);
    int r;

    note(owner, TRACE_CREDENTIALS, owner->credentials);
    memset(&owner->error, 0, sizeof(owner->error));
    owner->availability_count = 0;
    r = store_open_with_options(&owner->store, owner->event, owner->folder, &credentials,
                                &callbacks, &owner->options, &owner->error);
    if (r < 0) {
        owner->store = NULL;
        return r;
    }
    r = store_load(owner->store, records_visit, ret, &owner->error);
    if (r < 0)
        owner_close(owner);
    else
        claims_reset(&owner->claims, ret);
    return r;
}

void owner_close(struct owner *owner)
{
    store_close(owner->store);
    owner->store = NULL;
    if (owner->job.fd >= 0)
        (void)close(owner->job.fd); /* unnamed: it is gone with it */
    owner->job.fd = -1;
}

static void on_done(int result, void *userdata)
{
    const struct owner_submission *submission = userdata;
    struct owner *owner = submission->owner;

    must(owner->waiting > 0, "more completions than submissions");
    must(submission->version > owner->completed, "completions are not in their order");
    owner->waiting--;
    owner->completed = submission->version;
    if (result < 0) {
        owner->refused++;
        return;
    }
    claims_acknowledge(&owner->claims, submission->version);
    note(owner, TRACE_ACKNOWLEDGED, submission->version);
}

/* A change of one of a few keys; whole is the value's memory. */
static struct store_change make_change(struct owner *owner, char *key, unsigned char *value)
{
    static const size_t limits[] = {1, 16, 200, 200, 900, 900, 2000, VALUE_MAX_BYTES};
    struct random *random = &owner->random;
    struct store_change change = {.key = key};

    (void)snprintf(key, STORE_KEY_MAX_BYTES + 1, "%s/%zu",
                   random_below(random, 2) ? "session" : "token", random_below(random, KEYS));
    if (random_below(random, 4) == 0)
        return change;
    change.value_bytes = random_below(random, limits[random_below(random, ELEMENTS(limits))] + 1);
    random_fill(random, value, change.value_bytes);
    change.value = value;
    return change;
}

int owner_submit(struct owner *owner)
{
    static unsigned char values[CHANGES_MAX][VALUE_MAX_BYTES];
    struct store_change changes[CHANGES_MAX];
    struct records before;
    char keys[CHANGES_MAX][STORE_KEY_MAX_BYTES + 1];
    size_t count = 1 + random_below(&owner->random, random_below(&owner->random, 3) ? 2 : 8);
    enum store_urgency urgency = random_below(&owner->random, 3) ? STORE_ORDINARY : STORE_ESSENTIAL;

    must(owner->submission_count < OWNER_SUBMISSIONS_MAX, "too many submissions");
    records_copy(&owner->live, &before);
    for (size_t i = 0; i < count; i++) {
        changes[i] = make_change(owner, keys[i], values[i]);
        records_set(&owner->live, keys[i], changes[i].value, changes[i].value_bytes);
    }
    uint64_t version = history_add(&owner->history, records_hash(&owner->live));
    struct owner_submission *submission = &owner->submissions[owner->submission_count];
    *submission = (struct owner_submission){.owner = owner, .version = version};
    note(owner, TRACE_SUBMITTED, version);
    int r = store_submit(owner->store, urgency, changes, count, on_done, submission);
    if (r == 0) {
        for (size_t i = 0; i < count; i++)
            claims_add(&owner->claims, version, keys[i], changes[i].value, changes[i].value_bytes);
        owner->submission_count++;
        owner->waiting++;
    } else {
        struct records after = owner->live;
        owner->live = before;
        before = after;
        owner->history.count--;
    }
    records_done(&before);
    return r;
}

static int64_t now_msec(void)
{
    struct timespec time;

    must(clock_gettime(CLOCK_MONOTONIC, &time) == 0, "clock_gettime");
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Runs the loop until *left is 0 or false. */
static bool run_until(struct owner *owner, bool (*ends)(const struct owner *owner))
{
    int64_t end = now_msec() + owner->patience_msec;

    while (!ends(owner)) {
        int r = sd_event_run(owner->event, UINT64_C(10000));
        must(r >= 0 || r == -ENOMEM, "sd_event_run");
        if (now_msec() > end)
            return false;
    }
    return true;
}

static bool nothing_waits(const struct owner *owner)
{
    return owner->waiting == 0;
}

static bool no_job_runs(const struct owner *owner)
{
    return !owner->job_runs;
}

static bool is_available(const struct owner *owner)
{
    struct store_statistics statistics;

    store_get_statistics(owner->store, &statistics);
    return statistics.available;
}

bool owner_wait(struct owner *owner)
{
    return run_until(owner, nothing_waits);
}

void owner_turn(struct owner *owner)
{
    while (sd_event_run(owner->event, 0) > 0)
        ;
}

static void on_job_done(int result, struct store_job_result *job, void *userdata)
{
    struct owner *owner = userdata;

    owner->job_runs = false;
    owner->job_result = result;
    if (owner->job.fd >= 0)
        (void)close(owner->job.fd); /* an older backup */
    owner->job = *job;
    job->fd = -1;
}

int owner_start_job(struct owner *owner, enum store_job kind)
{
    int r = store_start_job(owner->store, kind, on_job_done, owner);

    owner->job_runs = r == 0;
    return r;
}

bool owner_wait_job(struct owner *owner)
{
    return run_until(owner, no_job_runs);
}

bool owner_wait_available(struct owner *owner)
{
    return run_until(owner, is_available);
}
