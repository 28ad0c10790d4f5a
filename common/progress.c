/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the bar; see progress.h.
 */
#include "config.h"

#include "common/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_COLUMNS = 30, PATIENCE_MSEC = 1000, PERIOD_MSEC = 100, WHAT_MAX_COLUMNS = 16 };

#define MIB 1048576.0

static int64_t now_msec(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put(const struct progress *progress, const char *text)
{
    ssize_t n = write(progress->fd, text, strlen(text));

    (void)n; /* a terminal that has gone shows nothing */
}

void progress_begin(struct progress *progress, const char *what, int fd)
{
    *progress = (struct progress){
        .what = what,
        .fd = isatty(fd) ? fd : -1,
        .started_msec = now_msec(),
    };
}

const char *progress_line(const char *what, uint64_t done_bytes, uint64_t total_bytes,
                          char buffer[static PROGRESS_LINE_BYTES])
{
    char bar[BAR_COLUMNS + 1] = "";
    double part;
    int columns;

    if (total_bytes == 0) {
        (void)snprintf(buffer, PROGRESS_LINE_BYTES, "%.*s ...", WHAT_MAX_COLUMNS, what);
        return buffer;
    }
    part = done_bytes < total_bytes ? (double)done_bytes / (double)total_bytes : 1;
    columns = (int)(part * BAR_COLUMNS);
    memset(bar, '#', (size_t)columns);
    memset(bar + columns, '.', (size_t)(BAR_COLUMNS - columns));
    (void)snprintf(buffer, PROGRESS_LINE_BYTES, "%.*s [%s] %3d%% %.1f of %.1f MiB",
                   WHAT_MAX_COLUMNS, what, bar, (int)(part * 100), (double)done_bytes / MIB,
                   (double)total_bytes / MIB);
    return buffer;
}

void progress_show(struct progress *progress, uint64_t done_bytes, uint64_t total_bytes)
{
    char line[PROGRESS_LINE_BYTES];
    int64_t now = now_msec();

    if (progress->fd < 0 || now - progress->started_msec < PATIENCE_MSEC ||
        (progress->shown && now - progress->shown_msec < PERIOD_MSEC))
        return;
    progress->shown_msec = now;
    put(progress, "\r\033[K");
    put(progress, progress_line(progress->what, done_bytes, total_bytes, line));
    progress->shown = true;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        put(progress, "\r\033[K");
    progress->shown = false;
}
