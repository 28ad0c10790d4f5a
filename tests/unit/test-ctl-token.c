/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sessmgrctl token`, `refresh` and `revoke` (ctl/command-token.c), against a daemon that follows a
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

#define ISSUED       "{\"parameters\":{\"token\":\"sms_new\",\"expiresUsec\":77}}"
#define PAIR         "{\"parameters\":{\"token\":\"sms_new\",\"refreshToken\":\"smr_new\"}}"
#define DONE         "{\"parameters\":{}}"
#define POLICY(rule) FAKE_ERROR_WITH("NotAllowedByPolicy", "\"rule\":\"" rule "\"")
#define FAKE_ERROR_WITH(name, parameters) \
    "{\"error\":\"io.sessmgr.Session." name "\",\"parameters\":{" parameters "}}"

static void test_token__nothing_asked__the_token_and_nothing_else(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER("{\"method\":\"io.sessmgr.Session.IssueToken\",\"parameters\":{}}", ISSUED);
    const struct ctl_run run = {.command = command_token, .script = script};
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "sms_new\n");
    assert_string_equal(result.err, "");
}

static void test_token__everything_asked__sent_and_two_lines(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER("\"parameters\":{\"sessionId\":\"0123\",\"kind\":\"jwt\",\"audience\":"
                   "\"backup\",\"scopes\":[\"read\"],\"lifetimeSec\":60,\"refresh\":true}}",
                   PAIR);
    const struct ctl_run run = {
        .command = command_token,
        .words = {"--session=0123", "--jwt", "--audience=backup", "--scope=read", "--lifetime=1min",
                  "--refresh"},
        .script = script,
    };
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "sms_new\nsmr_new\n");
}

/* One option of the command line, and the whole of what the call has for it. */
static void test_token__option__its_parameter(void **state)
{
    static const struct {
        const char *words[3];
        const char *parameters;
    } cases[] = {
        {{"--opaque"}, "{\"kind\":\"opaque\"}"},
        {{"--jwt"}, "{\"kind\":\"jwt\"}"},
        {{"--scope=a b,c"}, "{\"scopes\":[\"a\",\"b\",\"c\"]}"},
        {{"--scope=a", "--scope=b,,c "}, "{\"scopes\":[\"a\",\"b\",\"c\"]}"},
        {{"--lifetime=30"}, "{\"lifetimeSec\":30}"},
        {{"--lifetime=30s"}, "{\"lifetimeSec\":30}"},
        {{"--lifetime=1h 30min"}, "{\"lifetimeSec\":5400}"},
        {{"--lifetime=1h30m"}, "{\"lifetimeSec\":5400}"},
        {{"--lifetime= 5 minutes "}, "{\"lifetimeSec\":300}"},
        {{"--lifetime=1 week 2 days"}, "{\"lifetimeSec\":777600}"},
        {{"--lifetime=1hour\t1second"}, "{\"lifetimeSec\":3601}"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char wanted[128];
        const struct fake_step script[] = CTL_ANSWER(wanted, ISSUED);
        const struct ctl_run run = {
            .command = command_token,
            .words = {cases[i].words[0], cases[i].words[1]},
            .script = script,
        };
        struct ctl_result result;

        (void)snprintf(wanted, sizeof(wanted), "\"parameters\":%s}", cases[i].parameters);
        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, CODE_OK);
    }
}

/* The daemon decides how many are too many; none is dropped on the way to it. */
static void test_token__many_scopes__all_sent(void **state)
{
    static char option[] = "--scope=" /* 200 of them */;
    char words[sizeof(option) + 400], wanted[1000];
    const struct fake_step script[] =
        CTL_ANSWER(wanted, FAKE_ERROR_WITH("TooMany", "\"limit\":16"));
    const struct ctl_run run = {.command = command_token, .words = {words}, .script = script};
    struct ctl_result result;
    size_t used = 0;

    (void)snprintf(words, sizeof(words), "%s", option);
    for (size_t i = 0; i < 200; i++) {
        used +=
            (size_t)snprintf(wanted + used, sizeof(wanted) - used, "%s\"s\"", i > 0 ? "," : "[");
        memcpy(words + sizeof(option) - 1 + 2 * i, "s,", 3);
    }
    (void)snprintf(wanted + used, sizeof(wanted) - used, "]");
    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "16"));
}

static void test_token__json__an_object(void **state)
{
    static const struct {
        const char *reply;
        const char *out;
    } cases[] = {
        {ISSUED, "{\"token\":\"sms_new\",\"expiresUsec\":77}\n"},
        {PAIR, "{\"token\":\"sms_new\",\"refreshToken\":\"smr_new\"}\n"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_run run = {
            .command = command_token, .words = {"--json=short"}, .script = script};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_string_equal(result.out, cases[i].out);
    }
}

static void test_token__no_token__told_why_and_no_output(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {POLICY("TokenLifetimeSec"), CODE_FAILED, "TokenLifetimeSec"},
        {POLICY("a\\u202eb"), CODE_FAILED, "a\\u202eb"},
        {FAKE_ERROR("io.sessmgr.Session.NotInSession"), CODE_NO_SESSION, "belongs to no session"},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), CODE_FAILED, "Permission denied"},
        {"{}", CODE_FAILED, "token: "},
        {NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_run run = {.command = command_token,
                                    .script = cases[i].reply ? script : NULL};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

/* A script whose variable is empty must not get more than one whose variable is not. */
static void test_token__empty_or_wrong_value__wrong_usage_without_a_call(void **state)
{
    static const char *const words[] = {
        "--scope=",       "--scope= , ", "--audience=",   "--session=",
        "--session=ABCD", "--lifetime=", "--lifetime=0s", "--lifetime=5 fortnights",
        "--lifetime=min",
    };
    static const struct fake_step script[] = CTL_SILENCE;

    for (size_t i = 0; i < ELEMENTS(words); i++) {
        const struct ctl_run run = {
            .command = command_token, .words = {words[i]}, .script = script};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, CODE_USAGE);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, "Try 'sessmgrctl --help'."));
    }
}

static void test_refresh__first_line__exchanged(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER("Session.Refresh\",\"parameters\":{\"refreshToken\":\"smr_old\","
                   "\"requestId\":\"mine\"}}",
                   PAIR);
    const struct ctl_run run = {.command = command_refresh,
                                .words = {"--request-id=mine"},
                                .input = "smr_old\nsomething else\n",
                                .script = script};
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "sms_new\nsmr_new\n");
    assert_string_equal(result.err, "");
}

static void test_refresh__not_exchanged__told_why_without_the_token(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {FAKE_ERROR("io.sessmgr.Session.InvalidToken"), CODE_FAILED, "The token is not good"},
        {POLICY("RefreshToken"), CODE_FAILED, "RefreshToken"},
        {ISSUED, CODE_FAILED, "makes no sense"},
        {NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_run run = {.command = command_refresh,
                                    .input = "smr_old",
                                    .script = cases[i].reply ? script : NULL};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
        assert_null(strstr(result.err, "smr_old"));
    }
}

static void test_refresh__request_id_out_of_range__wrong_usage_without_a_call(void **state)
{
    static const struct fake_step script[] = CTL_SILENCE;
    char longest[sizeof("--request-id=") + 129];
    const char *const words[] = {"--request-id=", longest};

    (void)snprintf(longest, sizeof(longest), "--request-id=%0129d", 0);
    for (size_t i = 0; i < ELEMENTS(words); i++) {
        const struct ctl_run run = {
            .command = command_refresh, .words = {words[i]}, .input = "smr_old", .script = script};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, CODE_USAGE);
        assert_non_null(strstr(result.err, "128 bytes"));
    }
}

static void test_revoke__token__revoked_in_silence(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER("Session.Revoke\",\"parameters\":{\"token\":\"sms_old\"}}", DONE);
    const struct ctl_run run = {
        .command = command_revoke, .input = "sms_old\r\n", .script = script};
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "");
    assert_string_equal(result.err, "");
}

static void test_revoke__disk_refuses__failure(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER("sms_old", FAKE_ERROR_WITH("StoreUnavailable", "\"message\":\"no room\""));
    const struct ctl_run run = {.command = command_revoke, .input = "sms_old", .script = script};
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "no room"));
}

static void test_refresh_and_revoke__no_input__wrong_usage_without_a_call(void **state)
{
    static const struct fake_step script[] = CTL_SILENCE;
    static command_function *const commands[] = {command_refresh, command_revoke};

    for (size_t i = 0; i < ELEMENTS(commands); i++) {
        const struct ctl_run run = {.command = commands[i], .input = "\n", .script = script};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, CODE_USAGE);
        assert_string_equal(result.out, "");
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_token__nothing_asked__the_token_and_nothing_else),
        WITH_DAEMON(test_token__everything_asked__sent_and_two_lines),
        WITH_DAEMON(test_token__option__its_parameter),
        WITH_DAEMON(test_token__many_scopes__all_sent),
        WITH_DAEMON(test_token__json__an_object),
        WITH_DAEMON(test_token__no_token__told_why_and_no_output),
        WITH_DAEMON(test_token__empty_or_wrong_value__wrong_usage_without_a_call),
        WITH_DAEMON(test_refresh__first_line__exchanged),
        WITH_DAEMON(test_refresh__not_exchanged__told_why_without_the_token),
        WITH_DAEMON(test_refresh__request_id_out_of_range__wrong_usage_without_a_call),
        WITH_DAEMON(test_revoke__token__revoked_in_silence),
        WITH_DAEMON(test_revoke__disk_refuses__failure),
        WITH_DAEMON(test_refresh_and_revoke__no_input__wrong_usage_without_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
