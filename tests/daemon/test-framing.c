/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes over a connection: messages in pieces and in heaps, what is no message, what is none
 * of the methods, and peers that do not read or send no more.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/macro.h"
#include "common/varlink.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

#define GET_INFO "{\"method\":\"org.varlink.service.GetInfo\"}"

static char reply[HARNESS_REPLY_MAX_BYTES];

static int setup(void **state)
{
    int r = harness_setup(state);

    if (r == 0)
        harness_start(*state);
    return r;
}

static void expect_info(int fd)
{
    assert_true(harness_read(fd, reply, sizeof(reply)));
    assert_string_equal(reply_text(reply, "parameters.product"), "sessmgrd");
}

/* Somebody else's connection works. */
static void expect_service(const struct harness *harness)
{
    CLEANUP(closep) int fd = harness_connect(harness, SOCKET_SESSION);

    harness_send_text(fd, GET_INFO);
    expect_info(fd);
}

/* Until the daemon has read what was sent. */
static void await_read(int fd)
{
    int unread = 1;

    for (int left = HARNESS_PATIENCE_MSEC * 10; unread > 0 && left > 0; left--) {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &unread), 0);
        (void)sched_yield(); /* never fails */
    }
}

static void test_message__cut_at_every_byte__is_answered(void **state)
{
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    for (size_t cut = 1; cut < sizeof(GET_INFO); cut++) {
        harness_send(fd, GET_INFO, cut);
        await_read(fd);
        harness_send(fd, &GET_INFO[cut], sizeof(GET_INFO) - cut);
        expect_info(fd);
    }
}

static void test_message__several_in_one_write__are_all_answered_in_order(void **state)
{
    static const char texts[] = GET_INFO "\0{\"method\":\"a.b.C\"}\0" GET_INFO;
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    harness_send(fd, texts, sizeof(texts));
    expect_info(fd);
    assert_true(harness_read(fd, reply, sizeof(reply)));
    assert_string_equal(reply_error(reply), "InterfaceNotFound");
    expect_info(fd);
}

static void test_message__hundreds_piled_up__are_all_answered(void **state)
{
    enum { COUNT = 3000 }; /* more than one buffer holds */
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);
    CLEANUP(freep) char *texts = malloc(COUNT * sizeof(GET_INFO));
    size_t sent = 0;

    assert_non_null(texts);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(texts + i * sizeof(GET_INFO), GET_INFO, sizeof(GET_INFO));
    for (size_t answers = 0; answers < COUNT;) {
        ssize_t n = send(fd, texts + sent, COUNT * sizeof(GET_INFO) - sent, MSG_DONTWAIT);

        sent += n > 0 ? (size_t)n : 0;
        expect_info(fd);
        answers++;
    }
}

/* GetInfo made longer by spaces. */
static char *padded(size_t length)
{
    char *text = malloc(length + 1);

    assert_non_null(text);
    memset(text, ' ', length);
    memcpy(text, GET_INFO, strlen(GET_INFO));
    text[length] = '\0';
    return text;
}

static void test_message__of_64_kib__is_answered(void **state)
{
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);
    CLEANUP(freep) char *text = padded(VARLINK_MESSAGE_MAX_BYTES);

    harness_send_text(fd, text);
    expect_info(fd);
}

static void test_message__one_byte_longer__closes_the_connection(void **state)
{
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);
    CLEANUP(freep) char *text = padded(VARLINK_MESSAGE_MAX_BYTES + 1);

    harness_send_text(fd, text);
    assert_true(harness_is_closed(fd, HARNESS_PATIENCE_MSEC));
    expect_service(*state);
}

static void test_message__malformed__closes_the_connection_without_a_reply(void **state)
{
    static const char *const texts[] = {
        "",
        "garbage",
        "[]",
        "null",
        "{}",
        "{\"method\":\"org.varlink.service.GetInfo\"",
        "{\"method\":\"org.varlink.service.GetInfo\",}",
        "{\"method\":\"org.varlink.service.GetInfo\"} {}",
        "{\"method\":\"org.varlink.service.GetInfo\",\"method\":\"org.varlink.service.GetInfo\"}",
        "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"a\":1,\"\\u0061\":2}}",
        "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":[]}",
        "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"a\":\"\xff\"}}",
        "{\"method\":\"org.varlink.service.GetInfo\",\"extra\":1}",
        "{\"method\":\"org.varlink.service.GetInfo\",\"more\":1}",
        "{\"method\":\"GetInfo\"}",
        "{\"method\":7}",
        ("{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"a\":"
         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}"),
    };
    CLEANUP(closep) int bystander = harness_connect(*state, SOCKET_SESSION);

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

        harness_send_text(fd, texts[i]);
        if (!harness_is_closed(fd, HARNESS_PATIENCE_MSEC))
            fail_msg("answered: %s", texts[i]);
    }
    harness_send_text(bystander, GET_INFO);
    expect_info(bystander);
}

static void test_message__without_its_nul__is_not_answered(void **state)
{
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    harness_send(fd, GET_INFO, strlen(GET_INFO));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(harness_is_closed(fd, HARNESS_PATIENCE_MSEC));
}

/* A call, the error that answers it, and what the error names. */
struct wrong_call {
    enum socket_kind kind;
    const char *method, *parameters, *error, *path, *value;
};

#define INVALID "InvalidParameter", "parameters.parameter"

static const struct wrong_call wrong_calls[] = {
    {SOCKET_SESSION, "io.sessmgr.Session.Nothing", "{}", "MethodNotFound", "parameters.method",
     "io.sessmgr.Session.Nothing"},
    {SOCKET_SESSION, "io.sessmgr.Nothing.List", "{}", "InterfaceNotFound", "parameters.interface",
     "io.sessmgr.Nothing"},
    {SOCKET_SESSION, "io.sessmgr.Login.Admit", "{}", "InterfaceNotFound", "parameters.interface",
     "io.sessmgr.Login"},
    {SOCKET_LOGIN, "io.sessmgr.Session.List", "{}", "InterfaceNotFound", "parameters.interface",
     "io.sessmgr.Session"},
    {SOCKET_LOGIN, "io.sessmgr.Manager.Reload", "{}", "InterfaceNotFound", "parameters.interface",
     "io.sessmgr.Manager"},
    {SOCKET_SESSION, "org.varlink.service.GetInterfaceDescription", "{\"interface\":\"a.b\"}",
     "InterfaceNotFound", "parameters.interface", "a.b"},
    {SOCKET_SESSION, "org.varlink.service.GetInfo", "{\"x\":1}", INVALID, "x"},
    {SOCKET_SESSION, "io.sessmgr.Session.List", "{\"filter\":{\"uid\":\"0\"}}", INVALID, "uid"},
    {SOCKET_SESSION, "io.sessmgr.Session.List", "{\"filter\":{\"uid\":-1}}", INVALID, "uid"},
    {SOCKET_SESSION, "io.sessmgr.Session.List", "{\"filter\":{\"colour\":\"red\"}}", INVALID,
     "colour"},
    {SOCKET_SESSION, "io.sessmgr.Session.List", "{\"filter\":{\"remoteHost\":\"10.0.0.1/8\"}}",
     INVALID, "remoteHost"},
    {SOCKET_SESSION, "io.sessmgr.Session.List", "{\"includeEnded\":1}", INVALID, "includeEnded"},
    {SOCKET_SESSION, "io.sessmgr.Session.Describe", "{\"sessionId\":7}", INVALID, "sessionId"},
    {SOCKET_SESSION, "io.sessmgr.Session.Terminate", "{}", INVALID, "filter"},
    {SOCKET_SESSION, "io.sessmgr.Session.Terminate", "{\"filter\":{}}", INVALID, "filter"},
    {SOCKET_SESSION, "io.sessmgr.Session.Terminate", "{\"filter\":{\"sessionId\":\"abc\"}}",
     INVALID, "sessionId"},
    {SOCKET_SESSION, "io.sessmgr.Session.Terminate",
     "{\"filter\":{\"uid\":1},\"message\":\"\\u001b[2J\"}", INVALID, "message"},
    {SOCKET_SESSION, "io.sessmgr.Session.SetContext", "{\"context\":{\"a\":1}}", INVALID,
     "context"},
    {SOCKET_SESSION, "io.sessmgr.Session.Describe", "{\"sessionId\":\"00000000\"}", "NoSuchSession",
     "error", "io.sessmgr.Session.NoSuchSession"},
    {SOCKET_SESSION, "io.sessmgr.Session.Describe", "{\"sessionId\":\"\"}", "NoSuchSession",
     "error", "io.sessmgr.Session.NoSuchSession"},
    {SOCKET_SESSION, "io.sessmgr.Session.Watch", "{}", "ExpectedMore", "error",
     "org.varlink.service.ExpectedMore"},
    {SOCKET_LOGIN, "io.sessmgr.Login.Close", "{}", INVALID, "sessionId"},
    {SOCKET_LOGIN, "io.sessmgr.Login.Close", "{\"sessionId\":\"00000000000000000000000000000000\"}",
     "NoSuchSession", "error", "io.sessmgr.Login.NoSuchSession"},
    {SOCKET_LOGIN, "io.sessmgr.Login.Admit", "{\"login\":{\"service\":\"sshd\"}}", INVALID, "user"},
};

static void test_call__wrong__is_answered_with_what_is_wrong(void **state)
{
    for (size_t i = 0; i < ELEMENTS(wrong_calls); i++) {
        const struct wrong_call *wrong = &wrong_calls[i];
        const char *answer = harness_ask(*state, wrong->kind, wrong->method, wrong->parameters);

        if (strcmp(reply_error(answer), wrong->error) != 0 ||
            strcmp(reply_text(answer, wrong->path), wrong->value) != 0)
            fail_msg("%s(%s): %s", wrong->method, wrong->parameters, answer);
    }
}

static void test_call__login_with_unknown_members__is_tolerated(void **state)
{
    const char *answer = harness_ask(
        *state, SOCKET_LOGIN, "io.sessmgr.Login.Admit",
        "{\"login\":{\"service\":\"sshd\",\"user\":\"u\",\"uid\":1,\"groups\":[],\"mood\":1}}");

    assert_string_equal(reply_error(answer), "");
    assert_true(reply_has(answer, "parameters.reservation"));
}

static void test_call__upgrade__is_not_implemented(void **state)
{
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    harness_send_text(fd, "{\"method\":\"org.varlink.service.GetInfo\",\"upgrade\":true}");
    assert_true(harness_read(fd, reply, sizeof(reply)));
    assert_string_equal(reply_error(reply), "MethodNotImplemented");
}

static void test_call__oneway__is_not_answered(void **state)
{
    static const char *const texts[] = {
        "{\"method\":\"org.varlink.service.GetInfo\",\"oneway\":true}",
        "{\"method\":\"org.varlink.service.Nothing\",\"oneway\":true}",
        "{\"method\":\"io.sessmgr.Session.List\",\"oneway\":true,\"more\":true}",
        ("{\"method\":\"io.sessmgr.Session.Terminate\",\"parameters\":{\"filter\":{\"uid\":1}},"
         "\"oneway\":true}"),
    };
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    for (size_t i = 0; i < ELEMENTS(texts); i++)
        harness_send_text(fd, texts[i]);
    harness_send_text(fd, GET_INFO);
    expect_info(fd);
}

static void test_peer__that_sends_no_more__gets_its_answers(void **state)
{
    static const char texts[] = GET_INFO "\0" GET_INFO;
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    harness_send(fd, texts, sizeof(texts));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    expect_info(fd);
    expect_info(fd);
    assert_true(harness_is_closed(fd, HARNESS_PATIENCE_MSEC));
}

static void test_peer__that_sends_no_more__gets_its_stream(void **state)
{
    char id[SESSION_ID_BYTES + 1];

    actor_log_in(actor_new(*state, "login"), "u", 4001, "login", id);
    for (int i = 0; i < 50; i++) { /* it depends on what the daemon sees first */
        CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

        harness_send_text(fd, "{\"method\":\"io.sessmgr.Session.List\",\"more\":true}");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_true(harness_read(fd, reply, sizeof(reply)));
        assert_string_equal(reply_text(reply, "parameters.sessions.0.sessionId"), id);
    }
}

static void test_peer__that_never_reads__blocks_itself_alone(void **state)
{
    static const char text[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
                               "\"parameters\":{\"interface\":\"io.sessmgr.Session\"}}";
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);
    size_t sent = 0;

    /* The daemon takes no more than what buffers hold. */
    for (int idle = 0; idle < 20;) {
        ssize_t n = send(fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else
            assert_int_equal(errno, EAGAIN);
        idle = n > 0 ? 0 : idle + 1;
        if (n <= 0)
            harness_pause(5);
        assert_true(sent < 4U << 20);
    }
    expect_service(*state);
}

static void test_peer__that_hangs_up_in_the_middle_of_a_login__is_no_problem(void **state)
{
    struct harness *harness = *state;
    char text[4096];

    (void)snprintf(text, sizeof(text), "{\"method\":\"io.sessmgr.Login.Open\",\"parameters\":%s}",
                   harness_login("u", 4001, "sshd", ""));
    for (int i = 0; i < 50; i++) {
        CLEANUP(closep) int fd = harness_connect(harness, SOCKET_LOGIN);

        harness_send_text(fd, text);
        if (i % 2 == 0)
            await_read(fd); /* it may hang up while the store is at work */
    }
    HARNESS_AWAIT(harness_statistic(harness, "loginConnections") == 0);
    assert_in_range(harness_statistic(harness, "opened"), 1, 50);
    assert_int_equal(harness_statistic(harness, "sessionConnections"), 1); /* the one that asks */
}

static void test_service__tells_the_interfaces_of_the_socket(void **state)
{
    const char *answer = harness_ask(*state, SOCKET_LOGIN, "org.varlink.service.GetInfo", "{}");

    assert_string_equal(reply_text(answer, "parameters.vendor"), "sessmgr");
    assert_int_equal(reply_count(answer, "parameters.interfaces"), 2);
    assert_non_null(strstr(answer, "io.sessmgr.Login"));
    answer = harness_ask(*state, SOCKET_SESSION, "org.varlink.service.GetInfo", "{}");
    assert_int_equal(reply_count(answer, "parameters.interfaces"), 3);
    assert_null(strstr(answer, "io.sessmgr.Login"));
    answer = harness_ask(*state, SOCKET_SESSION, "org.varlink.service.GetInterfaceDescription",
                         "{\"interface\":\"io.sessmgr.Manager\"}");
    assert_non_null(strstr(answer, "interface io.sessmgr.Manager\\n"));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_message__cut_at_every_byte__is_answered),
        TEST(test_message__several_in_one_write__are_all_answered_in_order),
        TEST(test_message__hundreds_piled_up__are_all_answered),
        TEST(test_message__of_64_kib__is_answered),
        TEST(test_message__one_byte_longer__closes_the_connection),
        TEST(test_message__malformed__closes_the_connection_without_a_reply),
        TEST(test_message__without_its_nul__is_not_answered),
        TEST(test_call__wrong__is_answered_with_what_is_wrong),
        TEST(test_call__login_with_unknown_members__is_tolerated),
        TEST(test_call__upgrade__is_not_implemented),
        TEST(test_call__oneway__is_not_answered),
        TEST(test_peer__that_sends_no_more__gets_its_answers),
        TEST(test_peer__that_sends_no_more__gets_its_stream),
        TEST(test_peer__that_never_reads__blocks_itself_alone),
        TEST(test_peer__that_hangs_up_in_the_middle_of_a_login__is_no_problem),
        TEST(test_service__tells_the_interfaces_of_the_socket),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
