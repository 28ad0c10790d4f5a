/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the question whether a token is good; see token-validate.h.
 */
#include <config.h>

#include "daemon/token-validate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/enforcement.h"
#include "daemon/manager.h"
#include "daemon/token-issue.h"

/* Why a token is not good beside an enum jwt_fault: the whole list that the audit trail can have.
 */
#define WHY_MALFORMED "malformed"
#define WHY_KIND      "kind" /* a refresh token where an access token is asked for, or the other way */
#define WHY_UNKNOWN   "unknown" /* never issued, revoked, or over for long */
#define WHY_EXPIRED   "expired"
#define WHY_SESSION   "session" /* it has ended */
#define WHY_REVOKED   "revoked"

/* One that is not good; who presents such to guess, or by mistake, does so often. */
static int refuse(struct manager *manager, const struct peer *peer, const struct session *session,
                  const char *why)
{
    struct audit_details details = {.reason = why};
    struct session_info info;

    if (peer == NULL)
        return -ENOENT;
    if (session != NULL) {
        info = session->record.info;
        info.end_reason = END_NONE; /* it would stand in the place of why */
        details.session = &info;
    }
    details.actor_uid = peer->uid;
    details.actor_pid = peer->pid;
    audit_write_limited(&manager->refusals, manager->clock->boottime_usec(manager->clock),
                        AUDIT_TOKEN_REFUSED, &details);
    return -ENOENT;
}

/* On time, even before the loop gets to the end that is due. */
static bool session_is_good(const struct manager *manager, const struct session *session)
{
    return session->record.info.state == STATE_ACTIVE && !enforcement_is_over(manager, session);
}

int token_find_opaque(struct manager *manager, const struct peer *peer, const char *text,
                      enum token_form form, struct token **ret)
{
    const enum token_form found = token_text_form(text);
    unsigned char hash[SEAL_HASH_BYTES];
    struct token *token;

    if (found != form || form == TOKEN_FORM_NONE)
        return refuse(manager, peer, NULL, found == TOKEN_FORM_NONE ? WHY_MALFORMED : WHY_KIND);
    token_hash(&manager->tokens, text, hash);
    token = token_table_find(&manager->tokens, hash);
    if (token == NULL && manager->tokens.incomplete)
        return -EAGAIN;
    if (token == NULL || token->role == TOKEN_REVOKED)
        return refuse(manager, peer, NULL, WHY_UNKNOWN);
    if (!session_is_good(manager, token->session))
        return refuse(manager, peer, token->session, WHY_SESSION);
    if (token->expires_usec <= manager->clock->boottime_usec(manager->clock))
        return refuse(manager, peer, token->session, WHY_EXPIRED);
    *ret = token;
    return 0;
}

/* Whether a JWT was revoked: by itself, or with the refresh tokens of its session. */
static bool is_revoked(const struct manager *manager, const struct session *session,
                       const struct jwt_claims *claims)
{
    unsigned char hash[SEAL_HASH_BYTES];

    if (claims->issued_sec <= session->record.jwt_revoked_until_sec)
        return true;
    if (claims->family >= 0 && claims->family != session->record.token_family)
        return true;
    token_hash(&manager->tokens, claims->token_id, hash);
    return token_table_find(&manager->tokens, hash) != NULL;
}

/* Its signature, its claims by themselves, and what is asked of them. */
static int read_jwt(struct manager *manager, const struct peer *peer, const char *text,
                    const struct validate_in *in, struct arena *arena,
                    struct jwt_claims *ret_claims)
{
    struct jwt_expectation expectation =
        JWT_EXPECTATION_ANY(manager->clock->realtime_usec(manager->clock) / USEC_PER_SEC);
    char issuer[TOKEN_ISSUER_MAX_BYTES + 1];
    const struct session *session = NULL;
    int r;

    r = jwt_decode(text, strlen(text), &manager->signing.set, arena, ret_claims);
    if (r < 0 || (r == JWT_KEY && manager->signing.incomplete))
        return -EAGAIN;
    if (r > 0)
        return refuse(manager, peer, NULL, jwt_fault_name((enum jwt_fault)r));
    if (in == NULL)
        return 0;
    if (ret_claims->session_id != NULL)
        session = session_table_find(&manager->sessions, ret_claims->session_id);
    token_issuer(manager, token_settings_of(manager, session), issuer);
    expectation.issuer = issuer;
    expectation.audience = in->audience;
    expectation.scope = in->scope;
    expectation.uid = in->uid;
    r = jwt_check(ret_claims, &expectation);
    return r > 0 ? refuse(manager, peer, NULL, jwt_fault_name((enum jwt_fault)r)) : 0;
}

int token_find_jwt(struct manager *manager, const struct peer *peer, const char *text,
                   const struct validate_in *in, struct arena *arena, struct jwt_claims *ret_claims,
                   struct session **ret_session)
{
    struct session *session = NULL;
    int r;

    r = read_jwt(manager, peer, text, in, arena, ret_claims);
    if (r < 0)
        return r;
    if (ret_claims->session_id != NULL)
        session = session_table_find(&manager->sessions, ret_claims->session_id);
    if (session == NULL || !session_is_good(manager, session) ||
        session->record.info.uid != ret_claims->uid)
        return refuse(manager, peer, session, WHY_SESSION);
    if (is_revoked(manager, session, ret_claims))
        return refuse(manager, peer, session, WHY_REVOKED);
    *ret_session = session;
    return 0;
}

/* Takes terms apart: the audience, and behind it the scopes. */
static void split_terms(const char *terms, struct token_answer *ret)
{
    char *next = ret->terms;

    (void)snprintf(ret->terms, sizeof(ret->terms), "%s", terms); /* made to fit */
    ret->out.audience = strsep(&next, " ");
    while (next != NULL && ret->out.scopes.count < SCOPES_MAX)
        ret->scopes[ret->out.scopes.count++] = strsep(&next, " ");
    ret->out.scopes.items = ret->out.scopes.count > 0 ? ret->scopes : NULL;
}

static bool has_scope(const struct validate_out *out, const char *scope, size_t length)
{
    for (size_t i = 0; i < out->scopes.count; i++)
        if (strlen(out->scopes.items[i]) == length &&
            memcmp(out->scopes.items[i], scope, length) == 0)
            return true;
    return false;
}

/* What of an opaque token does not meet a resource's question, or NULL. */
static const char *unmet(const struct token *token, const struct validate_in *in,
                         const struct validate_out *out)
{
    if (in->audience != NULL && strcmp(in->audience, out->audience) != 0)
        return jwt_fault_name(JWT_AUDIENCE);
    for (const char *scope = in->scope; scope != NULL && *scope != '\0';
         scope += strspn(scope, " ")) {
        size_t length = strcspn(scope, " ");

        if (length > 0 && !has_scope(out, scope, length))
            return jwt_fault_name(JWT_SCOPE);
        scope += length;
    }
    if (in->uid < 0 ? token->bind_uid : in->uid != token->session->record.info.uid)
        return jwt_fault_name(JWT_UID);
    return NULL;
}

static int validate_opaque(struct manager *manager, const struct peer *peer,
                           const struct validate_in *in, struct token_answer *ret,
                           struct session **ret_session)
{
    struct token *token;
    const char *why;
    int r;

    r = token_find_opaque(manager, peer, in->token, TOKEN_FORM_ACCESS, &token);
    if (r < 0)
        return r;
    split_terms(token->terms, ret);
    why = unmet(token, in, &ret->out);
    if (why != NULL)
        return refuse(manager, peer, token->session, why);
    ret->out.expires_usec = token_expires_realtime(manager, token->session, token->expires_usec);
    *ret_session = token->session;
    return 0;
}

static int validate_jwt(struct manager *manager, const struct peer *peer,
                        const struct validate_in *in, struct token_answer *ret,
                        struct session **ret_session)
{
    _Alignas(max_align_t) char memory[JWT_ARENA_BYTES];
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    char terms[TOKEN_TERMS_MAX_BYTES];
    struct jwt_claims claims;
    int r;

    r = token_find_jwt(manager, peer, in->token, in, &arena, &claims, ret_session);
    if (r < 0)
        return r;
    (void)snprintf(terms, sizeof(terms), "%s%s%s", claims.audiences.items[0],
                   claims.scope != NULL ? " " : "",
                   claims.scope != NULL ? claims.scope : ""); /* our own: made to fit */
    split_terms(terms, ret);
    ret->out.expires_usec = claims.expires_sec * USEC_PER_SEC;
    return 0;
}

int token_validate(struct manager *manager, const struct peer *peer, const struct validate_in *in,
                   struct token_answer *ret, struct session **ret_session)
{
    struct session *session;
    int r;

    ret->out = (struct validate_out){.uid = -1, .expires_usec = -1};
    r = token_text_form(in->token) == TOKEN_FORM_JWT
            ? validate_jwt(manager, peer, in, ret, &session)
            : validate_opaque(manager, peer, in, ret, &session);
    if (r < 0) {
        ret->out = (struct validate_out){.uid = -1, .expires_usec = -1};
        return r == -ENOENT ? 0 : r;
    }
    ret->out.active = true;
    ret->out.session_id = session->record.info.session_id;
    ret->out.user = session->record.info.user;
    ret->out.uid = session->record.info.uid;
    *ret_session = session;
    return 1;
}
