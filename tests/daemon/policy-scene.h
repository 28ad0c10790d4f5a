/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logins as rules see them (groups, where from, by which terminal and key), for the tests of
 * policies.
 */
#ifndef SESSMGR_TESTS_DAEMON_POLICY_SCENE_H
#define SESSMGR_TESTS_DAEMON_POLICY_SCENE_H

#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"

typedef char session_id[SESSION_ID_BYTES + 1];

struct policy_login {
    const char *user;
    unsigned uid;
    const char *service; /* NULL: "sshd" */
    const char *groups;  /* "7,8"; NULL: none */
    const char *members; /* further ones: ",\"terminal\":\"tty1\""; NULL: none */
};

extern const struct policy_login policy_alice; /* uid 4001, by sshd */
extern const struct policy_login policy_bob;   /* uid 4002, by sshd */

/* cmocka's setup: harness_setup() and a daemon that runs. */
int policy_setup(void **state);

/* The daemon anew, with this configuration; rules stay as they are. */
void policy_restart(struct harness *harness, const char *config);

/* Admit; the reply. Borrowed until the actor's next call. */
const char *policy_admit(struct actor *actor, const struct policy_login *login);

/* Open, with the reservation of a reply of Admit, or (NULL) with none; the reply. */
const char *policy_open(struct actor *actor, const struct policy_login *login,
                        const char *admitted);

/* A new process with no terminal that is admitted and opens a session, which must go well. */
struct actor *policy_enter(struct harness *harness, const struct policy_login *login,
                           char id[static SESSION_ID_BYTES + 1]);

/* Fails the test unless a reply refuses a login for this reason. */
void policy_expect_refused(const char *reply, const char *reason);

/* A text of Describe, such as "session.state"; "" where there is none. Borrowed for a while. */
const char *policy_text(struct harness *harness, const char *id, const char *path);

/* Waits for the end of a session, which must be for this reason. */
void policy_expect_ended(struct harness *harness, const char *id, const char *reason);

/* Hours= as local time has it: from one wall-clock second's minute to the minute before another's.
 * Borrowed until the next call. */
const char *policy_hours(int64_t from_sec, int64_t to_sec);

/* A configuration of one setting of [Session], which is for nobody now: half a day from now. */
void policy_closed_hours(char *buffer, size_t size);

/* Whether it is active. */
bool policy_is_active(struct harness *harness, const char *id);

#endif
