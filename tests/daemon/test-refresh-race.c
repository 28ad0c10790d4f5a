/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many who use the same refresh token at the same moment. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/daemon/token-scene.h"

enum { RACERS = 32, ROUNDS = 1000, TEXT_BYTES = 64 };

/* One of those that use the same token at the same moment. */
struct racer {
    pthread_t thread;
    pthread_barrier_t *barrier;
    int fd;
    const char *message;
    char reply[512];
};

static void *race(void *userdata)
{
    struct racer *racer = userdata;
    size_t length = strlen(racer->message) + 1;

    (void)pthread_barrier_wait(racer->barrier);
    if (send(racer->fd, racer->message, length, MSG_NOSIGNAL) != (ssize_t)length)
        return NULL;
    for (size_t got = 0; got < sizeof(racer->reply);) {
        ssize_t n = recv(racer->fd, racer->reply + got, sizeof(racer->reply) - got, 0);

        if (n <= 0)
            return NULL;
        got += (size_t)n;
        if (racer->reply[got - 1] == '\0')
            return racer;
    }
    return NULL;
}

/* Writes the access token of the one that was given something. */
static void race_once(struct racer *racers, const char *token, pthread_barrier_t *barrier,
                      char *ret_access)
{
    char message[512];
    int winners = 0;

    (void)snprintf(
        message, sizeof(message),
        "{\"method\":\"io.sessmgr.Session.Refresh\",\"parameters\":{\"refreshToken\":\"%s\"}}",
        token);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i].barrier = barrier;
        racers[i].message = message;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        void *answered;

        assert_int_equal(pthread_join(racers[i].thread, &answered), 0);
        assert_non_null(answered);
        if (strcmp(reply_error(racers[i].reply), "") == 0) {
            winners++;
            (void)snprintf(ret_access, TEXT_BYTES, "%s",
                           reply_text(racers[i].reply, "parameters.token"));
        } else {
            assert_string_equal(reply_error(racers[i].reply), "InvalidToken");
        }
    }
    assert_int_equal(winners, 1);
}

static void test_refresh__racers__one_winner_and_a_dead_family(void **state)
{
    struct token_scene *scene = *state;
    struct racer racers[RACERS];
    pthread_barrier_t barrier;

    token_scene_restart(scene, "[Tokens]\nRefreshToken=yes\n");
    assert_int_equal(pthread_barrier_init(&barrier, NULL, RACERS), 0);
    for (size_t i = 0; i < RACERS; i++)
        racers[i].fd = harness_connect(scene->harness, SOCKET_SESSION);
    for (int round = 0; round < ROUNDS; round++) {
        const char *answer = token_order(scene, "{\"refresh\":true}");
        char first[TEXT_BYTES], won[TEXT_BYTES] = "", refresh[TEXT_BYTES];

        (void)snprintf(first, sizeof(first), "%s", reply_text(answer, "parameters.token"));
        (void)snprintf(refresh, sizeof(refresh), "%s",
                       reply_text(answer, "parameters.refreshToken"));
        race_once(racers, refresh, &barrier, won);
        assert_memory_equal(won, "sms_", 4);
        assert_false(token_active(token_ask(scene, first, "")));
        assert_false(token_active(token_ask(scene, won, "")));
    }
    for (size_t i = 0; i < RACERS; i++)
        (void)close(racers[i].fd);
    (void)pthread_barrier_destroy(&barrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refresh__racers__one_winner_and_a_dead_family,
                                        token_scene_setup, token_scene_teardown),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
