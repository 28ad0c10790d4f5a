/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages between threads: all of them arrive, once, each thread's in its order, and whoever waits
 * is woken.
 */
#include <config.h>

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/handoff.h"

enum { THREADS = 4, MESSAGES = 100000 }; /* of all threads */

struct message {
    struct handoff_node node; /* first */
    int thread;
    int number;
};

static int number_of(const struct handoff_node *node)
{
    assert_non_null(node);
    return ((const struct message *)(const void *)node)->number;
}

static bool is_readable(const struct handoff *handoff)
{
    struct pollfd poll_fd = {.fd = handoff->fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) == 1;
}

static void test_handoff_take__several_pushed__oldest_first(void **state)
{
    struct message messages[5];
    struct handoff handoff;

    (void)state; /* none */
    assert_int_equal(handoff_init(&handoff), 0);
    assert_null(handoff_take(&handoff));
    for (int i = 0; i < 5; i++) {
        messages[i] = (struct message){.number = i};
        handoff_push(&handoff, &messages[i].node);
    }
    const struct handoff_node *node = handoff_take(&handoff);
    for (int i = 0; i < 5; i++, node = node->next)
        assert_int_equal(number_of(node), i);
    assert_null(node);
    assert_null(handoff_take(&handoff));
    handoff_done(&handoff);
}

static void test_handoff_push__chain__in_its_order_behind_what_was_there(void **state)
{
    struct message messages[6];
    struct handoff handoff;

    (void)state; /* none */
    assert_int_equal(handoff_init(&handoff), 0);
    for (int i = 0; i < 6; i++)
        messages[i] = (struct message){.number = i};
    handoff_push(&handoff, &messages[0].node);
    for (int i = 1; i < 4; i++)
        messages[i].node.next = &messages[i + 1].node; /* 1 to 4 */
    handoff_push(&handoff, &messages[1].node);
    handoff_push(&handoff, &messages[5].node);
    const struct handoff_node *node = handoff_take(&handoff);
    for (int i = 0; i < 6; i++, node = node->next)
        assert_int_equal(number_of(node), i);
    assert_null(node);
    handoff_done(&handoff);
}

static void test_handoff_take__readable__not_any_more(void **state)
{
    struct message message = {.number = 1};
    struct handoff handoff;

    (void)state; /* none */
    assert_int_equal(handoff_init(&handoff), 0);
    assert_false(is_readable(&handoff));
    handoff_push(&handoff, &message.node);
    assert_true(is_readable(&handoff));
    handoff_wait(&handoff, -1); /* at once */
    assert_true(is_readable(&handoff));
    assert_non_null(handoff_take(&handoff));
    assert_false(is_readable(&handoff));
    handoff_wait(&handoff, 0); /* at once, too */
    handoff_done(&handoff);
}

static void test_handoff_poke__nothing_pushed__wakes_without_a_message(void **state)
{
    struct handoff handoff;

    (void)state; /* none */
    assert_int_equal(handoff_init(&handoff), 0);
    handoff_poke(&handoff);
    handoff_poke(&handoff);
    handoff_wait(&handoff, -1);
    assert_true(is_readable(&handoff));
    assert_null(handoff_take(&handoff));
    assert_false(is_readable(&handoff));
    handoff_done(&handoff);
}

/* One of the threads that push: messages by themselves, and chains of three. */
struct pusher {
    struct handoff *handoff;
    struct message *messages;
    int count;
};

static void *push_all(void *userdata)
{
    const struct pusher *pusher = userdata;

    for (int i = 0; i < pusher->count; i++) {
        struct message *first = &pusher->messages[i];

        if (i % 10 == 0 && i + 2 < pusher->count) {
            pusher->messages[i].node.next = &pusher->messages[i + 1].node;
            pusher->messages[i + 1].node.next = &pusher->messages[i + 2].node;
            i += 2;
        }
        handoff_push(pusher->handoff, &first->node);
    }
    return NULL;
}

static void test_handoff_push__several_threads__all_arrive_in_their_order(void **state)
{
    struct pusher pushers[THREADS];
    pthread_t threads[THREADS];
    int next[THREADS] = {0}, count = 0;
    struct handoff handoff;

    (void)state; /* none */
    assert_int_equal(handoff_init(&handoff), 0);
    struct message *messages = calloc(MESSAGES, sizeof(*messages));
    assert_non_null(messages);
    for (int i = 0; i < THREADS; i++) {
        pushers[i] = (struct pusher){.handoff = &handoff,
                                     .messages = messages + i * (MESSAGES / THREADS),
                                     .count = MESSAGES / THREADS};
        for (int j = 0; j < pushers[i].count; j++)
            pushers[i].messages[j] = (struct message){.thread = i, .number = j};
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushers[i]), 0);
    }
    while (count < MESSAGES) {
        handoff_wait(&handoff, -1);
        for (const struct handoff_node *node = handoff_take(&handoff); node; node = node->next) {
            const struct message *message = (const struct message *)(const void *)node;

            assert_int_equal(message->number, next[message->thread]++);
            count++;
        }
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_null(handoff_take(&handoff));
    free(messages);
    handoff_done(&handoff);
}

/* Sends every message it gets back. */
struct echo {
    struct handoff in, out;
};

static void *echo_all(void *userdata)
{
    struct echo *echo = userdata;

    for (;;) {
        struct handoff_node *node = handoff_take(&echo->in);

        if (!node)
            handoff_wait(&echo->in, -1);
        while (node) {
            struct handoff_node *next = node->next;
            bool last = ((struct message *)(void *)node)->number == 0;

            node->next = NULL;
            handoff_push(&echo->out, node);
            if (last)
                return NULL;
            node = next;
        }
    }
}

static void test_handoff_wait__message_to_and_fro__no_wake_up_is_missed(void **state)
{
    struct message message = {.number = 20000};
    struct echo echo;
    pthread_t thread;

    (void)state; /* none */
    assert_int_equal(handoff_init(&echo.in), 0);
    assert_int_equal(handoff_init(&echo.out), 0);
    assert_int_equal(pthread_create(&thread, NULL, echo_all, &echo), 0);
    for (; message.number >= 0; message.number--) {
        struct handoff_node *node;

        handoff_push(&echo.in, &message.node);
        while (!(node = handoff_take(&echo.out)))
            handoff_wait(&echo.out, -1);
        assert_ptr_equal(node, &message.node);
        assert_null(node->next);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    handoff_done(&echo.in);
    handoff_done(&echo.out);
}

static void test_handoff_list_take__added_and_taken__in_order(void **state)
{
    struct message messages[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct handoff_list list;

    (void)state; /* none */
    handoff_list_init(&list);
    assert_null(handoff_list_take(&list));
    for (int round = 0; round < 2; round++) { /* also after it was empty */
        for (int i = 0; i < 3; i++)
            handoff_list_add(&list, &messages[i].node);
        for (int i = 0; i < 3; i++)
            assert_int_equal(number_of(handoff_list_take(&list)), i);
        assert_null(handoff_list_take(&list));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handoff_take__several_pushed__oldest_first),
        cmocka_unit_test(test_handoff_push__chain__in_its_order_behind_what_was_there),
        cmocka_unit_test(test_handoff_take__readable__not_any_more),
        cmocka_unit_test(test_handoff_poke__nothing_pushed__wakes_without_a_message),
        cmocka_unit_test(test_handoff_push__several_threads__all_arrive_in_their_order),
        cmocka_unit_test(test_handoff_wait__message_to_and_fro__no_wake_up_is_missed),
        cmocka_unit_test(test_handoff_list_take__added_and_taken__in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
