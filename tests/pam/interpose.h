/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the test program takes the place of in front of libpam and the module: syslog(3), whose
 * lines are kept and can be counted, and fstat(2) and fstatat(2), so that a file can seem to belong
 * to somebody else where no second user is to be had (a user namespace that knows one uid), and
 * getgrouplist(3), so that somebody can be in any number of groups.
 */
#ifndef SESSMGR_TESTS_PAM_INTERPOSE_H
#define SESSMGR_TESTS_PAM_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>

/* Forgets the lines, the owners and the groups. */
void interpose_reset(void);

/* Forgets the lines alone. */
void interpose_forget_lines(void);

/* Number of syslog lines so far: of all levels, or of all but LOG_DEBUG. */
size_t interpose_lines(bool with_debug);

/* Whether a line has that text in it. */
bool interpose_logged(const char *text);

/* Makes a file belong to another user than root; by pretence where it can't be done. */
void interpose_make_foreign(const char *path);

/* Puts everybody into that many groups, the primary one first; 0: into their own. */
void interpose_put_into_groups(int count);

#endif
