/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Backups of a store, and how they take its place: whole, or not at all.
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/store-backup.h"
#include "tests/unit/store-fixture.h"

/* A backup of a store with "a" and "b"; behind it there is "c", and no "a". The store is closed. */
static void make_backup(struct fixture *fixture)
{
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_BACKUP), 0);
    assert_true(fixture->job.fd >= 0);
    assert_int_equal(fixture_put_done(fixture, "a", NULL), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    fixture_close(fixture);
}

static int restore(struct fixture *fixture, int fd)
{
    return store_restore(fixture->directory, &fixture->credentials, fd, "a backup", NULL, NULL,
                         &fixture->error);
}

/* The bytes of the backup. To be freed. */
static unsigned char *read_backup(const struct fixture *fixture, size_t *ret_bytes)
{
    struct stat status;

    assert_int_equal(fstat(fixture->job.fd, &status), 0);
    unsigned char *data = malloc((size_t)status.st_size);
    assert_non_null(data);
    assert_int_equal(pread(fixture->job.fd, data, (size_t)status.st_size, 0), status.st_size);
    *ret_bytes = (size_t)status.st_size;
    return data;
}

static void assert_restored(struct fixture *fixture)
{
    assert_int_equal(fixture->loaded_count, 2);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    assert_string_equal(fixture_loaded(fixture, "b"), "2");
    assert_true(store_was_restored(fixture->store));
    assert_null(store_damage(fixture->store));
    assert_false(fixture_exists(fixture, "restore"));
}

static void test_store_restore__backup_of_this_store__in_its_place(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;

    make_backup(fixture);
    assert_int_equal(fixture->job.records, 2);
    assert_int_equal(fixture->job.sequence, 2);
    assert_int_equal(fstat(fixture->job.fd, &status), 0);
    assert_int_equal(status.st_size, fixture->job.bytes);
    assert_int_equal(fixture_count(fixture, "backup*"), 0); /* it has no name */
    assert_int_equal(restore(fixture, fixture->job.fd), 0);
    assert_int_equal(fixture_open(fixture), 0);
    assert_restored(fixture);
    assert_int_equal(fixture_put_done(fixture, "d", "4"), 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 3);
}

static void test_store_was_restored__until_a_checkpoint_is_asked_for__true(void **state)
{
    struct fixture *fixture = *state;

    make_backup(fixture);
    assert_int_equal(restore(fixture, fixture->job.fd), 0);
    for (int i = 0; i < 2; i++) {
        fixture_reopen(fixture);
        assert_true(store_was_restored(fixture->store));
    }
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    fixture_reopen(fixture);
    assert_false(store_was_restored(fixture->store));
    assert_int_equal(fixture->loaded_count, 2);
}

static void test_store_restore__empty_directory_with_the_key__store_is_there(void **state)
{
    static const struct copy nothing;
    struct fixture *fixture = *state;
    size_t bytes;

    make_backup(fixture);
    unsigned char *key = fixture_read(fixture, "key", &bytes);
    fixture_restore(fixture, &nothing);
    fixture_write(fixture, "key", key, bytes);
    free(key);
    assert_int_equal(restore(fixture, fixture->job.fd), 0);
    assert_int_equal(fixture_open(fixture), 0);
    assert_restored(fixture);
}

static void test_store_restore__over_another_store__its_log_does_not_count(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy = {0};
    size_t bytes;

    make_backup(fixture);
    unsigned char *key = fixture_read(fixture, "key", &bytes);
    fixture_restore(fixture, &copy); /* nothing, and so another key */
    fixture->options.segment_bytes = 4 * BLOCK;
    fixture_reopen(fixture);
    for (int i = 0; i < 20; i++)
        assert_int_equal(fixture_put_done(fixture, "other", "x"), 0);
    fixture_close(fixture);
    fixture_write(fixture, "key", key, bytes);
    free(key);
    assert_int_equal(restore(fixture, fixture->job.fd), 0);
    assert_int_equal(fixture_open(fixture), 0);
    assert_restored(fixture);
}

static void test_store_restore__store_is_held__busy(void **state)
{
    struct fixture *fixture = *state;

    make_backup(fixture);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(restore(fixture, fixture->job.fd), -EBUSY);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 2);
    assert_string_equal(fixture_loaded(fixture, "c"), "3");
    assert_false(store_was_restored(fixture->store));
}

/* Restores bytes, which must be refused and change nothing. */
static void assert_refused(struct fixture *fixture, const void *data, size_t bytes, int result,
                           const char *words)
{
    uint64_t before = fixture_fingerprint(fixture);

    int fd = memfd_create("backup", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    memset(&fixture->error, 0, sizeof(fixture->error));
    int r = restore(fixture, fd);
    (void)close(fd); /* it was only read */
    if (r != result || strcmp(fixture->error.file, "a backup") != 0 ||
        !strstr(fixture->error.message, words))
        fail_msg("%d %s: %s", r, fixture->error.file, fixture->error.message);
    assert_true(fixture_fingerprint(fixture) == before);
}

/* Whether a byte is of a version: the backup's own, or that of data.key or manifest in it. */
static bool is_version(size_t offset)
{
    enum { HEAD_BYTES = 44, VERSION_OFFSET = STORE_MAGIC_BYTES };
    const size_t versions[] = {VERSION_OFFSET, HEAD_BYTES + VERSION_OFFSET,
                               HEAD_BYTES + STORE_DATA_KEY_FILE_BYTES + VERSION_OFFSET};

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        if (offset >= versions[i] && offset < versions[i] + 4)
            return true;
    return false;
}

static void test_store_restore__bad_byte_anywhere__nothing_changed(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_backup(fixture);
    unsigned char *data = read_backup(fixture, &bytes);
    for (size_t offset = 0; offset < bytes; offset += offset < 300 ? 1 : 419) {
        data[offset] ^= 0x20;
        assert_refused(fixture, data, bytes, is_version(offset) ? -EPROTONOSUPPORT : -EBADMSG, "");
        data[offset] ^= 0x20;
    }
    data[bytes - 1] ^= 1;
    assert_refused(fixture, data, bytes, -EBADMSG, "does not match its keyed hash");
    free(data);
}

static void test_store_restore__cut_off__nothing_changed(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_backup(fixture);
    unsigned char *data = read_backup(fixture, &bytes);
    for (size_t cut = 0; cut < bytes; cut += cut < 400 ? 7 : 1031)
        assert_refused(fixture, data, cut, -EBADMSG, "");
    assert_refused(fixture, data, bytes - 1, -EBADMSG, "does not have its length");
    free(data);
}

static void test_store_restore__other_master_key__nothing_changed(void **state)
{
    struct fixture *fixture = *state;
    struct copy nothing = {0};
    size_t bytes;

    make_backup(fixture);
    unsigned char *data = read_backup(fixture, &bytes);
    fixture_restore(fixture, &nothing);
    fixture_reopen(fixture);
    fixture_close(fixture);
    assert_refused(fixture, data, bytes, -EBADMSG, "cannot be opened with the master key in key");
    free(data);
}

static void test_store_open__restore_was_cut_short__finished(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_backup(fixture);
    unsigned char *data = read_backup(fixture, &bytes);
    fixture_write(fixture, "restore", data, bytes); /* what counts, from here on */
    free(data);
    assert_int_equal(fixture_open(fixture), 0);
    assert_restored(fixture);
}

static void test_store_open__finishing_a_restore_fails_at_any_call__the_next_one_does(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    size_t bytes;
    int failed = 0;

    make_backup(fixture);
    unsigned char *data = read_backup(fixture, &bytes);
    fixture_write(fixture, "restore", data, bytes);
    free(data);
    fixture_copy(fixture, &copy);
    for (int skip = 0; skip < 100; skip++) {
        fixture_restore(fixture, &copy);
        fault_io_fail(&fixture->fault, FAULT_CHANGES | FAULT_UNLINK, "[!l]*", 1000000, -EIO);
        fixture->fault.skip = skip; /* nobody else is there yet */
        int r = fixture_open(fixture);
        fixture_close(fixture);
        failed += r < 0;
        if (fault_io_heal(&fixture->fault) == 0)
            break;
        assert_int_equal(fixture_open(fixture), 0);
        assert_restored(fixture);
        fixture_close(fixture);
    }
    assert_true(failed >= 10);
    fixture_copy_done(&copy);
}

static void test_store_open__restore_of_what_is_damaged__refused(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    make_backup(fixture);
    unsigned char *data = read_backup(fixture, &bytes);
    data[bytes / 2] ^= 1;
    fixture_write(fixture, "restore", data, bytes);
    free(data);
    uint64_t before = fixture_fingerprint(fixture);
    assert_int_equal(fixture_open(fixture), -EBADMSG);
    assert_string_equal(fixture->error.file, "restore");
    fixture_close(fixture);
    assert_true(fixture_fingerprint(fixture) == before);
}

static void count_progress(uint64_t done_bytes, uint64_t total_bytes, void *userdata)
{
    uint64_t *last = userdata;

    assert_true(done_bytes >= *last && done_bytes <= total_bytes);
    *last = done_bytes;
}

static void test_store_restore__progress__up_to_its_length(void **state)
{
    struct fixture *fixture = *state;
    uint64_t last = 0;

    make_backup(fixture);
    assert_int_equal(store_restore(fixture->directory, &fixture->credentials, fixture->job.fd,
                                   "a backup", count_progress, &last, &fixture->error),
                     0);
    assert_int_equal(last, fixture->job.bytes);
}

static void test_store_start_job__backup_cannot_be_written__says_so(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fault_io_fail(&fixture->fault, FAULT_WRITE, "backup*", 1, -ENOSPC);
    assert_int_equal(fixture_job(fixture, STORE_JOB_BACKUP), -ENOSPC);
    assert_int_equal(fixture->job.fd, -1);
    assert_string_equal(fixture->job.error.file, "backup");
    assert_int_equal(fixture_job(fixture, STORE_JOB_BACKUP), 0); /* it is not the store's end */
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_restore__backup_of_this_store__in_its_place),
        TEST(test_store_was_restored__until_a_checkpoint_is_asked_for__true),
        TEST(test_store_restore__empty_directory_with_the_key__store_is_there),
        TEST(test_store_restore__over_another_store__its_log_does_not_count),
        TEST(test_store_restore__store_is_held__busy),
        TEST(test_store_restore__bad_byte_anywhere__nothing_changed),
        TEST(test_store_restore__cut_off__nothing_changed),
        TEST(test_store_restore__other_master_key__nothing_changed),
        TEST(test_store_open__restore_was_cut_short__finished),
        TEST(test_store_open__finishing_a_restore_fails_at_any_call__the_next_one_does),
        TEST(test_store_open__restore_of_what_is_damaged__refused),
        TEST(test_store_restore__progress__up_to_its_length),
        TEST(test_store_start_job__backup_cannot_be_written__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
