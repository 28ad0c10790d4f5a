/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Floods, and what the daemon runs out of. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/server.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

/* Of the module, for one call. */
enum { LOGIN_BUDGET_MSEC = 2000 };

#define GET_INFO "{\"method\":\"org.varlink.service.GetInfo\"}"

static int setup(void **state)
{
    int r = harness_setup(state);

    if (r == 0)
        harness_start(*state);
    return r;
}

static bool is_served(int fd)
{
    static char reply[HARNESS_REPLY_MAX_BYTES];

    harness_send_text(fd, GET_INFO);
    return harness_read(fd, reply, sizeof(reply));
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

static void expect_login_in_time(struct harness *harness)
{
    long start = harness_now_msec();
    char id[SESSION_ID_BYTES + 1];

    actor_log_in(harness->actors[0], "alice", 4001, "sshd", id);
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
    assert_true(harness_now_msec() - start < LOGIN_BUDGET_MSEC);
    (void)actor_close(harness->actors[0], id);
}

static void test_connections__of_root__have_a_bound_of_their_own(void **state)
{
    enum { MOST = SERVER_CONNECTIONS_MAX + SERVER_CONNECTIONS_ROOT_EXTRA };
    struct harness *harness = *state;
    int fds[MOST], extra;

    (void)actor_new(harness, "login");
    for (size_t i = 0; i < MOST; i++)
        fds[i] = harness_connect(harness, SOCKET_SESSION);
    assert_true(is_served(fds[MOST - 1]));
    extra = harness_connect(harness, SOCKET_SESSION);
    assert_true(harness_is_closed(extra, HARNESS_PATIENCE_MSEC));
    (void)close(extra);
    expect_login_in_time(harness); /* a socket of its own */
    (void)close(fds[0]);
    HARNESS_AWAIT(is_served(extra = harness_connect(harness, SOCKET_SESSION)) || close(extra) < 0);
    (void)close(extra);
    close_all(fds + 1, MOST - 1);
    HARNESS_AWAIT(harness_statistic(harness, "sessionConnections") == 1);
    assert_true(harness_statistic(harness, "connectionsRefused") >= 1);
}

static void test_login__flood_on_the_session_socket__is_in_time(void **state)
{
    enum { CONNECTIONS = 1000, AT_ONCE = 100 };
    static const char garbage[4096] = {'{', '"', 'm', '"', ':'};
    struct harness *harness = *state;
    int fds[AT_ONCE];

    (void)actor_new(harness, "login");
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (i >= AT_ONCE)
            (void)close(fds[i % AT_ONCE]);
        fds[i % AT_ONCE] = harness_connect(harness, SOCKET_SESSION);
        harness_send(fds[i % AT_ONCE], garbage, sizeof(garbage));
        if (i % AT_ONCE == AT_ONCE / 2)
            expect_login_in_time(harness);
    }
    close_all(fds, AT_ONCE);
    HARNESS_AWAIT(harness_statistic(harness, "sessionConnections") == 1);
}

/* A connection takes two: it is one or the other that cannot be had. */
static void exhaust(struct harness *harness, long descriptors_max)
{
    enum { CONNECTIONS = 100 };
    int fds[CONNECTIONS];
    char path[64];
    size_t before;

    harness_stop(harness);
    harness->descriptors_max = descriptors_max;
    before = harness_log_count(harness, "Too many open files", NULL);
    harness_start(harness);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = harness_connect(harness, SOCKET_SESSION);
    HARNESS_AWAIT(harness_log_count(harness, "Too many open files", NULL) > before);
    harness_pause(500); /* it does not run in circles */
    assert_true(harness_log_count(harness, "Too many open files", NULL) < before + CONNECTIONS);
    close_all(fds, CONNECTIONS);
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)harness->pid);
    HARNESS_AWAIT(harness_entries(path) < 32);
    expect_login_in_time(harness);
    HARNESS_AWAIT(harness_statistic(harness, "sessionConnections") == 1);
}

static void test_login__daemon_out_of_descriptors__is_served_when_there_are_some(void **state)
{
    (void)actor_new(*state, "login");
    exhaust(*state, 64);
    exhaust(*state, 65);
}

static void test_daemon__started_with_few_descriptors__takes_what_it_may(void **state)
{
    struct harness *harness = *state;
    struct rlimit before, few, taken;

    harness_stop(harness);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = before.rlim_max / 2, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    harness_start(harness);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(prlimit(harness->pid, RLIMIT_NOFILE, NULL, &taken), 0);
    assert_true(taken.rlim_cur == before.rlim_max && taken.rlim_max == before.rlim_max);
}

enum { BYSTANDERS = 3000, CROWD = 100 };

/* Processes that have nothing to do with anything, but are there. */
static void make_bystanders(pid_t pids[static BYSTANDERS])
{
    for (size_t i = 0; i < BYSTANDERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it cannot fail for this */
            for (;;)
                (void)pause();
        }
    }
}

static void end_bystanders(const pid_t pids[static BYSTANDERS])
{
    for (size_t i = 0; i < BYSTANDERS; i++)
        (void)kill(pids[i], SIGKILL); /* they are ours until they are reaped */
    for (size_t i = 0; i < BYSTANDERS; i++)
        (void)waitpid(pids[i], NULL, 0);
}

/* A look at so many takes longer than it is good for; all who end share it none the less. */
static void test_terminate__many_sessions_among_many_processes__all_end_soon(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];
    static pid_t bystanders[BYSTANDERS];
    long start;

    for (size_t i = 0; i < CROWD; i++)
        actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    make_bystanders(bystanders);
    start = harness_now_msec();
    (void)harness_ask_session(harness, "Terminate", "{\"filter\":{\"user\":\"alice\"}}");
    HARNESS_AWAIT(harness_statistic(harness, "sessionsLive") == 0);
    assert_true(harness_now_msec() - start < HARNESS_PATIENCE_MSEC);
    end_bystanders(bystanders);
}

static long cpu_msec(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* With connections of all kinds that wait, and a session: nothing polls. */
static void test_daemon__nothing_to_do__sleeps(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];
    int idle, half, watcher;
    long before;

    harness_stop(harness);
    before = cpu_msec();
    harness_start(harness);
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    idle = harness_connect(harness, SOCKET_SESSION);
    assert_true(is_served(idle));
    half = harness_connect(harness, SOCKET_SESSION);
    harness_send(half, GET_INFO, 5);
    watcher = harness_connect(harness, SOCKET_SESSION);
    harness_send_text(watcher, "{\"method\":\"io.sessmgr.Session.Watch\",\"more\":true}");
    assert_int_equal(shutdown(watcher, SHUT_WR), 0);
    harness_pause(2000);
    (void)close(idle);
    (void)close(half);
    (void)close(watcher);
    harness_stop(harness);
    assert_true(cpu_msec() - before < 1000);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_connections__of_root__have_a_bound_of_their_own),
        TEST(test_login__flood_on_the_session_socket__is_in_time),
        TEST(test_login__daemon_out_of_descriptors__is_served_when_there_are_some),
        TEST(test_daemon__started_with_few_descriptors__takes_what_it_may),
        TEST(test_terminate__many_sessions_among_many_processes__all_end_soon),
        TEST(test_daemon__nothing_to_do__sleeps),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
