/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be found for each key where some submissions failed and others did not: the value of the
 * last change that was acknowledged, or of any change behind it.
 */
#ifndef SESSMGR_TESTS_CRASH_CLAIMS_H
#define SESSMGR_TESTS_CRASH_CLAIMS_H

#include "tests/crash/records.h"

struct claim {
    char key[STORE_KEY_MAX_BYTES + 1];
    uint64_t version; /* of the records; of one version the last claim counts */
    uint64_t value;   /* hash; 0: removed */
    bool acknowledged;
};

struct claims {
    struct claim *list; /* in their order */
    size_t count, room;
};

void claims_done(struct claims *claims);

/* A change that was submitted; value NULL: removed. */
void claims_add(struct claims *claims, uint64_t version, const char *key, const void *value,
                size_t bytes);

/* All changes of a version are durable. */
void claims_acknowledge(struct claims *claims, uint64_t version);

/* The key for which the records have what they must not have, or NULL. Borrowed. */
const char *claims_refute(const struct claims *claims, const struct records *records);

/* The records are what there is, and nothing that came before counts. */
void claims_reset(struct claims *claims, const struct records *records);

#endif
