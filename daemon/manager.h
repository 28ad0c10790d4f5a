/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon as a whole: what its parts share, how it starts, reloads and stops. Arrows point from
 * here to the parts; the parts get the manager passed in.
 */
#ifndef SESSMGR_MANAGER_H
#define SESSMGR_MANAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "daemon/activity.h"
#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/deadline.h"
#include "daemon/distrust.h"
#include "daemon/lock.h"
#include "daemon/policy.h"
#include "daemon/process.h"
#include "daemon/rate-limit.h"
#include "daemon/reservation.h"
#include "daemon/runtime.h"
#include "daemon/session.h"
#include "daemon/signing-key.h"
#include "daemon/standing.h"
#include "daemon/store.h"
#include "daemon/token.h"
#include "daemon/wall-clock.h"
#include "daemon/watch.h"

struct server;

/* Counted since start. */
struct manager_counters {
    int64_t admitted;
    int64_t refused;
    int64_t opened;
    int64_t ended;
    int64_t denied;
    int64_t connections_refused;
    int64_t tokens_issued;
    int64_t tokens_refreshed;
    int64_t tokens_revoked;
    int64_t tokens_reused;
    int64_t tokens_validated;
};

struct manager_options {
    const char *config_path;     /* the main file; its drop-ins stand beside it */
    const char *state_directory; /* of the store */
    struct store_credentials credentials;
    const char *runtime_directory; /* of the files that others read */
    const char *proc_path;         /* "/proc" but in tests */
    const char *cgroup_path;       /* "/sys/fs/cgroup" but in tests */
    const struct clock *clock;     /* &clock_system but in tests */
};

struct manager {
    struct manager_options options; /* borrowed strings */
    sd_event *event;
    const struct clock *clock;
    struct proc proc;
    bool sees_processes; /* /proc shows other users' processes */
    pid_t self;
    struct config *config;
    struct store *store;      /* NULL again once it is closed */
    struct distrust distrust; /* of what the store held */
    struct deadline_queue *deadlines;
    struct session_table sessions;
    struct policy_table policies; /* of the sessions that have not ended */
    struct wall_clock wall;
    struct terminal_marks terminal_marks;
    struct reservation_table reservations;
    struct standing_list standing;
    struct lock_table locks;
    struct token_table tokens;
    struct signing_keys signing;
    struct runtime runtime;
    struct watch_log watch;
    struct server *server;
    struct process_table processes; /* the last scan, for the ladders; see manager_processes() */
    int64_t processes_read_usec;    /* boottime, before it; -1 for never */
    int64_t processes_took_usec;    /* to scan them */
    int64_t init_start_ticks; /* of process 1, which lives as long as the system; -1 if hidden */
    char host_id[SD_ID128_STRING_MAX];
    char boot_id[SD_ID128_STRING_MAX];
    gid_t admin_group;    /* sessmgr-admin, or (gid_t)-1 where the host has none */
    gid_t verifier_group; /* sessmgr-verifier, likewise */
    struct manager_counters counters;
    /* of audit events that anybody can cause, each kind its own lest one hide another, */
    struct rate_limit denials, refusals, revocations, reuses;
    struct rate_limit issues; /* and of those that anybody in a session can */
};

/*
 * Loads the configuration and the store, picks up the sessions that still live, and gets ready to
 * serve; the sockets are added by server_listen(). Blocks on the disk and on NSS. Errors: -errno;
 * what was wrong has been logged.
 */
int manager_new(const struct manager_options *options, struct manager **ret);

/* Commits what waits and frees everything; ends no session. Accepts NULL. */
void manager_free(struct manager *manager);

/*
 * Reads the configuration again; what is wrong in it leaves the old one in force and is written to
 * the audit trail. Blocks on the disk. Errors: config_load()'s.
 */
int manager_reload(struct manager *manager, struct config_error *ret_error);

/*
 * All processes as they were at a time (boottime) or later: one scan of /proc serves all who ask
 * for no later one. Borrowed until the next call. Errors: process_table_read()'s.
 */
int manager_processes(struct manager *manager, int64_t not_before_usec,
                      const struct process_table **ret);

/* A time (boottime) for manager_processes(): so long ago, and longer where a scan takes long, so
 * that no more than a fifth of the time goes into scans, however many ask. */
int64_t manager_recent(const struct manager *manager, int64_t age_usec);

#endif
