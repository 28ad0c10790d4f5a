/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked about sessions and done to them: Describe, SetContext, Terminate, GetStatistics. */
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
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"
#include "tests/daemon/seed.h"

#define DESCRIBE "io.sessmgr.Session.Describe"

/* Two sessions whose IDs begin alike, one of the same user whose does not, one of somebody else;
 * all led by one process. */
enum { ALIKE_1, ALIKE_2, APART, OTHERS, SEEDS };

struct scene {
    struct harness *harness;
    struct actor *login;
    struct seed seeds[SEEDS];
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    const unsigned numbers[SEEDS] = {0xabcd0001, 0xabcd0002, 0xbbbb0001, 0xcccc0001};
    void *harness = NULL;

    if (scene == NULL || harness_setup(&harness) < 0)
        return -1;
    scene->harness = harness;
    scene->login = actor_new(scene->harness, "login");
    for (size_t i = 0; i < SEEDS; i++) {
        seed_init(&scene->seeds[i], numbers[i]);
        seed_lead(&scene->seeds[i], scene->login->pid);
    }
    scene->seeds[OTHERS].record.info.user = "bob";
    scene->seeds[OTHERS].record.info.uid = 4002;
    scene->seeds[OTHERS].record.info.remote_host = "2001:db8::1";
    scene->seeds[OTHERS].record.leader_start_ticks = scene->seeds[0].record.leader_start_ticks;
    seed_store(scene->harness, scene->seeds, SEEDS);
    harness_start(scene->harness);
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

static const char *ask(struct scene *scene, const char *method, const char *parameters)
{
    return harness_ask_session(scene->harness, method, parameters);
}

static void test_describe__unique_prefix__finds_the_session(void **state)
{
    struct scene *scene = *state;

    assert_string_equal(reply_text(ask(scene, "Describe", "{\"sessionId\":\"bb\"}"),
                                   "parameters.session.sessionId"),
                        scene->seeds[APART].id);
}

static void test_describe__prefix_of_two__names_them(void **state)
{
    struct scene *scene = *state;
    const char *answer = ask(scene, "Describe", "{\"sessionId\":\"abcd\"}");

    assert_string_equal(reply_error(answer), "AmbiguousSession");
    assert_int_equal(reply_count(answer, "parameters.candidates"), 2);
    assert_string_equal(reply_text(answer, "parameters.candidates.0"), scene->seeds[ALIKE_1].id);
    assert_string_equal(reply_text(answer, "parameters.candidates.1"), scene->seeds[ALIKE_2].id);
}

static void test_describe__no_id__finds_the_callers_own(void **state)
{
    struct scene *scene = *state;
    struct actor *login = actor_new(scene->harness, "login"), *shell, *su;
    char outer[SESSION_ID_BYTES + 1], inner[SESSION_ID_BYTES + 1];

    assert_string_equal(reply_error(actor_ask(login, SOCKET_SESSION, DESCRIBE, "{}")),
                        "NotInSession");
    actor_log_in(login, "root", 0, "login", outer);
    shell = actor_fork(scene->harness, login, "shell");
    su = actor_fork(scene->harness, shell, "su");
    actor_log_in(su, "root", 0, "su", inner);
    assert_string_equal(reply_text(actor_ask(shell, SOCKET_SESSION, DESCRIBE, "{}"),
                                   "parameters.session.sessionId"),
                        outer);
    assert_string_equal(reply_text(actor_ask(actor_fork(scene->harness, su, "shell"),
                                             SOCKET_SESSION, DESCRIBE, "{}"),
                                   "parameters.session.sessionId"),
                        inner);
    assert_string_equal(reply_error(ask(scene, "Describe", "{}")), "NotInSession");
}

static const char *set_context(struct scene *scene, const char *context)
{
    char parameters[8192];

    (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"bbbb\",\"context\":%s}",
                   context);
    return ask(scene, "SetContext", parameters);
}

static void test_set_context__named_entries__are_set_and_removed(void **state)
{
    struct scene *scene = *state;
    const char *answer;

    assert_string_equal(reply_error(set_context(scene, "{\"a\":\"1\",\"b\":\"2\",\"c\":\"\"}")),
                        "");
    assert_string_equal(reply_error(set_context(scene, "{\"b\":\"\",\"a\":\"3\",\"d\":\"4\"}")),
                        "");
    harness_kill(scene->harness); /* it was durable */
    harness_start(scene->harness);
    answer = harness_describe(scene->harness, scene->seeds[APART].id);
    assert_int_equal(reply_count(answer, "parameters.session.context"), 2);
    assert_string_equal(reply_text(answer, "parameters.session.context.a"), "3");
    assert_string_equal(reply_text(answer, "parameters.session.context.d"), "4");
}

/* {"k<first>":"v", ...} */
static const char *entries(unsigned first, unsigned count)
{
    static char text[4096];
    size_t length = 0;

    for (unsigned i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%c\"k%u\":\"v\"",
                                   i == 0 ? '{' : ',', first + i);
    (void)snprintf(text + length, sizeof(text) - length, "}");
    return text;
}

static void test_set_context__more_than_16_entries__is_refused_and_changes_nothing(void **state)
{
    struct scene *scene = *state;
    const char *answer;

    assert_string_equal(reply_error(set_context(scene, entries(0, 17))), "InvalidParameter");
    assert_string_equal(reply_error(set_context(scene, entries(0, 16))), "");
    answer = set_context(scene, entries(16, 1));
    assert_string_equal(reply_error(answer), "InvalidParameter");
    assert_string_equal(reply_text(answer, "parameters.parameter"), "context");
    assert_string_equal(reply_error(set_context(scene, "{\"k3\":\"\",\"k16\":\"v\"}")), "");
    answer = harness_describe(scene->harness, scene->seeds[APART].id);
    assert_int_equal(reply_count(answer, "parameters.session.context"), 16);
    assert_true(reply_has(answer, "parameters.session.context.k16"));
}

static void test_set_context__too_long__is_refused(void **state)
{
    struct scene *scene = *state;
    char context[1024];

    (void)snprintf(context, sizeof(context), "{\"k\":\"%0256d\"}", 0);
    assert_string_equal(reply_error(set_context(scene, context)), "");
    (void)snprintf(context, sizeof(context), "{\"k\":\"%0257d\"}", 0);
    assert_string_equal(reply_error(set_context(scene, context)), "InvalidParameter");
    (void)snprintf(context, sizeof(context), "{\"%065d\":\"v\"}", 0);
    assert_string_equal(reply_error(set_context(scene, context)), "InvalidParameter");
    assert_string_equal(reply_error(set_context(scene, "{\"k\":\"a\\nb\"}")), "InvalidParameter");
}

static void test_set_context__ended_session__does_not_exist(void **state)
{
    struct scene *scene = *state;

    assert_string_equal(reply_error(actor_close(scene->login, scene->seeds[APART].id)), "");
    assert_string_equal(reply_error(set_context(scene, "{\"a\":\"1\"}")), "NoSuchSession");
}

static void test_terminate__dry_run__only_lists(void **state)
{
    struct scene *scene = *state;
    const char *answer =
        ask(scene, "Terminate", "{\"filter\":{\"user\":\"alice\"},\"dryRun\":true}");

    assert_int_equal(reply_count(answer, "parameters.sessions"), 3);
    assert_string_equal(reply_text(answer, "parameters.sessions.2"), scene->seeds[APART].id);
    assert_int_equal(harness_statistic(scene->harness, "sessionsLive"), SEEDS);
    assert_true(actor_lives(scene->login));
}

static void test_terminate__prefix_of_two__ends_neither(void **state)
{
    struct scene *scene = *state;
    const char *answer = ask(scene, "Terminate", "{\"filter\":{\"sessionId\":\"ABCD\"}}");

    assert_string_equal(reply_error(answer), "AmbiguousSession");
    assert_int_equal(reply_count(answer, "parameters.candidates"), 2);
    assert_int_equal(harness_statistic(scene->harness, "sessionsLive"), SEEDS);
    assert_true(actor_lives(scene->login));
}

static void test_terminate__unique_prefix__ends_the_session(void **state)
{
    struct scene *scene = *state;
    const char *answer =
        ask(scene, "Terminate", "{\"filter\":{\"sessionId\":\"BBBB\"},\"message\":\"Go home.\"}");

    assert_int_equal(reply_count(answer, "parameters.sessions"), 1);
    assert_string_equal(reply_text(answer, "parameters.sessions.0"), scene->seeds[APART].id);
    assert_int_equal(harness_log_count(scene->harness, "SESSMGR_EVENT=terminated",
                                       scene->seeds[APART].id, "Go home.", "SESSMGR_ACTOR_UID=0",
                                       NULL),
                     1);
    answer = ask(scene, "Terminate", "{\"filter\":{\"sessionId\":\"bbbb\"}}");
    assert_string_equal(reply_error(answer), "NoSuchSession"); /* it is ending already */
}

static void test_terminate__matches_none__ends_none(void **state)
{
    struct scene *scene = *state;
    const char *answer = ask(scene, "Terminate", "{\"filter\":{\"user\":\"carol\"}}");

    assert_string_equal(reply_error(answer), "");
    assert_int_equal(reply_count(answer, "parameters.sessions"), 0);
    answer = ask(scene, "Terminate", "{\"filter\":{\"sessionId\":\"dddd\"}}");
    assert_string_equal(reply_error(answer), "NoSuchSession");
}

static void test_terminate__by_address_range__ends_who_came_from_there(void **state)
{
    struct scene *scene = *state;
    const char *answer = ask(scene, "Terminate", "{\"filter\":{\"remoteHost\":\"2001:db8::/32\"}}");

    assert_int_equal(reply_count(answer, "parameters.sessions"), 1);
    assert_string_equal(reply_text(answer, "parameters.sessions.0"), scene->seeds[OTHERS].id);
}

static void test_statistics__after_some_events__count_them(void **state)
{
    struct scene *scene = *state;
    char id[SESSION_ID_BYTES + 1];

    actor_log_in(actor_new(scene->harness, "login"), "carol", 4003, "login", id);
    assert_int_equal(harness_statistic(scene->harness, "sessionsLive"), SEEDS + 1);
    assert_int_equal(harness_statistic(scene->harness, "admitted"), 1);
    assert_int_equal(harness_statistic(scene->harness, "opened"), 1);
    assert_int_equal(harness_statistic(scene->harness, "ended"), 0);
    (void)actor_close(scene->harness->actors[1], id);
    assert_int_equal(harness_statistic(scene->harness, "ended"), 1);
    assert_int_equal(harness_statistic(scene->harness, "sessionsEnded"), 1);
    assert_true(reply_has(scene->harness->reply, "parameters.statistics.storeAvailable"));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_describe__unique_prefix__finds_the_session),
        TEST(test_describe__prefix_of_two__names_them),
        TEST(test_describe__no_id__finds_the_callers_own),
        TEST(test_set_context__named_entries__are_set_and_removed),
        TEST(test_set_context__more_than_16_entries__is_refused_and_changes_nothing),
        TEST(test_set_context__too_long__is_refused),
        TEST(test_set_context__ended_session__does_not_exist),
        TEST(test_terminate__dry_run__only_lists),
        TEST(test_terminate__prefix_of_two__ends_neither),
        TEST(test_terminate__unique_prefix__ends_the_session),
        TEST(test_terminate__matches_none__ends_none),
        TEST(test_terminate__by_address_range__ends_who_came_from_there),
        TEST(test_statistics__after_some_events__count_them),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
