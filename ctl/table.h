/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of text: columns as wide as their widest cell, aligned left.
 */
#ifndef SESSMGRCTL_TABLE_H
#define SESSMGRCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/format.h"

struct table;

/* Makes a table with these column heads (a copy is taken). To be freed with table_free(). Error:
 * -ENOMEM. */
int table_new(struct table **ret, const char *const *heads, size_t column_count);

void table_free(struct table *table);
void table_freep(struct table **table);

/*
 * Adds a row. cells: as many as there are columns; any text (escaped here), NULL is shown as "-".
 * colour: of the whole row. Error: -ENOMEM (the table is as it was).
 */
int table_add(struct table *table, const char *const *cells, enum colour colour);

/* Writes the table; heads: with the line of column heads. Errors stay with the stream. */
void table_print(const struct table *table, FILE *stream, bool heads, bool colours);

#endif
