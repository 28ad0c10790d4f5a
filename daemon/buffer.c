/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the sizes of buffers; see buffer.h.
 */
#include <config.h>

#include "daemon/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/seal.h"

int buffer_resize(char **buffer, size_t old_size, size_t size)
{
    char *grown = size > 0 ? malloc(size) : NULL;

    if (size > 0 && grown == NULL)
        return -ENOMEM;
    if (*buffer != NULL) {
        if (grown != NULL)
            memcpy(grown, *buffer, old_size < size ? old_size : size);
        seal_wipe(*buffer, old_size);
        free(*buffer);
    }
    *buffer = grown;
    return 0;
}
