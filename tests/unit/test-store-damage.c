/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that are not as the store left them: a torn tail costs no earlier change, and what is
 * damaged, foreign or of another version is refused and not touched.
 */
#include <config.h>

#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/seal.h"
#include "tests/unit/store-fixture.h"

enum { VERSION_OFFSET = 8, LOG_HEADER_BYTES = 44 };

/* A checkpoint with "old", and a log with "a", "b" and "c" behind it; closed. */
static void make_store(struct fixture *fixture)
{
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "old", "0"), 0);
    assert_int_equal(store_checkpoint(fixture->store), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    fixture_close(fixture);
}

/* Where the last record of a log begins: all three are of one size. */
static size_t last_record(size_t log_bytes)
{
    size_t record_bytes = (log_bytes - LOG_HEADER_BYTES) / 3;

    assert_int_equal(LOG_HEADER_BYTES + 3 * record_bytes, log_bytes);
    return log_bytes - record_bytes;
}

/* Opens what must be refused, with words in the message, and checks that nothing was touched. */
static void assert_refused(struct fixture *fixture, int result, const char *file, const char *words)
{
    uint64_t before = fixture_fingerprint(fixture);

    int r = fixture_open(fixture);
    fixture_close(fixture);
    if (r != result || !strstr(fixture->error.file, file) || !strstr(fixture->error.message, words))
        fail_msg("%d %s: \"%s\" is not %d %s: \"%s\"", r, fixture->error.file,
                 fixture->error.message, result, file, words);
    assert_true(fixture_fingerprint(fixture) == before);
}

static void flip(const struct fixture *fixture, const char *name, size_t offset, unsigned char bits)
{
    size_t bytes;
    unsigned char *data = fixture_read(fixture, name, &bytes);

    assert_true(offset < bytes);
    data[offset] ^= bits;
    fixture_write(fixture, name, data, bytes);
    free(data);
}

static void test_store_load__torn_at_every_byte__earlier_changes_there(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    char log[64], kept[64];
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    fixture_find(fixture, "log-", log, sizeof(log));
    unsigned char *data = fixture_read(fixture, log, &bytes);
    for (size_t cut = last_record(bytes); cut < bytes; cut++) {
        fixture_restore(fixture, &copy);
        fixture_write(fixture, log, data, cut);
        assert_int_equal(fixture_open(fixture), 0);
        assert_int_equal(fixture->loaded_count, 3);
        assert_string_equal(fixture_loaded(fixture, "old"), "0");
        assert_string_equal(fixture_loaded(fixture, "a"), "1");
        assert_string_equal(fixture_loaded(fixture, "b"), "2");
        if (cut > last_record(bytes)) /* else there is nothing to keep */
            fixture_find(fixture, "damaged-log-", kept, sizeof(kept));
        assert_int_equal(fixture_put_done(fixture, "d", "4"), 0);
        fixture_reopen(fixture);
        assert_int_equal(fixture->loaded_count, 4);
        assert_string_equal(fixture_loaded(fixture, "d"), "4");
        fixture_close(fixture);
    }
    free(data);
    fixture_copy_done(&copy);
}

static void test_store_load__bad_byte_in_a_record__changes_before_it_there(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    char log[64];
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    fixture_find(fixture, "log-", log, sizeof(log));
    free(fixture_read(fixture, log, &bytes));
    for (size_t offset = last_record(bytes); offset < bytes; offset++) {
        fixture_restore(fixture, &copy);
        flip(fixture, log, offset, 0x40);
        assert_int_equal(fixture_open(fixture), 0);
        assert_int_equal(fixture->loaded_count, 3);
        assert_null(fixture_loaded(fixture, "c"));
        fixture_close(fixture);
    }
    fixture_copy_done(&copy);
}

static void test_store_load__zeros_behind_the_last_record__all_there(void **state)
{
    struct fixture *fixture = *state;
    char log[64];
    size_t bytes;

    make_store(fixture);
    fixture_find(fixture, "log-", log, sizeof(log));
    unsigned char *data = fixture_read(fixture, log, &bytes);
    unsigned char *longer = calloc(1, bytes + 4096);
    assert_non_null(longer);
    memcpy(longer, data, bytes);
    fixture_write(fixture, log, longer, bytes + 4096);
    free(longer);
    free(data);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture->loaded_count, 4);
}

static void test_store_load__log_not_as_its_name__refused(void **state)
{
    struct fixture *fixture = *state;
    char log[64], path[256];
    size_t bytes;

    make_store(fixture);
    fixture_find(fixture, "log-", log, sizeof(log));
    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, log);
    unsigned char *data = fixture_read(fixture, log, &bytes);
    assert_int_equal(unlink(path), 0);
    fixture_write(fixture, "log-99", data, bytes);
    free(data);
    assert_refused(fixture, -EBADMSG, "log-99", "does not begin with the sequence in its name");
}

static void test_store_load__log_missing_between_others__refused(void **state)
{
    struct fixture *fixture = *state;
    struct seal_hash hash;
    uint64_t first = htole64(99);
    char log[64];
    size_t bytes;

    make_store(fixture);
    fixture_find(fixture, "log-", log, sizeof(log));
    unsigned char *data = fixture_read(fixture, log, &bytes);
    memcpy(data + LOG_HEADER_BYTES - SEAL_CHECKSUM_BYTES - sizeof(first), &first, sizeof(first));
    seal_hash_start(&hash, NULL, SEAL_CHECKSUM_BYTES);
    seal_hash_add(&hash, data, LOG_HEADER_BYTES - SEAL_CHECKSUM_BYTES);
    seal_hash_end(&hash, data + LOG_HEADER_BYTES - SEAL_CHECKSUM_BYTES, SEAL_CHECKSUM_BYTES);
    fixture_write(fixture, "log-99", data, LOG_HEADER_BYTES);
    free(data);
    assert_refused(fixture, -EBADMSG, "log-*", "but log-99 goes on behind it");
}

static void test_store_open__manifest_bit_flips__refused(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_store(fixture);
    free(fixture_read(fixture, "manifest", &bytes));
    for (size_t offset = 0; offset < bytes; offset++) {
        bool version = offset >= VERSION_OFFSET && offset < VERSION_OFFSET + 4;

        flip(fixture, "manifest", offset, (unsigned char)(1U << offset % 8));
        assert_refused(fixture, version ? -EPROTONOSUPPORT : -EBADMSG, "manifest",
                       version      ? "format version"
                       : offset < 8 ? "not a manifest"
                                    : "keyed hash");
        flip(fixture, "manifest", offset, (unsigned char)(1U << offset % 8));
    }
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture->loaded_count, 4);
}

static void test_store_open__file_cut_off__refused(void **state)
{
    static const char *const names[] = {"manifest", "data.key", "key"};
    struct fixture *fixture = *state;
    size_t bytes;

    make_store(fixture);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unsigned char *data = fixture_read(fixture, names[i], &bytes);

        for (size_t cut = 0; cut < bytes; cut += 5) {
            fixture_write(fixture, names[i], data, cut);
            assert_refused(fixture, -EBADMSG, names[i], "");
        }
        fixture_write(fixture, names[i], data, bytes);
        free(data);
    }
}

static void test_store_open__file_missing__refused(void **state)
{
    static const char *const names[] = {"manifest", "data.key", "key"};
    struct fixture *fixture = *state;
    struct copy copy;
    char path[256];

    make_store(fixture);
    fixture_copy(fixture, &copy);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, names[i]);
        assert_int_equal(unlink(path), 0);
        assert_refused(fixture, -EBADMSG, names[i], "missing");
        fixture_restore(fixture, &copy);
    }
    fixture_copy_done(&copy);
}

static void test_store_open__unknown_version__refused(void **state)
{
    struct fixture *fixture = *state;
    char log[64];

    make_store(fixture);
    fixture_find(fixture, "log-", log, sizeof(log));
    const char *const names[] = {"manifest", "data.key", log};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        flip(fixture, names[i], VERSION_OFFSET, 1 ^ 2);
        assert_refused(fixture, -EPROTONOSUPPORT, names[i],
                       "has format version 2; this program knows version 1 only");
        flip(fixture, names[i], VERSION_OFFSET, 1 ^ 2);
    }
    assert_int_equal(fixture_open(fixture), 0);
}

static void test_store_open__other_master_key__refused(void **state)
{
    struct fixture *fixture = *state;

    make_store(fixture);
    flip(fixture, "key", 31, 1);
    assert_refused(fixture, -EBADMSG, "data.key",
                   "cannot be opened with the master key in key: it was sealed under another one");
}

static void test_store_open__credential__used_and_needed(void **state)
{
    static const unsigned char key[32] = "a key from the service manager";
    struct fixture *fixture = *state;
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/credential", fixture->directory);
    fixture->credential_path = path;
    assert_int_equal(fixture_open(fixture), -ENOENT);
    assert_string_equal(fixture->error.file, path);
    fixture_close(fixture);

    fixture_write(fixture, "credential", key, sizeof(key));
    make_store(fixture);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture->loaded_count, 4);
    fixture_close(fixture);
    flip(fixture, "credential", 0, 1);
    assert_refused(fixture, -EBADMSG, "data.key", path);
    fixture->credential_path = NULL; /* and no key of its own is made up instead */
    assert_refused(fixture, -EBADMSG, "key", "missing");
}

static void test_store_load__checkpoint_changed__refused_before_gdbm(void **state)
{
    struct fixture *fixture = *state;
    char checkpoint[64];
    size_t bytes;

    make_store(fixture);
    fixture_find(fixture, "checkpoint-", checkpoint, sizeof(checkpoint));
    unsigned char *data = fixture_read(fixture, checkpoint, &bytes);
    for (size_t offset = 0; offset < bytes; offset += 499) {
        flip(fixture, checkpoint, offset, 0x10);
        assert_refused(fixture, -EBADMSG, checkpoint, "does not match its keyed hash");
        flip(fixture, checkpoint, offset, 0x10);
    }
    fixture_write(fixture, checkpoint, data, bytes - 1);
    assert_refused(fixture, -EBADMSG, checkpoint, "the manifest says");
    free(data);
}

static void test_store_load__log_of_another_store__refused(void **state)
{
    struct fixture *fixture = *state;
    char log[64];
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_find(fixture, "log-", log, sizeof(log));
    unsigned char *data = fixture_read(fixture, log, &bytes);
    copy = (struct copy){0};
    fixture_restore(fixture, &copy); /* an empty folder, and so another key */
    make_store(fixture);
    fixture_write(fixture, log, data, bytes);
    free(data);
    assert_refused(fixture, -EBADMSG, log, "sealed under another data key");
}

static void test_store_load__leftovers__removed_once_all_is_proven(void **state)
{
    static const char *const leftovers[] = {"checkpoint-1.gdbm", "checkpoint-99.gdbm",
                                            "manifest.new", "log-1", "log-99.new"};
    static const char *const others[] = {"checkpoint-1", "log-x", "log-01", "notes"};
    struct fixture *fixture = *state;
    char path[256];

    make_store(fixture);
    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++)
        fixture_write(fixture, leftovers[i], "left", 4);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        fixture_write(fixture, others[i], "mine", 4);
    flip(fixture, "manifest", 60, 1);
    assert_refused(fixture, -EBADMSG, "manifest", "");
    flip(fixture, "manifest", 60, 1);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture->loaded_count, 4);
    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, leftovers[i]);
        assert_int_equal(access(path, F_OK), -1);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, others[i]);
        assert_int_equal(access(path, F_OK), 0);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_load__torn_at_every_byte__earlier_changes_there),
        TEST(test_store_load__bad_byte_in_a_record__changes_before_it_there),
        TEST(test_store_load__zeros_behind_the_last_record__all_there),
        TEST(test_store_load__log_not_as_its_name__refused),
        TEST(test_store_load__log_missing_between_others__refused),
        TEST(test_store_open__manifest_bit_flips__refused),
        TEST(test_store_open__file_cut_off__refused),
        TEST(test_store_open__file_missing__refused),
        TEST(test_store_open__unknown_version__refused),
        TEST(test_store_open__other_master_key__refused),
        TEST(test_store_open__credential__used_and_needed),
        TEST(test_store_load__checkpoint_changed__refused_before_gdbm),
        TEST(test_store_load__log_of_another_store__refused),
        TEST(test_store_load__leftovers__removed_once_all_is_proven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
