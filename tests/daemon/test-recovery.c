/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a start finds: after a crash in the middle of everything, after a reboot, after long. */
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
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"
#include "tests/daemon/seed.h"

static void expect_ended(struct harness *harness, const struct seed *seed, const char *reason)
{
    HARNESS_AWAIT(strstr(harness_describe(harness, seed->id), "\"ended\"") != NULL);
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), reason);
    /* it is told when it is on the disk */
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended", seed->id, reason, NULL) == 1);
}

static long descriptors(const struct harness *harness)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)harness->pid);
    return harness_entries(path);
}

static void expect_active(struct harness *harness, const char *id)
{
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.state"),
                        "active");
}

static void test_start__after_sigkill__has_what_was_acknowledged(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];

    harness_start(harness);
    actor_log_in(login, "alice", 4001, "sshd", id);
    harness_kill(harness);
    harness_start(harness);
    expect_active(harness, id);
    assert_string_equal(reply_error(actor_close(login, id)), "");
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.endReason"),
                        "logout");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=ended", id, NULL), 1);
}

enum { ROUNDS = 30, OPENERS = 6 };

static void test_start__killed_in_the_middle_of_opens__loses_none_that_was_told(void **state)
{
    struct harness *harness = *state;
    struct actor *openers[OPENERS];
    char ids[ROUNDS * OPENERS][SESSION_ID_BYTES + 1];
    size_t count = 0;

    for (size_t i = 0; i < OPENERS; i++)
        openers[i] = actor_new(harness, "login");
    harness_start(harness);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < OPENERS; i++)
            actor_send(openers[i], SOCKET_LOGIN, "io.sessmgr.Login.Open",
                       harness_login("alice", 4001, "sshd", ""));
        harness_pause(round % 10 / 2);
        harness_kill(harness);
        harness_start(harness); /* who has not been accepted before is now */
        for (size_t i = 0; i < OPENERS; i++) {
            const char *answer = actor_receive(openers[i]);

            if (answer[0] != '\0')
                (void)snprintf(ids[count++], sizeof(ids[0]), "%s",
                               reply_text(answer, "parameters.sessionId"));
        }
        for (size_t i = 0; i < count; i++)
            expect_active(harness, ids[i]);
    }
    assert_true(count > 0);
}

static void test_start__after_a_reboot__ends_the_sessions_of_before(void **state)
{
    struct harness *harness = *state;
    struct seed seeds[3];

    for (unsigned i = 0; i < ELEMENTS(seeds); i++)
        seed_init(&seeds[i], i + 1);
    seeds[1].record.info.state = STATE_ENDING;
    seeds[1].record.info.end_reason = END_LIFETIME;
    seeds[2].record.info.parent_session = seeds[0].id;
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_start(harness);
    expect_ended(harness, &seeds[0], "rebooted");
    expect_ended(harness, &seeds[1], "lifetime"); /* it keeps its reason */
    expect_ended(harness, &seeds[2], "rebooted");
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0);
    harness_stop(harness);
    harness_start(harness);
    expect_ended(harness, &seeds[0], "rebooted"); /* and told once */
}

static void test_start__leader_gone__ends_the_session(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    struct seed seeds[3];

    for (unsigned i = 0; i < ELEMENTS(seeds); i++) {
        seed_init(&seeds[i], i + 1);
        seed_lead(&seeds[i], login->pid);
    }
    seeds[0].record.info.leader_pid = 4000000;
    seeds[1].record.leader_start_ticks--; /* its number is another's now */
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_start(harness);
    expect_ended(harness, &seeds[0], "leader_exited");
    expect_ended(harness, &seeds[1], "leader_exited");
    expect_active(harness, seeds[2].id);
    assert_true(actor_lives(login));
    actor_kill(login);
    expect_ended(harness, &seeds[2], "leader_exited");
}

static void test_start__lifetime_over_meanwhile__ends_the_session(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    struct seed seed;

    seed_init(&seed, 1);
    seed_lead(&seed, login->pid);
    seed.record.deadline_boottime_usec = 2;
    seed_store(harness, &seed, 1);
    harness_start(harness);
    expect_ended(harness, &seed, "lifetime");
    assert_false(actor_lives(login));
}

static void test_start__session_was_ending__goes_on_ending(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    struct actor *shell = actor_fork(harness, login, "shell");
    struct seed seed;

    actor_ignore_signals(shell);
    seed_init(&seed, 1);
    seed_lead(&seed, login->pid);
    seed.record.info.state = STATE_ENDING;
    seed.record.info.end_reason = END_TERMINATED;
    seed_store(harness, &seed, 1);
    harness_start(harness);
    expect_ended(harness, &seed, "terminated");
    assert_false(actor_lives(login) || actor_lives(shell));
}

static void test_start__parent_had_ended__ends_what_was_nested(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    struct actor *su = actor_fork(harness, login, "su");
    struct seed seeds[2];

    seed_init(&seeds[0], 1);
    seed_lead(&seeds[0], login->pid);
    seed_end(&seeds[0], USEC_PER_SEC);
    seed_init(&seeds[1], 2);
    seed_lead(&seeds[1], su->pid);
    seeds[1].record.info.parent_session = seeds[0].id;
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_start(harness);
    expect_ended(harness, &seeds[1], "logout");
    assert_true(actor_lives(login));
}

static void test_start__one_leader_of_many_sessions__ends_them_all_with_it(void **state)
{
    enum { COUNT = 60 };
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    struct seed seeds[COUNT];

    for (unsigned i = 0; i < COUNT; i++) {
        seed_init(&seeds[i], i + 1);
        seed_lead(&seeds[i], login->pid);
    }
    seed_store(harness, seeds, COUNT);
    harness_start(harness);
    assert_true(descriptors(harness) < COUNT);
    assert_int_equal(harness_statistic(harness, "sessionsLive"), COUNT);
    actor_kill(login);
    HARNESS_AWAIT(harness_statistic(harness, "sessionsLive") == 0);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended", "leader_exited", NULL) ==
                  COUNT); /* each is told when it is on the disk */
}

/* Some leaders are watched at once, the others later; and some descriptors are left. */
static void test_start__out_of_descriptors__serves_and_ends_no_session_that_lives(void **state)
{
    enum { COUNT = 60 };
    struct harness *harness = *state;
    struct actor *logins[COUNT];
    struct seed seeds[COUNT];

    for (unsigned i = 0; i < COUNT; i++) {
        logins[i] = actor_new(harness, "login");
        seed_init(&seeds[i], i + 1);
        seed_lead(&seeds[i], logins[i]->pid);
    }
    seed_store(harness, seeds, COUNT);
    harness->descriptors_max = 100;
    harness_start(harness);
    assert_in_range(harness_log_count(harness, "its leader cannot be watched yet", NULL), 1, COUNT);
    assert_int_equal(harness_statistic(harness, "sessionsLive"), COUNT);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=ending", NULL), 0);
    for (unsigned i = 0; i < COUNT; i++)
        actor_kill(logins[i]);
    HARNESS_AWAIT(harness_statistic(harness, "sessionsLive") == 0);
}

static size_t list_count(struct harness *harness)
{
    return reply_count(harness_ask_session(harness, "List", "{\"includeEnded\":true}"),
                       "parameters.sessions");
}

static void test_retention__over__forgets_ended_sessions(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];
    struct seed seeds[2];

    for (unsigned i = 0; i < ELEMENTS(seeds); i++)
        seed_init(&seeds[i], i + 1);
    seed_end(&seeds[0], 3600 * USEC_PER_SEC);
    seed_end(&seeds[1], 0);
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_configure(harness, "[Manager]\nRetentionSec=2s\n");
    harness_start(harness);
    HARNESS_AWAIT(list_count(harness) == 1);
    assert_string_equal(reply_text(harness->reply, "parameters.sessions.0.sessionId"), seeds[1].id);
    actor_log_in(login, "alice", 4001, "sshd", id);
    (void)actor_close(login, id);
    assert_in_range(list_count(harness), 1, 2);
    HARNESS_AWAIT(list_count(harness) == 0);
    harness_kill(harness);
    harness_start(harness);
    assert_int_equal(list_count(harness), 0);
}

static void test_retention__of_more_than_sessions_max__forgets_who_ended_first(void **state)
{
    struct harness *harness = *state;
    char ids[3][SESSION_ID_BYTES + 1];
    struct actor *logins[3];

    harness_configure(harness, "[Manager]\nSessionsMax=2\n");
    harness_start(harness);
    for (size_t i = 0; i < 2; i++) {
        logins[i] = actor_new(harness, "login");
        actor_log_in(logins[i], "alice", 4001, "sshd", ids[i]);
    }
    (void)actor_close(logins[1], ids[1]);
    (void)actor_close(logins[0], ids[0]);
    logins[2] = actor_new(harness, "login");
    actor_log_in(logins[2], "alice", 4001, "sshd", ids[2]);
    assert_int_equal(list_count(harness), 3);
    (void)actor_close(logins[2], ids[2]);
    HARNESS_AWAIT(list_count(harness) == 2);
    assert_string_equal(reply_text(harness->reply, "parameters.sessions.0.sessionId"), ids[0]);
    assert_string_equal(reply_text(harness->reply, "parameters.sessions.1.sessionId"), ids[2]);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_start__after_sigkill__has_what_was_acknowledged),
        TEST(test_start__killed_in_the_middle_of_opens__loses_none_that_was_told),
        TEST(test_start__after_a_reboot__ends_the_sessions_of_before),
        TEST(test_start__leader_gone__ends_the_session),
        TEST(test_start__lifetime_over_meanwhile__ends_the_session),
        TEST(test_start__session_was_ending__goes_on_ending),
        TEST(test_start__parent_had_ended__ends_what_was_nested),
        TEST(test_start__one_leader_of_many_sessions__ends_them_all_with_it),
        TEST(test_start__out_of_descriptors__serves_and_ends_no_session_that_lives),
        TEST(test_retention__over__forgets_ended_sessions),
        TEST(test_retention__of_more_than_sessions_max__forgets_who_ended_first),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
