/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sessmgrctl validate` (ctl/command-validate.c): three answers, against a daemon that follows a
 * script and against a key set. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "jose/jwt.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"
#include "tests/unit/signed-token.h"

/* As the manual page has them. */
enum { ACTIVE = 0, INACTIVE = 1, UNKNOWN = 2 };

#define TOKEN    "sms_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ"
#define WHOSE    "\"active\":true,\"sessionId\":\"" FAKE_ID "\",\"user\":\"alice\",\"uid\":1000"
#define GOOD     "{\"parameters\":{" WHOSE "}}"
#define NOT_GOOD "{\"parameters\":{\"active\":false}}"
#define WITH_ALL                                                                          \
    "{\"parameters\":{" WHOSE ",\"scopes\":[\"read\",\"write\"],\"audience\":\"backup\"," \
    "\"expiresUsec\":1700000000000000}}"

static struct ctl_result validate(struct fake_daemon *daemon, const char *const words[2],
                                  const struct fake_step *script)
{
    const struct ctl_run run = {.command = command_validate,
                                .words = {words[0], words[0] ? words[1] : NULL},
                                .input = TOKEN "\n",
                                .script = script};
    static struct ctl_result result;

    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

static void test_validate__active__all_that_is_known(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER("Session.Validate\",\"parameters\":{\"token\":\"" TOKEN "\"}}", WITH_ALL);
    const struct ctl_result result = validate(*state, (const char *const[2]){NULL}, script);

    assert_int_equal(result.code, ACTIVE);
    assert_string_equal(result.out, "active\n"
                                    " Session: " FAKE_ID "\n"
                                    "    User: alice\n"
                                    "     UID: 1000\n"
                                    "Audience: backup\n"
                                    "  Scopes: read write\n"
                                    " Expires: Tue 2023-11-14 22:13:20 UTC\n");
    assert_string_equal(result.err, "");
}

static void test_validate__texts_that_turn_the_terminal__escaped(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(NULL, "{\"parameters\":{\"active\":true,\"sessionId\":\"" FAKE_ID
                         "\",\"user\":\"a\\u202eb\",\"uid\":1000,\"audience\":\"c\\u202ed\","
                         "\"scopes\":[\"e\\u202ef\",\"g\"]}}");
    const struct ctl_result result = validate(*state, (const char *const[2]){NULL}, script);

    assert_int_equal(result.code, ACTIVE);
    assert_null(strstr(result.out, "\xe2\x80\xae"));
    assert_non_null(strstr(result.out, "User: a\\u202eb\n"));
    assert_non_null(strstr(result.out, "Audience: c\\u202ed\n"));
    assert_non_null(strstr(result.out, "Scopes: e\\u202ef g\n"));
}

static void test_validate__json__an_object(void **state)
{
    static const struct {
        const char *reply;
        const char *out;
    } cases[] = {
        {WITH_ALL, "{\"active\":true,\"sessionId\":\"" FAKE_ID
                   "\",\"user\":\"alice\",\"uid\":1000,\"audience\":\"backup\","
                   "\"scopes\":[\"read\",\"write\"],\"expiresUsec\":1700000000000000}\n"},
        {GOOD, "{\"active\":true,\"sessionId\":\"" FAKE_ID
               "\",\"user\":\"alice\",\"uid\":1000,\"scopes\":[]}\n"},
        {NOT_GOOD, "{\"active\":false}\n"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_result result =
            validate(*state, (const char *const[2]){"--json=short"}, script);

        assert_string_equal(result.out, cases[i].out);
    }
}

static void test_validate__inactive__says_so_and_no_more(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(TOKEN, NOT_GOOD);
    const struct ctl_result result = validate(*state, (const char *const[2]){NULL}, script);

    assert_int_equal(result.code, INACTIVE);
    assert_string_equal(result.out, "inactive\n");
    assert_string_equal(result.err, "");
}

static void test_validate__no_clear_answer__unknown(void **state)
{
    static const struct {
        const char *reply; /* NULL: the daemon is away */
        const char *said;
    } cases[] = {
        {FAKE_ERROR("io.sessmgr.Session.Unknown"), "cannot be known"},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), "Permission denied"},
        {FAKE_ERROR("org.varlink.service.InvalidParameter"), "Invalid argument"},
        {FAKE_ERROR("io.sessmgr.Session.NoSuchSession"), "No such session"},
        {FAKE_ERROR("io.sessmgr.Session.Strange"), "does not know"},
        {"{}", "validate: "},
        {"{\"parameters\":{\"active\":true}}", "makes no sense"},
        {NULL, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_result result =
            validate(*state, (const char *const[2]){"--quiet"}, cases[i].reply ? script : NULL);

        assert_int_equal(result.code, UNKNOWN);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
        assert_null(strstr(result.err, TOKEN));
    }
}

static void test_validate__quiet__exit_code_alone(void **state)
{
    static const struct {
        const char *reply;
        int code;
    } cases[] = {{WITH_ALL, ACTIVE}, {NOT_GOOD, INACTIVE}};
    static const char *const modes[] = {NULL, "--json=short"};

    for (size_t i = 0; i < ELEMENTS(cases) * ELEMENTS(modes); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i / 2].reply);
        const struct ctl_result result =
            validate(*state, (const char *const[2]){"--quiet", modes[i % 2]}, script);

        assert_int_equal(result.code, cases[i / 2].code);
        assert_string_equal(result.out, "");
        assert_string_equal(result.err, "");
    }
}

static void test_validate__option__its_parameter(void **state)
{
    static const struct {
        const char *words[2];
        const char *parameters;
    } cases[] = {
        {{"--scope=read"}, "\"scope\":\"read\"}"},
        {{"--scope=read,write"}, "\"scope\":\"read write\"}"},
        {{"--scope=read", "--scope=write"}, "\"scope\":\"read write\"}"},
        {{"--audience=backup"}, "\"audience\":\"backup\"}"},
        {{"--uid=0"}, "\"uid\":0}"},
        {{"--uid=1000"}, "\"uid\":1000}"},
        {{"--touch"}, "\"touch\":true}"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char wanted[128];
        const struct fake_step script[] = CTL_ANSWER(wanted, NOT_GOOD);
        struct ctl_result result;

        (void)snprintf(wanted, sizeof(wanted), "\"" TOKEN "\",%s}", cases[i].parameters);
        result = validate(*state, cases[i].words, script);
        assert_int_equal(result.code, INACTIVE);
    }
}

/* A check whose variable is empty in some script must not become no check at all. */
static void test_validate__empty_or_wrong_value__unknown_without_a_call(void **state)
{
    static const char *const words[][2] = {
        {"--scope="},
        {"--scope= , "},
        {"--audience="},
        {"--uid="},
        {"--uid=-1"},
        {"--uid=4294967295"},
        {"--offline=f"},
        {"--issuer=i"},
        {"--offline=", "--issuer=i"},
        {"--offline=f", "--issuer="},
    };
    static const struct fake_step script[] = CTL_SILENCE;

    for (size_t i = 0; i < ELEMENTS(words); i++) {
        const struct ctl_result result = validate(*state, words[i], script);

        assert_int_equal(result.code, UNKNOWN);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, "Try 'sessmgrctl --help'."));
    }
}

static void test_validate__no_input__unknown_without_a_call(void **state)
{
    static const struct fake_step script[] = CTL_SILENCE;
    const struct ctl_run run = {.command = command_validate, .script = script};
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, UNKNOWN);
    assert_string_equal(result.out, "");
    assert_non_null(strstr(result.err, "no token on standard input"));
}

/* Who reads what is printed would miss it: that is no answer, and 1 would be one. */
static void test_validate__output_not_written__unknown(void **state)
{
    static const char *const replies[] = {WITH_ALL, NOT_GOOD};

    for (size_t i = 0; i < ELEMENTS(replies); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, replies[i]);
        const struct ctl_run run = {
            .command = command_validate, .input = TOKEN, .script = script, .full = true};
        struct ctl_result result;

        assert_null(ctl_run(*state, &run, &result));
        assert_int_equal(result.code, UNKNOWN);
    }
}

/* Checks a good JWT of key 1 by the key set in the daemon's folder, with one more option. */
static struct ctl_result validate_offline(struct fake_daemon *daemon, const char *issuer,
                                          const char *option, const char *key_set)
{
    static const struct fake_step script[] = CTL_SILENCE;
    const struct jwt_claims claims = signed_claims();
    static char token[JWT_MAX_BYTES + 1];
    char offline[sizeof(daemon->folder) + 32];
    const struct ctl_run run = {.command = command_validate,
                                .words = {offline, issuer, option},
                                .input = token,
                                .script = script};
    static struct ctl_result result;
    const char *path = offline + strlen("--offline=");
    FILE *stream;

    (void)snprintf(offline, sizeof(offline), "--offline=%s/jwks", daemon->folder);
    assert_true(signed_token(&claims, 1, "k-1", token));
    stream = fopen(path, "we");
    assert_non_null(stream);
    fputs(key_set, stream);
    (void)fclose(stream);
    assert_null(ctl_run(daemon, &run, &result));
    (void)unlink(path);
    return result;
}

static void test_validate__offline__by_the_key_set_alone(void **state)
{
    static const struct {
        const char *issuer;
        const char *option;
        int code;
    } cases[] = {
        {"--issuer=" SIGNED_ISSUER, NULL, ACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--scope=write read", ACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--audience=backup", ACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--uid=1000", ACTIVE},
        {"--issuer=" SIGNED_ISSUER "x", NULL, INACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--scope=read admin", INACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--audience=web", INACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--uid=0", INACTIVE},
        {"--issuer=" SIGNED_ISSUER, "--scope=", UNKNOWN},
        {"--issuer=" SIGNED_ISSUER, "--touch", UNKNOWN},
    };
    char key_set[4096];

    assert_true(signed_keys(1, "k-1", key_set, sizeof(key_set)));
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct ctl_result result =
            validate_offline(*state, cases[i].issuer, cases[i].option, key_set);

        assert_int_equal(result.code, cases[i].code);
        assert_int_equal(strncmp(result.out, "active\n Session: " SIGNED_ID "\n", 50) == 0,
                         cases[i].code == ACTIVE);
    }
}

static void test_validate__offline_by_another_key__inactive(void **state)
{
    char key_set[4096];

    assert_true(signed_keys(2, "k-1", key_set, sizeof(key_set)));
    assert_int_equal(validate_offline(*state, "--issuer=" SIGNED_ISSUER, NULL, key_set).code,
                     INACTIVE);
}

static void test_validate__offline_by_no_key_set__unknown(void **state)
{
    static const char *const key_sets[] = {"", "{\"keys\":[", "[]", "{}"};

    for (size_t i = 0; i < ELEMENTS(key_sets); i++) {
        const struct ctl_result result =
            validate_offline(*state, "--issuer=" SIGNED_ISSUER, NULL, key_sets[i]);

        assert_int_equal(result.code, UNKNOWN);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, "no key set"));
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_validate__active__all_that_is_known),
        WITH_DAEMON(test_validate__texts_that_turn_the_terminal__escaped),
        WITH_DAEMON(test_validate__json__an_object),
        WITH_DAEMON(test_validate__inactive__says_so_and_no_more),
        WITH_DAEMON(test_validate__no_clear_answer__unknown),
        WITH_DAEMON(test_validate__quiet__exit_code_alone),
        WITH_DAEMON(test_validate__option__its_parameter),
        WITH_DAEMON(test_validate__empty_or_wrong_value__unknown_without_a_call),
        WITH_DAEMON(test_validate__no_input__unknown_without_a_call),
        WITH_DAEMON(test_validate__output_not_written__unknown),
        WITH_DAEMON(test_validate__offline__by_the_key_set_alone),
        WITH_DAEMON(test_validate__offline_by_another_key__inactive),
        WITH_DAEMON(test_validate__offline_by_no_key_set__unknown),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
