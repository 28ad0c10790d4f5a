/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What config.c, config-keys.c and config-save.c know of the files of a configuration.
 */
#ifndef SESSMGR_CONFIG_INTERNAL_H
#define SESSMGR_CONFIG_INTERNAL_H

#include "daemon/config-table.h"
#include "daemon/rule.h"

#define CONFIG_POLICY_FOLDER "policy.d"      /* of the rules, beside the main file */
#define CONFIG_MAIN_FILE     "sessmgrd.conf" /* in a folder that config_save() has written */

enum {
    CONFIG_MANAGER_KEYS = 5,
    CONFIG_BREAK_GLASS_KEYS = 3,
    CONFIG_HOST_TOKEN_KEYS = 1,
    CONFIG_SETTINGS_AT = CONFIG_MANAGER_KEYS + CONFIG_BREAK_GLASS_KEYS, /* those that rules have */
    CONFIG_KEYS = CONFIG_SETTINGS_AT + RULE_SETTINGS + CONFIG_HOST_TOKEN_KEYS,
};

extern const struct config_table config_main_table; /* of a struct config */

#endif
