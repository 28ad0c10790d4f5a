/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `list`: the sessions that the caller may see, oldest first.
 */
#include "config.h"

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/pager.h"
#include "ctl/session-list.h"

enum exit_code command_list(struct sessmgr *handle, const struct options *options,
                            char *const *arguments, size_t count)
{
    CLEANUP(session_list_done) struct session_list list = {0};
    CLEANUP(pager_close) struct pager pager = {0};
    int r;

    (void)arguments; /* takes none */
    (void)count;
    r = sessmgr_list(handle, NULL, options->all, session_list_add, &list);
    if (r < 0)
        return failure_tell("list", r, sessmgr_get_error_message(handle));
    session_list_sort(&list);
    pager_open(&pager, options->pager);
    if (options->json != JSON_OFF)
        r = session_list_print_json(&list, options->json);
    else
        r = session_list_print(&list, stdout, options, "listed");
    return r < 0 ? failure_tell("list", r, "") : CODE_OK;
}
