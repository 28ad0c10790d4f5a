/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and what may be found for them. */
#include <config.h>

#include "tests/crash/claims.h"
#include "tests/crash/image.h"
#include "tests/crash/must.h"

void claims_done(struct claims *claims)
{
    free(claims->list);
    *claims = (struct claims){0};
}

void claims_add(struct claims *claims, uint64_t version, const char *key, const void *value,
                size_t bytes)
{
    if (claims->count == claims->room) {
        claims->room = claims->room ? 2 * claims->room : 256;
        claims->list = must_resize(claims->list, claims->room * sizeof(*claims->list));
    }
    struct claim *claim = &claims->list[claims->count++];
    *claim = (struct claim){.version = version, .value = value ? image_mix(0, value, bytes) : 0};
    (void)snprintf(claim->key, sizeof(claim->key), "%s", key);
}

void claims_acknowledge(struct claims *claims, uint64_t version)
{
    for (size_t i = 0; i < claims->count; i++)
        if (claims->list[i].version == version)
            claims->list[i].acknowledged = true;
}

/* Whether a key may have that value. */
static bool is_allowed(const struct claims *claims, const char *key, uint64_t value)
{
    const struct claim *newer = NULL; /* of the same key */

    for (size_t i = claims->count; i-- > 0;) {
        const struct claim *claim = &claims->list[i];
        if (strcmp(claim->key, key) != 0)
            continue;
        bool last_of_version = !newer || newer->version != claim->version;
        if (last_of_version && claim->value == value)
            return true;
        if (claim->acknowledged)
            return false;
        newer = claim;
    }
    return value == 0; /* nothing was acknowledged for it */
}

const char *claims_refute(const struct claims *claims, const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->list[i];
        if (!is_allowed(claims, record->key, image_mix(0, record->value, record->bytes)))
            return record->key;
    }
    for (size_t i = 0; i < claims->count; i++)
        if (!records_get(records, claims->list[i].key) &&
            !is_allowed(claims, claims->list[i].key, 0))
            return claims->list[i].key;
    return NULL;
}

void claims_reset(struct claims *claims, const struct records *records)
{
    claims->count = 0;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->list[i];
        claims_add(claims, 0, record->key, record->value, record->bytes);
    }
    claims_acknowledge(claims, 0);
}
