/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON text for people and for scripts. The texts come from libsessmgr, which has proved them to be
 * well-formed; nothing here checks that again, but nothing here runs past the end of one that is
 * not.
 */
#ifndef SESSMGRCTL_JSON_H
#define SESSMGRCTL_JSON_H

#include <stdio.h>

enum json_mode {
    JSON_OFF,    /* tables and lines instead */
    JSON_SHORT,  /* one line a text */
    JSON_PRETTY, /* indented */
};

/*
 * Writes a text and a newline: without white space between tokens (JSON_SHORT), or one member a
 * line, four spaces a level (JSON_PRETTY). Characters that a terminal could take for a command and
 * that JSON allows in strings (U+007F..9F, ...) are written as \uNNNN.
 */
void json_print(FILE *stream, const char *text, enum json_mode mode);

/* Writes a C string as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
void json_print_string(FILE *stream, const char *text);

/*
 * What a value says, as a fresh C string, to be freed with free(); NULL: no memory. A string loses
 * its quotes, and the backslash of \", \\ and \/. Other escapes stay: they stand for characters
 * that a terminal is not to be sent. Any other value is as it stands in the text.
 */
char *json_text(const char *value);

/*
 * Calls visit for each member of the object that text is. key: as it stands in the text, without
 * its quotes; value: the same, with quotes; both borrowed and valid during the call.
 * Returns 0, or -ENOMEM, or -EINVAL: text is no object.
 */
int json_for_each(const char *text,
                  void (*visit)(const char *key, const char *value, void *userdata),
                  void *userdata);

#endif
