/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signing, taking apart and checking of signed texts: see jws.h.
 */
#include <config.h>

#include "jose/jws.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

static_assert(JWS_SIGNATURE_BYTES == crypto_sign_BYTES, "signature size");

/* Appends a part. *length: characters so far. */
static int append(const void *bytes, size_t count, char *buffer, size_t size, size_t *length)
{
    int r;

    r = base64url_encode(bytes, count, buffer + *length, size - *length);
    if (r < 0)
        return r;
    *length += (size_t)r;
    return 0;
}

/* Puts a dot where the NUL of the part before is. */
static int append_dot(char *buffer, size_t size, size_t *length)
{
    if (size - *length < 2)
        return -ENOBUFS;
    buffer[(*length)++] = '.';
    return 0;
}

int jws_sign(const char *header, const void *payload, size_t payload_bytes,
             const unsigned char secret[static JWK_SECRET_BYTES], char *buffer, size_t size)
{
    unsigned char signature[JWS_SIGNATURE_BYTES];
    size_t length = 0;
    int r;

    if (size > JWS_MAX_BYTES + 1)
        size = JWS_MAX_BYTES + 1;
    r = append(header, strlen(header), buffer, size, &length);
    if (r == 0)
        r = append_dot(buffer, size, &length);
    if (r == 0)
        r = append(payload, payload_bytes, buffer, size, &length);
    if (r < 0)
        return r;

    (void)crypto_sign_detached(signature, NULL, (const unsigned char *)buffer, length,
                               secret); /* always 0 */
    r = append_dot(buffer, size, &length);
    if (r == 0)
        r = append(signature, sizeof(signature), buffer, size, &length);
    sodium_memzero(signature, sizeof(signature));
    return r < 0 ? r : (int)length;
}

/* Decodes a part into the front of what is left of a buffer. */
static int take_part(const char *start, const char *end, unsigned char **buffer, size_t *left,
                     const unsigned char **ret, size_t *ret_length)
{
    int r;

    r = base64url_decode(start, (size_t)(end - start), *buffer, *left);
    if (r < 0)
        return r;
    *ret = *buffer;
    *ret_length = (size_t)r;
    *buffer += r;
    *left -= (size_t)r;
    return 0;
}

int jws_split(const char *token, size_t length, void *buffer, size_t size, struct jws *ret)
{
    const char *const end = token + length;
    const char *first, *second;
    const unsigned char *header, *payload;
    unsigned char *at = buffer;
    struct jws jws;
    int r;

    if (length > JWS_MAX_BYTES)
        return -EBADMSG;
    first = memchr(token, '.', length);
    if (!first || first == token)
        return -EBADMSG;
    second = memchr(first + 1, '.', (size_t)(end - first - 1));
    if (!second)
        return -EBADMSG;
    /* a third dot is no character of the signature's alphabet */
    r = take_part(token, first, &at, &size, &header, &jws.header_length);
    if (r == 0)
        r = take_part(first + 1, second, &at, &size, &payload, &jws.payload_length);
    if (r == 0)
        r = take_part(second + 1, end, &at, &size, &jws.signature, &jws.signature_length);
    if (r < 0)
        return r;

    jws.signing_input = token;
    jws.signing_input_length = (size_t)(second - token);
    jws.header = (const char *)header;
    jws.payload = (const char *)payload;
    *ret = jws;
    return 0;
}

int jws_verify(const struct jws *jws, const unsigned char public_key[static JWK_PUBLIC_BYTES])
{
    if (jws->signature_length != JWS_SIGNATURE_BYTES ||
        crypto_sign_verify_detached(jws->signature, (const unsigned char *)jws->signing_input,
                                    jws->signing_input_length, public_key) != 0)
        return -EBADMSG;
    return 0;
}
