/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validations of libsessmgr (libsessmgr/sessmgr.h), against a daemon that follows a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/macro.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC  UINT64_C(10000000) /* never reached in a test that goes well */
#define SHORT_USEC UINT64_C(100000)

#define TOKEN    "sms_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ"
#define WHOSE    "\"sessionId\":\"" FAKE_ID "\",\"user\":\"alice\",\"uid\":1000"
#define ACTIVE   "{\"parameters\":{\"active\":true," WHOSE "}}"
#define INACTIVE "{\"parameters\":{\"active\":false}}"

/* What a validation says while the daemon follows a script. */
static int validate(struct fake_daemon *daemon, const struct fake_step *script,
                    uint64_t timeout_usec, const struct sessmgr_expectation *expectation)
{
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;
    int r;

    assert_int_equal(sessmgr_open(&handle, daemon->path, timeout_usec), 0);
    fake_start(daemon, script);
    r = sessmgr_validate(handle, TOKEN, expectation, &validation);
    if (r == 1)
        assert_string_equal(sessmgr_validation_get_session_id(validation), FAKE_ID);
    else
        assert_null(validation);
    sessmgr_validation_free(validation);
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static int validate_answered(struct fake_daemon *daemon, const char *reply)
{
    const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  {FAKE_SEND, reply},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL}, {FAKE_END, NULL},
    };

    return validate(daemon, script, LONG_USEC, NULL);
}

static void test_validate__active_with_everything__all_read(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"parameters\":{\"token\":\"" TOKEN "\"}"},
        {FAKE_SEND, "{\"parameters\":{\"active\":true," WHOSE ",\"scopes\":[\"read\",\"write\"],"
                    "\"audience\":\"backup\",\"expiresUsec\":77,\"mood\":\"fine\"}}"},
        {FAKE_END, NULL},
    };
    const struct fake_daemon *daemon = *state;
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(*state, script);
    assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, &validation), 1);
    sessmgr_close(handle);
    assert_string_equal(sessmgr_validation_get_session_id(validation), FAKE_ID);
    assert_string_equal(sessmgr_validation_get_user(validation), "alice");
    assert_int_equal(sessmgr_validation_get_uid(validation), 1000);
    assert_string_equal(sessmgr_validation_get_audience(validation), "backup");
    assert_int_equal(sessmgr_validation_get_expires_usec(validation), 77);
    assert_int_equal(sessmgr_validation_get_scope_count(validation), 2);
    assert_string_equal(sessmgr_validation_get_scope(validation, 1), "write");
    assert_null(sessmgr_validation_get_scope(validation, 2));
    assert_true(sessmgr_validation_has_scope(validation, "read"));
    assert_false(sessmgr_validation_has_scope(validation, "rea"));
    sessmgr_validation_free(validation);
    assert_null(fake_finish(*state));
}

static void test_validate__active_without_the_rest__absent(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_SEND, ACTIVE}, {FAKE_END, NULL}};
    const struct fake_daemon *daemon = *state;
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(*state, script);
    assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, &validation), 1);
    assert_null(sessmgr_validation_get_audience(validation));
    assert_int_equal(sessmgr_validation_get_expires_usec(validation), -1);
    assert_int_equal(sessmgr_validation_get_scope_count(validation), 0);
    assert_false(sessmgr_validation_has_scope(validation, "read"));
    sessmgr_validation_free(validation);
    sessmgr_validation_free(NULL);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_validate__everything_expected__sent(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"method\":\"io.sessmgr.Session.Validate\",\"parameters\":{\"token\":\"" TOKEN
                    "\",\"scope\":\"read write\",\"audience\":\"backup\",\"uid\":1000,\"touch\":"
                    "true}}"},
        {FAKE_SEND, ACTIVE},
        {FAKE_END, NULL},
    };
    struct sessmgr_expectation expectation = SESSMGR_EXPECTATION_INIT;

    expectation.scope = "read write";
    expectation.audience = "backup";
    expectation.uid = 1000;
    expectation.touch = true;
    assert_int_equal(validate(*state, script, LONG_USEC, &expectation), 1);
}

static void test_validate__another_users_than_expected__protocol_error(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, "\"uid\":0"}, {FAKE_SEND, ACTIVE}, {FAKE_END, NULL}};
    struct sessmgr_expectation expectation = SESSMGR_EXPECTATION_INIT;

    expectation.uid = 0;
    assert_int_equal(validate(*state, script, LONG_USEC, &expectation), -EPROTO);
}

static void test_validate__answers__active_inactive_or_unknown(void **state)
{
    static const struct {
        const char *reply;
        int result;
    } cases[] = {
        {ACTIVE, 1},
        {INACTIVE, 0},
        {"{\"parameters\":{\"active\":false," WHOSE "}}", 0},
        {FAKE_ERROR("io.sessmgr.Session.Unknown"), -EAGAIN},
        {FAKE_ERROR("io.sessmgr.Session.Tomorrow"), -EREMOTEIO},
        {FAKE_ERROR("org.varlink.service.InvalidParameter"), -EINVAL},
        {FAKE_ERROR("org.varlink.service.MethodNotFound"), -EOPNOTSUPP},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
        {"{}", -EPROTO},
        {"garbage", -EPROTO},
        {"{\"parameters\":{\"active\":1}}", -EPROTO},
        {"{\"parameters\":{\"active\":\"true\"," WHOSE "}}", -EPROTO},
        {"{\"parameters\":{\"active\":true}}", -EPROTO},
        {"{\"parameters\":{\"active\":true,\"sessionId\":\"" FAKE_ID "\",\"user\":\"a\"}}",
         -EPROTO},
        {"{\"parameters\":{\"active\":true,\"sessionId\":\"" FAKE_ID "\",\"uid\":1}}", -EPROTO},
        {"{\"parameters\":{\"active\":true,\"user\":\"a\",\"uid\":1}}", -EPROTO},
        {"{\"parameters\":{\"active\":true,\"sessionId\":\"0123\",\"user\":\"a\",\"uid\":1}}",
         -EPROTO},
        {"{\"parameters\":{\"active\":true,\"sessionId\":\"" FAKE_ID "\",\"user\":\"a\","
         "\"uid\":4294967295}}",
         -EPROTO},
        {"{\"parameters\":{\"active\":true," WHOSE ",\"scopes\":\"read\"}}", -EPROTO},
        {"{\"continues\":true,\"parameters\":{\"active\":true," WHOSE "}}", -EPROTO},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(validate_answered(*state, cases[i].reply), cases[i].result);
}

static void test_validate__no_answer__times_out(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  {FAKE_RAW, "{\"parameters\":{\"active\":tr"},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL}, {FAKE_END, NULL},
    };

    assert_int_equal(validate(*state, script, SHORT_USEC, NULL), -ETIMEDOUT);
}

static void test_validate__daemon_away__unknown(void **state)
{
    static const struct fake_step gone[] = {{FAKE_AWAY, NULL}, {FAKE_END, NULL}};
    static const struct fake_step hung_up[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_CLOSE, NULL}, {FAKE_END, NULL}};
    struct fake_daemon *daemon = *state;

    assert_int_equal(validate(daemon, hung_up, LONG_USEC, NULL), -ECONNRESET);
    fake_start(daemon, gone);
    assert_null(fake_finish(daemon));
    daemon->script = (const struct fake_step[]){{FAKE_END, NULL}};
    assert_int_equal(validate(daemon, daemon->script, LONG_USEC, NULL), -ECONNREFUSED);
}

/* Whoever presents a token must not be able to turn "not good" into an error. */
static void test_validate__what_cannot_be_a_token__inactive_without_a_call(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    const struct fake_daemon *daemon = *state;
    char *large = test_malloc(70000);
    const char *const texts[] = {"", "sms_\xff", "sms_\xc3\xa4", "a b", "a\n", "\"", large};
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;

    memset(large, 'x', 70000);
    large[69999] = '\0';
    assert_int_equal(sessmgr_open(&handle, daemon->path, SHORT_USEC), 0);
    fake_start(*state, script);
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_int_equal(sessmgr_validate(handle, texts[i], NULL, &validation), 0);
    assert_null(validation);
    large[8192] = '\0'; /* the longest that there can be: it is asked about, and nobody answers */
    assert_int_equal(sessmgr_validate(handle, large, NULL, &validation), -ETIMEDOUT);
    test_free(large);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_validate__wrong_arguments__refused_without_a_call(void **state)
{
    static const struct sessmgr_expectation good = SESSMGR_EXPECTATION_INIT;
    const struct fake_daemon *daemon = *state;
    struct sessmgr_expectation bad[7];
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;

    for (size_t i = 0; i < ELEMENTS(bad); i++)
        bad[i] = good;
    bad[0].size += sizeof(void *);
    bad[1].size = 0;
    bad[2].uid = -2;
    bad[3].uid = (uid_t)-1;
    bad[4].scope = "";
    bad[5].scope = "  ";
    bad[6].audience = "";
    assert_int_equal(sessmgr_open(&handle, daemon->path, SHORT_USEC), 0);
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        assert_int_equal(sessmgr_validate(handle, TOKEN, &bad[i], &validation), -EINVAL);
    assert_int_equal(sessmgr_validate(NULL, TOKEN, NULL, &validation), -EINVAL);
    assert_int_equal(sessmgr_validate(handle, NULL, NULL, &validation), -EINVAL);
    assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, NULL), -EINVAL);
    assert_null(validation);
    sessmgr_close(handle);
}

static void test_validate__daemon_restarts_between_calls__asked_again(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  {FAKE_SEND, ACTIVE}, {FAKE_READ, NULL},
        {FAKE_SEND, ACTIVE}, {FAKE_CLOSE, NULL}, {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},
        {FAKE_SEND, ACTIVE}, {FAKE_END, NULL},
    };
    const struct fake_daemon *daemon = *state;
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(*state, script);
    for (int i = 0; i < 3; i++) {
        struct sessmgr_validation *validation = NULL;

        assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, &validation), 1);
        sessmgr_validation_free(validation);
    }
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_validate__after_fork__child_connects_by_itself(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},   {FAKE_SEND, ACTIVE},
        {FAKE_SWAP, NULL}, /* the parent's connection stays open */
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},   {FAKE_SEND, INACTIVE},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL},  {FAKE_SWAP, NULL},
        {FAKE_READ, NULL},   {FAKE_SEND, ACTIVE}, {FAKE_END, NULL},
    };
    const struct fake_daemon *daemon = *state;
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;
    int status = -1;
    pid_t child;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(*state, script);
    assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, &validation), 1);
    sessmgr_validation_free(validation);
    child = fork();
    if (child == 0)
        _exit(sessmgr_validate(handle, TOKEN, NULL, &validation) == 0 ? 42 : 1);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, &validation), 1);
    sessmgr_validation_free(validation);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

/* Longer by far than the answer, which overwrites the beginning of the parameters. */
static void test_validate__afterwards__no_token_in_the_buffers(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, TOKEN}, {FAKE_SEND, INACTIVE}, {FAKE_END, NULL}};
    const struct fake_daemon *daemon = *state;
    struct sessmgr_validation *validation = NULL;
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(*state, script);
    assert_int_equal(sessmgr_validate(handle, TOKEN, NULL, &validation), 0);
    assert_null(fake_finish(*state));
    for (size_t i = 0; i < strlen(daemon->call) + 1; i++)
        assert_int_equal(handle->connection.output[i], 0);
    for (size_t i = 0; i < strlen("{\"token\":\"" TOKEN "\"}"); i++)
        assert_int_equal(handle->connection.input[i], 0);
    sessmgr_close(handle);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_validate__active_with_everything__all_read),
        WITH_DAEMON(test_validate__active_without_the_rest__absent),
        WITH_DAEMON(test_validate__everything_expected__sent),
        WITH_DAEMON(test_validate__another_users_than_expected__protocol_error),
        WITH_DAEMON(test_validate__answers__active_inactive_or_unknown),
        WITH_DAEMON(test_validate__no_answer__times_out),
        WITH_DAEMON(test_validate__daemon_away__unknown),
        WITH_DAEMON(test_validate__what_cannot_be_a_token__inactive_without_a_call),
        WITH_DAEMON(test_validate__wrong_arguments__refused_without_a_call),
        WITH_DAEMON(test_validate__daemon_restarts_between_calls__asked_again),
        WITH_DAEMON(test_validate__after_fork__child_connects_by_itself),
        WITH_DAEMON(test_validate__afterwards__no_token_in_the_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
