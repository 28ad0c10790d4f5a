/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the list of terminations that stand for logins under way; see standing.h. Which sessions a
 * filter means is filter.c's to say, when a login began locate.c's.
 */
#include <config.h>

#include "daemon/standing.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/log.h"

struct standing {
    struct filter filter; /* its strings are in block */
    void *block;          /* owned */
    int64_t uid;          /* -1: everybody's */
    int64_t made_usec;    /* boottime */
    TAILQ_ENTRY(standing) in_all;
};

void standing_init(struct standing_list *list)
{
    TAILQ_INIT(&list->all);
    list->count = 0;
}

static void drop(struct standing_list *list, struct standing *standing)
{
    TAILQ_REMOVE(&list->all, standing, in_all);
    list->count--;
    free(standing->block);
    free(standing);
}

void standing_done(struct standing_list *list)
{
    while (!TAILQ_EMPTY(&list->all))
        drop(list, TAILQ_FIRST(&list->all));
}

static void drop_expired(struct standing_list *list, int64_t now_usec)
{
    while (!TAILQ_EMPTY(&list->all) &&
           now_usec - TAILQ_FIRST(&list->all)->made_usec >= STANDING_MAX_USEC)
        drop(list, TAILQ_FIRST(&list->all));
}

/* The oldest of a user's, or (uid -1) of all users'; NULL: there is none. *ret_count: how many
 * there are. */
static struct standing *oldest_of_users(const struct standing_list *list, int64_t uid,
                                        size_t *ret_count)
{
    struct standing *standing, *oldest = NULL;
    size_t count = 0;

    TAILQ_FOREACH(standing, &list->all, in_all)
    {
        if (standing->uid < 0 || (uid >= 0 && standing->uid != uid))
            continue;
        oldest = oldest != NULL ? oldest : standing;
        count++;
    }
    *ret_count = count;
    return oldest;
}

/* Brings the list down to what it may hold, after one of uid's was added. Nobody but an
 * administrator can push out what an administrator wanted. */
static void limit(struct standing_list *list, int64_t uid)
{
    struct standing *victim;
    size_t count;

    victim = oldest_of_users(list, uid, &count);
    if (uid >= 0 && count > STANDING_OF_USER_MAX) {
        drop(list, victim);
        return;
    }
    if (list->count <= STANDING_MAX)
        return;
    victim = oldest_of_users(list, -1, &count);
    drop(list, victim != NULL ? victim : TAILQ_FIRST(&list->all));
    log_line(LOG_WARNING, "more than %d terminations stand for logins under way: one does no more",
             STANDING_MAX);
}

int standing_add(struct standing_list *list, const struct filter *filter, int64_t uid,
                 int64_t now_usec)
{
    struct standing *standing = calloc(1, sizeof(*standing));
    int r;

    if (standing == NULL)
        return -ENOMEM;
    *standing = (struct standing){.filter = *filter, .uid = uid, .made_usec = now_usec};
    r = fields_copy(&session_filter_fields, &filter->wire, &standing->filter.wire,
                    &standing->block);
    if (r < 0) {
        free(standing);
        return r;
    }
    TAILQ_INSERT_TAIL(&list->all, standing, in_all);
    list->count++;
    drop_expired(list, now_usec);
    limit(list, uid);
    return 0;
}

bool standing_stops(struct standing_list *list, const struct session_info *session,
                    int64_t began_usec, int64_t now_usec)
{
    const struct standing *standing;

    drop_expired(list, now_usec);
    TAILQ_FOREACH(standing, &list->all, in_all)
    {
        if (began_usec <= standing->made_usec &&
            (standing->uid < 0 || standing->uid == session->uid) &&
            filter_matches(&standing->filter, session))
            return true;
    }
    return false;
}
