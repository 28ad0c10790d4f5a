/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the rules; see rule.h. In which order they are asked is config.c's.
 */
#include <config.h>

#include "daemon/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/config-file.h"
#include "daemon/config-value.h"
#include "daemon/policy.h"

#define RULE_SUFFIX ".conf"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

const struct config_key match_keys[MATCH_KEYS] = {
    {.section = "Match",
     .name = "User",
     .type = &config_type_users,
     .offset = offsetof(struct match, users),
     .default_text = "",
     .expected =
         "at most 64 names, patterns or user IDs separated by spaces, \"!\" before one for not"},
    {.section = "Match",
     .name = "Group",
     .type = &config_type_groups,
     .offset = offsetof(struct match, groups),
     .default_text = "",
     .expected = "at most 64 groups that exist, patterns or group IDs separated by spaces, \"!\" "
                 "before one for not"},
    {.section = "Match",
     .name = "Service",
     .type = &config_type_service_patterns,
     .offset = offsetof(struct match, services),
     .default_text = "",
     .expected =
         "at most 64 PAM services or patterns separated by spaces, \"!\" before one for not"},
    {.section = "Match",
     .name = "RemoteHost",
     .type = &config_type_hosts,
     .offset = offsetof(struct match, hosts),
     .default_text = "",
     .expected = "at most 64 addresses, ranges such as 192.0.2.0/24, \"local\" or patterns of "
                 "names, \"!\" before one for not"},
};

static const struct config_group rule_groups[] = {
    {.keys = match_keys, .count = MATCH_KEYS, .offset = offsetof(struct rule, match)},
    SETTINGS_GROUPS(offsetof(struct rule, settings)),
};
const struct config_table rule_table = {.groups = rule_groups,
                                        .group_count = ELEMENTS(rule_groups),
                                        .key_count = MATCH_KEYS + RULE_SETTINGS};

int rule_init(struct rule *rule, const char *name, const char *file)
{
    memset(rule, 0, sizeof(*rule));
    rule->name = strdup(name);
    rule->file = strdup(file);
    if (!rule->name || !rule->file)
        return -ENOMEM;
    return config_table_defaults(&rule_table, rule);
}

void rule_done(struct rule *rule)
{
    policy_unref(rule->policy);
    config_table_release(&rule_table, rule);
    free(rule->name);
    free(rule->file);
    memset(rule, 0, sizeof(*rule));
}

/* The stem of a file's name. Error: -EINVAL it is not one that a rule has. */
static int name_of(const char *file, char name[static RULE_NAME_MAX_BYTES + 1])
{
    const char *slash = strrchr(file, '/'), *start = slash ? slash + 1 : file;
    size_t bytes = strlen(start);

    if (bytes > strlen(RULE_SUFFIX) &&
        strcmp(start + bytes - strlen(RULE_SUFFIX), RULE_SUFFIX) == 0)
        bytes -= strlen(RULE_SUFFIX);
    if (bytes > RULE_NAME_MAX_BYTES || strspn(start, NAME_CHARACTERS) < bytes)
        return -EINVAL;
    (void)snprintf(name, RULE_NAME_MAX_BYTES + 1, "%.*s", (int)bytes, start);
    return strcmp(name, RULE_DEFAULT) == 0 || strcmp(name, RULE_BREAK_GLASS) == 0 ? -EINVAL : 0;
}

/* The first line that says whom the rule is for. */
static int match_line(const struct rule *rule)
{
    int line = 0;

    for (size_t i = 0; i < MATCH_KEYS; i++)
        if (rule->origins[i].line > 0 && (line == 0 || rule->origins[i].line < line))
            line = rule->origins[i].line;
    return line;
}

int rule_read(const char *file, const struct rule *base, struct rule *ret,
              struct config_error *ret_error)
{
    char name[RULE_NAME_MAX_BYTES + 1];
    int r;

    memset(ret, 0, sizeof(*ret));
    if (name_of(file, name) < 0)
        return config_explain(
            ret_error, -EINVAL, file, 0, NULL,
            "found a file with this name, expected one of 1 to 64 letters, digits, "
            "\"_\", \".\", \"-\" and \".conf\", not \"" RULE_DEFAULT "\" or \"" RULE_BREAK_GLASS
            "\"");
    r = rule_init(ret, name, file);
    if (r >= 0)
        r = config_table_copy(&settings_table, &base->settings, &ret->settings);
    if (r < 0)
        return config_explain(ret_error, r, file, 0, NULL, "out of memory");
    memcpy(ret->origins, base->origins, sizeof(ret->origins));
    r = config_file_read(ret->file, &rule_table, ret, ret->origins, ret_error);
    if (r >= 0)
        ret->line = match_line(ret);
    return r;
}

int rule_finish(struct rule *rule)
{
    return policy_new(rule->name, rule->file, rule->line, &rule->settings.session,
                      rule_origins(rule), &rule->policy);
}

bool rule_matches(const struct rule *rule, const struct login_request *login)
{
    const struct match *match = &rule->match;

    return pattern_list_matches_user(&match->users, login->user, login->uid) &&
           pattern_list_matches_groups(&match->groups, &login->groups) &&
           pattern_list_matches_service(&match->services, login->service) &&
           pattern_list_matches_host(&match->hosts, login->remote_host);
}

bool rule_matches_all(const struct rule *rule)
{
    const struct match *match = &rule->match;

    return match->users.count == 0 && match->groups.count == 0 && match->services.count == 0 &&
           match->hosts.count == 0;
}
