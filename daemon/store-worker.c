/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the store's threads as such; see store-worker.h.
 */
#include <config.h>

#include "daemon/store-worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

int store_thread_start(pthread_t *ret, void *(*run)(void *userdata), void *userdata)
{
    sigset_t all, before;
    int r;

    (void)sigfillset(&all); /* it cannot fail */
    r = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r != 0)
        return -r;
    r = pthread_create(ret, NULL, run, userdata);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* as it was */
    return -r;
}

static void *run(void *userdata)
{
    struct store_worker *worker = userdata;

    for (;;) {
        struct handoff_node *node = handoff_take(&worker->inbox);

        if (!node)
            handoff_wait(&worker->inbox, -1);
        while (node) {
            struct handoff_node *next = node->next;

            if (node == &worker->end)
                return NULL;
            node->next = NULL;
            worker->work(node, worker->userdata);
            handoff_push(worker->reply, node);
            node = next;
        }
    }
}

int store_worker_start(struct store_worker *worker, struct handoff *reply,
                       void (*work)(struct handoff_node *message, void *userdata), void *userdata)
{
    int r;

    *worker = (struct store_worker){.reply = reply, .work = work, .userdata = userdata};
    r = handoff_init(&worker->inbox);
    if (r < 0)
        return r;
    r = store_thread_start(&worker->thread, run, worker);
    if (r < 0) {
        handoff_done(&worker->inbox);
        return r;
    }
    worker->running = true;
    return 0;
}

void store_worker_stop(struct store_worker *worker)
{
    if (!worker->running)
        return;
    handoff_push(&worker->inbox, &worker->end);
    (void)pthread_join(worker->thread, NULL); /* it is there, and ends */
    handoff_done(&worker->inbox);
    worker->running = false;
}
