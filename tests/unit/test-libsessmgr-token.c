/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens of libsessmgr (libsessmgr/sessmgr.h): issuing, exchanging and revoking, against a daemon
 * that follows a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC  UINT64_C(10000000) /* never reached in a test that goes well */
#define SHORT_USEC UINT64_C(300000)

#define ISSUED    "{\"parameters\":{\"token\":\"sms_new\",\"expiresUsec\":77,\"mood\":\"fine\"}}"
#define REFRESHED "{\"parameters\":{\"token\":\"sms_new\",\"refreshToken\":\"smr_new\"}}"

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

static void test_issue__nothing_asked__what_the_policy_gives(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"method\":\"io.sessmgr.Session.IssueToken\",\"parameters\":{}}"},
        {FAKE_SEND, ISSUED},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_token *token = NULL;

    assert_int_equal(sessmgr_issue(handle, NULL, &token), 0);
    assert_string_equal(sessmgr_token_get_access_token(token), "sms_new");
    assert_null(sessmgr_token_get_refresh_token(token));
    assert_int_equal(sessmgr_token_get_expires_usec(token), 77);
    sessmgr_token_free(token);
    sessmgr_token_free(NULL);
    close_handle(*state, handle);
}

static void test_issue__everything_asked__sent(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "\"parameters\":{\"sessionId\":\"0123\",\"kind\":\"jwt\",\"audience\":"
                    "\"backup\",\"scopes\":[\"read\",\"write\"],\"lifetimeSec\":60,"
                    "\"refresh\":true}}"},
        {FAKE_SEND, REFRESHED},
        {FAKE_END, NULL},
    };
    static const char *const scopes[] = {"read", "write"};
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_token_request request = SESSMGR_TOKEN_REQUEST_INIT;
    struct sessmgr_token *token = NULL;

    request.session_id = "0123";
    request.kind = SESSMGR_TOKEN_JWT;
    request.audience = "backup";
    request.scopes = scopes;
    request.scope_count = ELEMENTS(scopes);
    request.lifetime_sec = 60;
    request.refresh = true;
    assert_int_equal(sessmgr_issue(handle, &request, &token), 0);
    assert_string_equal(sessmgr_token_get_refresh_token(token), "smr_new");
    assert_int_equal(sessmgr_token_get_expires_usec(token), -1);
    sessmgr_token_free(token);
    close_handle(*state, handle);
}

static void test_issue__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int error;
    } cases[] = {
        {"{}", -EPROTO},
        {"{\"parameters\":{\"token\":\"\",\"refreshToken\":\"smr_new\"}}", -EPROTO},
        {"{\"parameters\":{\"token\":\"a b\",\"refreshToken\":\"smr_new\"}}", -EPROTO},
        {"{\"parameters\":{\"token\":\"sms_new\",\"refreshToken\":\"\"}}", -EPROTO},
        {"{\"parameters\":{\"token\":7,\"refreshToken\":\"smr_new\"}}", -EPROTO},
        {ISSUED, -EPROTO}, /* a refresh token was asked for */
        {FAKE_ERROR("io.sessmgr.Session.NotAllowedByPolicy"), -EPERM},
        {FAKE_ERROR("io.sessmgr.Session.NotInSession"), -ESRCH},
        {FAKE_ERROR("io.sessmgr.Session.TooMany"), -E2BIG},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
    };
    struct sessmgr_token_request request = SESSMGR_TOKEN_REQUEST_INIT;

    request.refresh = true;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = {
            {FAKE_ACCEPT, NULL},
            {FAKE_READ, NULL},
            {FAKE_SEND, cases[i].reply},
            {FAKE_END, NULL},
        };
        struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
        struct sessmgr_token *token = NULL;

        assert_int_equal(sessmgr_issue(handle, &request, &token), cases[i].error);
        assert_null(token);
        close_handle(*state, handle);
    }
}

static void test_issue__wrong_arguments__refused_without_a_call(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    static const struct sessmgr_token_request good = SESSMGR_TOKEN_REQUEST_INIT;
    static const char *const hole[] = {"read", NULL};
    struct sessmgr *handle = open_handle(*state, SHORT_USEC, script);
    struct sessmgr_token_request bad[7];
    struct sessmgr_token *token = NULL;

    for (size_t i = 0; i < ELEMENTS(bad); i++)
        bad[i] = good;
    bad[0].size += sizeof(void *);
    bad[1].kind = 2;
    bad[2].kind = -2;
    bad[3].lifetime_sec = -2;
    bad[4].scope_count = 1;
    bad[5].scopes = hole;
    bad[5].scope_count = ELEMENTS(hole);
    bad[6].audience = "\xff";
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        assert_int_equal(sessmgr_issue(handle, &bad[i], &token), -EINVAL);
    assert_int_equal(sessmgr_issue(NULL, NULL, &token), -EINVAL);
    assert_int_equal(sessmgr_issue(handle, NULL, NULL), -EINVAL);
    assert_null(token);
    close_handle(*state, handle);
}

static void test_issue__no_answer__times_out_and_is_not_repeated(void **state)
{
    static const struct fake_step silent[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},  {FAKE_END, NULL},
    };
    static const struct fake_step hung_up[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_CLOSE, NULL}, {FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, SHORT_USEC, silent);
    struct sessmgr_token *token = NULL;

    assert_int_equal(sessmgr_issue(handle, NULL, &token), -ETIMEDOUT);
    close_handle(*state, handle);
    handle = open_handle(*state, LONG_USEC, hung_up);
    assert_int_equal(sessmgr_issue(handle, NULL, &token), -ECONNRESET);
    assert_null(token);
    close_handle(*state, handle);
}

static void test_issue__afterwards__no_token_in_the_buffers(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_SEND, ISSUED}, {FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_token *token = NULL;

    assert_int_equal(sessmgr_issue(handle, NULL, &token), 0);
    sessmgr_token_free(token);
    for (size_t i = 0; i < sizeof(ISSUED); i++)
        assert_int_equal(handle->connection.input[i], 0);
    close_handle(*state, handle);
}

static void test_refresh__callers_request_id__sent_and_not_repeated(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "{\"refreshToken\":\"smr_old\",\"requestId\":\"mine\"}"},
        {FAKE_SEND, REFRESHED},
        {FAKE_READ, "mine"},
        {FAKE_CLOSE, NULL},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_token *token = NULL;

    assert_int_equal(sessmgr_refresh(handle, "smr_old", "mine", &token), 0);
    assert_string_equal(sessmgr_token_get_access_token(token), "sms_new");
    assert_string_equal(sessmgr_token_get_refresh_token(token), "smr_new");
    sessmgr_token_free(token);
    token = NULL;
    assert_int_equal(sessmgr_refresh(handle, "smr_old", "mine", &token), -ECONNRESET);
    assert_null(token);
    close_handle(*state, handle);
}

static void test_refresh__daemon_restarts_in_the_middle__same_request_again(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, "\"requestId\":\""},
        {FAKE_AWAY, NULL},   {FAKE_CLOSE, NULL},
        {FAKE_BACK, NULL},   {FAKE_ACCEPT, NULL},
        {FAKE_AGAIN, NULL},  {FAKE_RAW, "{\"parameters\":{"},
        {FAKE_CLOSE, NULL},  {FAKE_ACCEPT, NULL},
        {FAKE_RESET, NULL},  {FAKE_ACCEPT, NULL},
        {FAKE_AGAIN, NULL},  {FAKE_SEND, REFRESHED},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
    struct sessmgr_token *token = NULL;

    assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, &token), 0);
    assert_string_equal(sessmgr_token_get_access_token(token), "sms_new");
    sessmgr_token_free(token);
    close_handle(*state, handle);
}

static void test_refresh__daemon_does_not_come_back__unknown_and_not_refused(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_AWAY, NULL},
        {FAKE_CLOSE, NULL},  {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, SHORT_USEC, script);
    struct sessmgr_token *token = NULL;

    assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, &token), -ECONNRESET);
    assert_null(token);
    close_handle(*state, handle);
}

static void test_refresh__daemon_not_there__refused_at_once(void **state)
{
    static const struct fake_step script[] = {{FAKE_AWAY, NULL}, {FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, UINT64_MAX, script);
    struct sessmgr_token *token = NULL;

    assert_null(fake_finish(*state));
    assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, &token), -ECONNREFUSED);
    assert_null(token);
    close_handle(*state, handle);
}

static void test_refresh__twice_by_itself__two_request_ids(void **state)
{
    static const struct fake_step first[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL}, {FAKE_SEND, REFRESHED}, {FAKE_END, NULL}};
    static const struct fake_step second[] = {
        {FAKE_READ, NULL}, {FAKE_SEND, REFRESHED}, {FAKE_END, NULL}};
    struct fake_daemon *daemon = *state;
    struct sessmgr *handle = open_handle(daemon, LONG_USEC, first);
    struct sessmgr_token *token = NULL;
    char *call;

    assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, &token), 0);
    sessmgr_token_free(token);
    assert_null(fake_finish(daemon));
    call = TAKE_PTR(daemon->call);
    fake_start(daemon, second);
    assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, &token), 0);
    sessmgr_token_free(token);
    close_handle(daemon, handle);
    assert_int_equal(strlen(call), strlen(daemon->call));
    assert_string_not_equal(call, daemon->call);
    free(call);
}

static void test_refresh__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int error;
    } cases[] = {
        {ISSUED, -EPROTO}, /* the successor is missing */
        {"{\"parameters\":{\"refreshToken\":\"smr_new\"}}", -EPROTO},
        {FAKE_ERROR("io.sessmgr.Session.InvalidToken"), -EKEYREJECTED},
        {FAKE_ERROR("io.sessmgr.Session.StoreUnavailable"), -EIO},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = {
            {FAKE_ACCEPT, NULL},
            {FAKE_READ, NULL},
            {FAKE_SEND, cases[i].reply},
            {FAKE_END, NULL},
        };
        struct sessmgr *handle = open_handle(*state, LONG_USEC, script);
        struct sessmgr_token *token = NULL;

        assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, &token), cases[i].error);
        assert_null(token);
        close_handle(*state, handle);
    }
}

static void test_refresh__wrong_arguments__refused_without_a_call(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};
    struct sessmgr *handle = open_handle(*state, SHORT_USEC, script);
    struct sessmgr_token *token = NULL;
    char id[130];

    memset(id, 'x', sizeof(id));
    id[129] = '\0';
    assert_int_equal(sessmgr_refresh(NULL, "smr_old", NULL, &token), -EINVAL);
    assert_int_equal(sessmgr_refresh(handle, NULL, NULL, &token), -EINVAL);
    assert_int_equal(sessmgr_refresh(handle, "smr_old", NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_refresh(handle, "smr_old", id, &token), -EINVAL);
    assert_int_equal(sessmgr_refresh(handle, "smr_old", "", &token), -EINVAL);
    assert_int_equal(sessmgr_refresh(handle, "no token", NULL, &token), -EKEYREJECTED);
    id[128] = '\0'; /* the longest: it is sent, and nobody answers */
    assert_int_equal(sessmgr_refresh(handle, "smr_old", id, &token), -ETIMEDOUT);
    assert_null(token);
    close_handle(*state, handle);
}

static void test_revoke__each_answer__its_result(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ,
         "{\"method\":\"io.sessmgr.Session.Revoke\",\"parameters\":{\"token\":\"sms_a\"}"},
        {FAKE_SEND, "{}"},
        {FAKE_READ, "Revoke"},
        {FAKE_SEND, FAKE_ERROR("io.sessmgr.Session.StoreUnavailable")},
        {FAKE_END, NULL},
    };
    struct sessmgr *handle = open_handle(*state, LONG_USEC, script);

    assert_int_equal(sessmgr_revoke(handle, "sms_a"), 0);
    assert_int_equal(sessmgr_revoke(handle, "sms_a"), -EIO);
    assert_int_equal(sessmgr_revoke(handle, "no token"), 0);
    assert_int_equal(sessmgr_revoke(handle, NULL), -EINVAL);
    assert_int_equal(sessmgr_revoke(NULL, "sms_a"), -EINVAL);
    close_handle(*state, handle);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_issue__nothing_asked__what_the_policy_gives),
        WITH_DAEMON(test_issue__everything_asked__sent),
        WITH_DAEMON(test_issue__other_answers__errors),
        WITH_DAEMON(test_issue__wrong_arguments__refused_without_a_call),
        WITH_DAEMON(test_issue__no_answer__times_out_and_is_not_repeated),
        WITH_DAEMON(test_issue__afterwards__no_token_in_the_buffers),
        WITH_DAEMON(test_refresh__callers_request_id__sent_and_not_repeated),
        WITH_DAEMON(test_refresh__daemon_restarts_in_the_middle__same_request_again),
        WITH_DAEMON(test_refresh__daemon_does_not_come_back__unknown_and_not_refused),
        WITH_DAEMON(test_refresh__daemon_not_there__refused_at_once),
        WITH_DAEMON(test_refresh__twice_by_itself__two_request_ids),
        WITH_DAEMON(test_refresh__other_answers__errors),
        WITH_DAEMON(test_refresh__wrong_arguments__refused_without_a_call),
        WITH_DAEMON(test_revoke__each_answer__its_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
