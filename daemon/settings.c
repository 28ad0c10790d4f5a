/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the keys of [Session] and [Tokens]; see settings.h. Long because each key is a row.
 */
#include <config.h>

#include "daemon/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "daemon/clock.h"
#include "daemon/config-value.h"

const char *const kill_processes_names[] = {[KILL_ENFORCED] = "enforced",
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
static const char *const on_limit_names[] = {[ON_LIMIT_REFUSE] = "refuse",
                                             [ON_LIMIT_END_OLDEST] = "end-oldest",
                                             [ON_LIMIT_END_IDLEST] = "end-idlest",
                                             NULL};
/* In the order of their bits. */
static const char *const activity_names[] = {"tty-input", "tty-output", "token", "processes", NULL};

const struct config_key session_keys[SESSION_KEYS] = {
    {.section = "Session",
     .name = "Track",
     .type = &config_type_enum,
     .offset = offsetof(struct session_settings, track),
     .default_text = "yes",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
    {.section = "Session",
     .name = "LifetimeSec",
     .type = &config_type_duration,
     .offset = offsetof(struct session_settings, lifetime_usec),
     .default_text = "infinity",
     .expected = "a duration above 0 such as \"8h\" or \"1h 30min\"; \"infinity\" is no limit",
     .min = 1,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Session",
     .name = "IdleSec",
     .type = &config_type_duration,
     .offset = offsetof(struct session_settings, idle_usec),
     .default_text = "infinity",
     .expected = "a duration from 1s such as \"15min\" or \"1h 30min\"; \"infinity\" is no limit",
     .min = USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Session",
     .name = "IdleSecWithoutTerminal",
     .type = &config_type_duration,
     .offset = offsetof(struct session_settings, idle_without_terminal_usec),
     .default_text = "infinity",
     .expected = "a duration from 1s such as \"15min\" or \"1h 30min\"; \"infinity\" is no limit",
     .min = USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Session",
     .name = "IdleActivity",
     .type = &config_type_set,
     .offset = offsetof(struct session_settings, idle_activity),
     .default_text = "tty-input tty-output token",
     .expected =
         "some of \"tty-input\", \"tty-output\", \"token\" and \"processes\", separated by spaces",
     .names = activity_names},
    {.section = "Session",
     .name = "MaxSessions",
     .type = &config_type_number,
     .offset = offsetof(struct session_settings, max_sessions),
     .default_text = "infinity",
     .expected = "a number from 1; \"infinity\" is no limit",
     .min = 1,
     .max = INT64_MAX,
     .infinity = true},
    {.section = "Session",
     .name = "MaxSessionsPerService",
     .type = &config_type_number,
     .offset = offsetof(struct session_settings, max_sessions_per_service),
     .default_text = "infinity",
     .expected = "a number from 1; \"infinity\" is no limit",
     .min = 1,
     .max = INT64_MAX,
     .infinity = true},
    {.section = "Session",
     .name = "OnLimit",
     .type = &config_type_enum,
     .offset = offsetof(struct session_settings, on_limit),
     .default_text = "refuse",
     .expected = "\"refuse\", \"end-oldest\" or \"end-idlest\"",
     .names = on_limit_names},
    {.section = "Session",
     .name = "CountNested",
     .type = &config_type_enum,
     .offset = offsetof(struct session_settings, count_nested),
     .default_text = "no",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
    {.section = "Session",
     .name = "Warn",
     .type = &config_type_warnings,
     .offset = offsetof(struct session_settings, warnings),
     .default_text = "5min 1min",
     .expected =
         "at most 8 durations above 0 such as \"10min 1min\", written without spaces in them, or "
         "\"none\""},
    {.section = "Session",
     .name = "Extend",
     .type = &config_type_extension,
     .offset = offsetof(struct session_settings, extension),
     .default_text = "no",
     .expected =
         "\"no\", or how much, how often and by whom, such as \"30min 2 owner\" (or \"member\")"},
    {.section = "Session",
     .name = "Hours",
     .type = &config_type_hours,
     .offset = offsetof(struct session_settings, hours),
     .default_text = "",
     .expected = "days and times such as \"Mon..Fri 08:00-18:00 Sat 09:00-12:00\""},
    {.section = "Session",
     .name = "EndWithCredential",
     .type = &config_type_enum,
     .offset = offsetof(struct session_settings, end_with_credential),
     .default_text = "no",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
    {.section = "Session",
     .name = "GraceSec",
     .type = &config_type_duration,
     .offset = offsetof(struct session_settings, grace_usec),
     .default_text = "10s",
     .expected = "a duration from 0 to 10min",
     .max = 600 * USEC_PER_SEC},
    {.section = "Session",
     .name = "KillProcesses",
     .type = &config_type_enum,
     .offset = offsetof(struct session_settings, kill_processes),
     .default_text = "enforced",
     .expected = "\"enforced\", \"always\", \"no\" or \"all\"",
     .names = kill_processes_names},
    {.section = "Session",
     .name = "Message",
     .type = &config_type_text,
     .offset = offsetof(struct session_settings, message),
     .default_text = "",
     .expected = "a text"},
};

const struct config_key token_keys[TOKEN_KEYS] = {
    {.section = "Tokens",
     .name = "TokenType",
     .type = &config_type_enum,
     .offset = offsetof(struct token_settings, type),
     .default_text = "opaque",
     .expected = "\"opaque\" or \"jwt\"",
     .names = token_kind_names},
    {.section = "Tokens",
     .name = "TokenLifetimeSec",
     .type = &config_type_duration_or_auto,
     .offset = offsetof(struct token_settings, lifetime_usec),
     .default_text = "auto",
     .expected = "a duration from 1s such as \"15min\", \"infinity\", or \"auto\"",
     .min = USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Tokens",
     .name = "TokenAtLogin",
     .type = &config_type_enum,
     .offset = offsetof(struct token_settings, at_login),
     .default_text = "none",
     .expected = "\"none\" or \"file\"",
     .names = at_login_names},
    {.section = "Tokens",
     .name = "RefreshToken",
     .type = &config_type_enum,
     .offset = offsetof(struct token_settings, refresh),
     .default_text = "no",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
    {.section = "Tokens",
     .name = "RefreshLifetimeSec",
     .type = &config_type_duration,
     .offset = offsetof(struct token_settings, refresh_lifetime_usec),
     .default_text = "12h",
     .expected = "a duration from 1s such as \"12h\", or \"infinity\"",
     .min = USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
    {.section = "Tokens",
     .name = "Rotation",
     .type = &config_type_enum,
     .offset = offsetof(struct token_settings, rotation),
     .default_text = "each-use",
     .expected = "\"each-use\" or \"never\"",
     .names = rotation_names},
    {.section = "Tokens",
     .name = "RotationGraceSec",
     .type = &config_type_duration,
     .offset = offsetof(struct token_settings, rotation_grace_usec),
     .default_text = "30s",
     .expected = "a duration from 0 to 10min",
     .max = 600 * USEC_PER_SEC},
    {.section = "Tokens",
     .name = "ReuseAction",
     .type = &config_type_enum,
     .offset = offsetof(struct token_settings, reuse_action),
     .default_text = "revoke-family",
     .expected = "\"revoke-family\" or \"end-session\"",
     .names = reuse_names},
    {.section = "Tokens",
     .name = "Bind",
     .type = &config_type_enum,
     .offset = offsetof(struct token_settings, bind),
     .default_text = "none",
     .expected = "\"none\" or \"uid\"",
     .names = bind_names},
    {.section = "Tokens",
     .name = "Issuer",
     .type = &config_type_issuer,
     .offset = offsetof(struct token_settings, issuer),
     .default_text = "auto",
     .expected = "a name or URI of ASCII characters without blanks and quotes, or \"auto\""},
    {.section = "Tokens",
     .name = "Audience",
     .type = &config_type_audiences,
     .offset = offsetof(struct token_settings, audiences),
     .default_text = "auto",
     .expected = "names or URIs of ASCII characters without quotes, separated by spaces, or "
                 "\"auto\""},
    {.section = "Tokens",
     .name = "Scopes",
     .type = &config_type_scopes,
     .offset = offsetof(struct token_settings, scopes),
     .default_text = "",
     .expected = "at most 16 scopes of at most 64 ASCII characters without quotes, separated by "
                 "spaces"},
};

static const struct config_group settings_groups[] = {SETTINGS_GROUPS(0)};
const struct config_table settings_table = {.groups = settings_groups,
                                            .group_count = ELEMENTS(settings_groups),
                                            .key_count = SESSION_KEYS + TOKEN_KEYS};

static const struct config_group session_groups[] = {
    {.keys = session_keys, .count = SESSION_KEYS, .offset = 0}};
const struct config_table session_settings_table = {
    .groups = session_groups, .group_count = ELEMENTS(session_groups), .key_count = SESSION_KEYS};

static void write_value(const struct config_table *table, size_t number, const void *structure,
                        struct json_writer *writer)
{
    CLEANUP(freep) char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);

    if (stream == NULL)
        return;
    config_table_print_value(table, number, structure, stream);
    if (fclose(stream) != 0)
        return;
    json_key(writer, "value");
    json_string(writer, text);
}

void settings_write_members(const struct config_table *table, const void *structure,
                            const struct config_origin *origins, struct json_writer *writer)
{
    for (size_t i = 0; i < table->key_count; i++) {
        size_t offset;

        json_key(writer, config_table_key(table, i, &offset)->name);
        json_begin_object(writer);
        write_value(table, i, structure, writer); /* left out where memory is short */
        if (origins[i].file != NULL) {
            json_key(writer, "file");
            json_string(writer, origins[i].file);
            json_key(writer, "line");
            json_int(writer, origins[i].line);
        }
        json_end_object(writer);
    }
}
