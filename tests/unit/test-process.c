/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read out of /proc (daemon/process.h), from a tree made here and from the real one. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/process.h"

/* Fields 4 (ppid), 6, 7, 9, 20 and 22 have values of their own. */
#define STAT                                                                       \
    "42 (bash) S 41 42 40 34817 42 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9001 1000 10 " \
    "18446744073709551615 0 0 0\n"
#define STATUS \
    "Name:\tbash\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t1000\t0\t0\t0\nGid:\t1000\t1000\n"
#define SCOPE       "/user.slice/user-1000.slice/session-3.scope"
#define CGROUP      "0::" SCOPE "\n"
#define STAT_KERNEL "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0 0 0\n"

struct fixture {
    char path[64];
    int root;
    struct proc proc;
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    proc_close(&fixture->proc);
    (void)close(fixture->root);
    (void)nftw(fixture->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

/* Writes a file of a process, whose folder is made if need be. */
static void put(const struct fixture *fixture, const char *pid, const char *name, const char *text)
{
    char path[64];
    int fd;

    if (mkdirat(fixture->root, pid, 0755) < 0)
        assert_int_equal(errno, EEXIST);
    (void)snprintf(path, sizeof(path), "%s/%s", pid, name);
    fd = openat(fixture->root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    assert_int_equal(close(fd), 0);
}

static void put_process(const struct fixture *fixture, const char *pid)
{
    put(fixture, pid, "stat", STAT);
    put(fixture, pid, "status", STATUS);
    put(fixture, pid, "cgroup", CGROUP);
    put(fixture, pid, "sessionid", "3");
}

/* A tree with one good process, 42. */
static int setup(void **state)
{
    const char *folder = getenv("TMPDIR");
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/test-process-XXXXXX",
                   folder != NULL && strlen(folder) < 40 ? folder : "/tmp");
    assert_non_null(mkdtemp(fixture->path));
    fixture->root = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fixture->root >= 0);
    assert_int_equal(proc_open(fixture->path, &fixture->proc), 0);
    put_process(fixture, "42");
    *state = fixture;
    return 0;
}

static int read_42(const struct fixture *fixture, struct process *ret)
{
    return process_read(&fixture->proc, 42, ret);
}

static void test_process_read__ordinary_process__all_fields(void **state)
{
    struct process process;

    assert_int_equal(read_42(*state, &process), 0);
    assert_int_equal(process.pid, 42);
    assert_int_equal(process.ppid, 41);
    assert_int_equal(process.sid, 40);
    assert_int_equal(process.uid, 1000);
    assert_int_equal(process.euid, 0);
    assert_int_equal(process.state, 'S');
    assert_int_equal(process.tty, 34817);
    assert_int_equal(process.start_ticks, 9001);
    assert_int_equal(process.audit_session, 3);
    assert_string_equal(process.comm, "bash");
    assert_string_equal(process.cgroup, SCOPE);
}

static void test_process_read__name_that_looks_like_fields__not_believed(void **state)
{
    static const char *const names[] = {
        "a) R 1 1 1 0 (b", ") Z 1 (", "((((", "))))", ") ) )", "", " ", "x\ny) S 1",
    };

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        struct process process;
        char text[512];

        (void)snprintf(text, sizeof(text), "42 (%s%s", names[i], strchr(STAT, ')'));
        put(*state, "42", "stat", text);
        assert_int_equal(read_42(*state, &process), 0);
        assert_string_equal(process.comm, names[i]);
        assert_int_equal(process.state, 'S');
        assert_int_equal(process.ppid, 41);
        assert_int_equal(process.start_ticks, 9001);
    }
}

static void test_process_read__zombie__is_one_only_without_threads(void **state)
{
    struct process process;

    put(*state, "42", "stat", "42 (x) Z 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n");
    assert_int_equal(read_42(*state, &process), 0);
    assert_int_equal(process.state, 'Z');
    /* the first thread has exited, another one runs */
    put(*state, "42", "stat", "42 (x) Z 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 2 0 9001 0 0\n");
    assert_int_equal(read_42(*state, &process), 0);
    assert_int_equal(process.state, 'S');
}

static void test_process_read__stat_cut_off__refused(void **state)
{
    const size_t whole = (size_t)(strstr(STAT, " 1000 10") - STAT);
    struct process process = {.pid = 7};
    char text[] = STAT;

    for (size_t i = 0; i < whole - strlen("9001"); i++) {
        memcpy(text, STAT, sizeof(STAT));
        text[i] = '\0';
        put(*state, "42", "stat", text);
        assert_int_equal(read_42(*state, &process), -EBADMSG);
        assert_int_equal(process.pid, 7);
    }
}

static void test_process_read__stat_with_wrong_field__refused(void **state)
{
    static const char *const texts[] = {
        "42 (x) S x 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
        "42 (x) S -1 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
        "42 (x) S 99999999999 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
        "42 (x) S 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 -9001 0 0\n",
        "42 (x) S 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 99999999999999999999 0 0\n",
        "42 (x) S 41 42 40 0 -1 4y 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
        "42 (x)S 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
        "42 x S 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
        "42 )( S 41 42 40 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n",
    };
    struct process process;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        put(*state, "42", "stat", texts[i]);
        assert_int_equal(read_42(*state, &process), -EBADMSG);
    }
}

static void test_process_read__status_without_uid__refused(void **state)
{
    static const char *const texts[] = {
        "",
        "Name:\tUid:\t0\t0\n",
        "Name:\tx\nUid:\n",
        "Name:\tx\nUid:\t0\n",
        "Name:\tx\nUid:\t-1\t0\n",
        "Name:\tx\nUid:\t4294967296\t0\n",
    };
    struct process process;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        put(*state, "42", "status", texts[i]);
        assert_int_equal(read_42(*state, &process), -EBADMSG);
    }
}

static void test_process_read__no_audit_session__none(void **state)
{
    const struct fixture *fixture = *state;
    struct process process;

    put(fixture, "42", "sessionid", "4294967295");
    assert_int_equal(read_42(fixture, &process), 0);
    assert_int_equal(process.audit_session, PROCESS_AUDIT_SESSION_NONE);
    assert_int_equal(unlinkat(fixture->root, "42/sessionid", 0), 0);
    assert_int_equal(read_42(fixture, &process), 0);
    assert_int_equal(process.audit_session, PROCESS_AUDIT_SESSION_NONE);
    put(fixture, "42", "sessionid", "x");
    assert_int_equal(read_42(fixture, &process), -EBADMSG);
}

static void test_process_read__cgroup__of_the_hierarchy_that_systemd_uses(void **state)
{
    static const struct {
        const char *text, *path;
    } cases[] = {
        {"0::/\n", "/"},
        {"12:cpuset:/\n1:name=systemd:/\n0::" SCOPE "/unified\n", SCOPE "/unified"},
        {"0::/unified\n1:name=systemd:" SCOPE "\n", "/unified"},
        {"1:name=systemd:" SCOPE "\n0::/\n", SCOPE},
        {"0::/\n1:name=systemd:/\n", "/"},
        {"4:memory:/a\n1:name=systemd:" SCOPE "\n", SCOPE},
        {"4:memory:/a\n", ""},
        {"", ""},
        {"garbage\n0:x:/a\n00::/b\n10::/c\n", ""},
        {"0::relative\n", ""},
        {"0::/a:name=systemd:/b\n", "/a:name=systemd:/b"},
        {"0::/user.slice/x.scope (deleted)\n", "/user.slice/x.scope (deleted)"},
    };
    struct process process;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        put(*state, "42", "cgroup", cases[i].text);
        assert_int_equal(read_42(*state, &process), 0);
        assert_string_equal(process.cgroup, cases[i].path);
    }
}

static void test_process_read__cgroup_too_long__one_above_it(void **state)
{
    struct process process;
    char text[1024];

    /* the 511 bytes that fit would end behind another's name: "/session-3" of "/session-30..." */
    (void)snprintf(text, sizeof(text), "0::/%0500d/session-30/below\n", 0);
    put(*state, "42", "cgroup", text);
    assert_int_equal(read_42(*state, &process), 0);
    assert_int_equal(strlen(process.cgroup), 501);
    text[strlen("0::") + 501] = '\0';
    assert_string_equal(process.cgroup, text + strlen("0::"));
}

static void test_process_read__no_such_process__gone(void **state)
{
    const struct fixture *fixture = *state;
    struct process process;

    assert_int_equal(process_read(&fixture->proc, 43, &process), -ESRCH);
    assert_int_equal(process_read(&fixture->proc, 0, &process), -ESRCH);
    assert_int_equal(process_read(&fixture->proc, -1, &process), -ESRCH);
    /* exits between two reads */
    assert_int_equal(unlinkat(fixture->root, "42/status", 0), 0);
    assert_int_equal(read_42(fixture, &process), -ESRCH);
    assert_int_equal(unlinkat(fixture->root, "42/stat", 0), 0);
    assert_int_equal(read_42(fixture, &process), -ESRCH);
}

static void test_process_table_read__mixed_tree__sorted_and_only_what_makes_sense(void **state)
{
    static const char *const good[] = {"1", "9", "10", "2147483647", "100"};
    static const pid_t expected[] = {1, 3, 9, 10, 42, 100, 2147483647};
    const struct fixture *fixture = *state;
    struct process_table table;

    for (size_t i = 0; i < ELEMENTS(good); i++)
        put_process(fixture, good[i]);
    put(fixture, "2", "stat", STAT_KERNEL);
    put_process(fixture, "3"); /* a child of a kernel thread that is none itself */
    put(fixture, "3", "stat", "3 (x) S 2 3 3 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 9001 0 0\n");
    put(fixture, "11", "stat", "garbage");
    put(fixture, "12", "nothing", "");
    put_process(fixture, "self");
    put_process(fixture, "007");
    put_process(fixture, "12a");
    put_process(fixture, "2147483648");

    assert_int_equal(process_table_read(&fixture->proc, &table), 0);
    assert_int_equal(table.count, ELEMENTS(expected));
    for (size_t i = 0; i < ELEMENTS(expected); i++) {
        assert_int_equal(table.items[i].pid, expected[i]);
        assert_ptr_equal(process_table_find(&table, expected[i]), &table.items[i]);
    }
    assert_null(process_table_find(&table, 2));
    assert_null(process_table_find(&table, 0));
    process_table_done(&table);
    assert_null(process_table_find(&table, 1));
}

static void test_process_table_read__many_processes__all(void **state)
{
    enum { COUNT = 300 };
    const struct fixture *fixture = *state;
    struct process_table table;
    char name[16];

    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "%d", 1000 + i);
        put_process(fixture, name);
    }
    assert_int_equal(process_table_read(&fixture->proc, &table), 0);
    assert_int_equal(table.count, COUNT + 1);
    assert_string_equal(table.items[COUNT].cgroup, SCOPE);
    process_table_done(&table);
}

static void test_process_table_read__real_proc__has_this_process_and_its_parent(void **state)
{
    struct process_table table;
    const struct process *self;
    struct proc proc;
    int r;

    (void)state;
    assert_int_equal(proc_open("/proc", &proc), 0);
    r = process_table_read(&proc, &table);
    proc_close(&proc);
    assert_int_equal(r, 0);
    self = process_table_find(&table, getpid());
    assert_non_null(self);
    assert_int_equal(self->ppid, getppid());
    assert_int_equal(self->sid, getsid(0));
    assert_int_equal(self->uid, getuid());
    assert_int_equal(self->euid, geteuid());
    assert_int_equal(self->state, 'R');
    assert_true(self->start_ticks > 0);
    process_table_done(&table);
}

static void test_proc_shows_others__process_1_hidden__false(void **state)
{
    const struct fixture *fixture = *state;

    assert_false(proc_shows_others(&fixture->proc));
    put_process(fixture, "1");
    assert_true(proc_shows_others(&fixture->proc));
}

static void test_proc_open__no_folder__error(void **state)
{
    const struct fixture *fixture = *state;
    char path[128];
    struct proc proc = {.fd = -2};

    (void)snprintf(path, sizeof(path), "%s/nothing", fixture->path);
    assert_int_equal(proc_open(path, &proc), -ENOENT);
    (void)snprintf(path, sizeof(path), "%s/42/stat", fixture->path);
    assert_int_equal(proc_open(path, &proc), -ENOTDIR);
    assert_int_equal(proc.fd, -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
        TEST(process_read__ordinary_process__all_fields),
        TEST(process_read__name_that_looks_like_fields__not_believed),
        TEST(process_read__zombie__is_one_only_without_threads),
        TEST(process_read__stat_cut_off__refused),
        TEST(process_read__stat_with_wrong_field__refused),
        TEST(process_read__status_without_uid__refused),
        TEST(process_read__no_audit_session__none),
        TEST(process_read__cgroup__of_the_hierarchy_that_systemd_uses),
        TEST(process_read__cgroup_too_long__one_above_it),
        TEST(process_read__no_such_process__gone),
        TEST(process_table_read__mixed_tree__sorted_and_only_what_makes_sense),
        TEST(process_table_read__many_processes__all),
        TEST(process_table_read__real_proc__has_this_process_and_its_parent),
        TEST(proc_shows_others__process_1_hidden__false),
        TEST(proc_open__no_folder__error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
