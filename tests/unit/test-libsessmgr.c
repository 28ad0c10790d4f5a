/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of libsessmgr (libsessmgr/sessmgr.h), against a daemon that follows a script. */
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

#define LONG_USEC UINT64_C(10000000) /* never reached in a test that goes well */

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

static void test_open__wrong_arguments__refused(void **state)
{
    char path[200];
    struct sessmgr *handle = NULL;

    (void)state;
    memset(path, 'x', sizeof(path));
    path[108] = '\0';
    assert_int_equal(sessmgr_open(NULL, NULL, 0), -EINVAL);
    assert_int_equal(sessmgr_open(&handle, "", 0), -EINVAL);
    assert_int_equal(sessmgr_open(&handle, path, 0), -EINVAL);
    assert_null(handle);
    path[107] = '\0';
    assert_int_equal(sessmgr_open(&handle, path, 0), 0);
    sessmgr_close(handle);
    sessmgr_close(NULL);
}

static void test_describe__by_prefix__yields_the_session(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"method\":\"io.sessmgr.Session.Describe\",\"parameters\":"
                    "{\"sessionId\":\"0123\"}}"},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_WAIT, NULL},
        {FAKE_END, NULL},
    };

    assert_int_equal(describe(*state, script, LONG_USEC), 0);
}

static void test_describe__own_session__sends_no_id(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"parameters\":{}"},
        {FAKE_SEND, FAKE_ERROR("io.sessmgr.Session.NotInSession")},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC);
    struct sessmgr_session *session = NULL;

    fake_start(*state, script);
    assert_int_equal(sessmgr_describe(handle, NULL, &session), -ESRCH);
    assert_null(session);
    assert_string_equal(sessmgr_get_error_message(handle), "");
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_describe__all_members_and_unknown_ones__all_read(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, NULL},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION_FULL)},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC);
    struct sessmgr_session *session = NULL;
    struct sessmgr_session *copy = NULL;

    fake_start(*state, script);
    assert_int_equal(sessmgr_describe(handle, FAKE_ID, &session), 0);
    sessmgr_close(handle);
    assert_int_equal(sessmgr_session_copy(session, &copy), 0);
    sessmgr_session_free(session);
    assert_string_equal(sessmgr_session_get_json(copy), FAKE_SESSION_FULL);
    assert_string_equal(sessmgr_session_get_user(copy), "alice");
    assert_int_equal(sessmgr_session_get_uid(copy), 1000);
    assert_string_equal(sessmgr_session_get_service(copy), "sshd");
    assert_string_equal(sessmgr_session_get_terminal(copy), "/dev/pts/3");
    assert_string_equal(sessmgr_session_get_remote_host(copy), "192.0.2.1");
    assert_string_equal(sessmgr_session_get_remote_user(copy), "bob");
    assert_string_equal(sessmgr_session_get_connection(copy), "c");
    assert_string_equal(sessmgr_session_get_auth_method(copy), "publickey");
    assert_string_equal(sessmgr_session_get_auth_key(copy), "SHA256:k");
    assert_int_equal(sessmgr_session_get_auth_expires_usec(copy), 4);
    assert_string_equal(sessmgr_session_get_logind_session(copy), "7");
    assert_int_equal(sessmgr_session_get_audit_session(copy), 8);
    assert_string_equal(sessmgr_session_get_parent(copy), FAKE_ID_2);
    assert_int_equal(sessmgr_session_get_leader_pid(copy), 42);
    assert_string_equal(sessmgr_session_get_host_id(copy), FAKE_HOST);
    assert_string_equal(sessmgr_session_get_boot_id(copy), FAKE_BOOT);
    assert_string_equal(sessmgr_session_get_state(copy), "frozen");
    assert_false(sessmgr_session_is_durable(copy));
    assert_int_equal(sessmgr_session_get_opened_usec(copy), 1);
    assert_int_equal(sessmgr_session_get_last_activity_usec(copy), 9);
    assert_int_equal(sessmgr_session_get_deadline_usec(copy), 2);
    assert_string_equal(sessmgr_session_get_deadline_reason(copy), "hours");
    assert_int_equal(sessmgr_session_get_idle_deadline_usec(copy), 5);
    assert_true(sessmgr_session_is_adopted(copy));
    assert_string_equal(sessmgr_session_get_policy(copy), "p");
    assert_int_equal(sessmgr_session_get_ended_usec(copy), 3);
    assert_string_equal(sessmgr_session_get_end_reason(copy), "boredom");
    assert_int_equal(sessmgr_session_get_scope_count(copy), 2);
    assert_string_equal(sessmgr_session_get_scope(copy, 1), "write");
    assert_null(sessmgr_session_get_scope(copy, 2));
    assert_int_equal(sessmgr_session_get_context_count(copy), 2);
    assert_string_equal(sessmgr_session_get_context(copy, "ticket"), "42");
    assert_null(sessmgr_session_get_context(copy, "tick"));
    sessmgr_session_free(copy);
    assert_null(fake_finish(*state));
}

static void test_describe__optional_members_absent__none(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, NULL},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC);
    struct sessmgr_context_entry entry;
    struct sessmgr_session *session = NULL;

    fake_start(*state, script);
    assert_int_equal(sessmgr_describe(handle, FAKE_ID, &session), 0);
    sessmgr_close(handle);
    assert_null(sessmgr_session_get_terminal(session));
    assert_null(sessmgr_session_get_parent(session));
    assert_null(sessmgr_session_get_end_reason(session));
    assert_int_equal(sessmgr_session_get_audit_session(session), -1);
    assert_int_equal(sessmgr_session_get_auth_expires_usec(session), -1);
    assert_int_equal(sessmgr_session_get_deadline_usec(session), -1);
    assert_null(sessmgr_session_get_deadline_reason(session));
    assert_int_equal(sessmgr_session_get_idle_deadline_usec(session), -1);
    assert_false(sessmgr_session_is_adopted(session));
    assert_int_equal(sessmgr_session_get_ended_usec(session), -1);
    assert_int_equal(sessmgr_session_get_last_activity_usec(session), -1);
    assert_int_equal(sessmgr_session_get_scope_count(session), 0);
    assert_null(sessmgr_session_get_scope(session, 0));
    assert_int_equal(sessmgr_session_get_context_entry(session, 0, &entry), -EINVAL);
    sessmgr_session_free(session);
    assert_null(fake_finish(*state));
}

static void test_describe__every_error_of_the_daemon__has_its_errno_and_words(void **state)
{
    static const struct {
        const char *reply;
        int error;
        const char *message;
    } cases[] = {
        {FAKE_ERROR("io.sessmgr.Session.NoSuchSession"), -ENOENT, ""},
        {"{\"error\":\"io.sessmgr.Session.AmbiguousSession\",\"parameters\":{\"candidates\":"
         "[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"]}}",
         -ENOTUNIQ, FAKE_ID ", " FAKE_ID_2},
        {FAKE_ERROR("io.sessmgr.Session.NotInSession"), -ESRCH, ""},
        {"{\"error\":\"io.sessmgr.Session.TooMany\",\"parameters\":{\"limit\":5}}", -E2BIG,
         "the limit is 5"},
        {"{\"error\":\"io.sessmgr.Manager.TooMany\",\"parameters\":{\"limit\":6}}", -E2BIG,
         "the limit is 6"},
        {FAKE_ERROR("io.sessmgr.Session.InvalidToken"), -EKEYREJECTED, ""},
        {FAKE_ERROR("io.sessmgr.Session.Unknown"), -EAGAIN, ""},
        {"{\"error\":\"io.sessmgr.Session.NotAllowedByPolicy\",\"parameters\":{\"rule\":"
         "\"TokenType\"}}",
         -EPERM, "TokenType"},
        {"{\"error\":\"io.sessmgr.Manager.StoreUnavailable\",\"parameters\":{\"message\":"
         "\"no room\"}}",
         -EIO, "no room"},
        {"{\"error\":\"io.sessmgr.Session.Gap\",\"parameters\":{\"oldest\":7}}", -ESTALE,
         "the oldest change that is kept has the number 7"},
        {"{\"error\":\"io.sessmgr.Session.StoreUnavailable\",\"parameters\":{\"message\":\"full\"}"
         "}",
         -EIO, "full"},
        {"{\"error\":\"io.sessmgr.Manager.BadConfiguration\",\"parameters\":"
         "{\"file\":\"/etc/f\",\"line\":3,\"message\":\"no\"}}",
         -EBADMSG, "/etc/f:3: no"},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES, ""},
        {"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"
         "{\"parameter\":\"sessionId\"}}",
         -EINVAL, "parameter sessionId"},
        {"{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"a.B\"}}",
         -EOPNOTSUPP, "a.B"},
        {"{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":"
         "{\"interface\":\"a.b\"}}",
         -EOPNOTSUPP, "a.b"},
        {FAKE_ERROR("org.varlink.service.MethodNotImplemented"), -EOPNOTSUPP, ""},
        {FAKE_ERROR("io.sessmgr.Session.Tomorrow"), -EREMOTEIO, "io.sessmgr.Session.Tomorrow"},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC);

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        /* one connection for all: an error reply does not end it */
        const struct fake_step script[] = {
            {i == 0 ? FAKE_ACCEPT : FAKE_READ, NULL},
            {i == 0 ? FAKE_READ : FAKE_SEND, i == 0 ? NULL : cases[i].reply},
            {i == 0 ? FAKE_SEND : FAKE_END, cases[i].reply},
            {FAKE_END, NULL},
        };
        struct sessmgr_session *session = NULL;

        fake_start(*state, script);
        assert_int_equal(sessmgr_describe(handle, "0", &session), cases[i].error);
        assert_string_equal(sessmgr_get_error_message(handle), cases[i].message);
        assert_null(session);
        assert_null(fake_finish(*state));
    }
    sessmgr_close(handle);
}

static void test_describe__twenty_candidates__first_told_and_rest_counted(void **state)
{
    char reply[1024] = "{\"error\":\"io.sessmgr.Session.AmbiguousSession\",\"parameters\":"
                       "{\"candidates\":[\"" FAKE_ID "\"";
    const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_SEND, reply}, {FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, LONG_USEC);
    struct sessmgr_session *session = NULL;
    size_t length = strlen(reply);

    for (int i = 1; i < 20; i++)
        length += (size_t)snprintf(reply + length, sizeof(reply) - length, ",\"%s\"", FAKE_ID_2);
    (void)snprintf(reply + length, sizeof(reply) - length, "]}}");
    fake_start(*state, script);
    assert_int_equal(sessmgr_describe(handle, "0", &session), -ENOTUNIQ);
    assert_ptr_equal(strstr(sessmgr_get_error_message(handle), FAKE_ID),
                     sessmgr_get_error_message(handle));
    assert_non_null(strstr(sessmgr_get_error_message(handle), " and 12 more"));
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_describe__nonsense_of_each_kind__protocol_error(void **state)
{
    static const struct fake_step nonsense[] = {
        {FAKE_SEND, "garbage"},
        {FAKE_SEND, ""},
        {FAKE_SEND, "[]"},
        {FAKE_SEND, "{\"parameters\":{}}"},
        {FAKE_SEND, "{\"parameters\":{\"session\":7}}"},
        {FAKE_SEND, "{\"continues\":true,\"parameters\":{\"session\":" FAKE_SESSION "}}"},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION_OF("0123"))},
        {FAKE_SEND, FAKE_DESCRIBED("{\"sessionId\":\"" FAKE_ID "\"}")},
        {FAKE_SEND, "{\"error\":7}"},
        {FAKE_FLOOD, NULL},
    };

    for (size_t i = 0; i < ELEMENTS(nonsense); i++) {
        const struct fake_step script[] = {
            {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  nonsense[i],
            {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL}, {FAKE_END, NULL},
        };

        assert_int_equal(describe(*state, script, LONG_USEC), -EPROTO);
    }
}

static void test_set_context__key_twice__refused_unsent(void **state)
{
    static const struct sessmgr_context_entry entries[] = {
        {"ticket", "42"}, {"stage", "1"}, {"ticket", ""}};
    struct sessmgr *handle = open_handle(*state, LONG_USEC); /* where nobody would answer */

    assert_int_equal(sessmgr_set_context(handle, FAKE_ID, entries, ELEMENTS(entries)), -EINVAL);
    sessmgr_close(handle);
}

static void test_strerror__every_kind__says_something_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(sessmgr_strerror(-ENOENT), "No such session");
    assert_string_equal(sessmgr_strerror(ENOENT), "No such session");
    assert_string_equal(sessmgr_strerror(0), "Success");
    assert_string_equal(sessmgr_strerror(-ENOMEM), "Cannot allocate memory");
    assert_string_equal(sessmgr_strerror(INT32_MIN), "Unknown error");
    assert_string_not_equal(sessmgr_strerror(-ETIMEDOUT), sessmgr_strerror(-ECONNRESET));
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__wrong_arguments__refused),
        WITH_DAEMON(test_describe__by_prefix__yields_the_session),
        WITH_DAEMON(test_describe__own_session__sends_no_id),
        WITH_DAEMON(test_describe__all_members_and_unknown_ones__all_read),
        WITH_DAEMON(test_describe__optional_members_absent__none),
        WITH_DAEMON(test_describe__every_error_of_the_daemon__has_its_errno_and_words),
        WITH_DAEMON(test_describe__twenty_candidates__first_told_and_rest_counted),
        WITH_DAEMON(test_describe__nonsense_of_each_kind__protocol_error),
        WITH_DAEMON(test_set_context__key_twice__refused_unsent),
        cmocka_unit_test(test_strerror__every_kind__says_something_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
