/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Public keys that check signatures, and sets of them: JSON Web Keys (RFC 7517) of the kind that
 * RFC 8037 adds, with the curve Ed25519 and no other. Secret keys are never read from nor written
 * to JSON; where they are kept is the daemon's business.
 */
#ifndef SESSMGR_JWK_H
#define SESSMGR_JWK_H

#include <stddef.h>

#include "common/json.h"

enum {
    JWK_SEED_BYTES = 32,
    JWK_PUBLIC_BYTES = 32,
    JWK_SECRET_BYTES = 64,      /* as libsodium has it: the seed, and the public key behind it */
    JWK_KID_MAX_BYTES = 127,    /* without the NUL */
    JWK_SET_MAX = 64,           /* keys of one set */
    JWK_THUMBPRINT_LENGTH = 43, /* characters, without the NUL */
};

struct jwk {
    char kid[JWK_KID_MAX_BYTES + 1]; /* never empty, printable UTF-8 */
    unsigned char public_key[JWK_PUBLIC_BYTES];
};

/* No kid is in it twice. */
struct jwk_set {
    size_t count;
    struct jwk keys[JWK_SET_MAX];
};

/*
 * Reads a key set (RFC 7517 section 5) of text[0..length). Taken are keys with kty "OKP", crv
 * "Ed25519", an x of 32 bytes, a kid that is not empty, has no control characters and is no longer
 * than JWK_KID_MAX_BYTES, no use but "sig", no alg but "EdDSA", and no key_ops that lack "verify".
 * All others are passed over, as are members that are not known, d among them. Errors: -EBADMSG not
 * a key set at all, or two of the taken keys have the same kid; -E2BIG more than JWK_SET_MAX keys
 * to take, or more than json_parse() reads. *ret_set owns nothing.
 */
int jwk_set_decode(const char *text, size_t length, struct jwk_set *ret_set);

/* The key of a set that has this kid (a C string), or NULL. Borrowed from the set. */
const struct jwk *jwk_set_find(const struct jwk_set *set, const char *kid);

/* Writes a key as an object of kty, crv, x, kid, alg and use. */
void jwk_encode(const struct jwk *jwk, struct json_writer *writer);

/* Writes a set as an object with the one member "keys". */
void jwk_set_encode(const struct jwk_set *set, struct json_writer *writer);

/*
 * The thumbprint of a public key (RFC 7638, RFC 8037 section 2): SHA-256 of its canonical text, in
 * base64url with a NUL.
 */
void jwk_thumbprint(const unsigned char public_key[static JWK_PUBLIC_BYTES],
                    char ret[static JWK_THUMBPRINT_LENGTH + 1]);

/* The same of a canonical text of length bytes, whatever kind of key it is of: the members that
 * RFC 7638 section 3.2 asks for, in order of their names and without white space. */
void jwk_thumbprint_of_text(const char *text, size_t length,
                            char ret[static JWK_THUMBPRINT_LENGTH + 1]);

/*
 * The key pair of a seed (RFC 8032 section 5.1.5): always the same of the same seed. The caller
 * keeps seed and secret in memory of its choice and wipes them.
 */
void jwk_pair_from_seed(const unsigned char seed[static JWK_SEED_BYTES],
                        unsigned char ret_public[static JWK_PUBLIC_BYTES],
                        unsigned char ret_secret[static JWK_SECRET_BYTES]);

#endif
