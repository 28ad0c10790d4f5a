/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), as strict as a signature
 * needs it: each sequence of bytes has exactly one text.
 */
#ifndef SESSMGR_BASE64URL_H
#define SESSMGR_BASE64URL_H

#include <stddef.h>

/* Characters that so many bytes become, without a NUL. */
#define BASE64URL_LENGTH(bytes) (((bytes)*4 + 2) / 3)

/* Bytes that a text of so many characters holds at most. */
#define BASE64URL_BYTES(length) ((length)*3 / 4)

enum { BASE64URL_MAX_BYTES = 1 << 20 }; /* longest that is encoded or decoded here */

/*
 * Encodes count bytes into buffer[0..size), with a terminating NUL; what is behind it stays as it
 * is. Returns the length without the NUL. Error: -ENOBUFS the text and its NUL are longer than
 * size, or count is over BASE64URL_MAX_BYTES. In a time that does not depend on what the bytes are.
 */
int base64url_encode(const void *bytes, size_t count, char *buffer, size_t size);

/*
 * Decodes text[0..length) into buffer[0..size) and returns the number of bytes. Errors: -EBADMSG a
 * character that is not of the alphabet (`=`, `+`, `/`, white space and NUL are not), a length that
 * no encoding has, or last bits that hold nothing and are not zero; -ENOBUFS more bytes than size
 * or than BASE64URL_MAX_BYTES. On errors the buffer's contents are of no use. text and buffer do
 * not overlap.
 */
int base64url_decode(const char *text, size_t length, void *buffer, size_t size);

#endif
