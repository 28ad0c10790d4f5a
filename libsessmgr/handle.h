/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a handle is made of: shared by the calls and the stream (watch.c).
 */
#ifndef SESSMGR_HANDLE_H
#define SESSMGR_HANDLE_H

#include <errno.h>

#include "libsessmgr/connection.h"

struct sessmgr {
    bool busy; /* a callback is running: replies of its call are still on the connection */
    struct connection connection;
};

/*
 * What every call looks at first; forgets what was known of the failure before. handle: may be
 * NULL. arguments: whether those of the call are good. Errors: -EINVAL there is no handle or the
 * arguments are not; -EBUSY a callback called. Here, and not in a file, so that the analyzer sees
 * what holds behind it.
 */
static inline int handle_check(struct sessmgr *handle, bool arguments)
{
    if (!handle)
        return -EINVAL;
    handle->connection.explanation[0] = '\0';
    if (!arguments)
        return -EINVAL;
    return handle->busy ? -EBUSY : 0;
}

#endif
