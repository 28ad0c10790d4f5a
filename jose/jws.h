/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signed texts: the compact serialisation of JSON Web Signatures (RFC 7515 section 7.1), signed by
 * Ed25519 (RFC 8037 section 3.1). What a header says, and what a payload is, is left to others.
 */
#ifndef SESSMGR_JWS_H
#define SESSMGR_JWS_H

#include <stddef.h>

#include "jose/base64url.h"
#include "jose/jwk.h"

enum {
    JWS_MAX_BYTES = 8192, /* longest token that is made or read, without a NUL */
    JWS_SIGNATURE_BYTES = 64,
    JWS_DECODED_MAX_BYTES = BASE64URL_BYTES(JWS_MAX_BYTES), /* of all three parts */
};

/* A token taken apart. Everything is borrowed: signing_input from the token, the decoded parts from
 * the buffer that jws_split() was given. None of it ends in a NUL. */
struct jws {
    const char *signing_input; /* header and payload as they were signed, encoded */
    size_t signing_input_length;
    const char *header;
    size_t header_length;
    const char *payload;
    size_t payload_length;
    const unsigned char *signature;
    size_t signature_length; /* any: other algorithms than ours have other sizes */
};

/*
 * Signs. header: a C string, the text of a JSON object whose alg is EdDSA (not looked at here);
 * payload: any bytes; secret: as jwk_pair_from_seed() makes it. Writes the token into
 * buffer[0..size), with a NUL, and returns its length without it. Error: -ENOBUFS longer than size
 * - 1 or JWS_MAX_BYTES. On errors the buffer's contents are of no use.
 */
int jws_sign(const char *header, const void *payload, size_t payload_bytes,
             const unsigned char secret[static JWK_SECRET_BYTES], char *buffer, size_t size);

/*
 * Takes token[0..length) apart, without believing any of it: exactly three parts, each strict
 * base64url; a payload or a signature may be empty. buffer[0..size): for the decoded parts;
 * JWS_DECODED_MAX_BYTES are enough. Errors: -EBADMSG not such a token, or longer than
 * JWS_MAX_BYTES; -ENOBUFS the buffer is too small.
 */
int jws_split(const char *token, size_t length, void *buffer, size_t size, struct jws *ret);

/*
 * Checks an Ed25519 signature (RFC 8032 section 5.1.7; S below the group's order; neither a public
 * key nor an R of small order; a public key in canonical form). Error: -EBADMSG it is not good.
 */
int jws_verify(const struct jws *jws, const unsigned char public_key[static JWK_PUBLIC_BYTES]);

#endif
