/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encoding and copying of structures described by tables, and arenas (common/fields.h). */
#include "config.h"

#include "tests/unit/fields-sample.h"

static void test_fields_clear__any_bytes__all_absent(void **state)
{
    struct fixture *fixture = *state;

    memset(&fixture->outer, 0xA5, sizeof(fixture->outer));
    fields_clear(&outer_table, &fixture->outer);
    assert_clear(&fixture->outer);
}

/* Encodes into the fixture's text. */
static void encode(struct fixture *fixture, const struct field_table *table, const void *structure)
{
    struct json_writer writer;
    struct json value;

    json_writer_init(&writer, fixture->text, sizeof(fixture->text));
    fields_encode(table, structure, &writer);
    assert_int_equal(json_writer_finish(&writer, &value), 0);
}

static void test_fields_encode__decoded_structure__same_again(void **state)
{
    struct fixture *fixture = *state;
    struct outer again;

    /* the any-values are slices of the text: it must stay while they are encoded */
    assert_int_equal(decode_spoiled(fixture, SIZE_MAX, NULL), 0);
    fixture->outer.any = (struct json){.text = "[1, {\"a\":null}]", .length = 15};
    fixture->outer.any_optional = (struct json){.text = "\"any\"", .length = 5};
    encode(fixture, &outer_table, &fixture->outer);
    assert_int_equal(decode_into(fixture, &outer_table, &again), 0);
    assert_good(&again);
    assert_string_equal(again.inner_optional.word, "");
}

static void test_fields_encode__absent_members__left_out(void **state)
{
    struct fixture *fixture = *state;
    struct outer *outer = &fixture->outer;

    fields_clear(&outer_table, outer);
    outer->text = "";
    outer->number = 0;
    outer->color = 0;
    outer->inner.word = "w";
    outer->any = (struct json){.text = "0", .length = 1};
    encode(fixture, &outer_table, outer);
    assert_string_equal(
        fixture->text,
        "{\"text\":\"\",\"number\":0,\"flag\":false,\"color\":\"red\",\"numbers\":[],"
        "\"words\":[],\"map\":{},\"inner\":{\"word\":\"w\"},\"any\":0}");
}

static void test_fields_encode__optional_object_with_a_member__written(void **state)
{
    static const struct field rows[] = {
        {.name = "in", .type = FIELD_OBJECT, .flags = FIELD_OPTIONAL, .sub = &inner_table}};
    const struct field_table table = FIELD_TABLE(rows, struct inner);
    struct fixture *fixture = *state;
    struct inner inner = {.word = "", .number = -1};

    encode(fixture, &table, &inner);
    assert_string_equal(fixture->text, "{\"in\":{\"word\":\"\"}}");
    inner.word = NULL;
    encode(fixture, &table, &inner);
    assert_string_equal(fixture->text, "{}");
}

static void test_fields_copy__source_gone__copy_whole(void **state)
{
    struct fixture *fixture = *state;
    struct outer copy;
    void *block = NULL;

    assert_int_equal(decode_spoiled(fixture, SIZE_MAX, NULL), 0);
    assert_int_equal(fields_copy(&outer_table, &fixture->outer, &copy, &block), 0);
    assert_good(&fixture->outer);
    memset(fixture->memory, 'x', sizeof(fixture->memory));
    memset(fixture->text, 'x', sizeof(fixture->text));
    memset(&fixture->outer, 0xA5, sizeof(fixture->outer));
    assert_good(&copy);
    assert_string_equal(copy.inner_optional.word, "");
    assert_int_equal(copy.any_optional.length, 5);
    assert_memory_equal(copy.any_optional.text, "\"any\"", 5);
    free(block);
}

static void test_fields_copy__in_place__owns_all(void **state)
{
    struct fixture *fixture = *state;
    void *block = NULL;

    assert_int_equal(decode_spoiled(fixture, SIZE_MAX, NULL), 0);
    assert_int_equal(fields_copy(&outer_table, &fixture->outer, &fixture->outer, &block), 0);
    memset(fixture->memory, 'x', sizeof(fixture->memory));
    memset(fixture->text, 'x', sizeof(fixture->text));
    assert_good(&fixture->outer);
    free(block);
}

static void test_fields_copy__nothing_present__block_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct outer copy;
    void *block = NULL;

    fields_clear(&outer_table, &fixture->outer);
    assert_int_equal(fields_copy(&outer_table, &fixture->outer, &copy, &block), 0);
    assert_non_null(block);
    assert_clear(&copy);
    free(block);
}

/* Lets ASan's allocator answer as malloc(3) does, for the test below. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_fields_copy__no_memory__copy_untouched(void **state)
{
    struct fixture *fixture = *state;
    struct outer copy = {.number = 7};
    void *block = NULL;

    /* more than there can be; the bytes are not looked at before there is a place for them */
    fields_clear(&outer_table, &fixture->outer);
    fixture->outer.any = (struct json){.text = "0", .length = SIZE_MAX / 4};
    assert_int_equal(fields_copy(&outer_table, &fixture->outer, &copy, &block), -ENOMEM);
    assert_null(block);
    assert_int_equal(copy.number, 7);
}

static void test_arena_take__any_order__aligned_and_apart(void **state)
{
    struct fixture *fixture = *state;
    const char *text = arena_copy(&fixture->arena, "a");
    char *first = arena_take(&fixture->arena, 1);
    char *second = arena_take(&fixture->arena, 24);

    assert_string_equal(text, "a");
    assert_int_equal((uintptr_t)first % 16, 0);
    assert_int_equal((uintptr_t)second % 16, 0);
    assert_true(first > text + 1 && second > first);
    assert_null(arena_copy(&fixture->arena, NULL));
}

static void test_arena_take__full__null_and_nothing_taken(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = &fixture->arena;

    arena->size = 33;
    assert_non_null(arena_take(arena, 17));
    assert_null(arena_take(arena, 2));
    assert_null(arena_take(arena, SIZE_MAX));
    assert_null(arena_take(arena, SIZE_MAX - 16));
    assert_null(arena_copy(arena, "0123456789abcdef"));
    assert_int_equal(arena->used, 17);
    assert_non_null(arena_copy(arena, "0123456789abcde"));
    assert_int_equal(arena->used, 33);
    assert_null(arena_take(arena, 1));
    assert_null(arena_copy(arena, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fields_clear__any_bytes__all_absent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_encode__decoded_structure__same_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_encode__absent_members__left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_encode__optional_object_with_a_member__written,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_copy__source_gone__copy_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_fields_copy__in_place__owns_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_copy__nothing_present__block_all_the_same,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_copy__no_memory__copy_untouched, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_arena_take__any_order__aligned_and_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_arena_take__full__null_and_nothing_taken, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
