/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `sessmgrctl store` (ctl/command-store.c), against a daemon that follows a script, and against a
 * sessmgrd that is a script of the shell. Long because each of its commands goes both ways.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/unit/ctl-run.h"
#include "tests/unit/fake-session.h"

#define MANAGER "io.sessmgr.Manager."
#define INFO    "{\"parameters\":{\"version\":\"0.1.0\"}}"
#define DAMAGED                                                                          \
    "{\"error\":\"io.sessmgr.Manager.StoreDamaged\",\"parameters\":{\"file\":\"log-7\"," \
    "\"offset\":"                                                                        \
    "4096,\"message\":\"a record is damaged\"}}"

/* The daemon answers, and then is asked for something over another connection. */
#define ANSWERS(wanted, send, reply)                                                          \
    {                                                                                         \
        {FAKE_ACCEPT, NULL}, {FAKE_READ, "GetInfo"}, {FAKE_SEND, INFO}, {FAKE_SWAP, NULL},    \
            {FAKE_ACCEPT, NULL}, {FAKE_READ, (wanted)}, {(send), (reply)}, {FAKE_WAIT, NULL}, \
            {FAKE_CLOSE, NULL}, {FAKE_END, NULL},                                             \
    }

/* The option names the socket for what is asked over connections of the command's own. */
static struct ctl_result run(struct fake_daemon *daemon, const struct fake_step *script,
                             const char *one, const char *two, const char *three)
{
    char option[128];
    const struct ctl_run run = {
        .command = command_store, .words = {option, one, two, three}, .script = script};
    static struct ctl_result result;

    (void)snprintf(option, sizeof(option), "--socket=%s", daemon->path);
    assert_null(ctl_run(daemon, &run, &result));
    return result;
}

static void test_store_verify__whole__says_so(void **state)
{
    static const struct fake_step script[] =
        ANSWERS(MANAGER "VerifyStore", FAKE_SEND,
                "{\"parameters\":{\"records\":3,\"bytes\":70,\"sequence\":9}}");
    struct ctl_result result = run(*state, script, "verify", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "The store is whole: 3 records in 70 bytes, up to change 9.\n");
    assert_string_equal(result.err, ""); /* no bar where there is no terminal */
}

static void test_store_verify__json__an_object(void **state)
{
    static const struct fake_step script[] =
        ANSWERS(MANAGER "VerifyStore", FAKE_SEND,
                "{\"parameters\":{\"records\":3,\"bytes\":70,\"sequence\":9}}");
    struct ctl_result result = run(*state, script, "--json=short", "verify", NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "{\"records\":3,\"bytes\":70,\"sequence\":9}\n");
}

static void test_store_verify__damaged__where_and_a_status_of_its_own(void **state)
{
    static const struct fake_step script[] = ANSWERS(MANAGER "VerifyStore", FAKE_SEND, DAMAGED);
    struct ctl_result result = run(*state, script, "verify", NULL, NULL);

    assert_int_equal(result.code, CODE_DAMAGED);
    assert_string_equal(result.out, "");
    assert_non_null(strstr(result.err, "log-7, byte 4096: a record is damaged"));
}

static void test_store_checkpoint__made__how_large(void **state)
{
    static const struct fake_step script[] =
        ANSWERS(MANAGER "Checkpoint", FAKE_SEND, "{\"parameters\":{\"records\":3,\"bytes\":70}}");
    struct ctl_result result = run(*state, script, "checkpoint", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "A checkpoint was made: 3 records in 70 bytes.\n");
}

static void test_store_rekey__answers__the_id_or_why_not(void **state)
{
    static const struct fake_step good[] = ANSWERS(
        MANAGER "RekeyStore", FAKE_SEND, "{\"parameters\":{\"keyId\":\"0123456789abcdef\"}}");
    static const struct fake_step none[] =
        ANSWERS(MANAGER "RekeyStore", FAKE_SEND,
                "{\"error\":\"io.sessmgr.Manager.NoKey\",\"parameters\":{\"message\":\"there is no "
                "credential\"}}");
    struct ctl_result result = run(*state, good, "rekey", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "0123456789abcdef"));
    assert_non_null(strstr(result.out, "in the place of sessmgr.key"));
    result = run(*state, none, "rekey", NULL, NULL);
    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "The new master key is missing: there is no credential"));
}

static void test_store_forget__number__how_many(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "ForgetUser\",\"parameters\":{\"uid\":4000000001}"},
        {FAKE_SEND, "{\"parameters\":{\"sessions\":5}}"},
        {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_END, NULL}};
    struct ctl_result result = run(*state, script, "forget", "4000000001", NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "5 ended sessions of 4000000001 forgotten.\n");
}

static void test_store_forget__name__its_uid(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "ForgetUser\",\"parameters\":{\"uid\":0}"},
        {FAKE_SEND, "{\"parameters\":{\"sessions\":1}}"},
        {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_END, NULL}};
    struct ctl_result result = run(*state, script, "--json=short", "forget", "root");

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "{\"sessions\":1}\n");
}

static void test_store_forget__nobody_of_that_name__asks_nobody(void **state)
{
    static const struct fake_step script[] = CTL_SILENCE;
    struct ctl_result result = run(*state, script, "forget", "no-such\033user", NULL);

    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "there is no user no-such\\x1buser;"));
}

static void test_store_stat__statistics__a_table(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(MANAGER "GetStatistics",
                   "{\"parameters\":{\"statistics\":{\"sessionsLive\":1,\"storeAvailable\":true,"
                   "\"storeDamaged\":false,\"storeSequence\":12,\"storeLogBytes\":4096}}}");
    struct ctl_result result = run(*state, script, "stat", NULL, NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "Last change       12\n"));
    assert_non_null(strstr(result.out, "Takes changes     yes\n"));
    assert_non_null(strstr(result.out, "Damaged           no\n"));
    assert_null(strstr(result.out, "sessions"));
}

static void test_store_stat__damaged__a_status_of_its_own(void **state)
{
    static const struct fake_step script[] =
        CTL_ANSWER(MANAGER "GetStatistics",
                   "{\"parameters\":{\"statistics\":{\"storeDamaged\":true,\"opened\":3}}}");
    struct ctl_result result = run(*state, script, "--json=short", "stat", NULL);

    assert_int_equal(result.code, CODE_DAMAGED);
    assert_string_equal(result.out, "{\"storeDamaged\":true}\n");
}

static void test_status__damaged__says_so_before_all_numbers(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "GetInfo"},
        {FAKE_SEND, INFO},
        {FAKE_READ, MANAGER "GetStatistics"},
        {FAKE_SEND, "{\"parameters\":{\"statistics\":{\"opened\":1,\"storeDamaged\":true}}}"},
        {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_END, NULL}};
    const struct ctl_run run = {.command = command_status, .script = script};
    struct ctl_result result;

    assert_null(ctl_run(*state, &run, &result));
    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "Version: 0.1.0\nStore: DAMAGED when it was loaded"));
}

/* --- files */

static const char *path_in(const struct fake_daemon *daemon, const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", daemon->folder, name);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void assert_content(const char *path, const char *text)
{
    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char buffer[256] = "";

    assert_true(fd >= 0 && read(fd, buffer, sizeof(buffer) - 1) >= 0);
    assert_string_equal(buffer, text);
}

/* What is in the folder beside the socket. */
static size_t files_in(const struct fake_daemon *daemon)
{
    DIR *folder = opendir(daemon->folder);
    size_t count = 0;

    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.' && strcmp(entry->d_name, "socket") != 0;
    (void)closedir(folder);
    return count;
}

#define BACKUP "{\"parameters\":{\"bytes\":27}}"

static void test_store_backup__answer__is_in_the_file(void **state)
{
    static const struct fake_step script[] = ANSWERS(MANAGER "BackupStore", FAKE_GIVE, BACKUP);
    const char *path = path_in(*state, "backup");
    struct ctl_result result;
    struct stat status;

    result = run(*state, script, "backup", path, NULL);
    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "/backup: 27 bytes.\n"));
    assert_content(path, BACKUP);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(files_in(*state), 1);
    (void)unlink(path);
}

static void test_store_backup__file_is_there__kept_unless_forced(void **state)
{
    static const struct fake_step silence[] = CTL_SILENCE;
    static const struct fake_step script[] = ANSWERS(MANAGER "BackupStore", FAKE_GIVE, BACKUP);
    const char *path = path_in(*state, "backup");
    struct ctl_result result;

    write_file(path, "old", 0644);
    result = run(*state, silence, "backup", path, NULL);
    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "File exists; another name, or --force, is needed"));
    assert_content(path, "old");
    result = run(*state, script, "--force", "backup", path);
    assert_int_equal(result.code, CODE_OK);
    assert_content(path, BACKUP);
    assert_int_equal(files_in(*state), 1);
    (void)unlink(path);
}

static void test_store_backup__refused__leaves_nothing(void **state)
{
    static const struct fake_step script[] = ANSWERS(
        MANAGER "BackupStore", FAKE_SEND, FAKE_ERROR("org.varlink.service.PermissionDenied"));
    struct ctl_result result = run(*state, script, "backup", path_in(*state, "backup"), NULL);

    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "Permission denied"));
    assert_int_equal(files_in(*state), 0);
}

/* --- without a daemon */

/* Runs with a sessmgrd of these lines of shell. */
static struct ctl_result run_offline(struct fake_daemon *daemon, const char *shell, const char *one,
                                     const char *two)
{
    char script[512], option[256], program[128];
    struct ctl_result result;

    (void)snprintf(program, sizeof(program), "%s", path_in(daemon, "sessmgrd"));
    (void)snprintf(option, sizeof(option), "--sessmgrd=%s", program);
    (void)snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", shell);
    write_file(program, script, 0755);
    result = run(daemon, NULL, option, one, two);
    (void)unlink(program);
    return result;
}

static void test_store_verify__no_daemon__by_sessmgrd(void **state)
{
    struct ctl_result result = run_offline(*state,
                                           "[ \"$*\" = --store=verify ] || exit 1\n"
                                           "echo '{\"records\":3,\"bytes\":70,\"sequence\":9}'",
                                           "verify", NULL);

    assert_int_equal(result.code, CODE_OK);
    assert_string_equal(result.out, "The store is whole: 3 records in 70 bytes, up to change 9.\n");
}

static void test_store__no_daemon__statuses_and_words_pass(void **state)
{
    static const struct {
        const char *shell;
        int code;
        const char *said;
    } cases[] = {
        {"echo sessmgrd: log-7 >&2; exit 3", CODE_DAMAGED, "sessmgrd: log-7\n"},
        {"echo sessmgrd: no >&2; exit 1", CODE_FAILED, "sessmgrd: no\n"},
        {"kill -9 $$", CODE_FAILED, "was ended by signal 9"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct ctl_result result = run_offline(*state, cases[i].shell, "checkpoint", NULL);

        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.out, "");
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

static void test_store_stat__no_daemon__by_sessmgrd(void **state)
{
    struct ctl_result result = run_offline(
        *state, "echo '{\"storeDamaged\":true,\"storeSequence\":12}'; exit 0", "stat", NULL);

    assert_int_equal(result.code, CODE_DAMAGED);
    assert_non_null(strstr(result.out, "Last change  12\n"));
    result = run_offline(*state, "echo sessmgrd: data.key >&2; exit 3", "stat", NULL);
    assert_int_equal(result.code, CODE_DAMAGED);
    assert_string_equal(result.out, "");
}

static void test_store_backup__no_daemon__what_sessmgrd_writes(void **state)
{
    const char *path = path_in(*state, "backup");
    struct ctl_result result;
    char copy[128];

    (void)snprintf(copy, sizeof(copy), "%s", path);
    result = run_offline(*state, "printf backup-text", "backup", copy);
    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "/backup: 11 bytes.\n"));
    assert_content(copy, "backup-text");
    (void)unlink(copy);
    result = run_offline(*state, "printf backup-te; exit 1", "backup", copy);
    assert_int_equal(result.code, CODE_FAILED);
    assert_int_equal(files_in(*state), 0);
}

/* A file system that cannot keep a rename from replacing. */
static bool is_plain;

/* The C library's, in whose place it is linked. */
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    if (is_plain && flags != 0) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

static void test_store_backup__plain_file_system__replaces_nothing_either(void **state)
{
    struct ctl_result result;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s", path_in(*state, "backup"));
    is_plain = true;
    result = run_offline(*state, "printf backup-text", "backup", path);
    assert_int_equal(result.code, CODE_OK);
    assert_content(path, "backup-text");
    assert_int_equal(files_in(*state), 1);
    (void)unlink(path);
    /* somebody is faster */
    result = run_offline(*state, "printf old >${0%/*}/backup; printf new", "backup", path);
    is_plain = false;
    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "File exists; another name, or --force, is needed"));
    assert_content(path, "old");
    assert_int_equal(files_in(*state), 1);
    (void)unlink(path);
}

static void test_store_restore__file__is_what_sessmgrd_reads(void **state)
{
    char path[128];
    struct ctl_result result;

    (void)snprintf(path, sizeof(path), "%s", path_in(*state, "backup"));
    write_file(path, "backup-text", 0600);
    result = run_offline(*state,
                         "[ \"$*$(cat)\" = --store=restorebackup-text ] && echo '{\"bytes\":11}'",
                         "restore", path);
    assert_int_equal(result.code, CODE_OK);
    assert_non_null(strstr(result.out, "11 bytes"));
    (void)unlink(path);
    result = run_offline(*state, "exit 0", "restore", path);
    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "/backup: No such file or directory"));
}

static void test_store_restore__daemon_answers__is_not_even_asked(void **state)
{
    static const struct fake_step silence[] = CTL_SILENCE;
    struct ctl_result result =
        run(*state, silence, "--sessmgrd=/bin/false", "restore", "/dev/null");

    assert_int_equal(result.code, CODE_FAILED);
    assert_string_equal(result.out, "");
}

static void test_store__no_daemon_and_no_sessmgrd__says_both(void **state)
{
    struct ctl_result result = run(*state, NULL, "--sessmgrd=/no/such\033file", "verify", NULL);

    assert_int_equal(result.code, CODE_FAILED);
    assert_non_null(strstr(result.err, "the daemon cannot be reached, and /no/such\\x1bfile cannot "
                                       "be run"));
}

static void test_store__wrong_words__usage(void **state)
{
    static const struct {
        const char *one, *two, *three;
        const char *said;
    } cases[] = {
        {NULL, NULL, NULL, "a command is missing after store"},
        {"look", NULL, NULL, "there is no command store look"},
        {"verify", "it", NULL, "too many arguments after store verify"},
        {"backup", "a", "b", "too many arguments after store backup"},
        {"backup", NULL, NULL, "a file is missing after store backup"},
        {"restore", NULL, NULL, "a file is missing after store restore"},
        {"forget", NULL, NULL, "a user is missing after store forget"},
        {"--force", "verify", NULL, "--force is not for store verify"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        static const struct fake_step silence[] = CTL_SILENCE;
        struct ctl_result result = run(*state, silence, cases[i].one, cases[i].two, cases[i].three);

        assert_int_equal(result.code, CODE_USAGE);
        assert_non_null(strstr(result.err, cases[i].said));
    }
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_store_verify__whole__says_so),
        WITH_DAEMON(test_store_verify__json__an_object),
        WITH_DAEMON(test_store_verify__damaged__where_and_a_status_of_its_own),
        WITH_DAEMON(test_store_checkpoint__made__how_large),
        WITH_DAEMON(test_store_rekey__answers__the_id_or_why_not),
        WITH_DAEMON(test_store_forget__number__how_many),
        WITH_DAEMON(test_store_forget__name__its_uid),
        WITH_DAEMON(test_store_forget__nobody_of_that_name__asks_nobody),
        WITH_DAEMON(test_store_stat__statistics__a_table),
        WITH_DAEMON(test_store_stat__damaged__a_status_of_its_own),
        WITH_DAEMON(test_status__damaged__says_so_before_all_numbers),
        WITH_DAEMON(test_store_backup__answer__is_in_the_file),
        WITH_DAEMON(test_store_backup__file_is_there__kept_unless_forced),
        WITH_DAEMON(test_store_backup__refused__leaves_nothing),
        WITH_DAEMON(test_store_verify__no_daemon__by_sessmgrd),
        WITH_DAEMON(test_store__no_daemon__statuses_and_words_pass),
        WITH_DAEMON(test_store_stat__no_daemon__by_sessmgrd),
        WITH_DAEMON(test_store_backup__no_daemon__what_sessmgrd_writes),
        WITH_DAEMON(test_store_backup__plain_file_system__replaces_nothing_either),
        WITH_DAEMON(test_store_restore__file__is_what_sessmgrd_reads),
        WITH_DAEMON(test_store_restore__daemon_answers__is_not_even_asked),
        WITH_DAEMON(test_store__no_daemon_and_no_sessmgrd__says_both),
        WITH_DAEMON(test_store__wrong_words__usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
