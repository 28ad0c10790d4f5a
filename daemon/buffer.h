/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buffers of messages, which hold tokens: nothing of one is left behind in memory that was given
 * back, which realloc(3) would not promise.
 */
#ifndef SESSMGR_BUFFER_H
#define SESSMGR_BUFFER_H

#include <stddef.h>

/*
 * Gives a buffer (NULL: none yet, old_size 0) another size, 0 to free it. What it held stays, as
 * far as it has room. Error: -ENOMEM, and nothing has changed.
 */
int buffer_resize(char **buffer, size_t old_size, size_t size);

#endif
