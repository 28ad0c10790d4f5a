/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tests of rules and of saved configurations share: a folder with a main file and a
 * policy.d beside it, and the configuration that was loaded from there.
 */
#ifndef SESSMGR_CONFIG_FIXTURE_H
#define SESSMGR_CONFIG_FIXTURE_H

#include <stddef.h>

#include "daemon/config.h"

enum { CONFIG_PATH_BYTES = 256 };

struct config_fixture {
    char folder[32];
    char path[48];         /* of the main file */
    struct config *config; /* of the last load, NULL where that failed */
    struct config_error error;
};

int config_fixture_setup(void **state);
int config_fixture_teardown(void **state);

/* The path of something below the folder. Returns buffer. */
const char *config_fixture_path(const struct config_fixture *fixture, const char *name,
                                char buffer[static CONFIG_PATH_BYTES]);

/* Write a file: below the folder, whose own folder is there; the main one; a rule (name with
 * ".conf"). */
void put_file(const struct config_fixture *fixture, const char *name, const char *text);
void put_main(const struct config_fixture *fixture, const char *text);
void put_rule(const struct config_fixture *fixture, const char *name, const char *text);

/* Loads what is there. Returns config_load()'s result. */
int load_config(struct config_fixture *fixture);

void assert_config_loads(struct config_fixture *fixture);

/* Loads what must be refused, for the sake of a file below the folder, a line and a key, with these
 * words in the message. */
void assert_config_refused(struct config_fixture *fixture, const char *file, int line,
                           const char *key, const char *words);

/* The number of a rule's key in rule_table. */
size_t number_of_key(const char *name);

/* Fails unless a rule's key has a value, as it would stand in a file. */
void assert_value(const struct rule *rule, const char *key, const char *expected);

#define CONFIG_TEST(function) \
    cmocka_unit_test_setup_teardown(function, config_fixture_setup, config_fixture_teardown)

#endif
