/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of sessions and what counts for a user (daemon/session.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/session.h"

enum { ALICE = 1000, BOB = 1001 };

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct session_table));
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    session_table_done(*state);
    free(*state);
    return 0;
}

/* A session in the table; number: its ID and its leader. */
static struct session *add(struct session_table *table, unsigned number, int64_t uid,
                           const char *parent)
{
    char id[SESSION_ID_BYTES + 1];
    struct session_record record = {
        .info = {.session_id = id,
                 .user = "u",
                 .uid = uid,
                 .service = "sshd",
                 .parent_session = parent,
                 .leader_pid = number,
                 .host_id = "h",
                 .boot_id = "b",
                 .opened_usec = number,
                 .policy = "default",
                 .end_reason = END_NONE},
        .leader_start_ticks = 7,
    };
    struct session *session;

    (void)snprintf(id, sizeof(id), "%032x", number);
    assert_int_equal(session_new(&record, &session), 0);
    assert_int_equal(session_table_add(table, session), 0);
    return session;
}

static void test_count__active_sessions__are_each_users(void **state)
{
    (void)add(*state, 1, ALICE, NULL);
    (void)add(*state, 2, ALICE, NULL);
    (void)add(*state, 3, BOB, NULL);
    assert_int_equal(session_table_count_user(*state, ALICE), 2);
    assert_int_equal(session_table_count_user(*state, BOB), 1);
    assert_int_equal(session_table_count_user(*state, 0), 0);
}

static void test_count__nested_session__takes_no_place(void **state)
{
    struct session *outer = add(*state, 1, ALICE, NULL);
    struct session *nested = add(*state, 2, ALICE, outer->record.info.session_id);

    assert_int_equal(session_table_count_user(*state, ALICE), 1);
    session_table_set_state(*state, nested, STATE_ENDING);
    session_table_set_state(*state, nested, STATE_ENDED);
    assert_int_equal(session_table_count_user(*state, ALICE), 1);
}

static void test_count__every_way_to_the_end__frees_one_place(void **state)
{
    struct session_table *table = *state;
    struct session *logout = add(table, 1, ALICE, NULL), *enforced = add(table, 2, ALICE, NULL);

    session_table_set_state(table, logout, STATE_ENDED);
    assert_int_equal(session_table_count_user(table, ALICE), 1);
    session_table_set_state(table, enforced, STATE_ENDING);
    assert_int_equal(session_table_count_user(table, ALICE), 0);
    assert_int_equal(table->live_count, 1);
    session_table_set_state(table, enforced, STATE_ENDED);
    assert_int_equal(session_table_count_user(table, ALICE), 0);
    assert_int_equal(table->live_count, 0);
    assert_int_equal(table->ended_count, 2);
}

static void test_count__reservation_and_session__add_up(void **state)
{
    struct session *session = add(*state, 1, ALICE, NULL);

    assert_int_equal(session_table_adjust_user(*state, ALICE, 1), 0);
    session_table_set_state(*state, session, STATE_ENDED);
    assert_int_equal(session_table_count_user(*state, ALICE), 1);
    assert_int_equal(session_table_adjust_user(*state, ALICE, -1), 0);
    assert_int_equal(session_table_count_user(*state, ALICE), 0);
}

static void test_find__by_id_and_by_leader__finds_live_ones(void **state)
{
    struct session_table *table = *state;
    struct session *first = add(table, 1, ALICE, NULL), *second = add(table, 2, ALICE, NULL);

    assert_ptr_equal(session_table_find(table, first->record.info.session_id), first);
    assert_null(session_table_find(table, "0000"));
    assert_ptr_equal(session_table_find_leader(table, 2, 7), second);
    assert_null(session_table_find_leader(table, 2, 8)); /* another process of that number */
    session_table_set_state(table, second, STATE_ENDED);
    assert_null(session_table_find_leader(table, 2, 7));
    assert_ptr_equal(session_table_find(table, second->record.info.session_id), second);
}

static void test_remove__some_while_walking__visits_all_in_order(void **state)
{
    struct session_table *table = *state;
    struct session *next;
    unsigned expected = 1;

    for (unsigned i = 1; i <= 100; i++)
        (void)add(table, i, ALICE, NULL);
    for (struct session *s = session_table_first(table); s != NULL; s = next) {
        next = session_table_next(s);
        assert_int_equal(s->record.info.leader_pid, expected++);
        if (expected % 2 == 0) {
            session_table_remove(table, s);
            session_free(s);
        }
    }
    assert_int_equal(expected, 101);
    assert_int_equal(table->live_count, 50);
    assert_int_equal(session_table_count_user(table, ALICE), 50);
}

static void test_set_context__on_a_session_in_the_table__is_still_found(void **state)
{
    struct session *session = add(*state, 1, ALICE, NULL);
    const struct string_pair first = {"a", "1"};
    char id[SESSION_ID_BYTES + 1];

    (void)snprintf(id, sizeof(id), "%s", session->record.info.session_id);
    for (int i = 0; i < 3; i++) /* with what it has itself, too */
        assert_int_equal(
            session_set_context(session, i == 0 ? &(struct string_map){.count = 1, .items = &first}
                                                : &session->record.info.context),
            0);
    assert_ptr_equal(session_table_find(*state, id), session);
    assert_ptr_equal(session_table_find_leader(*state, 1, 7), session);
    assert_string_equal(session->record.info.context.items[0].value, "1");
    assert_string_equal(session->record.info.user, "u");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_count__active_sessions__are_each_users),
        TEST(test_count__nested_session__takes_no_place),
        TEST(test_count__every_way_to_the_end__frees_one_place),
        TEST(test_count__reservation_and_session__add_up),
        TEST(test_find__by_id_and_by_leader__finds_live_ones),
        TEST(test_remove__some_while_walking__visits_all_in_order),
        TEST(test_set_context__on_a_session_in_the_table__is_still_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
