/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8: see utf8.h. The ranges are those of RFC 3629, section 4. */
#include <config.h>

#include <string.h>

#include "common/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The second byte is the one that tells overlong forms, surrogates and what is too large. */
static bool is_second(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return is_continuation(second);
    }
}

size_t utf8_sequence_bytes(const char *text, size_t available)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length;

    if (available == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] >= 0xC2 && bytes[0] <= 0xDF)
        length = 2;
    else if (bytes[0] >= 0xE0 && bytes[0] <= 0xEF)
        length = 3;
    else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4)
        length = 4;
    else
        return 0;

    if (available < length || !is_second(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    return length;
}

size_t utf8_encode(uint32_t code_point, unsigned char buffer[static UTF8_SEQUENCE_MAX_BYTES])
{
    if (code_point < 0x80) {
        buffer[0] = (unsigned char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        buffer[0] = (unsigned char)(0xC0 | (code_point >> 6));
        buffer[1] = (unsigned char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        buffer[0] = (unsigned char)(0xE0 | (code_point >> 12));
        buffer[1] = (unsigned char)(0x80 | ((code_point >> 6) & 0x3F));
        buffer[2] = (unsigned char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    buffer[0] = (unsigned char)(0xF0 | (code_point >> 18));
    buffer[1] = (unsigned char)(0x80 | ((code_point >> 12) & 0x3F));
    buffer[2] = (unsigned char)(0x80 | ((code_point >> 6) & 0x3F));
    buffer[3] = (unsigned char)(0x80 | (code_point & 0x3F));
    return 4;
}

bool utf8_is_printable(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        const size_t bytes = utf8_sequence_bytes(text, left);
        const unsigned char first = (unsigned char)text[0];

        if (bytes == 0 || first < 0x20 || first == 0x7F)
            return false;
        /* U+0080..U+009F are C2 80..C2 9F */
        if (first == 0xC2 && (unsigned char)text[1] < 0xA0)
            return false;
        text += bytes;
        left -= bytes;
    }
    return true;
}
