/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How libsessmgr connects, waits and connects again, against a daemon that follows a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/macro.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC  UINT64_C(10000000) /* never reached in a test that goes well */
#define SHORT_USEC UINT64_C(100000)

static struct sessmgr *open_handle(const struct fake_daemon *daemon, uint64_t timeout_usec)
{
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, timeout_usec), 0);
    assert_non_null(handle);
    return handle;
}

/* Describes a session while the daemon follows a script; the ID is checked where there is one. */
static int describe(struct fake_daemon *daemon, const struct fake_step *script,
                    uint64_t timeout_usec)
{
    struct sessmgr *handle = open_handle(daemon, timeout_usec);
    struct sessmgr_session *session = NULL;
    int r;

    fake_start(daemon, script);
    r = sessmgr_describe(handle, "0123", &session);
    if (r >= 0)
        assert_string_equal(sessmgr_session_get_id(session), FAKE_ID);
    else
        assert_null(session);
    sessmgr_session_free(session);
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void test_describe__cut_off_in_the_middle__connection_reset(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_RAW, "{\"parameters\":{\"sess"},
        {FAKE_CLOSE, NULL},  {FAKE_END, NULL},
    };

    assert_int_equal(describe(*state, script, LONG_USEC), -ECONNRESET);
}

static void test_describe__call_left_unread__sent_again(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_RESET, NULL},
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "Describe"},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };

    assert_int_equal(describe(*state, script, LONG_USEC), 0);
}

static void test_describe__always_left_unread__gives_up(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_RESET, NULL}, {FAKE_ACCEPT, NULL},
        {FAKE_RESET, NULL},  {FAKE_END, NULL},
    };

    assert_int_equal(describe(*state, script, LONG_USEC), -ECONNRESET);
}

static void test_describe__no_answer_or_half_of_one__times_out(void **state)
{
    static const struct fake_step silent[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},  {FAKE_END, NULL},
    };
    static const struct fake_step half[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  {FAKE_RAW, "{\"parameters\""},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL}, {FAKE_END, NULL},
    };

    assert_int_equal(describe(*state, silent, SHORT_USEC), -ETIMEDOUT);
    assert_int_equal(describe(*state, half, SHORT_USEC), -ETIMEDOUT);
}

static void test_describe__full_backlog__times_out(void **state)
{
    struct fake_daemon *daemon = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sessmgr_session *session = NULL;
    int waiting[16];
    struct sessmgr *handle;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon->path);
    for (size_t i = 0; i < ELEMENTS(waiting); i++) {
        waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(waiting[i] >= 0);
        (void)connect(waiting[i], (struct sockaddr *)&address, sizeof(address));
    }
    handle = open_handle(daemon, SHORT_USEC);
    assert_int_equal(sessmgr_describe(handle, NULL, &session), -ETIMEDOUT);
    sessmgr_close(handle);
    for (size_t i = 0; i < ELEMENTS(waiting); i++)
        (void)close(waiting[i]);
}

static void test_describe__nobody_there__refused_and_explained(void **state)
{
    static const struct fake_step script[] = {{FAKE_AWAY, NULL}, {FAKE_END, NULL}};
    struct fake_daemon *daemon = *state;
    struct sessmgr *handle = open_handle(daemon, LONG_USEC);
    struct sessmgr_session *session = NULL;

    fake_start(daemon, script);
    assert_null(fake_finish(daemon));
    assert_int_equal(sessmgr_describe(handle, NULL, &session), -ECONNREFUSED);
    assert_non_null(strstr(sessmgr_get_error_message(handle), daemon->path));
    assert_non_null(strstr(sessmgr_get_error_message(handle), "No such file"));
    sessmgr_close(handle);
}

static void test_describe__daemon_restarted_between_calls__reconnects(void **state)
{
    static const struct fake_step before[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_CLOSE, NULL},  {FAKE_AWAY, NULL}, {FAKE_BACK, NULL},
        {FAKE_END, NULL},
    };
    static const struct fake_step after[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, NULL},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC);
    struct sessmgr_session *session = NULL;

    fake_start(*state, before);
    assert_int_equal(sessmgr_describe(handle, "0", &session), 0);
    sessmgr_session_free(session);
    assert_null(fake_finish(*state));
    fake_start(*state, after);
    assert_int_equal(sessmgr_describe(handle, "0", &session), 0);
    sessmgr_session_free(session);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_describe__in_a_forked_child__has_its_own_connection(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"a\""},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_SWAP, NULL},
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"b\""},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_SWAP, NULL},
        {FAKE_READ, "\"c\""},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC);
    struct sessmgr_session *session = NULL;
    int status = -1;
    pid_t child;

    fake_start(*state, script);
    assert_int_equal(sessmgr_describe(handle, "a", &session), 0);
    sessmgr_session_free(session);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int r = sessmgr_describe(handle, "b", &session);

        sessmgr_session_free(r < 0 ? NULL : session);
        sessmgr_close(handle);
        _exit(r == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(sessmgr_describe(handle, "c", &session), 0);
    sessmgr_session_free(session);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_describe__cut_off_in_the_middle__connection_reset),
        WITH_DAEMON(test_describe__call_left_unread__sent_again),
        WITH_DAEMON(test_describe__always_left_unread__gives_up),
        WITH_DAEMON(test_describe__no_answer_or_half_of_one__times_out),
        WITH_DAEMON(test_describe__full_backlog__times_out),
        WITH_DAEMON(test_describe__nobody_there__refused_and_explained),
        WITH_DAEMON(test_describe__daemon_restarted_between_calls__reconnects),
        WITH_DAEMON(test_describe__in_a_forked_child__has_its_own_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
