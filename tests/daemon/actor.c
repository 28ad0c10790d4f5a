/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes that play a part: see actor.h. What cannot be done ends the test program. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/reply.h"

enum deed { DEED_CALL, DEED_FORK, DEED_SETSID, DEED_IGNORE, DEED_BECOME, DEED_ACT_AS, DEED_EXIT };

/* What the test tells an actor; each order is answered with a text. */
struct order {
    enum deed deed;
    enum socket_kind kind;
    uid_t uid, effective;
    gid_t group;
    char text[8192]; /* a message, or a name */
};

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static int connect_control(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    check(fd >= 0, "socket");
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    check(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "connect");
    return fd;
}

/* Connects, sends one message, reads one reply: "" where the other end closes. */
static void call(const struct harness *harness, const struct order *order, char *reply, size_t size)
{
    CLEANUP(closep) int fd = harness_connect(harness, order->kind);
    size_t length = 0;

    reply[0] = '\0';
    if (send(fd, order->text, strlen(order->text) + 1, MSG_NOSIGNAL) < 0)
        return;
    do {
        ssize_t n = recv(fd, reply + length, size - length, 0);

        if (n <= 0) {
            reply[0] = '\0';
            return;
        }
        length += (size_t)n;
    } while (reply[length - 1] != '\0');
}

static void become(uid_t uid, gid_t group)
{
    check(setgroups(group == (gid_t)-1 ? 0 : 1, &group) == 0, "setgroups");
    check(setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0, "setresuid");
}

static void play(const struct harness *harness, const char *name);

static void obey(const struct harness *harness, const struct order *order, char *reply, size_t size)
{
    reply[0] = '\0';
    switch (order->deed) {
    case DEED_CALL:
        call(harness, order, reply, size);
        break;
    case DEED_FORK:
        if (fork() == 0)
            play(harness, order->text);
        break;
    case DEED_SETSID:
        check(setsid() >= 0, "setsid");
        break;
    case DEED_IGNORE:
        check(signal(SIGHUP, SIG_IGN) != SIG_ERR && signal(SIGTERM, SIG_IGN) != SIG_ERR, "signal");
        break;
    case DEED_BECOME:
        become(order->uid, order->group);
        break;
    case DEED_ACT_AS:
        check(setresuid(order->uid, order->effective, 0) == 0, "setresuid");
        break;
    case DEED_EXIT:
        _exit(0);
    }
}

/* An actor's life. Never returns. */
static void play(const struct harness *harness, const char *name)
{
    static struct order order;
    static char reply[HARNESS_REPLY_MAX_BYTES];
    int control;

    (void)prctl(PR_SET_NAME, name);
    check(close_range(3, ~0U, 0) == 0, "close_range"); /* others' control sockets above all */
    check(signal(SIGCHLD, SIG_IGN) != SIG_ERR, "signal");
    control = connect_control(harness->control);
    for (;;) {
        ssize_t n = recv(control, &order, sizeof(order), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        obey(harness, &order, reply, sizeof(reply));
        (void)send(control, reply, strlen(reply) + 1, MSG_NOSIGNAL); /* the test may be gone */
    }
}

static void tell(struct actor *actor, const struct order *order)
{
    assert_true(send(actor->control, order, sizeof(*order), MSG_NOSIGNAL) > 0);
}

const char *actor_receive(struct actor *actor)
{
    struct pollfd entry = {.fd = actor->control, .events = POLLIN};

    assert_int_equal(poll(&entry, 1, 2 * HARNESS_PATIENCE_MSEC), 1);
    assert_true(recv(actor->control, actor->reply, sizeof(actor->reply), 0) > 0);
    return actor->reply;
}

static void tell_simply(struct actor *actor, enum deed deed)
{
    const struct order order = {.deed = deed};

    tell(actor, &order);
    (void)actor_receive(actor); /* when it is done */
}

/* Takes the next process that comes in. */
static struct actor *welcome(struct harness *harness, bool is_child)
{
    struct actor *actor = calloc(1, sizeof(*actor));
    struct ucred credentials;
    socklen_t size = sizeof(credentials);

    check(actor != NULL && harness->actor_count < HARNESS_ACTORS_MAX, "too many actors");
    actor->control = accept4(harness->control_listener, NULL, NULL, SOCK_CLOEXEC);
    check(actor->control >= 0, "accept");
    check(getsockopt(actor->control, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, "peer");
    actor->pid = credentials.pid;
    actor->is_child = is_child;
    harness->actors[harness->actor_count++] = actor;
    return actor;
}

struct actor *actor_new(struct harness *harness, const char *name)
{
    pid_t pid = fork();

    check(pid >= 0, "fork");
    if (pid == 0)
        play(harness, name);
    return welcome(harness, true);
}

struct actor *actor_fork(struct harness *harness, struct actor *parent, const char *name)
{
    struct order order = {.deed = DEED_FORK};

    (void)snprintf(order.text, sizeof(order.text), "%s", name);
    tell(parent, &order);
    (void)actor_receive(parent);
    return welcome(harness, false);
}

void actor_send(struct actor *actor, enum socket_kind kind, const char *method,
                const char *parameters)
{
    struct order order = {.deed = DEED_CALL, .kind = kind};
    int n = snprintf(order.text, sizeof(order.text), "{\"method\":\"%s\",\"parameters\":%s}",
                     method, parameters);

    assert_in_range(n, 1, sizeof(order.text) - 1);
    tell(actor, &order);
}

const char *actor_ask(struct actor *actor, enum socket_kind kind, const char *method,
                      const char *parameters)
{
    actor_send(actor, kind, method, parameters);
    return actor_receive(actor);
}

void actor_setsid(struct actor *actor)
{
    tell_simply(actor, DEED_SETSID);
}

void actor_ignore_signals(struct actor *actor)
{
    tell_simply(actor, DEED_IGNORE);
}

void actor_become(struct actor *actor, uid_t uid, gid_t group)
{
    const struct order order = {.deed = DEED_BECOME, .uid = uid, .group = group};

    tell(actor, &order);
    (void)actor_receive(actor);
}

void actor_act_as(struct actor *actor, uid_t real, uid_t effective)
{
    const struct order order = {.deed = DEED_ACT_AS, .uid = real, .effective = effective};

    tell(actor, &order);
    (void)actor_receive(actor);
}

bool actor_lives(const struct actor *actor)
{
    struct pollfd entry = {.fd = actor->control, .events = POLLIN};

    return poll(&entry, 1, 0) == 0;
}

/* Its end of the control socket is closed when it has exited; the test's own child is to be
 * reaped. */
static void wait_for_end(struct actor *actor)
{
    HARNESS_AWAIT(!actor_lives(actor));
    if (actor->is_child)
        check(waitpid(actor->pid, NULL, 0) == actor->pid, "waitpid");
    actor->is_child = false;
}

void actor_exit(struct actor *actor)
{
    const struct order order = {.deed = DEED_EXIT};

    tell(actor, &order);
    wait_for_end(actor);
}

void actor_kill(struct actor *actor)
{
    check(kill(actor->pid, SIGKILL) == 0, "kill");
    wait_for_end(actor);
}

void actor_free_all(struct harness *harness)
{
    for (size_t i = 0; i < harness->actor_count; i++) {
        struct actor *actor = harness->actors[i];

        if (actor_lives(actor))
            (void)kill(actor->pid, SIGKILL); /* it may be gone by now */
        if (actor->is_child)
            (void)waitpid(actor->pid, NULL, 0);
        closep(&actor->control);
        free(actor);
    }
    harness->actor_count = 0;
}

const char *actor_open(struct actor *actor, const char *user, unsigned uid, const char *service,
                       const char *more)
{
    return actor_ask(actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Open",
                     harness_login(user, uid, service, more));
}

void actor_log_in(struct actor *actor, const char *user, unsigned uid, const char *service,
                  char id[static SESSION_ID_BYTES + 1])
{
    char more[128];
    const char *reply;

    id[0] = '\0';
    reply = actor_ask(actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Admit",
                      harness_login(user, uid, service, ""));
    if (reply_error(reply)[0] != '\0')
        return;
    (void)snprintf(more, sizeof(more), ",\"reservation\":\"%s\"",
                   reply_text(reply, "parameters.reservation"));
    reply = actor_open(actor, user, uid, service, more);
    assert_string_equal(reply_error(reply), "");
    (void)snprintf(id, SESSION_ID_BYTES + 1, "%s", reply_text(reply, "parameters.sessionId"));
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
}

const char *actor_close(struct actor *actor, const char *id)
{
    char parameters[128];

    (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\"}", id);
    return actor_ask(actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Close", parameters);
}
