/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files: ini syntax, read strictly by a table that says which keys there are. One row
 * describes a key wholly, so that a new key is one new row; files of other kinds (policy rules)
 * bring a table of their own.
 *
 * The syntax: `[Section]` and `Key=value` lines; comments are lines of their own that begin with
 * `#` or `;`. An empty value gives the key back its default. Whatever could be read in two ways is
 * an error: indented lines, lines of more than CONFIG_LINE_MAX_BYTES, a section or a key twice in
 * one file, a comment behind a value, control characters, bytes that are not UTF-8.
 */
#ifndef SESSMGR_CONFIG_FILE_H
#define SESSMGR_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/config.h"

enum {
    CONFIG_LINE_MAX_BYTES = 190,         /* inih would cut at 200 */
    CONFIG_FILE_MAX_BYTES = 1024 * 1024, /* of one file */
    CONFIG_KEYS_MAX = 64,                /* rows of a table */
};

struct config_key;

/* What kinds of values there are; see config-value.h for those of the project. */
struct config_type {
    /* Sets a member (of defined contents: zero or set before) from a text that is not empty.
     * Errors: -EINVAL it is not a value of this key, -ENOMEM; the member is then as before. */
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
    const char *const *names; /* enumerations: ended by NULL */
};

struct config_table {
    const struct config_key *keys; /* keys of one section stand together */
    size_t count;                  /* CONFIG_KEYS_MAX at most */
};

/* Sets every member to its default. Error: -ENOMEM (config_table_release() is still due). */
int config_table_defaults(const struct config_table *table, void *structure);

/* Releases what the members own. */
void config_table_release(const struct config_table *table, void *structure);

/*
 * Reads one file into a structure whose members are all set; keys that the file does not name stay
 * as they are. Blocks on the disk; never waits for a FIFO. Errors: -ENOENT there is no such file
 * (*ret_error says so); -EINVAL it is wrong; -ENOMEM; -errno of reading. *ret_error (never NULL)
 * explains; the structure may have been changed in part.
 */
int config_file_read(const char *path, const struct config_table *table, void *structure,
                     struct config_error *ret_error);

/* Writes every key with its value, a section after the other. The stream's errors are the caller's
 * to look at. */
void config_file_print(const struct config_table *table, const void *structure, FILE *stream);

/*
 * Tells every key of sessmgrd.conf, in the order of its sections, so that a script can compare the
 * manual and the shipped file with the daemon. The strings live as long as the program. Returns 0.
 */
int config_list_keys(void (*visit)(const char *section, const char *key, const char *default_text,
                                   void *userdata),
                     void *userdata);

/*
 * Fills in *error and returns result. line: from 1, 0 where it means nothing; key may be NULL.
 */
__attribute__((format(printf, 6, 7))) int config_explain(struct config_error *error, int result,
                                                         const char *file, int line,
                                                         const char *key, const char *format, ...);

#endif
