/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's keys, as libsessmgr asks for them (libsessmgr/sessmgr.h), against a daemon that
 * follows a script. */
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
#define KEY       "{\"keyId\":\"k-1\",\"algorithm\":\"EdDSA\",\"createdUsec\":1,\"mood\":\"fine\"}"

/* What one call says when the daemon answers it with a reply. */
static int ask(struct fake_daemon *daemon, int (*function)(struct sessmgr *handle, char **ret_text),
               const char *method, const char *reply, char **ret_text)
{
    const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, method}, {FAKE_SEND, reply},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL},  {FAKE_END, NULL},
    };
    struct sessmgr *handle = NULL;
    int r;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(daemon, script);
    r = function(handle, ret_text);
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void test_get_keys__key_set__its_text(void **state)
{
    char *text = NULL;

    assert_int_equal(ask(*state, sessmgr_get_keys, "io.sessmgr.Manager.GetKeys",
                         "{\"parameters\":{\"keys\":[" KEY "],\"jwks\":{\"keys\": []}}}", &text),
                     0);
    assert_string_equal(text, "{\"keys\": []}");
    free(text);
}

static void test_rotate_keys__key__its_id(void **state)
{
    char *text = NULL;

    assert_int_equal(ask(*state, sessmgr_rotate_keys, "io.sessmgr.Manager.RotateKeys",
                         "{\"parameters\":{\"key\":" KEY "}}", &text),
                     0);
    assert_string_equal(text, "k-1");
    free(text);
}

static void test_keys__other_answers__errors_and_no_text(void **state)
{
    static const struct {
        int (*function)(struct sessmgr *handle, char **ret_text);
        const char *reply;
        int error;
    } cases[] = {
        {sessmgr_get_keys, "{}", -EPROTO},
        {sessmgr_get_keys, "{\"parameters\":{\"keys\":[],\"jwks\":\"{}\"}}", -EPROTO},
        {sessmgr_get_keys, FAKE_ERROR("org.varlink.service.MethodNotFound"), -EOPNOTSUPP},
        {sessmgr_rotate_keys, "{}", -EPROTO},
        {sessmgr_rotate_keys, "{\"parameters\":{\"key\":{\"keyId\":\"k-1\"}}}", -EPROTO},
        {sessmgr_rotate_keys, FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
        {sessmgr_rotate_keys, FAKE_ERROR("io.sessmgr.Manager.TooMany"), -E2BIG},
        {sessmgr_rotate_keys, FAKE_ERROR("io.sessmgr.Manager.StoreUnavailable"), -EIO},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char *text = NULL;

        assert_int_equal(ask(*state, cases[i].function, NULL, cases[i].reply, &text),
                         cases[i].error);
        assert_null(text);
    }
}

static void test_keys__nowhere_to_put_them__refused(void **state)
{
    const struct fake_daemon *daemon = *state;
    struct sessmgr *handle = NULL;
    char *text = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    assert_int_equal(sessmgr_get_keys(handle, NULL), -EINVAL);
    assert_int_equal(sessmgr_get_keys(NULL, &text), -EINVAL);
    assert_int_equal(sessmgr_rotate_keys(handle, NULL), -EINVAL);
    assert_int_equal(sessmgr_rotate_keys(NULL, &text), -EINVAL);
    sessmgr_close(handle);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_get_keys__key_set__its_text),
        WITH_DAEMON(test_rotate_keys__key__its_id),
        WITH_DAEMON(test_keys__other_answers__errors_and_no_text),
        WITH_DAEMON(test_keys__nowhere_to_put_them__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
