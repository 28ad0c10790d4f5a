/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns when a session's file with a token is written and renewed; see token-file.h. The files are
 * runtime.c's.
 */
#include <config.h>

#include "daemon/token-file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/token-issue.h"
#include "daemon/token-validate.h"

#define RETRY_USEC (5 * USEC_PER_SEC)
/* A JWT is over by the wall clock, which may be set: so it is looked at from time to time. */
#define LOOK_USEC (30 * USEC_PER_SEC)

/* What is known of a session's file. */
struct token_file {
    struct deadline renewal;
    int64_t renew_boottime_usec, renew_realtime_usec; /* when, by either clock */
    int64_t expires_usec;                             /* CLOCK_REALTIME; -1: with the session */
    bool failing;                                     /* it could not be written the last time */
};

/* A token on its way into its file. */
struct delivery {
    struct manager *manager; /* borrowed */
    char session_id[SESSION_ID_BYTES + 1];
    struct token_issued *issued; /* owned */
};

static void delivery_free(struct delivery *delivery)
{
    token_issued_free(delivery->issued);
    free(delivery);
}

static int64_t boottime(const struct manager *manager)
{
    return manager->clock->boottime_usec(manager->clock);
}

static int64_t realtime(const struct manager *manager)
{
    return manager->clock->realtime_usec(manager->clock);
}

static void look_later(struct manager *manager, struct session *session);

static void on_renewal(struct deadline *deadline, void *userdata)
{
    struct session *session = userdata;

    (void)deadline;
    if (session->file->renew_boottime_usec > boottime(session->manager) &&
        session->file->renew_realtime_usec > realtime(session->manager))
        look_later(session->manager, session);
    else
        token_file_renew(session->manager, session);
}

static void look_later(struct manager *manager, struct session *session)
{
    int64_t now = boottime(manager), at = session->file->renew_boottime_usec;

    if (deadline_arm(manager->deadlines, &session->file->renewal,
                     at - now < LOOK_USEC ? at : now + LOOK_USEC) < 0)
        log_line(LOG_ERR, "session %s: out of memory, its file with a token is not renewed",
                 session->record.info.session_id);
}

/* By whichever clock is there first. */
static void renew_after(struct manager *manager, struct session *session, int64_t usec)
{
    session->file->renew_boottime_usec = boottime(manager) + usec;
    session->file->renew_realtime_usec = realtime(manager) + usec;
    look_later(manager, session);
}

/* A third of its time before the token is over; not at all where it lives as long as the session,
 * but for a JWT's part of a second. */
static void renew_before(struct manager *manager, struct session *session, int64_t expires_realtime)
{
    int64_t left = expires_realtime - realtime(manager);
    int64_t end = token_expires_realtime(manager, session, USEC_INFINITY);

    if (expires_realtime < 0 || (end >= 0 && end - expires_realtime < USEC_PER_SEC))
        deadline_disarm(manager->deadlines, &session->file->renewal);
    else
        renew_after(manager, session, left > 0 ? left * 2 / 3 : 0);
}

static void fail(struct manager *manager, struct session *session, int error)
{
    if (!session->file->failing)
        log_line(LOG_ERR, "session %s: its file with a token cannot be written: %s",
                 session->record.info.session_id, strerror(-error));
    session->file->failing = true;
    /* what is in it was good, and may be over by the next time */
    if (session->file->expires_usec >= 0 &&
        session->file->expires_usec <= realtime(manager) + RETRY_USEC)
        runtime_remove_token(&manager->runtime, session->record.info.session_id);
    renew_after(manager, session, RETRY_USEC);
}

static void on_durable(int result, void *userdata)
{
    struct delivery *delivery = userdata;
    struct manager *manager = delivery->manager;
    struct session *session = session_table_find(&manager->sessions, delivery->session_id);

    if (session != NULL && session->record.info.state == STATE_ACTIVE) {
        if (result >= 0)
            result = runtime_write_token(&manager->runtime, session->record.info.session_id,
                                         (uid_t)session->record.info.uid, delivery->issued->access);
        if (result < 0) {
            token_drop(manager, delivery->issued->access);
            fail(manager, session, result);
        } else {
            session->file->failing = false;
            session->file->expires_usec = delivery->issued->expires_usec;
            renew_before(manager, session, delivery->issued->expires_usec);
        }
    }
    delivery_free(delivery);
}

static int deliver(struct manager *manager, struct session *session)
{
    const struct token_source random = {.text = NULL};
    struct delivery *delivery = calloc(1, sizeof(*delivery));
    struct token_order order;
    const char *what;
    int r = -ENOMEM;

    if (delivery == NULL)
        return r;
    delivery->manager = manager;
    memcpy(delivery->session_id, session->record.info.session_id, sizeof(delivery->session_id));
    delivery->issued = token_issued_new();
    if (delivery->issued != NULL)
        r = token_order(manager, session, NULL, &order, &what);
    if (r >= 0)
        r = token_issue(manager, session, &order, &random, delivery->issued);
    if (r >= 0) {
        r = token_submit(manager, STORE_ORDINARY, delivery->issued, NULL, on_durable, delivery);
        if (r < 0)
            token_issue_undo(manager, delivery->issued);
    }
    if (r < 0)
        delivery_free(delivery);
    return r;
}

/* Begins to look after a session's file, where that was not begun. */
static bool look_after(struct session *session)
{
    if (session->file != NULL)
        return true;
    session->file = calloc(1, sizeof(*session->file));
    if (session->file == NULL) {
        log_line(LOG_ERR, "session %s: out of memory, it has no file with a token",
                 session->record.info.session_id);
        return false;
    }
    session->file->renewal.fire = on_renewal;
    session->file->renewal.userdata = session;
    session->file->expires_usec = -1;
    return true;
}

void token_file_renew(struct manager *manager, struct session *session)
{
    int r;

    if (manager->runtime.tokens_fd < 0) /* that was said */
        return;
    if (!look_after(session))
        return;
    r = deliver(manager, session);
    if (r < 0)
        fail(manager, session, r);
}

bool token_file_path(const struct manager *manager, const struct session *session, char *ret)
{
    if (session->file == NULL || session->file->failing)
        return false;
    runtime_token_path(&manager->runtime, session->record.info.session_id, ret);
    return true;
}

void token_file_remove(struct manager *manager, struct session *session)
{
    token_file_forget(manager, session);
    if (session->record.token_file)
        runtime_remove_token(&manager->runtime, session->record.info.session_id);
}

void token_file_forget(struct manager *manager, struct session *session)
{
    if (session->file == NULL)
        return;
    deadline_disarm(manager->deadlines, &session->file->renewal);
    free(session->file);
    session->file = NULL;
}

static bool is_wanted(const char *name, void *userdata)
{
    const struct manager *manager = userdata;
    const struct session *session = session_table_find(&manager->sessions, name);

    return session != NULL && session->record.info.state == STATE_ACTIVE &&
           session->record.token_file;
}

/* Whether the file holds a good token of the session's, and until when. */
static bool is_good(struct manager *manager, const struct session *session, int64_t *ret_expires)
{
    char text[TOKEN_MAX_BYTES + 1];
    const struct validate_in in = {.token = text, .uid = session->record.info.uid};
    struct token_answer answer;
    struct session *found;
    bool good;

    good = runtime_read_token(&manager->runtime, session->record.info.session_id, text,
                              sizeof(text)) >= 0 &&
           token_validate(manager, NULL, &in, &answer, &found) > 0 && found == session;
    if (good)
        *ret_expires = answer.out.expires_usec;
    seal_wipe(text, sizeof(text));
    return good;
}

void token_file_start(struct manager *manager)
{
    int64_t expires;

    runtime_sweep_tokens(&manager->runtime, is_wanted, manager);
    for (struct session *s = session_table_first(&manager->sessions); s != NULL;
         s = session_table_next(s)) {
        if (s->record.info.state != STATE_ACTIVE || !s->record.token_file)
            continue;
        if (!is_good(manager, s, &expires)) {
            token_file_renew(manager, s);
        } else if (look_after(s)) {
            s->file->expires_usec = expires;
            renew_before(manager, s, expires);
        }
    }
}
