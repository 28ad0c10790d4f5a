/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the signing keys and when they change; see signing-key.h. What
 * is signed is token-issue.c's.
 */
#include <config.h>

#include "daemon/signing-key.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/runtime.h"
#include "daemon/seal.h"
#include "daemon/signing-key-record.h"

/* Rotation goes by the wall clock, which may be set: so it is looked at from time to time. */
#define LOOK_USEC (600 * USEC_PER_SEC)

static int64_t realtime(const struct manager *manager)
{
    return manager->clock->realtime_usec(manager->clock);
}

static void key_free(struct signing_key *key)
{
    if (key == NULL)
        return;
    assert(key->writes == 0);
    seal_key_free(key->secret);
    free(key);
}

static void key_freep(struct signing_key **key)
{
    key_free(*key);
}

static void on_stored(int result, void *userdata)
{
    struct signing_key *key = userdata;

    key->writes--;
    key->durable = result >= 0 && key->writes == 0;
}

/* Hands the record of a key to the store. */
static int submit(struct manager *manager, struct signing_key *key, const struct jwk *jwk)
{
    char name[SIGNING_KEY_NAME_BYTES], value[SIGNING_KEY_RECORD_MAX_BYTES];
    struct store_change change = {.key = name, .value = value};
    int r;

    signing_key_name(jwk, name);
    r = signing_key_encode(key, jwk, value, sizeof(value));
    if (r >= 0) {
        change.value_bytes = (size_t)r;
        r = store_submit(manager->store, STORE_ORDINARY, &change, 1, on_stored, key);
    }
    seal_wipe(value, sizeof(value));
    if (r < 0)
        return r;
    key->writes++;
    key->durable = false;
    return 0;
}

/* Puts a key behind all others. There is room. */
static void append(struct signing_keys *keys, struct signing_key *key, const struct jwk *jwk)
{
    assert(keys->set.count < SIGNING_KEYS_MAX);
    keys->keys[keys->set.count] = key;
    keys->set.keys[keys->set.count++] = *jwk;
}

int signing_keys_load(struct manager *manager, const char *key, const void *value,
                      size_t value_bytes, struct arena *arena)
{
    struct signing_keys *keys = &manager->signing;
    CLEANUP(key_freep) struct signing_key *loaded = calloc(1, sizeof(*loaded));
    char name[SIGNING_KEY_NAME_BYTES];
    struct jwk jwk = {.kid = ""};
    int r = -ENOMEM;

    if (loaded != NULL)
        r = signing_key_decode(value, value_bytes, arena, loaded, &jwk);
    seal_wipe(arena->base, arena->used);
    if (r == -ENOMEM)
        return r;
    signing_key_name(&jwk, name);
    if (r < 0 || strcmp(name, key) != 0 || keys->set.count == SIGNING_KEYS_MAX) {
        log_line(LOG_ERR,
                 "the record %s cannot be read: JWTs of unknown keys are not called "
                 "inactive any more",
                 key);
        keys->incomplete = true;
        return 0;
    }
    loaded->manager = manager;
    loaded->durable = true;
    append(keys, TAKE_PTR(loaded), &jwk);
    return 0;
}

/* Into the order in which they were made: the store keeps none. */
static void sort(struct signing_keys *keys)
{
    for (size_t i = 1; i < keys->set.count; i++)
        for (size_t j = i; j > 0; j--) {
            struct signing_key *above = keys->keys[j - 1], *below = keys->keys[j];
            struct jwk jwk = keys->set.keys[j - 1];

            /* one that signs is newer than all that do not */
            if ((above->retire_usec < 0) <= (below->retire_usec < 0) &&
                ((above->retire_usec < 0) < (below->retire_usec < 0) ||
                 above->created_usec <= below->created_usec))
                break;
            keys->keys[j - 1] = below;
            keys->keys[j] = above;
            keys->set.keys[j - 1] = keys->set.keys[j];
            keys->set.keys[j] = jwk;
        }
}

const struct signing_key *signing_keys_current(const struct signing_keys *keys)
{
    assert(keys->set.count > 0);
    return keys->keys[keys->set.count - 1];
}

const char *signing_keys_current_id(const struct signing_keys *keys)
{
    assert(keys->set.count > 0);
    return keys->set.keys[keys->set.count - 1].kid;
}

/* Takes a key's secret from it: it is there only to check what it signed. */
static void retire(struct manager *manager, size_t index)
{
    struct signing_key *key = manager->signing.keys[index];
    int r;

    key->retire_usec = realtime(manager) + SIGNING_JWT_LIFETIME_MAX_USEC;
    seal_key_free(key->secret);
    key->secret = NULL;
    r = submit(manager, key, &manager->signing.set.keys[index]);
    if (r < 0)
        log_line(LOG_ERR, "a signing key's retirement cannot be stored: %s", strerror(-r));
}

int signing_keys_rotate(struct manager *manager)
{
    struct signing_keys *keys = &manager->signing;
    CLEANUP(key_freep) struct signing_key *key = NULL;
    struct jwk jwk = {.kid = ""};
    unsigned char seed[JWK_SEED_BYTES];
    int r;

    if (keys->set.count == SIGNING_KEYS_MAX)
        return -ENOSPC;
    key = calloc(1, sizeof(*key));
    if (key == NULL)
        return -ENOMEM;
    key->manager = manager;
    key->created_usec = realtime(manager);
    key->retire_usec = -1;
    seal_random(seed, sizeof(seed));
    r = signing_key_pair(key, seed, &jwk);
    seal_wipe(seed, sizeof(seed));
    if (r >= 0)
        r = submit(manager, key, &jwk);
    if (r < 0)
        return r;
    append(keys, TAKE_PTR(key), &jwk);
    /* a crash between the two records leaves two keys that sign; the next start retires one */
    if (keys->set.count > 1)
        retire(manager, keys->set.count - 2);
    audit_write(AUDIT_KEY_MADE, &AUDIT_DETAILS(.text = jwk.kid));
    runtime_write_keys(manager);
    signing_keys_reconsider(manager);
    return 0;
}

/* Forgets a key for good. One whose record is on its way stays until the next look. */
static void forget(struct manager *manager, size_t index)
{
    struct signing_keys *keys = &manager->signing;
    char name[SIGNING_KEY_NAME_BYTES];
    const struct store_change removal = {.key = name};
    size_t behind = --keys->set.count - index;
    int r;

    signing_key_name(&keys->set.keys[index], name);
    r = store_submit(manager->store, STORE_ESSENTIAL, &removal, 1, NULL, NULL);
    if (r < 0)
        log_line(LOG_ERR, "the record %s cannot be removed: %s", name, strerror(-r));
    key_free(keys->keys[index]);
    memmove(&keys->keys[index], &keys->keys[index + 1], behind * sizeof(keys->keys[0]));
    memmove(&keys->set.keys[index], &keys->set.keys[index + 1], behind * sizeof(keys->set.keys[0]));
}

static void forget_retired(struct manager *manager)
{
    struct signing_keys *keys = &manager->signing;
    size_t before = keys->set.count;

    for (size_t i = keys->set.count; i > 0; i--) {
        const struct signing_key *key = keys->keys[i - 1];

        if (key->retire_usec >= 0 && key->retire_usec <= realtime(manager) && key->writes == 0)
            forget(manager, i - 1);
    }
    if (keys->set.count != before)
        runtime_write_keys(manager);
}

static void on_look(struct deadline *deadline, void *userdata)
{
    (void)deadline;
    signing_keys_reconsider(userdata);
}

/* How long the newest key still signs. */
static int64_t left_usec(const struct manager *manager)
{
    int64_t rotation = manager->config->key_rotation_usec;
    int64_t age = realtime(manager) - signing_keys_current(&manager->signing)->created_usec;

    if (rotation == USEC_INFINITY)
        return USEC_INFINITY;
    return age < 0 ? rotation : rotation - age;
}

void signing_keys_reconsider(struct manager *manager)
{
    struct signing_keys *keys = &manager->signing;
    int64_t wait = left_usec(manager);
    int r;

    forget_retired(manager);
    if (wait <= 0) {
        r = signing_keys_rotate(manager); /* which comes back here */
        if (r >= 0)
            return;
        log_line(LOG_ERR, "no new signing key could be made: %s", strerror(-r));
        wait = LOOK_USEC;
    }
    keys->rotation.fire = on_look;
    keys->rotation.userdata = manager;
    if (deadline_arm(manager->deadlines, &keys->rotation,
                     manager->clock->boottime_usec(manager->clock) +
                         (wait < LOOK_USEC ? wait : LOOK_USEC)) < 0)
        log_line(LOG_ERR, "out of memory: signing keys do not change until the next start");
}

int signing_keys_start(struct manager *manager)
{
    struct signing_keys *keys = &manager->signing;

    sort(keys);
    for (size_t i = 0; i + 1 < keys->set.count; i++)
        if (keys->keys[i]->retire_usec < 0)
            retire(manager, i);
    /* after a crash between the two records of a rotation the newest may be the only one, retired
     */
    if (keys->set.count == 0 || signing_keys_current(keys)->secret == NULL)
        return signing_keys_rotate(manager);
    runtime_write_keys(manager);
    signing_keys_reconsider(manager);
    return 0;
}

void signing_keys_done(struct manager *manager)
{
    struct signing_keys *keys = &manager->signing;

    if (manager->deadlines != NULL)
        deadline_disarm(manager->deadlines, &keys->rotation);
    for (size_t i = 0; i < keys->set.count; i++)
        key_free(keys->keys[i]);
    keys->set.count = 0;
}
