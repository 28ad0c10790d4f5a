/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns io.sessmgr.Login: what the PAM module asks. Admission is decided here; what follows from it
 * is in lifecycle.c.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/publish.h"
#include "daemon/reservation.h"
#include "daemon/token-file.h"

/* A refused opener gets this long to show why before its connection is ended. */
#define PARTING_USEC          (500 * USEC_PER_MSEC)
#define PARTING_ACCURACY_USEC (100 * USEC_PER_MSEC)

/* Why a login is refused: a reason of the protocol, and words for the person. */
struct refusal {
    const char *reason; /* NULL: not refused */
    char message[256];
};

/* Whether there is a place for one more session. A nested one takes none of the user's. */
static void check_limits(const struct manager *manager, const struct login_request *login,
                         bool nested, struct refusal *ret)
{
    const struct config *config = manager->config;
    int64_t count = session_table_count_user(&manager->sessions, login->uid);
    size_t live = manager->sessions.live.count + reservation_count(&manager->reservations);

    ret->reason = NULL;
    if (login->uid != 0 && live >= (size_t)config->sessions_max) {
        ret->reason = "full";
        (void)snprintf(ret->message, sizeof(ret->message),
                       "This host has reached its limit of %" PRId64 " sessions.",
                       config->sessions_max);
    } else if (!nested && count >= config->session.max_sessions) {
        ret->reason = "limit";
        (void)snprintf(
            ret->message, sizeof(ret->message),
            "You have %" PRId64 " of at most %" PRId64
            " sessions. \"sessmgrctl list\" shows them, \"sessmgrctl terminate\" ends one.",
            count, config->session.max_sessions);
    }
}

/* A session that is being ended takes no others into it: they would outlive it. */
static void check_parent(const struct login_place *place, struct refusal *ret)
{
    if (place->parent == NULL || place->parent->record.info.state == STATE_ACTIVE)
        return;
    ret->reason = "policy";
    (void)snprintf(ret->message, sizeof(ret->message), "This session is being ended.");
}

static void refuse(struct call *call, const struct login_request *login,
                   const struct refusal *refusal)
{
    const struct refused_error error = {.reason = refusal->reason, .message = refusal->message};

    call->manager->counters.refused++;
    audit_write(AUDIT_REFUSED, &AUDIT_DETAILS(.login = login, .reason = refusal->reason,
                                              .text = refusal->message));
    call_error(call, ERROR_LOGIN_REFUSED, &refused_error_fields, &error);
}

int method_admit(struct call *call)
{
    struct manager *manager = call->manager;
    const struct admit_in *in = call->in;
    const struct login_request *login = &in->login;
    struct admit_out out = {.reservation = NULL};
    const struct reservation *reservation;
    struct login_place place;
    struct refusal refusal;
    int r;

    if (!config_tracks_service(manager->config, login->service)) {
        call_reply(call, &out);
        return 0;
    }
    locate_login(manager, call->peer->pid, login->uid, login->service, login->logind_session,
                 &place);
    check_limits(manager, login, place.parent != NULL, &refusal);
    check_parent(&place, &refusal);
    if (refusal.reason != NULL) {
        refuse(call, login, &refusal);
        return 0;
    }
    r = reservation_take(manager, call->peer, login->uid, place.parent == NULL, &reservation);
    if (r < 0)
        return r;
    manager->counters.admitted++;
    audit_write(AUDIT_ADMITTED, &AUDIT_DETAILS(.login = login, .policy = LIFECYCLE_DEFAULT_POLICY));
    out.reservation = reservation->id;
    out.policy = LIFECYCLE_DEFAULT_POLICY;
    call_reply(call, &out);
    return 0;
}

static int on_parting(sd_event_source *source, uint64_t usec, void *userdata)
{
    const int *pidfd = userdata;

    (void)usec;
    (void)pidfd_signal(*pidfd, SIGTERM);               /* it may be gone by now */
    (void)sd_event_source_set_floating(source, false); /* nobody else holds it: this frees it */
    return 0;
}

static void free_parting(void *userdata)
{
    int *pidfd = userdata;

    closep(pidfd);
    free(pidfd);
}

/*
 * Ends the connection of a login that was refused in the session phase: sshd would keep it open for
 * `ssh -N`, and never ask again.
 */
static void part_with_caller(struct call *call)
{
    sd_event_source *source = NULL;
    int *pidfd = malloc(sizeof(*pidfd));
    int r = -ENOMEM;

    if (pidfd != NULL) {
        *pidfd = call->peer->pidfd < 0 ? -1 : fcntl(call->peer->pidfd, F_DUPFD_CLOEXEC, 3);
        r = sd_event_add_time_relative(call->manager->event, &source, CLOCK_MONOTONIC, PARTING_USEC,
                                       PARTING_ACCURACY_USEC, on_parting, pidfd);
    }
    if (r < 0) {
        if (pidfd != NULL)
            free_parting(pidfd);
        log_line(LOG_ERR, "the connection of a refused login cannot be ended: %s", strerror(-r));
        return;
    }
    (void)sd_event_source_set_destroy_callback(source, free_parting);
    (void)sd_event_source_set_floating(source, true);
    sd_event_source_unref(source);
}

/*
 * Turns the reservation into leave to open, or decides now where there is none (no account phase
 * ran, or the daemon was started since).
 */
static void claim_place(struct call *call, const struct open_in *in, bool nested,
                        struct refusal *ret)
{
    bool place = false;
    int r = -ENOENT;

    ret->reason = NULL;
    if (in->reservation != NULL)
        r = reservation_claim(call->manager, in->reservation, call->peer, in->login.uid, &place);
    if (r == -EACCES) {
        ret->reason = "policy";
        (void)snprintf(ret->message, sizeof(ret->message),
                       "This login was admitted for another process.");
    } else if (r < 0 || (!place && !nested)) {
        check_limits(call->manager, &in->login, nested, ret);
    }
}

/* "3s", "15min", "8h": the largest unit that loses nothing that matters. */
static void format_span(int64_t usec, char *buffer, size_t size)
{
    int64_t sec = (usec + USEC_PER_SEC / 2) / USEC_PER_SEC;

    if (sec < 120)
        (void)snprintf(buffer, size, "%" PRId64 "s", sec);
    else if (sec < 7200)
        (void)snprintf(buffer, size, "%" PRId64 "min", sec / 60);
    else
        (void)snprintf(buffer, size, "%" PRId64 "h %" PRId64 "min", sec / 3600, sec / 60 % 60);
}

static void on_open_durable(struct call *call, int result)
{
    struct session *session = session_table_find(&call->manager->sessions, call->subject);
    char span[32], line[128], path[RUNTIME_PATH_MAX_BYTES];
    const char *lines[] = {line};
    struct open_out out = {.deadline_usec = -1};

    if (result < 0) {
        const struct store_error_out error = {
            .message = "The session is held and enforced, but could not be recorded on the disk.",
            .session_id = call->subject,
        };

        call_error(call, ERROR_LOGIN_STORE_UNAVAILABLE, &store_error_fields, &error);
        return;
    }
    if (session == NULL) {
        call_fail(call, -ENOENT);
        return;
    }
    publish_refresh(call->manager, session);
    out.session_id = call->subject;
    out.policy = session->record.info.policy;
    out.deadline_usec = session->record.info.deadline_usec;
    if (token_file_path(call->manager, session, path))
        out.token_file = path;
    if (out.deadline_usec >= 0) {
        format_span(session->record.deadline_boottime_usec - session->record.opened_boottime_usec,
                    span, sizeof(span));
        (void)snprintf(line, sizeof(line), "This session ends in %s.", span);
        out.messages = (struct string_list){.count = ELEMENTS(lines), .items = lines};
    }
    call_reply(call, &out);
}

int method_open(struct call *call)
{
    struct manager *manager = call->manager;
    const struct open_in *in = call->in;
    const struct open_out nothing = {.deadline_usec = -1};
    struct login_place place;
    struct refusal refusal;
    struct session *session;
    int r;

    if (!config_tracks_service(manager->config, in->login.service)) {
        call_reply(call, &nothing);
        return 0;
    }
    locate_login(manager, call->peer->pid, in->login.uid, in->login.service,
                 in->login.logind_session, &place);
    claim_place(call, in, place.parent != NULL, &refusal);
    check_parent(&place, &refusal);
    if (refusal.reason != NULL) {
        part_with_caller(call);
        refuse(call, &in->login, &refusal);
        return 0;
    }
    r = lifecycle_open(manager, &in->login, call->peer, &place, &session);
    if (r < 0)
        return r;
    memcpy(call->subject, session->record.info.session_id, sizeof(call->subject));
    return call_wait_durable(call, STORE_ORDINARY, on_open_durable);
}

static void on_close_durable(struct call *call, int result)
{
    if (result < 0)
        call_fail(call, result);
    else
        call_reply(call, NULL);
}

int method_close(struct call *call)
{
    const struct close_in *in = call->in;
    struct session *session = session_table_find(&call->manager->sessions, in->session_id);

    if (session == NULL || session_is_ended(session))
        return -ENOENT;
    memcpy(call->subject, session->record.info.session_id, sizeof(call->subject));
    lifecycle_close(call->manager, session);
    return call_wait_durable(call, STORE_ESSENTIAL, on_close_durable);
}
