/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessmgrd as a program that does one thing and comes back.
 */
#ifndef SESSMGRCTL_SESSMGRD_H
#define SESSMGRCTL_SESSMGRD_H

#include "ctl/ctl.h"

enum { SESSMGRD_NOT_RUN = 127 };

struct sessmgrd_run {
    const char *program;    /* its path */
    const char *options[2]; /* what it is to do; the second may be NULL */
    int in;                 /* what its standard input is, borrowed */
    int out;                /* the same of its output; -1: what it prints goes into text */
    char *text;             /* text[0..size), ended by NUL; what does not fit is left out */
    size_t size;
};

/* The path of sessmgrd: of --sessmgrd=, or where it is installed. */
const char *sessmgrd_path(const struct options *options);

/*
 * Runs sessmgrd and waits for it. What it says on standard error is the user's to read. Returns its
 * exit status; SESSMGRD_NOT_RUN where it cannot be run; -1 where it went wrong in another way,
 * which has been told.
 */
int sessmgrd_run(const struct sessmgrd_run *run);

#endif
