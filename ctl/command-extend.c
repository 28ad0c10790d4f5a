/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `extend`: puts off the end of a session.
 */
#include "config.h"

#include <inttypes.h>

#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"
#include "ctl/when.h"

enum exit_code command_extend(struct sessmgr *handle, const struct options *options,
                              char *const *arguments, size_t count)
{
    char json[64], time[FORMAT_TIME_BYTES], left[FORMAT_TIME_BYTES];
    int64_t seconds = -1, deadline;
    int r;

    if (count > 0 && !when_parse_span(arguments[0], &seconds))
        return usage_error("extend takes a time above 0 such as 30min or \"1h 30min\", not ",
                           arguments[0]);
    r = sessmgr_extend(handle, options->session_id, seconds, &deadline);
    if (r < 0)
        return failure_tell("extend", r, sessmgr_get_error_message(handle));
    (void)snprintf(json, sizeof(json), "{\"deadlineUsec\":%" PRId64 "}", deadline);
    if (options->json != JSON_OFF)
        json_print(stdout, json, options->json);
    else
        printf("The session ends at %s, %s.\n", format_time(deadline, time),
               format_left(deadline, format_now(), left));
    return CODE_OK;
}
