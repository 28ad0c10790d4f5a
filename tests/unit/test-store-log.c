/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log by itself: which batches count where numbers are repeated or missing, in files that were
 * written by hand.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/store-log.h"
#include "daemon/store-map.h"
#include "tests/unit/store-fixture.h"

struct scene {
    struct fixture *fixture;
    struct store_directory directory;
    struct store_keys *keys;
    struct store_log log;
    uint64_t sequence;
    struct store_map map; /* what was read */
    struct store_log_end end;
};

static int setup(void **state)
{
    const struct store_credentials credentials = {0};
    struct scene *scene = calloc(1, sizeof(*scene));

    if (!scene || fixture_setup((void **)&scene->fixture) < 0 || seal_init() < 0)
        return -1;
    scene->directory.io = &store_io_system;
    scene->directory.fd = open(scene->fixture->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scene->directory.fd < 0 ||
        store_keys_open(&scene->keys, &scene->directory, &credentials, true, NULL) < 0)
        return -1;
    scene->log = (struct store_log){
        .directory = &scene->directory, .keys = scene->keys, .segment.fd = -1, .next_batch = 1};
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    store_map_clear(&scene->map);
    store_segment_close(&scene->log.segment);
    store_keys_free(scene->keys);
    (void)close(scene->directory.fd); /* it was only read */
    int r = fixture_teardown((void **)&scene->fixture);
    free(scene);
    return r;
}

/* Goes on in a new file. */
static void use_segment(struct scene *scene, uint64_t index)
{
    struct store_segment segment;

    assert_int_equal(
        store_segment_make(&scene->directory, scene->keys, index, 8 * BLOCK, 0, &segment), 0);
    store_log_use(&scene->log, &segment);
}

/* Writes a batch of one change, whose value is the number of the batch and a word. */
static void write_batch(struct scene *scene, const char *key, const char *word)
{
    char value[64];
    unsigned char data[512];
    struct iovec parts[2] = {{0}, {.iov_base = data}};

    (void)snprintf(value, sizeof(value), "%llu %s", (unsigned long long)scene->log.next_batch,
                   word);
    const struct store_change change = {.key = key, .value = value, .value_bytes = strlen(value)};
    parts[1].iov_len = store_changes_bytes(&change, 1);
    assert_true(parts[1].iov_len <= sizeof(data));
    store_changes_encode(++scene->sequence, &change, 1, data);
    store_changes_seal(scene->keys, data);
    assert_int_equal(store_log_write(&scene->log, parts, ELEMENTS(parts)), 0);
}

/* Reads from the first file on. */
static int read_range(struct scene *scene, const struct store_log_range *range)
{
    store_map_clear(&scene->map);
    return store_log_read(&scene->directory, scene->keys, range, store_map_put_visit, &scene->map,
                          &scene->end, NULL);
}

static void read_log(struct scene *scene)
{
    const struct store_log_range range = {.first_segment = 1, .first_batch = 1};

    assert_int_equal(read_range(scene, &range), 0);
}

static int check_value(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct loaded_record *wanted = userdata;

    if (strcmp(key, wanted->key) == 0) {
        assert_true(value_bytes < sizeof(wanted->value));
        memcpy(wanted->value, value, value_bytes);
    }
    return 0;
}

/* Checks the value that was read last of a key; NULL: none was. */
static void assert_value(struct scene *scene, const char *key, const char *value)
{
    struct loaded_record wanted = {.value = ""};
    struct store_entry entry;

    (void)snprintf(wanted.key, sizeof(wanted.key), "%s", key);
    for (struct store_map_node *node = store_map_first(&scene->map); node;
         node = store_map_next(node)) {
        char name[STORE_KEY_MAX_BYTES + 1] = "";
        unsigned char record[512];
        const unsigned char *plain;
        size_t bytes;

        store_map_get(node, &entry);
        memcpy(name, entry.key, entry.key_bytes);
        memcpy(record, entry.record, entry.record_bytes);
        assert_int_equal(store_record_open(scene->keys, &entry, record, &plain, &bytes), 0);
        (void)check_value(name, plain, bytes, &wanted); /* it asserts */
    }
    assert_string_equal(wanted.value, value ? value : "");
}

static void test_store_log_read__batches_in_two_files__all_in_order(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    write_batch(scene, "b", "x");
    use_segment(scene, 2);
    write_batch(scene, "a", "y");
    read_log(scene);
    assert_value(scene, "a", "3 y");
    assert_value(scene, "b", "2 x");
    assert_int_equal(scene->end.next_batch, 4);
    assert_int_equal(scene->end.last_sequence, 3);
    assert_int_equal(scene->end.next_segment, 3);
    assert_int_equal(scene->end.empty_segment, 0);
    assert_int_equal(scene->end.bytes, 16 * BLOCK);
    assert_false(scene->end.damaged);
    assert_string_equal(scene->end.error.message, "");
}

static void test_store_log_read__empty_files_at_the_end__first_of_them_told(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    use_segment(scene, 2);
    use_segment(scene, 3);
    read_log(scene);
    assert_int_equal(scene->end.empty_segment, 2);
    assert_int_equal(scene->end.next_segment, 4);
    assert_false(scene->end.damaged);
}

static void test_store_log_read__empty_file_among_others__none_to_be_used(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    use_segment(scene, 2);
    write_batch(scene, "a", "x");
    read_log(scene);
    assert_int_equal(scene->end.empty_segment, 0);
    assert_value(scene, "a", "1 x");
    assert_false(scene->end.damaged);
}

static void test_store_log_read__no_files__nothing(void **state)
{
    struct scene *scene = *state;

    read_log(scene);
    assert_true(store_map_is_empty(&scene->map));
    assert_int_equal(scene->end.next_batch, 1);
    assert_int_equal(scene->end.next_segment, 1);
    assert_false(scene->end.damaged);
}

static void test_store_log_read__number_repeated_in_a_later_file__later_one_counts(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    write_batch(scene, "b", "refused");
    write_batch(scene, "c", "refused, too");
    use_segment(scene, 2);
    scene->log.next_batch = 2;
    write_batch(scene, "a", "y");
    read_log(scene);
    assert_value(scene, "a", "2 y");
    assert_value(scene, "b", NULL);
    assert_value(scene, "c", NULL);
    assert_int_equal(scene->end.next_batch, 3);
    assert_false(scene->end.damaged);
}

static void test_store_log_read__number_repeated_twice__last_one_counts(void **state)
{
    struct scene *scene = *state;

    for (uint64_t index = 1; index <= 3; index++) {
        use_segment(scene, index);
        scene->log.next_batch = 1;
        write_batch(scene, "a", index == 3 ? "last" : "refused");
    }
    write_batch(scene, "b", "x");
    read_log(scene);
    assert_value(scene, "a", "1 last");
    assert_value(scene, "b", "2 x");
    assert_false(scene->end.damaged);
}

static void test_store_log_read__repeated_number_is_damaged_before_a_good_one__damage(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    write_batch(scene, "b", "refused");
    use_segment(scene, 2);
    scene->log.next_batch = 2;
    write_batch(scene, "b", "y");
    write_batch(scene, "c", "z");
    fixture_flip(scene->fixture, "log-2", BLOCK + 80, 1);
    read_log(scene);
    assert_true(scene->end.damaged);
    assert_string_equal(scene->end.error.file, "log-2");
    assert_int_equal(scene->end.error.offset, 2 * BLOCK);
    assert_value(scene, "c", "3 z");
}

static void test_store_log_read__number_missing__damage_and_what_is_behind_it(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    use_segment(scene, 2);
    scene->log.next_batch = 3;
    write_batch(scene, "b", "x");
    read_log(scene);
    assert_true(scene->end.damaged);
    assert_string_equal(scene->end.error.file, "log-2");
    assert_int_equal(scene->end.error.offset, BLOCK);
    assert_value(scene, "a", "1 x");
    assert_value(scene, "b", "3 x");
    assert_int_equal(scene->end.next_batch, 4);
}

static void test_store_log_read__cut_off_before_a_repeated_number__not_damage(void **state)
{
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    write_batch(scene, "b", "refused");
    fixture_flip(scene->fixture, "log-1", 2 * BLOCK + 80, 1);
    use_segment(scene, 2);
    scene->log.next_batch = 2;
    write_batch(scene, "b", "y");
    read_log(scene);
    assert_false(scene->end.damaged);
    assert_string_equal(scene->end.error.file, "log-1");
    assert_int_equal(scene->end.error.offset, 2 * BLOCK);
    assert_value(scene, "b", "2 y");
}

static void test_store_log_read__until__left_out(void **state)
{
    struct scene *scene = *state;
    struct store_log_range range = {.first_segment = 1, .first_batch = 1, .until_batch = 2};

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    write_batch(scene, "b", "x");
    use_segment(scene, 2);
    write_batch(scene, "c", "x");
    assert_int_equal(read_range(scene, &range), 0);
    assert_value(scene, "a", "1 x");
    assert_value(scene, "b", NULL);
    assert_int_equal(scene->end.next_batch, 2);
    range = (struct store_log_range){.first_segment = 1, .first_batch = 1, .until_segment = 2};
    assert_int_equal(read_range(scene, &range), 0);
    assert_value(scene, "b", "2 x");
    assert_value(scene, "c", NULL);
    assert_int_equal(scene->end.next_segment, 3);
}

static void test_store_log_read__older_than_the_range__left_out(void **state)
{
    const struct store_log_range range = {.first_segment = 2, .first_batch = 3};
    struct scene *scene = *state;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    use_segment(scene, 2);
    write_batch(scene, "b", "x"); /* in the checkpoint, too */
    write_batch(scene, "c", "x");
    fixture_flip(scene->fixture, "log-1", BLOCK + 80, 1); /* nobody looks */
    assert_int_equal(read_range(scene, &range), 0);
    assert_value(scene, "a", NULL);
    assert_value(scene, "c", "3 x");
    assert_int_equal(scene->end.next_batch, 4);
}

static void test_store_segment_make__of_an_older_one__nothing_of_it_is_left(void **state)
{
    const struct store_log_range range = {.first_segment = 2, .first_batch = 1};
    struct scene *scene = *state;
    struct store_segment segment;

    use_segment(scene, 1);
    write_batch(scene, "a", "x");
    assert_int_equal(store_segment_make(&scene->directory, scene->keys, 2, 8 * BLOCK, 1, &segment),
                     0);
    store_segment_close(&segment);
    assert_false(fixture_exists(scene->fixture, "log-1"));
    assert_int_equal(read_range(scene, &range), 0);
    assert_true(store_map_is_empty(&scene->map));
    assert_int_equal(scene->end.empty_segment, 2);
}

static void test_store_segment_make__older_one_missing_or_of_another_length__made_anew(void **state)
{
    struct scene *scene = *state;
    struct store_segment segment;
    size_t bytes;

    use_segment(scene, 1);
    assert_int_equal(store_segment_make(&scene->directory, scene->keys, 2, 4 * BLOCK, 1, &segment),
                     0);
    store_segment_close(&segment);
    free(fixture_read(scene->fixture, "log-2", &bytes));
    assert_int_equal(bytes, 4 * BLOCK);
    assert_int_equal(store_segment_make(&scene->directory, scene->keys, 3, 4 * BLOCK, 1, &segment),
                     0);
    store_segment_close(&segment);
    assert_false(fixture_exists(scene->fixture, "log-1"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_log_read__batches_in_two_files__all_in_order),
        TEST(test_store_log_read__empty_files_at_the_end__first_of_them_told),
        TEST(test_store_log_read__empty_file_among_others__none_to_be_used),
        TEST(test_store_log_read__no_files__nothing),
        TEST(test_store_log_read__number_repeated_in_a_later_file__later_one_counts),
        TEST(test_store_log_read__number_repeated_twice__last_one_counts),
        TEST(test_store_log_read__repeated_number_is_damaged_before_a_good_one__damage),
        TEST(test_store_log_read__number_missing__damage_and_what_is_behind_it),
        TEST(test_store_log_read__cut_off_before_a_repeated_number__not_damage),
        TEST(test_store_log_read__until__left_out),
        TEST(test_store_log_read__older_than_the_range__left_out),
        TEST(test_store_segment_make__of_an_older_one__nothing_of_it_is_left),
        TEST(test_store_segment_make__older_one_missing_or_of_another_length__made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
