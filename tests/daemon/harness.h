/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The real sessmgrd in a private folder: started with two listening sockets as systemd would hand
 * them over, stopped, killed and started again with the same state. What it writes goes to a file,
 * its audit trail too: the tests hide the host's journal and syslog from it.
 *
 * What cannot be done here ends the test program; what the daemon does wrong fails the test.
 */
#ifndef SESSMGR_TESTS_DAEMON_HARNESS_H
#define SESSMGR_TESTS_DAEMON_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/connection.h"

enum {
    HARNESS_ACTORS_MAX = 128,
    HARNESS_REPLY_MAX_BYTES = 65536 + 1,
    HARNESS_DESCRIPTORS_MAX = 8,
    HARNESS_PATIENCE_MSEC = 10000, /* for whatever must happen */
};

struct actor;

struct harness {
    char folder[64];       /* holds the rest */
    char sockets[2][96];   /* by enum socket_kind */
    char state[96];        /* the daemon's folder */
    char runtime[96];      /* what it shows to others */
    char credentials[96];  /* where systemd would put master keys; none are there at first */
    char config[96];       /* its configuration */
    char log[96];          /* what it wrote, since the first start */
    char control[96];      /* where actors come in */
    int listeners[2];      /* by enum socket_kind; open all the time, as systemd keeps them */
    int notify;            /* what the daemon tells systemd */
    int control_listener;  /* see actor.h */
    pid_t pid;             /* of the daemon; 0: it does not run */
    long descriptors_max;  /* RLIMIT_NOFILE of the daemon; 0: as it is */
    const char *stderr_to; /* where its standard error goes instead of the log; may be NULL */
    const char *const
        *environment; /* of the daemon alone: "NAME=value", ended by NULL; may be NULL */
    struct actor *actors[HARNESS_ACTORS_MAX];
    size_t actor_count;
    char reply[HARNESS_REPLY_MAX_BYTES]; /* of the last harness_ask() */
};

/* cmocka's setup and teardown: *state is the harness. Setup starts no daemon; teardown ends every
 * process of the test. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Writes the configuration: whole text of the file. */
void harness_configure(struct harness *harness, const char *text);

/* Writes a rule of the policy: whole text of its file; NULL takes it away. */
void harness_rule(const struct harness *harness, const char *name, const char *text);

/* Reload; the reply. Borrowed until the next call. */
const char *harness_reload(struct harness *harness);

/* Gives what is started from now on a credential: 32 bytes, each of which is `filling`; 0 takes it
 * away. */
void harness_credential(const struct harness *harness, const char *name, unsigned char filling);

/* Starts the daemon and waits until it is ready. */
void harness_start(struct harness *harness);

/* Starts the daemon and waits for its exit; returns its exit status. */
int harness_start_failing(struct harness *harness);

/* SIGTERM: the exit status must be 0. SIGKILL. */
void harness_stop(struct harness *harness);
void harness_kill(struct harness *harness);

/* A connection. Blocks at most HARNESS_PATIENCE_MSEC in any call. */
int harness_connect(const struct harness *harness, enum socket_kind kind);

/* Sends bytes, all of them. */
void harness_send(int fd, const void *bytes, size_t length);

/* Sends bytes in one go, and descriptors with them (HARNESS_DESCRIPTORS_MAX at most), which stay
 * the caller's. */
void harness_send_with(int fd, const void *bytes, size_t length, const int *descriptors,
                       size_t count);

/* Sends a message and its NUL. */
void harness_send_text(int fd, const char *text);

/* Reads one reply into buffer; false when the other end has closed. Fails the test when there is
 * none in time. */
bool harness_read(int fd, char *buffer, size_t size);

/* Whether the other end closes without another byte within some time. */
bool harness_is_closed(int fd, int timeout_msec);

/*
 * Calls a method over a connection of its own. parameters: text of an object. The reply is borrowed
 * until the next call.
 */
const char *harness_ask(struct harness *harness, enum socket_kind kind, const char *method,
                        const char *parameters);

/* harness_ask() on the session socket. */
const char *harness_ask_session(struct harness *harness, const char *method,
                                const char *parameters);

/* Describe of a session. */
const char *harness_describe(struct harness *harness, const char *id);

/* A number of GetStatistics. */
long harness_statistic(struct harness *harness, const char *name);

/* How many lines of the log have all of some texts; the last one is NULL. */
#define harness_log_count(harness, ...) \
    harness_log_lines((harness), (const char *const[]){__VA_ARGS__})
size_t harness_log_lines(const struct harness *harness, const char *const *texts);

/* Waits until a condition holds, and fails the test when it does not in time. */
#define HARNESS_AWAIT(condition)                                                \
    do {                                                                        \
        for (int left_ = HARNESS_PATIENCE_MSEC; !(condition); left_ -= 10) {    \
            if (left_ <= 0)                                                     \
                fail_msg("%s:%d: in vain: %s", __FILE__, __LINE__, #condition); \
            harness_pause(10);                                                  \
        }                                                                       \
    } while (0)

/* Number of entries of a folder. */
long harness_entries(const char *path);

void harness_pause(int msec);
long harness_now_msec(void);

/* A login's parameters for Admit and Open; more: further members (",\"name\":...") or "". Borrowed
 * until the next call. */
const char *harness_login(const char *user, unsigned uid, const char *service, const char *more);

#endif
