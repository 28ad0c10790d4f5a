/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Failures: which exit code they are and how they are told.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"

enum exit_code failure_code(int error)
{
    switch (error) {
    case -ENOENT:
    case -ESRCH:
    case -ENOLCK:
        return CODE_NO_SESSION;
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -ETIMEDOUT:
        return CODE_UNREACHABLE;
    case -ENOTUNIQ:
        return CODE_AMBIGUOUS;
    default:
        return CODE_FAILED;
    }
}

enum exit_code failure_tell(const char *what, int error, const char *detail)
{
    CLEANUP(freep) char *subject = what ? format_printable(what) : NULL;
    CLEANUP(freep) char *printable = format_printable(detail);
    bool more = printable && printable[0] != '\0';

    fprintf(stderr, "sessmgrctl: %s%s%s%s%s\n", subject ? subject : "", subject ? ": " : "",
            sessmgr_strerror(error), more ? ": " : "", more ? printable : "");
    return failure_code(error);
}

enum exit_code failure_tell_system(const char *what, int error, const char *advice)
{
    CLEANUP(freep) char *subject = format_printable(what);

    fprintf(stderr, "sessmgrctl: %s: %s%s\n", subject ? subject : "", strerrordesc_np(-error),
            advice);
    return CODE_FAILED;
}
