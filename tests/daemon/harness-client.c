/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Talks to the daemon: see harness.h. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "common/macro.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/reply.h"

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

int harness_connect(const struct harness *harness, enum socket_kind kind)
{
    const struct timeval patience = {.tv_sec = HARNESS_PATIENCE_MSEC / 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    check(fd >= 0, "socket");
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", harness->sockets[kind]);
    check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
              setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0,
          "setsockopt");
    check(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "connect");
    return fd;
}

void harness_send(int fd, const void *bytes, size_t length)
{
    const char *next = bytes;

    while (length > 0) {
        ssize_t n = send(fd, next, length, MSG_NOSIGNAL);

        if (n < 0)
            fail_msg("the daemon does not read: %s", strerror(errno));
        next += n;
        length -= (size_t)n;
    }
}

void harness_send_with(int fd, const void *bytes, size_t length, const int *descriptors,
                       size_t count)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(HARNESS_DESCRIPTORS_MAX * sizeof(int))];
    } control = {.bytes = ""};
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    const size_t control_bytes = count * sizeof(*descriptors);

    check(count <= HARNESS_DESCRIPTORS_MAX, "too many descriptors");
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(control_bytes);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(control_bytes);
        memcpy(CMSG_DATA(&control.header), descriptors, control_bytes);
    }
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)length);
}

void harness_send_text(int fd, const char *text)
{
    harness_send(fd, text, strlen(text) + 1);
}

bool harness_read(int fd, char *buffer, size_t size)
{
    size_t length = 0;

    do {
        ssize_t n = recv(fd, buffer + length, 1, 0); /* no byte of the next one */

        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            assert_int_equal(length, 0); /* never half a reply */
            return false;
        }
        if (n < 0)
            fail_msg("no reply: %s", strerror(errno));
        length++;
        assert_true(length < size);
    } while (buffer[length - 1] != '\0');
    return true;
}

bool harness_is_closed(int fd, int timeout_msec)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    char byte;

    if (poll(&entry, 1, timeout_msec) <= 0)
        return false;
    return recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

const char *harness_ask(struct harness *harness, enum socket_kind kind, const char *method,
                        const char *parameters)
{
    CLEANUP(closep) int fd = harness_connect(harness, kind);
    CLEANUP(freep) char *text = NULL;

    check(asprintf(&text, "{\"method\":\"%s\",\"parameters\":%s}", method, parameters) > 0,
          "asprintf");
    harness_send_text(fd, text);
    if (!harness_read(fd, harness->reply, sizeof(harness->reply)))
        fail_msg("closed instead of answering %s", method);
    return harness->reply;
}

const char *harness_ask_session(struct harness *harness, const char *method, const char *parameters)
{
    char name[128];

    (void)snprintf(name, sizeof(name), "io.sessmgr.Session.%s", method);
    return harness_ask(harness, SOCKET_SESSION, name, parameters);
}

const char *harness_reload(struct harness *harness)
{
    return harness_ask(harness, SOCKET_SESSION, "io.sessmgr.Manager.Reload", "{}");
}

const char *harness_describe(struct harness *harness, const char *id)
{
    char parameters[64];

    (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%.32s\"}", id);
    return harness_ask_session(harness, "Describe", parameters);
}

long harness_statistic(struct harness *harness, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "parameters.statistics.%s", name);
    return (long)reply_int(
        harness_ask(harness, SOCKET_SESSION, "io.sessmgr.Manager.GetStatistics", "{}"), path);
}

const char *harness_login(const char *user, unsigned uid, const char *service, const char *more)
{
    static char text[4096];

    (void)snprintf(text, sizeof(text),
                   "{\"login\":{\"service\":\"%s\",\"user\":\"%s\",\"uid\":%u,\"groups\":[%u]}%s}",
                   service, user, uid, uid, more);
    return text;
}
