/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the configuration: the files of sessmgrd.conf and of the rules, in their order, and which
 * rule is a login's. The keys of sessmgrd.conf are config-keys.c's, the last good copy
 * config-save.c's.
 */
#include <config.h>

#include "daemon/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "daemon/config-internal.h"

/* A path that origins name, which have to find it as long as the configuration lives. */
struct config_paths {
    struct config_paths *next;
    char text[];
};

static const char *keep_path(struct config *config, const char *path)
{
    size_t bytes = strlen(path) + 1;
    struct config_paths *kept = malloc(sizeof(*kept) + bytes);

    if (kept == NULL)
        return NULL;
    memcpy(kept->text, path, bytes);
    kept->next = config->paths;
    config->paths = kept;
    return kept->text;
}

static void config_freep(struct config **config)
{
    config_free(*config);
}

static int new_of(const char *path, struct config **ret)
{
    CLEANUP(config_freep) struct config *config = calloc(1, sizeof(*config));
    int r;

    if (!config)
        return -ENOMEM;
    r = rule_init(&config->fallback, RULE_DEFAULT, path);
    if (r >= 0)
        r = rule_init(&config->unlimited, RULE_BREAK_GLASS, path);
    if (r >= 0)
        r = config_table_defaults(&config_main_table, config);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(config);
    return 0;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    config_table_release(&config_main_table, config);
    rule_done(&config->fallback);
    rule_done(&config->unlimited);
    for (size_t i = 0; i < config->rule_count; i++)
        rule_done(&config->rules[i]);
    free(config->rules);
    while (config->paths != NULL) {
        struct config_paths *path = config->paths;

        config->paths = path->next;
        free(path);
    }
    free(config);
}

/* A configuration that is being read. */
struct loading {
    struct config *config;
    struct config_origin origins[CONFIG_KEYS];
    struct config_error *error;
    config_report_t report; /* NULL: the first error ends it */
    void *userdata;
    int wrong; /* files */
};

/* An error of one file: tells of it and goes on, where that is asked for. */
static int told(struct loading *loading, int r)
{
    if (r >= 0 || r == -ENOMEM || loading->report == NULL)
        return r;
    loading->report(loading->error, false, loading->userdata);
    loading->wrong++;
    return 0;
}

/* Root checks what is read by a daemon that is not root. Drafts of other people have modes of their
 * own. */
static void tell_private(struct loading *loading, const char *path)
{
    struct config_error error;
    struct stat status;

    if (loading->report == NULL || stat(path, &status) < 0 || status.st_uid != 0 ||
        (status.st_mode & S_IROTH) != 0 || (status.st_gid != 0 && (status.st_mode & S_IRGRP) != 0))
        return;
    (void)config_explain(&error, 0, path, 0, NULL,
                         "found mode %04o, expected one with which sessmgrd, which is not root, "
                         "can read it: chmod o+rX",
                         (unsigned)(status.st_mode & ALLPERMS));
    loading->report(&error, true, loading->userdata);
}

static int read_main(const char *path, void *userdata)
{
    struct loading *loading = userdata;
    const char *kept = keep_path(loading->config, path);
    int r;

    if (kept == NULL)
        return config_explain(loading->error, -ENOMEM, path, 0, NULL, "out of memory");
    tell_private(loading, kept);
    r = config_file_read(kept, &config_main_table, loading->config, loading->origins,
                         loading->error);
    return r == -ENOENT ? 0 : told(loading, r); /* not there, or removed since it was listed */
}

static int read_rule(const char *path, void *userdata)
{
    struct loading *loading = userdata;
    struct config *config = loading->config;
    struct rule *rules;
    int r;

    if (config->rule_count == RULES_MAX)
        return told(loading, config_explain(loading->error, -EINVAL, path, 0, NULL,
                                            "found one more rule, expected %d at most", RULES_MAX));
    rules = reallocarray(config->rules, config->rule_count + 1, sizeof(*rules));
    if (rules == NULL)
        return config_explain(loading->error, -ENOMEM, path, 0, NULL, "out of memory");
    config->rules = rules;
    tell_private(loading, path);
    r = rule_read(path, &config->fallback, &rules[config->rule_count], loading->error);
    if (r < 0) {
        rule_done(&rules[config->rule_count]);
        return r == -ENOENT ? 0 : told(loading, r);
    }
    config->rule_count++;
    return 0;
}

/* The folder of the rules, beside the main file. NULL: no memory. To be freed. */
static char *policy_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder;

    if (asprintf(&folder, "%.*s" CONFIG_POLICY_FOLDER, (int)(slash ? slash + 1 - path : 0), path) <
        0)
        return NULL;
    return folder;
}

static int read_all(struct loading *loading, const char *path)
{
    CLEANUP(freep) char *drop_ins = NULL;
    CLEANUP(freep) char *policy = policy_folder(path);
    struct config *config = loading->config;
    int r;

    if (asprintf(&drop_ins, "%s.d", path) < 0)
        drop_ins = NULL; /* it is undefined then */
    if (!drop_ins || !policy)
        return config_explain(loading->error, -ENOMEM, path, 0, NULL, "out of memory");
    tell_private(loading, drop_ins);
    tell_private(loading, policy);
    r = read_main(path, loading);
    if (r >= 0)
        r = config_each_file(drop_ins, read_main, loading, loading->error);
    if (r >= 0)
        memcpy(config->fallback.origins + MATCH_KEYS, loading->origins + CONFIG_SETTINGS_AT,
               RULE_SETTINGS * sizeof(struct config_origin));
    if (r >= 0)
        r = config_each_file(policy, read_rule, loading, loading->error);
    return r;
}

/* What follows from the files: the policy of each rule. Error: -ENOMEM. */
static int finish(struct config *config)
{
    int r;

    r = config_table_copy(&settings_table, &config->fallback.settings, &config->unlimited.settings);
    if (r >= 0) /* its tokens are everybody's, its limits nobody's */
        r = config_table_defaults(&session_settings_table, &config->unlimited.settings.session);
    if (r >= 0)
        r = rule_finish(&config->unlimited);
    if (r >= 0)
        r = rule_finish(&config->fallback);
    for (size_t i = 0; i < config->rule_count && r >= 0; i++)
        r = rule_finish(&config->rules[i]);
    return r;
}

int config_new(struct config **ret)
{
    CLEANUP(config_freep) struct config *config = NULL;
    int r;

    r = new_of("", &config);
    if (r >= 0)
        r = finish(config);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(config);
    return 0;
}

int config_load(const char *path, struct config **ret, struct config_error *ret_error)
{
    CLEANUP(config_freep) struct config *config = NULL;
    struct loading loading = {.error = ret_error};
    int r;

    r = new_of(path, &config);
    if (r < 0)
        return config_explain(ret_error, r, path, 0, NULL, "out of memory");
    loading.config = config;
    r = read_all(&loading, path);
    if (r < 0)
        return r;
    r = finish(config);
    if (r < 0)
        return config_explain(ret_error, r, path, 0, NULL, "out of memory");
    *ret = TAKE_PTR(config);
    return 0;
}

/* Tells of rules that no login gets to. */
static void tell_hidden(const struct config *config, config_report_t report, void *userdata)
{
    const char *first = NULL;

    for (size_t i = 0; i < config->rule_count; i++) {
        const struct rule *rule = &config->rules[i];
        struct config_error error;

        if (first != NULL) {
            (void)config_explain(&error, 0, rule->file, 0, NULL,
                                 "this rule is never reached: every login fits %s before it",
                                 first);
            report(&error, true, userdata);
        } else if (rule_matches_all(rule)) {
            first = rule->name;
        }
    }
}

int config_check(const char *path, config_report_t report, void *userdata)
{
    CLEANUP(config_freep) struct config *config = NULL;
    struct config_error error;
    struct loading loading = {.error = &error, .report = report, .userdata = userdata};
    int r;

    r = new_of(path, &config);
    if (r < 0)
        return r;
    loading.config = config;
    r = read_all(&loading, path);
    if (r < 0 && r != -ENOMEM) { /* a folder that cannot be listed */
        report(&error, false, userdata);
        loading.wrong++;
    }
    tell_hidden(config, report, userdata);
    return r == -ENOMEM ? r : loading.wrong;
}

bool config_tracks_service(const struct config *config, const char *service)
{
    for (size_t i = 0; config->services[i]; i++)
        if (strcmp(config->services[i], service) == 0)
            return true;
    return false;
}

const struct rule *config_rule_for(const struct config *config, const struct login_request *login)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (rule_matches(&config->rules[i], login))
            return &config->rules[i];
    return &config->fallback;
}

const struct rule *config_find_rule(const struct config *config, const char *name)
{
    if (strcmp(name, RULE_DEFAULT) == 0)
        return &config->fallback;
    if (strcmp(name, RULE_BREAK_GLASS) == 0)
        return &config->unlimited;
    for (size_t i = 0; i < config->rule_count; i++)
        if (strcmp(config->rules[i].name, name) == 0)
            return &config->rules[i];
    return NULL;
}

void config_list_keys(bool rules,
                      void (*visit)(const char *section, const char *key, const char *default_text,
                                    void *userdata),
                      void *userdata)
{
    const struct config_table *table = rules ? &rule_table : &config_main_table;

    for (size_t i = 0; i < table->key_count; i++) {
        size_t offset;
        const struct config_key *key = config_table_key(table, i, &offset);

        visit(key->section, key->name, key->default_text, userdata);
    }
}
