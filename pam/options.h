/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The arguments of a line in pam.d. There are four and no others: what applies to whom is the
 * daemon's policy, not the module's.
 */
#ifndef SESSMGR_PAM_OPTIONS_H
#define SESSMGR_PAM_OPTIONS_H

#include <stdbool.h>

enum {
    OPTIONS_TIMEOUT_DEFAULT_MSEC = 2000,
    OPTIONS_TIMEOUT_MAX_MSEC = 60000,
    OPTIONS_SOCKET_NAME_MAX_BYTES = 80, /* see connection.c: it has to fit behind /proc/self/fd */
};

struct options {
    const char *socket_path; /* socket=: absolute; borrowed from the arguments */
    unsigned timeout_msec;   /* timeout=: 1..OPTIONS_TIMEOUT_MAX_MSEC */
    bool debug;              /* debug: log what is asked and answered */
    bool quiet;              /* quiet: show the person nothing */
};

/*
 * Reads the arguments as libpam passes them; where one is given twice, the last counts. argv has
 * argc strings and outlives *ret. Error: -EINVAL one is unknown or malformed, and *ret_bad is that
 * one (borrowed).
 */
int options_parse(int argc, const char *const *argv, struct options *ret, const char **ret_bad);

#endif
