/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Owns nothing but code; see bench.h. */
#include <config.h>

#include "tests/bench/bench.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

void bench_need(bool good, const char *what)
{
    const char *why = strerror(errno);

    if (good)
        return;
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    (void)printf("%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(EXIT_FAILURE);
}

double bench_now(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* cannot fail with such a clock */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bench_pin(bool pinned)
{
    const int processor = sched_getcpu();
    cpu_set_t set;

    CPU_ZERO(&set);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (!pinned || i == (size_t)(processor < 0 ? 0 : processor))
            CPU_SET(i, &set);
    if (sched_setaffinity(0, sizeof(set), &set) < 0)
        (void)printf("%s: not pinned: %s\n", program_invocation_short_name, strerror(errno));
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void bench_sort(double *figures, size_t count)
{
    qsort(figures, count, sizeof(*figures), compare);
}

double bench_percentile(const double *sorted, size_t count, unsigned percent)
{
    return sorted[(count - 1) * percent / 100];
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
