/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration: what its files may say, what is refused and how it is explained, drop-ins, and
 * the way back into a file. Long because each way to write a wrong file has its row.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/clock.h"
#include "daemon/config-file.h"
#include "daemon/config-value.h"
#include "daemon/config.h"

struct fixture {
    char directory[128];
    char path[160]; /* of the main file */
    struct config *config;
    struct config_error error;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (!fixture)
        return -1;
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "%s/test-config.XXXXXX",
                   temporary ? temporary : "/tmp");
    if (!mkdtemp(fixture->directory))
        return -1;
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/d.conf", fixture->directory);
    *state = fixture;
    return 0;
}

static void remove_in(const char *directory, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    (void)remove(path); /* most tests have no such file */
}

static int teardown(void **state)
{
    static const char *const names[] = {"d.conf.d/10-a.conf",
                                        "d.conf.d/20-b.conf",
                                        "d.conf.d/30-c.conf",
                                        "d.conf.d/.hidden.conf",
                                        "d.conf.d/notes.txt",
                                        "d.conf.d",
                                        "d.conf",
                                        "saved/policy.d/10-a.conf",
                                        "saved/policy.d",
                                        "saved/sessmgrd.conf",
                                        "saved",
                                        "saved.new"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove_in(fixture->directory, names[i]);
    config_free(fixture->config);
    int r = rmdir(fixture->directory);
    free(fixture);
    return r;
}

static void write_bytes(struct fixture *fixture, const char *name, const char *text, size_t bytes)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    FILE *stream = fopen(path, "we");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, bytes, stream), bytes);
    assert_int_equal(fclose(stream), 0);
}

static void write_file(struct fixture *fixture, const char *name, const char *text)
{
    write_bytes(fixture, name, text, strlen(text));
}

static void write_drop_in(struct fixture *fixture, const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/d.conf.d", fixture->directory);
    (void)mkdir(path, 0700); /* it may be there */
    (void)snprintf(path, sizeof(path), "d.conf.d/%s", name);
    write_file(fixture, path, text);
}

static int load(struct fixture *fixture)
{
    config_free(fixture->config);
    fixture->config = NULL;
    memset(&fixture->error, 0, sizeof(fixture->error));
    return config_load(fixture->path, &fixture->config, &fixture->error);
}

static void assert_loads(struct fixture *fixture)
{
    int r = load(fixture);
    if (r < 0)
        print_error("%s:%d: %s: %s\n", fixture->error.file, fixture->error.line, fixture->error.key,
                    fixture->error.message);
    assert_int_equal(r, 0);
}

/* Loads a text that must be refused, with that line, key, and words in the message. */
static void assert_refuses(struct fixture *fixture, const char *text, int line, const char *key,
                           const char *words)
{
    write_file(fixture, "d.conf", text);
    assert_int_equal(load(fixture), -EINVAL);
    assert_null(fixture->config);
    assert_string_equal(fixture->error.file, fixture->path);
    assert_int_equal(fixture->error.line, line);
    assert_string_equal(fixture->error.key, key);
    if (!strstr(fixture->error.message, words) || !strstr(fixture->error.message, "expected"))
        fail_msg("message \"%s\" lacks \"%s\" or what was expected", fixture->error.message, words);
}

static void test_config_load__no_file__defaults(void **state)
{
    struct fixture *fixture = *state;

    assert_loads(fixture);
    assert_int_equal(fixture->config->sessions_max, 65536);
    assert_int_equal(fixture->config->retention_usec, 7 * 86400 * USEC_PER_SEC);
    assert_int_equal(fixture->config->fallback.settings.session.lifetime_usec, USEC_INFINITY);
    assert_int_equal(fixture->config->fallback.settings.session.max_sessions, INT64_MAX);
    assert_int_equal(fixture->config->fallback.settings.session.grace_usec, 10 * USEC_PER_SEC);
    assert_int_equal(fixture->config->fallback.settings.session.kill_processes, KILL_ENFORCED);
    assert_true(config_tracks_service(fixture->config, "sshd"));
    assert_true(config_tracks_service(fixture->config, "xdm"));
    assert_false(config_tracks_service(fixture->config, "cron"));
}

static void test_config_load__every_key__read(void **state)
{
    struct fixture *fixture = *state;

    write_file(fixture, "d.conf",
               "# comment ; with # everything\n; another\n\n[Manager]\nServices = sshd  My-App\n"
               "SessionsMax=10\nRetentionSec=infinity\n   \n[Session]\nLifetimeSec=1h 30min\n"
               "MaxSessions=3\nGraceSec=500ms\nKillProcesses=all");
    assert_loads(fixture);
    assert_int_equal(fixture->config->sessions_max, 10);
    assert_int_equal(fixture->config->retention_usec, USEC_INFINITY);
    assert_int_equal(fixture->config->fallback.settings.session.lifetime_usec, 5400 * USEC_PER_SEC);
    assert_int_equal(fixture->config->fallback.settings.session.max_sessions, 3);
    assert_int_equal(fixture->config->fallback.settings.session.grace_usec, 500 * USEC_PER_MSEC);
    assert_int_equal(fixture->config->fallback.settings.session.kill_processes, KILL_ALL);
    assert_string_equal(fixture->config->services[0], "sshd");
    assert_string_equal(fixture->config->services[1], "my-app"); /* as libpam says it */
    assert_null(fixture->config->services[2]);
}

static void test_config_load__empty_value__default(void **state)
{
    struct fixture *fixture = *state;

    write_file(fixture, "d.conf",
               "[Session]\nLifetimeSec=1h\nGraceSec=1s\n[Manager]\nServices=x\n");
    write_drop_in(fixture, "10-a.conf", "[Session]\nLifetimeSec=\n[Manager]\nServices=\n");
    assert_loads(fixture);
    assert_int_equal(fixture->config->fallback.settings.session.lifetime_usec, USEC_INFINITY);
    assert_int_equal(fixture->config->fallback.settings.session.grace_usec, USEC_PER_SEC);
    assert_true(config_tracks_service(fixture->config, "sshd"));
}

static void test_config_load__drop_ins__by_name_and_key_by_key(void **state)
{
    struct fixture *fixture = *state;

    write_file(fixture, "d.conf", "[Session]\nLifetimeSec=1s\nMaxSessions=1\nGraceSec=1s\n");
    write_drop_in(fixture, "20-b.conf", "[Session]\nLifetimeSec=3s\n");
    write_drop_in(fixture, "10-a.conf", "[Session]\nLifetimeSec=2s\nMaxSessions=2\n");
    write_drop_in(fixture, ".hidden.conf", "[Session]\nGraceSec=9s\n");
    write_drop_in(fixture, "notes.txt", "not a configuration at all");
    assert_loads(fixture);
    assert_int_equal(fixture->config->fallback.settings.session.lifetime_usec, 3 * USEC_PER_SEC);
    assert_int_equal(fixture->config->fallback.settings.session.max_sessions, 2);
    assert_int_equal(fixture->config->fallback.settings.session.grace_usec, USEC_PER_SEC);
}

static void test_config_load__wrong_drop_in__named(void **state)
{
    struct fixture *fixture = *state;
    char expected[256];

    write_drop_in(fixture, "10-a.conf", "[Session]\n\nMaxSessions=many\n");
    assert_int_equal(load(fixture), -EINVAL);
    (void)snprintf(expected, sizeof(expected), "%s.d/10-a.conf", fixture->path);
    assert_string_equal(fixture->error.file, expected);
    assert_int_equal(fixture->error.line, 3);
    assert_string_equal(fixture->error.key, "MaxSessions");
    assert_string_equal(fixture->error.message,
                        "found \"many\", expected a number from 1; \"infinity\" is no limit");
}

static void test_config_load__drop_in_not_a_file__refused(void **state)
{
    struct fixture *fixture = *state;
    char path[256];

    write_drop_in(fixture, "20-b.conf", "[Session]\nMaxSessions=1\n");
    (void)snprintf(path, sizeof(path), "%s.d/10-a.conf", fixture->path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(load(fixture), -EINVAL);
    assert_string_equal(fixture->error.file, path);
    assert_string_equal(fixture->error.message, "found a directory, expected a regular file");

    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/nonexistent/file", path), 0);
    assert_int_equal(load(fixture), -EINVAL);
    assert_string_equal(fixture->error.message, "found a link to nothing, expected a file");

    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* and does not wait for a writer */
    assert_int_equal(load(fixture), -EINVAL);
    assert_string_equal(fixture->error.message, "found a special file, expected a regular file");
}

static void test_config_load__wrong_lines__refused_with_line(void **state)
{
    struct fixture *fixture = *state;

    assert_refuses(fixture, "[Session]\n MaxSessions=1\n", 2, "", "white space");
    assert_refuses(fixture, "[Session]\nGraceSec=1s\n\tMaxSessions=1\n", 3, "", "white space");
    assert_refuses(fixture, "[Session]\n[Manager]\n[Session]\n", 3, "", "a second time");
    assert_refuses(fixture, "[Session]\nGraceSec=1s ; why\n", 2, "GraceSec", "\";\" behind");
    assert_refuses(fixture, "[Session]\nGraceSec=1s # why\n", 2, "GraceSec", "\"#\" behind");
    assert_refuses(fixture, "[Session]\nGraceSec= ;\n", 2, "GraceSec", "\";\" behind");
    assert_refuses(fixture, "[Session] # why\n", 1, "", "\"#\" behind");
    assert_refuses(fixture, "\nMaxSessions=1\n", 2, "", "before any section");
    assert_refuses(fixture, "[Session]\nMaxSessions\n", 2, "", "\"MaxSessions\"");
    assert_refuses(fixture, "[Session]\nMaxSessions: 3\n", 2, "", "\"MaxSessions: 3\"");
    assert_refuses(fixture, "[Session]\nMaxSessions:3=3\n", 2, "", "unknown key \"MaxSessions:3\"");
    assert_refuses(fixture, "[Session]\n=3\n", 2, "", "unknown key \"\"");
    assert_refuses(fixture, "[Sessions]\n", 1, "", "unknown section [Sessions]");
    assert_refuses(fixture, "[session]\n", 1, "", "unknown section [session]");
    assert_refuses(fixture, "[Session\nMaxSessions=1\n", 1, "", "\"[Session\"");
    assert_refuses(fixture, "[Session]MaxSessions=1\n", 1, "", "nothing else");
    assert_refuses(fixture, "[Session]\nSessionsMax=1\n", 2, "", "unknown key \"SessionsMax\"");
    assert_refuses(fixture, "[Session]\nmaxsessions=1\n", 2, "", "unknown key \"maxsessions\"");
    assert_refuses(fixture, "[Session]\nMaxSessions=1\nMaxSessions=2\n", 3, "MaxSessions",
                   "a second time");
}

static void test_config_load__wrong_bytes__refused_with_line(void **state)
{
    static const char nul[] = "[Session]\nGraceSec=1s\0MaxSessions=1\n";
    struct fixture *fixture = *state;

    assert_refuses(fixture, "[Session]\r\nMaxSessions=1\r\n", 1, "", "carriage return");
    assert_refuses(fixture, "[Session]\nGraceSec=1s\033[2J\n", 2, "", "0x1b");
    assert_refuses(fixture, "[Session]\n# \xc2\x9b\n", 2, "", "0x9b");
    assert_refuses(fixture, "[Session]\nGraceSec=\xff\n", 2, "", "0xff");
    assert_refuses(fixture, "[Session]\nGraceSec=\xc0\xaf\n", 2, "", "UTF-8");
    assert_refuses(fixture, "\xef\xbb\xbf[Session]\n", 1, "", "byte order mark");
    write_bytes(fixture, "d.conf", nul, sizeof(nul) - 1);
    assert_int_equal(load(fixture), -EINVAL);
    assert_int_equal(fixture->error.line, 2);
    assert_non_null(strstr(fixture->error.message, "NUL"));
}

static void test_config_load__line_length__limit_is_exact(void **state)
{
    struct fixture *fixture = *state;
    char text[512], name[65];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    (void)snprintf(text, sizeof(text), "[Manager]\nServices=%s %s %.*s\n", name, name, 51, name);
    assert_int_equal(strlen(text), 10 + CONFIG_LINE_MAX_BYTES + 1);
    write_file(fixture, "d.conf", text);
    assert_loads(fixture);
    assert_int_equal(strlen(fixture->config->services[2]), 51);

    (void)snprintf(text, sizeof(text), "[Manager]\nServices=%s %s %.*s\n", name, name, 52, name);
    assert_refuses(fixture, text, 2, "", "191 bytes");
}

static void test_config_load__wrong_values__refused_with_key(void **state)
{
    static const struct {
        const char *section, *key, *value;
    } rows[] = {
        {"Manager", "SessionsMax", "0"},
        {"Manager", "SessionsMax", "1000001"},
        {"Manager", "SessionsMax", "infinity"},
        {"Manager", "SessionsMax", "-1"},
        {"Manager", "SessionsMax", "99999999999999999999"},
        {"Manager", "RetentionSec", "-1d"},
        {"Manager", "RetentionSec", "1 fortnight"},
        {"Manager", "Services", "../shadow"},
        {"Manager", "Services", "sshd,login"},
        {"Session", "LifetimeSec", "0"},
        {"Session", "LifetimeSec", "0s"},
        {"Session", "LifetimeSec", "1month"},
        {"Session", "LifetimeSec", "3000000000h"},
        {"Session", "LifetimeSec", "10000000000000000000"},
        {"Session", "LifetimeSec", "1.5h"},
        {"Session", "LifetimeSec", "\"1h\""},
        {"Session", "LifetimeSec", "infinity 1s"},
        {"Session", "MaxSessions", "0"},
        {"Session", "MaxSessions", "3 4"},
        {"Session", "MaxSessions", "9223372036854775807"},
        {"Session", "GraceSec", "11min"},
        {"Session", "GraceSec", "infinity"},
        {"Session", "KillProcesses", "yes"},
        {"Session", "KillProcesses", "Enforced"},
    };
    struct fixture *fixture = *state;
    char text[256], found[128];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(text, sizeof(text), "[%s]\n%s=%s\n", rows[i].section, rows[i].key,
                       rows[i].value);
        (void)snprintf(found, sizeof(found), "found \"%s\"", rows[i].value);
        assert_refuses(fixture, text, 2, rows[i].key, found);
    }
}

static void test_config_load__lifetime_zero__hints_at_infinity(void **state)
{
    struct fixture *fixture = *state;

    assert_refuses(fixture, "[Session]\nLifetimeSec=0\n", 2, "LifetimeSec", "infinity");
}

static void test_config_load__long_wrong_value__cut_between_characters(void **state)
{
    struct fixture *fixture = *state;
    char text[256] = "[Session]\nGraceSec=1";

    for (int i = 0; i < 80; i++)
        strncat(text, "\xc3\xa9", sizeof(text) - strlen(text) - 1);
    assert_refuses(fixture, text, 2, "GraceSec", "\xc3\xa9\", expected a duration");
}

static void test_config_load__directory_in_its_place__refused(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(mkdir(fixture->path, 0700), 0);
    assert_int_equal(load(fixture), -EINVAL);
    assert_string_equal(fixture->error.message, "found a directory, expected a regular file");
}

static void test_config_parse_duration__good__microseconds(void **state)
{
    static const struct {
        const char *text;
        int64_t usec;
    } rows[] = {
        {"90", 90 * USEC_PER_SEC},
        {"0", 0},
        {"2h 30min", 9000 * USEC_PER_SEC},
        {"2h30m", 9000 * USEC_PER_SEC},
        {"2 hours 30 minutes", 9000 * USEC_PER_SEC},
        {"1w 1d 1h 1s 1ms 1us", 694801001001},
        {"1week 1day 1hr 1min 1second", 694861000000},
        {"2weeks 2days 2minutes 2seconds 2sec", 2 * 604800000000 + 2 * 86400000000 + 124000000},
        {"1h 5", 3605 * USEC_PER_SEC},
        {"infinity", USEC_INFINITY},
        {"36525d", 36525 * INT64_C(86400000000)},
    };

    (void)state; /* no fixture */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t usec = -1;
        assert_int_equal(config_parse_duration(rows[i].text, &usec), 0);
        assert_int_equal(usec, rows[i].usec);
    }
}

static void test_config_parse_duration__bad__refused(void **state)
{
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {"", -EINVAL},
        {" ", -EINVAL},
        {"h", -EINVAL},
        {"-1s", -EINVAL},
        {"+1s", -EINVAL},
        {"1y", -EINVAL},
        {"1M", -EINVAL},
        {"1,5s", -EINVAL},
        {"0x10s", -EINVAL},
        {"1s;", -EINVAL},
        {"1H", -EINVAL},
        {"36525d 1us", -ERANGE},
        {"9223372036854775807us", -ERANGE},
        {"9223372036854775808us", -ERANGE},
        {"15250285w", -ERANGE},
        {"9223372036854775806us 1us", -ERANGE},
    };

    (void)state; /* no fixture */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t usec = 42;
        assert_int_equal(config_parse_duration(rows[i].text, &usec), rows[i].result);
        assert_int_equal(usec, 42);
    }
}

static void assert_same(const struct config *a, const struct config *b)
{
    size_t i = 0;

    for (; a->services[i] && b->services[i]; i++)
        assert_string_equal(a->services[i], b->services[i]);
    assert_null(a->services[i]);
    assert_null(b->services[i]);
    assert_int_equal(a->sessions_max, b->sessions_max);
    assert_int_equal(a->retention_usec, b->retention_usec);
    assert_int_equal(a->fallback.settings.session.lifetime_usec,
                     b->fallback.settings.session.lifetime_usec);
    assert_int_equal(a->fallback.settings.session.max_sessions,
                     b->fallback.settings.session.max_sessions);
    assert_int_equal(a->fallback.settings.session.grace_usec,
                     b->fallback.settings.session.grace_usec);
    assert_int_equal(a->fallback.settings.session.kill_processes,
                     b->fallback.settings.session.kill_processes);
}

static void test_config_save__any__loads_the_same(void **state)
{
    static const char *const texts[] = {
        "",
        ("[Manager]\nServices=a b c\nSessionsMax=1\nRetentionSec=0\n[Session]\nLifetimeSec=1us\n"
         "MaxSessions=1\nGraceSec=0\nKillProcesses=no\n"),
        "[Session]\nLifetimeSec=90061001ms\nGraceSec=10min\nKillProcesses=always\n",
        "[Session]\nLifetimeSec=36525d\nMaxSessions=9223372036854775806\n",
    };
    struct fixture *fixture = *state;
    char saved[160], file[192];

    (void)snprintf(saved, sizeof(saved), "%s/saved", fixture->directory);
    (void)snprintf(file, sizeof(file), "%s/sessmgrd.conf", saved);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct config *again = NULL;

        write_file(fixture, "d.conf", texts[i]);
        assert_loads(fixture);
        assert_int_equal(config_save(fixture->config, saved), 0);
        assert_int_equal(config_load(file, &again, &fixture->error), 0);
        assert_same(fixture->config, again);
        config_free(again);
    }
}

static void test_config_save__no_directory__fails_and_keeps_the_old(void **state)
{
    struct fixture *fixture = *state;
    char saved[160], file[192];

    write_file(fixture, "d.conf", "[Session]\nMaxSessions=5\n");
    assert_loads(fixture);
    (void)snprintf(saved, sizeof(saved), "%s/none/saved", fixture->directory);
    assert_int_equal(config_save(fixture->config, saved), -ENOENT);

    (void)snprintf(saved, sizeof(saved), "%s/saved", fixture->directory);
    (void)snprintf(file, sizeof(file), "%s/sessmgrd.conf", saved);
    assert_int_equal(config_save(fixture->config, saved), 0);
    write_file(fixture, "d.conf", "[Session]\nMaxSessions=6\n");
    assert_loads(fixture);
    write_file(fixture, "saved.new", "");
    assert_int_equal(config_save(fixture->config, saved), -EEXIST);
    config_free(fixture->config);
    fixture->config = NULL;
    assert_int_equal(config_load(file, &fixture->config, &fixture->error), 0);
    assert_int_equal(fixture->config->fallback.settings.session.max_sessions, 5);
}

/* Keys as the lines of a file. */
struct listing {
    FILE *stream;
    const char *section; /* of the last line */
};

static void collect_key(const char *section, const char *key, const char *default_text,
                        void *userdata)
{
    struct listing *listing = userdata;

    if (strcmp(listing->section, section) != 0)
        (void)fprintf(listing->stream, "[%s]\n", section);
    listing->section = section;
    (void)fprintf(listing->stream, "%s=%s\n", key, default_text);
}

static void test_config_list_keys__as_a_file__is_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct config *defaults = NULL;
    char text[8192] = "";

    struct listing listing = {.stream = fmemopen(text, sizeof(text), "w"), .section = ""};
    assert_non_null(listing.stream);
    config_list_keys(false, collect_key, &listing);
    assert_int_equal(fclose(listing.stream), 0);
    write_file(fixture, "d.conf", text);
    assert_loads(fixture);
    assert_int_equal(config_new(&defaults), 0);
    assert_same(fixture->config, defaults);
    config_free(defaults);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config_load__no_file__defaults),
        TEST(test_config_load__every_key__read),
        TEST(test_config_load__empty_value__default),
        TEST(test_config_load__drop_ins__by_name_and_key_by_key),
        TEST(test_config_load__wrong_drop_in__named),
        TEST(test_config_load__drop_in_not_a_file__refused),
        TEST(test_config_load__wrong_lines__refused_with_line),
        TEST(test_config_load__wrong_bytes__refused_with_line),
        TEST(test_config_load__line_length__limit_is_exact),
        TEST(test_config_load__wrong_values__refused_with_key),
        TEST(test_config_load__lifetime_zero__hints_at_infinity),
        TEST(test_config_load__long_wrong_value__cut_between_characters),
        TEST(test_config_load__directory_in_its_place__refused),
        cmocka_unit_test(test_config_parse_duration__good__microseconds),
        cmocka_unit_test(test_config_parse_duration__bad__refused),
        TEST(test_config_save__any__loads_the_same),
        TEST(test_config_save__no_directory__fails_and_keeps_the_old),
        TEST(test_config_list_keys__as_a_file__is_the_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
