/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what is done with all keys of a table alike; see config-table.h.
 */
#include <config.h>

#include "daemon/config-table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"

const struct config_key *config_table_key(const struct config_table *table, size_t number,
                                          size_t *ret_offset)
{
    const struct config_group *group = table->groups;

    for (; number >= group->count; group++)
        number -= group->count;
    *ret_offset = group->offset + group->keys[number].offset;
    return &group->keys[number];
}

int config_table_defaults(const struct config_table *table, void *structure)
{
    for (size_t i = 0; i < table->key_count; i++) {
        size_t offset;
        const struct config_key *key = config_table_key(table, i, &offset);

        int r = key->type->parse(key, key->default_text, (char *)structure + offset);
        assert(r != -EINVAL && r != -ENOENT); /* the table is wrong */
        if (r < 0)
            return r;
    }
    return 0;
}

void config_table_release(const struct config_table *table, void *structure)
{
    for (size_t i = 0; i < table->key_count; i++) {
        size_t offset;
        const struct config_key *key = config_table_key(table, i, &offset);

        if (key->type->release)
            key->type->release((char *)structure + offset);
    }
}

/* What a key prints, it reads. */
static int copy_value(const struct config_table *table, size_t number, const void *from, void *to)
{
    size_t offset, bytes = 0;
    const struct config_key *key = config_table_key(table, number, &offset);
    CLEANUP(freep) char *text = NULL;
    FILE *stream = open_memstream(&text, &bytes);

    if (!stream)
        return -ENOMEM;
    key->type->print(key, (const char *)from + offset, stream);
    if (fclose(stream) != 0)
        return -ENOMEM;
    return key->type->parse(key, text, (char *)to + offset);
}

int config_table_copy(const struct config_table *table, const void *from, void *to)
{
    int r = 0;

    for (size_t i = 0; i < table->key_count && r >= 0; i++)
        r = copy_value(table, i, from, to);
    return r;
}

void config_table_print_value(const struct config_table *table, size_t number,
                              const void *structure, FILE *stream)
{
    size_t offset;
    const struct config_key *key = config_table_key(table, number, &offset);

    key->type->print(key, (const char *)structure + offset, stream);
}

void config_table_print(const struct config_table *table, const void *structure, FILE *stream)
{
    const char *section = "";

    for (size_t i = 0; i < table->key_count; i++) {
        size_t offset;
        const struct config_key *key = config_table_key(table, i, &offset);

        /* what cannot be written stays with the stream as its error */
        if (strcmp(section, key->section) != 0)
            (void)fprintf(stream, "%s[%s]\n", i > 0 ? "\n" : "", key->section);
        section = key->section;
        (void)fprintf(stream, "%s=", key->name);
        config_table_print_value(table, i, structure, stream);
        (void)fputc('\n', stream);
    }
}
