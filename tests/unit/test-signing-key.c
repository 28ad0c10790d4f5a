/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When signing keys are made and forgotten, on a clock of the test's own: daemon/signing-key.c. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/clock-fixture.h"

#define HOUR_USEC (3600 * USEC_PER_SEC)
#define DAY_USEC  (24 * HOUR_USEC)

/* Time passes on both clocks, an hour after the other. */
static void pass(struct clock_fixture *fixture, int64_t usec)
{
    clock_fixture_run(fixture);
    for (; usec > 0; usec -= HOUR_USEC)
        clock_fixture_pass(fixture, HOUR_USEC);
}

static size_t count(const struct clock_fixture *fixture)
{
    return fixture->manager->signing.set.count;
}

static void test_signing_keys__thirty_days__another_signs(void **state)
{
    struct clock_fixture *fixture = *state;
    char first[JWK_KID_MAX_BYTES + 1];

    (void)snprintf(first, sizeof(first), "%s", signing_keys_current_id(&fixture->manager->signing));
    pass(fixture, 30 * DAY_USEC - HOUR_USEC);
    assert_int_equal(count(fixture), 1);
    assert_string_equal(signing_keys_current_id(&fixture->manager->signing), first);
    pass(fixture, HOUR_USEC);
    assert_int_equal(count(fixture), 2);
    assert_string_not_equal(signing_keys_current_id(&fixture->manager->signing), first);
    assert_null(fixture->manager->signing.keys[0]->secret); /* it signs no more */
    assert_non_null(jwk_set_find(&fixture->manager->signing.set, first));
    assert_true(signing_keys_current(&fixture->manager->signing)->durable);
}

static void test_signing_keys__a_day_after__old_one_is_forgotten(void **state)
{
    struct clock_fixture *fixture = *state;

    clock_fixture_run(fixture);
    assert_int_equal(signing_keys_rotate(fixture->manager), 0);
    pass(fixture, DAY_USEC - HOUR_USEC);
    assert_int_equal(count(fixture), 2);
    pass(fixture, HOUR_USEC);
    assert_int_equal(count(fixture), 1);
    clock_fixture_stop(fixture);
    clock_fixture_start(fixture);
    assert_int_equal(count(fixture), 1);
}

static void test_signing_keys__restart__same_and_due_at_the_same_time(void **state)
{
    struct clock_fixture *fixture = *state;
    char first[JWK_KID_MAX_BYTES + 1];

    (void)snprintf(first, sizeof(first), "%s", signing_keys_current_id(&fixture->manager->signing));
    pass(fixture, 20 * DAY_USEC);
    clock_fixture_stop(fixture);
    fixture->realtime_passed_usec += 11 * DAY_USEC; /* the host was down */
    clock_fixture_start(fixture);
    assert_int_equal(count(fixture), 2);
    assert_non_null(jwk_set_find(&fixture->manager->signing.set, first));
    assert_string_not_equal(signing_keys_current_id(&fixture->manager->signing), first);
}

static void test_signing_keys__clock_set_back__none_is_lost(void **state)
{
    struct clock_fixture *fixture = *state;

    clock_fixture_run(fixture);
    assert_int_equal(signing_keys_rotate(fixture->manager), 0);
    fixture->realtime_passed_usec -= 365 * DAY_USEC;
    pass(fixture, DAY_USEC);
    assert_int_equal(count(fixture), 2);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, clock_fixture_setup, clock_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signing_keys__thirty_days__another_signs),
        TEST(test_signing_keys__a_day_after__old_one_is_forgotten),
        TEST(test_signing_keys__restart__same_and_due_at_the_same_time),
        TEST(test_signing_keys__clock_set_back__none_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
