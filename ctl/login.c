/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A login that is asked about: of somebody as the host's databases have them.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/options.h"

enum {
    GROUPS_MAX = 4096,           /* as many as the PAM module sends */
    PASSWD_BUFFER_BYTES = 65536, /* of getpwnam_r(3): longer than any entry */
};

/* Finds a user by name or by user ID; NULL: there is none. What it points to is in buffer, of
 * PASSWD_BUFFER_BYTES. */
static const struct passwd *find(const char *text, struct passwd *user, char *buffer)
{
    struct passwd *found = NULL;
    int64_t uid;

    (void)getpwnam_r(text, user, buffer, PASSWD_BUFFER_BYTES, &found);
    if (!found && options_parse_uid(text, &uid))
        (void)getpwuid_r((uid_t)uid, user, buffer, PASSWD_BUFFER_BYTES, &found);
    return found;
}

/* Puts the groups of a user into groups[0..GROUPS_MAX): those that the database yields first, as
 * the PAM module does. Returns how many, or -ENOMEM. */
static int find_groups(const struct passwd *user, gid_t *groups)
{
    int count = GROUPS_MAX;

    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return count > GROUPS_MAX ? GROUPS_MAX : -ENOMEM; /* else they would have fitted */
    return count;
}

int explain_login(struct sessmgr *handle, const char *user, struct sessmgr_login *login,
                  struct sessmgr_explanation **ret)
{
    CLEANUP(freep) char *buffer = malloc(PASSWD_BUFFER_BYTES);
    CLEANUP(freep) gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
    const struct passwd *found;
    struct passwd entry;
    int r;

    if (!buffer || !groups)
        return -ENOMEM;
    found = find(user, &entry, buffer);
    if (!found)
        return -ENODATA;
    r = find_groups(found, groups);
    if (r < 0)
        return r;
    login->user = found->pw_name;
    login->uid = found->pw_uid;
    login->groups = groups;
    login->group_count = (size_t)r;
    return sessmgr_explain(handle, login, ret);
}
