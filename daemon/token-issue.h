/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Issuing: what the policy lets a session have, and the making of access tokens of both kinds and
 * of refresh tokens. Whoever calls decides who may ask, and hands a token out when it is durable.
 */
#ifndef SESSMGR_TOKEN_ISSUE_H
#define SESSMGR_TOKEN_ISSUE_H

#include "common/protocol.h"
#include "daemon/token-text.h"
#include "daemon/token.h"

struct manager;

enum { TOKEN_ISSUER_MAX_BYTES = AUDIENCE_MAX_BYTES };

/* What is to be issued: asked for and allowed. */
struct token_order {
    int kind; /* enum token_kind */
    bool bind_uid;
    bool refresh; /* a refresh token too */
    bool keeps; /* of a refresh: the refresh token that it came by stays, and no new one is made */
    int64_t lifetime_usec;             /* of the access token; USEC_INFINITY: with the session */
    int64_t asked_usec;                /* what was asked for; -1: nothing */
    char terms[TOKEN_TERMS_MAX_BYTES]; /* as struct token has them */
};

/* What was issued: secrets, to be wiped with token_issued_free(). */
struct token_issued {
    char access[TOKEN_MAX_BYTES + 1];
    char refresh[TOKEN_TEXT_BYTES + 1]; /* "" for none */
    int64_t expires_usec;    /* of the access token, CLOCK_REALTIME; -1: with the session */
    struct token *tokens[2]; /* what was put into the table; borrowed, until the loop goes on */
    size_t token_count;
    unsigned char used[SEAL_HASH_BYTES]; /* the refresh token that it takes the place of, */
    bool uses;                           /* where there is one */
    bool is_repeat;                      /* of an answer that was given before */
};

/* Where the secrets of tokens come from. */
struct token_source {
    const char *text;       /* NULL: random; else derived from a refresh token */
    const char *request_id; /* and what its holder calls the request */
};

/* The settings that a session's tokens are issued under, now: those of the rule of its policy's
 * name, else sessmgrd.conf's. session: NULL for those. Borrowed until the next reload. */
const struct token_settings *token_settings_of(const struct manager *manager,
                                               const struct session *session);

/* Who issues: Issuer=, or "sessmgr:" and the host's ID. */
void token_issuer(const struct manager *manager, const struct token_settings *settings,
                  char ret[static TOKEN_ISSUER_MAX_BYTES + 1]);

/*
 * Decides what a request gives; NULL: what the policy gives by itself. Errors: -EPERM the policy
 * does not allow it, *ret_what is the setting; -EINVAL a parameter makes no sense, *ret_what is its
 * name.
 */
int token_order(const struct manager *manager, const struct session *session,
                const struct issue_token_in *in, struct token_order *ret, const char **ret_what);

/*
 * The order that a refresh token stands for, by the settings as they are now. Errors: -EPERM as
 * token_order().
 */
int token_order_again(const struct manager *manager, const struct token *token,
                      struct token_order *ret, const char **ret_what);

/* New memory for what is issued; NULL when there is none. */
struct token_issued *token_issued_new(void);
void token_issued_free(void *issued); /* wipes; accepts NULL */

/*
 * Makes what is ordered for an active session and puts it into the table; the store is not told
 * yet. Errors: -ENOMEM; -ENOBUFS a JWT would be too long; -ENOENT the session is over before the
 * token could be of use. Then nothing has changed.
 */
int token_issue(struct manager *manager, struct session *session, const struct token_order *order,
                const struct token_source *source, struct token_issued *issued);

/* Makes a JWT anew: for a repeat, whose first answer may have been lost. Errors as token_issue()'s.
 */
int token_issue_jwt_again(struct manager *manager, const struct session *session,
                          const struct token_order *order, const struct token_source *source,
                          struct token_issued *issued);

/* The secret of an access token that comes with a successor, which is the refresh token's to make.
 */
void token_derive(const struct token_table *table, const struct token_source *source,
                  enum token_form form, unsigned char ret[static TOKEN_SECRET_BYTES]);

/*
 * Hands the records of tokens to the store, all in one step, with *changed (a token that was in the
 * store already and is another now) or NULL. Errors: store_submit()'s.
 */
int token_submit(struct manager *manager, enum store_urgency urgency,
                 const struct token_issued *issued, const struct token *changed, store_done_t done,
                 void *userdata);

/* Takes back what token_issue() has put into the table, before anything else happens. */
void token_issue_undo(struct manager *manager, struct token_issued *issued);

/* Revokes a token that was issued and submitted and will reach nobody; later, when it may have gone
 * already. text: "" for none. */
void token_drop(struct manager *manager, const char *text);

#endif
