/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sessmgrctl finds the session that it is to end (ctl/command-terminate.c), against a daemon
 * that follows a script. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define TERMINATE                                                   \
    "{\"method\":\"io.sessmgr.Session.Terminate\",\"parameters\":{" \
    "\"filter\":{\"sessionId\":\"0123\"}},\"more\":true}"
#define DESCRIBE                                                   \
    "{\"method\":\"io.sessmgr.Session.Describe\",\"parameters\":{" \
    "\"sessionId\":\"0123\"}}"
#define NONE      FAKE_ERROR("io.sessmgr.Session.NoSuchSession")
#define AMBIGUOUS FAKE_ERROR("io.sessmgr.Session.AmbiguousSession")
#define DENIED    FAKE_ERROR("org.varlink.service.PermissionDenied")
#define IN_STATE(state, more)                                                         \
    FAKE_DESCRIBED("{\"sessionId\":\"" FAKE_ID "\"," FAKE_HEAD "," FAKE_PLACE         \
                   ",\"state\":\"" state "\",\"durable\":true,\"openedUsec\":1," more \
                   "\"policy\":\"default\",\"context\":{}}")

/* `terminate 0123` against a daemon that follows the script. */
static enum exit_code terminate(struct fake_daemon *daemon, const struct fake_step *script)
{
    const struct options options = {.json = JSON_OFF};
    char argument[] = "0123";
    char *const arguments[] = {argument};
    struct sessmgr *handle = NULL;
    enum exit_code code;

    fake_start(daemon, script);
    assert_int_equal(sessmgr_open(&handle, daemon->path, UINT64_C(10000000)), 0);
    code = command_terminate(handle, &options, arguments, ELEMENTS(arguments));
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return code;
}

/* An ended session with the same beginning is not asked about, and so stands in nobody's way. */
static void test_command_terminate__prefix__looked_up_by_terminate_alone(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, TERMINATE},
        {FAKE_SEND, "{\"parameters\":{\"sessions\":[\"" FAKE_ID "\"]}}"},
        {FAKE_WAIT, NULL},
        {FAKE_END, NULL},
    };

    assert_int_equal(terminate(*state, script), CODE_OK);
}

static void test_command_terminate__several_live_ones__ambiguous(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, TERMINATE}, {FAKE_SEND, AMBIGUOUS},
        {FAKE_WAIT, NULL},   {FAKE_END, NULL},
    };

    assert_int_equal(terminate(*state, script), CODE_AMBIGUOUS);
}

static void test_command_terminate__nothing_to_end__told_why(void **state)
{
    static const struct {
        const char *described;
        enum exit_code code;
    } cases[] = {
        {NONE, CODE_NO_SESSION},
        {AMBIGUOUS, CODE_NO_SESSION},
        {DENIED, CODE_FAILED},
        {IN_STATE("active", ""), CODE_FAILED},
        {IN_STATE("ending", ""), CODE_NO_SESSION},
        {IN_STATE("ended", "\"endedUsec\":2,\"endReason\":\"logout\","), CODE_NO_SESSION},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = {
            {FAKE_ACCEPT, NULL},
            {FAKE_READ, TERMINATE},
            {FAKE_SEND, NONE},
            {FAKE_READ, DESCRIBE},
            {FAKE_SEND, cases[i].described},
            {FAKE_WAIT, NULL},
            {FAKE_CLOSE, NULL},
            {FAKE_END, NULL},
        };

        assert_int_equal(terminate(*state, script), cases[i].code);
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_command_terminate__prefix__looked_up_by_terminate_alone),
        WITH_DAEMON(test_command_terminate__several_live_ones__ambiguous),
        WITH_DAEMON(test_command_terminate__nothing_to_end__told_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
