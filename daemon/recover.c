/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what happens to the sessions of the store when the daemon starts; see recover.h. The
 * transitions themselves are lifecycle.c's.
 */
#include <config.h>

#include "daemon/recover.h"

#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/ending.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/manager.h"

/* Whether a process is the leader that a record names; false also where that cannot be seen. */
static bool is_recorded_leader(const struct manager *manager, const struct session *session)
{
    struct process process;

    return process_read(&manager->proc, (pid_t)session->record.info.leader_pid, &process) >= 0 &&
           process.state != 'Z' &&
           (int64_t)process.start_ticks == session->record.leader_start_ticks;
}

/*
 * Takes hold of the leader again. The pidfd is opened first and the process looked at after: so
 * what was looked at is what the pidfd means. Where /proc hides it, a process of that pid is
 * watched but never signalled.
 */
static void find_leader(struct manager *manager, struct session *session)
{
    int pidfd = pidfd_open_pid((pid_t)session->record.info.leader_pid);
    int r;

    if (pidfd < 0)
        return;
    session->leader_proven = is_recorded_leader(manager, session);
    if (!session->leader_proven && manager->sees_processes) {
        closep(&pidfd);
        return;
    }
    r = lifecycle_watch_leader(manager, session, pidfd);
    if (r < 0)
        log_line(LOG_ERR, "session %s: its leader cannot be watched: %s",
                 session->record.info.session_id, strerror(-r));
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

static void resume_live(struct manager *manager, struct session *session)
{
    const char *parent_id = session->record.info.parent_session;
    struct session *parent =
        parent_id == NULL ? NULL : session_table_find(&manager->sessions, parent_id);

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
    find_leader(manager, session);
    if (session->record.info.state == STATE_ENDING)
        ending_start(manager, session, NULL);
}

int recover_session(struct manager *manager, struct session *session)
{
    int r;

    session->manager = manager;
    session->record.info.durable = true;
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

    for (struct session *s = session_table_first(&manager->sessions); s != NULL; s = next) {
        next = session_table_next(s);
        if (!session_is_ended(s))
            resume_live(manager, s);
    }
    /* Only now that it is known who is nested where: an end reaches all of them. */
    for (struct session *s = session_table_first(&manager->sessions); s != NULL; s = next) {
        next = session_table_next(s);
        if (s->record.info.state == STATE_ACTIVE && s->leader_pidfd < 0)
            lifecycle_end(manager, s, END_LEADER_EXITED, NULL, NULL);
    }
}
