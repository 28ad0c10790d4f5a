/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token-memory [TOKENS]: what a live token costs sessmgrd in memory and time, by its own table
 * (daemon/token.c) with so many opaque tokens in it (default: 1000000) over sessions of 200 each.
 * Prints bytes a token of the heap, and the rates and the longest single step of adding, finding
 * and removing.
 */
#include <config.h>

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "daemon/manager.h"
#include "daemon/session-record.h"
#include "daemon/token-text.h"
#include "daemon/token.h"

enum { TOKENS_OF_SESSION = 200 };

static int64_t now_nsec(void)
{
    struct timespec now = {0};

    /* Of the thread: what else runs on the host is none of its steps. Cannot fail for this clock.
     */
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "token-memory: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct session *make_session(struct manager *manager, size_t number)
{
    char id[SESSION_ID_BYTES + 1];
    struct session_record record;
    struct session *session;

    (void)snprintf(id, sizeof(id), "%032zx", number);
    fields_clear(&session_record_fields, &record);
    record.info.session_id = id;
    record.info.user = "alice";
    record.info.state = STATE_ACTIVE;
    need(session_new(&manager->sessions, &record, &session) >= 0, "no memory for a session");
    session->manager = manager;
    return session;
}

/* The hash of the token of a number. */
static void hash_of(const struct manager *manager, size_t number,
                    unsigned char ret[static SEAL_HASH_BYTES])
{
    char text[TOKEN_TEXT_BYTES + 1];

    (void)snprintf(text, sizeof(text), "sms_%049zu", number);
    token_hash(&manager->tokens, text, ret);
}

/* A walk over all numbers: prints the rate and the longest step. */
static void measure(const char *what, struct manager *manager, struct session **sessions,
                    size_t count,
                    void (*step)(struct manager *manager, struct session **sessions, size_t number))
{
    int64_t begin = now_nsec(), longest = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t before = now_nsec(), took;

        step(manager, sessions, i);
        took = now_nsec() - before;
        longest = took > longest ? took : longest;
    }
    (void)printf("%-8s %10.0f a second, longest step %" PRId64 " us\n", what,
                 (double)count * 1e9 / (double)(now_nsec() - begin), longest / 1000);
}

static void add(struct manager *manager, struct session **sessions, size_t number)
{
    const struct token_record record = {
        .role = TOKEN_ACCESS, .expires_usec = -1, .terms = "https://a.example read write"};
    unsigned char hash[SEAL_HASH_BYTES];

    hash_of(manager, number, hash);
    need(token_add(manager, sessions[number / TOKENS_OF_SESSION], &record, hash, NULL) >= 0,
         "no memory for a token");
}

static void find(struct manager *manager, struct session **sessions, size_t number)
{
    unsigned char hash[SEAL_HASH_BYTES];

    (void)sessions;
    hash_of(manager, number, hash);
    need(token_table_find(&manager->tokens, hash) != NULL, "a token is missing");
}

static void remove_one(struct manager *manager, struct session **sessions, size_t number)
{
    unsigned char hash[SEAL_HASH_BYTES];

    (void)sessions;
    hash_of(manager, number, hash);
    token_remove(manager, token_table_find(&manager->tokens, hash));
}

static void release(struct manager *manager, struct session **sessions, size_t session_count)
{
    for (size_t i = 0; i < session_count; i++)
        session_free(&manager->sessions, sessions[i]);
    free(sessions);
    token_table_done(&manager->tokens);
    deadline_queue_free(manager->deadlines);
    free(manager);
}

int main(int argc, char *argv[])
{
    size_t count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000000;
    size_t session_count = (count + TOKENS_OF_SESSION - 1) / TOKENS_OF_SESSION, before;
    struct manager *manager = calloc(1, sizeof(*manager));
    struct session **sessions = calloc(session_count, sizeof(*sessions));

    need(count > 0 && manager != NULL && sessions != NULL && seal_init() >= 0, "no memory");
    manager->clock = &clock_system;
    need(deadline_queue_new(&manager->deadlines, NULL, manager->clock) >= 0, "no memory");
    manager->tokens.hash_key = seal_key_new();
    manager->tokens.derive_key = seal_key_new();
    need(manager->tokens.hash_key != NULL && manager->tokens.derive_key != NULL, "no memory");
    seal_random(manager->tokens.hash_key, SEAL_KEY_BYTES);
    for (size_t i = 0; i < session_count; i++)
        sessions[i] = make_session(manager, i);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    measure("added", manager, sessions, count, add);
    measure("found", manager, sessions, count, find);
    (void)printf("memory   %10.1f bytes a token, with %zu of them\n",
                 (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / (double)count,
                 count);
    measure("removed", manager, sessions, count, remove_one);
    release(manager, sessions, session_count);
    return EXIT_SUCCESS;
}
