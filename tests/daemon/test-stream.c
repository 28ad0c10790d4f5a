/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams: List and Terminate of many sessions, and Watch. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"
#include "tests/daemon/seed.h"

enum { MANY = 300, MANY_ENDS = 1500, ENDS_A_REPLY = 1024 };

#define LIST "{\"method\":\"io.sessmgr.Session.List\",\"parameters\":{\"includeEnded\":true},"

static char reply[HARNESS_REPLY_MAX_BYTES];

static void start_with_many(struct harness *harness)
{
    static struct seed seeds[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        seed_init(&seeds[i], i + 1);
        seed_end(&seeds[i], USEC_PER_SEC);
    }
    seed_store(harness, seeds, MANY);
    harness_start(harness);
}

/* Reads one reply of a stream. */
static void read_reply(int fd)
{
    if (!harness_read(fd, reply, sizeof(reply)))
        fail_msg("the stream was cut off");
}

static bool continues(void)
{
    return strstr(reply, "\"continues\":true") != NULL;
}

static void expect_all(int fd)
{
    unsigned count = 0;

    do {
        char number[9];

        read_reply(fd);
        count++;
        assert_int_equal(reply_count(reply, "parameters.sessions"), 1);
        (void)snprintf(number, sizeof(number), "%.8s",
                       reply_text(reply, "parameters.sessions.0.sessionId"));
        assert_int_equal(strtoul(number, NULL, 16), count); /* each once, in order */
        assert_int_equal(continues(), count < MANY);
    } while (continues());
    assert_int_equal(count, MANY);
}

static void test_list__more__is_one_reply_a_session(void **state)
{
    CLEANUP(closep) int fd = -1;

    start_with_many(*state);
    fd = harness_connect(*state, SOCKET_SESSION);
    harness_send_text(fd, LIST "\"more\":true}");
    expect_all(fd);
    harness_send_text(fd, LIST "\"more\":true}"); /* and the connection goes on */
    expect_all(fd);
}

static void test_list__more_to_a_slow_reader__waits_for_it(void **state)
{
    const int small = 2048;
    CLEANUP(closep) int fd = -1;

    start_with_many(*state);
    fd = harness_connect(*state, SOCKET_SESSION);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    harness_send_text(fd, LIST "\"more\":true}");
    harness_pause(300);
    assert_int_equal(harness_statistic(*state, "sessionsEnded"), MANY); /* others are served */
    expect_all(fd);
}

static void test_list__more_of_none__is_one_empty_reply(void **state)
{
    CLEANUP(closep) int fd = -1;

    harness_start(*state);
    fd = harness_connect(*state, SOCKET_SESSION);
    harness_send_text(fd, LIST "\"more\":true}");
    read_reply(fd);
    assert_int_equal(reply_count(reply, "parameters.sessions"), 0);
    assert_false(continues());
}

static void test_list__too_many_for_one_reply__says_so(void **state)
{
    const char *answer;

    start_with_many(*state);
    answer = harness_ask_session(*state, "List", "{\"includeEnded\":true}");
    assert_string_equal(reply_error(answer), "TooMany");
    assert_int_equal(reply_int(answer, "parameters.limit"), 65536);
    answer = harness_ask_session(*state, "List",
                                 "{\"includeEnded\":true,\"filter\":{\"sessionId\":\"00000001\"}}");
    assert_int_equal(reply_count(answer, "parameters.sessions"), 1);
}

#define TERMINATE                                                               \
    "{\"method\":\"io.sessmgr.Session.Terminate\",\"parameters\":{\"filter\":{" \
    "\"user\":\"alice\"}}"

/* One process leads them all. */
static void start_with_many_live(struct harness *harness)
{
    static struct seed seeds[MANY_ENDS];
    struct actor *login = actor_new(harness, "login");

    for (unsigned i = 0; i < MANY_ENDS; i++) {
        seed_init(&seeds[i], i + 1);
        seed_lead(&seeds[i], login->pid);
    }
    seed_store(harness, seeds, MANY_ENDS);
    harness_start(harness);
}

static void test_terminate__more__ends_all_in_several_replies(void **state)
{
    CLEANUP(closep) int fd = -1;
    char last[SESSION_ID_BYTES + 1];

    start_with_many_live(*state);
    fd = harness_connect(*state, SOCKET_SESSION);
    harness_send_text(fd, TERMINATE ",\"more\":true}");
    read_reply(fd);
    assert_true(continues());
    assert_int_equal(reply_count(reply, "parameters.sessions"), ENDS_A_REPLY);
    read_reply(fd);
    assert_false(continues());
    assert_int_equal(reply_count(reply, "parameters.sessions"), MANY_ENDS - ENDS_A_REPLY);
    (void)snprintf(last, sizeof(last), "%08x%024x", (unsigned)MANY_ENDS, 0U);
    assert_string_equal(reply_text(reply, "parameters.sessions.475"), last);
    /* told when they are on the disk */
    HARNESS_AWAIT(harness_log_count(*state, "SESSMGR_EVENT=ended", "terminated", NULL) ==
                  MANY_ENDS);
    assert_int_equal(harness_statistic(*state, "sessionsEnded"), MANY_ENDS);
}

static void test_terminate__too_many_for_one_reply__ends_none(void **state)
{
    CLEANUP(closep) int fd = -1;

    start_with_many_live(*state);
    fd = harness_connect(*state, SOCKET_SESSION);
    harness_send_text(fd, TERMINATE "}");
    read_reply(fd);
    assert_string_equal(reply_error(reply), "TooMany");
    assert_int_equal(reply_int(reply, "parameters.limit"), ENDS_A_REPLY);
    assert_int_equal(harness_statistic(*state, "sessionsLive"), MANY_ENDS);
    assert_int_equal(harness_log_count(*state, "SESSMGR_EVENT=ending", NULL), 0);
}

static int watch(struct harness *harness, const char *parameters)
{
    int fd = harness_connect(harness, SOCKET_SESSION);
    char text[256];

    (void)snprintf(text, sizeof(text),
                   "{\"method\":\"io.sessmgr.Session.Watch\",\"parameters\":%s,\"more\":true}",
                   parameters);
    harness_send_text(fd, text);
    return fd;
}

/* Until so many connections watch: that they were accepted is no proof, so a round trip behind each
 * call is. */
static void settle(struct harness *harness)
{
    (void)harness_statistic(harness, "sessionsLive");
    harness_pause(50);
}

static int64_t expect_event(int fd, const char *event, const char *id)
{
    read_reply(fd);
    assert_true(continues());
    assert_string_equal(reply_text(reply, "parameters.event"), event);
    assert_string_equal(reply_text(reply, "parameters.session.sessionId"), id);
    return reply_int(reply, "parameters.sequence");
}

/* opened, changed, ending, ended */
static void live_a_life(struct harness *harness, char id[static SESSION_ID_BYTES + 1])
{
    struct actor *login = actor_new(harness, "login");
    char parameters[128];

    actor_log_in(login, "alice", 4001, "sshd", id);
    (void)snprintf(parameters, sizeof(parameters),
                   "{\"sessionId\":\"%s\",\"context\":{\"a\":\"b\"}}", id);
    (void)harness_ask_session(harness, "SetContext", parameters);
    actor_kill(login);
}

static int64_t expect_life(int fd, const char *id)
{
    int64_t first = expect_event(fd, "opened", id);

    assert_string_equal(reply_text(reply, "parameters.session.state"), "active");
    assert_int_equal(expect_event(fd, "changed", id), first + 1);
    assert_string_equal(reply_text(reply, "parameters.session.context.a"), "b");
    assert_int_equal(expect_event(fd, "ending", id), first + 2);
    assert_string_equal(reply_text(reply, "parameters.session.endReason"), "leader_exited");
    assert_int_equal(expect_event(fd, "ended", id), first + 3);
    assert_string_equal(reply_text(reply, "parameters.session.state"), "ended");
    return first;
}

static void test_watch__from_now__tells_every_change_in_order(void **state)
{
    char id[SESSION_ID_BYTES + 1];
    CLEANUP(closep) int fd = -1;

    harness_start(*state);
    fd = watch(*state, "{}");
    settle(*state);
    live_a_life(*state, id);
    (void)expect_life(fd, id);
}

static void test_watch__by_one_that_sends_no_more__goes_on(void **state)
{
    char id[SESSION_ID_BYTES + 1];
    CLEANUP(closep) int fd = -1;

    harness_start(*state);
    fd = watch(*state, "{}");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    settle(*state);
    live_a_life(*state, id);
    (void)expect_life(fd, id);
    live_a_life(*state, id);
    (void)expect_life(fd, id);
}

static void test_watch__from_a_sequence__tells_the_past_and_goes_on(void **state)
{
    char id[SESSION_ID_BYTES + 1], next_id[SESSION_ID_BYTES + 1], parameters[64];
    CLEANUP(closep) int fd = -1, again = -1;
    int64_t first;

    harness_start(*state);
    fd = watch(*state, "{}");
    settle(*state);
    live_a_life(*state, id);
    first = expect_life(fd, id);
    (void)snprintf(parameters, sizeof(parameters), "{\"fromSequence\":%" PRId64 "}", first);
    again = watch(*state, parameters);
    (void)expect_life(again, id);
    live_a_life(*state, next_id);
    assert_int_equal(expect_life(again, next_id), first + 4);
    assert_int_equal(expect_life(fd, next_id), first + 4);
}

static void test_watch__from_before_or_beyond__is_a_gap(void **state)
{
    CLEANUP(closep) int before = -1, beyond = -1;

    harness_start(*state);
    before = watch(*state, "{\"fromSequence\":0}");
    read_reply(before);
    assert_string_equal(reply_error(reply), "Gap");
    assert_true(reply_int(reply, "parameters.oldest") > 0);
    beyond = watch(*state, "{\"fromSequence\":9223372036854775807}");
    read_reply(beyond);
    assert_string_equal(reply_error(reply), "Gap");
}

static void test_watch__many_at_once_and_some_go__all_others_are_told(void **state)
{
    enum { WATCHERS = 30 };
    char id[SESSION_ID_BYTES + 1];
    int fds[WATCHERS];

    harness_start(*state);
    for (size_t i = 0; i < WATCHERS; i++)
        fds[i] = watch(*state, "{}");
    settle(*state);
    for (size_t i = 0; i < WATCHERS; i += 3)
        (void)close(fds[i]);
    HARNESS_AWAIT(harness_statistic(*state, "sessionConnections") == 1 + WATCHERS * 2 / 3);
    live_a_life(*state, id);
    for (size_t i = 0; i < WATCHERS; i++) {
        if (i % 3 == 0)
            continue;
        (void)expect_life(fds[i], id);
        (void)close(fds[i]);
    }
    HARNESS_AWAIT(harness_statistic(*state, "sessionConnections") == 1);
}

static void test_watch__of_one_that_reads_nothing__keeps_nobody_waiting(void **state)
{
    enum { LIVES = 40 };
    const int small = 2048;
    char id[SESSION_ID_BYTES + 1];
    CLEANUP(closep) int idle = -1, fd = -1;

    harness_start(*state);
    idle = watch(*state, "{}");
    assert_int_equal(setsockopt(idle, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    fd = watch(*state, "{}");
    settle(*state);
    for (int i = 0; i < LIVES; i++) {
        live_a_life(*state, id);
        (void)expect_life(fd, id);
    }
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_list__more__is_one_reply_a_session),
        TEST(test_list__more_to_a_slow_reader__waits_for_it),
        TEST(test_list__more_of_none__is_one_empty_reply),
        TEST(test_list__too_many_for_one_reply__says_so),
        TEST(test_terminate__more__ends_all_in_several_replies),
        TEST(test_terminate__too_many_for_one_reply__ends_none),
        TEST(test_watch__from_now__tells_every_change_in_order),
        TEST(test_watch__by_one_that_sends_no_more__goes_on),
        TEST(test_watch__from_a_sequence__tells_the_past_and_goes_on),
        TEST(test_watch__from_before_or_beyond__is_a_gap),
        TEST(test_watch__many_at_once_and_some_go__all_others_are_told),
        TEST(test_watch__of_one_that_reads_nothing__keeps_nobody_waiting),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
