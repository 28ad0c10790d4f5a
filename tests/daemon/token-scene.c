/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session whose processes ask for tokens: see token-scene.h. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/daemon/token-scene.h"

static void log_in(struct token_scene *scene)
{
    scene->login = actor_new(scene->harness, "login");
    actor_log_in(scene->login, "root", 0, "login", scene->id);
    scene->shell = actor_fork(scene->harness, scene->login, "shell");
}

int token_scene_setup(void **state)
{
    struct token_scene *scene = calloc(1, sizeof(*scene));
    void *harness = NULL;

    if (scene == NULL || harness_setup(&harness) < 0)
        return -1;
    scene->harness = harness;
    harness_start(scene->harness);
    log_in(scene);
    *state = scene;
    return 0;
}

int token_scene_teardown(void **state)
{
    struct token_scene *scene = *state;
    void *harness = scene->harness;
    int r = harness_teardown(&harness);

    free(scene);
    return r;
}

void token_scene_restart(struct token_scene *scene, const char *config)
{
    actor_close(scene->login, scene->id);
    harness_stop(scene->harness);
    harness_configure(scene->harness, config);
    harness_start(scene->harness);
    log_in(scene);
}

const char *token_order(struct token_scene *scene, const char *parameters)
{
    return actor_ask(scene->shell, SOCKET_SESSION, "io.sessmgr.Session.IssueToken", parameters);
}

const char *token_issue(struct token_scene *scene, const char *parameters)
{
    const char *answer = token_order(scene, parameters);

    assert_string_equal(reply_error(answer), "");
    (void)snprintf(scene->token, sizeof(scene->token), "%s",
                   reply_text(answer, "parameters.token"));
    assert_int_not_equal(scene->token[0], '\0');
    return scene->token;
}

const char *token_ask(struct token_scene *scene, const char *token, const char *more)
{
    char parameters[TOKEN_SCENE_MAX_BYTES + 512];

    (void)snprintf(parameters, sizeof(parameters), "{\"token\":\"%s\"%s}", token, more);
    return harness_ask_session(scene->harness, "Validate", parameters);
}

bool token_active(const char *reply)
{
    bool active = strncmp(reply, "{\"parameters\":{\"active\":true,", 29) == 0;

    if (!active)
        assert_string_equal(reply, "{\"parameters\":{\"active\":false}}");
    return active;
}

const char *token_revoke(struct token_scene *scene, const char *token)
{
    char parameters[TOKEN_SCENE_MAX_BYTES + 64];

    (void)snprintf(parameters, sizeof(parameters), "{\"token\":\"%s\"}", token);
    return harness_ask_session(scene->harness, "Revoke", parameters);
}

int token_dots(const char *text)
{
    int dots = 0;

    for (; *text != '\0'; text++)
        dots += *text == '.';
    return dots;
}
