/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of calls that one user may make and another may not: nothing is changed, it is
 * written down, and a process that has become somebody else is in no session.
 * Plays several users as test-callers does, and runs where that does.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/peer.h"
#include "daemon/rate-limit.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

enum { OWNER = 4001, OTHER = 4002 };

#define NO_GROUP ((gid_t)-1)

struct scene {
    struct harness *harness;
    struct actor *login;           /* leads the session */
    char id[SESSION_ID_BYTES + 1]; /* of OWNER's session */
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    void *harness = NULL;

    if (scene == NULL || harness_setup(&harness) < 0)
        return -1;
    scene->harness = harness;
    harness_start(scene->harness);
    scene->login = actor_new(scene->harness, "login");
    actor_log_in(scene->login, "owner", OWNER, "sshd", scene->id);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *harness = scene->harness;
    int r = harness_teardown(&harness);

    free(scene);
    return r;
}

/* What root learns of an actor by DescribePeer. */
static const char *ask_about(const struct scene *scene, const struct actor *actor)
{
    static const char text[] = "{\"method\":\"io.sessmgr.Session.DescribePeer\"}";
    static char reply[HARNESS_REPLY_MAX_BYTES];
    CLEANUP(closep) int pidfd = pidfd_open_pid(actor->pid);
    CLEANUP(closep) int fd = harness_connect(scene->harness, SOCKET_SESSION);

    assert_true(pidfd >= 0);
    harness_send_with(fd, text, sizeof(text), &pidfd, 1);
    assert_true(harness_read(fd, reply, sizeof(reply)));
    return reply;
}

static void test_describe_peer__process_in_a_session__only_its_users_or_roots(void **state)
{
    static const struct {
        uid_t real, effective;
        const char *error;
    } rows[] = {
        {0, 0, ""},
        {OWNER, OWNER, ""},
        {0, OWNER, ""},
        {OTHER, OTHER, "NotInSession"},
        {OWNER, OTHER, "NotInSession"},
        {OTHER, OWNER, "NotInSession"},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        struct actor *process = actor_fork(scene->harness, scene->login, "process");
        const char *reply;

        actor_act_as(process, rows[i].real, rows[i].effective);
        reply = ask_about(scene, process);
        assert_string_equal(reply_error(reply), rows[i].error);
        if (rows[i].error[0] == '\0')
            assert_string_equal(reply_text(reply, "parameters.session.sessionId"), scene->id);
    }
}

static const char *set_context(const struct scene *scene, struct actor *actor, const char *entries)
{
    char parameters[256];

    (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\",\"context\":{%s}}",
                   scene->id, entries);
    return reply_error(
        actor_ask(actor, SOCKET_SESSION, "io.sessmgr.Session.SetContext", parameters));
}

/* One key that is not the caller's refuses them all, wherever it stands; taking away is setting. */
static void test_set_context__admin_key_among_others__changes_nothing(void **state)
{
    static const char *const refused[] = {
        "\"admin.a\":\"2\",\"own\":\"2\"",
        "\"own\":\"2\",\"admin.a\":\"2\"",
        "\"own\":\"2\",\"admin.new\":\"2\"",
        "\"admin.a\":\"\"",
    };
    struct scene *scene = *state;
    struct actor *root = actor_new(scene->harness, "root");
    struct actor *owner = actor_new(scene->harness, "owner");

    actor_become(owner, OWNER, NO_GROUP);
    assert_string_equal(set_context(scene, root, "\"admin.a\":\"1\",\"own\":\"1\""), "");
    for (size_t i = 0; i < ELEMENTS(refused); i++) {
        const char *reply;

        assert_string_equal(set_context(scene, owner, refused[i]), "PermissionDenied");
        assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=denied", NULL), i + 1);
        reply = harness_describe(scene->harness, scene->id);
        assert_non_null(strstr(reply, "\"context\":{\"admin.a\":\"1\",\"own\":\"1\"}"));
    }
    assert_string_equal(set_context(scene, owner, "\"admin\":\"2\",\"administrator\":\"2\""), "");
}

/* Anybody may present tokens that are not good: it must not hide what else they try. */
static void test_denied__after_many_bad_tokens__still_written(void **state)
{
    struct scene *scene = *state;
    struct actor *other = actor_new(scene->harness, "other");

    actor_become(other, OTHER, NO_GROUP);
    for (int i = 0; i <= RATE_LIMIT_BURST; i++)
        (void)actor_ask(other, SOCKET_SESSION, "io.sessmgr.Session.Validate", "{\"token\":\"x\"}");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=token-refused", NULL),
                     RATE_LIMIT_BURST);
    assert_string_equal(set_context(scene, other, "\"a\":\"b\""), "PermissionDenied");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=denied", NULL), 1);
}

/* Whether a login of OTHER's that began before a Terminate is let in after it. */
static bool is_let_in_after(const struct scene *scene, struct actor *actor)
{
    struct actor *login = actor_new(scene->harness, "login");

    assert_string_equal(reply_error(actor_ask(actor, SOCKET_SESSION, "io.sessmgr.Session.Terminate",
                                              "{\"filter\":{\"service\":\"sshd\"}}")),
                        "");
    return reply_error(actor_open(login, "other", OTHER, "sshd", ""))[0] == '\0';
}

static void test_terminate__by_a_user__stands_for_that_users_logins_alone(void **state)
{
    struct scene *scene = *state;
    struct actor *user = actor_new(scene->harness, "user");
    struct actor *other = actor_new(scene->harness, "other");

    actor_become(user, OWNER, NO_GROUP);
    actor_become(other, OTHER, NO_GROUP);
    assert_true(is_let_in_after(scene, user));
    assert_false(is_let_in_after(scene, other));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_describe_peer__process_in_a_session__only_its_users_or_roots),
        TEST(test_set_context__admin_key_among_others__changes_nothing),
        TEST(test_denied__after_many_bad_tokens__still_written),
        TEST(test_terminate__by_a_user__stands_for_that_users_logins_alone),
    };

    if (geteuid() != 0) {
        (void)fprintf(stderr, "test-users: has to be root, to play several users\n");
        return EXIT_FAILURE;
    }
    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
