/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access tokens: JSON Web Tokens (RFC 7519) of the profile that RFC 9068 sets, signed by EdDSA,
 * read as strictly as RFC 8725 asks. Making one, reading one, and asking whether what it claims is
 * good for a purpose at a time. What a revocation list says about it is somebody else's question.
 */
#ifndef SESSMGR_JWT_H
#define SESSMGR_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fields.h"
#include "jose/jwk.h"
#include "jose/jws.h"

enum {
    JWT_MAX_BYTES = JWS_MAX_BYTES, /* of a token, without a NUL */
    JWT_CLAIM_MAX_BYTES = 1024,    /* of a claim that is a string, each audience included */
    JWT_SCOPE_MAX_BYTES = 2048,
    JWT_AUDIENCES_MAX = 32,
    /* what jwt_decode() takes of an arena at most */
    JWT_ARENA_BYTES = JWS_DECODED_MAX_BYTES + JWT_AUDIENCES_MAX * sizeof(char *) + 64,
};

/* The last second a date may name: integers up to here are exact for everybody (RFC 8259 section
 * 6). No enumerator, since it does not fit an int. */
#define JWT_SECONDS_MAX (INT64_C(1) << 53)

/* Claims; strings are UTF-8 without control characters. Begin from JWT_CLAIMS_NONE. */
struct jwt_claims {
    const char *issuer;           /* iss */
    const char *subject;          /* sub */
    struct string_list audiences; /* aud: one at least */
    const char *client_id;        /* client_id */
    int64_t expires_sec;          /* exp: seconds since 1970 */
    int64_t issued_sec;           /* iat */
    int64_t not_before_sec;       /* nbf; -1: absent */
    const char *token_id;         /* jti */
    const char *session_id;       /* sid; NULL: absent */
    int64_t uid;                  /* uid; -1: absent */
    const char *scope;            /* scope: words with spaces between; NULL: absent */
    int64_t family;               /* fam: generation of the session's refresh tokens; -1: absent */
    bool bind_uid;                /* bind: "uid"; false: absent */
};

/* Claims of which none is there. */
#define JWT_CLAIMS_NONE                                                                    \
    {                                                                                      \
        .expires_sec = -1, .issued_sec = -1, .not_before_sec = -1, .uid = -1, .family = -1 \
    }

/* Why a token is refused. Numbers are not kept anywhere; names are. */
enum jwt_fault {
    JWT_MALFORMED = 1, /* not three parts of strict base64url, or too long */
    JWT_HEADER,        /* not the header of a token of ours: no key was used */
    JWT_KEY,           /* nobody of the set has its kid */
    JWT_SIGNATURE,
    JWT_CLAIMS, /* well signed, but a required claim is missing or one has a wrong type or range */
    JWT_EXPIRED,
    JWT_NOT_YET, /* its nbf or iat is ahead */
    JWT_ISSUER,
    JWT_AUDIENCE,
    JWT_SCOPE,
    JWT_UID,
};

/* A fault's name: a constant in lower case, such as "not-yet". fault: one of the above. */
const char *jwt_fault_name(enum jwt_fault fault);

/*
 * Makes a token. claims: all that are not said above to be absent are required; kid: what the key
 * is called in the set; secret: as jwk_pair_from_seed() makes it. Writes it into buffer[0..size),
 * with a NUL, and returns the length without it. Errors: -EINVAL a claim is missing or is one that
 * jwt_decode() would not take; -ENOBUFS longer than size - 1 or JWT_MAX_BYTES. On errors the
 * buffer's contents are of no use. The token is a secret: the caller wipes the buffer after use.
 */
int jwt_encode(const struct jwt_claims *claims, const char *kid,
               const unsigned char secret[static JWK_SECRET_BYTES], char *buffer, size_t size);

/*
 * Reads token[0..length) and checks that a key of the set signed it; nothing about time or purpose,
 * which is jwt_check()'s. The header: a JSON object with alg "EdDSA", typ "at+jwt" or
 * "application/at+jwt" (in any case of letters), a kid, and no crit; others are passed over, jwk,
 * jku, x5u and x5c among them: no key is ever taken from a token. The signature is checked before
 * a claim is looked at. Then iss, sub, aud, client_id, exp, iat and jti must be there, and all that
 * are known must have their type; unknown ones are passed over. arena: holds the claims' strings;
 * JWT_ARENA_BYTES are always enough, and on failure it is as it was. Returns 0, or an enum
 * jwt_fault, or -ENOBUFS where the arena is full.
 */
int jwt_decode(const char *token, size_t length, const struct jwk_set *keys, struct arena *arena,
               struct jwt_claims *ret);

/* What a token is to be good for. Begin from JWT_EXPECTATION_ANY. */
struct jwt_expectation {
    int64_t now_sec;      /* seconds since 1970 */
    int64_t leeway_sec;   /* how far the clock of whoever made it may be off; 0 or more */
    const char *issuer;   /* NULL: any */
    const char *audience; /* must be among the token's; NULL: any */
    const char *scope;    /* words with spaces between, all of which must be there; NULL: none */
    int64_t uid;          /* who presented it; -1: not known */
};

/* An expectation of nothing but that it is in its time. */
#define JWT_EXPECTATION_ANY(now_sec_)     \
    {                                     \
        .now_sec = (now_sec_), .uid = -1, \
    }

/*
 * Whether claims are good for a purpose now: before exp; not before nbf and iat; from the issuer;
 * for the audience; with all of the scope; and for the uid, where one is expected, or where the
 * token is bound to its uid, when one has to be. Returns 0 or the first enum jwt_fault in that
 * order.
 */
int jwt_check(const struct jwt_claims *claims, const struct jwt_expectation *expectation);

#endif
