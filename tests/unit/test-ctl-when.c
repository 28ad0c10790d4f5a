/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people write for times: ctl/when.c. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/macro.h"
#include "ctl/when.h"

/* Mon 2026-11-23 20:48:07.5 UTC */
#define NOW_SEC  INT64_C(1795466887)
#define NOW_USEC (NOW_SEC * 1000000 + 500000)

static void in_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

/* Seconds; -1 where it is no time, -2 where it is not a whole second. */
static int64_t parse(const char *text)
{
    int64_t usec = 0;

    if (!when_parse(text, NOW_USEC, &usec))
        return -1;
    return usec % 1000000 == 0 ? usec / 1000000 : -2;
}

static void test_when_parse__dates__that_moment(void **state)
{
    static const struct {
        const char *text;
        int64_t sec;
    } cases[] = {
        {"2026-11-23 20:48:07", NOW_SEC},
        {"2026-11-23 20:48", NOW_SEC - 7},
        {"2026-11-23", 1795392000},
        {"2026-12-24 18:00", 1798135200},
        {"2028-02-29", 1835395200},
        {"1970-01-01", 0},
        {"9999-12-31 23:59:59", 253402300799},
    };

    (void)state;
    in_zone("UTC");
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_true(parse(cases[i].text) == cases[i].sec);
}

static void test_when_parse__times_of_day__the_next_one(void **state)
{
    static const struct {
        const char *text;
        int64_t sec;
    } cases[] = {
        {"20:49", NOW_SEC - 7 + 60},        {"20:48", NOW_SEC - 7 + 86400},
        {"20:48:08", NOW_SEC + 1},          {"20:48:07", NOW_SEC + 86400},
        {"23:59", 1795392000 + 86400 - 60}, {"00:00", 1795392000 + 86400},
    };
    int64_t usec = 0;

    (void)state;
    in_zone("UTC");
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_true(parse(cases[i].text) == cases[i].sec);
    assert_true(when_parse("00:30", (1798761600 - 60) * INT64_C(1000000), &usec)); /* at new year */
    assert_true(usec == (1798761600 + 1800) * INT64_C(1000000));
}

static void test_when_parse__spans__from_now_on(void **state)
{
    static const struct {
        const char *text;
        int64_t sec;
    } cases[] = {
        {"+2h", 7200},
        {"+1d 30min", 88200},
        {"+ 90", 90},
        {"+1week", 604800},
    };
    int64_t usec = 0;

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        assert_true(when_parse(cases[i].text, NOW_USEC, &usec));
        assert_true(usec == NOW_USEC + cases[i].sec * 1000000);
    }
}

static void test_when_parse__local_zone__by_its_rules(void **state)
{
    (void)state;
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3"); /* an hour before UTC, two in summer */
    assert_true(parse("2026-12-24 18:00") == 1798135200 - 3600);
    assert_true(parse("2026-07-01 18:00") == 1782928800 - 7200);
    assert_true(parse("21:49") == NOW_SEC - 7 + 3660 - 3600);
    /* the night in which the clock is set: what is not there is beside it, the day is the day */
    assert_true(parse("2026-03-29") == 1774738800);
    assert_in_range(parse("2026-03-29 02:30"), 1774745400, 1774749000);
    in_zone("<-03>3<-02>,M3.5.0/0,M10.5.0"); /* at midnight: there is no 0:00 */
    assert_in_range(parse("2026-03-29"), 1774753200 - 3600, 1774753200);
}

static void test_when_parse__day_of_a_change__an_hour_is_missing(void **state)
{
    int64_t usec = 0;

    (void)state;
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    /* Sat 2026-03-28 20:00 CET: tomorrow's 19:00 is CEST */
    assert_true(when_parse("19:00", INT64_C(1774724400000000), &usec));
    assert_true(usec == INT64_C(1774724400000000) + INT64_C(22) * 3600 * 1000000);
}

static void test_when_parse__no_times__refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "now",
        "tomorrow",
        "2h",
        "1d",
        "18",
        "1800",
        "18:0",
        "8:00",
        "24:00",
        "18:60",
        "18:00 ",
        " 18:00",
        "18:00:00:00",
        "18:00:60",
        "2026",
        "2026-12",
        "2026-12-1",
        "26-12-24",
        "2026-13-01",
        "2026-00-01",
        "2026-12-00",
        "2026-12-32",
        "2026-02-29",
        "2026-02-30",
        "2026-11-31",
        "2026-12-24T18:00",
        "2026-12-24  18:00",
        "2026-12-24 18",
        "2026-12-24 18:00Z",
        "2026-12-24 24:00",
        "2026/12/24",
        "24.12.2026",
        "+",
        "+0",
        "+-1h",
        "+1x",
        "-2h",
        "++2h",
        "+99999999999999999999",
        "+9223372036854",
        "+9223372036854775807",
        "1969-12-31",
        "0000-00-00",
        "2026-12-24 18:00\n",
    };

    (void)state;
    in_zone("UTC");
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        if (parse(texts[i]) != -1)
            fail_msg("'%s' is taken for a time", texts[i]);
}

static void test_when_parse_span__units__added_up(void **state)
{
    static const struct {
        const char *text;
        int64_t sec; /* -1: refused */
    } cases[] = {
        {"30", 30},       {"5min", 300},  {"1h 30min", 5400}, {"2 days", 172800},
        {" 1w ", 604800}, {"1h1s", 3601}, {"0", -1},          {"", -1},
        {"-1", -1},       {"1.5h", -1},   {"1y", -1},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        int64_t sec = 0;
        bool good = when_parse_span(cases[i].text, &sec);

        assert_int_equal(good, cases[i].sec > 0);
        if (good)
            assert_true(sec == cases[i].sec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_parse__dates__that_moment),
        cmocka_unit_test(test_when_parse__times_of_day__the_next_one),
        cmocka_unit_test(test_when_parse__spans__from_now_on),
        cmocka_unit_test(test_when_parse__local_zone__by_its_rules),
        cmocka_unit_test(test_when_parse__day_of_a_change__an_hour_is_missing),
        cmocka_unit_test(test_when_parse__no_times__refused),
        cmocka_unit_test(test_when_parse_span__units__added_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
