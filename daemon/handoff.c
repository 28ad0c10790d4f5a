/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stack of messages that its one taker empties in a single step and turns round. Only who pushes
 * onto an empty stack wakes the taker.
 */
#include <config.h>

#include "daemon/handoff.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <time.h>

#include "common/macro.h"

int handoff_init(struct handoff *handoff)
{
    atomic_init(&handoff->newest, NULL);
    handoff->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return handoff->fd < 0 ? -errno : 0;
}

void handoff_done(struct handoff *handoff)
{
    closep(&handoff->fd);
    handoff->fd = -1;
}

void handoff_poke(struct handoff *handoff)
{
    (void)eventfd_write(handoff->fd, 1); /* it fails only where the counter is at its end: awake */
}

/* Turns a list round; the last one becomes the first. */
static struct handoff_node *reverse(struct handoff_node *node)
{
    struct handoff_node *reversed = NULL;

    while (node) {
        struct handoff_node *next = node->next;

        node->next = reversed;
        reversed = node;
        node = next;
    }
    return reversed;
}

void handoff_push(struct handoff *handoff, struct handoff_node *first)
{
    struct handoff_node *oldest = first, *newest = reverse(first);
    struct handoff_node *before = atomic_load_explicit(&handoff->newest, memory_order_relaxed);

    do {
        oldest->next = before;
    } while (!atomic_compare_exchange_weak_explicit(&handoff->newest, &before, newest,
                                                    memory_order_acq_rel, memory_order_relaxed));
    if (!before)
        handoff_poke(handoff);
}

struct handoff_node *handoff_take(struct handoff *handoff)
{
    eventfd_t count;

    /* First this: what is pushed behind it wakes again. */
    (void)eventfd_read(handoff->fd, &count); /* it may not have been signalled */
    return reverse(atomic_exchange_explicit(&handoff->newest, NULL, memory_order_acq_rel));
}

void handoff_wait(struct handoff *handoff, int64_t timeout_usec)
{
    struct pollfd poll_fd = {.fd = handoff->fd, .events = POLLIN};
    const struct timespec timeout = {.tv_sec = timeout_usec / 1000000,
                                     .tv_nsec = timeout_usec % 1000000 * 1000};

    /* whoever waits looks again, however it ends */
    (void)ppoll(&poll_fd, 1, timeout_usec < 0 ? NULL : &timeout, NULL);
}
