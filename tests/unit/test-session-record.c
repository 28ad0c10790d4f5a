/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session in the store (daemon/session-record.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/session-record.h"
#include "daemon/settings.h"

#define ID "0123456789abcdef0123456789abcdef"

enum { ARENA_BYTES = 65536 };

static char memory[ARENA_BYTES] __attribute__((aligned(16)));
static char text[32768];

static void make(struct session_record *record)
{
    static const struct string_pair context[] = {{"ticket", "42"}, {"quote", "\"\\"}};

    fields_clear(&session_record_fields, record);
    record->info.session_id = ID;
    record->info.user = "j\xc3\xbcrgen";
    record->info.uid = 1000;
    record->info.service = "sshd";
    record->info.leader_pid = 42;
    record->info.host_id = "h";
    record->info.boot_id = "b";
    record->info.state = STATE_ENDING;
    record->info.end_reason = END_LIFETIME;
    record->info.opened_usec = 5;
    record->info.last_activity_usec = 8;
    record->info.policy = "default";
    record->info.context = (struct string_map){.count = ELEMENTS(context), .items = context};
    record->members_by = MEMBERS_BY_SCOPE;
    record->scope = "/user.slice/session-3.scope";
    record->leader_start_ticks = 77;
    record->opened_boottime_usec = 6;
    record->active_boottime_usec = 9;
    record->grace_usec = 7;
    record->kill_processes = KILL_ALL;
    record->token_family = 3;
    record->token_file = true;
}

static int decode(const struct session_record *record, struct session_record *ret)
{
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    int length = session_record_encode(record, text, sizeof(text));

    assert_true(length > 0);
    return session_record_decode(text, (size_t)length, &arena, ret);
}

static void test_decode__encoded__is_the_same(void **state)
{
    struct session_record record, again;

    (void)state;
    make(&record);
    assert_int_equal(decode(&record, &again), 0);
    assert_string_equal(again.info.user, record.info.user);
    assert_int_equal(again.info.state, STATE_ENDING);
    assert_int_equal(again.info.end_reason, END_LIFETIME);
    assert_int_equal(again.info.context.count, 2);
    assert_string_equal(again.info.context.items[1].value, "\"\\");
    assert_string_equal(again.scope, record.scope);
    assert_int_equal(again.leader_start_ticks, 77);
    assert_int_equal(again.active_boottime_usec, 9);
    assert_int_equal(again.deadline_boottime_usec, -1);
    assert_int_equal(again.kill_processes, KILL_ALL);
    assert_null(again.info.parent_session);
}

static void test_decode__short_id__is_refused(void **state)
{
    struct session_record record, again;

    (void)state;
    make(&record);
    record.info.session_id = "0123";
    assert_int_equal(decode(&record, &again), -EINVAL);
}

static void test_decode__ended_without_a_reason__is_refused(void **state)
{
    struct session_record record, again;

    (void)state;
    make(&record);
    record.info.end_reason = END_NONE;
    assert_int_equal(decode(&record, &again), -EINVAL);
    record.info.state = STATE_ACTIVE;
    assert_int_equal(decode(&record, &again), 0);
}

static void test_decode__known_by_a_scope_without_one__is_refused(void **state)
{
    struct session_record record, again;

    (void)state;
    make(&record);
    record.scope = NULL;
    assert_int_equal(decode(&record, &again), -EINVAL);
    record.members_by = MEMBERS_BY_TREE;
    assert_int_equal(decode(&record, &again), 0);
}

static void test_decode__members_of_a_newer_version__are_passed_over(void **state)
{
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    struct session_record record, again;
    char newer[sizeof(text) + 64];
    int length;

    (void)state;
    make(&record);
    assert_true(session_record_encode(&record, text, sizeof(text)) > 0);
    length = snprintf(newer, sizeof(newer), "{\"mood\":[1,{}],%s", text + 1);
    assert_int_equal(session_record_decode(newer, (size_t)length, &arena, &again), 0);
    assert_int_equal(again.grace_usec, 7);
}

static void test_decode__cut_anywhere__is_refused(void **state)
{
    struct session_record record, again;
    int length;

    (void)state;
    make(&record);
    length = session_record_encode(&record, text, sizeof(text));
    for (int cut = 0; cut < length; cut++) {
        struct arena arena = {.base = memory, .size = sizeof(memory)};

        assert_true(session_record_decode(text, (size_t)cut, &arena, &again) < 0);
    }
}

static void test_key__of_a_session__is_told_from_others(void **state)
{
    char key[SESSION_KEY_MAX_BYTES];

    (void)state;
    session_record_key(ID, key);
    assert_string_equal(key, "session/" ID);
    assert_true(session_record_is_key(key));
    assert_false(session_record_is_key("token/" ID));
    assert_false(session_record_is_key("session"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode__encoded__is_the_same),
        cmocka_unit_test(test_decode__short_id__is_refused),
        cmocka_unit_test(test_decode__ended_without_a_reason__is_refused),
        cmocka_unit_test(test_decode__known_by_a_scope_without_one__is_refused),
        cmocka_unit_test(test_decode__members_of_a_newer_version__are_passed_over),
        cmocka_unit_test(test_decode__cut_anywhere__is_refused),
        cmocka_unit_test(test_key__of_a_session__is_told_from_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
