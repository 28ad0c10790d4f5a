/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a good token, and what may be expected of one: shared by the two ways of asking,
 * the daemon (validate.c) and a key set (offline.c).
 */
#ifndef SESSMGR_VALIDATE_H
#define SESSMGR_VALIDATE_H

#include "common/protocol.h"
#include "libsessmgr/sessmgr.h"

/*
 * Whether an expectation (not NULL) can be met at all: of this library's size, with a uid that
 * there is, and with words in what it names. An empty scope or audience is a mistake of whoever
 * made it up, and must not let everything pass. Error: -EINVAL.
 */
int expectation_check(const struct sessmgr_expectation *expectation);

/* Copies facts, of which session ID, user and uid are there. *ret is to be freed with
 * sessmgr_validation_free(). Error: -ENOMEM. */
int validation_new(const struct validate_out *facts, struct sessmgr_validation **ret);

#endif
