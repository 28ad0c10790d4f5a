/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be said of the text of a token without asking anybody.
 */
#ifndef SESSMGR_TOKEN_H
#define SESSMGR_TOKEN_H

#include <stdbool.h>

/*
 * Whether a text (a C string, not NULL) can be a token at all: 1 to TOKEN_MAX_BYTES of the
 * characters of RFC 6750 section 2.1. What cannot is not worth a call, and cannot be told by its
 * length or its encoding from any other token that is not good.
 */
bool token_is_plausible(const char *token);

#endif
