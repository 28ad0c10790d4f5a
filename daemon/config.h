/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's configuration as the rest of it sees it: sessmgrd.conf with its drop-ins, and the
 * rules of the policy directory beside it. How a file is read is in config-file.h; what keys mean
 * is in sessmgrd.conf(5) and sessmgr-policy(5).
 */
#ifndef SESSMGR_CONFIG_H
#define SESSMGR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config-file.h"
#include "daemon/rule.h"

/* [Break-Glass]: who is kept out by nothing. An empty list is nobody. */
struct break_glass {
    struct pattern_list users, groups;
    int root_on_console; /* RootOnConsole=, 0 or 1: root too, on a console */
};

struct config {
    char **services;           /* [Manager] Services=, ended by NULL */
    int64_t sessions_max;      /* [Manager] SessionsMax=, live sessions of the host */
    int64_t retention_usec;    /* [Manager] RetentionSec= */
    int64_t tokens_max;        /* [Manager] TokensMax=, live tokens of the host */
    int adopts;                /* [Manager] Adopt=, 0 or 1: see adopt.h */
    int64_t key_rotation_usec; /* [Tokens] KeyRotationSec=, at least 1h */
    struct break_glass break_glass;
    struct rule fallback;  /* what sessmgrd.conf sets: for whom no rule is */
    struct rule unlimited; /* for those of [Break-Glass]: nothing but its tokens */
    struct rule *rules;    /* owned, by name */
    size_t rule_count;
    struct config_paths *paths; /* owned; of the files that the origins name */
};

/* A configuration of defaults alone. Error: -ENOMEM. */
int config_new(struct config **ret);

/* Accepts NULL. */
void config_free(struct config *config);

/*
 * Reads path and its drop-ins (path ".d/", each "*.conf" in the order of their names), later ones
 * overriding earlier ones key by key, and the rules in "policy.d" beside path. A missing file or
 * folder is an empty one. Blocks on the disk and, for groups, on name services. Errors: -EINVAL
 * (see *ret_error), -ENOMEM, or -errno of reading (see *ret_error too).
 */
int config_load(const char *path, struct config **ret, struct config_error *ret_error);

/* Is told of each file that is wrong (and the first thing that is), and warned of each that is
 * right and does nothing: a rule behind one that every login fits, a file that root alone can read.
 */
typedef void (*config_report_t)(const struct config_error *error, bool is_warning, void *userdata);

/* Reads as config_load() does, to the end, and tells. Returns how many files are wrong. Errors:
 * -ENOMEM. */
int config_check(const char *path, config_report_t report, void *userdata);

/*
 * Writes a configuration into a folder, atomically and durably, so that config_load() reads it
 * from "sessmgrd.conf" there without any name service: the last good one. Blocks on the disk.
 * Errors: -errno; then what was there before is there still.
 */
int config_save(const struct config *config, const char *folder);

/*
 * Tells every key of sessmgrd.conf, or with `rules` those of a rule, in the order of the sections,
 * so that a script can compare the manual and the shipped file with the daemon. The strings live as
 * long as the program.
 */
void config_list_keys(bool rules,
                      void (*visit)(const char *section, const char *key, const char *default_text,
                                    void *userdata),
                      void *userdata);

/* Whether a PAM service is a login by Services=. */
bool config_tracks_service(const struct config *config, const char *service);

/* The first rule that a login fits, in the order of their names; else the fallback. Borrowed. */
const struct rule *config_rule_for(const struct config *config, const struct login_request *login);

/* The rule of a name, also "default" and "break-glass"; NULL: there is none (any more). Borrowed.
 */
const struct rule *config_find_rule(const struct config *config, const char *name);

#endif
