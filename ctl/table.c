/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables: cells are kept printable, so that their widths are those of what is shown.
 */
#include "config.h"

#include "ctl/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"

enum { GAP_COLUMNS = 2 }; /* between two columns */

struct row {
    enum colour colour;
    char **cells;
};

struct table {
    size_t column_count;
    struct row *rows; /* the heads are the first */
    size_t row_count;
};

static void row_done(struct row *row, size_t column_count)
{
    if (!row->cells)
        return;
    for (size_t i = 0; i < column_count; i++)
        free(row->cells[i]);
    free(row->cells);
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->row_count; i++)
        row_done(&table->rows[i], table->column_count);
    free(table->rows);
    free(table);
}

void table_freep(struct table **table)
{
    table_free(*table);
}

int table_add(struct table *table, const char *const *cells, enum colour colour)
{
    struct row row = {.colour = colour};
    struct row *rows;

    rows = reallocarray(table->rows, table->row_count + 1, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    table->rows = rows;
    row.cells = calloc(table->column_count, sizeof(*row.cells));
    if (!row.cells)
        return -ENOMEM;
    for (size_t i = 0; i < table->column_count; i++) {
        row.cells[i] = format_printable(cells[i] ? cells[i] : "-");
        if (!row.cells[i]) {
            row_done(&row, table->column_count);
            return -ENOMEM;
        }
    }
    table->rows[table->row_count++] = row;
    return 0;
}

int table_new(struct table **ret, const char *const *heads, size_t column_count)
{
    CLEANUP(table_freep) struct table *table = NULL;
    int r;

    table = calloc(1, sizeof(*table));
    if (!table)
        return -ENOMEM;
    table->column_count = column_count;
    r = table_add(table, heads, COLOUR_HEADER);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(table);
    return 0;
}

static size_t column_width(const struct table *table, size_t column, bool heads)
{
    size_t width = 0;

    for (size_t i = heads ? 0 : 1; i < table->row_count; i++) {
        size_t cell = format_width(table->rows[i].cells[column]);

        if (cell > width)
            width = cell;
    }
    return width;
}

static void row_print(const struct table *table, const struct row *row, const size_t *widths,
                      FILE *stream, bool colours)
{
    fputs(format_colour_on(colours, row->colour), stream);
    for (size_t i = 0; i < table->column_count; i++) {
        size_t width = format_width(row->cells[i]);

        fputs(row->cells[i], stream);
        if (i + 1 < table->column_count)
            fprintf(stream, "%*s", (int)(widths[i] - width + GAP_COLUMNS), "");
    }
    fprintf(stream, "%s\n", format_colour_off(colours, row->colour));
}

void table_print(const struct table *table, FILE *stream, bool heads, bool colours)
{
    CLEANUP(freep) size_t *widths = NULL;

    widths = calloc(table->column_count, sizeof(*widths));
    for (size_t i = 0; widths && i < table->column_count; i++)
        widths[i] = column_width(table, i, heads);
    for (size_t i = heads ? 0 : 1; widths && i < table->row_count; i++)
        row_print(table, &table->rows[i], widths, stream, colours);
}
