/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a token costs beside its signature: jwt-verify [ROUNDS [COUNT]]
 *
 * Signs and verifies the same token, as jwt_encode() and jwt_decode() with jwt_check() do it, and
 * as libsodium alone does it with the same signing input. The four take turns, COUNT calls each
 * (200) a round (25), on one processor, and are measured in its time for this process, so that a
 * busy host slows all of them alike. Prints the median rate of each with its spread, and the median
 * ratio with and without the token. A measurement, not a test: it passes whatever the numbers are.
 */
#include <config.h>

#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "jose/jose.h"
#include "jose/jwt.h"

enum { ROUNDS_MAX = 1000, COUNT_MAX = 1000000 };
enum kind { SIGN_BARE, SIGN_TOKEN, VERIFY_BARE, VERIFY_TOKEN, KINDS };

struct bench {
    struct jwk_set keys;
    unsigned char secret[JWK_SECRET_BYTES];
    struct jwt_claims claims;
    char token[JWT_MAX_BYTES + 1];
    size_t length;
    size_t input_length; /* of what is signed, at the token's start */
    unsigned char signature[JWS_SIGNATURE_BYTES];
    _Alignas(ARENA_ALIGNMENT) char memory[JWT_ARENA_BYTES];
};

static double now_sec(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail with this clock */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Stays on the processor it is on. */
static void pin(void)
{
    const int processor = sched_getcpu();
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)(processor < 0 ? 0 : processor), &set);
    if (sched_setaffinity(0, sizeof(set), &set) < 0)
        perror("jwt-verify: not pinned");
}

static int verify_token(struct bench *bench)
{
    const struct jwt_expectation expectation = {
        .now_sec = 1800000100,
        .issuer = bench->claims.issuer,
        .audience = bench->claims.issuer,
        .scope = "read",
        .uid = 1000,
    };
    struct arena arena = {.base = bench->memory, .size = sizeof(bench->memory)};
    struct jwt_claims claims;
    int r;

    r = jwt_decode(bench->token, bench->length, &bench->keys, &arena, &claims);
    return r == 0 ? jwt_check(&claims, &expectation) : r;
}

/* Does one of the four once. Returns 0 when it went well. */
static int call(struct bench *bench, enum kind kind)
{
    const unsigned char *const input = (const unsigned char *)bench->token;
    char token[JWT_MAX_BYTES + 1];

    switch (kind) {
    case SIGN_BARE:
        return crypto_sign_detached(bench->signature, NULL, input, bench->input_length,
                                    bench->secret);
    case SIGN_TOKEN:
        return jwt_encode(&bench->claims, bench->keys.keys[0].kid, bench->secret, token,
                          sizeof(token)) < 0;
    case VERIFY_BARE:
        return crypto_sign_verify_detached(bench->signature, input, bench->input_length,
                                           bench->keys.keys[0].public_key);
    default:
        return verify_token(bench);
    }
}

/* Calls a second. */
static double rate(struct bench *bench, enum kind kind, unsigned count)
{
    const double start = now_sec();

    for (unsigned i = 0; i < count; i++)
        if (call(bench, kind) != 0) {
            fprintf(stderr, "jwt-verify: call %d failed\n", (int)kind);
            exit(1);
        }
    return count / (now_sec() - start);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Prints median, least and most of some figures, which are put in order. */
static void tell(const char *what, double *figures, unsigned count, int decimals)
{
    qsort(figures, count, sizeof(*figures), compare);
    printf("%-32s median %9.*f   least %9.*f   most %9.*f\n", what, decimals, figures[count / 2],
           decimals, figures[0], decimals, figures[count - 1]);
}

/* A token of the usual size. */
static int prepare(struct bench *bench)
{
    static const char *const audience = "sessmgr:0f2b5c7d9e1a4b6c8d0e2f4a6b8c0d1e";
    static const unsigned char seed[JWK_SEED_BYTES] = {1};
    struct jwk *key = &bench->keys.keys[0];
    int r;

    r = jose_init();
    if (r < 0)
        return r;
    jwk_pair_from_seed(seed, key->public_key, bench->secret);
    jwk_thumbprint(key->public_key, key->kid);
    bench->keys.count = 1;
    bench->claims = (struct jwt_claims){
        .issuer = audience,
        .subject = "alice",
        .audiences = {.count = 1, .items = &audience},
        .client_id = "sshd",
        .expires_sec = 1800000300,
        .issued_sec = 1800000000,
        .not_before_sec = 1800000000,
        .token_id = "5e1f0a2b3c4d5e6f708192a3b4c5d6e7",
        .session_id = "00112233445566778899aabbccddeeff",
        .uid = 1000,
        .scope = "read write",
        .family = -1,
        .bind_uid = true,
    };
    r = jwt_encode(&bench->claims, key->kid, bench->secret, bench->token, sizeof(bench->token));
    if (r < 0)
        return r;
    bench->length = (size_t)r;
    bench->input_length = (size_t)(strrchr(bench->token, '.') - bench->token);
    return call(bench, SIGN_BARE);
}

int main(int argc, char **argv)
{
    static const char *const names[KINDS] = {"signed bare, a second", "signed tokens, a second",
                                             "verified bare, a second",
                                             "verified tokens, a second"};
    static double rates[KINDS][ROUNDS_MAX], ratios[2][ROUNDS_MAX];
    static struct bench bench;
    const unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 25;
    const unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;

    if (argc > 3 || rounds == 0 || rounds > ROUNDS_MAX || count == 0 || count > COUNT_MAX) {
        fprintf(stderr, "usage: jwt-verify [ROUNDS [COUNT]]\n");
        return 2;
    }
    if (prepare(&bench) != 0) {
        fprintf(stderr, "jwt-verify: cannot make a token\n");
        return 1;
    }
    pin();
    for (unsigned long round = 0; round < rounds; round++) {
        for (enum kind kind = 0; kind < KINDS; kind++)
            rates[kind][round] = rate(&bench, kind, (unsigned)count);
        ratios[0][round] = rates[SIGN_TOKEN][round] / rates[SIGN_BARE][round];
        ratios[1][round] = rates[VERIFY_TOKEN][round] / rates[VERIFY_BARE][round];
    }
    printf("token of %zu bytes, %lu rounds of %lu\n", bench.length, rounds, count);
    for (enum kind kind = 0; kind < KINDS; kind++)
        tell(names[kind], rates[kind], (unsigned)rounds, 0);
    tell("signed tokens / bare", ratios[0], (unsigned)rounds, 3);
    tell("verified tokens / bare", ratios[1], (unsigned)rounds, 3);
    return 0;
}
