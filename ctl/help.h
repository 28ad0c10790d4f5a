/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The summary of the command line.
 */
#ifndef SESSMGRCTL_HELP_H
#define SESSMGRCTL_HELP_H

/* All of it, with a newline at its end. */
extern const char help_text[];

#endif
