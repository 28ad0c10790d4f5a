/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `status` and `reload`: the daemon itself.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"

struct status {
    int error; /* of asking for the version; 0: the daemon answers */
    char *version;
    int statistics_error;
    char *statistics; /* JSON */
};

static void status_done(struct status *status)
{
    free(status->version);
    free(status->statistics);
}

static void print_json_status(const struct status *status, const char *detail, enum json_mode mode)
{
    CLEANUP(freep) char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return;
    fprintf(stream, "{\"reachable\":%s", status->error == 0 ? "true" : "false");
    if (status->error == 0) {
        fputs(",\"version\":", stream);
        json_print_string(stream, status->version);
        fprintf(stream, ",\"statistics\":%s", status->statistics ? status->statistics : "null");
    } else {
        fputs(",\"error\":", stream);
        json_print_string(stream, detail[0] != '\0' ? detail : sessmgr_strerror(status->error));
    }
    fputc('}', stream);
    if (fclose(stream) == 0)
        json_print(stdout, text, mode);
}

/* A statistic; strings lose their quotes. */
static void print_statistic(const char *key, const char *value, void *userdata)
{
    CLEANUP(freep) char *name = format_printable(key);
    CLEANUP(freep) char *text = format_printable(value);
    size_t length = text ? strlen(text) : 0;
    bool quoted = length >= 2 && text[0] == '"';

    (void)userdata; /* none is needed */
    if (name && text)
        printf("%s: %.*s\n", name, (int)(quoted ? length - 2 : length), quoted ? text + 1 : text);
}

static void find_damage(const char *key, const char *value, void *userdata)
{
    bool *damaged = userdata;

    *damaged = *damaged || (strcmp(key, "storeDamaged") == 0 && strcmp(value, "true") == 0);
}

/* What nobody should have to find among the numbers. */
static void print_damage(const char *statistics, bool colours)
{
    bool damaged = false;

    (void)json_for_each(statistics, find_damage, &damaged); /* what cannot be read says nothing */
    if (damaged)
        printf("Store: %sDAMAGED%s when it was loaded; \"journalctl -x -t sessmgrd\" has more\n",
               format_colour_on(colours, COLOUR_YELLOW), format_colour_off(colours, COLOUR_YELLOW));
}

static void print_text_status(const struct status *status, bool colours)
{
    CLEANUP(freep) char *version = format_printable(status->version);

    printf("Daemon: %srunning%s\n", format_colour_on(colours, COLOUR_GREEN),
           format_colour_off(colours, COLOUR_GREEN));
    printf("Version: %s\n", version ? version : "-");
    if (status->statistics)
        print_damage(status->statistics, colours);
    if (status->statistics)
        (void)json_for_each(status->statistics, print_statistic,
                            NULL); /* what cannot be shown is left out */
    else
        puts("Statistics: only for root and members of the group sessmgr-admin");
}

enum exit_code command_status(struct sessmgr *handle, const struct options *options,
                              char *const *arguments, size_t count)
{
    CLEANUP(status_done) struct status status = {0};

    (void)arguments; /* takes none */
    (void)count;
    status.error = sessmgr_get_version(handle, &status.version);
    if (status.error == 0)
        status.statistics_error = sessmgr_get_statistics(handle, &status.statistics);
    if (options->json != JSON_OFF)
        print_json_status(&status, sessmgr_get_error_message(handle), options->json);
    if (status.error < 0)
        return failure_tell("status", status.error, sessmgr_get_error_message(handle));
    /* an ordinary user sees what an ordinary user may see: that is no failure */
    if (status.statistics_error < 0 && status.statistics_error != -EACCES)
        return failure_tell("statistics", status.statistics_error,
                            sessmgr_get_error_message(handle));
    if (options->json == JSON_OFF)
        print_text_status(&status, options->colours);
    return CODE_OK;
}

enum exit_code command_reload(struct sessmgr *handle, const struct options *options,
                              char *const *arguments, size_t count)
{
    int r;

    (void)arguments; /* takes none */
    (void)count;
    r = sessmgr_reload(handle);
    if (options->json != JSON_OFF)
        json_print(stdout, r < 0 ? "{\"reloaded\":false}" : "{\"reloaded\":true}", options->json);
    if (r < 0)
        return failure_tell("reload", r, sessmgr_get_error_message(handle));
    return CODE_OK;
}
