/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last good configuration (config_save()), with rules and with groups that were looked up. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "common/macro.h"
#include "daemon/config-internal.h"
#include "daemon/config.h"
#include "tests/unit/config-fixture.h"

/* A configuration of all kinds of values. */
static void put_configuration(const struct config_fixture *fixture)
{
    put_main(fixture, "[Manager]\nServices=sshd login\nSessionsMax=7\n"
                      "[Break-Glass]\nUsers=root 4711\nGroups=root\nRootOnConsole=no\n"
                      "[Session]\nLifetimeSec=8h\nMessage=Mind the door; please.\n"
                      "[Tokens]\nTokenType=jwt\nAudience=a b\nScopes=read write\nIssuer=me\n");
    put_rule(fixture, "10-a.conf",
             "[Match]\nUser=alice !b*\nGroup=root !7,5\nService=SSH*\nRemoteHost=192.0.2.0/24\n"
             "[Session]\nTrack=no\nIdleSec=15min\nIdleActivity=token processes\nMaxSessions=3\n"
             "OnLimit=end-idlest\nCountNested=yes\nWarn=1min 10min\nExtend=30min 2 member\n"
             "Hours=Mon..Fri 08:00-18:00\nEndWithCredential=yes\nGraceSec=0\nMessage=\n");
    put_rule(fixture, "20-b.conf",
             "[Session]\nWarn=none\nExtend=no\nLifetimeSec=\n"
             "[Tokens]\nAudience=auto\nScopes=\n");
}

/* Saves what is there. Returns config_save()'s result. */
static int save(struct config_fixture *fixture)
{
    char saved[CONFIG_PATH_BYTES];

    assert_config_loads(fixture);
    return config_save(fixture->config, config_fixture_path(fixture, "saved", saved));
}

/* Loads what was saved; NULL where that cannot be done. */
static struct config *load_saved(const struct config_fixture *fixture)
{
    char path[CONFIG_PATH_BYTES];
    struct config_error error;
    struct config *config;

    return config_load(config_fixture_path(fixture, "saved/" CONFIG_MAIN_FILE, path), &config,
                       &error) < 0
               ? NULL
               : config;
}

/* All values of a structure, as they would stand in a file. To be freed. */
static char *print(const struct config_table *table, const void *structure)
{
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);

    assert_non_null(stream);
    config_table_print(table, structure, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void assert_same(const struct config_table *table, const void *a, const void *b)
{
    char *left = print(table, a), *right = print(table, b);

    assert_string_equal(left, right);
    free(left);
    free(right);
}

static bool exists(const struct config_fixture *fixture, const char *name)
{
    char path[CONFIG_PATH_BYTES];

    return access(config_fixture_path(fixture, name, path), F_OK) == 0;
}

static void test_config_save__rules__load_the_same(void **state)
{
    struct config_fixture *fixture = *state;
    struct config *again;

    put_configuration(fixture);
    assert_int_equal(save(fixture), 0);
    again = load_saved(fixture);
    assert_non_null(again);
    assert_same(&config_main_table, fixture->config, again);
    assert_int_equal(again->rule_count, 2);
    for (size_t i = 0; i < again->rule_count; i++) {
        assert_string_equal(again->rules[i].name, fixture->config->rules[i].name);
        assert_same(&rule_table, &fixture->config->rules[i], &again->rules[i]);
    }
    config_free(again);
}

static void test_config_save__groups__are_numbers(void **state)
{
    struct config_fixture *fixture = *state;
    struct config *again;
    char *text;

    put_configuration(fixture);
    assert_int_equal(save(fixture), 0);
    again = load_saved(fixture);
    assert_non_null(again);
    text = print(&rule_table, &again->rules[0]);
    assert_non_null(strstr(text, "\nGroup=0 !5,7\n"));
    free(text);
    text = print(&config_main_table, again);
    assert_non_null(strstr(text, "\nGroups=0\n"));
    free(text);
    config_free(again);
}

static void test_config_save__again__what_is_no_more_is_gone(void **state)
{
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];
    struct config *again;

    put_configuration(fixture);
    assert_int_equal(save(fixture), 0);
    assert_true(exists(fixture, "saved/policy.d/20-b.conf"));
    assert_int_equal(unlink(config_fixture_path(fixture, "policy.d/20-b.conf", path)), 0);
    assert_int_equal(save(fixture), 0);
    assert_false(exists(fixture, "saved/policy.d/20-b.conf"));
    assert_false(exists(fixture, "saved.new"));
    again = load_saved(fixture);
    assert_non_null(again);
    assert_int_equal(again->rule_count, 1);
    config_free(again);
}

static void test_config_save__rest_of_a_crash__is_no_obstacle(void **state)
{
    static const char *const folders[] = {"saved.new", "saved.new/policy.d"};
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];
    struct config *again;

    put_configuration(fixture);
    for (size_t i = 0; i < ELEMENTS(folders); i++)
        assert_int_equal(mkdir(config_fixture_path(fixture, folders[i], path), 0700), 0);
    put_file(fixture, "saved.new/sessmgrd.conf", "[Sess");
    put_file(fixture, "saved.new/policy.d/10-a.conf", "");
    put_file(fixture, "saved.new/policy.d/99-old.conf", "");
    assert_int_equal(save(fixture), 0);
    assert_false(exists(fixture, "saved.new"));
    again = load_saved(fixture);
    assert_non_null(again);
    assert_int_equal(again->rule_count, 2);
    config_free(again);
}

/* A pattern that no group fits is longer when it is saved: of forty, a line is too long. */
static void test_config_save__line_too_long__leaves_the_old_one(void **state)
{
    struct config_fixture *fixture = *state;
    char text[CONFIG_LINE_MAX_BYTES + 32] = "[Match]\nGroup=";
    struct config *again;

    put_configuration(fixture);
    assert_int_equal(save(fixture), 0);
    for (int i = 0; i < 40; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "~~* ");
    put_rule(fixture, "30-c.conf", text);
    assert_int_equal(save(fixture), -E2BIG);
    assert_false(exists(fixture, "saved.new"));
    again = load_saved(fixture);
    assert_non_null(again);
    assert_int_equal(again->rule_count, 2);
    config_free(again);
}

static void test_config_save__files__are_nobody_elses(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } cases[] = {{"saved", S_IFDIR | 0700},
                 {"saved/sessmgrd.conf", S_IFREG | 0600},
                 {"saved/policy.d", S_IFDIR | 0700},
                 {"saved/policy.d/10-a.conf", S_IFREG | 0600}};
    struct config_fixture *fixture = *state;
    char path[CONFIG_PATH_BYTES];
    struct stat status;

    put_configuration(fixture);
    assert_int_equal(save(fixture), 0);
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        assert_int_equal(lstat(config_fixture_path(fixture, cases[i].name, path), &status), 0);
        assert_int_equal(status.st_mode, cases[i].mode);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_config_save__rules__load_the_same),
        CONFIG_TEST(test_config_save__groups__are_numbers),
        CONFIG_TEST(test_config_save__again__what_is_no_more_is_gone),
        CONFIG_TEST(test_config_save__rest_of_a_crash__is_no_obstacle),
        CONFIG_TEST(test_config_save__line_too_long__leaves_the_old_one),
        CONFIG_TEST(test_config_save__files__are_nobody_elses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
