/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking through JSON values and taking them (common/json.h), and the UTF-8 they are made of. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/macro.h"
#include "common/utf8.h"

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

static void test_json_type__each__told(void **state)
{
    static const struct {
        const char *text;
        enum json_type type;
    } cases[] = {
        {"null", JSON_NULL}, {"true", JSON_BOOL},   {"false", JSON_BOOL}, {"0", JSON_NUMBER},
        {"-1", JSON_NUMBER}, {"\"\"", JSON_STRING}, {"[]", JSON_ARRAY},   {"{}", JSON_OBJECT},
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(json_type(parse_good(cases[i].text)), cases[i].type);
}

static void assert_slice(struct json value, const char *text)
{
    assert_int_equal(value.length, strlen(text));
    assert_memory_equal(value.text, text, value.length);
}

static void test_json_next_element__mixed_array__every_value(void **state)
{
    static const char *const values[] = {
        "1",    "\"a,]\\\"\"", "[ [ ] , 2 ]", "{ \"]\" : \"}\" }", "true",
        "null", "-1.5e3",      "[]",          "\"\\\\\"",
    };
    struct json_cursor cursor;
    struct json value;
    (void)state;

    assert_int_equal(
        json_open(parse_good("[ 1 ,\"a,]\\\"\", [ [ ] , 2 ],{ \"]\" : \"}\" } , true,null\n"
                             ",-1.5e3,[],\"\\\\\" ]"),
                  &cursor),
        0);
    for (size_t i = 0; i < ELEMENTS(values); i++) {
        assert_int_equal(json_next_element(&cursor, &value), 1);
        assert_slice(value, values[i]);
    }
    assert_int_equal(json_next_element(&cursor, &value), 0);
    assert_int_equal(json_next_element(&cursor, &value), 0);
}

static void test_json_next_member__mixed_object__every_member(void **state)
{
    static const char *const members[][2] = {
        {"\"a\"", "1"}, {"\":\"", "\":\""}, {"\"\"", "{\"a\":[1]}"}, {"\"\\\"\"", "null"}};
    struct json_cursor cursor;
    struct json key, value;
    (void)state;

    assert_int_equal(
        json_open(parse_good("{\"a\" : 1 , \":\":\":\",\"\":{\"a\":[1]}, \"\\\"\" :null}"),
                  &cursor),
        0);
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        assert_int_equal(json_next_member(&cursor, &key, &value), 1);
        assert_slice(key, members[i][0]);
        assert_slice(value, members[i][1]);
    }
    assert_int_equal(json_next_member(&cursor, &key, &value), 0);
}

static void test_json_open__no_container__refused(void **state)
{
    static const char *const texts[] = {"1", "\"[]\"", "true", "null"};
    struct json_cursor cursor;
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_int_equal(json_open(parse_good(texts[i]), &cursor), -EINVAL);
    assert_int_equal(json_open((struct json){0}, &cursor), -EINVAL);
}

static void test_json_get_string__escapes__decoded(void **state)
{
    static const char *const cases[][2] = {
        {"\"\"", ""},
        {"\"abc\"", "abc"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud834\\uDD1e!\"", "\xf0\x9d\x84\x9e!"},
        {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"},
        {"\"\xe2\x82\xac\"", "\xe2\x82\xac"},
        {"\"\\u007f\"", "\x7f"},
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct json value = parse_good(cases[i][0]);
        const size_t length = strlen(cases[i][1]);
        char *buffer = test_malloc(length + 1);

        assert_int_equal(json_get_string(value, buffer, length + 1), (int)length);
        assert_string_equal(buffer, cases[i][1]);
        for (size_t size = 0; size <= length; size++)
            assert_int_equal(json_get_string(value, buffer, size), -ENOBUFS);
        test_free(buffer);
        assert_true(json_string_equals(value, cases[i][1]));
    }
}

static void test_json_get_string__nul_or_no_string__refused(void **state)
{
    static const char *const texts[] = {"\"\\u0000\"", "\"a\\u0000\"", "1",   "null",
                                        "[]",          "{}",           "true"};
    char buffer[16];
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        assert_int_equal(json_get_string(parse_good(texts[i]), buffer, sizeof(buffer)), -EINVAL);
        assert_false(json_string_equals(parse_good(texts[i]), ""));
        assert_false(json_string_equals(parse_good(texts[i]), "a"));
        assert_false(json_string_equals(parse_good(texts[i]), texts[i]));
    }
    assert_int_equal(json_get_string((struct json){0}, buffer, sizeof(buffer)), -EINVAL);
}

static void test_json_string_equals__prefixes__differ(void **state)
{
    (void)state;

    assert_true(json_string_equals(parse_good("\"ab\""), "ab"));
    assert_false(json_string_equals(parse_good("\"ab\""), "a"));
    assert_false(json_string_equals(parse_good("\"ab\""), "abc"));
    assert_false(json_string_equals(parse_good("\"ab\""), ""));
    assert_false(json_string_equals(parse_good("\"\\u0061b\""), "Ab"));
}

static void test_json_get_int__edges__exact(void **state)
{
    static const struct {
        const char *text;
        int result;
        int64_t number;
    } cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"1", 0, 1},
        {"-1", 0, -1},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -ERANGE, 7},
        {"-9223372036854775809", -ERANGE, 7},
        {"18446744073709551616", -ERANGE, 7},
        {"99999999999999999999999999999999", -ERANGE, 7},
        {"1.0", -EINVAL, 7},
        {"1e2", -EINVAL, 7},
        {"1E2", -EINVAL, 7},
        {"0.0", -EINVAL, 7},
        {"99999999999999999999999999999999.5", -EINVAL, 7},
        {"\"1\"", -EINVAL, 7},
        {"true", -EINVAL, 7},
        {"null", -EINVAL, 7},
        {"[1]", -EINVAL, 7},
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        int64_t number = 7;

        assert_int_equal(json_get_int(parse_good(cases[i].text), &number), cases[i].result);
        assert_true(number == cases[i].number);
    }
}

static void test_json_get_bool__each_type__only_booleans(void **state)
{
    static const char *const others[] = {"null", "1", "0", "\"true\"", "[]", "{}"};
    bool flag = false;
    (void)state;

    assert_int_equal(json_get_bool(parse_good("true"), &flag), 0);
    assert_true(flag);
    for (size_t i = 0; i < ELEMENTS(others); i++)
        assert_int_equal(json_get_bool(parse_good(others[i]), &flag), -EINVAL);
    assert_true(flag);
    assert_int_equal(json_get_bool(parse_good("false"), &flag), 0);
    assert_false(flag);
}

static void test_utf8_is_printable__controls__refused(void **state)
{
    static const char *const good[] = {
        "", "a b~", "\xc2\xa0", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x82\xac"};
    static const char *const bad[] = {"\x01",      "a\n",     "\x1f", "\x7f", "\xc2\x80",
                                      "x\xc2\x9f", "\x1b[0m", "\xff", "\xc2"};
    (void)state;

    for (size_t i = 0; i < ELEMENTS(good); i++)
        assert_true(utf8_is_printable(good[i]));
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        assert_false(utf8_is_printable(bad[i]));
}

static void test_utf8_sequence_bytes__nothing_there__zero(void **state)
{
    (void)state;

    assert_int_equal(utf8_sequence_bytes("a", 0), 0);
    assert_int_equal(utf8_sequence_bytes("\xc3\xa9", 1), 0);
    assert_int_equal(utf8_sequence_bytes("\xc3\xa9", 2), 2);
}

static void test_utf8_encode__every_code_point__well_formed(void **state)
{
    unsigned char bytes[UTF8_SEQUENCE_MAX_BYTES];
    (void)state;

    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        const size_t length = utf8_encode(code, bytes);
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;

        if (utf8_sequence_bytes((const char *)bytes, length) != (surrogate ? 0 : length))
            fail_msg("U+%04X", code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_type__each__told),
        cmocka_unit_test(test_json_next_element__mixed_array__every_value),
        cmocka_unit_test(test_json_next_member__mixed_object__every_member),
        cmocka_unit_test(test_json_open__no_container__refused),
        cmocka_unit_test(test_json_get_string__escapes__decoded),
        cmocka_unit_test(test_json_get_string__nul_or_no_string__refused),
        cmocka_unit_test(test_json_string_equals__prefixes__differ),
        cmocka_unit_test(test_json_get_int__edges__exact),
        cmocka_unit_test(test_json_get_bool__each_type__only_booleans),
        cmocka_unit_test(test_utf8_is_printable__controls__refused),
        cmocka_unit_test(test_utf8_sequence_bytes__nothing_there__zero),
        cmocka_unit_test(test_utf8_encode__every_code_point__well_formed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
