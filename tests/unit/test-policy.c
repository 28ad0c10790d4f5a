/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a rule gave to sessions, and they keep (daemon/policy.h): which are one, and how long. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/lifecycle.h"
#include "daemon/policy.h"
#include "tests/unit/manager-fixture.h"

#define LIFETIME(span) "[Session]\nLifetimeSec=" span "\n"

/* What a policy is made of. */
struct contents {
    const char *name, *file;
    int line;
    struct session_settings settings;
    struct config_origin origins[SESSION_KEYS];
};

static void make(struct contents *contents)
{
    *contents = (struct contents){.name = "10-a", .file = "/etc/a.conf", .line = 3};
    assert_int_equal(config_table_defaults(&session_settings_table, &contents->settings), 0);
    contents->settings.lifetime_usec = HOUR;
    contents->origins[1] = (struct config_origin){.file = "/etc/a.conf", .line = 7};
}

static void done(struct contents *contents)
{
    config_table_release(&session_settings_table, &contents->settings);
}

static int new_policy(const struct contents *contents, struct policy **ret)
{
    return policy_new(contents->name, contents->file, contents->line, &contents->settings,
                      contents->origins, ret);
}

/* Whether contents make the same policy as make()'s. */
static bool is_same(const struct contents *contents)
{
    struct policy *policy, *other;
    struct contents original;
    bool same;

    make(&original);
    assert_int_equal(new_policy(&original, &policy), 0);
    assert_int_equal(new_policy(contents, &other), 0);
    assert_int_equal(strlen(other->id), POLICY_ID_BYTES);
    same = strcmp(policy->id, other->id) == 0;
    policy_unref(policy);
    policy_unref(other);
    done(&original);
    return same;
}

static void test_policy_new__contents__are_copied(void **state)
{
    char name[] = "10-a", file[] = "/etc/a.conf";
    struct contents contents;
    struct policy *policy;

    (void)state;
    make(&contents);
    contents.name = name;
    contents.file = contents.origins[1].file = file;
    contents.settings.message = strdup("Call 4711.");
    assert_int_equal(new_policy(&contents, &policy), 0);
    memset(name, 'x', strlen(name));
    memset(file, 'x', strlen(file));
    done(&contents);
    assert_string_equal(policy->name, "10-a");
    assert_string_equal(policy->file, "/etc/a.conf");
    assert_int_equal(policy->line, 3);
    assert_int_equal(policy->settings.lifetime_usec, HOUR);
    assert_string_equal(policy->settings.message, "Call 4711.");
    assert_int_equal(policy->settings.warnings.count, 2);
    assert_false(policy->is_kept);
    policy_unref(policy);
}

static void test_policy_new__same_contents__same_id(void **state)
{
    struct contents contents;

    (void)state;
    make(&contents);
    assert_true(is_same(&contents));
    done(&contents);
}

static void test_policy_new__anything_else__another_id(void **state)
{
    struct contents contents[8];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(contents); i++)
        make(&contents[i]);
    contents[0].name = "10-b";
    contents[1].file = "/etc/b.conf";
    contents[2].line = 4;
    contents[3].settings.lifetime_usec++;
    contents[4].settings.message = strdup("Call 4711.");
    contents[5].origins[1].line = 8;
    contents[6].origins[1].file = NULL;
    contents[7].settings.kill_processes = KILL_NO;
    for (size_t i = 0; i < ELEMENTS(contents); i++) {
        assert_false(is_same(&contents[i]));
        done(&contents[i]);
    }
}

static void test_policy_new__more_than_a_record_holds__refused(void **state)
{
    static char path[4000];
    struct contents contents;
    struct policy *policy;

    (void)state;
    make(&contents);
    memset(path, 'x', sizeof(path) - 1);
    for (size_t i = 0; i < SESSION_KEYS; i++)
        contents.origins[i].file = path;
    assert_int_equal(new_policy(&contents, &policy), -ENOBUFS);
    done(&contents);
}

/* --- sessions have them */

static void start(struct manager_fixture *fixture, const char *configuration)
{
    fixture_configure(fixture, configuration);
    fixture_start(fixture);
}

static void test_policy_take__two_sessions_under_a_rule__one_policy(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session *first, *second;

    start(fixture, LIFETIME("1h"));
    assert_true(RB_EMPTY(&fixture->manager->policies));
    first = fixture_open(fixture, "sshd");
    second = fixture_open(fixture, "sshd");
    assert_ptr_equal(first->policy, second->policy);
    assert_ptr_equal(first->policy, fixture->manager->config->fallback.policy);
    assert_int_equal(first->policy->references, 2 + 1 + 1); /* the rule's, and the table's */
    assert_true(first->policy->is_kept);
    assert_string_equal(first->record.policy_id, first->policy->id);
}

static void test_policy_take__reload_of_the_same__one_policy(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session *first;

    start(fixture, LIFETIME("1h"));
    first = fixture_open(fixture, "sshd");
    fixture_reload(fixture);
    assert_ptr_not_equal(first->policy, fixture->manager->config->fallback.policy);
    assert_ptr_equal(fixture_open(fixture, "sshd")->policy, first->policy);
    assert_int_equal(first->policy->references, 2 + 1);
}

static void test_policy_take__reload_of_another__each_session_has_its_own(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session *first, *second;

    start(fixture, LIFETIME("1h"));
    first = fixture_open(fixture, "sshd");
    fixture_configure(fixture, LIFETIME("2h"));
    fixture_reload(fixture);
    second = fixture_open(fixture, "sshd");
    assert_ptr_not_equal(first->policy, second->policy);
    assert_int_equal(first->policy->settings.lifetime_usec, HOUR);
    assert_int_equal(second->policy->settings.lifetime_usec, 2 * HOUR);
    assert_ptr_equal(second->policy, fixture->manager->config->fallback.policy);
    fixture_pass(fixture, HOUR);
    assert_int_equal(first->record.info.end_reason, END_LIFETIME);
    fixture_assert_ends_in(fixture, HOUR, END_LIFETIME);
}

static void test_policy_settle__reload_behind_the_last_session__is_kept_no_more(void **state)
{
    struct manager_fixture *fixture = *state;
    struct session *session;

    start(fixture, LIFETIME("1h"));
    session = fixture_open(fixture, "sshd");
    fixture_configure(fixture, LIFETIME("2h"));
    fixture_reload(fixture);
    assert_int_equal(session->policy->references, 1 + 1);
    lifecycle_close(fixture->manager, session);
    assert_null(session->policy);
    assert_false(RB_EMPTY(&fixture->manager->policies));
    fixture_reload(fixture);
    assert_true(RB_EMPTY(&fixture->manager->policies));
}

static void test_policy_unref__session_while_it_is_being_ended__has_it_still(void **state)
{
    struct manager_fixture *fixture = *state;

    start(fixture, LIFETIME("1h"));
    (void)fixture_open(fixture, "sshd");
    fixture_pass(fixture, HOUR);
    assert_int_equal(fixture->session->record.info.state, STATE_ENDING);
    assert_non_null(fixture->session->policy);
    assert_int_equal(fixture->session->policy->references, 1 + 1 + 1);
}

/* --- after a restart */

static void test_policy_find__restart_under_another_configuration__as_it_was(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct policy *policy;

    fixture_rule(fixture, "10-a.conf", "[Match]\nUser=alice\n" LIFETIME("8h") "Message=Hello.\n");
    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_stop(fixture);
    fixture_rule(fixture, "10-a.conf", LIFETIME("1h"));
    fixture_start(fixture);
    policy = fixture->session->policy;
    assert_string_equal(policy->name, "10-a");
    assert_int_equal(policy->line, 2);
    assert_int_equal(policy->settings.lifetime_usec, 8 * HOUR);
    assert_string_equal(policy->settings.message, "Hello.");
    assert_int_equal(policy->references, 1 + 1);
    fixture_pass(fixture, 2 * HOUR);
    fixture_assert_active(fixture);
    fixture_assert_ends_in(fixture, 6 * HOUR, END_LIFETIME);
}

static void test_policy_find__restart_under_the_same__is_shared_again(void **state)
{
    struct manager_fixture *fixture = *state;
    const struct session *old;

    start(fixture, LIFETIME("8h"));
    (void)fixture_open(fixture, "sshd");
    fixture_stop(fixture);
    fixture_start(fixture);
    old = fixture->session;
    assert_ptr_equal(fixture_open(fixture, "sshd")->policy, old->policy);
    assert_string_equal(old->policy->id, fixture->manager->config->fallback.policy->id);
}

static void test_policy_find__rule_that_is_no_more__as_it_was(void **state)
{
    struct manager_fixture *fixture = *state;
    char path[64];

    fixture_rule(fixture, "10-a.conf", LIFETIME("8h"));
    fixture_start(fixture);
    (void)fixture_open(fixture, "sshd");
    fixture_stop(fixture);
    (void)snprintf(path, sizeof(path), "%s/etc/policy.d/10-a.conf", fixture->folder);
    assert_int_equal(remove(path), 0);
    fixture_start(fixture);
    assert_null(config_find_rule(fixture->manager->config, "10-a"));
    assert_string_equal(fixture->session->policy->name, "10-a");
    fixture_assert_ends_in(fixture, 8 * HOUR, END_LIFETIME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_new__contents__are_copied),
        cmocka_unit_test(test_policy_new__same_contents__same_id),
        cmocka_unit_test(test_policy_new__anything_else__another_id),
        cmocka_unit_test(test_policy_new__more_than_a_record_holds__refused),
        MANAGER_TEST(test_policy_take__two_sessions_under_a_rule__one_policy),
        MANAGER_TEST(test_policy_take__reload_of_the_same__one_policy),
        MANAGER_TEST(test_policy_take__reload_of_another__each_session_has_its_own),
        MANAGER_TEST(test_policy_settle__reload_behind_the_last_session__is_kept_no_more),
        MANAGER_TEST(test_policy_unref__session_while_it_is_being_ended__has_it_still),
        MANAGER_TEST(test_policy_find__restart_under_another_configuration__as_it_was),
        MANAGER_TEST(test_policy_find__restart_under_the_same__is_shared_again),
        MANAGER_TEST(test_policy_find__rule_that_is_no_more__as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
