/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the way of a session's record to the store and to those who watch; see publish.h.
 */
#include <config.h>

#include "daemon/publish.h"

#include <string.h>

#include "daemon/audit.h"
#include "daemon/enforcement.h"
#include "daemon/log.h"
#include "daemon/session-record.h"

enum {
    /* Longer than any record: every string of it at its limit, each byte escaped. */
    RECORD_TEXT_MAX_BYTES = 32768,
};

/* A time on boottime as a wall-clock time; -1 where it never comes. */
static int64_t on_wall_clock(const struct manager *manager, int64_t boottime_usec)
{
    return boottime_usec == USEC_INFINITY
               ? -1
               : boottime_usec - manager->clock->boottime_usec(manager->clock) +
                     manager->clock->realtime_usec(manager->clock);
}

void publish_refresh(const struct manager *manager, struct session *session)
{
    struct session_info *info = &session->record.info;
    struct schedule schedule = {
        .end_usec = USEC_INFINITY, .end_reason = END_NONE, .idle_end_usec = USEC_INFINITY};

    if (info->state == STATE_ACTIVE) {
        enforcement_schedule(manager, session, &schedule);
        info->last_activity_usec = manager->wall.offset_usec + session->record.active_boottime_usec;
    } else if (info->state == STATE_ENDING && session->record.deadline_boottime_usec >= 0)
        schedule.end_usec = session->record.deadline_boottime_usec;
    info->deadline_usec = on_wall_clock(manager, schedule.end_usec);
    info->deadline_reason = schedule.end_reason;
    info->idle_deadline_usec = on_wall_clock(manager, schedule.idle_end_usec);
}

/* The last thing that is told of a session, once its record is on the disk or is known not to get
 * there. */
static void tell_end(struct session *session)
{
    if (!session_is_ended(session) || session->end_told || session->writes > 0)
        return;
    session->end_told = true;
    session->manager->counters.ended++;
    watch_add(&session->manager->watch, "ended", &session->record.info);
    audit_write(AUDIT_ENDED, &(const struct audit_details){
                                 .session = &session->record.info,
                                 .duration_usec = session->duration_usec,
                                 .actor_uid = -1,
                                 .actor_pid = -1,
                             });
}

static void on_persisted(int result, void *userdata)
{
    struct session *session = userdata;

    session->writes--;
    session->record.info.durable = result >= 0 && session->writes == 0 && !session->unsubmitted;
    tell_end(session);
}

/* Hands the record to the store. */
static int submit(struct manager *manager, struct session *session, enum store_urgency urgency)
{
    char key[SESSION_KEY_MAX_BYTES];
    char text[RECORD_TEXT_MAX_BYTES];
    struct store_change change = {.key = key, .value = text};
    int r;

    session->record.info.durable = true; /* as it will be when somebody reads the record */
    session_record_key(session->record.info.session_id, key);
    r = session_record_encode(&session->record, text, sizeof(text));
    session->record.info.durable = false;
    if (r < 0)
        return r;
    session->activity_stored_usec = session->record.info.last_activity_usec;
    change.value_bytes = (size_t)r;
    return store_submit(manager->store, urgency, &change, 1, on_persisted, session);
}

static void persist(struct manager *manager, struct session *session, enum store_urgency urgency)
{
    int r;

    publish_refresh(manager, session);
    r = submit(manager, session, urgency);
    session->unsubmitted = r < 0;
    if (r >= 0)
        session->writes++;
    else
        log_line(LOG_ERR, "session %s: its record cannot be stored: %s",
                 session->record.info.session_id, strerror(-r));
}

/* An end is what a full disk must not undo; one that has been told of is there already. */
static enum store_urgency urgency_of(const struct session *session)
{
    return session->record.info.state == STATE_ACTIVE || session->end_told ? STORE_ORDINARY
                                                                           : STORE_ESSENTIAL;
}

void publish_quietly(struct manager *manager, struct session *session)
{
    persist(manager, session, urgency_of(session));
}

void publish_revocation(struct manager *manager, struct session *session)
{
    persist(manager, session, STORE_ESSENTIAL);
    watch_add(&manager->watch, "changed", &session->record.info);
}

void publish_session(struct manager *manager, struct session *session, const char *event)
{
    publish_quietly(manager, session);
    if (!session_is_ended(session))
        watch_add(&manager->watch, event, &session->record.info);
    else if (session->unsubmitted)
        tell_end(session);
}
