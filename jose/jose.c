/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Libsodium's beginning, for those who use jose/ without any other of its users.
 */
#include <config.h>

#include "jose/jose.h"

#include <errno.h>
#include <sodium.h>

int jose_init(void)
{
    return sodium_init() < 0 ? -ENOSYS : 0;
}
