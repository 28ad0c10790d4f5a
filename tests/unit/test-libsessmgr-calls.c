/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists, ends, contexts and the stream of changes of libsessmgr (libsessmgr/sessmgr.h), against a
 * daemon that follows a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC  UINT64_C(10000000) /* never reached in a test that goes well */
#define SHORT_USEC UINT64_C(100000)

#define LISTED(sessions)    "{\"parameters\":{\"sessions\":[" sessions "]}}"
#define LIST_MORE(sessions) "{\"continues\":true,\"parameters\":{\"sessions\":[" sessions "]}}"
#define EVENT(number, name)                                                         \
    "{\"continues\":true,\"parameters\":{\"sequence\":" number ",\"event\":\"" name \
    "\",\"session\":" FAKE_SESSION "}}"

struct visited {
    char ids[256]; /* each followed by a space */
    int answer;    /* of the visitor */
    struct sessmgr *handle;
    int nested; /* what a call from inside the visitor said */
};

static void note(struct visited *visited, const char *id)
{
    size_t length = strlen(visited->ids);

    (void)snprintf(visited->ids + length, sizeof(visited->ids) - length, "%s ", id);
}

static int visit_session(const struct sessmgr_session *session, void *userdata)
{
    struct visited *visited = userdata;

    note(visited, sessmgr_session_get_id(session));
    if (visited->handle)
        visited->nested = sessmgr_reload(visited->handle);
    return visited->answer;
}

static int visit_id(const char *id, void *userdata)
{
    struct visited *visited = userdata;

    note(visited, id);
    return visited->answer;
}

static int visit_event(const struct sessmgr_event *event, void *userdata)
{
    struct visited *visited = userdata;

    note(visited, sessmgr_event_get_name(event));
    assert_string_equal(sessmgr_session_get_id(sessmgr_event_get_session(event)), FAKE_ID);
    return sessmgr_event_get_sequence(event) == 9 ? visited->answer : 0;
}

static struct sessmgr *open_handle(struct fake_daemon *daemon, uint64_t timeout_usec,
                                   const struct fake_step *script)
{
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, timeout_usec), 0);
    fake_start(daemon, script);
    return handle;
}

static void close_handle(struct fake_daemon *daemon, struct sessmgr *handle)
{
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
}

static void test_list__several_replies__every_session_visited(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"more\":true"},
        {FAKE_SEND, LIST_MORE(FAKE_SESSION)},
        {FAKE_SEND, LIST_MORE("")},
        {FAKE_SEND, LISTED(FAKE_SESSION_OF(FAKE_ID_2))},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct visited visited = {.handle = handle};

    assert_int_equal(sessmgr_list(handle, NULL, false, visit_session, &visited), 0);
    assert_string_equal(visited.ids, FAKE_ID " " FAKE_ID_2 " ");
    assert_int_equal(visited.nested, -EBUSY);
    close_handle(*state, handle);
}

static void test_list__filter_and_ended__sent(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"parameters\":{\"filter\":{\"user\":\"alice\",\"uid\":0,"
                    "\"remoteHost\":\"192.0.2.0/24\"},\"includeEnded\":true}"},
        {FAKE_SEND, LISTED("")},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_filter filter = SESSMGR_FILTER_INIT;
    struct visited visited = {0};

    filter.user = "alice";
    filter.uid = 0;
    filter.remote_host = "192.0.2.0/24";
    assert_int_equal(sessmgr_list(handle, &filter, true, visit_session, &visited), 0);
    assert_string_equal(visited.ids, "");
    close_handle(*state, handle);
}

static void test_list__visitor_stops_in_the_middle__next_call_is_clean(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, NULL},
        {FAKE_SEND, LIST_MORE(FAKE_SESSION)},
        {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "io.sessmgr.Manager.Reload"},
        {FAKE_SEND, "{}"},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct visited visited = {.answer = 17};

    assert_int_equal(sessmgr_list(handle, NULL, false, visit_session, &visited), 17);
    assert_string_equal(visited.ids, FAKE_ID " ");
    assert_int_equal(sessmgr_reload(handle), 0);
    close_handle(*state, handle);
}

static void test_list__filter_of_another_size_or_bad_text__refused_without_a_call(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_filter filter = SESSMGR_FILTER_INIT;
    struct visited visited = {0};

    filter.size += sizeof(void *);
    assert_int_equal(sessmgr_list(handle, &filter, false, visit_session, &visited), -EINVAL);
    filter.size = sizeof(filter);
    filter.uid = -2;
    assert_int_equal(sessmgr_list(handle, &filter, false, visit_session, &visited), -EINVAL);
    filter.uid = -1;
    filter.user = "\xff";
    assert_int_equal(sessmgr_list(handle, &filter, false, visit_session, &visited), -EINVAL);
    assert_int_equal(sessmgr_list(handle, NULL, false, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_terminate(handle, NULL, NULL, false, NULL, NULL), -EINVAL);
    close_handle(*state, handle);
}

static void test_list__call_longer_than_a_message__refused(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_filter filter = SESSMGR_FILTER_INIT;
    struct visited visited = {0};
    char *user = test_malloc(70000);

    memset(user, 'x', 70000);
    user[69999] = '\0';
    filter.user = user;
    assert_int_equal(sessmgr_list(handle, &filter, false, visit_session, &visited), -EMSGSIZE);
    test_free(user);
    close_handle(*state, handle);
}

static void test_list__stream_stops__times_out(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  {FAKE_SEND, LIST_MORE(FAKE_SESSION)},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL}, {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, SHORT_USEC, script);
    struct visited visited = {0};

    assert_int_equal(sessmgr_list(handle, NULL, false, visit_session, &visited), -ETIMEDOUT);
    assert_string_equal(visited.ids, FAKE_ID " ");
    close_handle(*state, handle);
}

static void test_terminate__message_and_dry_run__sent_and_ids_visited(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"filter\":{\"sessionId\":\"" FAKE_ID
                    "\"},\"message\":\"bye\",\"dryRun\":true},\"more\":true"},
        {FAKE_SEND, LIST_MORE("\"" FAKE_ID "\"")},
        {FAKE_SEND, LISTED("\"" FAKE_ID_2 "\"")},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_filter filter = SESSMGR_FILTER_INIT;
    struct visited visited = {0};

    filter.session_id = FAKE_ID;
    assert_int_equal(sessmgr_terminate(handle, &filter, "bye", true, visit_id, &visited), 0);
    assert_string_equal(visited.ids, FAKE_ID " " FAKE_ID_2 " ");
    close_handle(*state, handle);
}

static void test_set_context__entries__sent(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"sessionId\":\"0123\",\"context\":{\"ticket\":\"42\",\"gone\":\"\"}}"},
        {FAKE_SEND, "{}"},
        {FAKE_END, NULL},
    };
    static const struct sessmgr_context_entry entries[] = {{"ticket", "42"}, {"gone", ""}};
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);

    assert_int_equal(sessmgr_set_context(handle, "0123", entries, 17), -EINVAL);
    assert_int_equal(sessmgr_set_context(handle, "0123", NULL, 1), -EINVAL);
    assert_int_equal(sessmgr_set_context(handle, "0123", entries, ELEMENTS(entries)), 0);
    close_handle(*state, handle);
}

static void test_get_statistics__object__its_text(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "io.sessmgr.Manager.GetStatistics"},
        {FAKE_SEND, "{\"parameters\":{\"statistics\":{\"sessions\": 3}}}"},
        {FAKE_READ, "io.sessmgr.Manager.GetStatistics"},
        {FAKE_SEND, "{\"parameters\":{\"statistics\":[]}}"},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    char *text = NULL;

    assert_int_equal(sessmgr_get_statistics(handle, &text), 0);
    assert_string_equal(text, "{\"sessions\": 3}");
    free(text);
    assert_int_equal(sessmgr_get_statistics(handle, &text), -EPROTO);
    close_handle(*state, handle);
}

static void test_get_version__daemon_answers__its_version(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "org.varlink.service.GetInfo"},
        {FAKE_SEND, "{\"parameters\":{\"vendor\":\"v\",\"version\":\"1.2.3\"}}"},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    char *version = NULL;

    assert_int_equal(sessmgr_get_version(handle, &version), 0);
    assert_string_equal(version, "1.2.3");
    free(version);
    close_handle(*state, handle);
}

static void test_watch__daemon_restarts__goes_on_behind_the_last_change(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"parameters\":{}"},
        {FAKE_SEND, EVENT("7", "opened")},
        {FAKE_SEND, EVENT("8", "ending")},
        {FAKE_AWAY, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_BACK, NULL},
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"fromSequence\":9}"},
        {FAKE_SEND, EVENT("9", "ended")},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct visited visited = {.answer = 1};

    assert_int_equal(sessmgr_watch(handle, -1, visit_event, &visited), 1);
    assert_string_equal(visited.ids, "opened ending ended ");
    close_handle(*state, handle);
}

static void test_watch__daemon_does_not_come_back__ends(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, "{\"fromSequence\":5}"},
        {FAKE_AWAY, NULL},   {FAKE_CLOSE, NULL},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, 2 * SHORT_USEC, script);
    struct visited visited = {0};

    assert_int_equal(sessmgr_watch(handle, 5, visit_event, &visited), -ECONNREFUSED);
    assert_non_null(strstr(sessmgr_get_error_message(handle), "No such file"));
    close_handle(*state, handle);
}

static void test_watch__past_no_longer_kept__stale(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"fromSequence\":1}"},
        {FAKE_SEND, "{\"error\":\"io.sessmgr.Session.Gap\",\"parameters\":{\"oldest\":30}}"},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct visited visited = {0};

    assert_int_equal(sessmgr_watch(handle, 1, visit_event, &visited), -ESTALE);
    assert_non_null(strstr(sessmgr_get_error_message(handle), "30"));
    close_handle(*state, handle);
}

static void test_watch_next__with_poll__yields_what_has_come(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "Watch"},
        {FAKE_SEND, EVENT("1", "opened")},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    const struct sessmgr_event *event = NULL;
    struct sessmgr_watch *watch = NULL;

    assert_int_equal(sessmgr_watch_open(handle, -2, &watch), -EINVAL);
    assert_int_equal(sessmgr_watch_open(handle, -1, &watch), 0);
    sessmgr_close(handle);
    assert_true(fake_wait(sessmgr_watch_get_fd(watch)));
    assert_int_equal(sessmgr_watch_next(watch, 0, &event), 1);
    assert_int_equal(sessmgr_event_get_sequence(event), 1);
    assert_non_null(strstr(sessmgr_event_get_json(event), "\"sequence\":1"));
    assert_int_equal(sessmgr_watch_next(watch, 0, &event), 0);
    assert_int_equal(sessmgr_watch_next(watch, SHORT_USEC, &event), 0);
    assert_string_equal(sessmgr_watch_get_error_message(watch), "");
    sessmgr_watch_close(watch);
    sessmgr_watch_close(NULL);
    assert_null(fake_finish(*state));
}

static void test_watch_next__nonsense__protocol_error_and_no_connection(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, "Watch"}, {FAKE_SEND, "{\"parameters\":{}}"},
        {FAKE_WAIT, NULL},   {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    const struct sessmgr_event *event = NULL;
    struct sessmgr_watch *watch = NULL;

    assert_int_equal(sessmgr_watch_open(handle, -1, &watch), 0);
    assert_int_equal(sessmgr_watch_next(watch, LONG_USEC, &event), -EPROTO);
    assert_null(event);
    assert_int_equal(sessmgr_watch_get_fd(watch), -1);
    sessmgr_watch_close(watch);
    close_handle(*state, handle);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_list__several_replies__every_session_visited),
        WITH_DAEMON(test_list__filter_and_ended__sent),
        WITH_DAEMON(test_list__visitor_stops_in_the_middle__next_call_is_clean),
        WITH_DAEMON(test_list__filter_of_another_size_or_bad_text__refused_without_a_call),
        WITH_DAEMON(test_list__call_longer_than_a_message__refused),
        WITH_DAEMON(test_list__stream_stops__times_out),
        WITH_DAEMON(test_terminate__message_and_dry_run__sent_and_ids_visited),
        WITH_DAEMON(test_set_context__entries__sent),
        WITH_DAEMON(test_get_statistics__object__its_text),
        WITH_DAEMON(test_get_version__daemon_answers__its_version),
        WITH_DAEMON(test_watch__daemon_restarts__goes_on_behind_the_last_change),
        WITH_DAEMON(test_watch__daemon_does_not_come_back__ends),
        WITH_DAEMON(test_watch__past_no_longer_kept__stale),
        WITH_DAEMON(test_watch_next__with_poll__yields_what_has_come),
        WITH_DAEMON(test_watch_next__nonsense__protocol_error_and_no_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
