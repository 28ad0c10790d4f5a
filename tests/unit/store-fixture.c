/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the store's tests share. Long because it stands in for the disk, for the store's owner, and
 * for the person who damages files.
 */
#include <config.h>

#include "tests/unit/store-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct fault_io *fault_of(const struct store_io *io)
{
    return (struct fault_io *)(void *)(uintptr_t)io; /* its first member */
}

/* Counts a call; whether it is one that fails. */
static bool fails(const struct store_io *io)
{
    struct fault_io *fault = fault_of(io);

    fault->call++;
    return fault->fail_from > 0 && fault->call >= fault->fail_from &&
           fault->call < fault->fail_from + fault->fail_count;
}

static int fault_open(const struct store_io *io, int directory_fd, const char *name, int flags,
                      mode_t mode)
{
    struct fault_io *fault = fault_of(io);
    struct stat status;

    if (fails(io))
        return fault->error;
    int fd = store_io_system.open(&store_io_system, directory_fd, name, flags, mode);
    if (fd >= 0) {
        assert_true(fd < FAULT_FDS_MAX);
        assert_int_equal(fstat(fd, &status), 0);
        fault->synced_bytes[fd] = status.st_size;
    }
    return fd;
}

static ssize_t fault_pread(const struct store_io *io, int fd, void *buffer, size_t bytes,
                           off_t offset)
{
    if (fails(io))
        return fault_of(io)->error;
    return store_io_system.pread(&store_io_system, fd, buffer, bytes, offset);
}

static ssize_t fault_writev(const struct store_io *io, int fd, const struct iovec *parts, int count)
{
    const struct fault_io *fault = fault_of(io);

    if (!fails(io))
        return store_io_system.writev(&store_io_system, fd, parts, count);
    if (fault->half && count > 0 && parts[0].iov_len > 1)
        assert_true(write(fd, parts[0].iov_base, parts[0].iov_len / 2) > 0);
    return fault->error;
}

/* A sync that fails loses what was not synced before: the hardest that a kernel may do. */
static int fault_sync(const struct store_io *io, int fd)
{
    struct fault_io *fault = fault_of(io);
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    if (fails(io)) {
        if (S_ISREG(status.st_mode) && ftruncate(fd, fault->synced_bytes[fd]) < 0)
            fail_msg("ftruncate: %s", strerror(errno));
        return fault->error;
    }
    fault->synced_bytes[fd] = status.st_size;
    return 0;
}

static int fault_rename(const struct store_io *io, int directory_fd, const char *from,
                        const char *to)
{
    if (fails(io))
        return fault_of(io)->error;
    return store_io_system.rename(&store_io_system, directory_fd, from, to);
}

static int fault_unlink(const struct store_io *io, int directory_fd, const char *name)
{
    if (fails(io))
        return fault_of(io)->error;
    return store_io_system.unlink(&store_io_system, directory_fd, name);
}

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
    fixture->fault = (struct fault_io){.io = {.open = fault_open,
                                              .pread = fault_pread,
                                              .writev = fault_writev,
                                              .fsync = fault_sync,
                                              .fdatasync = fault_sync,
                                              .rename = fault_rename,
                                              .unlink = fault_unlink}};
    fixture->options = store_options_default;
    fixture->options.io = &fixture->fault.io;
    fixture->options.retry_usec = 1000;
    fixture->options.retry_max_usec = 2000;
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

static void remove_file(const struct fixture *fixture, const char *name, void *userdata)
{
    char path[512];

    (void)userdata; /* none */
    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    (void)remove(path); /* rmdir() tells */
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    fixture->fault.fail_from = 0;
    fixture_close(fixture);
    (void)sd_event_unref(fixture->event);
    for_each_file(fixture, remove_file, NULL);
    int r = rmdir(fixture->directory);
    free(fixture);
    return r;
}

static struct live_record *find(struct live_record *records, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(records[i].key, key) == 0)
            return &records[i];
    return NULL;
}

static void set(struct live_record *records, size_t *count, const char *key, const char *value)
{
    struct live_record *record = find(records, *count, key);

    if (!value) {
        if (record)
            *record = records[--*count];
        return;
    }
    if (!record) {
        assert_true(*count < LIVE_MAX);
        record = &records[(*count)++];
    }
    (void)snprintf(record->key, sizeof(record->key), "%s", key);
    (void)snprintf(record->value, sizeof(record->value), "%s", value);
}

static int on_record(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct fixture *fixture = userdata;
    char text[256];

    assert_true(value_bytes < sizeof(text));
    memcpy(text, value, value_bytes);
    text[value_bytes] = '\0';
    assert_null(find(fixture->loaded, fixture->loaded_count, key)); /* each key once */
    set(fixture->loaded, &fixture->loaded_count, key, text);
    return 0;
}

static int on_snapshot(store_visit_t visit, void *visit_userdata, void *userdata)
{
    const struct fixture *fixture = userdata;

    assert_false(fixture->in_submit);
    for (size_t i = 0; i < fixture->live_count; i++) {
        const struct live_record *record = &fixture->live[i];
        int r = visit(record->key, record->value, strlen(record->value), visit_userdata);
        if (r < 0)
            return r;
    }
    return 0;
}

static void on_availability(int result, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_false(fixture->in_submit);
    assert_true(fixture->availability_count < 16);
    fixture->availability[fixture->availability_count++] = result;
}

static void on_done(int result, void *userdata)
{
    struct fixture *fixture = userdata;

    assert_false(fixture->in_submit);
    assert_true(fixture->result_count < LIVE_MAX);
    fixture->results[fixture->result_count++] = result;
}

int fixture_open(struct fixture *fixture)
{
    const struct store_callbacks callbacks = {
        .snapshot = on_snapshot, .availability = on_availability, .userdata = fixture};
    int r;

    fixture->loaded_count = 0;
    fixture->result_count = 0;
    fixture->availability_count = 0;
    memset(&fixture->error, 0, sizeof(fixture->error));
    r = store_open_with_options(&fixture->store, fixture->event, fixture->directory,
                                fixture->credential_path, &callbacks, &fixture->options,
                                &fixture->error);
    if (r < 0)
        return r;
    r = store_load(fixture->store, on_record, fixture, &fixture->error);
    if (r < 0)
        return r;
    memcpy(fixture->live, fixture->loaded, sizeof(fixture->live));
    fixture->live_count = fixture->loaded_count;
    return 0;
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
        fail_msg("%s: %s", fixture->error.file, fixture->error.message);
}

static void submit(struct fixture *fixture, const struct store_change *changes, size_t count)
{
    fixture->in_submit = true;
    assert_int_equal(store_submit(fixture->store, changes, count, on_done, fixture), 0);
    fixture->in_submit = false;
}

void fixture_put(struct fixture *fixture, const char *key, const char *value)
{
    const struct store_change change = {
        .key = key, .value = value, .value_bytes = value ? strlen(value) : 0};

    set(fixture->live, &fixture->live_count, key, value);
    submit(fixture, &change, 1);
}

void fixture_put_many(struct fixture *fixture, const char *key, size_t count)
{
    struct store_change changes[STORE_CHANGES_MAX];
    char keys[STORE_CHANGES_MAX][48];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%.20s%zu", key, i);
        set(fixture->live, &fixture->live_count, keys[i], keys[i]);
        changes[i] =
            (struct store_change){.key = keys[i], .value = keys[i], .value_bytes = strlen(keys[i])};
    }
    submit(fixture, changes, count);
}

void fixture_run(struct fixture *fixture, size_t result_count)
{
    while (fixture->result_count < result_count)
        assert_true(sd_event_run(fixture->event, UINT64_C(10000000)) > 0);
}

int fixture_put_done(struct fixture *fixture, const char *key, const char *value)
{
    fixture_put(fixture, key, value);
    fixture_run(fixture, fixture->result_count + 1);
    return fixture->results[fixture->result_count - 1];
}

void fixture_run_availability(struct fixture *fixture, size_t count)
{
    while (fixture->availability_count < count)
        assert_true(sd_event_run(fixture->event, UINT64_C(10000000)) > 0);
}

const char *fixture_loaded(const struct fixture *fixture, const char *key)
{
    for (size_t i = 0; i < fixture->loaded_count; i++)
        if (strcmp(fixture->loaded[i].key, key) == 0)
            return fixture->loaded[i].value;
    return NULL;
}

unsigned char *fixture_read(const struct fixture *fixture, const char *name, size_t *ret_bytes)
{
    struct stat status;
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
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
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    (void)unlink(path); /* it may be read-only, or not there */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    assert_int_equal(close(fd), 0);
}

struct search {
    const char *prefix;
    char *ret;
    size_t size;
    int found;
};

static void search_file(const struct fixture *fixture, const char *name, void *userdata)
{
    struct search *search = userdata;

    (void)fixture; /* the name is enough */
    if (strncmp(name, search->prefix, strlen(search->prefix)) != 0)
        return;
    (void)snprintf(search->ret, search->size, "%s", name);
    search->found++;
}

void fixture_find(const struct fixture *fixture, const char *prefix, char *ret, size_t size)
{
    struct search search = {.prefix = prefix, .ret = ret, .size = size};

    for_each_file(fixture, search_file, &search);
    assert_int_equal(search.found, 1);
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

    assert_true(copy->count < 16);
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
