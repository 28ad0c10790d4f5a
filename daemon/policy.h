/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies: what a rule gave to the sessions that were opened under it. A reload makes new ones and
 * leaves those of open sessions as they are, and so does a restart: each is a record of the store
 * for as long as a session has it. Immutable, and shared by reference.
 *
 * What tokens are like is not in it: that is looked up when one is issued.
 */
#ifndef SESSMGR_POLICY_H
#define SESSMGR_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/fields.h"
#include "daemon/settings.h"
#include "daemon/tree.h"

enum {
    POLICY_ID_BYTES = 32, /* hexadecimal digits, without the NUL */
};

struct manager;

struct policy {
    unsigned references;
    char id[POLICY_ID_BYTES + 1]; /* of its contents: two that say the same are one */
    /* Of the rule; borrowed from the block, as is the next. */
    const char *name;
    const char *file;
    int64_t line;
    struct json members; /* an object of what settings_write_members() wrote */
    struct session_settings settings;
    void *block;  /* owned */
    bool is_kept; /* in the table, and its record in the store */
    RB_ENTRY(policy) by_id;
};

RB_HEAD(policy_table, policy);

/* Makes one, with one reference. origins: as the keys of session_settings_table. Errors: -ENOMEM;
 * -ENOBUFS it does not fit into a record. */
int policy_new(const char *name, const char *file, int line,
               const struct session_settings *settings, const struct config_origin *origins,
               struct policy **ret);

struct policy *policy_ref(struct policy *policy);

/* Gives a reference back; the last one frees it. Accepts NULL. */
void policy_unref(struct policy *policy);

/*
 * A reference for a session that is opened: to the one of the table that says the same, or to this
 * one, which gets there, and its record to the store before the session's. Never fails: what the
 * store does not take for want of memory is logged, and the session has no policy after a restart.
 */
struct policy *policy_take(struct manager *manager, struct policy *policy);

/* Whether a key of the store is a policy's; takes its record into the table. What cannot be read is
 * a newer version's: it is logged, and left. Error: -ENOMEM. */
bool policy_is_record(const char *key);
int policy_load(struct manager *manager, const char *key, const void *value, size_t value_bytes,
                struct arena *arena);

/* The policy that a session from the store had: a reference. Where its record is not known (any
 * more) it is what the rule of its name gives now, else what sessmgrd.conf does. */
struct policy *policy_find(struct manager *manager, const char *id, const char *name);

/* Takes those that neither a session nor a rule has (any more) out of the table and the store: at
 * start, when all sessions are there, and after a reload. */
void policy_settle(struct manager *manager);

/* Empties the table when the daemon stops; the records stay. */
void policy_table_done(struct policy_table *table);

#endif
