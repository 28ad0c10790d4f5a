/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text: what is accepted and what is refused (common/json.h). Long because of its two tables,
 * which have a line for each text.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/macro.h"

/* A text that may hold NUL bytes. */
#define TEXT(literal)                                    \
    {                                                    \
        .text = (literal), .length = sizeof(literal) - 1 \
    }

struct text {
    const char *text;
    size_t length;
};

static int parse(const char *text, struct json *ret)
{
    return json_parse(text, strlen(text), ret);
}

static struct json parse_good(const char *text)
{
    struct json value = {0};

    assert_int_equal(parse(text, &value), 0);
    return value;
}

/* Parses a copy that ends where its memory ends, so that ASan and valgrind see a read beyond. */
static int parse_tight(struct text text, char *copy)
{
    struct json value;

    memcpy(copy, text.text, text.length);
    return json_parse(copy, text.length, &value);
}

/* Each is one JSON value. */
static const char *const well_formed[] = {
    "0",
    "-0",
    "1",
    "-1",
    "10",
    "1234567890",
    "0.5",
    "-0.0",
    "1e5",
    "1E+5",
    "1e-05",
    "0e0",
    "1.25E2",
    "123456789012345678901234567890",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\"",
    "\"\\u00e9\\u00E9\"",
    "\"\\uD834\\uDD1E\"",
    "\"\\uffff\\ufdd0\"",
    "\"\x7f\"",
    "\"\xc2\x80\xdf\xbf\"",
    "\"\xe0\xa0\x80\xef\xbf\xbf\"",
    "\"\xed\x9f\xbf\xee\x80\x80\"",
    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[1]",
    "[1,2]",
    " [ 1 , 2 ] ",
    "\t\r\n 1 \t\r\n",
    "{\"a\":1}",
    " { \"a\" : [ { } , null ] , \"b\" : \"\" } ",
    "{\"\":0}",
    "{\"a\":{\"a\":{\"a\":1}}}",
    "[{\"a\":1},{\"a\":1}]",
    "[[],[[]],{}]",
    "{\"a\":1,\"A\":2,\"aa\":3}",
    "[\"]\",\"}\",\"\\\"\"]",
    "{\"a\\u0000b\":1,\"a\":2}",
    "[true,false,null]",
    "[-1.5e-3]",
};

static void test_json_parse__well_formed__accepted(void **state)
{
    (void)state;

    for (size_t i = 0; i < ELEMENTS(well_formed); i++) {
        struct json value;

        if (parse(well_formed[i], &value) != 0)
            fail_msg("refused: %s", well_formed[i]);
    }
}

/* None is. */
static const struct text malformed[] = {
    TEXT(""),
    TEXT(" "),
    TEXT("\0"),
    TEXT("1\0"),
    TEXT("[1]\0"),
    TEXT("\"\0\""),
    TEXT("\"a\0b\""),
    TEXT("\xef\xbb\xbf{}"),
    TEXT("[]]"),
    TEXT("[]["),
    TEXT("{}{}"),
    TEXT("1 2"),
    TEXT("1,"),
    TEXT(","),
    TEXT("]"),
    TEXT("}"),
    TEXT(":"),
    TEXT("["),
    TEXT("{"),
    TEXT("[1"),
    TEXT("[1,"),
    TEXT("[1,]"),
    TEXT("[,]"),
    TEXT("[,1]"),
    TEXT("[1,,2]"),
    TEXT("[1 2]"),
    TEXT("[1:2]"),
    TEXT("[1}"),
    TEXT("{1:2}"),
    TEXT("{\"a\"}"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\" 1}"),
    TEXT("{\"a\":1,}"),
    TEXT("{,}"),
    TEXT("{\"a\":1]"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\"::1}"),
    TEXT("{\"a\":1,,\"b\":2}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{\"a\""),
    TEXT("{\"a\":"),
    TEXT("{\"a\":1"),
    TEXT("{null:1}"),
    TEXT("01"),
    TEXT("-01"),
    TEXT("00"),
    TEXT("-"),
    TEXT("+1"),
    TEXT(".5"),
    TEXT("1."),
    TEXT("-.5"),
    TEXT("1.e1"),
    TEXT("1e"),
    TEXT("1e+"),
    TEXT("1e1.5"),
    TEXT("0x10"),
    TEXT("1_000"),
    TEXT("- 1"),
    TEXT("NaN"),
    TEXT("Infinity"),
    TEXT("-Infinity"),
    TEXT("1a"),
    TEXT("--1"),
    TEXT("tru"),
    TEXT("True"),
    TEXT("truee"),
    TEXT("nul"),
    TEXT("nulll"),
    TEXT("fals"),
    TEXT("TRUE"),
    TEXT("undefined"),
    TEXT("\""),
    TEXT("\"a"),
    TEXT("'a'"),
    TEXT("\"\\\""),
    TEXT("\"\\"),
    TEXT("\"\\a\""),
    TEXT("\"\\'\""),
    TEXT("\"\\x41\""),
    TEXT("\"\\u\""),
    TEXT("\"\\u12\""),
    TEXT("\"\\u12g4\""),
    TEXT("\"\\u123"),
    TEXT("\"\\U0041\""),
    TEXT("\"\\\0\""),
    TEXT("\"\n\""),
    TEXT("\"\t\""),
    TEXT("\"\x1f\""),
    TEXT("\"\\ud800\""),
    TEXT("\"\\udc00\""),
    TEXT("\"\\ud800\\ud800\""),
    TEXT("\"\\ud800\\u0041\""),
    TEXT("\"\\udc00\\ud800\""),
    TEXT("\"\\ud800x\""),
    TEXT("\"\\ud800\\n\""),
    TEXT("\"\\ud800\\udc0"),
    TEXT("\"\\ud800\\"),
    TEXT("[1]//x"),
    TEXT("/**/1"),
    TEXT("#1"),
    TEXT("\f1"),
    TEXT("\v1"),
    TEXT("\xc2\xa0"
         "1"),
    TEXT("\xe2\x80\xa8"
         "1"),
};

static void test_json_parse__malformed__refused(void **state)
{
    (void)state;

    for (size_t i = 0; i < ELEMENTS(malformed); i++) {
        char *copy = test_malloc(malformed[i].length + (malformed[i].length == 0));

        if (parse_tight(malformed[i], copy) != -EBADMSG)
            fail_msg("not refused: %zu: %s", i, malformed[i].text);
        test_free(copy);
    }
}

static void test_json_parse__not_utf8__refused(void **state)
{
    static const char *const bytes[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xc2\xc2",
        "\xdf\x7f",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe1\x80",
        "\xe1\x80\x41",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xed\xa0\xb4\xed\xb4\x9e",
        "\xef\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf0\x90\x80\x41",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",
        "\xfe",
        "\xff",
    };
    char text[64];
    struct json value;
    (void)state;

    for (size_t i = 0; i < ELEMENTS(bytes); i++) {
        (void)snprintf(text, sizeof(text), "\"%s\"", bytes[i]);
        if (parse(text, &value) != -EBADMSG)
            fail_msg("not refused: %zu in a string", i);
        /* cut off by the end of the text */
        assert_int_equal(json_parse(text, strlen(text) - 1, &value), -EBADMSG);
        (void)snprintf(text, sizeof(text), "{\"%s\":1}", bytes[i]);
        assert_int_equal(parse(text, &value), -EBADMSG);
        (void)snprintf(text, sizeof(text), "%s", bytes[i]);
        assert_int_equal(parse(text, &value), -EBADMSG);
    }
}

static void test_json_parse__duplicate_key__refused(void **state)
{
    static const char *const texts[] = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"\":1,\"\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
        "{\"\\uD834\\uDD1E\":1,\"\xf0\x9d\x84\x9e\":2}",
        "{\"\\/\":1,\"/\":2}",
        "{\"\\u000a\":1,\"\\n\":2}",
        "{\"\\u0000\":1,\"\\u0000\":2}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "{\"a\":{\"b\":1},\"a\":2}",
        "[{\"a\":[],\"c\":0,\"b\":1,\"a\":{}}]",
        "{\"\\\"\":1,\"\\u0022\":2}",
        "{\"b\":1,\"c\":2,\"a\":3,\"d\":4,\"c\":5}",
    };
    struct json value;
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++)
        if (parse(texts[i], &value) != -EBADMSG)
            fail_msg("not refused: %s", texts[i]);
}

static void test_json_parse__depth__bounded_by_32(void **state)
{
    char text[4 * (JSON_DEPTH_MAX + 1) + 2];
    struct json value;
    size_t length = 0;
    (void)state;

    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(json_parse(text, 2 * depth, &value), depth > JSON_DEPTH_MAX ? -E2BIG : 0);
    }
    for (size_t i = 0; i < JSON_DEPTH_MAX; i++, length += 4)
        memcpy(text + length, "{\"\":", 4);
    assert_int_equal(json_parse(text, length, &value), -EBADMSG);
    memcpy(text + length, "{}", 2);
    assert_int_equal(json_parse(text, length + 2, &value), -E2BIG);
}

static void test_json_parse__length__bounded_by_64_kib(void **state)
{
    char *text = test_malloc(JSON_TEXT_MAX_BYTES + 1);
    struct json value;
    (void)state;

    memset(text, 'x', JSON_TEXT_MAX_BYTES + 1);
    text[0] = text[JSON_TEXT_MAX_BYTES - 1] = '"';
    assert_int_equal(json_parse(text, JSON_TEXT_MAX_BYTES, &value), 0);
    assert_int_equal(value.length, JSON_TEXT_MAX_BYTES);
    text[JSON_TEXT_MAX_BYTES] = ' ';
    assert_int_equal(json_parse(text, JSON_TEXT_MAX_BYTES + 1, &value), -E2BIG);
    test_free(text);
}

/* Writes an object of count members with keys that come in no order. */
static struct json object_of(size_t count, char *buffer, size_t size)
{
    struct json_writer writer;
    struct json value;
    char key[16];

    json_writer_init(&writer, buffer, size);
    json_begin_object(&writer);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(key, sizeof(key), "k%zu", i * 37 % 1009);
        json_key(&writer, key);
        json_null(&writer);
    }
    json_end_object(&writer);
    assert_int_equal(json_writer_finish(&writer, &value), 0);
    return value;
}

static void test_json_parse__members__bounded_by_128(void **state)
{
    char buffer[4096];
    struct json value, parsed;
    (void)state;

    value = object_of(JSON_MEMBERS_MAX, buffer, sizeof(buffer));
    assert_int_equal(json_parse(value.text, value.length, &parsed), 0);
    value = object_of(JSON_MEMBERS_MAX + 1, buffer, sizeof(buffer));
    assert_int_equal(json_parse(value.text, value.length, &parsed), -E2BIG);
}

static void test_json_parse__duplicate_among_128__refused(void **state)
{
    char buffer[4096];
    struct json value, parsed;
    (void)state;

    /* the last member gets, in turn, the key of each other one: 37 * 127 % 1009 is 663 */
    for (size_t i = 0; i < JSON_MEMBERS_MAX - 1; i++) {
        char *last, key[16];

        value = object_of(JSON_MEMBERS_MAX, buffer, sizeof(buffer));
        last = strstr(buffer, "\"k663\"");
        assert_non_null(last);
        (void)snprintf(key, sizeof(key), "\"k%zu\"", i * 37 % 1009);
        memcpy(last, "      ", 6);
        memcpy(last, key, strlen(key));
        assert_int_equal(json_parse(value.text, value.length, &parsed), -EBADMSG);
    }
}

static void test_json_parse__white_space_around__not_in_the_slice(void **state)
{
    const struct json value = parse_good(" \t\r\n[ 1 ] \n");
    (void)state;

    assert_int_equal(value.length, 5);
    assert_memory_equal(value.text, "[ 1 ]", 5);
}

static void test_json_parse__error__result_untouched(void **state)
{
    struct json value = {.text = "before", .length = 6};
    (void)state;

    assert_int_equal(parse("[1", &value), -EBADMSG);
    assert_string_equal(value.text, "before");
    assert_int_equal(value.length, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_parse__well_formed__accepted),
        cmocka_unit_test(test_json_parse__malformed__refused),
        cmocka_unit_test(test_json_parse__not_utf8__refused),
        cmocka_unit_test(test_json_parse__duplicate_key__refused),
        cmocka_unit_test(test_json_parse__depth__bounded_by_32),
        cmocka_unit_test(test_json_parse__length__bounded_by_64_kib),
        cmocka_unit_test(test_json_parse__members__bounded_by_128),
        cmocka_unit_test(test_json_parse__duplicate_among_128__refused),
        cmocka_unit_test(test_json_parse__white_space_around__not_in_the_slice),
        cmocka_unit_test(test_json_parse__error__result_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
