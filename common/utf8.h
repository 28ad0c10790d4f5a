/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UTF-8 (RFC 3629): what is well-formed, and what is fit for a line of text.
 */
#ifndef SESSMGR_UTF8_H
#define SESSMGR_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_SEQUENCE_MAX_BYTES = 4 };

/*
 * The length (1 to 4) of the well-formed sequence at text[0..available), or 0 where there is none:
 * overlong forms, surrogates, anything beyond U+10FFFF and sequences cut off are not well-formed.
 * A NUL byte is a sequence like any other.
 */
size_t utf8_sequence_bytes(const char *text, size_t available);

/* Encodes a code point (no surrogate, at most U+10FFFF). Returns the number of bytes. */
size_t utf8_encode(uint32_t code_point, unsigned char buffer[static UTF8_SEQUENCE_MAX_BYTES]);

/*
 * Whether a C string is well-formed and has no control characters (U+0001..U+001F,
 * U+007F..U+009F): what may be shown on a terminal or in a line of a log.
 */
bool utf8_is_printable(const char *text);

#endif
