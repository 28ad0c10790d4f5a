/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pager for long output: standard output goes through it while it is open.
 */
#ifndef SESSMGRCTL_PAGER_H
#define SESSMGRCTL_PAGER_H

#include <stdbool.h>
#include <sys/types.h>

struct pager {
    pid_t pid; /* 0: none is running */
};

/*
 * Starts $SYSTEMD_PAGER, $PAGER, less or more, the first there is, and turns standard output to it;
 * does nothing when standard output is no terminal, wanted is false, or the variable is "" or
 * "cat". The variable is split at white space; no shell sees it. Where the caller has privileges of
 * somebody else (set-uid, sudo, pkexec, doas), only less is used, in its secure mode. When anything
 * fails, the output simply is not paged.
 */
void pager_open(struct pager *pager, bool wanted);

/* Ends the output and waits until the person has read it. Closes standard output, if a pager was
 * running. NULL members are allowed: usable as a scope attribute. */
void pager_close(struct pager *pager);

#endif
