/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libsessmgr says of the daemon's policy (libsessmgr/sessmgr.h): the rule of a session, more
 * time for one, and what would become of a login, against a daemon that follows a script. */
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

#define SETTINGS "{\"IdleSec\": {\"value\":\"15min\",\"file\":\"/etc/s\",\"line\":7}}"
#define RULE \
    "{\"name\":\"staff\",\"file\":\"/etc/p/staff.conf\",\"line\":3,\"settings\":" SETTINGS "}"

/* What every explanation has, without its end. */
#define EXPLAINED                                                                                \
    "{\"admitted\":true,\"tracked\":true,\"policy\":\"default\",\"file\":\"/etc/s\",\"line\":0," \
    "\"evicts\":[]"
#define EXPLAINED_REFUSED                                                                       \
    "{\"admitted\":false,\"tracked\":true,\"reason\":\"limit\",\"message\":\"Three.\","         \
    "\"policy\":\"staff\",\"file\":\"/etc/p/staff.conf\",\"line\":3,\"settings\":" SETTINGS "," \
    "\"evicts\":[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"],\"mood\":\"fine\"}"

/* The script of one call and its answer. */
#define ANSWER(wanted, reply)                                                                \
    {                                                                                        \
        {FAKE_ACCEPT, NULL}, {FAKE_READ, (wanted)}, {FAKE_SEND, (reply)}, {FAKE_WAIT, NULL}, \
            {FAKE_CLOSE, NULL}, {FAKE_END, NULL},                                            \
    }

static struct sessmgr *open_handle(struct fake_daemon *daemon, const struct fake_step *script)
{
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(daemon, script);
    return handle;
}

static int describe(struct fake_daemon *daemon, const char *reply, struct sessmgr_session **ret)
{
    const struct fake_step script[] = ANSWER("Describe", reply);
    struct sessmgr *handle = open_handle(daemon, script);
    int r = sessmgr_describe(handle, FAKE_ID, ret);

    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void assert_rule(const struct sessmgr_session *session)
{
    assert_string_equal(sessmgr_session_get_rule_file(session), "/etc/p/staff.conf");
    assert_int_equal(sessmgr_session_get_rule_line(session), 3);
    assert_string_equal(sessmgr_session_get_settings_json(session), SETTINGS);
}

static void test_describe__rule__with_the_session_and_its_copies(void **state)
{
    struct sessmgr_session *session = NULL;
    struct sessmgr_session *copy = NULL;

    assert_int_equal(describe(*state, FAKE_DESCRIBED_WITH(FAKE_SESSION, RULE), &session), 0);
    assert_rule(session);
    assert_string_equal(sessmgr_session_get_json(session), FAKE_SESSION);
    assert_int_equal(sessmgr_session_copy(session, &copy), 0);
    sessmgr_session_free(session);
    assert_rule(copy);
    sessmgr_session_free(copy);
}

static void test_describe__no_rule__not_known(void **state)
{
    static const char *const replies[] = {FAKE_DESCRIBED(FAKE_SESSION),
                                          FAKE_DESCRIBED_WITH(FAKE_SESSION, "null")};

    for (size_t i = 0; i < ELEMENTS(replies); i++) {
        struct sessmgr_session *session = NULL;

        assert_int_equal(describe(*state, replies[i], &session), 0);
        assert_null(sessmgr_session_get_rule_file(session));
        assert_int_equal(sessmgr_session_get_rule_line(session), -1);
        assert_null(sessmgr_session_get_settings_json(session));
        sessmgr_session_free(session);
    }
}

static void test_describe__rule_that_is_none__protocol_error(void **state)
{
    static const char *const replies[] = {
        FAKE_DESCRIBED_WITH(FAKE_SESSION, "7"),
        FAKE_DESCRIBED_WITH(FAKE_SESSION, "{}"),
        FAKE_DESCRIBED_WITH(FAKE_SESSION, "{\"name\":\"a\",\"file\":\"/b\",\"line\":0}"),
        FAKE_DESCRIBED_WITH(FAKE_SESSION,
                            "{\"name\":\"a\",\"file\":\"/b\",\"line\":0,\"settings\":[]}"),
        FAKE_DESCRIBED_WITH(FAKE_SESSION,
                            "{\"name\":\"a\",\"file\":\"/b\",\"line\":-1,\"settings\":{}}"),
        FAKE_DESCRIBED_WITH(FAKE_SESSION, "{\"name\":\"a\",\"file\":9,\"line\":0,\"settings\":{}}"),
    };

    for (size_t i = 0; i < ELEMENTS(replies); i++) {
        struct sessmgr_session *session = NULL;

        assert_int_equal(describe(*state, replies[i], &session), -EPROTO);
        assert_null(session);
    }
}

static void test_extend__time__sent_and_the_new_end_told(void **state)
{
    static const struct {
        const char *id;
        int64_t seconds;
        const char *parameters;
    } cases[] = {
        {"0123", 1800, "Session.Extend\",\"parameters\":{\"sessionId\":\"0123\",\"seconds\":1800}"},
        {"0123", -1, "Session.Extend\",\"parameters\":{\"sessionId\":\"0123\"}"},
        {NULL, -1, "Session.Extend\",\"parameters\":{}"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] =
            ANSWER(cases[i].parameters, "{\"parameters\":{\"deadlineUsec\":99}}");
        struct sessmgr *handle = open_handle(*state, script);
        int64_t deadline = 0;

        assert_int_equal(
            sessmgr_extend(handle, cases[i].id, cases[i].seconds, cases[i].id ? &deadline : NULL),
            0);
        assert_int_equal(deadline, cases[i].id ? 99 : 0);
        sessmgr_close(handle);
        assert_null(fake_finish(*state));
    }
}

static void test_extend__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int error;
        const char *message;
    } cases[] = {
        {"{\"error\":\"io.sessmgr.Session.NotAllowedByPolicy\",\"parameters\":{\"rule\":"
         "\"Extend\"}}",
         -EPERM, "Extend"},
        {FAKE_ERROR("io.sessmgr.Session.NoSuchSession"), -ENOENT, ""},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES, ""},
        {FAKE_ERROR("org.varlink.service.MethodNotFound"), -EOPNOTSUPP, ""},
        {"{\"parameters\":{}}", -EPROTO, ""},
        {"{\"parameters\":{\"deadlineUsec\":-1}}", -EPROTO, ""},
        {"{\"parameters\":{\"deadlineUsec\":\"soon\"}}", -EPROTO, ""},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = ANSWER("Extend", cases[i].reply);
        struct sessmgr *handle = open_handle(*state, script);
        int64_t deadline = 17;

        assert_int_equal(sessmgr_extend(handle, NULL, -1, &deadline), cases[i].error);
        assert_int_equal(deadline, 17);
        assert_string_equal(sessmgr_get_error_message(handle), cases[i].message);
        sessmgr_close(handle);
        assert_null(fake_finish(*state));
    }
}

static void test_extend__wrong_time__refused_without_a_call(void **state)
{
    static const int64_t seconds[] = {0, -2, INT64_MIN};
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, script);

    for (size_t i = 0; i < ELEMENTS(seconds); i++)
        assert_int_equal(sessmgr_extend(handle, NULL, seconds[i], NULL), -EINVAL);
    assert_int_equal(sessmgr_extend(NULL, NULL, -1, NULL), -EINVAL);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static struct sessmgr_login alice(void)
{
    struct sessmgr_login login = SESSMGR_LOGIN_INIT;

    login.user = "alice";
    login.uid = 1000;
    login.service = "sshd";
    return login;
}

/* Explains alice's login while the daemon answers with parameters. */
static int explain(struct fake_daemon *daemon, const char *reply, struct sessmgr_explanation **ret)
{
    const struct fake_step script[] = ANSWER("io.sessmgr.Manager.Explain\"", reply);
    struct sessmgr *handle = open_handle(daemon, script);
    const struct sessmgr_login login = alice();
    int r = sessmgr_explain(handle, &login, ret);

    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void test_explain__refused__all_members(void **state)
{
    struct sessmgr_explanation *explanation = NULL;

    assert_int_equal(explain(*state, "{\"parameters\":" EXPLAINED_REFUSED "}", &explanation), 0);
    assert_false(sessmgr_explanation_is_admitted(explanation));
    assert_true(sessmgr_explanation_is_tracked(explanation));
    assert_string_equal(sessmgr_explanation_get_reason(explanation), "limit");
    assert_string_equal(sessmgr_explanation_get_message(explanation), "Three.");
    assert_string_equal(sessmgr_explanation_get_policy(explanation), "staff");
    assert_string_equal(sessmgr_explanation_get_file(explanation), "/etc/p/staff.conf");
    assert_int_equal(sessmgr_explanation_get_line(explanation), 3);
    assert_string_equal(sessmgr_explanation_get_settings_json(explanation), SETTINGS);
    assert_int_equal(sessmgr_explanation_get_evicted_count(explanation), 2);
    assert_string_equal(sessmgr_explanation_get_evicted(explanation, 1), FAKE_ID_2);
    assert_null(sessmgr_explanation_get_evicted(explanation, 2));
    assert_string_equal(sessmgr_explanation_get_json(explanation), EXPLAINED_REFUSED);
    sessmgr_explanation_free(explanation);
    sessmgr_explanation_free(NULL);
}

static void test_explain__admitted__no_reason(void **state)
{
    struct sessmgr_explanation *explanation = NULL;

    assert_int_equal(
        explain(*state, "{\"parameters\":" EXPLAINED ",\"settings\":{}}}", &explanation), 0);
    assert_true(sessmgr_explanation_is_admitted(explanation));
    assert_null(sessmgr_explanation_get_reason(explanation));
    assert_null(sessmgr_explanation_get_message(explanation));
    assert_int_equal(sessmgr_explanation_get_line(explanation), 0);
    assert_int_equal(sessmgr_explanation_get_evicted_count(explanation), 0);
    assert_null(sessmgr_explanation_get_evicted(explanation, 0));
    sessmgr_explanation_free(explanation);
}

static void test_explain__login__sent_as_it_is(void **state)
{
    static const struct fake_step script[] =
        ANSWER("\"parameters\":{\"user\":\"alice\",\"uid\":1000,\"groups\":[100,4294967294],"
               "\"service\":\"login\",\"remoteHost\":\"192.0.2.1\",\"terminal\":\"/dev/tty1\"}",
               "{\"parameters\":" EXPLAINED ",\"settings\":{}}}");
    static const gid_t groups[] = {100, 4294967294};
    struct sessmgr *handle = open_handle(*state, script);
    struct sessmgr_explanation *explanation = NULL;
    struct sessmgr_login login = alice();

    login.groups = groups;
    login.group_count = ELEMENTS(groups);
    login.service = "login";
    login.remote_host = "192.0.2.1";
    login.terminal = "/dev/tty1";
    assert_int_equal(sessmgr_explain(handle, &login, &explanation), 0);
    sessmgr_explanation_free(explanation);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_explain__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int error;
    } cases[] = {
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
        {"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":"
         "\"user\"}}",
         -EINVAL},
        {"{\"parameters\":{}}", -EPROTO},
        {"{\"parameters\":" EXPLAINED "}}", -EPROTO},
        {"{\"parameters\":" EXPLAINED ",\"settings\":[]}}", -EPROTO},
        {"{\"parameters\":" EXPLAINED ",\"settings\":{},\"reason\":7}}", -EPROTO},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct sessmgr_explanation *explanation = NULL;

        assert_int_equal(explain(*state, cases[i].reply, &explanation), cases[i].error);
        assert_null(explanation);
    }
}

static void test_explain__login_with_one_thing_wrong__refused_without_a_call(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    static const gid_t groups[70000];
    const struct sessmgr_login good = alice();
    struct {
        struct sessmgr_login login;
        int error;
    } cases[] = {{good, -EINVAL}, {good, -EINVAL}, {good, -EINVAL},   {good, -EINVAL},
                 {good, -EINVAL}, {good, -EINVAL}, {good, -EMSGSIZE}, {good, -EMSGSIZE}};
    struct sessmgr *handle = open_handle(*state, script);
    struct sessmgr_explanation *explanation = NULL;

    cases[0].login.size--;
    cases[1].login.user = NULL;
    cases[2].login.uid = (uid_t)-1;
    cases[3].login.service = NULL;
    cases[4].login.group_count = 1;
    cases[5].login.user = "\xff";
    cases[6].login.groups = groups;
    cases[6].login.group_count = 65537;
    cases[7].login.groups = groups;
    cases[7].login.group_count = 65536; /* "0," each */
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(sessmgr_explain(handle, &cases[i].login, &explanation), cases[i].error);
    assert_int_equal(sessmgr_explain(handle, NULL, &explanation), -EINVAL);
    assert_int_equal(sessmgr_explain(handle, &good, NULL), -EINVAL);
    assert_null(explanation);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_describe__rule__with_the_session_and_its_copies),
        WITH_DAEMON(test_describe__no_rule__not_known),
        WITH_DAEMON(test_describe__rule_that_is_none__protocol_error),
        WITH_DAEMON(test_extend__time__sent_and_the_new_end_told),
        WITH_DAEMON(test_extend__other_answers__errors),
        WITH_DAEMON(test_extend__wrong_time__refused_without_a_call),
        WITH_DAEMON(test_explain__refused__all_members),
        WITH_DAEMON(test_explain__admitted__no_reason),
        WITH_DAEMON(test_explain__login__sent_as_it_is),
        WITH_DAEMON(test_explain__other_answers__errors),
        WITH_DAEMON(test_explain__login_with_one_thing_wrong__refused_without_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
