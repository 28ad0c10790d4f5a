/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the texts that many share; see intern.h.
 */
#include <config.h>

#include "daemon/intern.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/hash.h"

struct interned {
    size_t uses;
    bool unplaced; /* see hash.h */
    UT_hash_handle by_text;
    char text[];
};

const char *intern_take(struct intern_table *table, const char *text)
{
    size_t bytes = strlen(text);
    struct interned *entry = NULL;

    HASH_FIND(by_text, table->by_text, text, bytes, entry);
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry) + bytes + 1);
        if (entry == NULL)
            return NULL;
        memcpy(entry->text, text, bytes + 1);
        HASH_ADD_KEYPTR(by_text, table->by_text, entry->text, bytes, entry);
        if (entry->unplaced) {
            free(entry);
            return NULL;
        }
    }
    entry->uses++;
    return entry->text;
}

void intern_release(struct intern_table *table, const char *text)
{
    struct interned *entry = NULL;

    if (text == NULL)
        return;
    HASH_FIND(by_text, table->by_text, text, strlen(text), entry);
    assert(entry != NULL && entry->text == text);
    if (--entry->uses > 0)
        return;
    HASH_DELETE(by_text, table->by_text, entry);
    free(entry);
}
