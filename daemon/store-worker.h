/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread that does one kind of work, a message at a time, and hands each back when it is done.
 */
#ifndef SESSMGR_STORE_WORKER_H
#define SESSMGR_STORE_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "daemon/handoff.h"

struct store_worker {
    pthread_t thread;
    bool running;
    struct handoff inbox;
    struct handoff_node end; /* the message that ends it */
    struct handoff *reply;   /* borrowed */
    void (*work)(struct handoff_node *message, void *userdata);
    void *userdata;
};

/*
 * Starts the thread, which gets no signals. work is called in it for each message pushed to inbox,
 * which is then pushed to reply. Errors: -errno of eventfd(2); -EAGAIN no thread can be made.
 */
int store_worker_start(struct store_worker *worker, struct handoff *reply,
                       void (*work)(struct handoff_node *message, void *userdata), void *userdata);

/* Ends the thread when it has done all that was pushed. Accepts one that was not started (all
 * zero). Blocks until then. */
void store_worker_stop(struct store_worker *worker);

/* Starts a thread that gets no signals: they are for the process's first one. Error: -EAGAIN. */
int store_thread_start(pthread_t *ret, void *(*run)(void *userdata), void *userdata);

#endif
