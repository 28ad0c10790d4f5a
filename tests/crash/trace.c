/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of events. What they mean for the disk is in disk.c. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/crash/must.h"
#include "tests/crash/trace.h"

struct trace *trace_new(void)
{
    return must_allocate(sizeof(struct trace));
}

void trace_cut(struct trace *trace, size_t count)
{
    while (trace->count > count)
        free(trace->events[--trace->count].data);
}

void trace_free(struct trace *trace)
{
    if (!trace)
        return;
    trace_cut(trace, 0);
    free(trace->events);
    free(trace);
}

void trace_add(struct trace *trace, const struct trace_event *event)
{
    if (trace->count == trace->room) {
        trace->room = trace->room ? 2 * trace->room : 1024;
        trace->events = must_resize(trace->events, trace->room * sizeof(*trace->events));
    }
    trace->events[trace->count] = *event;
    if (event->data)
        trace->events[trace->count].data = must_copy(event->data, event->bytes);
    trace->count++;
}

int trace_site(struct trace *trace, const char *text)
{
    for (int i = 0; i < trace->site_count; i++)
        if (strcmp(trace->sites[i], text) == 0)
            return i;
    must(trace->site_count < TRACE_SITES_MAX, "more call sites than there is room for");
    (void)snprintf(trace->sites[trace->site_count], TRACE_SITE_BYTES, "%s", text); /* cut */
    return trace->site_count++;
}

struct trace *trace_copy(const struct trace *trace, size_t count)
{
    struct trace *copy = trace_new();

    memcpy(copy->sites, trace->sites, sizeof(copy->sites));
    copy->site_count = trace->site_count;
    copy->file_count = trace->file_count;
    for (size_t i = 0; i < count; i++)
        trace_add(copy, &trace->events[i]);
    return copy;
}

void trace_describe(const struct trace *trace, const struct trace_event *event, char *ret,
                    size_t size)
{
    static const char *const kinds[] = {
        [TRACE_WRITE] = "write",
        [TRACE_TRUNCATE] = "truncate",
        [TRACE_SYNC] = "sync",
        [TRACE_SYNC_FAILED] = "sync failed",
        [TRACE_CREATE] = "create",
        [TRACE_RENAME] = "rename",
        [TRACE_UNLINK] = "unlink",
        [TRACE_SYNC_DIRECTORY] = "sync directory",
        [TRACE_SUBMITTED] = "submitted",
        [TRACE_ACKNOWLEDGED] = "acknowledged",
        [TRACE_CREDENTIALS] = "credentials",
    };

    (void)snprintf(ret, size, "%s #%d %s%s%s at %" PRIu64 "+%" PRIu64 " (%" PRIu64 ") %s",
                   kinds[event->kind], event->file, event->name, event->to[0] ? " -> " : "",
                   event->to, event->offset, event->bytes, event->number,
                   event->site >= 0 && event->site < trace->site_count ? trace->sites[event->site]
                                                                       : "");
}
