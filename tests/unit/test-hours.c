/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When logins are allowed, and until when, in time zones that change their clocks (daemon/hours.h).
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/hours.h"

/* The rules of 2026, written out (tzset(3)): a build has no database of time zones for sure. */
#define BERLIN   "CET-1CEST,M3.5.0,M10.5.0/3"
#define AUCKLAND "NZST-12NZDT,M9.5.0,M4.1.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"

#define MINUTE_USEC (60 * USEC_PER_SEC)

static void set_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

/* A time of 2026 in UTC. */
static int64_t utc(int month, int day, int hour, int minute)
{
    struct tm tm = {
        .tm_year = 126, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};

    return (int64_t)timegm(&tm) * USEC_PER_SEC;
}

/* A time of the week that began on Monday the 1st of June. */
static int64_t june(int day, int hour, int minute)
{
    return utc(6, day, hour, minute);
}

static struct hours parse(const char *text)
{
    struct hours hours;

    assert_int_equal(hours_parse(text, &hours), 0);
    assert_string_equal(hours.text, text);
    return hours;
}

static void test_hours_parse__empty__any_time(void **state)
{
    (void)state;
    struct hours hours = parse(" \t");
    assert_true(hours_is_always(&hours));
    assert_true(hours_allows(&hours, june(3, 4, 5)));
    assert_int_equal(hours_end(&hours, june(3, 4, 5)), USEC_INFINITY);
    assert_int_equal(hours_next(&hours, june(3, 4, 5)), june(3, 4, 5));
}

static void test_hours_parse__days_and_spans__minutes_of_the_week(void **state)
{
    static const struct {
        const char *text;
        int day, hour, minute;
        bool allowed;
    } cases[] = {
        {"Mon 08:00-12:00", 1, 7, 59, false},
        {"Mon 08:00-12:00", 1, 8, 0, true},
        {"Mon 08:00-12:00", 1, 11, 59, true},
        {"Mon 08:00-12:00", 1, 12, 0, false},
        {"Mon 08:00-12:00", 2, 9, 0, false},
        {"mon,WED..fRi 08:00-12:00", 1, 9, 0, true},
        {"mon,WED..fRi 08:00-12:00", 2, 9, 0, false},
        {"mon,WED..fRi 08:00-12:00", 4, 9, 0, true},
        {"mon,WED..fRi 08:00-12:00", 6, 9, 0, false},
        {"Sat..Tue 08:00-12:00", 7, 9, 0, true},
        {"Sat..Tue 08:00-12:00", 2, 9, 0, true},
        {"Sat..Tue 08:00-12:00", 3, 9, 0, false},
        {"Tue..Tue 08:00-12:00", 3, 9, 0, false},
        {"08:00-12:00", 7, 9, 0, true},
        {"08:00-09:00\tSat  10:00-11:00 ", 5, 10, 30, false},
        {"08:00-09:00\tSat  10:00-11:00 ", 6, 10, 30, true},
        {"08:00-09:00\tSat  10:00-11:00 ", 6, 8, 30, true},
        {"Mon 08:00-12:00 13:00-18:00 Sat 09:00-12:00", 1, 12, 30, false},
        {"Mon 08:00-12:00 13:00-18:00 Sat 09:00-12:00", 1, 13, 0, true},
        {"Mon 08:00-12:00 13:00-18:00 Sat 09:00-12:00", 6, 13, 0, false},
        {"Wed 18:00-24:00", 3, 23, 59, true},
        {"Wed 18:00-24:00", 4, 0, 0, false},
        {"Wed 22:00-06:00", 3, 5, 0, false},
        {"Wed 22:00-06:00", 4, 5, 59, true},
        {"Wed 22:00-00:00", 3, 23, 59, true},
        {"Wed 22:00-00:00", 4, 0, 0, false},
        {"Sun 22:00-06:00", 1, 5, 59, true},
        {"Sun 22:00-06:00", 1, 6, 0, false},
    };

    (void)state;
    set_zone("UTC");
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct hours hours = parse(cases[i].text);

        assert_false(hours_is_always(&hours));
        if (hours_allows(&hours, june(cases[i].day, cases[i].hour, cases[i].minute)) !=
            cases[i].allowed)
            fail_msg("\"%s\" on day %d at %d:%02d", cases[i].text, cases[i].day, cases[i].hour,
                     cases[i].minute);
    }
}

static void test_hours_parse__no_hours__refused(void **state)
{
    static const char *const texts[] = {
        "Mon",
        "Mon 08:00-12:00 Tue",
        "Mon Tue 08:00-12:00",
        "Mond 08:00-12:00",
        "Mo 08:00-12:00",
        "Mon, 08:00-12:00",
        ",Mon 08:00-12:00",
        "Mon.. 08:00-12:00",
        "Mon.Fri 08:00-12:00",
        "Mon..Wed..Fri 08:00-12:00",
        "Mon-Fri 08:00-12:00",
        "Mon08:00-12:00",
        "08:00",
        "08:00-",
        "08:00 - 12:00",
        "8:00-12:00",
        "08-12",
        "08:60-12:00",
        "08:00-12:00:00",
        "08:00-12:00Mon",
        "08:00-12:00,13:00-14:00",
        "08:00-24:01",
        "08:00-25:00",
        "24:00-08:00",
        "08:00-08:00",
        "00:00-00:00",
        "-08:00",
        "* 08:00-12:00",
        "08:00-12:00\n",
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct hours hours = {.text = "untouched"};

        if (hours_parse(texts[i], &hours) != -EINVAL)
            fail_msg("\"%s\" is taken", texts[i]);
        assert_string_equal(hours.text, "untouched");
    }
}

static void test_hours_parse__longer_than_allowed__refused(void **state)
{
    char text[HOURS_TEXT_MAX_BYTES + 2] = "08:00-12:00";

    (void)state;
    memset(text + strlen(text), ' ', HOURS_TEXT_MAX_BYTES - strlen(text));
    (void)parse(text);
    text[HOURS_TEXT_MAX_BYTES] = ' ';
    assert_int_equal(hours_parse(text, &(struct hours){.text = ""}), -EINVAL);
}

static void test_hours_is_always__whole_week_in_spans__true(void **state)
{
    (void)state;
    struct hours hours = parse("00:00-24:00");
    assert_true(hours_is_always(&hours));
    hours = parse("22:00-06:00 06:00-22:00");
    assert_true(hours_is_always(&hours));
    assert_int_equal(hours_end(&hours, june(1, 6, 0)), USEC_INFINITY);
    hours = parse("00:00-23:59");
    assert_false(hours_is_always(&hours));
}

static void test_hours_end__spans_that_touch_or_overlap__one(void **state)
{
    (void)state;
    set_zone("UTC");
    struct hours hours = parse("Mon 08:00-12:00 12:00-14:00 13:00-18:00 Sun 20:00-24:00 "
                               "Mon 00:00-02:00");
    assert_int_equal(hours_end(&hours, june(1, 9, 0)), june(1, 18, 0));
    assert_int_equal(hours_end(&hours, june(7, 21, 0)), june(8, 2, 0));
    assert_int_equal(hours_next(&hours, june(1, 18, 0)), june(7, 20, 0));
    assert_int_equal(hours_next(&hours, june(1, 2, 0)), june(1, 8, 0));
}

static void test_hours_end__not_on_a_minute__to_the_microsecond(void **state)
{
    (void)state;
    set_zone("UTC");
    struct hours hours = parse("Mon 08:00-12:00");
    assert_int_equal(hours_end(&hours, june(1, 12, 0) - 1), june(1, 12, 0));
    assert_int_equal(hours_end(&hours, june(1, 12, 0) + 1), june(1, 12, 0) + 1);
    assert_int_equal(hours_next(&hours, june(1, 12, 0) - 1), june(1, 12, 0) - 1);
    assert_int_equal(hours_next(&hours, june(1, 12, 0)), june(8, 8, 0));
    assert_int_equal(hours_next(&hours, june(1, 8, 0) - 1), june(1, 8, 0));
    hours = parse("Wed 22:00-24:00"); /* the last of them before 1970 */
    assert_int_equal(hours_next(&hours, -1), -1);
    assert_int_equal(hours_end(&hours, -1), 0);
}

static void test_hours_next__empty_week__never(void **state)
{
    const struct hours hours = {.text = ""};

    (void)state;
    assert_int_equal(hours_next(&hours, june(1, 0, 0)), USEC_INFINITY);
    assert_int_equal(hours_end(&hours, june(1, 0, 0)), june(1, 0, 0));
}

static void test_hours_end__clock_set_forward__hour_is_left_out(void **state)
{
    (void)state;
    set_zone(BERLIN); /* 02:00 is 03:00 on the 29th of March, at 01:00 UTC */
    struct hours hours = parse("Sat 22:00-06:00");
    assert_int_equal(hours_end(&hours, utc(3, 28, 23, 0)), utc(3, 29, 4, 0));
    hours = parse("Sun 00:00-02:30"); /* ends in the hour that is left out */
    assert_int_equal(hours_end(&hours, utc(3, 29, 0, 0)), utc(3, 29, 1, 0));
    hours = parse("Sun 02:15-02:45"); /* is in it, so not until next week */
    assert_int_equal(hours_next(&hours, utc(3, 29, 0, 0)), utc(4, 5, 0, 15));
    hours = parse("Sun 02:15-03:30");
    assert_int_equal(hours_next(&hours, utc(3, 29, 0, 0)), utc(3, 29, 1, 0));
    assert_int_equal(hours_end(&hours, utc(3, 29, 1, 0)), utc(3, 29, 1, 30));
}

static void test_hours_end__clock_set_back__hour_comes_twice(void **state)
{
    (void)state;
    set_zone(NEW_YORK); /* 02:00 is 01:00 again on the 1st of November, at 06:00 UTC */
    struct hours hours = parse("Sat 22:00-06:00");
    assert_int_equal(hours_end(&hours, utc(11, 1, 3, 0)), utc(11, 1, 11, 0));
    hours = parse("Sun 01:15-01:45");
    assert_int_equal(hours_next(&hours, utc(11, 1, 4, 0)), utc(11, 1, 5, 15));
    assert_int_equal(hours_end(&hours, utc(11, 1, 5, 15)), utc(11, 1, 5, 45));
    assert_int_equal(hours_next(&hours, utc(11, 1, 5, 45)), utc(11, 1, 6, 15));
    assert_int_equal(hours_end(&hours, utc(11, 1, 6, 15)), utc(11, 1, 6, 45));
    hours = parse("Sun 00:00-02:00"); /* its last hour twice */
    assert_int_equal(hours_end(&hours, utc(11, 1, 4, 30)), utc(11, 1, 7, 0));
}

/* Goes back minute by minute from two days after a change to two days before it, so that what
 * hours_end() and hours_next() work out can be compared with what comes there. */
static void assert_agrees_with_every_minute(const char *text, int64_t change)
{
    struct hours hours = parse(text);
    const int64_t last = change + 2 * 24 * 60 * MINUTE_USEC;
    int64_t end = hours_end(&hours, last), next = hours_next(&hours, last);

    for (int64_t usec = last; usec > change - (last - change); usec -= MINUTE_USEC) {
        if (hours_allows(&hours, usec))
            next = usec;
        else
            end = usec;
        if (hours_end(&hours, usec) != end || hours_next(&hours, usec) != next)
            fail_msg("\"%s\", %d minutes behind the change", text,
                     (int)((usec - change) / MINUTE_USEC));
    }
}

static void test_hours_end__nights_of_changes__as_the_clock_shows(void **state)
{
    static const char *const texts[] = {"22:00-06:00",
                                        "Fri..Sun 01:10-02:30 23:00-24:00 Mon 00:00-01:00"};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        set_zone(BERLIN);
        assert_agrees_with_every_minute(texts[i], utc(3, 29, 1, 0));
        assert_agrees_with_every_minute(texts[i], utc(10, 25, 1, 0));
        set_zone(AUCKLAND);
        assert_agrees_with_every_minute(texts[i], utc(4, 4, 14, 0));
        assert_agrees_with_every_minute(texts[i], utc(9, 26, 14, 0));
        set_zone(NEW_YORK);
        assert_agrees_with_every_minute(texts[i], utc(3, 8, 7, 0));
        assert_agrees_with_every_minute(texts[i], utc(11, 1, 6, 0));
    }
}

static void test_hours_allows__new_time_zone__noticed(void **state)
{
    (void)state;
    set_zone("UTC");
    struct hours hours = parse("Mon 08:00-12:00");
    assert_false(hours_allows(&hours, june(1, 7, 0)));
    assert_int_equal(setenv("TZ", BERLIN, 1), 0);
    assert_true(hours_allows(&hours, june(1, 7, 0)));
    assert_int_equal(hours_end(&hours, june(1, 7, 0)), june(1, 10, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_parse__empty__any_time),
        cmocka_unit_test(test_hours_parse__days_and_spans__minutes_of_the_week),
        cmocka_unit_test(test_hours_parse__no_hours__refused),
        cmocka_unit_test(test_hours_parse__longer_than_allowed__refused),
        cmocka_unit_test(test_hours_is_always__whole_week_in_spans__true),
        cmocka_unit_test(test_hours_end__spans_that_touch_or_overlap__one),
        cmocka_unit_test(test_hours_end__not_on_a_minute__to_the_microsecond),
        cmocka_unit_test(test_hours_next__empty_week__never),
        cmocka_unit_test(test_hours_end__clock_set_forward__hour_is_left_out),
        cmocka_unit_test(test_hours_end__clock_set_back__hour_comes_twice),
        cmocka_unit_test(test_hours_end__nights_of_changes__as_the_clock_shows),
        cmocka_unit_test(test_hours_allows__new_time_zone__noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
