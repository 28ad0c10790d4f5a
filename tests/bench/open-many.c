/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * open-many SOCKET SESSIONS LEADERS: opens so many sessions through the login socket of a sessmgrd,
 * led by so many processes, prints how many a second, and stays, as their leaders do, until
 * standard input ends. Root only.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"

enum { MESSAGE_MAX_BYTES = 4096 };

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "open-many: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* it is there */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    need(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, path);
    return fd;
}

/* Opens one session and waits until it is durable. */
static void open_one(int fd, long number)
{
    char message[MESSAGE_MAX_BYTES];
    ssize_t bytes = 0;
    int length;

    length = snprintf(
        message, sizeof(message),
        "{\"method\":\"io.sessmgr.Login.Open\",\"parameters\":{\"login\":{\"service\":\"sshd\","
        "\"user\":\"bench\",\"uid\":%ld,\"groups\":[],\"remoteHost\":\"192.0.2.17\","
        "\"connection\":\"192.0.2.17 %ld 192.0.2.1 22\",\"terminal\":\"pts/%ld\"}}}",
        100000 + number % 1000, 1024 + number % 60000, number);
    need(send(fd, message, (size_t)length + 1, MSG_NOSIGNAL) == length + 1, "send");
    do {
        ssize_t count = read(fd, message + bytes, sizeof(message) - (size_t)bytes);
        need(count > 0, "no answer");
        bytes += count;
    } while (message[bytes - 1] != '\0');
    if (strstr(message, "\"error\"") || !strstr(message, "\"sessionId\"")) {
        (void)fprintf(stderr, "open-many: %s\n", message);
        exit(EXIT_FAILURE);
    }
}

static void lead(const char *path, long first, long sessions, long step, int ready_fd)
{
    int fd = connect_to(path);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it cannot fail for this */
    for (long number = first; number < sessions; number += step)
        open_one(fd, number);
    (void)close(fd); /* a leader keeps no connection */
    need(write(ready_fd, "", 1) == 1, "write");
    for (;;)
        (void)pause();
}

int main(int argc, char *argv[])
{
    long sessions = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    long leaders = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    int ready[2];
    char byte;

    if (sessions <= 0 || leaders <= 0 || leaders > sessions) {
        (void)fprintf(stderr, "usage: open-many SOCKET SESSIONS LEADERS\n");
        return EXIT_FAILURE;
    }
    need(pipe(ready) == 0, "pipe");
    double begin = now();
    for (long i = 0; i < leaders; i++) {
        pid_t pid = fork();

        need(pid >= 0, "fork");
        if (pid == 0)
            lead(argv[1], i, sessions, leaders, ready[1]);
    }
    (void)close(ready[1]); /* the leaders have it */
    for (long i = 0; i < leaders; i++)
        need(read(ready[0], &byte, 1) == 1, "a leader has ended");
    (void)printf("%.0f opened a second\n", (double)sessions / (now() - begin));
    (void)fflush(stdout); /* whoever reads waits for the line */
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return kill(0, SIGTERM) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
