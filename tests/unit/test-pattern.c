/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which logins lists of patterns match, and how they are written for later (daemon/pattern.h). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/pattern.h"

/* Groups that are in no file, and how often they were asked for. */
struct fake_groups {
    struct pattern_groups groups;
    const struct fake_group {
        const char *name;
        gid_t gid;
    } * items;
    size_t count;
    int calls;
};

static int fake_find(const struct pattern_groups *groups, const char *name, gid_t *ret_gid)
{
    struct fake_groups *fake = (struct fake_groups *)groups;

    fake->calls++;
    for (size_t i = 0; i < fake->count; i++) {
        if (strcmp(fake->items[i].name, name) == 0) {
            *ret_gid = fake->items[i].gid;
            return 0;
        }
    }
    return -ENOENT;
}

static int fake_each(const struct pattern_groups *groups,
                     int (*visit)(const char *name, gid_t gid, void *userdata), void *userdata)
{
    struct fake_groups *fake = (struct fake_groups *)groups;

    fake->calls++;
    for (size_t i = 0; i < fake->count; i++) {
        int r = visit(fake->items[i].name, fake->items[i].gid, userdata);
        if (r < 0)
            return r;
    }
    return 0;
}

static const struct fake_group few_groups[] = {
    {"wheel", 10}, {"students", 4000}, {"staff", 50}, {"DOMAIN\\admins", 70000}, {"alias", 50},
};

static struct fake_groups fake_groups(const struct fake_group *items, size_t count)
{
    return (struct fake_groups){
        .groups = {.find = fake_find, .each = fake_each},
        .items = items,
        .count = count,
    };
}

static struct pattern_list parse(enum pattern_kind kind, const char *text)
{
    struct fake_groups fake = fake_groups(few_groups, ELEMENTS(few_groups));
    struct pattern_list list;

    assert_int_equal(pattern_list_parse(kind, text, &fake.groups, &list), 0);
    return list;
}

static void assert_refused(enum pattern_kind kind, const char *text, int error)
{
    struct fake_groups fake = fake_groups(few_groups, ELEMENTS(few_groups));
    struct pattern_list list = {.count = 77};

    assert_int_equal(pattern_list_parse(kind, text, &fake.groups, &list), error);
    assert_int_equal(list.count, 77);
}

static void assert_prints(enum pattern_kind kind, const char *text, const char *expected)
{
    CLEANUP(pattern_list_done) struct pattern_list list = parse(kind, text);
    char buffer[256] = "";
    FILE *stream = fmemopen(buffer, sizeof(buffer), "w");

    assert_non_null(stream);
    pattern_list_print(&list, stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(buffer, expected);
}

static bool user_matches(const char *text, const char *name, int64_t uid)
{
    CLEANUP(pattern_list_done) struct pattern_list list = parse(PATTERN_USERS, text);

    return pattern_list_matches_user(&list, name, uid);
}

static bool service_matches(const char *text, const char *name)
{
    CLEANUP(pattern_list_done) struct pattern_list list = parse(PATTERN_SERVICES, text);

    return pattern_list_matches_service(&list, name);
}

static bool host_matches(const char *text, const char *host)
{
    CLEANUP(pattern_list_done) struct pattern_list list = parse(PATTERN_HOSTS, text);

    return pattern_list_matches_host(&list, host);
}

/* Whether a list matches who is in the groups 50 and 100. */
static bool groups_match(const char *text)
{
    static const int64_t gids[] = {100, 50};
    const struct uint_list in = {.count = ELEMENTS(gids), .items = gids};
    CLEANUP(pattern_list_done) struct pattern_list list = parse(PATTERN_GROUPS, text);

    return pattern_list_matches_groups(&list, &in);
}

static void test_pattern_list_matches__empty_list__everything(void **state)
{
    const struct uint_list no_groups = {.count = 0};
    const struct pattern_list empty = {.count = 0};

    (void)state;
    assert_true(user_matches("", "alice", 1000));
    assert_true(service_matches(" \t ", "sshd"));
    assert_true(host_matches("", NULL));
    assert_true(host_matches("", "10.1.2.3"));
    assert_true(groups_match(""));
    assert_true(pattern_list_matches_groups(&empty, &no_groups));
}

static void test_pattern_list_matches__negated_words__win_in_any_order(void **state)
{
    (void)state;
    assert_true(user_matches("alice bob", "bob", 1));
    assert_false(user_matches("alice bob", "carol", 1));
    assert_false(user_matches("!bob", "bob", 1));
    assert_true(user_matches("!bob", "alice", 1));
    assert_false(user_matches("b* !bob", "bob", 1));
    assert_false(user_matches("!bob b*", "bob", 1));
    assert_true(user_matches("!bob b*", "ben", 1));
    assert_false(user_matches("!bob b*", "alice", 1));
    assert_true(user_matches("\t!x  !y ", "z", 1));
}

static void test_pattern_list_matches_user__names_and_ids__as_such(void **state)
{
    (void)state;
    assert_true(user_matches("1000", "alice", 1000));
    assert_false(user_matches("1000", "1000", 1001));
    assert_true(user_matches("0", "toor", 0));
    assert_false(user_matches("4294967295", "gone", -1));
    assert_false(user_matches("!1000 *", "alice", 1000));
    assert_true(user_matches("a[kl]ic?", "alice", 1));
    assert_false(user_matches("Alice", "alice", 1));
    assert_false(user_matches("ali", "alice", 1));
    assert_true(user_matches("svc-*", "svc-backup", 1));
    assert_true(user_matches("DOMAIN\\alice", "DOMAIN\\alice", 1));
    assert_true(user_matches("DOMAIN\\\\a*", "DOMAIN\\alice", 1));
}

static void test_pattern_list_matches_service__capitals__made_small(void **state)
{
    (void)state;
    assert_true(service_matches("SSHD", "sshd"));
    assert_true(service_matches("gdm-* !gdm-launch*", "gdm-password"));
    assert_false(service_matches("gdm-* !gdm-launch*", "gdm-launch-environment"));
    assert_prints(PATTERN_SERVICES, "Login !SU*", "login !su*");
}

static void test_pattern_list_matches_host__local__only_without_a_host(void **state)
{
    (void)state;
    assert_true(host_matches("local", NULL));
    assert_true(host_matches("Local", ""));
    assert_false(host_matches("local", "local"));
    assert_false(host_matches("local", "localhost"));
    assert_false(host_matches("* 0.0.0.0/0 ::/0", NULL));
    assert_true(host_matches("!10.0.0.0/8", NULL));
    assert_false(host_matches("!local", ""));
    assert_true(host_matches("!local", "h"));
}

static void test_pattern_list_matches_host__ranges_and_names__compared_as_such(void **state)
{
    (void)state;
    assert_true(host_matches("192.168.0.0/16 10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_false(host_matches("10.0.0.0/8 !10.9.0.0/16", "10.9.1.1"));
    assert_true(host_matches("fe80::/10", "fe80::1%eth0"));
    assert_true(host_matches("2001:db8::1", "2001:DB8:0::1"));
    assert_false(host_matches("10.0.0.0/8", "bastion"));
    assert_true(host_matches("*.Example.org", "bastion.example.ORG"));
    assert_false(host_matches("*.example.org", "example.org"));
    assert_true(host_matches("Bastion", "bastion"));
    assert_false(host_matches("*.example.org", "10.1.2.3"));
}

static void test_pattern_list_matches_groups__names_globs_ids__by_id(void **state)
{
    (void)state;
    assert_true(groups_match("staff"));
    assert_true(groups_match("wheel 100"));
    assert_false(groups_match("wheel"));
    assert_true(groups_match("st*"));
    assert_false(groups_match("st* !alias"));
    assert_false(groups_match("!st*"));
    assert_true(groups_match("!w*"));
    assert_true(groups_match("7,50"));
    assert_false(groups_match("DOMAIN\\admins"));
    assert_false(groups_match("nothing-*"));
    assert_true(groups_match("!nothing-*"));
}

static void test_pattern_list_matches_groups__nobodys_id__nobody(void **state)
{
    static const int64_t gids[] = {UINT32_MAX};
    const struct uint_list in = {.count = ELEMENTS(gids), .items = gids};
    CLEANUP(pattern_list_done) struct pattern_list list = parse(PATTERN_GROUPS, "4294967295");

    (void)state;
    assert_false(pattern_list_matches_groups(&list, &in));
}

static void test_pattern_list_print__groups__ids_that_are_read_back(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" wheel\t!staff ", "10 !50"},
        {"!s*", "!50,4000"},
        {"*s", "50,4000,70000"},
        {"nothing-*", "4294967295"},
        {"!nothing-* wheel", "!4294967295 10"},
        {"3,2,4294967295 0", "2,3 0"},
        {"DOMAIN\\admins", "70000"},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        assert_prints(PATTERN_GROUPS, cases[i][0], cases[i][1]);
        assert_prints(PATTERN_GROUPS, cases[i][1], cases[i][1]);
    }
}

static void test_pattern_list_print__other_kinds__as_written(void **state)
{
    (void)state;
    assert_prints(PATTERN_USERS, "  alice !1000\tB* ", "alice !1000 B*");
    assert_prints(PATTERN_HOSTS, "local !10.0.0.0/8 *.Org", "local !10.0.0.0/8 *.Org");
}

static void test_pattern_list_parse__groups__asked_once_per_name(void **state)
{
    struct fake_groups fake = fake_groups(few_groups, ELEMENTS(few_groups));
    struct pattern_list list;

    (void)state;
    assert_int_equal(pattern_list_parse(PATTERN_GROUPS, "wheel 7 8,9 s*", &fake.groups, &list), 0);
    assert_int_equal(fake.calls, 2);
    pattern_list_done(&list);
    assert_int_equal(list.count, 0);
    pattern_list_done(&list);
}

static void test_pattern_list_parse__no_word_of_its_kind__refused(void **state)
{
    static const struct {
        enum pattern_kind kind;
        const char *text;
    } cases[] = {
        {PATTERN_USERS, "!"},
        {PATTERN_USERS, "alice !"},
        {PATTERN_USERS, "! alice"},
        {PATTERN_USERS, "!!alice"},
        {PATTERN_USERS, "4294967296"},
        {PATTERN_USERS, "00"},
        {PATTERN_USERS, "01000"},
        {PATTERN_USERS, "99999999999999999999"},
        {PATTERN_SERVICES, "!"},
        {PATTERN_HOSTS, "10.0.0.0/33"},
        {PATTERN_HOSTS, "10.0.0.300"},
        {PATTERN_HOSTS, "10.0.0.1/8"},
        {PATTERN_HOSTS, "*/8"},
        {PATTERN_HOSTS, "!host/"},
        {PATTERN_GROUPS, "4294967296"},
        {PATTERN_GROUPS, "010"},
        {PATTERN_GROUPS, ","},
        {PATTERN_GROUPS, "1,"},
        {PATTERN_GROUPS, "1,,2"},
        {PATTERN_USERS, "alice,bob"},
        {PATTERN_USERS, "!alice, bob"},
        {PATTERN_USERS, "1000,1001"},
        {PATTERN_USERS, "\"alice\""},
        {PATTERN_SERVICES, "sshd,login"},
        {PATTERN_HOSTS, "192.0.2.1,192.0.2.2"},
        {PATTERN_HOSTS, "a.example,*.example"},
        {PATTERN_GROUPS, "wheel,students"},
        {PATTERN_GROUPS, "s*,wheel"},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_refused(cases[i].kind, cases[i].text, -EINVAL);
}

static void test_pattern_list_parse__unknown_group__refused_as_such(void **state)
{
    (void)state;
    assert_refused(PATTERN_GROUPS, "wheell", -ENOENT);
    assert_refused(PATTERN_GROUPS, "wheel !Staff", -ENOENT);
    assert_refused(PATTERN_GROUPS, "1.5", -ENOENT);
}

static void test_pattern_list_parse__more_words_than_allowed__refused(void **state)
{
    char text[2 * (PATTERN_WORDS_MAX + 1) + 1] = "";

    (void)state;
    for (size_t i = 0; i < PATTERN_WORDS_MAX; i++)
        memcpy(text + 2 * i, "u ", 2);
    assert_true(user_matches(text, "u", 1));
    text[strlen(text)] = 'v';
    assert_refused(PATTERN_USERS, text, -E2BIG);
}

static void test_pattern_list_parse__glob_of_too_many_groups__refused(void **state)
{
    struct fake_group many[PATTERN_GIDS_MAX + 1];
    struct fake_groups fake = fake_groups(many, PATTERN_GIDS_MAX);
    struct pattern_list list;

    (void)state;
    for (size_t i = 0; i < ELEMENTS(many); i++)
        many[i] = (struct fake_group){.name = "g", .gid = (gid_t)i};
    assert_int_equal(pattern_list_parse(PATTERN_GROUPS, "*", &fake.groups, &list), 0);
    pattern_list_done(&list);
    fake.count++;
    assert_int_equal(pattern_list_parse(PATTERN_GROUPS, "1 *", &fake.groups, &list), -E2BIG);
}

static void test_pattern_groups_system__root__known(void **state)
{
    const struct pattern_groups *system = &pattern_groups_system;
    struct pattern_list list;
    gid_t gid = 77;

    (void)state;
    assert_int_equal(system->find(system, "root", &gid), 0);
    assert_int_equal(gid, 0);
    assert_int_equal(system->find(system, "no such group", &gid), -ENOENT);
    assert_int_equal(pattern_list_parse(PATTERN_GROUPS, "roo[t]", system, &list), 0);
    assert_true(pattern_list_matches_groups(
        &list, &(struct uint_list){.count = 1, .items = (const int64_t[]){0}}));
    pattern_list_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pattern_list_matches__empty_list__everything),
        cmocka_unit_test(test_pattern_list_matches__negated_words__win_in_any_order),
        cmocka_unit_test(test_pattern_list_matches_user__names_and_ids__as_such),
        cmocka_unit_test(test_pattern_list_matches_service__capitals__made_small),
        cmocka_unit_test(test_pattern_list_matches_host__local__only_without_a_host),
        cmocka_unit_test(test_pattern_list_matches_host__ranges_and_names__compared_as_such),
        cmocka_unit_test(test_pattern_list_matches_groups__names_globs_ids__by_id),
        cmocka_unit_test(test_pattern_list_matches_groups__nobodys_id__nobody),
        cmocka_unit_test(test_pattern_list_print__groups__ids_that_are_read_back),
        cmocka_unit_test(test_pattern_list_print__other_kinds__as_written),
        cmocka_unit_test(test_pattern_list_parse__groups__asked_once_per_name),
        cmocka_unit_test(test_pattern_list_parse__no_word_of_its_kind__refused),
        cmocka_unit_test(test_pattern_list_parse__unknown_group__refused_as_such),
        cmocka_unit_test(test_pattern_list_parse__more_words_than_allowed__refused),
        cmocka_unit_test(test_pattern_list_parse__glob_of_too_many_groups__refused),
        cmocka_unit_test(test_pattern_groups_system__root__known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
