/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The real daemon, killed at random moments while clients open and close sessions, issue and revoke
 * tokens: whatever a client was told still holds after the next start, every time.
 *
 * $CRASH_ROUNDS (500) kills, but no new one after $CRASH_SECONDS (150); $CRASH_SEED (1).
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

#include "common/macro.h"
#include "tests/crash/random.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

enum { CLIENTS = 10, TOKENS = 4, TOKEN_BYTES = 512, GONE = 24, KILL_WITHIN_USEC = 2500 };

struct token {
    char text[TOKEN_BYTES]; /* "": none */
    bool revoked;
};

struct login {
    char id[SESSION_ID_BYTES + 1]; /* "": none */
    struct token tokens[TOKENS];
};

enum deed { DEED_OPEN, DEED_CLOSE, DEED_ISSUE, DEED_REVOKE };

struct client {
    struct actor *actor;
    struct login login;
    enum deed deed; /* under way */
    size_t token;   /* that it is about */
};

struct scene {
    struct harness *harness;
    struct random random;
    struct client clients[CLIENTS];
    struct login gone[GONE]; /* whose end was told, the newest ones */
    size_t gone_count;
    uint64_t acknowledged, unanswered;
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* What a client does next; its message is on its way when this returns. */
static void act(struct scene *scene, struct client *client)
{
    char parameters[TOKEN_BYTES + 64];
    struct token *token;

    client->token = random_below(&scene->random, TOKENS);
    token = &client->login.tokens[client->token];
    if (client->login.id[0] == '\0') {
        client->deed = DEED_OPEN;
        actor_send(client->actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Open",
                   harness_login("root", 0, "login", ""));
    } else if (random_below(&scene->random, 5) == 0) {
        client->deed = DEED_CLOSE;
        (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\"}", client->login.id);
        actor_send(client->actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Close", parameters);
    } else if (token->text[0] == '\0' || token->revoked) {
        client->deed = DEED_ISSUE;
        actor_send(client->actor, SOCKET_SESSION, "io.sessmgr.Session.IssueToken", "{}");
    } else {
        client->deed = DEED_REVOKE;
        (void)snprintf(parameters, sizeof(parameters), "{\"token\":\"%s\"}", token->text);
        actor_send(client->actor, SOCKET_SESSION, "io.sessmgr.Session.Revoke", parameters);
    }
}

static void forget(struct scene *scene, struct client *client)
{
    scene->gone[scene->gone_count++ % GONE] = client->login;
    client->login = (struct login){0};
}

/* What it was told counts from now on. */
static void note(struct scene *scene, struct client *client, const char *reply)
{
    struct token *token = &client->login.tokens[client->token];

    assert_string_equal(reply_error(reply), "");
    scene->acknowledged++;
    switch (client->deed) {
    case DEED_OPEN:
        (void)snprintf(client->login.id, sizeof(client->login.id), "%s",
                       reply_text(reply, "parameters.sessionId"));
        assert_int_equal(strlen(client->login.id), SESSION_ID_BYTES);
        break;
    case DEED_CLOSE:
        forget(scene, client);
        break;
    case DEED_ISSUE:
        token->revoked = false;
        (void)snprintf(token->text, sizeof(token->text), "%s",
                       reply_text(reply, "parameters.token"));
        assert_in_range(strlen(token->text), 1, sizeof(token->text) - 2);
        break;
    case DEED_REVOKE:
        token->revoked = true;
        break;
    }
}

static bool is_active(struct scene *scene, const char *token)
{
    char parameters[TOKEN_BYTES + 64];
    const char *reply;

    (void)snprintf(parameters, sizeof(parameters), "{\"token\":\"%s\"}", token);
    reply = harness_ask_session(scene->harness, "Validate", parameters);
    bool active = strncmp(reply, "{\"parameters\":{\"active\":true,", 29) == 0;
    if (!active)
        assert_string_equal(reply, "{\"parameters\":{\"active\":false}}");
    return active;
}

/* An end that was begun may have taken tokens with it and have got no further. */
static void look_at_tokens(struct scene *scene, struct login *login)
{
    for (size_t i = 0; i < TOKENS; i++)
        if (login->tokens[i].text[0] != '\0' && !login->tokens[i].revoked)
            login->tokens[i].revoked = !is_active(scene, login->tokens[i].text);
}

/* A client that was not told finds out: both is right, and what it finds holds from now on. */
static void find_out(struct scene *scene, struct client *client)
{
    struct token *token = &client->login.tokens[client->token];
    const char *reply;

    scene->unanswered++;
    switch (client->deed) {
    case DEED_OPEN:
        reply = actor_ask(client->actor, SOCKET_SESSION, "io.sessmgr.Session.Describe", "{}");
        if (reply_error(reply)[0] == '\0' &&
            strcmp(reply_text(reply, "parameters.session.state"), "active") == 0)
            (void)snprintf(client->login.id, sizeof(client->login.id), "%s",
                           reply_text(reply, "parameters.session.sessionId"));
        break;
    case DEED_CLOSE:
        reply = harness_describe(scene->harness, client->login.id);
        if (strcmp(reply_text(reply, "parameters.session.state"), "ended") == 0)
            forget(scene, client);
        else
            look_at_tokens(scene, &client->login);
        break;
    case DEED_ISSUE:
        break; /* nobody has it */
    case DEED_REVOKE:
        token->revoked = !is_active(scene, token->text);
        break;
    }
}

static void verify_login(struct scene *scene, const struct login *login, const char *state)
{
    bool lives = strcmp(state, "active") == 0;

    if (login->id[0] == '\0')
        return;
    assert_string_equal(
        reply_text(harness_describe(scene->harness, login->id), "parameters.session.state"), state);
    for (size_t i = 0; i < TOKENS; i++)
        if (login->tokens[i].text[0] != '\0')
            assert_int_equal(is_active(scene, login->tokens[i].text),
                             lives && !login->tokens[i].revoked);
}

static void verify(struct scene *scene)
{
    for (size_t i = 0; i < CLIENTS; i++)
        verify_login(scene, &scene->clients[i].login, "active");
    for (size_t i = 0; i < GONE; i++)
        verify_login(scene, &scene->gone[i], "ended");
}

static void play_round(struct scene *scene)
{
    struct timespec pause = {0};

    for (size_t turn = random_below(&scene->random, 4); turn > 0; turn--) {
        for (size_t i = 0; i < CLIENTS; i++)
            act(scene, &scene->clients[i]);
        for (size_t i = 0; i < CLIENTS; i++)
            note(scene, &scene->clients[i], actor_receive(scene->clients[i].actor));
    }
    for (size_t i = 0; i < CLIENTS; i++)
        act(scene, &scene->clients[i]);
    pause.tv_nsec = 1000 * (long)random_below(&scene->random, KILL_WITHIN_USEC);
    (void)nanosleep(&pause, NULL);
    harness_kill(scene->harness);
    harness_start(scene->harness); /* who has not been accepted before is now */
    for (size_t i = 0; i < CLIENTS; i++) {
        const char *reply = actor_receive(scene->clients[i].actor);
        if (reply[0] == '\0')
            find_out(scene, &scene->clients[i]);
        else
            note(scene, &scene->clients[i], reply);
    }
    verify(scene);
}

static void test_daemon__killed_at_any_moment__holds_what_it_told(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    uint64_t rounds = setting("CRASH_ROUNDS", 500), round = 0;
    long seconds = (long)setting("CRASH_SECONDS", 150);
    long start = harness_now_msec();

    assert_non_null(scene);
    scene->harness = *state;
    scene->random.state = setting("CRASH_SEED", 1);
    for (size_t i = 0; i < CLIENTS; i++)
        scene->clients[i].actor = actor_new(scene->harness, "login");
    harness_start(scene->harness);
    while (round < rounds && harness_now_msec() - start < 1000 * seconds) {
        play_round(scene);
        round++;
    }
    print_message("sigkill: %" PRIu64 " kills, %" PRIu64 " replies held, %" PRIu64
                  " calls unanswered, 0 violations, %ld s\n",
                  round, scene->acknowledged, scene->unanswered,
                  (harness_now_msec() - start) / 1000);
    assert_true(scene->unanswered > 0); /* it was killed in the middle of something */
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_daemon__killed_at_any_moment__holds_what_it_told,
                                        harness_setup, harness_teardown),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
