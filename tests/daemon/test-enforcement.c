/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a policy does to sessions that are open: ends that are put off, and idleness. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"
#include "tests/daemon/seed.h"

static void expect_state(struct harness *harness, const char *id, const char *session_state)
{
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.state"),
                        session_state);
}

/* A record says when a session was opened; what its processes have used since is in no record. */
static void test_restart__kept_by_its_processes__is_not_idle(void **state)
{
    struct harness *harness = *state;
    struct seed seed;

    harness_configure(harness, "[Session]\nIdleSecWithoutTerminal=10min\nIdleActivity=processes\n");
    seed_init(&seed, 1);
    seed_lead(&seed, actor_new(harness, "login")->pid);
    seed_store(harness, &seed, 1);
    harness_start(harness);
    expect_state(harness, seed.id, "active");
    assert_true(reply_int(harness->reply, "parameters.session.idleDeadlineUsec") >
                clock_system.realtime_usec(&clock_system) + 590 * USEC_PER_SEC);
}

static void test_extend__by_a_century_again_and_again__stays_within_one(void **state)
{
    enum { TIMES = 3000 };
    const int64_t century_usec = INT64_C(36525) * 86400 * USEC_PER_SEC;
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1], text[128];

    harness_configure(harness, "[Session]\nLifetimeSec=1h\n");
    harness_start(harness);
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", id);
    (void)snprintf(text, sizeof(text), "{\"sessionId\":\"%s\",\"seconds\":3155760000}", id);
    for (int i = 0; i < TIMES; i++) {
        int64_t end =
            reply_int(harness_ask_session(harness, "Extend", text), "parameters.deadlineUsec");

        assert_in_range(end - clock_system.realtime_usec(&clock_system),
                        century_usec - 60 * USEC_PER_SEC, century_usec + 60 * USEC_PER_SEC);
    }
}

/* A session's leader and, below it, what somebody runs there, at a terminal of root's. */
struct window {
    int master;
    pid_t leader;
};

static void open_window(struct window *window)
{
    int slave;

    assert_int_equal(openpty(&window->master, &slave, NULL, NULL, NULL), 0);
    assert_int_equal(fchmod(slave, 0620), 0);
    assert_int_equal(fcntl(window->master, F_SETFL, O_NONBLOCK), 0);
    window->leader = fork();
    assert_true(window->leader >= 0);
    if (window->leader == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
            _exit(EXIT_FAILURE);
        if (fork() == 0)
            (void)prctl(PR_SET_NAME, "shell"); /* else it would be a part of the connection */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            (void)pause();
    }
    (void)close(slave);
}

/* Reads what was written to it, behind what is in the buffer. Yields whether a text is in it. */
static bool shows(const struct window *window, char buffer[static 1024], const char *text)
{
    size_t used = strlen(buffer);
    ssize_t n = read(window->master, buffer + used, 1023 - used);

    buffer[used + (n > 0 ? (size_t)n : 0)] = '\0';
    return strstr(buffer, text) != NULL;
}

static void close_window(struct window *window)
{
    (void)close(window->master);
    (void)kill(window->leader, SIGKILL);
    (void)waitpid(window->leader, NULL, 0);
}

/* As seen from a devpts of somebody's own: the number of their terminal is that of another's here.
 */
static void test_message__at_a_terminal_of_somebody_else__is_not_shown(void **state)
{
    struct harness *harness = *state;
    char own[1024] = "", foreign[1024] = "";
    struct window windows[2];
    struct seed seeds[2];

    for (unsigned i = 0; i < ELEMENTS(seeds); i++) {
        open_window(&windows[i]);
        seed_init(&seeds[i], i + 1);
        seed_lead(&seeds[i], windows[i].leader);
        seeds[i].record.deadline_boottime_usec =
            clock_system.boottime_usec(&clock_system) + 12 * USEC_PER_SEC;
    }
    seeds[0].record.info.user = "root";
    seeds[0].record.info.uid = 0;
    harness_configure(harness, "[Session]\nWarn=11s\n");
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_start(harness);
    HARNESS_AWAIT(shows(&windows[0], own, "Your session ends in 11s"));
    (void)harness_ask_session(harness, "Terminate", "{\"filter\":{\"service\":\"sshd\"}}");
    HARNESS_AWAIT(shows(&windows[0], own, "Your session ends now"));
    for (unsigned i = 0; i < ELEMENTS(seeds); i++)
        HARNESS_AWAIT(strstr(harness_describe(harness, seeds[i].id), "\"ended\"") != NULL);
    (void)shows(&windows[1], foreign, "");
    assert_string_equal(foreign, "");
    close_window(&windows[0]);
    close_window(&windows[1]);
}

int main(void)
{
    namespace_enter();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_restart__kept_by_its_processes__is_not_idle,
                                        harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(test_extend__by_a_century_again_and_again__stays_within_one,
                                        harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(test_message__at_a_terminal_of_somebody_else__is_not_shown,
                                        harness_setup, harness_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
