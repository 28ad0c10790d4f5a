/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Spans and moments as people write them; see when.h.
 */
#include "config.h"

#include "ctl/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"

#define USEC_PER_SEC INT64_C(1000000)

bool when_parse_span(const char *text, int64_t *ret_sec)
{
    static const struct {
        const char *name;
        int64_t sec;
    } units[] = {{"", 1},         {"s", 1},         {"sec", 1},       {"second", 1},
                 {"seconds", 1},  {"m", 60},        {"min", 60},      {"minute", 60},
                 {"minutes", 60}, {"h", 3600},      {"hr", 3600},     {"hour", 3600},
                 {"hours", 3600}, {"d", 86400},     {"day", 86400},   {"days", 86400},
                 {"w", 604800},   {"week", 604800}, {"weeks", 604800}};
    static const char blanks[] = " \t";
    int64_t total = 0;

    for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
        char *unit;
        size_t length, i = 0;
        int64_t number;

        if (*text < '0' || *text > '9')
            return false;
        errno = 0;
        number = strtoimax(text, &unit, 10);
        unit += strspn(unit, blanks);
        length = strspn(unit, "abcdefghijklmnopqrstuvwxyz");
        while (i < ELEMENTS(units) &&
               (strlen(units[i].name) != length || memcmp(units[i].name, unit, length) != 0))
            i++;
        if (errno != 0 || i == ELEMENTS(units) ||
            __builtin_mul_overflow(number, units[i].sec, &number) ||
            __builtin_add_overflow(total, number, &total))
            return false;
        text = unit + length;
    }
    *ret_sec = total;
    return total > 0;
}

/* Whether a text has the shape of another one: digits where that has a 0, and what it has
 * elsewhere.
 */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; shape++, text++)
        if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
            return false;
    return *text == '\0';
}

static const struct {
    const char *shape;
    const char *format; /* of strptime(3) */
    bool dated;
} forms[] = {
    {"0000-00-00 00:00:00", "%Y-%m-%d %H:%M:%S", true},
    {"0000-00-00 00:00", "%Y-%m-%d %H:%M", true},
    {"0000-00-00", "%Y-%m-%d", true},
    {"00:00:00", "%H:%M:%S", false},
    {"00:00", "%H:%M", false},
};

/* mktime(3) makes the 2nd of March out of the 30th of February. */
static bool has_day(struct tm time)
{
    const int day = time.tm_mday;

    (void)timegm(&time); /* is called for what it makes of the day, in whatever zone */
    return time.tm_mday == day;
}

/* The moment of a local time, whose parts may be beyond their bounds. False where there is none, or
 * it was before the epoch. */
static bool resolve(struct tm time, int64_t *ret_usec)
{
    time_t seconds;

    time.tm_isdst = -1; /* the zone's rules know */
    seconds = mktime(&time);
    if (seconds < 0)
        return false;
    *ret_usec = seconds * USEC_PER_SEC; /* of a year of four digits */
    return true;
}

/* A time of day is the next one, today or tomorrow. */
static bool parse_form(const char *text, const char *format, bool dated, int64_t now_usec,
                       int64_t *ret_usec)
{
    const time_t now = (time_t)(now_usec / USEC_PER_SEC);
    struct tm time = {.tm_mday = 1};
    const char *end;

    if (!dated && !localtime_r(&now, &time))
        return false;
    time.tm_sec = 0;
    end = strptime(text, format, &time);
    /* strptime(3) knows leap seconds, the clock does not */
    if (!end || *end != '\0' || time.tm_sec > 59 || !has_day(time) || !resolve(time, ret_usec))
        return false;
    if (!dated && *ret_usec <= now_usec) {
        time.tm_mday++;
        return resolve(time, ret_usec);
    }
    return true;
}

bool when_parse(const char *text, int64_t now_usec, int64_t *ret_usec)
{
    int64_t span;

    if (*text == '+')
        return when_parse_span(text + 1, &span) &&
               !__builtin_mul_overflow(span, USEC_PER_SEC, &span) &&
               !__builtin_add_overflow(now_usec, span, ret_usec);
    for (size_t i = 0; i < ELEMENTS(forms); i++)
        if (has_shape(text, forms[i].shape))
            return parse_form(text, forms[i].format, forms[i].dated, now_usec, ret_usec);
    return false;
}
