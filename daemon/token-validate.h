/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a token is good: looking one up, and what a resource may ask of it. Why one is not good
 * is for the audit trail alone.
 */
#ifndef SESSMGR_TOKEN_VALIDATE_H
#define SESSMGR_TOKEN_VALIDATE_H

#include "daemon/peer.h"
#include "daemon/token-text.h"
#include "daemon/token.h"
#include "jose/jwt.h"

struct manager;

/*
 * Finds the access or refresh token (form) that a text is, used refresh tokens among them; its
 * session is active, and its time is not over. peer: who presents it, for the audit trail; NULL:
 * nothing is written there. *ret is borrowed. Errors: -ENOENT it is not good; -EAGAIN nobody can
 * know.
 */
int token_find_opaque(struct manager *manager, const struct peer *peer, const char *text,
                      enum token_form form, struct token **ret);

/*
 * The same of a JWT: by its signature, its claims, and its session. in: what is asked of it; NULL:
 * that it is one of ours, whatever time it is and whoever issues now. Claims live in the arena,
 * JWT_ARENA_BYTES. *ret_session is borrowed. Errors: as above.
 */
int token_find_jwt(struct manager *manager, const struct peer *peer, const char *text,
                   const struct validate_in *in, struct arena *arena, struct jwt_claims *ret_claims,
                   struct session **ret_session);

/* What a resource is told; strings are borrowed from it and from the session. */
struct token_answer {
    struct validate_out out;
    char terms[TOKEN_TERMS_MAX_BYTES];
    const char *scopes[SCOPES_MAX];
};

/*
 * Validates a token. Returns 1 active (ret->out says the rest, *ret_session is borrowed), 0
 * inactive, -EAGAIN nobody can know.
 */
int token_validate(struct manager *manager, const struct peer *peer, const struct validate_in *in,
                   struct token_answer *ret, struct session **ret_session);

#endif
