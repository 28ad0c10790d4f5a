/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which logins a termination stands against, how long, and how many stand (daemon/standing.h). */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/standing.h"

enum { ALICE = 1000, BOB = 1001, EVERYBODY = -1 };

/* When terminations are made, and their logins begin before or after. */
#define MADE_USEC ((int64_t)1000000)

static const struct session_info session = {
    .session_id = "3f2a91c0d5e84b7796ab01cd23ef4567",
    .user = "alice",
    .uid = ALICE,
    .service = "sshd",
    .policy = "default",
};

static int setup(void **state)
{
    static struct standing_list list;

    standing_init(&list);
    *state = &list;
    return 0;
}

static int teardown(void **state)
{
    standing_done(*state);
    return 0;
}

static void add_at(struct standing_list *list, const char *service, int64_t uid, int64_t now_usec)
{
    const struct session_filter wire = {.uid = -1, .service = service};
    struct filter filter;

    assert_int_equal(filter_parse(&wire, &filter, NULL), 0);
    assert_int_equal(standing_add(list, &filter, uid, now_usec), 0);
}

static void add(struct standing_list *list, const char *service, int64_t uid)
{
    add_at(list, service, uid, MADE_USEC);
}

/* Whether a login that began just before is stopped. */
static bool stops(struct standing_list *list, const char *service, int64_t uid)
{
    struct session_info info = session;

    info.service = service;
    info.uid = uid;
    return standing_stops(list, &info, MADE_USEC - 1, MADE_USEC + 1);
}

static void test_standing_stops__none__nothing(void **state)
{
    assert_false(stops(*state, "sshd", ALICE));
}

static void test_standing_stops__matches__began_before_only(void **state)
{
    add(*state, "sshd", EVERYBODY);
    assert_true(standing_stops(*state, &session, 0, MADE_USEC + 1));
    assert_true(standing_stops(*state, &session, MADE_USEC, MADE_USEC + 1));
    assert_false(standing_stops(*state, &session, MADE_USEC + 1, MADE_USEC + 1));
    assert_false(stops(*state, "login", ALICE));
}

static void test_standing_add__strings_of_the_filter__copied(void **state)
{
    char service[] = "sshd";

    add(*state, service, EVERYBODY);
    memset(service, 'x', 4);
    assert_true(stops(*state, "sshd", ALICE));
}

static void test_standing_stops__a_users__stands_for_that_users_logins(void **state)
{
    add(*state, "sshd", BOB);
    assert_true(stops(*state, "sshd", BOB));
    assert_false(stops(*state, "sshd", ALICE));
}

static void test_standing_stops__after_its_time__no_more(void **state)
{
    struct standing_list *list = *state;

    add(list, "sshd", EVERYBODY);
    assert_true(standing_stops(list, &session, 0, MADE_USEC + STANDING_MAX_USEC - 1));
    assert_false(standing_stops(list, &session, 0, MADE_USEC + STANDING_MAX_USEC));
    assert_int_equal(list->count, 0);
}

/* As many as may stand: services "0" and up. */
static void fill(struct standing_list *list, int64_t uid)
{
    char service[16];

    for (int i = 0; i < STANDING_MAX; i++) {
        (void)snprintf(service, sizeof(service), "%d", i);
        add(list, service, uid < 0 ? uid : uid + i);
    }
    assert_int_equal(list->count, STANDING_MAX);
}

static void test_standing_add__full__the_oldest_goes(void **state)
{
    struct standing_list *list = *state;

    fill(list, EVERYBODY);
    add(list, "sshd", EVERYBODY);
    assert_int_equal(list->count, STANDING_MAX);
    assert_false(stops(list, "0", ALICE));
    assert_true(stops(list, "1", ALICE));
    assert_true(stops(list, "sshd", ALICE));
}

static void test_standing_add__full_of_administrators__no_user_pushes_one_out(void **state)
{
    struct standing_list *list = *state;

    fill(list, EVERYBODY);
    add(list, "sshd", ALICE);
    assert_int_equal(list->count, STANDING_MAX);
    assert_true(stops(list, "0", ALICE));
    assert_false(stops(list, "sshd", ALICE));
}

static void test_standing_add__full__users_go_before_administrators(void **state)
{
    struct standing_list *list = *state;

    add(list, "login", EVERYBODY);
    fill(list, ALICE); /* each of another user; the first has gone already */
    assert_true(stops(list, "login", ALICE));
    assert_false(stops(list, "0", ALICE));
    add(list, "sshd", EVERYBODY);
    assert_true(stops(list, "login", ALICE));
    assert_false(stops(list, "1", ALICE + 1));
    assert_true(stops(list, "2", ALICE + 2));
}

static void test_standing_add__many_of_one_user__pushes_out_that_users(void **state)
{
    struct standing_list *list = *state;
    char service[16];

    add(list, "sshd", BOB);
    for (int i = 0; i <= STANDING_OF_USER_MAX; i++) {
        (void)snprintf(service, sizeof(service), "%d", i);
        add(list, service, ALICE);
    }
    assert_int_equal(list->count, 1 + STANDING_OF_USER_MAX);
    assert_true(stops(list, "sshd", BOB));
    assert_false(stops(list, "0", ALICE));
    assert_true(stops(list, "1", ALICE));
}

static void test_standing_add__full_of_what_is_over__makes_room(void **state)
{
    struct standing_list *list = *state;

    fill(list, EVERYBODY);
    add_at(list, "sshd", EVERYBODY, MADE_USEC + STANDING_MAX_USEC);
    assert_int_equal(list->count, 1);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(test_standing_stops__none__nothing),
        TEST(test_standing_stops__matches__began_before_only),
        TEST(test_standing_add__strings_of_the_filter__copied),
        TEST(test_standing_stops__a_users__stands_for_that_users_logins),
        TEST(test_standing_stops__after_its_time__no_more),
        TEST(test_standing_add__full__the_oldest_goes),
        TEST(test_standing_add__full_of_administrators__no_user_pushes_one_out),
        TEST(test_standing_add__full__users_go_before_administrators),
        TEST(test_standing_add__many_of_one_user__pushes_out_that_users),
        TEST(test_standing_add__full_of_what_is_over__makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
