/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is on the other end of a socket (daemon/peer.h), with real sockets and processes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/peer.h"

enum { PEERPIDFD = 77, PEERPIDFD_ERROR_NONE = 0 };

/* What getsockopt(2) says about SO_PEERPIDFD: PEERPIDFD_ERROR_NONE leaves it to the kernel. */
static int peerpidfd_error;

/* What it says about SO_PEERGROUPS; none: that is left to the kernel too. */
static const gid_t *canned_groups;
static size_t canned_groups_bytes;

static int get_canned_groups(void *value, socklen_t *size)
{
    bool enough = *size >= canned_groups_bytes;

    if (enough)
        memcpy(value, canned_groups, canned_groups_bytes);
    *size = (socklen_t)canned_groups_bytes;
    errno = ERANGE;
    return enough ? 0 : -1;
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
    if (level == SOL_SOCKET && name == PEERPIDFD && peerpidfd_error != PEERPIDFD_ERROR_NONE) {
        errno = peerpidfd_error;
        return -1;
    }
    if (level == SOL_SOCKET && name == SO_PEERGROUPS && canned_groups != NULL)
        return get_canned_groups(value, size);
    return (int)syscall(SYS_getsockopt, fd, level, name, value, size);
}

struct fixture {
    int pair[2];
    int listener;
    pid_t child;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct sockaddr_un any = {.sun_family = AF_UNIX};

    assert_non_null(fixture);
    peerpidfd_error = PEERPIDFD_ERROR_NONE;
    canned_groups = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->pair), 0);
    fixture->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fixture->listener >= 0);
    /* an abstract name of the kernel's choice: unix(7), "Autobind feature" */
    assert_int_equal(bind(fixture->listener, (const struct sockaddr *)&any, sizeof(sa_family_t)),
                     0);
    assert_int_equal(listen(fixture->listener, 1), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->child > 0) {
        (void)kill(fixture->child, SIGKILL);
        (void)waitpid(fixture->child, NULL, 0);
    }
    for (size_t i = 0; i < ELEMENTS(fixture->pair); i++)
        if (fixture->pair[i] >= 0)
            (void)close(fixture->pair[i]);
    (void)close(fixture->listener);
    free(fixture);
    return 0;
}

/* Starts a process that connects, and exits or waits to be killed. Yields our end. */
static int connect_child(struct fixture *fixture, bool stay)
{
    struct sockaddr_un address;
    socklen_t size = sizeof(address);
    int fd;

    assert_int_equal(getsockname(fixture->listener, (struct sockaddr *)&address, &size), 0);
    fixture->child = fork();
    assert_true(fixture->child >= 0);
    if (fixture->child == 0) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)&address, size) < 0)
            _exit(1);
        while (stay)
            (void)pause();
        _exit(0);
    }
    fd = accept(fixture->listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

/* Waits until the child is a zombie, and leaves it one. */
static void await_zombie(const struct fixture *fixture)
{
    siginfo_t information;

    assert_int_equal(waitid(P_PID, (id_t)fixture->child, &information, WEXITED | WNOWAIT), 0);
}

static void reap(struct fixture *fixture)
{
    assert_int_equal(waitpid(fixture->child, NULL, 0), fixture->child);
    fixture->child = 0;
}

static void test_peer_read__this_process__its_own_credentials(void **state)
{
    const struct fixture *fixture = *state;
    struct peer peer;

    assert_int_equal(peer_read(fixture->pair[0], &peer), 0);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    assert_true(peer.pidfd >= 0);
    assert_int_equal(fcntl(peer.pidfd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_false(pidfd_exited(peer.pidfd));
    assert_int_equal(pidfd_signal(peer.pidfd, 0), 0);
    peer_done(&peer);
    assert_int_equal(peer.pidfd, -1);
    assert_null(peer.groups);
}

static void test_peer_read__groups__those_of_the_process_without_its_primary(void **state)
{
    const struct fixture *fixture = *state;
    int count = getgroups(0, NULL);
    gid_t *groups = calloc((size_t)count + 1, sizeof(*groups));
    size_t expected = 0;
    struct peer peer;

    assert_non_null(groups);
    assert_int_equal(getgroups(count, groups), count);
    assert_int_equal(peer_read(fixture->pair[0], &peer), 0);
    for (int i = 0; i < count; i++) {
        assert_true(peer_in_group(&peer, groups[i]));
        if (groups[i] != getegid())
            assert_int_equal(peer.groups[expected++], groups[i]);
    }
    assert_int_equal(peer.group_count, expected);
    assert_true(peer_in_group(&peer, getegid()));
    peer_done(&peer);
    free(groups);
}

static void test_peer_read__primary_among_the_groups__left_out(void **state)
{
    const struct fixture *fixture = *state;
    const gid_t groups[] = {50001, getegid(), 50002};
    struct peer peer;

    canned_groups = groups;
    canned_groups_bytes = sizeof(groups);
    assert_int_equal(peer_read(fixture->pair[0], &peer), 0);
    assert_int_equal(peer.group_count, 2);
    assert_int_equal(peer.groups[0], 50001);
    assert_int_equal(peer.groups[1], 50002);
    peer_done(&peer);
}

static void test_peer_in_group__neither_primary_nor_supplementary__false(void **state)
{
    gid_t groups[] = {5, 7};
    const struct peer peer = {.gid = 3, .groups = groups, .group_count = ELEMENTS(groups)};

    (void)state;
    assert_true(peer_in_group(&peer, 3));
    assert_true(peer_in_group(&peer, 5));
    assert_true(peer_in_group(&peer, 7));
    assert_false(peer_in_group(&peer, 0));
    assert_false(peer_in_group(&peer, 6));
}

static void test_peer_read__not_a_connected_socket__error(void **state)
{
    struct peer peer = {.pid = 77};
    int fd = open("/", O_PATH | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(peer_read(fd, &peer), -EBADF);
    assert_int_equal(close(fd), 0);
    assert_int_equal(peer_read(-1, &peer), -EBADF);
    assert_int_equal(peer.pid, 77);
}

static void test_peer_read__pidfd_cannot_be_had__error(void **state)
{
    const struct fixture *fixture = *state;
    struct peer peer = {.pid = 77};

    peerpidfd_error = EMFILE;
    assert_int_equal(peer_read(fixture->pair[0], &peer), -EMFILE);
    assert_int_equal(peer.pid, 77);
}

/* With the kernel's own pidfd and without. */
static const int kernels[] = {PEERPIDFD_ERROR_NONE, ENOPROTOOPT};

static void test_peer_read__other_process__its_pidfd(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(kernels); i++) {
        int fd = connect_child(fixture, true);
        struct peer peer;

        peerpidfd_error = kernels[i];
        assert_int_equal(peer_read(fd, &peer), 0);
        assert_int_equal(peer.pid, fixture->child);
        assert_false(pidfd_exited(peer.pidfd));
        assert_int_equal(pidfd_signal(peer.pidfd, SIGKILL), 0);
        await_zombie(fixture);
        assert_true(pidfd_exited(peer.pidfd));
        reap(fixture);
        assert_true(pidfd_exited(peer.pidfd));
        assert_int_equal(pidfd_signal(peer.pidfd, SIGKILL), -ESRCH);
        peer_done(&peer);
        assert_int_equal(close(fd), 0);
    }
}

static void test_peer_read__process_has_gone__no_pidfd_of_a_living_one(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTS(kernels); i++) {
        int fd = connect_child(fixture, false);
        pid_t child = fixture->child;
        struct peer peer;

        peerpidfd_error = kernels[i];
        reap(fixture);
        assert_int_equal(peer_read(fd, &peer), 0);
        assert_int_equal(peer.pid, child);
        assert_int_equal(peer.uid, geteuid());
        assert_true(pidfd_exited(peer.pidfd));
        peer_done(&peer);
        assert_int_equal(close(fd), 0);
    }
}

static void test_peer_read__older_kernel_and_other_end_closed__no_pidfd(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peerpidfd_error = ENOPROTOOPT;
    assert_int_equal(close(TAKE_FD(fixture->pair[1])), 0);
    assert_int_equal(peer_read(fixture->pair[0], &peer), 0);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.pidfd, -1);
    peer_done(&peer);
}

static void test_pidfd_exited__none__true(void **state)
{
    (void)state;
    assert_true(pidfd_exited(-1));
}

static void test_pidfd_open_pid__no_process__error(void **state)
{
    (void)state;
    assert_int_equal(pidfd_open_pid(0), -EINVAL);
    assert_int_equal(pidfd_open_pid(-1), -EINVAL);
    assert_int_equal(pidfd_open_pid(INT32_MAX), -ESRCH);
}

static void test_pidfd_signal__not_a_pidfd__error(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(pidfd_signal(-1, 0), -EBADF);
    assert_int_equal(pidfd_signal(fixture->pair[0], 0), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
        TEST(peer_read__this_process__its_own_credentials),
        TEST(peer_read__groups__those_of_the_process_without_its_primary),
        TEST(peer_read__primary_among_the_groups__left_out),
        TEST(peer_in_group__neither_primary_nor_supplementary__false),
        TEST(peer_read__not_a_connected_socket__error),
        TEST(peer_read__pidfd_cannot_be_had__error),
        TEST(peer_read__other_process__its_pidfd),
        TEST(peer_read__process_has_gone__no_pidfd_of_a_living_one),
        TEST(peer_read__older_kernel_and_other_end_closed__no_pidfd),
        TEST(pidfd_exited__none__true),
        TEST(pidfd_open_pid__no_process__error),
        TEST(pidfd_signal__not_a_pidfd__error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
