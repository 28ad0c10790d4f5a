/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our side of tests/interop: makes tokens that others are to verify, and verifies theirs.
 *
 *   jwt-tool make COUNT KEYS TOKENS EXPECTED
 *   jwt-tool check KEYS TOKENS              says what it finds on standard output
 *
 * KEYS is a key set. TOKENS has a token a line: COUNT good ones and then BAD_COUNT that are not.
 * EXPECTED, and what check says, has for each a line "good SUBJECT|EXP|AUDIENCES|UID|SCOPE", or
 * "bad" and perhaps why. The other two scripts keep to the same.
 */
#include <config.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "jose/jose.h"
#include "jose/jwt.h"

#define ISSUER   "sessmgr:interop"
#define AUDIENCE "interop"

enum { KEYS = 3, BAD_COUNT = 104 };

/* What is wrong with a token. */
enum damage {
    DAMAGE_BIT,      /* of the signature is turned */
    DAMAGE_PAYLOAD,  /* is another token's */
    DAMAGE_SECRET,   /* that signed is another one */
    DAMAGE_NONE,     /* no signature, and a header that says so */
    DAMAGE_HMAC,     /* under the public key, in place of a signature */
    DAMAGE_KID,      /* is nobody's */
    DAMAGE_EXPIRED,  /* a while ago */
    DAMAGE_AUDIENCE, /* is somebody else */
    DAMAGES,
};

struct maker {
    struct jwk_set set;
    unsigned char secrets[KEYS][JWK_SECRET_BYTES];
    unsigned char stranger[JWK_SECRET_BYTES]; /* of a key that is not in the set */
    int64_t now_sec;
};

/* Claims, and room for the strings they point to. */
struct sample {
    struct jwt_claims claims;
    const char *audiences[2];
    char subject[64];
    char token_id[64];
    char scope[64];
};

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    if (!file)
        err(1, "%s", path);
    return file;
}

static void close_file(FILE *file, const char *path)
{
    if (ferror(file) || fclose(file) != 0)
        err(1, "%s", path);
}

static void make_keys(struct maker *maker)
{
    unsigned char seed[JWK_SEED_BYTES], other[JWK_PUBLIC_BYTES];

    for (size_t i = 0; i < KEYS; i++) {
        struct jwk *key = &maker->set.keys[maker->set.count++];

        randombytes_buf(seed, sizeof(seed));
        jwk_pair_from_seed(seed, key->public_key, maker->secrets[i]);
        jwk_thumbprint(key->public_key, key->kid);
    }
    randombytes_buf(seed, sizeof(seed));
    jwk_pair_from_seed(seed, other, maker->stranger);
}

/* Claims that differ from number to number in what is there and what is in it. */
static void vary(const struct maker *maker, unsigned long number, struct sample *ret)
{
    static const struct jwt_claims none = JWT_CLAIMS_NONE;
    struct jwt_claims *claims = &ret->claims;

    (void)snprintf(ret->subject, sizeof(ret->subject),
                   number % 7 == 0 ? "us\u00e9r \"\\%lu/\u20ac\U0001f600" : "user-%lu", number);
    (void)snprintf(ret->token_id, sizeof(ret->token_id), "%032lx", number * 2654435761);
    (void)snprintf(ret->scope, sizeof(ret->scope), "read write:%lu", number);
    ret->audiences[0] = number % 3 == 2 ? "backup" : AUDIENCE;
    ret->audiences[1] = number % 3 == 2 ? AUDIENCE : "backup";
    *claims = none;
    claims->issuer = ISSUER;
    claims->subject = ret->subject;
    claims->audiences =
        (struct string_list){.count = number % 3 == 0 ? 1 : 2, .items = ret->audiences};
    claims->client_id = "sshd";
    claims->issued_sec = maker->now_sec;
    claims->expires_sec = maker->now_sec + 3600 + (int64_t)(number % 1000);
    claims->not_before_sec = number % 2 == 0 ? maker->now_sec : -1;
    claims->token_id = ret->token_id;
    claims->session_id = number % 4 == 0 ? ret->token_id : NULL;
    claims->uid = number % 5 == 0 ? -1 : 1000 + (int64_t)number;
    claims->scope = number % 6 == 0 ? NULL : ret->scope;
    claims->family = number % 8 == 0 ? (int64_t)number : -1;
    claims->bind_uid = number % 10 == 1;
}

static void tell(FILE *file, const struct jwt_claims *claims)
{
    fprintf(file, "good %s|%" PRId64 "|", claims->subject, claims->expires_sec);
    for (size_t i = 0; i < claims->audiences.count; i++)
        fprintf(file, "%s%s", i > 0 ? "," : "", claims->audiences.items[i]);
    fprintf(file, "|%" PRId64 "|%s\n", claims->uid, claims->scope ? claims->scope : "-");
}

/* Ends the program where something could not be made. */
static size_t must(int r)
{
    if (r < 0)
        errx(1, "cannot make a token: %s", strerror(-r));
    return (size_t)r;
}

/* Prints a token of three parts; the first two end at the next dot. */
static void print_parts(FILE *file, const char *first, const char *second, const char *third)
{
    fprintf(file, "%.*s.%.*s.%s\n", (int)strcspn(first, "."), first, (int)strcspn(second, "."),
            second, third);
}

static const char *part(const char *token, int number)
{
    for (; number > 0; number--)
        token = strchr(token, '.') + 1;
    return token;
}

/* Prints a token whose signature is none, or an HMAC under the public key. */
static void print_other_algorithm(FILE *file, const struct jwk *key, const char *token, bool hmac)
{
    char header[256], input[JWT_MAX_BYTES + 1], mac_text[64] = "";
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    size_t length;

    (void)snprintf(header, sizeof(header), "{\"typ\":\"at+jwt\",\"alg\":\"%s\",\"kid\":\"%s\"}",
                   hmac ? "HS256" : "none", key->kid);
    length = must(base64url_encode(header, strlen(header), input, sizeof(input)));
    (void)snprintf(input + length, sizeof(input) - length, ".%.*s",
                   (int)strcspn(part(token, 1), "."), part(token, 1));
    if (hmac) {
        (void)crypto_auth_hmacsha256_init(&state, key->public_key, sizeof(key->public_key));
        (void)crypto_auth_hmacsha256_update(&state, (unsigned char *)input, strlen(input));
        (void)crypto_auth_hmacsha256_final(&state, mac);
        (void)must(base64url_encode(mac, sizeof(mac), mac_text, sizeof(mac_text)));
    }
    fprintf(file, "%s.%s\n", input, mac_text);
}

static void print_turned_bit(FILE *file, const char *token, unsigned long number)
{
    unsigned char signature[JWS_SIGNATURE_BYTES];
    const char *const third = part(token, 2);
    char text[128];

    (void)must(base64url_decode(third, strlen(third), signature, sizeof(signature)));
    signature[number * 7 % 64] ^= (unsigned char)(1 << number % 8);
    (void)must(base64url_encode(signature, sizeof(signature), text, sizeof(text)));
    print_parts(file, token, part(token, 1), text);
}

static void print_bad(FILE *file, const struct maker *maker, unsigned long number)
{
    const enum damage damage = (enum damage)(number % DAMAGES);
    const struct jwk *const key = &maker->set.keys[number % KEYS];
    const unsigned char *const secret =
        damage == DAMAGE_SECRET ? maker->stranger : maker->secrets[number % KEYS];
    char token[JWT_MAX_BYTES + 1], other[JWT_MAX_BYTES + 1];
    struct sample sample, next;

    vary(maker, number, &sample);
    vary(maker, number + 1, &next);
    if (damage == DAMAGE_EXPIRED)
        sample.claims.expires_sec = maker->now_sec - 100;
    if (damage == DAMAGE_AUDIENCE) {
        sample.claims.audiences.count = 1;
        sample.audiences[0] = "somebody else";
    }
    (void)must(jwt_encode(&sample.claims, damage == DAMAGE_KID ? "nobody" : key->kid, secret, token,
                          sizeof(token)));
    (void)must(jwt_encode(&next.claims, key->kid, secret, other, sizeof(other)));
    if (damage == DAMAGE_BIT)
        print_turned_bit(file, token, number);
    else if (damage == DAMAGE_PAYLOAD)
        print_parts(file, token, part(other, 1), part(token, 2));
    else if (damage == DAMAGE_NONE || damage == DAMAGE_HMAC)
        print_other_algorithm(file, key, token, damage == DAMAGE_HMAC);
    else
        fprintf(file, "%s\n", token);
}

static void make(unsigned long count, char **paths)
{
    static char text[JSON_TEXT_MAX_BYTES];
    static struct maker maker;
    FILE *keys = open_file(paths[0], "w"), *tokens = open_file(paths[1], "w");
    FILE *expected = open_file(paths[2], "w");
    char token[JWT_MAX_BYTES + 1];
    struct json_writer writer;
    struct json json;

    maker.now_sec = time(NULL);
    make_keys(&maker);
    json_writer_init(&writer, text, sizeof(text));
    jwk_set_encode(&maker.set, &writer);
    (void)must(json_writer_finish(&writer, &json));
    fprintf(keys, "%s\n", json.text);
    for (unsigned long i = 0; i < count; i++) {
        struct sample sample;

        vary(&maker, i, &sample);
        (void)must(jwt_encode(&sample.claims, maker.set.keys[i % KEYS].kid, maker.secrets[i % KEYS],
                              token, sizeof(token)));
        fprintf(tokens, "%s\n", token);
        tell(expected, &sample.claims);
    }
    for (unsigned long i = 0; i < BAD_COUNT; i++) {
        print_bad(tokens, &maker, i);
        fprintf(expected, "bad\n");
    }
    close_file(keys, paths[0]);
    close_file(tokens, paths[1]);
    close_file(expected, paths[2]);
}

static void check_one(const struct jwk_set *set, const char *token, size_t length)
{
    static _Alignas(ARENA_ALIGNMENT) char memory[JWT_ARENA_BYTES];
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    struct jwt_claims claims;
    int r;

    r = jwt_decode(token, length, set, &arena, &claims);
    if (r == 0) {
        const struct jwt_expectation expectation = {
            .now_sec = time(NULL), .issuer = ISSUER, .audience = AUDIENCE, .uid = claims.uid};

        r = jwt_check(&claims, &expectation);
    }
    if (r == 0)
        tell(stdout, &claims);
    else if (r > 0)
        printf("bad %s\n", jwt_fault_name((enum jwt_fault)r));
    else
        errx(1, "%s", strerror(-r));
}

static void check(char **paths)
{
    static char text[JSON_TEXT_MAX_BYTES];
    static struct jwk_set set;
    FILE *keys = open_file(paths[0], "r"), *tokens = open_file(paths[1], "r");
    CLEANUP(freep) char *line = NULL;
    size_t size = 0, length;
    ssize_t got;

    length = fread(text, 1, sizeof(text), keys);
    close_file(keys, paths[0]);
    if (jwk_set_decode(text, length, &set) < 0)
        errx(1, "%s: no key set", paths[0]);
    while ((got = getline(&line, &size, tokens)) > 0)
        check_one(&set, line, (size_t)got - (line[got - 1] == '\n'));
    close_file(tokens, paths[1]);
}

int main(int argc, char **argv)
{
    if (jose_init() < 0)
        errx(1, "libsodium cannot be used");
    if (argc == 6 && strcmp(argv[1], "make") == 0)
        make(strtoul(argv[2], NULL, 10), argv + 3);
    else if (argc == 4 && strcmp(argv[1], "check") == 0)
        check(argv + 2);
    else
        errx(2, "usage: jwt-tool make COUNT KEYS TOKENS EXPECTED | check KEYS TOKENS");
    return fflush(stdout) == 0 ? 0 : 1;
}
