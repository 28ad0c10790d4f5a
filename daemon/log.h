/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's diagnostics: for the person who runs it. What happened to sessions is audit's
 * business. To the journal where there is one, else syslog where there is one, else standard error
 * with a <priority> prefix.
 */
#ifndef SESSMGR_LOG_H
#define SESSMGR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

enum { LOG_FIELDS_MAX = 32 };

/* An entry of the journal, for what machines read as well as people. */
struct log_entry {
    int priority;              /* LOG_ERR etc. */
    const char *message;       /* UTF-8; control characters are escaped by the log */
    const char *const *fields; /* "NAME=value" strings, may be NULL */
    size_t field_count;        /* at most LOG_FIELDS_MAX */
};

/* Chooses the destination by looking for the journal's and syslog's sockets. To be called once,
 * first. verbose: LOG_DEBUG lines too. */
void log_open(bool verbose);

/* One line, printf-style, cut at 2048 bytes. Control characters are escaped. Keeps errno. */
__attribute__((format(printf, 2, 3))) void log_line(int priority, const char *format, ...);

/* One structured entry; elsewhere than in the journal the fields follow the message as NAME=value
 * words. Goes to the facility authpriv. Keeps errno. Blocks only as sd_journal_sendv(3) does. */
void log_send(const struct log_entry *entry);

#endif
