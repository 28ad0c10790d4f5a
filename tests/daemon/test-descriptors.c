/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Descriptors that come with messages: one each, for the call it came with, and none is kept. The
 * descriptor is a pipe's writing end, so its other end tells when the daemon has closed it.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

#define GET_INFO "{\"method\":\"org.varlink.service.GetInfo\"}"

static char reply[HARNESS_REPLY_MAX_BYTES];

/* A connection and a pipe. */
struct scene {
    struct harness *harness;
    int fd;
    int reader, writer;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    void *harness = NULL;
    int ends[2];

    if (scene == NULL || harness_setup(&harness) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    scene->harness = harness;
    scene->reader = ends[0];
    scene->writer = ends[1];
    harness_start(scene->harness);
    scene->fd = harness_connect(scene->harness, SOCKET_SESSION);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *harness = scene->harness;

    closep(&scene->fd);
    closep(&scene->reader);
    closep(&scene->writer);
    free(scene);
    return harness_teardown(&harness);
}

static void send_with(const struct scene *scene, const char *bytes, size_t length, size_t count)
{
    const int writers[] = {scene->writer, scene->writer};

    assert_in_range(count, 0, ELEMENTS(writers));
    harness_send_with(scene->fd, bytes, length, writers, count);
}

/* Closes our own writing end: then nobody but the daemon can have it. */
static bool is_dropped(struct scene *scene, int timeout_msec)
{
    struct pollfd entry = {.fd = scene->reader, .events = POLLIN};

    closep(&scene->writer);
    scene->writer = -1;
    return poll(&entry, 1, timeout_msec) == 1 && (entry.revents & POLLHUP) != 0;
}

static void expect_info(const struct scene *scene)
{
    assert_true(harness_read(scene->fd, reply, sizeof(reply)));
    assert_string_equal(reply_text(reply, "parameters.product"), "sessmgrd");
}

static void test_descriptor__call_wants_none__is_closed_and_the_call_answered(void **state)
{
    struct scene *scene = *state;

    send_with(scene, GET_INFO, sizeof(GET_INFO), 1);
    expect_info(scene);
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
    harness_send_text(scene->fd, GET_INFO);
    expect_info(scene);
}

static void test_descriptor__message_not_whole__is_kept_until_it_is(void **state)
{
    struct scene *scene = *state;

    send_with(scene, GET_INFO, 5, 1);
    assert_false(is_dropped(scene, 100));
    harness_send(scene->fd, &GET_INFO[5], sizeof(GET_INFO) - 5);
    expect_info(scene);
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
}

static void test_descriptor__with_a_stream__is_not_kept_as_long(void **state)
{
    static const char watch[] = "{\"method\":\"io.sessmgr.Session.Watch\",\"more\":true}";
    struct scene *scene = *state;

    send_with(scene, watch, sizeof(watch), 1);
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
    assert_false(harness_is_closed(scene->fd, 0));
}

static void test_descriptor__peer_goes_before_the_message_is_whole__is_closed(void **state)
{
    struct scene *scene = *state;

    send_with(scene, GET_INFO, 5, 1);
    closep(&scene->fd);
    scene->fd = -1;
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
}

/* The connection is closed, and nothing that came over it is kept. */
static void expect_end(struct scene *scene)
{
    assert_true(harness_is_closed(scene->fd, HARNESS_PATIENCE_MSEC));
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
    assert_string_equal(reply_error(harness_ask(scene->harness, SOCKET_SESSION,
                                                "org.varlink.service.GetInfo", "{}")),
                        "");
}

static void test_descriptor__two_with_a_message__end_the_connection(void **state)
{
    struct scene *scene = *state;

    send_with(scene, GET_INFO, sizeof(GET_INFO), 2);
    expect_end(scene);
}

static void test_descriptor__second_for_the_same_message__ends_the_connection(void **state)
{
    struct scene *scene = *state;

    send_with(scene, GET_INFO, 5, 1);
    send_with(scene, &GET_INFO[5], sizeof(GET_INFO) - 5, 1);
    expect_end(scene);
}

static void test_descriptor__one_with_each_of_many_messages__all_are_answered(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < 100; i++) {
        send_with(scene, GET_INFO, sizeof(GET_INFO), 1);
        expect_info(scene);
    }
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
}

static void test_descriptor__on_the_login_socket__is_dropped(void **state)
{
    struct scene *scene = *state;

    closep(&scene->fd);
    scene->fd = harness_connect(scene->harness, SOCKET_LOGIN);
    send_with(scene, GET_INFO, 5, 2);
    assert_true(is_dropped(scene, HARNESS_PATIENCE_MSEC));
    harness_send(scene->fd, &GET_INFO[5], sizeof(GET_INFO) - 5);
    expect_info(scene);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_descriptor__call_wants_none__is_closed_and_the_call_answered),
        TEST(test_descriptor__message_not_whole__is_kept_until_it_is),
        TEST(test_descriptor__with_a_stream__is_not_kept_as_long),
        TEST(test_descriptor__peer_goes_before_the_message_is_whole__is_closed),
        TEST(test_descriptor__two_with_a_message__end_the_connection),
        TEST(test_descriptor__second_for_the_same_message__ends_the_connection),
        TEST(test_descriptor__one_with_each_of_many_messages__all_are_answered),
        TEST(test_descriptor__on_the_login_socket__is_dropped),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
