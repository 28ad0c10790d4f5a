/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many logins at once, through libpam and the module as login programs load it, before the real
 * daemon: a limit lets in exactly as many, round after round, and whoever dies on the way keeps no
 * place. 20 rounds of each; more by
 *
 *     RACE_ROUNDS=200 make check TESTS=tests/daemon/test-pam-race
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"

enum { LOGINS = 64, PLACES = 3, LATE = PLACES + 1, ROUNDS = 20, DIES_EACH = 3 };

enum outcome { OPENED = 1, DENIED, DYING, FAILED };

struct login {
    pid_t pid;
    bool dies;            /* between account and session, where it is admitted */
    enum outcome outcome; /* its own, before it tells */
};

struct race {
    struct harness *harness;
    struct login *logins; /* shared with the processes; behind those of a round the late ones */
    char services[96];    /* the folder of PAM's configuration */
    int told[2];          /* a byte from each that has come to its outcome */
    int close[2];         /* ends when sessions are to be closed */
};

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static void write_service(const struct race *race, const char *name, const char *text)
{
    CLEANUP(closep) int fd = -1;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", race->services, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
}

static void write_services(struct race *race)
{
    const char *named = getenv("SESSMGR_PAM_MODULE"),
               *socket = race->harness->sockets[SOCKET_LOGIN];
    char module[PATH_MAX], text[2 * PATH_MAX + 256];

    check(realpath(named != NULL ? named : "./.libs/pam_sessmgr.so", module) != NULL,
          "SESSMGR_PAM_MODULE");
    (void)snprintf(race->services, sizeof(race->services), "%s/pam.d", race->harness->folder);
    check(mkdir(race->services, 0755) == 0, race->services);
    (void)snprintf(text, sizeof(text),
                   "account required %s socket=%s\nsession required %s socket=%s\n", module, socket,
                   module, socket);
    write_service(race, "sshd", text);
    write_service(race, "other", "account required pam_deny.so\n"); /* libpam logs its absence */
}

static int setup(void **state)
{
    struct race *race = calloc(1, sizeof(*race));
    void *harness = NULL;

    if (race == NULL || harness_setup(&harness) < 0)
        return -1;
    race->harness = harness;
    race->logins = mmap(NULL, (LOGINS + LATE) * sizeof(*race->logins), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(race->logins != MAP_FAILED, "mmap");
    check(pipe2(race->told, O_CLOEXEC) == 0, "pipe");
    write_services(race);
    harness_configure(race->harness, "[Session]\nMaxSessions=3\n");
    harness_start(race->harness);
    *state = race;
    return 0;
}

static int teardown(void **state)
{
    struct race *race = *state;
    void *harness = race->harness;
    int r;

    for (size_t i = 0; i < LOGINS + LATE; i++)
        if (race->logins[i].pid > 0) { /* of a round that failed */
            (void)kill(race->logins[i].pid, SIGKILL);
            (void)waitpid(race->logins[i].pid, NULL, 0);
        }
    closep(&race->told[0]);
    closep(&race->told[1]);
    (void)munmap(race->logins, (LOGINS + LATE) * sizeof(*race->logins)); /* it was mapped */
    r = harness_teardown(&harness);
    free(race);
    return r;
}

/* Nobody reads what modules say, and nobody answers. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    (void)messages;
    (void)data;
    *responses = calloc((size_t)count, sizeof(**responses));
    return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static void tell(const struct race *race, struct login *login, enum outcome outcome)
{
    login->outcome = outcome;
    check(write(race->told[1], "", 1) == 1, "write");
}

/* Waits for the end of a pipe that only the test itself can write to. */
static void wait_for_end(int fds[2])
{
    char byte;

    closep(&fds[1]);
    check(read(fds[0], &byte, 1) == 0, "read");
}

static enum outcome open_session(const struct race *race, struct login *login, pam_handle_t *pam)
{
    int code = pam_acct_mgmt(pam, 0);

    if (code == PAM_PERM_DENIED)
        return DENIED;
    if (code == PAM_SUCCESS && login->dies) {
        tell(race, login, DYING);
        (void)raise(SIGKILL);
    }
    return code == PAM_SUCCESS && pam_open_session(pam, 0) == PAM_SUCCESS ? OPENED : FAILED;
}

/* A login program's child, as sshd has one for each connection. gate: NULL for no waiting. */
static void play(struct race *race, struct login *login, int gate[2])
{
    const struct pam_conv conversation = {.conv = converse};
    pam_handle_t *pam = NULL;
    bool good;

    check(setsid() >= 0, "setsid"); /* so that no place is held for the test itself, too */
    if (gate != NULL) {
        check(write(race->told[1], "", 1) == 1, "write");
        wait_for_end(gate);
    }
    good = pam_start_confdir("sshd", "root", &conversation, race->services, &pam) == PAM_SUCCESS;
    tell(race, login, good ? open_session(race, login, pam) : FAILED);
    if (login->outcome == OPENED) {
        wait_for_end(race->close);
        good = pam_close_session(pam, 0) == PAM_SUCCESS;
    }
    (void)pam_end(pam, PAM_SUCCESS); /* the process ends next */
    _exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void start(struct race *race, size_t index, bool dies, int gate[2])
{
    struct login *login = &race->logins[index];
    pid_t pid;

    *login = (struct login){.dies = dies};
    pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0)
        play(race, login, gate);
    login->pid = pid;
}

/* Waits until so many have told. */
static void hear(const struct race *race, size_t count)
{
    char bytes[LOGINS];

    while (count > 0) {
        ssize_t n = read(race->told[0], bytes, count);

        check(n > 0, "read");
        count -= (size_t)n;
    }
}

static void reap(struct login *login)
{
    int status;

    check(waitpid(login->pid, &status, 0) == login->pid, "waitpid");
    login->pid = 0;
    if (login->outcome == DYING)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static size_t count(const struct race *race, enum outcome outcome)
{
    size_t found = 0;

    for (size_t i = 0; i < LOGINS; i++)
        found += race->logins[i].outcome == outcome ? 1 : 0;
    return found;
}

/* All come at once, and stay. Those that died have gone. */
static void rush(struct race *race, unsigned dies_each)
{
    int gate[2];

    check(pipe2(gate, O_CLOEXEC) == 0 && pipe2(race->close, O_CLOEXEC) == 0, "pipe");
    for (size_t i = 0; i < LOGINS; i++)
        start(race, i, dies_each > 0 && i % dies_each == 0, gate);
    hear(race, LOGINS); /* each has closed its other end of the gate */
    closep(&gate[1]);
    hear(race, LOGINS);
    closep(&gate[0]);
    for (size_t i = 0; i < LOGINS; i++)
        if (race->logins[i].outcome != OPENED)
            reap(&race->logins[i]);
    assert_int_equal(count(race, FAILED), 0);
}

/* One more, which is let in or not. */
static void expect_late(struct race *race, size_t number, enum outcome outcome)
{
    start(race, LOGINS + number, false, NULL);
    hear(race, 1);
    assert_int_equal(race->logins[LOGINS + number].outcome, outcome);
}

/* All sessions are closed, and nothing is left of the round. */
static void leave(struct race *race)
{
    closep(&race->close[1]);
    for (size_t i = 0; i < LOGINS + LATE; i++)
        if (race->logins[i].pid > 0)
            reap(&race->logins[i]);
    closep(&race->close[0]);
    assert_int_equal(harness_statistic(race->harness, "sessionsLive"), 0);
    assert_int_equal(harness_statistic(race->harness, "reservations"), 0);
}

static unsigned rounds(void)
{
    const char *wanted = getenv("RACE_ROUNDS");

    return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : ROUNDS;
}

static void test_limit__64_logins_at_once__lets_in_exactly_as_many(void **state)
{
    struct race *race = *state;

    for (unsigned round = 0; round < rounds(); round++) {
        rush(race, 0);
        assert_int_equal(count(race, OPENED), PLACES);
        assert_int_equal(count(race, DENIED), LOGINS - PLACES);
        assert_int_equal(harness_statistic(race->harness, "sessionsLive"), PLACES);
        leave(race);
    }
    assert_int_equal(harness_statistic(race->harness, "opened"), PLACES * rounds());
}

static void test_limit__a_third_die_on_the_way__their_places_are_free_at_once(void **state)
{
    struct race *race = *state;
    size_t died = 0;

    for (unsigned round = 0; round < rounds(); round++) {
        size_t opened, late = 0;

        rush(race, DIES_EACH);
        opened = count(race, OPENED);
        died += count(race, DYING);
        assert_in_range(opened, 0, PLACES);
        assert_int_equal(harness_statistic(race->harness, "sessionsLive"), opened);
        while (opened + late < PLACES)
            expect_late(race, late++, OPENED);
        expect_late(race, late, DENIED);
        assert_int_equal(harness_statistic(race->harness, "sessionsLive"), PLACES);
        leave(race);
    }
    assert_true(died >= rounds() / 2);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_limit__64_logins_at_once__lets_in_exactly_as_many),
        TEST(test_limit__a_third_die_on_the_way__their_places_are_free_at_once),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
