/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the rotation of refresh tokens, and revocation; see token-refresh.h.
 */
#include <config.h>

#include "daemon/token-refresh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/identity.h"
#include "daemon/lifecycle.h"
#include "daemon/manager.h"
#include "daemon/publish.h"
#include "daemon/token-validate.h"

/* All refresh tokens of a session, and what came by them, are good no more: one change of the
 * session's record, which they have to agree with. */
static void revoke_family(struct manager *manager, struct session *session)
{
    session->record.token_family++;
    token_remove_family(manager, session);
    publish_revocation(manager, session);
}

/* Whoever is in a session can cause both without end; each has its own bound, lest one hides the
 * other. */
static void tell(struct manager *manager, enum audit_event event, const struct session *session,
                 const struct peer *peer, const char *text)
{
    struct rate_limit *limit =
        event == AUDIT_TOKEN_REUSED ? &manager->reuses : &manager->revocations;

    audit_write_limited(limit, manager->clock->boottime_usec(manager->clock), event,
                        &(const struct audit_details){
                            .session = &session->record.info,
                            .actor_uid = peer->uid,
                            .actor_pid = peer->pid,
                            .text = text,
                        });
}

static void punish_reuse(struct manager *manager, const struct peer *peer, struct session *session)
{
    bool ends = token_settings_of(manager, session)->reuse_action == REUSE_END_SESSION;

    manager->counters.tokens_reused++;
    tell(manager, AUDIT_TOKEN_REUSED, session, peer,
         ends ? "the session is ended" : "its refresh tokens and what came by them are revoked");
    revoke_family(manager, session);
    if (ends)
        lifecycle_end(manager, session, END_TOKEN_REUSE, NULL, NULL);
}

/* The token that is derived from another one under a request ID, if there is one, and its text. */
static struct token *find_derived(struct manager *manager, const struct token_source *source,
                                  enum token_form form, char text[static TOKEN_TEXT_BYTES + 1])
{
    unsigned char secret[TOKEN_SECRET_BYTES], hash[SEAL_HASH_BYTES];

    token_derive(&manager->tokens, source, form, secret);
    token_text_make(form, secret, text);
    seal_wipe(secret, sizeof(secret));
    token_hash(&manager->tokens, text, hash);
    return token_table_find(&manager->tokens, hash);
}

static bool within_grace(const struct manager *manager, const struct token *token)
{
    int64_t now = manager->clock->boottime_usec(manager->clock);

    return now - token->refreshing->rotated_usec <=
           token_settings_of(manager, token->session)->rotation_grace_usec;
}

/* The access token that was handed out with a successor; it may be over by now. */
static int repeat_access(struct manager *manager, const struct token *token,
                         const struct token_order *order, const struct token_source *source,
                         struct token_issued *issued)
{
    const struct token *access;

    if (order->kind == TOKEN_JWT)
        return token_issue_jwt_again(manager, token->session, order, source, issued);
    access = find_derived(manager, source, TOKEN_FORM_ACCESS, issued->access);
    issued->expires_usec =
        access == NULL ? manager->clock->realtime_usec(manager->clock)
                       : token_expires_realtime(manager, token->session, access->expires_usec);
    return 0;
}

/* A used token: the same answer once more, or a reuse. */
static int repeat(struct manager *manager, const struct peer *peer, const struct token *token,
                  const struct token_source *source, struct token_issued *issued,
                  const char **ret_what)
{
    struct token_order order;
    int r;

    if (source->request_id == NULL || !within_grace(manager, token) ||
        find_derived(manager, source, TOKEN_FORM_REFRESH, issued->refresh) == NULL) {
        punish_reuse(manager, peer, token->session);
        return -EKEYREJECTED;
    }
    issued->is_repeat = true;
    r = token_order_again(manager, token, &order, ret_what);
    return r < 0 ? r : repeat_access(manager, token, &order, source, issued);
}

/* Sets a successor in the place of a token, in one step. */
static int rotate(struct manager *manager, struct token *token, const struct token_source *source,
                  struct token_issued *issued, const char **ret_what)
{
    /* A token that stays leads to many: each is a new one, whatever its request was called. */
    const struct token_source random = {.text = NULL};
    struct token_order order;
    int r;

    r = token_order_again(manager, token, &order, ret_what);
    if (r >= 0 && token_limit_met(manager, token->session, order.kind == TOKEN_OPAQUE) > 0)
        r = -ENOSPC;
    if (r >= 0)
        r = token_issue(manager, token->session, &order, order.keeps ? &random : source, issued);
    if (r < 0)
        return r;
    if (order.keeps) /* an access token is all that is new */
        (void)snprintf(issued->refresh, sizeof(issued->refresh), "%s", source->text);
    else
        token_set_rotated(manager, token, true);
    issued->uses = !order.keeps;
    memcpy(issued->used, token->hash, sizeof(issued->used));
    r = token_submit(manager, STORE_ORDINARY, issued, order.keeps ? NULL : token, NULL, NULL);
    if (r < 0) {
        if (!order.keeps)
            token_set_rotated(manager, token, false);
        token_issue_undo(manager, issued);
    }
    return r;
}

void token_refresh_undo(struct manager *manager, const struct token_issued *issued)
{
    const struct token_issued nothing = {.token_count = 0};
    struct token *used;

    if (issued->is_repeat)
        return;
    token_drop(manager, issued->access);
    if (!issued->uses) /* the refresh token is the one that it was */
        return;
    token_drop(manager, issued->refresh);
    used = token_table_find(&manager->tokens, issued->used);
    if (used == NULL || used->role != TOKEN_ROTATED)
        return;
    token_set_rotated(manager, used, false);
    /* the disk may have taken it after all */
    (void)token_submit(manager, STORE_ORDINARY, &nothing, used, NULL,
                       NULL); /* it is what memory has, else */
}

int token_refresh(struct manager *manager, const struct peer *peer, const char *text,
                  const char *request_id, struct token_issued *issued, struct session **ret_session,
                  const char **ret_what)
{
    char once[SD_ID128_STRING_MAX];
    struct token_source source = {.text = text, .request_id = request_id};
    struct token *token;
    int r;

    r = token_find_opaque(manager, peer, text, TOKEN_FORM_REFRESH, &token);
    if (r < 0)
        return r == -ENOENT ? -EKEYREJECTED : r;
    *ret_session = token->session;
    if (token->role == TOKEN_ROTATED)
        return repeat(manager, peer, token, &source, issued, ret_what);
    if (request_id == NULL) { /* nobody can ask for this one again */
        r = identity_new_id(once);
        if (r < 0)
            return r;
        source.request_id = once;
    }
    r = rotate(manager, token, &source, issued, ret_what);
    if (r >= 0)
        manager->counters.tokens_refreshed++;
    return r;
}

/* There is no room for one more: all JWTs of the session that were issued up to now are revoked, so
 * that nobody can keep one alive by revoking others. */
static void revoke_all_jwts(struct manager *manager, struct session *session,
                            const struct jwt_claims *claims)
{
    int64_t now_sec = manager->clock->realtime_usec(manager->clock) / USEC_PER_SEC;

    session->record.jwt_revoked_until_sec =
        now_sec > claims->issued_sec ? now_sec : claims->issued_sec;
    token_remove_revoked(manager, session);
    publish_revocation(manager, session);
}

/* Remembers a JWT until nobody can take it for good any more: a day beyond its time, lest the clock
 * is set back. */
static int revoke_jwt(struct manager *manager, struct session *session,
                      const struct jwt_claims *claims)
{
    const struct clock *clock = manager->clock;
    int64_t left = claims->expires_sec * USEC_PER_SEC - clock->realtime_usec(clock);
    const struct token_record record = {
        .role = TOKEN_REVOKED,
        .expires_usec =
            clock->boottime_usec(clock) + (left > 0 ? left : 0) + SIGNING_JWT_LIFETIME_MAX_USEC,
        .terms = "",
    };
    struct token_issued added = {.token_count = 0};
    unsigned char hash[SEAL_HASH_BYTES];
    int r;

    if (token_count(session, TOKEN_REVOKED) >= TOKEN_REVOKED_MAX) {
        revoke_all_jwts(manager, session, claims);
        return 0;
    }
    token_hash(&manager->tokens, claims->token_id, hash);
    r = token_add(manager, session, &record, hash, &added.tokens[0]);
    if (r < 0)
        return r;
    added.token_count = 1;
    r = token_submit(manager, STORE_ESSENTIAL, &added, NULL, NULL, NULL);
    if (r < 0)
        token_issue_undo(manager, &added);
    return r;
}

/* Takes an access token out, here and in the store. */
static int revoke_access(struct manager *manager, struct token *token)
{
    int r = token_record_remove(manager, token->hash);

    if (r >= 0)
        token_remove(manager, token);
    return r;
}

int token_revoke(struct manager *manager, const struct peer *peer, const char *text,
                 struct session **ret_session)
{
    _Alignas(max_align_t) char memory[JWT_ARENA_BYTES];
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    const enum token_form form = token_text_form(text);
    struct jwt_claims claims;
    struct token *token;
    int r;

    if (form == TOKEN_FORM_JWT)
        r = token_find_jwt(manager, NULL, text, NULL, &arena, &claims, ret_session);
    else
        r = token_find_opaque(manager, NULL, text, form, &token);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (form == TOKEN_FORM_JWT) {
        r = revoke_jwt(manager, *ret_session, &claims);
    } else {
        *ret_session = token->session;
        if (form == TOKEN_FORM_ACCESS)
            r = revoke_access(manager, token);
        else
            revoke_family(manager, token->session);
    }
    if (r < 0)
        return r; /* for want of memory: nothing has changed, and a repeat may do it */
    manager->counters.tokens_revoked++;
    tell(manager, AUDIT_TOKEN_REVOKED, *ret_session, peer,
         form == TOKEN_FORM_REFRESH ? "all refresh tokens and what came by them"
                                    : "one access token");
    return r;
}
