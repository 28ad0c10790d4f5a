/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unix-resource [OPTION...] SOCKET: a service on a Unix socket that serves those only whose session
 * the session manager vouches for. What it serves is a greeting.
 *
 *   --audience=NAME   tokens have to be for this audience
 *   --scope=SCOPES    and good for all of these
 *   --peer            ask for no token: whose session is the connected process in? (As root, or in
 * the group sessmgr-verifier.)
 *   --sessmgr=PATH    the session manager's socket, where it is not the usual one
 *
 * A client sends a line with its token (with --peer, any line) and reads a line. It is an example:
 * one client at a time, and each has two seconds to say its line, however slowly it comes.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "libsessmgr/sessmgr.h"

enum { LINE_MAX_BYTES = 8192, CLIENT_MSEC = 2000 };

struct resource {
    struct sessmgr *sessmgr;
    struct sessmgr_expectation expectation;
    bool peer;
};

static int64_t now_msec(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads up to a line feed, which is removed. False where none comes in time: the time is the
 * line's, not the byte's, or a client that sends a byte now and then would keep all others out. */
static bool read_line(int fd, char line[static LINE_MAX_BYTES + 1])
{
    const int64_t deadline = now_msec() + CLIENT_MSEC;

    for (size_t used = 0; used < LINE_MAX_BYTES;) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - now_msec();
        ssize_t n;

        if (left <= 0 || poll(&waiting, 1, (int)left) <= 0)
            return false;
        n = recv(fd, line + used, LINE_MAX_BYTES - used, MSG_DONTWAIT);
        if (n <= 0)
            return false;
        used += (size_t)n;
        line[used] = '\0';
        if (line[used - 1] == '\n') {
            line[used - 1] = '\0';
            return strlen(line) == used - 1;
        }
    }
    return false;
}

static void answer(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL); /* who has gone needs no answer */
}

/* Active is served, inactive is refused, and what is not known is neither. */
static void answer_verdict(int fd, int verdict, const char *user, const char *session_id)
{
    char text[512];

    if (verdict > 0)
        (void)snprintf(text, sizeof(text), "hello %s (session %.8s)\n", user, session_id);
    else
        (void)snprintf(text, sizeof(text), "%s\n",
                       verdict == 0 ? "denied" : "unknown, try again later");
    answer(fd, text);
    if (verdict < 0)
        (void)fprintf(stderr, "unix-resource: not known: %s\n", sessmgr_strerror(verdict));
}

static void serve_token(const struct resource *resource, int fd, const char *token)
{
    struct sessmgr_validation *validation = NULL;
    int verdict = sessmgr_validate(resource->sessmgr, token, &resource->expectation, &validation);

    answer_verdict(fd, verdict, verdict > 0 ? sessmgr_validation_get_user(validation) : NULL,
                   verdict > 0 ? sessmgr_validation_get_session_id(validation) : NULL);
    sessmgr_validation_free(validation);
}

static void serve_peer(const struct resource *resource, int fd)
{
    struct sessmgr_session *session = NULL;
    int verdict = sessmgr_validate_peer(resource->sessmgr, fd, &session);

    answer_verdict(fd, verdict, verdict > 0 ? sessmgr_session_get_user(session) : NULL,
                   verdict > 0 ? sessmgr_session_get_id(session) : NULL);
    sessmgr_session_free(session);
}

static void serve(const struct resource *resource, int fd)
{
    const struct timeval patience = {.tv_sec = CLIENT_MSEC / 1000};
    char line[LINE_MAX_BYTES + 1];

    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
        read_line(fd, line)) {
        if (resource->peer)
            serve_peer(resource, fd);
        else
            serve_token(resource, fd, line);
    }
    explicit_bzero(line, sizeof(line));
    (void)close(fd);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Returns the path to listen at, or NULL for a wrong call. */
static const char *parse(int argc, char *argv[], struct resource *ret, const char **ret_sessmgr)
{
    static const struct option options[] = {{"audience", required_argument, NULL, 'a'},
                                            {"scope", required_argument, NULL, 's'},
                                            {"peer", no_argument, NULL, 'p'},
                                            {"sessmgr", required_argument, NULL, 'S'},
                                            {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (c == 'a')
            ret->expectation.audience = optarg;
        else if (c == 's')
            ret->expectation.scope = optarg;
        else if (c == 'p')
            ret->peer = true;
        else if (c == 'S')
            *ret_sessmgr = optarg;
        else
            return NULL;
    }
    return optind + 1 == argc ? argv[optind] : NULL;
}

int main(int argc, char *argv[])
{
    struct resource resource = {.expectation = SESSMGR_EXPECTATION_INIT};
    const char *sessmgr_path = NULL, *path = parse(argc, argv, &resource, &sessmgr_path);
    int listener, r;

    if (path == NULL) {
        (void)fprintf(stderr, "usage: unix-resource [--audience=NAME] [--scope=SCOPES] [--peer] "
                              "[--sessmgr=PATH] SOCKET\n");
        return 2;
    }
    r = sessmgr_open(&resource.sessmgr, sessmgr_path, 0);
    if (r < 0) {
        (void)fprintf(stderr, "unix-resource: %s\n", sessmgr_strerror(r));
        return EXIT_FAILURE;
    }
    listener = listen_at(path);
    if (listener < 0) {
        perror(path);
        sessmgr_close(resource.sessmgr);
        return EXIT_FAILURE;
    }
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            serve(&resource, fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            (void)sleep(1); /* out of descriptors, say */
    }
}
