/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parses, prints and matches lists of patterns. Who may log in depends on what this says, so a word
 * that could only match by mistake is refused.
 */
#include <config.h>

#include "daemon/pattern.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/macro.h"
#include "daemon/address.h"

#define BLANKS " \t"
#define DIGITS "0123456789"
#define NO_GID ((gid_t)-1) /* chown(2) and setgroups(2) leave it out, so it is nobody's */

enum { ID_DIGITS_MAX = 10 };

enum pattern_type {
    TYPE_NAME, /* of a user or service; what an item is until it is parsed */
    TYPE_UID,
    TYPE_LOCAL, /* no remote host */
    TYPE_HOST,  /* an address or range, or where that is AF_UNSPEC, a name */
    TYPE_GIDS,
};

struct pattern {
    enum pattern_type type;
    bool negated;
    char *text; /* without the `!`, owned; NULL of TYPE_GIDS */
    int64_t uid;
    struct address address;
    unsigned prefix_bits; /* of address */
    size_t gid_count;
    gid_t *gids; /* ascending, owned; without NO_GID */
};

/* Whom a list is compared with; what its kind does not ask for is zero. */
struct subject {
    const char *name; /* of the user, the service or the host; NULL for no remote host */
    int64_t uid;
    const struct uint_list *gids;
};

static bool is_glob(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* Where there is nothing to escape a backslash is part of the name, as in DOMAIN\user. */
static bool text_matches(const char *pattern, const char *text, int flags)
{
    return fnmatch(pattern, text, is_glob(pattern) ? flags : flags | FNM_NOESCAPE) == 0;
}

/* Takes an ID off the front: decimal digits without needless zeros, so that it is written in one
 * way only. */
static int take_id(const char **text, uint32_t *ret)
{
    size_t digits = strspn(*text, DIGITS);
    uint64_t id = 0;

    if (digits < 1 || digits > ID_DIGITS_MAX || (digits > 1 && (*text)[0] == '0'))
        return -EINVAL;
    for (size_t i = 0; i < digits; i++)
        id = id * 10 + (uint64_t)((*text)[i] - '0');
    if (id > UINT32_MAX)
        return -EINVAL;
    *text += digits;
    *ret = (uint32_t)id;
    return 0;
}

static int parse_user(struct pattern *item)
{
    const char *text = item->text;
    uint32_t uid;
    int r;

    if (text[strspn(text, DIGITS)] != '\0')
        return 0; /* a name */
    r = take_id(&text, &uid);
    if (r < 0)
        return r;
    item->type = TYPE_UID;
    item->uid = uid;
    return 0;
}

static int parse_service(struct pattern *item)
{
    for (char *c = item->text; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return 0;
}

static int parse_host(struct pattern *item)
{
    if (strcasecmp(item->text, "local") == 0) {
        item->type = TYPE_LOCAL;
        return 0;
    }
    item->type = TYPE_HOST;
    return address_parse(item->text, &item->address, &item->prefix_bits);
}

static int add_gid(struct pattern *item, gid_t gid)
{
    gid_t *gids;

    if (gid == NO_GID)
        return 0;
    if (item->gid_count == PATTERN_GIDS_MAX)
        return -E2BIG;
    gids = reallocarray(item->gids, item->gid_count + 1, sizeof(*gids));
    if (gids == NULL)
        return -ENOMEM;
    item->gids = gids;
    item->gids[item->gid_count++] = gid;
    return 0;
}

/* An item's text is digits and commas only. */
static int add_numbers(struct pattern *item)
{
    const char *text = item->text;
    gid_t gid;
    int r;

    for (;; text++) {
        r = take_id(&text, &gid);
        if (r < 0)
            return r;
        r = add_gid(item, gid);
        if (r < 0 || *text == '\0')
            return r;
    }
}

static int add_if_matching(const char *name, gid_t gid, void *userdata)
{
    struct pattern *item = userdata;

    return text_matches(item->text, name, 0) ? add_gid(item, gid) : 0;
}

static int add_named(struct pattern *item, const struct pattern_groups *groups)
{
    gid_t gid;
    int r;

    if (is_glob(item->text))
        return groups->each(groups, add_if_matching, item);
    r = groups->find(groups, item->text, &gid);
    return r < 0 ? r : add_gid(item, gid);
}

static int compare_gids(const void *a, const void *b)
{
    gid_t left = *(const gid_t *)a, right = *(const gid_t *)b;

    return (left > right) - (left < right);
}

static int parse_group(struct pattern *item, const struct pattern_groups *groups)
{
    int r;

    item->type = TYPE_GIDS;
    if (item->text[strspn(item->text, DIGITS ",")] == '\0')
        r = add_numbers(item);
    else
        r = add_named(item, groups);
    if (r < 0)
        return r;
    if (item->gid_count > 0)
        qsort(item->gids, item->gid_count, sizeof(*item->gids), compare_gids);
    free(TAKE_PTR(item->text));
    return 0;
}

/* "alice,bob", "\"alice\"": as other programs have it. It would fit nobody, and its opposite
 * everybody. Only what groups are written as has commas between IDs. */
static bool is_list_of_another_kind(enum pattern_kind kind, const char *text)
{
    if (kind == PATTERN_GROUPS && text[strspn(text, DIGITS ",")] == '\0')
        return false;
    return strpbrk(text, ",\"") != NULL;
}

/* Parses word[0..bytes) into an item that is all zero. It may be left half-built. */
static int parse_word(enum pattern_kind kind, const char *word, size_t bytes,
                      const struct pattern_groups *groups, struct pattern *item)
{
    item->negated = word[0] == '!';
    if (item->negated) {
        word++;
        bytes--;
    }
    if (bytes == 0 || word[0] == '!')
        return -EINVAL;
    item->text = strndup(word, bytes);
    if (item->text == NULL)
        return -ENOMEM;
    if (is_list_of_another_kind(kind, item->text))
        return -EINVAL;
    switch (kind) {
    case PATTERN_USERS:
        return parse_user(item);
    case PATTERN_SERVICES:
        return parse_service(item);
    case PATTERN_HOSTS:
        return parse_host(item);
    case PATTERN_GROUPS:
        return parse_group(item, groups);
    }
    return -EINVAL;
}

/* Goes past the word that a text begins with, and the blanks behind it. */
static const char *skip_word(const char *text)
{
    text += strcspn(text, BLANKS);
    return text + strspn(text, BLANKS);
}

int pattern_list_parse(enum pattern_kind kind, const char *text,
                       const struct pattern_groups *groups, struct pattern_list *ret)
{
    CLEANUP(pattern_list_done) struct pattern_list list = {.count = 0};
    size_t words = 0;
    int r;

    text += strspn(text, BLANKS);
    for (const char *word = text; *word != '\0'; word = skip_word(word))
        words++;
    if (words > PATTERN_WORDS_MAX)
        return -E2BIG;
    list.items = calloc(words + 1, sizeof(*list.items)); /* there may be no word */
    if (list.items == NULL)
        return -ENOMEM;
    for (; *text != '\0'; text = skip_word(text)) {
        r = parse_word(kind, text, strcspn(text, BLANKS), groups, &list.items[list.count++]);
        if (r < 0)
            return r;
    }
    *ret = list;
    list = (struct pattern_list){.count = 0};
    return 0;
}

void pattern_list_done(struct pattern_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].text);
        free(list->items[i].gids);
    }
    free(list->items);
    *list = (struct pattern_list){.count = 0};
}

static void print_gids(const struct pattern *item, FILE *stream)
{
    if (item->gid_count == 0)
        (void)fprintf(stream, "%" PRIu32, NO_GID); /* errors stay with the stream, here and below */
    for (size_t i = 0; i < item->gid_count; i++)
        (void)fprintf(stream, "%s%" PRIu32, i > 0 ? "," : "", item->gids[i]);
}

void pattern_list_print(const struct pattern_list *list, FILE *stream)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct pattern *item = &list->items[i];

        (void)fprintf(stream, "%s%s", i > 0 ? " " : "", item->negated ? "!" : "");
        if (item->type == TYPE_GIDS)
            print_gids(item, stream);
        else
            (void)fputs(item->text, stream);
    }
}

static bool host_matches(const struct pattern *item, const char *host)
{
    if (host == NULL)
        return false;
    if (item->address.family != AF_UNSPEC)
        return address_contains(&item->address, item->prefix_bits, host);
    return text_matches(item->text, host, FNM_CASEFOLD);
}

static bool gids_match(const struct pattern *item, const struct uint_list *gids)
{
    for (size_t i = 0; item->gid_count > 0 && i < gids->count; i++) {
        gid_t gid = (gid_t)gids->items[i];

        if (bsearch(&gid, item->gids, item->gid_count, sizeof(gid), compare_gids) != NULL)
            return true;
    }
    return false;
}

static bool item_matches(const struct pattern *item, const struct subject *subject)
{
    switch (item->type) {
    case TYPE_NAME:
        return text_matches(item->text, subject->name, 0);
    case TYPE_UID:
        return item->uid == subject->uid;
    case TYPE_LOCAL:
        return subject->name == NULL;
    case TYPE_HOST:
        return host_matches(item, subject->name);
    case TYPE_GIDS:
        return gids_match(item, subject->gids);
    }
    return false;
}

static bool list_matches(const struct pattern_list *list, const struct subject *subject)
{
    bool has_plain = false, plain_matches = false;

    for (size_t i = 0; i < list->count; i++) {
        const struct pattern *item = &list->items[i];
        bool matches = item_matches(item, subject);

        if (item->negated && matches)
            return false;
        has_plain |= !item->negated;
        plain_matches |= matches;
    }
    return plain_matches || !has_plain;
}

bool pattern_list_matches_user(const struct pattern_list *list, const char *name, int64_t uid)
{
    return list_matches(list, &(struct subject){.name = name, .uid = uid});
}

bool pattern_list_matches_service(const struct pattern_list *list, const char *name)
{
    return list_matches(list, &(struct subject){.name = name});
}

bool pattern_list_matches_host(const struct pattern_list *list, const char *host)
{
    bool local = host == NULL || host[0] == '\0';

    return list_matches(list, &(struct subject){.name = local ? NULL : host});
}

bool pattern_list_matches_groups(const struct pattern_list *list, const struct uint_list *gids)
{
    return list_matches(list, &(struct subject){.gids = gids});
}
