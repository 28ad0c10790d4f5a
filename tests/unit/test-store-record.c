/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records and the submissions they stand in: a seal opens in its own place alone, and bytes that
 * make no sense are refused; and the map of the latest changes.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/store-map.h"
#include "daemon/store-record.h"

/* Keys that nobody keeps: of those only one is used here. */
static int setup(void **state)
{
    struct store_keys *keys = calloc(1, sizeof(*keys));

    if (!keys || seal_init() < 0)
        return -1;
    keys->record = seal_key_new();
    if (!keys->record)
        return -1;
    seal_random(keys->record, SEAL_KEY_BYTES);
    seal_random(keys->id, sizeof(keys->id));
    *state = keys;
    return 0;
}

static int teardown(void **state)
{
    store_keys_free(*state);
    return 0;
}

static const struct store_change changes[] = {
    {.key = "one", .value = "1", .value_bytes = 1},
    {.key = "two", .value = NULL},
    {.key = "three", .value = "", .value_bytes = 0},
};

/* A submission of all of them. To be freed. */
static unsigned char *encode(const struct store_keys *keys, uint64_t sequence, size_t *ret_bytes)
{
    *ret_bytes = store_changes_bytes(changes, ELEMENTS(changes));
    unsigned char *data = malloc(*ret_bytes);
    assert_non_null(data);
    store_changes_encode(sequence, changes, ELEMENTS(changes), data);
    store_changes_seal(keys, data);
    return data;
}

/* What was visited. */
struct seen {
    struct store_entry entries[8];
    size_t count;
    int result;
};

static int see(const struct store_entry *entry, void *userdata)
{
    struct seen *seen = userdata;

    assert_true(seen->count < ELEMENTS(seen->entries));
    seen->entries[seen->count++] = *entry;
    return seen->result;
}

static void test_store_changes_walk__as_encoded__each_change(void **state)
{
    struct seen seen = {0};
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 77, &bytes);
    assert_int_equal(store_changes_walk(data, bytes, see, &seen, &visit_failed), 0);
    assert_int_equal(seen.count, ELEMENTS(changes));
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(seen.entries[i].sequence, 77);
        assert_int_equal(seen.entries[i].key_bytes, strlen(changes[i].key));
        assert_memory_equal(seen.entries[i].key, changes[i].key, seen.entries[i].key_bytes);
        assert_int_equal(seen.entries[i].record == NULL, changes[i].value == NULL);
    }
    free(data);
}

static void test_store_changes_walk__cut_off__refused(void **state)
{
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 1, &bytes);
    for (size_t cut = 1; cut < bytes; cut++) {
        struct seen seen = {0};
        unsigned char *part = malloc(cut); /* so that a byte too many is noticed */

        assert_non_null(part);
        memcpy(part, data, cut);
        assert_int_equal(store_changes_walk(part, cut, see, &seen, &visit_failed), -EBADMSG);
        assert_false(visit_failed);
        assert_true(seen.count < ELEMENTS(changes));
        free(part);
    }
    free(data);
}

static void test_store_changes_walk__lengths_beyond_limits__refused(void **state)
{
    enum { FIRST_KEY_LENGTH = 12, FIRST_RECORD_LENGTH = 16, FIRST_KEY = 20 };
    static const struct {
        size_t offset;
        unsigned char byte;
    } changed[] = {{FIRST_KEY_LENGTH, 0},        {FIRST_KEY_LENGTH, STORE_KEY_MAX_BYTES + 1},
                   {FIRST_KEY_LENGTH + 3, 0xff}, {FIRST_RECORD_LENGTH, 3},
                   {FIRST_RECORD_LENGTH + 3, 1}, {FIRST_KEY, 0}};
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 1, &bytes);
    for (size_t i = 0; i < ELEMENTS(changed); i++) {
        struct seen seen = {0};
        unsigned char before = data[changed[i].offset];

        data[changed[i].offset] = changed[i].byte;
        assert_int_equal(store_changes_walk(data, bytes, see, &seen, &visit_failed), -EBADMSG);
        assert_int_equal(seen.count, 0);
        data[changed[i].offset] = before;
    }
    free(data);
}

static void test_store_changes_walk__visit_fails__its_result(void **state)
{
    struct seen seen = {.result = -EXFULL};
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 1, &bytes);
    assert_int_equal(store_changes_walk(data, bytes, see, &seen, &visit_failed), -EXFULL);
    assert_true(visit_failed);
    assert_int_equal(seen.count, 1);
    free(data);
}

/* Opens a copy of an entry's record, under another entry's key and sequence where they differ. */
static int open_record(const struct store_keys *keys, const struct store_entry *entry,
                       const unsigned char *record, size_t record_bytes)
{
    unsigned char copy[256];
    const unsigned char *value;
    struct store_entry as = *entry;
    size_t bytes;

    assert_true(record_bytes <= sizeof(copy));
    memcpy(copy, record, record_bytes);
    as.record = copy;
    as.record_bytes = record_bytes;
    int r = store_record_open(keys, &as, copy, &value, &bytes);
    if (r >= 0) {
        assert_int_equal(bytes, 1);
        assert_memory_equal(value, "1", 1);
    }
    return r;
}

static void test_store_record_open__its_own_key__value(void **state)
{
    struct seen seen = {0};
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 9, &bytes);
    assert_int_equal(store_changes_walk(data, bytes, see, &seen, &visit_failed), 0);
    const struct store_entry *one = &seen.entries[0];
    assert_int_equal(open_record(*state, one, one->record, one->record_bytes), 0);
    assert_int_equal(store_record_sequence(one->record, one->record_bytes), 9);
    assert_int_equal(store_record_sequence(one->record, 3), 0);
    assert_int_equal(open_record(*state, &seen.entries[1], one->record, one->record_bytes),
                     -EBADMSG);
    free(data);
}

static void test_store_record_open__any_byte_changed__refused(void **state)
{
    struct seen seen = {0};
    unsigned char record[256];
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 9, &bytes);
    assert_int_equal(store_changes_walk(data, bytes, see, &seen, &visit_failed), 0);
    const struct store_entry *one = &seen.entries[0];
    for (size_t i = 0; i < one->record_bytes; i++) {
        memcpy(record, one->record, one->record_bytes);
        record[i] ^= 4;
        assert_int_equal(open_record(*state, one, record, one->record_bytes),
                         i == 0 ? -EPROTONOSUPPORT : -EBADMSG);
    }
    for (size_t cut = 0; cut < one->record_bytes; cut++)
        assert_int_equal(open_record(*state, one, one->record, cut), -EBADMSG);
    free(data);
}

static void test_store_entry_encode__one_change__walks_as_before(void **state)
{
    struct seen seen = {0}, again = {0};
    bool visit_failed;
    size_t bytes;

    unsigned char *data = encode(*state, 5, &bytes);
    assert_int_equal(store_changes_walk(data, bytes, see, &seen, &visit_failed), 0);
    for (size_t i = 0; i < seen.count; i++) {
        size_t length = store_entry_bytes(&seen.entries[i]);
        unsigned char *one = malloc(length);

        assert_non_null(one);
        store_entry_encode(&seen.entries[i], one);
        again.count = 0;
        assert_int_equal(store_changes_walk(one, length, see, &again, &visit_failed), 0);
        assert_int_equal(again.count, 1);
        assert_int_equal(again.entries[0].sequence, 5);
        assert_int_equal(again.entries[0].record_bytes, seen.entries[i].record_bytes);
        assert_int_equal(!again.entries[0].record, !seen.entries[i].record);
        assert_memory_equal(again.entries[0].key, seen.entries[i].key, again.entries[0].key_bytes);
        free(one);
    }
    free(data);
}

static struct store_entry entry(const char *key, const char *record, uint64_t sequence)
{
    return (struct store_entry){.key = (const unsigned char *)key,
                                .key_bytes = strlen(key),
                                .record = (const unsigned char *)record,
                                .record_bytes = record ? strlen(record) : 0,
                                .sequence = sequence};
}

static void test_store_map_put__same_key_again__latest_alone(void **state)
{
    const struct store_entry first = entry("k", "old", 1), last = entry("k", "newer", 2);
    struct store_map map = STORE_MAP_EMPTY;
    struct store_entry got;

    (void)state; /* none */
    assert_int_equal(store_map_put(&map, &first), 0);
    assert_int_equal(store_map_put(&map, &last), 0);
    struct store_map_node *node = store_map_first(&map);
    store_map_get(node, &got);
    assert_int_equal(got.sequence, 2);
    assert_int_equal(got.record_bytes, 5);
    assert_memory_equal(got.record, "newer", 5);
    assert_null(store_map_next(node));
    store_map_clear(&map);
    assert_true(store_map_is_empty(&map));
}

static void test_store_map_first__several_keys__ordered_and_removals_kept(void **state)
{
    static const char *const keys[] = {"b", "ab", "a", "abc", "c"};
    static const char *const ordered[] = {"a", "ab", "abc", "b", "c"};
    struct store_map map = STORE_MAP_EMPTY;
    struct store_entry got;
    size_t count = 0;

    (void)state; /* none */
    for (size_t i = 0; i < ELEMENTS(keys); i++) {
        const struct store_entry one = entry(keys[i], NULL, i);

        assert_false(store_map_has(&map, &one));
        assert_int_equal(store_map_put(&map, &one), 0);
        assert_true(store_map_has(&map, &one));
    }
    for (struct store_map_node *node = store_map_first(&map); node; node = store_map_next(node)) {
        store_map_get(node, &got);
        assert_null(got.record);
        assert_int_equal(got.key_bytes, strlen(ordered[count]));
        assert_memory_equal(got.key, ordered[count], got.key_bytes);
        count++;
    }
    assert_int_equal(count, ELEMENTS(ordered));
    store_map_clear(&map);
}

static void test_store_map_drop__key_there_or_not__gone(void **state)
{
    const struct store_entry one = entry("one", "1", 1), other = entry("other", "2", 2);
    struct store_map map = STORE_MAP_EMPTY;

    (void)state; /* none */
    assert_int_equal(store_map_put(&map, &one), 0);
    store_map_drop(&map, &other);
    assert_true(store_map_has(&map, &one));
    store_map_drop(&map, &one);
    assert_false(store_map_has(&map, &one));
    assert_true(store_map_is_empty(&map));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_changes_walk__as_encoded__each_change),
        TEST(test_store_changes_walk__cut_off__refused),
        TEST(test_store_changes_walk__lengths_beyond_limits__refused),
        TEST(test_store_changes_walk__visit_fails__its_result),
        TEST(test_store_record_open__its_own_key__value),
        TEST(test_store_record_open__any_byte_changed__refused),
        TEST(test_store_entry_encode__one_change__walks_as_before),
        TEST(test_store_map_put__same_key_again__latest_alone),
        TEST(test_store_map_first__several_keys__ordered_and_removals_kept),
        TEST(test_store_map_drop__key_there_or_not__gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
