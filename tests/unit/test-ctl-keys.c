/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sessmgrctl keys` (ctl/command-keys.c), against a daemon that follows a script. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"

#define GET    "io.sessmgr.Manager.GetKeys\""
#define ROTATE "io.sessmgr.Manager.RotateKeys\""
#define OLD    "{\"keyId\":\"k-0\",\"algorithm\":\"EdDSA\",\"createdUsec\":0,\"retireUsec\":1000000}"
#define NEW    "{\"keyId\":\"k-\\u202e1\",\"algorithm\":\"EdDSA\",\"createdUsec\":2000000}"
#define JWKS   "{\"keys\":[{\"kty\":\"OKP\"}]}"
#define KEYS   "{\"parameters\":{\"keys\":[" OLD "," NEW "],\"jwks\":" JWKS "}}"

static struct ctl_result keys(struct fake_daemon *daemon, const char *first, const char *second,
                              const struct fake_step *script)
{
    const struct ctl_run run = {
        .command = command_keys, .words = {first, second}, .script = script};
    static struct ctl_result result;

    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

static void test_keys__two__a_table(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(GET, KEYS);
    const struct ctl_result result = keys(*state, NULL, NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_ptr_equal(strstr(result.out, "ID "), result.out);
    assert_non_null(strstr(result.out, "\nk-0 "));
    assert_non_null(strstr(result.out, "EdDSA      Thu 1970-01-01 00:00:00 UTC  "
                                       "Thu 1970-01-01 00:00:01 UTC\nk-\\u202e1 "));
    assert_non_null(strstr(result.out, "EdDSA      Thu 1970-01-01 00:00:02 UTC  signs\n"));
}

static void test_keys__no_legend__lines_alone(void **state)
{
    static const struct fake_step script[] = CTL_ANSWER(GET, KEYS);
    const struct ctl_result result = keys(*state, "--no-legend", NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_ptr_equal(strstr(result.out, "k-0 "), result.out);
}

static void test_keys__jwks__the_set(void **state)
{
    static const char *const words[] = {"--jwks", "--json=short"};

    for (size_t i = 0; i < ELEMENTS(words); i++) {
        static const struct fake_step script[] = CTL_ANSWER(GET, KEYS);
        const struct ctl_result result = keys(*state, words[i], NULL, script);

        assert_int_equal(result.code, CODE_OK);
        assert_string_equal(result.out, JWKS "\n");
    }
}

static void test_keys__rotate__the_new_ones_id(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(ROTATE, "{\"parameters\":{\"key\":{\"keyId\":\"k-1\",\"algorithm\":\"EdDSA\","
                           "\"createdUsec\":2000000}}}");
    const struct ctl_result result = keys(*state, "--rotate", NULL, script);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "k-1\n");
}

static void test_keys__refused__told_why(void **state)
{
    static const struct {
        const char *option;
        const char *reply; /* NULL: the daemon is away */
        int code;
        const char *said;
    } cases[] = {
        {"--rotate", FAKE_ERROR("org.varlink.service.PermissionDenied"), CODE_FAILED,
         "Permission denied"},
        {"--rotate", FAKE_ERROR("io.sessmgr.Manager.TooMany"), CODE_FAILED, "More than"},
        {"--rotate", "{}", CODE_FAILED, "makes no sense"},
        {"--jwks", "{}", CODE_FAILED, "makes no sense"},
        {NULL, "{}", CODE_FAILED, "makes no sense"},
        {"--rotate", NULL, CODE_UNREACHABLE, "cannot be reached"},
        {"--jwks", NULL, CODE_UNREACHABLE, "cannot be reached"},
        {NULL, NULL, CODE_UNREACHABLE, "cannot be reached"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = CTL_ANSWER(NULL, cases[i].reply);
        const struct ctl_result result =
            keys(*state, cases[i].option, NULL, cases[i].reply ? script : NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_keys__two__a_table),      WITH_DAEMON(test_keys__no_legend__lines_alone),
        WITH_DAEMON(test_keys__jwks__the_set),     WITH_DAEMON(test_keys__rotate__the_new_ones_id),
        WITH_DAEMON(test_keys__refused__told_why),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
