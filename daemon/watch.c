/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the ring of changes; see watch.h. Who may see which is decided by those who read it.
 */
#include <config.h>

#include "daemon/watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

enum { EVENT_TEXT_MAX_BYTES = 32768 };

void watch_init(struct watch_log *log, int64_t first_sequence)
{
    memset(log, 0, sizeof(*log));
    log->oldest = first_sequence;
    log->next = first_sequence;
}

void watch_done(struct watch_log *log)
{
    for (size_t i = 0; i < WATCH_EVENTS_MAX; i++)
        free(log->events[i].text);
}

void watch_add(struct watch_log *log, const char *event, const struct session_info *session)
{
    struct watch_event *place = &log->events[log->next % WATCH_EVENTS_MAX];
    struct watch_out out = {.sequence = log->next, .event = event, .session = *session};
    char buffer[EVENT_TEXT_MAX_BYTES];
    struct json_writer writer;
    struct json text;
    int r;

    json_writer_init(&writer, buffer, sizeof(buffer));
    fields_encode(&watch_out_fields, &out, &writer);
    r = json_writer_finish(&writer, &text);
    free(place->text);
    place->text = r < 0 ? NULL : strndup(text.text, text.length);
    place->length = place->text == NULL ? 0 : text.length;
    place->uid = session->uid;
    if (place->text == NULL)
        log_line(LOG_ERR, "session %s: the event %s cannot be told to those who watch",
                 session->session_id, event);
    log->next++;
    if (log->next - log->oldest > WATCH_EVENTS_MAX)
        log->oldest = log->next - WATCH_EVENTS_MAX;
    if (log->notify != NULL)
        log->notify(log->userdata);
}

void watch_forget(struct watch_log *log)
{
    for (size_t i = 0; i < WATCH_EVENTS_MAX; i++) {
        free(log->events[i].text);
        log->events[i] = (struct watch_event){.uid = -1};
    }
    log->oldest = log->next;
}

const struct watch_event *watch_get(const struct watch_log *log, int64_t sequence)
{
    assert(sequence >= log->oldest && sequence < log->next);
    return &log->events[sequence % WATCH_EVENTS_MAX];
}
