/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules: whose they are, what their sessions have of them, and what a reload leaves as it was. */
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
#include "daemon/clock.h"
#include "tests/daemon/policy-scene.h"

static const struct policy_login carol = {.user = "carol", .uid = 4003};

/* The name that Admit, Open, Describe and the audit trail say, which has to be the same. */
static void expect_policy(struct harness *harness, const struct policy_login *login,
                          const char *name)
{
    struct actor *actor = actor_new(harness, "login");
    const char *reply = policy_admit(actor, login);
    char field[128];
    session_id id;

    assert_string_equal(reply_text(reply, "parameters.policy"), name);
    reply = policy_open(actor, login, reply);
    assert_string_equal(reply_text(reply, "parameters.policy"), name);
    (void)snprintf(id, sizeof(id), "%s", reply_text(reply, "parameters.sessionId"));
    assert_string_equal(policy_text(harness, id, "session.policy"), name);
    assert_string_equal(policy_text(harness, id, "rule.name"), name);
    (void)snprintf(field, sizeof(field), "SESSMGR_POLICY=%s", name);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=opened", id, field, NULL), 1);
    assert_string_equal(reply_error(actor_close(actor, id)), "");
    actor_exit(actor);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended", id, field, NULL) == 1);
}

static void test_rule__by_user__is_that_users(void **state)
{
    struct harness *harness = *state;

    harness_rule(harness, "10-alice", "[Match]\nUser=alice\n");
    harness_rule(harness, "20-bob", "[Match]\nUser=4002\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_policy(harness, &policy_alice, "10-alice");
    expect_policy(harness, &policy_bob, "20-bob");
    expect_policy(harness, &carol, "default");
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=admitted", "SESSMGR_POLICY=20-bob", NULL), 1);
}

/* The groups are those of the request: the daemon asks nobody. */
static void test_rule__by_group__is_whose_login_says_so(void **state)
{
    struct harness *harness = *state;
    struct policy_login member = policy_alice;

    harness_rule(harness, "10-staff", "[Match]\nGroup=5001 !5002\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_policy(harness, &policy_alice, "default");
    member.groups = "4001,5001";
    expect_policy(harness, &member, "10-staff");
    member.groups = "4001,5001,5002";
    expect_policy(harness, &member, "default");
}

static void test_rule__by_service__is_that_services(void **state)
{
    struct harness *harness = *state;
    struct policy_login console = policy_alice;

    harness_rule(harness, "10-console", "[Match]\nService=log*\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    console.service = "login";
    expect_policy(harness, &console, "10-console");
    expect_policy(harness, &policy_alice, "default");
}

static void test_rule__by_host__is_of_who_comes_from_there(void **state)
{
    struct harness *harness = *state;
    struct policy_login remote = policy_alice;

    harness_rule(harness, "10-office", "[Match]\nRemoteHost=192.0.2.0/24 !192.0.2.66\n");
    harness_rule(harness, "20-here", "[Match]\nRemoteHost=local\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    remote.members = ",\"remoteHost\":\"192.0.2.7\"";
    expect_policy(harness, &remote, "10-office");
    remote.members = ",\"remoteHost\":\"192.0.2.66\"";
    expect_policy(harness, &remote, "default");
    expect_policy(harness, &policy_alice, "20-here");
}

static void test_rule__several_fit__the_first_by_name_decides(void **state)
{
    struct harness *harness = *state;

    harness_rule(harness, "20-all", "[Session]\nTrack=no\n");
    harness_rule(harness, "10-alice", "[Match]\nUser=alice\nService=sshd\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_policy(harness, &policy_alice, "10-alice");
}

/* Neither a place nor a session: not by Track=no, and not by Services=. */
static void expect_untracked(struct harness *harness, const struct policy_login *login)
{
    struct actor *actor = actor_new(harness, "login");
    const char *reply = policy_admit(actor, login);

    assert_string_equal(reply_error(reply), "");
    assert_false(reply_has(reply, "parameters.reservation"));
    reply = policy_open(actor, login, NULL);
    assert_string_equal(reply_error(reply), "");
    assert_false(reply_has(reply, "parameters.sessionId"));
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0);
    assert_int_equal(harness_statistic(harness, "reservations"), 0);
    actor_exit(actor);
}

static void test_rule__track_no__opens_nothing_and_refuses_nothing(void **state)
{
    struct harness *harness = *state;

    harness_rule(harness, "10-robot", "[Match]\nUser=alice\n[Session]\nTrack=no\nMaxSessions=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_untracked(harness, &policy_alice);
    expect_untracked(harness, &policy_alice);
    expect_policy(harness, &policy_bob, "default");
}

static void test_rule__for_a_service_that_is_no_login__opens_nothing(void **state)
{
    struct harness *harness = *state;
    struct policy_login cron = policy_alice;

    harness_rule(harness, "10-cron", "[Match]\nService=cron\n[Session]\nTrack=yes\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    cron.service = "cron";
    expect_untracked(harness, &cron);
}

#define RULE \
    "# a comment\n[Match]\nUser=alice\n[Session]\nLifetimeSec=1h\nIdleSecWithoutTerminal=30min\n"

static void expect_setting(struct harness *harness, const char *key, const char *value,
                           const char *file, int line)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "parameters.rule.settings.%s.value", key);
    assert_string_equal(reply_text(harness->reply, path), value);
    (void)snprintf(path, sizeof(path), "parameters.rule.settings.%s.file", key);
    assert_string_equal(reply_text(harness->reply, path), file);
    (void)snprintf(path, sizeof(path), "parameters.rule.settings.%s.line", key);
    assert_int_equal(reply_int(harness->reply, path), line);
}

static void rule_path(const struct harness *harness, const char *name, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%s/policy.d/%s.conf", harness->folder, name);
}

static void test_describe__rule__says_where_each_setting_is_from(void **state)
{
    struct harness *harness = *state;
    session_id id, other;
    char file[128];

    rule_path(harness, "10-alice", file, sizeof(file));
    harness_configure(harness, "[Session]\nGraceSec=2s\n");
    harness_rule(harness, "10-alice", RULE);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, id);
    (void)policy_enter(harness, &policy_bob, other);
    assert_string_equal(policy_text(harness, id, "rule.file"), file);
    assert_int_equal(reply_int(harness->reply, "parameters.rule.line"), 3); /* of its match */
    expect_setting(harness, "LifetimeSec", "1h", file, 5);
    expect_setting(harness, "IdleSecWithoutTerminal", "30min", file, 6);
    expect_setting(harness, "GraceSec", "2s", harness->config, 2);
    expect_setting(harness, "MaxSessions", "infinity", "", -1);
    assert_string_equal(policy_text(harness, other, "rule.file"), harness->config);
    expect_setting(harness, "GraceSec", "2s", harness->config, 2);
    expect_setting(harness, "LifetimeSec", "infinity", "", -1);
}

static void test_describe__ended_session__has_no_rule(void **state)
{
    struct harness *harness = *state;
    struct actor *login;
    session_id id;

    login = policy_enter(harness, &policy_alice, id);
    assert_string_equal(policy_text(harness, id, "rule.name"), "default");
    assert_string_equal(reply_error(actor_close(login, id)), "");
    assert_string_equal(policy_text(harness, id, "session.policy"), "default");
    assert_false(reply_has(harness->reply, "parameters.rule"));
}

static void test_reload__wrong_rule__leaves_the_old_policy_and_says_where(void **state)
{
    struct harness *harness = *state;
    const char *reply;
    char file[128], place[160];

    rule_path(harness, "10-alice", file, sizeof(file));
    harness_rule(harness, "10-alice", RULE);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    harness_configure(harness, "[Session]\nLifetimeSec=7h\n"); /* right, and not taken either */
    harness_rule(harness, "10-alice", "[Match]\nUser=alice\n[Session]\nLifetimeSec=soon\n");
    reply = harness_reload(harness);
    assert_string_equal(reply_error(reply), "BadConfiguration");
    assert_string_equal(reply_text(reply, "parameters.file"), file);
    assert_int_equal(reply_int(reply, "parameters.line"), 4);
    (void)snprintf(place, sizeof(place), "%s:4: LifetimeSec", file);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=config-rejected", place, NULL), 1);
    expect_policy(harness, &policy_alice, "10-alice");
    expect_policy(harness, &policy_bob, "default");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=config-loaded", NULL), 1);
    harness_kill(harness);
    harness_start(harness); /* with the last good one, rules and all */
    expect_policy(harness, &policy_alice, "10-alice");
}

/* What an open session has of its rule. */
struct terms {
    int64_t deadline_usec, idle_deadline_usec;
    char lifetime[32], idle[32];
};

static struct terms read_terms(struct harness *harness, const char *id)
{
    struct terms terms;

    (void)snprintf(terms.lifetime, sizeof(terms.lifetime), "%s",
                   policy_text(harness, id, "rule.settings.LifetimeSec.value"));
    (void)snprintf(
        terms.idle, sizeof(terms.idle), "%s",
        reply_text(harness->reply, "parameters.rule.settings.IdleSecWithoutTerminal.value"));
    terms.deadline_usec = reply_int(harness->reply, "parameters.session.deadlineUsec");
    terms.idle_deadline_usec = reply_int(harness->reply, "parameters.session.idleDeadlineUsec");
    return terms;
}

/* Two clocks are read one after the other to tell a deadline, and the host may be busy. */
static bool is_near(int64_t usec, int64_t wanted_usec)
{
    return llabs(usec - wanted_usec) < USEC_PER_SEC;
}

static void expect_terms(struct harness *harness, const char *id, const struct terms *wanted)
{
    struct terms terms = read_terms(harness, id);

    assert_string_equal(reply_text(harness->reply, "parameters.session.policy"), "10-alice");
    assert_string_equal(terms.lifetime, wanted->lifetime);
    assert_string_equal(terms.idle, wanted->idle);
    assert_true(is_near(terms.deadline_usec, wanted->deadline_usec));
    assert_true(is_near(terms.idle_deadline_usec, wanted->idle_deadline_usec));
}

static void restart(struct harness *harness)
{
    harness_kill(harness);
    harness_start(harness);
}

static void test_reload__other_settings__are_those_of_later_sessions_alone(void **state)
{
    struct harness *harness = *state;
    session_id old, late;
    struct terms before, after;

    harness_rule(harness, "10-alice", RULE);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, old);
    before = read_terms(harness, old);
    assert_string_equal(before.lifetime, "1h");
    assert_true(is_near(before.deadline_usec - before.idle_deadline_usec, 1800 * USEC_PER_SEC));
    harness_rule(harness, "10-alice",
                 "[Match]\nUser=alice\n[Session]\nLifetimeSec=2h\nIdleSecWithoutTerminal=5min\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, late);
    after = read_terms(harness, late);
    assert_string_equal(after.lifetime, "2h");
    assert_true(is_near(after.deadline_usec - before.deadline_usec, 3600 * USEC_PER_SEC));
    expect_terms(harness, old, &before);
    restart(harness);
    expect_terms(harness, old, &before);
    expect_terms(harness, late, &after);
}

static void test_reload__rule_is_gone__its_sessions_keep_it(void **state)
{
    struct harness *harness = *state;
    struct terms before;
    struct actor *login;
    session_id id;

    harness_rule(harness, "10-alice", RULE);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    login = policy_enter(harness, &policy_alice, id);
    before = read_terms(harness, id);
    harness_rule(harness, "10-alice", NULL);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_terms(harness, id, &before);
    expect_policy(harness, &policy_alice, "default");
    restart(harness);
    expect_terms(harness, id, &before);
    restart(harness); /* the record is still there after a start that found it */
    expect_terms(harness, id, &before);
    assert_string_equal(reply_error(actor_close(login, id)), "");
}

static void test_reload__shorter_lifetime__ends_no_open_session(void **state)
{
    struct harness *harness = *state;
    session_id id, late;

    harness_rule(harness, "10-alice", RULE);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, id);
    harness_rule(harness, "10-alice",
                 "[Session]\nLifetimeSec=1s\nGraceSec=0s\n[Match]\nUser=alice\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, late);
    policy_expect_ended(harness, late, "lifetime");
    assert_true(policy_is_active(harness, id));
    restart(harness);
    harness_pause(100);
    assert_true(policy_is_active(harness, id));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, policy_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_rule__by_user__is_that_users),
        TEST(test_rule__by_group__is_whose_login_says_so),
        TEST(test_rule__by_service__is_that_services),
        TEST(test_rule__by_host__is_of_who_comes_from_there),
        TEST(test_rule__several_fit__the_first_by_name_decides),
        TEST(test_rule__track_no__opens_nothing_and_refuses_nothing),
        TEST(test_rule__for_a_service_that_is_no_login__opens_nothing),
        TEST(test_describe__rule__says_where_each_setting_is_from),
        TEST(test_describe__ended_session__has_no_rule),
        TEST(test_reload__wrong_rule__leaves_the_old_policy_and_says_where),
        TEST(test_reload__other_settings__are_those_of_later_sessions_alone),
        TEST(test_reload__rule_is_gone__its_sessions_keep_it),
        TEST(test_reload__shorter_lifetime__ends_no_open_session),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
