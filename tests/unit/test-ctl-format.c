/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sessmgrctl shows: text made harmless, times, tables, JSON (ctl/format.h, table.h, json.h).
 */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/json.h"
#include "ctl/table.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void assert_printable(const char *text, const char *expected)
{
    char *printable = format_printable(text);

    assert_non_null(printable);
    assert_string_equal(printable, expected);
    free(printable);
}

static void test_format_printable__harmless_text__unchanged(void **state)
{
    (void)state;
    assert_printable("", "");
    assert_printable("DOM\\alice 日本語 \xf0\x9f\x98\x80", "DOM\\alice 日本語 \xf0\x9f\x98\x80");
}

static void test_format_printable__control_characters__escaped(void **state)
{
    (void)state;
    assert_printable("a\x1b[2Jb\n\x7f", "a\\x1b[2Jb\\x0a\\x7f");
    assert_printable("\xc2\x9b"
                     "31m",
                     "\\x9b31m");
    assert_printable("\xe2\x80\xae", "\\u202e");
}

static void test_format_printable__not_utf8__each_byte_escaped(void **state)
{
    (void)state;
    assert_printable("\xff", "\\xff");
    assert_printable("\xc0\xaf", "\\xc0\\xaf");          /* overlong */
    assert_printable("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
    assert_printable("\xe6\x97", "\\xe6\\x97");          /* cut off */
}

static void test_format_width__wide_and_combining__columns_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(format_width("alice"), 5);
    assert_int_equal(format_width("日本"), 4);
    assert_int_equal(format_width("e\xcc\x81"), 1);
    assert_int_equal(format_width("\xff"), 1);
}

static void test_format_left__each_size__two_largest_units(void **state)
{
    static const struct {
        int64_t left;
        const char *text;
    } cases[] = {
        {2 * HOUR + 3 * MINUTE, "2h 3min left"},
        {2 * HOUR + 59 * SECOND, "2h left"},
        {DAY + 2 * HOUR + 59 * MINUTE, "1d 2h left"},
        {400 * DAY, "400d left"},
        {3 * MINUTE + 4 * SECOND, "3min 4s left"},
        {59 * SECOND, "59s left"},
        {59 * SECOND + 1, "1min left"},
        {1, "1s left"},
        {0, "ending now"},
        {-HOUR, "ending now"},
    };
    char buffer[FORMAT_TIME_BYTES];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_string_equal(format_left(DAY + cases[i].left, DAY, buffer), cases[i].text);
    assert_string_equal(format_left(-1, DAY, buffer), "-");
}

static void test_format_ago__each_size__two_largest_units(void **state)
{
    char buffer[FORMAT_TIME_BYTES];

    (void)state;
    assert_string_equal(format_ago(DAY - 2 * HOUR - 3 * MINUTE, DAY, buffer), "2h 3min ago");
    assert_string_equal(format_ago(DAY - SECOND + 1, DAY, buffer), "just now");
    assert_string_equal(format_ago(DAY + HOUR, DAY, buffer), "just now");
    assert_string_equal(format_ago(-1, DAY, buffer), "-");
}

/* Whole seconds would make what is left look up to a second longer. */
static void test_format_now__between_two_readings__in_order(void **state)
{
    struct timespec before, after;
    int64_t now;

    (void)state;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
    now = format_now();
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &after), 0);
    assert_true(now >= before.tv_sec * SECOND + before.tv_nsec / 1000);
    assert_true(now <= after.tv_sec * SECOND + after.tv_nsec / 1000);
}

static void test_format_time__in_a_time_zone__local(void **state)
{
    char buffer[FORMAT_TIME_BYTES];

    (void)state;
    assert_int_equal(setenv("TZ", "XYZ-2", 1), 0);
    tzset();
    assert_string_equal(format_time(INT64_C(1700000000) * SECOND, buffer),
                        "Wed 2023-11-15 00:13:20 XYZ");
    assert_string_equal(format_time(-1, buffer), "-");
    assert_non_null(format_time(INT64_MAX, buffer));
}

static void test_format_colour__not_wanted__nothing(void **state)
{
    (void)state;
    assert_string_equal(format_colour_on(false, COLOUR_GREEN), "");
    assert_string_equal(format_colour_off(false, COLOUR_GREEN), "");
    assert_string_equal(format_colour_on(true, COLOUR_GREEN), "\x1b[32m");
    assert_string_equal(format_colour_off(true, COLOUR_GREEN), "\x1b[0m");
    assert_false(format_colour_wanted(-1));
}

/* A stream whose text can be looked at. */
struct output {
    FILE *stream;
    char *text;
    size_t size;
};

static void output_open(struct output *output)
{
    output->stream = open_memstream(&output->text, &output->size);
    assert_non_null(output->stream);
}

static void assert_output(struct output *output, const char *expected)
{
    assert_int_equal(fclose(output->stream), 0);
    assert_string_equal(output->text, expected);
    free(output->text);
}

static struct table *make_table(void)
{
    static const char *const heads[] = {"USER", "TTY", "LEFT"};
    static const char *const rows[][3] = {{"日本", NULL, "1h"}, {"a\tb", "/dev/pts/3", "-"}};
    struct table *table = NULL;

    assert_int_equal(table_new(&table, heads, 3), 0);
    assert_int_equal(table_add(table, rows[0], COLOUR_NONE), 0);
    assert_int_equal(table_add(table, rows[1], COLOUR_GREY), 0);
    return table;
}

static void test_table_print__wide_text_and_heads__aligned(void **state)
{
    struct table *table = make_table();
    struct output output;

    (void)state;
    output_open(&output);
    table_print(table, output.stream, true, false);
    table_free(table);
    assert_output(&output, "USER    TTY         LEFT\n"
                           "日本    -           1h\n"
                           "a\\x09b  /dev/pts/3  -\n");
}

static void test_table_print__colours_without_heads__only_where_there_is_one(void **state)
{
    struct table *table = make_table();
    struct output output;

    (void)state;
    output_open(&output);
    table_print(table, output.stream, false, true);
    table_free(table);
    assert_output(&output, "日本    -           1h\n"
                           "\x1b[90ma\\x09b  /dev/pts/3  -\x1b[0m\n");
}

static void assert_json(const char *text, enum json_mode mode, const char *expected)
{
    struct output output;

    output_open(&output);
    json_print(output.stream, text, mode);
    assert_output(&output, expected);
}

static void test_json_print__short__one_line_without_white_space(void **state)
{
    (void)state;
    assert_json(" { \"a\" : [ 1 , -2.5e3,true ] ,\n\"b c\": \" x \\\" , \" } ", JSON_SHORT,
                "{\"a\":[1,-2.5e3,true],\"b c\":\" x \\\" , \"}\n");
    assert_json("null", JSON_SHORT, "null\n");
}

static void test_json_print__pretty__indented(void **state)
{
    (void)state;
    assert_json("{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[ ],\"e\":\"{\"}", JSON_PRETTY,
                "{\n"
                "    \"a\": [\n"
                "        1,\n"
                "        {\n"
                "            \"b\": null\n"
                "        }\n"
                "    ],\n"
                "    \"c\": {},\n"
                "    \"d\": [],\n"
                "    \"e\": \"{\"\n"
                "}\n");
    assert_json("[]", JSON_PRETTY, "[]\n");
}

static void test_json_print__characters_that_a_terminal_obeys__escaped(void **state)
{
    (void)state;
    assert_json("[\"\xc2\x9b\x7f\xe2\x80\xae日\"]", JSON_SHORT, "[\"\\u009b\\u007f\\u202e日\"]\n");
}

static void test_json_print__not_json__ends(void **state)
{
    (void)state;
    assert_json("]]}", JSON_PRETTY, "]]}\n");
    assert_json("\"open\\", JSON_SHORT, "\"open\\\n");
}

static void test_json_print_string__any_bytes__a_json_string(void **state)
{
    struct output output;

    (void)state;
    output_open(&output);
    json_print_string(output.stream, "a\"b\\\n\xff日");
    assert_output(&output, "\"a\\\"b\\\\\\u000a\\ufffd日\"");
}

static void collect(const char *key, const char *value, void *userdata)
{
    fprintf(userdata, "%s=%s;", key, value);
}

static void test_json_for_each__object__each_member(void **state)
{
    struct output output;

    (void)state;
    output_open(&output);
    assert_int_equal(
        json_for_each(" {\"a\": 1, \"b\" :{\"c\":[2,3]},\"d\":\"x,}\" } ", collect, output.stream),
        0);
    assert_int_equal(json_for_each("{}", collect, output.stream), 0);
    assert_int_equal(json_for_each("[]", collect, output.stream), -EINVAL);
    assert_int_equal(json_for_each("{\"a\"", collect, output.stream), -EINVAL);
    assert_output(&output, "a=1;b={\"c\":[2,3]};d=\"x,}\";");
}

static void assert_text(const char *value, const char *expected)
{
    char *text = json_text(value);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void test_json_text__values__what_they_say(void **state)
{
    (void)state;
    assert_text("\"8h\"", "8h");
    assert_text("\"\"", "");
    assert_text("\"a \\\"b\\\" \\\\ \\/\"", "a \"b\" \\ /");
    assert_text("\"\\\\\\\\n\"", "\\\\n");
    assert_text("\"\\n\\u001b\"", "\\n\\u001b");
    assert_text("17", "17");
    assert_text("{\"a\":\"\\\"\"}", "{\"a\":\"\\\"\"}");
}

static void test_json_text__not_json__ends(void **state)
{
    (void)state;
    assert_text("", "");
    assert_text("\"", "\"");
    assert_text("\"a\\\"", "a\\");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_printable__harmless_text__unchanged),
        cmocka_unit_test(test_format_printable__control_characters__escaped),
        cmocka_unit_test(test_format_printable__not_utf8__each_byte_escaped),
        cmocka_unit_test(test_format_width__wide_and_combining__columns_of_a_terminal),
        cmocka_unit_test(test_format_left__each_size__two_largest_units),
        cmocka_unit_test(test_format_ago__each_size__two_largest_units),
        cmocka_unit_test(test_format_now__between_two_readings__in_order),
        cmocka_unit_test(test_format_time__in_a_time_zone__local),
        cmocka_unit_test(test_format_colour__not_wanted__nothing),
        cmocka_unit_test(test_table_print__wide_text_and_heads__aligned),
        cmocka_unit_test(test_table_print__colours_without_heads__only_where_there_is_one),
        cmocka_unit_test(test_json_print__short__one_line_without_white_space),
        cmocka_unit_test(test_json_print__pretty__indented),
        cmocka_unit_test(test_json_print__characters_that_a_terminal_obeys__escaped),
        cmocka_unit_test(test_json_print__not_json__ends),
        cmocka_unit_test(test_json_print_string__any_bytes__a_json_string),
        cmocka_unit_test(test_json_for_each__object__each_member),
        cmocka_unit_test(test_json_text__values__what_they_say),
        cmocka_unit_test(test_json_text__not_json__ends),
    };

    /* part of glibc since 2.35: needs no locale to be installed */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
