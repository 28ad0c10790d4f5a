/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escaping of text: see escape.h. */
#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "common/utf8.h"
#include "pam/escape.h"

static const char cut_mark[] = "...";

enum {
    CUT_MARK_BYTES = sizeof(cut_mark) - 1,
    UNIT_MAX_BYTES = 4, /* "\xHH", or the longest UTF-8 sequence */
};

static bool is_control(const char *sequence, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)sequence;

    if (length == 1)
        return bytes[0] < 0x20 || bytes[0] == 0x7F;
    /* U+0080..U+009F: terminals obey some of them */
    return length == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0;
}

/* Turns the front of text into one character or escape and yields its length. */
static size_t encode_unit(const char **text, size_t available, char unit[static UNIT_MAX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t length = utf8_sequence_bytes(*text, available);

    if (length > 0 && !is_control(*text, length)) {
        memcpy(unit, *text, length);
        *text += length;
        return length;
    }

    const unsigned char byte = (unsigned char)**text;
    (*text)++;
    unit[0] = '\\';
    if (byte == '\n') {
        unit[1] = 'n';
        return 2;
    }
    unit[1] = 'x';
    unit[2] = digits[byte >> 4];
    unit[3] = digits[byte & 0xF];
    return 4;
}

void escape_text(const char *text, char *buffer, size_t size)
{
    const char *end = text + strlen(text);
    size_t length = 0;
    size_t cut = 0; /* the last place that leaves room for the mark */

    assert(size >= ESCAPE_SIZE_MIN);

    while (text < end) {
        char unit[UNIT_MAX_BYTES];
        size_t unit_bytes = encode_unit(&text, (size_t)(end - text), unit);

        if (length + unit_bytes > size - 1) {
            memcpy(buffer + cut, cut_mark, CUT_MARK_BYTES);
            length = cut + CUT_MARK_BYTES;
            break;
        }
        memcpy(buffer + length, unit, unit_bytes);
        length += unit_bytes;
        if (length + CUT_MARK_BYTES <= size - 1)
            cut = length;
    }
    buffer[length] = '\0';
}
