/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sessmgrctl check-config` (ctl/command-check-config.c), against a sessmgrd that is a script of
 * the shell. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"

static struct ctl_result run(struct fake_daemon *daemon, const char *first, const char *second)
{
    const struct ctl_run run = {.command = command_check_config, .words = {first, second}};
    static struct ctl_result result;

    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

/* Runs with a sessmgrd of these lines of shell. directory: NULL for the default. */
static struct ctl_result check_config(struct fake_daemon *daemon, const char *shell,
                                      const char *directory)
{
    char program[64], option[96];
    struct ctl_result result;
    FILE *stream;

    (void)snprintf(program, sizeof(program), "%s/sessmgrd", daemon->folder);
    (void)snprintf(option, sizeof(option), "--sessmgrd=%s", program);
    stream = fopen(program, "we");
    assert_non_null(stream);
    fprintf(stream, "#!/bin/sh\n%s\n", shell);
    assert_int_equal(fchmod(fileno(stream), 0755), 0);
    assert_int_equal(fclose(stream), 0);
    result = run(daemon, option, directory);
    (void)unlink(program);
    return result;
}

static void test_check_config__directory__sessmgrd_looks_and_says(void **state)
{
    const struct fake_daemon *daemon = *state;
    char wanted[128];
    struct ctl_result result;

    result = check_config(*state, "echo \"$*\"", NULL);
    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out,
                        "--check-config --config=" SYSCONFDIR "/sessmgr/sessmgrd.conf\n");
    result = check_config(*state, "echo \"$*\"", daemon->folder);
    (void)snprintf(wanted, sizeof(wanted), "--check-config --config=%s/sessmgrd.conf\n",
                   daemon->folder);
    assert_string_equal(result.out, wanted);
}

static void test_check_config__any_other_status__failed(void **state)
{
    static const struct {
        const char *shell;
        const char *said;
    } cases[] = {
        {"echo /etc/s:3: no >&2; exit 1", "/etc/s:3: no\n"},
        {"exit 3", ""},
        {"kill -9 $$", "was ended by signal 9"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct ctl_result result = check_config(*state, cases[i].shell, NULL);

        assert_int_equal(result.code, CODE_FAILED);
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

static void test_check_config__bad_input__not_even_run(void **state)
{
    static const struct {
        const char *words[2];
        int code;
        const char *said;
    } cases[] = {
        {{"--sessmgrd=/no/such\033file"}, CODE_FAILED, "/no/such\\x1bfile cannot be run\n"},
        {{"--sessmgrd=/bin/true", "/no/such"}, CODE_FAILED, "/no/such: No such file"},
        {{"--sessmgrd=/bin/true", ""}, CODE_FAILED, "No such file"},
        {{"--sessmgrd=/bin/true", "/bin/true"}, CODE_FAILED, "/bin/true: Not a directory"},
        {{"--sessmgrd=/bin/true", "--json=short"}, CODE_USAGE, "--json= is not for check-config"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct ctl_result result = run(*state, cases[i].words[0], cases[i].words[1]);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_check_config__directory__sessmgrd_looks_and_says),
        WITH_FOLDER(test_check_config__any_other_status__failed),
        WITH_FOLDER(test_check_config__bad_input__not_even_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
