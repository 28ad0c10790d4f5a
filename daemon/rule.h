/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules: which logins get which settings. A rule is a file of the policy directory and named by its
 * stem; what it does not set is as in sessmgrd.conf, which is the last rule, for whom no other is.
 */
#ifndef SESSMGR_RULE_H
#define SESSMGR_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/protocol.h"
#include "daemon/config-file.h"
#include "daemon/pattern.h"
#include "daemon/settings.h"

#define RULE_DEFAULT     "default"     /* the name of what sessmgrd.conf gives */
#define RULE_BREAK_GLASS "break-glass" /* and of what nobody is kept out of: no limits at all */

enum {
    RULE_NAME_MAX_BYTES = 64,
    RULES_MAX = 1024, /* of a host */
    MATCH_KEYS = 4,
    RULE_SETTINGS = SESSION_KEYS + TOKEN_KEYS,
};

struct policy;

/* [Match]: a login has to fit all of the lists; an empty one fits every login. */
struct match {
    struct pattern_list users, groups, services, hosts;
};

struct rule {
    char *name; /* owned */
    char *file; /* owned; where it is */
    int line;   /* where its [Match] begins, 0 where that means nothing */
    struct match match;
    struct settings settings;
    struct config_origin origins[MATCH_KEYS + RULE_SETTINGS]; /* by the keys of rule_table */
    struct policy *policy; /* what its sessions get: a reference */
};

extern const struct config_key match_keys[MATCH_KEYS]; /* of struct match */
extern const struct config_table rule_table;           /* of struct rule */

/* The origins of a rule's settings, by the keys of settings_table. */
static inline const struct config_origin *rule_origins(const struct rule *rule)
{
    return rule->origins + MATCH_KEYS;
}

/* An empty rule with all defaults. name, file: copied. To be released with rule_done(), also on
 * failure. Error: -ENOMEM. */
int rule_init(struct rule *rule, const char *name, const char *file);
void rule_done(struct rule *rule);

/*
 * Reads a rule's file: what it does not set is as in base. *ret is to be released with rule_done().
 * Blocks on the disk and, for Group=, on name services. Errors: config_file_read()'s; -EINVAL also
 * for a name that no rule has.
 */
int rule_read(const char *file, const struct rule *base, struct rule *ret,
              struct config_error *ret_error);

/* Makes the policy of a rule whose settings are complete. Errors: policy_new()'s. */
int rule_finish(struct rule *rule);

/* Whether a login fits. */
bool rule_matches(const struct rule *rule, const struct login_request *login);

/* Whether every login does. */
bool rule_matches_all(const struct rule *rule);

#endif
