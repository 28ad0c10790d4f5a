/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the table of tokens and the lists of their sessions; see token.h.
 */
#include <config.h>

#include "daemon/token.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/enforcement.h"
#include "daemon/manager.h"

/* What the store's owner key is derived for. */
enum { PURPOSE_TOKEN_HASH = 1, PURPOSE_TOKEN_DERIVE = 2 };

static int compare_hash(const struct token *a, const struct token *b)
{
    return memcmp(a->hash, b->hash, SEAL_HASH_BYTES);
}

TREE_GENERATE(token_tree, token, by_hash, compare_hash)

int token_table_init(struct token_table *table, const struct store *store)
{
    table->hash_key = seal_key_new();
    table->derive_key = seal_key_new();
    if (table->hash_key == NULL || table->derive_key == NULL)
        return -ENOMEM;
    store_derive_key(store, PURPOSE_TOKEN_HASH, table->hash_key);
    store_derive_key(store, PURPOSE_TOKEN_DERIVE, table->derive_key);
    return 0;
}

void token_table_done(struct token_table *table)
{
    assert(RB_EMPTY(&table->by_hash));
    token_table_forget_loaded(table);
    seal_key_free(table->hash_key);
    seal_key_free(table->derive_key);
}

void token_hash(const struct token_table *table, const char *text,
                unsigned char ret[static SEAL_HASH_BYTES])
{
    struct seal_hash hash;

    seal_hash_start(&hash, table->hash_key, SEAL_HASH_BYTES);
    seal_hash_add(&hash, text, strlen(text));
    seal_hash_end(&hash, ret, SEAL_HASH_BYTES);
}

struct token *token_table_find(const struct token_table *table,
                               const unsigned char hash[static SEAL_HASH_BYTES])
{
    struct token_tree tree = table->by_hash; /* to look, a copy of the root will do */
    struct token key;

    memcpy(key.hash, hash, SEAL_HASH_BYTES);
    return RB_FIND(token_tree, &tree, &key);
}

static bool counts(const struct token *token)
{
    return token->role == TOKEN_ACCESS || token->role == TOKEN_REFRESH;
}

static void enter_counts(struct manager *manager, const struct token *token)
{
    token->session->tokens->counts[token->role]++;
    if (counts(token))
        manager->tokens.count++;
}

static void leave_counts(struct manager *manager, const struct token *token)
{
    token->session->tokens->counts[token->role]--;
    if (counts(token))
        manager->tokens.count--;
}

static void on_expiry(struct deadline *deadline, void *userdata);

/* Has the session's tokens looked at when the first of them is over. */
static void arm_expiry(struct manager *manager, struct session *session)
{
    int64_t first = USEC_INFINITY;

    for (const struct token *t = session->tokens->first; t != NULL; t = t->next)
        if (t->expires_usec < first)
            first = t->expires_usec;
    session->tokens->expiry.fire = on_expiry;
    session->tokens->expiry.userdata = session;
    /* without memory they stay until the session ends, and are good no more all the same */
    (void)deadline_arm(manager->deadlines, &session->tokens->expiry, first);
}

/* Frees a token that is in no list any more. */
static void release(struct manager *manager, struct token *token)
{
    (void)RB_REMOVE(token_tree, &manager->tokens.by_hash, token);
    intern_release(&manager->tokens.terms, token->terms);
    leave_counts(manager, token);
    free(token->refreshing);
    free(token);
}

/* After some of a session's tokens were taken out: without any it has no list. */
static void tidy(struct manager *manager, struct session *session)
{
    if (session->tokens->first != NULL)
        return;
    deadline_disarm(manager->deadlines, &session->tokens->expiry);
    free(session->tokens);
    session->tokens = NULL;
}

/* Takes out every token of a session for which it holds. */
static void remove_where(struct manager *manager, struct session *session,
                         bool (*holds)(const struct token *token, int64_t now_usec))
{
    int64_t now = manager->clock->boottime_usec(manager->clock);
    struct token_removals removals = {.count = 0};
    struct token **place;

    if (session->tokens == NULL)
        return;
    place = &session->tokens->first;
    while (*place != NULL) {
        struct token *token = *place;

        if (!holds(token, now)) {
            place = &token->next;
            continue;
        }
        *place = token->next;
        token_removals_add(manager, &removals, token->hash);
        release(manager, token);
    }
    token_removals_submit(manager, &removals);
    arm_expiry(manager, session);
    tidy(manager, session);
}

static bool is_over(const struct token *token, int64_t now_usec)
{
    return token->expires_usec <= now_usec;
}

static bool is_of_family(const struct token *token, int64_t now_usec)
{
    (void)now_usec;
    return token->family != 0;
}

static bool is_revoked(const struct token *token, int64_t now_usec)
{
    (void)now_usec;
    return token->role == TOKEN_REVOKED;
}

static bool is_any(const struct token *token, int64_t now_usec)
{
    (void)token;
    (void)now_usec;
    return true;
}

static void on_expiry(struct deadline *deadline, void *userdata)
{
    struct session *session = userdata;

    (void)deadline;
    remove_where(session->manager, session, is_over);
}

void token_remove_all(struct manager *manager, struct session *session)
{
    remove_where(manager, session, is_any);
}

void token_remove_revoked(struct manager *manager, struct session *session)
{
    remove_where(manager, session, is_revoked);
}

void token_remove_family(struct manager *manager, struct session *session)
{
    remove_where(manager, session, is_of_family);
}

void token_remove(struct manager *manager, struct token *token)
{
    struct session *session = token->session;
    struct token **place = &session->tokens->first;

    while (*place != token)
        place = &(*place)->next;
    *place = token->next;
    release(manager, token);
    tidy(manager, session);
}

/* The oldest used refresh token is forgotten when there are too many of them. */
static void limit_rotated(struct manager *manager, struct session *session)
{
    struct token_removals removals = {.count = 0};
    struct token *oldest = NULL;

    if (token_count(session, TOKEN_ROTATED) <= TOKEN_ROTATED_MAX)
        return;
    for (struct token *t = session->tokens->first; t != NULL; t = t->next)
        if (t->role == TOKEN_ROTATED &&
            (oldest == NULL || t->refreshing->rotated_usec <= oldest->refreshing->rotated_usec))
            oldest = t;
    assert(oldest != NULL); /* the count says so */
    token_removals_add(manager, &removals, oldest->hash);
    token_removals_submit(manager, &removals);
    token_remove(manager, oldest);
}

/* Makes a token that is in no table. */
static struct token *make(struct token_table *table, const struct token_record *record)
{
    bool refreshes = record->role == TOKEN_REFRESH || record->role == TOKEN_ROTATED;
    struct token *token = calloc(1, sizeof(*token));

    if (token == NULL)
        return NULL;
    token->role = (unsigned char)record->role;
    token->expires_usec = record->expires_usec < 0 ? USEC_INFINITY : record->expires_usec;
    token->family = record->family;
    token->bind_uid = record->bind_uid;
    token->terms = intern_take(&table->terms, record->terms);
    if (refreshes)
        token->refreshing = calloc(1, sizeof(*token->refreshing));
    if (token->terms == NULL || (refreshes && token->refreshing == NULL)) {
        intern_release(&table->terms, token->terms);
        free(token->refreshing);
        free(token);
        return NULL;
    }
    if (refreshes)
        *token->refreshing = (struct token_refreshing){
            .kind = record->kind,
            .lifetime_usec = record->lifetime_usec,
            .rotated_usec = record->rotated_usec,
        };
    return token;
}

int token_add(struct manager *manager, struct session *session, const struct token_record *record,
              const unsigned char hash[static SEAL_HASH_BYTES], struct token **ret)
{
    struct token_table *table = &manager->tokens;
    struct session_tokens *tokens = session->tokens;
    struct token *token;

    if (token_table_find(table, hash) != NULL)
        return -EEXIST;
    if (tokens == NULL)
        tokens = calloc(1, sizeof(*tokens));
    token = tokens == NULL ? NULL : make(table, record);
    if (token == NULL) {
        if (tokens != session->tokens)
            free(tokens);
        return -ENOMEM;
    }
    assert(session->record.info.state == STATE_ACTIVE);
    memcpy(token->hash, hash, SEAL_HASH_BYTES);
    (void)RB_INSERT(token_tree, &table->by_hash, token);
    token->session = session;
    token->next = tokens->first;
    tokens->first = token;
    session->tokens = tokens;
    enter_counts(manager, token);
    if (token->expires_usec != USEC_INFINITY)
        arm_expiry(manager, session);
    limit_rotated(manager, session);
    if (ret != NULL)
        *ret = token;
    return 0;
}

void token_set_rotated(struct manager *manager, struct token *token, bool rotated)
{
    enum token_role role = rotated ? TOKEN_ROTATED : TOKEN_REFRESH;

    assert(token->refreshing != NULL && token->role != role);
    leave_counts(manager, token);
    token->role = (unsigned char)role;
    token->refreshing->rotated_usec = rotated ? manager->clock->boottime_usec(manager->clock) : -1;
    enter_counts(manager, token);
    limit_rotated(manager, token->session);
}

unsigned token_count(const struct session *session, enum token_role role)
{
    return session->tokens == NULL ? 0 : session->tokens->counts[role];
}

int64_t token_limit_met(const struct manager *manager, const struct session *session, unsigned more)
{
    unsigned have = token_count(session, TOKEN_ACCESS) + token_count(session, TOKEN_REFRESH);

    if (more == 0)
        return 0;
    if (have + more > TOKEN_SESSION_MAX)
        return TOKEN_SESSION_MAX;
    if (manager->tokens.count + more > (size_t)manager->config->tokens_max)
        return manager->config->tokens_max;
    return 0;
}

int64_t token_expires_realtime(const struct manager *manager, const struct session *session,
                               int64_t expires_usec)
{
    const struct clock *clock = manager->clock;
    struct schedule schedule = {.end_usec = USEC_INFINITY};

    if (session->record.info.state == STATE_ACTIVE)
        enforcement_schedule(manager, session, &schedule);
    if (schedule.end_usec < expires_usec)
        expires_usec = schedule.end_usec;
    if (expires_usec == USEC_INFINITY)
        return -1;
    return expires_usec - clock->boottime_usec(clock) + clock->realtime_usec(clock);
}

void token_get_record(const struct token *token, struct token_record *ret)
{
    *ret = (struct token_record){
        .session_id = token->session->record.info.session_id,
        .role = token->role,
        .expires_usec = token->expires_usec == USEC_INFINITY ? -1 : token->expires_usec,
        .terms = token->terms,
        .bind_uid = token->bind_uid,
        .family = token->family,
        .kind = TOKEN_KIND_NONE,
        .lifetime_usec = -1,
        .rotated_usec = -1,
    };
    if (token->refreshing != NULL) {
        ret->kind = token->refreshing->kind;
        ret->lifetime_usec = token->refreshing->lifetime_usec;
        ret->rotated_usec = token->refreshing->rotated_usec;
    }
}
