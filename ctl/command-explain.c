/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `explain`: what would become of a login, of somebody as the host's databases have them.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"
#include "ctl/settings.h"
#include "ctl/table.h"

static void explanation_freep(struct sessmgr_explanation **explanation)
{
    sessmgr_explanation_free(*explanation);
}

static enum exit_code explain(struct sessmgr *handle, const struct options *options,
                              const char *argument, struct sessmgr_explanation **ret)
{
    struct sessmgr_login login = SESSMGR_LOGIN_INIT;
    int r;

    login.service = options->filter.service ? options->filter.service : EXPLAIN_SERVICE;
    login.remote_host = options->filter.remote_host;
    login.terminal = options->tty;
    r = explain_login(handle, argument, &login, ret);
    if (r == -ENODATA) {
        CLEANUP(freep) char *printable = format_printable(argument);

        fprintf(stderr, "sessmgrctl: there is no user %s\n", printable ? printable : "");
        return CODE_FAILED;
    }
    return r < 0 ? failure_tell("explain", r, sessmgr_get_error_message(handle)) : CODE_OK;
}

static int print_decision(const struct sessmgr_explanation *explanation)
{
    static const char *const heads[] = {"", ""};
    CLEANUP(table_freep) struct table *table = NULL;
    const char *name = sessmgr_explanation_get_policy(explanation);
    const char *file = sessmgr_explanation_get_file(explanation);
    int64_t line = sessmgr_explanation_get_line(explanation);
    CLEANUP(freep) char *policy = settings_policy(name, file, line);
    const char *const rows[][2] = {
        {"Admitted", sessmgr_explanation_is_admitted(explanation) ? "yes" : "no"},
        {"Reason", sessmgr_explanation_get_reason(explanation)},
        {"Message", sessmgr_explanation_get_message(explanation)},
        {"Tracked", sessmgr_explanation_is_tracked(explanation) ? "yes" : "no"},
        {"Policy", policy},
    };
    int r;

    r = table_new(&table, heads, ELEMENTS(heads));
    for (size_t i = 0; r >= 0 && i < ELEMENTS(rows); i++)
        if (rows[i][1])
            r = table_add(table, rows[i], COLOUR_NONE);
    for (size_t i = 0; r >= 0 && i < sessmgr_explanation_get_evicted_count(explanation); i++) {
        const char *const row[] = {"Makes room", sessmgr_explanation_get_evicted(explanation, i)};

        r = table_add(table, row, COLOUR_NONE);
    }
    if (r >= 0)
        table_print(table, stdout, false, false);
    return r;
}

enum exit_code command_explain(struct sessmgr *handle, const struct options *options,
                               char *const *arguments, size_t count)
{
    CLEANUP(explanation_freep) struct sessmgr_explanation *explanation = NULL;
    enum exit_code code;
    int r = 0;

    (void)count; /* one */
    code = explain(handle, options, arguments[0], &explanation);
    if (code != CODE_OK)
        return code;
    if (options->json != JSON_OFF) {
        json_print(stdout, sessmgr_explanation_get_json(explanation), options->json);
    } else {
        r = print_decision(explanation);
        putchar('\n');
        if (r >= 0)
            r = settings_print(sessmgr_explanation_get_settings_json(explanation),
                               options->colours);
    }
    if (r < 0)
        return failure_tell("explain", r, "");
    return sessmgr_explanation_is_admitted(explanation) ? CODE_OK : CODE_FAILED;
}
