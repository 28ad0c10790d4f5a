/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the person who logs in gets to see. Everything is escaped first. Nothing is shown where the
 * line in pam.d says quiet, where the service asks for silence (PAM_SILENT), or where it has no
 * conversation function (cron): libpam would log that as an error.
 */
#ifndef SESSMGR_PAM_SHOW_H
#define SESSMGR_PAM_SHOW_H

#include <security/pam_modules.h>

#include "common/fields.h"
#include "pam/options.h"

/* Shows why a login is refused; message may be NULL. May block in the service's conversation. */
void show_refusal(pam_handle_t *pamh, const struct options *options, unsigned flags,
                  const char *message);

/*
 * Shows the lines that came with an opened session, if it has a terminal: PAM_TTY names one and is
 * neither "cron" nor "ssh". With sshd it is "ssh" for a shell and for sftp, scp and rsync alike,
 * and text that precedes their protocols breaks them, so nothing is shown there. A refusal is,
 * since then nothing is left to break. terminal: PAM_TTY or NULL. May block in the service's
 * conversation.
 */
void show_messages(pam_handle_t *pamh, const struct options *options, unsigned flags,
                   const char *terminal, const struct string_list *messages);

#endif
