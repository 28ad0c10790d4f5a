/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libsessmgr says of the daemon's policy (libsessmgr/sessmgr.h): the rule of a session,
 * against a daemon that follows a script. */
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

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_describe__rule__with_the_session_and_its_copies),
        WITH_DAEMON(test_describe__no_rule__not_known),
        WITH_DAEMON(test_describe__rule_that_is_none__protocol_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
