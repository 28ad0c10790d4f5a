/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that nobody vouches for, made fit to be sent, shown on a terminal or written to a log.
 */
#ifndef SESSMGR_PAM_ESCAPE_H
#define SESSMGR_PAM_ESCAPE_H

#include <stddef.h>

enum { ESCAPE_SIZE_MIN = 8 }; /* smallest buffer that escape_text() takes, bytes */

/*
 * Copies text into buffer[0..size), NUL-terminated, as well-formed UTF-8 without control characters
 * (U+0000..U+001F, U+007F..U+009F): a newline becomes "\n", every other byte of a control character
 * or of a malformed sequence "\xHH". What does not fit is cut behind a whole character or escape,
 * and "..." says so. A backslash stays as it is, so that a name like DOMAIN\user reads the same on
 * both ends: the escapes are for readers, nobody undoes them, and who somebody is the uid says.
 * text: any C string. size: ESCAPE_SIZE_MIN at least.
 */
void escape_text(const char *text, char *buffer, size_t size);

#endif
