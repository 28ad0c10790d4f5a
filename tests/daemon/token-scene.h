/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session of root's with a process in it that asks for tokens, for the tests of tokens.
 */
#ifndef SESSMGR_TESTS_DAEMON_TOKEN_SCENE_H
#define SESSMGR_TESTS_DAEMON_TOKEN_SCENE_H

#include <time.h>
#include <unistd.h>

#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

enum { TOKEN_SCENE_MAX_BYTES = 8192 };

struct token_scene {
    struct harness *harness;
    struct actor *login, *shell;       /* the session's leader, and what runs in it */
    char id[SESSION_ID_BYTES + 1];     /* of the session */
    char token[TOKEN_SCENE_MAX_BYTES]; /* the last one of token_issue() */
};

int token_scene_setup(void **state);
int token_scene_teardown(void **state);

/* The daemon, with this configuration, and a new session. */
void token_scene_restart(struct token_scene *scene, const char *config);

/* Asks for a token from inside of the session; the reply. */
const char *token_order(struct token_scene *scene, const char *parameters);

/* The same, which must be given; the access token. Borrowed until the next call. */
const char *token_issue(struct token_scene *scene, const char *parameters);

/* Validate, with further members (",\"name\":...") or ""; the reply. */
const char *token_ask(struct token_scene *scene, const char *token, const char *more);

/* Whether a reply of Validate says active; anything but the two answers fails the test. */
bool token_active(const char *reply);

/* Revoke; the reply. */
const char *token_revoke(struct token_scene *scene, const char *token);

/* How many dots a text has. */
int token_dots(const char *text);

#endif
