/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of patterns: which users, services, remote hosts and groups a rule is about.
 *
 * A list is words separated by blanks; a word with `!` before it is negated. A list matches when no
 * negated word matches and, where there are plain words, at least one of them does; an empty list
 * matches everything. What a word is depends on the kind:
 *
 *     users      a user ID in decimal digits, or a name
 *     services   a name; it is put in lower case, as libpam does (pam_start(3))
 *     hosts      "local" (a login that has no remote host), an address or a range (address.h), or a
 *                name, all in either case. A name is compared with the text that PAM was told,
 *                which may be an address, and never looked up.
 *     groups     group IDs with commas between them, or the name of a group
 *
 * A name with `*`, `?` or `[` in it is a glob (fnmatch(3), no flags). Without these every byte
 * means itself, a backslash too.
 */
#ifndef SESSMGR_PATTERN_H
#define SESSMGR_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/fields.h"

enum {
    PATTERN_WORDS_MAX = 64,  /* of a list */
    PATTERN_GIDS_MAX = 1024, /* of a word, or what its glob matches */
};

enum pattern_kind {
    PATTERN_USERS,
    PATTERN_SERVICES,
    PATTERN_HOSTS,
    PATTERN_GROUPS,
};

/* All zero is the empty list. */
struct pattern_list {
    size_t count;
    struct pattern *items; /* owned */
};

/* Where groups are looked up while a list is parsed, passed in so that tests can bring their own.
 */
struct pattern_groups {
    /* The ID of the group of a name. Errors: -ENOENT there is none; -errno. */
    int (*find)(const struct pattern_groups *groups, const char *name, gid_t *ret_gid);
    /* Visits every group there is, until a visit fails. Errors: that of the visit; -errno. */
    int (*each)(const struct pattern_groups *groups,
                int (*visit)(const char *name, gid_t gid, void *userdata), void *userdata);
};

/* The machine's name services. They are asked for as long as they take, and by one thread only
 * (getgrent(3)); some do not list their groups, and what they do not list no glob matches. */
extern const struct pattern_groups pattern_groups_system;

/*
 * Parses a list, to be released with pattern_list_done(). Names and globs of groups become the IDs
 * they stand for now; matching asks no name service afterwards. Blocks as long as `groups`, which
 * is used for PATTERN_GROUPS only (NULL otherwise). Errors: -EINVAL something is no word of this
 * kind: a `!` with nothing or another one behind it, an ID above 4294967295 or with needless
 * zeros, a `/` in a host that is no range, a comma or `"` in a name; -ENOENT there is no group of
 * that name (globs may match none); -E2BIG more than PATTERN_WORDS_MAX words, or PATTERN_GIDS_MAX
 * groups of one; -ENOMEM; -errno of the name services.
 */
int pattern_list_parse(enum pattern_kind kind, const char *text,
                       const struct pattern_groups *groups, struct pattern_list *ret);

/* Releases what a list owns and makes it empty. */
void pattern_list_done(struct pattern_list *list);

/*
 * Writes a list as a text that is parsed to one that matches the same, without a name service:
 * groups are written as their IDs, and 4294967295, which is nobody's, where a glob had matched
 * none. It may thus be longer than what was parsed. The stream's errors are the caller's to look
 * at.
 */
void pattern_list_print(const struct pattern_list *list, FILE *stream);

/* Whether a list of PATTERN_USERS matches a user. name: never NULL; uid: -1 where there is none. */
bool pattern_list_matches_user(const struct pattern_list *list, const char *name, int64_t uid);

/* Whether a list of PATTERN_SERVICES matches a service, as libpam writes it; never NULL. */
bool pattern_list_matches_service(const struct pattern_list *list, const char *name);

/* Whether a list of PATTERN_HOSTS matches PAM's remote host; NULL or "" is a local login, which
 * no word but "local" matches. */
bool pattern_list_matches_host(const struct pattern_list *list, const char *host);

/* Whether a list of PATTERN_GROUPS matches somebody who is in all these groups. A word matches when
 * one of them is meant. */
bool pattern_list_matches_groups(const struct pattern_list *list, const struct uint_list *gids);

#endif
