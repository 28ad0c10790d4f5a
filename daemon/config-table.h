/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of configuration files: one row describes a key wholly, so that a new key is one new
 * row. Each kind of file (sessmgrd.conf, a rule) has a table; keys that both have are in a group
 * that both name.
 */
#ifndef SESSMGR_CONFIG_TABLE_H
#define SESSMGR_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CONFIG_KEYS_MAX = 64 }; /* of a table */

struct config_key;

/* What kinds of values there are; see config-value.h for those of the project. */
struct config_type {
    /* Sets a member (of defined contents: zero or set before) from a text, which is empty only
     * where that is the key's default. Errors: -EINVAL it is not a value of this key, -ENOENT it
     * names what there is not (a group), -ENOMEM; the member is then as before. */
    int (*parse)(const struct config_key *key, const char *text, void *member);
    /* Writes the member as parse() reads it. */
    void (*print)(const struct config_key *key, const void *member, FILE *stream);
    /* Releases what the member owns; NULL where it owns nothing. */
    void (*release)(void *member);
};

struct config_key {
    const char *section;
    const char *name;
    const struct config_type *type;
    size_t offset;            /* of the member in the structure */
    const char *default_text; /* as it would stand in a file */
    const char *expected;     /* what a value has to be, for error messages: "expected <this>" */
    int64_t min, max;         /* numbers and durations, both included */
    bool infinity;            /* numbers and durations: "infinity" (INT64_MAX) is allowed */
    const char *const *names; /* enumerations and sets: ended by NULL */
};

/* Keys whose members are in one structure, which is itself at an offset in that of a table. */
struct config_group {
    const struct config_key *keys;
    size_t count;
    size_t offset;
};

/* All keys of a kind of file, numbered through its groups. Those of one section stand together. */
struct config_table {
    const struct config_group *groups;
    size_t group_count;
    size_t key_count; /* of all groups; CONFIG_KEYS_MAX at most */
};

/* Where a key was set last; file is NULL where its default stands, else borrowed. */
struct config_origin {
    const char *file;
    int line;
};

/* A key by its number (below key_count), and where its member is in the table's structure. */
const struct config_key *config_table_key(const struct config_table *table, size_t number,
                                          size_t *ret_offset);

/* Sets every member to its default. Error: -ENOMEM (config_table_release() is still due). */
int config_table_defaults(const struct config_table *table, void *structure);

/* Releases what the members own. */
void config_table_release(const struct config_table *table, void *structure);

/* Sets every member (all are set, or zero) as another structure has it. Error: -ENOMEM. */
int config_table_copy(const struct config_table *table, const void *from, void *to);

/* Writes the value of one key, by its number. */
void config_table_print_value(const struct config_table *table, size_t number,
                              const void *structure, FILE *stream);

/* Writes every key with its value, a section after the other. The stream's errors are the caller's
 * to look at. */
void config_table_print(const struct config_table *table, const void *structure, FILE *stream);

#endif
