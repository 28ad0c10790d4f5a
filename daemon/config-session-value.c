/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of [Session] that have a form of their own: sets of words, warnings, an extension, hours,
 * a message.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/config-value.h"
#include "daemon/settings.h"

enum { WORD_MAX_BYTES = 64 };

/* Takes a word off the front of a text. Returns false at its end; one that is too long for any
 * meaning is empty: cut, it could mean something else. */
static bool take_word(const char **text, char word[static WORD_MAX_BYTES])
{
    const char *start = *text + strspn(*text, " \t");
    size_t bytes = strcspn(start, " \t");

    *text = start + bytes;
    (void)snprintf(word, WORD_MAX_BYTES, "%.*s", bytes < WORD_MAX_BYTES ? (int)bytes : 0, start);
    return bytes > 0;
}

static int find_name(const char *const *names, const char *word)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    return -EINVAL;
}

static int parse_set(const struct config_key *key, const char *text, void *member)
{
    char word[WORD_MAX_BYTES];
    unsigned set = 0;

    while (take_word(&text, word)) {
        int index = find_name(key->names, word);

        if (index < 0)
            return index;
        set |= 1U << index;
    }
    *(unsigned *)member = set;
    return 0;
}

static void print_set(const struct config_key *key, const void *member, FILE *stream)
{
    unsigned set = *(const unsigned *)member;
    bool first = true;

    for (int i = 0; key->names[i]; i++) {
        if ((set & 1U << i) == 0)
            continue;
        (void)fprintf(stream, "%s%s", first ? "" : " ", key->names[i]); /* errors stay with it */
        first = false;
    }
}

static int compare_falling(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left < right) - (left > right);
}

static int parse_warnings(const struct config_key *key, const char *text, void *member)
{
    struct warnings warnings = {.count = 0};
    char word[WORD_MAX_BYTES];

    (void)key; /* every list of warnings is alike */
    while (strcmp(text, "none") != 0 && take_word(&text, word)) {
        int64_t *left = &warnings.left_usec[warnings.count];

        if (warnings.count == WARNINGS_MAX || config_parse_duration(word, left) < 0 || *left == 0 ||
            *left == USEC_INFINITY)
            return -EINVAL;
        warnings.count++;
    }
    qsort(warnings.left_usec, warnings.count, sizeof(warnings.left_usec[0]), compare_falling);
    *(struct warnings *)member = warnings;
    return 0;
}

static void print_warnings(const struct config_key *key, const void *member, FILE *stream)
{
    const struct warnings *warnings = member;

    (void)key;
    if (warnings->count == 0)
        (void)fputs("none", stream);
    for (size_t i = 0; i < warnings->count; i++) {
        (void)fputs(i > 0 ? " " : "", stream);
        config_print_duration(warnings->left_usec[i], stream);
    }
}

static const char *const extend_by_names[] = {
    [EXTEND_BY_OWNER] = "owner", [EXTEND_BY_MEMBER] = "member", NULL};

static int parse_extension(const struct config_key *key, const char *text, void *member)
{
    struct extension extension = {.amount_usec = 0, .count = 1, .by = EXTEND_BY_OWNER};
    char word[WORD_MAX_BYTES];
    int by;

    (void)key; /* every extension is alike */
    if (strcmp(text, "no") != 0) {
        if (!take_word(&text, word) || config_parse_duration(word, &extension.amount_usec) < 0 ||
            extension.amount_usec < USEC_PER_SEC || extension.amount_usec == USEC_INFINITY)
            return -EINVAL;
        if (take_word(&text, word) &&
            (config_parse_number(word, &extension.count) < 0 || extension.count < 1))
            return -EINVAL;
        if (take_word(&text, word)) {
            by = find_name(extend_by_names, word);
            if (by < 0 || take_word(&text, word))
                return -EINVAL;
            extension.by = (enum extend_by)by;
        }
    }
    *(struct extension *)member = extension;
    return 0;
}

static void print_extension(const struct config_key *key, const void *member, FILE *stream)
{
    const struct extension *extension = member;

    (void)key;
    if (extension->amount_usec == 0) {
        (void)fputs("no", stream);
        return;
    }
    config_print_duration(extension->amount_usec, stream);
    (void)fputc(' ', stream);
    config_print_number(extension->count, stream);
    (void)fprintf(stream, " %s", extend_by_names[extension->by]);
}

static int parse_hours(const struct config_key *key, const char *text, void *member)
{
    (void)key; /* all hours are alike */
    return hours_parse(text, member);
}

static void print_hours(const struct config_key *key, const void *member, FILE *stream)
{
    (void)key;
    (void)fputs(((const struct hours *)member)->text, stream);
}

static int parse_text(const struct config_key *key, const char *text, void *member)
{
    char *copy = NULL;

    (void)key; /* any line is a text: its bytes have been looked at */
    if (*text != '\0') {
        copy = strdup(text);
        if (!copy)
            return -ENOMEM;
    }
    free(*(char **)member);
    *(char **)member = copy;
    return 0;
}

static void print_text(const struct config_key *key, const void *member, FILE *stream)
{
    const char *text = *(const char *const *)member;

    (void)key;
    (void)fputs(text ? text : "", stream);
}

static void release_text(void *member)
{
    free(*(char **)member);
    *(char **)member = NULL;
}

const struct config_type config_type_set = {.parse = parse_set, .print = print_set};
const struct config_type config_type_warnings = {.parse = parse_warnings, .print = print_warnings};
const struct config_type config_type_extension = {.parse = parse_extension,
                                                  .print = print_extension};
const struct config_type config_type_hours = {.parse = parse_hours, .print = print_hours};
const struct config_type config_type_text = {
    .parse = parse_text, .print = print_text, .release = release_text};
