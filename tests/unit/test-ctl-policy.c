/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sessmgrctl says of the policy: `extend`, `explain`, `show` and `list` (ctl/command-*.c),
 * against a daemon that follows a script. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"

#define DENIED FAKE_ERROR("org.varlink.service.PermissionDenied")

#define SETTINGS                                                                      \
    "{\"LifetimeSec\":{\"value\":\"8h\",\"file\":\"/etc/p/staff.conf\",\"line\":12}," \
    "\"Hours\":{\"value\":\"\"},\"Message\":{\"value\":\"Say "                        \
    "\\\"hi\\\"\\u001b\xe2\x80\xae\",\"file\":"                                       \
    "\"/etc/s\"}}"
#define TABLE                                                   \
    "KEY          VALUE                 FROM\n"                 \
    "LifetimeSec  8h                    /etc/p/staff.conf:12\n" \
    "Hours        -                     default\n"              \
    "Message      Say \"hi\"\\u001b\\u202e  /etc/s\n"

static struct ctl_result run(struct fake_daemon *daemon, command_function *command,
                             const struct fake_step *script, const char *one, const char *two,
                             const char *three)
{
    const struct ctl_run run = {.command = command, .words = {one, two, three}, .script = script};
    static struct ctl_result result;

    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

/* --- extend */

#define EXTEND   "io.sessmgr.Session.Extend\",\"parameters\":"
#define EXTENDED "{\"parameters\":{\"deadlineUsec\":1700000060000000}}"

static void test_extend__time_and_session__asked_for_and_the_end_told(void **state)
{
    static const struct {
        const char *words[2];
        const char *wanted;
    } cases[] = {
        {{NULL}, EXTEND "{}"},
        {{"90"}, EXTEND "{\"seconds\":90}"},
        {{"1h 30min"}, EXTEND "{\"seconds\":5400}"},
        {{"--session=0123", "30min"}, EXTEND "{\"sessionId\":\"0123\",\"seconds\":1800}"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(cases[i].wanted, EXTENDED);
        const struct ctl_result result =
            run(*state, command_extend, script, cases[i].words[0], cases[i].words[1], NULL);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out,
                            "The session ends at Tue 2023-11-14 22:14:20 UTC, ending now.\n");
    }
}

static void test_extend__json__the_new_end(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(EXTEND, EXTENDED);
    const struct ctl_result result =
        run(*state, command_extend, script, "--json=short", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "{\"deadlineUsec\":1700000060000000}\n");
}

static void test_extend__no_time__wrong_usage_without_a_call(void **state)
{
    static const char *const times[] = {"", "0", "-5", "soon", "1h,5min", "\x1b[2J"};
    static const struct fake_step script[] = CTL_SILENCE;

    for (size_t i = 0; i < ELEMENTS(times); i++) {
        const struct ctl_result result = run(*state, command_extend, script, "--", times[i], NULL);

        assert_int_equal(result.code, CODE_USAGE);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, "extend takes a time above 0"));
        assert_null(strchr(result.err, 0x1b));
    }
}

static void test_extend__refused__told_why(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {"{\"error\":\"io.sessmgr.Session.NotAllowedByPolicy\",\"parameters\":{\"rule\":"
         "\"Extend\"}}",
         CODE_FAILED, "policy does not permit it: Extend"},
        {FAKE_ERROR("io.sessmgr.Session.NoSuchSession"), CODE_NO_SESSION, "No such session"},
        {DENIED, CODE_FAILED, "Permission denied"},
        {"{}", CODE_FAILED, "makes no sense"},
        {NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_result result =
            run(*state, command_extend, cases[i].reply ? script : NULL, NULL, NULL, NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

/* --- explain */

#define EXPLAIN "io.sessmgr.Manager.Explain\",\"parameters\":"
#define ADMITTED                                                                                 \
    "{\"admitted\":true,\"tracked\":true,\"policy\":\"default\",\"file\":\"/etc/s\",\"line\":0," \
    "\"settings\":" SETTINGS ",\"evicts\":[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"]}"
#define REFUSED                                                                                  \
    "{\"admitted\":false,\"tracked\":true,\"reason\":\"hours\",\"message\":\"Not\\u001b now.\"," \
    "\"policy\":\"staff\",\"file\":\"/etc/p/staff.conf\",\"line\":3,\"settings\":{},"            \
    "\"evicts\":[]}"

static void test_explain__admitted__who_makes_room_and_all_settings(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(EXPLAIN, "{\"parameters\":" ADMITTED "}");
    const struct ctl_result result = run(*state, command_explain, script, "root", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "Admitted    yes\n"
                                    "Tracked     yes\n"
                                    "Policy      default (/etc/s)\n"
                                    "Makes room  " FAKE_ID "\n"
                                    "Makes room  " FAKE_ID_2 "\n"
                                    "\n" TABLE);
}

static void test_explain__refused__why_and_by_which_rule(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(EXPLAIN, "{\"parameters\":" REFUSED "}");
    const struct ctl_result result = run(*state, command_explain, script, "root", NULL, NULL);

    assert_int_equal(result.code, CODE_FAILED);
    assert_string_equal(result.err, "");
    assert_string_equal(result.out, "Admitted  no\n"
                                    "Reason    hours\n"
                                    "Message   Not\\x1b now.\n"
                                    "Tracked   yes\n"
                                    "Policy    staff (/etc/p/staff.conf:3)\n"
                                    "\n"
                                    "KEY  VALUE  FROM\n");
}

static void test_explain__json__all_of_it_and_the_same_code(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(EXPLAIN, "{\"parameters\":" REFUSED "}");
    const struct ctl_result result =
        run(*state, command_explain, script, "--json=short", "root", NULL);

    assert_int_equal(result.code, CODE_FAILED);
    assert_string_equal(result.out, REFUSED "\n");
}

/* The defaults, where the daemon has no configuration. */
static void test_explain__policy_of_no_file__name_alone(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(EXPLAIN, "{\"parameters\":{\"admitted\":true,\"tracked\":true,"
                            "\"policy\":\"default\",\"file\":\"\",\"line\":0,\"evicts\":[],"
                            "\"settings\":{}}}");
    const struct ctl_result result = run(*state, command_explain, script, "root", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "\nPolicy    default\n"));
}

static void test_explain__login__as_it_was_given(void **state)
{
    static const struct {
        const char *words[3];
        const char *wanted;
    } cases[] = {
        {{"root"}, EXPLAIN "{\"user\":\"root\",\"uid\":0,\"groups\":[0"},
        {{"0"}, EXPLAIN "{\"user\":\"root\",\"uid\":0,\"groups\":[0"},
        {{"root"}, "],\"service\":\"sshd\"}"},
        {{"--service=login", "--tty=/dev/tty1", "root"},
         "],\"service\":\"login\",\"terminal\":\"/dev/tty1\"}"},
        {{"--from=192.0.2.1", "root"}, "],\"service\":\"sshd\",\"remoteHost\":\"192.0.2.1\"}"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] =
            CTL_ANSWER(cases[i].wanted, "{\"parameters\":" ADMITTED "}");
        const struct ctl_result result = run(*state, command_explain, script, cases[i].words[0],
                                             cases[i].words[1], cases[i].words[2]);

        assert_int_equal(result.code, CODE_OK);
    }
}

static void test_explain__bad_input__no_call(void **state)
{
    static const struct {
        const char *words[2];
        int code;
        const char *said;
    } cases[] = {
        {{"no-such\033user"}, CODE_FAILED, "there is no user no-such\\x1buser\n"},
        {{"4000000001"}, CODE_FAILED, "there is no user 4000000001\n"},
        {{"--service=", "root"}, CODE_USAGE, "a name is missing after --service"},
        {{"--from=", "root"}, CODE_USAGE, "a name is missing after --from"},
        {{"--tty=", "root"}, CODE_USAGE, "a name is missing after --tty"},
    };
    static const struct fake_step script[] = CTL_SILENCE;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct ctl_result result =
            run(*state, command_explain, script, cases[i].words[0], cases[i].words[1], NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

static void test_explain__failed__told_why_and_nothing_printed(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {DENIED, CODE_FAILED, "explain: Permission denied"},
        {FAKE_ERROR("org.varlink.service.MethodNotFound"), CODE_FAILED, "does not know this call"},
        {"{}", CODE_FAILED, "makes no sense"},
        {NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_result result =
            run(*state, command_explain, cases[i].reply ? script : NULL, "root", NULL, NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

/* --- show and list */

/* A session with further members. */
#define SESSION_WITH(state, members)                                                       \
    "{\"sessionId\":\"" FAKE_ID "\"," FAKE_HEAD "," FAKE_PLACE ",\"state\":\"" state "\"," \
    "\"durable\":true,\"openedUsec\":1,\"policy\":\"staff\",\"context\":{}," members "}"
#define ENDS                                                                                   \
    "\"deadlineUsec\":2000000,\"deadlineReason\":\"credential_expired\",\"idleDeadlineUsec\":" \
    "1000000,\"authExpiresUsec\":3000000,\"adopted\":true"
#define RULE \
    "{\"name\":\"staff\",\"file\":\"/etc/p/staff.conf\",\"line\":3,\"settings\":" SETTINGS "}"

static void test_show__rule__ends_with_reasons_and_all_settings(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(NULL, FAKE_DESCRIBED_WITH(SESSION_WITH("active", ENDS), RULE));
    const struct ctl_result result = run(*state, command_show, script, "--no-pager", FAKE_ID, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out,
                           "\n      Deadline: Thu 1970-01-01 00:00:02 UTC (ending now), "
                           "credential_expired\n"
                           " Idle deadline: Thu 1970-01-01 00:00:01 UTC (ending now)\n"));
    assert_non_null(strstr(result.out, "\n        Policy: staff (/etc/p/staff.conf:3)\n"));
    assert_non_null(strstr(result.out, "\n  Auth expires: Thu 1970-01-01 00:00:03 UTC ("));
    assert_non_null(strstr(result.out, "ago)\n"));
    assert_non_null(strstr(result.out, "\n       Adopted: yes\n\n" TABLE));
}

static void test_show__no_rule__the_policys_name_alone(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(NULL, FAKE_DESCRIBED(FAKE_SESSION));
    const struct ctl_result result = run(*state, command_show, script, "--no-pager", FAKE_ID, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "\n      Deadline: none\n        Policy: default\n"));
    assert_null(strstr(result.out, "Idle deadline"));
    assert_null(strstr(result.out, "Auth expires"));
    assert_null(strstr(result.out, "Adopted"));
    assert_null(strstr(result.out, "KEY"));
}

static void test_show__ending__nothing_left(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(NULL, FAKE_DESCRIBED(SESSION_WITH("ending", ENDS)));
    const struct ctl_result result = run(*state, command_show, script, "--no-pager", FAKE_ID, NULL);

    assert_non_null(
        strstr(result.out, "Deadline: Thu 1970-01-01 00:00:02 UTC, credential_expired\n"));
    assert_non_null(strstr(result.out, "Idle deadline: Thu 1970-01-01 00:00:01 UTC\n"));
}

static void test_show__json__the_session_alone(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(NULL, FAKE_DESCRIBED_WITH(FAKE_SESSION, RULE));
    const struct ctl_result result =
        run(*state, command_show, script, "--json=short", FAKE_ID, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, FAKE_SESSION "\n");
}

static void test_list__two_ends__the_earlier_is_left(void **state)
{
    static const struct {
        const char *reply;
        const char *left;
    } cases[] = {
#define LISTED(members) "{\"parameters\":{\"sessions\":[" SESSION_WITH("active", members) "]}}"
        {LISTED("\"deadlineUsec\":1,\"idleDeadlineUsec\":9000000000000000"), "ending now\n"},
        {LISTED("\"deadlineUsec\":9000000000000000,\"idleDeadlineUsec\":1"), "ending now\n"},
        {LISTED("\"idleDeadlineUsec\":1"), "ending now\n"},
        {LISTED("\"deadlineUsec\":1"), "ending now\n"},
        {LISTED("\"adopted\":true"), " -\n"},
#undef LISTED
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER("List", cases[i].reply);
        const struct ctl_result result =
            run(*state, command_list, script, "--no-legend", "--no-pager", NULL);

        assert_int_equal(result.code, CODE_OK);
        assert_non_null(strstr(result.out, cases[i].left));
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_extend__time_and_session__asked_for_and_the_end_told),
        WITH_DAEMON(test_extend__json__the_new_end),
        WITH_DAEMON(test_extend__no_time__wrong_usage_without_a_call),
        WITH_DAEMON(test_extend__refused__told_why),
        WITH_DAEMON(test_explain__admitted__who_makes_room_and_all_settings),
        WITH_DAEMON(test_explain__refused__why_and_by_which_rule),
        WITH_DAEMON(test_explain__json__all_of_it_and_the_same_code),
        WITH_DAEMON(test_explain__policy_of_no_file__name_alone),
        WITH_DAEMON(test_explain__login__as_it_was_given),
        WITH_DAEMON(test_explain__bad_input__no_call),
        WITH_DAEMON(test_explain__failed__told_why_and_nothing_printed),
        WITH_DAEMON(test_show__rule__ends_with_reasons_and_all_settings),
        WITH_DAEMON(test_show__no_rule__the_policys_name_alone),
        WITH_DAEMON(test_show__ending__nothing_left),
        WITH_DAEMON(test_show__json__the_session_alone),
        WITH_DAEMON(test_list__two_ends__the_earlier_is_left),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
