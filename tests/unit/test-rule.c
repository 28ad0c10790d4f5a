/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules (daemon/rule.h) in the folder of the policy: which there are, in which order they are asked
 * (daemon/config.h), and where each of their settings is from.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/policy.h"
#include "tests/unit/config-fixture.h"

static const struct login_request alice = {.user = "alice", .uid = 1000, .service = "sshd"};

static const char *rule_for(const struct config_fixture *fixture, struct login_request login)
{
    return config_rule_for(fixture->config, &login)->name;
}

/* Where a setting of a rule is from; file: below the folder, NULL: the default. */
static void assert_origin(const struct config_fixture *fixture, const struct rule *rule,
                          const char *key, const char *file, int line)
{
    const struct config_origin *origin = &rule->origins[number_of_key(key)];
    char path[CONFIG_PATH_BYTES];

    if (file == NULL) {
        assert_null(origin->file);
        return;
    }
    assert_non_null(origin->file);
    assert_string_equal(origin->file, config_fixture_path(fixture, file, path));
    assert_int_equal(origin->line, line);
}

static void test_config_load__rules__in_the_order_of_their_bytes(void **state)
{
    static const char *const names[] = {"1-z", "10-a", "20-b", "B", "a.b", "a"};
    static const size_t order[] = {3, 1, 5, 0, 4, 2};
    struct config_fixture *fixture = *state;
    char file[32], path[CONFIG_PATH_BYTES];

    for (size_t i = 0; i < ELEMENTS(order); i++) {
        (void)snprintf(file, sizeof(file), "%s.conf", names[order[i]]);
        put_rule(fixture, file, "");
    }
    put_rule(fixture, ".hidden.conf", "wrong");
    put_rule(fixture, "notes.txt", "wrong");
    put_rule(fixture, "10-a.conf~", "wrong");
    assert_config_loads(fixture);
    assert_int_equal(fixture->config->rule_count, ELEMENTS(names));
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        const struct rule *rule = &fixture->config->rules[i];

        assert_string_equal(rule->name, names[i]);
        (void)snprintf(file, sizeof(file), "policy.d/%s.conf", names[i]);
        assert_string_equal(rule->file, config_fixture_path(fixture, file, path));
    }
}

static void test_config_load__no_folder_of_rules__none(void **state)
{
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];

    assert_int_equal(rmdir(config_fixture_path(fixture, "policy.d", path)), 0);
    assert_config_loads(fixture);
    assert_int_equal(fixture->config->rule_count, 0);
    assert_string_equal(rule_for(fixture, alice), "default");
}

static void test_config_rule_for__many_fit__the_first(void **state)
{
    static const struct login_request bob = {.user = "bob", .uid = 1001, .service = "sshd"};
    static const struct login_request console = {.user = "bob", .uid = 1001, .service = "login"};
    struct config_fixture *fixture = *state;

    put_rule(fixture, "20-sshd.conf", "[Match]\nService=sshd\n");
    put_rule(fixture, "10-alice.conf", "[Match]\nUser=alice\n");
    assert_config_loads(fixture);
    assert_string_equal(rule_for(fixture, alice), "10-alice");
    assert_string_equal(rule_for(fixture, bob), "20-sshd");
    assert_string_equal(rule_for(fixture, console), "default");
    put_rule(fixture, "05-all.conf", "");
    assert_config_loads(fixture);
    assert_string_equal(rule_for(fixture, alice), "05-all");
    assert_string_equal(rule_for(fixture, console), "05-all");
}

static void test_config_rule_for__several_lists__all_have_to_fit(void **state)
{
    static const int64_t gids[] = {4, 7};
    static const struct uint_list groups = {.count = 2, .items = gids};
    struct config_fixture *fixture = *state;
    struct login_request login = alice;

    put_rule(fixture, "x.conf",
             "[Match]\nUser=alice bob\nGroup=7\nService=ssh*\nRemoteHost=192.0.2.0/24\n");
    assert_config_loads(fixture);
    login.groups = groups;
    login.remote_host = "192.0.2.9";
    assert_string_equal(rule_for(fixture, login), "x");
    login.user = "carol";
    assert_string_equal(rule_for(fixture, login), "default");
    login.user = "bob";
    login.service = "login";
    assert_string_equal(rule_for(fixture, login), "default");
    login.service = "ssh";
    login.groups.count = 1;
    assert_string_equal(rule_for(fixture, login), "default");
    login.groups = groups;
    login.remote_host = NULL;
    assert_string_equal(rule_for(fixture, login), "default");
}

static void test_rule_read__unset__as_in_sessmgrd_conf_with_its_origin(void **state)
{
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];
    const struct rule *rule;

    put_main(fixture, "[Session]\nLifetimeSec=8h\nIdleSec=1h\nMaxSessions=3\n"
                      "[Tokens]\nTokenType=jwt\n");
    assert_int_equal(mkdir(config_fixture_path(fixture, "d.conf.d", path), 0700), 0);
    put_file(fixture, "d.conf.d/10-x.conf", "[Session]\n\nIdleSec=2h\n");
    put_rule(fixture, "a.conf", "# a\n[Session]\nMaxSessions=5\n[Match]\nService=sshd\nUser=u\n");
    assert_config_loads(fixture);
    rule = &fixture->config->rules[0];
    assert_int_equal(rule->line, 5);
    assert_value(rule, "LifetimeSec", "8h");
    assert_origin(fixture, rule, "LifetimeSec", "d.conf", 2);
    assert_value(rule, "IdleSec", "2h");
    assert_origin(fixture, rule, "IdleSec", "d.conf.d/10-x.conf", 3);
    assert_value(rule, "MaxSessions", "5");
    assert_origin(fixture, rule, "MaxSessions", "policy.d/a.conf", 3);
    assert_value(rule, "TokenType", "jwt");
    assert_origin(fixture, rule, "TokenType", "d.conf", 6);
    assert_value(rule, "GraceSec", "10s");
    assert_origin(fixture, rule, "GraceSec", NULL, 0);
    assert_origin(fixture, rule, "User", "policy.d/a.conf", 6);
    assert_origin(fixture, rule, "Group", NULL, 0);
    assert_value(&fixture->config->fallback, "MaxSessions", "3");
    assert_origin(fixture, &fixture->config->fallback, "MaxSessions", "d.conf", 4);
}

static void test_rule_read__empty_value__default_and_not_sessmgrd_confs(void **state)
{
    struct config_fixture *fixture = *state;
    const struct rule *rule;

    put_main(fixture, "[Session]\nLifetimeSec=8h\nWarn=none\nMessage=Mind the door.\n");
    put_rule(fixture, "a.conf", "[Session]\nLifetimeSec=\nWarn=\nMessage=\n[Match]\nUser=\n");
    assert_config_loads(fixture);
    rule = &fixture->config->rules[0];
    assert_value(rule, "LifetimeSec", "infinity");
    assert_origin(fixture, rule, "LifetimeSec", "policy.d/a.conf", 2);
    assert_value(rule, "Warn", "5min 1min");
    assert_null(rule->settings.session.message);
    assert_true(rule_matches_all(rule));
    assert_string_equal(fixture->config->fallback.settings.session.message, "Mind the door.");
}

static void test_rule_read__another_rule__takes_nothing_from_it(void **state)
{
    struct config_fixture *fixture = *state;

    put_rule(fixture, "a.conf", "[Match]\nUser=alice\n[Session]\nLifetimeSec=1h\n");
    put_rule(fixture, "b.conf", "[Session]\nIdleSec=1h\n");
    assert_config_loads(fixture);
    assert_true(rule_matches_all(&fixture->config->rules[1]));
    assert_value(&fixture->config->rules[1], "LifetimeSec", "infinity");
    assert_value(&fixture->config->fallback, "IdleSec", "infinity");
}

static void test_rule_read__names_of_no_rule__refused(void **state)
{
    static const char *const names[] = {
        "default.conf", "break-glass.conf", "a b.conf", "a+b.conf", "gr\xc3\xbc\xc3\x9f.conf",
        "a\nb.conf", "a%b.conf",
        /* 65 letters */
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.conf"};
    struct config_fixture *fixture = *state;
    char file[128], path[CONFIG_PATH_BYTES];

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        put_rule(fixture, names[i], "");
        (void)snprintf(file, sizeof(file), "policy.d/%s", names[i]);
        assert_config_refused(fixture, file, 0, "", "expected one of 1 to 64 letters");
        assert_int_equal(unlink(config_fixture_path(fixture, file, path)), 0);
    }
}

static void test_rule_read__unusual_names__taken(void **state)
{
    struct config_fixture *fixture = *state;

    put_rule(fixture, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.conf", "");
    put_rule(fixture, "-.conf", "");
    put_rule(fixture, "Default.conf", "");
    put_rule(fixture, "a.conf.conf", "");
    put_rule(fixture, "_9", "no rule, for want of \".conf\"");
    assert_config_loads(fixture);
    assert_int_equal(fixture->config->rule_count, 4);
    assert_non_null(config_find_rule(fixture->config, "a.conf"));
    assert_string_equal(config_find_rule(fixture->config, "Default")->name, "Default");
}

static void test_config_load__as_many_rules_as_there_may_be__limit_is_exact(void **state)
{
    struct config_fixture *fixture = *state;
    char name[32];

    for (int i = 0; i < RULES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%04d.conf", i);
        put_rule(fixture, name, "");
    }
    assert_config_loads(fixture);
    assert_int_equal(fixture->config->rule_count, RULES_MAX);
    put_rule(fixture, "9999.conf", "");
    assert_config_refused(fixture, "policy.d/9999.conf", 0, "", "expected 1024 at most");
}

static void test_rule_read__what_is_the_hosts__refused(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"[Manager]\nSessionsMax=5\n", "unknown section [Manager]"},
        {"[Break-Glass]\nUsers=root\n", "unknown section [Break-Glass]"},
        {"[Tokens]\nKeyRotationSec=1d\n", "unknown key \"KeyRotationSec\" in [Tokens]"},
        {"[Session]\nServices=sshd\n", "unknown key \"Services\" in [Session]"},
        {"[Session]\nUser=alice\n", "unknown key \"User\" in [Session]"},
        {"[Match]\nLifetimeSec=1h\n", "unknown key \"LifetimeSec\" in [Match]"},
    };
    struct config_fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        put_rule(fixture, "a.conf", cases[i].text);
        assert_config_refused(fixture, "policy.d/a.conf", i < 2 ? 1 : 2, "", cases[i].words);
    }
}

static void test_config_load__match_in_sessmgrd_conf__refused(void **state)
{
    struct config_fixture *fixture = *state;

    put_main(fixture, "[Match]\nUser=alice\n");
    assert_config_refused(fixture, "d.conf", 1, "", "unknown section [Match]");
}

static void test_config_load__rule_that_is_no_file__refused(void **state)
{
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];

    put_rule(fixture, "a.conf", "");
    (void)config_fixture_path(fixture, "policy.d/b.conf", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_config_refused(fixture, "policy.d/b.conf", 0, "", "found a directory");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("nothing", path), 0);
    assert_config_refused(fixture, "policy.d/b.conf", 0, "", "found a link to nothing");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("a.conf", path), 0); /* which is a way to have it twice */
    assert_config_loads(fixture);
}

static void test_config_find_rule__names__the_rule_or_none(void **state)
{
    struct config_fixture *fixture = *state;
    const struct config *config;

    put_rule(fixture, "10-a.conf", "");
    put_rule(fixture, "20-b.conf", "");
    assert_config_loads(fixture);
    config = fixture->config;
    assert_ptr_equal(config_find_rule(config, "10-a"), &config->rules[0]);
    assert_ptr_equal(config_find_rule(config, "20-b"), &config->rules[1]);
    assert_ptr_equal(config_find_rule(config, "default"), &config->fallback);
    assert_ptr_equal(config_find_rule(config, "break-glass"), &config->unlimited);
    assert_null(config_find_rule(config, "10-A"));
    assert_null(config_find_rule(config, "10-a.conf"));
    assert_null(config_find_rule(config, ""));
}

static void test_config_load__break_glass__no_limits_and_everybodys_tokens(void **state)
{
    struct config_fixture *fixture = *state;
    const struct rule *rule;

    put_main(fixture, "[Session]\nLifetimeSec=1h\nTrack=no\nMaxSessions=1\nHours=08:00-09:00\n"
                      "[Tokens]\nTokenType=jwt\n");
    assert_config_loads(fixture);
    rule = &fixture->config->unlimited;
    assert_value(rule, "LifetimeSec", "infinity");
    assert_value(rule, "Track", "yes");
    assert_value(rule, "MaxSessions", "infinity");
    assert_value(rule, "Hours", "");
    assert_value(rule, "TokenType", "jwt");
    assert_string_equal(rule->policy->name, "break-glass");
    assert_origin(fixture, rule, "LifetimeSec", NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_config_load__rules__in_the_order_of_their_bytes),
        CONFIG_TEST(test_config_load__no_folder_of_rules__none),
        CONFIG_TEST(test_config_rule_for__many_fit__the_first),
        CONFIG_TEST(test_config_rule_for__several_lists__all_have_to_fit),
        CONFIG_TEST(test_rule_read__unset__as_in_sessmgrd_conf_with_its_origin),
        CONFIG_TEST(test_rule_read__empty_value__default_and_not_sessmgrd_confs),
        CONFIG_TEST(test_rule_read__another_rule__takes_nothing_from_it),
        CONFIG_TEST(test_rule_read__names_of_no_rule__refused),
        CONFIG_TEST(test_rule_read__unusual_names__taken),
        CONFIG_TEST(test_config_load__as_many_rules_as_there_may_be__limit_is_exact),
        CONFIG_TEST(test_rule_read__what_is_the_hosts__refused),
        CONFIG_TEST(test_config_load__match_in_sessmgrd_conf__refused),
        CONFIG_TEST(test_config_load__rule_that_is_no_file__refused),
        CONFIG_TEST(test_config_find_rule__names__the_rule_or_none),
        CONFIG_TEST(test_config_load__break_glass__no_limits_and_everybodys_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
