/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a policy, and what it gives, is shown: the same to whoever asks about a session and about a
 * login.
 */
#ifndef SESSMGRCTL_SETTINGS_H
#define SESSMGRCTL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* A policy as "NAME (FILE:LINE)"; file NULL: not known; line 0 or -1: there is none. To be freed
 * with free(); NULL: no memory. */
char *settings_policy(const char *name, const char *file, int64_t line);

/* Prints a table of settings, with where each was set, or "default". json: as
 * sessmgr_session_get_settings_json() has them. Error: -ENOMEM. */
int settings_print(const char *json, bool colours);

#endif
