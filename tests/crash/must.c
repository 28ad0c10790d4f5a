/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tests' own memory, and the end of a test that cannot go on. */
#include <config.h>

#include "tests/crash/must.h"

static _Thread_local volatile bool allocating; /* the compiler thinks that it knows calloc() */

void must(bool condition, const char *what)
{
    if (condition)
        return;
    (void)fprintf(stderr, "tests/crash: %s (errno: %s)\n", what, strerror(errno));
    abort();
}

bool must_is_allocating(void)
{
    return allocating;
}

void *must_allocate(size_t bytes)
{
    allocating = true;
    void *data = calloc(1, bytes ? bytes : 1);
    allocating = false;
    must(data != NULL, "out of memory");
    return data;
}

void *must_resize(void *data, size_t bytes)
{
    allocating = true;
    void *resized = realloc(data, bytes ? bytes : 1);
    allocating = false;
    must(resized != NULL, "out of memory");
    return resized;
}

void *must_copy(const void *data, size_t bytes)
{
    void *copy = must_allocate(bytes);

    if (bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}
