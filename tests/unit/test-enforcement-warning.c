/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people are told before their session ends (daemon/enforcement.h), on a pseudo-terminal. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "daemon/activity.h"
#include "daemon/lifecycle.h"
#include "tests/unit/manager-fixture.h"

#define LIFETIME    "[Session]\nLifetimeSec=20min\nWarn=5min 1min\n"
#define HOURS       "[Session]\nHours=08:00-18:00\nWarn=5min 1min\n"
#define IDLE        "[Session]\nIdleSec=20min\nWarn=5min 1min\n"
#define IN(span)    "Your session ends in " span ": its lifetime is over (policy default)."
#define IN_IDLE     "Your session ends in 5min: nobody uses it (policy default)."
#define IN_IDLE_ALL IN_IDLE " Press a key to keep it."

static const struct peer nobody = {.pidfd = -1};

static void open_under(struct manager_fixture *fixture, const char *configuration)
{
    fixture_configure(fixture, configuration);
    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_open_terminal(fixture);
}

static void restart_after(struct manager_fixture *fixture, int64_t usec)
{
    fixture_stop(fixture);
    fixture->realtime_usec += usec;
    fixture->boottime_usec += usec;
    fixture_start(fixture);
}

static void test_warning__time_passes__each_at_its_time_and_once(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 15 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, IN("5min"));
    fixture_pass(fixture, 4 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, IN("60s"));
    fixture_pass(fixture, MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, "Your session ends now: its lifetime is over.");
}

static void test_warning__reload_look_and_clock__not_again(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 15 * MIN);
    fixture_assert_shown(fixture, IN("5min"));
    fixture_configure(fixture, "[Session]\nLifetimeSec=1h\nWarn=4min\n");
    fixture_reload(fixture);
    activity_look(fixture->manager, fixture->session);
    assert_int_equal(lifecycle_arm(fixture->manager, fixture->session), 0);
    fixture_set_clock(fixture, fixture->realtime_usec + 3 * DAY);
    fixture_pass(fixture, 2 * MIN);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, 2 * MIN);
    fixture_assert_shown(fixture, IN("60s"));
}

/* Asleep, or busy. */
static void test_warning__late__one_that_says_what_is_left(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 17 * MIN);
    fixture_assert_shown(fixture, IN("3min"));
    fixture_stop(fixture);
    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 20 * MIN - 30 * SEC);
    fixture_assert_shown(fixture, IN("30s"));
    fixture_pass(fixture, 29 * SEC);
    fixture_assert_shown(fixture, NULL);
}

static void test_warning__session_shorter_than_it__not_given(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, "[Session]\nLifetimeSec=5min\nWarn=10min 5min 1min\n");
    fixture_pass(fixture, 4 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, IN("60s"));
}

static void test_warning__end_is_put_off__those_that_fit_are_given_again(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 19 * MIN);
    fixture_assert_shown(fixture, IN("60s"));
    lifecycle_extend(fixture->manager, fixture->session, 6 * MIN, &nobody, true);
    fixture_pass(fixture, 2 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, IN("5min"));
    fixture_pass(fixture, 3 * MIN);
    lifecycle_extend(fixture->manager, fixture->session, 2 * MIN, &nobody, true);
    fixture_assert_shown(fixture, NULL); /* four minutes: who asked for them knows */
    fixture_pass(fixture, 3 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, IN("60s"));
}

static void test_warning__end_comes_closer__one_at_once(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, HOURS);
    fixture_set_clock(fixture, START_REALTIME_USEC + 6 * HOUR - 3 * MIN);
    fixture_assert_shown(fixture,
                         "Your session ends in 3min: the hours for it are over (policy default).");
    fixture_pass(fixture, 2 * MIN);
    fixture_assert_shown(fixture,
                         "Your session ends in 60s: the hours for it are over (policy default).");
    fixture_set_clock(fixture, START_REALTIME_USEC + 6 * HOUR - 20 * SEC);
    fixture_assert_shown(fixture,
                         "Your session ends in 20s: the hours for it are over (policy default).");
}

static void test_warning__daemon_was_away__one_late(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    fixture_pass(fixture, 14 * MIN);
    restart_after(fixture, 3 * MIN);
    fixture_assert_shown(fixture, IN("3min"));
    fixture_pass(fixture, 2 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    restart_after(fixture, 30 * SEC);
    fixture_assert_shown(fixture, IN("31s"));
}

static void test_warning__daemon_was_away_before_it_is_due__at_its_time(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    restart_after(fixture, 14 * MIN);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, MIN);
    fixture_assert_shown(fixture, IN("5min"));
}

static void test_warning__adopted_beyond_its_end__told_at_once(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture_configure(fixture, LIFETIME);
    fixture_start(fixture);
    (void)fixture_adopt(fixture);
    fixture_assert_shown(fixture, IN("5min"));
    fixture_pass(fixture, 4 * MIN);
    fixture_assert_shown(fixture, IN("60s"));
    fixture_assert_ends_in(fixture, MIN, END_LIFETIME);
}

static void test_warning__messages_not_permitted__none(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, LIFETIME);
    assert_int_equal(fchmod(fixture->slave, 0600), 0);
    fixture_pass(fixture, 15 * MIN);
    assert_int_equal(fchmod(fixture->slave, 0620), 0);
    fixture_pass(fixture, MIN);
    fixture_assert_shown(fixture, NULL);
}

static void test_warning__none_in_the_policy__none(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, "[Session]\nLifetimeSec=20min\nWarn=none\n");
    fixture_pass(fixture, 20 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
}

static void test_warning__can_be_put_off__says_how(void **state)
{
    struct manager_fixture *fixture = *state;

    fixture_rule(fixture, "10-x.conf", LIFETIME "Extend=2min 1 owner\nMessage=Call 4711.\n");
    open_under(fixture, "");
    fixture_pass(fixture, 15 * MIN);
    fixture_assert_shown(fixture, "Your session ends in 5min: its lifetime is over (policy 10-x). "
                                  "\"sessmgrctl extend\" puts it off.\r\nCall 4711.");
    lifecycle_extend(fixture->manager, fixture->session, 2 * MIN, &nobody, true);
    fixture_pass(fixture, 2 * MIN); /* that was all there is */
    fixture_assert_shown(
        fixture, "Your session ends in 5min: its lifetime is over (policy 10-x).\r\nCall 4711.");
}

static void test_warning__idle__says_how_to_stay(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, IDLE);
    fixture_pass(fixture, 15 * MIN - SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, SEC);
    fixture_assert_shown(fixture, IN_IDLE_ALL);
    fixture_pass(fixture, 4 * MIN);
    fixture_assert_shown(
        fixture,
        "Your session ends in 60s: nobody uses it (policy default). Press a key to keep it.");
    fixture_assert_ends_in(fixture, MIN, END_IDLE); /* our own words are no activity */
}

/* What the kernel knows of a terminal is in steps of eight seconds. */
static void test_warning__used_after_an_idle_one__given_again(void **state)
{
    struct manager_fixture *fixture = *state;
    int64_t used = START_REALTIME_USEC + 16 * MIN;

    open_under(fixture, IDLE);
    fixture_pass(fixture, 15 * MIN);
    fixture_assert_shown(fixture, IN_IDLE_ALL);
    fixture_pass(fixture, MIN);
    fixture_use_terminal(fixture, used, used);
    fixture_pass(fixture, 15 * MIN);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, 8 * SEC);
    fixture_assert_shown(fixture, IN_IDLE_ALL);
}

/* It is known only when one has looked that a session has a terminal, and this limit. */
static void test_warning__idle_limit_shorter_than_it__not_given(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, "[Session]\nIdleSec=5min\nWarn=5min 1min\n");
    fixture_pass(fixture, 2 * MIN);
    fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    fixture_pass(fixture, 2 * MIN); /* it is looked at */
    fixture_assert_shown(fixture, NULL);
    restart_after(fixture, 8 * SEC);
    fixture_assert_shown(fixture, NULL);
    fixture_pass(fixture, 2 * MIN);
    fixture_assert_shown(
        fixture,
        "Your session ends in 60s: nobody uses it (policy default). Press a key to keep it.");
}

static void test_warning__used_before_an_idle_one__not_given(void **state)
{
    struct manager_fixture *fixture = *state;

    open_under(fixture, IDLE);
    for (int i = 0; i < 12; i++) {
        fixture_pass(fixture, 10 * MIN);
        fixture_use_terminal(fixture, fixture->realtime_usec, 0);
    }
    fixture_assert_shown(fixture, NULL);
    fixture_assert_active(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_TEST(test_warning__time_passes__each_at_its_time_and_once),
        MANAGER_TEST(test_warning__reload_look_and_clock__not_again),
        MANAGER_TEST(test_warning__late__one_that_says_what_is_left),
        MANAGER_TEST(test_warning__session_shorter_than_it__not_given),
        MANAGER_TEST(test_warning__end_is_put_off__those_that_fit_are_given_again),
        MANAGER_TEST(test_warning__end_comes_closer__one_at_once),
        MANAGER_TEST(test_warning__daemon_was_away__one_late),
        MANAGER_TEST(test_warning__daemon_was_away_before_it_is_due__at_its_time),
        MANAGER_TEST(test_warning__adopted_beyond_its_end__told_at_once),
        MANAGER_TEST(test_warning__messages_not_permitted__none),
        MANAGER_TEST(test_warning__none_in_the_policy__none),
        MANAGER_TEST(test_warning__can_be_put_off__says_how),
        MANAGER_TEST(test_warning__idle__says_how_to_stay),
        MANAGER_TEST(test_warning__used_after_an_idle_one__given_again),
        MANAGER_TEST(test_warning__idle_limit_shorter_than_it__not_given),
        MANAGER_TEST(test_warning__used_before_an_idle_one__not_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
