/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token-rate SOCKET ROUNDS: what sessmgrd answers about tokens in a second, to one client of
 * libsessmgr inside of a session (tests/bench/tokens logs it in). Beside each figure stands the
 * bare round trip of the same connection in the same round: a call that does nothing (GetInfo).
 * Prints median and spread over the rounds.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "libsessmgr/sessmgr.h"

enum { CALLS = 100, ROUNDS_MAX = 100 };

struct bench {
    struct sessmgr *handle;
    struct sessmgr_token *issued[CALLS]; /* what issuing left for revoking */
    struct sessmgr_token *jwt, *opaque, *refreshing;
};

static void need(int r, const char *what)
{
    if (r >= 0)
        return;
    (void)fprintf(stderr, "token-rate: %s: %s\n", what, sessmgr_strerror(r));
    exit(EXIT_FAILURE);
}

static void ask_nothing(struct bench *bench, size_t i)
{
    char *version;

    (void)i;
    need(sessmgr_get_version(bench->handle, &version), "GetInfo");
    free(version);
}

static void issue(struct bench *bench, int kind, bool refresh, struct sessmgr_token **ret)
{
    struct sessmgr_token_request request = SESSMGR_TOKEN_REQUEST_INIT;

    request.kind = kind;
    request.refresh = refresh;
    need(sessmgr_issue(bench->handle, &request, ret), "IssueToken");
}

static void issue_opaque(struct bench *bench, size_t i)
{
    issue(bench, SESSMGR_TOKEN_OPAQUE, false, &bench->issued[i]);
}

static void revoke_opaque(struct bench *bench, size_t i)
{
    need(sessmgr_revoke(bench->handle, sessmgr_token_get_access_token(bench->issued[i])), "Revoke");
    sessmgr_token_free(bench->issued[i]);
    bench->issued[i] = NULL;
}

static void issue_jwt(struct bench *bench, size_t i)
{
    struct sessmgr_token *token;

    (void)i;
    issue(bench, SESSMGR_TOKEN_JWT, false, &token);
    sessmgr_token_free(token);
}

static void validate(struct bench *bench, const struct sessmgr_token *token)
{
    struct sessmgr_validation *validation = NULL;
    int r =
        sessmgr_validate(bench->handle, sessmgr_token_get_access_token(token), NULL, &validation);

    need(r == 0 ? -EBADMSG : r, "Validate");
    sessmgr_validation_free(validation);
}

static void validate_opaque(struct bench *bench, size_t i)
{
    (void)i;
    validate(bench, bench->opaque);
}

static void validate_jwt(struct bench *bench, size_t i)
{
    (void)i;
    validate(bench, bench->jwt);
}

static void refresh(struct bench *bench, size_t i)
{
    struct sessmgr_token *next;

    (void)i;
    need(sessmgr_refresh(bench->handle, sessmgr_token_get_refresh_token(bench->refreshing), NULL,
                         &next),
         "Refresh");
    sessmgr_token_free(bench->refreshing);
    bench->refreshing = next;
}

static const struct {
    const char *name;
    void (*call)(struct bench *bench, size_t i);
} rows[] = {
    {"round trip alone", ask_nothing},
    {"opaque issued", issue_opaque},
    {"opaque revoked", revoke_opaque},
    {"JWT issued", issue_jwt},
    {"opaque validated", validate_opaque},
    {"JWT validated", validate_jwt},
    {"JWT refreshed", refresh},
};

static double rate(struct bench *bench, void (*call)(struct bench *bench, size_t i))
{
    struct timespec begin, end;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin); /* cannot fail for this clock */
    for (size_t i = 0; i < CALLS; i++)
        call(bench, i);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    return CALLS /
           ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

int main(int argc, char *argv[])
{
    static double rates[ELEMENTS(rows)][ROUNDS_MAX];
    size_t rounds = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
    struct bench bench = {.handle = NULL};

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: token-rate SOCKET ROUNDS (1 to %d)\n", ROUNDS_MAX);
        return 2;
    }
    need(sessmgr_open(&bench.handle, argv[1], 0), "open");
    issue(&bench, SESSMGR_TOKEN_OPAQUE, false, &bench.opaque);
    issue(&bench, SESSMGR_TOKEN_JWT, true, &bench.refreshing);
    for (size_t round = 0; round < rounds; round++) {
        issue(&bench, SESSMGR_TOKEN_JWT, false, &bench.jwt);
        for (size_t row = 0; row < ELEMENTS(rows); row++)
            rates[row][round] = rate(&bench, rows[row].call);
        sessmgr_token_free(bench.jwt);
    }
    (void)printf("%-18s %10s %10s %10s   a second, %zu rounds of %d calls by one client\n", "",
                 "median", "least", "most", rounds, CALLS);
    for (size_t row = 0; row < ELEMENTS(rows); row++) {
        qsort(rates[row], rounds, sizeof(rates[row][0]), compare);
        (void)printf("%-18s %10.0f %10.0f %10.0f\n", rows[row].name, rates[row][rounds / 2],
                     rates[row][0], rates[row][rounds - 1]);
    }
    sessmgr_token_free(bench.opaque);
    sessmgr_token_free(bench.refreshing);
    sessmgr_close(bench.handle);
    return EXIT_SUCCESS;
}
