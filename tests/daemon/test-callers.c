/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may call what. Plays several users, so it needs to be root; it is a step of tests/check of
 * its own, because make check has to go through for everybody. Long because every question about
 * callers needs the same scene of users.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "daemon/peer.h"
#include "daemon/rate-limit.h"
#include "daemon/server.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

enum {
    OWNER = 4001,
    OTHER = 4002,
    ADMIN_GROUP = 4101,
    VERIFIER_GROUP = 4102,
};

enum caller_kind { AS_ROOT, AS_ADMIN, AS_VERIFIER, AS_OWNER, AS_OTHER, AS_KINDS };

static const char *const kind_names[] = {"root", "admin", "verifier", "owner", "other"};

struct scene {
    struct harness *harness;
    struct actor *login;             /* leads the session */
    struct actor *callers[AS_KINDS]; /* outside of it */
    char id[SESSION_ID_BYTES + 1];   /* of OWNER's session */
};

/* The host's groups, and ours. */
static void bring_groups(const struct harness *harness)
{
    char path[128], text[256];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/group", harness->folder);
    (void)snprintf(text, sizeof(text), "sessmgr-admin:x:%d:\nsessmgr-verifier:x:%d:\n", ADMIN_GROUP,
                   VERIFIER_GROUP);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0 ||
        mount(path, "/etc/group", NULL, MS_BIND, NULL) < 0) {
        perror("/etc/group");
        abort();
    }
}

static int setup(void **state)
{
    static const struct {
        uid_t uid;
        gid_t group;
    } kinds[AS_KINDS] = {
        [AS_ADMIN] = {OTHER, ADMIN_GROUP},
        [AS_VERIFIER] = {OTHER, VERIFIER_GROUP},
        [AS_OWNER] = {OWNER, (gid_t)-1},
        [AS_OTHER] = {OTHER, (gid_t)-1},
    };
    struct scene *scene = calloc(1, sizeof(*scene));
    void *harness = NULL;

    if (scene == NULL || harness_setup(&harness) < 0)
        return -1;
    scene->harness = harness;
    bring_groups(scene->harness);
    /* So that it is the table that says no, and not the socket's mode. */
    if (chmod(scene->harness->sockets[SOCKET_LOGIN], 0666) < 0)
        return -1;
    harness_credential(scene->harness, "sessmgr.key.next", 'n'); /* RekeyStore wants one */
    harness_configure(scene->harness, "[Session]\nLifetimeSec=1h\nExtend=1min infinity owner\n");
    harness_start(scene->harness);
    scene->login = actor_new(scene->harness, "login");
    actor_log_in(scene->login, "owner", OWNER, "sshd", scene->id);
    for (size_t i = 0; i < AS_KINDS; i++) {
        scene->callers[i] = actor_new(scene->harness, "caller");
        if (i != AS_ROOT)
            actor_become(scene->callers[i], kinds[i].uid, kinds[i].group);
    }
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *harness = scene->harness;
    int r;

    (void)umount2("/etc/group", MNT_DETACH); /* as it was mounted */
    r = harness_teardown(&harness);
    free(scene);
    return r;
}

/* By kind: whether the method does what it says, rather than refuse or see nothing. */
struct rule {
    enum socket_kind socket;
    const char *method;
    const char *parameters; /* "%s" stands for the session */
    bool allowed[AS_KINDS];
};

static const struct rule rules[] = {
    /* root, admin, verifier, owner, other */
    {SOCKET_LOGIN,
     "io.sessmgr.Login.Admit",
     "{\"login\":{\"service\":\"sshd\",\"user\":\"x\",\"uid\":9,\"groups\":[]}}",
     {true, false, false, false, false}},
    {SOCKET_LOGIN,
     "io.sessmgr.Login.Open",
     "{\"login\":{\"service\":\"sshd\",\"user\":\"x\",\"uid\":9,\"groups\":[]}}",
     {true, false, false, false, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.Describe",
     "{\"sessionId\":\"%s\"}",
     {true, true, true, true, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.SetContext",
     "{\"sessionId\":\"%s\",\"context\":{\"a\":\"b\"}}",
     {true, true, false, true, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.SetContext",
     "{\"sessionId\":\"%s\",\"context\":{\"admin.a\":\"b\"}}",
     {true, true, false, false, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.Extend",
     "{\"sessionId\":\"%s\",\"seconds\":1}",
     {true, true, false, true, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Manager.Explain",
     "{\"user\":\"x\",\"uid\":9,\"groups\":[],\"service\":\"sshd\"}",
     {true, true, false, false, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.IssueToken",
     "{\"sessionId\":\"%s\"}",
     {true, false, false, false, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.Validate",
     "{\"token\":\"x\"}",
     {true, true, true, true, true}},
    {SOCKET_SESSION,
     "io.sessmgr.Session.Revoke",
     "{\"token\":\"x\"}",
     {true, true, true, true, true}},
    {SOCKET_SESSION,
     "io.sessmgr.Manager.Lock",
     "{\"user\":\"x\",\"uid\":9}",
     {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.ListLocks", "{}", {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.RotateKeys", "{}", {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.GetKeys", "{}", {true, true, true, true, true}},
    {SOCKET_SESSION, "io.sessmgr.Manager.GetStatistics", "{}", {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.Reload", "{}", {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.VerifyStore", "{}", {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.Checkpoint", "{}", {true, true, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.BackupStore", "{}", {true, false, false, false, false}},
    {SOCKET_SESSION, "io.sessmgr.Manager.RekeyStore", "{}", {true, false, false, false, false}},
    {SOCKET_SESSION,
     "io.sessmgr.Manager.ForgetUser",
     "{\"uid\":4001}",
     {true, false, false, false, false}},
    {SOCKET_SESSION, "org.varlink.service.GetInfo", "{}", {true, true, true, true, true}},
    {SOCKET_LOGIN, "org.varlink.service.GetInfo", "{}", {true, true, true, true, true}},
    {SOCKET_SESSION,
     "org.varlink.service.GetInterfaceDescription",
     "{\"interface\":\"io.sessmgr.Session\"}",
     {true, true, true, true, true}},
    {SOCKET_LOGIN,
     "io.sessmgr.Login.Close",
     "{\"sessionId\":\"%s\"}",
     {true, false, false, false, false}},
};

static const char *ask(struct scene *scene, enum caller_kind kind, enum socket_kind socket,
                       const char *method, const char *form)
{
    const char *place = strstr(form, "%s");
    char parameters[512];

    if (place == NULL)
        (void)snprintf(parameters, sizeof(parameters), "%s", form);
    else
        (void)snprintf(parameters, sizeof(parameters), "%.*s%s%s", (int)(place - form), form,
                       scene->id, place + 2);
    return actor_ask(scene->callers[kind], socket, method, parameters);
}

static void test_methods__each_caller__may_what_the_table_says(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(rules); i++) {
        const struct rule *rule = &rules[i];

        for (int kind = AS_KINDS - 1; kind >= 0; kind--) { /* who may least first: Close ends it */
            const char *error = reply_error(
                ask(scene, (enum caller_kind)kind, rule->socket, rule->method, rule->parameters));

            if (strcmp(error, rule->allowed[kind] ? "" : "PermissionDenied") != 0)
                fail_msg("%s by %s: '%s'", rule->method, kind_names[kind], error);
        }
    }
    assert_true(harness_log_count(scene->harness, "SESSMGR_EVENT=denied", "SESSMGR_ACTOR_UID=4002",
                                  NULL) > 0);
}

/* What lists many: the others' sessions do not exist for somebody. */
static void test_methods__on_many_sessions__reach_those_that_are_allowed(void **state)
{
    static const size_t seen[AS_KINDS] = {1, 1, 0, 1, 0};
    struct scene *scene = *state;

    for (int kind = AS_KINDS - 1; kind >= 0; kind--) {
        enum caller_kind who = (enum caller_kind)kind;
        const char *answer = ask(scene, who, SOCKET_SESSION, "io.sessmgr.Session.List", "{}");

        assert_int_equal(reply_count(answer, "parameters.sessions"), seen[kind]);
        answer = ask(scene, who, SOCKET_SESSION, "io.sessmgr.Session.Terminate",
                     "{\"filter\":{\"service\":\"sshd\"},\"dryRun\":true}");
        assert_int_equal(reply_count(answer, "parameters.sessions"), seen[kind]);
        answer = ask(scene, who, SOCKET_SESSION, "io.sessmgr.Session.Terminate",
                     "{\"filter\":{\"sessionId\":\"%s\"},\"dryRun\":true}");
        assert_string_equal(reply_error(answer), seen[kind] > 0 ? "" : "NoSuchSession");
    }
}

static void test_describe__prefix_of_anothers_session__finds_nothing(void **state)
{
    struct scene *scene = *state;
    const char *answer;

    scene->id[8] = '\0';
    answer = ask(scene, AS_OTHER, SOCKET_SESSION, "io.sessmgr.Session.Describe",
                 "{\"sessionId\":\"%s\"}");
    assert_string_equal(reply_error(answer), "NoSuchSession");
    answer = ask(scene, AS_OWNER, SOCKET_SESSION, "io.sessmgr.Session.Describe",
                 "{\"sessionId\":\"%s\"}");
    assert_string_equal(reply_error(answer), "");
}

static void test_describe__inside_of_ones_session__needs_no_id(void **state)
{
    struct scene *scene = *state;
    struct actor *shell = actor_fork(scene->harness, scene->login, "shell");
    struct actor *foreign = actor_fork(scene->harness, shell, "setuid");

    actor_become(shell, OWNER, (gid_t)-1);
    actor_become(foreign, OTHER, (gid_t)-1);
    assert_string_equal(
        reply_text(actor_ask(shell, SOCKET_SESSION, "io.sessmgr.Session.Describe", "{}"),
                   "parameters.session.sessionId"),
        scene->id);
    assert_string_equal(
        reply_error(actor_ask(foreign, SOCKET_SESSION, "io.sessmgr.Session.Describe", "{}")),
        "PermissionDenied");
    assert_string_equal(reply_error(actor_ask(scene->callers[AS_OWNER], SOCKET_SESSION,
                                              "io.sessmgr.Session.Describe", "{}")),
                        "NotInSession");
}

static void test_terminate__by_the_owner__ends_ones_own_and_no_other(void **state)
{
    struct scene *scene = *state;
    char others[SESSION_ID_BYTES + 1];
    const char *answer;

    actor_log_in(actor_new(scene->harness, "login"), "other", OTHER, "sshd", others);
    answer = ask(scene, AS_OWNER, SOCKET_SESSION, "io.sessmgr.Session.Terminate",
                 "{\"filter\":{\"service\":\"sshd\"}}");
    assert_int_equal(reply_count(answer, "parameters.sessions"), 1);
    assert_string_equal(reply_text(answer, "parameters.sessions.0"), scene->id);
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=terminated", scene->id,
                                       "SESSMGR_ACTOR_UID=4001", NULL),
                     1);
    HARNESS_AWAIT(!actor_lives(scene->login));
    assert_string_equal(
        reply_text(harness_describe(scene->harness, others), "parameters.session.state"), "active");
}

/* Sends as somebody, from this process: for what goes on over one connection. */
static int connect_as(const struct scene *scene, uid_t uid)
{
    int fd;

    assert_int_equal(seteuid(uid), 0);
    fd = harness_connect(scene->harness, SOCKET_SESSION);
    assert_int_equal(seteuid(0), 0);
    return fd;
}

static void test_watch__by_somebody__tells_of_their_own_sessions(void **state)
{
    static char reply[HARNESS_REPLY_MAX_BYTES];
    struct scene *scene = *state;
    char others[SESSION_ID_BYTES + 1];
    CLEANUP(closep) int fd = connect_as(scene, OWNER);

    harness_send_text(fd, "{\"method\":\"io.sessmgr.Session.Watch\",\"more\":true}");
    (void)harness_statistic(scene->harness, "sessionsLive");
    harness_pause(50);
    actor_log_in(actor_new(scene->harness, "login"), "other", OTHER, "sshd", others);
    (void)ask(scene, AS_ROOT, SOCKET_SESSION, "io.sessmgr.Session.SetContext",
              "{\"sessionId\":\"%s\",\"context\":{\"a\":\"b\"}}");
    assert_true(harness_read(fd, reply, sizeof(reply)));
    assert_string_equal(reply_text(reply, "parameters.event"), "changed");
    assert_string_equal(reply_text(reply, "parameters.session.sessionId"), scene->id);
}

/* Asks as a verifier, who may send the descriptor, about a process. */
static const char *describe_peer(const struct scene *scene, pid_t pid)
{
    static const char text[] = "{\"method\":\"io.sessmgr.Session.DescribePeer\"}";
    static char reply[HARNESS_REPLY_MAX_BYTES];
    int pidfd = pidfd_open_pid(pid), fd;

    assert_true(pidfd >= 0);
    assert_int_equal(setegid(VERIFIER_GROUP), 0);
    fd = connect_as(scene, OTHER);
    assert_int_equal(setegid(0), 0);
    harness_send_with(fd, text, sizeof(text), &pidfd, 1);
    assert_true(harness_read(fd, reply, sizeof(reply)));
    closep(&fd);
    closep(&pidfd);
    return reply;
}

static void test_describe_peer__process_of_somebody_else__is_in_no_session(void **state)
{
    struct scene *scene = *state;
    struct actor *shell = actor_fork(scene->harness, scene->login, "shell");
    struct actor *foreign = actor_fork(scene->harness, shell, "setuid");

    assert_string_equal(
        reply_text(describe_peer(scene, shell->pid), "parameters.session.sessionId"), scene->id);
    actor_become(shell, OWNER, (gid_t)-1);
    assert_string_equal(
        reply_text(describe_peer(scene, shell->pid), "parameters.session.sessionId"), scene->id);
    actor_become(foreign, OTHER, (gid_t)-1);
    assert_string_equal(reply_error(describe_peer(scene, foreign->pid)), "NotInSession");
}

/* Without a descriptor, so that those who may ask learn that it is missing. */
static void test_describe_peer__each_caller__may_what_the_table_says(void **state)
{
    static const bool allowed[AS_KINDS] = {[AS_ROOT] = true, [AS_VERIFIER] = true};
    struct scene *scene = *state;

    for (int kind = 0; kind < AS_KINDS; kind++)
        assert_string_equal(reply_error(ask(scene, (enum caller_kind)kind, SOCKET_SESSION,
                                            "io.sessmgr.Session.DescribePeer", "{}")),
                            allowed[kind] ? "InvalidParameter" : "PermissionDenied");
}

static void test_denied__over_and_over__written_down_for_each_user_in_bounds(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < RATE_LIMIT_BURST + 5; i++)
        (void)ask(scene, AS_OTHER, SOCKET_SESSION, "io.sessmgr.Manager.Reload", "{}");
    (void)ask(scene, AS_OWNER, SOCKET_SESSION, "io.sessmgr.Manager.Reload", "{}");
    assert_int_equal(
        harness_log_count(scene->harness, "SESSMGR_EVENT=denied", "SESSMGR_ACTOR_UID=4002", NULL),
        RATE_LIMIT_BURST);
    assert_int_equal(
        harness_log_count(scene->harness, "SESSMGR_EVENT=denied", "SESSMGR_ACTOR_UID=4001", NULL),
        1);
    assert_int_equal(harness_statistic(scene->harness, "denied"), RATE_LIMIT_BURST + 6);
}

/* What others send is gone before it reaches the daemon. */
static void test_descriptor__from_somebody_else__is_dropped(void **state)
{
    static const char text[] = "{\"method\":\"org.varlink.service.GetInfo\"}";
    static char reply[HARNESS_REPLY_MAX_BYTES];
    const struct scene *scene = *state;
    CLEANUP(closep) int fd = connect_as(scene, OTHER);
    int ends[2];
    char byte;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    harness_send_with(fd, text, sizeof(text) - 1, (const int[]){ends[1], ends[1]}, 2);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* with half of the message there, even */
    assert_int_equal(close(ends[0]), 0);
    harness_send(fd, "", 1);
    assert_true(harness_read(fd, reply, sizeof(reply)));
    assert_string_equal(reply_error(reply), "");
}

static void test_connections__of_one_user__are_bounded_and_spare_the_others(void **state)
{
    struct scene *scene = *state;
    int fds[SERVER_CONNECTIONS_UID_MAX + 8];

    for (size_t i = 0; i < ELEMENTS(fds); i++)
        fds[i] = connect_as(scene, OTHER);
    for (size_t i = SERVER_CONNECTIONS_UID_MAX; i < ELEMENTS(fds); i++)
        assert_true(harness_is_closed(fds[i], HARNESS_PATIENCE_MSEC));
    assert_false(harness_is_closed(fds[SERVER_CONNECTIONS_UID_MAX - 1], 0));
    assert_string_equal(
        actor_ask(scene->callers[AS_OTHER], SOCKET_SESSION, "org.varlink.service.GetInfo", "{}"),
        "");
    assert_string_equal(
        reply_error(ask(scene, AS_OWNER, SOCKET_SESSION, "org.varlink.service.GetInfo", "{}")), "");
    for (size_t i = 0; i < ELEMENTS(fds); i++)
        (void)close(fds[i]);
    HARNESS_AWAIT(actor_ask(scene->callers[AS_OTHER], SOCKET_SESSION, "org.varlink.service.GetInfo",
                            "{}")[0] != '\0');
}

static void test_connections__full_of_many_users__keep_places_for_root(void **state)
{
    struct scene *scene = *state;
    int fds[SERVER_CONNECTIONS_MAX];

    for (size_t i = 0; i < ELEMENTS(fds); i++)
        fds[i] = connect_as(scene, (uid_t)(5000 + i / SERVER_CONNECTIONS_UID_MAX));
    HARNESS_AWAIT(harness_statistic(scene->harness, "sessionConnections") ==
                  SERVER_CONNECTIONS_MAX + 1);
    assert_string_equal(
        actor_ask(scene->callers[AS_OTHER], SOCKET_SESSION, "org.varlink.service.GetInfo", "{}"),
        "");
    for (size_t i = 0; i < ELEMENTS(fds); i++)
        (void)close(fds[i]);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_methods__each_caller__may_what_the_table_says),
        TEST(test_methods__on_many_sessions__reach_those_that_are_allowed),
        TEST(test_describe__prefix_of_anothers_session__finds_nothing),
        TEST(test_describe__inside_of_ones_session__needs_no_id),
        TEST(test_terminate__by_the_owner__ends_ones_own_and_no_other),
        TEST(test_watch__by_somebody__tells_of_their_own_sessions),
        TEST(test_describe_peer__process_of_somebody_else__is_in_no_session),
        TEST(test_describe_peer__each_caller__may_what_the_table_says),
        TEST(test_denied__over_and_over__written_down_for_each_user_in_bounds),
        TEST(test_descriptor__from_somebody_else__is_dropped),
        TEST(test_connections__of_one_user__are_bounded_and_spare_the_others),
        TEST(test_connections__full_of_many_users__keep_places_for_root),
    };

    if (geteuid() != 0) {
        (void)fprintf(stderr, "test-callers: has to be root, to play several users\n");
        return EXIT_FAILURE;
    }
    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
