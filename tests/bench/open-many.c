/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * open-many SOCKET SESSIONS LEADERS: opens so many sessions through the login socket of a sessmgrd,
 * led by so many processes, prints how many a second, and stays, as their leaders do, until
 * standard input ends. Root only.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { MESSAGE_MAX_BYTES = 4096 };

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
    bench_need(send(fd, message, (size_t)length + 1, MSG_NOSIGNAL) == length + 1, "send");
    do {
        ssize_t count = read(fd, message + bytes, sizeof(message) - (size_t)bytes);
        bench_need(count > 0, "no answer");
        bytes += count;
    } while (message[bytes - 1] != '\0');
    if (strstr(message, "\"error\"") || !strstr(message, "\"sessionId\"")) {
        (void)fprintf(stderr, "open-many: %s\n", message);
        exit(EXIT_FAILURE);
    }
}

static void lead(const char *path, long first, long sessions, long step, int ready_fd)
{
    int fd = bench_connect(path);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it cannot fail for this */
    for (long number = first; number < sessions; number += step)
        open_one(fd, number);
    (void)close(fd); /* a leader keeps no connection */
    bench_need(write(ready_fd, "", 1) == 1, "write");
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
    bench_need(pipe(ready) == 0, "pipe");
    double begin = bench_now(CLOCK_MONOTONIC);
    for (long i = 0; i < leaders; i++) {
        pid_t pid = fork();

        bench_need(pid >= 0, "fork");
        if (pid == 0)
            lead(argv[1], i, sessions, leaders, ready[1]);
    }
    (void)close(ready[1]); /* the leaders have it */
    for (long i = 0; i < leaders; i++)
        bench_need(read(ready[0], &byte, 1) == 1, "a leader has ended");
    (void)printf("%.0f opened a second\n", (double)sessions / (bench_now(CLOCK_MONOTONIC) - begin));
    (void)fflush(stdout); /* whoever reads waits for the line */
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return kill(0, SIGTERM) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
