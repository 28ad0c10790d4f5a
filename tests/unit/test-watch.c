/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ring of changes (daemon/watch.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/watch.h"

enum { FIRST = 1000 };

struct fixture {
    struct watch_log log;
    struct session_info session;
    size_t notified;
};

static void on_notify(void *userdata)
{
    ((struct fixture *)userdata)->notified++;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    watch_init(&fixture->log, FIRST);
    fixture->log.notify = on_notify;
    fixture->log.userdata = fixture;
    fields_clear(&session_info_fields, &fixture->session);
    fixture->session.session_id = "0123456789abcdef0123456789abcdef";
    fixture->session.user = "alice";
    fixture->session.uid = 1000;
    fixture->session.service = "sshd";
    fixture->session.leader_pid = 42;
    fixture->session.host_id = "h";
    fixture->session.boot_id = "b";
    fixture->session.state = STATE_ACTIVE;
    fixture->session.opened_usec = 1;
    fixture->session.last_activity_usec = 1;
    fixture->session.policy = "default";
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    watch_done(&fixture->log);
    free(fixture);
    return 0;
}

static void add(struct fixture *fixture, size_t count)
{
    for (size_t i = 0; i < count; i++)
        watch_add(&fixture->log, "changed", &fixture->session);
}

static void test_add__one__is_kept_as_text_and_told(void **state)
{
    struct fixture *fixture = *state;
    const struct watch_event *event;

    add(fixture, 1);
    assert_int_equal(fixture->notified, 1);
    assert_int_equal(fixture->log.oldest, FIRST);
    assert_int_equal(fixture->log.next, FIRST + 1);
    event = watch_get(&fixture->log, FIRST);
    assert_int_equal(event->uid, 1000);
    assert_int_equal(event->length, strlen(event->text));
    assert_non_null(strstr(event->text, "{\"sequence\":1000,\"event\":\"changed\",\"session\":{"));
}

static void test_add__as_many_as_fit__keeps_all(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, WATCH_EVENTS_MAX);
    assert_int_equal(fixture->log.oldest, FIRST);
    assert_non_null(strstr(watch_get(&fixture->log, FIRST)->text, "\"sequence\":1000,"));
}

static void test_add__one_more__forgets_the_oldest(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, WATCH_EVENTS_MAX + 1);
    assert_int_equal(fixture->log.oldest, FIRST + 1);
    assert_int_equal(fixture->log.next, FIRST + WATCH_EVENTS_MAX + 1);
    assert_non_null(strstr(watch_get(&fixture->log, FIRST + 1)->text, "\"sequence\":1001,"));
    assert_non_null(
        strstr(watch_get(&fixture->log, FIRST + WATCH_EVENTS_MAX)->text, "\"sequence\":5096,"));
}

static void test_add__cannot_be_encoded__leaves_a_hole_and_not_the_old_text(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, WATCH_EVENTS_MAX);
    fixture->session.user = "\xff";
    add(fixture, 1);
    assert_null(watch_get(&fixture->log, FIRST + WATCH_EVENTS_MAX)->text);
    assert_int_equal(fixture->notified, WATCH_EVENTS_MAX + 1);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_add__one__is_kept_as_text_and_told),
        TEST(test_add__as_many_as_fit__keeps_all),
        TEST(test_add__one_more__forgets_the_oldest),
        TEST(test_add__cannot_be_encoded__leaves_a_hole_and_not_the_old_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
