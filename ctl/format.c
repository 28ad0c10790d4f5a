/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text, times and colours for a terminal.
 */
#include "config.h"

#include "ctl/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "common/macro.h"

#define USEC_PER_SEC INT64_C(1000000)

size_t format_decode(const char *text, uint32_t *ret_character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t character;
    size_t length;

    if (bytes[0] < 0x80) {
        *ret_character = bytes[0];
        return 1;
    }
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 0;
    length = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    character = bytes[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0; /* the final NUL is none either */
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (character < least[length] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return 0;
    *ret_character = character;
    return length;
}

bool format_is_unsafe(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } unsafe[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
    };

    for (size_t i = 0; i < ELEMENTS(unsafe); i++)
        if (character >= unsafe[i].first && character <= unsafe[i].last)
            return true;
    return false;
}

char *format_printable(const char *text)
{
    size_t size = 6 * strlen(text) + 1; /* "\u202e" for three bytes, "\x1b" for one */
    char *printable = malloc(size);
    size_t used = 0;

    if (!printable)
        return NULL;
    while (*text != '\0') {
        uint32_t character = 0;
        size_t length = format_decode(text, &character);

        if (length > 0 && !format_is_unsafe(character)) {
            memcpy(printable + used, text, length);
            used += length;
        } else if (length > 0 && character > 0xff) {
            used += (size_t)snprintf(printable + used, size - used, "\\u%04" PRIx32, character);
        } else {
            used += (size_t)snprintf(printable + used, size - used, "\\x%02x",
                                     length > 0 ? (unsigned)character : (unsigned char)*text);
        }
        text += length > 0 ? length : 1;
    }
    printable[used] = '\0';
    return printable;
}

size_t format_width(const char *text)
{
    size_t width = 0;

    while (*text != '\0') {
        uint32_t character;
        size_t length = format_decode(text, &character);
        /* glibc's wchar_t is the code point in every locale that knows it */
        int columns = length > 0 ? wcwidth((wchar_t)character) : 1;

        width += columns >= 0 ? (size_t)columns : 1;
        text += length > 0 ? length : 1;
    }
    return width;
}

int64_t format_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

const char *format_time(int64_t usec, char *buffer)
{
    time_t seconds = (time_t)(usec / USEC_PER_SEC);
    struct tm local;

    if (usec < 0 || !localtime_r(&seconds, &local) ||
        strftime(buffer, FORMAT_TIME_BYTES, "%a %Y-%m-%d %H:%M:%S %Z", &local) == 0)
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "-");
    return buffer;
}

/* A span's two largest units: a person needs no seconds of a day. */
static void format_span(int64_t seconds, const char *suffix, char *buffer)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t first = 0;
    int64_t small = 0;

    while (first + 1 < ELEMENTS(units) && seconds < units[first].seconds)
        first++;
    if (first + 1 < ELEMENTS(units))
        small = seconds % units[first].seconds / units[first + 1].seconds;
    if (small > 0)
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "%" PRId64 "%s %" PRId64 "%s %s",
                       seconds / units[first].seconds, units[first].name, small,
                       units[first + 1].name, suffix);
    else
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "%" PRId64 "%s %s",
                       seconds / units[first].seconds, units[first].name, suffix);
}

const char *format_left(int64_t usec, int64_t now_usec, char *buffer)
{
    if (usec < 0)
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "-");
    else if (usec <= now_usec)
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "ending now");
    else
        format_span((usec - now_usec - 1) / USEC_PER_SEC + 1, "left", buffer);
    return buffer;
}

const char *format_ago(int64_t usec, int64_t now_usec, char *buffer)
{
    if (usec < 0)
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "-");
    else if (now_usec - usec < USEC_PER_SEC)
        (void)snprintf(buffer, FORMAT_TIME_BYTES, "just now");
    else
        format_span((now_usec - usec) / USEC_PER_SEC, "ago", buffer);
    return buffer;
}

bool format_colour_wanted(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_color && no_color[0] != '\0')
        return false;
    return terminal && strcmp(terminal, "dumb") != 0 && isatty(fd);
}

const char *format_colour_on(bool wanted, enum colour colour)
{
    static const char *const sequences[] = {
        [COLOUR_NONE] = "",         [COLOUR_GREEN] = "\x1b[32m", [COLOUR_YELLOW] = "\x1b[33m",
        [COLOUR_GREY] = "\x1b[90m", [COLOUR_HEADER] = "\x1b[4m",
    };

    return wanted ? sequences[colour] : "";
}

const char *format_colour_off(bool wanted, enum colour colour)
{
    return wanted && colour != COLOUR_NONE ? "\x1b[0m" : "";
}
