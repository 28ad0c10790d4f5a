/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64url by libsodium, whose functions end the program where a buffer is short; here that is an
 * error.
 */
#include <config.h>

#include "jose/base64url.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>

int base64url_encode(const void *bytes, size_t count, char *buffer, size_t size)
{
    size_t length;

    if (count > BASE64URL_MAX_BYTES)
        return -ENOBUFS;
    length = BASE64URL_LENGTH(count);
    if (length >= size)
        return -ENOBUFS;
    /* It clears everything up to the size it is told: so it is told no more than the text takes. */
    (void)sodium_bin2base64(buffer, length + 1, bytes, count,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* yields buffer */
    return (int)length;
}

/* Whether all characters are ASCII. libsodium up to 1.0.18 takes any other byte for an underscore,
 * which would give a signature more texts than one. */
static bool is_ascii(const char *text, size_t length)
{
    unsigned char met = 0;

    for (size_t i = 0; i < length; i++)
        met |= (unsigned char)text[i];
    return met < 0x80;
}

int base64url_decode(const char *text, size_t length, void *buffer, size_t size)
{
    size_t count;

    if (length % 4 == 1)
        return -EBADMSG;
    if (length > BASE64URL_LENGTH(BASE64URL_MAX_BYTES) || BASE64URL_BYTES(length) > size)
        return -ENOBUFS;
    /* Without a place to tell where it stopped, it takes the whole text or nothing. */
    if (!is_ascii(text, length) || sodium_base642bin(buffer, size, text, length, NULL, &count, NULL,
                                                     sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return -EBADMSG;
    return (int)count;
}
