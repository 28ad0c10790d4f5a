/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands of sessmgrctl share: the options, the exit codes, and how a failure is told.
 */
#ifndef SESSMGRCTL_CTL_H
#define SESSMGRCTL_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/json.h"
#include "libsessmgr/sessmgr.h"

/* Exit codes: part of the interface, written down in --help and sessmgrctl(1). */
enum exit_code {
    CODE_OK = 0,
    CODE_FAILED = 1,      /* refused by the daemon, or failed in any other way */
    CODE_USAGE = 2,       /* the command line is wrong; nothing was done */
    CODE_NO_SESSION = 3,  /* no such session, or it has ended already; or the caller is in none */
    CODE_UNREACHABLE = 4, /* the daemon cannot be reached or did not answer in time */
    CODE_AMBIGUOUS = 5,   /* a prefix fits several sessions; nothing was done to any */
};

struct options {
    enum json_mode json;
    bool legend;  /* column heads and the line of the count */
    bool pager;   /* one may be used where it makes sense */
    bool colours; /* standard output takes them */
    bool all;
    const char *message;     /* NULL: none */
    const char *socket_path; /* NULL: the default */
};

/*
 * The commands. arguments[0..count): what follows the command's name, already counted and, where
 * they are IDs, checked. Each returns an exit code and has told of its failures.
 */
typedef enum exit_code command_function(struct sessmgr *handle, const struct options *options,
                                        char *const *arguments, size_t count);

command_function command_list;
command_function command_show;
command_function command_terminate;
command_function command_watch;
command_function command_status;
command_function command_reload;

/* The exit code for an error of libsessmgr. */
enum exit_code failure_code(int error);

/*
 * Tells of a failed call on standard error: "sessmgrctl: WHAT: ...", with the daemon's own words;
 * what: may be NULL. detail: sessmgr_get_error_message() or "". Returns failure_code(error).
 */
enum exit_code failure_tell(const char *what, int error, const char *detail);

#endif
