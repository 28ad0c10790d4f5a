/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long connections (daemon/connection.h) and reservations (daemon/reservation.h) last, by a
 * clock that the test sets: a whole daemon in this process, and peers that are this process too.
 * Long because both have a fixture in common.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/manager.h"
#include "daemon/server.h"

#define GET_INFO "{\"method\":\"org.varlink.service.GetInfo\"}"
#define WATCH    "{\"method\":\"io.sessmgr.Session.Watch\",\"more\":true}"

enum { CLIENTS_MAX = 4 };

struct fixture {
    struct clock clock; /* first */
    int64_t passed_usec;
    char folder[64];
    char config[96];
    struct manager *manager;
    int clients[CLIENTS_MAX];
    size_t client_count;
};

static int64_t realtime(const struct clock *clock)
{
    return clock_system.realtime_usec(&clock_system) +
           ((const struct fixture *)(const void *)clock)->passed_usec;
}

static int64_t boottime(const struct clock *clock)
{
    return clock_system.boottime_usec(&clock_system) +
           ((const struct fixture *)(const void *)clock)->passed_usec;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void address_of(const struct fixture *fixture, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/session", fixture->folder);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct manager_options options = {.proc_path = "/proc"};
    struct sockaddr_un address;
    FILE *stream;
    int listener;

    if (fixture == NULL)
        return -1;
    fixture->clock = (struct clock){.realtime_usec = realtime, .boottime_usec = boottime};
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/sessmgr-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->config, sizeof(fixture->config), "%s/sessmgrd.conf", fixture->folder);
    stream = fopen(fixture->config, "we");
    assert_non_null(stream);
    assert_true(fputs("[Manager]\nAdopt=no\n", stream) >= 0); /* nobody of this machine */
    assert_int_equal(fclose(stream), 0);
    options.config_path = fixture->config;
    options.state_directory = options.runtime_directory = fixture->folder;
    options.clock = &fixture->clock;
    assert_int_equal(manager_new(&options, &fixture->manager), 0);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address_of(fixture, &address);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_true(server_listen(fixture->manager->server, SOCKET_SESSION, listener) >= 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    manager_free(fixture->manager);
    for (size_t i = 0; i < fixture->client_count; i++)
        (void)close(fixture->clients[i]);
    (void)nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

/* Until the daemon has nothing to do. */
static void run(struct fixture *fixture)
{
    int r;

    do {
        r = sd_event_run(fixture->manager->event, 0);
        assert_true(r >= 0);
    } while (r > 0);
}

static void pass(struct fixture *fixture, int64_t sec)
{
    fixture->passed_usec += sec * USEC_PER_SEC;
    (void)deadline_queue_run(fixture->manager->deadlines);
    run(fixture);
}

static int client(struct fixture *fixture)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;

    address_of(fixture, &address);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    fixture->clients[fixture->client_count++] = fd;
    run(fixture);
    return fd;
}

static void say(struct fixture *fixture, int fd, const char *bytes, size_t length)
{
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), (int)length);
    run(fixture);
}

/* Takes what has come, up to so much. */
static size_t take(struct fixture *fixture, int fd, size_t most)
{
    char buffer[4096];
    size_t taken = 0;

    while (taken < most) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

        if (n <= 0)
            break;
        taken += (size_t)n;
    }
    run(fixture);
    return taken;
}

static size_t connections(const struct fixture *fixture)
{
    return server_connection_count(fixture->manager->server, SOCKET_SESSION);
}

static void test_connection__no_message__lasts_5_seconds(void **state)
{
    struct fixture *fixture = *state;

    (void)client(fixture);
    pass(fixture, 4);
    assert_int_equal(connections(fixture), 1);
    pass(fixture, 2);
    assert_int_equal(connections(fixture), 0);
}

static void test_connection__half_a_message__lasts_no_longer(void **state)
{
    struct fixture *fixture = *state;
    int fd = client(fixture);

    for (size_t i = 0; i < 4; i++) {
        say(fixture, fd, &GET_INFO[i], 1);
        pass(fixture, 1);
    }
    assert_int_equal(connections(fixture), 1);
    say(fixture, fd, &GET_INFO[4], 1);
    pass(fixture, 2);
    assert_int_equal(connections(fixture), 0);
}

static void test_connection__idle_between_calls__lasts_30_seconds(void **state)
{
    struct fixture *fixture = *state;
    int fd = client(fixture);

    for (int i = 0; i < 3; i++) {
        say(fixture, fd, GET_INFO, sizeof(GET_INFO));
        assert_true(take(fixture, fd, 4096) > 0);
        pass(fixture, 29);
        assert_int_equal(connections(fixture), 1);
    }
    pass(fixture, 2);
    assert_int_equal(connections(fixture), 0);
}

static void test_connection__next_message_drips__lasts_no_longer(void **state)
{
    struct fixture *fixture = *state;
    int fd = client(fixture);

    say(fixture, fd, GET_INFO, sizeof(GET_INFO));
    (void)take(fixture, fd, 4096);
    pass(fixture, 20);
    say(fixture, fd, GET_INFO, 5);
    pass(fixture, 9);
    assert_int_equal(connections(fixture), 1);
    pass(fixture, 2);
    assert_int_equal(connections(fixture), 0);
}

static void tell(struct fixture *fixture, size_t events)
{
    struct session_info session;

    fields_clear(&session_info_fields, &session);
    session.session_id = "0123456789abcdef0123456789abcdef";
    session.user = "u";
    session.uid = getuid();
    session.service = "sshd";
    session.leader_pid = 42;
    session.host_id = "h";
    session.boot_id = "b";
    session.state = STATE_ACTIVE;
    session.opened_usec = 1;
    session.last_activity_usec = 1;
    session.policy = "default";
    for (size_t i = 0; i < events; i++) {
        watch_add(&fixture->manager->watch, "changed", &session);
        run(fixture);
    }
}

static void test_watch__nothing_happens__lasts(void **state)
{
    struct fixture *fixture = *state;
    int fd = client(fixture);

    say(fixture, fd, WATCH, sizeof(WATCH));
    pass(fixture, 100000);
    tell(fixture, 1);
    assert_true(take(fixture, fd, 4096) > 0);
    pass(fixture, 100000);
    assert_int_equal(connections(fixture), 1);
}

static void test_watch__never_reads__lasts_30_seconds_whatever_happens(void **state)
{
    struct fixture *fixture = *state;
    int fd = client(fixture);

    say(fixture, fd, WATCH, sizeof(WATCH));
    tell(fixture, 2000); /* more than the socket holds */
    for (int i = 0; i < 2; i++) {
        pass(fixture, 10);
        tell(fixture, 1);
        assert_int_equal(connections(fixture), 1);
    }
    pass(fixture, 11);
    assert_int_equal(connections(fixture), 0);
}

static void test_watch__reads_slowly__lasts(void **state)
{
    struct fixture *fixture = *state;
    int fd = client(fixture);

    say(fixture, fd, WATCH, sizeof(WATCH));
    tell(fixture, 2000);
    for (int i = 0; i < 4; i++) {
        pass(fixture, 25);
        assert_true(take(fixture, fd, 131072) > 0); /* so much that the daemon can go on */
        assert_int_equal(connections(fixture), 1);
    }
}

static void test_watch__falls_behind_the_ring__learns_of_the_gap(void **state)
{
    struct fixture *fixture = *state;
    char buffer[65536];
    int fd = client(fixture);
    bool gap = false;
    ssize_t n;

    say(fixture, fd, WATCH, sizeof(WATCH));
    tell(fixture, WATCH_EVENTS_MAX + 2000);
    for (int i = 0; i < 200 && !gap; i++) {
        n = recv(fd, buffer, sizeof(buffer), 0);
        gap = n > 0 && memmem(buffer, (size_t)n, "io.sessmgr.Session.Gap", 22) != NULL;
        run(fixture);
    }
    assert_true(gap);
    assert_int_equal(connections(fixture), 1); /* it can ask again */
}

/* A process that lives until its pidfd's other end is closed: a pipe does as well. */
static struct peer make_peer(int *ret_life)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    *ret_life = ends[1];
    return (struct peer){.pid = getpid(), .pidfd = ends[0]};
}

static const struct login_request alice = {.uid = 1000, .service = "sshd"};

static void test_reservation__not_used__lasts_10_minutes(void **state)
{
    struct fixture *fixture = *state;
    struct manager *manager = fixture->manager;
    CLEANUP(closep) int life = -1;
    CLEANUP(peer_done) struct peer peer = make_peer(&life);
    struct reservation *reservation;

    assert_int_equal(reservation_take(manager, &peer, &alice, true, &reservation), 0);
    pass(fixture, 599);
    assert_int_equal(reservation_count(&manager->reservations), 1);
    assert_int_equal(user_count_get(&manager->sessions.users, 1000, NULL), 1);
    pass(fixture, 2);
    assert_int_equal(reservation_count(&manager->reservations), 0);
    assert_int_equal(user_count_get(&manager->sessions.users, 1000, NULL), 0);
}

static void test_reservation__claimed_for_its_user__yields_the_place_once(void **state)
{
    struct fixture *fixture = *state;
    struct manager *manager = fixture->manager;
    CLEANUP(closep) int life = -1;
    CLEANUP(peer_done) struct peer peer = make_peer(&life);
    struct reservation *reservation;
    char id[RESERVATION_ID_BYTES + 1];
    struct reservation_claim claim = {.place = false};

    assert_int_equal(reservation_take(manager, &peer, &alice, true, &reservation), 0);
    (void)snprintf(id, sizeof(id), "%s", reservation->id);
    assert_int_equal(reservation_claim(manager, "0000", &peer, 1000, &claim), -ENOENT);
    peer.pid++;
    assert_int_equal(reservation_claim(manager, id, &peer, 1000, &claim), -EACCES);
    peer.pid--;
    assert_int_equal(reservation_claim(manager, id, &peer, 1000, &claim), 0);
    assert_true(claim.place && claim.taken_usec > 0);
    assert_int_equal(reservation_claim(manager, id, &peer, 1000, &claim), -ENOENT);
    assert_int_equal(user_count_get(&manager->sessions.users, 1000, NULL), 0);
}

static void test_reservation__its_process_exits__is_free(void **state)
{
    struct fixture *fixture = *state;
    struct manager *manager = fixture->manager;
    int life;
    CLEANUP(peer_done) struct peer peer = make_peer(&life);
    struct reservation *reservation;

    assert_int_equal(reservation_take(manager, &peer, &alice, true, &reservation), 0);
    run(fixture);
    assert_int_equal(reservation_count(&manager->reservations), 1);
    closep(&life);
    run(fixture);
    assert_int_equal(reservation_count(&manager->reservations), 0);
    assert_int_equal(user_count_get(&manager->sessions.users, 1000, NULL), 0);
}

static void test_reservation__peer_that_has_gone__takes_none(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer = {.pid = 4000000, .pidfd = -1};
    struct reservation *reservation;

    assert_int_equal(reservation_take(fixture->manager, &peer, &alice, true, &reservation), -ESRCH);
    assert_int_equal(user_count_get(&fixture->manager->sessions.users, 1000, NULL), 0);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_connection__no_message__lasts_5_seconds),
        TEST(test_connection__half_a_message__lasts_no_longer),
        TEST(test_connection__idle_between_calls__lasts_30_seconds),
        TEST(test_connection__next_message_drips__lasts_no_longer),
        TEST(test_watch__nothing_happens__lasts),
        TEST(test_watch__never_reads__lasts_30_seconds_whatever_happens),
        TEST(test_watch__reads_slowly__lasts),
        TEST(test_watch__falls_behind_the_ring__learns_of_the_gap),
        TEST(test_reservation__not_used__lasts_10_minutes),
        TEST(test_reservation__claimed_for_its_user__yields_the_place_once),
        TEST(test_reservation__its_process_exits__is_free),
        TEST(test_reservation__peer_that_has_gone__takes_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
