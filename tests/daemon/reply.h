/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looks into replies. A path names members and, by number, elements: "parameters.sessions.0.user".
 */
#ifndef SESSMGR_TESTS_DAEMON_REPLY_H
#define SESSMGR_TESTS_DAEMON_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_TEXT_MAX_BYTES = 4096 };

/* Whether there is something at a path. */
bool reply_has(const char *reply, const char *path);

/* A string, "" where there is none. Borrowed from one of a few static buffers. */
const char *reply_text(const char *reply, const char *path);

/* An integer, -1 where there is none. */
int64_t reply_int(const char *reply, const char *path);

/* The number of elements of an array, or members of an object. */
size_t reply_count(const char *reply, const char *path);

/* The name of the error without its interface; "" for success, "closed" for no reply at all. */
const char *reply_error(const char *reply);

#endif
