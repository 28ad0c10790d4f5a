/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few macros that every room uses: scope attributes for what is owned, and sizes of arrays.
 */
#ifndef SESSMGR_MACRO_H
#define SESSMGR_MACRO_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Number of elements of an array (not of a pointer). */
#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Runs `function(&variable)` when the variable leaves its scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Hands over what a scope-owned pointer holds: yields it and leaves NULL behind. */
#define TAKE_PTR(pointer)                       \
    ({                                          \
        __typeof__(pointer) taken_ = (pointer); \
        (pointer) = NULL;                       \
        taken_;                                 \
    })

/* The same for a file descriptor, leaving -1 behind. */
#define TAKE_FD(fd)        \
    ({                     \
        int taken_ = (fd); \
        (fd) = -1;         \
        taken_;            \
    })

/* Scope attribute of a malloc'ed pointer: `CLEANUP(freep) char *text = NULL;`. */
static inline void freep(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/* Scope attribute of a file descriptor; negative means none. Keeps errno. */
static inline void closep(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing can be done about it here */
}

#endif
