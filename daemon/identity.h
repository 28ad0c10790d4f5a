/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names that nobody else has: of sessions and reservations, of this host, of this boot.
 */
#ifndef SESSMGR_IDENTITY_H
#define SESSMGR_IDENTITY_H

#include <systemd/sd-id128.h>

/* 128 random bits as 32 lower-case hexadecimal digits. Errors: -errno of getrandom(2). */
int identity_new_id(char buffer[static SD_ID128_STRING_MAX]);

/*
 * The host's ID: derived from the machine ID (machine-id(5)) so that it tells nothing about it;
 * where the host has none, a random one that is kept in directory (file `host-id`). Blocks on the
 * disk. Errors: -errno.
 */
int identity_host_id(const char *directory, char buffer[static SD_ID128_STRING_MAX]);

/* The boot's ID, as the kernel made it. Errors: -errno. */
int identity_boot_id(char buffer[static SD_ID128_STRING_MAX]);

#endif
