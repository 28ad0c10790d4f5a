/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that is full, in a tmpfs of the program's own mount namespace. It has room for the log's
 * two files, one of which is there before it is needed, and for a third. So a full disk shows when
 * both are, all but the reserve, which what is essential may use.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

static int setup(void **state)
{
    struct harness *harness;

    if (harness_setup(state) < 0)
        return -1;
    harness = *state;
    return mount("tmpfs", harness->state, "tmpfs", 0, "size=16m,mode=0700");
}

static int teardown(void **state)
{
    struct harness *harness = *state;
    char path[sizeof(harness->state)];
    int r;

    (void)snprintf(path, sizeof(path), "%s", harness->state);
    if (harness->pid > 0)
        harness_stop(harness);
    r = umount2(path, MNT_DETACH);
    return harness_teardown(state) < 0 ? -1 : r;
}

#define ISSUE "io.sessmgr.Session.IssueToken"

static void filler_path(const struct harness *harness, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "%s/filler", harness->state);
}

static void fill(const struct harness *harness)
{
    static const char block[4096];
    char path[128];
    CLEANUP(closep) int fd = -1;
    ssize_t n;

    filler_path(harness, path, sizeof(path));
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    do {
        n = write(fd, block, sizeof(block));
    } while (n > 0);
    assert_int_equal(errno, ENOSPC);
}

static void make_room(const struct harness *harness)
{
    char path[128];

    filler_path(harness, path, sizeof(path));
    assert_int_equal(unlink(path), 0);
}

/* Starts the daemon anew on a full disk, without the file that its log would go on in. */
static void restart_without_log(struct harness *harness)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/log-2", harness->state); /* nothing is in it yet */
    HARNESS_AWAIT(access(path, F_OK) == 0); /* it is made beside everything else */
    harness_kill(harness);
    assert_int_equal(unlink(path), 0);
    fill(harness);
    harness_start(harness);
}

/* Opens until the disk takes no more; the ID of the first session that it did not take. */
static void open_until_full(struct actor *actor, char id[static SESSION_ID_BYTES + 1])
{
    const char *answer;

    do {
        answer = actor_open(actor, "alice", 4001, "sshd", "");
    } while (reply_error(answer)[0] == '\0');
    assert_string_equal(reply_text(answer, "error"), "io.sessmgr.Login.StoreUnavailable");
    (void)snprintf(id, SESSION_ID_BYTES + 1, "%s", reply_text(answer, "parameters.sessionId"));
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
}

static const char *state_of(struct harness *harness, const char *id)
{
    return reply_text(harness_describe(harness, id), "parameters.session.state");
}

static void test_open__disk_full__is_held_and_enforced(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *second = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];

    harness_configure(harness, "[Session]\nLifetimeSec=2s\nGraceSec=1s\n");
    harness_start(harness);
    fill(harness);
    open_until_full(login, id);
    assert_string_equal(state_of(harness, id), "active");
    assert_non_null(strstr(harness->reply, "\"durable\":false"));
    assert_int_equal(harness_statistic(harness, "storeAvailable"), -1); /* no number: a boolean */
    assert_non_null(strstr(harness->reply, "\"storeAvailable\":false"));
    open_until_full(second, id); /* and this one counts as well */
    HARNESS_AWAIT(strcmp(state_of(harness, id), "ended") == 0);
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), "lifetime");
    assert_false(actor_lives(login) || actor_lives(second));
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=store-failed", NULL), 1);
}

/* Whom nothing keeps out a disk does not either. */
static void test_open__disk_takes_nothing_and_break_glass__is_answered(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1], unheld[SESSION_ID_BYTES + 1];

    harness_configure(harness, "[Break-Glass]\nUsers=bob\n");
    harness_start(harness);
    restart_without_log(harness);
    open_until_full(actor_new(harness, "login"), unheld);
    actor_log_in(actor_new(harness, "login"), "bob", 4002, "sshd", id); /* without an error */
    assert_string_equal(state_of(harness, id), "active");
    assert_non_null(strstr(harness->reply, "\"durable\":false"));
    make_room(harness);
    HARNESS_AWAIT(strstr(harness_describe(harness, id), "\"durable\":true") != NULL);
}

static void test_end__disk_full__durable_all_the_same(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *filler = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1], unheld[SESSION_ID_BYTES + 1];

    harness_start(harness);
    actor_log_in(login, "bob", 4002, "sshd", id);
    fill(harness);
    open_until_full(filler, unheld);
    assert_string_equal(reply_error(actor_close(login, id)), "");
    assert_string_equal(state_of(harness, id), "ended");
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(state_of(harness, id), "ended");
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), "logout");
}

static void test_end__nothing_can_be_written__holds(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];

    harness_start(harness);
    actor_log_in(login, "bob", 4002, "sshd", id);
    restart_without_log(harness);
    assert_string_equal(state_of(harness, id), "active");
    assert_string_equal(reply_error(actor_close(login, id)), "StoreUnavailable");
    assert_string_equal(state_of(harness, id), "ended");
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), "logout");
    make_room(harness);
    HARNESS_AWAIT(strstr(harness_describe(harness, id), "\"durable\":true") != NULL);
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(state_of(harness, id), "ended");
}

static void test_store__room_again__has_everything(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *filler = actor_new(harness, "login");
    char held[SESSION_ID_BYTES + 1], closed[SESSION_ID_BYTES + 1], late[SESSION_ID_BYTES + 1];

    harness_start(harness);
    actor_log_in(login, "bob", 4002, "sshd", closed);
    fill(harness);
    open_until_full(filler, held);
    (void)actor_close(login, closed);
    make_room(harness);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=store-recovered", NULL) == 1);
    assert_non_null(strstr(harness_describe(harness, held), "\"durable\":true"));
    actor_log_in(login, "bob", 4002, "sshd", late);
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(state_of(harness, held), "active");
    assert_string_equal(state_of(harness, closed), "ended");
    assert_string_equal(state_of(harness, late), "active");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=store-failed", NULL), 1);
}

static void test_start__disk_full__serves_all_the_same(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1], unheld[SESSION_ID_BYTES + 1];

    harness_start(harness);
    actor_log_in(login, "bob", 4002, "sshd", id);
    fill(harness);
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(state_of(harness, id), "active");
    open_until_full(login, unheld);
    make_room(harness);
    HARNESS_AWAIT(strstr(harness_describe(harness, unheld), "\"durable\":true") != NULL);
}

static const char *lock_alice(struct harness *harness)
{
    return harness_ask(harness, SOCKET_SESSION, "io.sessmgr.Manager.Lock",
                       "{\"user\":\"alice\",\"uid\":4001}");
}

static const char *admit_alice(struct actor *login)
{
    return reply_error(actor_ask(login, SOCKET_LOGIN, "io.sessmgr.Login.Admit",
                                 harness_login("alice", 4001, "sshd", "")));
}

static void test_lock__disk_full__is_durable(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char unheld[SESSION_ID_BYTES + 1];

    harness_start(harness);
    fill(harness);
    open_until_full(login, unheld);
    assert_string_equal(reply_error(lock_alice(harness)), "");
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(admit_alice(login), "Refused");
}

static void test_lock__nothing_can_be_written__holds(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");

    harness_start(harness);
    restart_without_log(harness);
    assert_string_equal(reply_text(lock_alice(harness), "error"),
                        "io.sessmgr.Manager.StoreUnavailable");
    assert_string_equal(admit_alice(login), "Refused");
    make_room(harness);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=store-recovered", NULL) == 1);
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(admit_alice(login), "Refused");
}

static const char *about_token(struct harness *harness, const char *method, const char *token)
{
    char parameters[256];

    (void)snprintf(parameters, sizeof(parameters), "{\"token\":\"%s\"}", token);
    return harness_ask_session(harness, method, parameters);
}

static bool is_active(struct harness *harness, const char *token)
{
    return strstr(about_token(harness, "Validate", token), "\"active\":true") != NULL;
}

/* What the disk does not take is not given; what is taken away is gone, and stays so. */
static void test_tokens__disk_full__none_is_given_and_revocations_are_durable(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *shell;
    char id[SESSION_ID_BYTES + 1], revoked[128], kept[128];

    harness_start(harness);
    actor_log_in(login, "root", 0, "login", id);
    shell = actor_fork(harness, login, "shell");
    (void)snprintf(revoked, sizeof(revoked), "%s",
                   reply_text(actor_ask(shell, SOCKET_SESSION, ISSUE, "{}"), "parameters.token"));
    (void)snprintf(kept, sizeof(kept), "%s",
                   reply_text(actor_ask(shell, SOCKET_SESSION, ISSUE, "{}"), "parameters.token"));
    fill(harness);
    open_until_full(actor_new(harness, "login"), id);
    assert_string_equal(reply_error(actor_ask(shell, SOCKET_SESSION, ISSUE, "{}")),
                        "StoreUnavailable");
    assert_int_equal(harness_statistic(harness, "tokensLive"), 2);
    assert_true(is_active(harness, kept));
    assert_true(is_active(harness, revoked));
    assert_string_equal(reply_error(about_token(harness, "Revoke", revoked)), "");
    assert_false(is_active(harness, revoked));
    harness_kill(harness);
    harness_start(harness);
    assert_true(is_active(harness, kept));
    assert_false(is_active(harness, revoked));
    make_room(harness);
    HARNESS_AWAIT(reply_error(actor_ask(shell, SOCKET_SESSION, ISSUE, "{}"))[0] == '\0');
}

static void test_tokens__nothing_can_be_written__revocations_hold(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *shell;
    char id[SESSION_ID_BYTES + 1], revoked[128];

    harness_start(harness);
    actor_log_in(login, "root", 0, "login", id);
    shell = actor_fork(harness, login, "shell");
    (void)snprintf(revoked, sizeof(revoked), "%s",
                   reply_text(actor_ask(shell, SOCKET_SESSION, ISSUE, "{}"), "parameters.token"));
    restart_without_log(harness);
    assert_true(is_active(harness, revoked));
    assert_string_equal(reply_error(about_token(harness, "Revoke", revoked)), "StoreUnavailable");
    assert_false(is_active(harness, revoked));
    make_room(harness);
    HARNESS_AWAIT(reply_error(actor_ask(shell, SOCKET_SESSION, ISSUE, "{}"))[0] == '\0');
    harness_kill(harness);
    harness_start(harness);
    assert_false(is_active(harness, revoked));
}

/* Whoever tries again when there is room is no thief. */
static void refresh_on_a_full_disk(struct harness *harness, const char *rotation)
{
    struct actor *login = actor_new(harness, "login"), *shell;
    char id[SESSION_ID_BYTES + 1], refresh[128], parameters[256];

    (void)snprintf(parameters, sizeof(parameters),
                   "[Tokens]\nRefreshToken=yes\nReuseAction=end-session\nRotation=%s\n", rotation);
    harness_configure(harness, parameters);
    harness_start(harness);
    actor_log_in(login, "root", 0, "login", id);
    shell = actor_fork(harness, login, "shell");
    (void)snprintf(refresh, sizeof(refresh), "%s",
                   reply_text(actor_ask(shell, SOCKET_SESSION, ISSUE, "{\"refresh\":true}"),
                              "parameters.refreshToken"));
    (void)snprintf(parameters, sizeof(parameters), "{\"refreshToken\":\"%s\"}", refresh);
    fill(harness);
    open_until_full(actor_new(harness, "login"), id);
    for (int i = 0; i < 3; i++)
        assert_string_equal(reply_error(harness_ask_session(harness, "Refresh", parameters)),
                            "StoreUnavailable");
    assert_int_equal(harness_statistic(harness, "tokensLive"), 2);
    make_room(harness);
    HARNESS_AWAIT(reply_error(harness_ask_session(harness, "Refresh", parameters))[0] == '\0');
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=token-reused", NULL), 0);
}

static void test_refresh__disk_full__token_is_as_good_as_before(void **state)
{
    refresh_on_a_full_disk(*state, "each-use");
}

static void test_refresh__disk_full_and_no_rotation__token_is_as_good_as_before(void **state)
{
    refresh_on_a_full_disk(*state, "never");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_open__disk_full__is_held_and_enforced),
        TEST(test_open__disk_takes_nothing_and_break_glass__is_answered),
        TEST(test_tokens__disk_full__none_is_given_and_revocations_are_durable),
        TEST(test_tokens__nothing_can_be_written__revocations_hold),
        TEST(test_refresh__disk_full__token_is_as_good_as_before),
        TEST(test_refresh__disk_full_and_no_rotation__token_is_as_good_as_before),
        TEST(test_end__disk_full__durable_all_the_same),
        TEST(test_end__nothing_can_be_written__holds),
        TEST(test_store__room_again__has_everything),
        TEST(test_start__disk_full__serves_all_the_same),
        TEST(test_lock__disk_full__is_durable),
        TEST(test_lock__nothing_can_be_written__holds),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
