/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many of something are written down in a while: daemon/rate-limit.c. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/rate-limit.h"

enum { UID = 1000 };

static const int64_t start = 7 * USEC_PER_SEC;

/* Takes as many as a window holds. */
static void fill(struct rate_limit *limit, int64_t uid, int64_t now)
{
    unsigned left_out;

    for (int i = 0; i < RATE_LIMIT_BURST; i++)
        assert_true(rate_limit_take(limit, uid, now, &left_out));
}

static void test_rate_limit_take__more_than_the_burst__left_out(void **state)
{
    struct rate_limit limit = {0};
    unsigned left_out = 99;

    (void)state;
    fill(&limit, UID, start);
    assert_false(rate_limit_take(&limit, UID, start, &left_out));
    assert_false(rate_limit_take(&limit, UID, start + RATE_LIMIT_WINDOW_USEC - 1, &left_out));
    assert_int_equal(left_out, 99);
}

static void test_rate_limit_take__next_window__says_how_many(void **state)
{
    struct rate_limit limit = {0};
    unsigned left_out;

    (void)state;
    fill(&limit, UID, start);
    for (int i = 0; i < 5; i++)
        assert_false(rate_limit_take(&limit, UID, start + i, &left_out));
    assert_true(rate_limit_take(&limit, UID, start + RATE_LIMIT_WINDOW_USEC, &left_out));
    assert_int_equal(left_out, 5);
    assert_true(rate_limit_take(&limit, UID, start + RATE_LIMIT_WINDOW_USEC, &left_out));
    assert_int_equal(left_out, 0);
}

static void test_rate_limit_take__other_user__has_room(void **state)
{
    struct rate_limit limit = {0};
    unsigned left_out;

    (void)state;
    fill(&limit, UID, start);
    assert_false(rate_limit_take(&limit, UID, start, &left_out));
    assert_true(rate_limit_take(&limit, UID + 1, start, &left_out));
    assert_true(rate_limit_take(&limit, UINT32_MAX, start, &left_out));
}

/* Whoever picks a user ID well shares a bucket with others, and never with root. */
static void test_rate_limit_take__root__shares_with_nobody(void **state)
{
    struct rate_limit limit = {0};
    unsigned left_out;

    (void)state;
    for (int64_t uid = 1; uid <= 2 * RATE_LIMIT_BUCKETS; uid++)
        for (int i = 0; i < RATE_LIMIT_BURST; i++)
            (void)rate_limit_take(&limit, uid, start, &left_out);
    assert_true(rate_limit_take(&limit, 0, start, &left_out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_limit_take__more_than_the_burst__left_out),
        cmocka_unit_test(test_rate_limit_take__next_window__says_how_many),
        cmocka_unit_test(test_rate_limit_take__other_user__has_room),
        cmocka_unit_test(test_rate_limit_take__root__shares_with_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
