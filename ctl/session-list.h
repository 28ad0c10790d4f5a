/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions that the daemon was asked for, and how they are shown together.
 */
#ifndef SESSMGRCTL_SESSION_LIST_H
#define SESSMGRCTL_SESSION_LIST_H

#include <stddef.h>
#include <stdio.h>

#include "ctl/ctl.h"

/* All zeroes is an empty one. */
struct session_list {
    struct sessmgr_session **sessions;
    size_t count;
    size_t allocated;
};

void session_list_done(struct session_list *list);

/* Adds a copy of a session; userdata is the list, as sessmgr_list() hands it on. Error: -ENOMEM. */
int session_list_add(const struct sessmgr_session *session, void *userdata);

/* Puts the oldest first. */
void session_list_sort(struct session_list *list);

/*
 * Writes a table, with as much of each ID as tells them apart, and with the legend behind it how
 * many there are. options: .legend, .colours; .all: with the column of reasons. done: what was done
 * to them, "listed"; NULL: their number is left out. Error: -ENOMEM.
 */
int session_list_print(const struct session_list *list, FILE *stream, const struct options *options,
                       const char *done);

/* Writes a JSON array to standard output. Error: -ENOMEM. */
int session_list_print_json(const struct session_list *list, enum json_mode mode);

#endif
