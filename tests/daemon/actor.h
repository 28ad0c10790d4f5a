/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes that play a part before the daemon: a login program, what somebody runs in a session, a
 * bystander. Each does what the test tells it over a control socket, and goes when that is closed,
 * so none outlives the test.
 */
#ifndef SESSMGR_TESTS_DAEMON_ACTOR_H
#define SESSMGR_TESTS_DAEMON_ACTOR_H

#include "tests/daemon/harness.h"

struct actor {
    pid_t pid;
    int control;
    bool is_child;                       /* of the test, not of another actor */
    char reply[HARNESS_REPLY_MAX_BYTES]; /* of the last call */
};

/* A new process below the test. name: what it is called in /proc (15 bytes). It lives until the
 * harness is torn down. */
struct actor *actor_new(struct harness *harness, const char *name);

/* The same below another actor. */
struct actor *actor_fork(struct harness *harness, struct actor *parent, const char *name);

/* Calls a method and yields the reply, "" where the daemon closed the connection. The reply is
 * borrowed until the next call. In two parts for calls of many at once. */
const char *actor_ask(struct actor *actor, enum socket_kind kind, const char *method,
                      const char *parameters);
void actor_send(struct actor *actor, enum socket_kind kind, const char *method,
                const char *parameters);
const char *actor_receive(struct actor *actor);

/* Becomes the leader of a POSIX session; ignores HUP and TERM. */
void actor_setsid(struct actor *actor);
void actor_ignore_signals(struct actor *actor);

/* Becomes somebody else, with one supplementary group or none ((gid_t)-1). */
void actor_become(struct actor *actor, uid_t uid, gid_t group);

/* Root takes a real and an effective user ID; the saved one stays root's, as do the groups. */
void actor_act_as(struct actor *actor, uid_t real, uid_t effective);

/* Exits by itself; is killed. Both wait until it has gone. */
void actor_exit(struct actor *actor);
void actor_kill(struct actor *actor);

/* Whether it has not exited. */
bool actor_lives(const struct actor *actor);

/* Ends all that are left. */
void actor_free_all(struct harness *harness);

/* Admits and opens a session as a user by a service; the ID is copied, "" where it was refused. */
void actor_log_in(struct actor *actor, const char *user, unsigned uid, const char *service,
                  char id[static SESSION_ID_BYTES + 1]);

/* Opens without Admit; the reply. more: further members, or "". */
const char *actor_open(struct actor *actor, const char *user, unsigned uid, const char *service,
                       const char *more);
const char *actor_close(struct actor *actor, const char *id);

#endif
