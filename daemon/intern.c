/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the texts that many share; see intern.h.
 */
#include <config.h>

#include "daemon/intern.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct interned {
    RB_ENTRY(interned) by_text;
    size_t uses;
    const char *text; /* in the same block; a key's is its owner's */
};

static int compare_text(const struct interned *a, const struct interned *b)
{
    return strcmp(a->text, b->text);
}

TREE_GENERATE(intern_table, interned, by_text, compare_text)

static struct interned *find(struct intern_table *table, const char *text)
{
    struct interned key = {.text = text};

    return RB_FIND(intern_table, table, &key);
}

const char *intern_take(struct intern_table *table, const char *text)
{
    size_t bytes = strlen(text) + 1;
    struct interned *entry = find(table, text);

    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry) + bytes);
        if (entry == NULL)
            return NULL;
        entry->text = memcpy(entry + 1, text, bytes);
        (void)RB_INSERT(intern_table, table, entry); /* none of its text is there */
    }
    entry->uses++;
    return entry->text;
}

void intern_release(struct intern_table *table, const char *text)
{
    struct interned *entry;

    if (text == NULL)
        return;
    entry = find(table, text);
    assert(entry != NULL && entry->text == text);
    if (--entry->uses > 0)
        return;
    (void)RB_REMOVE(intern_table, table, entry);
    free(entry);
}
