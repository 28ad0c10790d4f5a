/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many sessions each user has, in all and by service (daemon/user-count.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/user-count.h"

enum { ALICE = 1000, BOB = 1001 };

static int setup(void **state)
{
    static struct user_tree tree;

    RB_INIT(&tree);
    *state = &tree;
    return 0;
}

/* Each test takes away what it has put in. */
static int teardown(void **state)
{
    const struct user_tree *tree = *state;

    return RB_EMPTY(tree) ? 0 : -1;
}

static void adjust(struct user_tree *tree, int64_t uid, const char *service, int64_t delta)
{
    assert_int_equal(user_count_adjust(tree, uid, service, delta), 0);
}

static void test_user_count_get__nobody__0(void **state)
{
    assert_int_equal(user_count_get(*state, ALICE, NULL), 0);
    assert_int_equal(user_count_get(*state, ALICE, "sshd"), 0);
}

static void test_user_count_adjust__some_services__counted_in_all_and_apart(void **state)
{
    adjust(*state, ALICE, "sshd", 1);
    adjust(*state, ALICE, "sshd", 2);
    adjust(*state, ALICE, "login", 1);
    assert_int_equal(user_count_get(*state, ALICE, NULL), 4);
    assert_int_equal(user_count_get(*state, ALICE, "sshd"), 3);
    assert_int_equal(user_count_get(*state, ALICE, "login"), 1);
    assert_int_equal(user_count_get(*state, ALICE, "ssh"), 0);
    adjust(*state, ALICE, "sshd", -3);
    assert_int_equal(user_count_get(*state, ALICE, NULL), 1);
    assert_int_equal(user_count_get(*state, ALICE, "sshd"), 0);
    adjust(*state, ALICE, "login", -1);
}

static void test_user_count_adjust__two_users__apart(void **state)
{
    adjust(*state, ALICE, "sshd", 1);
    adjust(*state, BOB, "sshd", 2);
    adjust(*state, 0, "sshd", 3);
    adjust(*state, UINT32_MAX - INT64_C(1), "sshd", 4);
    assert_int_equal(user_count_get(*state, ALICE, NULL), 1);
    assert_int_equal(user_count_get(*state, BOB, "sshd"), 2);
    assert_int_equal(user_count_get(*state, 0, NULL), 3);
    assert_int_equal(user_count_get(*state, UINT32_MAX - INT64_C(1), "sshd"), 4);
    adjust(*state, ALICE, "sshd", -1);
    assert_int_equal(user_count_get(*state, BOB, NULL), 2);
    adjust(*state, BOB, "sshd", -2);
    adjust(*state, 0, "sshd", -3);
    adjust(*state, UINT32_MAX - INT64_C(1), "sshd", -4);
}

/* The service is copied: who counts may forget it. */
static void test_user_count_adjust__text_of_the_caller__is_not_kept(void **state)
{
    char service[] = "sshd";

    adjust(*state, ALICE, service, 1);
    service[0] = 'x';
    assert_int_equal(user_count_get(*state, ALICE, "sshd"), 1);
    assert_int_equal(user_count_get(*state, ALICE, service), 0);
    adjust(*state, ALICE, "sshd", -1);
}

static void test_user_count_adjust__many_users__each_has_its_own(void **state)
{
    for (int64_t uid = 0; uid < 1000; uid++)
        adjust(*state, uid * 7919 % 1000, "sshd", 1 + uid * 7919 % 1000);
    for (int64_t uid = 0; uid < 1000; uid++) {
        assert_int_equal(user_count_get(*state, uid, "sshd"), 1 + uid);
        adjust(*state, uid, "sshd", -1 - uid);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_user_count_get__nobody__0),
        TEST(test_user_count_adjust__some_services__counted_in_all_and_apart),
        TEST(test_user_count_adjust__two_users__apart),
        TEST(test_user_count_adjust__text_of_the_caller__is_not_kept),
        TEST(test_user_count_adjust__many_users__each_has_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
