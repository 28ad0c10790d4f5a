/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for the person who logs in: see show.h. */
#include "config.h"

#include <security/pam_ext.h>
#include <stddef.h>
#include <string.h>

#include "common/protocol.h"
#include "pam/escape.h"
#include "pam/show.h"

static bool may_show(pam_handle_t *pamh, const struct options *options, unsigned flags)
{
    const void *item = NULL;
    const struct pam_conv *conversation;

    if (options->quiet || (flags & PAM_SILENT) != 0)
        return false;
    if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
        return false;
    conversation = item;
    return conversation->conv != NULL;
}

static bool is_terminal(const char *name)
{
    return name != NULL && strcmp(name, "ssh") != 0 && strcmp(name, "cron") != 0;
}

void show_refusal(pam_handle_t *pamh, const struct options *options, unsigned flags,
                  const char *message)
{
    char escaped[MESSAGE_MAX_BYTES + 1];

    if (message == NULL || !may_show(pamh, options, flags))
        return;
    escape_text(message, escaped, sizeof(escaped));
    (void)pam_error(pamh, "%s", escaped); /* the login is refused, seen or unseen */
}

void show_messages(pam_handle_t *pamh, const struct options *options, unsigned flags,
                   const char *terminal, const struct string_list *messages)
{
    char escaped[MESSAGE_MAX_BYTES + 1];

    if (!is_terminal(terminal) || !may_show(pamh, options, flags))
        return;
    for (size_t i = 0; i < messages->count; i++) {
        escape_text(messages->items[i], escaped, sizeof(escaped));
        (void)pam_info(pamh, "%s", escaped); /* the session is open, seen or unseen */
    }
}
