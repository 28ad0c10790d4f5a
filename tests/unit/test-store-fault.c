/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails: whatever call it is, nothing that was acknowledged is lost, nothing is
 * acknowledged that the disk did not take, and the store comes back.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tests/unit/store-fixture.h"

/* The next calls fail. */
static void fail_next(struct fixture *fixture, int skip, int count, int error)
{
    fixture->fault.call = 0;
    fixture->fault.fail_from = skip + 1;
    fixture->fault.fail_count = count;
    fixture->fault.error = error;
}

static void fail_no_more(struct fixture *fixture)
{
    fixture->fault.fail_from = 0;
}

static void test_store_submit__sync_fails__refused_then_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct store_statistics statistics;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fail_next(fixture, 1, 1000000, -EIO); /* the write is good, the sync is not */
    fixture_put(fixture, "b", "2");
    fixture_put(fixture, "c", "3");
    fixture_run(fixture, 3);
    assert_int_equal(fixture->results[1], -EIO);
    assert_int_equal(fixture->results[2], -EIO);
    assert_int_equal(fixture->availability_count, 1);
    assert_int_equal(fixture->availability[0], -EIO);
    assert_false(store_available(fixture->store));
    assert_int_equal(fixture_put_done(fixture, "d", "4"), -EIO);

    fail_no_more(fixture);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
    assert_true(store_available(fixture->store));
    assert_int_equal(fixture_put_done(fixture, "e", "5"), 0);
    store_get_statistics(fixture->store, &statistics);
    assert_true(statistics.failures >= 1);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 5); /* the live set is whole */
}

static void test_store_submit__short_write_and_full_disk__log_is_never_written_again(void **state)
{
    struct fixture *fixture = *state;
    char log[64];
    size_t before, after;

    fixture->options.retry_usec = UINT64_C(3600000000); /* not in this test */
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture->fault.half = true;
    fail_next(fixture, 0, 1, -ENOSPC);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), -ENOSPC);
    fixture_find(fixture, "log-", log, sizeof(log));
    free(fixture_read(fixture, log, &before));
    assert_int_equal(fixture_put_done(fixture, "c", "3"), -EIO); /* though the disk would */
    free(fixture_read(fixture, log, &after));
    assert_int_equal(before, after);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 1);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
}

static void test_store_checkpoint__asked_for_while_down__comes_back(void **state)
{
    struct fixture *fixture = *state;

    fixture->options.retry_usec = UINT64_C(3600000000); /* not in this test */
    assert_int_equal(fixture_open(fixture), 0);
    fail_next(fixture, 0, 1, -EIO);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), -EIO);
    assert_int_equal(store_checkpoint(fixture->store), 0);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
}

static void test_store_checkpoint__first_file_cannot_be_made__log_goes_on(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fail_next(fixture, 1, 1, -ENOSPC); /* the open, behind the unlink */
    assert_int_equal(store_checkpoint(fixture->store), -ENOSPC);
    assert_true(store_available(fixture->store));
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
}

static void test_store_checkpoint__gdbm_cannot_write__log_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, small;
    int refused = 0, made = 0;
    char key[64];

    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof(key), "key-%d-with-something-to-fill-a-block", i);
        fixture_put(fixture, key, key);
    }
    fixture_run(fixture, 100);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    /* from where GDBM has made its file: before that it would lose memory */
    for (rlim_t limit = 17500; limit <= 60000; limit += 2500) {
        small = (struct rlimit){.rlim_cur = limit, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int r = store_checkpoint(fixture->store);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(r == 0 || r == -EFBIG);
        assert_true(store_available(fixture->store));
        *(r == 0 ? &made : &refused) += 1;
    }
    assert_true(refused > 0 && made > 0);
    assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 101);
}

static void test_store_load__disk_takes_nothing__loads_and_comes_back(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_close(fixture);
    int r = 0;
    for (int skip = 0; skip < 100; skip++) { /* until the first call that only writes */
        fail_next(fixture, skip, 1000000, -ENOSPC);
        r = fixture_open(fixture);
        if (r == 0)
            break;
        assert_int_equal(r, -ENOSPC);
        fixture_close(fixture);
    }
    assert_int_equal(r, 0);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    assert_false(store_available(fixture->store));
    fixture_run_availability(fixture, 1);
    assert_int_equal(fixture->availability[0], -ENOSPC);
    fail_no_more(fixture);
    fixture_run_availability(fixture, 2);
    assert_int_equal(fixture->availability[1], 0);
}

struct acknowledged {
    char keys[64][32];
    size_t count;
};

/* Puts a record of its own and remembers it if the store says that it is durable. */
static void put_some(struct fixture *fixture, const char *name, int count,
                     struct acknowledged *acknowledged)
{
    char key[32];

    for (int i = 0; i < count; i++) {
        (void)snprintf(key, sizeof(key), "%.20s/%d", name, i);
        if (fixture_put_done(fixture, key, key) == 0)
            (void)snprintf(acknowledged->keys[acknowledged->count++], sizeof(key), "%s", key);
    }
}

static void assert_there(const struct fixture *fixture, const struct acknowledged *acknowledged)
{
    for (size_t i = 0; i < acknowledged->count; i++) {
        const char *value = fixture_loaded(fixture, acknowledged->keys[i]);
        if (!value)
            fail_msg("%s was acknowledged and is lost", acknowledged->keys[i]);
        assert_string_equal(value, acknowledged->keys[i]);
    }
}

/* The life of a store, from an empty folder, with some calls that fail. Returns whether all of it
 * happened before the first of them. */
static bool live_through(struct fixture *fixture, int skip, int count)
{
    static const struct copy nothing;
    struct acknowledged acknowledged = {0};
    bool opened;

    fixture_restore(fixture, &nothing);
    fail_next(fixture, skip, count, -EIO);
    for (int life = 0; life < 2; life++) {
        opened = fixture_open(fixture) == 0;
        if (opened) {
            assert_there(fixture, &acknowledged);
            put_some(fixture, life == 0 ? "a" : "b", 2, &acknowledged);
            (void)store_checkpoint(fixture->store); /* may fail */
            put_some(fixture, life == 0 ? "c" : "d", 2, &acknowledged);
        }
        fixture_close(fixture);
    }
    bool untouched = fixture->fault.call <= skip;
    fail_no_more(fixture);

    /* The same files again, by a disk that works: a start that was cut short is no harm. */
    fixture_reopen(fixture);
    assert_there(fixture, &acknowledged);
    while (!store_available(fixture->store))
        assert_true(sd_event_run(fixture->event, UINT64_C(10000000)) > 0);
    put_some(fixture, "e", 1, &acknowledged);
    fixture_reopen(fixture);
    assert_there(fixture, &acknowledged);
    fixture_close(fixture);
    assert_true(!untouched || acknowledged.count == 9);
    return untouched;
}

static void test_store__each_call_fails_once__nothing_acknowledged_is_lost(void **state)
{
    struct fixture *fixture = *state;
    int skip = 0;

    while (!live_through(fixture, skip, 1))
        skip++;
    assert_true(skip > 80); /* that many calls were tried */
}

static void test_store__all_calls_fail_from_one_on__nothing_acknowledged_is_lost(void **state)
{
    struct fixture *fixture = *state;
    int skip = 0;

    fixture->fault.half = true;
    while (!live_through(fixture, skip, 1000000))
        skip++;
    assert_true(skip > 80);
}

static void test_store__some_calls_fail__comes_back_by_itself(void **state)
{
    struct fixture *fixture = *state;
    struct acknowledged acknowledged = {0};

    assert_int_equal(fixture_open(fixture), 0);
    for (int length = 1; length < 25; length++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "n%d", length);
        fixture->availability_count = 0;
        fail_next(fixture, 0, length, -EIO);
        put_some(fixture, name, 2, &acknowledged);
        fixture_run_availability(fixture, 2);
        assert_int_equal(fixture->availability[0], -EIO);
        assert_int_equal(fixture->availability[1], 0);
    }
    fail_no_more(fixture);
    put_some(fixture, "last", 1, &acknowledged);
    assert_true(acknowledged.count >= 1);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 24 * 2 + 1); /* the live set, acknowledged or not */
    assert_there(fixture, &acknowledged);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_submit__sync_fails__refused_then_comes_back),
        TEST(test_store_submit__short_write_and_full_disk__log_is_never_written_again),
        TEST(test_store_checkpoint__asked_for_while_down__comes_back),
        TEST(test_store_checkpoint__first_file_cannot_be_made__log_goes_on),
        TEST(test_store_checkpoint__gdbm_cannot_write__log_goes_on),
        TEST(test_store_load__disk_takes_nothing__loads_and_comes_back),
        TEST(test_store__each_call_fails_once__nothing_acknowledged_is_lost),
        TEST(test_store__all_calls_fail_from_one_on__nothing_acknowledged_is_lost),
        TEST(test_store__some_calls_fail__comes_back_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
