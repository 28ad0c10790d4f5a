/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the policies and their records; see policy.h. A record is the object {"name": ..., "file":
 * ..., "line": ..., "settings": {KEY: {"value": ..., "file": ..., "line": ...}, ...}}; members that
 * a version does not know are passed over, and keys that it misses have their defaults.
 */
#include <config.h>

#include "daemon/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/seal.h"

#define POLICY_KEY_PREFIX "policy/"

enum {
    POLICY_KEY_MAX_BYTES = sizeof(POLICY_KEY_PREFIX) + POLICY_ID_BYTES, /* with the NUL */
    POLICY_TEXT_MAX_BYTES = 32768,
    SETTING_TEXT_MAX_BYTES = 256, /* of a line of a file */
};

static int compare_id(const struct policy *a, const struct policy *b)
{
    return strcmp(a->id, b->id);
}

TREE_GENERATE(policy_table, policy, by_id, compare_id)

/* The members of a record. */
struct policy_record {
    const char *name;
    const char *file;
    int64_t line;
    struct json settings;
};

#define AT(member) .offset = offsetof(struct policy_record, member)
static const struct field record_fields[] = {
    {"name", FIELD_STRING, FIELD_PRINTABLE, AT(name), .max = 256},
    {"file", FIELD_STRING, 0, AT(file), .max = 4096},
    {"line", FIELD_UINT, 0, AT(line)},
    {"settings", FIELD_JSON, 0, AT(settings)},
};
#undef AT

static const struct field_table record_table = {.fields = record_fields,
                                                .count = ELEMENTS(record_fields),
                                                .struct_size = sizeof(struct policy_record),
                                                .tolerant = true};

/* The value of a setting in a record, or its default. */
static int setting_text(struct json settings, const char *name, char *buffer, size_t size)
{
    struct json_cursor cursor, inner;
    struct json key, value;

    if (json_type(settings) != JSON_OBJECT || json_open(settings, &cursor) < 0)
        return -EINVAL;
    while (json_next_member(&cursor, &key, &value) > 0) {
        if (!json_string_equals(key, name) || json_type(value) != JSON_OBJECT ||
            json_open(value, &inner) < 0)
            continue;
        while (json_next_member(&inner, &key, &value) > 0)
            if (json_string_equals(key, "value"))
                return json_get_string(value, buffer, size);
    }
    return -ENOENT;
}

static int read_settings(struct json json, struct session_settings *settings)
{
    const struct config_table *table = &session_settings_table;

    for (size_t i = 0; i < table->key_count; i++) {
        char text[SETTING_TEXT_MAX_BYTES] = "";
        size_t offset;
        const struct config_key *key = config_table_key(table, i, &offset);
        int r = setting_text(json, key->name, text, sizeof(text));

        if (r != -ENOENT && r < 0)
            return r;
        r = key->type->parse(key, r == -ENOENT ? key->default_text : text,
                             (char *)settings + offset);
        if (r < 0)
            return r;
    }
    return 0;
}

static void policy_freep(struct policy **policy)
{
    policy_unref(*policy);
}

/* Makes a policy of a record, which is copied; it has one reference. */
static int policy_make(const struct policy_record *record, const char *id, struct policy **ret)
{
    CLEANUP(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
    struct policy_record own;
    int r;

    if (policy == NULL)
        return -ENOMEM;
    policy->references = 1;
    (void)snprintf(policy->id, sizeof(policy->id), "%s", id);
    r = fields_copy(&record_table, record, &own, &policy->block);
    if (r < 0)
        return r;
    policy->name = own.name;
    policy->file = own.file;
    policy->line = own.line;
    policy->members = own.settings;
    r = read_settings(own.settings, &policy->settings);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(policy);
    return 0;
}

/* Writes a record. Returns its length. */
static int encode(const struct policy_record *record, char text[static POLICY_TEXT_MAX_BYTES])
{
    struct json_writer writer;
    struct json json;
    int r;

    json_writer_init(&writer, text, POLICY_TEXT_MAX_BYTES);
    fields_encode(&record_table, record, &writer);
    r = json_writer_finish(&writer, &json);
    return r < 0 ? r : (int)json.length;
}

int policy_new(const char *name, const char *file, int line,
               const struct session_settings *settings, const struct config_origin *origins,
               struct policy **ret)
{
    char members[POLICY_TEXT_MAX_BYTES], text[POLICY_TEXT_MAX_BYTES], id[POLICY_ID_BYTES + 1];
    struct policy_record record = {.name = name, .file = file, .line = line};
    unsigned char hash[SEAL_CHECKSUM_BYTES];
    struct json_writer writer;
    int r;

    _Static_assert(sizeof(hash) * 2 == POLICY_ID_BYTES, "two digits a byte");
    json_writer_init(&writer, members, sizeof(members));
    json_begin_object(&writer);
    settings_write_members(&session_settings_table, settings, origins, &writer);
    json_end_object(&writer);
    r = json_writer_finish(&writer, &record.settings);
    if (r < 0)
        return r;
    r = encode(&record, text);
    if (r < 0)
        return r;
    seal_hash_all(NULL, text, (size_t)r, hash, sizeof(hash));
    for (size_t i = 0; i < sizeof(hash); i++)
        (void)snprintf(id + 2 * i, 3, "%02x", hash[i]); /* two digits always fit */
    return policy_make(&record, id, ret);
}

struct policy *policy_ref(struct policy *policy)
{
    policy->references++;
    return policy;
}

void policy_unref(struct policy *policy)
{
    if (policy == NULL || --policy->references > 0)
        return;
    config_table_release(&session_settings_table, &policy->settings);
    free(policy->block);
    free(policy);
}

static void record_key(const struct policy *policy, char key[static POLICY_KEY_MAX_BYTES])
{
    (void)snprintf(key, POLICY_KEY_MAX_BYTES, POLICY_KEY_PREFIX "%s", policy->id); /* it fits */
}

/* Hands the record of a policy to the store, or takes it out. */
static void submit(struct manager *manager, const struct policy *policy, bool removes)
{
    const struct policy_record record = {.name = policy->name,
                                         .file = policy->file,
                                         .line = policy->line,
                                         .settings = policy->members};
    char key[POLICY_KEY_MAX_BYTES], text[POLICY_TEXT_MAX_BYTES];
    struct store_change change = {.key = key};
    int r = removes ? 0 : encode(&record, text);

    record_key(policy, key);
    if (r > 0) {
        change.value = text;
        change.value_bytes = (size_t)r;
    }
    if (r >= 0)
        r = store_submit(manager->store, STORE_ORDINARY, &change, 1, NULL, NULL);
    if (r < 0)
        log_line(LOG_ERR, "the policy %s cannot be recorded: %s", policy->name, strerror(-r));
}

static struct policy *find(const struct manager *manager, const char *id)
{
    struct policy_table tree = manager->policies; /* to look, a copy of the root will do */
    struct policy key;

    (void)snprintf(key.id, sizeof(key.id), "%s", id);
    return RB_FIND(policy_table, &tree, &key);
}

/* The table's own reference is what keeps a policy there. */
static void keep(struct manager *manager, struct policy *policy)
{
    (void)RB_INSERT(policy_table, &manager->policies, policy); /* it is not there: its ID is new */
    policy->is_kept = true;
    (void)policy_ref(policy);
}

static void discard(struct manager *manager, struct policy *policy)
{
    submit(manager, policy, true);
    (void)RB_REMOVE(policy_table, &manager->policies, policy);
    policy->is_kept = false;
    policy_unref(policy);
}

struct policy *policy_take(struct manager *manager, struct policy *policy)
{
    struct policy *kept = policy->is_kept ? policy : find(manager, policy->id);

    if (kept == NULL) {
        kept = policy;
        keep(manager, kept);
        submit(manager, kept, false);
    }
    return policy_ref(kept);
}

bool policy_is_record(const char *key)
{
    return strncmp(key, POLICY_KEY_PREFIX, strlen(POLICY_KEY_PREFIX)) == 0;
}

int policy_load(struct manager *manager, const char *key, const void *value, size_t value_bytes,
                struct arena *arena)
{
    struct policy_record record;
    struct policy *policy;
    struct json text;
    int r;

    r = json_parse(value, value_bytes, &text);
    if (r >= 0)
        r = fields_decode(&record_table, text, arena, &record, NULL);
    if (r >= 0)
        r = policy_make(&record, key + strlen(POLICY_KEY_PREFIX), &policy);
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        log_line(LOG_ERR,
                 "the record %s cannot be read (%s): sessions under it go by the rule as it is now",
                 key, strerror(-r));
        return 0;
    }
    keep(manager, policy);
    policy_unref(policy); /* the table has its own */
    return 0;
}

struct policy *policy_find(struct manager *manager, const char *id, const char *name)
{
    struct policy *policy = id == NULL ? NULL : find(manager, id);
    const struct rule *rule = config_find_rule(manager->config, name);

    if (policy == NULL)
        policy = rule == NULL ? manager->config->fallback.policy : rule->policy;
    return policy_take(manager, policy);
}

void policy_settle(struct manager *manager)
{
    struct policy *policy, *next;

    RB_FOREACH_SAFE(policy, policy_table, &manager->policies, next)
    {
        if (policy->references == 1) /* the table's own */
            discard(manager, policy);
    }
}

void policy_table_done(struct policy_table *table)
{
    struct policy *policy, *next;

    RB_FOREACH_SAFE(policy, policy_table, table, next)
    {
        (void)RB_REMOVE(policy_table, table, policy);
        policy_unref(policy);
    }
}
