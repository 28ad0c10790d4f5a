/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explain: what would become of a login, and that asking for it changes nothing. */
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
#include "tests/daemon/policy-scene.h"

/* What would have changed if something had. */
struct state {
    long admitted, refused, opened, reservations, live, ended;
    size_t events;
};

static struct state read_state(struct harness *harness)
{
    return (struct state){
        .admitted = harness_statistic(harness, "admitted"),
        .refused = harness_statistic(harness, "refused"),
        .opened = harness_statistic(harness, "opened"),
        .reservations = harness_statistic(harness, "reservations"),
        .live = harness_statistic(harness, "sessionsLive"),
        .ended = harness_statistic(harness, "sessionsEnded"),
        .events = harness_log_count(harness, "SESSMGR_EVENT=", NULL),
    };
}

/* The reply of Explain, which must have changed nothing. Borrowed until the next call. */
static const char *explain(struct harness *harness, const struct policy_login *login)
{
    static char reply[HARNESS_REPLY_MAX_BYTES];
    struct state before = read_state(harness), after;
    char parameters[1024];

    (void)snprintf(parameters, sizeof(parameters),
                   "{\"service\":\"%s\",\"user\":\"%s\",\"uid\":%u,\"groups\":[%s]%s}",
                   login->service != NULL ? login->service : "sshd", login->user, login->uid,
                   login->groups != NULL ? login->groups : "",
                   login->members != NULL ? login->members : "");
    (void)snprintf(reply, sizeof(reply), "%s",
                   harness_ask(harness, SOCKET_SESSION, "io.sessmgr.Manager.Explain", parameters));
    after = read_state(harness);
    assert_string_equal(reply_error(reply), "");
    assert_memory_equal(&before, &after, sizeof(before));
    return reply;
}

static bool says(const char *reply, const char *name, bool value)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "\"%s\":%s", name, value ? "true" : "false");
    return strstr(reply, text) != NULL;
}

static void expect_admitted(struct harness *harness, const struct policy_login *login,
                            const char *policy)
{
    const char *reply = explain(harness, login);

    assert_true(says(reply, "admitted", true) && says(reply, "tracked", true));
    assert_false(reply_has(reply, "parameters.reason"));
    assert_false(reply_has(reply, "parameters.message"));
    assert_string_equal(reply_text(reply, "parameters.policy"), policy);
    assert_int_equal(reply_count(reply, "parameters.evicts"), 0);
}

/* The same words as Admit would say, and it would. */
static void expect_refused(struct harness *harness, const struct policy_login *login,
                           const char *reason)
{
    const char *reply = explain(harness, login);
    char message[1200];

    assert_true(says(reply, "admitted", false) && says(reply, "tracked", true));
    assert_string_equal(reply_text(reply, "parameters.reason"), reason);
    (void)snprintf(message, sizeof(message), "%s", reply_text(reply, "parameters.message"));
    reply = policy_admit(actor_new(harness, "login"), login);
    policy_expect_refused(reply, reason);
    assert_string_equal(reply_text(reply, "parameters.message"), message);
}

static void test_explain__admitted__says_the_rule_and_holds_no_place(void **state)
{
    struct harness *harness = *state;
    session_id id;

    harness_rule(harness, "10-alice", "[Match]\nUser=alice\n[Session]\nMaxSessions=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    for (int i = 0; i < 3; i++)
        expect_admitted(harness, &policy_alice, "10-alice");
    expect_admitted(harness, &policy_bob, "default");
    (void)policy_enter(harness, &policy_alice, id);
}

static void expect_setting(const char *reply, const char *key, const char *value, const char *file,
                           int line)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "parameters.settings.%s.value", key);
    assert_string_equal(reply_text(reply, path), value);
    (void)snprintf(path, sizeof(path), "parameters.settings.%s.file", key);
    assert_string_equal(reply_text(reply, path), file);
    (void)snprintf(path, sizeof(path), "parameters.settings.%s.line", key);
    assert_int_equal(reply_int(reply, path), line);
}

static void test_explain__settings__say_where_they_are_from(void **state)
{
    struct harness *harness = *state;
    const char *reply;
    char file[128];

    (void)snprintf(file, sizeof(file), "%s/policy.d/10-alice.conf", harness->folder);
    harness_configure(harness, "[Session]\nLifetimeSec=8h\nGraceSec=1s\n[Tokens]\nScopes=read\n");
    harness_rule(harness, "10-alice",
                 "[Tokens]\nTokenType=jwt\n[Match]\nUser=alice\n[Session]\nLifetimeSec=1h\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    reply = explain(harness, &policy_alice);
    assert_string_equal(reply_text(reply, "parameters.file"), file);
    assert_int_equal(reply_int(reply, "parameters.line"), 4);
    expect_setting(reply, "LifetimeSec", "1h", file, 6);
    expect_setting(reply, "TokenType", "jwt", file, 2);
    expect_setting(reply, "GraceSec", "1s", harness->config, 3);
    expect_setting(reply, "Scopes", "read", harness->config, 5);
    expect_setting(reply, "MaxSessions", "infinity", "", -1);
    expect_setting(reply, "RefreshToken", "no", "", -1);
    reply = explain(harness, &policy_bob);
    assert_string_equal(reply_text(reply, "parameters.policy"), "default");
    assert_string_equal(reply_text(reply, "parameters.file"), harness->config);
    expect_setting(reply, "LifetimeSec", "8h", harness->config, 2);
}

static void test_explain__by_groups_and_host__are_those_that_are_asked_about(void **state)
{
    struct harness *harness = *state;
    struct policy_login login = policy_alice;

    harness_rule(harness, "10-guests", "[Match]\nGroup=5001\nRemoteHost=192.0.2.0/24\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    login.groups = "4001,5001";
    expect_admitted(harness, &login, "default");
    login.members = ",\"remoteHost\":\"192.0.2.7\"";
    expect_admitted(harness, &login, "10-guests");
}

static void test_explain__refused__says_why(void **state)
{
    struct harness *harness = *state;
    char config[128];
    session_id id;

    (void)policy_enter(harness, &policy_alice, id);
    harness_configure(harness, "[Session]\nMaxSessions=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_refused(harness, &policy_alice, "limit");
    expect_admitted(harness, &policy_bob, "default");
    harness_configure(harness, "[Session]\nMaxSessionsPerService=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_refused(harness, &policy_alice, "limit");
    policy_closed_hours(config, sizeof(config));
    harness_configure(harness, config);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_refused(harness, &policy_alice, "hours");
    harness_configure(harness, "[Manager]\nSessionsMax=1\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_refused(harness, &policy_bob, "full");
    assert_string_equal(reply_error(harness_ask(harness, SOCKET_SESSION, "io.sessmgr.Manager.Lock",
                                                "{\"user\":\"bob\",\"uid\":4002}")),
                        "");
    expect_refused(harness, &policy_bob, "locked");
    assert_true(policy_is_active(harness, id));
}

static void expect_evicts(struct harness *harness, const char *id)
{
    const char *reply = explain(harness, &policy_alice);

    assert_true(says(reply, "admitted", true));
    assert_int_equal(reply_count(reply, "parameters.evicts"), 1);
    assert_string_equal(reply_text(reply, "parameters.evicts.0"), id);
    assert_true(policy_is_active(harness, id));
}

static void test_explain__somebody_would_make_room__names_them_and_ends_nobody(void **state)
{
    struct harness *harness = *state;
    session_id first, second, newer;

    harness_configure(harness, "[Session]\nMaxSessions=2\nOnLimit=end-oldest\nGraceSec=1s\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    (void)policy_enter(harness, &policy_alice, first);
    (void)policy_enter(harness, &policy_alice, second);
    expect_evicts(harness, first);
    expect_evicts(harness, first);
    (void)policy_enter(harness, &policy_alice, newer);
    policy_expect_ended(harness, first, "evicted");
    expect_evicts(harness, second);
    harness_configure(harness, "[Session]\nMaxSessions=2\nOnLimit=end-idlest\nGraceSec=1s\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_evicts(harness, second);
}

static void test_explain__not_tracked__says_so(void **state)
{
    struct harness *harness = *state;
    struct policy_login cron = policy_alice;
    const char *reply;

    harness_rule(harness, "10-robot", "[Match]\nUser=bob\n[Session]\nTrack=no\n");
    assert_string_equal(reply_error(harness_reload(harness)), "");
    reply = explain(harness, &policy_bob);
    assert_true(says(reply, "admitted", true) && says(reply, "tracked", false));
    assert_string_equal(reply_text(reply, "parameters.policy"), "10-robot");
    cron.service = "cron";
    reply = explain(harness, &cron);
    assert_true(says(reply, "admitted", true) && says(reply, "tracked", false));
    assert_string_equal(reply_text(reply, "parameters.policy"), "default");
}

static void test_explain__break_glass__is_admitted_whatever_there_is(void **state)
{
    struct harness *harness = *state;
    const struct policy_login root = {
        .user = "root", .uid = 0, .service = "login", .members = ",\"terminal\":\"tty1\""};
    char hours[64], config[256];
    session_id id;

    (void)policy_enter(harness, &policy_alice, id);
    policy_closed_hours(hours, sizeof(hours));
    (void)snprintf(config, sizeof(config),
                   "[Manager]\nSessionsMax=1\n[Break-Glass]\nUsers=bob\n%sLifetimeSec=1h\n", hours);
    harness_configure(harness, config);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    expect_admitted(harness, &policy_bob, "break-glass");
    expect_setting(explain(harness, &policy_bob), "LifetimeSec", "infinity", "", -1);
    expect_admitted(harness, &root, "break-glass");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, policy_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_explain__admitted__says_the_rule_and_holds_no_place),
        TEST(test_explain__settings__say_where_they_are_from),
        TEST(test_explain__by_groups_and_host__are_those_that_are_asked_about),
        TEST(test_explain__refused__says_why),
        TEST(test_explain__somebody_would_make_room__names_them_and_ends_nobody),
        TEST(test_explain__not_tracked__says_so),
        TEST(test_explain__break_glass__is_admitted_whatever_there_is),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
