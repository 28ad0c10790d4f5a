/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands of sessmgrctl share: the options, the exit codes, and how a failure is told.
 */
#ifndef SESSMGRCTL_CTL_H
#define SESSMGRCTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/json.h"
#include "libsessmgr/sessmgr.h"

/* Exit codes: part of the interface, written down in --help and sessmgrctl(1). */
enum exit_code {
    CODE_OK = 0,
    CODE_FAILED = 1,      /* refused by the daemon, or failed in any other way */
    CODE_USAGE = 2,       /* the command line is wrong; nothing was done */
    CODE_DAMAGED = 3,     /* store: something in it is damaged; of all other commands: */
    CODE_NO_SESSION = 3,  /* no such session, or it has ended already; or the caller is in none; or
                             the user is not locked */
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
    const char *session_id;  /* NULL: the caller's own */
    int kind;                /* enum sessmgr_token_kind */
    const char *audience;    /* NULL: none */
    char scopes[2048];       /* separated by spaces */
    int64_t lifetime_sec;    /* -1: none */
    bool refresh;
    const char *request_id; /* NULL: none */
    int64_t uid;            /* -1: none */
    bool touch;
    const char *offline; /* a file with a key set; NULL: the daemon is asked */
    const char *issuer;  /* NULL: none */
    bool quiet;
    bool jwks;
    bool rotate;
    bool force;
    const char *sessmgrd;         /* its path; NULL: where it is installed */
    struct sessmgr_filter filter; /* which sessions, or logins, are meant; user: as it was given */
    bool dry_run;
    bool yes;
    const char *until; /* NULL: none */
    bool terminate;
    const char *tty; /* NULL: none */
    uint64_t given;  /* which options there were; see options.c */
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
command_function command_whoami;
command_function command_context;
command_function command_token;
command_function command_refresh;
command_function command_revoke;
command_function command_validate;
command_function command_keys;
command_function command_store;
command_function command_lock;
command_function command_unlock;
command_function command_locks;
command_function command_extend;
command_function command_explain;
command_function command_check_config;

/* What validate answers where it cannot even ask: tells of the error, and unknown. */
enum exit_code command_validate_unknown(int error);

/*
 * Reads a token: the first line of a stream (standard input but in tests), SECRET_MAX_BYTES at
 * most. The buffer is to be wiped by the caller. Says what is wrong and returns false where there
 * is none.
 */
enum { SECRET_MAX_BYTES = 8192 };
bool secret_read(FILE *stream, char buffer[static SECRET_MAX_BYTES + 1]);

/* Finds a user's ID by the name, or by the ID itself, of one who may be gone. False: neither. */
bool user_find(const char *text, uid_t *ret);

/* Says that user_find() has found nobody. Returns CODE_FAILED. */
enum exit_code user_unknown(const char *text);

/* What a user is called, cut to USER_NAME_BYTES: the number where nobody has that ID any more.
 * Returns buffer. */
enum { USER_NAME_BYTES = 257 }; /* as long as the daemon takes one, with the NUL */
const char *user_name(uid_t uid, char buffer[static USER_NAME_BYTES]);

/* The exit code for an error of libsessmgr. */
enum exit_code failure_code(int error);

/*
 * Tells of a failed call on standard error: "sessmgrctl: WHAT: ...", with the daemon's own words;
 * what: may be NULL. detail: sessmgr_get_error_message() or "". Returns failure_code(error).
 */
enum exit_code failure_tell(const char *what, int error, const char *detail);

/* Tells of a system call that failed, not of the daemon's answer: "sessmgrctl: WHAT: ...", and
 * advice behind it, or "". Returns CODE_FAILED. */
enum exit_code failure_tell_system(const char *what, int error, const char *advice);

#define EXPLAIN_SERVICE "sshd" /* unless another is asked for */

/*
 * Asks what would become of a login; user: a name or a user ID, of whom *login is filled in as the
 * host's databases have it. Says nothing. *ret is to be freed with sessmgr_explanation_free().
 * Errors: -ENODATA there is no such user; sessmgr_explain()'s.
 */
int explain_login(struct sessmgr *handle, const char *user, struct sessmgr_login *login,
                  struct sessmgr_explanation **ret);

#endif
