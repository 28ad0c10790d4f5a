/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration at start and at reload, and what is wrong with how the daemon is started. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

#define GOOD  "[Session]\nMaxSessions=2\n"
#define WRONG "# a comment\n[Session]\nMaxSessions=several\n"

/* How many sessions a user gets. */
static size_t places(struct harness *harness)
{
    char id[SESSION_ID_BYTES + 1];
    size_t count = 0;

    while (count < 5) {
        actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
        if (id[0] == '\0')
            break;
        count++;
    }
    return count;
}

static void test_reload__good__is_in_force(void **state)
{
    struct harness *harness = *state;

    harness_start(harness);
    harness_configure(harness, GOOD);
    assert_string_equal(reply_error(harness_reload(harness)), "");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=config-loaded", NULL), 1);
    assert_int_equal(places(harness), 2);
}

static void test_reload__wrong__keeps_the_old_one_and_says_where(void **state)
{
    struct harness *harness = *state;
    const char *answer;

    harness_configure(harness, GOOD);
    harness_start(harness);
    harness_configure(harness, WRONG);
    answer = harness_reload(harness);
    assert_string_equal(reply_error(answer), "BadConfiguration");
    assert_string_equal(reply_text(answer, "parameters.file"), harness->config);
    assert_int_equal(reply_int(answer, "parameters.line"), 3);
    assert_true(reply_has(answer, "parameters.message"));
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=config-rejected", "sessmgrd.conf:3", NULL), 1);
    assert_int_equal(places(harness), 2);
}

static void test_reload__by_signal__is_the_same(void **state)
{
    struct harness *harness = *state;

    harness_start(harness);
    harness_configure(harness, WRONG);
    assert_int_equal(kill(harness->pid, SIGHUP), 0);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=config-rejected", NULL) == 1);
    harness_configure(harness, GOOD);
    assert_int_equal(kill(harness->pid, SIGHUP), 0);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=config-loaded", NULL) == 1);
    assert_int_equal(places(harness), 2);
}

static void test_reload__drop_in__comes_last(void **state)
{
    struct harness *harness = *state;
    char folder[128], path[160];
    CLEANUP(closep) int fd = -1;

    harness_configure(harness, "[Session]\nMaxSessions=1\n");
    (void)snprintf(folder, sizeof(folder), "%s.d", harness->config);
    (void)snprintf(path, sizeof(path), "%s/50-more.conf", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(write(fd, GOOD, strlen(GOOD)) == (ssize_t)strlen(GOOD));
    harness_start(harness);
    assert_int_equal(places(harness), 2);
}

static void test_start__wrong_and_a_last_good_one__runs_with_that(void **state)
{
    struct harness *harness = *state;

    harness_configure(harness, GOOD);
    harness_start(harness);
    harness_stop(harness);
    harness_configure(harness, WRONG);
    harness_start(harness);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=config-rejected", "sessmgrd.conf:3",
                                       "last good", NULL),
                     1);
    assert_int_equal(places(harness), 2);
    harness_stop(harness);
    harness_start(harness); /* it is kept as long as it takes */
    assert_int_equal(places(harness), 0);
}

static void test_start__wrong_and_no_other__runs_with_the_defaults(void **state)
{
    struct harness *harness = *state;

    harness_configure(harness, WRONG);
    harness_start(harness);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=config-rejected", "defaults", NULL),
                     1);
    assert_int_equal(places(harness), 5);
}

static void test_start__no_state_folder__fails(void **state)
{
    struct harness *harness = *state;

    (void)snprintf(harness->state, sizeof(harness->state), "%s/missing", harness->folder);
    assert_int_equal(harness_start_failing(harness), EXIT_FAILURE);
    assert_true(harness_log_count(harness, "store cannot be used", NULL) > 0);
}

static void test_start__another_daemon_has_the_store__fails(void **state)
{
    struct harness *harness = *state;
    pid_t first;
    int status;

    harness_start(harness);
    first = harness->pid;
    harness->pid = 0;
    status = harness_start_failing(harness);
    harness->pid = first;
    assert_int_equal(status, EXIT_FAILURE);
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0); /* the first one serves */
}

static void test_start__nobody_reads_standard_error__serves_all_the_same(void **state)
{
    struct harness *harness = *state;
    char path[128], id[SESSION_ID_BYTES + 1];
    int reader;

    (void)snprintf(path, sizeof(path), "%s/stderr", harness->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    harness->stderr_to = path;
    harness_start(harness);
    assert_int_equal(close(reader), 0);
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
    harness_stop(harness);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_reload__good__is_in_force),
        TEST(test_reload__wrong__keeps_the_old_one_and_says_where),
        TEST(test_reload__by_signal__is_the_same),
        TEST(test_reload__drop_in__comes_last),
        TEST(test_start__wrong_and_a_last_good_one__runs_with_that),
        TEST(test_start__wrong_and_no_other__runs_with_the_defaults),
        TEST(test_start__no_state_folder__fails),
        TEST(test_start__another_daemon_has_the_store__fails),
        TEST(test_start__nobody_reads_standard_error__serves_all_the_same),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
