/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several threads at once in libsessmgr: each with a handle of its own, all with one key set. What
 * is promised in libsessmgr/sessmgr.h; of use above all under ThreadSanitizer. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake-daemon.h"
#include "tests/unit/signed-token.h"

enum { THREADS = 4, ROUNDS = 200, HANDLES = 5 };

struct worker {
    pthread_t thread;
    const char *path;                /* of the daemon's socket */
    const struct sessmgr_keys *keys; /* shared */
    const char *token;               /* shared */
    int number;
    int good; /* answers that were as they should be */
};

/* A token "uid-N" is that user's: an answer that comes to the wrong thread is seen. */
static bool serve_one(int fd)
{
    char call[1024];
    char reply[512];
    size_t length = 0;
    const char *number;
    int n;

    do {
        if (length == sizeof(call) || read(fd, call + length, 1) != 1)
            return false;
    } while (call[length++] != '\0');
    number = strstr(call, "uid-");
    n = snprintf(
        reply, sizeof(reply),
        "{\"parameters\":{\"active\":true,\"sessionId\":\"%s\",\"user\":\"u\",\"uid\":%c}}",
        SIGNED_ID, number ? number[4] : 'x');
    return send(fd, reply, (size_t)n + 1, MSG_NOSIGNAL) == n + 1;
}

static void *serve(void *argument)
{
    int fd = *(int *)argument;

    while (serve_one(fd)) {
    }
    (void)close(fd);
    return NULL;
}

struct server {
    int listener;
    pthread_t threads[THREADS * HANDLES];
    int connections[THREADS * HANDLES];
    size_t count; /* of connections that came */
};

/* Takes as many connections as the workers make. */
static void *accept_all(void *argument)
{
    struct server *server = argument;

    for (size_t i = 0; i < ELEMENTS(server->threads); i++) {
        if (!fake_wait(server->listener))
            break;
        server->connections[i] = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (pthread_create(&server->threads[i], NULL, serve, &server->connections[i]) != 0)
            break;
        server->count++;
    }
    return NULL;
}

static bool ask_daemon(struct sessmgr *handle, int number)
{
    struct sessmgr_validation *validation = NULL;
    char token[] = "uid-0";
    bool good;

    token[4] = (char)('0' + number);
    good = sessmgr_validate(handle, token, NULL, &validation) == 1 &&
           sessmgr_validation_get_uid(validation) == (uid_t)number;
    sessmgr_validation_free(validation);
    return good;
}

static bool ask_keys(const struct worker *worker)
{
    struct sessmgr_expectation expectation = SESSMGR_EXPECTATION_INIT;
    struct sessmgr_validation *validation = NULL;
    bool good;

    expectation.issuer = SIGNED_ISSUER;
    good = sessmgr_validate_offline(worker->keys, worker->token, &expectation, &validation) == 1 &&
           sessmgr_validation_has_scope(validation, "write");
    sessmgr_validation_free(validation);
    return good;
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int i = 0; i < HANDLES; i++) {
        struct sessmgr *handle = NULL;

        if (sessmgr_open(&handle, worker->path, 0) < 0)
            return NULL;
        for (int j = 0; j < ROUNDS / HANDLES; j++)
            if (ask_daemon(handle, worker->number) && ask_keys(worker))
                worker->good++;
        sessmgr_close(handle);
    }
    return NULL;
}

static void test_threads__own_handles_and_one_key_set__every_answer_right(void **state)
{
    const struct jwt_claims claims = signed_claims();
    struct fake_daemon *daemon = *state;
    struct server server = {.listener = daemon->listener};
    struct worker workers[THREADS] = {0};
    struct sessmgr_keys *keys = NULL;
    char token[JWT_MAX_BYTES + 1];
    pthread_t acceptor;
    char text[1024];

    assert_true(signed_token(&claims, 1, "key-1", token));
    assert_true(signed_keys(1, "key-1", text, sizeof(text)));
    assert_int_equal(sessmgr_keys_new(text, strlen(text), &keys), 0);
    assert_int_equal(pthread_create(&acceptor, NULL, accept_all, &server), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i].path = daemon->path;
        workers[i].keys = keys;
        workers[i].token = token;
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(pthread_join(acceptor, NULL), 0);
    assert_int_equal(server.count, ELEMENTS(server.threads));
    for (size_t i = 0; i < server.count; i++)
        assert_int_equal(pthread_join(server.threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].good, ROUNDS);
    sessmgr_keys_free(keys);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_threads__own_handles_and_one_key_set__every_answer_right, fake_setup,
            fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
