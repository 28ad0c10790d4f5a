/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When logins are allowed in the week, by the clock on the wall.
 *
 * The text: sets of days, each with the spans that hold for them behind it, separated by blanks.
 *
 *     Mon..Fri 08:00-12:00 13:00-18:00 Sat,Sun 22:00-06:00
 *
 * Days are English and of three letters in either case, with commas between them; a range may run
 * over the week's end (Fri..Mon). Spans before the first days hold every day. A span includes its
 * start and not its end, which may be 24:00; one that ends before it starts runs into the next day.
 * An empty text allows any time.
 *
 * Local time is that of localtime_r(3); the next call notices when the machine's time zone is
 * another one. Minutes that are left out when clocks are set forward do not come that night; what
 * holds for an hour that comes again when they are set back holds both times. A zone is taken to
 * change its offset from UTC once a week at most. Nothing here blocks, but to read a new zone's
 * file.
 */
#ifndef SESSMGR_HOURS_H
#define SESSMGR_HOURS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HOURS_WEEK_MINUTES = 7 * 24 * 60,
    HOURS_TEXT_MAX_BYTES = 255, /* without the NUL */
};

struct hours {
    char text[HOURS_TEXT_MAX_BYTES + 1]; /* what it was parsed from, to be printed */
    /* A bit for each minute of the week, set where it is allowed; Monday 00:00 is the lowest of the
     * first byte. */
    unsigned char minutes[HOURS_WEEK_MINUTES / 8];
    bool always; /* all of them are: the common case asks no clock and no time zone */
};

/* Parses a text. Error: -EINVAL it is none of the above, days have no span, a span ends where it
 * starts, or it is longer than HOURS_TEXT_MAX_BYTES. */
int hours_parse(const char *text, struct hours *ret);

/* Whether the whole week is allowed, whatever the text was. */
bool hours_is_always(const struct hours *hours);

/* Whether a time (CLOCK_REALTIME, as in the two below) is allowed. */
bool hours_allows(const struct hours *hours, int64_t realtime_usec);

/* When the allowed time that holds at realtime_usec ends: the first moment from there on that is
 * not allowed, itself where it is not; USEC_INFINITY where the whole week is allowed. */
int64_t hours_end(const struct hours *hours, int64_t realtime_usec);

/* The first moment from realtime_usec on that is allowed, itself where it is. What hours_parse()
 * gave always has one; of a week without any it is USEC_INFINITY. */
int64_t hours_next(const struct hours *hours, int64_t realtime_usec);

#endif
