/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Extend: how far who may put off the end of a session. Plays several users as test-callers does,
 * and runs where that does.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "tests/daemon/certificate.h"
#include "tests/daemon/policy-scene.h"

enum { OWNER = 4001, OTHER = 4002 };

#define EXTEND "io.sessmgr.Session.Extend"

struct scene {
    struct harness *harness;
    struct actor *login;  /* leads the session */
    struct actor *member; /* OWNER's, in the session */
    struct actor *owner;  /* OWNER's, outside of it */
    session_id id;        /* of OWNER's session */
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    void *harness = NULL;

    if (scene == NULL || policy_setup(&harness) < 0)
        return -1;
    scene->harness = harness;
    scene->owner = actor_new(scene->harness, "owner");
    actor_become(scene->owner, OWNER, (gid_t)-1);
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

/* A session under this configuration. members: of its login. */
static void enter_with(struct scene *scene, const char *config, const char *members)
{
    struct policy_login login = policy_alice;

    login.members = members;
    policy_restart(scene->harness, config);
    scene->login = policy_enter(scene->harness, &login, scene->id);
    scene->member = actor_fork(scene->harness, scene->login, "shell");
    actor_become(scene->member, OWNER, (gid_t)-1);
}

static void enter(struct scene *scene, const char *config)
{
    enter_with(scene, config, NULL);
}

static int64_t deadline(struct scene *scene)
{
    return reply_int(harness_describe(scene->harness, scene->id),
                     "parameters.session.deadlineUsec");
}

/* Two clocks are read one after the other to tell a deadline, and the host may be busy. */
static bool is_near(int64_t usec, int64_t wanted_usec)
{
    return llabs(usec - wanted_usec) < USEC_PER_SEC;
}

/* Asks by the session's ID. seconds: 0 for as much as there is. */
static const char *ask(struct scene *scene, struct actor *actor, int64_t seconds)
{
    char parameters[128];
    int n = snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\"", scene->id);

    if (seconds != 0)
        n += snprintf(parameters + n, sizeof(parameters) - (size_t)n, ",\"seconds\":%" PRId64,
                      seconds);
    (void)snprintf(parameters + n, sizeof(parameters) - (size_t)n, "}");
    return actor_ask(actor, SOCKET_SESSION, EXTEND, parameters);
}

/* It gets this much, the reply says so, and Describe too. */
static void expect_more(struct scene *scene, struct actor *actor, int64_t seconds,
                        int64_t wanted_sec)
{
    int64_t wanted = deadline(scene) + wanted_sec * USEC_PER_SEC;
    const char *reply = ask(scene, actor, seconds);

    assert_string_equal(reply_error(reply), "");
    assert_true(is_near(reply_int(reply, "parameters.deadlineUsec"), wanted));
    assert_true(is_near(deadline(scene), wanted));
}

static void expect_nothing(struct scene *scene, struct actor *actor, int64_t seconds,
                           const char *setting)
{
    int64_t before = deadline(scene);
    const char *reply = ask(scene, actor, seconds);

    assert_string_equal(reply_error(reply), "NotAllowedByPolicy");
    assert_string_equal(reply_text(reply, "parameters.rule"), setting);
    assert_true(is_near(deadline(scene), before));
}

static struct actor *root(struct scene *scene)
{
    return actor_new(scene->harness, "root");
}

#define OWNER_TWICE "[Session]\nLifetimeSec=1h\nExtend=30min 2 owner\n"

static void test_extend__by_the_owner__within_the_policy(void **state)
{
    struct scene *scene = *state;

    enter(scene, OWNER_TWICE);
    expect_nothing(scene, scene->owner, 1801, "Extend");
    expect_more(scene, scene->owner, 0, 1800);
    expect_more(scene, scene->owner, 60, 60);
    expect_nothing(scene, scene->owner, 60, "Extend");
    expect_nothing(scene, scene->member, 0, "Extend");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=extended", scene->id,
                                       "SESSMGR_ACTOR_UID=4001", "30min", NULL),
                     1);
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=extended", NULL), 2);
}

static void test_extend__from_inside__needs_no_id(void **state)
{
    struct scene *scene = *state;
    int64_t wanted;
    const char *reply;

    enter(scene, OWNER_TWICE);
    wanted = deadline(scene) + 1800 * USEC_PER_SEC;
    reply = actor_ask(scene->member, SOCKET_SESSION, EXTEND, "{}");
    assert_true(is_near(reply_int(reply, "parameters.deadlineUsec"), wanted));
    assert_string_equal(reply_error(actor_ask(scene->owner, SOCKET_SESSION, EXTEND, "{}")),
                        "NotInSession");
}

static void test_extend__members_alone__not_from_outside(void **state)
{
    struct scene *scene = *state;

    enter(scene, "[Session]\nLifetimeSec=1h\nExtend=30min infinity member\n");
    expect_nothing(scene, scene->owner, 0, "Extend");
    for (int i = 0; i < 4; i++)
        expect_more(scene, scene->member, 0, 1800);
}

static void test_extend__policy_gives_nothing__not_even_a_second(void **state)
{
    struct scene *scene = *state;

    enter(scene, "[Session]\nLifetimeSec=1h\n");
    expect_nothing(scene, scene->owner, 0, "Extend");
    expect_nothing(scene, scene->owner, 1, "Extend");
    expect_nothing(scene, root(scene), 0, "Extend"); /* there is no usual amount */
}

static void test_extend__by_an_administrator__beyond_it_and_not_counted(void **state)
{
    struct scene *scene = *state;

    enter(scene, "[Session]\nLifetimeSec=1h\nExtend=30min 1 owner\n");
    expect_more(scene, root(scene), 7200, 7200);
    expect_more(scene, root(scene), 0, 1800);
    expect_more(scene, scene->owner, 0, 1800);
    expect_nothing(scene, scene->owner, 0, "Extend");
    expect_more(scene, root(scene), 60, 60);
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=extended", scene->id,
                                       "SESSMGR_ACTOR_UID=0", NULL),
                     3);
}

static void test_extend__by_somebody_else__is_denied(void **state)
{
    struct scene *scene = *state;
    struct actor *other = actor_new(scene->harness, "other");
    struct actor *foreign;
    int64_t before;

    enter(scene, "[Session]\nLifetimeSec=1h\nExtend=30min 1 owner\n");
    foreign = actor_fork(scene->harness, scene->login, "setuid");
    actor_become(other, OTHER, (gid_t)-1);
    actor_become(foreign, OTHER, (gid_t)-1);
    before = deadline(scene);
    assert_string_equal(reply_error(ask(scene, other, 0)), "PermissionDenied");
    assert_string_equal(reply_error(ask(scene, foreign, 0)), "PermissionDenied");
    assert_true(is_near(deadline(scene), before));
}

static void test_extend__no_deadline__there_is_nothing_to_put_off(void **state)
{
    struct scene *scene = *state;

    enter(scene, "[Session]\nExtend=30min 2 owner\nIdleSec=1h\nIdleSecWithoutTerminal=1h\n");
    assert_string_equal(reply_error(ask(scene, scene->owner, 0)), "NotAllowedByPolicy");
    assert_string_equal(reply_text(scene->owner->reply, "parameters.rule"), "LifetimeSec");
    assert_int_equal(deadline(scene), -1);
}

static void test_extend__not_active_any_more__does_not_exist(void **state)
{
    struct scene *scene = *state;
    char parameters[128];

    enter(scene, OWNER_TWICE "GraceSec=1s\n");
    actor_ignore_signals(scene->login);
    (void)snprintf(parameters, sizeof(parameters), "{\"filter\":{\"sessionId\":\"%s\"}}",
                   scene->id);
    (void)harness_ask_session(scene->harness, "Terminate", parameters);
    assert_string_equal(policy_text(scene->harness, scene->id, "session.state"), "ending");
    assert_string_equal(reply_error(ask(scene, scene->owner, 0)), "NoSuchSession");
    policy_expect_ended(scene->harness, scene->id, "terminated");
    assert_string_equal(reply_error(ask(scene, scene->owner, 0)), "NoSuchSession");
    assert_string_equal(reply_error(ask(scene, root(scene), 60)), "NoSuchSession");
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=extended", NULL), 0);
}

static void test_extend__no_such_span__is_refused(void **state)
{
    static const char *const spans[] = {"0", "-1", "9223372036854775807", "3155760000000"};
    struct scene *scene = *state;
    struct actor *admin = root(scene);
    int64_t before;

    enter(scene, OWNER_TWICE);
    before = deadline(scene);
    for (size_t i = 0; i < ELEMENTS(spans); i++) {
        char parameters[128];

        (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\",\"seconds\":%s}",
                       scene->id, spans[i]);
        assert_string_equal(reply_error(actor_ask(admin, SOCKET_SESSION, EXTEND, parameters)),
                            "InvalidParameter");
        assert_string_equal(reply_text(admin->reply, "parameters.parameter"), "seconds");
    }
    assert_true(is_near(deadline(scene), before));
}

/* The reply came when it was on the disk, and so did the count. */
static void test_extend__killed_after_the_reply__is_put_off(void **state)
{
    struct scene *scene = *state;
    int64_t before;

    enter(scene, OWNER_TWICE);
    expect_more(scene, scene->owner, 0, 1800);
    expect_more(scene, scene->owner, 0, 1800);
    before = deadline(scene);
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_true(is_near(deadline(scene), before));
    expect_nothing(scene, scene->owner, 0, "Extend");
}

static void test_extend__in_time__the_session_outlives_its_first_deadline(void **state)
{
    struct scene *scene = *state;

    enter(scene, "[Session]\nLifetimeSec=2s\nExtend=2s 1 owner\nGraceSec=1s\n");
    expect_more(scene, scene->member, 0, 2);
    harness_pause(2300);
    assert_true(policy_is_active(scene->harness, scene->id));
    policy_expect_ended(scene->harness, scene->id, "lifetime");
}

static void test_extend__end_of_the_hours__is_put_off_and_lifetime_too(void **state)
{
    struct scene *scene = *state;
    const int64_t now = (int64_t)time(NULL), end = (now / 60 + 60) * 60;
    char config[128];

    (void)snprintf(config, sizeof(config),
                   "[Session]\nLifetimeSec=2h\nExtend=30min 2 owner\nHours=%s\n",
                   policy_hours(now - 3600, end));
    enter(scene, config);
    assert_true(is_near(deadline(scene), end * USEC_PER_SEC));
    expect_more(scene, scene->owner, 0, 1800);
    assert_string_equal(policy_text(scene->harness, scene->id, "session.deadlineReason"), "hours");
    expect_more(scene, scene->owner, 0, 1800);
    harness_kill(scene->harness);
    harness_start(scene->harness);
    assert_true(is_near(deadline(scene), (end + 3600) * USEC_PER_SEC));
}

/* By nobody: whoever issued the certificate has said how long. */
static void test_extend__end_of_a_certificate__stays(void **state)
{
    struct scene *scene = *state;

    enter_with(scene, "[Session]\nEndWithCredential=yes\nExtend=30min 2 owner\n",
               ",\"authInfo\":\"" CERTIFICATE_OF_2030 "\"");
    expect_nothing(scene, scene->owner, 0, "EndWithCredential");
    expect_nothing(scene, root(scene), 60, "EndWithCredential");
    assert_true(is_near(deadline(scene), CERTIFICATE_OF_2030_ENDS_SEC * USEC_PER_SEC));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_extend__by_the_owner__within_the_policy),
        TEST(test_extend__from_inside__needs_no_id),
        TEST(test_extend__members_alone__not_from_outside),
        TEST(test_extend__policy_gives_nothing__not_even_a_second),
        TEST(test_extend__by_an_administrator__beyond_it_and_not_counted),
        TEST(test_extend__by_somebody_else__is_denied),
        TEST(test_extend__no_deadline__there_is_nothing_to_put_off),
        TEST(test_extend__not_active_any_more__does_not_exist),
        TEST(test_extend__no_such_span__is_refused),
        TEST(test_extend__killed_after_the_reply__is_put_off),
        TEST(test_extend__in_time__the_session_outlives_its_first_deadline),
        TEST(test_extend__end_of_the_hours__is_put_off_and_lifetime_too),
        TEST(test_extend__end_of_a_certificate__stays),
    };

    if (geteuid() != 0) {
        (void)fprintf(stderr, "test-extend: has to be root, to play several users\n");
        return EXIT_FAILURE;
    }
    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
