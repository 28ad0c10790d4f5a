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
#include "daemon/audit.h"
#include "daemon/auth-info.h"
#include "daemon/ending.h"
#include "daemon/identity.h"
#include "daemon/leader.h"
#include "daemon/log.h"
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
    if (session->record.info.state == STATE_ACTIVE)
        lifecycle_end(manager, session, END_LEADER_EXITED, NULL, NULL);
    else
        ending_poke(session);
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
        lifecycle_end(manager, session, END_LIFETIME, NULL, NULL);
    else if (session->writes > 0)
        (void)deadline_arm(manager->deadlines, deadline,
                           boottime(manager) +
                               FORGET_RETRY_USEC); /* it has its place in the heap */
    else if (session_is_ended(session))
        forget(manager, session);
}

int lifecycle_arm(struct manager *manager, struct session *session)
{
    int64_t at = USEC_INFINITY;

    session->deadline.fire = on_deadline;
    session->deadline.userdata = session;
    if (session_is_ended(session)) {
        int64_t age = realtime(manager) - session->record.info.ended_usec;
        int64_t retention = manager->config->retention_usec;

        if (retention != USEC_INFINITY)
            at = boottime(manager) + (age < 0 ? retention : retention - age);
    } else if (session->record.info.state == STATE_ACTIVE &&
               session->record.deadline_boottime_usec >= 0) {
        at = session->record.deadline_boottime_usec;
    }
    return deadline_arm(manager->deadlines, &session->deadline, at);
}

static const char *or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static size_t count_names(char *const *names)
{
    size_t count = 0;

    while (names[count] != NULL)
        count++;
    return count;
}

/* Fills in a new session's record; its strings are borrowed from the arguments. */
static void fill_record(struct manager *manager, const struct login_request *login, const char *id,
                        const struct auth_info *auth, const struct login_place *place,
                        struct session_record *record)
{
    const struct session_settings *settings = &manager->config->session;
    struct session_info *info = &record->info;

    fields_clear(&session_record_fields, record);
    info->session_id = id;
    info->user = login->user;
    info->uid = login->uid;
    info->service = login->service;
    info->terminal = or_null(login->terminal);
    info->remote_host = or_null(login->remote_host);
    info->remote_user = or_null(login->remote_user);
    info->connection = or_null(login->connection);
    info->auth_method = or_null(auth->method);
    info->auth_key = or_null(auth->fingerprint);
    info->logind_session = place->by == MEMBERS_BY_SCOPE ? login->logind_session : NULL;
    info->audit_session = place->leader.audit_session;
    info->parent_session = place->parent == NULL ? NULL : place->parent->record.info.session_id;
    info->leader_pid = place->leader.pid;
    info->host_id = manager->host_id;
    info->boot_id = manager->boot_id;
    info->state = STATE_ACTIVE;
    info->opened_usec = realtime(manager);
    info->last_activity_usec = info->opened_usec;
    info->policy = LIFECYCLE_DEFAULT_POLICY;
    info->scopes = (struct string_list){
        .count = count_names(manager->config->tokens.scopes),
        .items = (const char *const *)manager->config->tokens.scopes,
    };
    record->members_by = (int)place->by;
    record->scope = place->scope;
    record->init_start_ticks = manager->init_start_ticks;
    record->leader_start_ticks = place->leader_visible ? (int64_t)place->leader.start_ticks : -1;
    record->opened_boottime_usec = boottime(manager);
    if (settings->lifetime_usec < USEC_INFINITY - record->opened_boottime_usec)
        record->deadline_boottime_usec = record->opened_boottime_usec + settings->lifetime_usec;
    record->grace_usec = settings->grace_usec;
    record->kill_processes = (int)settings->kill_processes;
    record->token_family = TOKEN_FAMILY_FIRST;
    record->token_file = manager->config->tokens.at_login == TOKEN_AT_LOGIN_FILE;
}

/* Frees a session that did not get into the table. */
static void discard(struct manager *manager, struct session *session)
{
    deadline_disarm(manager->deadlines, &session->deadline);
    session_free(&manager->sessions, session);
}

int lifecycle_open(struct manager *manager, const struct login_request *login,
                   const struct peer *peer, const struct login_place *place, struct session **ret)
{
    char id[SD_ID128_STRING_MAX];
    struct session_record record;
    struct session *session;
    struct auth_info auth;
    int r;

    r = identity_new_id(id);
    if (r < 0)
        return r;
    auth_info_parse(login->auth_info, &auth);
    fill_record(manager, login, id, &auth, place, &record);
    /* The place was looked up by pid: only now it is sure that it is this peer's. */
    if (pidfd_exited(peer->pidfd))
        return -ESRCH;
    r = session_new(&manager->sessions, &record, &session);
    if (r < 0)
        return r;
    session->manager = manager;
    r = leader_open(manager, session, peer->pidfd);
    if (r >= 0)
        r = lifecycle_arm(manager, session);
    if (r >= 0)
        r = session_table_add(&manager->sessions, session);
    if (r < 0) {
        discard(manager, session);
        return r;
    }
    if (place->parent != NULL)
        place->parent->nested_count++;
    manager->counters.opened++;
    publish_session(manager, session, "opened");
    audit_write(AUDIT_OPENED, &AUDIT_DETAILS(.session = &session->record.info));
    if (record.token_file)
        token_file_renew(manager, session);
    *ret = session;
    return 0;
}

/* What people read on their terminals when their session is ended. */
static void ending_message(const struct session *session, const char *message, char *buffer,
                           size_t size)
{
    (void)snprintf(buffer, size, "Your session ends now: %s.%s%s",
                   session->record.info.end_reason == END_LIFETIME ? "its lifetime is over"
                   : session->record.info.end_reason == END_TOKEN_REUSE
                       ? "one of its tokens was misused"
                       : "it was terminated",
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
    int64_t now = realtime(manager);

    session->record.info.last_activity_usec = now;
    if (now - session->activity_stored_usec >= ACTIVITY_STORED_USEC ||
        now < session->activity_stored_usec)
        publish_quietly(manager, session);
}

void lifecycle_changed(struct manager *manager, struct session *session)
{
    publish_session(manager, session, "changed");
}
