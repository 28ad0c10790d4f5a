/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `context`: shows the notes on a session, or sets some.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"

enum { ENTRIES_MAX = 16, KEY_MAX_BYTES = 64, VALUE_MAX_BYTES = 256 };

static void session_freep(struct sessmgr_session **session)
{
    sessmgr_session_free(*session);
}

static enum exit_code print_json(const struct sessmgr_session *session, enum json_mode mode)
{
    CLEANUP(freep) char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct sessmgr_context_entry entry;

    if (!stream)
        return failure_tell("context", -ENOMEM, "");
    fputc('{', stream);
    for (size_t i = 0; sessmgr_session_get_context_entry(session, i, &entry) >= 0; i++) {
        if (i > 0)
            fputc(',', stream);
        json_print_string(stream, entry.key);
        fputc(':', stream);
        json_print_string(stream, entry.value);
    }
    fputc('}', stream);
    if (fclose(stream) != 0)
        return failure_tell("context", -ENOMEM, "");
    json_print(stdout, text, mode);
    return CODE_OK;
}

static enum exit_code show(struct sessmgr *handle, const struct options *options)
{
    CLEANUP(session_freep) struct sessmgr_session *session = NULL;
    struct sessmgr_context_entry entry;
    int r;

    r = sessmgr_describe(handle, options->session_id, &session);
    if (r < 0)
        return failure_tell("context", r, sessmgr_get_error_message(handle));
    if (options->json != JSON_OFF)
        return print_json(session, options->json);
    for (size_t i = 0; sessmgr_session_get_context_entry(session, i, &entry) >= 0; i++) {
        CLEANUP(freep) char *key = format_printable(entry.key);
        CLEANUP(freep) char *value = format_printable(entry.value);

        if (key && value)
            printf("%s=%s\n", key, value);
    }
    return CODE_OK;
}

/* UTF-8 without control characters (U+0000..1F, U+007F..9F), as the daemon takes it. */
static bool is_plain(const char *text)
{
    while (*text != '\0') {
        uint32_t character = 0;
        size_t bytes = format_decode(text, &character);

        if (bytes == 0 || character < 0x20 || (character >= 0x7f && character < 0xa0))
            return false;
        text += bytes;
    }
    return true;
}

/* Takes KEY=VALUE apart, in place. Says what is wrong with it. */
static enum exit_code split(char *argument, const struct sessmgr_context_entry *before,
                            size_t count, struct sessmgr_context_entry *ret)
{
    char *equals = strchr(argument, '=');

    if (!equals || equals == argument)
        return usage_error("write KEY=VALUE, not ", argument);
    if (!is_plain(argument))
        return usage_error("a context is UTF-8 without control characters, not ", argument);
    *equals = '\0';
    if (strlen(argument) > KEY_MAX_BYTES)
        return usage_error("a key has 64 bytes at most: ", argument);
    if (strlen(equals + 1) > VALUE_MAX_BYTES)
        return usage_error("a value has 256 bytes at most; that is too long of ", argument);
    for (size_t i = 0; i < count; i++)
        if (before[i].key && strcmp(before[i].key, argument) == 0)
            return usage_error("a key is given twice: ", argument);
    *ret = (struct sessmgr_context_entry){.key = argument, .value = equals + 1};
    return CODE_OK;
}

enum exit_code command_context(struct sessmgr *handle, const struct options *options,
                               char *const *arguments, size_t count)
{
    struct sessmgr_context_entry entries[ENTRIES_MAX] = {{0}};
    int r;

    if (count == 0)
        return show(handle, options);
    if (count > ENTRIES_MAX)
        return usage_error("a context has 16 entries at most", "");
    for (size_t i = 0; i < count; i++) {
        enum exit_code code = split(arguments[i], entries, i, &entries[i]);

        if (code != CODE_OK)
            return code;
    }
    r = sessmgr_set_context(handle, options->session_id, entries, count);
    return r < 0 ? failure_tell("context", r, sessmgr_get_error_message(handle)) : CODE_OK;
}
