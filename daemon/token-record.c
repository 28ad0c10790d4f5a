/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the form of a token in the store, and the tokens that the store held until it is known which
 * sessions live; see token.h.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/token.h"

#define TOKEN_KEY_PREFIX "token/"

static const char *const role_names[] = {
    [TOKEN_ACCESS] = "access",
    [TOKEN_REFRESH] = "refresh",
    [TOKEN_ROTATED] = "rotated",
    [TOKEN_REVOKED] = "revoked",
    NULL,
};

#define AT(member) .offset = offsetof(struct token_record, member)
static const struct field record_fields[] = {
    {"sessionId", FIELD_STRING, FIELD_PRINTABLE, AT(session_id), .max = SESSION_ID_BYTES},
    {"role", FIELD_ENUM, 0, AT(role), .names = role_names},
    {"expiresBoottimeUsec", FIELD_UINT, FIELD_OPTIONAL, AT(expires_usec)},
    {"terms", FIELD_STRING, 0, AT(terms), .max = TOKEN_TERMS_MAX_BYTES - 1},
    {"bindUid", FIELD_BOOL, 0, AT(bind_uid)},
    {"family", FIELD_UINT, 0, AT(family)},
    {"kind", FIELD_ENUM, FIELD_OPTIONAL, AT(kind), .names = token_kind_names},
    {"lifetimeUsec", FIELD_UINT, FIELD_OPTIONAL, AT(lifetime_usec)},
    {"rotatedBoottimeUsec", FIELD_UINT, FIELD_OPTIONAL, AT(rotated_usec)},
};
#undef AT

static const struct field_table token_record_fields = {
    .fields = record_fields,
    .count = ELEMENTS(record_fields),
    .struct_size = sizeof(struct token_record),
    .tolerant = true,
};

struct token_loaded {
    struct token_loaded *next;
    unsigned char hash[SEAL_HASH_BYTES];
    struct token_record record;
    void *block; /* owned: what record points to */
};

void token_record_key(const unsigned char hash[static SEAL_HASH_BYTES],
                      char buffer[static TOKEN_KEY_MAX_BYTES])
{
    size_t length = strlen(TOKEN_KEY_PREFIX);

    memcpy(buffer, TOKEN_KEY_PREFIX, length);
    for (size_t i = 0; i < SEAL_HASH_BYTES; i++)
        (void)snprintf(buffer + length + 2 * i, 3, "%02x", hash[i]); /* two digits always fit */
}

bool token_record_is_key(const char *key)
{
    return strncmp(key, TOKEN_KEY_PREFIX, strlen(TOKEN_KEY_PREFIX)) == 0;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The hash that a key names. Error: -EINVAL. */
static int parse_key(const char *key, unsigned char ret[static SEAL_HASH_BYTES])
{
    const char *digits = key + strlen(TOKEN_KEY_PREFIX);

    if (strlen(digits) != 2 * (size_t)SEAL_HASH_BYTES)
        return -EINVAL;
    for (size_t i = 0; i < SEAL_HASH_BYTES; i++) {
        int high = digit_value(digits[2 * i]), low = digit_value(digits[2 * i + 1]);

        if (high < 0 || low < 0)
            return -EINVAL;
        ret[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

int token_record_encode(const struct token_record *record, char *buffer, size_t size)
{
    struct json_writer writer;
    struct json text;
    int r;

    json_writer_init(&writer, buffer, size);
    fields_encode(&token_record_fields, record, &writer);
    r = json_writer_finish(&writer, &text);
    return r < 0 ? r : (int)text.length;
}

static int decode(const char *key, const void *value, size_t value_bytes, struct arena *arena,
                  struct token_loaded *loaded)
{
    struct json text = {.text = NULL};
    int r;

    r = parse_key(key, loaded->hash);
    if (r >= 0)
        r = json_parse(value, value_bytes, &text);
    if (r >= 0)
        r = fields_decode(&token_record_fields, text, arena, &loaded->record, NULL);
    return r;
}

int token_table_load(struct token_table *table, const char *key, const void *value,
                     size_t value_bytes, struct arena *arena)
{
    CLEANUP(freep) struct token_loaded *loaded = calloc(1, sizeof(*loaded));
    int r;

    if (loaded == NULL)
        return -ENOMEM;
    r = decode(key, value, value_bytes, arena, loaded);
    if (r < 0) {
        /* It is proven to be ours, so a newer version wrote it. The key says too much for a log. */
        log_line(LOG_ERR,
                 "the record of a token cannot be read (%s): unknown tokens are not called "
                 "inactive any more",
                 strerror(-r));
        table->incomplete = true;
        return 0;
    }
    r = fields_copy(&token_record_fields, &loaded->record, &loaded->record, &loaded->block);
    if (r < 0)
        return r;
    loaded->next = table->loaded;
    table->loaded = TAKE_PTR(loaded);
    return 0;
}

/* Whether a token of the store is still of use. */
static bool is_wanted(const struct manager *manager, const struct session *session,
                      const struct token_record *record)
{
    if (session == NULL || session->record.info.state != STATE_ACTIVE)
        return false;
    if (record->family != 0 && record->family != session->record.token_family)
        return false;
    return record->expires_usec < 0 ||
           record->expires_usec > manager->clock->boottime_usec(manager->clock);
}

static int settle(struct manager *manager, const struct token_loaded *loaded,
                  struct token_removals *removals)
{
    struct session *session = session_table_find(&manager->sessions, loaded->record.session_id);

    if (is_wanted(manager, session, &loaded->record))
        return token_add(manager, session, &loaded->record, loaded->hash, NULL);
    token_removals_add(manager, removals, loaded->hash);
    return 0;
}

static void drop_first(struct token_table *table)
{
    struct token_loaded *first = table->loaded;

    table->loaded = first->next;
    free(first->block);
    free(first);
}

void token_table_forget_loaded(struct token_table *table)
{
    while (table->loaded != NULL)
        drop_first(table);
}

int token_table_settle(struct manager *manager)
{
    struct token_table *table = &manager->tokens;
    struct token_removals removals = {.count = 0};
    int r = 0;

    for (; r >= 0 && table->loaded != NULL; drop_first(table))
        r = settle(manager, table->loaded, &removals);
    token_removals_submit(manager, &removals);
    token_table_forget_loaded(table);
    return r;
}

int token_record_remove(struct manager *manager, const unsigned char hash[static SEAL_HASH_BYTES])
{
    char key[TOKEN_KEY_MAX_BYTES];
    const struct store_change removal = {.key = key};

    token_record_key(hash, key);
    return store_submit(manager->store, STORE_ESSENTIAL, &removal, 1, NULL, NULL);
}

void token_removals_submit(struct manager *manager, struct token_removals *removals)
{
    struct store_change changes[STORE_CHANGES_MAX];
    int r = 0;

    for (size_t i = 0; i < removals->count; i++)
        changes[i] = (struct store_change){.key = removals->keys[i]};
    if (removals->count > 0 && manager->store != NULL)
        r = store_submit(manager->store, STORE_ESSENTIAL, changes, removals->count, NULL, NULL);
    if (r < 0)
        log_line(LOG_ERR, "the records of %zu tokens cannot be removed: %s", removals->count,
                 strerror(-r));
    removals->count = 0;
}

void token_removals_add(struct manager *manager, struct token_removals *removals,
                        const unsigned char hash[static SEAL_HASH_BYTES])
{
    if (removals->count == ELEMENTS(removals->keys))
        token_removals_submit(manager, removals);
    token_record_key(hash, removals->keys[removals->count++]);
}
