/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking whose session a socket's peer is in (libsessmgr/sessmgr.h), with a child as the peer and a
 * daemon that follows a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/macro.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC UINT64_C(10000000) /* never reached in a test that goes well */

enum { PEERPIDFD = 77, NO_ERROR = 0 };

/* What getsockopt(2) says about SO_PEERPIDFD; NO_ERROR leaves it to the kernel. */
static int peerpidfd_error;

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
    if (level == SOL_SOCKET && name == PEERPIDFD && peerpidfd_error != NO_ERROR) {
        errno = peerpidfd_error;
        return -1;
    }
    return (int)syscall(SYS_getsockopt, fd, level, name, value, size);
}

/* With the kernel's own pidfd of a peer, and without. */
static const int kernels[] = {NO_ERROR, ENOPROTOOPT};

/* A peer: a child that has connected, and this end of the connection. */
struct peer {
    pid_t child;
    int listener;
    int connection;
};

/* stays: the child keeps its end open; otherwise it lives on without. */
static struct peer peer_start(bool stays)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);
    struct peer peer;

    peer.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* an abstract name of the kernel's choice: unix(7), "Autobind feature" */
    assert_int_equal(bind(peer.listener, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(peer.listener, 1), 0);
    assert_int_equal(getsockname(peer.listener, (struct sockaddr *)&address, &size), 0);
    peer.child = fork();
    if (peer.child == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        /* a test that fails does not come to peer_stop() */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (connect(fd, (struct sockaddr *)&address, size) < 0)
            _exit(1);
        if (!stays)
            (void)close(fd);
        for (;;)
            (void)pause();
    }
    assert_true(peer.child > 0);
    assert_true(fake_wait(peer.listener));
    peer.connection = accept4(peer.listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer.connection >= 0);
    if (!stays)
        assert_true(fake_wait(peer.connection));
    return peer;
}

static void peer_stop(struct peer *peer)
{
    if (peer->child > 0) {
        (void)kill(peer->child, SIGKILL);
        assert_int_equal(waitpid(peer->child, NULL, 0), peer->child);
    }
    peer->child = 0;
    (void)close(peer->connection);
    (void)close(peer->listener);
}

/* What is said of a peer while the daemon follows a script. */
static int validate(struct fake_daemon *daemon, int fd, const struct fake_step *script)
{
    struct sessmgr_session *session = NULL;
    struct sessmgr *handle = NULL;
    int r;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(daemon, script);
    r = sessmgr_validate_peer(handle, fd, &session);
    if (r == 1)
        assert_string_equal(sessmgr_session_get_id(session), FAKE_ID);
    else
        assert_null(session);
    sessmgr_session_free(session);
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void test_validate_peer__child_connected__its_pidfd_is_sent(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_FD, "{\"method\":\"io.sessmgr.Session.DescribePeer\"}"},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_END, NULL},
    };
    const struct fake_daemon *daemon = *state;

    for (size_t i = 0; i < ELEMENTS(kernels); i++) {
        struct peer peer = peer_start(true);
        int status = 0;

        peerpidfd_error = kernels[i];
        assert_int_equal(validate(*state, peer.connection, script), 1);
        /* the descriptor that came is the child's: it ends the child */
        assert_null(fake_kill(daemon->kept));
        assert_int_equal(waitpid(peer.child, &status, 0), peer.child);
        assert_true(WIFSIGNALED(status));
        peer.child = 0;
        peer_stop(&peer);
    }
}

static void test_validate_peer__call_left_unread__descriptor_sent_again(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_RESET, NULL},
        {FAKE_ACCEPT, NULL},
        {FAKE_FD, "DescribePeer"},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };
    struct peer peer = peer_start(true);

    assert_int_equal(validate(*state, peer.connection, script), 1);
    peer_stop(&peer);
}

static void test_validate_peer__next_call__without_a_descriptor(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},    {FAKE_FD, NULL},  {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_READ, "GetKeys"}, {FAKE_END, NULL},
    };
    struct fake_daemon *daemon = *state;
    struct peer peer = peer_start(true);
    struct sessmgr_session *session = NULL;
    struct sessmgr *handle = NULL;
    char *text = NULL;
    int kept;

    assert_int_equal(sessmgr_open(&handle, daemon->path, UINT64_C(100000)), 0);
    fake_start(daemon, script);
    assert_int_equal(sessmgr_validate_peer(handle, peer.connection, &session), 1);
    kept = daemon->kept;
    assert_int_equal(sessmgr_get_keys(handle, &text), -ETIMEDOUT);
    assert_null(fake_finish(daemon));
    assert_int_equal(daemon->kept, kept);
    sessmgr_session_free(session);
    sessmgr_close(handle);
    peer_stop(&peer);
}

static void test_validate_peer__answers__active_inactive_or_unknown(void **state)
{
    static const struct {
        const char *reply;
        int result;
    } cases[] = {
        {FAKE_DESCRIBED(FAKE_SESSION), 1},
        {FAKE_DESCRIBED("{\"sessionId\":\"" FAKE_ID "\"," FAKE_HEAD "," FAKE_PLACE
                        ",\"state\":\"ended\",\"durable\":true,\"openedUsec\":1,\"policy\":\"p\","
                        "\"context\":{}}"),
         0},
        {FAKE_DESCRIBED(FAKE_SESSION_FULL), 0}, /* it has an end */
        {FAKE_ERROR("io.sessmgr.Session.NotInSession"), 0},
        {FAKE_ERROR("io.sessmgr.Session.NoSuchSession"), 0},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
        {FAKE_ERROR("org.varlink.service.MethodNotFound"), -EOPNOTSUPP},
        {"{}", -EPROTO},
        {FAKE_DESCRIBED("{}"), -EPROTO},
    };
    struct peer peer = peer_start(true);

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const struct fake_step script[] = {
            {FAKE_ACCEPT, NULL},
            {FAKE_FD, NULL},
            {FAKE_SEND, cases[i].reply},
            {FAKE_END, NULL},
        };

        assert_int_equal(validate(*state, peer.connection, script), cases[i].result);
    }
    peer_stop(&peer);
}

/* The number may be another process's by the time that the daemon looks. */
static void test_validate_peer__exits_before_the_answer__inactive(void **state)
{
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_FD, NULL},
        {FAKE_KILL, NULL},   {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };
    struct peer peer = peer_start(true);

    assert_int_equal(validate(*state, peer.connection, script), 0);
    peer_stop(&peer);
}

static void test_validate_peer__has_exited__inactive_without_a_call(void **state)
{
    static const struct fake_step script[] = {{FAKE_END, NULL}};

    for (size_t i = 0; i < ELEMENTS(kernels); i++) {
        struct peer peer = peer_start(true);

        peerpidfd_error = kernels[i];
        assert_int_equal(kill(peer.child, SIGKILL), 0);
        assert_int_equal(waitpid(peer.child, NULL, 0), peer.child);
        peer.child = 0;
        assert_int_equal(validate(*state, peer.connection, script), 0);
        peer_stop(&peer);
    }
}

static void test_validate_peer__lives_on_but_has_closed__unknown_by_number_alone(void **state)
{
    static const struct fake_step nothing[] = {{FAKE_END, NULL}};
    static const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_FD, NULL},
        {FAKE_SEND, FAKE_DESCRIBED(FAKE_SESSION)},
        {FAKE_END, NULL},
    };
    struct peer peer = peer_start(false);

    assert_int_equal(validate(*state, peer.connection, script), 1);
    peerpidfd_error = ENOPROTOOPT;
    assert_int_equal(validate(*state, peer.connection, nothing), -EAGAIN);
    peerpidfd_error = EMFILE;
    assert_int_equal(validate(*state, peer.connection, nothing), -EMFILE);
    peer_stop(&peer);
}

static void test_validate_peer__no_connected_unix_socket__refused_without_a_call(void **state)
{
    static const struct fake_step nothing[] = {{FAKE_END, NULL}};
    struct fake_daemon *daemon = *state;
    struct sessmgr_session *session = NULL;
    struct sessmgr *handle = NULL;
    int datagrams[2];
    int others[4];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagrams), 0);
    others[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    others[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(pipe(others + 2), 0);
    for (size_t i = 0; i < ELEMENTS(others); i++) {
        assert_int_equal(validate(daemon, others[i], nothing), -EINVAL);
        (void)close(others[i]);
    }
    /* one that listens has the credentials of this very process */
    assert_int_equal(validate(daemon, daemon->listener, nothing), -EINVAL);
    assert_int_equal(validate(daemon, datagrams[0], nothing), -EINVAL);
    assert_int_equal(validate(daemon, -1, nothing), -EINVAL);
    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    assert_int_equal(sessmgr_validate_peer(handle, datagrams[0], NULL), -EINVAL);
    assert_int_equal(sessmgr_validate_peer(NULL, datagrams[0], &session), -EINVAL);
    sessmgr_close(handle);
    (void)close(datagrams[0]);
    (void)close(datagrams[1]);
}

static int setup(void **state)
{
    peerpidfd_error = NO_ERROR;
    return fake_setup(state);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_validate_peer__child_connected__its_pidfd_is_sent),
        WITH_DAEMON(test_validate_peer__call_left_unread__descriptor_sent_again),
        WITH_DAEMON(test_validate_peer__next_call__without_a_descriptor),
        WITH_DAEMON(test_validate_peer__answers__active_inactive_or_unknown),
        WITH_DAEMON(test_validate_peer__exits_before_the_answer__inactive),
        WITH_DAEMON(test_validate_peer__has_exited__inactive_without_a_call),
        WITH_DAEMON(test_validate_peer__lives_on_but_has_closed__unknown_by_number_alone),
        WITH_DAEMON(test_validate_peer__no_connected_unix_socket__refused_without_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
