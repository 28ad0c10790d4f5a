/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `store stat`: the numbers that are kept of the store, the daemon's or those of its files.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/store.h"
#include "ctl/table.h"

static const struct {
    const char *key; /* of GetStatistics */
    const char *name;
} rows[] = {
    {"storeCheckpointRecords", "Records in the checkpoint"},
    {"storeCheckpointBytes", "Bytes of the checkpoint"},
    {"storeLogBytes", "Bytes of the log"},
    {"storeSequence", "Last change"},
    {"storeCommits", "Commits"},
    {"storeAvailable", "Takes changes"},
    {"storeDamaged", "Damaged"},
};

struct listing {
    struct table *table;
    FILE *json;
    size_t count;
    bool damaged;
};

static void add_statistic(const char *key, const char *value, void *userdata)
{
    struct listing *listing = userdata;
    const char *word = strcmp(value, "true") == 0    ? "yes"
                       : strcmp(value, "false") == 0 ? "no"
                                                     : value;

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        const char *cells[] = {rows[i].name, word};

        if (strcmp(key, rows[i].key) != 0)
            continue;
        fprintf(listing->json, "%s\"%s\":%s", listing->count++ > 0 ? "," : "", key, value);
        (void)table_add(listing->table, cells, COLOUR_NONE); /* without memory a row is missing */
    }
    if (strcmp(key, "storeDamaged") == 0)
        listing->damaged = strcmp(value, "true") == 0;
}

static enum exit_code print_statistics(const struct store_request *request, const char *statistics)
{
    static const char *const heads[] = {"STORE", ""};
    CLEANUP(table_freep) struct table *table = NULL;
    CLEANUP(freep) char *text = NULL;
    struct listing listing = {0};
    size_t size;

    if (table_new(&table, heads, ELEMENTS(heads)) < 0)
        return failure_tell(request->word, -ENOMEM, "");
    listing.table = table;
    listing.json = open_memstream(&text, &size);
    if (!listing.json)
        return failure_tell(request->word, -ENOMEM, "");
    fputc('{', listing.json);
    (void)json_for_each(statistics, add_statistic, &listing); /* what cannot be read is left out */
    fputc('}', listing.json);
    if (fclose(listing.json) != 0)
        return failure_tell(request->word, -ENOMEM, "");
    if (request->options->json != JSON_OFF)
        json_print(stdout, text, request->options->json);
    else
        table_print(table, stdout, false, false);
    return listing.damaged ? CODE_DAMAGED : CODE_OK;
}

enum exit_code store_command_stat(struct store_request *request)
{
    CLEANUP(freep) char *statistics = NULL;
    enum exit_code code;
    int r;

    r = sessmgr_get_statistics(request->handle, &statistics);
    if (r >= 0)
        return print_statistics(request, statistics);
    if (failure_code(r) != CODE_UNREACHABLE)
        return store_fail(request, request->handle, r);
    code = store_offline_run(request, STDIN_FILENO, -1);
    /* a store that cannot even be opened has no numbers */
    return code == CODE_FAILED || request->text[0] == '\0'
               ? code
               : print_statistics(request, request->text);
}
