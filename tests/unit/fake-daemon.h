/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon that follows a script, for tests of the client: a thread that accepts, reads calls and
 * sends bytes exactly as told, on a socket in a folder of its own.
 */
#ifndef SESSMGR_TEST_FAKE_DAEMON_H
#define SESSMGR_TEST_FAKE_DAEMON_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum fake_action {
    FAKE_END,    /* of the script */
    FAKE_ACCEPT, /* waits for a connection */
    FAKE_READ,   /* reads one call up to its NUL; fails unless it contains text (NULL: anything) */
    FAKE_FD,     /* as FAKE_READ, of a call that a descriptor comes with, which is kept */
    FAKE_AGAIN,  /* reads one call, which has to be the one before, byte by byte */
    FAKE_KILL,   /* ends the process whose pidfd is kept, and waits until it has exited */
    FAKE_SEND,   /* sends text with its NUL */
    FAKE_GIVE,   /* the same, and a descriptor with it, of a file in which the text is */
    FAKE_RAW,    /* sends text without a NUL */
    FAKE_FLOOD,  /* sends 70,000 bytes without a NUL */
    FAKE_WAIT,   /* waits until the client closes the connection */
    FAKE_CLOSE,  /* closes the connection */
    FAKE_RESET,  /* closes it when a call has arrived, and leaves that unread */
    FAKE_SWAP,   /* puts the connection aside and takes the one that was aside */
    FAKE_AWAY,   /* the socket goes; what connects is refused */
    FAKE_BACK,   /* 300 ms later, it is there again */
};

struct fake_step {
    enum fake_action action;
    const char *text;
};

struct fake_daemon {
    char folder[32];
    char path[64];
    int listener;
    int peer;
    int aside;
    const struct fake_step *script;
    int kept;            /* a descriptor that came with a call; -1: none */
    char *call;          /* the last one that was read; NULL: none */
    const char *trouble; /* NULL: all went as written */
    pthread_t thread;
    bool running;
};

static inline void fake_listen(struct fake_daemon *daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon->path);
    daemon->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (daemon->listener < 0 ||
        bind(daemon->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(daemon->listener, 8) < 0)
        daemon->trouble = "cannot listen";
}

/* Waits for something to arrive: 10 s, so that a test that goes wrong ends. */
static inline bool fake_wait(int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};

    return poll(&item, 1, 10000) == 1;
}

/* Reads one byte and keeps the descriptor that came with it. */
static inline bool fake_read_byte(struct fake_daemon *daemon, char *ret)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = ret, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};

    if (!fake_wait(daemon->peer) || recvmsg(daemon->peer, &message, MSG_CMSG_CLOEXEC) != 1)
        return false;
    if (message.msg_controllen > 0 && control.align.cmsg_type == SCM_RIGHTS) {
        if (daemon->kept >= 0)
            (void)close(daemon->kept);
        memcpy(&daemon->kept, CMSG_DATA(&control.align), sizeof(int));
    }
    return true;
}

/* Reads one call up to its NUL. same: it has to be the one before. */
static inline const char *fake_read(struct fake_daemon *daemon, const char *wanted, bool same)
{
    static __thread char call[70000];
    size_t length = 0;

    do {
        if (length == sizeof(call) || !fake_read_byte(daemon, call + length))
            return "no whole call came";
    } while (call[length++] != '\0');
    if (same && (!daemon->call || strcmp(daemon->call, call) != 0))
        return "another call came than before";
    free(daemon->call);
    daemon->call = strdup(call);
    if (wanted && !strstr(call, wanted)) {
        fprintf(stderr, "got %s, wanted %s\n", call, wanted);
        return "another call came";
    }
    return NULL;
}

static inline const char *fake_read_with_fd(struct fake_daemon *daemon, const char *wanted)
{
    const char *trouble;

    if (daemon->kept >= 0)
        (void)close(daemon->kept);
    daemon->kept = -1;
    trouble = fake_read(daemon, wanted, false);
    if (!trouble && daemon->kept < 0)
        return "no descriptor came";
    return trouble;
}

/* A pidfd is readable when its process has exited. */
static inline const char *fake_kill(int pidfd)
{
    if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) != 0)
        return "cannot kill";
    return fake_wait(pidfd) ? NULL : "it did not exit";
}

static inline const char *fake_flood(int fd)
{
    char block[1000];

    memset(block, ' ', sizeof(block));
    for (int i = 0; i < 70; i++)
        if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
            return NULL; /* the client has seen enough */
    return NULL;
}

static inline const char *fake_send(int fd, const char *text, size_t length)
{
    return send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length ? NULL : "cannot send";
}

static inline const char *fake_give(int fd, const char *text)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) + 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    int file = memfd_create("given", MFD_CLOEXEC);
    bool good = file >= 0 && pwrite(file, text, strlen(text), 0) == (ssize_t)strlen(text);

    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.align), &file, sizeof(file));
    good = good && sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
    (void)close(file);
    return good ? NULL : "cannot give a file";
}

static inline const char *fake_step(struct fake_daemon *daemon, const struct fake_step *step)
{
    char byte;

    switch (step->action) {
    case FAKE_ACCEPT:
        daemon->peer =
            fake_wait(daemon->listener) ? accept4(daemon->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        return daemon->peer < 0 ? "nobody connected" : NULL;
    case FAKE_READ:
        return fake_read(daemon, step->text, false);
    case FAKE_FD:
        return fake_read_with_fd(daemon, step->text);
    case FAKE_AGAIN:
        return fake_read(daemon, NULL, true);
    case FAKE_KILL:
        return fake_kill(daemon->kept);
    case FAKE_SEND:
        return fake_send(daemon->peer, step->text, strlen(step->text) + 1);
    case FAKE_GIVE:
        return fake_give(daemon->peer, step->text);
    case FAKE_RAW:
        return fake_send(daemon->peer, step->text, strlen(step->text));
    case FAKE_FLOOD:
        return fake_flood(daemon->peer);
    case FAKE_WAIT:
        return fake_wait(daemon->peer) && read(daemon->peer, &byte, 1) <= 0
                   ? NULL
                   : "the client did not close";
    case FAKE_RESET:
        if (!fake_wait(daemon->peer))
            return "no call to leave unread";
        __attribute__((fallthrough));
    case FAKE_CLOSE:
        (void)close(daemon->peer);
        daemon->peer = -1;
        return NULL;
    case FAKE_SWAP: {
        int peer = daemon->peer;

        daemon->peer = daemon->aside;
        daemon->aside = peer;
        return NULL;
    }
    case FAKE_AWAY:
        (void)close(daemon->listener);
        (void)unlink(daemon->path);
        daemon->listener = -1;
        return NULL;
    case FAKE_BACK:
        (void)poll(NULL, 0, 300);
        fake_listen(daemon);
        return daemon->trouble;
    default:
        return "no such action";
    }
}

static inline void *fake_run(void *argument)
{
    struct fake_daemon *daemon = argument;

    for (const struct fake_step *step = daemon->script; step->action != FAKE_END; step++) {
        const char *trouble = fake_step(daemon, step);

        if (trouble) {
            daemon->trouble = trouble;
            break;
        }
    }
    return NULL;
}

/* Makes the folder and the socket; the script starts with fake_start(). */
static inline int fake_setup(void **state)
{
    struct fake_daemon *daemon = calloc(1, sizeof(*daemon));

    if (!daemon)
        return -1;
    daemon->peer = -1;
    daemon->aside = -1;
    daemon->kept = -1;
    (void)snprintf(daemon->folder, sizeof(daemon->folder), "/tmp/sessmgr-test.XXXXXX");
    if (!mkdtemp(daemon->folder))
        return -1;
    (void)snprintf(daemon->path, sizeof(daemon->path), "%s/socket", daemon->folder);
    fake_listen(daemon);
    *state = daemon;
    return daemon->trouble ? -1 : 0;
}

static inline void fake_start(struct fake_daemon *daemon, const struct fake_step *script)
{
    daemon->script = script;
    daemon->running = pthread_create(&daemon->thread, NULL, fake_run, daemon) == 0;
    if (!daemon->running)
        daemon->trouble = "no thread";
}

/* Waits for the end of the script; NULL, or what went wrong in it. */
static inline const char *fake_finish(struct fake_daemon *daemon)
{
    if (daemon->running)
        (void)pthread_join(daemon->thread, NULL);
    daemon->running = false;
    return daemon->trouble;
}

static inline int fake_teardown(void **state)
{
    struct fake_daemon *daemon = *state;

    (void)fake_finish(daemon);
    if (daemon->peer >= 0)
        (void)close(daemon->peer);
    if (daemon->aside >= 0)
        (void)close(daemon->aside);
    if (daemon->kept >= 0)
        (void)close(daemon->kept);
    if (daemon->listener >= 0)
        (void)close(daemon->listener);
    free(daemon->call);
    (void)unlink(daemon->path);
    (void)rmdir(daemon->folder);
    free(daemon);
    return 0;
}

#endif
