/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cannot be done without ends the program: a test that could not run has not passed. */
#ifndef SESSMGR_TESTS_CRASH_MUST_H
#define SESSMGR_TESTS_CRASH_MUST_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program unless the condition holds. */
void must(bool condition, const char *what);

/* Whether the calling thread is inside of one of these: memory is not made to fail then. */
bool must_is_allocating(void);

/* Zeroed. To be freed. */
void *must_allocate(size_t bytes);
void *must_resize(void *data, size_t bytes);
void *must_copy(const void *data, size_t bytes);

#endif
