/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions of an earlier run: see seed.h. What cannot be done ends the test program. */
#include <config.h>

#include "tests/daemon/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/identity.h"
#include "daemon/process.h"
#include "daemon/settings.h"
#include "daemon/store.h"

#define OTHER_BOOT "00000000000000000000000000000001"

static void check(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s\n", what);
    abort();
}

static int64_t realtime(void)
{
    return clock_system.realtime_usec(&clock_system);
}

static const char *this_boot(void)
{
    static char boot[SD_ID128_STRING_MAX];

    check(identity_boot_id(boot) >= 0, "no boot ID");
    return boot;
}

static int64_t start_ticks(pid_t pid)
{
    struct proc proc;
    struct process process;

    check(proc_open("/proc", &proc) >= 0 && process_read(&proc, pid, &process) >= 0, "/proc");
    proc_close(&proc);
    return (int64_t)process.start_ticks;
}

void seed_init(struct seed *seed, unsigned number)
{
    struct session_record *record = &seed->record;

    (void)snprintf(seed->id, sizeof(seed->id), "%08x%024x", number, 0);
    fields_clear(&session_record_fields, record);
    record->info.session_id = seed->id;
    record->info.user = "alice";
    record->info.uid = 4001;
    record->info.service = "sshd";
    record->info.leader_pid = 4000000; /* beyond what most hosts give */
    record->info.host_id = OTHER_BOOT;
    record->info.boot_id = OTHER_BOOT;
    record->info.state = STATE_ACTIVE;
    record->info.opened_usec = realtime() - 3600 * USEC_PER_SEC;
    record->info.last_activity_usec = record->info.opened_usec;
    record->info.policy = "default";
    record->members_by = MEMBERS_BY_TREE;
    record->init_start_ticks = start_ticks(1);
    record->leader_start_ticks = 1;
    record->opened_boottime_usec = 1;
    record->grace_usec = 1 * USEC_PER_SEC;
    record->kill_processes = KILL_ENFORCED;
    record->token_family = TOKEN_FAMILY_FIRST;
}

void seed_lead(struct seed *seed, pid_t leader)
{
    seed->record.info.boot_id = this_boot();
    seed->record.info.leader_pid = leader;
    seed->record.leader_start_ticks = start_ticks(leader);
}

void seed_end(struct seed *seed, int64_t age_usec)
{
    seed->record.info.boot_id = this_boot();
    seed->record.info.state = STATE_ENDED;
    seed->record.info.end_reason = END_LOGOUT;
    seed->record.info.ended_usec = realtime() - age_usec;
}

static void availability(int result, void *userdata)
{
    (void)result;
    (void)userdata;
    abort();
}

static int ignore(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    (void)key;
    (void)value;
    (void)value_bytes;
    (void)userdata;
    return 0;
}

static void on_done(int result, void *userdata)
{
    size_t *left = userdata;

    check(result == 0, "the store does not take a session");
    (*left)--;
}

static void submit(struct store *store, const struct seed *seed, size_t *left)
{
    char key[SESSION_KEY_MAX_BYTES], text[8192];
    int r = session_record_encode(&seed->record, text, sizeof(text));
    const struct store_change change = {.key = key, .value = text, .value_bytes = (size_t)r};

    check(r > 0, "a session cannot be encoded");
    session_record_key(seed->id, key);
    check(store_submit(store, STORE_ORDINARY, &change, 1, on_done, left) >= 0, "store_submit");
}

/* Opens the store as the daemon does, hands its records to visit and it to fill, and closes it. */
static void with_store(const struct harness *harness, store_visit_t visit, void *userdata,
                       size_t *left,
                       void (*fill)(struct store *store, const void *what, size_t *left),
                       const void *what)
{
    const struct store_callbacks callbacks = {.availability = availability};
    const struct store_credentials own_key = {.key = NULL};
    struct store_error error;
    struct store *store;
    sd_event *event;

    check(sd_event_new(&event) >= 0, "sd_event_new");
    check(store_open(&store, event, harness->state, &own_key, &callbacks, &error) >= 0,
          "store_open");
    check(store_load(store, visit, userdata, &error) >= 0, "store_load");
    fill(store, what, left);
    store_close(store);
    sd_event_unref(event);
    check(*left == 0, "the store has not taken all records");
}

static void fill_record(struct store *store, const void *what, size_t *left)
{
    check(store_submit(store, STORE_ORDINARY, what, 1, on_done, left) >= 0, "store_submit");
}

void seed_record(const struct harness *harness, const char *key, const char *value)
{
    const struct store_change change = {.key = key, .value = value, .value_bytes = strlen(value)};
    size_t left = 1;

    with_store(harness, ignore, NULL, &left, fill_record, &change);
}

static void fill_nothing(struct store *store, const void *what, size_t *left)
{
    (void)store;
    (void)what;
    (void)left;
}

void seed_visit(const struct harness *harness, store_visit_t visit, void *userdata)
{
    size_t left = 0;

    with_store(harness, visit, userdata, &left, fill_nothing, NULL);
}

/* The first *left of an array. */
static void fill_sessions(struct store *store, const void *what, size_t *left)
{
    const struct seed *seeds = what;

    for (size_t i = 0, count = *left; i < count; i++)
        submit(store, &seeds[i], left);
}

void seed_store(const struct harness *harness, const struct seed *seeds, size_t count)
{
    size_t left = count;

    with_store(harness, ignore, NULL, &left, fill_sessions, seeds);
}
