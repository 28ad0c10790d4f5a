/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each key of a rule (daemon/rule.h, daemon/settings.h) takes, how it is printed, and how what
 * it does not take is explained.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/config.h"
#include "tests/unit/config-fixture.h"

#define SIXTY_TWO_ZEROS "00000000000000000000000000000000000000000000000000000000000000"

struct row {
    const char *key, *text;
    const char *printed; /* NULL: it is refused */
};

static const char *section_of(const char *key)
{
    size_t offset;

    return config_table_key(&rule_table, number_of_key(key), &offset)->section;
}

static const char *expected_of(const char *key)
{
    size_t offset;

    return config_table_key(&rule_table, number_of_key(key), &offset)->expected;
}

static void check_good(struct config_fixture *fixture, const struct row *row)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "[%s]\n%s=%s\n", section_of(row->key), row->key, row->text);
    put_rule(fixture, "a.conf", text);
    assert_config_loads(fixture);
    assert_value(&fixture->config->rules[0], row->key, row->printed);
    /* what is printed is the same again */
    (void)snprintf(text, sizeof(text), "[%s]\n%s=%s\n", section_of(row->key), row->key,
                   row->printed);
    put_rule(fixture, "a.conf", text);
    assert_config_loads(fixture);
    assert_value(&fixture->config->rules[0], row->key, row->printed);
}

static void check_bad(struct config_fixture *fixture, const struct row *row)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "[%s]\n# one\n%s=%s\n", section_of(row->key), row->key,
                   row->text);
    put_rule(fixture, "a.conf", text);
    (void)snprintf(text, sizeof(text), "found \"%.40s", row->text);
    assert_config_refused(fixture, "policy.d/a.conf", 3, row->key, text);
    (void)snprintf(text, sizeof(text), "expected %s", expected_of(row->key));
    assert_non_null(strstr(fixture->error.message, text));
}

static void check(struct config_fixture *fixture, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (rows[i].printed == NULL ? check_bad : check_good)(fixture, &rows[i]);
}

static void test_rule__words__those_that_the_manual_names(void **state)
{
    static const struct row rows[] = {
        {"Track", "yes", "yes"},
        {"Track", "no", "no"},
        {"Track", "maybe", NULL},
        {"Track", "Yes", NULL},
        {"Track", "1", NULL},
        {"OnLimit", "refuse", "refuse"},
        {"OnLimit", "end-oldest", "end-oldest"},
        {"OnLimit", "end-idlest", "end-idlest"},
        {"OnLimit", "end", NULL},
        {"OnLimit", "end-oldest end-idlest", NULL},
        {"CountNested", "yes", "yes"},
        {"CountNested", "no", "no"},
        {"CountNested", "true", NULL},
        {"EndWithCredential", "yes", "yes"},
        {"EndWithCredential", "no", "no"},
        {"EndWithCredential", "never", NULL},
        {"KillProcesses", "all", "all"},
        {"KillProcesses", "none", NULL},
        {"TokenAtLogin", "file", "file"},
        {"TokenAtLogin", "files", NULL},
        {"Bind", "uid", "uid"},
        {"Bind", "gid", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__durations__within_what_makes_sense(void **state)
{
    static const struct row rows[] = {
        {"LifetimeSec", "8h", "8h"},
        {"LifetimeSec", "1h 30min", "90min"},
        {"LifetimeSec", "1us", "1us"},
        {"LifetimeSec", "36525d", "36525d"},
        {"LifetimeSec", "infinity", "infinity"},
        {"LifetimeSec", "0", NULL},
        {"LifetimeSec", "36525d 1us", NULL},
        {"LifetimeSec", "soon", NULL},
        {"LifetimeSec", "-1h", NULL},
        {"IdleSec", "1s", "1s"},
        {"IdleSec", "900", "15min"},
        {"IdleSec", "infinity", "infinity"},
        {"IdleSec", "999ms", NULL},
        {"IdleSec", "0", NULL},
        {"IdleSec", "1 2", "3s"},
        {"IdleSec", "1,5s", NULL},
        {"IdleSecWithoutTerminal", "1s", "1s"},
        {"IdleSecWithoutTerminal", "2w", "14d"},
        {"IdleSecWithoutTerminal", "infinity", "infinity"},
        {"IdleSecWithoutTerminal", "999999us", NULL},
        {"IdleSecWithoutTerminal", "never", NULL},
        {"GraceSec", "0", "0s"},
        {"GraceSec", "600", "10min"},
        {"GraceSec", "600s 1us", NULL},
        {"GraceSec", "infinity", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__numbers__from_1(void **state)
{
    static const char *const keys[] = {"MaxSessions", "MaxSessionsPerService"};
    static const struct row rows[] = {
        {NULL, "1", "1"},
        {NULL, "007", "7"},
        {NULL, "9223372036854775806", "9223372036854775806"},
        {NULL, "infinity", "infinity"},
        {NULL, "9223372036854775807", NULL},
        {NULL, "9223372036854775808", NULL},
        {NULL, "0", NULL},
        {NULL, "-1", NULL},
        {NULL, "+1", NULL},
        {NULL, "0x10", NULL},
        {NULL, "1 2", NULL},
        {NULL, "Infinity", NULL},
    };

    for (size_t i = 0; i < ELEMENTS(keys); i++)
        for (size_t j = 0; j < ELEMENTS(rows); j++)
            check(*state, &(const struct row){keys[i], rows[j].text, rows[j].printed}, 1);
}

static void test_rule__activity__a_set_of_words(void **state)
{
    static const struct row rows[] = {
        {"IdleActivity", "tty-input", "tty-input"},
        {"IdleActivity", "processes \t token", "token processes"},
        {"IdleActivity", "token token", "token"},
        {"IdleActivity", "processes token tty-output tty-input",
         "tty-input tty-output token processes"},
        {"IdleActivity", "keyboard", NULL},
        {"IdleActivity", "tty-input keyboard", NULL},
        {"IdleActivity", "tty-input,token", NULL},
        {"IdleActivity", "none", NULL},
        {"IdleActivity", "tty", NULL},
        {"IdleActivity", "token" SIXTY_TWO_ZEROS, NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__warnings__at_most_8_the_longest_first(void **state)
{
    static const struct row rows[] = {
        {"Warn", "5min 1min", "5min 1min"},
        {"Warn", "1min 10min 300", "10min 5min 1min"},
        {"Warn", "1us", "1us"},
        {"Warn", "1h30min", "90min"},
        {"Warn", "none", "none"},
        {"Warn", "8 7 6 5 4 3 2 1", "8s 7s 6s 5s 4s 3s 2s 1s"},
        {"Warn", "9 8 7 6 5 4 3 2 1", NULL},
        {"Warn", "0", NULL},
        {"Warn", "5min 0s", NULL},
        {"Warn", "infinity", NULL},
        {"Warn", "5 min", NULL},
        {"Warn", "5min none", NULL},
        {"Warn", "none 5min", NULL},
        {"Warn", "5min,1min", NULL},
        {"Warn", "-5min", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__extension__how_much_how_often_by_whom(void **state)
{
    static const struct row rows[] = {
        {"Extend", "no", "no"},
        {"Extend", "30min", "30min 1 owner"},
        {"Extend", "1s 2", "1s 2 owner"},
        {"Extend", "30min infinity", "30min infinity owner"},
        {"Extend", "30min 2 member", "30min 2 member"},
        {"Extend", "30min \t 2  owner", "30min 2 owner"},
        {"Extend", "yes", NULL},
        {"Extend", "0", NULL},
        {"Extend", "999ms", NULL},
        {"Extend", "infinity", NULL},
        {"Extend", "30min 0", NULL},
        {"Extend", "30min -1", NULL},
        {"Extend", "30min owner", NULL},
        {"Extend", "30 min", NULL},
        {"Extend", "30min 2 everybody", NULL},
        {"Extend", "30min 2 owner member", NULL},
        {"Extend", "no 2", NULL},
        {"Extend", "-30min", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

/* Cut, they would be five seconds instead of five minutes. */
static void test_rule__words_that_are_too_long__refused_and_not_cut(void **state)
{
    static const struct row rows[] = {
        {"Warn", SIXTY_TWO_ZEROS "5min", NULL},
        {"Extend", SIXTY_TWO_ZEROS "5min 1", NULL},
        {"Extend", "5min " SIXTY_TWO_ZEROS "11", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__hours__days_and_times(void **state)
{
    static const struct row rows[] = {
        {"Hours", "Mon..Fri 08:00-18:00", "Mon..Fri 08:00-18:00"},
        {"Hours", "22:00-06:00", "22:00-06:00"},
        {"Hours", "sat,SUN 00:00-24:00", "sat,SUN 00:00-24:00"},
        {"Hours", "08:00", NULL},
        {"Hours", "Mon", NULL},
        {"Hours", "Mon 08:00-08:00", NULL},
        {"Hours", "Mon 8:00-18:00", NULL},
        {"Hours", "Mon 08:00-24:01", NULL},
        {"Hours", "Mo 08:00-18:00", NULL},
        {"Hours", "Mon 08:00-18:00 Tue", NULL},
        {"Hours", "always", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__message__any_line(void **state)
{
    static const struct row rows[] = {
        {"Message", "Call 4711. \"Now\"; or [later]=#1", "Call 4711. \"Now\"; or [later]=#1"},
        {"Message", "gr\xc3\xbc\xc3\x9f dich", "gr\xc3\xbc\xc3\x9f dich"},
        {"Message", "%s%n", "%s%n"},
    };

    check(*state, rows, ELEMENTS(rows));
}

#define SIXTEEN_A   "a a a a a a a a a a a a a a a a"
#define SIXTY_FOUR  SIXTEEN_A " " SIXTEEN_A " " SIXTEEN_A " " SIXTEEN_A
#define SIXTEEN_1S  "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"
#define SIXTY_FOUR1 SIXTEEN_1S " " SIXTEEN_1S " " SIXTEEN_1S " " SIXTEEN_1S

static void test_rule__patterns__lists_of_their_kind(void **state)
{
    static const struct row rows[] = {
        {"User", "alice !b* 1000", "alice !b* 1000"},
        {"User", SIXTY_FOUR, SIXTY_FOUR},
        {"User", SIXTY_FOUR " a", NULL},
        {"User", "!", NULL},
        {"User", "!!a", NULL},
        {"User", "01", NULL},
        {"User", "4294967296", NULL},
        {"Group", "0 !7,5", "0 !5,7"},
        {"Group", SIXTY_FOUR1, SIXTY_FOUR1},
        {"Group", SIXTY_FOUR1 " 1", NULL},
        {"Group", "7,", NULL},
        {"Group", "4294967296", NULL},
        {"Service", "SSHD su* !Sudo", "sshd su* !sudo"},
        {"Service", SIXTY_FOUR " a", NULL},
        {"Service", "!", NULL},
        {"RemoteHost", "192.0.2.0/24 local !*.example.org ::1",
         "192.0.2.0/24 local !*.example.org ::1"},
        {"RemoteHost", "192.0.2.0/33", NULL},
        {"RemoteHost", "example.org/24", NULL},
        {"RemoteHost", "2001:db8::/129", NULL},
        {"RemoteHost", "!", NULL},
    };

    check(*state, rows, ELEMENTS(rows));
}

static void test_rule__group_that_does_not_exist__refused_by_name(void **state)
{
    struct config_fixture *fixture = *state;

    put_rule(fixture, "a.conf", "[Match]\nUser=alice\nGroup=0 !no-such~group-here\n");
    assert_config_refused(fixture, "policy.d/a.conf", 3, "Group",
                          "\"0 !no-such~group-here\" with a name that is not known here, expected");
    put_rule(fixture, "a.conf", "[Match]\nGroup=no-such~group-*\n"); /* a pattern may fit none */
    assert_config_loads(fixture);
    assert_value(&fixture->config->rules[0], "Group", "4294967295");
}

/* The table that is in the manual and in files: a mistake in it would end the daemon. */
static void test_rule__every_key__has_a_default_that_it_takes(void **state)
{
    struct config_fixture *fixture = *state;
    char text[512];

    for (size_t i = 0, offset; i < rule_table.key_count; i++) {
        const struct config_key *key = config_table_key(&rule_table, i, &offset);

        (void)snprintf(text, sizeof(text), "[%s]\n%s=%s\n", key->section, key->name,
                       key->default_text);
        put_rule(fixture, "a.conf", text);
        assert_config_loads(fixture);
        assert_value(&fixture->config->rules[0], key->name, key->default_text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_rule__words__those_that_the_manual_names),
        CONFIG_TEST(test_rule__durations__within_what_makes_sense),
        CONFIG_TEST(test_rule__numbers__from_1),
        CONFIG_TEST(test_rule__activity__a_set_of_words),
        CONFIG_TEST(test_rule__warnings__at_most_8_the_longest_first),
        CONFIG_TEST(test_rule__extension__how_much_how_often_by_whom),
        CONFIG_TEST(test_rule__words_that_are_too_long__refused_and_not_cut),
        CONFIG_TEST(test_rule__hours__days_and_times),
        CONFIG_TEST(test_rule__message__any_line),
        CONFIG_TEST(test_rule__patterns__lists_of_their_kind),
        CONFIG_TEST(test_rule__group_that_does_not_exist__refused_by_name),
        CONFIG_TEST(test_rule__every_key__has_a_default_that_it_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
