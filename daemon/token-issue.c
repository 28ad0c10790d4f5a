/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the making of tokens and of their records; see token-issue.h. What may be ordered is
 * token-order.c's.
 */
#include <config.h>

#include "daemon/token-issue.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/manager.h"
#include "jose/jwt.h"

enum { JTI_BYTES = 16 };

struct token_issued *token_issued_new(void)
{
    struct token_issued *issued = calloc(1, sizeof(*issued));

    if (issued != NULL)
        issued->expires_usec = -1;
    return issued;
}

void token_issued_free(void *issued)
{
    if (issued == NULL)
        return;
    seal_wipe(issued, sizeof(struct token_issued));
    free(issued);
}

void token_derive(const struct token_table *table, const struct token_source *source,
                  enum token_form form, unsigned char ret[static TOKEN_SECRET_BYTES])
{
    const unsigned char label = (unsigned char)form;
    struct seal_hash hash;

    if (source->text == NULL) {
        seal_random(ret, TOKEN_SECRET_BYTES);
        return;
    }
    seal_hash_start(&hash, table->derive_key, SEAL_HASH_BYTES);
    seal_hash_add(&hash, &label, sizeof(label));
    seal_hash_add(&hash, source->text, strlen(source->text) + 1);
    seal_hash_add(&hash, source->request_id, strlen(source->request_id));
    seal_hash_end(&hash, ret, SEAL_HASH_BYTES);
}

/* Makes an opaque token, puts it into the table, and writes its text. */
static int add_opaque(struct manager *manager, struct session *session,
                      const struct token_record *record, enum token_form form,
                      const struct token_source *source, struct token_issued *issued, char *text)
{
    unsigned char secret[TOKEN_SECRET_BYTES], hash[SEAL_HASH_BYTES];
    int r;

    token_derive(&manager->tokens, source, form, secret);
    token_text_make(form, secret, text);
    seal_wipe(secret, sizeof(secret));
    token_hash(&manager->tokens, text, hash);
    r = token_add(manager, session, record, hash, &issued->tokens[issued->token_count]);
    if (r >= 0)
        issued->token_count++;
    return r;
}

/* When something that is made now and lives so long is over, boottime; -1: with its session. */
static int64_t expiry(const struct manager *manager, int64_t lifetime_usec)
{
    int64_t now = manager->clock->boottime_usec(manager->clock);

    return lifetime_usec < USEC_INFINITY - now ? now + lifetime_usec : -1;
}

/* The last second before which a JWT of the order is good. Error: -ENOENT it would never be. */
static int jwt_expiry(const struct manager *manager, const struct session *session,
                      const struct token_order *order, int64_t now_sec, int64_t *ret_sec)
{
    int64_t lifetime = order->lifetime_usec < SIGNING_JWT_LIFETIME_MAX_USEC
                           ? order->lifetime_usec
                           : SIGNING_JWT_LIFETIME_MAX_USEC;
    int64_t expires = expiry(manager, lifetime);
    int64_t sec = token_expires_realtime(manager, session, expires) / USEC_PER_SEC;

    if (sec <= now_sec)
        return -ENOENT;
    *ret_sec = sec;
    return 0;
}

static void hexadecimal(const unsigned char *bytes, size_t count, char *ret)
{
    for (size_t i = 0; i < count; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]); /* two digits always fit */
}

static int make_jwt(struct manager *manager, const struct session *session,
                    const struct token_order *order, const struct token_source *source,
                    struct token_issued *issued)
{
    const struct session_info *info = &session->record.info;
    const int64_t now_sec = manager->clock->realtime_usec(manager->clock) / USEC_PER_SEC;
    struct jwt_claims claims = JWT_CLAIMS_NONE;
    char issuer[TOKEN_ISSUER_MAX_BYTES + 1], audience[AUDIENCE_MAX_BYTES + 1];
    char jti[2 * JTI_BYTES + 1];
    unsigned char secret[TOKEN_SECRET_BYTES];
    const char *scopes = strchr(order->terms, ' ');
    const char *audiences[] = {audience};
    int r;

    r = jwt_expiry(manager, session, order, now_sec, &claims.expires_sec);
    if (r < 0)
        return r;
    token_issuer(manager, token_settings_of(manager, session), issuer);
    (void)snprintf(audience, sizeof(audience), "%.*s", (int)strcspn(order->terms, " "),
                   order->terms); /* it fits: that is how they were made */
    token_derive(&manager->tokens, source, TOKEN_FORM_JWT, secret);
    hexadecimal(secret, JTI_BYTES, jti);
    claims.issuer = issuer;
    claims.subject = info->user;
    claims.audiences = (struct string_list){.count = 1, .items = audiences};
    claims.client_id = info->service;
    claims.issued_sec = now_sec;
    claims.not_before_sec = now_sec;
    claims.token_id = jti;
    claims.session_id = info->session_id;
    claims.uid = info->uid;
    claims.scope = scopes != NULL ? scopes + 1 : NULL;
    claims.family = order->refresh ? session->record.token_family : -1;
    claims.bind_uid = order->bind_uid;
    r = jwt_encode(&claims, signing_keys_current_id(&manager->signing),
                   signing_keys_current(&manager->signing)->secret, issued->access,
                   sizeof(issued->access));
    if (r < 0)
        return r;
    issued->expires_usec = claims.expires_sec * USEC_PER_SEC;
    return 0;
}

int token_issue_jwt_again(struct manager *manager, const struct session *session,
                          const struct token_order *order, const struct token_source *source,
                          struct token_issued *issued)
{
    return make_jwt(manager, session, order, source, issued);
}

static int make_access(struct manager *manager, struct session *session,
                       const struct token_order *order, const struct token_source *source,
                       struct token_issued *issued)
{
    const struct token_record record = {
        .role = TOKEN_ACCESS,
        .expires_usec = expiry(manager, order->lifetime_usec),
        .terms = order->terms,
        .bind_uid = order->bind_uid,
        .family = order->refresh ? session->record.token_family : 0,
    };
    int r;

    if (order->kind == TOKEN_JWT)
        return make_jwt(manager, session, order, source, issued);
    r = add_opaque(manager, session, &record, TOKEN_FORM_ACCESS, source, issued, issued->access);
    if (r < 0)
        return r;
    issued->expires_usec = token_expires_realtime(
        manager, session, record.expires_usec < 0 ? USEC_INFINITY : record.expires_usec);
    return 0;
}

static int make_refresh(struct manager *manager, struct session *session,
                        const struct token_order *order, const struct token_source *source,
                        struct token_issued *issued)
{
    const struct token_settings *settings = token_settings_of(manager, session);
    const struct token_record record = {
        .role = TOKEN_REFRESH,
        .expires_usec = expiry(manager, settings->refresh_lifetime_usec),
        .terms = order->terms,
        .bind_uid = order->bind_uid,
        .family = session->record.token_family,
        .kind = order->kind,
        .lifetime_usec = order->asked_usec,
        .rotated_usec = -1,
    };

    return add_opaque(manager, session, &record, TOKEN_FORM_REFRESH, source, issued,
                      issued->refresh);
}

void token_issue_undo(struct manager *manager, struct token_issued *issued)
{
    while (issued->token_count > 0)
        token_remove(manager, issued->tokens[--issued->token_count]);
}

int token_issue(struct manager *manager, struct session *session, const struct token_order *order,
                const struct token_source *source, struct token_issued *issued)
{
    int r;

    r = make_access(manager, session, order, source, issued);
    if (r >= 0 && order->refresh && !order->keeps)
        r = make_refresh(manager, session, order, source, issued);
    if (r < 0)
        token_issue_undo(manager, issued);
    return r;
}

void token_drop(struct manager *manager, const char *text)
{
    unsigned char hash[SEAL_HASH_BYTES];
    struct token *token;

    token_hash(&manager->tokens, text, hash);
    token = token_table_find(&manager->tokens, hash);
    if (token == NULL)
        return;
    token_remove(manager, token);
    (void)token_record_remove(manager, hash); /* nobody has it: it harms nobody */
}

int token_submit(struct manager *manager, enum store_urgency urgency,
                 const struct token_issued *issued, const struct token *changed, store_done_t done,
                 void *userdata)
{
    enum { MOST = ELEMENTS(issued->tokens) + 1 };
    char keys[MOST][TOKEN_KEY_MAX_BYTES], values[MOST][TOKEN_VALUE_MAX_BYTES];
    struct store_change changes[MOST];
    size_t count = 0;

    for (size_t i = 0; i <= issued->token_count; i++) {
        const struct token *token = i < issued->token_count ? issued->tokens[i] : changed;
        struct token_record record;
        int r;

        if (token == NULL)
            continue;
        token_record_key(token->hash, keys[count]);
        token_get_record(token, &record);
        r = token_record_encode(&record, values[count], sizeof(values[count]));
        if (r < 0)
            return r;
        changes[count] = (struct store_change){
            .key = keys[count], .value = values[count], .value_bytes = (size_t)r};
        count++;
    }
    return store_submit(manager->store, urgency, changes, count, done, userdata);
}
