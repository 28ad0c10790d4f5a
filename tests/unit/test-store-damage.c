/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that are not as the store left them. A write that was cut off costs no earlier change. What
 * is damaged costs itself alone: all that can be proven is loaded, and the owner is told. Keys that
 * do not fit and formats that are not known are refused, and nothing is touched. Long because that
 * is a long list.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/store-log.h"
#include "tests/unit/store-fixture.h"

#define LOG        "log-2"
#define CHECKPOINT "checkpoint-2.gdbm"

#define HUGE_BYTES (INT64_C(1) << 40)

enum { VERSION_OFFSET = 8, BATCH_A = 1 * BLOCK, BATCH_B = 2 * BLOCK, BATCH_C = 3 * BLOCK };

/* A checkpoint with "old", and a log with "a", "b" and "c" behind it; closed. */
static void make_store(struct fixture *fixture)
{
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "old", "0"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    fixture_close(fixture);
}

/* How long a batch is, from its head. */
static size_t batch_bytes(const unsigned char *log, size_t offset)
{
    const unsigned char *at = log + offset + 4;

    return STORE_BATCH_HEAD_BYTES + store_get32(&at);
}

/* Opens, and returns whether a line with these words was logged meanwhile. */
static bool open_logs(struct fixture *fixture, const char *words)
{
    static char text[8192];
    int memory = memfd_create("log", MFD_CLOEXEC),
        before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

    assert_true(memory >= 0 && before >= 0);
    assert_true(dup2(memory, STDERR_FILENO) >= 0);
    int r = fixture_open(fixture);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    ssize_t bytes = pread(memory, text, sizeof(text) - 1, 0);
    assert_true(bytes >= 0);
    text[bytes] = '\0';
    (void)close(before); /* it was only a copy */
    (void)close(memory);
    assert_int_equal(r, 0);
    return strstr(text, words) != NULL;
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

/* Whether keys (of one letter, but for "old") are those that were loaded, with their values. */
static void assert_loaded(const struct fixture *fixture, const char *keys)
{
    static const struct {
        char letter;
        const char *key, *value;
    } records[] = {{'o', "old", "0"}, {'a', "a", "1"}, {'b', "b", "2"}, {'c', "c", "3"}};

    assert_int_equal(fixture->loaded_count, strlen(keys));
    for (size_t i = 0; i < ELEMENTS(records); i++)
        if (strchr(keys, records[i].letter)) {
            assert_non_null(fixture_loaded(fixture, records[i].key));
            assert_string_equal(fixture_loaded(fixture, records[i].key), records[i].value);
        }
}

/* Opens what is damaged: loads these keys and says so, now, at the next start, and no more when a
 * checkpoint was asked for. */
static void assert_damaged(struct fixture *fixture, const char *file, int64_t offset,
                           const char *words, const char *keys)
{
    assert_int_equal(fixture_open(fixture), 0);
    const struct store_error *damage = store_damage(fixture->store);
    assert_non_null(damage);
    if (strcmp(damage->file, file) != 0 || damage->offset != offset ||
        !strstr(damage->message, words))
        fail_msg("%s at %lld: %s", damage->file, (long long)damage->offset, damage->message);
    assert_loaded(fixture, keys);

    fixture_reopen(fixture);
    assert_non_null(store_damage(fixture->store));
    assert_loaded(fixture, keys);
    assert_int_equal(fixture_put_done(fixture, "new", "4"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    fixture_reopen(fixture);
    assert_null(store_damage(fixture->store));
    assert_int_equal(fixture->loaded_count, strlen(keys) + 1);
    fixture_close(fixture);
}

static void test_store_load__last_batch_torn_at_every_byte__earlier_ones_there(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    size_t end = BATCH_C + batch_bytes(log, BATCH_C);
    for (size_t cut = end; cut-- > BATCH_C;) {
        fixture_restore(fixture, &copy);
        log[cut] = 0; /* and so are all behind it */
        fixture_write(fixture, LOG, log, bytes);
        bool logged = open_logs(fixture, "log-2 at byte 12288: a write was not finished");
        assert_int_equal(logged, cut > BATCH_C); /* else nothing of it is there */
        assert_null(store_damage(fixture->store));
        assert_loaded(fixture, "oab");
        assert_int_equal(fixture_put_done(fixture, "d", "4"), 0);
        fixture_reopen(fixture);
        assert_null(store_damage(fixture->store));
        assert_int_equal(fixture->loaded_count, 4);
        assert_string_equal(fixture_loaded(fixture, "d"), "4");
        fixture_close(fixture);
    }
    assert_int_equal(fixture_count(fixture, "damaged-*"), 0);
    free(log);
    fixture_copy_done(&copy);
}

static void test_store_load__bad_byte_in_the_last_batch__earlier_ones_there(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    size_t end = BATCH_C + batch_bytes(log, BATCH_C);
    free(log);
    for (size_t offset = BATCH_C; offset < end; offset++) {
        fixture_restore(fixture, &copy);
        fixture_flip(fixture, LOG, offset, 0x40);
        assert_true(open_logs(fixture, "a write was not finished"));
        assert_null(store_damage(fixture->store));
        assert_loaded(fixture, "oab");
        fixture_close(fixture);
    }
    fixture_copy_done(&copy);
}

static void test_store_load__bad_bytes_in_the_last_two_batches__damage(void **state)
{
    static const struct {
        size_t first, second;                         /* offsets from BATCH_B and BATCH_C */
    } cases[] = {{0, 100}, {100, 100}, {100, BLOCK}}; /* BLOCK: behind the end, all well */
    struct fixture *fixture = *state;
    struct copy copy;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        fixture_restore(fixture, &copy);
        fixture_flip(fixture, LOG, BATCH_B + cases[i].first, 0x40);
        fixture_flip(fixture, LOG, BATCH_C + cases[i].second, 0x40);
        if (cases[i].second < BLOCK)
            assert_damaged(fixture, LOG, BATCH_B, "acknowledged changes are damaged here", "oa");
        else
            assert_damaged(fixture, LOG, BATCH_C, "acknowledged changes before this", "oac");
    }
    fixture_copy_done(&copy);
}

static void test_store_load__first_block_of_the_last_batch_missing__not_damage(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_store(fixture);
    assert_int_equal(fixture_open(fixture), 0);
    fixture_put_many(
        fixture, "m",
        STORE_CHANGES_MAX); /* more than a block, in log-3 behind what is there again */
    fixture_run(fixture, 1);
    fixture_close(fixture);
    unsigned char *log = fixture_read(fixture, "log-3", &bytes);
    assert_true(batch_bytes(log, BATCH_B) > BLOCK);
    memset(log + BATCH_B, 0, BLOCK);
    fixture_write(fixture, "log-3", log, bytes);
    free(log);
    assert_true(open_logs(fixture, "log-3 at byte 8192: a write was not finished"));
    assert_null(store_damage(fixture->store));
    assert_loaded(fixture, "oabc");
}

static void test_store_load__bad_byte_in_an_earlier_batch__all_but_that_one(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    size_t end = BATCH_B + batch_bytes(log, BATCH_B);
    for (size_t offset = BATCH_B; offset < end; offset += 5) {
        fixture_restore(fixture, &copy);
        fixture_flip(fixture, LOG, offset, 1);
        assert_damaged(fixture, LOG, BATCH_C, "acknowledged changes before this are damaged",
                       "oac");
    }
    free(log);
    fixture_copy_done(&copy);
}

static void test_store_load__damaged_log__kept_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes, kept_bytes;

    make_store(fixture);
    fixture_flip(fixture, LOG, BATCH_A + 60, 1);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    assert_int_equal(fixture_open(fixture), 0);
    unsigned char *kept = fixture_read(fixture, "damaged-" LOG, &kept_bytes);
    assert_int_equal(bytes, kept_bytes);
    assert_memory_equal(log, kept, bytes);
    assert_true(fixture_exists(fixture, "damaged-" CHECKPOINT));
    fixture_reopen(fixture); /* what is kept stays */
    assert_true(fixture_exists(fixture, "damaged-" LOG));
    free(log);
    free(kept);
}

static void test_store_load__batch_copied_over_another__damage(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_store(fixture);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    memcpy(log + BATCH_A, log + BATCH_C, BLOCK);
    fixture_write(fixture, LOG, log, bytes);
    free(log);
    assert_int_equal(fixture_open(fixture), 0);
    assert_non_null(store_damage(fixture->store));
    assert_loaded(fixture, "oc");
}

static void test_store_load__header_of_the_log_bad__damage(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    for (size_t offset = 0; offset < 40; offset++) {
        bool version = offset >= VERSION_OFFSET && offset < VERSION_OFFSET + 4;

        fixture_restore(fixture, &copy);
        fixture_flip(fixture, LOG, offset, 2);
        if (version)
            assert_refused(fixture, -EPROTONOSUPPORT, LOG, "format version");
        else
            assert_damaged(fixture, LOG, 0, offset < 8 ? "is not a log" : "damaged header", "o");
    }
    fixture_copy_done(&copy);
}

static void test_store_load__log_shorter_than_it_says__damage(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_store(fixture);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    fixture_write(fixture, LOG, log, bytes - 1);
    free(log);
    assert_damaged(fixture, LOG, -1, "does not have its length", "o");
}

static void test_store_load__log_under_another_name__damage(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_store(fixture);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    fixture_write(fixture, "log-3", log, bytes);
    free(log);
    assert_damaged(fixture, "log-3", 0, "does not have the index in its name, but 2", "oabc");
}

static void test_store_load__log_of_another_store__damage(void **state)
{
    struct fixture *fixture = *state;
    struct copy nothing = {0};
    size_t bytes;

    make_store(fixture);
    unsigned char *log = fixture_read(fixture, LOG, &bytes);
    fixture_restore(fixture, &nothing); /* an empty folder, and so another key */
    make_store(fixture);
    fixture_write(fixture, LOG, log, bytes);
    free(log);
    assert_damaged(fixture, LOG, 0, "damaged header", "o");
}

static void test_store_load__segment_missing_between_others__damage(void **state)
{
    struct fixture *fixture = *state;
    char key[16];

    fixture->options.segment_bytes = 3 * BLOCK; /* two commits each */
    fixture->options.reserve_bytes = 0;
    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 8; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(fixture_put_done(fixture, key, key), 0);
    }
    fixture_close(fixture);
    fixture_remove(fixture, "log-2");
    assert_int_equal(fixture_open(fixture), 0);
    assert_non_null(store_damage(fixture->store));
    assert_string_equal(store_damage(fixture->store)->file, "log-2");
    assert_non_null(strstr(store_damage(fixture->store)->message, "cannot be opened"));
    assert_int_equal(fixture->loaded_count, 6);
    assert_null(fixture_loaded(fixture, "k2"));
    assert_null(fixture_loaded(fixture, "k3"));
}

static void test_store_load__stray_file_with_a_great_number__damage_and_nothing_lost(void **state)
{
    static const char *const names[] = {"log-9000000000000000000", "log-18446744073709551615"};
    struct fixture *fixture = *state;
    struct copy copy;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        fixture_restore(fixture, &copy);
        fixture_write(fixture, names[i], "stray", 5);
        assert_int_equal(fixture_open(fixture), 0);
        assert_loaded(fixture, "oabc");
        /* the second number is none that the store makes */
        assert_int_equal(store_damage(fixture->store) != NULL, i == 0);
        fixture_close(fixture);
    }
    fixture_copy_done(&copy);
}

static void test_store_load__checkpoint_changed__log_alone(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    unsigned char *data = fixture_read(fixture, CHECKPOINT, &bytes);
    for (size_t offset = 0; offset < bytes; offset += 1999) {
        fixture_restore(fixture, &copy);
        fixture_flip(fixture, CHECKPOINT, offset, 0x10);
        assert_damaged(fixture, CHECKPOINT, -1, "does not match its keyed hash", "abc");
        assert_true(fixture_exists(fixture, "damaged-" CHECKPOINT));
    }
    fixture_restore(fixture, &copy);
    fixture_write(fixture, CHECKPOINT, data, bytes - 1);
    assert_damaged(fixture, CHECKPOINT, -1, "the manifest says", "abc");
    fixture_restore(fixture, &copy);
    assert_int_equal(truncate(fixture_path(fixture, CHECKPOINT), HUGE_BYTES), 0);
    assert_damaged(fixture, CHECKPOINT, -1, "the manifest says", "abc"); /* before it is read */
    fixture_restore(fixture, &copy);
    fixture_remove(fixture, CHECKPOINT);
    assert_int_equal(symlink("/dev/zero", fixture_path(fixture, CHECKPOINT)), 0);
    assert_damaged(fixture, CHECKPOINT, -1, "the manifest says", "abc");
    fixture_restore(fixture, &copy);
    fixture_remove(fixture, CHECKPOINT);
    assert_damaged(fixture, CHECKPOINT, -1, "the manifest names it, but it cannot be opened",
                   "abc");
    free(data);
    fixture_copy_done(&copy);
}

static void test_store_open__manifest_changed__log_alone(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    free(fixture_read(fixture, "manifest", &bytes));
    for (size_t offset = 0; offset < bytes; offset += 3) {
        bool version = offset >= VERSION_OFFSET && offset < VERSION_OFFSET + 4;

        fixture_restore(fixture, &copy);
        fixture_flip(fixture, "manifest", offset, (unsigned char)(1U << offset % 8));
        if (version) {
            assert_refused(fixture, -EPROTONOSUPPORT, "manifest", "format version");
            continue;
        }
        assert_int_equal(fixture_open(fixture), 0);
        assert_string_equal(store_damage(fixture->store)->file, "manifest");
        assert_loaded(fixture, "abc");
        assert_true(fixture_exists(fixture, "damaged-manifest"));
        assert_true(fixture_exists(fixture, "damaged-" CHECKPOINT));
        fixture_close(fixture);
    }
    fixture_copy_done(&copy);
}

static void test_store_open__manifest_missing_or_cut_off__log_alone(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    unsigned char *data = fixture_read(fixture, "manifest", &bytes);
    fixture_remove(fixture, "manifest");
    assert_damaged(fixture, "manifest", -1, "is missing, but checkpoints or logs are there", "abc");
    for (size_t cut = 0; cut < bytes; cut += 11) {
        fixture_restore(fixture, &copy);
        fixture_write(fixture, "manifest", data, cut);
        assert_damaged(fixture, "manifest", 0, "", "abc");
    }
    free(data);
    fixture_copy_done(&copy);
}

static void test_store_load__damaged_again__newest_is_kept(void **state)
{
    struct fixture *fixture = *state;

    make_store(fixture);
    fixture_flip(fixture, LOG, BATCH_A + 60, 1);
    assert_int_equal(fixture_open(fixture), 0);
    assert_true(fixture_exists(fixture, "damaged-" LOG));
    char log[64];
    fixture_find(fixture, "log-*", log, sizeof(log));
    assert_int_equal(fixture_put_done(fixture, "d", "4"), 0);
    assert_int_equal(fixture_put_done(fixture, "e", "5"), 0);
    fixture_close(fixture);
    fixture_flip(fixture, log, BATCH_A + 60, 1);
    assert_int_equal(fixture_open(fixture), 0);
    assert_string_equal(store_damage(fixture->store)->file, log);
    assert_false(fixture_exists(fixture, "damaged-" LOG));
    assert_int_equal(fixture->loaded_count, 4);
    assert_null(fixture_loaded(fixture, "d"));
}

static void test_store_open__key_file_cut_off_or_missing__refused(void **state)
{
    static const char *const names[] = {"data.key", "key"};
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;

    make_store(fixture);
    fixture_copy(fixture, &copy);
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        unsigned char *data = fixture_read(fixture, names[i], &bytes);

        for (size_t cut = 0; cut < bytes; cut += 5) {
            fixture_write(fixture, names[i], data, cut);
            assert_refused(fixture, -EBADMSG, names[i], "");
        }
        free(data);
        fixture_remove(fixture, names[i]);
        assert_refused(fixture, -EBADMSG, names[i], "missing");
        fixture_restore(fixture, &copy);
    }
    fixture_copy_done(&copy);
}

static void test_store_open__data_key_changed__refused(void **state)
{
    struct fixture *fixture = *state;

    make_store(fixture);
    for (size_t offset = 0; offset < 92; offset++) {
        bool version = offset >= VERSION_OFFSET && offset < VERSION_OFFSET + 4;

        fixture_flip(fixture, "data.key", offset, 4);
        assert_refused(fixture, version ? -EPROTONOSUPPORT : -EBADMSG, "data.key", "");
        fixture_flip(fixture, "data.key", offset, 4);
    }
    assert_int_equal(fixture_open(fixture), 0);
    assert_loaded(fixture, "oabc");
}

/* Everything would look damaged, and be put aside, if the keys were believed. */
static void test_store_open__keys_of_another_store__refused(void **state)
{
    static const char *const names[] = {"key", "data.key"};
    struct fixture *fixture = *state;
    struct copy nothing = {0};
    unsigned char *keys[ELEMENTS(names)];
    size_t bytes[ELEMENTS(names)];

    make_store(fixture);
    for (size_t i = 0; i < ELEMENTS(names); i++)
        keys[i] = fixture_read(fixture, names[i], &bytes[i]);
    fixture_restore(fixture, &nothing); /* an empty folder, and so other keys */
    make_store(fixture);
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        fixture_write(fixture, names[i], keys[i], bytes[i]);
        free(keys[i]);
    }
    assert_refused(fixture, -EBADMSG, "data.key", "not the data key that this store was made");
}

static void test_store_open__other_master_key__refused(void **state)
{
    struct fixture *fixture = *state;

    make_store(fixture);
    fixture_flip(fixture, "key", 31, 1);
    assert_refused(fixture, -EBADMSG, "data.key",
                   "cannot be opened with the master key in key: it was sealed under another one");
}

static void test_store_open__credential__used_and_needed(void **state)
{
    static const unsigned char key[32] = "a key from the service manager";
    struct fixture *fixture = *state;
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/credential", fixture->directory);
    fixture->credentials.key = path;
    assert_int_equal(fixture_open(fixture), -ENOENT);
    assert_string_equal(fixture->error.file, path);
    fixture_close(fixture);

    fixture_write(fixture, "credential", key, sizeof(key));
    make_store(fixture);
    assert_false(fixture_exists(fixture, "key"));
    assert_int_equal(fixture_open(fixture), 0);
    assert_loaded(fixture, "oabc");
    fixture_close(fixture);
    fixture_flip(fixture, "credential", 0, 1);
    assert_refused(fixture, -EBADMSG, "data.key", path);
    fixture->credentials.key = NULL; /* and no key of its own is made up instead */
    assert_refused(fixture, -EBADMSG, "key", "missing");
}

static void test_store_open__unknown_version__refused(void **state)
{
    static const char *const names[] = {"manifest", "data.key", LOG, "log-3"};
    struct fixture *fixture = *state;

    make_store(fixture);
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        fixture_flip(fixture, names[i], VERSION_OFFSET + 1, 1);
        assert_refused(fixture, -EPROTONOSUPPORT, names[i], "; this program knows version");
        fixture_flip(fixture, names[i], VERSION_OFFSET + 1, 1);
    }
    fixture_flip(fixture, LOG, VERSION_OFFSET + 1, 1);
    fixture_remove(fixture, CHECKPOINT); /* not even where something else is damaged */
    assert_refused(fixture, -EPROTONOSUPPORT, LOG, "; this program knows version");
}

static void test_store_load__leftovers__removed_once_all_is_read(void **state)
{
    static const char *const leftovers[] = {
        "checkpoint-1.gdbm", "checkpoint-99.gdbm", "manifest.new", "log-1",      "log-99.new",
        "key.new",           "data.key.new",       "backup.new",   "restore.new"};
    static const char *const others[] = {"checkpoint-1", "log-x", "log-01", "notes", "damaged-x"};
    struct fixture *fixture = *state;

    make_store(fixture);
    for (size_t i = 0; i < ELEMENTS(leftovers); i++)
        fixture_write(fixture, leftovers[i], "left", 4);
    for (size_t i = 0; i < ELEMENTS(others); i++)
        fixture_write(fixture, others[i], "mine", 4);
    fixture_flip(fixture, "key", 0, 1);
    assert_refused(fixture, -EBADMSG, "data.key", "");
    fixture_flip(fixture, "key", 0, 1);
    assert_int_equal(fixture_open(fixture), 0);
    assert_null(store_damage(fixture->store));
    assert_loaded(fixture, "oabc");
    for (size_t i = 0; i < ELEMENTS(leftovers); i++)
        assert_false(fixture_exists(fixture, leftovers[i]));
    for (size_t i = 0; i < ELEMENTS(others); i++)
        assert_true(fixture_exists(fixture, others[i]));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_load__last_batch_torn_at_every_byte__earlier_ones_there),
        TEST(test_store_load__bad_byte_in_the_last_batch__earlier_ones_there),
        TEST(test_store_load__bad_bytes_in_the_last_two_batches__damage),
        TEST(test_store_load__first_block_of_the_last_batch_missing__not_damage),
        TEST(test_store_load__bad_byte_in_an_earlier_batch__all_but_that_one),
        TEST(test_store_load__damaged_log__kept_as_it_was),
        TEST(test_store_load__batch_copied_over_another__damage),
        TEST(test_store_load__header_of_the_log_bad__damage),
        TEST(test_store_load__log_shorter_than_it_says__damage),
        TEST(test_store_load__log_under_another_name__damage),
        TEST(test_store_load__log_of_another_store__damage),
        TEST(test_store_load__segment_missing_between_others__damage),
        TEST(test_store_load__stray_file_with_a_great_number__damage_and_nothing_lost),
        TEST(test_store_load__checkpoint_changed__log_alone),
        TEST(test_store_open__manifest_changed__log_alone),
        TEST(test_store_open__manifest_missing_or_cut_off__log_alone),
        TEST(test_store_load__damaged_again__newest_is_kept),
        TEST(test_store_open__key_file_cut_off_or_missing__refused),
        TEST(test_store_open__data_key_changed__refused),
        TEST(test_store_open__keys_of_another_store__refused),
        TEST(test_store_open__other_master_key__refused),
        TEST(test_store_open__credential__used_and_needed),
        TEST(test_store_open__unknown_version__refused),
        TEST(test_store_load__leftovers__removed_once_all_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
