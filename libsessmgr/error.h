/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon's Varlink errors are to a caller of this library: the only file that knows both
 * their names and the errno values that sessmgr.h documents.
 */
#ifndef SESSMGR_ERROR_H
#define SESSMGR_ERROR_H

#include <stddef.h>

#include "common/varlink.h"

/*
 * The negative errno of an error reply, as sessmgr.h has it; a name that is not known is
 * -EREMOTEIO. Puts the daemon's own words, on one line, into explanation[0..size); "" when it has
 * none.
 */
int error_from_reply(const struct varlink_reply *reply, char *explanation, size_t size);

#endif
