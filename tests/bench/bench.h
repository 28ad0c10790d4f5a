/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the benchmarks have in common. */
#ifndef SESSMGR_TESTS_BENCH_BENCH_H
#define SESSMGR_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Ends the program unless good, with its name, what and errno's text on standard error, which may
 * be nobody's, and on standard output. */
void bench_need(bool good, const char *what);

/* Seconds by a clock that every kernel has. */
double bench_now(clockid_t clock);

/* Keeps the calling thread on the processor that it is on, or lets it go to any again. Threads that
 * it starts have what it has. Says so where it cannot be done. */
void bench_pin(bool pinned);

/* Puts figures into their order, and finds the one that so many percent of them do not exceed (50:
 * the median). */
void bench_sort(double *figures, size_t count);
double bench_percentile(const double *sorted, size_t count, unsigned percent);

/* A connection to the Unix socket of that path, to be closed. Ends the program if there is none. */
int bench_connect(const char *path);

#endif
