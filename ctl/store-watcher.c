/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shows how far the daemon is with the store, in a thread, while the call itself waits; see
 * store.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/progress.h"
#include "ctl/store.h"

enum { PERIOD_MSEC = 300 };

struct store_watcher {
    pthread_t thread;
    struct sessmgr *handle;
    int stop[2]; /* a pipe: its second end is closed when it is to stop */
    const char *what;
};

struct work {
    uint64_t done;
    uint64_t total;
};

static void read_statistic(const char *key, const char *value, void *userdata)
{
    struct work *work = userdata;

    if (strcmp(key, "storeJobDoneBytes") == 0)
        work->done = strtoumax(value, NULL, 10);
    else if (strcmp(key, "storeJobTotalBytes") == 0)
        work->total = strtoumax(value, NULL, 10);
}

/* Until it is told to stop; what cannot be asked is not shown. */
static void *watch(void *userdata)
{
    struct store_watcher *watcher = userdata;
    struct pollfd item = {.fd = watcher->stop[0], .events = POLLIN};
    struct progress progress;

    progress_begin(&progress, watcher->what, STDERR_FILENO);
    while (poll(&item, 1, PERIOD_MSEC) == 0) {
        CLEANUP(freep) char *text = NULL;
        struct work work = {0};

        if (sessmgr_get_statistics(watcher->handle, &text) < 0)
            continue;
        (void)json_for_each(text, read_statistic, &work); /* zeros show that it goes on */
        progress_show(&progress, work.done, work.total);
    }
    progress_end(&progress);
    return NULL;
}

static void release(struct store_watcher *watcher)
{
    sessmgr_close(watcher->handle);
    closep(&watcher->stop[0]);
    closep(&watcher->stop[1]);
    free(watcher);
}

struct store_watcher *store_watcher_start(const char *what, const char *socket_path)
{
    struct store_watcher *watcher = NULL;

    if (!isatty(STDERR_FILENO))
        return NULL;
    watcher = calloc(1, sizeof(*watcher));
    if (!watcher)
        return NULL;
    watcher->what = what;
    watcher->stop[0] = watcher->stop[1] = -1;
    if (pipe2(watcher->stop, O_CLOEXEC) < 0 || sessmgr_open(&watcher->handle, socket_path, 0) < 0 ||
        pthread_create(&watcher->thread, NULL, watch, watcher) != 0) {
        release(watcher);
        return NULL;
    }
    return watcher;
}

void store_watcher_stop(struct store_watcher *watcher)
{
    if (!watcher)
        return;
    closep(&watcher->stop[1]);
    watcher->stop[1] = -1;
    (void)pthread_join(watcher->thread, NULL); /* it was started, and nobody else waits for it */
    release(watcher);
}
