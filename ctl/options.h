/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The options of the command line: what they are, and which command takes which.
 */
#ifndef SESSMGRCTL_OPTIONS_H
#define SESSMGRCTL_OPTIONS_H

#include "ctl/ctl.h"

/* Options that mean something to some commands only. */
enum option_bit {
    TAKES_ALL = 1 << 0,
    TAKES_MESSAGE = 1 << 1,
    TAKES_NO_LEGEND = 1 << 2,
    TAKES_NO_PAGER = 1 << 3,
    TAKES_SESSION = 1 << 4,
    TAKES_KIND = 1 << 5,        /* --jwt and --opaque */
    TAKES_EXPECTATION = 1 << 6, /* --audience and --scope */
    TAKES_LIFETIME = 1 << 7,
    TAKES_REFRESH = 1 << 8,
    TAKES_REQUEST_ID = 1 << 9,
    TAKES_VALIDATION = 1 << 10, /* --uid, --touch, --offline, --issuer, --quiet */
    TAKES_KEYS = 1 << 11,       /* --jwks, --rotate */
    TAKES_STORE = 1 << 12,      /* --force */
    TAKES_TERMINATE = 1 << 13,  /* --key, --user, --policy, --dry-run, --yes */
    TAKES_LOCK = 1 << 14,       /* --until, --terminate */
    TAKES_ORIGIN = 1 << 15,     /* --service, --from */
    TAKES_TTY = 1 << 16,
    TAKES_SESSMGRD = 1 << 17,
};

/*
 * Parses the command line up to the first argument, from optind on. Returns CODE_OK, with *ret_done
 * set when --help or --version was all that was asked for, or CODE_USAGE after saying what is
 * wrong.
 */
enum exit_code options_parse(int argc, char **argv, struct options *ret, bool *ret_done);

/* Reads a user ID; false where it is none. */
bool options_parse_uid(const char *text, int64_t *ret);

/* Whether a text is a session's ID, or as many of its first digits as it takes at least. */
bool options_is_id(const char *text, size_t digits_min);

/* Whether there was one of the options that say which sessions are meant. */
bool options_have_filter(const struct options *options);

/* Says that an option was given to a command (its name) that takes others (bits of enum
 * option_bit); CODE_OK where none was. */
enum exit_code options_check(const struct options *options, const char *command, unsigned takes);

/* Says what is wrong with the command line: what, and a text of the caller's, made harmless.
 * Returns CODE_USAGE. */
enum exit_code usage_error(const char *what, const char *text);

#endif
