/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sessmgrctl lock`, `unlock` and `locks` (ctl/command-lock.c), against a daemon that follows a
 * script. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"

#define GONE "4294967294" /* nobody's ID */
#define LOCK "io.sessmgr.Manager.Lock\",\"parameters\":"
#define LIST "io.sessmgr.Manager.ListLocks\""
#define NONE "{\"parameters\":{\"sessions\":[],\"sessionCount\":0}}"
#define MANY \
    "{\"parameters\":{\"sessions\":[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"],\"sessionCount\":7}}"
#define LOCKS                                                                          \
    "{\"parameters\":{\"locks\":[{\"user\":\"a\\u202eb\",\"uid\":7,\"sinceUsec\":0},"  \
    "{\"user\":\"carol\",\"uid\":1000,\"sinceUsec\":1000000,\"untilUsec\":7200000000," \
    "\"message\":\"Ask \\\"Bob\\\".\"}]}}"

static struct ctl_result run(struct fake_daemon *daemon, command_function *command,
                             const char *const *words, const struct fake_step *script)
{
    struct ctl_run run = {.command = command, .script = script};
    static struct ctl_result result;

    for (size_t i = 0; words[i]; i++)
        run.words[i] = words[i];
    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

/* A lock of somebody whom the host knows: afterwards it is asked whether they are let in. */
#define LOCKED_AND_EXPLAINED(wanted, reply, admitted)                                      \
    {                                                                                      \
        {FAKE_ACCEPT, NULL}, {FAKE_READ, (wanted)}, {FAKE_SEND, (reply)},                  \
            {FAKE_READ, "io.sessmgr.Manager.Explain\",\"parameters\":{\"user\":\"root\""}, \
            {FAKE_SEND, "{\"parameters\":{\"admitted\":" admitted                          \
                        ",\"tracked\":true,\"policy\":\"p\",\"file\":\"f\",\"line\":1,"    \
                        "\"settings\":{},\"evicts\":[]}}"},                                \
            {FAKE_WAIT, NULL}, {FAKE_CLOSE, NULL}, {FAKE_END, NULL},                       \
    }

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_lock__user_id__sent_with_the_number_for_a_name(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(LOCK "{\"user\":\"" GONE "\",\"uid\":" GONE "}}", NONE);
    const struct ctl_result result = run(*state, command_lock, WORDS(GONE), script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "");
    assert_string_equal(result.err, "");
}

static void test_lock__name_or_its_id__sent_with_both(void **state)
{
    static const char *const users[] = {"root", "0"};

    for (size_t i = 0; i < ELEMENTS(users); i++) {
        static const struct fake_step script[] =
            LOCKED_AND_EXPLAINED(LOCK "{\"user\":\"root\",\"uid\":0,\"message\":\"Ask Bob.\","
                                      "\"terminate\":true}}",
                                 MANY, "false");
        const struct ctl_result result =
            run(*state, command_lock, WORDS(users[i], "--terminate", "-m", "Ask Bob."), script);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, "");
        assert_string_equal(result.err, "");
    }
}

static void test_lock__somebody_whom_nothing_keeps_out__warns(void **state)
{
    static const struct fake_step script[] = LOCKED_AND_EXPLAINED(LOCK, NONE, "true");
    const struct ctl_result result = run(*state, command_lock, WORDS("root"), script);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.err, "the lock keeps nobody out"));
}

static void test_lock__until__the_moment_is_sent(void **state)
{
    static const struct fake_step script[] =
        LOCKED_AND_EXPLAINED("\"uid\":0,\"untilUsec\":4070908800000000}}", NONE, "false");
    const struct ctl_result result =
        run(*state, command_lock, WORDS("root", "--until=2099-01-01"), script);

    assert_int_equal(result.code, CODE_OK);
}

static void test_lock__json__what_was_ended(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(LOCK, MANY);
    const struct ctl_result result = run(*state, command_lock, WORDS(GONE, "--json=short"), script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out,
                        "{\"sessions\":[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"],\"sessionCount\":7}\n");
}

static void test_lock__wrong_time_or_user__nothing_is_sent(void **state)
{
    static const struct {
        const char *user, *until;
        int code;
        const char *said;
    } cases[] = {
        {"root", "--until=soon", CODE_USAGE, "takes a time such as"},
        {"root", "--until=1999-12-31", CODE_USAGE, "takes a time to come, not 1999-12-31"},
        {"no\x1bsuch", "--until=+1h", CODE_FAILED, "there is no user no\\x1bsuch;"},
        {"4294967295", "--until=+1h", CODE_FAILED, "there is no user"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct ctl_result result =
            run(*state, command_lock, WORDS(cases[i].user, cases[i].until), NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_non_null(strstr(result.err, cases[i].said));
        assert_string_equal(result.out, "");
    }
}

static void test_unlock__answers__told(void **state)
{
    static const struct {
        const char *reply;
        int code;
        const char *out, *said;
    } cases[] = {
        {"{}", CODE_OK, "{\"unlocked\":true}\n", ""},
        {FAKE_ERROR("io.sessmgr.Manager.NoSuchLock"), CODE_NO_SESSION, "{\"unlocked\":false}\n",
         "sessmgrctl: " GONE ": The user is not locked\n"},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), CODE_FAILED, "{\"unlocked\":false}\n",
         "sessmgrctl: " GONE ": Permission denied\n"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(
            "io.sessmgr.Manager.Unlock\",\"parameters\":{\"uid\":" GONE "}}", cases[i].reply);
        const struct ctl_result result =
            run(*state, command_unlock, WORDS(GONE, "--json=short"), script);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, cases[i].out);
        assert_string_equal(result.err, cases[i].said);
    }
}

static void test_locks__some__a_table(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(LIST, LOCKS);
    const struct ctl_result result = run(*state, command_locks, WORDS("--json=off"), script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(
        result.out,
        "USER      UID   SINCE                        UNTIL                        MESSAGE\n"
        "a\\u202eb  7     Thu 1970-01-01 00:00:00 UTC  -                            -\n"
        "carol     1000  Thu 1970-01-01 00:00:01 UTC  Thu 1970-01-01 02:00:00 UTC  Ask "
        "\"Bob\".\n"
        "\n2 users are locked.\n");
}

static void test_locks__no_legend__lines_alone(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(LIST, LOCKS);
    const struct ctl_result result = run(*state, command_locks, WORDS("--no-legend"), script);

    assert_int_equal(result.code, CODE_OK);
    assert_ptr_equal(strstr(result.out, "a\\u202eb  7 "), result.out);
    assert_null(strstr(result.out, "users"));
}

static void test_locks__none__said(void **state)
{
    static const struct {
        const char *option, *out;
    } cases[] = {
        {"--json=off", "No users are locked.\n"}, {"--no-legend", ""}, {"--json=short", "[]\n"}};

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        static const struct fake_step script[] =
            CTL_ANSWER(LIST, "{\"parameters\":{\"locks\":[]}}");
        const struct ctl_result result = run(*state, command_locks, WORDS(cases[i].option), script);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, cases[i].out);
    }
}

static void test_locks__json__an_array(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(LIST, LOCKS);
    const struct ctl_result result = run(*state, command_locks, WORDS("--json=short"), script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out,
                        "[{\"user\":\"a\\u202eb\",\"uid\":7,\"sinceUsec\":0},"
                        "{\"user\":\"carol\",\"uid\":1000,\"sinceUsec\":1000000,"
                        "\"untilUsec\":7200000000,\"message\":\"Ask \\\"Bob\\\".\"}]\n");
}

static void test_locks__refused_or_away__told_why(void **state)
{
    static const struct {
        command_function *command;
        const char *word, *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {command_lock, GONE, FAKE_ERROR("io.sessmgr.Manager.TooMany"), CODE_FAILED, "More than"},
        {command_lock, GONE, "{}", CODE_FAILED, "makes no sense"},
        {command_lock, GONE, NULL, CODE_UNREACHABLE, "cannot be reached"},
        {command_unlock, GONE, NULL, CODE_UNREACHABLE, "cannot be reached"},
        {command_locks, "--json=short", "{}", CODE_FAILED, "makes no sense"},
        {command_locks, "--json=off", FAKE_ERROR("org.varlink.service.PermissionDenied"),
         CODE_FAILED, "Permission denied"},
        {command_locks, "--json=off", NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_result result =
            run(*state, cases[i].command, WORDS(cases[i].word), cases[i].reply ? script : NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_lock__user_id__sent_with_the_number_for_a_name),
        WITH_DAEMON(test_lock__name_or_its_id__sent_with_both),
        WITH_DAEMON(test_lock__somebody_whom_nothing_keeps_out__warns),
        WITH_DAEMON(test_lock__until__the_moment_is_sent),
        WITH_DAEMON(test_lock__json__what_was_ended),
        WITH_DAEMON(test_lock__wrong_time_or_user__nothing_is_sent),
        WITH_DAEMON(test_unlock__answers__told),
        WITH_DAEMON(test_locks__some__a_table),
        WITH_DAEMON(test_locks__no_legend__lines_alone),
        WITH_DAEMON(test_locks__none__said),
        WITH_DAEMON(test_locks__json__an_array),
        WITH_DAEMON(test_locks__refused_or_away__told_why),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
