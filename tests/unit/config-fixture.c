/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder with a configuration, for tests; see config-fixture.h. */
#include <config.h>

#include "tests/unit/config-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int config_fixture_setup(void **state)
{
    struct config_fixture *fixture = calloc(1, sizeof(*fixture));
    char policy[CONFIG_PATH_BYTES];

    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/sessmgr-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/d.conf", fixture->folder);
    (void)snprintf(policy, sizeof(policy), "%s/policy.d", fixture->folder);
    assert_int_equal(mkdir(policy, 0755), 0);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int config_fixture_teardown(void **state)
{
    struct config_fixture *fixture = *state;

    config_free(fixture->config);
    (void)nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

const char *config_fixture_path(const struct config_fixture *fixture, const char *name,
                                char buffer[static CONFIG_PATH_BYTES])
{
    (void)snprintf(buffer, CONFIG_PATH_BYTES, "%s/%s", fixture->folder, name);
    return buffer;
}

void put_file(const struct config_fixture *fixture, const char *name, const char *text)
{
    char path[CONFIG_PATH_BYTES];
    FILE *stream = fopen(config_fixture_path(fixture, name, path), "we");

    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fchmod(fileno(stream), 0644), 0);
    assert_int_equal(fclose(stream), 0);
}

void put_main(const struct config_fixture *fixture, const char *text)
{
    put_file(fixture, "d.conf", text);
}

void put_rule(const struct config_fixture *fixture, const char *name, const char *text)
{
    char file[128];

    (void)snprintf(file, sizeof(file), "policy.d/%s", name);
    put_file(fixture, file, text);
}

int load_config(struct config_fixture *fixture)
{
    config_free(fixture->config);
    fixture->config = NULL;
    memset(&fixture->error, 0, sizeof(fixture->error));
    return config_load(fixture->path, &fixture->config, &fixture->error);
}

void assert_config_loads(struct config_fixture *fixture)
{
    char text[CONFIG_ERROR_TEXT_BYTES];
    int r = load_config(fixture);

    if (r < 0)
        fail_msg("%s", config_error_text(&fixture->error, text));
}

void assert_config_refused(struct config_fixture *fixture, const char *file, int line,
                           const char *key, const char *words)
{
    char path[CONFIG_PATH_BYTES];

    assert_int_equal(load_config(fixture), -EINVAL);
    assert_null(fixture->config);
    assert_string_equal(fixture->error.file, config_fixture_path(fixture, file, path));
    assert_int_equal(fixture->error.line, line);
    assert_string_equal(fixture->error.key, key);
    if (strstr(fixture->error.message, words) == NULL)
        fail_msg("message \"%s\" lacks \"%s\"", fixture->error.message, words);
}

size_t number_of_key(const char *name)
{
    for (size_t i = 0, offset; i < rule_table.key_count; i++)
        if (strcmp(config_table_key(&rule_table, i, &offset)->name, name) == 0)
            return i;
    fail_msg("no key %s", name);
    return 0;
}

void assert_value(const struct rule *rule, const char *key, const char *expected)
{
    char value[1024] = "";
    FILE *stream = fmemopen(value, sizeof(value), "w");

    assert_non_null(stream);
    config_table_print_value(&rule_table, number_of_key(key), rule, stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(value, expected);
}
