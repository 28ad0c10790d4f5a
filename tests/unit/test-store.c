/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store as its owner sees it: changes go in, completions come out, and everything acknowledged
 * is there again, also after the process was killed.
 */
#include <config.h>

#include <errno.h>
#include <gdbm.h>
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
        assert_int_equal(fixture->loaded_count, 2);
        assert_string_equal(fixture_loaded(fixture, "session/a"), "three");
        assert_string_equal(fixture_loaded(fixture, "session/c"), "");
    }
}

static void test_store_submit__many_waiting__one_sync(void **state)
{
    struct fixture *fixture = *state;
    struct store_statistics statistics;
    char key[32];

    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        fixture_put(fixture, key, key);
    }
    int calls = fixture->fault.call;
    fixture_run(fixture, 100);
    assert_int_equal(fixture->fault.call - calls, 2); /* a write and a sync */
    store_get_statistics(fixture->store, &statistics);
    assert_int_equal(statistics.commits, 1);
    assert_int_equal(statistics.changes, 100);
    assert_int_equal(statistics.failures, 0);
    assert_true(statistics.available);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 100);
}

static void test_store_submit__most_changes_at_once__there_after_reload(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_open(fixture), 0);
    fixture_put_many(fixture, "m", STORE_CHANGES_MAX);
    fixture_run(fixture, 1);
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

static void test_store_submit__limits__taken_and_beyond_refused(void **state)
{
    static char value[STORE_VALUE_MAX_BYTES + 1];
    char key[STORE_KEY_MAX_BYTES + 2] = {0};
    struct store_change change = {.key = key, .value = value, .value_bytes = sizeof(value) - 1};
    struct store_change many[STORE_CHANGES_MAX + 1];
    struct fixture *fixture = *state;
    size_t bytes = 0;

    memset(key, 'k', STORE_KEY_MAX_BYTES);
    memset(value, 'x', sizeof(value));
    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(store_submit(fixture->store, &change, 1, NULL, NULL), 0);
    fixture_close(fixture);

    const struct store_callbacks callbacks = {0};
    assert_int_equal(store_open(&fixture->store, fixture->event, fixture->directory, NULL,
                                &callbacks, &fixture->error),
                     0);
    assert_int_equal(store_load(fixture->store, count_value, &bytes, &fixture->error), 0);
    assert_int_equal(bytes, STORE_VALUE_MAX_BYTES);

    change.value_bytes++;
    assert_int_equal(store_submit(fixture->store, &change, 1, NULL, NULL), -EINVAL);
    change.value_bytes = 1;
    for (size_t i = 0; i < STORE_CHANGES_MAX + 1; i++)
        many[i] = change;
    assert_int_equal(store_submit(fixture->store, many, STORE_CHANGES_MAX + 1, NULL, NULL),
                     -EINVAL);
    key[STORE_KEY_MAX_BYTES] = 'k';
    assert_int_equal(store_submit(fixture->store, &change, 1, NULL, NULL), -EINVAL);
    key[0] = '\0';
    assert_int_equal(store_submit(fixture->store, &change, 1, NULL, NULL), -EINVAL);
}

static void test_store_submit__no_changes__completes_behind_those_before(void **state)
{
    struct fixture *fixture = *state;
    struct store_statistics statistics;

    assert_int_equal(fixture_open(fixture), 0);
    fixture_put(fixture, "k", "v");
    fixture_put_many(fixture, "", 0);
    fixture_run(fixture, 1);
    assert_int_equal(fixture->result_count, 2); /* in one go */
    assert_int_equal(fixture->results[1], 0);
    int calls = fixture->fault.call;
    fixture_put_many(fixture, "", 0);
    fixture_run(fixture, 3);
    assert_int_equal(fixture->results[2], 0);
    assert_int_equal(fixture->fault.call, calls); /* the disk has nothing to do with it */
    store_get_statistics(fixture->store, &statistics);
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

static void test_store_checkpoint__with_more_behind_it__all_there_after_reload(void **state)
{
    struct fixture *fixture = *state;
    struct store_statistics statistics;
    char before[64], after[64];

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "1"), 0);
    fixture_put(fixture, "b", "2"); /* waits */
    fixture_find(fixture, "checkpoint-", before, sizeof(before));
    assert_int_equal(store_checkpoint(fixture->store), 0);
    fixture_find(fixture, "checkpoint-", after, sizeof(after)); /* the only one */
    assert_string_not_equal(before, after);
    assert_int_equal(fixture->result_count, 1); /* never from inside store_checkpoint() */
    fixture_run(fixture, 2);
    assert_int_equal(fixture->results[1], 0);
    assert_int_equal(store_checkpoint(fixture->store), 0); /* without any change */
    store_get_statistics(fixture->store, &statistics);
    assert_int_equal(statistics.checkpoint_records, 2);
    assert_int_equal(fixture_put_done(fixture, "a", NULL), 0);
    assert_int_equal(fixture_put_done(fixture, "c", "3"), 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 2);
    assert_string_equal(fixture_loaded(fixture, "b"), "2");
    assert_string_equal(fixture_loaded(fixture, "c"), "3");
}

static void test_store_submit__log_beyond_its_limit__checkpoint_by_itself(void **state)
{
    struct fixture *fixture = *state;
    struct store_statistics statistics;
    char key[32];

    fixture->options.log_limit_bytes = 2000;
    assert_int_equal(fixture_open(fixture), 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(fixture_put_done(fixture, key, key), 0);
    }
    store_get_statistics(fixture->store, &statistics);
    assert_true(statistics.checkpoints > 3);
    assert_true(statistics.log_bytes < 2200);
    fixture_reopen(fixture);
    assert_int_equal(fixture->loaded_count, 100);
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

static void run_child(const struct fixture *fixture, int round, int pipe_fd)
{
    const struct store_callbacks callbacks = {0};
    struct child child = {.pipe_fd = pipe_fd, .left = 1 + round % 7};
    struct store *store;
    sd_event *event;
    char key[32];

    if (sd_event_new(&event) < 0 ||
        store_open(&store, event, fixture->directory, NULL, &callbacks, NULL) < 0 ||
        store_load(store, child_visit, NULL, NULL) < 0)
        _exit(3);
    for (int i = 0;; i++) {
        (void)snprintf(key, sizeof(key), "r%d/%d", round, i);
        const struct store_change change = {.key = key, .value = key, .value_bytes = strlen(key)};
        if (store_submit(store, &change, 1, child_done, &child) < 0)
            _exit(4);
        if (i % 3 == 2 && sd_event_run(event, 0) < 0) /* some wait when it dies */
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
    assert_int_equal(
        store_open(&second, fixture->event, fixture->directory, NULL, &callbacks, &fixture->error),
        -EBUSY);
    assert_string_equal(fixture->error.file, "lock");
    assert_string_equal(fixture->error.message, "another process holds the store");
    fixture_reopen(fixture);
}

static void test_store_open__no_directory__says_so(void **state)
{
    struct fixture *fixture = *state;
    const struct store_callbacks callbacks = {0};

    assert_int_equal(store_open(&fixture->store, fixture->event, "/nonexistent/store", NULL,
                                &callbacks, &fixture->error),
                     -ENOENT);
    assert_string_equal(fixture->error.file, "/nonexistent/store");
}

static void test_store_open__first_start__key_for_its_owner_alone(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    char path[256];

    assert_int_equal(fixture_open(fixture), 0);
    (void)snprintf(path, sizeof(path), "%s/key", fixture->directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0400);
    assert_int_equal(status.st_size, 32);
}

static void assert_nowhere(const struct fixture *fixture, const char *name, const char *text)
{
    size_t bytes;
    unsigned char *data = fixture_read(fixture, name, &bytes);

    assert_null(memmem(data, bytes, text, strlen(text)));
    free(data);
}

static void test_store_files__values__never_in_the_clear(void **state)
{
    struct fixture *fixture = *state;
    char checkpoint[64], log[64];

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "a", "MARKER-IN-CHECKPOINT"), 0);
    assert_int_equal(store_checkpoint(fixture->store), 0);
    assert_int_equal(fixture_put_done(fixture, "b", "MARKER-IN-LOG"), 0);
    fixture_find(fixture, "checkpoint-", checkpoint, sizeof(checkpoint));
    fixture_find(fixture, "log-", log, sizeof(log));
    assert_nowhere(fixture, checkpoint, "MARKER");
    assert_nowhere(fixture, log, "MARKER");
}

static void test_store_checkpoint__plain_gdbm__lists_the_keys(void **state)
{
    struct fixture *fixture = *state;
    char name[64], path[256];
    bool seen[2] = {false, false};

    assert_int_equal(fixture_open(fixture), 0);
    assert_int_equal(fixture_put_done(fixture, "session/0", "x"), 0);
    assert_int_equal(fixture_put_done(fixture, "session/1", "y"), 0);
    assert_int_equal(store_checkpoint(fixture->store), 0);
    fixture_find(fixture, "checkpoint-", name, sizeof(name));
    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);

    GDBM_FILE database = gdbm_open(path, 0, GDBM_READER, 0, NULL); /* while the daemon runs */
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_submit__puts_and_removals__there_after_reload),
        TEST(test_store_submit__many_waiting__one_sync),
        TEST(test_store_submit__most_changes_at_once__there_after_reload),
        TEST(test_store_submit__limits__taken_and_beyond_refused),
        TEST(test_store_submit__no_changes__completes_behind_those_before),
        TEST(test_store_close__something_waits__committed_and_completed),
        TEST(test_store_checkpoint__with_more_behind_it__all_there_after_reload),
        TEST(test_store_submit__log_beyond_its_limit__checkpoint_by_itself),
        TEST(test_store_submit__process_killed__acknowledged_changes_there),
        TEST(test_store_open__held_by_another__busy),
        TEST(test_store_open__no_directory__says_so),
        TEST(test_store_open__first_start__key_for_its_owner_alone),
        TEST(test_store_files__values__never_in_the_clear),
        TEST(test_store_checkpoint__plain_gdbm__lists_the_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
