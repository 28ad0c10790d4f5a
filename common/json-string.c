/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding of proven JSON strings (RFC 8259 section 7), a byte at a time; see json-string.h.
 */
#include <config.h>

#include "common/json-string.h"

#include <string.h>

/* The value of one hexadecimal digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int json_string_quad(const char *text)
{
    int value = 0;

    for (size_t i = 0; i < 4; i++) {
        const int digit = hex_digit(text[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Decodes the escape that string->next stands on into string->pending. */
static void unescape_sequence(struct json_string *string)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char kind = string->next[1];
    const char *letter = memchr(letters, kind, sizeof(letters) - 1);
    uint32_t code = (unsigned char)kind; /* a quote, a slash or a backslash */

    string->next += 2;
    if (letter)
        code = (unsigned char)meanings[letter - letters];
    if (kind == 'u') {
        code = (uint32_t)json_string_quad(string->next);
        string->next += 4;
        if (json_is_high_surrogate(code)) {
            const uint32_t low = (uint32_t)json_string_quad(string->next + 2);

            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            string->next += 6;
        }
    }
    string->told = 0;
    string->count = utf8_encode(code, string->pending);
}

int json_string_next(struct json_string *string)
{
    if (string->told == string->count) {
        if (*string->next == '"')
            return -1;
        if (*string->next != '\\')
            return (unsigned char)*string->next++;
        unescape_sequence(string);
    }
    return string->pending[string->told++];
}

int json_string_compare(const char *a, const char *b)
{
    struct json_string left = {.next = a + 1}, right = {.next = b + 1};
    int one, other;

    do {
        one = json_string_next(&left);
        other = json_string_next(&right);
    } while (one == other && one >= 0);
    return one - other;
}
