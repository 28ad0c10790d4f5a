/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what io.sessmgr.Session does with tokens: who asks has been decided, what is given and what
 * is good is decided in token-*.c.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/lifecycle.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/token-issue.h"
#include "daemon/token-refresh.h"
#include "daemon/token-validate.h"

int method_validate(struct call *call)
{
    const struct validate_in *in = call->in;
    struct token_answer answer;
    struct session *session;
    int r;

    r = token_validate(call->manager, call->peer, in, &answer, &session);
    call->manager->counters.tokens_validated++;
    if (r > 0 && in->touch)
        lifecycle_touch(call->manager, session);
    if (r >= 0)
        call_reply(call, &answer.out);
    return r < 0 ? r : 0;
}

static void answer_not_allowed(struct call *call, const char *setting)
{
    const struct policy_error error = {.rule = setting};

    call_error(call, ERROR_NOT_ALLOWED_BY_POLICY, &policy_error_fields, &error);
}

static void answer_too_many(struct call *call, int64_t limit)
{
    const struct too_many_error error = {.limit = limit};

    call_error(call, ERROR_TOO_MANY, &too_many_error_fields, &error);
}

static void reply_issued(struct call *call)
{
    const struct token_issued *issued = call->stream;
    const struct token_out out = {
        .token = issued->access,
        .expires_usec = issued->expires_usec,
        .refresh_token = issued->refresh[0] != '\0' ? issued->refresh : NULL,
    };

    call_reply(call, &out);
}

static void on_issue_durable(struct call *call, int result)
{
    const struct token_issued *issued = call->stream;

    if (result >= 0) {
        reply_issued(call);
        return;
    }
    token_drop(call->manager, issued->access);
    token_drop(call->manager, issued->refresh);
    call_fail(call, result);
}

static void tell_issued(struct call *call, const struct token_order *order)
{
    int64_t now = call->manager->clock->boottime_usec(call->manager->clock);
    char text[TOKEN_TERMS_MAX_BYTES + 64];

    (void)snprintf(text, sizeof(text), "%s%s for %s", token_kind_names[order->kind],
                   order->refresh ? " with a refresh token" : "", order->terms); /* it fits */
    audit_write_limited(&call->manager->issues, now, AUDIT_TOKEN_ISSUED,
                        &(const struct audit_details){
                            .session = &call->session->record.info,
                            .actor_uid = call->peer->uid,
                            .actor_pid = call->peer->pid,
                            .text = text,
                        });
}

/* Makes what is ordered and hands it to the store. */
static int issue(struct call *call, const struct token_order *order, struct token_issued *issued)
{
    const struct token_source random = {.text = NULL};
    int r;

    r = token_issue(call->manager, call->session, order, &random, issued);
    if (r < 0)
        return r;
    if (issued->token_count > 0)
        r = token_submit(call->manager, STORE_ORDINARY, issued, NULL, NULL, NULL);
    if (r < 0) {
        token_issue_undo(call->manager, issued);
        return r;
    }
    call->manager->counters.tokens_issued++;
    tell_issued(call, order);
    return 0;
}

int method_issue_token(struct call *call)
{
    const struct issue_token_in *in = call->in;
    struct token_issued *issued;
    struct token_order order;
    const char *what = NULL;
    int64_t limit;
    int r;

    if (call->session->record.info.state != STATE_ACTIVE)
        return -ENOENT;
    r = token_order(call->manager, call->session, in, &order, &what);
    if (r == -EINVAL)
        call_invalid(call, what);
    else if (r < 0)
        answer_not_allowed(call, what);
    if (r < 0)
        return 0;
    limit = token_limit_met(call->manager, call->session,
                            (unsigned)(order.kind == TOKEN_OPAQUE) + (unsigned)order.refresh);
    if (limit > 0) {
        answer_too_many(call, limit);
        return 0;
    }
    issued = token_issued_new();
    if (issued == NULL)
        return -ENOMEM;
    call->stream = issued;
    call->stream_free = token_issued_free;
    r = issue(call, &order, issued);
    if (r < 0)
        return r;
    /* a JWT by itself changes nothing that the disk would have to take */
    if (issued->token_count == 0 && call->session->record.info.durable &&
        signing_keys_current(&call->manager->signing)->durable) {
        reply_issued(call);
        return 0;
    }
    memcpy(call->subject, call->session->record.info.session_id, sizeof(call->subject));
    r = call_wait_durable(call, STORE_ORDINARY, on_issue_durable);
    if (r < 0) {
        token_drop(call->manager, issued->access);
        token_drop(call->manager, issued->refresh);
    }
    return r;
}

static void on_refresh_durable(struct call *call, int result)
{
    if (result >= 0) {
        reply_issued(call);
        return;
    }
    token_refresh_undo(call->manager, call->stream);
    call_fail(call, result);
}

/* What a reuse has led to is durable, as far as it can be; the token is not good either way. */
static void on_reject_durable(struct call *call, int result)
{
    (void)result;
    call_fail(call, -EKEYREJECTED);
}

int method_refresh(struct call *call)
{
    const struct refresh_in *in = call->in;
    struct token_issued *issued = token_issued_new();
    struct session *session = NULL;
    const char *what = NULL;
    int r;

    if (issued == NULL)
        return -ENOMEM;
    call->stream = issued;
    call->stream_free = token_issued_free;
    r = token_refresh(call->manager, call->peer, in->refresh_token, in->request_id, issued,
                      &session, &what);
    if (session != NULL)
        memcpy(call->subject, session->record.info.session_id, sizeof(call->subject));
    if (r == -EPERM && what != NULL) {
        answer_not_allowed(call, what);
        return 0;
    }
    if (r == -ENOSPC) {
        answer_too_many(call, token_limit_met(call->manager, session, 1));
        return 0;
    }
    if (r == -EKEYREJECTED)
        return call_wait_durable(call, STORE_ESSENTIAL, on_reject_durable);
    if (r == -ENOENT) /* its session is over before an access token could be of use */
        return -EKEYREJECTED;
    if (r < 0)
        return r;
    r = call_wait_durable(call, STORE_ORDINARY, on_refresh_durable);
    if (r < 0)
        token_refresh_undo(call->manager, issued);
    return r;
}

static void on_revoke_durable(struct call *call, int result)
{
    if (result < 0)
        call_fail(call, result);
    else
        call_reply(call, NULL);
}

int method_revoke(struct call *call)
{
    const struct revoke_in *in = call->in;
    struct session *session = NULL;
    int r;

    r = token_revoke(call->manager, call->peer, in->token, &session);
    if (session != NULL)
        memcpy(call->subject, session->record.info.session_id, sizeof(call->subject));
    return r < 0 ? r : call_wait_durable(call, STORE_ESSENTIAL, on_revoke_durable);
}
