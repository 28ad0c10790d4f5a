/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A manager for tests; see manager-fixture.h. */
#include <config.h>

#include "tests/unit/manager-fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/auth-info.h"
#include "daemon/lifecycle.h"

#define PATIENCE_USEC (10 * SEC) /* for whatever must happen */

enum { PATH_BYTES = 256, LEADER_START_TICKS = 1000 };

static int64_t realtime(const struct clock *clock)
{
    return ((const struct manager_fixture *)(const void *)clock)->realtime_usec;
}

static int64_t boottime(const struct clock *clock)
{
    return ((const struct manager_fixture *)(const void *)clock)->boottime_usec;
}

static const char *path_of(const struct manager_fixture *fixture, const char *path,
                           char buffer[static PATH_BYTES])
{
    int n = snprintf(buffer, PATH_BYTES, "%s/%s", fixture->folder, path);

    assert_in_range(n, 1, PATH_BYTES - 1);
    return buffer;
}

static void make_folder(const struct manager_fixture *fixture, const char *path)
{
    char buffer[PATH_BYTES];

    if (mkdir(path_of(fixture, path, buffer), 0700) < 0)
        assert_int_equal(errno, EEXIST);
}

void fixture_write(const struct manager_fixture *fixture, const char *path, const char *text)
{
    char buffer[PATH_BYTES];
    FILE *stream = fopen(path_of(fixture, path, buffer), "we");

    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

void fixture_configure(const struct manager_fixture *fixture, const char *text)
{
    fixture_write(fixture, "etc/sessmgrd.conf", text);
}

void fixture_rule(const struct manager_fixture *fixture, const char *name, const char *text)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "etc/policy.d/%s", name);
    fixture_write(fixture, path, text);
}

static void put(const struct manager_fixture *fixture, pid_t pid, const char *name,
                const char *text)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "proc/%d", (int)pid);
    make_folder(fixture, path);
    (void)snprintf(path, sizeof(path), "proc/%d/%s", (int)pid, name);
    fixture_write(fixture, path, text);
}

void fixture_write_in_scope(const struct manager_fixture *fixture, const char *name,
                            const char *text)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "cgroup%s/%s", fixture->scope, name);
    fixture_write(fixture, path, text);
}

/* Fields 4, 6, 7, 9, 14, 20 and 22 are what is read. */
void fixture_process(const struct manager_fixture *fixture, pid_t pid, unsigned tty, int64_t ticks)
{
    pid_t parent = pid == 1 ? 0 : pid == TERMINAL_PID ? fixture->leader : 1;
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "%d (%s) S %d %d %d %u 0 4194560 1 2 3 4 %" PRId64 " 0 7 8 20 0 1 0 %d 0 0\n",
                   (int)pid, pid == TERMINAL_PID ? "sh" : "sshd", (int)parent, (int)pid, (int)pid,
                   tty, ticks, pid == 1 ? 1 : LEADER_START_TICKS);
    put(fixture, pid, "stat", text);
    put(fixture, pid, "status", "Name:\tp\nUid:\t1000\t1000\t1000\t1000\n");
    (void)snprintf(text, sizeof(text), "0::%s\n", pid == 1 ? fixture->init : fixture->scope);
    put(fixture, pid, "cgroup", text);
}

void fixture_cpu(const struct manager_fixture *fixture, int64_t usec)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "usage_usec %" PRId64 "\nuser_usec 1\nsystem_usec 2\n",
                   usec);
    fixture_write_in_scope(fixture, "cpu.stat", text);
}

/* A process that does nothing, and goes with this one. */
static pid_t start_leader(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            (void)pause();
    }
    return pid;
}

/* Makes the next one lead, in a scope. */
static void take_leader(struct manager_fixture *fixture, const char *scope)
{
    assert_in_range(fixture->leader_count, 0, LEADERS_MAX - 1);
    fixture->leader = fixture->leaders[fixture->leader_count++];
    (void)snprintf(fixture->scope, sizeof(fixture->scope), "%s", scope);
    fixture_process(fixture, fixture->leader, 0, 0);
}

/* The same in a scope of its own. Returns its pidfd. */
static int make_leader(struct manager_fixture *fixture)
{
    char scope[64], path[PATH_BYTES];
    int pidfd;

    (void)snprintf(scope, sizeof(scope), "/test.slice/login-%zu.scope", fixture->leader_count + 1);
    take_leader(fixture, scope);
    (void)snprintf(path, sizeof(path), "cgroup%s", scope);
    make_folder(fixture, path);
    fixture_write_in_scope(fixture, "cgroup.procs", "");
    fixture_cpu(fixture, 0);
    pidfd = pidfd_open_pid(fixture->leader);
    assert_true(pidfd >= 0);
    return pidfd;
}

void fixture_log_in(struct manager_fixture *fixture, const char *scope)
{
    take_leader(fixture, scope);
}

int manager_fixture_setup(void **state)
{
    static const char *const folders[] = {"etc",    "etc/policy.d",     "state", "run", "proc",
                                          "cgroup", "cgroup/test.slice"};
    static const char *const names[] = {"etc/sessmgrd.conf", "state", "run", "proc", "cgroup"};
    struct manager_fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL || setenv("TZ", "UTC0", 1) < 0)
        return -1;
    fixture->clock = (struct clock){.realtime_usec = realtime, .boottime_usec = boottime};
    fixture->realtime_usec = START_REALTIME_USEC;
    /* Ahead of the machine's own, so that no timer of the event loop is ever due. */
    fixture->boottime_usec = clock_system.boottime_usec(&clock_system) + HOUR;
    fixture->expires_usec = -1;
    (void)snprintf(fixture->init, sizeof(fixture->init), "/init.scope"); /* it fits */
    fixture->master = fixture->slave = -1;
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/sessmgr-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    for (size_t i = 0; i < ELEMENTS(folders); i++)
        make_folder(fixture, folders[i]);
    for (size_t i = 0; i < ELEMENTS(names); i++)
        (void)snprintf(fixture->paths[i], sizeof(fixture->paths[i]), "%s/%s", fixture->folder,
                       names[i]); /* it fits */
    for (size_t i = 0; i < LEADERS_MAX; i++)
        fixture->leaders[i] = start_leader();
    fixture_process(fixture, 1, 0, 0);
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

int manager_fixture_teardown(void **state)
{
    struct manager_fixture *fixture = *state;

    manager_free(fixture->manager);
    for (size_t i = 0; i < LEADERS_MAX; i++) {
        (void)kill(fixture->leaders[i], SIGKILL); /* unless the daemon has */
        (void)waitpid(fixture->leaders[i], NULL, 0);
    }
    fixture_close_terminal(fixture);
    (void)nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

void fixture_start(struct manager_fixture *fixture)
{
    const struct manager_options options = {.config_path = fixture->paths[0],
                                            .state_directory = fixture->paths[1],
                                            .runtime_directory = fixture->paths[2],
                                            .proc_path = fixture->paths[3],
                                            .cgroup_path = fixture->paths[4],
                                            .clock = &fixture->clock};

    assert_null(fixture->manager);
    assert_int_equal(manager_new(&options, &fixture->manager), 0);
    fixture->session = session_table_find(&fixture->manager->sessions, fixture->id);
    fixture_run(fixture);
}

void fixture_stop(struct manager_fixture *fixture)
{
    fixture->session = NULL;
    manager_free(TAKE_PTR(fixture->manager));
}

void fixture_reload(struct manager_fixture *fixture)
{
    struct config_error error;

    assert_int_equal(manager_reload(fixture->manager, &error), 0);
}

static void on_barrier(int result, void *userdata)
{
    bool *passed = userdata;

    assert_int_equal(result, 0);
    *passed = true;
}

void fixture_run(struct manager_fixture *fixture)
{
    struct manager *manager = fixture->manager;
    bool passed = false;

    while (deadline_queue_run(manager->deadlines) > 0)
        ;
    assert_int_equal(store_submit(manager->store, STORE_ORDINARY, NULL, 0, on_barrier, &passed), 0);
    while (!passed)
        assert_true(sd_event_run(manager->event, PATIENCE_USEC) > 0);
    while (sd_event_run(manager->event, 0) > 0)
        (void)deadline_queue_run(manager->deadlines);
}

void fixture_pass(struct manager_fixture *fixture, int64_t usec)
{
    fixture->realtime_usec += usec;
    fixture->boottime_usec += usec;
    fixture_run(fixture);
}

void fixture_set_clock(struct manager_fixture *fixture, int64_t realtime_usec)
{
    fixture->realtime_usec = realtime_usec;
    wall_clock_check(&fixture->manager->wall);
    fixture_run(fixture);
}

static struct session *open_session(struct manager_fixture *fixture, const char *service,
                                    enum members_by by, bool adopted)
{
    const struct login_request login = {
        .service = service, .user = "alice", .uid = (int64_t)geteuid(), .logind_session = "1"};
    struct login_place place = {.leader_visible = true, .by = by};
    CLEANUP(closep) int pidfd = make_leader(fixture);
    struct auth_info auth;
    const struct opening opening = {.request = &login,
                                    .place = &place,
                                    .rule = config_rule_for(fixture->manager->config, &login),
                                    .auth = &auth};

    auth_info_parse(NULL, &auth);
    auth.expires_usec = fixture->expires_usec;
    assert_int_equal(process_read(&fixture->manager->proc, fixture->leader, &place.leader), 0);
    place.scope = by == MEMBERS_BY_SCOPE ? fixture->scope : NULL;
    if (adopted)
        fixture_open_terminal(fixture);
    assert_int_equal((adopted ? lifecycle_adopt : lifecycle_open)(fixture->manager, &opening, pidfd,
                                                                  &fixture->session),
                     0);
    (void)snprintf(fixture->id, sizeof(fixture->id), "%s",
                   fixture->session->record.info.session_id);
    fixture_run(fixture);
    return fixture->session;
}

struct session *fixture_open(struct manager_fixture *fixture, const char *service)
{
    return open_session(fixture, service, MEMBERS_BY_SCOPE, false);
}

struct session *fixture_open_tree(struct manager_fixture *fixture)
{
    return open_session(fixture, "sshd", MEMBERS_BY_TREE, false);
}

struct session *fixture_adopt(struct manager_fixture *fixture)
{
    return open_session(fixture, "sshd", MEMBERS_BY_SCOPE, true);
}

void fixture_assert_active(const struct manager_fixture *fixture)
{
    assert_non_null(fixture->session);
    assert_int_equal(fixture->session->record.info.end_reason, END_NONE);
    assert_int_equal(fixture->session->record.info.state, STATE_ACTIVE);
}

void fixture_assert_ended(const struct manager_fixture *fixture, enum end_reason reason)
{
    assert_non_null(fixture->session);
    assert_int_not_equal(fixture->session->record.info.state, STATE_ACTIVE);
    assert_int_equal(fixture->session->record.info.end_reason, reason);
}

void fixture_assert_ends_in(struct manager_fixture *fixture, int64_t usec, enum end_reason reason)
{
    fixture_pass(fixture, usec - SEC);
    fixture_assert_active(fixture);
    fixture_pass(fixture, SEC);
    fixture_assert_ended(fixture, reason);
}
