/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A structure with members of every type, its table and good values, for the tests of
 * common/fields.h.
 */
#ifndef SESSMGR_FIELDS_SAMPLE_H
#define SESSMGR_FIELDS_SAMPLE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/fields.h"
#include "common/macro.h"

enum { STRING_MAX = 8, UINT_MAXIMUM = 1000, LIST_MAX = 3, ARENA_BYTES = 131072 };

/* One member of each type, required and optional. */
struct inner {
    const char *word;
    int64_t number;
};
struct outer {
    const char *text;
    const char *text_optional;
    int64_t number;
    int64_t number_optional;
    bool flag;
    bool flag_optional;
    int color;
    int color_optional;
    struct uint_list numbers;
    struct uint_list numbers_optional;
    struct string_list words;
    struct string_list words_optional;
    struct string_map map;
    struct string_map map_optional;
    struct inner inner;
    struct inner inner_optional;
    struct json any;
    struct json any_optional;
};

static const char *const colors[] = {"red", "green", NULL};

static const struct field inner_rows[] = {
    {.name = "word",
     .type = FIELD_STRING,
     .offset = offsetof(struct inner, word),
     .max = STRING_MAX},
    {.name = "number",
     .type = FIELD_UINT,
     .flags = FIELD_OPTIONAL,
     .offset = offsetof(struct inner, number)},
};
static const struct field_table inner_table = FIELD_TABLE(inner_rows, struct inner);

/* Each row twice: required, and optional with another name. */
#define BOTH(type_, name_, member_, ...)                                                        \
    {.name = name_, .type = type_, .offset = offsetof(struct outer, member_), __VA_ARGS__},     \
    {                                                                                           \
        .name = name_ "?", .type = type_, .offset = offsetof(struct outer, member_##_optional), \
        .flags = FIELD_OPTIONAL | FIELD_PRINTABLE, __VA_ARGS__                                  \
    }

static const struct field outer_rows[] = {
    BOTH(FIELD_STRING, "text", text, .max = STRING_MAX),
    BOTH(FIELD_UINT, "number", number, .max = UINT_MAXIMUM),
    BOTH(FIELD_BOOL, "flag", flag, .max = 0),
    BOTH(FIELD_ENUM, "color", color, .names = colors),
    BOTH(FIELD_UINT_LIST, "numbers", numbers, .max = LIST_MAX),
    BOTH(FIELD_STRING_LIST, "words", words, .max = LIST_MAX),
    BOTH(FIELD_STRING_MAP, "map", map, .max = LIST_MAX),
    BOTH(FIELD_OBJECT, "inner", inner, .sub = &inner_table),
    BOTH(FIELD_JSON, "any", any, .max = 0),
};
static const struct field_table outer_table = FIELD_TABLE(outer_rows, struct outer);

/* A valid value of each member, by the rows of outer_rows. */
static const char *const good_values[] = {
    "\"t\\u00e9xt\"",
    "\"\"",
    "1000",
    "0",
    "false",
    "true",
    "\"green\"",
    "\"red\"",
    "[1,0,4294967295]",
    "[7]",
    "[\"a\",\"\",\"c\"]",
    "[\"x\"]",
    "{\"k\":\"v\",\"\":\"\",\"l\":\"\\n\"}",
    "{\"k\":\"w\"}",
    "{\"word\":\"w\",\"number\":9223372036854775807}",
    "{\"word\":\"\"}",
    "[1, {\"a\":null}]",
    "\"any\"",
};

struct fixture {
    char text[8192];
    char memory[ARENA_BYTES] __attribute__((aligned(16)));
    struct arena arena;
    struct outer outer;
    const char *bad;
};

static inline int set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));

    fixture->arena = (struct arena){.base = fixture->memory, .size = sizeof(fixture->memory)};
    fixture->bad = "untouched";
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

/* An object of all good values, but row `spoiled` has another value, or none where value is NULL.
 */
static inline void make_text(struct fixture *fixture, size_t spoiled, const char *value)
{
    char *text = fixture->text;
    const size_t size = sizeof(fixture->text);
    size_t length = (size_t)snprintf(text, size, "{");

    for (size_t i = 0; i < ELEMENTS(outer_rows); i++) {
        const char *used = i == spoiled ? value : good_values[i];

        if (used)
            length += (size_t)snprintf(text + length, size - length, "%s\"%s\":%s",
                                       length > 1 ? "," : "", outer_rows[i].name, used);
        assert_true(length < size);
    }
    (void)snprintf(text + length, size - length, "}");
}

static inline int decode_into(struct fixture *fixture, const struct field_table *table,
                              void *structure)
{
    struct json object;

    assert_int_equal(json_parse(fixture->text, strlen(fixture->text), &object), 0);
    return fields_decode(table, object, &fixture->arena, structure, &fixture->bad);
}

/* Decodes all good values but one. */
static inline int decode_spoiled(struct fixture *fixture, size_t spoiled, const char *value)
{
    make_text(fixture, spoiled, value);
    fixture->arena.used = 0;
    return decode_into(fixture, &outer_table, &fixture->outer);
}

static inline size_t row_of(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(outer_rows); i++)
        if (strcmp(outer_rows[i].name, name) == 0)
            return i;
    fail_msg("no row %s", name);
    return 0;
}

static inline void assert_good(const struct outer *outer)
{
    assert_string_equal(outer->text, "t\xc3\xa9xt");
    assert_string_equal(outer->text_optional, "");
    assert_int_equal(outer->number, 1000);
    assert_int_equal(outer->number_optional, 0);
    assert_false(outer->flag);
    assert_true(outer->flag_optional);
    assert_int_equal(outer->color, 1);
    assert_int_equal(outer->color_optional, 0);
    assert_int_equal(outer->numbers.count, 3);
    assert_int_equal(outer->numbers.items[2], UINT32_MAX);
    assert_int_equal(outer->numbers_optional.count, 1);
    assert_int_equal(outer->words.count, 3);
    assert_string_equal(outer->words.items[2], "c");
    assert_int_equal(outer->words_optional.count, 1);
    assert_int_equal(outer->map.count, 3);
    assert_string_equal(outer->map.items[0].key, "k");
    assert_string_equal(outer->map.items[0].value, "v");
    assert_string_equal(outer->map.items[2].value, "\n");
    assert_int_equal(outer->map_optional.count, 1);
    assert_string_equal(outer->inner.word, "w");
    assert_true(outer->inner.number == INT64_MAX);
    assert_int_equal(outer->inner_optional.number, -1);
    assert_int_equal(outer->any.length, strlen("[1, {\"a\":null}]"));
    assert_memory_equal(outer->any.text, "[1, {\"a\":null}]", outer->any.length);
}

static inline void assert_clear(const struct outer *outer)
{
    assert_null(outer->text);
    assert_null(outer->text_optional);
    assert_true(outer->number == -1 && outer->number_optional == -1);
    assert_false(outer->flag || outer->flag_optional);
    assert_true(outer->color == -1 && outer->color_optional == -1);
    assert_true(outer->numbers.count == 0 && !outer->numbers.items &&
                outer->numbers_optional.count == 0);
    assert_true(outer->words.count == 0 && !outer->words.items && outer->words_optional.count == 0);
    assert_true(outer->map.count == 0 && !outer->map.items && outer->map_optional.count == 0);
    assert_true(!outer->inner.word && outer->inner.number == -1);
    assert_true(!outer->inner_optional.word && outer->inner_optional.number == -1);
    assert_true(!outer->any.text && !outer->any_optional.text);
}

#endif
