/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the transitions of a session; see lifecycle.h. How processes are ended is in ending.c, what
 * a store record looks like in session-record.c.
 */
#include <config.h>

#include "daemon/lifecycle.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/activity.h"
#include "daemon/audit.h"
#include "daemon/config-value.h"
#include "daemon/ending.h"
#include "daemon/enforcement.h"
#include "daemon/identity.h"
#include "daemon/leader.h"
#include "daemon/log.h"
#include "daemon/opening.h"
#include "daemon/policy.h"
#include "daemon/publish.h"
#include "daemon/session-record.h"
#include "daemon/token-file.h"

/* A record that waits for the disk cannot be forgotten yet; when to look again. */
#define FORGET_RETRY_USEC (1 * USEC_PER_SEC)
/* Of the ended sessions, how many are given up with each end. */
enum { RETIRE_MAX = 16 };
/* How much of a session's activity a crash may undo. */
#define ACTIVITY_STORED_USEC (60 * USEC_PER_SEC)

static int64_t realtime(const struct manager *manager)
{
    return manager->clock->realtime_usec(manager->clock);
}

static int64_t boottime(const struct manager *manager)
{
    return manager->clock->boottime_usec(manager->clock);
}

void lifecycle_leader_exited(struct manager *manager, struct session *session)
{
    if (session->record.info.state != STATE_ACTIVE)
        ending_poke(session);
    else if (session->record.info.adopted) /* nobody there who would have told of its close */
        lifecycle_close(manager, session);
    else
        lifecycle_end(manager, session, END_LEADER_EXITED, NULL, NULL);
}

static void forget(struct manager *manager, struct session *session)
{
    char key[SESSION_KEY_MAX_BYTES];
    const struct store_change removal = {.key = key};
    int r;

    session_record_key(session->record.info.session_id, key);
    r = store_submit(manager->store, STORE_ORDINARY, &removal, 1, NULL, NULL);
    if (r < 0)
        log_line(LOG_ERR, "session %s: its record cannot be removed: %s",
                 session->record.info.session_id, strerror(-r));
    session_table_remove(&manager->sessions, session);
    session_free(&manager->sessions, session);
}

static void on_deadline(struct deadline *deadline, void *userdata)
{
    struct session *session = userdata;
    struct manager *manager = session->manager;

    if (session->record.info.state == STATE_ACTIVE)
        enforcement_run(manager, session);
    else if (session->writes > 0)
        (void)deadline_arm(manager->deadlines, deadline,
                           boottime(manager) +
                               FORGET_RETRY_USEC); /* it has its place in the heap */
    else if (session_is_ended(session))
        forget(manager, session);
}

int lifecycle_arm(struct manager *manager, struct session *session)
{
    int64_t retention = manager->config->retention_usec, at = USEC_INFINITY;

    session->deadline.fire = on_deadline;
    session->deadline.userdata = session;
    if (session->record.info.state == STATE_ACTIVE)
        return enforcement_arm(manager, session);
    if (session_is_ended(session) && retention != USEC_INFINITY) {
        int64_t age = realtime(manager) - session->record.info.ended_usec;

        at = boottime(manager) + (age < 0 ? retention : retention - age);
    }
    return deadline_arm(manager->deadlines, &session->deadline, at);
}

/* Frees a session that did not get into the table. */
static void discard(struct manager *manager, struct session *session)
{
    deadline_disarm(manager->deadlines, &session->deadline);
    policy_unref(session->policy);
    session->policy = NULL;
    session_free(&manager->sessions, session);
}

static int open_session(struct manager *manager, const struct opening *login, int pidfd,
                        bool adopted, struct session **ret)
{
    char id[SD_ID128_STRING_MAX];
    struct session_record record;
    struct session *session;
    int r;

    r = identity_new_id(id);
    if (r < 0)
        return r;
    opening_fill_record(manager, login, id, adopted, &record);
    /* The place was looked up by pid: only now it is sure that it is this process's. */
    if (pidfd_exited(pidfd))
        return -ESRCH;
    if (standing_stops(&manager->standing, &record.info, login->place->began_usec,
                       boottime(manager)))
        return -EKEYREVOKED;
    r = session_new(&manager->sessions, &record, &session);
    if (r < 0)
        return r;
    session->manager = manager;
    session->policy = policy_take(manager, login->rule->policy);
    activity_start(manager, session);
    if (adopted) /* people do not know of its end, which may be close */
        session->warned_end_usec = USEC_INFINITY;
    r = leader_open(manager, session, pidfd);
    if (r >= 0)
        r = lifecycle_arm(manager, session);
    if (r >= 0)
        r = session_table_add(&manager->sessions, session);
    if (r < 0) {
        discard(manager, session);
        return r;
    }
    if (login->place->parent != NULL)
        login->place->parent->nested_count++;
    manager->counters.opened++;
    publish_session(manager, session, "opened");
    audit_write(adopted ? AUDIT_ADOPTED : AUDIT_OPENED,
                &AUDIT_DETAILS(.session = &session->record.info));
    if (record.token_file)
        token_file_renew(manager, session);
    *ret = session;
    return 0;
}

int lifecycle_open(struct manager *manager, const struct opening *login, int pidfd,
                   struct session **ret)
{
    return open_session(manager, login, pidfd, false, ret);
}

int lifecycle_adopt(struct manager *manager, const struct opening *login, int pidfd,
                    struct session **ret)
{
    return open_session(manager, login, pidfd, true, ret);
}

const char *lifecycle_words(enum end_reason reason)
{
    switch (reason) {
    case END_LIFETIME:
        return "its lifetime is over";
    case END_CREDENTIAL_EXPIRED:
        return "the certificate that opened it is not valid any more";
    case END_IDLE:
        return "nobody uses it";
    case END_HOURS:
        return "the hours for it are over";
    case END_EVICTED:
        return "a newer login takes its place";
    case END_LOCKED:
        return "your account was locked";
    case END_TOKEN_REUSE:
        return "one of its tokens was misused";
    case END_NONE:
    case END_LOGOUT:
    case END_LEADER_EXITED:
    case END_TERMINATED:
    case END_REBOOTED:
        break;
    }
    return "it was terminated";
}

/* What people read on their terminals when their session is ended. */
static void ending_message(const struct session *session, const char *message, char *buffer,
                           size_t size)
{
    (void)snprintf(buffer, size, "Your session ends now: %s.%s%s",
                   lifecycle_words((enum end_reason)session->record.info.end_reason),
                   message != NULL ? " " : "", message != NULL ? message : "");
}

/* A session's tokens are good no more from the moment that its end begins. */
static void end_tokens(struct manager *manager, struct session *session)
{
    token_remove_all(manager, session);
    token_file_remove(manager, session);
}

/* Whether this end also ends the session's processes. */
static bool ends_processes(const struct session *session, enum end_reason reason)
{
    if (reason == END_REBOOTED)
        return false;
    return reason != END_LOGOUT || session->record.kill_processes == KILL_ALWAYS;
}

static void end_one(struct manager *manager, struct session *session, enum end_reason reason,
                    const char *message, bool show)
{
    char text[MESSAGE_MAX_BYTES + 64];

    session->record.info.end_reason = (int)reason;
    end_tokens(manager, session);
    if (!ends_processes(session, reason)) {
        lifecycle_finish(manager, session);
        return;
    }
    session_table_set_state(&manager->sessions, session, STATE_ENDING);
    deadline_disarm(manager->deadlines, &session->deadline);
    publish_session(manager, session, "ending");
    audit_write(AUDIT_ENDING, &AUDIT_DETAILS(.session = &session->record.info));
    ending_message(session, message, text, sizeof(text));
    ending_start(manager, session, show ? text : NULL);
}

/* What an active session is nested in, if that is not active any more; else NULL. */
static const struct session *ended_outer(const struct manager *manager,
                                         const struct session *session)
{
    const struct session *outer;

    if (session->record.info.state != STATE_ACTIVE)
        return NULL;
    outer = session_table_find_parent(&manager->sessions, session);
    return outer == NULL || outer->record.info.state == STATE_ACTIVE ? NULL : outer;
}

/*
 * Ends a session and all that is nested in it: each has its own ladder, and the outermost shows the
 * message. One pass ends those whose parents it or an earlier one has ended; the next is for what
 * is nested in those.
 */
static void end_tree(struct manager *manager, struct session *session, enum end_reason reason,
                     const char *message, bool show)
{
    const struct live_set *live = &manager->sessions.live;
    bool nested = session->nested_count > 0;

    end_one(manager, session, reason, message, show);
    while (nested) {
        nested = false;
        for (size_t i = 0; i < live->count;) {
            struct session *inner = live->items[i].session;
            const struct session *outer =
                live->items[i].nested ? ended_outer(manager, inner) : NULL;

            if (outer != NULL) {
                nested = nested || inner->nested_count > 0;
                end_one(manager, inner, (enum end_reason)outer->record.info.end_reason, NULL,
                        false);
            }
            if (i < live->count && live->items[i].session == inner)
                i++; /* else it has ended at once, and another is in its place */
        }
    }
}

void lifecycle_close(struct manager *manager, struct session *session)
{
    if (session->record.info.state == STATE_ACTIVE)
        end_tree(manager, session, END_LOGOUT, NULL, false);
    else
        ending_poke(session);
}

void lifecycle_end(struct manager *manager, struct session *session, enum end_reason reason,
                   const char *message, const struct peer *actor)
{
    if (session->record.info.state != STATE_ACTIVE)
        return;
    if (actor != NULL)
        audit_write(AUDIT_TERMINATED, &(const struct audit_details){
                                          .session = &session->record.info,
                                          .actor_uid = actor->uid,
                                          .actor_pid = actor->pid,
                                          .reason = end_reason_names[reason],
                                          .text = message,
                                      });
    end_tree(manager, session, reason, message, reason != END_LEADER_EXITED);
}

/*
 * Ended sessions are kept for their time, but no more of them than there may be live ones: the time
 * of those that ended first is over before. They go by their deadlines, so nobody who walks the
 * table loses one. More than one is too many only after that number was made smaller.
 */
static void limit_ended(struct manager *manager)
{
    struct session_table *table = &manager->sessions;

    for (int i = 0; i < RETIRE_MAX && table->ended_count > (size_t)manager->config->sessions_max;
         i++)
        (void)deadline_arm(manager->deadlines, &session_table_retire(table)->deadline,
                           boottime(manager)); /* without memory it stays for longer */
}

void lifecycle_finish(struct manager *manager, struct session *session)
{
    struct session *parent = session_table_find_parent(&manager->sessions, session);

    assert(!session_is_ended(session));
    session_table_set_state(&manager->sessions, session, STATE_ENDED);
    if (session->record.info.ended_usec < 0)
        session->record.info.ended_usec = realtime(manager);
    ending_free(session->ending);
    session->ending = NULL;
    policy_unref(session->policy);
    session->policy = NULL;
    if (parent != NULL && parent->nested_count > 0)
        parent->nested_count--;
    if (session->record.info.end_reason != END_REBOOTED)
        session->duration_usec = boottime(manager) - session->record.opened_boottime_usec;
    else if (session->record.info.ended_usec > session->record.info.opened_usec)
        session->duration_usec = session->record.info.ended_usec - session->record.info.opened_usec;
    publish_session(manager, session, "ended");
    if (lifecycle_arm(manager, session) < 0)
        log_line(LOG_ERR, "session %s: out of memory, its record is kept until the next start",
                 session->record.info.session_id);
    limit_ended(manager);
}

void lifecycle_touch(struct manager *manager, struct session *session)
{
    int64_t at;

    activity_note(manager, session, ACTIVITY_TOKEN);
    at = session->record.info.last_activity_usec;
    if (at - session->activity_stored_usec >= ACTIVITY_STORED_USEC ||
        at < session->activity_stored_usec)
        publish_quietly(manager, session);
}

/* An end that is put off: however often, by no more in all than the longest of durations. */
static int64_t put_off(int64_t end_usec, int64_t usec, int64_t now_usec)
{
    int64_t most = now_usec + CONFIG_DURATION_MAX_USEC;

    return end_usec + usec < most ? end_usec + usec : most;
}

void lifecycle_extend(struct manager *manager, struct session *session, int64_t usec,
                      const struct peer *by, bool counts)
{
    struct session_record *record = &session->record;
    char span[ENFORCEMENT_SPAN_BYTES];

    if (record->deadline_boottime_usec >= 0)
        record->deadline_boottime_usec =
            put_off(record->deadline_boottime_usec, usec, boottime(manager));
    if (record->hours_end_usec >= 0)
        record->hours_extended_usec =
            put_off(record->hours_extended_usec < 0 ? 0 : record->hours_extended_usec, usec, 0);
    record->extended_count += counts ? 1 : 0;
    if (lifecycle_arm(manager, session) < 0) /* it has its place in the heap */
        log_line(LOG_ERR, "session %s: out of memory while putting off its end",
                 record->info.session_id);
    audit_write(AUDIT_EXTENDED, &(const struct audit_details){
                                    .session = &record->info,
                                    .actor_uid = by->uid,
                                    .actor_pid = by->pid,
                                    .text = enforcement_span(usec, span),
                                });
    publish_session(manager, session, "changed");
}

void lifecycle_changed(struct manager *manager, struct session *session)
{
    publish_session(manager, session, "changed");
}
