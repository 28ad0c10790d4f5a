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
#include "daemon/activity.h"
#include "daemon/ending.h"
#include "daemon/leader.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/policy.h"

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

/* Ends a session of another boot, and counts one of this boot with its parent. */
static void sort_out(struct manager *manager, struct session *session)
{
    struct session *parent = session_table_find_parent(&manager->sessions, session);

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
static int resume(struct manager *manager, struct session *session)
{
    const struct session *parent = session_table_find_parent(&manager->sessions, session);
    int r = leader_recover(manager, session);

    if (r < 0)
        return r;
    if (session->record.info.state == STATE_ENDING && session->ending == NULL)
        ending_start(manager, session, NULL);
    else if (parent != NULL && parent->record.info.state != STATE_ACTIVE)
        lifecycle_end(manager, session, (enum end_reason)parent->record.info.end_reason, NULL,
                      NULL);
    else if (r == 0)
        lifecycle_leader_exited(manager, session);
    return 0;
}

int recover_session(struct manager *manager, struct session *session)
{
    int r;

    session->manager = manager;
    session->record.info.durable = true;
    session->activity_stored_usec = session->record.info.last_activity_usec;
    session->end_told = session_is_ended(session);
    r = session_is_ended(session) ? lifecycle_arm(manager, session) : 0;
    if (r >= 0)
        r = session_table_add(&manager->sessions, session);
    if (r < 0) {
        deadline_disarm(manager->deadlines, &session->deadline);
        session_free(&manager->sessions, session);
    }
    return r;
}

/* What a session that has not ended got when it was opened, now that all policies are there. */
static int take_policy(struct manager *manager, struct session *session)
{
    struct policy *policy =
        policy_find(manager, session->record.policy_id, session->record.info.policy);
    int r;

    r = session_set_policy(&manager->sessions, session, policy);
    if (r < 0) {
        policy_unref(policy);
        return r;
    }
    activity_recover(manager, session);
    if (session->record.policy_id == NULL) /* of a version before: the hours are the rule's now */
        session->record.hours_end_usec =
            opening_hours_end(&policy->settings, manager->clock->realtime_usec(manager->clock));
    return lifecycle_arm(manager, session);
}

int recover_all(struct manager *manager)
{
    struct session *next;
    int r;

    r = session_table_sort(&manager->sessions); /* the store keeps no order */
    for (struct session *s = session_table_first(&manager->sessions); s != NULL && r >= 0;
         s = session_table_next(s))
        if (!session_is_ended(s))
            r = take_policy(manager, s);
    if (r < 0)
        return r;
    policy_settle(manager);
    for (struct session *s = session_table_first(&manager->sessions); s != NULL; s = next) {
        next = session_table_next(s);
        if (!session_is_ended(s))
            sort_out(manager, s);
    }
    /* Only now that it is known who is nested where: an end reaches all of them. */
    for (struct session *s = session_table_first(&manager->sessions); s != NULL && r >= 0;
         s = next) {
        next = session_table_next(s);
        if (!session_is_ended(s))
            r = resume(manager, s);
    }
    return r;
}
