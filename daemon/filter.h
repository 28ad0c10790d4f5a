/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which sessions a caller means: the Filter of io.sessmgr.Session, checked once and then matched
 * against any number of sessions.
 */
#ifndef SESSMGR_FILTER_H
#define SESSMGR_FILTER_H

#include <stdbool.h>

#include "common/protocol.h"
#include "daemon/address.h"

enum { FILTER_SESSION_ID_MIN_BYTES = 4 };

struct filter {
    struct session_filter wire; /* what it was made of; borrowed */
    struct address address;     /* AF_UNSPEC: remote_host is compared as text */
    unsigned prefix_bits;       /* of the address that must agree: all for a single one */
};

/*
 * Checks a filter. The strings stay the caller's and must outlive *ret. sessionId: a full ID or at
 * least FILTER_SESSION_ID_MIN_BYTES digits of its beginning, hexadecimal in either case.
 * remoteHost: an address or a range as address_parse() reads them, or else the name that PAM was
 * told. Error: -EINVAL, and *ret_bad (may be NULL) is the name of the member that is wrong, static.
 */
int filter_parse(const struct session_filter *wire, struct filter *ret, const char **ret_bad);

/*
 * Whether a session matches: all members that are there agree. sessionId by its beginning,
 * remoteHost as an address or in the range (where it is not a name), the others exactly; a session
 * that does not have what a member asks for does not match, and one whose user was forgotten is
 * found by no user.
 */
bool filter_matches(const struct filter *filter, const struct session_info *session);

/* Whether no member is there, so that every session matches. */
bool filter_is_empty(const struct filter *filter);

#endif
