/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns lists of sessions; see session-list.h. What a table looks like is in table.c.
 */
#include "config.h"

#include "ctl/session-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/table.h"

enum { SHORT_ID_MIN = 8, ID_DIGITS = 32 };

void session_list_done(struct session_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        sessmgr_session_free(list->sessions[i]);
    free(list->sessions);
}

int session_list_add(const struct sessmgr_session *session, void *userdata)
{
    struct session_list *list = userdata;
    int r;

    if (list->count == list->allocated) {
        size_t allocated = list->allocated > 0 ? 2 * list->allocated : 64;
        struct sessmgr_session **sessions;

        sessions = reallocarray(list->sessions, allocated, sizeof(struct sessmgr_session *));
        if (!sessions)
            return -ENOMEM;
        list->sessions = sessions;
        list->allocated = allocated;
    }
    r = sessmgr_session_copy(session, &list->sessions[list->count]);
    if (r < 0)
        return r;
    list->count++;
    return 0;
}

static int compare_opened(const void *left, const void *right)
{
    const struct sessmgr_session *const *a = left;
    const struct sessmgr_session *const *b = right;
    int64_t x = sessmgr_session_get_opened_usec(*a);
    int64_t y = sessmgr_session_get_opened_usec(*b);

    if (x != y)
        return x < y ? -1 : 1;
    return strcmp(sessmgr_session_get_id(*a), sessmgr_session_get_id(*b));
}

void session_list_sort(struct session_list *list)
{
    if (list->count > 0)
        qsort(list->sessions, list->count, sizeof(struct sessmgr_session *), compare_opened);
}

static int compare_ids(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* How many digits tell all IDs of a list apart; in sorted order only neighbours can be alike. */
static int short_id_digits(const struct session_list *list, size_t *ret_digits)
{
    CLEANUP(freep) const char **ids = NULL;
    size_t digits = SHORT_ID_MIN;

    ids = calloc(list->count + 1, sizeof(const char *));
    if (!ids)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        ids[i] = sessmgr_session_get_id(list->sessions[i]);
    qsort(ids, list->count, sizeof(*ids), compare_ids);
    for (size_t i = 1; i < list->count; i++)
        while (digits < ID_DIGITS && strncmp(ids[i - 1], ids[i], digits) == 0)
            digits++;
    *ret_digits = digits;
    return 0;
}

static enum colour state_colour(const char *state)
{
    if (strcmp(state, "ending") == 0)
        return COLOUR_YELLOW;
    return strcmp(state, "ended") == 0 ? COLOUR_GREY : COLOUR_NONE;
}

/* When it ends unless something happens; -1: it does not. */
static int64_t end_of(const struct sessmgr_session *session)
{
    int64_t deadline = sessmgr_session_get_deadline_usec(session);
    int64_t idle = sessmgr_session_get_idle_deadline_usec(session);

    return deadline < 0 || (idle >= 0 && idle < deadline) ? idle : deadline;
}

static int add_session(struct table *table, const struct sessmgr_session *session, size_t digits,
                       int64_t now)
{
    const char *state = sessmgr_session_get_state(session);
    bool ended = sessmgr_session_get_ended_usec(session) >= 0;
    bool ending = strcmp(state, "ending") == 0; /* whatever its deadline was */
    int64_t end = ended ? -1 : ending ? 0 : end_of(session);
    char id[ID_DIGITS + 1] = "";
    char since[FORMAT_TIME_BYTES];
    char left[FORMAT_TIME_BYTES];
    const char *cells[] = {
        id,
        sessmgr_session_get_user(session),
        sessmgr_session_get_service(session),
        sessmgr_session_get_terminal(session),
        sessmgr_session_get_remote_host(session),
        state,
        format_time(sessmgr_session_get_opened_usec(session), since),
        format_left(end, now, left),
        sessmgr_session_get_end_reason(session),
    };

    memcpy(id, sessmgr_session_get_id(session), digits);
    for (size_t i = 0; i < ELEMENTS(cells); i++)
        if (cells[i] && cells[i][0] == '\0')
            cells[i] = NULL; /* some services say "" for nothing */
    return table_add(table, cells, state_colour(state));
}

int session_list_print(const struct session_list *list, FILE *stream, const struct options *options,
                       const char *done)
{
    static const char *const heads[] = {"SESSION", "USER",  "SERVICE", "TTY",   "FROM",
                                        "STATE",   "SINCE", "LEFT",    "REASON"};
    CLEANUP(table_freep) struct table *table = NULL;
    int64_t now = format_now();
    size_t digits;
    int r;

    r = short_id_digits(list, &digits);
    if (r < 0)
        return r;
    /* the reason is the last column, and only ended sessions have one */
    r = table_new(&table, heads, ELEMENTS(heads) - (options->all ? 0 : 1));
    if (r < 0)
        return r;
    for (size_t i = 0; i < list->count; i++) {
        r = add_session(table, list->sessions[i], digits, now);
        if (r < 0)
            return r;
    }
    if (options->legend && list->count == 0) {
        fputs("No sessions.\n", stream);
        return 0;
    }
    table_print(table, stream, options->legend, options->colours);
    if (options->legend && done)
        fprintf(stream, "\n%zu session%s %s.\n", list->count, list->count == 1 ? "" : "s", done);
    return 0;
}

int session_list_print_json(const struct session_list *list, enum json_mode mode)
{
    CLEANUP(freep) char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return -ENOMEM;
    fputc('[', stream);
    for (size_t i = 0; i < list->count; i++)
        fprintf(stream, "%s%s", i > 0 ? "," : "", sessmgr_session_get_json(list->sessions[i]));
    fputc(']', stream);
    if (fclose(stream) != 0)
        return -ENOMEM;
    json_print(stdout, text, mode);
    return 0;
}
