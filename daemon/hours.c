/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parses the allowed hours of a week and finds their ends in real time. A moment is allowed when
 * the minute that the clock on the wall shows is; all else follows from that, on the nights when
 * clocks are changed too.
 */
#include <config.h>

#include "daemon/hours.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/macro.h"
#include "daemon/clock.h"

#define BLANKS " \t"

enum {
    DAY_MINUTES = 24 * 60,
    EVERY_DAY = 0x7f,
};

static const char day_names[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* Takes a day (0 is Monday) off the front. */
static int take_day(const char **text, unsigned *ret)
{
    for (unsigned i = 0; i < ELEMENTS(day_names); i++) {
        if (strncasecmp(*text, day_names[i], 3) == 0) {
            *text += 3;
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Takes a set of days off the front; a bit for each, Monday's the lowest. */
static int take_days(const char **text, unsigned *ret)
{
    unsigned days = 0, day, last;
    int r;

    for (;; (*text)++) {
        r = take_day(text, &day);
        if (r < 0)
            return r;
        last = day;
        if (strncmp(*text, "..", 2) == 0) {
            *text += 2;
            r = take_day(text, &last);
            if (r < 0)
                return r;
        }
        for (; day != last; day = (day + 1) % 7)
            days |= 1u << day;
        days |= 1u << last;
        if (**text != ',')
            break;
    }
    *ret = days;
    return 0;
}

/* Takes HH:MM off the front, 24:00 at the most; in minutes. */
static int take_time(const char **text, unsigned *ret)
{
    const char *at = *text;
    unsigned hour, minute;

    for (size_t i = 0; i < 5; i++)
        if (i == 2 ? at[i] != ':' : !isdigit((unsigned char)at[i]))
            return -EINVAL;
    hour = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    minute = (unsigned)(at[3] - '0') * 10 + (unsigned)(at[4] - '0');
    if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
        return -EINVAL;
    *text += 5;
    *ret = hour * 60 + minute;
    return 0;
}

/* Allows what is from one minute of the week up to another, which may be in the next one. */
static void allow(struct hours *hours, unsigned start, unsigned end)
{
    for (unsigned i = start; i < end; i++) {
        unsigned minute = i % HOURS_WEEK_MINUTES;

        hours->minutes[minute / 8] |= (unsigned char)(1u << minute % 8);
    }
}

/* Takes a span off the front and allows it on some days. */
static int take_span(const char **text, unsigned days, struct hours *hours)
{
    unsigned start, end;
    int r;

    r = take_time(text, &start);
    if (r < 0)
        return r;
    if (**text != '-')
        return -EINVAL;
    (*text)++;
    r = take_time(text, &end);
    if (r < 0)
        return r;
    if (start == DAY_MINUTES || start == end)
        return -EINVAL;
    if (end < start)
        end += DAY_MINUTES;
    for (unsigned day = 0; day < 7; day++)
        if (days & 1u << day)
            allow(hours, day * DAY_MINUTES + start, day * DAY_MINUTES + end);
    return 0;
}

static bool minute_allowed(const struct hours *hours, unsigned minute)
{
    return hours->minutes[minute / 8] >> minute % 8 & 1;
}

/* How many minutes behind one of the week is the next one that is allowed (or not); 0 for itself,
 * -1 where the week has none. */
static int minutes_until(const struct hours *hours, unsigned minute, bool allowed)
{
    for (unsigned i = 0; i < HOURS_WEEK_MINUTES; i++)
        if (minute_allowed(hours, (minute + i) % HOURS_WEEK_MINUTES) == allowed)
            return (int)i;
    return -1;
}

int hours_parse(const char *text, struct hours *ret)
{
    struct hours hours = {.text = ""};
    size_t bytes = strlen(text);
    unsigned days = EVERY_DAY;
    bool want_span = false;
    int r;

    if (bytes > HOURS_TEXT_MAX_BYTES)
        return -EINVAL;
    memcpy(hours.text, text, bytes);
    text += strspn(text, BLANKS);
    if (*text == '\0')
        memset(hours.minutes, 0xff, sizeof(hours.minutes));
    while (*text != '\0') {
        if (isdigit((unsigned char)*text)) {
            r = take_span(&text, days, &hours);
            want_span = false;
        } else {
            r = want_span ? -EINVAL : take_days(&text, &days);
            want_span = true;
        }
        if (r < 0)
            return r;
        if (strcspn(text, BLANKS) > 0)
            return -EINVAL;
        text += strspn(text, BLANKS);
    }
    if (want_span)
        return -EINVAL;
    hours.always = minutes_until(&hours, 0, false) < 0;
    *ret = hours;
    return 0;
}

/* The local time of a second of CLOCK_REALTIME. */
static struct tm local_time(int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm local, *r;

    tzset(); /* localtime_r(3) does not notice a new time zone by itself */
    r = localtime_r(&when, &local);
    assert(r != NULL); /* an int has years enough for 64 bits of microseconds */
    (void)r;
    return local;
}

static unsigned minute_of_week(const struct tm *local)
{
    int day = (local->tm_wday + 6) % 7; /* tm_wday is 0 on Sunday */

    return (unsigned)(day * DAY_MINUTES + local->tm_hour * 60 + local->tm_min);
}

/* The first second behind `low` whose offset from UTC is another one; that of `high` is. */
static int64_t offset_change(int64_t low, int64_t high)
{
    long offset = local_time(low).tm_gmtoff;

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (local_time(middle).tm_gmtoff == offset)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static int64_t whole_seconds(int64_t usec)
{
    return usec / USEC_PER_SEC - (usec % USEC_PER_SEC < 0);
}

/* The first moment from `usec` on that is allowed (or not). The minutes of the week say when it
 * would be if no clock were changed; where one is before then, the search goes on from the change.
 */
static int64_t first_moment(const struct hours *hours, int64_t usec, bool allowed)
{
    int64_t seconds = whole_seconds(usec);

    for (;;) {
        struct tm now = local_time(seconds);
        int minutes = minutes_until(hours, minute_of_week(&now), allowed);
        int64_t next = seconds - now.tm_sec + INT64_C(60) * minutes;

        if (minutes < 0)
            return USEC_INFINITY;
        if (minutes == 0) /* in the first round that second has begun before usec */
            return seconds * USEC_PER_SEC > usec ? seconds * USEC_PER_SEC : usec;
        if (local_time(next).tm_gmtoff == now.tm_gmtoff)
            seconds = next;
        else
            seconds = offset_change(seconds, next);
    }
}

bool hours_is_always(const struct hours *hours)
{
    return hours->always;
}

bool hours_allows(const struct hours *hours, int64_t realtime_usec)
{
    struct tm local;

    if (hours->always)
        return true;
    local = local_time(whole_seconds(realtime_usec));
    return minute_allowed(hours, minute_of_week(&local));
}

int64_t hours_end(const struct hours *hours, int64_t realtime_usec)
{
    return hours->always ? USEC_INFINITY : first_moment(hours, realtime_usec, false);
}

int64_t hours_next(const struct hours *hours, int64_t realtime_usec)
{
    return first_moment(hours, realtime_usec, true);
}
