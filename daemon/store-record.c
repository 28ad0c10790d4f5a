/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of records and submissions; see store-record.h.
 *
 *   record:     version, key ID, sequence; nonce, sealed value, tag
 *   submission: sequence, number of changes; each change: key length, record length, key, record
 */
#include <config.h>

#include "daemon/store-record.h"

#include <errno.h>
#include <string.h>

#include "daemon/store-io.h"

enum {
    SUBMISSION_HEAD_BYTES = 8 + 4,
    CHANGE_HEAD_BYTES = 4 + 4,
    ASSOCIATED_MAX_BYTES = STORE_MAGIC_BYTES + STORE_RECORD_HEAD_BYTES + STORE_KEY_MAX_BYTES,
};

#define RECORD_REMOVED UINT32_MAX /* in the place of a record's length */

static const char record_magic[STORE_MAGIC_BYTES] = "sessmgrR";

/* What a record's seal is tied to: its head and its key. Returns the length. */
static size_t associate(const unsigned char *head, const void *key, size_t key_bytes,
                        unsigned char *ret)
{
    unsigned char *at = ret;

    store_put_bytes(&at, record_magic, STORE_MAGIC_BYTES);
    store_put_bytes(&at, head, STORE_RECORD_HEAD_BYTES);
    store_put_bytes(&at, key, key_bytes);
    return (size_t)(at - ret);
}

/* Seals a record whose value stands where its ciphertext will. number: of the change in its
 * submission; no other has its sequence and number in this process. */
static void record_seal(const struct store_keys *keys, uint64_t sequence, uint32_t number,
                        const unsigned char *key, size_t key_bytes, unsigned char *record,
                        size_t record_bytes)
{
    unsigned char associated[ASSOCIATED_MAX_BYTES], nonce[SEAL_NONCE_BYTES];
    unsigned char *at = nonce;

    store_put_bytes(&at, keys->salt, sizeof(keys->salt));
    store_put64(&at, sequence * STORE_CHANGES_MAX + number);
    at = record;
    *at++ = STORE_RECORD_VERSION;
    store_put_bytes(&at, keys->id, STORE_KEY_ID_BYTES);
    store_put64(&at, sequence);
    size_t associated_bytes = associate(record, key, key_bytes, associated);
    seal_close(keys->record, nonce, associated, associated_bytes, at,
               record_bytes - STORE_RECORD_OVERHEAD_BYTES);
}

int store_record_open(const struct store_keys *keys, const struct store_entry *entry,
                      unsigned char *record, const unsigned char **ret_value, size_t *ret_bytes)
{
    unsigned char associated[ASSOCIATED_MAX_BYTES];
    int r;

    if (entry->key_bytes == 0 || entry->key_bytes > STORE_KEY_MAX_BYTES ||
        entry->record_bytes < STORE_RECORD_OVERHEAD_BYTES)
        return -EBADMSG;
    if (record[0] != STORE_RECORD_VERSION)
        return -EPROTONOSUPPORT;
    size_t associated_bytes = associate(record, entry->key, entry->key_bytes, associated);
    r = seal_open(keys->record, associated, associated_bytes, record + STORE_RECORD_HEAD_BYTES,
                  entry->record_bytes - STORE_RECORD_HEAD_BYTES, ret_bytes);
    if (r < 0)
        return r;
    *ret_value = record + STORE_RECORD_HEAD_BYTES + SEAL_NONCE_BYTES;
    return 0;
}

uint64_t store_record_sequence(const unsigned char *record, size_t record_bytes)
{
    const unsigned char *at = record + 1 + STORE_KEY_ID_BYTES;

    return record_bytes < STORE_RECORD_HEAD_BYTES ? 0 : store_get64(&at);
}

size_t store_changes_bytes(const struct store_change *changes, size_t count)
{
    size_t bytes = count > 0 ? SUBMISSION_HEAD_BYTES : 0;

    for (size_t i = 0; i < count; i++)
        bytes += CHANGE_HEAD_BYTES + strlen(changes[i].key) +
                 (changes[i].value ? STORE_RECORD_OVERHEAD_BYTES + changes[i].value_bytes : 0);
    return bytes;
}

void store_changes_encode(uint64_t sequence, const struct store_change *changes, size_t count,
                          unsigned char *ret)
{
    unsigned char *at = ret;

    store_put64(&at, sequence);
    store_put32(&at, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct store_change *change = &changes[i];
        size_t key_bytes = strlen(change->key);
        size_t record_bytes = STORE_RECORD_OVERHEAD_BYTES + change->value_bytes;

        store_put32(&at, (uint32_t)key_bytes);
        store_put32(&at, change->value ? (uint32_t)record_bytes : RECORD_REMOVED);
        store_put_bytes(&at, change->key, key_bytes);
        if (!change->value)
            continue;
        if (change->value_bytes > 0)
            memcpy(at + STORE_RECORD_HEAD_BYTES + SEAL_NONCE_BYTES, change->value,
                   change->value_bytes);
        at += record_bytes;
    }
}

void store_changes_seal(const struct store_keys *keys, unsigned char *data)
{
    const unsigned char *at = data;
    uint64_t sequence = store_get64(&at);
    uint32_t count = store_get32(&at);

    for (uint32_t i = 0; i < count; i++) {
        size_t key_bytes = store_get32(&at);
        uint32_t record_bytes = store_get32(&at);
        const unsigned char *key = at;

        at += key_bytes;
        if (record_bytes == RECORD_REMOVED)
            continue;
        record_seal(keys, sequence, i, key, key_bytes, data + (at - data), record_bytes);
        at += record_bytes;
    }
}

size_t store_entry_bytes(const struct store_entry *entry)
{
    return SUBMISSION_HEAD_BYTES + CHANGE_HEAD_BYTES + entry->key_bytes + entry->record_bytes;
}

void store_entry_encode(const struct store_entry *entry, unsigned char *ret)
{
    store_put64(&ret, entry->sequence);
    store_put32(&ret, 1);
    store_put32(&ret, (uint32_t)entry->key_bytes);
    store_put32(&ret, entry->record ? (uint32_t)entry->record_bytes : RECORD_REMOVED);
    store_put_bytes(&ret, entry->key, entry->key_bytes);
    if (entry->record)
        store_put_bytes(&ret, entry->record, entry->record_bytes);
}

/* Takes the next change from *at, of *left bytes. Error: -EBADMSG. */
static int take_change(const unsigned char **at, size_t *left, struct store_entry *entry)
{
    if (*left < CHANGE_HEAD_BYTES)
        return -EBADMSG;
    entry->key_bytes = store_get32(at);
    uint32_t length = store_get32(at);
    bool removed = length == RECORD_REMOVED;
    *left -= CHANGE_HEAD_BYTES;

    entry->record_bytes = removed ? 0 : length;
    if (entry->key_bytes == 0 || entry->key_bytes > STORE_KEY_MAX_BYTES ||
        entry->record_bytes > STORE_RECORD_MAX_BYTES ||
        (!removed && entry->record_bytes < STORE_RECORD_OVERHEAD_BYTES) ||
        entry->key_bytes + entry->record_bytes > *left)
        return -EBADMSG;
    entry->key = *at;
    entry->record = removed ? NULL : *at + entry->key_bytes;
    *at += entry->key_bytes + entry->record_bytes;
    *left -= entry->key_bytes + entry->record_bytes;
    return memchr(entry->key, '\0', entry->key_bytes) ? -EBADMSG : 0;
}

int store_changes_walk(const unsigned char *data, size_t bytes, store_entry_visit_t visit,
                       void *userdata, bool *ret_visit_failed)
{
    *ret_visit_failed = false;
    while (bytes > 0) {
        struct store_entry entry;

        if (bytes < SUBMISSION_HEAD_BYTES)
            return -EBADMSG;
        entry.sequence = store_get64(&data);
        uint32_t count = store_get32(&data);
        bytes -= SUBMISSION_HEAD_BYTES;
        for (uint32_t i = 0; i < count; i++) {
            int r = take_change(&data, &bytes, &entry);
            if (r < 0)
                return r;
            r = visit(&entry, userdata);
            if (r < 0) {
                *ret_visit_failed = true;
                return r;
            }
        }
    }
    return 0;
}
