/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store as its owner sees it: changes go in, completions come out, and everything acknowledged
 * is there again, also after the process was killed. Long because that is a long list.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/store-fixture.h"

static void test_store_submit__puts_and_removals__there_after_reload(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture->loaded_count, 0);
    fixture_put(fixture, "session/a", "one");
    fixture_put(fixture, "session/b", "two");
    fixture_put(fixture, "session/a", "three");
    fixture_put(fixture, "session/b", NULL);
    fixture_put(fixture, "session/c", "");
    fixture_put(fixture, "session/none", NULL);
    assert_int_equal(fixture->result_count, 0);
    fixture_run(fixture, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(fixture->results[i], 0);

    for (int round = 0; round < 3; round++) {
        fixture_reopen(fixture);
        assert_null(store_damage(fixture->store));
        assert_int_equal(fixture->loaded_count, 2);
        assert_string_equal(fixture_loaded(fixture, "session/a"), "three");
        assert_string_equal(fixture_loaded(fixture, "session/c"), "");
    }
}

/* Submits 100 changes from inside a completion, which go to the log together. */
static void submit_many(int result, void *userdata)
{
    struct fixture *fixture = userdata;
    char key[32];

    assert_int_equal(result, 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        fixture_put(fixture, key, key);
    }
}

static void test_store_submit__many_waiting__few_commits(void **state)
{
    const struct store_change first = {.key = "first", .value = "1", .value_bytes = 1};
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, &first, 1, submit_many, fixture),
                     0);
    fixture_run(fixture, 100);
    struct store_statistics statistics = fixture_statistics(fixture);
    assert_in_range(statistics.commits, 2, 5); /* they are handed over 32 at a time */
    assert_int_equal(statistics.changes, 101);
    assert_int_equal(statistics.sequence, 101);
    assert_int_equal(statistics.failures, 0);
    assert_true(statistics.available);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 101);
    assert_int_equal(fixture_statistics(fixture).sequence, 101);
}

static void test_store_submit__most_changes_at_once__there_after_reload(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fixture_put_many(fixture, "m", STORE_CHANGES_MAX);
    fixture_run(fixture, 1);
    assert_int_equal(fixture_statistics(fixture).sequence, 1); /* of the submission */
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, STORE_CHANGES_MAX);
    assert_string_equal(fixture_loaded(fixture, "m63"), "m63");
}

static int count_value(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    const unsigned char *bytes = value;

    assert_int_equal(strlen(key), STORE_KEY_MAX_BYTES);
    assert_int_equal(bytes[value_bytes - 1], 'x');
    *(size_t *)userdata += value_bytes;
    return 0;
}

static void test_store_submit__longest_key_and_value__there_after_reload(void **state)
{
    static char value[STORE_VALUE_MAX_BYTES];
    const struct store_callbacks callbacks = {0};
    char key[STORE_KEY_MAX_BYTES + 1] = {0};
    const struct store_change change = {.key = key, .value = value, .value_bytes = sizeof(value)};
    struct fixture *fixture = *state;
    size_t bytes = 0;

    memset(key, 'k', STORE_KEY_MAX_BYTES);
    memset(value, 'x', sizeof(value));
    fixture->options.segment_bytes = (SEGMENT_BLOCKS + 2) * BLOCK; /* it just fits */
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, &change, 1, NULL, NULL), 0);
    fixture_close(fixture);

    assert_int_equal(store_open_with_options(&fixture->store, fixture->event, fixture->directory,
                                             &fixture->credentials, &callbacks, &fixture->options,
                                             &fixture->error),
                     0);
    assert_int_equal(store_load(fixture->store, count_value, &bytes, &fixture->error), 0);
    assert_int_equal(bytes, STORE_VALUE_MAX_BYTES);
}

static void test_store_submit__beyond_a_limit__refused(void **state)
{
    static char value[STORE_VALUE_MAX_BYTES + 1];
    char key[STORE_KEY_MAX_BYTES + 2] = "k";
    struct store_change many[STORE_CHANGES_MAX + 1];
    struct fixture *fixture = *state;
    enum { MOST = STORE_SUBMISSION_MAX_BYTES / STORE_VALUE_MAX_BYTES };

    assert_int_equal(fixture_open(fixture), 0);
    for (size_t i = 0; i < ELEMENTS(many); i++)
        many[i] = (struct store_change){.key = key, .value = value, .value_bytes = 1};
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, many, ELEMENTS(many), NULL, NULL),
                     -EINVAL);
    for (size_t i = 0; i < MOST; i++)
        many[i].value_bytes = STORE_VALUE_MAX_BYTES;
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, many, MOST, NULL, NULL),
                     -EMSGSIZE); /* with what seals them */
    many[0].value_bytes++;
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, many, 1, NULL, NULL), -EINVAL);
    many[0].value_bytes = 1;
    memset(key, 'k', STORE_KEY_MAX_BYTES + 1);
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, many, 1, NULL, NULL), -EINVAL);
    key[0] = '\0';
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, many, 1, NULL, NULL), -EINVAL);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 0);
}

static void test_store_submit__almost_the_longest_submission__there_after_reload(void **state)
{
    static char value[STORE_VALUE_MAX_BYTES];
    enum { MOST = STORE_SUBMISSION_MAX_BYTES / STORE_VALUE_MAX_BYTES };
    struct store_change many[MOST];
    char keys[MOST][8];
    struct fixture *fixture = *state;

    fixture->options.segment_bytes = STORE_SUBMISSION_MAX_BYTES + 2 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    for (size_t i = 0; i < MOST; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        many[i] = (struct store_change){
            .key = keys[i], .value = value, .value_bytes = sizeof(value) - 128};
    }
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, many, MOST, NULL, NULL), 0);
    fixture_put_many(fixture, "", 0);
    fixture_run(fixture, 1);
    assert_int_equal(fixture->results[0], 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    assert_int_equal(fixture->job.records, MOST);
}

static void test_store_submit__no_changes__completes_behind_those_before(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fixture_put(fixture, "k", "v");
    fixture_put_many(fixture, "", 0);
    fixture_run(fixture, 2);
    assert_int_equal(fixture->results[0], 0);
    assert_int_equal(fixture->results[1], 0);
    fixture_put_many(fixture, "", 0);
    fixture_run(fixture, 3);
    assert_int_equal(fixture->results[2], 0);
    struct store_statistics statistics = fixture_statistics(fixture);
    assert_int_equal(statistics.commits, 1); /* the disk has nothing to do with it */
    assert_int_equal(statistics.changes, 1);
}

static void test_store_close__something_waits__committed_and_completed(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fixture_put(fixture, "k", "v");
    fixture_close(fixture);
    assert_int_equal(fixture->result_count, 1);
    assert_int_equal(fixture->results[0], 0);
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "k"), "v");
}

/* The last word of an owner: one more change for each completion. */
static void submit_one(int result, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_int_equal(result, 0);
    fixture_put(fixture, "last", "word");
}

static void test_store_close__completion_submits__committed_too(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(store_submit(fixture->store, STORE_ORDINARY, NULL, 0, submit_one, fixture), 0);
    fixture_close(fixture);
    assert_int_equal(fixture->result_count, 1);
    fixture_reopen(fixture);
    assert_string_equal(fixture_loaded(fixture, "last"), "word");
}

static void put_behind_checkpoints(struct fixture *fixture, int from, int until)
{
    char key[32];

    for (int i = from; i < until; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(fixture_put_done(fixture, key, key), 0);
        assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
    }
}

static void test_store_submit__log_beyond_its_limit__checkpoint_by_itself(void **state)
{
    struct fixture *fixture = *state;

    fixture->options.segment_bytes = 4 * BLOCK;
    fixture->options.log_limit_bytes = 8 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    put_behind_checkpoints(fixture, 0, 50);
    assert_true(fixture_statistics(fixture).checkpoints >= 3);
    assert_true(fixture_statistics(fixture).log_bytes <= UINT64_C(12) * BLOCK);
    assert_int_equal(fixture_count(fixture, "checkpoint-*"), 1);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 50);
    assert_true(fixture_statistics(fixture).checkpoint_records > 0);
}

static void test_store_load__many_short_lives__checkpoint_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    char key[32];

    fixture->options.log_limit_bytes = 8 * SEGMENT_BLOCKS * BLOCK;
    for (int life = 0; life < 40; life++) { /* each begins a file of the log */
        fixture_reopen(fixture);
        assert_int_equal(fixture->loaded_count, life);
        (void)snprintf(key, sizeof(key), "k%d", life);
        assert_int_equal(fixture_put_done(fixture, key, key), 0);
        /* behind the checkpoint, should one be under way */
        assert_int_equal(fixture_job(fixture, STORE_JOB_VERIFY), 0);
        assert_true(fixture_count(fixture, "log-*") <= 15);
    }
}

static void test_store_log__many_segments__all_there_after_reload(void **state)
{
    struct fixture *fixture = *state;
    char key[32];

    fixture->options.segment_bytes = 3 * BLOCK; /* two commits each */
    fixture->options.reserve_bytes = 0;
    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(fixture_put_done(fixture, key, key), 0);
    }
    assert_int_equal(fixture_statistics(fixture).commits, 50);
    assert_true(fixture_count(fixture, "log-*") >= 25);
    assert_true(fixture_statistics(fixture).log_bytes >= UINT64_C(25) * 2 * BLOCK);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 50);
}

static void test_store_log__segments_before_a_checkpoint__written_over_again(void **state)
{
    struct fixture *fixture = *state;

    fixture->options.segment_bytes = 4 * BLOCK; /* three commits each */
    fixture->options.log_limit_bytes = 8 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    put_behind_checkpoints(fixture, 0, 40);
    size_t files = fixture_count(fixture, "log-*");
    fault_io_fail(&fixture->fault, FAULT_CREATE, "log-*", 1000, -ENOSPC);
    put_behind_checkpoints(fixture, 40, 100);
    assert_int_equal(fault_io_heal(&fixture->fault), 0); /* no more were made */
    assert_true(fixture_count(fixture, "log-*") <= files + 4);
    assert_true(fixture_statistics(fixture).checkpoints > 5);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 100);
}

static void test_store_log__checkpoint_asked_for__nothing_older_stays(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;

    fixture->options.segment_bytes = 4 * BLOCK;
    fixture->options.log_limit_bytes = 8 * BLOCK;
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "forgotten", "1"), 0);
    put_behind_checkpoints(fixture, 0, 7); /* the first of them, and what it has left */
    assert_int_equal(fixture_put_done(fixture, "forgotten", NULL), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_CHECKPOINT), 0);
    fixture_close(fixture);
    fixture_copy(fixture, &copy);
    for (size_t i = 0; i < copy.count; i++)
        assert_null(memmem(copy.data[i], copy.bytes[i], "forgotten", strlen("forgotten")));
    fixture_copy_done(&copy);
}

static void test_store_load__other_length_of_segments__both_are_read(void **state)
{
    struct fixture *fixture = *state;
    char key[32];

    for (int life = 0; life < 6; life++) {
        fixture->options.segment_bytes = (life % 2 == 0 ? 5U : 9U) * BLOCK;
        fixture_reopen(fixture);
        assert_null(store_damage(fixture->store));
        assert_int_equal(fixture->loaded_count, 20 * life);
        for (int i = 0; i < 20; i++) {
            (void)snprintf(key, sizeof(key), "l%d/%d", life, i);
            assert_int_equal(fixture_put_done(fixture, key, key), 0);
        }
    }
}

/* The names of all files, with a blank behind each. */
static void list_files(const struct fixture *fixture, char *ret, size_t size)
{
    struct copy copy;
    size_t length = 0;

    fixture_copy(fixture, &copy);
    for (size_t i = 0; i < copy.count; i++) {
        length += (size_t)snprintf(ret + length, size - length, "%s ", copy.names[i]);
        assert_true(length < size);
    }
    fixture_copy_done(&copy);
}

static void test_store_load__nothing_in_the_log__same_files(void **state)
{
    struct fixture *fixture = *state;
    char before[1024], after[1024];

    assert_int_equal(fixture_open(fixture), 0);
    fixture_close(fixture);
    list_files(fixture, before, sizeof(before));
    for (int i = 0; i < 3; i++) {
        fixture_reopen(fixture);
        fixture_close(fixture);
        list_files(fixture, after, sizeof(after));
        assert_string_equal(after, before);
    }
}

/* In a child: opens, submits, and tells the parent of each completion until it dies. */
struct child {
    int pipe_fd;
    int left; /* completions until it ends */
    int number;
};

static void child_done(int result, void *userdata)
{
    struct child *child = userdata;

    if (result != 0 || write(child->pipe_fd, &child->number, sizeof(child->number)) < 0)
        _exit(2);
    child->number++;
    if (--child->left == 0)
        (void)raise(SIGKILL);
}

static int child_visit(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    (void)key, (void)value, (void)value_bytes, (void)userdata; /* the parent looks */
    return 0;
}

static void child_availability(int result, void *userdata)
{
    (void)result, (void)userdata; /* child_done() looks */
}

static void run_child(const struct fixture *fixture, int round, int pipe_fd)
{
    const struct store_callbacks callbacks = {.availability = child_availability};
    struct store_options options = fixture->options;
    struct child child = {.pipe_fd = pipe_fd, .left = 1 + round % 7};
    struct store *store;
    sd_event *event;
    char key[32];

    options.io = &store_io_system;
    if (sd_event_new(&event) < 0 ||
        store_open_with_options(&store, event, fixture->directory, &fixture->credentials,
                                &callbacks, &options, NULL) < 0 ||
        store_load(store, child_visit, NULL, NULL) < 0)
        _exit(3);
    for (int i = 0;; i++) {
        (void)snprintf(key, sizeof(key), "r%d/%d", round, i);
        const struct store_change change = {.key = key, .value = key, .value_bytes = strlen(key)};
        if (store_submit(store, STORE_ORDINARY, &change, 1, child_done, &child) < 0)
            _exit(4);
        if (i % 3 == 2 && sd_event_run(event, UINT64_MAX) < 0) /* some wait when it dies */
            _exit(5);
    }
}

static void test_store_submit__process_killed__acknowledged_changes_there(void **state)
{
    struct fixture *fixture = *state;
    int acknowledged[50] = {0}, number, pipe_fds[2], status;
    char key[32];

    for (int round = 0; round < 50; round++) {
        assert_int_equal(pipe(pipe_fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            run_child(fixture, round, pipe_fds[1]);
        assert_int_equal(close(pipe_fds[1]), 0);
        while (read(pipe_fds[0], &number, sizeof(number)) == sizeof(number))
            acknowledged[round] = number + 1;
        assert_int_equal(close(pipe_fds[0]), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        if (round % 5 != 4)
            continue; /* the next child is the one who reloads */
        fixture_reopen(fixture);
        for (int past = 0; past <= round; past++) {
            assert_true(acknowledged[past] > 0);
            for (int i = 0; i < acknowledged[past]; i++) {
                (void)snprintf(key, sizeof(key), "r%d/%d", past, i);
                assert_string_equal(fixture_loaded(fixture, key), key);
            }
        }
        fixture_close(fixture);
    }
}

static void test_store_open__held_by_another__busy(void **state)
{
    struct fixture *fixture = *state;
    const struct store_callbacks callbacks = {0};
    struct store *second = NULL;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(store_open(&second, fixture->event, fixture->directory, &fixture->credentials,
                                &callbacks, &fixture->error),
                     -EBUSY);
    assert_null(second);
    assert_string_equal(fixture->error.file, "lock");
    assert_string_equal(fixture->error.message, "another process holds the store");
    fixture_reopen(fixture);
}

static void test_store_open__no_directory__says_so(void **state)
{
    struct fixture *fixture = *state;
    const struct store_callbacks callbacks = {0};

    assert_int_equal(store_open(&fixture->store, fixture->event, "/nonexistent/store",
                                &fixture->credentials, &callbacks, &fixture->error),
                     -ENOENT);
    assert_string_equal(fixture->error.file, "/nonexistent/store");
}

static void test_store_open__first_start__key_for_its_owner_alone(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(stat(fixture_path(fixture, "key"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0400);
    assert_int_equal(status.st_size, 32);
}

static void test_store_derive_key__restart__same_for_a_purpose(void **state)
{
    struct fixture *fixture = *state;
    unsigned char first[32], again[32], other[32];

    assert_int_equal(fixture_open(fixture), 0);
    store_derive_key(fixture->store, 1, first);
    store_derive_key(fixture->store, 2, other);
    fixture_reopen(fixture);
    store_derive_key(fixture->store, 1, again);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first, other, sizeof(first));
}

static void test_store_files__values__never_in_the_clear(void **state)
{
    struct fixture *fixture = *state;
    struct copy copy;

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "MARKER-IN-CHECKPOINT"), 0);
    assert_int_equal(fixture_job(fixture, STORE_JOB_BACKUP), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "MARKER-IN-LOG"), 0);
    fixture_copy(fixture, &copy);
    assert_true(copy.count >= 6);
    for (size_t i = 0; i < copy.count; i++)
        assert_null(memmem(copy.data[i], copy.bytes[i], "MARKER", strlen("MARKER")));
    fixture_copy_done(&copy);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_submit__puts_and_removals__there_after_reload),
        TEST(test_store_submit__many_waiting__few_commits),
        TEST(test_store_submit__most_changes_at_once__there_after_reload),
        TEST(test_store_submit__longest_key_and_value__there_after_reload),
        TEST(test_store_submit__beyond_a_limit__refused),
        TEST(test_store_submit__almost_the_longest_submission__there_after_reload),
        TEST(test_store_submit__no_changes__completes_behind_those_before),
        TEST(test_store_close__something_waits__committed_and_completed),
        TEST(test_store_close__completion_submits__committed_too),
        TEST(test_store_submit__log_beyond_its_limit__checkpoint_by_itself),
        TEST(test_store_load__many_short_lives__checkpoint_all_the_same),
        TEST(test_store_log__many_segments__all_there_after_reload),
        TEST(test_store_log__segments_before_a_checkpoint__written_over_again),
        TEST(test_store_log__checkpoint_asked_for__nothing_older_stays),
        TEST(test_store_load__other_length_of_segments__both_are_read),
        TEST(test_store_load__nothing_in_the_log__same_files),
        TEST(test_store_submit__process_killed__acknowledged_changes_there),
        TEST(test_store_open__held_by_another__busy),
        TEST(test_store_open__no_directory__says_so),
        TEST(test_store_open__first_start__key_for_its_owner_alone),
        TEST(test_store_derive_key__restart__same_for_a_purpose),
        TEST(test_store_files__values__never_in_the_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
