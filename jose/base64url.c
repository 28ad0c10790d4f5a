/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Encoding is libsodium's, which ends the program where a buffer is short; here that is an error.
 * Decoding is our own: libsodium 1.0.18 takes each byte beyond ASCII for an underscore, so that a
 * signature would have more texts than one, and its pace is a twentieth of a whole verification.
 */
#include <config.h>

#include "jose/base64url.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

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

enum { BLOCK_LENGTH = 16, BLOCK_BYTES = BASE64URL_BYTES(BLOCK_LENGTH) };

/* The value of a character of the alphabet plus one, as far as it is in a range of it; else 0. */
static unsigned char in_range(unsigned char c, unsigned char first, unsigned char count,
                              unsigned char value)
{
    const unsigned char offset = (unsigned char)(c - first);
    const unsigned char mask = (unsigned char)-(offset < count);

    return mask & (unsigned char)(offset + value + 1);
}

/* The six bits that a character stands for; above 63 for one that is foreign. */
static unsigned char bits_of(unsigned char c)
{
    const unsigned char found = (unsigned char)(in_range(c, 'A', 26, 0) | in_range(c, 'a', 26, 26) |
                                                in_range(c, '0', 10, 52) | in_range(c, '-', 1, 62) |
                                                in_range(c, '_', 1, 63));

    return (unsigned char)(found - 1);
}

/*
 * Decodes a whole block. Returns all values put together, above 63 where a character is foreign.
 * There is neither a table nor a branch, since it may be a secret that is decoded; of loops like
 * these compilers make vector instructions.
 */
static unsigned char decode_block(const char text[static BLOCK_LENGTH],
                                  unsigned char ret[static BLOCK_BYTES])
{
    unsigned char bits[BLOCK_LENGTH], all = 0;

    for (size_t i = 0; i < BLOCK_LENGTH; i++)
        bits[i] = bits_of((unsigned char)text[i]);
    for (size_t i = 0; i < BLOCK_LENGTH; i++)
        all |= bits[i];
    for (size_t i = 0; i < BLOCK_LENGTH / 4; i++) {
        const unsigned char *const four = bits + 4 * i;

        ret[3 * i] = (unsigned char)(four[0] << 2 | four[1] >> 4);
        ret[3 * i + 1] = (unsigned char)(four[1] << 4 | four[2] >> 2);
        ret[3 * i + 2] = (unsigned char)(four[2] << 6 | four[3]);
    }
    return all;
}

/* Decodes what is no whole block. The bits that it does not use are those of the first byte behind
 * it, which makes a last one that is not zero as bad as a foreign character. */
static unsigned char decode_rest(const char *text, size_t length, unsigned char *ret)
{
    char block[BLOCK_LENGTH];
    unsigned char bytes[BLOCK_BYTES], all;
    const size_t count = BASE64URL_BYTES(length);

    memset(block, 'A', sizeof(block)); /* zeros */
    memcpy(block, text, length);
    all = decode_block(block, bytes);
    memcpy(ret, bytes, count);
    if (bytes[count] != 0)
        all = UINT8_MAX;
    sodium_memzero(block, sizeof(block));
    sodium_memzero(bytes, sizeof(bytes));
    return all;
}

int base64url_decode(const char *text, size_t length, void *buffer, size_t size)
{
    const size_t blocks = length / BLOCK_LENGTH, rest = length % BLOCK_LENGTH;
    unsigned char *at = buffer, all = 0;

    if (length % 4 == 1)
        return -EBADMSG;
    if (length > BASE64URL_LENGTH(BASE64URL_MAX_BYTES) || BASE64URL_BYTES(length) > size)
        return -ENOBUFS;
    for (size_t i = 0; i < blocks; i++)
        all |= decode_block(text + BLOCK_LENGTH * i, at + BLOCK_BYTES * i);
    if (rest > 0)
        all |= decode_rest(text + BLOCK_LENGTH * blocks, rest, at + BLOCK_BYTES * blocks);
    return all < 64 ? (int)BASE64URL_BYTES(length) : -EBADMSG;
}
