/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies in the store (daemon/policy.h): when their records are there, and what a start makes of
 * those that another version, or nobody, has written.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/lifecycle.h"
#include "daemon/policy.h"
#include "tests/unit/manager-fixture.h"

#define RULE        "[Session]\nLifetimeSec=8h\nMaxSessions=3\nOnLimit=end-oldest\n"
#define RULE_LATER  "[Session]\nLifetimeSec=1h\nMaxSessions=7\n"
#define ANOTHER_KEY "policy/0123456789abcdef0123456789abcdef"

enum { VALUE_MAX_BYTES = 16384 };

/* The records of policies, in a store that no manager has open. */
struct records {
    struct store *store;
    sd_event *event;
    size_t count;
    char key[STORE_KEY_MAX_BYTES + 1]; /* of the last */
    char value[VALUE_MAX_BYTES];
};

static int visit(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct records *records = userdata;

    if (!policy_is_record(key))
        return 0;
    records->count++;
    (void)snprintf(records->key, sizeof(records->key), "%s", key);
    (void)snprintf(records->value, sizeof(records->value), "%.*s", (int)value_bytes,
                   (const char *)value);
    return 0;
}

static void on_availability(int result, void *userdata)
{
    (void)result;
    (void)userdata;
}

static void open_records(const struct manager_fixture *fixture, struct records *records)
{
    static const struct store_credentials credentials = {.key = NULL};
    static const struct store_callbacks callbacks = {.availability = on_availability};
    struct store_error error;

    *records = (struct records){.count = 0};
    assert_null(fixture->manager);
    assert_true(sd_event_new(&records->event) >= 0);
    assert_int_equal(store_open(&records->store, records->event, fixture->paths[1], &credentials,
                                &callbacks, &error),
                     0);
    assert_int_equal(store_load(records->store, visit, records, &error), 0);
}

static void close_records(struct records *records)
{
    store_close(records->store);
    sd_event_unref(records->event);
}

static size_t count_records(const struct manager_fixture *fixture)
{
    struct records records;

    open_records(fixture, &records);
    close_records(&records);
    return records.count;
}

/* Puts a record in the place of a key's; NULL: of the only one there is. */
static void put_record(const struct manager_fixture *fixture, const char *key, const char *value)
{
    struct store_change change = {.key = key, .value = value, .value_bytes = strlen(value)};
    struct records records;

    open_records(fixture, &records);
    if (key == NULL) {
        assert_int_equal(records.count, 1);
        change.key = records.key;
    }
    assert_int_equal(store_submit(records.store, STORE_ORDINARY, &change, 1, NULL, NULL), 0);
    close_records(&records);
}

/* Changes a text in the only record there is. */
static void edit_record(const struct manager_fixture *fixture, const char *old, const char *new)
{
    char edited[2 * VALUE_MAX_BYTES];
    struct records records;
    const char *at;

    open_records(fixture, &records);
    close_records(&records);
    at = strstr(records.value, old);
    assert_non_null(at);
    (void)snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(at - records.value), records.value,
                   new, at + strlen(old));
    put_record(fixture, NULL, edited);
}

/* One session under RULE, and the daemon stopped. */
static void open_and_stop(struct manager_fixture *fixture)
{
    fixture_rule(fixture, "10-a.conf", RULE);
    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_stop(fixture);
}

/* Starts, and yields what was written to the log meanwhile. */
static const char *start_and_read_log(struct manager_fixture *fixture, char *buffer, size_t size)
{
    CLEANUP(closep) int own = dup(STDERR_FILENO);
    char path[64];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "%s/log", fixture->folder);
    CLEANUP(closep) int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(own >= 0 && fd >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    fixture_start(fixture);
    assert_true(dup2(own, STDERR_FILENO) >= 0);
    n = pread(fd, buffer, size - 1, 0);
    assert_true(n >= 0);
    buffer[n] = '\0';
    return buffer;
}

static void test_record__sessions_come_and_go__there_as_long_as_one_lives(void **state)
{
    struct manager_fixture *fixture = *state;
    struct session *first;

    open_and_stop(fixture);
    assert_int_equal(count_records(fixture), 1);
    fixture_start(fixture);
    first = fixture->session;
    (void)fixture_open(fixture, "sshd");
    lifecycle_close(fixture->manager, first);
    fixture_reload(fixture);
    fixture_stop(fixture);
    assert_int_equal(count_records(fixture), 1);
    fixture_start(fixture);
    lifecycle_close(fixture->manager, fixture->session);
    fixture_reload(fixture);
    fixture_stop(fixture);
    assert_int_equal(count_records(fixture), 0);
}

static void test_record__two_rules_and_a_reload__one_each(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_rule(fixture, "10-a.conf", RULE);
    fixture_reload(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_reload(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_stop(fixture);
    assert_int_equal(count_records(fixture), 2);
}

static void test_record__text__names_each_setting_and_its_origin(void **state)
{
    struct manager_fixture *fixture = *state;
    struct records records;
    char expected[256];

    open_and_stop(fixture);
    open_records(fixture, &records);
    close_records(&records);
    (void)snprintf(expected, sizeof(expected),
                   "\"MaxSessions\":{\"value\":\"3\",\"file\":\"%s/etc/policy.d/10-a.conf\","
                   "\"line\":3}",
                   fixture->folder);
    assert_non_null(strstr(records.value, expected));
    assert_non_null(strstr(records.value, "\"name\":\"10-a\""));
    assert_non_null(strstr(records.value, "\"GraceSec\":{\"value\":\"10s\"}"));
}

static void test_policy_load__members_of_a_newer_version__passed_over(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session_settings *settings;

    open_and_stop(fixture);
    edit_record(fixture, "{", "{\"mood\":[1,{}],");
    edit_record(fixture, "\"settings\":{",
                "\"settings\":{\"Mood\":{\"value\":\"fine\"},\"Odd\":7,");
    edit_record(fixture, "{\"value\":\"8h\"", "{\"since\":{\"value\":\"1h\"},\"value\":\"8h\"");
    fixture_start(fixture);
    settings = &fixture->session->policy->settings;
    assert_string_equal(fixture->session->policy->name, "10-a");
    assert_int_equal(settings->lifetime_usec, 8 * HOUR);
    assert_int_equal(settings->max_sessions, 3);
    fixture_assert_ends_in(fixture, 8 * HOUR, END_LIFETIME);
}

static void test_policy_load__key_that_is_missing__default(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session_settings *settings;

    open_and_stop(fixture);
    edit_record(fixture, "\"MaxSessions\":", "\"WasMaxSessions\":");
    edit_record(fixture, "\"value\":\"end-oldest\"", "\"was\":\"end-oldest\"");
    fixture_start(fixture);
    settings = &fixture->session->policy->settings;
    assert_int_equal(settings->max_sessions, INT64_MAX);
    assert_int_equal(settings->on_limit, ON_LIMIT_REFUSE);
    assert_int_equal(settings->lifetime_usec, 8 * HOUR);
}

static void test_policy_load__what_cannot_be_read__logged_and_as_the_rule_is_now(void **state)
{
    static const char *const values[] = {
        "garbage",
        "",
        "{}",
        "[]",
        "{\"name\":\"a\",\"file\":\"f\",\"line\":1,\"settings\":7}",
        "{\"name\":\"a\\u0007\",\"file\":\"f\",\"line\":1,\"settings\":{}}",
        ("{\"name\":\"a\",\"file\":\"f\",\"line\":1,"
         "\"settings\":{\"OnLimit\":{\"value\":\"end-tallest\"}}}"),
        "{\"name\":\"a\",\"file\":\"f\",\"line\":1,\"settings\":{\"MaxSessions\":{\"value\":3}}}"};
    struct manager_fixture *fixture = *state;
    struct records records;
    char log[4096];

    open_and_stop(fixture);
    open_records(fixture, &records);
    close_records(&records);
    fixture_rule(fixture, "10-a.conf", RULE_LATER);
    for (size_t i = 0; i < ELEMENTS(values); i++) {
        put_record(fixture, records.key, values[i]);
        (void)start_and_read_log(fixture, log, sizeof(log));
        assert_non_null(strstr(log, records.key));
        assert_non_null(strstr(log, "cannot be read"));
        assert_string_equal(fixture->session->policy->name, "10-a");
        assert_int_equal(fixture->session->policy->settings.max_sessions, 7);
        fixture_stop(fixture);
    }
}

/* Takes the only record there is out of the store. */
static void remove_record(const struct manager_fixture *fixture)
{
    struct store_change removal = {.value = NULL};
    struct records records;

    open_records(fixture, &records);
    removal.key = records.key;
    assert_int_equal(store_submit(records.store, STORE_ORDINARY, &removal, 1, NULL, NULL), 0);
    close_records(&records);
}

/* The end of its lifetime is in the session's own record. */
static void test_policy_find__record_that_is_missing__as_the_rule_is_now(void **state)
{
    struct manager_fixture *fixture = *state;

    open_and_stop(fixture);
    remove_record(fixture);
    fixture_rule(fixture, "10-a.conf", RULE_LATER);
    fixture_start(fixture);
    assert_string_equal(fixture->session->policy->name, "10-a");
    assert_int_equal(fixture->session->policy->settings.max_sessions, 7);
    fixture_assert_ends_in(fixture, 8 * HOUR, END_LIFETIME);
}

static void test_policy_find__neither_record_nor_rule__as_sessmgrd_conf_says(void **state)
{
    struct manager_fixture *fixture = *state;
    char path[64];

    open_and_stop(fixture);
    remove_record(fixture);
    (void)snprintf(path, sizeof(path), "%s/etc/policy.d/10-a.conf", fixture->folder);
    assert_int_equal(unlink(path), 0);
    fixture_configure(fixture, "[Session]\nMaxSessions=5\n");
    fixture_start(fixture);
    assert_string_equal(fixture->session->policy->name, "default");
    assert_int_equal(fixture->session->policy->settings.max_sessions, 5);
}

static void test_policy_settle__record_that_nobody_has__removed(void **state)
{
    struct manager_fixture *fixture = *state;
    struct records records;

    open_and_stop(fixture);
    open_records(fixture, &records);
    close_records(&records);
    put_record(fixture, ANOTHER_KEY, records.value);
    assert_int_equal(count_records(fixture), 2);
    fixture_start(fixture);
    assert_string_equal(fixture->session->policy->name, "10-a");
    fixture_stop(fixture);
    open_records(fixture, &records);
    close_records(&records);
    assert_int_equal(records.count, 1);
    assert_string_not_equal(records.key, ANOTHER_KEY);
}

/* A newer daemon reads it again. */
static void test_policy_settle__record_that_cannot_be_read__stays(void **state)
{
    struct manager_fixture *fixture = *state;

    open_and_stop(fixture);
    put_record(fixture, ANOTHER_KEY, "{\"format\":\"new\"}");
    fixture_start(fixture);
    fixture_reload(fixture);
    fixture_stop(fixture);
    assert_int_equal(count_records(fixture), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_TEST(test_record__sessions_come_and_go__there_as_long_as_one_lives),
        MANAGER_TEST(test_record__two_rules_and_a_reload__one_each),
        MANAGER_TEST(test_record__text__names_each_setting_and_its_origin),
        MANAGER_TEST(test_policy_load__members_of_a_newer_version__passed_over),
        MANAGER_TEST(test_policy_load__key_that_is_missing__default),
        MANAGER_TEST(test_policy_load__what_cannot_be_read__logged_and_as_the_rule_is_now),
        MANAGER_TEST(test_policy_find__record_that_is_missing__as_the_rule_is_now),
        MANAGER_TEST(test_policy_find__neither_record_nor_rule__as_sessmgrd_conf_says),
        MANAGER_TEST(test_policy_settle__record_that_nobody_has__removed),
        MANAGER_TEST(test_policy_settle__record_that_cannot_be_read__stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
