/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A JWT that is good, its key, and what to expect of it, for tests of the client.
 */
#ifndef SESSMGR_TEST_SIGNED_TOKEN_H
#define SESSMGR_TEST_SIGNED_TOKEN_H

#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "jose/jose.h"
#include "jose/jwt.h"
#include "libsessmgr/sessmgr.h"

#define SIGNED_ID     "0123456789abcdef0123456789abcdef"
#define SIGNED_ISSUER "sessmgr:host"

/* Claims that are good for the next five minutes. */
static inline struct jwt_claims signed_claims(void)
{
    static const char *const audiences[] = {"sessmgr:host", "backup"};
    struct jwt_claims claims = JWT_CLAIMS_NONE;
    int64_t now = time(NULL);

    claims.issuer = SIGNED_ISSUER;
    claims.subject = "alice";
    claims.audiences = (struct string_list){.count = ELEMENTS(audiences), .items = audiences};
    claims.client_id = "sshd";
    claims.expires_sec = now + 300;
    claims.issued_sec = now;
    claims.not_before_sec = now;
    claims.token_id = "0123";
    claims.session_id = SIGNED_ID;
    claims.uid = 1000;
    claims.scope = "read write";
    return claims;
}

/* Signs claims by the key that a number stands for; false where they cannot be. token: of
 * JWT_MAX_BYTES + 1. */
static inline bool signed_token(const struct jwt_claims *claims, unsigned char number,
                                const char *kid, char *token)
{
    const unsigned char seed[JWK_SEED_BYTES] = {number};
    unsigned char public_key[JWK_PUBLIC_BYTES];
    unsigned char secret[JWK_SECRET_BYTES];

    if (jose_init() < 0)
        return false;
    jwk_pair_from_seed(seed, public_key, secret);
    return jwt_encode(claims, kid, secret, token, JWT_MAX_BYTES + 1) > 0;
}

/* The set with that key alone, as text; false where there is no room. */
static inline bool signed_keys(unsigned char number, const char *kid, char *text, size_t size)
{
    const unsigned char seed[JWK_SEED_BYTES] = {number};
    unsigned char secret[JWK_SECRET_BYTES];
    static struct jwk_set set;
    struct json_writer writer;
    struct json json;

    if (jose_init() < 0)
        return false;
    set.count = 1;
    (void)snprintf(set.keys[0].kid, sizeof(set.keys[0].kid), "%s", kid);
    jwk_pair_from_seed(seed, set.keys[0].public_key, secret);
    json_writer_init(&writer, text, size);
    jwk_set_encode(&set, &writer);
    return json_writer_finish(&writer, &json) == 0;
}

#endif
