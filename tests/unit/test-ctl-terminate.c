/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sessmgrctl finds the sessions that it is to end, and when it asks first
 * (ctl/command-terminate.c), against a daemon that follows a script. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"

#define FINGERPRINT "SHA256:l1rXiqyOt2TIlTN2aNquTzQ94dkr86xj+1jtgZAP7iU"

#define CALL(method, parameters) \
    "{\"method\":\"io.sessmgr.Session." method "\",\"parameters\":{" parameters "}"
#define TERMINATE_ID      CALL("Terminate", "\"filter\":{\"sessionId\":\"0123\"}") ",\"more\":true}"
#define DESCRIBE          CALL("Describe", "\"sessionId\":\"0123\"") "}"
#define SERVICE           "\"filter\":{\"service\":\"sshd\"}"
#define TERMINATE_SERVICE CALL("Terminate", SERVICE) ",\"more\":true}"
#define DRY_RUN_SERVICE   CALL("Terminate", SERVICE ",\"dryRun\":true") ",\"more\":true}"
#define LIST_SERVICE      CALL("List", SERVICE) ",\"more\":true}"

#define SESSIONS(list) "{\"parameters\":{\"sessions\":[" list "]}}"
#define ENDED_1        SESSIONS("\"" FAKE_ID "\"")
#define ENDED_2        SESSIONS("\"" FAKE_ID "\",\"" FAKE_ID_2 "\"")
#define NONE           FAKE_ERROR("io.sessmgr.Session.NoSuchSession")
#define AMBIGUOUS      FAKE_ERROR("io.sessmgr.Session.AmbiguousSession")
#define DENIED         FAKE_ERROR("org.varlink.service.PermissionDenied")
#define IN_STATE(state, more)                                                        \
    "{\"sessionId\":\"" FAKE_ID "\"," FAKE_HEAD "," FAKE_PLACE ",\"state\":\"" state \
    "\",\"durable\":true,\"openedUsec\":1," more "\"policy\":\"default\",\"context\":{}}"

/* Two that can be ended, and one that is being ended already. */
#define LISTED SESSIONS(FAKE_SESSION_OF(FAKE_ID_2) "," IN_STATE("ending", "") "," FAKE_SESSION)

/* The script of a daemon that is asked two things. Of one that is asked one: CTL_ANSWER. */
#define CTL_ANSWERS(first, answer, second, other_answer)                                          \
    {                                                                                             \
        {FAKE_ACCEPT, NULL}, {FAKE_READ, (first)}, {FAKE_SEND, (answer)}, {FAKE_READ, (second)},  \
            {FAKE_SEND, (other_answer)}, {FAKE_WAIT, NULL}, {FAKE_CLOSE, NULL}, {FAKE_END, NULL}, \
    }

/* `terminate` with some words against a daemon that follows the script. input: typed at a terminal;
 * NULL: there is none. */
static struct ctl_result terminate(struct fake_daemon *daemon, const char *const *words,
                                   const char *input, const struct fake_step *script)
{
    static struct ctl_result result;
    struct ctl_run run = {
        .command = command_terminate, .input = input, .script = script, .terminal = input != NULL};

    for (size_t i = 0; words[i]; i++)
        run.words[i] = words[i];
    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* An ended session with the same beginning is not asked about, and so stands in nobody's way. */
static void test_command_terminate__prefix__looked_up_by_terminate_alone(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(TERMINATE_ID, ENDED_1);
    const struct ctl_result result = terminate(*state, WORDS("0123"), NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "");
}

static void test_command_terminate__several_live_ones__ambiguous(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(TERMINATE_ID, AMBIGUOUS);

    assert_int_equal(terminate(*state, WORDS("0123"), NULL, script).code, CODE_AMBIGUOUS);
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
        {FAKE_DESCRIBED(IN_STATE("active", "")), CODE_FAILED},
        {FAKE_DESCRIBED(IN_STATE("ending", "")), CODE_NO_SESSION},
        {FAKE_DESCRIBED(IN_STATE("ended", "\"endedUsec\":2,\"endReason\":\"logout\",")),
         CODE_NO_SESSION},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] =
            CTL_ANSWERS(TERMINATE_ID, NONE, DESCRIBE, cases[i].described);

        assert_int_equal(terminate(*state, WORDS("0123"), NULL, script).code, cases[i].code);
    }
}

/* Names are only spellings, but of one that is nobody's there is nothing else. */
static void test_command_terminate__filter__all_of_it_sent(void **state)
{
    static const struct {
        const char *user;
        const char *call;
    } cases[] = {
        {"--user=root",
         "{\"filter\":{\"uid\":0,\"service\":\"sshd\",\"remoteHost\":\"192.0.2.0/24\","
         "\"authKey\":\"" FINGERPRINT "\",\"policy\":\"p\"},\"message\":\"bye\"}"},
        {"--user=4123456789", "{\"filter\":{\"uid\":4123456789,\"service\":"},
        {"--user=no.such-user", "{\"filter\":{\"user\":\"no.such-user\",\"service\":"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(cases[i].call, ENDED_1);
        const char *const words[] = {cases[i].user, "--service=sshd", "--from=192.0.2.0/24",
                                     "--policy=p",  "--message=bye",  "--key=" FINGERPRINT,
                                     NULL};

        assert_int_equal(terminate(*state, words, NULL, script).code, CODE_OK);
    }
}

static void test_command_terminate__filter_without_a_terminal__says_how_many(void **state)
{
    static const struct {
        const char *answer, *word, *out;
    } cases[] = {
        {ENDED_1, "--json=off", "1 session is being ended.\n"},
        {ENDED_2, "--json=off", "2 sessions are being ended.\n"},
        {ENDED_2, "--json=short", "[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"]\n"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(TERMINATE_SERVICE, cases[i].answer);
        const struct ctl_result result =
            terminate(*state, WORDS("--service=sshd", cases[i].word), NULL, script);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, cases[i].out);
        assert_string_equal(result.err, "");
    }
}

/* Asked all the same: it stands for logins under way. */
static void test_command_terminate__none_matches__says_so(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(TERMINATE_SERVICE, SESSIONS(""));
    static const struct fake_step shown[] =
        CTL_ANSWERS(LIST_SERVICE, SESSIONS(""), TERMINATE_SERVICE, SESSIONS(""));
    struct ctl_result result = terminate(*state, WORDS("--service=sshd"), NULL, script);

    assert_int_equal(result.code, CODE_NO_SESSION);
    assert_string_equal(result.out, "");
    assert_string_equal(result.err, "sessmgrctl: No session matches\n");
    result = terminate(*state, WORDS("--service=sshd", "--json=short"), "", shown);
    assert_int_equal(result.code, CODE_NO_SESSION);
    assert_string_equal(result.out, "[]\n");
    assert_null(strstr(result.err, "[y/N]"));
}

static void test_command_terminate__at_a_terminal_and_agreed__ends_them(void **state)
{
    static const char *const answers[] = {"y\n", "Y\n", "yes\n"};
    static const struct fake_step script[] =
        CTL_ANSWERS(LIST_SERVICE, LISTED, TERMINATE_SERVICE, ENDED_2);

    for (size_t i = 0; i < ELEMENTS(answers); i++) {
        const struct ctl_result result =
            terminate(*state, WORDS("--service=sshd"), answers[i], script);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, "2 sessions are being ended.\n");
        assert_non_null(strstr(result.err, "\n01234567  alice"));
        assert_non_null(strstr(result.err, "\nfedcba98  alice"));
        assert_non_null(strstr(result.err, "\nEnd 2 sessions? [y/N] "));
    }
}

static void test_command_terminate__at_a_terminal_and_not_agreed__ends_none(void **state)
{
    static const char *const answers[] = {"n\n", "\n", "\004" /* the end of it */, "yesterday\n",
                                          "yyyyyyyyyyyyyyyyyyyyyyyyyy\n"};
    static const struct fake_step script[] = CTL_ANSWER(LIST_SERVICE, LISTED);

    for (size_t i = 0; i < ELEMENTS(answers); i++) {
        const struct ctl_result result =
            terminate(*state, WORDS("--service=sshd"), answers[i], script);

        assert_int_equal(result.code, CODE_FAILED);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, "Nothing was ended"));
    }
}

static void test_command_terminate__at_a_terminal_with_yes__does_not_ask(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(TERMINATE_SERVICE, ENDED_2);
    const struct ctl_result result =
        terminate(*state, WORDS("--service=sshd", "--yes"), "", script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.err, "");
}

static void test_command_terminate__dry_run__lists_them(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWERS(DRY_RUN_SERVICE, ENDED_2, LIST_SERVICE, LISTED);
    const char *const words[] = {"--service=sshd", "--dry-run", "--json=short", NULL};
    struct ctl_result result = terminate(*state, WORDS("--service=sshd", "--dry-run"), "", script);

    assert_int_equal(result.code, CODE_OK);
    assert_ptr_equal(strstr(result.out, "SESSION "), result.out);
    assert_non_null(strstr(result.out, "\nfedcba98  alice"));
    assert_non_null(strstr(result.out, "\n\n2 sessions would be ended.\n"));
    assert_string_equal(result.err, "");
    result = terminate(*state, words, NULL, script);
    assert_string_equal(result.out, "[" FAKE_SESSION "," FAKE_SESSION_OF(FAKE_ID_2) "]\n");
}

static void test_command_terminate__dry_run_of_an_id__lists_it(void **state)
{
    static const struct fake_step script[] = CTL_ANSWERS(
        CALL("Terminate", "\"filter\":{\"sessionId\":\"0123\"},\"dryRun\":true"), ENDED_1,
        CALL("List", "\"filter\":{\"sessionId\":\"0123\"}"), SESSIONS(FAKE_SESSION));
    const struct ctl_result result = terminate(*state, WORDS("--dry-run", "0123"), NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "\n\n1 session would be ended.\n"));
}

static void test_command_terminate__dry_run_of_none__says_so(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWERS(DRY_RUN_SERVICE, SESSIONS(""), LIST_SERVICE, SESSIONS(""));
    const struct ctl_result result =
        terminate(*state, WORDS("--service=sshd", "--dry-run"), NULL, script);

    assert_int_equal(result.code, CODE_NO_SESSION);
    assert_string_equal(result.out, "");
    assert_string_equal(result.err, "sessmgrctl: No session matches\n");
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_command_terminate__prefix__looked_up_by_terminate_alone),
        WITH_DAEMON(test_command_terminate__several_live_ones__ambiguous),
        WITH_DAEMON(test_command_terminate__nothing_to_end__told_why),
        WITH_DAEMON(test_command_terminate__filter__all_of_it_sent),
        WITH_DAEMON(test_command_terminate__filter_without_a_terminal__says_how_many),
        WITH_DAEMON(test_command_terminate__none_matches__says_so),
        WITH_DAEMON(test_command_terminate__at_a_terminal_and_agreed__ends_them),
        WITH_DAEMON(test_command_terminate__at_a_terminal_and_not_agreed__ends_none),
        WITH_DAEMON(test_command_terminate__at_a_terminal_with_yes__does_not_ask),
        WITH_DAEMON(test_command_terminate__dry_run__lists_them),
        WITH_DAEMON(test_command_terminate__dry_run_of_an_id__lists_it),
        WITH_DAEMON(test_command_terminate__dry_run_of_none__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
