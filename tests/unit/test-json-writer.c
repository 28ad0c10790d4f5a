/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text: what is written (common/json.h), and that what one side writes the other side reads,
 * also for texts that chance has made.
 */
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

enum { MUTATIONS = 20000 };

static struct json parse_good(const char *text)
{
    struct json value = {0};

    assert_int_equal(json_parse(text, strlen(text), &value), 0);
    return value;
}

/* Writes a value again, by its members and elements. A key that no C string can hold sets *ret_nul
 * and is written as "". */
static void rewrite(struct json_writer *writer, struct json value, bool *ret_nul);

static void rewrite_container(struct json_writer *writer, struct json value, bool *ret_nul)
{
    static const size_t size = JSON_TEXT_MAX_BYTES;
    const bool is_object = json_type(value) == JSON_OBJECT;
    struct json_cursor cursor;
    struct json key, item;

    assert_int_equal(json_open(value, &cursor), 0);
    if (is_object)
        json_begin_object(writer);
    else
        json_begin_array(writer);
    while ((is_object ? json_next_member(&cursor, &key, &item)
                      : json_next_element(&cursor, &item)) > 0) {
        if (is_object) {
            char *text = test_malloc(size);
            const int r = json_get_string(key, text, size);

            *ret_nul |= r < 0;
            json_key(writer, r < 0 ? "" : text);
            test_free(text);
        }
        rewrite(writer, item, ret_nul);
    }
    if (is_object)
        json_end_object(writer);
    else
        json_end_array(writer);
}

static void rewrite(struct json_writer *writer, struct json value, bool *ret_nul)
{
    char text[JSON_TEXT_MAX_BYTES / 16];
    int64_t number;
    bool flag;

    switch (json_type(value)) {
    case JSON_NULL:
        json_null(writer);
        break;
    case JSON_BOOL:
        assert_int_equal(json_get_bool(value, &flag), 0);
        json_bool(writer, flag);
        break;
    case JSON_NUMBER:
        if (json_get_int(value, &number) == 0)
            json_int(writer, number);
        else
            json_raw(writer, value);
        break;
    case JSON_STRING:
        if (json_get_string(value, text, sizeof(text)) >= 0)
            json_string(writer, text);
        else
            json_raw(writer, value);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        rewrite_container(writer, value, ret_nul);
        break;
    }
}

/* Rewrites an accepted text twice: the second must be accepted and the same as the first. */
static void assert_rewrites(struct json value)
{
    static const size_t size = JSON_TEXT_MAX_BYTES + 1;
    char *first = test_malloc(size), *second = test_malloc(size);
    struct json_writer writer;
    struct json one, parsed, other;
    bool nul = false;

    json_writer_init(&writer, first, size);
    rewrite(&writer, value, &nul);
    assert_int_equal(json_writer_finish(&writer, &one), 0);
    if (!nul) {
        assert_int_equal(json_parse(one.text, one.length, &parsed), 0);
        assert_int_equal(parsed.length, one.length);
        json_writer_init(&writer, second, size);
        rewrite(&writer, parsed, &nul);
        assert_int_equal(json_writer_finish(&writer, &other), 0);
        assert_string_equal(other.text, one.text);
    }
    test_free(first);
    test_free(second);
}

static void write_sample(struct json_writer *writer)
{
    json_begin_object(writer);
    json_key(writer, "a\"");
    json_begin_array(writer);
    json_int(writer, INT64_MIN);
    json_int(writer, INT64_MAX);
    json_begin_object(writer);
    json_end_object(writer);
    json_bool(writer, true);
    json_bool(writer, false);
    json_null(writer);
    json_end_array(writer);
    json_key(writer, "");
    json_string(writer, "x\xe2\x82\xac");
    json_key(writer, "r");
    json_raw(writer, parse_good(" [1, 2] "));
    json_key(writer, "e");
    json_begin_array(writer);
    json_end_array(writer);
    json_end_object(writer);
}

static const char sample[] = "{\"a\\\"\":[-9223372036854775808,9223372036854775807,{},true,false,"
                             "null],\"\":\"x\xe2\x82\xac\","
                             "\"r\":[1, 2],\"e\":[]}";

static void test_json_writer__sample__exact_text(void **state)
{
    char buffer[256];
    struct json_writer writer;
    struct json value;
    (void)state;

    json_writer_init(&writer, buffer, sizeof(buffer));
    write_sample(&writer);
    assert_int_equal(json_writer_finish(&writer, &value), 0);
    assert_string_equal(value.text, sample);
    assert_int_equal(value.length, strlen(sample));
    assert_rewrites(value);
}

static void test_json_writer__every_smaller_buffer__refused(void **state)
{
    (void)state;

    for (size_t size = 0; size <= sizeof(sample); size++) {
        char *buffer = test_malloc(size + (size == 0));
        struct json value = {.length = 7};
        struct json_writer writer;

        json_writer_init(&writer, buffer, size);
        write_sample(&writer);
        if (size < sizeof(sample)) {
            assert_int_equal(json_writer_finish(&writer, &value), -ENOBUFS);
            assert_int_equal(value.length, 7);
        } else {
            assert_int_equal(json_writer_finish(&writer, &value), 0);
        }
        test_free(buffer);
    }
}

/* Writes a string of that many bytes in all, quotes counted. */
static int write_long(char *buffer, size_t size, size_t text_bytes)
{
    char *text = test_malloc(text_bytes - 1);
    struct json_writer writer;
    struct json value;
    int r;

    memset(text, 'x', text_bytes - 2);
    text[text_bytes - 2] = '\0';
    json_writer_init(&writer, buffer, size);
    json_string(&writer, text);
    r = json_writer_finish(&writer, &value);
    test_free(text);
    return r;
}

static void test_json_writer__64_kib__bound_in_any_buffer(void **state)
{
    static const size_t size = JSON_TEXT_MAX_BYTES + 100;
    char *buffer = test_malloc(size);
    (void)state;

    assert_int_equal(write_long(buffer, size, JSON_TEXT_MAX_BYTES), 0);
    assert_int_equal(write_long(buffer, size, JSON_TEXT_MAX_BYTES + 1), -ENOBUFS);
    test_free(buffer);
}

static void test_json_string__every_ascii_character__escaped_as_needed(void **state)
{
    (void)state;

    for (int c = 1; c < 0x80; c++) {
        const char text[] = {(char)c, '\0'};
        char buffer[16], decoded[2];
        struct json_writer writer;
        struct json value, parsed;

        json_writer_init(&writer, buffer, sizeof(buffer));
        json_string(&writer, text);
        assert_int_equal(json_writer_finish(&writer, &value), 0);
        /* escaped if and only if RFC 8259 section 7 asks for it */
        assert_int_equal(value.length > 3, c < 0x20 || c == '"' || c == '\\');
        assert_int_equal(json_parse(value.text, value.length, &parsed), 0);
        assert_int_equal(json_get_string(parsed, decoded, sizeof(decoded)), 1);
        assert_string_equal(decoded, text);
    }
}

static void test_json_string__not_utf8__error_kept(void **state)
{
    static const char *const texts[] = {
        "\x80", "a\xc2", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "ok\xff"};
    (void)state;

    for (size_t i = 0; i < 2 * ELEMENTS(texts); i++) {
        const bool as_key = i % 2;
        char buffer[64];
        struct json_writer writer;
        struct json value;

        json_writer_init(&writer, buffer, sizeof(buffer));
        json_begin_object(&writer);
        json_key(&writer, as_key ? texts[i / 2] : "k");
        json_string(&writer, as_key ? "v" : texts[i / 2]);
        json_end_object(&writer);
        assert_int_equal(json_writer_finish(&writer, &value), -EILSEQ);
    }
}

/* Writes arrays inside each other around a raw value. */
static int write_nested(unsigned depth, const char *raw)
{
    char buffer[256];
    struct json_writer writer;
    struct json value, parsed;
    int r;

    json_writer_init(&writer, buffer, sizeof(buffer));
    for (unsigned i = 0; i < depth; i++)
        json_begin_array(&writer);
    json_raw(&writer, parse_good(raw));
    for (unsigned i = 0; i < depth; i++)
        json_end_array(&writer);
    r = json_writer_finish(&writer, &value);
    if (r == 0)
        assert_int_equal(json_parse(value.text, value.length, &parsed), 0);
    return r;
}

static void test_json_writer__depth__bounded_by_32(void **state)
{
    (void)state;

    assert_int_equal(write_nested(JSON_DEPTH_MAX, "1"), 0);
    assert_int_equal(write_nested(JSON_DEPTH_MAX + 1, "1"), -E2BIG);
    /* what is written raw counts too, but not the brackets in its strings */
    assert_int_equal(write_nested(JSON_DEPTH_MAX - 2, "[{\"\\\"[[[\":\"[{\"},[]]"), 0);
    assert_int_equal(write_nested(JSON_DEPTH_MAX - 2, "[{\"a\":[]}]"), -E2BIG);
}

/* A small generator of its own, so that every run and every host tests the same texts. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Spoils 1 to 4 places of a text: a byte is replaced, removed, inserted, or a piece is repeated. */
static size_t mutate(char *text, size_t length, size_t size, uint32_t *seed)
{
    static const char likely[] =
        "\"\\{}[],:0-+.eEu9adntf \t\n/bx\x01\x1f\x7f\x80\xbf\xc2\xe0\xed\xf0\xf4\xff";

    for (uint32_t rounds = next_random(seed) % 4 + 1; rounds > 0 && length > 1; rounds--) {
        const size_t at = next_random(seed) % length;
        const size_t piece = next_random(seed) % (length - at) + 1;
        const char byte = likely[next_random(seed) % sizeof(likely)];

        switch (next_random(seed) % 4) {
        case 0:
            text[at] = byte;
            break;
        case 1:
            memmove(text + at, text + at + 1, length - at - 1);
            length--;
            break;
        case 2:
            if (length == size)
                break;
            memmove(text + at + 1, text + at, length - at);
            text[at] = byte;
            length++;
            break;
        default:
            if (length + piece > size)
                break;
            memmove(text + at + piece, text + at, length - at);
            length += piece;
            break;
        }
    }
    return length;
}

static void test_json_parse__mutated_texts__refused_or_rewritten(void **state)
{
    static const char *const seeds[] = {
        sample,
        "{\"method\":\"io.sessmgr.Login.Open\",\"parameters\":{\"login\":{\"uid\":1000,\"groups\":["
        "1,2,3]}}}",
        "[[[[{\"a\\u0062\":\"\\ud834\\udd1e\",\"ab\":-0.5e+10},[],{}],null],true],\"\xc3\xa9\\n\"]",
        "[0,-0,1.5,1e9,\"\",\" \",\"\\u0000\",{\"\":{\"\":{\"\":[]}}},false]",
    };
    uint32_t seed = 1;
    size_t accepted = 0;
    (void)state;

    for (size_t i = 0; i < MUTATIONS; i++) {
        const char *start = seeds[i % ELEMENTS(seeds)];
        char text[512];
        size_t length = strlen(start);
        char *tight;
        struct json value;

        memcpy(text, start, length);
        length = mutate(text, length, sizeof(text), &seed);
        tight = test_malloc(length);
        memcpy(tight, text, length);
        if (json_parse(tight, length, &value) == 0) {
            accepted++;
            assert_rewrites(value);
        }
        test_free(tight);
    }
    /* the test would prove nothing if chance never made a good text, or only good ones */
    assert_in_range(accepted, MUTATIONS / 100, MUTATIONS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_writer__sample__exact_text),
        cmocka_unit_test(test_json_writer__every_smaller_buffer__refused),
        cmocka_unit_test(test_json_writer__64_kib__bound_in_any_buffer),
        cmocka_unit_test(test_json_string__every_ascii_character__escaped_as_needed),
        cmocka_unit_test(test_json_string__not_utf8__error_kept),
        cmocka_unit_test(test_json_writer__depth__bounded_by_32),
        cmocka_unit_test(test_json_parse__mutated_texts__refused_or_rewritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
