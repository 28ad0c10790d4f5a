/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks of users: Lock, Unlock and ListLocks, and what a login hears. Who may call them is in
 * test-callers, how a lock goes by the clock in tests/unit/test-lock. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "tests/daemon/seed.h"
#include "tests/daemon/token-scene.h"

#define ADMIT "io.sessmgr.Login.Admit"

enum { ALICE = 4001, BOB = 4002 };

static int setup(void **state)
{
    int r = harness_setup(state);

    if (r == 0)
        harness_start(*state);
    return r;
}

static const char *ask(struct harness *harness, const char *method, const char *parameters)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "io.sessmgr.Manager.%s", method);
    return harness_ask(harness, SOCKET_SESSION, name, parameters);
}

/* Locks a user, which has to go well; more: further members (",\"name\":...") or "". */
static const char *lock(struct harness *harness, unsigned uid, const char *more)
{
    char parameters[2048];
    const char *answer;

    (void)snprintf(parameters, sizeof(parameters), "{\"user\":\"u%u\",\"uid\":%u%s}", uid, uid,
                   more);
    answer = ask(harness, "Lock", parameters);
    assert_string_equal(reply_error(answer), "");
    return answer;
}

static const char *unlock(struct harness *harness, unsigned uid)
{
    char parameters[64];

    (void)snprintf(parameters, sizeof(parameters), "{\"uid\":%u}", uid);
    return ask(harness, "Unlock", parameters);
}

static const char *admit(struct actor *login, const char *user, unsigned uid, const char *service)
{
    return actor_ask(login, SOCKET_LOGIN, ADMIT, harness_login(user, uid, service, ""));
}

static void expect_refused(const char *answer)
{
    assert_string_equal(reply_error(answer), "Refused");
    assert_string_equal(reply_text(answer, "parameters.reason"), "locked");
}

static void expect_ended(struct harness *harness, const char *id)
{
    HARNESS_AWAIT(strcmp(reply_text(harness_describe(harness, id), "parameters.session.state"),
                         "ended") == 0);
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), "locked");
}

static void test_admit__locked__refused_by_every_service(void **state)
{
    static const char *const services[] = {"sshd", "login", "su", "cron", "systemd-user", "chsh"};
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");

    lock(harness, ALICE, ",\"untilUsec\":4000000000000000,\"message\":\"Ask Bob.\"");
    for (size_t i = 0; i < ELEMENTS(services); i++) {
        const char *answer = admit(login, "alice", ALICE, services[i]);

        expect_refused(answer);
        assert_string_equal(reply_text(answer, "parameters.message"),
                            "This account is locked until Tue 2096-10-02 07:07 UTC. Ask Bob.");
        assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=refused", services[i],
                                           "SESSMGR_REASON=locked", NULL),
                         1);
        assert_string_equal(reply_error(admit(login, "bob", BOB, services[i])), "");
    }
    assert_true(actor_lives(login));
    assert_string_equal(reply_error(unlock(harness, ALICE)), "");
    for (size_t i = 0; i < ELEMENTS(services); i++)
        assert_string_equal(reply_error(admit(login, "alice", ALICE, services[i])), "");
}

static void test_admit__another_name_of_the_same_uid__refused(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");

    lock(harness, ALICE, "");
    expect_refused(admit(login, "alias", ALICE, "sshd"));
    assert_string_equal(reply_error(admit(login, "u4001", BOB, "sshd")), "");
}

static void test_admit__locked_and_breaks_glass__let_in(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];

    harness_stop(harness);
    harness_configure(harness, "[Break-Glass]\nUsers=alice\n");
    harness_start(harness);
    lock(harness, ALICE, "");
    lock(harness, BOB, "");
    expect_refused(admit(login, "bob", BOB, "sshd"));
    actor_log_in(login, "alice", ALICE, "sshd", id);
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
}

static void test_explain__locked__says_so(void **state)
{
    struct harness *harness = *state;
    const char *answer;

    lock(harness, ALICE, "");
    answer = ask(harness, "Explain",
                 "{\"user\":\"alice\",\"uid\":4001,\"groups\":[],\"service\":\"cron\"}");
    assert_non_null(strstr(answer, "\"admitted\":false"));
    assert_string_equal(reply_text(answer, "parameters.reason"), "locked");
    assert_string_equal(reply_text(answer, "parameters.message"), "This account is locked.");
}

static void test_open__locked_since_admitted__refused_and_the_connection_ended(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "sshd"), *cron = actor_new(harness, "cron");
    char more[128];

    (void)snprintf(more, sizeof(more), ",\"reservation\":\"%s\"",
                   reply_text(admit(login, "alice", ALICE, "sshd"), "parameters.reservation"));
    lock(harness, ALICE, "");
    expect_refused(actor_open(cron, "alice", ALICE, "cron", ""));
    expect_refused(actor_open(login, "alice", ALICE, "sshd", more));
    HARNESS_AWAIT(!actor_lives(login));
    assert_true(actor_lives(cron)); /* where no session is wanted, none is parted with */
    assert_int_equal(harness_statistic(harness, "sessionsLive"), 0);
    assert_int_equal(harness_statistic(harness, "refused"), 2);
}

static void test_locks__daemon_killed__as_they_were(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");

    lock(harness, ALICE, "");
    harness_kill(harness); /* it was durable */
    harness_start(harness);
    expect_refused(admit(login, "alice", ALICE, "sshd"));
    assert_string_equal(reply_error(unlock(harness, ALICE)), "");
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(reply_error(admit(login, "alice", ALICE, "sshd")), "");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=locked", "SESSMGR_UID=4001",
                                       "SESSMGR_USER=u4001", "SESSMGR_ACTOR_UID=0", NULL),
                     1);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=unlocked", "SESSMGR_UID=4001",
                                       "SESSMGR_USER=u4001", "SESSMGR_ACTOR_UID=0", NULL),
                     1);
}

static void test_lock__terminate__ends_every_session_of_the_user(void **state)
{
    struct harness *harness = *state;
    struct actor *logins[3], *sudo;
    char ids[3][SESSION_ID_BYTES + 1], nested[SESSION_ID_BYTES + 1];
    const char *answer;

    for (size_t i = 0; i < ELEMENTS(logins); i++) {
        logins[i] = actor_new(harness, "login");
        actor_log_in(logins[i], i < 2 ? "alice" : "bob", i < 2 ? ALICE : BOB, "sshd", ids[i]);
    }
    sudo = actor_fork(harness, logins[1], "sudo");
    actor_log_in(sudo, "root", 0, "sudo", nested);
    answer = lock(harness, ALICE, ",\"terminate\":true,\"message\":\"Go home.\"");
    assert_int_equal(reply_int(answer, "parameters.sessionCount"), 2);
    assert_int_equal(reply_count(answer, "parameters.sessions"), 2);
    assert_string_equal(reply_text(answer, "parameters.sessions.0"), ids[0]);
    assert_string_equal(reply_text(answer, "parameters.sessions.1"), ids[1]);
    expect_ended(harness, ids[0]);
    expect_ended(harness, ids[1]);
    expect_ended(harness, nested);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=terminated", ids[0], "Go home.",
                                       "SESSMGR_REASON=locked", NULL),
                     1);
    assert_string_equal(reply_text(harness_describe(harness, ids[2]), "parameters.session.state"),
                        "active");
    expect_refused(admit(logins[2], "alice", ALICE, "sshd"));
}

static void test_lock__no_terminate__sessions_go_on(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];
    const char *answer;

    actor_log_in(login, "alice", ALICE, "sshd", id);
    answer = lock(harness, ALICE, "");
    assert_int_equal(reply_int(answer, "parameters.sessionCount"), 0);
    assert_int_equal(reply_count(answer, "parameters.sessions"), 0);
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.state"),
                        "active");
    assert_true(actor_lives(login));
    assert_int_equal(
        reply_int(lock(harness, ALICE, ",\"terminate\":true"), "parameters.sessionCount"), 1);
}

static void test_lock__terminate_of_very_many__ends_all_and_tells_some(void **state)
{
    enum { MANY = 1030, TOLD = 1024 };
    static struct seed seeds[MANY];
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    const char *answer;

    harness_stop(harness);
    for (unsigned i = 0; i < MANY; i++) {
        seed_init(&seeds[i], i + 1);
        seed_lead(&seeds[i], login->pid);
        seeds[i].record.info.uid = ALICE;
    }
    seed_store(harness, seeds, MANY);
    harness_start(harness);
    answer = lock(harness, ALICE, ",\"terminate\":true");
    assert_int_equal(reply_int(answer, "parameters.sessionCount"), MANY);
    assert_int_equal(reply_count(answer, "parameters.sessions"), TOLD);
    HARNESS_AWAIT(harness_statistic(harness, "sessionsLive") == 0);
    expect_ended(harness, seeds[MANY - 1].id);
}

static void test_lock__terminate__tokens_are_dead_at_once(void **state)
{
    struct token_scene *scene = *state;
    const char *token = token_issue(scene, "{}");

    assert_true(token_active(token_ask(scene, token, "")));
    lock(scene->harness, 0, ",\"terminate\":true");
    assert_false(token_active(token_ask(scene, token, "")));
}

static void test_lock__wrong_parameters__refused_and_nobody_locked(void **state)
{
    static const struct {
        const char *parameters, *wrong;
    } cases[] = {
        {"{\"user\":\"a\",\"uid\":1,\"untilUsec\":1}", "untilUsec"},
        {"{\"user\":\"a\",\"uid\":1,\"untilUsec\":-1}", "untilUsec"},
        {"{\"user\":\"a\",\"uid\":1,\"message\":\"a\\nb\"}", "message"},
        {"{\"user\":\"a\\u001b\",\"uid\":1}", "user"},
        {"{\"user\":\"a\",\"uid\":4294967295}", "uid"},
        {"{\"user\":\"a\"}", "uid"},
        {"{\"uid\":1}", "user"},
    };
    struct harness *harness = *state;
    char parameters[2048];

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const char *answer = ask(harness, "Lock", cases[i].parameters);

        assert_string_equal(reply_error(answer), "InvalidParameter");
        assert_string_equal(reply_text(answer, "parameters.parameter"), cases[i].wrong);
    }
    for (int bytes = MESSAGE_MAX_BYTES + 1; bytes >= MESSAGE_MAX_BYTES; bytes--) {
        assert_int_equal(harness_statistic(harness, "locks"), 0);
        (void)snprintf(parameters, sizeof(parameters),
                       "{\"user\":\"a\",\"uid\":1,\"message\":\"%0*d\"}", bytes, 0);
        assert_string_equal(reply_error(ask(harness, "Lock", parameters)),
                            bytes > MESSAGE_MAX_BYTES ? "InvalidParameter" : "");
    }
    assert_int_equal(harness_statistic(harness, "locks"), 1);
}

static void test_unlock__not_locked__says_so(void **state)
{
    struct harness *harness = *state;

    lock(harness, ALICE, "");
    assert_string_equal(reply_error(unlock(harness, BOB)), "NoSuchLock");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=unlocked", NULL), 0);
    assert_string_equal(reply_error(unlock(harness, ALICE)), "");
    assert_string_equal(reply_error(unlock(harness, ALICE)), "NoSuchLock");
}

static void test_list_locks__some__all_that_is_known_of_them(void **state)
{
    struct harness *harness = *state;
    const char *answer = ask(harness, "ListLocks", "{}");

    assert_int_equal(reply_count(answer, "parameters.locks"), 0);
    lock(harness, BOB, ",\"message\":\"\"");
    lock(harness, ALICE, ",\"untilUsec\":4000000000000000,\"message\":\"Ask.\"");
    answer = ask(harness, "ListLocks", "{}");
    assert_int_equal(reply_count(answer, "parameters.locks"), 2);
    assert_string_equal(reply_text(answer, "parameters.locks.0.user"), "u4001");
    assert_int_equal(reply_int(answer, "parameters.locks.0.uid"), ALICE);
    assert_true(reply_int(answer, "parameters.locks.0.untilUsec") == 4000000000000000);
    assert_true(reply_int(answer, "parameters.locks.0.sinceUsec") > 0);
    assert_string_equal(reply_text(answer, "parameters.locks.0.message"), "Ask.");
    assert_int_equal(reply_int(answer, "parameters.locks.1.uid"), BOB);
    assert_false(reply_has(answer, "parameters.locks.1.untilUsec"));
    assert_false(reply_has(answer, "parameters.locks.1.message"));
    assert_int_equal(harness_statistic(harness, "locks"), 2);
}

static void test_list_locks__more_than_fit__one_reply_each(void **state)
{
    enum { MANY = 70 };
    static char reply[HARNESS_REPLY_MAX_BYTES];
    struct harness *harness = *state;
    char more[1100];
    CLEANUP(closep) int fd = harness_connect(harness, SOCKET_SESSION);

    (void)snprintf(more, sizeof(more), ",\"message\":\"%01000d\"", 0);
    for (unsigned i = 0; i < MANY; i++)
        lock(harness, i, more);
    assert_string_equal(reply_error(ask(harness, "ListLocks", "{}")), "TooMany");
    harness_send_text(fd, "{\"method\":\"io.sessmgr.Manager.ListLocks\",\"more\":true}");
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(harness_read(fd, reply, sizeof(reply)));
        assert_int_equal(reply_count(reply, "parameters.locks"), 1);
        assert_int_equal(reply_int(reply, "parameters.locks.0.uid"), i);
        assert_int_equal(strstr(reply, "\"continues\":true") != NULL, i < MANY - 1);
    }
}

static void test_list_locks__more_of_none__one_empty_reply(void **state)
{
    static char reply[HARNESS_REPLY_MAX_BYTES];
    CLEANUP(closep) int fd = harness_connect(*state, SOCKET_SESSION);

    harness_send_text(fd, "{\"method\":\"io.sessmgr.Manager.ListLocks\",\"more\":true}");
    assert_true(harness_read(fd, reply, sizeof(reply)));
    assert_string_equal(reply, "{\"parameters\":{\"locks\":[]}}");
}

static void test_forget_user__locked__stays_so(void **state)
{
    struct harness *harness = *state;

    lock(harness, ALICE, "");
    assert_string_equal(reply_error(ask(harness, "ForgetUser", "{\"uid\":4001}")), "");
    expect_refused(admit(actor_new(harness, "login"), "alice", ALICE, "sshd"));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_admit__locked__refused_by_every_service),
        TEST(test_admit__another_name_of_the_same_uid__refused),
        TEST(test_admit__locked_and_breaks_glass__let_in),
        TEST(test_explain__locked__says_so),
        TEST(test_open__locked_since_admitted__refused_and_the_connection_ended),
        TEST(test_locks__daemon_killed__as_they_were),
        TEST(test_lock__terminate__ends_every_session_of_the_user),
        TEST(test_lock__no_terminate__sessions_go_on),
        TEST(test_lock__terminate_of_very_many__ends_all_and_tells_some),
        cmocka_unit_test_setup_teardown(test_lock__terminate__tokens_are_dead_at_once,
                                        token_scene_setup, token_scene_teardown),
        TEST(test_lock__wrong_parameters__refused_and_nobody_locked),
        TEST(test_unlock__not_locked__says_so),
        TEST(test_list_locks__some__all_that_is_known_of_them),
        TEST(test_list_locks__more_than_fit__one_reply_each),
        TEST(test_list_locks__more_of_none__one_empty_reply),
        TEST(test_forget_user__locked__stays_so),
    };

    namespace_enter();
    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
