/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the counts; see user-count.h. What is counted is decided in session.c and reservation.c.
 */
#include <config.h>

#include "daemon/user-count.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"

struct user_count {
    int64_t uid;
    int64_t count; /* above 0 */
    RB_ENTRY(user_count) by_user;
    const char *service; /* "" for all of them; its own, but in a key */
    char text[];
};

static int compare(const struct user_count *a, const struct user_count *b)
{
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    return strcmp(a->service, b->service);
}

TREE_GENERATE(user_tree, user_count, by_user, compare)

static struct user_count *find(const struct user_tree *tree, int64_t uid, const char *service)
{
    struct user_tree root = *tree; /* to look, a copy of the root will do */
    struct user_count key;

    key.uid = uid;
    key.service = service;
    return RB_FIND(user_tree, &root, &key);
}

int64_t user_count_get(const struct user_tree *tree, int64_t uid, const char *service)
{
    const struct user_count *user = find(tree, uid, service == NULL ? "" : service);

    return user == NULL ? 0 : user->count;
}

static int adjust(struct user_tree *tree, int64_t uid, const char *service, int64_t delta)
{
    struct user_count *user = find(tree, uid, service);

    if (user == NULL) {
        assert(delta > 0);
        size_t bytes = strlen(service) + 1;

        user = calloc(1, sizeof(*user) + bytes);
        if (user == NULL)
            return -ENOMEM;
        user->uid = uid;
        memcpy(user->text, service, bytes);
        user->service = user->text;
        (void)RB_INSERT(user_tree, tree, user); /* it is not there: see above */
    }
    user->count += delta;
    assert(user->count >= 0);
    if (user->count == 0) {
        (void)RB_REMOVE(user_tree, tree, user);
        free(user);
    }
    return 0;
}

int user_count_adjust(struct user_tree *tree, int64_t uid, const char *service, int64_t delta)
{
    int r;

    r = adjust(tree, uid, "", delta);
    if (r < 0)
        return r;
    r = adjust(tree, uid, service, delta);
    if (r < 0)
        (void)adjust(tree, uid, "", -delta); /* taking away needs no memory */
    return r;
}
