/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the timing of ends and warnings; see enforcement.h. How a session is ended is lifecycle.c's
 * and ending.c's.
 */
#include <config.h>

#include "daemon/enforcement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/activity.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/policy.h"
#include "daemon/publish.h"

/* Ends that are no further apart are the same one. */
#define SAME_END_USEC (1 * USEC_PER_SEC)
/* Between two looks that were asked for. */
#define LOOK_MIN_USEC (1 * USEC_PER_SEC)

static int64_t hours_end_of(const struct session_record *record)
{
    return record->hours_end_usec < 0 || record->hours_extended_usec < 0
               ? record->hours_end_usec
               : record->hours_end_usec + record->hours_extended_usec;
}

void enforcement_schedule(const struct manager *manager, const struct session *session,
                          struct schedule *ret)
{
    const struct clock *clock = manager->clock;
    const struct session_record *record = &session->record;
    const struct schedule_input input = {
        .settings = &session->policy->settings,
        .lifetime_end_usec = record->deadline_boottime_usec,
        .credential_expires_usec = record->info.auth_expires_usec,
        .hours_end_usec = hours_end_of(record),
        .notice_usec = record->notice_boottime_usec,
        .active_usec = session->record.active_boottime_usec,
        .looked_usec = session->looked_usec,
        .has_terminal = session->terminal_count > 0,
        .boottime_usec = clock->boottime_usec(clock),
        .realtime_usec = clock->realtime_usec(clock),
    };

    schedule_compute(&input, ret);
}

bool enforcement_is_over(const struct manager *manager, const struct session *session)
{
    struct schedule schedule;

    enforcement_schedule(manager, session, &schedule);
    return schedule.end_usec <= manager->clock->boottime_usec(manager->clock);
}

const char *enforcement_span(int64_t usec, char buffer[static ENFORCEMENT_SPAN_BYTES])
{
    int64_t sec = (usec + USEC_PER_SEC / 2) / USEC_PER_SEC;

    if (sec < 120)
        (void)snprintf(buffer, ENFORCEMENT_SPAN_BYTES, "%" PRId64 "s", sec);
    else if (sec < 7200)
        (void)snprintf(buffer, ENFORCEMENT_SPAN_BYTES, "%" PRId64 "min", sec / 60);
    else
        (void)snprintf(buffer, ENFORCEMENT_SPAN_BYTES, "%" PRId64 "h %" PRId64 "min", sec / 3600,
                       sec / 60 % 60);
    return buffer;
}

/* Why a session will end, and what can be done about it. */
static void write_warning(const struct session *session, enum end_reason reason, int64_t left_usec,
                          char *buffer, size_t size)
{
    const struct session_settings *settings = &session->policy->settings;
    bool extends = settings->extension.amount_usec > 0 &&
                   session->record.extended_count < settings->extension.count &&
                   (reason == END_LIFETIME || reason == END_HOURS);
    bool by_key = (settings->idle_activity & ACTIVITY_TTY_INPUT) != 0;
    char span[ENFORCEMENT_SPAN_BYTES];

    (void)snprintf(buffer, size, "Your session ends in %s: %s (policy %s).%s%s%s",
                   enforcement_span(left_usec, span), lifecycle_words(reason),
                   session->policy->name,
                   reason == END_IDLE && by_key ? " Press a key to keep it." : "",
                   extends ? " \"sessmgrctl extend\" puts it off." : "",
                   settings->message != NULL ? "\n" : "");
    if (settings->message != NULL)
        (void)snprintf(buffer + strlen(buffer), size - strlen(buffer), "%s", settings->message);
}

/*
 * An end that has come closer has not been warned of; what is longer than all the time that there
 * is to be idle is no warning of that. One that has moved away leaves out the warnings for which
 * there is not time enough left: somebody has just opened the session, used it, or put off its end.
 */
static void notice_end(struct session *session, int64_t end_usec, enum end_reason reason,
                       int64_t now_usec)
{
    int64_t most =
        reason == END_IDLE ? end_usec - session->record.active_boottime_usec : USEC_INFINITY;

    if (llabs(end_usec - session->warned_end_usec) <= SAME_END_USEC)
        return;
    session->warned_left_usec = end_usec > session->warned_end_usec ? end_usec - now_usec : most;
    session->warned_end_usec = end_usec;
}

/* When the next warning of the next end is due; never where it has none. */
static int64_t next_warning(struct session *session, const struct schedule *schedule,
                            int64_t now_usec)
{
    enum end_reason reason;
    int64_t end = schedule_next_end(schedule, &reason);

    if (end == USEC_INFINITY) {
        session->warned_end_usec = USEC_INFINITY; /* any that it gets has come closer */
        return USEC_INFINITY;
    }
    notice_end(session, end, reason, now_usec);
    return schedule_next_warning(&session->policy->settings.warnings, end,
                                 session->warned_left_usec);
}

static void warn(struct manager *manager, struct session *session, const struct schedule *schedule,
                 int64_t now_usec)
{
    const struct warnings *warnings = &session->policy->settings.warnings;
    char text[MESSAGE_MAX_BYTES];
    enum end_reason reason;
    int64_t left = schedule_next_end(schedule, &reason) - now_usec;

    for (size_t i = 0; i < warnings->count; i++) /* one for all that are due */
        if (warnings->left_usec[i] >= left && warnings->left_usec[i] < session->warned_left_usec)
            session->warned_left_usec = warnings->left_usec[i];
    write_warning(session, reason, left, text, sizeof(text));
    activity_tell(manager, session, text);
    publish_quietly(manager, session); /* the record knows that we spoke */
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When there is something to do; *ret_schedule: as things are now. */
static int64_t next_time(struct manager *manager, struct session *session,
                         struct schedule *ret_schedule, int64_t *ret_warning)
{
    int64_t now = manager->clock->boottime_usec(manager->clock);

    enforcement_schedule(manager, session, ret_schedule);
    *ret_warning = next_warning(session, ret_schedule, now);
    return earlier(earlier(ret_schedule->end_usec, ret_schedule->idle_end_usec),
                   earlier(ret_schedule->look_usec, *ret_warning));
}

int enforcement_arm(struct manager *manager, struct session *session)
{
    struct schedule schedule;
    int64_t warning, at = next_time(manager, session, &schedule, &warning);

    return deadline_arm(manager->deadlines, &session->deadline, at);
}

void enforcement_look(struct manager *manager, struct session *session)
{
    if (session->record.info.state != STATE_ACTIVE ||
        manager->clock->boottime_usec(manager->clock) - session->looked_usec < LOOK_MIN_USEC)
        return;
    activity_look(manager, session);
    if (enforcement_arm(manager, session) < 0)
        log_line(LOG_ERR, "session %s: out of memory, its end is not watched",
                 session->record.info.session_id);
}

/* What is a time of day, by the clock as it was set. */
static void follow_clock(struct manager *manager, struct session *session)
{
    struct session_record *record = &session->record;

    if (session->clock_steps == manager->wall.step_count)
        return;
    session->clock_steps = manager->wall.step_count;
    if (record->hours_end_usec < 0)
        return;
    record->hours_end_usec = opening_hours_end(&session->policy->settings,
                                               manager->clock->realtime_usec(manager->clock));
    publish_quietly(manager, session);
}

void enforcement_clock_was_set(struct manager *manager)
{
    const struct live_set *live = &manager->sessions.live;
    int64_t now = manager->clock->boottime_usec(manager->clock);

    for (size_t i = 0; i < live->count; i++) {
        struct session *session = live->items[i].session;

        /* Whoever is not armed has no end, at whatever time of day. */
        if (session->record.info.state == STATE_ACTIVE && session->deadline.index > 0 &&
            deadline_arm(manager->deadlines, &session->deadline, now) < 0)
            log_line(LOG_ERR, "session %s: out of memory, its end is not watched",
                     session->record.info.session_id);
    }
}

void enforcement_run(struct manager *manager, struct session *session)
{
    int64_t now = manager->clock->boottime_usec(manager->clock), warning;
    struct schedule schedule;
    enum end_reason reason;

    follow_clock(manager, session);
    (void)next_time(manager, session, &schedule, &warning);
    (void)schedule_next_end(&schedule, &reason);
    if (schedule.end_usec > now &&
        (schedule.look_usec <= now || schedule.idle_end_usec <= now ||
         (reason == END_IDLE && warning <= now))) { /* it may not be idle at all */
        activity_look(manager, session);
        (void)next_time(manager, session, &schedule, &warning);
    }
    if (schedule_next_end(&schedule, &reason) <= now) {
        lifecycle_end(manager, session, reason, session->policy->settings.message, NULL);
        return;
    }
    if (warning <= now)
        warn(manager, session, &schedule, now);
    if (enforcement_arm(manager, session) < 0) /* it has its place in the heap */
        log_line(LOG_ERR, "session %s: out of memory, its end is not watched",
                 session->record.info.session_id);
}
