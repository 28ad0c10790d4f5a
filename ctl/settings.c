/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the settings that the daemon sends, by the names that it has for them; see settings.h.
 */
#include "config.h"

#include "ctl/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/json.h"
#include "ctl/table.h"

/* What is said of one setting; NULL where it is not. */
struct setting {
    char *value;
    char *file;
    char *line;
};

static void setting_done(struct setting *setting)
{
    free(setting->value);
    free(setting->file);
    free(setting->line);
}

/* "FILE:LINE", or the file alone. */
static char *place(const char *file, int64_t line)
{
    char *text = NULL;

    if (line <= 0)
        return strdup(file);
    return asprintf(&text, "%s:%" PRId64, file, line) < 0 ? NULL : text;
}

char *settings_policy(const char *name, const char *file, int64_t line)
{
    CLEANUP(freep) char *from = file && file[0] != '\0' ? place(file, line) : NULL;
    char *text = NULL;

    if (!from)
        return strdup(name);
    return asprintf(&text, "%s (%s)", name, from) < 0 ? NULL : text;
}

static void read_member(const char *key, const char *value, void *userdata)
{
    struct setting *setting = userdata;
    char **member = strcmp(key, "value") == 0  ? &setting->value
                    : strcmp(key, "file") == 0 ? &setting->file
                    : strcmp(key, "line") == 0 ? &setting->line
                                               : NULL;

    if (member)
        *member = json_text(value);
}

static void add_setting(const char *key, const char *value, void *userdata)
{
    CLEANUP(setting_done) struct setting setting = {0};
    CLEANUP(freep) char *from = NULL;
    const char *cells[] = {key, NULL, "default"};

    (void)json_for_each(value, read_member, &setting); /* what cannot be read is not shown */
    if (setting.value && setting.value[0] != '\0')
        cells[1] = setting.value;
    if (setting.file) {
        from = place(setting.file, setting.line ? strtoimax(setting.line, NULL, 10) : 0);
        cells[2] = from;
    }
    (void)table_add(userdata, cells, COLOUR_NONE); /* without memory a row is missing */
}

int settings_print(const char *json, bool colours)
{
    static const char *const heads[] = {"KEY", "VALUE", "FROM"};
    CLEANUP(table_freep) struct table *table = NULL;
    int r;

    r = table_new(&table, heads, ELEMENTS(heads));
    if (r < 0)
        return r;
    (void)json_for_each(json, add_setting, table); /* the same */
    table_print(table, stdout, true, colours);
    return 0;
}
