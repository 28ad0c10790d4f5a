/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine's groups, as its name services tell them.
 */
#include <config.h>

#include <errno.h>
#include <grp.h>
#include <stdlib.h>

#include "common/macro.h"
#include "daemon/pattern.h"

enum {
    ENTRY_BYTES = 4096, /* of most groups; one with many members takes more */
    ENTRY_MAX_BYTES = 16 * 1024 * 1024,
};

static int system_find(const struct pattern_groups *groups, const char *name, gid_t *ret_gid)
{
    (void)groups; /* the machine has only these */
    for (size_t bytes = ENTRY_BYTES; bytes <= ENTRY_MAX_BYTES; bytes *= 2) {
        CLEANUP(freep) char *buffer = malloc(bytes);
        struct group group, *found;
        int r;

        if (buffer == NULL)
            return -ENOMEM;
        r = getgrnam_r(name, &group, buffer, bytes, &found);
        if (r == ERANGE)
            continue;
        if (r != 0)
            return -r;
        if (found == NULL)
            return -ENOENT;
        *ret_gid = found->gr_gid;
        return 0;
    }
    return -ERANGE;
}

static int system_each(const struct pattern_groups *groups,
                       int (*visit)(const char *name, gid_t gid, void *userdata), void *userdata)
{
    int r = 0;

    (void)groups; /* the machine has only these */
    setgrent();
    while (r >= 0) {
        errno = 0;
        /* cppcheck-suppress getgrentCalled; threads share the position of getgrent_r(3) as well */
        const struct group *group = getgrent();
        if (group == NULL) {
            /* some services say ENOENT behind their last group */
            r = errno == ENOENT ? 0 : -errno;
            break;
        }
        r = visit(group->gr_name, group->gr_gid, userdata);
    }
    endgrent();
    return r;
}

const struct pattern_groups pattern_groups_system = {.find = system_find, .each = system_each};
