/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of configuration files that are lists of patterns; what a list means is in pattern.h.
 */
#include <config.h>

#include <errno.h>

#include "daemon/config-value.h"
#include "daemon/pattern.h"

static int parse(enum pattern_kind kind, const char *text, void *member)
{
    struct pattern_list list;
    int r;

    r = pattern_list_parse(kind, text, kind == PATTERN_GROUPS ? &pattern_groups_system : NULL,
                           &list);
    if (r < 0)
        return r == -ENOENT || r == -ENOMEM ? r : -EINVAL;
    pattern_list_done(member);
    *(struct pattern_list *)member = list;
    return 0;
}

static int parse_users(const struct config_key *key, const char *text, void *member)
{
    (void)key; /* every list of a kind is alike, here and below */
    return parse(PATTERN_USERS, text, member);
}

static int parse_groups(const struct config_key *key, const char *text, void *member)
{
    (void)key;
    return parse(PATTERN_GROUPS, text, member);
}

static int parse_services(const struct config_key *key, const char *text, void *member)
{
    (void)key;
    return parse(PATTERN_SERVICES, text, member);
}

static int parse_hosts(const struct config_key *key, const char *text, void *member)
{
    (void)key;
    return parse(PATTERN_HOSTS, text, member);
}

static void print(const struct config_key *key, const void *member, FILE *stream)
{
    (void)key;
    pattern_list_print(member, stream);
}

static void release(void *member)
{
    pattern_list_done(member);
}

const struct config_type config_type_users = {
    .parse = parse_users, .print = print, .release = release};
const struct config_type config_type_groups = {
    .parse = parse_groups, .print = print, .release = release};
const struct config_type config_type_service_patterns = {
    .parse = parse_services, .print = print, .release = release};
const struct config_type config_type_hosts = {
    .parse = parse_hosts, .print = print, .release = release};
