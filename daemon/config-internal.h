/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What config.c and config-save.c know of the files of a configuration.
 */
#ifndef SESSMGR_CONFIG_INTERNAL_H
#define SESSMGR_CONFIG_INTERNAL_H

#include "daemon/config-table.h"

#define CONFIG_POLICY_FOLDER "policy.d"      /* of the rules, beside the main file */
#define CONFIG_MAIN_FILE     "sessmgrd.conf" /* in a folder that config_save() has written */

extern const struct config_table config_main_table; /* of a struct config */

#endif
