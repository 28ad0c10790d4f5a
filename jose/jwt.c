/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making and reading tokens: see jwt.h. The order of reading is the point of this file: nothing of
 * the header but its own rules decides anything before a key of the caller's set has checked the
 * signature, and nothing of the payload is looked at before that.
 */
#include <config.h>

#include "jose/jwt.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "jose/jwt-claims.h"

enum {
    /* everything of the header but the kid, each byte of which may be escaped in six */
    HEADER_SIZE = 64 + 6 * JWK_KID_MAX_BYTES,
    TYPE_SIZE = sizeof("application/at+jwt"),
};

int jwt_encode(const struct jwt_claims *claims, const char *kid,
               const unsigned char secret[static JWK_SECRET_BYTES], char *buffer, size_t size)
{
    char header_text[HEADER_SIZE], payload_text[JWS_DECODED_MAX_BYTES];
    struct json_writer writer;
    struct json header, payload;
    int r;

    if (kid[0] == '\0' || strnlen(kid, JWK_KID_MAX_BYTES + 1) > JWK_KID_MAX_BYTES)
        return -EINVAL;
    json_writer_init(&writer, header_text, sizeof(header_text));
    json_begin_object(&writer);
    json_key(&writer, "typ");
    json_string(&writer, "at+jwt");
    json_key(&writer, "alg");
    json_string(&writer, "EdDSA");
    json_key(&writer, "kid");
    json_string(&writer, kid);
    json_end_object(&writer);
    if (json_writer_finish(&writer, &header) < 0)
        return -EINVAL; /* it fits, so the kid is no UTF-8 */
    r = jwt_claims_encode(claims, payload_text, sizeof(payload_text), &payload);
    if (r < 0)
        return r;
    return jws_sign(header.text, payload.text, payload.length, secret, buffer, size);
}

/* Whether a media type is that of an access token (RFC 9068 section 4). Letters are compared as
 * ASCII, whatever the locale of the process makes of them. */
static bool is_access_token_type(struct json value)
{
    static const char prefix[] = "application/";
    char type[TYPE_SIZE];
    const char *name = type;

    if (json_get_string(value, type, sizeof(type)) < 0)
        return false;
    for (char *c = type; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (strncmp(type, prefix, sizeof(prefix) - 1) == 0)
        name += sizeof(prefix) - 1;
    return strcmp(name, "at+jwt") == 0;
}

/* Reads a header. kid[0..JWK_KID_MAX_BYTES]: empty for one that is longer, which nobody has. */
static bool read_header(const struct jws *jws, char *kid)
{
    bool alg = false, typ = false, named = false;
    struct json object, key, value;
    struct json_cursor cursor;
    int r;

    if (json_parse(jws->header, jws->header_length, &object) < 0 ||
        json_type(object) != JSON_OBJECT || json_open(object, &cursor) < 0)
        return false;
    while (json_next_member(&cursor, &key, &value) > 0) {
        if (json_string_equals(key, "alg")) {
            alg = json_string_equals(value, "EdDSA");
        } else if (json_string_equals(key, "typ")) {
            typ = is_access_token_type(value);
        } else if (json_string_equals(key, "kid")) {
            r = json_get_string(value, kid, JWK_KID_MAX_BYTES + 1);
            if (r == -ENOBUFS)
                kid[0] = '\0';
            else if (r <= 0)
                return false;
            named = true;
        } else if (json_string_equals(key, "crit")) {
            return false; /* no extension is understood here (RFC 7515 section 4.1.11) */
        }
    }
    return alg && typ && named;
}

/* Everything up to the claims. */
static int check_signature(const struct jws *jws, const struct jwk_set *keys)
{
    char kid[JWK_KID_MAX_BYTES + 1];
    const struct jwk *key;

    if (!read_header(jws, kid))
        return JWT_HEADER;
    key = jwk_set_find(keys, kid);
    if (!key)
        return JWT_KEY;
    return jws_verify(jws, key->public_key) < 0 ? JWT_SIGNATURE : 0;
}

int jwt_decode(const char *token, size_t length, const struct jwk_set *keys, struct arena *arena,
               struct jwt_claims *ret)
{
    unsigned char decoded[JWS_DECODED_MAX_BYTES];
    const size_t used = arena->used;
    struct jws jws;
    int r;

    if (jws_split(token, length, decoded, sizeof(decoded), &jws) < 0)
        return JWT_MALFORMED;
    r = check_signature(&jws, keys);
    if (r == 0) {
        r = jwt_claims_decode(jws.payload, jws.payload_length, arena, ret);
        if (r < 0) {
            arena->used = used;
            r = r == -ENOBUFS ? r : JWT_CLAIMS;
        }
    }
    /* of the decoded parts the signature is what makes a token a secret */
    sodium_memzero(decoded + jws.header_length + jws.payload_length, jws.signature_length);
    return r;
}
