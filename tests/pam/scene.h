/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every test of the module stands on: a private folder with a service file that names the
 * built module, a fake daemon's socket in a folder of its own, a PAM handle through the real
 * libpam, and a conversation that keeps what is shown.
 */
#ifndef SESSMGR_TESTS_PAM_SCENE_H
#define SESSMGR_TESTS_PAM_SCENE_H

#include <limits.h>
#include <security/pam_appl.h>
#include <stdbool.h>

#include "tests/pam/fake-daemon.h"

#define SCENE_ID       "0123456789abcdef0123456789abcdef"
#define SCENE_OTHER_ID "ffffffffffffffffffffffffffffffff"

#define SCENE_TRACKED   "{\"parameters\":{\"reservation\":\"" SCENE_OTHER_ID "\",\"policy\":\"p\"}}"
#define SCENE_UNTRACKED "{\"parameters\":{}}"
#define SCENE_OPENED    "{\"parameters\":{\"sessionId\":\"" SCENE_ID "\",\"messages\":[]}}"
#define SCENE_NOTHING   "{\"parameters\":{\"messages\":[]}}"
#define SCENE_CLOSED    "{}"
#define SCENE_REFUSED                                                               \
    "{\"error\":\"io.sessmgr.Login.Refused\",\"parameters\":{\"reason\":\"limit\"," \
    "\"message\":\"Too many\\u001b[2J sessions\"}}"
#define SCENE_NO_SESSION "{\"error\":\"io.sessmgr.Login.NoSuchSession\"}"
#define SCENE_DENIED     "{\"error\":\"org.varlink.service.PermissionDenied\"}"
#define SCENE_NOT_STORED                                                \
    "{\"error\":\"io.sessmgr.Login.StoreUnavailable\",\"parameters\":{" \
    "\"message\":\"disk\",\"sessionId\":\"" SCENE_ID "\"}}"

/* What the module may take where it is made to wait, and what shows that it waits within bounds. */
enum { SCENE_TIMEOUT_MSEC = 200, SCENE_BOUND_MSEC = 5000 };

struct scene {
    char folder[64];        /* holds the rest */
    char socket_folder[80]; /* "FOLDER/run" */
    char socket[96];        /* "FOLDER/run/login" */
    char module[PATH_MAX];  /* the built one */
    char arguments[256];    /* what it is given */
    struct fake_daemon fake;
    pam_handle_t *handle;
    char shown[4096]; /* what the conversation was told, each with a style's letter before it
                         (E error, I info) and a newline behind it */
};

/* cmocka's setup and teardown: *state is the scene. Setup makes folders, but no handle. */
int scene_setup(void **state);
int scene_teardown(void **state);

/* Runs the fake daemon with a script. */
void scene_serve(struct scene *scene, const struct fake_step *steps, size_t count);

/* The same with plain answers, up to four; the first NULL ends them. */
void scene_answer(struct scene *scene, const char *first, const char *second, const char *third,
                  const char *fourth);

/*
 * Writes the service file, with "socket=..." and extra as the module's arguments, and starts a
 * handle for a user. A handle that was there stays the caller's.
 */
void scene_start(struct scene *scene, const char *user, const char *extra);

/* Another handle of the same service. */
pam_handle_t *scene_start_handle(struct scene *scene, const char *user);

/* Whether a call to the daemon, counted from 0, has a text in it. */
bool scene_asked(const struct scene *scene, size_t index, const char *text);

/* Runs a function in a forked child; yields its result, 0 to 127. */
int scene_in_child(struct scene *scene, int (*function)(struct scene *scene));

/* Milliseconds, monotonic. */
long scene_now_msec(void);

/*
 * Makes this process root, where it is not, in a user namespace of its own: the module trusts
 * root's files alone. Where that fails, the program does.
 */
void scene_become_root(void);

#endif
