/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Secrets on standard input: an argument could be read by everybody.
 */
#include "config.h"

#include <string.h>

#include "ctl/ctl.h"

bool secret_read(FILE *stream, char buffer[static SECRET_MAX_BYTES + 1])
{
    size_t length = 0;
    int c;

    (void)setvbuf(stream, NULL, _IONBF, 0); /* no copy of it stays in the stream's own buffer */
    while ((c = getc(stream)) != EOF && c != '\n') {
        if (length == SECRET_MAX_BYTES || c == '\0') {
            explicit_bzero(buffer, length);
            fputs("sessmgrctl: what is on standard input is no token\n", stderr);
            return false;
        }
        buffer[length++] = (char)c;
    }
    if (ferror(stream)) { /* a part of a token is none */
        explicit_bzero(buffer, length);
        fputs("sessmgrctl: standard input cannot be read\n", stderr);
        return false;
    }
    if (length > 0 && buffer[length - 1] == '\r')
        length--;
    buffer[length] = '\0';
    if (length == 0)
        fputs("sessmgrctl: there is no token on standard input\n", stderr);
    return length > 0;
}
