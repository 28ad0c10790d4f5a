/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files: ini syntax, read strictly by a table that says which keys there are.
 *
 * The syntax: `[Section]` and `Key=value` lines; comments are lines of their own that begin with
 * `#` or `;`. An empty value gives the key back its default. Whatever could be read in two ways is
 * an error: indented lines, lines of more than CONFIG_LINE_MAX_BYTES, a section or a key twice in
 * one file, a comment behind a value, control characters, bytes that are not UTF-8.
 */
#ifndef SESSMGR_CONFIG_FILE_H
#define SESSMGR_CONFIG_FILE_H

#include "daemon/config-table.h"

/* Where a configuration is wrong. line is 0 where it means nothing. */
struct config_error {
    char file[256];
    int line;
    char key[64];
    char message[256]; /* what was found and what was expected */
};

enum {
    CONFIG_LINE_MAX_BYTES = 190,         /* inih would cut at 200 */
    CONFIG_FILE_MAX_BYTES = 1024 * 1024, /* of one file */
};

/*
 * Reads one file into a structure whose members are all set; keys that the file does not name stay
 * as they are. origins: key_count of them; those of the keys that the file names become path (which
 * has to live as long as they do) and their lines; NULL: nobody asks. Blocks on the disk; never
 * waits for a FIFO. Errors: -ENOENT there is no such file (*ret_error says so); -EINVAL it is
 * wrong; -ENOMEM; -errno of reading. *ret_error (never NULL) explains; structure and origins may
 * have been changed in part.
 */
int config_file_read(const char *path, const struct config_table *table, void *structure,
                     struct config_origin *origins, struct config_error *ret_error);

/*
 * Calls visit for each "*.conf" in a folder, in the order of their names by bytes, for as long as
 * it returns 0 or more. path: borrowed for the call. A folder that is not there is an empty one.
 * Blocks on the disk. Returns what visit returned last. Errors: -ENOMEM, -errno of scandir(3), and
 * then *ret_error explains.
 */
int config_each_file(const char *folder, int (*visit)(const char *path, void *userdata),
                     void *userdata, struct config_error *ret_error);

/*
 * Fills in *error and returns result. line: from 1, 0 where it means nothing; key may be NULL.
 */
__attribute__((format(printf, 6, 7))) int config_explain(struct config_error *error, int result,
                                                         const char *file, int line,
                                                         const char *key, const char *format, ...);

enum { CONFIG_ERROR_TEXT_BYTES = 1024 };

/* "FILE:LINE: KEY: MESSAGE", without what means nothing. Returns buffer. */
const char *config_error_text(const struct config_error *error,
                              char buffer[static CONFIG_ERROR_TEXT_BYTES]);

#endif
