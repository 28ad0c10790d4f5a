/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the daemon's start, reload and stop, and what its parts share; see manager.h.
 */
#include <config.h>

#include "daemon/manager.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/adopt.h"
#include "daemon/audit.h"
#include "daemon/enforcement.h"
#include "daemon/identity.h"
#include "daemon/log.h"
#include "daemon/publish.h"
#include "daemon/recover.h"
#include "daemon/server.h"
#include "daemon/session-record.h"
#include "daemon/store-report.h"
#include "daemon/token-file.h"

#define SCAN_LONGEST_USEC (2 * USEC_PER_SEC)

enum {
    GROUP_BUFFER_BYTES = 65536, /* of getgrnam_r(3): a group may have many members */
    SCAN_SPACING = 5, /* durations of a scan from its beginning to when another one is due */
    RECORD_ARENA_BYTES = 8 * STORE_VALUE_MAX_BYTES + 4096, /* as fields_decode() asks for */
};

static gid_t find_group(const char *name)
{
    CLEANUP(freep) char *buffer = malloc(GROUP_BUFFER_BYTES);
    struct group group, *found = NULL;

    if (buffer == NULL || getgrnam_r(name, &group, buffer, GROUP_BUFFER_BYTES, &found) != 0 ||
        found == NULL) {
        log_line(LOG_NOTICE, "there is no group %s: nobody has its rights", name);
        return (gid_t)-1;
    }
    return found->gr_gid;
}

int manager_processes(struct manager *manager, int64_t not_before_usec,
                      const struct process_table **ret)
{
    struct process_table table;
    int r;

    if (manager->processes_read_usec < not_before_usec) {
        int64_t now = manager->clock->boottime_usec(manager->clock);

        r = process_table_read(&manager->proc, &table);
        if (r < 0)
            return r;
        process_table_done(&manager->processes);
        manager->processes = table;
        manager->processes_read_usec = now;
        manager->processes_took_usec = manager->clock->boottime_usec(manager->clock) - now;
    }
    *ret = &manager->processes;
    return 0;
}

int64_t manager_recent(const struct manager *manager, int64_t age_usec)
{
    int64_t took = manager->processes_took_usec;

    if (took > SCAN_LONGEST_USEC) /* the system slept in the middle of it, perhaps */
        took = SCAN_LONGEST_USEC;
    return manager->clock->boottime_usec(manager->clock) - age_usec - SCAN_SPACING * took;
}

/* The last good configuration stands beside the store. file: in it, or "". Error: -ENAMETOOLONG. */
static int last_good_path(const struct manager *manager, const char *file, char *buffer,
                          size_t size)
{
    int n = snprintf(buffer, size, "%s/last-good%s", manager->options.state_directory, file);

    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void keep_as_last_good(const struct manager *manager)
{
    char path[4096];
    int r;

    r = last_good_path(manager, "", path, sizeof(path));
    if (r >= 0)
        r = config_save(manager->config, path);
    if (r < 0)
        log_line(LOG_WARNING, "the configuration cannot be kept for a later start: %s",
                 strerror(-r));
}

static void tell_rejected(const struct config_error *error, const char *consequence)
{
    char what[CONFIG_ERROR_TEXT_BYTES], text[sizeof(what) + 128];

    (void)snprintf(text, sizeof(text), "%s; %s", config_error_text(error, what), consequence);
    audit_write(AUDIT_CONFIG_REJECTED, &AUDIT_DETAILS(.text = text));
}

/* At start something has to be in force: the configuration, else the last good one, else the
 * defaults. */
static int load_first_config(struct manager *manager)
{
    struct config_error error;
    char path[4096];
    int r;

    r = config_load(manager->options.config_path, &manager->config, &error);
    if (r >= 0) {
        keep_as_last_good(manager);
        return 0;
    }
    r = last_good_path(manager, "/sessmgrd.conf", path, sizeof(path));
    if (r >= 0 && access(path, F_OK) == 0) {
        struct config_error ignored; /* the administrator's own file is what has to be mended */

        r = config_load(path, &manager->config, &ignored);
        if (r >= 0) {
            tell_rejected(&error, "the last good configuration is in force");
            return 0;
        }
    }
    tell_rejected(&error, "there is no last good configuration: the defaults are in force");
    return config_new(&manager->config);
}

int manager_reload(struct manager *manager, struct config_error *ret_error)
{
    struct config *config;
    int r;

    r = config_load(manager->options.config_path, &config, ret_error);
    if (r < 0) {
        tell_rejected(ret_error, "the configuration from before stays in force");
        return r;
    }
    config_free(manager->config);
    manager->config = config;
    keep_as_last_good(manager);
    policy_settle(manager);
    signing_keys_reconsider(manager);
    audit_write(AUDIT_CONFIG_LOADED, &AUDIT_DETAILS(.text = manager->options.config_path));
    return 0;
}

static void on_store_availability(int result, void *userdata)
{
    struct manager *manager = userdata;

    if (result < 0) {
        audit_write(AUDIT_STORE_FAILED, &AUDIT_DETAILS(.text = strerror(-result)));
        return;
    }
    audit_write(AUDIT_STORE_RECOVERED, &AUDIT_DETAILS(.text = NULL));
    /* What failed meanwhile is durable now; what changed since is on its way. */
    for (struct session *s = session_table_first(&manager->sessions); s != NULL;
         s = session_table_next(s))
        s->record.info.durable = s->record.info.durable || (s->writes == 0 && !s->unsubmitted);
}

/* Where load_record() puts what it decodes. */
struct loading {
    struct manager *manager;
    struct arena arena;
};

static int load_record(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct loading *loading = userdata;
    struct session_record record;
    struct session *session;
    int r;

    loading->arena.used = 0;
    if (token_record_is_key(key))
        return token_table_load(&loading->manager->tokens, key, value, value_bytes,
                                &loading->arena);
    if (signing_keys_is_record(key))
        return signing_keys_load(loading->manager, key, value, value_bytes, &loading->arena);
    if (policy_is_record(key))
        return policy_load(loading->manager, key, value, value_bytes, &loading->arena);
    if (lock_is_record(key))
        return lock_load(loading->manager, key, value, value_bytes, &loading->arena);
    if (distrust_is_record(key))
        distrust_load(&loading->manager->distrust, key, value, value_bytes, &loading->arena);
    if (!session_record_is_key(key))
        return 0; /* a newer version's: it stays in the store for that one */
    r = session_record_decode(value, value_bytes, &loading->arena, &record);
    if (r < 0) {
        /* It is proven to be ours, so a newer version wrote it: no reason to let nobody log in. */
        log_line(LOG_ERR, "the record %s cannot be read (%s): this session is not known any more",
                 key, strerror(-r));
        return 0;
    }
    r = session_new(&loading->manager->sessions, &record, &session);
    if (r < 0)
        return r;
    return recover_session(loading->manager, session);
}

static void tell_store_error(const struct store_error *error, int r)
{
    char text[STORE_REPORT_ERROR_BYTES];

    store_report_error(error, text);
    log_line(LOG_ERR, "the store cannot be used: %s (%s)", text, strerror(-r));
}

static int load_store(struct manager *manager)
{
    const struct store_callbacks callbacks = {
        .availability = on_store_availability,
        .userdata = manager,
    };
    struct store_error error = {.offset = -1};
    struct loading loading = {.manager = manager};
    int r;

    r = store_open(&manager->store, manager->event, manager->options.state_directory,
                   &manager->options.credentials, &callbacks, &error);
    if (r < 0) {
        tell_store_error(&error, r);
        return r;
    }
    loading.arena = (struct arena){.base = malloc(RECORD_ARENA_BYTES), .size = RECORD_ARENA_BYTES};
    if (loading.arena.base == NULL)
        return -ENOMEM;
    r = token_table_init(&manager->tokens, manager->store);
    if (r >= 0)
        r = store_load(manager->store, load_record, &loading, &error);
    free(loading.arena.base);
    if (r < 0) {
        tell_store_error(&error, r);
        return r;
    }
    return distrust_note(&manager->distrust, manager->store);
}

/* The wall clock was set: what is due at a time of day is due at another moment. */
static void on_clock_set(int64_t old_offset_usec, int64_t new_offset_usec, void *userdata)
{
    struct manager *manager = userdata;

    (void)new_offset_usec; /* manager->wall has it */
    activity_clock_was_set(manager, old_offset_usec);
    enforcement_clock_was_set(manager);
    signing_keys_reconsider(manager);
}

/* What the daemon needs to know of the host before it can serve anybody. */
static int look_around(struct manager *manager)
{
    struct process init;
    int r;

    r = proc_open(manager->options.proc_path, &manager->proc);
    if (r < 0)
        return r;
    manager->sees_processes = proc_shows_others(&manager->proc);
    manager->self = getpid();
    manager->init_start_ticks =
        process_read(&manager->proc, 1, &init) < 0 ? -1 : (int64_t)init.start_ticks;
    r = identity_boot_id(manager->boot_id);
    if (r < 0)
        return r;
    r = identity_host_id(manager->options.state_directory, manager->host_id);
    if (r < 0)
        return r;
    manager->admin_group = find_group("sessmgr-admin");
    manager->verifier_group = find_group("sessmgr-verifier");
    return 0;
}

static int start(struct manager *manager)
{
    char text[64];
    int r;

    r = sd_event_default(&manager->event);
    if (r < 0)
        return r;
    r = deadline_queue_new(&manager->deadlines, manager->event, manager->clock);
    if (r < 0)
        return r;
    r = wall_clock_init(&manager->wall, manager->event, manager->clock, on_clock_set, manager);
    if (r < 0)
        return r;
    r = look_around(manager);
    if (r < 0) {
        log_line(LOG_ERR, "the host cannot be looked at: %s", strerror(-r));
        return r;
    }
    r = load_first_config(manager);
    if (r < 0)
        return r;
    r = load_store(manager);
    if (r < 0)
        return r;
    lock_forget_old(manager);
    r = server_new(manager, &manager->server);
    if (r < 0)
        return r;
    if (!manager->sees_processes)
        audit_write(AUDIT_HIDDEN_PROCESSES, &AUDIT_DETAILS(.text = NULL));
    runtime_open(manager->options.runtime_directory, &manager->runtime);
    r = recover_all(manager);
    if (r < 0)
        return r;
    r = token_table_settle(manager);
    if (r >= 0) { /* else the notes have to stay: tokens may be left that were not revoked */
        distrust_act(manager);
        r = signing_keys_start(manager);
    }
    if (r < 0) {
        log_line(LOG_ERR, "tokens cannot be served: %s", strerror(-r));
        return r;
    }
    token_file_start(manager);
    if (manager->config->adopts && manager->sees_processes)
        adopt_all(manager);
    (void)snprintf(text, sizeof(text), "%zu sessions are live", manager->sessions.live.count);
    audit_write(AUDIT_STARTED, &AUDIT_DETAILS(.text = text));
    return 0;
}

int manager_new(const struct manager_options *options, struct manager **ret)
{
    struct manager *manager = calloc(1, sizeof(*manager));
    int r;

    if (manager == NULL)
        return -ENOMEM;
    manager->options = *options;
    manager->clock = options->clock;
    manager->proc.fd = -1;
    manager->processes_read_usec = -1;
    manager->runtime = (struct runtime){.fd = -1, .tokens_fd = -1};
    manager->wall.fd = -1;
    session_table_init(&manager->sessions);
    standing_init(&manager->standing);
    watch_init(&manager->watch, manager->clock->realtime_usec(manager->clock));
    r = start(manager);
    if (r < 0) {
        manager_free(manager);
        return r;
    }
    *ret = manager;
    return 0;
}

void manager_free(struct manager *manager)
{
    if (manager == NULL)
        return;
    store_close(manager->store); /* first: it completes what calls and sessions wait for */
    manager->store = NULL;
    server_free(manager->server);
    if (manager->deadlines != NULL)
        reservation_table_done(manager);
    for (struct session *s = session_table_first(&manager->sessions); s != NULL;
         s = session_table_next(s)) {
        token_remove_all(manager, s);
        token_file_forget(manager, s);
        deadline_disarm(manager->deadlines, &s->deadline);
        policy_unref(s->policy);
        s->policy = NULL;
    }
    session_table_done(&manager->sessions);
    standing_done(&manager->standing);
    token_table_done(&manager->tokens);
    lock_table_done(&manager->locks);
    signing_keys_done(manager);
    runtime_close(&manager->runtime);
    watch_done(&manager->watch);
    activity_done(&manager->terminal_marks);
    policy_table_done(&manager->policies);
    wall_clock_done(&manager->wall);
    process_table_done(&manager->processes);
    proc_close(&manager->proc);
    config_free(manager->config);
    deadline_queue_free(manager->deadlines);
    sd_event_unref(manager->event);
    free(manager);
}
