/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `lock`, `unlock` and `locks`: who is not let in.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "ctl/when.h"

/* The time until which somebody is to be locked; -1: for ever. Says what is wrong with it. */
static enum exit_code read_until(const char *text, int64_t *ret_usec)
{
    const int64_t now = format_now();

    *ret_usec = -1;
    if (!text)
        return CODE_OK;
    if (!when_parse(text, now, ret_usec))
        return usage_error("--until= takes a time such as \"2026-12-24 18:00\", 18:00 or +2h, not ",
                           text);
    if (*ret_usec <= now)
        return usage_error("--until= takes a time to come, not ", text);
    return CODE_OK;
}

/* A list of IDs that is being written. */
struct ended {
    FILE *json;
    size_t count;
};

static int note(const char *session_id, void *userdata)
{
    struct ended *ended = userdata;

    if (ended->count++ > 0)
        fputc(',', ended->json);
    json_print_string(ended->json, session_id);
    return 0;
}

/* A lock keeps nobody out whom nothing keeps out. What cannot be found out is not told. */
static void warn_of_break_glass(struct sessmgr *handle, const char *user)
{
    struct sessmgr_login login = SESSMGR_LOGIN_INIT;
    struct sessmgr_explanation *explanation;

    login.service = EXPLAIN_SERVICE;
    if (explain_login(handle, user, &login, &explanation) < 0)
        return;
    if (sessmgr_explanation_is_admitted(explanation))
        fputs("sessmgrctl: the lock keeps nobody out: [Break-Glass] of sessmgrd.conf names the "
              "user\n",
              stderr);
    sessmgr_explanation_free(explanation);
}

enum exit_code command_lock(struct sessmgr *handle, const struct options *options,
                            char *const *arguments, size_t count)
{
    CLEANUP(freep) char *text = NULL;
    char name[USER_NAME_BYTES];
    struct ended ended = {0};
    int64_t until, number;
    enum exit_code code;
    size_t size;
    uid_t uid;
    int r;

    (void)count; /* one */
    code = read_until(options->until, &until);
    if (code != CODE_OK)
        return code;
    if (!user_find(arguments[0], &uid))
        return user_unknown(arguments[0]);
    ended.json = open_memstream(&text, &size);
    if (!ended.json)
        return failure_tell("lock", -ENOMEM, "");
    fputs("{\"sessions\":[", ended.json);
    r = sessmgr_lock(handle,
                     options_parse_uid(arguments[0], &number) ? user_name(uid, name) : arguments[0],
                     uid, until, options->message, options->terminate, note, &ended);
    fprintf(ended.json, "],\"sessionCount\":%d}", r);
    if (fclose(ended.json) != 0 && r >= 0)
        return failure_tell("lock", -ENOMEM, ""); /* it holds, but cannot be told of */
    if (r < 0)
        return failure_tell(arguments[0], r, sessmgr_get_error_message(handle));
    warn_of_break_glass(handle, arguments[0]);
    if (options->json != JSON_OFF)
        json_print(stdout, text, options->json);
    return CODE_OK;
}

enum exit_code command_unlock(struct sessmgr *handle, const struct options *options,
                              char *const *arguments, size_t count)
{
    uid_t uid;
    int r;

    (void)count; /* one */
    if (!user_find(arguments[0], &uid))
        return user_unknown(arguments[0]);
    r = sessmgr_unlock(handle, uid);
    if (options->json != JSON_OFF)
        json_print(stdout, r < 0 ? "{\"unlocked\":false}" : "{\"unlocked\":true}", options->json);
    return r < 0 ? failure_tell(arguments[0], r, sessmgr_get_error_message(handle)) : CODE_OK;
}

/* What list_lock() writes into: a table, or the elements of an array. */
struct listing {
    struct table *table; /* NULL: JSON is wanted */
    FILE *json;
    size_t count;
};

static void print_json(const struct sessmgr_lock *lock, FILE *json)
{
    fputs("{\"user\":", json);
    json_print_string(json, lock->user);
    fprintf(json, ",\"uid\":%u,\"sinceUsec\":%" PRId64, (unsigned)lock->uid, lock->since_usec);
    if (lock->until_usec >= 0)
        fprintf(json, ",\"untilUsec\":%" PRId64, lock->until_usec);
    if (lock->message) {
        fputs(",\"message\":", json);
        json_print_string(json, lock->message);
    }
    fputc('}', json);
}

static int list_lock(const struct sessmgr_lock *lock, void *userdata)
{
    struct listing *listing = userdata;
    char uid[16], since[FORMAT_TIME_BYTES], until[FORMAT_TIME_BYTES];
    const char *cells[] = {lock->user, uid, since, until, lock->message};

    if (listing->count++ > 0 && !listing->table)
        fputc(',', listing->json);
    if (!listing->table) {
        print_json(lock, listing->json);
        return 0;
    }
    (void)snprintf(uid, sizeof(uid), "%u", (unsigned)lock->uid);
    format_time(lock->since_usec, since);
    format_time(lock->until_usec, until);
    return table_add(listing->table, cells, COLOUR_NONE);
}

static void print_table(const struct listing *listing, const struct options *options)
{
    if (options->legend && listing->count == 0) {
        puts("No users are locked.");
        return;
    }
    table_print(listing->table, stdout, options->legend, options->colours);
    if (options->legend)
        printf("\n%zu user%s locked.\n", listing->count, listing->count == 1 ? " is" : "s are");
}

enum exit_code command_locks(struct sessmgr *handle, const struct options *options,
                             char *const *arguments, size_t count)
{
    static const char *const heads[] = {"USER", "UID", "SINCE", "UNTIL", "MESSAGE"};
    CLEANUP(table_freep) struct table *table = NULL;
    CLEANUP(freep) char *text = NULL;
    struct listing listing = {0};
    size_t size;
    int r;

    (void)arguments; /* takes none */
    (void)count;
    listing.json = open_memstream(&text, &size);
    if (!listing.json)
        return failure_tell("locks", -ENOMEM, "");
    r = options->json == JSON_OFF ? table_new(&table, heads, ELEMENTS(heads)) : 0;
    listing.table = table;
    fputc('[', listing.json);
    if (r >= 0)
        r = sessmgr_list_locks(handle, list_lock, &listing);
    fputc(']', listing.json);
    if (fclose(listing.json) != 0 && r >= 0)
        r = -ENOMEM;
    if (r < 0)
        return failure_tell("locks", r, sessmgr_get_error_message(handle));
    if (table)
        print_table(&listing, options);
    else
        json_print(stdout, text, options->json);
    return CODE_OK;
}
