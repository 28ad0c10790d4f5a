/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of the module (pam/options.h). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka's header needs those above */
#include <cmocka.h>

#include "common/macro.h"
#include "pam/options.h"

/* Parses up to three arguments, the rest NULL. */
static int parse(const char *first, const char *second, const char *third, struct options *ret,
                 const char **ret_bad)
{
    const char *const arguments[] = {first, second, third};
    int count = 0;

    while (count < 3 && arguments[count] != NULL)
        count++;
    return options_parse(count, arguments, ret, ret_bad);
}

static void test_options_parse__no_arguments__defaults(void **state)
{
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(parse(NULL, NULL, NULL, &options, &bad), 0);
    assert_string_equal(options.socket_path, "/run/sessmgr/io.sessmgr.Login");
    assert_int_equal(options.timeout_msec, 2000);
    assert_false(options.debug);
    assert_false(options.quiet);
    assert_null(bad);
}

static void test_options_parse__each_argument__taken(void **state)
{
    const char *const arguments[] = {"socket=/a/b", "timeout=60000", "debug", "quiet"};
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(options_parse(ELEMENTS(arguments), arguments, &options, &bad), 0);
    assert_string_equal(options.socket_path, "/a/b");
    assert_int_equal(options.timeout_msec, 60000);
    assert_true(options.debug);
    assert_true(options.quiet);
}

static void test_options_parse__given_twice__last_counts(void **state)
{
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(parse("timeout=5", "timeout=7", NULL, &options, &bad), 0);
    assert_int_equal(options.timeout_msec, 7);
}

static void test_options_parse__wrong_argument__named(void **state)
{
    static const char *const wrong[] = {
        "",
        "debug=1",
        "Debug",
        "quiet=",
        "users=alice",
        "timeout",
        "timeout=",
        "timeout=0",
        "timeout=-1",
        "timeout=+1",
        "timeout= 1",
        "timeout=1s",
        "timeout=60001",
        "timeout=4294967297",
        "socket",
        "socket=",
        "socket=a/b",
        "socket=/",
        "socket=/a/",
        "socket=/a/..",
        "socket=/a/.",
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(wrong); i++) {
        struct options options = {.timeout_msec = 1};
        const char *bad = NULL;

        assert_int_equal(parse("debug", wrong[i], "quiet", &options, &bad), -EINVAL);
        assert_ptr_equal(bad, wrong[i]);
        assert_int_equal(options.timeout_msec, 1);
    }
}

static void test_options_parse__socket_name_at_limit__longer_is_refused(void **state)
{
    char path[sizeof("socket=/run/") + OPTIONS_SOCKET_NAME_MAX_BYTES + 1] = "socket=/run/";
    struct options options;
    const char *bad = NULL;

    (void)state;
    memset(path + strlen(path), 'n', OPTIONS_SOCKET_NAME_MAX_BYTES);
    assert_int_equal(parse(path, NULL, NULL, &options, &bad), 0);
    path[strlen(path)] = 'n';
    assert_int_equal(parse(path, NULL, NULL, &options, &bad), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_parse__no_arguments__defaults),
        cmocka_unit_test(test_options_parse__each_argument__taken),
        cmocka_unit_test(test_options_parse__given_twice__last_counts),
        cmocka_unit_test(test_options_parse__wrong_argument__named),
        cmocka_unit_test(test_options_parse__socket_name_at_limit__longer_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
