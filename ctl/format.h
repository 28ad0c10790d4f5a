/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How things look to a person: text from strangers made harmless, times, colours. Writes nothing.
 */
#ifndef SESSMGRCTL_FORMAT_H
#define SESSMGRCTL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FORMAT_TIME_BYTES = 64, /* enough for any time or span, with its NUL */
};

enum colour { COLOUR_NONE, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_GREY, COLOUR_HEADER };

/*
 * Decodes one character at text (ended by NUL, not at its end). Returns its bytes, 1 to 4, or 0
 * when there is no well-formed UTF-8 (RFC 3629).
 */
size_t format_decode(const char *text, uint32_t *ret_character);

/*
 * Whether a character can change what a terminal shows elsewhere: control characters (U+0000..1F,
 * U+007F..9F), line and paragraph separators, and those that turn the direction of writing.
 */
bool format_is_unsafe(uint32_t character);

/* A copy of a text in which unsafe characters are written as \xNN or \uNNNN and bytes that are not
 * UTF-8 as \xNN. To be freed with free(); NULL: no memory. */
char *format_printable(const char *text);

/* Columns that a text takes on a terminal, after format_printable(). Wide characters count as two
 * where the locale (LC_CTYPE) is UTF-8. */
size_t format_width(const char *text);

/* The time of day, in microseconds since the epoch. */
int64_t format_now(void);

/*
 * A time as "Mon 2026-11-23 20:48:07 UTC", in the local time zone; "-" for -1.
 * buffer: FORMAT_TIME_BYTES; returned. The same of the two below.
 */
const char *format_time(int64_t usec, char *buffer);

/* What is left until a time: "2h 3min left", "1d 2h left", "45s left", "ending now"; "-" for -1.
 * Begun seconds count as whole ones. */
const char *format_left(int64_t usec, int64_t now_usec, char *buffer);

/* How long ago a time was: "2h 3min ago", "just now"; "-" for -1. */
const char *format_ago(int64_t usec, int64_t now_usec, char *buffer);

/* Whether output to a descriptor should have colours: a terminal, TERM is not "dumb", and NO_COLOR
 * (https://no-color.org) is not set. */
bool format_colour_wanted(int fd);

/* The escape sequences that begin and end a colour; "" where colours are off. Static. */
const char *format_colour_on(bool wanted, enum colour colour);
const char *format_colour_off(bool wanted, enum colour colour);

#endif
