/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of configuration files that are names: lists of services, scopes and audiences, and an
 * issuer. Names are ASCII; the locale has no say.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "daemon/config-value.h"

enum { SERVICE_MAX_BYTES = 64 };

/* Whether a name of some bytes (at least one) is one of its kind. */
typedef bool (*name_valid_t)(const char *name, size_t bytes);

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A file's name in /etc/pam.d, or what could be one. */
static bool service_valid(const char *name, size_t bytes)
{
    if (bytes > SERVICE_MAX_BYTES || *name == '.')
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (!is_alphanumeric(name[i]) && !strchr("_-.@+", name[i]))
            return false;
    return true;
}

/* What RFC 6749 (appendix A) allows in a scope, and what is plain in JSON and in a shell's quotes.
 */
static bool name_plain(const char *name, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
            return false;
    return true;
}

static bool scope_valid(const char *name, size_t bytes)
{
    return bytes <= SCOPE_MAX_BYTES && name_plain(name, bytes);
}

static bool audience_valid(const char *name, size_t bytes)
{
    return bytes <= AUDIENCE_MAX_BYTES && name_plain(name, bytes);
}

static void names_free(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}

static void names_freep(char ***names)
{
    names_free(*names);
}

/* Reads names separated by blanks, `most` of them at the most. */
static int parse_names(const char *text, name_valid_t valid, size_t most, void *member)
{
    size_t count = 0;

    /* every name but the last has a blank behind it */
    CLEANUP(names_freep) char **names = calloc(strlen(text) / 2 + 2, sizeof(*names));
    if (!names)
        return -ENOMEM;
    for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
        size_t bytes = strcspn(text, " \t");

        if (!valid(text, bytes) || count == most)
            return -EINVAL;
        names[count] = strndup(text, bytes);
        if (!names[count++])
            return -ENOMEM;
        text += bytes;
    }
    names_free(*(char ***)member);
    *(char ***)member = TAKE_PTR(names);
    return 0;
}

static void print_names(const struct config_key *key, const void *member, FILE *stream)
{
    char *const *names = *(char *const *const *)member;

    (void)key;                        /* every list is written alike */
    for (size_t i = 0; names[i]; i++) /* errors stay with the stream, here and below */
        (void)fprintf(stream, "%s%s", i > 0 ? " " : "", names[i]);
}

static void release_names(void *member)
{
    names_free(*(char ***)member);
    *(char ***)member = NULL;
}

static int parse_services(const struct config_key *key, const char *text, void *member)
{
    CLEANUP(freep) char *lower = strdup(text);

    (void)key; /* every list of services is alike */
    if (!lower)
        return -ENOMEM;
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return parse_names(lower, service_valid, SIZE_MAX, member);
}

static int parse_scopes(const struct config_key *key, const char *text, void *member)
{
    (void)key; /* every list of scopes is alike */
    return parse_names(text, scope_valid, SCOPES_MAX, member);
}

static int parse_audiences(const struct config_key *key, const char *text, void *member)
{
    (void)key; /* every list of audiences is alike */
    return parse_names(strcmp(text, CONFIG_AUTO) == 0 ? "" : text, audience_valid, SIZE_MAX,
                       member);
}

static void print_audiences(const struct config_key *key, const void *member, FILE *stream)
{
    if (**(char *const *const *)member)
        print_names(key, member, stream);
    else
        (void)fputs(CONFIG_AUTO, stream);
}

static int parse_issuer(const struct config_key *key, const char *text, void *member)
{
    char *issuer = NULL;

    (void)key; /* every issuer is alike */
    if (strcmp(text, CONFIG_AUTO) != 0) {
        if (!audience_valid(text, strlen(text)))
            return -EINVAL;
        issuer = strdup(text);
        if (!issuer)
            return -ENOMEM;
    }
    free(*(char **)member);
    *(char **)member = issuer;
    return 0;
}

static void print_issuer(const struct config_key *key, const void *member, FILE *stream)
{
    const char *issuer = *(const char *const *)member;

    (void)key; /* every issuer is alike */
    (void)fputs(issuer ? issuer : CONFIG_AUTO, stream);
}

static void release_issuer(void *member)
{
    free(*(char **)member);
    *(char **)member = NULL;
}

const struct config_type config_type_services = {
    .parse = parse_services, .print = print_names, .release = release_names};
const struct config_type config_type_scopes = {
    .parse = parse_scopes, .print = print_names, .release = release_names};
const struct config_type config_type_audiences = {
    .parse = parse_audiences, .print = print_audiences, .release = release_names};
const struct config_type config_type_issuer = {
    .parse = parse_issuer, .print = print_issuer, .release = release_issuer};
