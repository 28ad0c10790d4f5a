/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails: whatever it is, nothing that was acknowledged is lost, nothing is acknowledged
 * that the disk did not take, and the store comes back. Every single call fails in tests/crash/.
 * Long because there are many ways to fail.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/store-fixture.h"

enum { ALL = 1000000, NEVER_USEC = 2000000000 };

/* Waits until something has failed. */
static void await_failure(const struct fixture *fixture)
{
    while (fixture_statistics(fixture).failures == 0)
        (void)sched_yield(); /* the thread that fails may need the processor */
}

static void test_store_submit__sync_of_the_log_fails__refused_then_durable(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "old", "1"), 0);
    fault_io_fail(&fixture->fault, FAULT_FDATASYNC, "log-*", ALL, -EIO);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), -EIO);
    assert_int_equal(fixture_put_done(fixture, "b", "3"), -EIO);
    assert_int_equal(fixture_put_done(fixture, "old", NULL), -EIO);
    assert_int_equal(fixture->availability_count, 1); /* told once */
    assert_int_equal(fixture->availability[0], -EIO);
    assert_false(fixture_statistics(fixture).available);

    assert_true(fault_io_heal(&fixture->fault) >= 1);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
    assert_true(fixture_statistics(fixture).available);
    assert_int_equal(fixture_put_done(fixture, "c", "4"), 0);
    assert_true(fixture_statistics(fixture).failures >= 1);
    fixture_reopen(fixture); /* what failed is there in its last state */
    assert_int_equal(fixture->loaded_count, 3);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    assert_string_equal(fixture_loaded(fixture, "b"), "3");
    assert_string_equal(fixture_loaded(fixture, "c"), "4");
}

static void test_store_submit__sync_of_the_log_failed__file_is_never_written_again(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    size_t bytes;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    unsigned char *before = fixture_read(fixture, "log-1", &bytes);
    unsigned char *after = malloc(bytes);
    assert_non_null(after);
    int fd = open(fixture_path(fixture, "log-1"), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    fault_io_fail(&fixture->fault, FAULT_FDATASYNC, "log-1", 1, -EIO);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), -EIO);
    fixture_run_availability(fixture, 2);
    do /* the checkpoint that leaves the file behind follows */
        assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    while (fixture_statistics(fixture).checkpoints < 1);
    for (int i = 0; i < 3 * SEGMENT_BLOCKS; i++)
        assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_nlink, 0); /* it went, and was not used again */
    assert_int_equal(pread(fd, after, bytes, 0), bytes);
    assert_memory_equal(before, after, bytes);
    (void)close(fd); /* it was only read */
    free(before);
    free(after);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 3);
}

static void test_store_submit__stopped__later_ones_fail_though_the_disk_would(void **state)
{
    struct fixture *fixture = *state;
    unsigned char *before, *after;
    size_t bytes;

    fixture->options.retry_usec = NEVER_USEC;
    fixture->options.retry_max_usec = NEVER_USEC;
    fault_io_fail(&fixture->fault, FAULT_CREATE, "log-2*", 1, -ENOSPC);
    assert_int_equal(fixture_open(fixture), 0);
    await_failure(fixture); /* no file is ready in which the log would go on */
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture->fault.short_writes = true; /* nobody writes now but the log */
    fault_io_fail(&fixture->fault, FAULT_WRITE, "log-1", 1, -ENOSPC);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), -ENOSPC);
    assert_int_equal(fault_io_heal(&fixture->fault), 1);
    before = fixture_read(fixture, "log-1", &bytes);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), -ENOSPC);
    fixture_submit(fixture, STORE_ESSENTIAL, "d", "4");
    fixture_run(fixture, 4);
    assert_int_equal(fixture->results[3], -ENOSPC);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), -ENOSPC);
    after = fixture_read(fixture, "log-1", &bytes);
    assert_memory_equal(before, after, bytes);
    free(before);
    free(after);
    assert_int_equal(fixture->availability_count, 1);
    fixture_reopen(fixture);
    assert_null(store_damage(fixture->store));
    assert_int_equal(fixture->loaded_count, 1);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
}

static void test_store_load__written_but_refused__what_came_later_counts(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture->fault.keeps_unsynced = true;
    fault_io_fail(&fixture->fault, FAULT_FDATASYNC | FAULT_CREATE, "@(log-1|checkpoint-*)", ALL,
                  -EIO); /* no checkpoint behind it */
    assert_int_equal(fixture_put_done(fixture, "a", "refused, and on the disk"), -EIO);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture_put_done(fixture, "a", "2"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "3"), 0);
    fixture_close(fixture);
    assert_true(fault_io_heal(&fixture->fault) > 0);
    assert_true(fixture_exists(fixture, "log-1")); /* both are there */
    assert_int_equal(fixture_open(fixture), 0);
    assert_null(store_damage(fixture->store));
    assert_int_equal(fixture->loaded_count, 2);
    assert_string_equal(fixture_loaded(fixture, "a"), "2");
}

/* Fills the log until a submission is refused; returns how many were not. */
static size_t fill(struct fixture *fixture, enum store_urgency urgency, const char *prefix)
{
    char key[32];

    for (size_t count = 0;; count++) {
        assert_true(count < 200);
        (void)snprintf(key, sizeof(key), "%.10s%zu", prefix, count);
        fixture_submit(fixture, urgency, key, key);
        fixture_run(fixture, fixture->result_count + 1);
        int r = fixture->results[fixture->result_count - 1];
        if (r < 0) {
            assert_int_equal(r, -ENOSPC);
            return count;
        }
    }
}

static void test_store_submit__no_space_for_a_new_file__reserve_is_for_the_essential(void **state)
{
    struct fixture *fixture = *state;

    fixture->options.reserve_bytes = 5 * BLOCK; /* and a commit takes one */
    assert_int_equal(fixture_open(fixture), 0);
    fault_io_fail(&fixture->fault, FAULT_CREATE, "log-[3-9]*", ALL, -ENOSPC);
    for (int i = 0; i < SEGMENT_BLOCKS; i++) /* the last of them wants a third file */
        assert_int_equal(fixture_put_done(fixture, "first", "1"), 0);
    await_failure(fixture);
    size_t ordinary = fill(fixture, STORE_ORDINARY, "o");
    assert_int_equal(ordinary, SEGMENT_BLOCKS - 2 - 5);
    assert_int_equal(fixture->availability_count, 1);
    assert_int_equal(fixture->availability[0], -ENOSPC);
    size_t essential = fill(fixture, STORE_ESSENTIAL, "e");
    assert_int_equal(essential, 5);
    assert_int_equal(fixture->availability_count, 1); /* told already */

    assert_true(fault_io_heal(&fixture->fault) > 0);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
    assert_int_equal(fixture_put_done(fixture, "last", "1"), 0);
    fixture_reopen(fixture);
    /* what was refused is durable, too: of either, one */
    assert_int_equal(fixture->loaded_count, 1 + ordinary + 1 + essential + 1 + 1);
}

static void submit_ordinary(int result, void *userdata)
{
    struct fixture *fixture = userdata;

    (void)result; /* none is waited for */
    for (int i = 0; i < 8; i++)
        fixture_put_many(fixture, "many", STORE_CHANGES_MAX);
}

static void test_store_submit__long_batch_without_space__stays_out_of_the_reserve(void **state)
{
    struct fixture *fixture = *state;
    size_t refused = 0;

    fixture->options.segment_bytes = 12 * BLOCK;
    fixture->options.reserve_bytes = 5 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    fault_io_fail(&fixture->fault, FAULT_CREATE, "log-[3-9]*", ALL, -ENOSPC);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0); /* goes on in the last file */
    await_failure(fixture);
    assert_int_equal(
        store_submit(fixture->store, STORE_ORDINARY, NULL, 0, submit_ordinary, fixture), 0);
    fixture_run(fixture, 8);
    for (size_t i = 0; i < 8; i++)
        refused += fixture->results[i] == -ENOSPC;
    assert_true(refused > 2 && refused < 8);
    assert_true(fill(fixture, STORE_ESSENTIAL, "e") >= 5);
}

static void test_store_start_job__checkpoint_cannot_be_written__log_goes_on(void **state)
{
    static const struct {
        unsigned operation;
        const char *pattern;
    } faults[] = {
        {FAULT_UNLINK, "checkpoint-*"}, {FAULT_CREATE, "checkpoint-*"},
        {FAULT_FSYNC, "checkpoint-*"},  {FAULT_READ, "checkpoint-*"},
        {FAULT_CREATE, "manifest.new"}, {FAULT_WRITE, "manifest.new"},
        {FAULT_FSYNC, "manifest.new"},  {FAULT_RENAME, "manifest"},
    };
    struct fixture *fixture = *state;
    size_t count = sizeof(faults) / sizeof(faults[0]);
    char key[32];

    assert_int_equal(fixture_open(fixture), 0);
    for (size_t i = 0; i < count; i++) {
        fault_io_fail(&fixture->fault, faults[i].operation, faults[i].pattern, 1, -EIO);
        assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), -EIO);
        assert_int_not_equal(fixture->job.error.message[0], '\0');
        assert_int_equal(fault_io_heal(&fixture->fault), 1);
        assert_true(fixture_statistics(fixture).available);
        (void)snprintf(key, sizeof(key), "k%zu", i);
        assert_int_equal(fixture_put_done(fixture, key, key), 0);
    }
    assert_int_equal(fixture_statistics(fixture).failures, count);
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    assert_int_equal(fixture->job.records, count);
    fixture_reopen(fixture);
    assert_null(store_damage(fixture->store));
    assert_int_equal(fixture->loaded_count, count);
    assert_int_equal(fixture_count(fixture, "checkpoint-*"), 1);
}

/* A checkpoint whose manifest may or may not be there after a crash, with changes on either side of
 * it; closed. The manifest of before is kept in *ret_before. */
static void make_uncertain(struct fixture *fixture, unsigned char **ret_before, size_t *ret_bytes)
{
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "1"), 0);
    *ret_before = fixture_read(fixture, "manifest", ret_bytes);
    fault_io_fail(&fixture->fault, FAULT_FSYNC, "./manifest", 1, -EIO);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), -EIO);
    assert_int_equal(fault_io_heal(&fixture->fault), 1);
    assert_int_equal(fixture_put_done(fixture, "b", NULL), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    fixture_close(fixture);
}

static void test_store_start_job__manifest_is_uncertain__nothing_lost_either_way(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;
    unsigned char *before;
    size_t bytes;

    make_uncertain(fixture, &before, &bytes);
    fixture_copy(fixture, &copy);
    for (int crash = 0; crash < 2; crash++) {
        fixture_restore(fixture, &copy);
        if (crash == 1)
            fixture_write(fixture, "manifest", before, bytes);
        for (int i = 0; i < 2; i++) {
            fixture_reopen(fixture);
            assert_null(store_damage(fixture->store));
            assert_int_equal(fixture->loaded_count, 2);
            assert_string_equal(fixture_loaded(fixture, "a"), "1");
            assert_string_equal(fixture_loaded(fixture, "c"), "3");
        }
        assert_int_equal(fixture_count(fixture, "checkpoint-*"), 1);
        fixture_close(fixture);
    }
    free(before);
    fixture_copy_done(&copy);
}

static void test_store_load__disk_takes_nothing__loads_and_comes_back(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    fault_io_fail(&fixture->fault, FAULT_CHANGES, "log-*", ALL, -ENOSPC);
    assert_int_equal(fixture_open(fixture), 0);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    assert_int_equal(fixture_put_done(fixture, "b", "2"), -ENOSPC);
    assert_int_equal(fixture->availability_count, 1);
    assert_int_equal(fixture->availability[0], -ENOSPC);
    assert_true(fault_io_heal(&fixture->fault) > 0);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "b"), "2");
}

static void test_store_load__no_file_of_the_log_can_be_made__told_and_comes_back(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    fixture_remove(fixture, "log-2"); /* the empty one */
    fault_io_fail(&fixture->fault, FAULT_CREATE, "log-*", ALL, -ENOSPC);
    assert_int_equal(fixture_open(fixture), 0);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    fixture_run_availability(fixture, 1);
    assert_int_equal(fixture->availability[0], -ENOSPC);
    assert_true(fault_io_heal(&fixture->fault) > 0);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 2);
}

static void test_store_start_job__log_cannot_go_on_at_the_start__all_of_it_verified(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 2 * SEGMENT_BLOCKS; i++)
        assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    fixture_remove(fixture, "log-4"); /* the empty one */
    fault_io_fail(&fixture->fault, FAULT_CREATE, "log-*", ALL, -ENOSPC);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    assert_int_equal(fixture->job.records, 1);
}

static void test_store_load__checkpoint_is_read_at_the_second_try__nothing_is_damaged(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    fault_io_fail(&fixture->fault, FAULT_READ, "checkpoint-*", 1, -EIO);
    assert_int_equal(fixture_open(fixture), 0);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    assert_null(store_damage(fixture->store));
}

static int whole_reads; /* of files of the log */

static ssize_t read_otherwise(const struct store_io *io, int fd, void *buffer, size_t bytes,
                              off_t offset)
{
    ssize_t count = store_io_system.pread(io, fd, buffer, bytes, offset);

    if (bytes == SEGMENT_BLOCKS * BLOCK && ++whole_reads == 4) { /* log-1, after log-3 */
        unsigned char *key = memmem(buffer, bytes, "doomed", strlen("doomed"));
        assert_non_null(key);
        key = memmem(key + 1, bytes / 2, "doomed", strlen("doomed")); /* of the removal */
        assert_non_null(key);
        *key = 'D';
    }
    return count;
}

static void test_store_load__log_is_read_otherwise_once_proven__not_believed(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "doomed", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "doomed", NULL), 0);
    for (int i = 0; i < SEGMENT_BLOCKS; i++)
        assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    whole_reads = 0;
    fixture->fault.io.pread = read_otherwise;
    assert_int_equal(fixture_open(fixture), 0);
    assert_true(whole_reads >= 4);
    assert_int_equal(fixture->loaded_count, 1);
    assert_non_null(fixture_loaded(fixture, "a"));
    assert_null(store_damage(fixture->store)); /* the second time it was whole */
}

static void note_result(int result, void *userdata)
{
    int *last = userdata;

    *last = result;
}

static void test_store_submit__barrier_while_what_was_read_is_not_durable__fails(void **state)
{
    struct fixture *fixture = *state;
    int ordinary = 1, essential = 1;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    fault_io_fail(&fixture->fault, FAULT_FDATASYNC, "log-*", ALL, -EIO);
    assert_int_equal(fixture_open(fixture), 0);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, NULL, 0, note_result, &ordinary),
                     0);
    assert_int_equal(
        store_submit(fixture->store, STORE_ESSENTIAL, NULL, 0, note_result, &essential), 0);
    while (ordinary > 0 || essential > 0)
        assert_true(sd_event_run(fixture->event, UINT64_MAX) > 0);
    assert_int_equal(ordinary, -EIO);
    assert_int_equal(essential, -EIO);

    assert_true(fault_io_heal(&fixture->fault) > 0);
    fixture_run_availability(fixture, 2);
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, NULL, 0, note_result, &ordinary),
                     0);
    while (ordinary < 0)
        assert_true(sd_event_run(fixture->event, UINT64_MAX) > 0);
    assert_int_equal(ordinary, 0);
}

/* Of whom this thread's next eventfd_read() heals the disk, and waits until the store has noticed.
 */
static _Thread_local struct fixture *heals_while_read;

/* In the place of libc's. */
int eventfd_read(int fd, eventfd_t *value)
{
    struct fixture *fixture = heals_while_read;

    if (fixture) {
        heals_while_read = NULL;
        (void)fault_io_heal(&fixture->fault); /* it failed already */
        while (fixture_statistics(fixture).commits == 0)
            (void)sched_yield(); /* the disk takes changes again, */
        (void)usleep(50000);     /* and the owner was woken */
    }
    return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

static void test_store__comes_back_while_the_owner_takes_messages__told_all_the_same(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fault_io_fail(&fixture->fault, FAULT_WRITE, "log-*", ALL, -EIO);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), -EIO);
    fixture_put(fixture, "a", "2");
    heals_while_read = fixture;
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
}

static void test_store_open__first_start_fails_at_any_call__next_one_works(void **state)
{
    struct fixture *fixture = *state;
    struct copy nothing = {0};
    int skip;

    for (skip = 0; skip < 100; skip++) {
        fixture_restore(fixture, &nothing);
        fault_io_fail(&fixture->fault, FAULT_CHANGES | FAULT_UNLINK, "[!l]*", ALL, -EIO);
        fixture->fault.skip = skip;  /* nobody else is there yet */
        (void)fixture_open(fixture); /* may fail */
        fixture_close(fixture);
        if (fault_io_heal(&fixture->fault) == 0)
            break;
        assert_int_equal(fixture_open(fixture), 0);
        assert_null(store_damage(fixture->store));
        assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
        fixture_reopen(fixture);
        assert_int_equal(fixture->loaded_count, 1);
        fixture_close(fixture);
    }
    assert_true(skip > 10 && skip < 100);
}

static void test_store__short_calls__invisible(void **state)
{
    struct fixture *fixture = *state;

    fixture->fault.short_writes = true;
    fixture->fault.short_reads = true;
    assert_int_equal(fixture_open(fixture), 0);
    fixture_put_many(fixture, "m", STORE_CHANGES_MAX);
    fixture_run(fixture, 1);
    assert_int_equal(fixture->results[0], 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_reopen(fixture);
    assert_null(store_damage(fixture->store));
    assert_int_equal(fixture->loaded_count, STORE_CHANGES_MAX + 1);
}

static void test_store__interrupted_calls__invisible(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 20; i++) {
        fault_io_fail(&fixture->fault, FAULT_READ | FAULT_WRITE, "*", 5, -EINTR);
        if (i % 2 == 0)
            fixture_reopen(fixture);
        assert_int_equal(fixture_put_done(fixture, "a", i % 2 == 0 ? "even" : "odd"), 0);
        if (i % 4 == 3)
            assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
        assert_true(fault_io_heal(&fixture->fault) > 0);
        assert_int_equal(fixture->availability_count, 0);
    }
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "a"), "odd");
}

struct acknowledged {
    char keys[LOADED_MAX][16];
    size_t count;
};

static void test_store__syncs_fail_now_and_then__nothing_acknowledged_is_lost(void **state)
{
    static struct acknowledged acknowledged;
    struct fixture *fixture = *state;
    char key[16];

    fixture->options.segment_bytes = 4 * BLOCK;
    fixture->options.log_limit_bytes = 20 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 300; i++) {
        if (i % 7 == 0)
            fault_io_fail(&fixture->fault, FAULT_FDATASYNC | FAULT_FSYNC, "*", 1 + i % 5, -EIO);
        (void)snprintf(key, sizeof(key), "k%d", i);
        if (fixture_put_done(fixture, key, key) == 0)
            memcpy(acknowledged.keys[acknowledged.count++], key, sizeof(key));
        while (!fixture_statistics(fixture).available)
            assert_true(sd_event_run(fixture->event, UINT64_MAX) > 0);
        if (i % 50 != 49)
            continue;
        fixture->availability_count = 0;
        fixture_reopen(fixture);
        assert_null(store_damage(fixture->store));
        for (size_t j = 0; j < acknowledged.count; j++)
            if (!fixture_loaded(fixture, acknowledged.keys[j]))
                fail_msg("%s was acknowledged and is lost", acknowledged.keys[j]);
    }
    assert_true(acknowledged.count > 50);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_submit__sync_of_the_log_fails__refused_then_durable),
        TEST(test_store_submit__sync_of_the_log_failed__file_is_never_written_again),
        TEST(test_store_submit__stopped__later_ones_fail_though_the_disk_would),
        TEST(test_store_load__written_but_refused__what_came_later_counts),
        TEST(test_store_submit__no_space_for_a_new_file__reserve_is_for_the_essential),
        TEST(test_store_submit__long_batch_without_space__stays_out_of_the_reserve),
        TEST(test_store_start_job__checkpoint_cannot_be_written__log_goes_on),
        TEST(test_store_start_job__manifest_is_uncertain__nothing_lost_either_way),
        TEST(test_store_load__disk_takes_nothing__loads_and_comes_back),
        TEST(test_store_load__no_file_of_the_log_can_be_made__told_and_comes_back),
        TEST(test_store_start_job__log_cannot_go_on_at_the_start__all_of_it_verified),
        TEST(test_store_load__checkpoint_is_read_at_the_second_try__nothing_is_damaged),
        TEST(test_store_load__log_is_read_otherwise_once_proven__not_believed),
        TEST(test_store_submit__barrier_while_what_was_read_is_not_durable__fails),
        TEST(test_store__comes_back_while_the_owner_takes_messages__told_all_the_same),
        TEST(test_store_open__first_start_fails_at_any_call__next_one_works),
        TEST(test_store__short_calls__invisible),
        TEST(test_store__interrupted_calls__invisible),
        TEST(test_store__syncs_fail_now_and_then__nothing_acknowledged_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
