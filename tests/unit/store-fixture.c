/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store's tests share. Long because it stands in for the store's owner and for the person
 * who damages files.
 */
#include <config.h>

#include "tests/unit/store-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_USEC UINT64_C(20000000) /* until what has to come is not waited for any more */

int fixture_setup(void **state)
{
    const char *temporary = getenv("TMPDIR");
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (!fixture)
        return -1;
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "%s/test-store.XXXXXX",
                   temporary ? temporary : "/tmp");
    if (!mkdtemp(fixture->directory) || sd_event_new(&fixture->event) < 0)
        return -1;
    fault_io_init(&fixture->fault);
    fixture->job.fd = -1;
    fixture->options = (struct store_options){
        .io = &fixture->fault.io,
        .segment_bytes = SEGMENT_BLOCKS * BLOCK,
        .reserve_bytes = 4 * BLOCK,
        .log_limit_bytes = store_options_default.log_limit_bytes,
        .retry_usec = 1000,
        .retry_max_usec = 2000,
    };
    *state = fixture;
    return 0;
}

/* Calls a function for each file of the folder. */
static void for_each_file(const struct fixture *fixture,
                          void (*visit)(const struct fixture *fixture, const char *name,
                                        void *userdata),
                          void *userdata)
{
    struct dirent **entries = NULL;

    int count = scandir(fixture->directory, &entries, NULL, alphasort);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            visit(fixture, entries[i]->d_name, userdata);
        free(entries[i]);
    }
    free(entries);
}

const char *fixture_path(const struct fixture *fixture, const char *name)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    return path;
}

static void remove_file(const struct fixture *fixture, const char *name, void *userdata)
{
    (void)userdata;                            /* none */
    (void)remove(fixture_path(fixture, name)); /* rmdir() tells */
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    (void)fault_io_heal(&fixture->fault); /* whatever failed was looked at */
    fixture_close(fixture);
    fault_io_done(&fixture->fault);
    (void)sd_event_unref(fixture->event);
    if (fixture->job.fd >= 0)
        (void)close(fixture->job.fd); /* it was only read */
    for_each_file(fixture, remove_file, NULL);
    int r = rmdir(fixture->directory);
    free(fixture);
    return r;
}

static int on_record(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_null(fixture_loaded(fixture, key)); /* each key once */
    assert_true(fixture->loaded_count < LOADED_MAX);
    struct loaded_record *record = &fixture->loaded[fixture->loaded_count++];
    assert_true(value_bytes < sizeof(record->value));
    (void)snprintf(record->key, sizeof(record->key), "%s", key);
    memcpy(record->value, value, value_bytes);
    record->value[value_bytes] = '\0';
    return 0;
}

static void on_availability(int result, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_false(fixture->in_call);
    assert_true(fixture->availability_count < AVAILABILITY_MAX);
    fixture->availability[fixture->availability_count++] = result;
}

static void on_done(int result, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_false(fixture->in_call);
    assert_true(fixture->result_count < LOADED_MAX);
    fixture->results[fixture->result_count++] = result;
}

static void on_job_done(int result, struct store_job_result *job, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_false(fixture->in_call);
    assert_true(fixture->job_count < LOADED_MAX);
    fixture->job_results[fixture->job_count++] = result;
    if (fixture->job.fd >= 0)
        (void)close(fixture->job.fd); /* it was only read */
    fixture->job = *job;
    job->fd = -1;
}

int fixture_open(struct fixture *fixture)
{
    const struct store_callbacks callbacks = {.availability = on_availability, .userdata = fixture};
    int r;

    fixture->loaded_count = 0;
    fixture->result_count = 0;
    fixture->availability_count = 0;
    fixture->job_count = 0;
    memset(&fixture->error, 0, sizeof(fixture->error));
    r = store_open_with_options(&fixture->store, fixture->event, fixture->directory,
                                &fixture->credentials, &callbacks, &fixture->options,
                                &fixture->error);
    return r < 0 ? r : store_load(fixture->store, on_record, fixture, &fixture->error);
}

void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    int r = fixture_open(fixture);
    if (r < 0)
        fail_msg("%d %s: %s", r, fixture->error.file, fixture->error.message);
}

static void submit(struct fixture *fixture, enum store_urgency urgency,
                   const struct store_change *changes, size_t count)
{
    fixture->in_call = true;
    assert_int_equal(store_submit(fixture->store, urgency, changes, count, on_done, fixture), 0);
    fixture->in_call = false;
}

void fixture_submit(struct fixture *fixture, enum store_urgency urgency, const char *key,
                    const char *value)
{
    const struct store_change change = {
        .key = key, .value = value, .value_bytes = value ? strlen(value) : 0};

    submit(fixture, urgency, &change, 1);
}

void fixture_put(struct fixture *fixture, const char *key, const char *value)
{
    fixture_submit(fixture, STORE_ORDINARY, key, value);
}

void fixture_put_many(struct fixture *fixture, const char *key, size_t count)
{
    struct store_change changes[STORE_CHANGES_MAX];
    char keys[STORE_CHANGES_MAX][48];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%.20s%zu", key, i);
        changes[i] =
            (struct store_change){.key = keys[i], .value = keys[i], .value_bytes = strlen(keys[i])};
    }
    submit(fixture, STORE_ORDINARY, changes, count);
}

static void run_until(struct fixture *fixture, const size_t *counter, size_t count)
{
    while (*counter < count)
        assert_true(sd_event_run(fixture->event, PATIENCE_USEC) > 0);
}

void fixture_run(struct fixture *fixture, size_t result_count)
{
    run_until(fixture, &fixture->result_count, result_count);
}

int fixture_put_done(struct fixture *fixture, const char *key, const char *value)
{
    fixture_put(fixture, key, value);
    fixture_run(fixture, fixture->result_count + 1);
    return fixture->results[fixture->result_count - 1];
}

void fixture_run_availability(struct fixture *fixture, size_t count)
{
    run_until(fixture, &fixture->availability_count, count);
}

void fixture_start_job(struct fixture *fixture, enum store_job kind)
{
    fixture->in_call = true;
    assert_int_equal(store_start_job(fixture->store, kind, on_job_done, fixture), 0);
    fixture->in_call = false;
}

void fixture_run_jobs(struct fixture *fixture, size_t count)
{
    run_until(fixture, &fixture->job_count, count);
}

int fixture_job(struct fixture *fixture, enum store_job kind)
{
    fixture_start_job(fixture, kind);
    fixture_run_jobs(fixture, fixture->job_count + 1);
    return fixture->job_results[fixture->job_count - 1];
}

const char *fixture_loaded(const struct fixture *fixture, const char *key)
{
    for (size_t i = 0; i < fixture->loaded_count; i++)
        if (strcmp(fixture->loaded[i].key, key) == 0)
            return fixture->loaded[i].value;
    return NULL;
}

struct store_statistics fixture_statistics(const struct fixture *fixture)
{
    struct store_statistics statistics;

    store_get_statistics(fixture->store, &statistics);
    return statistics;
}

unsigned char *fixture_read(const struct fixture *fixture, const char *name, size_t *ret_bytes)
{
    struct stat status;

    int fd = open(fixture_path(fixture, name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    unsigned char *data = malloc((size_t)status.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)status.st_size + 1), status.st_size);
    (void)close(fd); /* it was only read */
    *ret_bytes = (size_t)status.st_size;
    return data;
}

void fixture_write(const struct fixture *fixture, const char *name, const void *data, size_t bytes)
{
    (void)unlink(fixture_path(fixture, name)); /* it may be read-only, or not there */
    int fd = open(fixture_path(fixture, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    assert_int_equal(close(fd), 0);
}

bool fixture_exists(const struct fixture *fixture, const char *name)
{
    return access(fixture_path(fixture, name), F_OK) == 0;
}

void fixture_remove(const struct fixture *fixture, const char *name)
{
    assert_int_equal(unlink(fixture_path(fixture, name)), 0);
}

void fixture_flip(const struct fixture *fixture, const char *name, size_t offset,
                  unsigned char bits)
{
    size_t bytes;
    unsigned char *data = fixture_read(fixture, name, &bytes);

    assert_true(offset < bytes);
    data[offset] ^= bits;
    fixture_write(fixture, name, data, bytes);
    free(data);
}

struct search {
    const char *pattern;
    char name[64];
    size_t count;
};

static void search_file(const struct fixture *fixture, const char *name, void *userdata)
{
    struct search *search = userdata;

    (void)fixture; /* the name is enough */
    if (fnmatch(search->pattern, name, 0) != 0)
        return;
    if (search->count++ == 0)
        (void)snprintf(search->name, sizeof(search->name), "%s", name);
}

size_t fixture_count(const struct fixture *fixture, const char *pattern)
{
    struct search search = {.pattern = pattern};

    for_each_file(fixture, search_file, &search);
    return search.count;
}

void fixture_find(const struct fixture *fixture, const char *pattern, char *ret, size_t size)
{
    struct search search = {.pattern = pattern};

    for_each_file(fixture, search_file, &search);
    assert_true(search.count > 0);
    (void)snprintf(ret, size, "%s", search.name);
}

static void add_to_fingerprint(const struct fixture *fixture, const char *name, void *userdata)
{
    uint64_t *sum = userdata;
    size_t bytes;

    /* FNV-1a over names and contents */
    for (const char *at = name; *at; at++)
        *sum = (*sum ^ (unsigned char)*at) * UINT64_C(1099511628211);
    unsigned char *data = fixture_read(fixture, name, &bytes);
    for (size_t i = 0; i < bytes; i++)
        *sum = (*sum ^ data[i]) * UINT64_C(1099511628211);
    free(data);
}

uint64_t fixture_fingerprint(const struct fixture *fixture)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for_each_file(fixture, add_to_fingerprint, &sum);
    return sum;
}

static void copy_file(const struct fixture *fixture, const char *name, void *userdata)
{
    struct copy *copy = userdata;

    assert_true(copy->count < COPY_FILES_MAX);
    (void)snprintf(copy->names[copy->count], sizeof(copy->names[0]), "%s", name);
    copy->data[copy->count] = fixture_read(fixture, name, &copy->bytes[copy->count]);
    copy->count++;
}

void fixture_copy(const struct fixture *fixture, struct copy *ret)
{
    *ret = (struct copy){0};
    for_each_file(fixture, copy_file, ret);
}

void fixture_restore(const struct fixture *fixture, const struct copy *copy)
{
    for_each_file(fixture, remove_file, NULL);
    for (size_t i = 0; i < copy->count; i++)
        fixture_write(fixture, copy->names[i], copy->data[i], copy->bytes[i]);
}

void fixture_copy_done(struct copy *copy)
{
    for (size_t i = 0; i < copy->count; i++)
        free(copy->data[i]);
}
