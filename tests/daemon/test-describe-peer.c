/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose session a process is in, by the pidfd that comes with the call: DescribePeer. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/peer.h"
#include "tests/daemon/token-scene.h"

#define DESCRIBE_PEER "{\"method\":\"io.sessmgr.Session.DescribePeer\"}"

static char reply[HARNESS_REPLY_MAX_BYTES];

/* Asks with a descriptor, or none (-1). */
static const char *ask(const struct token_scene *scene, int fd)
{
    int connection = harness_connect(scene->harness, SOCKET_SESSION);
    size_t count = fd >= 0 ? 1 : 0;

    harness_send_with(connection, DESCRIBE_PEER, sizeof(DESCRIBE_PEER), &fd, count);
    assert_true(harness_read(connection, reply, sizeof(reply)));
    closep(&connection);
    return reply;
}

static const char *ask_about(const struct token_scene *scene, pid_t pid)
{
    CLEANUP(closep) int pidfd = pidfd_open_pid(pid);

    assert_true(pidfd >= 0);
    return ask(scene, pidfd);
}

static void test_describe_peer__process_of_a_session__that_session(void **state)
{
    struct token_scene *scene = *state;
    struct actor *su = actor_fork(scene->harness, scene->shell, "su");
    char inner[SESSION_ID_BYTES + 1];

    assert_string_equal(
        reply_text(ask_about(scene, scene->shell->pid), "parameters.session.sessionId"), scene->id);
    actor_log_in(su, "root", 0, "su", inner);
    assert_string_equal(reply_text(ask_about(scene, su->pid), "parameters.session.sessionId"),
                        inner);
    assert_string_equal(
        reply_text(ask_about(scene, scene->shell->pid), "parameters.session.sessionId"), scene->id);
}

static void test_describe_peer__process_of_none__not_in_session(void **state)
{
    struct token_scene *scene = *state;

    assert_string_equal(reply_error(ask_about(scene, getpid())), "NotInSession");
}

static void test_describe_peer__process_has_exited__not_in_session(void **state)
{
    struct token_scene *scene = *state;
    struct actor *gone = actor_fork(scene->harness, scene->shell, "gone");
    CLEANUP(closep) int pidfd = pidfd_open_pid(gone->pid);

    actor_exit(gone);
    assert_string_equal(reply_error(ask(scene, pidfd)), "NotInSession");
}

static void test_describe_peer__session_has_ended__not_in_session(void **state)
{
    struct token_scene *scene = *state;

    assert_string_equal(reply_error(actor_close(scene->login, scene->id)), "");
    assert_string_equal(reply_error(ask_about(scene, scene->shell->pid)), "NotInSession");
}

/* Its processes are there for a while yet, but it is nobody's any more. */
static void test_describe_peer__session_is_being_ended__not_in_session(void **state)
{
    struct token_scene *scene = *state;

    token_scene_restart(scene, "[Session]\nGraceSec=1h\n");
    actor_ignore_signals(scene->login);
    actor_ignore_signals(scene->shell);
    assert_string_equal(
        reply_text(ask_about(scene, scene->shell->pid), "parameters.session.sessionId"), scene->id);
    (void)harness_ask_session(scene->harness, "Terminate", "{\"filter\":{\"service\":\"login\"}}");
    assert_string_equal(
        reply_text(harness_describe(scene->harness, scene->id), "parameters.session.state"),
        "ending");
    assert_string_equal(reply_error(ask_about(scene, scene->shell->pid)), "NotInSession");
}

static void test_describe_peer__no_pidfd__invalid_parameter(void **state)
{
    struct token_scene *scene = *state;
    CLEANUP(closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_string_equal(reply_error(ask(scene, -1)), "InvalidParameter");
    assert_string_equal(reply_error(ask(scene, null)), "InvalidParameter");
    assert_string_equal(reply_text(reply, "parameters.parameter"), "pidfd");
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, token_scene_setup, token_scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_describe_peer__process_of_a_session__that_session),
        TEST(test_describe_peer__process_of_none__not_in_session),
        TEST(test_describe_peer__process_has_exited__not_in_session),
        TEST(test_describe_peer__session_has_ended__not_in_session),
        TEST(test_describe_peer__session_is_being_ended__not_in_session),
        TEST(test_describe_peer__no_pidfd__invalid_parameter),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
