/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logins that come when they may not, or with a key that says how long: hours and certificates, by
 * the clock as it is. What becomes of them when it is set is in test-clock.c.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "tests/daemon/certificate.h"
#include "tests/daemon/policy-scene.h"

#define END_WITH_CREDENTIAL "[Session]\nEndWithCredential=yes\nGraceSec=1s\n"

static void test_hours__not_now__refuses_in_both_phases(void **state)
{
    struct harness *harness = *state;
    struct actor *late = actor_new(harness, "login");
    const char *reply;
    char config[128];

    policy_closed_hours(config, sizeof(config));
    policy_restart(harness, config);
    reply = policy_admit(actor_new(harness, "login"), &policy_alice);
    policy_expect_refused(reply, "hours");
    assert_non_null(strstr(reply_text(reply, "parameters.message"),
                           "No session is allowed now; the next is from "));
    policy_expect_refused(policy_open(late, &policy_alice, NULL), "hours");
    HARNESS_AWAIT(!actor_lives(late));
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=refused", "SESSMGR_REASON=hours",
                                       "SESSMGR_POLICY=default", NULL),
                     2);
}

/* Who was admitted in time is not kept out by the minute that has begun since. */
static void test_hours__over_since_admit__opens_and_ends(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char config[128];

    actor_ignore_signals(login); /* its end may come before it has the answer */
    assert_string_equal(reply_error(policy_admit(login, &policy_alice)), "");
    policy_closed_hours(config, sizeof(config));
    (void)strncat(config, "GraceSec=1s\n", sizeof(config) - strlen(config) - 1);
    harness_configure(harness, config);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_open(login, &policy_alice, login->reply);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended", "SESSMGR_REASON=hours",
                                    "SESSMGR_USER=alice", NULL) == 1);
    HARNESS_AWAIT(!actor_lives(login));
}

static void test_hours__now__say_when_they_end(void **state)
{
    struct harness *harness = *state;
    const int64_t now = (int64_t)time(NULL), end = (now / 60 + 60) * 60;
    char config[128];
    session_id id;

    (void)snprintf(config, sizeof(config), "[Session]\nHours=%s\n", policy_hours(now - 3600, end));
    policy_restart(harness, config);
    (void)policy_enter(harness, &policy_alice, id);
    assert_string_equal(policy_text(harness, id, "session.deadlineReason"), "hours");
    assert_true(llabs(reply_int(harness->reply, "parameters.session.deadlineUsec") -
                      end * USEC_PER_SEC) < USEC_PER_SEC);
}

/* Only TERM: who takes its time to show why may do so. */
static void test_credential__malformed__is_refused_and_its_caller_told_to_go(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *stubborn = actor_new(harness, "login");
    struct policy_login cut = policy_alice;
    const char *reply;

    cut.members = ",\"authInfo\":\"publickey ssh-ed25519 AAAAC3NzaC1lZDI1\\\\n\"";
    policy_restart(harness, END_WITH_CREDENTIAL);
    actor_ignore_signals(stubborn);
    assert_string_equal(reply_error(policy_admit(login, &cut)), "");
    reply = policy_open(login, &cut, login->reply);
    policy_expect_refused(reply, "policy");
    assert_non_null(strstr(reply_text(reply, "parameters.message"), "cannot be read"));
    policy_expect_refused(policy_open(stubborn, &cut, NULL), "policy");
    HARNESS_AWAIT(!actor_lives(login));
    harness_pause(800); /* more than it is left */
    assert_true(actor_lives(stubborn));
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0);
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=refused", "SESSMGR_REASON=policy", NULL), 2);
}

static void test_credential__malformed_and_nothing_ends_with_it__opens(void **state)
{
    struct harness *harness = *state;
    struct policy_login cut = policy_alice;
    session_id id;

    cut.members = ",\"authInfo\":\"publickey ssh-ed25519 AAAAC3NzaC1lZDI1\\\\n\"";
    (void)policy_enter(harness, &cut, id);
    assert_true(policy_is_active(harness, id));
}

static void test_credential__none_at_all__opens(void **state)
{
    struct harness *harness = *state;
    struct policy_login password = policy_alice;
    session_id id;

    password.members = ",\"authInfo\":\"password\\\\n\"";
    policy_restart(harness, END_WITH_CREDENTIAL);
    (void)policy_enter(harness, &password, id);
    assert_string_equal(policy_text(harness, id, "session.deadlineReason"), "");
    (void)policy_enter(harness, &policy_alice, id);
    assert_true(policy_is_active(harness, id));
}

static void test_credential__certificate_expired__ends_at_once(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *shell;
    struct policy_login holder = policy_alice;
    long start;

    holder.members = ",\"authInfo\":\"" CERTIFICATE_OF_2001 "\"";
    policy_restart(harness, END_WITH_CREDENTIAL);
    shell = actor_fork(harness, login, "shell");
    start = harness_now_msec();
    (void)policy_open(login, &holder, NULL); /* its end may come before the answer */
    HARNESS_AWAIT(!actor_lives(login) && !actor_lives(shell));
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended",
                                    "SESSMGR_REASON=credential_expired", NULL) == 1);
    assert_true(harness_now_msec() - start < 5000);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=ended", NULL), 1);
}

static void test_credential__certificate_that_is_good__ends_with_it(void **state)
{
    struct harness *harness = *state;
    struct policy_login holder = policy_alice;
    int64_t end_usec;
    session_id id;

    holder.members = ",\"authInfo\":\"" CERTIFICATE_OF_2030 "\"";
    policy_restart(harness, END_WITH_CREDENTIAL);
    (void)policy_enter(harness, &holder, id);
    assert_string_equal(policy_text(harness, id, "session.deadlineReason"), "credential_expired");
    end_usec = reply_int(harness->reply, "parameters.session.authExpiresUsec");
    assert_int_equal(end_usec, CERTIFICATE_OF_2030_ENDS_SEC * USEC_PER_SEC);
    assert_true(llabs(reply_int(harness->reply, "parameters.session.deadlineUsec") - end_usec) <
                USEC_PER_SEC);
    policy_restart(harness, "");
    assert_string_equal(policy_text(harness, id, "session.deadlineReason"), "credential_expired");
    holder.members = ",\"authInfo\":\"" CERTIFICATE_OF_2001 "\"";
    (void)policy_enter(harness, &holder, id); /* nothing ends with it any more */
    assert_true(policy_is_active(harness, id));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, policy_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_hours__not_now__refuses_in_both_phases),
        TEST(test_hours__over_since_admit__opens_and_ends),
        TEST(test_hours__now__say_when_they_end),
        TEST(test_credential__malformed__is_refused_and_its_caller_told_to_go),
        TEST(test_credential__malformed_and_nothing_ends_with_it__opens),
        TEST(test_credential__none_at_all__opens),
        TEST(test_credential__certificate_expired__ends_at_once),
        TEST(test_credential__certificate_that_is_good__ends_with_it),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
