/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of sessmgrd.conf that rules do not have. Those that they have are in settings.c.
 */
#include <config.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/config-internal.h"
#include "daemon/config-value.h"
#include "daemon/config.h"

static const char *const no_yes_names[] = {"no", "yes", NULL};

static const struct config_key manager_keys[CONFIG_MANAGER_KEYS] = {
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
    {.section = "Manager",
     .name = "Adopt",
     .type = &config_type_enum,
     .offset = offsetof(struct config, adopts),
     .default_text = "yes",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
};

static const struct config_key break_glass_keys[CONFIG_BREAK_GLASS_KEYS] = {
    {.section = "Break-Glass",
     .name = "Users",
     .type = &config_type_users,
     .offset = offsetof(struct break_glass, users),
     .default_text = "",
     .expected = "at most 64 names, patterns or user IDs separated by spaces"},
    {.section = "Break-Glass",
     .name = "Groups",
     .type = &config_type_groups,
     .offset = offsetof(struct break_glass, groups),
     .default_text = "",
     .expected = "at most 64 groups that exist, patterns or group IDs separated by spaces"},
    {.section = "Break-Glass",
     .name = "RootOnConsole",
     .type = &config_type_enum,
     .offset = offsetof(struct break_glass, root_on_console),
     .default_text = "yes",
     .expected = "\"yes\" or \"no\"",
     .names = no_yes_names},
};

/* Of the host, not of a rule: one key signs for all. */
static const struct config_key host_token_keys[CONFIG_HOST_TOKEN_KEYS] = {
    {.section = "Tokens",
     .name = "KeyRotationSec",
     .type = &config_type_duration,
     .offset = offsetof(struct config, key_rotation_usec),
     .default_text = "30d",
     .expected = "a duration from 1h such as \"30d\", or \"infinity\"",
     .min = 3600 * USEC_PER_SEC,
     .max = USEC_INFINITY,
     .infinity = true},
};

static const struct config_group groups[] = {
    {.keys = manager_keys, .count = ELEMENTS(manager_keys), .offset = 0},
    {.keys = break_glass_keys,
     .count = ELEMENTS(break_glass_keys),
     .offset = offsetof(struct config, break_glass)},
    SETTINGS_GROUPS(offsetof(struct config, fallback.settings)),
    {.keys = host_token_keys, .count = ELEMENTS(host_token_keys), .offset = 0},
};

const struct config_table config_main_table = {
    .groups = groups, .group_count = ELEMENTS(groups), .key_count = CONFIG_KEYS};
