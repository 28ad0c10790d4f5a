/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoding of objects into structures described by tables (common/fields.h). */
#include "config.h"

#include "tests/unit/fields-sample.h"

static const struct field_table tolerant_table = {.fields = inner_rows,
                                                  .count = ELEMENTS(inner_rows),
                                                  .struct_size = sizeof(struct inner),
                                                  .tolerant = true};

static void test_fields_decode__good_values__all_there(void **state)
{
    struct fixture *fixture = *state;

    memset(&fixture->outer, 0xA5, sizeof(fixture->outer));
    assert_int_equal(decode_spoiled(fixture, SIZE_MAX, NULL), 0);
    assert_good(&fixture->outer);
    assert_string_equal(fixture->bad, "untouched");
}

static void test_fields_decode__member_absent_or_null__only_where_optional(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2 * ELEMENTS(outer_rows); i++) {
        const struct field *field = &outer_rows[i / 2];
        const char *value = i % 2 ? "null" : NULL;
        /* null is a value like any other where any is taken */
        const bool good = (field->flags & FIELD_OPTIONAL) || (field->type == FIELD_JSON && value);

        assert_int_equal(decode_spoiled(fixture, i / 2, value), good ? 0 : -EINVAL);
        if (good)
            continue;
        assert_ptr_equal(fixture->bad, field->name);
        assert_clear(&fixture->outer);
    }
}

static void test_fields_decode__all_optional_absent__cleared(void **state)
{
    struct fixture *fixture = *state;

    (void)snprintf(
        fixture->text, sizeof(fixture->text),
        "{\"text\":\"\",\"number\":0,\"flag\":true,\"color\":\"red\",\"numbers\":[],\"words\":[],"
        "\"map\":{},\"inner\":{\"word\":\"\"},\"any\":0,\"inner?\":null}");
    memset(&fixture->outer, 0xA5, sizeof(fixture->outer));
    assert_int_equal(decode_into(fixture, &outer_table, &fixture->outer), 0);
    assert_null(fixture->outer.text_optional);
    assert_int_equal(fixture->outer.number_optional, -1);
    assert_int_equal(fixture->outer.color_optional, -1);
    assert_int_equal(fixture->outer.words_optional.count, 0);
    assert_null(fixture->outer.numbers.items);
    assert_null(fixture->outer.inner_optional.word);
    assert_int_equal(fixture->outer.inner_optional.number, -1);
    assert_null(fixture->outer.any_optional.text);
}

static void test_fields_decode__each_member_of_wrong_type__named(void **state)
{
    /* the types of values, one example each */
    static const char *const values[] = {"\"no color\"", "5", "true", "[[]]", "{\"zz\":0}"};
    static const struct {
        enum field_type type;
        size_t good; /* in values, or SIZE_MAX */
    } cases[] = {
        {FIELD_STRING, 0},
        {FIELD_UINT, 1},
        {FIELD_BOOL, 2},
        {FIELD_ENUM, SIZE_MAX},
        {FIELD_UINT_LIST, SIZE_MAX},
        {FIELD_STRING_LIST, SIZE_MAX},
        {FIELD_STRING_MAP, SIZE_MAX},
    };
    struct fixture *fixture = *state;

    for (size_t row = 0; row < ELEMENTS(outer_rows); row++)
        for (size_t i = 0; i < ELEMENTS(cases); i++)
            for (size_t j = 0; j < ELEMENTS(values); j++) {
                if (outer_rows[row].type != cases[i].type || cases[i].good == j)
                    continue;
                if (decode_spoiled(fixture, row, values[j]) != -EINVAL)
                    fail_msg("not refused: %s: %s", outer_rows[row].name, values[j]);
                assert_ptr_equal(fixture->bad, outer_rows[row].name);
                assert_clear(&fixture->outer);
            }
}

static void test_fields_decode__bounds__exact(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        int result;
    } cases[] = {
        {"text", "\"12345678\"", 0},
        {"text", "\"123456789\"", -EINVAL},
        {"text", "\"1234567\\u00e9\"", -EINVAL},
        {"text", "\"\\u0000\"", -EINVAL},
        {"text", "\"\\n\\u0085\"", 0},
        {"text?", "\"\\n\"", -EINVAL},
        {"text?", "\"\\u007f\"", -EINVAL},
        {"text?", "\"\\u0085\"", -EINVAL},
        {"text?", "\"\\u00a0\"", 0},
        {"number", "1001", -EINVAL},
        {"number", "-1", -EINVAL},
        {"number", "-0", 0},
        {"number", "1.0", -EINVAL},
        {"number", "9223372036854775808", -EINVAL},
        {"color", "\"Red\"", -EINVAL},
        {"color", "\"\"", -EINVAL},
        {"color", "\"r\\u0065d\"", 0},
        {"numbers", "[1,2,3,4]", -EINVAL},
        {"numbers", "[4294967296]", -EINVAL},
        {"numbers", "[-1]", -EINVAL},
        {"numbers", "[1,\"2\"]", -EINVAL},
        {"numbers", "[1,null]", -EINVAL},
        {"numbers", "{}", -EINVAL},
        {"words", "[\"\",\"\",\"\",\"\"]", -EINVAL},
        {"words", "[\"a\",1]", -EINVAL},
        {"words", "[\"a\",null]", -EINVAL},
        {"words", "{}", -EINVAL},
        {"words?", "[\"\\u001b\"]", -EINVAL},
        {"map", "{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\"}", -EINVAL},
        {"map", "{\"a\":1}", -EINVAL},
        {"map", "{\"a\":null}", -EINVAL},
        {"map", "[]", -EINVAL},
        {"map", "[\"a\"]", -EINVAL},
        {"map?", "{\"\\n\":\"\"}", -EINVAL},
        {"map?", "{\"a\":\"\\n\"}", -EINVAL},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const size_t row = row_of(cases[i].name);

        if (decode_spoiled(fixture, row, cases[i].value) != cases[i].result)
            fail_msg("not %d: %s: %s", cases[i].result, cases[i].name, cases[i].value);
        if (cases[i].result < 0)
            assert_ptr_equal(fixture->bad, outer_rows[row].name);
    }
}

/* Decodes {"NAME": VALUE} with one string of that many bytes somewhere in the value. */
static int decode_long(struct fixture *fixture, const char *name, const char *before, size_t bytes,
                       const char *after)
{
    char *value = test_malloc(bytes + 64);
    int r;

    (void)snprintf(value, 32, "%s", before);
    memset(value + strlen(before), 'x', bytes);
    (void)snprintf(value + strlen(before) + bytes, 32, "%s", after);
    r = decode_spoiled(fixture, row_of(name), value);
    test_free(value);
    return r;
}

static void test_fields_decode__strings_of_lists_and_maps__bounded(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(decode_long(fixture, "words", "[\"", FIELD_LIST_STRING_MAX_BYTES, "\"]"), 0);
    assert_int_equal(decode_long(fixture, "words", "[\"", FIELD_LIST_STRING_MAX_BYTES + 1, "\"]"),
                     -EINVAL);
    assert_int_equal(decode_long(fixture, "map", "{\"", FIELD_MAP_KEY_MAX_BYTES, "\":\"\"}"), 0);
    assert_int_equal(decode_long(fixture, "map", "{\"", FIELD_MAP_KEY_MAX_BYTES + 1, "\":\"\"}"),
                     -EINVAL);
    assert_int_equal(decode_long(fixture, "map", "{\"a\":\"", FIELD_MAP_VALUE_MAX_BYTES, "\"}"), 0);
    assert_int_equal(decode_long(fixture, "map", "{\"a\":\"", FIELD_MAP_VALUE_MAX_BYTES + 1, "\"}"),
                     -EINVAL);
}

static void test_fields_decode__no_object__refused_without_name(void **state)
{
    static const char *const texts[] = {"[]", "null", "1", "\"{}\"", "true"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        (void)snprintf(fixture->text, sizeof(fixture->text), "%s", texts[i]);
        assert_int_equal(decode_into(fixture, &outer_table, &fixture->outer), -EINVAL);
        assert_string_equal(fixture->bad, "");
        assert_clear(&fixture->outer);
    }
}

static void test_fields_decode__unknown_member__named_where_it_can_be(void **state)
{
    static const char *const cases[][2] = {
        {"{\"word\":\"\",\"extra\":1}", "extra"},
        {"{\"ex\\u0074ra\":null,\"word\":\"\"}", "extra"},
        {"{\"word\":\"\",\"\":1}", ""},
        {"{\"word\":\"\",\"a\\nb\":1}", ""},
        {"{\"word\":\"\",\"\\u0000\":1}", ""},
        {"{\"word\":\"\",\"Word\":1}", "Word"},
        {"{\"0123456789012345678901234567890123456789012345678901234567890123\":1}",
         "0123456789012345678901234567890123456789012345678901234567890123"},
        {"{\"01234567890123456789012345678901234567890123456789012345678901234\":1}", ""},
    };
    struct fixture *fixture = *state;
    struct inner inner;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        (void)snprintf(fixture->text, sizeof(fixture->text), "%s", cases[i][0]);
        assert_int_equal(decode_into(fixture, &inner_table, &inner), -EINVAL);
        assert_string_equal(fixture->bad, cases[i][1]);
        assert_null(inner.word);
    }
}

static void test_fields_decode__tolerant_table__passes_unknown_members(void **state)
{
    struct fixture *fixture = *state;
    struct inner inner;

    (void)snprintf(fixture->text, sizeof(fixture->text),
                   "{\"x\":[{}],\"word\":\"w\",\"\\u0000\":0}");
    assert_int_equal(decode_into(fixture, &tolerant_table, &inner), 0);
    assert_string_equal(inner.word, "w");
    /* but it takes no wrong ones */
    (void)snprintf(fixture->text, sizeof(fixture->text), "{\"x\":1,\"word\":1}");
    assert_int_equal(decode_into(fixture, &tolerant_table, &inner), -EINVAL);
    assert_string_equal(fixture->bad, "word");
}

static void test_fields_decode__tolerance__each_table_its_own(void **state)
{
    static const struct field strict_inside_rows[] = {
        {.name = "in", .type = FIELD_OBJECT, .sub = &inner_table}};
    static const struct field tolerant_inside_rows[] = {
        {.name = "in", .type = FIELD_OBJECT, .sub = &tolerant_table}};
    const struct field_table strict_inside = {
        .fields = strict_inside_rows, .count = 1, .tolerant = true};
    const struct field_table tolerant_inside = {.fields = tolerant_inside_rows, .count = 1};
    struct fixture *fixture = *state;
    struct inner inner;

    (void)snprintf(fixture->text, sizeof(fixture->text), "{\"in\":{\"word\":\"w\",\"x\":1}}");
    assert_int_equal(decode_into(fixture, &strict_inside, &inner), -EINVAL);
    assert_string_equal(fixture->bad, "x");
    assert_int_equal(decode_into(fixture, &tolerant_inside, &inner), 0);
    (void)snprintf(fixture->text, sizeof(fixture->text), "{\"in\":{\"word\":\"w\"},\"y\":1}");
    assert_int_equal(decode_into(fixture, &strict_inside, &inner), 0);
    assert_int_equal(decode_into(fixture, &tolerant_inside, &inner), -EINVAL);
    assert_string_equal(fixture->bad, "y");
}

static void test_fields_decode__inside_of_object__inner_name_told(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "word"},
        {"{\"word\":1}", "word"},
        {"{\"word\":\"\",\"number\":-1}", "number"},
        {"{\"word\":\"\",\"x\":0}", "x"},
        {"[]", "inner"},
        {"1", "inner"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        assert_int_equal(decode_spoiled(fixture, row_of("inner"), cases[i][0]), -EINVAL);
        assert_string_equal(fixture->bad, cases[i][1]);
        assert_clear(&fixture->outer);
    }
}

static void test_fields_decode__no_place_for_the_name__same_error(void **state)
{
    struct fixture *fixture = *state;
    struct inner inner;
    struct json object;

    (void)snprintf(fixture->text, sizeof(fixture->text), "{\"extra\":1}");
    assert_int_equal(json_parse(fixture->text, strlen(fixture->text), &object), 0);
    assert_int_equal(fields_decode(&inner_table, object, &fixture->arena, &inner, NULL), -EINVAL);
}

static void test_fields_decode__arena_of_every_size__full_or_enough(void **state)
{
    struct fixture *fixture = *state;
    bool enough = false;

    make_text(fixture, SIZE_MAX, NULL);
    for (size_t size = 0; size <= 1024; size++) {
        char *memory = test_malloc(size + (size == 0));
        int r;

        fixture->arena = (struct arena){.base = memory, .size = size};
        r = decode_into(fixture, &outer_table, &fixture->outer);
        if (r == 0) {
            enough = true;
            assert_good(&fixture->outer);
        } else {
            assert_false(enough);
            assert_int_equal(r, -ENOBUFS);
            assert_clear(&fixture->outer);
        }
        assert_in_range(fixture->arena.used, 0, size);
        test_free(memory);
    }
    assert_true(enough);
}

/* A list of the shortest elements there are. */
static void make_dense(struct fixture *fixture, const char *name, const char *element, size_t count)
{
    const size_t size = sizeof(fixture->text);
    size_t length = (size_t)snprintf(fixture->text, size, "{\"%s\":[", name);

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(fixture->text + length, size - length, "%s%s", i > 0 ? "," : "",
                                   element);
    assert_true(length + 2 < size);
    (void)snprintf(fixture->text + length, size - length, "]}");
}

static void test_fields_decode__densest_text__within_promised_memory(void **state)
{
    static const struct field rows[2] = {
        {.name = "n", .type = FIELD_UINT_LIST, .flags = FIELD_OPTIONAL, .offset = 0, .max = 65536},
        {.name = "s",
         .type = FIELD_STRING_LIST,
         .flags = FIELD_OPTIONAL,
         .offset = sizeof(struct uint_list),
         .max = 65536},
    };
    const struct field_table table = {.fields = rows, .count = ELEMENTS(rows)};
    struct fixture *fixture = *state;
    struct {
        struct uint_list numbers;
        struct string_list words;
    } both;

    make_dense(fixture, "n", "0", 4000);
    fixture->arena.size = 8 * strlen(fixture->text) + 4096;
    assert_in_range(fixture->arena.size, 0, ARENA_BYTES);
    assert_int_equal(decode_into(fixture, &table, &both), 0);
    assert_int_equal(both.numbers.count, 4000);
    make_dense(fixture, "s", "\"\"", 2500);
    fixture->arena.used = 0;
    fixture->arena.size = 8 * strlen(fixture->text) + 4096;
    assert_int_equal(decode_into(fixture, &table, &both), 0);
    assert_int_equal(both.words.count, 2500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fields_decode__good_values__all_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_fields_decode__member_absent_or_null__only_where_optional, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__all_optional_absent__cleared, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__each_member_of_wrong_type__named,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__bounds__exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__strings_of_lists_and_maps__bounded,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__no_object__refused_without_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__unknown_member__named_where_it_can_be,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__tolerant_table__passes_unknown_members,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__tolerance__each_table_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__inside_of_object__inner_name_told,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__no_place_for_the_name__same_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__arena_of_every_size__full_or_enough,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_decode__densest_text__within_promised_memory,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
