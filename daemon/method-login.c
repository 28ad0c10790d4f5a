/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns io.sessmgr.Login: what the PAM module asks. Who is admitted is decided in admission.c, what
 * follows from it in lifecycle.c.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/admission.h"
#include "daemon/adopt.h"
#include "daemon/audit.h"
#include "daemon/auth-info.h"
#include "daemon/enforcement.h"
#include "daemon/lifecycle.h"
#include "daemon/locate.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/policy.h"
#include "daemon/publish.h"
#include "daemon/reservation.h"
#include "daemon/token-file.h"

/* A refused opener gets this long to show why before its connection is ended. */
#define PARTING_USEC          (500 * USEC_PER_MSEC)
#define PARTING_ACCURACY_USEC (100 * USEC_PER_MSEC)

static void refuse(struct call *call, const struct login_request *login,
                   const struct admission *admission)
{
    const struct refused_error error = {.reason = admission->reason, .message = admission->message};

    call->manager->counters.refused++;
    audit_write(AUDIT_REFUSED,
                &AUDIT_DETAILS(.login = login, .reason = admission->reason,
                               .policy = admission->rule->name, .text = admission->message));
    call_error(call, ERROR_LOGIN_REFUSED, &refused_error_fields, &error);
}

/* Ends the sessions that make room for a login. */
static void evict(struct manager *manager, const struct admission *admission)
{
    for (size_t i = 0; i < admission->evicted_count; i++)
        lifecycle_end(manager, admission->evicted[i], END_EVICTED,
                      admission->rule->settings.session.message, NULL);
}

static void tell_admitted(struct manager *manager, const struct login_request *login,
                          const struct admission *admission)
{
    manager->counters.admitted++;
    audit_write(admission->breaks_glass ? AUDIT_BREAK_GLASS : AUDIT_ADMITTED,
                &AUDIT_DETAILS(.login = login, .policy = admission->rule->name));
}

/* What an Admit goes on with once room has been made. */
struct admitted {
    char reservation[RESERVATION_ID_BYTES + 1];
    char policy[RULE_NAME_MAX_BYTES + 1];
};

static void reply_admitted(struct call *call, const struct admitted *admitted)
{
    const struct admit_out out = {.reservation = admitted->reservation, .policy = admitted->policy};

    call_reply(call, &out);
}

/* The old session's end is on the disk: only now the new one is admitted. */
static void on_room_durable(struct call *call, int result)
{
    const struct admitted *admitted = call->stream;
    struct reservation *reservation =
        reservation_find(&call->manager->reservations, admitted->reservation);

    if (result >= 0) {
        reply_admitted(call, admitted);
        return;
    }
    if (reservation != NULL)
        reservation_release(reservation);
    call_fail(call, result);
}

static int admit(struct call *call, const struct login_request *login,
                 const struct admission *admission)
{
    CLEANUP(freep) struct admitted *admitted = calloc(1, sizeof(*admitted));
    struct reservation *reservation;
    int r;

    if (admitted == NULL)
        return -ENOMEM;
    r = reservation_take(call->manager, call->peer, login, admission->is_counted, &reservation);
    if (r < 0)
        return r;
    memcpy(admitted->reservation, reservation->id, sizeof(admitted->reservation));
    (void)snprintf(admitted->policy, sizeof(admitted->policy), "%s", admission->rule->name);
    tell_admitted(call->manager, login, admission);
    if (admission->evicted_count == 0) {
        reply_admitted(call, admitted);
        return 0;
    }
    evict(call->manager, admission);
    call->stream = TAKE_PTR(admitted);
    call->stream_free = free;
    r = call_wait_durable(call, STORE_ESSENTIAL, on_room_durable);
    if (r < 0)
        reservation_release(reservation);
    return r;
}

int method_admit(struct call *call)
{
    struct manager *manager = call->manager;
    const struct admit_in *in = call->in;
    const struct login_request *login = &in->login;
    const struct admit_out nothing = {.reservation = NULL};
    struct admission admission;
    struct login_place place;

    locate_login(manager, call->peer->pid, login->uid, login->service, login->logind_session,
                 &place);
    admission_decide(manager, login, place.parent, ADMISSION_ASKED, &admission);
    if (admission.reason != NULL) {
        refuse(call, login, &admission);
        return 0;
    }
    if (admission.is_tracked)
        return admit(call, login, &admission);
    call_reply(call, &nothing);
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
 * Decides about a session that is opened: one that a place is held for gets it; else it is decided
 * now (no account phase ran, or the daemon was started since). Where /proc hides when the login
 * began, its place tells.
 */
static void decide(struct call *call, const struct open_in *in, struct login_place *place,
                   struct admission *ret)
{
    struct manager *manager = call->manager;
    struct reservation_claim claim = {.place = false};
    bool held;
    int r = -ENOENT;

    if (in->reservation != NULL)
        r = reservation_claim(manager, in->reservation, call->peer, in->login.uid, &claim);
    if (r >= 0 && !place->leader_visible)
        place->began_usec = claim.taken_usec;
    held = r >= 0 && claim.place && (claim.counted || place->parent != NULL);
    admission_decide(manager, &in->login, place->parent, held ? ADMISSION_HELD : ADMISSION_NEW,
                     ret);
    if (r == -EACCES)
        admission_refuse(ret, "policy", "This login was admitted for another process.");
    else if (r < 0 && ret->breaks_glass && ret->is_tracked && ret->reason == NULL)
        tell_admitted(manager, &in->login, ret);
}

static void reply_unstored(struct call *call)
{
    const struct store_error_out error = {
        .message = "The session is held and enforced, but could not be recorded on the disk.",
        .session_id = call->subject,
    };

    call_error(call, ERROR_LOGIN_STORE_UNAVAILABLE, &store_error_fields, &error);
}

/* What the person who logs in should know: when it ends, and why. */
static const char *end_line(const struct manager *manager, const struct session *session,
                            char *buffer, size_t size)
{
    char span[ENFORCEMENT_SPAN_BYTES];
    struct schedule schedule;

    enforcement_schedule(manager, session, &schedule);
    if (schedule.end_usec == USEC_INFINITY)
        return NULL;
    (void)snprintf(
        buffer, size, "This session ends in %s (policy %s).",
        enforcement_span(schedule.end_usec - manager->clock->boottime_usec(manager->clock), span),
        session->policy->name);
    return buffer;
}

static void reply_opened(struct call *call, struct session *session)
{
    char line[256], path[RUNTIME_PATH_MAX_BYTES];
    struct open_out out = {.session_id = call->subject};
    const char *lines[2];

    publish_refresh(call->manager, session);
    out.policy = session->record.info.policy;
    out.deadline_usec = session->record.info.deadline_usec;
    if (token_file_path(call->manager, session, path))
        out.token_file = path;
    lines[0] = end_line(call->manager, session, line, sizeof(line));
    out.messages = (struct string_list){.count = lines[0] == NULL ? 0 : 1, .items = lines};
    call_reply(call, &out);
}

static void on_open_durable(struct call *call, int result)
{
    struct session *session = session_table_find(&call->manager->sessions, call->subject);
    bool active = session != NULL && session->record.info.state == STATE_ACTIVE;

    /* Whom nothing keeps out is not kept out by a disk. */
    if (result < 0 && !(active && strcmp(session->policy->name, RULE_BREAK_GLASS) == 0))
        reply_unstored(call);
    else if (active)
        reply_opened(call, session);
    else
        call_fail(call, -ENOENT); /* it ended meanwhile */
}

/* A certificate that is to end the session has to be one that can be read. */
static void check_credential(const struct auth_info *auth, struct admission *admission)
{
    if (admission->is_tracked && admission->rule->settings.session.end_with_credential &&
        auth->malformed && admission->reason == NULL)
        admission_refuse(admission, "policy",
                         "The key or certificate of this login cannot be read, so it is not known "
                         "when it expires (policy %s).",
                         admission->rule->name);
}

/* Opens the session; a refusal is in *admission. Returns -errno where it cannot be opened. */
static int open_admitted(struct call *call, const struct login_request *login,
                         const struct login_place *place, const struct auth_info *auth,
                         struct admission *admission)
{
    const struct opening opening = {
        .request = login, .place = place, .rule = admission->rule, .auth = auth};
    struct session *session;
    int r;

    r = lifecycle_open(call->manager, &opening, call->peer->pidfd, &session);
    if (r == -EKEYREVOKED) {
        admission_refuse(admission, "terminated",
                         "Sessions like this one were just ended, by you or an administrator. Log "
                         "in again if you still may.");
        return 0;
    }
    if (r < 0)
        return r;
    evict(call->manager, admission);
    memcpy(call->subject, session->record.info.session_id, sizeof(call->subject));
    return call_wait_durable(call, STORE_ORDINARY, on_open_durable);
}

int method_open(struct call *call)
{
    const struct open_in *in = call->in;
    const struct login_request *login = &in->login;
    const struct open_out nothing = {.deadline_usec = -1};
    struct admission admission;
    struct login_place place;
    struct auth_info auth;
    int r = 0;

    adopt_give_way(call->manager, call->peer->pid, login);
    locate_login(call->manager, call->peer->pid, login->uid, login->service, login->logind_session,
                 &place);
    auth_info_parse(login->auth_info, &auth);
    decide(call, in, &place, &admission);
    check_credential(&auth, &admission);
    if (admission.reason == NULL && admission.is_tracked)
        r = open_admitted(call, login, &place, &auth, &admission);
    if (admission.reason != NULL) {
        if (admission.is_tracked)
            part_with_caller(call); /* others may be one process for many users */
        refuse(call, login, &admission);
    } else if (!admission.is_tracked) {
        call_reply(call, &nothing);
    }
    return r;
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
