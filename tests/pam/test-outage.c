/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module and a daemon that is not there, too late, talks nonsense or is not to be trusted: each
 * time the same codes, in bounded time, and one line of the log that names the cause.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
/* cmocka's header needs those above */
#include <cmocka.h>

#include "common/macro.h"
#include "tests/pam/interpose.h"
#include "tests/pam/scene.h"

#define MODULE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

/* Both phases fail, quickly, each with one line that has cause in it, and leave nothing behind. */
static void assert_outage(struct scene *scene, const char *cause)
{
    long start = scene_now_msec();

    if (scene->handle == NULL)
        scene_start(scene, "root", "timeout=200");
    interpose_forget_lines();
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(interpose_lines(true), 1);
    assert_true(interpose_logged(cause));
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 2);
    assert_true(scene_now_msec() - start < SCENE_BOUND_MSEC);

    assert_string_equal(scene->shown, "");
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
    assert_null(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"));
    /* Nothing was opened, so nothing is asked. After a failed open libpam makes an answer of its
     * own out of our success, which says nothing. */
    (void)pam_close_session(scene->handle, 0);
    assert_int_equal(interpose_lines(true), 2);
}

static void serve_twice(struct scene *scene, enum fake_behaviour how, const char *text)
{
    const struct fake_step steps[] = {{how, text}, {how, text}};

    scene_serve(scene, steps, ELEMENTS(steps));
}

static void test_daemon__no_socket__unavailable(void **state)
{
    assert_outage(*state, "it cannot be looked at: No such file or directory");
}

static void test_daemon__no_folder__unavailable(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(rmdir(scene->socket_folder), 0);
    assert_outage(scene, "its folder cannot be opened: No such file or directory");
}

static void test_daemon__nobody_listens__unavailable(void **state)
{
    struct scene *scene = *state;

    scene_serve(scene, NULL, 0);
    fake_stop(&scene->fake);
    assert_outage(scene, "it cannot be connected to: Connection refused");
}

static void test_daemon__hung__unavailable_in_time(void **state)
{
    serve_twice(*state, FAKE_SILENT, NULL);
    assert_outage(*state, "no whole answer came in time");
}

static void test_daemon__good_answer_too_slowly__unavailable_in_time(void **state)
{
    serve_twice(*state, FAKE_DRIP, SCENE_TRACKED);
    assert_outage(*state, "no whole answer came in time");
}

static void test_daemon__cut_off__unavailable(void **state)
{
    serve_twice(*state, FAKE_CUT_OFF, SCENE_OPENED);
    assert_outage(*state, "the connection ended before a whole answer");
}

static void test_daemon__too_long__unavailable(void **state)
{
    serve_twice(*state, FAKE_FLOOD, NULL);
    assert_outage(*state, "the answer is too long");
}

static void test_daemon__answers_twice__unavailable(void **state)
{
    serve_twice(*state, FAKE_TWICE, SCENE_UNTRACKED);
    assert_outage(*state, "more than one answer came");
}

static void test_daemon__hangs_up__unavailable(void **state)
{
    serve_twice(*state, FAKE_HANG_UP, NULL);
    /* Before the call, with it, or after it: that is for the kernel to say. */
    assert_outage(*state, "io.sessmgr.Login.Admit at ");
}

static void test_daemon__nonsense__unavailable(void **state)
{
    static const char *const answers[] = {
        "",
        "hello",
        "[]",
        "{\"parameters\":[]}",
        "{\"error\":7}",
        "{\"error\":\"nonsense\"}",
        "{\"parameters\":{},\"parameters\":{}}",
        "{\"parameters\":{\"messages\":[]},\"continues\":true}",
        "{\"parameters\":{\"messages\":[\"\xff\"]}}",
        "{\"parameters\":{\"messages\":[]},\"surprise\":1}",
    };

    struct fake_step steps[2 * ELEMENTS(answers)];
    struct scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(steps); i++)
        steps[i] = (struct fake_step){FAKE_REPLY, answers[i / 2]};
    scene_serve(scene, steps, ELEMENTS(steps));
    for (size_t i = 0; i < ELEMENTS(answers); i++)
        assert_outage(scene, "the answer makes no sense");
    assert_int_equal(fake_count(&scene->fake), ELEMENTS(steps));
}

static void test_daemon__members_of_wrong_types__unavailable(void **state)
{
    struct scene *scene = *state;

    static const struct fake_step steps[] = {
        {FAKE_REPLY, "{\"parameters\":{\"reservation\":7}}"},
        {FAKE_REPLY, "{\"parameters\":{\"sessionId\":7,\"messages\":[]}}"},
    };

    scene_serve(scene, steps, ELEMENTS(steps));
    assert_outage(scene, "the answer's members are wrong");
}

static void test_open__members_wrong__session_err(void **state)
{
    static const char *const answers[] = {
        "{\"parameters\":{\"messages\":\"none\"}}",
        "{\"parameters\":{\"messages\":[1]}}",
        "{\"parameters\":{}}",
        "{\"parameters\":{\"deadlineUsec\":-1,\"messages\":[]}}",
        "{\"parameters\":{\"sessionId\":\"0123\",\"messages\":[]}}",
        "{\"parameters\":{\"sessionId\":\"0123456789ABCDEF0123456789ABCDEF\",\"messages\":[]}}",
        "{\"parameters\":{\"sessionId\":\"\",\"messages\":[]}}",
    };
    struct scene *scene = *state;
    struct fake_step steps[ELEMENTS(answers)];

    for (size_t i = 0; i < ELEMENTS(answers); i++)
        steps[i] = (struct fake_step){FAKE_REPLY, answers[i]};
    scene_serve(scene, steps, ELEMENTS(answers));
    scene_start(scene, "root", "");
    for (size_t i = 0; i < ELEMENTS(answers); i++) {
        assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
        assert_int_equal(interpose_lines(true), i + 1);
        assert_null(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"));
    }
}

static void test_daemon__reservation_unprintable__unavailable(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, "{\"parameters\":{\"reservation\":\"a\\nb\"}}", NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_AUTHINFO_UNAVAIL);
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
    assert_int_equal(interpose_lines(true), 1);
}

static void test_daemon__another_error__unavailable_and_named(void **state)
{
    serve_twice(*state, FAKE_REPLY, SCENE_DENIED);
    assert_outage(*state, "it answered org.varlink.service.PermissionDenied");
}

static void test_daemon__error_of_another_method__unavailable(void **state)
{
    serve_twice(*state, FAKE_REPLY, SCENE_NO_SESSION);
    assert_outage(*state, "it answered io.sessmgr.Login.NoSuchSession");
}

static void test_trust__socket_of_another_user__unavailable(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    interpose_make_foreign(scene->socket);
    assert_outage(scene, "it does not belong to root");
    assert_int_equal(fake_count(&scene->fake), 0);
}

static void test_trust__folder_of_another_user__unavailable(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    interpose_make_foreign(scene->socket_folder);
    assert_outage(scene, "its folder does not belong to root");
    assert_int_equal(fake_count(&scene->fake), 0);
}

static void test_trust__folder_writable_by_others__unavailable(void **state)
{
    static const mode_t modes[] = {0775, 0757, 01777};
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    for (size_t i = 0; i < ELEMENTS(modes); i++) {
        assert_int_equal(chmod(scene->socket_folder, modes[i]), 0);
        assert_outage(scene, "its folder can be written to by others than root");
    }
    assert_int_equal(fake_count(&scene->fake), 0);
}

static void test_trust__folder_is_a_link__unavailable(void **state)
{
    struct scene *scene = *state;
    char moved[sizeof(scene->socket_folder) + 8];

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    (void)snprintf(moved, sizeof(moved), "%s.moved", scene->socket_folder);
    assert_int_equal(rename(scene->socket_folder, moved), 0);
    assert_int_equal(symlink(moved, scene->socket_folder), 0);
    assert_outage(scene, "its folder cannot be opened");
    assert_int_equal(fake_count(&scene->fake), 0);
}

static void test_trust__socket_is_a_link__unavailable(void **state)
{
    struct scene *scene = *state;
    char moved[sizeof(scene->socket) + 8];

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    (void)snprintf(moved, sizeof(moved), "%s.moved", scene->socket);
    assert_int_equal(rename(scene->socket, moved), 0);
    assert_int_equal(symlink(moved, scene->socket), 0);
    assert_outage(scene, "it is not a socket");
    assert_int_equal(fake_count(&scene->fake), 0);
}

/* Connects until the queue is full; yields how often that went. */
static size_t fill_queue(const struct scene *scene, int *connections, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t count = 0;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->socket);
    while (count < size) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        assert_true(fd >= 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
            (void)close(fd);
            return count;
        }
        connections[count++] = fd;
    }
    fail_msg("the queue never fills");
    return 0;
}

static void listen_and_fill(struct scene *scene, int *connections, size_t size, size_t *ret_count)
{
    char calls[128];

    (void)snprintf(calls, sizeof(calls), "%s/calls", scene->folder);
    fake_listen(&scene->fake, scene->socket, calls, 0);
    *ret_count = fill_queue(scene, connections, size);
    assert_true(*ret_count > 0);
}

static void test_daemon__queue_full__unavailable_in_time(void **state)
{
    int connections[8];
    size_t count;

    listen_and_fill(*state, connections, ELEMENTS(connections), &count);
    assert_outage(*state, "it cannot be connected to: Connection timed out");
    while (count > 0)
        (void)close(connections[--count]);
}

static void test_daemon__queue_full_for_a_while__asked_again(void **state)
{
    struct fake_step steps[9] = {{FAKE_HANG_UP_LATE, NULL}};
    struct scene *scene = *state;
    int connections[8];
    size_t count;

    listen_and_fill(scene, connections, ELEMENTS(connections), &count);
    for (size_t i = 1; i < count; i++)
        steps[i] = (struct fake_step){FAKE_HANG_UP, NULL};
    steps[count] = (struct fake_step){FAKE_REPLY, SCENE_UNTRACKED};
    fake_serve(&scene->fake, steps, count + 1);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(interpose_lines(true), 0);
    while (count > 0)
        (void)close(connections[--count]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODULE_TEST(test_daemon__no_socket__unavailable),
        MODULE_TEST(test_daemon__no_folder__unavailable),
        MODULE_TEST(test_daemon__nobody_listens__unavailable),
        MODULE_TEST(test_daemon__hung__unavailable_in_time),
        MODULE_TEST(test_daemon__good_answer_too_slowly__unavailable_in_time),
        MODULE_TEST(test_daemon__cut_off__unavailable),
        MODULE_TEST(test_daemon__too_long__unavailable),
        MODULE_TEST(test_daemon__answers_twice__unavailable),
        MODULE_TEST(test_daemon__hangs_up__unavailable),
        MODULE_TEST(test_daemon__nonsense__unavailable),
        MODULE_TEST(test_daemon__members_of_wrong_types__unavailable),
        MODULE_TEST(test_open__members_wrong__session_err),
        MODULE_TEST(test_daemon__reservation_unprintable__unavailable),
        MODULE_TEST(test_daemon__another_error__unavailable_and_named),
        MODULE_TEST(test_daemon__error_of_another_method__unavailable),
        MODULE_TEST(test_trust__socket_of_another_user__unavailable),
        MODULE_TEST(test_trust__folder_of_another_user__unavailable),
        MODULE_TEST(test_trust__folder_writable_by_others__unavailable),
        MODULE_TEST(test_trust__folder_is_a_link__unavailable),
        MODULE_TEST(test_trust__socket_is_a_link__unavailable),
        MODULE_TEST(test_daemon__queue_full__unavailable_in_time),
        MODULE_TEST(test_daemon__queue_full_for_a_while__asked_again),
    };

    scene_become_root();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
