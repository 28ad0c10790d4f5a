/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks of users, by a clock of the test's own: daemon/lock.c. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/lock.h"
#include "tests/unit/clock-fixture.h"

#define HOUR_USEC (3600 * USEC_PER_SEC)
#define DAY_USEC  (24 * HOUR_USEC)

enum { ALICE = 1000, BOB = 1001, CAROL = 1002 };

static const struct peer root = {.pidfd = -1};

static int64_t now(const struct clock_fixture *fixture)
{
    return fixture->clock.realtime_usec(&fixture->clock);
}

/* left_usec: until the lock is over; -1: it is for ever. */
static int lock(const struct clock_fixture *fixture, int64_t uid, int64_t left_usec,
                const char *message)
{
    const struct lock_info info = {
        .user = "somebody",
        .uid = uid,
        .since_usec = now(fixture),
        .until_usec = left_usec < 0 ? -1 : now(fixture) + left_usec,
        .message = message,
    };

    return lock_set(fixture->manager, &info, &root);
}

static bool is_locked(const struct clock_fixture *fixture, int64_t uid)
{
    const struct user_lock *found = lock_find(fixture->manager, uid);

    assert_true(found == NULL || found->info.uid == uid);
    return found != NULL;
}

static void restart(struct clock_fixture *fixture)
{
    clock_fixture_stop(fixture);
    clock_fixture_start(fixture);
}

static void test_lock_find__time_passes__over_at_the_moment(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_false(is_locked(fixture, ALICE));
    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    assert_int_equal(lock(fixture, BOB, -1, NULL), 0);
    clock_fixture_pass(fixture, HOUR_USEC - 10 * USEC_PER_SEC);
    assert_true(is_locked(fixture, ALICE));
    clock_fixture_pass(fixture, 10 * USEC_PER_SEC);
    assert_false(is_locked(fixture, ALICE));
    clock_fixture_pass(fixture, 10000 * DAY_USEC);
    assert_true(is_locked(fixture, BOB));
}

static void test_lock_find__clock_is_set__right_at_once(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    fixture->realtime_passed_usec += HOUR_USEC;
    assert_false(is_locked(fixture, ALICE));
    fixture->realtime_passed_usec -= 1000 * DAY_USEC;
    assert_true(is_locked(fixture, ALICE));
    fixture->realtime_passed_usec += 2000 * DAY_USEC;
    assert_false(is_locked(fixture, ALICE));
}

static void test_locks__over_for_less_than_a_day__back_with_the_clock(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    fixture->realtime_passed_usec += DAY_USEC;
    assert_int_equal(lock(fixture, BOB, -1, NULL), 0); /* looks for old ones */
    restart(fixture);                                  /* as does this */
    assert_false(is_locked(fixture, ALICE));
    assert_int_equal(lock_count(fixture->manager), 1);
    fixture->realtime_passed_usec -= DAY_USEC;
    assert_true(is_locked(fixture, ALICE));
}

static void test_locks__over_for_a_day__forgotten(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    assert_int_equal(lock(fixture, BOB, 2 * HOUR_USEC, NULL), 0);
    fixture->realtime_passed_usec += DAY_USEC + HOUR_USEC;
    assert_int_equal(lock(fixture, CAROL, -1, NULL), 0);
    assert_int_equal(fixture->manager->locks.count, 2);
    fixture->realtime_passed_usec += HOUR_USEC;
    restart(fixture);
    assert_int_equal(fixture->manager->locks.count, 1);
    fixture->realtime_passed_usec -= 10 * DAY_USEC;
    restart(fixture); /* from the store too */
    assert_false(is_locked(fixture, ALICE));
    assert_false(is_locked(fixture, BOB));
    assert_true(is_locked(fixture, CAROL));
}

static void test_lock_set__restart__all_of_it_is_there(void **state)
{
    struct clock_fixture *fixture = *state;
    const int64_t until = now(fixture) + HOUR_USEC;
    const struct lock_info info = {.user = "\"alice\"",
                                   .uid = UINT32_MAX - 1,
                                   .since_usec = 5,
                                   .until_usec = until,
                                   .message = "back\\slash"};
    const struct user_lock *found;

    assert_int_equal(lock_set(fixture->manager, &info, &root), 0);
    restart(fixture);
    found = lock_find(fixture->manager, UINT32_MAX - 1);
    assert_non_null(found);
    assert_string_equal(found->info.user, "\"alice\"");
    assert_int_equal(found->info.since_usec, 5);
    assert_true(found->info.until_usec == until);
    assert_string_equal(found->info.message, "back\\slash");
}

static void test_lock_set__longest_strings__stored(void **state)
{
    struct clock_fixture *fixture = *state;
    char user[LOGIN_STRING_MAX_BYTES + 1] = "", message[MESSAGE_MAX_BYTES + 1] = "";
    const struct lock_info info = {
        .user = user, .uid = ALICE, .since_usec = 1, .until_usec = -1, .message = message};

    memset(user, '"', sizeof(user) - 1);
    memset(message, '\\', sizeof(message) - 1);
    assert_int_equal(lock_set(fixture->manager, &info, &root), 0);
    restart(fixture);
    assert_string_equal(lock_find(fixture->manager, ALICE)->info.message, message);
}

static void test_lock_set__again__takes_the_place_of_the_one_before(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, -1, "one"), 0);
    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    assert_int_equal(lock_count(fixture->manager), 1);
    restart(fixture);
    assert_int_equal(fixture->manager->locks.count, 1);
    assert_null(lock_find(fixture->manager, ALICE)->info.message);
    clock_fixture_pass(fixture, HOUR_USEC);
    assert_false(is_locked(fixture, ALICE));
}

static void test_lock_set__as_many_as_there_may_be__no_other(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, -1, NULL), 0);
    fixture->manager->locks.count = LOCKS_MAX; /* or as if */
    assert_int_equal(lock(fixture, BOB, -1, NULL), -ENOSPC);
    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    assert_int_equal(fixture->manager->locks.count, LOCKS_MAX);
    fixture->manager->locks.count = LOCKS_MAX - 1;
    assert_int_equal(lock(fixture, CAROL, -1, NULL), 0);
    fixture->manager->locks.count = 2;
    restart(fixture);
    assert_false(is_locked(fixture, BOB));
    assert_int_equal(fixture->manager->locks.count, 2);
}

static void test_lock_remove__locked__no_more(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, -1, NULL), 0);
    assert_int_equal(lock(fixture, BOB, -1, NULL), 0);
    assert_int_equal(lock_remove(fixture->manager, ALICE, &root), 0);
    for (int i = 0; i < 2; i++) {
        assert_false(is_locked(fixture, ALICE));
        assert_true(is_locked(fixture, BOB));
        assert_int_equal(lock_remove(fixture->manager, ALICE, &root), -ENOENT);
        restart(fixture);
    }
}

static void test_lock_remove__over__is_none(void **state)
{
    struct clock_fixture *fixture = *state;

    assert_int_equal(lock(fixture, ALICE, HOUR_USEC, NULL), 0);
    clock_fixture_pass(fixture, HOUR_USEC);
    assert_int_equal(lock_remove(fixture->manager, ALICE, &root), -ENOENT);
}

static void test_lock_next__some_over__others_by_uid(void **state)
{
    static const int64_t uids[] = {7, 4000000000, 0, 8, 3};
    struct clock_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(uids); i++)
        assert_int_equal(lock(fixture, uids[i], uids[i] == 7 || uids[i] == 8 ? 1 : -1, NULL), 0);
    clock_fixture_pass(fixture, USEC_PER_SEC);
    assert_int_equal(lock_next(fixture->manager, 0)->info.uid, 0);
    assert_int_equal(lock_next(fixture->manager, 1)->info.uid, 3);
    assert_true(lock_next(fixture->manager, 4)->info.uid == 4000000000);
    assert_null(lock_next(fixture->manager, 4000000001));
    assert_int_equal(lock_count(fixture->manager), 3);
}

static void test_lock_words__until_and_message__told_where_known(void **state)
{
    static const struct {
        int64_t until_sec;
        const char *message;
        const char *words;
    } cases[] = {
        {-1, NULL, "This account is locked."},
        {-1, "Ask Bob.", "This account is locked. Ask Bob."},
        {1795466880, NULL, "This account is locked until Mon 2026-11-23 20:48 UTC."},
        {1795466821, "Ask Bob.", "This account is locked until Mon 2026-11-23 20:48 UTC. Ask Bob."},
        {1795466881, NULL, "This account is locked until Mon 2026-11-23 20:49 UTC."},
    };
    char words[LOCK_WORDS_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct user_lock one = {
            .info.until_usec = cases[i].until_sec < 0 ? -1 : cases[i].until_sec * USEC_PER_SEC,
            .info.message = cases[i].message,
        };

        lock_words(&one, words);
        assert_string_equal(words, cases[i].words);
    }
}

static void test_lock_words__longest__whole(void **state)
{
    char message[MESSAGE_MAX_BYTES + 1] = "", words[LOCK_WORDS_MAX_BYTES];
    const struct user_lock one = {.info.until_usec = INT64_MAX, .info.message = message};

    (void)state;
    memset(message, 'x', sizeof(message) - 1);
    lock_words(&one, words);
    assert_non_null(strstr(words, message));
}

static void test_lock_load__not_a_lock__left_out(void **state)
{
    static const char *const values[][2] = {
        {"lock/1000", "{\"user\":\"a\",\"uid\":1001,\"sinceUsec\":1}"},
        {"lock/1000x", "{\"user\":\"a\",\"uid\":1000,\"sinceUsec\":1}"},
        {"lock/1000", "{\"user\":\"a\",\"uid\":1000}"},
        {"lock/1000", "{\"user\":\"a\",\"uid\":1000,\"sinceUsec\":1,\"untilUsec\":\"x\"}"},
        {"lock/1000", "{\"user\":\"a\""},
        {"lock/", ""},
    };
    struct clock_fixture *fixture = *state;
    char memory[8192] __attribute__((aligned(16)));

    for (size_t i = 0; i < ELEMENTS(values); i++) {
        struct arena arena = {.base = memory, .size = sizeof(memory)};

        assert_true(lock_is_record(values[i][0]));
        assert_int_equal(
            lock_load(fixture->manager, values[i][0], values[i][1], strlen(values[i][1]), &arena),
            0);
        assert_int_equal(fixture->manager->locks.count, 0);
    }
    assert_false(lock_is_record("locks/1000"));
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, clock_fixture_setup, clock_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lock_find__time_passes__over_at_the_moment),
        TEST(test_lock_find__clock_is_set__right_at_once),
        TEST(test_locks__over_for_less_than_a_day__back_with_the_clock),
        TEST(test_locks__over_for_a_day__forgotten),
        TEST(test_lock_set__restart__all_of_it_is_there),
        TEST(test_lock_set__longest_strings__stored),
        TEST(test_lock_set__again__takes_the_place_of_the_one_before),
        TEST(test_lock_set__as_many_as_there_may_be__no_other),
        TEST(test_lock_remove__locked__no_more),
        TEST(test_lock_remove__over__is_none),
        TEST(test_lock_next__some_over__others_by_uid),
        cmocka_unit_test(test_lock_words__until_and_message__told_where_known),
        cmocka_unit_test(test_lock_words__longest__whole),
        TEST(test_lock_load__not_a_lock__left_out),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
