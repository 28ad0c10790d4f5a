/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a policy does to sessions that are open: ends that are put off, and idleness. */
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

int main(void)
{
    namespace_enter();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_restart__kept_by_its_processes__is_not_idle,
                                        harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(test_extend__by_a_century_again_and_again__stays_within_one,
                                        harness_setup, harness_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
