/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One key: how it is written, what its thumbprint is, how a pair comes from a seed. Reading is a
 * matter of sets, in jwk-set.c.
 */
#include <config.h>

#include "jose/jwk.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/macro.h"
#include "jose/base64url.h"

static_assert(JWK_SEED_BYTES == crypto_sign_SEEDBYTES, "seed size");
static_assert(JWK_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key size");
static_assert(JWK_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "secret key size");
static_assert(JWK_THUMBPRINT_LENGTH == BASE64URL_LENGTH(crypto_hash_sha256_BYTES), "hash size");

enum { X_SIZE = BASE64URL_LENGTH(JWK_PUBLIC_BYTES) + 1 };

/* Encodes what is known to fit. */
static void encode(const unsigned char *bytes, size_t count, char *ret, size_t size)
{
    const int r = base64url_encode(bytes, count, ret, size);

    assert(r >= 0);
    (void)r; /* without assertions */
}

void jwk_encode(const struct jwk *jwk, struct json_writer *writer)
{
    char x[X_SIZE];
    const char *const members[][2] = {
        {"kty", "OKP"},    {"crv", "Ed25519"}, {"x", x},
        {"kid", jwk->kid}, {"alg", "EdDSA"},   {"use", "sig"},
    };

    encode(jwk->public_key, sizeof(jwk->public_key), x, sizeof(x));
    json_begin_object(writer);
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        json_key(writer, members[i][0]);
        json_string(writer, members[i][1]);
    }
    json_end_object(writer);
}

void jwk_thumbprint_of_text(const char *text, size_t length,
                            char ret[static JWK_THUMBPRINT_LENGTH + 1])
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256(hash, (const unsigned char *)text, length); /* always 0 */
    encode(hash, sizeof(hash), ret, JWK_THUMBPRINT_LENGTH + 1);
}

void jwk_thumbprint(const unsigned char public_key[static JWK_PUBLIC_BYTES],
                    char ret[static JWK_THUMBPRINT_LENGTH + 1])
{
    static const char before[] = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"", after[] = "\"}";
    char text[sizeof(before) + X_SIZE + sizeof(after)];
    char *end = text;

    memcpy(end, before, sizeof(before) - 1);
    end += sizeof(before) - 1;
    encode(public_key, JWK_PUBLIC_BYTES, end, X_SIZE);
    end += X_SIZE - 1;
    memcpy(end, after, sizeof(after) - 1);
    end += sizeof(after) - 1;
    jwk_thumbprint_of_text(text, (size_t)(end - text), ret);
}

void jwk_pair_from_seed(const unsigned char seed[static JWK_SEED_BYTES],
                        unsigned char ret_public[static JWK_PUBLIC_BYTES],
                        unsigned char ret_secret[static JWK_SECRET_BYTES])
{
    (void)crypto_sign_seed_keypair(ret_public, ret_secret, seed); /* always 0 */
}
