/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store does beside everything else: checkpoints, verification, another master key.
 */
#include <config.h>

#include <errno.h>
#include <gdbm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/store-fixture.h"

static void test_store_start_job__checkpoint__replaces_the_one_before(void **state)
{
    struct fixture *fixture = *state;
    char before[64], after[64];

    assert_int_equal(fixture_open(fixture), 0);
    fixture_find(fixture, "checkpoint-*", before, sizeof(before));
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    assert_int_equal(fixture_put_done(fixture, "a", NULL), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    assert_int_equal(fixture->job.records, 1);
    assert_int_equal(fixture->job.sequence, 3);
    assert_int_equal(fixture->job.fd, -1);
    assert_int_equal(fixture_count(fixture, "checkpoint-*"), 1);
    fixture_find(fixture, "checkpoint-*", after, sizeof(after));
    assert_string_not_equal(before, after);
    struct store_statistics statistics = fixture_statistics(fixture);
    assert_int_equal(statistics.checkpoints, 1);
    assert_int_equal(statistics.checkpoint_records, 1);
    assert_int_equal(statistics.checkpoint_bytes, fixture->job.bytes);
    assert_true(statistics.log_bytes <= BLOCK);
    assert_int_equal(statistics.job_total_bytes, 0);
}

static void
test_store_start_job__checkpoint_and_more_behind_it__all_there_after_reload(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0); /* without any change */
    assert_int_equal(fixture_put_done(fixture, "a", NULL), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 2);
    assert_string_equal(fixture_loaded(fixture, "b"), "2");
    assert_string_equal(fixture_loaded(fixture, "c"), "3");
}

static void test_store_start_job__checkpoints_among_submissions__none_is_lost(void **state)
{
    struct fixture *fixture = *state;
    char key[32];

    fixture->options.segment_bytes = 6 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        fixture_put(fixture, key, key);
        if (i % 50 == 0)
            fixture_start_job(fixture, STORE_JOB_CHECKPOINT);
        if (i % 10 == 0)
            fixture_run(fixture, fixture->result_count + 1);
    }
    fixture_run(fixture, 500);
    fixture_run_jobs(fixture, 10);
    for (int i = 0; i < 500; i++)
        assert_int_equal(fixture->results[i], 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(fixture->job_results[i], 0);
    assert_int_equal(fixture_count(fixture, "checkpoint-*"), 1);
    fixture_reopen(fixture);
    assert_null(store_damage(fixture->store));
    assert_int_equal(fixture->loaded_count, 500);
}

static void test_store_start_job__checkpoint__gdbm_lists_the_keys(void **state)
{
    struct fixture *fixture = *state;
    bool seen[2] = {false, false};
    char name[64];

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "session/0", "x"), 0);
    assert_int_equal(fixture_put_done(fixture, "session/1", "y"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    fixture_find(fixture, "checkpoint-*.gdbm", name, sizeof(name));

    GDBM_FILE database = /* while the daemon runs */
        gdbm_open(fixture_path(fixture, name), 0, GDBM_READER, 0, NULL);
    assert_non_null(database);
    for (datum key = gdbm_firstkey(database), next; key.dptr; key = next) {
        assert_int_equal(key.dsize, 9);
        assert_memory_equal(key.dptr, "session/", 8);
        seen[key.dptr[8] - '0'] = true;
        next = gdbm_nextkey(database, key);
        free(key.dptr);
    }
    assert_int_equal(gdbm_close(database), 0);
    assert_true(seen[0] && seen[1]);
}

static void test_store_close__jobs_wait__cancelled(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fixture_put(fixture, "a", "1");
    for (int i = 0; i < 20; i++)
        fixture_start_job(fixture, i % 2 == 0 ? STORE_JOB_CHECKPOINT : STORE_JOB_BACKUP);
    (void)alarm(60); /* should it wait for ever */
    fixture_close(fixture);
    (void)alarm(0);
    assert_int_equal(fixture->job_count, 20);
    for (int i = 0; i < 20; i++)
        assert_true(fixture->job_results[i] == 0 || fixture->job_results[i] == -ECANCELED);
    assert_int_equal(fixture->job_results[19], -ECANCELED);
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
}

static void test_store_start_job__verify__counts_what_is_there(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    assert_int_equal(fixture_put_done(fixture, "b", NULL), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    assert_int_equal(fixture_put_done(fixture, "d", "4"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    assert_int_equal(fixture->job.records, 3);
    assert_int_equal(fixture->job.sequence, 5);
    assert_true(fixture->job.bytes >= fixture_statistics(fixture).checkpoint_bytes + 4 * BLOCK);
    assert_int_equal(fixture_statistics(fixture).checkpoints, 1);
}

static void test_store_start_job__verify_of_a_damaged_log__names_it(void **state)
{
    struct fixture *fixture = *state;
    char log[64];

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    fixture_find(fixture, "log-*", log, sizeof(log));
    fixture_flip(fixture, log, BLOCK + 60, 1); /* in the first of two batches */
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), -EBADMSG);
    assert_string_equal(fixture->job.error.file, log);
    assert_int_equal(fixture->job.error.offset, 2 * BLOCK);
    assert_non_null(strstr(fixture->job.error.message, "acknowledged changes before this"));
    assert_true(fixture_statistics(fixture).available);
}

static void test_store_start_job__verify_without_the_last_batch__missing(void **state)
{
    struct fixture *fixture = *state;
    char log[64];

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_find(fixture, "log-*", log, sizeof(log));
    fixture_flip(fixture, log, BLOCK + 60, 1);
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), -EBADMSG);
    assert_non_null(strstr(fixture->job.error.message, "from batch 1 on are missing"));
}

static void test_store_start_job__checkpoint_of_a_damaged_log__nothing_replaced(void **state)
{
    struct fixture *fixture = *state;
    char log[64], before[64], after[64];

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    fixture_find(fixture, "log-*", log, sizeof(log));
    fixture_find(fixture, "checkpoint-*", before, sizeof(before));
    fixture_flip(fixture, log, BLOCK + 60, 1);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), -EBADMSG);
    fixture_find(fixture, "checkpoint-*", after, sizeof(after));
    assert_string_equal(before, after);
    assert_int_equal(fixture_statistics(fixture).checkpoints, 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0); /* the log goes on */
}

static void test_store_start_job__rekey_without_a_new_key__refused(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_REKEY), -ENOKEY);
    assert_string_equal(fixture->job.error.file, "sessmgr.key.next");
    assert_true(fixture_exists(fixture, "key"));
    fixture_reopen(fixture);
}

/* Credentials in the folder itself, which the store leaves alone. */
static void use_next(struct fixture *fixture, char path[256])
{
    static const unsigned char key[32] = "the next key, from the manager";

    fixture_write(fixture, "next", key, sizeof(key));
    (void)snprintf(path, 256, "%s/next", fixture->directory);
    fixture->credentials.next = path;
}

static void test_store_start_job__rekey__own_key_removed_and_new_one_opens(void **state)
{
    struct fixture *fixture = *state;
    char path[256];

    use_next(fixture, path);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_REKEY), 0);
    assert_int_equal(strlen(fixture->job.key_id), 2 * STORE_KEY_ID_BYTES);
    assert_int_equal(strspn(fixture->job.key_id, "0123456789abcdef"), 2 * STORE_KEY_ID_BYTES);
    assert_false(fixture_exists(fixture, "key"));
    assert_int_equal(fixture_put_done(fixture, "b", "2"), 0);
    fixture_reopen(fixture); /* a restart with the same credentials */
    assert_int_equal(fixture->loaded_count, 2);
    fixture->credentials = (struct store_credentials){.key = path};
    fixture_reopen(fixture); /* and when the new key has become the key */
    assert_int_equal(fixture->loaded_count, 2);
    assert_false(fixture_exists(fixture, "key"));
}

static void test_store_start_job__rekey_from_a_credential__a_start_takes_either(void **state)
{
    static const unsigned char key[32] = "a key from the service manager";
    struct fixture *fixture = *state;
    char path[256], next[256];

    fixture_write(fixture, "credential", key, sizeof(key));
    (void)snprintf(path, sizeof(path), "%s/credential", fixture->directory);
    fixture->credentials.key = path;
    assert_int_equal(fixture_open(fixture), 0);
    use_next(fixture, next);
    fixture_reopen(fixture); /* before */
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_REKEY), 0);
    fixture_reopen(fixture); /* after */
    assert_string_equal(fixture_loaded(fixture, "a"), "1");
    fixture->credentials.next = NULL;
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), -EBADMSG);
    assert_string_equal(fixture->error.file, "data.key");
    assert_int_equal(fixture_count(fixture, "key"), 0);
}

static void test_store_start_job__rekey_with_a_bad_new_key__old_one_stays(void **state)
{
    struct fixture *fixture = *state;
    char path[256];

    use_next(fixture, path);
    fixture_write(fixture, "next", "short", 5);
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_REKEY), -ENOKEY);
    assert_string_equal(fixture->job.error.file, path);
    fixture->credentials.next = NULL;
    fixture_reopen(fixture);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_start_job__checkpoint__replaces_the_one_before),
        TEST(test_store_start_job__checkpoint_and_more_behind_it__all_there_after_reload),
        TEST(test_store_start_job__checkpoints_among_submissions__none_is_lost),
        TEST(test_store_start_job__checkpoint__gdbm_lists_the_keys),
        TEST(test_store_close__jobs_wait__cancelled),
        TEST(test_store_start_job__verify__counts_what_is_there),
        TEST(test_store_start_job__verify_of_a_damaged_log__names_it),
        TEST(test_store_start_job__verify_without_the_last_batch__missing),
        TEST(test_store_start_job__checkpoint_of_a_damaged_log__nothing_replaced),
        TEST(test_store_start_job__rekey_without_a_new_key__refused),
        TEST(test_store_start_job__rekey__own_key_removed_and_new_one_opens),
        TEST(test_store_start_job__rekey_from_a_credential__a_start_takes_either),
        TEST(test_store_start_job__rekey_with_a_bad_new_key__old_one_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
