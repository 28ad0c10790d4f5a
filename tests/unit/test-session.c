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
    if (*state == NULL)
        return -1;
    session_table_init(*state);
    return 0;
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
    assert_int_equal(session_new(table, &record, &session), 0);
    assert_int_equal(session_table_add(table, session), 0);
    return session;
}

static int64_t count(const struct session_table *table, int64_t uid)
{
    return user_count_get(&table->users, uid, NULL);
}

static void test_count__active_sessions__are_each_users(void **state)
{
    (void)add(*state, 1, ALICE, NULL);
    (void)add(*state, 2, ALICE, NULL);
    (void)add(*state, 3, BOB, NULL);
    assert_int_equal(count(*state, ALICE), 2);
    assert_int_equal(count(*state, BOB), 1);
    assert_int_equal(count(*state, 0), 0);
}

static void test_count__nested_session__takes_no_place(void **state)
{
    struct session *outer = add(*state, 1, ALICE, NULL);
    struct session *nested = add(*state, 2, ALICE, outer->record.info.session_id);

    assert_int_equal(count(*state, ALICE), 1);
    session_table_set_state(*state, nested, STATE_ENDING);
    session_table_set_state(*state, nested, STATE_ENDED);
    assert_int_equal(count(*state, ALICE), 1);
}

static void test_count__every_way_to_the_end__frees_one_place(void **state)
{
    struct session_table *table = *state;
    struct session *logout = add(table, 1, ALICE, NULL), *enforced = add(table, 2, ALICE, NULL);

    session_table_set_state(table, logout, STATE_ENDED);
    assert_int_equal(count(table, ALICE), 1);
    session_table_set_state(table, enforced, STATE_ENDING);
    assert_int_equal(count(table, ALICE), 0);
    assert_int_equal(table->live.count, 1);
    session_table_set_state(table, enforced, STATE_ENDED);
    assert_int_equal(count(table, ALICE), 0);
    assert_int_equal(table->live.count, 0);
    assert_int_equal(table->ended_count, 2);
}

static void test_count__reservation_and_session__add_up(void **state)
{
    struct session *session = add(*state, 1, ALICE, NULL);

    assert_int_equal(user_count_adjust(&((struct session_table *)*state)->users, ALICE, "sshd", 1),
                     0);
    session_table_set_state(*state, session, STATE_ENDED);
    assert_int_equal(count(*state, ALICE), 1);
    assert_int_equal(user_count_adjust(&((struct session_table *)*state)->users, ALICE, "sshd", -1),
                     0);
    assert_int_equal(count(*state, ALICE), 0);
}

static void test_find__by_id__finds_ended_ones_too(void **state)
{
    struct session_table *table = *state;
    struct session *first = add(table, 1, ALICE, NULL), *second = add(table, 2, ALICE, NULL);

    assert_ptr_equal(session_table_find(table, first->record.info.session_id), first);
    assert_null(session_table_find(table, "0000"));
    session_table_set_state(table, second, STATE_ENDED);
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
            session_free(table, s);
        }
    }
    assert_int_equal(expected, 101);
    assert_int_equal(table->live.count, 50);
    assert_int_equal(count(table, ALICE), 50);
}

static void test_set_context__on_a_session_in_the_table__is_still_found(void **state)
{
    struct session *session = add(*state, 1, ALICE, NULL);
    const struct string_pair first = {"a", "1"};
    char id[SESSION_ID_BYTES + 1];

    (void)snprintf(id, sizeof(id), "%s", session->record.info.session_id);
    for (int i = 0; i < 3; i++) /* with what it has itself, too */
        assert_int_equal(session_set_context(*state, session,
                                             i == 0
                                                 ? &(struct string_map){.count = 1, .items = &first}
                                                 : &session->record.info.context),
                         0);
    assert_ptr_equal(session_table_find(*state, id), session);
    assert_string_equal(session->record.info.context.items[0].value, "1");
    assert_string_equal(session->record.info.user, "u");
}

/* What the walk, and taking ended ones out, find, as numbers of leaders. */
static void expect_order(struct session_table *table, const unsigned *all, const unsigned *ended)
{
    for (struct session *s = session_table_first(table); s != NULL; s = session_table_next(s))
        assert_int_equal(s->record.info.leader_pid, *all++);
    assert_int_equal(*all, 0);
    while (table->ended_count > 0)
        assert_int_equal(session_table_retire(table)->record.info.leader_pid, *ended++);
    assert_int_equal(*ended, 0);
}

static void test_sort__any_order__is_that_of_opening_and_of_ending(void **state)
{
    static const unsigned numbers[] = {4, 1, 5, 2, 3};
    struct session *session;

    for (size_t i = 0; i < ELEMENTS(numbers); i++) {
        session = add(*state, numbers[i], ALICE, NULL);
        if (numbers[i] == 2 || numbers[i] == 4 || numbers[i] == 5) {
            session->record.info.ended_usec = numbers[i] == 5 ? 10 : 20 + numbers[i];
            session_table_set_state(*state, session, STATE_ENDED);
        }
    }
    assert_int_equal(session_table_sort(*state), 0);
    expect_order(*state, (const unsigned[]){1, 2, 3, 4, 5, 0}, (const unsigned[]){5, 2, 4, 0});
}

/* The wall clock was set back between 3 and 2, and between 2 and 1. */
static void test_sort__clock_was_set_back__parents_stand_before_what_is_nested(void **state)
{
    char parent[SESSION_ID_BYTES + 1];

    (void)snprintf(parent, sizeof(parent), "%032x", 2U);
    (void)add(*state, 1, ALICE, parent);
    (void)add(*state, 5, ALICE, parent);
    (void)snprintf(parent, sizeof(parent), "%032x", 3U);
    (void)add(*state, 2, ALICE, parent);
    (void)add(*state, 4, ALICE, NULL);
    (void)add(*state, 3, ALICE, NULL);
    assert_int_equal(session_table_sort(*state), 0);
    expect_order(*state, (const unsigned[]){3, 2, 1, 4, 5, 0}, (const unsigned[]){0});
}

static void test_retire__some__the_first_that_ended_go_and_are_still_found(void **state)
{
    struct session_table *table = *state;
    struct session *sessions[3];

    for (unsigned i = 0; i < ELEMENTS(sessions); i++)
        sessions[i] = add(table, i + 1, ALICE, NULL);
    session_table_set_state(table, sessions[1], STATE_ENDED);
    session_table_set_state(table, sessions[2], STATE_ENDED);
    session_table_set_state(table, sessions[0], STATE_ENDED); /* opened first, and ended last */
    assert_ptr_equal(session_table_retire(table), sessions[1]);
    assert_ptr_equal(session_table_retire(table), sessions[2]);
    assert_int_equal(table->ended_count, 1);
    assert_ptr_equal(session_table_find(table, sessions[1]->record.info.session_id), sessions[1]);
    session_table_remove(table, sessions[1]);
    session_free(table, sessions[1]);
    assert_int_equal(table->ended_count, 1);
}

static void test_new__same_texts__are_kept_once_and_not_the_callers(void **state)
{
    struct session_table *table = *state;
    struct session *first = add(table, 1, ALICE, NULL), *second = add(table, 2, BOB, NULL);
    const struct session_info *a = &first->record.info, *b = &second->record.info;

    assert_ptr_equal(a->service, b->service);
    assert_ptr_equal(a->host_id, b->host_id);
    assert_ptr_equal(a->boot_id, b->boot_id);
    assert_ptr_equal(a->policy, b->policy);
    assert_null(a->auth_key);
    assert_ptr_not_equal(a->session_id, b->session_id);
    assert_int_equal(session_set_context(table, first, &(struct string_map){.count = 0}), 0);
    assert_ptr_equal(a->service, b->service);
    session_table_remove(table, first);
    session_free(table, first);
    assert_string_equal(b->service, "sshd");
    assert_string_equal(b->boot_id, "b");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_count__active_sessions__are_each_users),
        TEST(test_count__nested_session__takes_no_place),
        TEST(test_count__every_way_to_the_end__frees_one_place),
        TEST(test_count__reservation_and_session__add_up),
        TEST(test_find__by_id__finds_ended_ones_too),
        TEST(test_remove__some_while_walking__visits_all_in_order),
        TEST(test_sort__any_order__is_that_of_opening_and_of_ending),
        TEST(test_sort__clock_was_set_back__parents_stand_before_what_is_nested),
        TEST(test_retire__some__the_first_that_ended_go_and_are_still_found),
        TEST(test_new__same_texts__are_kept_once_and_not_the_callers),
        TEST(test_set_context__on_a_session_in_the_table__is_still_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
