/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything that is wrong with a configuration and its rules at once (config_check()). */
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
#include <errno.h>

#include "common/macro.h"
#include "daemon/config.h"
#include "tests/unit/config-fixture.h"

enum { TOLD_MAX = 8 };

/* What was told, in its order. */
struct told {
    struct config_error errors[TOLD_MAX];
    bool warnings[TOLD_MAX];
    size_t count;
};

static void tell(const struct config_error *error, bool is_warning, void *userdata)
{
    struct told *told = userdata;

    assert_in_range(told->count, 0, TOLD_MAX - 1);
    told->errors[told->count] = *error;
    told->warnings[told->count++] = is_warning;
}

/* Checks what is there. Returns how many files are wrong. */
static int check(const struct config_fixture *fixture, struct told *told)
{
    *told = (struct told){.count = 0};
    return config_check(fixture->path, tell, told);
}

/* file: below the folder. */
static void assert_told(const struct config_fixture *fixture, const struct told *told, size_t which,
                        bool is_warning, const char *file, int line, const char *key)
{
    const struct config_error *error = &told->errors[which];
    char path[CONFIG_PATH_BYTES];

    assert_in_range(which, 0, told->count - 1);
    assert_int_equal(told->warnings[which], is_warning);
    assert_string_equal(error->file, config_fixture_path(fixture, file, path));
    assert_int_equal(error->line, line);
    assert_string_equal(error->key, key);
}

static void test_config_check__nothing_wrong__nothing_told(void **state)
{
    struct config_fixture *fixture = *state;
    struct told told;

    assert_int_equal(check(fixture, &told), 0); /* no file at all */
    assert_int_equal(told.count, 0);
    put_main(fixture, "[Session]\nLifetimeSec=8h\n");
    put_rule(fixture, "a.conf", "[Match]\nUser=alice\n");
    put_rule(fixture, "b.conf", "[Session]\nIdleSec=1h\n"); /* the last may be for everybody */
    assert_int_equal(check(fixture, &told), 0);
    assert_int_equal(told.count, 0);
}

static void test_config_check__many_wrong_files__each_told_with_the_first_mistake(void **state)
{
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];
    struct told told;

    put_main(fixture, "[Session]\nMaxSessions=0\nIdleSec=0\n");
    assert_int_equal(mkdir(config_fixture_path(fixture, "d.conf.d", path), 0755), 0);
    put_file(fixture, "d.conf.d/x.conf", "[Nothing]\n");
    put_rule(fixture, "10-a.conf", "[Session]\n\nWarn=never\n");
    put_rule(fixture, "20-b.conf", "[Match]\nUser=alice\n");
    put_rule(fixture, "30 c.conf", "");
    put_rule(fixture, "40-d.conf", "[Match]\nGroup=no-such~group-here\n");
    assert_int_equal(check(fixture, &told), 5);
    assert_int_equal(told.count, 5);
    assert_told(fixture, &told, 0, false, "d.conf", 2, "MaxSessions");
    assert_told(fixture, &told, 1, false, "d.conf.d/x.conf", 1, "");
    assert_told(fixture, &told, 2, false, "policy.d/10-a.conf", 3, "Warn");
    assert_told(fixture, &told, 3, false, "policy.d/30 c.conf", 0, "");
    assert_told(fixture, &told, 4, false, "policy.d/40-d.conf", 2, "Group");
}

static void test_config_check__rules_behind_one_for_everybody__warned_of(void **state)
{
    struct config_fixture *fixture = *state;
    struct told told;

    put_rule(fixture, "10-a.conf", "[Match]\nUser=alice\n");
    put_rule(fixture, "20-all.conf", "[Session]\nLifetimeSec=8h\n");
    put_rule(fixture, "30-b.conf", "[Match]\nUser=bob\n");
    put_rule(fixture, "40-all.conf", "");
    assert_int_equal(check(fixture, &told), 0);
    assert_int_equal(told.count, 2);
    assert_told(fixture, &told, 0, true, "policy.d/30-b.conf", 0, "");
    assert_told(fixture, &told, 1, true, "policy.d/40-all.conf", 0, "");
    for (size_t i = 0; i < told.count; i++)
        assert_non_null(strstr(told.errors[i].message, "every login fits 20-all before it"));
    assert_config_loads(fixture); /* it is no mistake */
}

static void test_config_check__list_that_fits_everybody__is_taken_as_it_is(void **state)
{
    struct config_fixture *fixture = *state;
    struct told told;

    put_rule(fixture, "10-a.conf", "[Match]\nUser=*\n");
    put_rule(fixture, "20-b.conf", "[Match]\nUser=bob\n");
    assert_int_equal(check(fixture, &told), 0);
    assert_int_equal(told.count, 0);
}

static void test_config_check__wrong_rule_for_everybody__hides_none(void **state)
{
    struct config_fixture *fixture = *state;
    struct told told;

    put_rule(fixture, "10-all.conf", "[Session]\nLifetimeSec=soon\n");
    put_rule(fixture, "20-b.conf", "[Match]\nUser=bob\n");
    assert_int_equal(check(fixture, &told), 1);
    assert_int_equal(told.count, 1);
    assert_told(fixture, &told, 0, false, "policy.d/10-all.conf", 2, "LifetimeSec");
}

static void test_config_check__folder_that_is_none__told(void **state)
{
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];
    struct told told;

    assert_int_equal(rmdir(config_fixture_path(fixture, "policy.d", path)), 0);
    put_file(fixture, "policy.d", "");
    assert_int_equal(check(fixture, &told), 1);
    assert_told(fixture, &told, 0, false, "policy.d", 0, "");
    assert_int_equal(load_config(fixture), -ENOTDIR);
}

static void test_config_check__too_many_rules__each_that_is_left_out(void **state)
{
    struct config_fixture *fixture = *state;
    struct told told;
    char name[32];

    for (int i = 0; i < RULES_MAX + 2; i++) {
        (void)snprintf(name, sizeof(name), "%04d.conf", i);
        put_rule(fixture, name, "[Match]\nUser=alice\n");
    }
    assert_int_equal(check(fixture, &told), 2);
    assert_told(fixture, &told, 0, false, "policy.d/1024.conf", 0, "");
    assert_told(fixture, &told, 1, false, "policy.d/1025.conf", 0, "");
}

/* Other people's are drafts. */
static void test_config_check__root_alone_can_read__warned_of(void **state)
{
    struct config_fixture *fixture = *state;
    size_t wanted = geteuid() == 0 ? 2 : 0;
    char path[CONFIG_PATH_BYTES];
    struct told told;

    put_rule(fixture, "a.conf", "[Match]\nUser=alice\n");
    put_rule(fixture, "b.conf", "[Match]\nUser=bob\n");
    assert_int_equal(chmod(config_fixture_path(fixture, "policy.d/b.conf", path), 0600), 0);
    assert_int_equal(chmod(config_fixture_path(fixture, "policy.d", path), 0700), 0);
    assert_int_equal(check(fixture, &told), 0);
    assert_int_equal(told.count, wanted);
    for (size_t i = 0; i < wanted; i++) {
        assert_told(fixture, &told, i, true, i == 0 ? "policy.d" : "policy.d/b.conf", 0, "");
        assert_non_null(strstr(told.errors[i].message, i == 0 ? "mode 0700" : "mode 0600"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_config_check__nothing_wrong__nothing_told),
        CONFIG_TEST(test_config_check__many_wrong_files__each_told_with_the_first_mistake),
        CONFIG_TEST(test_config_check__rules_behind_one_for_everybody__warned_of),
        CONFIG_TEST(test_config_check__list_that_fits_everybody__is_taken_as_it_is),
        CONFIG_TEST(test_config_check__wrong_rule_for_everybody__hides_none),
        CONFIG_TEST(test_config_check__folder_that_is_none__told),
        CONFIG_TEST(test_config_check__root_alone_can_read__warned_of),
        CONFIG_TEST(test_config_check__too_many_rules__each_that_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
