/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sessmgrctl whoami`, `show` and `context` (ctl/command-whoami.c, command-show.c,
 * command-context.c), against a daemon that follows a script. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"

#define OWN  "{\"method\":\"io.sessmgr.Session.Describe\",\"parameters\":{}}"
#define THAT "io.sessmgr.Session.Describe\",\"parameters\":{\"sessionId\":\"0123\"}}"
#define SET  "{\"method\":\"io.sessmgr.Session.SetContext\",\"parameters\":"
#define DONE "{\"parameters\":{}}"

static struct ctl_result run_words(struct fake_daemon *daemon, command_function *command,
                                   const char *first, const char *second,
                                   const struct fake_step *script)
{
    const struct ctl_run run = {.command = command, .words = {first, second}, .script = script};
    static struct ctl_result result;

    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

static void test_whoami__in_a_session__in_short(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(OWN, FAKE_DESCRIBED("{\"sessionId\":\"" FAKE_ID "\"," FAKE_HEAD "," FAKE_PLACE
                                       "," FAKE_LIFE ",\"policy\":\"default\",\"context\":{},"
                                       "\"deadlineUsec\":1700000060000000,"
                                       "\"scopes\":[\"read\",\"w\\u202er\"]}"));
    const struct ctl_result result = run_words(*state, command_whoami, NULL, NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, " Session: " FAKE_ID "\n"
                                    "    User: alice\n"
                                    "     UID: 1000\n"
                                    " Service: sshd\n"
                                    "   State: active\n"
                                    "   Since: Tue 2023-11-14 22:13:20 UTC\n"
                                    "Deadline: Tue 2023-11-14 22:14:20 UTC\n"
                                    "  Scopes: read\n"
                                    "        : w\\u202er\n");
}

static void test_whoami__json__the_whole_session(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(OWN, FAKE_DESCRIBED(FAKE_SESSION_FULL));
    const struct ctl_result result =
        run_words(*state, command_whoami, "--json=short", NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, FAKE_SESSION_FULL "\n");
}

static void test_whoami__no_session__told_why(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {FAKE_ERROR("io.sessmgr.Session.NotInSession"), CODE_NO_SESSION, "belongs to no session"},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), CODE_FAILED, "Permission denied"},
        {NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(OWN, cases[i].reply);
        const struct ctl_result result =
            run_words(*state, command_whoami, NULL, NULL, cases[i].reply ? script : NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

static void test_show__newer_members__printed(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(THAT, FAKE_DESCRIBED(FAKE_SESSION_FULL));
    const struct ctl_result result = run_words(*state, command_show, "--no-pager", "0123", script);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, " Last activity: Thu 1970-01-01 00:00:00 UTC ("));
    assert_non_null(strstr(result.out, "        Scopes: read\n"
                                       "              : write\n"));
    assert_non_null(strstr(result.out, "       Context: ticket=42\n"));
}

static void test_show__older_daemon__without_them(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(THAT, FAKE_DESCRIBED(FAKE_SESSION));
    const struct ctl_result result = run_words(*state, command_show, "--no-pager", "0123", script);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, FAKE_ID));
    assert_null(strstr(result.out, "Last activity"));
    assert_null(strstr(result.out, "Scopes"));
}

static void test_context__no_arguments__lines_of_the_session(void **state)
{
    static const struct {
        const char *option;
        const char *call;
    } cases[] = {{NULL, OWN}, {"--session=0123", THAT}};

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] =
            CTL_ANSWER(cases[i].call, FAKE_DESCRIBED(FAKE_SESSION_FULL));
        const struct ctl_result result =
            run_words(*state, command_context, cases[i].option, NULL, script);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, "ticket=42\na=b\n");
    }
}

static void test_context__entries__set(void **state)
{
    static const struct {
        const char *words[2];
        const char *parameters;
    } cases[] = {
        {{"a=b"}, "{\"context\":{\"a\":\"b\"}}}"},
        {{"a="}, "{\"context\":{\"a\":\"\"}}}"},
        {{"a=b=c", "d= e"}, "{\"context\":{\"a\":\"b=c\",\"d\":\" e\"}}}"},
        {{"a=b", "aa=b"}, "{\"context\":{\"a\":\"b\",\"aa\":\"b\"}}}"},
        {{"--session=0123", "a=\xc3\xa4"},
         "{\"sessionId\":\"0123\",\"context\":{\"a\":\"\xc3\xa4\"}}}"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char wanted[256];
        const struct fake_step script[] = CTL_ANSWER(wanted, DONE);
        struct ctl_result result;

        (void)snprintf(wanted, sizeof(wanted), SET "%s", cases[i].parameters);
        result = run_words(*state, command_context, cases[i].words[0], cases[i].words[1], script);
        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, "");
        assert_string_equal(result.err, "");
    }
}

static void test_context__longest_entry__set_and_one_byte_more_wrong_usage(void **state)
{
    static const struct fake_step sent[] = CTL_ANSWER(SET, DONE);
    static const struct fake_step silence[] = CTL_SILENCE;
    static const struct {
        int key, value;
        const struct fake_step *script;
        int code;
    } cases[] = {
        {64, 256, sent, CODE_OK}, {65, 256, silence, CODE_USAGE}, {64, 257, silence, CODE_USAGE}};

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char entry[400];
        struct ctl_result result;

        (void)snprintf(entry, sizeof(entry), "%0*d=%0*d", cases[i].key, 0, cases[i].value, 0);
        result = run_words(*state, command_context, entry, NULL, cases[i].script);
        assert_int_equal(result.code, cases[i].code);
    }
}

static void test_context__wrong_entry__wrong_usage_without_a_call(void **state)
{
    static const char *const entries[][2] = {
        {"a"},
        {""},
        {"=b"},
        {"a=1", "a=2"},
        {"a=1", "b"},
        {"a=b\n"},
        {"a\x7f=b"},
        {"a=\x1b[2J"},
        {"a=\xc2\x9b"}, /* U+009B, which begins a command of a terminal, too */
        {"a=\xff"},
        {"\xc3=b"},
        {"--session=", "a=b"},
    };
    static const struct fake_step script[] = CTL_SILENCE;

    for (size_t i = 0; i < ELEMENTS(entries); i++) {
        const struct ctl_result result =
            run_words(*state, command_context, entries[i][0], entries[i][1], script);

        assert_int_equal(result.code, CODE_USAGE);
        assert_string_equal(result.out, "");
        assert_null(strchr(result.err, 0x1b));
        assert_null(strstr(result.err, "\xc2\x9b"));
    }
}

static void test_context__refused__told_why(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        int code;
    } cases[] = {
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), CODE_FAILED},
        {FAKE_ERROR("io.sessmgr.Session.TooMany"), CODE_FAILED},
        {FAKE_ERROR("io.sessmgr.Session.NotInSession"), CODE_NO_SESSION},
        {NULL, CODE_UNREACHABLE},
    };

    for (size_t i = 0; i < 2 * ELEMENTS(cases); i++) { /* to be set, and to be shown */
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i / 2].reply);
        const struct ctl_result result = run_words(*state, command_context, i % 2 ? "a=b" : NULL,
                                                   NULL, cases[i / 2].reply ? script : NULL);

        assert_int_equal(result.code, cases[i / 2].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, "sessmgrctl: context: "));
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_whoami__in_a_session__in_short),
        WITH_DAEMON(test_whoami__json__the_whole_session),
        WITH_DAEMON(test_whoami__no_session__told_why),
        WITH_DAEMON(test_show__newer_members__printed),
        WITH_DAEMON(test_show__older_daemon__without_them),
        WITH_DAEMON(test_context__no_arguments__lines_of_the_session),
        WITH_DAEMON(test_context__entries__set),
        WITH_DAEMON(test_context__longest_entry__set_and_one_byte_more_wrong_usage),
        WITH_DAEMON(test_context__wrong_entry__wrong_usage_without_a_call),
        WITH_DAEMON(test_context__refused__told_why),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
