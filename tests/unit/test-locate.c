/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which session a process is in, and by what a login's processes are known (daemon/locate.h), in a
 * /proc made here.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/leader.h"
#include "daemon/locate.h"
#include "daemon/manager.h"

enum { ALICE = 1000, BOB = 1001, NO_AUDIT = -1 };

#define SERVICE_CGROUP "/system.slice/ssh.service"
#define SCOPE          "/user.slice/user-1000.slice/session-3.scope"

struct fixture {
    char path[64];
    int root;
    int pidfd; /* an eventfd: never readable, as the pidfd of a process that lives */
    struct manager manager;
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void put(const struct fixture *fixture, int pid, const char *name, const char *text)
{
    char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "%d", pid);
    if (mkdirat(fixture->root, path, 0755) < 0)
        assert_int_equal(errno, EEXIST);
    (void)snprintf(path, sizeof(path), "%d/%s", pid, name);
    fd = openat(fixture->root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    assert_int_equal(close(fd), 0);
}

/* A process that began at its pid's time. */
static void put_process(const struct fixture *fixture, int pid, int ppid, int audit_session,
                        const char *cgroup)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "%d (p) S %d %d %d 0 0 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %d 1000 10 0 0 0 0\n",
                   pid, ppid, pid, pid, pid);
    put(fixture, pid, "stat", text);
    put(fixture, pid, "status", "Name:\tp\nUid:\t0\t0\t0\t0\n");
    (void)snprintf(text, sizeof(text), "0::%s\n", cgroup);
    put(fixture, pid, "cgroup", text);
    (void)snprintf(text, sizeof(text), "%u", (unsigned)audit_session);
    put(fixture, pid, "sessionid", text);
}

/* systemd, sshd's listener, and a login's sshd in the audit session 3 */
static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    (void)snprintf(fixture->path, sizeof(fixture->path), "/tmp/sessmgr-proc-XXXXXX");
    assert_non_null(mkdtemp(fixture->path));
    fixture->root = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(proc_open(fixture->path, &fixture->manager.proc), 0);
    session_table_init(&fixture->manager.sessions);
    assert_true(sd_event_new(&fixture->manager.event) >= 0);
    fixture->pidfd = eventfd(0, EFD_CLOEXEC);
    assert_true(fixture->pidfd >= 0);
    put_process(fixture, 1, 0, NO_AUDIT, "/init.scope");
    put_process(fixture, 100, 1, NO_AUDIT, SERVICE_CGROUP);
    put_process(fixture, 200, 100, 3, SERVICE_CGROUP);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    session_table_done(&fixture->manager.sessions);
    sd_event_unref(fixture->manager.event);
    (void)close(fixture->pidfd);
    proc_close(&fixture->manager.proc);
    (void)close(fixture->root);
    (void)nftw(fixture->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

static void put_in(struct fixture *fixture, struct session *session)
{
    assert_int_equal(session_table_add(&fixture->manager.sessions, session), 0);
    assert_int_equal(leader_open(&fixture->manager, session, fixture->pidfd), 0);
}

/* A live session that a process leads. */
static struct session *add(struct fixture *fixture, int leader, int audit_session,
                           enum members_by by)
{
    char id[SESSION_ID_BYTES + 1];
    struct session_record record = {
        .info = {.session_id = id,
                 .user = "alice",
                 .uid = ALICE,
                 .service = "sshd",
                 .audit_session = audit_session,
                 .leader_pid = leader,
                 .host_id = "h",
                 .boot_id = "b",
                 .policy = "default",
                 .end_reason = END_NONE},
        .members_by = (int)by,
        .scope = by == MEMBERS_BY_SCOPE ? SCOPE : NULL,
        .leader_start_ticks = leader,
    };
    struct session *session;

    (void)snprintf(id, sizeof(id), "%032x", leader);
    assert_int_equal(session_new(&fixture->manager.sessions, &record, &session), 0);
    session->manager = &fixture->manager;
    put_in(fixture, session);
    return session;
}

static struct login_place locate(struct fixture *fixture, int pid)
{
    struct login_place place;

    locate_login(&fixture->manager, pid, BOB, "su", "3", &place);
    return place;
}

static void test_login__own_audit_session__is_known_by_it(void **state)
{
    struct login_place place = locate(*state, 200);

    assert_true(place.leader_visible);
    assert_null(place.parent);
    assert_int_equal(place.by, MEMBERS_BY_AUDIT);
    assert_int_equal(place.began_usec, 200 * USEC_PER_SEC / sysconf(_SC_CLK_TCK));
}

/* su in a login that began before the daemon: what the outer login runs is not su's. */
static void test_login__audit_session_of_its_parent_too__is_known_by_descent(void **state)
{
    struct login_place place;

    put_process(*state, 300, 200, 3, SERVICE_CGROUP);
    place = locate(*state, 300);
    assert_null(place.parent);
    assert_int_equal(place.by, MEMBERS_BY_TREE);
}

static void test_login__parent_not_to_be_seen__is_known_by_descent(void **state)
{
    put_process(*state, 300, 250, 4, SERVICE_CGROUP);
    assert_int_equal(locate(*state, 300).by, MEMBERS_BY_TREE);
}

static void test_login__audit_session_of_another_session__is_known_by_descent(void **state)
{
    struct session *other = add(*state, 150, 3, MEMBERS_BY_TREE);
    struct login_place place = locate(*state, 200);

    assert_ptr_not_equal(place.parent, other);
    assert_int_equal(place.by, MEMBERS_BY_TREE);
}

static void test_login__no_audit_session__is_known_by_descent(void **state)
{
    put_process(*state, 300, 100, NO_AUDIT, SERVICE_CGROUP);
    assert_int_equal(locate(*state, 300).by, MEMBERS_BY_TREE);
}

static void test_login__hidden__is_known_by_its_pid_alone(void **state)
{
    struct login_place place = locate(*state, 999);

    assert_false(place.leader_visible);
    assert_int_equal(place.leader.pid, 999);
    assert_int_equal(place.leader.audit_session, PROCESS_AUDIT_SESSION_NONE);
    assert_int_equal(place.by, MEMBERS_BY_TREE);
    assert_null(place.parent);
    assert_int_equal(place.began_usec, 0);
}

/* Users can set XDG_SESSION_ID where pam_env lets them. */
static void test_login__hint_that_logind_does_not_confirm__is_not_believed(void **state)
{
    struct login_place place;

    put_process(*state, 300, 100, NO_AUDIT, SCOPE);
    locate_login(&((struct fixture *)*state)->manager, 300, 4294967294, "no such service", "3",
                 &place);
    assert_int_equal(place.by, MEMBERS_BY_TREE);
    assert_null(place.scope);
}

static void test_login__below_a_leader__is_nested(void **state)
{
    struct session *outer = add(*state, 200, 3, MEMBERS_BY_AUDIT);
    struct login_place place;

    put_process(*state, 300, 200, 3, SERVICE_CGROUP);
    put_process(*state, 301, 300, 3, SERVICE_CGROUP);
    place = locate(*state, 301);
    assert_ptr_equal(place.parent, outer);
    assert_int_equal(place.by, MEMBERS_BY_TREE);
}

/* A daemon that was started by hand inside of a session logs somebody in. */
static void test_login__below_a_leader_in_another_audit_session__is_its_own(void **state)
{
    struct login_place place;

    (void)add(*state, 200, 3, MEMBERS_BY_AUDIT);
    put_process(*state, 300, 200, 7, SERVICE_CGROUP);
    place = locate(*state, 300);
    assert_null(place.parent);
    assert_int_equal(place.by, MEMBERS_BY_AUDIT);
}

static void test_session_of__leaders_number_is_anothers_now__is_none(void **state)
{
    struct fixture *fixture = *state;
    struct session *session = add(fixture, 200, NO_AUDIT, MEMBERS_BY_TREE);

    assert_ptr_equal(locate_session_of(&fixture->manager, 200), session);
    session_table_remove(&fixture->manager.sessions, session);
    session->record.leader_start_ticks--;
    put_in(fixture, session);
    assert_null(locate_session_of(&fixture->manager, 200));
}

static void test_session_of__handed_to_process_1__is_found_by_scope_or_audit_session(void **state)
{
    struct fixture *fixture = *state;
    struct session *by_scope = add(fixture, 150, NO_AUDIT, MEMBERS_BY_SCOPE);
    struct session *by_audit = add(fixture, 151, 9, MEMBERS_BY_AUDIT);

    put_process(fixture, 300, 1, NO_AUDIT, SCOPE "/below");
    put_process(fixture, 301, 1, 9, SERVICE_CGROUP);
    put_process(fixture, 302, 1, NO_AUDIT, SCOPE "x");
    assert_ptr_equal(locate_session_of(&fixture->manager, 300), by_scope);
    assert_ptr_equal(locate_session_of(&fixture->manager, 301), by_audit);
    assert_null(locate_session_of(&fixture->manager, 302));
    session_table_set_state(&fixture->manager.sessions, by_scope, STATE_ENDED);
    assert_null(locate_session_of(&fixture->manager, 300));
}

/* Many come and go: what is left is found. */
static void test_session_of__after_others_have_ended__is_found_by_audit_session(void **state)
{
    struct fixture *fixture = *state;
    struct session *sessions[5];

    for (int i = 0; i < 5; i++)
        sessions[i] = add(fixture, 500 + i, 10 + i, MEMBERS_BY_AUDIT);
    session_table_set_state(&fixture->manager.sessions, sessions[0], STATE_ENDED);
    session_table_set_state(&fixture->manager.sessions, sessions[2], STATE_ENDED);
    session_table_set_state(&fixture->manager.sessions, sessions[4], STATE_ENDED);
    for (int i = 0; i < 5; i++) {
        put_process(fixture, 300, 1, 10 + i, SERVICE_CGROUP);
        assert_ptr_equal(locate_session_of(&fixture->manager, 300), i % 2 ? sessions[i] : NULL);
    }
    put_process(fixture, 300, 1, NO_AUDIT, SERVICE_CGROUP);
    assert_null(locate_session_of(&fixture->manager, 300));
}

/* A scope that only begins like the session's, and those below it, however deep. */
static void test_session_of__cgroups_around_a_scope__are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    struct session *session = add(fixture, 200, NO_AUDIT, MEMBERS_BY_SCOPE);

    put_process(fixture, 300, 1, NO_AUDIT, SCOPE "/a.scope/b.scope/c");
    assert_ptr_equal(locate_session_of(&fixture->manager, 300), session);
    put_process(fixture, 300, 1, NO_AUDIT, SCOPE ".scope");
    assert_null(locate_session_of(&fixture->manager, 300));
    put_process(fixture, 300, 1, NO_AUDIT, "/a.scope" SCOPE);
    assert_null(locate_session_of(&fixture->manager, 300));
    put_process(fixture, 300, 1, NO_AUDIT, "/");
    assert_null(locate_session_of(&fixture->manager, 300));
    put_process(fixture, 300, 1, NO_AUDIT, "");
    assert_null(locate_session_of(&fixture->manager, 300));
}

static void test_session_of_peer__that_has_exited__is_none(void **state)
{
    struct fixture *fixture = *state;
    struct session *session = add(fixture, 200, NO_AUDIT, MEMBERS_BY_TREE);
    struct peer peer = {.pid = 200};
    int ends[2]; /* a pipe is readable when it has been closed, as a pidfd when its process exits */

    assert_int_equal(pipe(ends), 0);
    peer.pidfd = ends[0];
    assert_ptr_equal(locate_session_of_peer(&fixture->manager, &peer), session);
    (void)close(ends[1]);
    assert_null(locate_session_of_peer(&fixture->manager, &peer));
    (void)close(ends[0]);
    peer.pidfd = -1;
    assert_null(locate_session_of_peer(&fixture->manager, &peer));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_login__own_audit_session__is_known_by_it),
        TEST(test_login__audit_session_of_its_parent_too__is_known_by_descent),
        TEST(test_login__parent_not_to_be_seen__is_known_by_descent),
        TEST(test_login__audit_session_of_another_session__is_known_by_descent),
        TEST(test_login__no_audit_session__is_known_by_descent),
        TEST(test_login__hidden__is_known_by_its_pid_alone),
        TEST(test_login__hint_that_logind_does_not_confirm__is_not_believed),
        TEST(test_login__below_a_leader__is_nested),
        TEST(test_login__below_a_leader_in_another_audit_session__is_its_own),
        TEST(test_session_of__leaders_number_is_anothers_now__is_none),
        TEST(test_session_of__handed_to_process_1__is_found_by_scope_or_audit_session),
        TEST(test_session_of__after_others_have_ended__is_found_by_audit_session),
        TEST(test_session_of__cgroups_around_a_scope__are_told_apart),
        TEST(test_session_of_peer__that_has_exited__is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
