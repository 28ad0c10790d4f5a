/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the benchmarks of the store have in common. */
#ifndef SESSMGR_TESTS_BENCH_BENCH_H
#define SESSMGR_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <time.h>

/* Ends the program, with its name, what and errno's text on standard error, unless good. */
void bench_need(bool good, const char *what);

/* Seconds by a clock that every kernel has. */
double bench_now(clockid_t clock);

/* A connection to the Unix socket of that path, to be closed. Ends the program if there is none. */
int bench_connect(const char *path);

#endif
