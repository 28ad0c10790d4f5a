/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Owns nothing but code; see bench.h. */
#include <config.h>

#include "tests/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

void bench_need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(EXIT_FAILURE);
}

double bench_now(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* cannot fail with such a clock */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int bench_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path); /* connect() tells */
    bench_need(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0,
               path);
    return fd;
}
