/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A key, a set that has it, and claims for tests of tokens to begin from. What is wrong with a
 * token is spoiled by the tests themselves.
 */
#ifndef SESSMGR_TESTS_JWT_SAMPLE_H
#define SESSMGR_TESTS_JWT_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jose/jose.h"
#include "jose/jwt.h"

#define SAMPLE_KID    "key-1"
#define SAMPLE_HEADER "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"key-1\"}"
#define SAMPLE_PAYLOAD                                                                             \
    "{\"iss\":\"sessmgr:host\",\"sub\":\"alice\",\"aud\":\"sessmgr:host\",\"client_id\":\"sshd\"," \
    "\"exp\":1300,\"iat\":1000,\"nbf\":1000,\"jti\":\"0123\",\"sid\":\"4567\",\"uid\":1000,"       \
    "\"scope\":\"read write\",\"fam\":7,\"bind\":\"uid\"}"

struct jwt_sample {
    struct jwk_set keys; /* some other key, and then the one that signs */
    unsigned char secret[JWK_SECRET_BYTES];
    char token[JWT_MAX_BYTES + 1];
    _Alignas(ARENA_ALIGNMENT) char memory[JWT_ARENA_BYTES];
};

static inline int jwt_sample_setup(void **state)
{
    unsigned char seed[JWK_SEED_BYTES] = {1}, other[JWK_SECRET_BYTES];
    struct jwt_sample *sample = calloc(1, sizeof(*sample));

    if (!sample || jose_init() < 0)
        return -1;
    sample->keys.count = 2;
    memcpy(sample->keys.keys[1].kid, SAMPLE_KID, sizeof(SAMPLE_KID));
    jwk_pair_from_seed(seed, sample->keys.keys[1].public_key, sample->secret);
    seed[0] = 2;
    memcpy(sample->keys.keys[0].kid, "key-0", sizeof("key-0"));
    jwk_pair_from_seed(seed, sample->keys.keys[0].public_key, other);
    *state = sample;
    return 0;
}

static inline int jwt_sample_teardown(void **state)
{
    free(*state);
    return 0;
}

/* Reads a token with an arena of the usual size. ret may be NULL. */
static inline int jwt_sample_read(struct jwt_sample *sample, const char *token, size_t length,
                                  struct jwt_claims *ret)
{
    struct arena arena = {.base = sample->memory, .size = sizeof(sample->memory)};
    struct jwt_claims claims;

    return jwt_decode(token, length, &sample->keys, &arena, ret ? ret : &claims);
}

/* Signs a header and a payload, whatever they are, with the sample's key into sample->token, and
 * reads that. Returns what jwt_decode() does. */
static inline int jwt_sample_try(struct jwt_sample *sample, const char *header, const char *payload,
                                 struct jwt_claims *ret)
{
    const int length = jws_sign(header, payload, strlen(payload), sample->secret, sample->token,
                                sizeof(sample->token));

    return length < 0 ? length : jwt_sample_read(sample, sample->token, (size_t)length, ret);
}

#endif
