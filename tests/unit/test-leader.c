/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which sessions have the same leader, and who hears of its exit (daemon/leader.h). A pipe plays a
 * pidfd where no process is needed: it is readable when it has been closed.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/leader.h"
#include "daemon/manager.h"
#include "daemon/peer.h"
#include "daemon/process.h"

enum { PID = 200, TICKS = 7, HIDDEN = -1 };

struct fixture {
    struct clock clock; /* first: what the callbacks get */
    int64_t now_usec;
    struct manager manager;
    unsigned session_count;
    int pipes[4][2];
    pid_t child;
};

static int64_t now(const struct clock *clock)
{
    return ((const struct fixture *)(const void *)clock)->now_usec;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    fixture->clock = (struct clock){.realtime_usec = now, .boottime_usec = now};
    fixture->manager.clock = &fixture->clock;
    fixture->manager.sees_processes = true;
    session_table_init(&fixture->manager.sessions);
    assert_true(sd_event_new(&fixture->manager.event) >= 0);
    assert_int_equal(deadline_queue_new(&fixture->manager.deadlines, NULL, &fixture->clock), 0);
    assert_int_equal(proc_open("/proc", &fixture->manager.proc), 0);
    for (size_t i = 0; i < ELEMENTS(fixture->pipes); i++)
        assert_int_equal(pipe(fixture->pipes[i]), 0);
    *state = fixture;
    return 0;
}

/* How many descriptors this process may have: so many more than a new one's number. */
static void limit_descriptors(rlim_t more)
{
    struct rlimit limit;
    int next = dup(STDERR_FILENO);

    assert_true(next >= 0);
    (void)close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)next + more;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void end_child(struct fixture *fixture)
{
    if (fixture->child <= 0)
        return;
    (void)kill(fixture->child, SIGKILL);
    (void)waitpid(fixture->child, NULL, 0);
    fixture->child = 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    end_child(fixture);
    limit_descriptors(200);
    session_table_done(&fixture->manager.sessions);
    deadline_queue_free(fixture->manager.deadlines);
    sd_event_unref(fixture->manager.event);
    proc_close(&fixture->manager.proc);
    for (size_t i = 0; i < ELEMENTS(fixture->pipes); i++)
        for (size_t j = 0; j < 2; j++)
            closep(&fixture->pipes[i][j]);
    free(fixture);
    return 0;
}

/* A session that is ending, so that nothing else happens to it when its leader exits. */
static struct session *add(struct fixture *fixture, pid_t pid, int64_t start_ticks)
{
    char id[SESSION_ID_BYTES + 1];
    const struct session_record record = {
        .info = {.session_id = id,
                 .user = "u",
                 .service = "sshd",
                 .leader_pid = pid,
                 .host_id = "h",
                 .boot_id = "b",
                 .policy = "default",
                 .state = STATE_ENDING,
                 .end_reason = END_TERMINATED},
        .leader_start_ticks = start_ticks,
    };
    struct session *session;

    (void)snprintf(id, sizeof(id), "%032x", ++fixture->session_count);
    assert_int_equal(session_new(&fixture->manager.sessions, &record, &session), 0);
    session->manager = &fixture->manager;
    assert_int_equal(session_table_add(&fixture->manager.sessions, session), 0);
    return session;
}

/* A session that is opened by the process that a pipe plays. */
static struct session *open_by(struct fixture *fixture, size_t pipe, int64_t start_ticks)
{
    struct session *session = add(fixture, PID, start_ticks);

    assert_int_equal(leader_open(&fixture->manager, session, fixture->pipes[pipe][0]), 0);
    return session;
}

static struct session *recover(struct fixture *fixture, pid_t pid, int64_t start_ticks)
{
    struct session *session = add(fixture, pid, start_ticks);

    assert_int_equal(leader_recover(&fixture->manager, session), 1);
    return session;
}

static void exit_of(struct fixture *fixture, size_t pipe)
{
    closep(&fixture->pipes[pipe][1]);
    fixture->pipes[pipe][1] = -1;
}

/* One round of the event loop; whether it had anything to do. */
static bool run(struct fixture *fixture)
{
    int r = sd_event_run(fixture->manager.event, 0);

    assert_true(r >= 0);
    return r > 0;
}

static struct session *found(struct fixture *fixture, uint64_t start_ticks)
{
    return leader_find_session(&fixture->manager.sessions, PID, start_ticks);
}

/* A process that does nothing, and when it began. */
static int64_t start_child(struct fixture *fixture)
{
    struct process process;

    fixture->child = fork();
    assert_true(fixture->child >= 0);
    if (fixture->child == 0)
        for (;;)
            (void)pause();
    assert_int_equal(process_read(&fixture->manager.proc, fixture->child, &process), 0);
    return (int64_t)process.start_ticks;
}

static void test_open__same_process__is_shared_and_the_last_is_found(void **state)
{
    struct session *outer = open_by(*state, 0, TICKS), *inner = open_by(*state, 0, TICKS);

    assert_ptr_equal(inner->leader, outer->leader);
    assert_ptr_equal(found(*state, TICKS), inner);
    assert_null(found(*state, TICKS + 1)); /* another process of that number */
    leader_leave(inner);
    assert_ptr_equal(found(*state, TICKS), outer);
    assert_true(leader_lives(outer));
    leader_leave(outer);
    assert_null(found(*state, TICKS));
    assert_false(leader_lives(outer));
}

static void test_open__other_start_time__is_another_leader(void **state)
{
    struct session *first = open_by(*state, 0, TICKS), *second = open_by(*state, 1, TICKS + 1);

    assert_ptr_not_equal(first->leader, second->leader);
    assert_ptr_equal(found(*state, TICKS), first);
    assert_ptr_equal(found(*state, TICKS + 1), second);
}

static void test_open__hidden_start_time__is_shared_while_the_process_lives(void **state)
{
    struct session *first = open_by(*state, 0, HIDDEN), *second = open_by(*state, 1, HIDDEN);
    struct session *third;

    assert_ptr_equal(first->leader, second->leader);
    exit_of(*state, 0);
    third = open_by(*state, 1, HIDDEN); /* the pid is another's now */
    assert_ptr_not_equal(third->leader, first->leader);
    assert_false(leader_lives(first));
    assert_true(leader_lives(third));
}

static void test_open__earlier_one_has_exited_unheard__is_another_leader(void **state)
{
    struct session *first = open_by(*state, 0, TICKS), *second;

    exit_of(*state, 0);
    second = open_by(*state, 1, TICKS); /* within the same tick */
    assert_ptr_not_equal(first->leader, second->leader);
    assert_ptr_equal(found(*state, TICKS), second);
    while (run(*state))
        ;
    assert_null(first->leader);
    assert_true(leader_lives(second));
}

static void test_exit__of_many_sessions_leader__tells_one_in_a_round(void **state)
{
    struct session *sessions[3], *other = open_by(*state, 1, TICKS + 1);
    size_t rounds = 0;

    for (size_t i = 0; i < ELEMENTS(sessions); i++)
        sessions[i] = open_by(*state, 0, TICKS);
    exit_of(*state, 0);
    while (run(*state)) {
        assert_null(sessions[rounds]->leader);
        rounds++;
    }
    assert_int_equal(rounds, ELEMENTS(sessions));
    assert_true(leader_lives(other));
}

static void test_recover__same_start_time__is_shared(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ticks = start_child(fixture);
    struct session *first = recover(fixture, fixture->child, start_ticks);
    struct session *second = recover(fixture, fixture->child, start_ticks);

    assert_ptr_equal(first->leader, second->leader);
    end_child(fixture);
    while (run(fixture))
        ;
    assert_false(leader_lives(first) || leader_lives(second));
}

/* Nothing proves that the process of that pid is the one that opened either. */
static void test_recover__hidden_start_time__is_nobodys_to_share_or_signal(void **state)
{
    struct fixture *fixture = *state;
    struct session *first, *second, *third;
    int pidfd;

    (void)start_child(fixture);
    first = recover(fixture, fixture->child, HIDDEN);
    second = recover(fixture, fixture->child, HIDDEN);
    assert_ptr_not_equal(first->leader, second->leader);
    pidfd = pidfd_open_pid(fixture->child);
    third = add(fixture, fixture->child, HIDDEN);
    assert_int_equal(leader_open(&fixture->manager, third, pidfd), 0);
    (void)close(pidfd);
    assert_ptr_not_equal(third->leader, first->leader);
    leader_signal(first, SIGKILL);
    assert_true(leader_lives(first));
    leader_signal(third, SIGKILL);
    assert_int_equal(waitpid(fixture->child, NULL, 0), fixture->child);
    fixture->child = 0;
    while (run(fixture))
        ;
    assert_false(leader_lives(first) || leader_lives(second) || leader_lives(third));
}

static void test_recover__leader_gone__is_told(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ticks = start_child(fixture);
    struct session *other = add(fixture, fixture->child, start_ticks - 1);
    struct session *gone = add(fixture, fixture->child, start_ticks);

    assert_int_equal(leader_recover(&fixture->manager, other), 0);
    end_child(fixture);
    assert_int_equal(leader_recover(&fixture->manager, gone), 0);
    assert_false(leader_lives(other) || leader_lives(gone));
}

/* Lets the time for another attempt come. */
static size_t retry(struct fixture *fixture)
{
    fixture->now_usec = deadline_queue_next(fixture->manager.deadlines);
    return deadline_queue_run(fixture->manager.deadlines);
}

static void test_recover__no_descriptors__is_watched_when_there_are_some(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ticks = start_child(fixture);
    struct session *sessions[2];

    limit_descriptors(2); /* less than are left for others */
    for (size_t i = 0; i < ELEMENTS(sessions); i++)
        sessions[i] = recover(fixture, fixture->child, start_ticks);
    assert_true(leader_lives(sessions[0]));
    assert_int_equal(retry(fixture), 1);
    assert_true(leader_lives(sessions[0]));
    limit_descriptors(100);
    assert_int_equal(retry(fixture), 1);
    assert_int_equal(deadline_queue_next(fixture->manager.deadlines), USEC_INFINITY);
    end_child(fixture);
    assert_true(run(fixture));
    assert_true(run(fixture));
    assert_false(leader_lives(sessions[0]) || leader_lives(sessions[1]));
}

static void test_recover__no_descriptors_and_leader_exits__all_are_told(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ticks = start_child(fixture);
    struct session *sessions[3];

    limit_descriptors(2);
    for (size_t i = 0; i < ELEMENTS(sessions); i++)
        sessions[i] = recover(fixture, fixture->child, start_ticks);
    end_child(fixture);
    for (size_t i = 0; i < ELEMENTS(sessions); i++)
        assert_int_equal(retry(fixture), 1);
    for (size_t i = 0; i < ELEMENTS(sessions); i++)
        assert_false(leader_lives(sessions[i]));
    assert_int_equal(deadline_queue_next(fixture->manager.deadlines), USEC_INFINITY);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_open__same_process__is_shared_and_the_last_is_found),
        TEST(test_open__other_start_time__is_another_leader),
        TEST(test_open__hidden_start_time__is_shared_while_the_process_lives),
        TEST(test_open__earlier_one_has_exited_unheard__is_another_leader),
        TEST(test_exit__of_many_sessions_leader__tells_one_in_a_round),
        TEST(test_recover__same_start_time__is_shared),
        TEST(test_recover__hidden_start_time__is_nobodys_to_share_or_signal),
        TEST(test_recover__leader_gone__is_told),
        TEST(test_recover__no_descriptors__is_watched_when_there_are_some),
        TEST(test_recover__no_descriptors_and_leader_exits__all_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
