/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of JSON strings, for the two files that read JSON: json-parse.c, which proves a text,
 * and json-reader.c, which walks proven text.
 */
#ifndef SESSMGR_JSON_STRING_H
#define SESSMGR_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/utf8.h"

/* The bytes of a string after decoding, one at a time. The string has been proven: its closing
 * quote ends the walk. */
struct json_string {
    const char *next;
    unsigned char pending[UTF8_SEQUENCE_MAX_BYTES]; /* what an escape stands for, not yet told */
    size_t told;
    size_t count;
};

static inline bool json_is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool json_is_high_surrogate(uint32_t code)
{
    return code >= 0xD800 && code <= 0xDBFF;
}

static inline bool json_is_low_surrogate(uint32_t code)
{
    return code >= 0xDC00 && code <= 0xDFFF;
}

/* The value of four hexadecimal digits, or -1. */
int json_string_quad(const char *text);

/* The next byte (0 to 255), or -1 at the end of the string. */
int json_string_next(struct json_string *string);

/* Orders two proven strings, given by their opening quotes: below, equal to or above 0. */
int json_string_compare(const char *a, const char *b);

#endif
