/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's configuration: the table of its keys, its files, and its last good copy.
 */
#include <config.h>

#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "daemon/clock.h"
#include "daemon/config-file.h"
#include "daemon/config-value.h"

#define DROP_IN_SUFFIX ".conf"

static const char *const kill_processes_names[] = {[KILL_ENFORCED] = "enforced",
                                                   [KILL_ALWAYS] = "always",
                                                   [KILL_NO] = "no",
                                                   [KILL_ALL] = "all",
                                                   NULL};

static const char *const no_yes_names[] = {"no", "yes", NULL};
static const char *const rotation_names[] = {
    [ROTATION_EACH_USE] = "each-use", [ROTATION_NEVER] = "never", NULL};
static const char *const reuse_names[] = {
    [REUSE_REVOKE_FAMILY] = "revoke-family", [REUSE_END_SESSION] = "end-session", NULL};
static const char *const bind_names[] = {[BIND_NONE] = "none", [BIND_UID] = "uid", NULL};
static const char *const at_login_names[] = {
    [TOKEN_AT_LOGIN_NONE] = "none", [TOKEN_AT_LOGIN_FILE] = "file", NULL};

static const struct config_key keys[] = {
    {.section = "Manager",
     .name = "Services",
     .type = &config_type_services,
     .offset = offsetof(struct config, services),
     .default_text = "sshd login remote su su-l sudo sudo-i gdm-password gdm-autologin "
                     "gdm-fingerprint lightdm lightdm-autologin sddm sddm-autologin lxdm xdm",
     .expected = "names of PAM services separated by spaces"},
    {.section = "Manager",
     .name = "SessionsMax",
     .type = &config_type_number,
     .offset = offsetof(struct config, sessions_max),
     .default_text = "65536",
     .expected = "a number from 1 to 1000000",
     .min = 1,
     .max = 1000000},
    {.section = "Manager",
     .name = "RetentionSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, retention_usec),
     .default_text = "7d",
     .expected = "a duration such as \"7d\" or \"12h 30min\", or \"infinity\"",
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Manager",
     .name = "TokensMax",
     .type = &config_type_number,
     .offset = offsetof(struct config, tokens_max),
     .default_text = "1000000",
     .expected = "a number from 1 to 10000000",
     .min = 1,
     .max = 10000000},
    {.section = "Session",
     .name = "LifetimeSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, session.lifetime_usec),
     .default_text = "infinity",
     .expected = "a duration above 0 such as \"8h\" or \"1h 30min\"; \"infinity\" is no limit",
     .min = 1,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Session",
     .name = "MaxSessions",
     .type = &config_type_number,
     .offset = offsetof(struct config, session.max_sessions),
     .default_text = "infinity",
     .expected = "a number from 1; \"infinity\" is no limit",
     .min = 1,
     .max = INT64_MAX,
     .infinity = true},
    {.section = "Session",
     .name = "GraceSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, session.grace_usec),
     .default_text = "10s",
     .expected = "a duration from 0 to 10min",
     .max = 600 * USEC_PER_SEC},
    {.section = "Session",
     .name = "KillProcesses",
     .type = &config_type_enum,
     .offset = offsetof(struct config, session.kill_processes),
     .default_text = "enforced",
     .expected = "\"enforced\", \"always\", \"no\" or \"all\"",
     .names = kill_processes_names},

    {.section = "Tokens",
     .name = "TokenType",
     .type = &config_type_enum,
     .offset = offsetof(struct config, tokens.type),
     .default_text = "opaque",
     .expected = "\"opaque\" or \"jwt\"",
     .names = token_kind_names},
    {.section = "Tokens",
     .name = "TokenLifetimeSec",
     .type = &config_type_duration_or_auto,
     .offset = offsetof(struct config, tokens.lifetime_usec),
     .default_text = "auto",
     .expected = "a duration from 1s such as \"15min\", \"infinity\", or \"auto\"",
     .min = USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Tokens",
     .name = "TokenAtLogin",
     .type = &config_type_enum,
     .offset = offsetof(struct config, tokens.at_login),
     .default_text = "none",
     .expected = "\"none\" or \"file\"",
     .names = at_login_names},
    {.section = "Tokens",
     .name = "RefreshToken",
     .type = &config_type_enum,
     .offset = offsetof(struct config, tokens.refresh),
     .default_text = "no",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
    {.section = "Tokens",
     .name = "RefreshLifetimeSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, tokens.refresh_lifetime_usec),
     .default_text = "12h",
     .expected = "a duration from 1s such as \"12h\", or \"infinity\"",
     .min = USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Tokens",
     .name = "Rotation",
     .type = &config_type_enum,
     .offset = offsetof(struct config, tokens.rotation),
     .default_text = "each-use",
     .expected = "\"each-use\" or \"never\"",
     .names = rotation_names},
    {.section = "Tokens",
     .name = "RotationGraceSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, tokens.rotation_grace_usec),
     .default_text = "30s",
     .expected = "a duration from 0 to 10min",
     .max = 600 * USEC_PER_SEC},
    {.section = "Tokens",
     .name = "ReuseAction",
     .type = &config_type_enum,
     .offset = offsetof(struct config, tokens.reuse_action),
     .default_text = "revoke-family",
     .expected = "\"revoke-family\" or \"end-session\"",
     .names = reuse_names},
    {.section = "Tokens",
     .name = "Bind",
     .type = &config_type_enum,
     .offset = offsetof(struct config, tokens.bind),
     .default_text = "none",
     .expected = "\"none\" or \"uid\"",
     .names = bind_names},
    {.section = "Tokens",
     .name = "KeyRotationSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, tokens.key_rotation_usec),
     .default_text = "30d",
     .expected = "a duration from 1h such as \"30d\", or \"infinity\"",
     .min = 3600 * USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Tokens",
     .name = "Issuer",
     .type = &config_type_issuer,
     .offset = offsetof(struct config, tokens.issuer),
     .default_text = "auto",
     .expected = "a name or URI of ASCII characters without blanks and quotes, or \"auto\""},
    {.section = "Tokens",
     .name = "Audience",
     .type = &config_type_audiences,
     .offset = offsetof(struct config, tokens.audiences),
     .default_text = "auto",
     .expected = "names or URIs of ASCII characters without quotes, separated by spaces, or "
                 "\"auto\""},
    {.section = "Tokens",
     .name = "Scopes",
     .type = &config_type_scopes,
     .offset = offsetof(struct config, tokens.scopes),
     .default_text = "",
     .expected = "at most 16 scopes of at most 64 ASCII characters without quotes, separated by "
                 "spaces"},
};

static const struct config_table table = {.keys = keys, .count = ELEMENTS(keys)};

static void config_freep(struct config **config)
{
    config_free(*config);
}

int config_new(struct config **ret)
{
    CLEANUP(config_freep) struct config *config = calloc(1, sizeof(*config));
    if (!config)
        return -ENOMEM;
    int r = config_table_defaults(&table, config);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(config);
    return 0;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    config_table_release(&table, config);
    free(config);
}

static int is_drop_in(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name), suffix = strlen(DROP_IN_SUFFIX);

    return entry->d_name[0] != '.' && bytes > suffix &&
           strcmp(entry->d_name + bytes - suffix, DROP_IN_SUFFIX) == 0;
}

/* By bytes: the order must not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(const char *path, struct config *config, struct config_error *ret_error)
{
    CLEANUP(freep) char *directory = NULL;
    struct dirent **entries = NULL;
    int r = 0;

    if (asprintf(&directory, "%s.d", path) < 0) {
        directory = NULL; /* it is undefined then */
        return config_explain(ret_error, -ENOMEM, path, 0, NULL, "out of memory");
    }
    int count = scandir(directory, &entries, is_drop_in, by_name);
    if (count < 0 && errno == ENOENT)
        return 0;
    if (count < 0) {
        r = -errno;
        return config_explain(ret_error, r, directory, 0, NULL, "cannot be listed: %s",
                              strerror(-r));
    }
    for (int i = 0; i < count; i++) {
        CLEANUP(freep) struct dirent *entry = entries[i];
        CLEANUP(freep) char *file = NULL;

        if (r < 0)
            continue; /* only to free what is left */
        if (asprintf(&file, "%s/%s", directory, entry->d_name) < 0) {
            file = NULL;
            r = config_explain(ret_error, -ENOMEM, path, 0, NULL, "out of memory");
            continue;
        }
        r = config_file_read(file, &table, config, ret_error);
        if (r == -ENOENT)
            r = 0; /* removed since it was listed */
    }
    free(entries);
    return r;
}

int config_load(const char *path, struct config **ret, struct config_error *ret_error)
{
    CLEANUP(config_freep) struct config *config = NULL;
    int r;

    r = config_new(&config);
    if (r < 0)
        return config_explain(ret_error, r, path, 0, NULL, "out of memory");
    r = config_file_read(path, &table, config, ret_error);
    if (r < 0 && r != -ENOENT)
        return r;
    r = read_drop_ins(path, config, ret_error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(config);
    return 0;
}

/* Writes the text of a configuration to a new file, durably. */
static int write_new(const struct config *config, const char *path)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return -errno;
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    FILE *stream = fdopen(fd, "w");
    if (!stream)
        return -errno;
    (void)TAKE_FD(fd); /* the stream's now */
    errno = 0;
    config_file_print(&table, config, stream);
    int r = fflush(stream) != 0 || ferror(stream) || fsync(fileno(stream)) < 0
                ? -(errno ? errno : EIO)
                : 0;
    if (fclose(stream) != 0 && r == 0)
        r = -errno;
    return r;
}

/* Makes a file's name in its directory durable. */
static int sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    CLEANUP(freep)
    char *directory =
        slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
    if (!directory)
        return -ENOMEM;
    CLEANUP(closep) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return -errno;
    return 0;
}

int config_save(const struct config *config, const char *path)
{
    CLEANUP(freep) char *temporary = NULL;
    int r;

    if (asprintf(&temporary, "%s.new", path) < 0) {
        temporary = NULL; /* it is undefined then */
        return -ENOMEM;
    }
    r = write_new(config, temporary);
    if (r >= 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(temporary); /* it may not be there; the next one replaces it */
        return r;
    }
    return sync_directory_of(path);
}

bool config_tracks_service(const struct config *config, const char *service)
{
    for (size_t i = 0; config->services[i]; i++)
        if (strcmp(config->services[i], service) == 0)
            return true;
    return false;
}

int config_list_keys(void (*visit)(const char *section, const char *key, const char *default_text,
                                   void *userdata),
                     void *userdata)
{
    for (size_t i = 0; i < ELEMENTS(keys); i++)
        visit(keys[i].section, keys[i].name, keys[i].default_text, userdata);
    return 0;
}
