/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what happens to the sessions of the store when the daemon starts; see recover.h. The
 * transitions themselves are lifecycle.c's.
 */
#include <config.h>

#include "daemon/recover.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/ending.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/manager.h"

/* Whether the process of its pid is the leader that a record names: 1 it is, 0 it is not, or
 * -errno where that cannot be seen. */
static int is_recorded_leader(const struct manager *manager, const struct session *session)
{
    struct process process;
    int r;

    r = process_read(&manager->proc, (pid_t)session->record.info.leader_pid, &process);
    if (r == -ESRCH && manager->sees_processes)
        return 0;
    if (r < 0)
        return r;
    if (session->record.leader_start_ticks < 0)
        return -ENODATA; /* /proc hid it when the session was opened */
    return process.state != 'Z' &&
           (int64_t)process.start_ticks == session->record.leader_start_ticks;
}

/*
 * Takes hold of the leader again. The pidfd is opened first and the process looked at after: so
 * what was looked at is what the pidfd means. Where it cannot be seen, a process of that pid is
 * watched but never signalled. Returns 0 where the leader is known to have gone; what could not be
 * found out ends nobody's session.
 */
static int find_leader(struct manager *manager, struct session *session)
{
    int pidfd = pidfd_open_pid((pid_t)session->record.info.leader_pid);
    int r;

    if (pidfd == -ESRCH)
        return 0;
    r = pidfd < 0 ? pidfd : is_recorded_leader(manager, session);
    if (r == 0) {
        closep(&pidfd);
        return 0;
    }
    session->leader_proven = r > 0;
    if (pidfd >= 0)
        r = lifecycle_watch_leader(manager, session, pidfd);
    if (r < 0)
        log_line(LOG_ERR, "session %s: its leader cannot be watched: %s",
                 session->record.info.session_id, strerror(-r));
    return 1;
}

/*
 * Whether a session was opened since the system started. Containers share the kernel's boot ID, but
 * their process 1 is another one after each start.
 */
static bool is_of_this_boot(const struct manager *manager, const struct session *session)
{
    const struct session_record *record = &session->record;

    if (strcmp(record->info.boot_id, manager->boot_id) != 0)
        return false;
    return record->init_start_ticks < 0 || manager->init_start_ticks < 0 ||
           record->init_start_ticks == manager->init_start_ticks;
}

/* When the system started, as wall-clock time: no session from before lasted longer. */
static int64_t system_start_usec(const struct manager *manager)
{
    const struct clock *clock = manager->clock;
    int64_t ticks = manager->init_start_ticks < 0 ? 0 : manager->init_start_ticks;

    return clock->realtime_usec(clock) - clock->boottime_usec(clock) +
           ticks * USEC_PER_SEC / sysconf(_SC_CLK_TCK);
}

static struct session *parent_of(const struct manager *manager, const struct session *session)
{
    const char *id = session->record.info.parent_session;

    return id == NULL ? NULL : session_table_find(&manager->sessions, id);
}

/* Ends a session of another boot, and counts one of this boot with its parent. */
static void sort_out(struct manager *manager, struct session *session)
{
    struct session *parent = parent_of(manager, session);

    if (!is_of_this_boot(manager, session)) {
        if (session->record.info.end_reason == END_NONE)
            session->record.info.end_reason = END_REBOOTED;
        session->record.info.ended_usec = system_start_usec(manager);
        if (session->record.info.ended_usec < session->record.info.opened_usec)
            session->record.info.ended_usec = session->record.info.opened_usec; /* clocks step */
        lifecycle_finish(manager, session);
        return;
    }
    if (parent != NULL)
        parent->nested_count++;
}

/* A session goes on as it was; or ends, if its leader has gone, or if its parent's end was the last
 * thing that reached the disk. */
static void resume(struct manager *manager, struct session *session)
{
    const struct session *parent = parent_of(manager, session);
    bool leader_lives = find_leader(manager, session) != 0;

    if (session->record.info.state == STATE_ENDING && session->ending == NULL)
        ending_start(manager, session, NULL);
    else if (parent != NULL && parent->record.info.state != STATE_ACTIVE)
        lifecycle_end(manager, session, (enum end_reason)parent->record.info.end_reason, NULL,
                      NULL);
    else if (!leader_lives)
        lifecycle_end(manager, session, END_LEADER_EXITED, NULL, NULL);
}

int recover_session(struct manager *manager, struct session *session)
{
    int r;

    session->manager = manager;
    session->record.info.durable = true;
    session->activity_stored_usec = session->record.info.last_activity_usec;
    session->end_told = session_is_ended(session);
    r = lifecycle_arm(manager, session);
    if (r >= 0)
        r = session_table_add(&manager->sessions, session);
    if (r < 0) {
        deadline_disarm(manager->deadlines, &session->deadline);
        session_free(session);
    }
    return r;
}

void recover_all(struct manager *manager)
{
    struct session *next;

    session_table_sort(&manager->sessions); /* the store keeps no order */
    for (struct session *s = session_table_first(&manager->sessions); s != NULL; s = next) {
        next = session_table_next(s);
        if (!session_is_ended(s))
            sort_out(manager, s);
    }
    /* Only now that it is known who is nested where: an end reaches all of them. */
    for (struct session *s = session_table_first(&manager->sessions); s != NULL; s = next) {
        next = session_table_next(s);
        if (!session_is_ended(s))
            resume(manager, s);
    }
}
