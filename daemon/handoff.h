/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages from any number of threads to one: pushed without a lock, taken all at once and in their
 * order. What a message is and who frees it is agreed between the threads.
 */
#ifndef SESSMGR_HANDOFF_H
#define SESSMGR_HANDOFF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of a message. */
struct handoff_node {
    struct handoff_node *next;
};

/* Messages in a row, of one thread. */
struct handoff_list {
    struct handoff_node *first, **last;
};

struct handoff {
    _Atomic(struct handoff_node *) newest;
    int fd; /* an eventfd, readable while something may be there; borrowed by event loops */
};

/* Error: -errno of eventfd(2). */
int handoff_init(struct handoff *handoff);

/* Closes what handoff_init() opened; messages that are left are not freed. */
void handoff_done(struct handoff *handoff);

/* Hands over a message, and what hangs behind it by next. Does not block. */
void handoff_push(struct handoff *handoff, struct handoff_node *first);

/* Wakes the taker without a message. Does not block. */
void handoff_poke(struct handoff *handoff);

/* All messages that are there, the oldest first, linked by next; NULL for none. Does not block. */
struct handoff_node *handoff_take(struct handoff *handoff);

/* Whether nothing is there at the moment. Does not block. */
static inline bool handoff_is_empty(struct handoff *handoff)
{
    return atomic_load_explicit(&handoff->newest, memory_order_relaxed) == NULL;
}

/* Waits until something was pushed or poked since handoff_take(), or for so long; -1: for ever. */
void handoff_wait(struct handoff *handoff, int64_t timeout_usec);

static inline void handoff_list_init(struct handoff_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static inline void handoff_list_add(struct handoff_list *list, struct handoff_node *node)
{
    node->next = NULL;
    *list->last = node;
    list->last = &node->next;
}

/* Takes the first one out; NULL: there is none. */
static inline struct handoff_node *handoff_list_take(struct handoff_list *list)
{
    struct handoff_node *node = list->first;

    if (!node)
        return NULL;
    list->first = node->next;
    if (!list->first)
        list->last = &list->first;
    node->next = NULL;
    return node;
}

#endif
