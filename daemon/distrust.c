/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the notes that changes may be missing from the store, and what follows; see distrust.h.
 */
#include <config.h>

#include "daemon/distrust.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/publish.h"
#include "daemon/store-report.h"

#define NOTE_PREFIX   "distrust/"
#define NOTE_DAMAGED  NOTE_PREFIX "damaged"
#define NOTE_RESTORED NOTE_PREFIX "restored"

enum { NOTE_VALUE_MAX_BYTES = 4096 }; /* the strings of an error, each byte of them escaped */

bool distrust_is_record(const char *key)
{
    return strncmp(key, NOTE_PREFIX, strlen(NOTE_PREFIX)) == 0;
}

void distrust_load(struct distrust *distrust, const char *key, const void *value,
                   size_t value_bytes, struct arena *arena)
{
    struct store_damaged_error note;
    struct json text;

    if (strcmp(key, NOTE_RESTORED) == 0)
        distrust->restored = true;
    if (strcmp(key, NOTE_DAMAGED) != 0)
        return;
    distrust->damaged = true;
    distrust->error = (struct store_error){
        .offset = -1, .message = "something was damaged, where is not known any more"};
    if (json_parse(value, value_bytes, &text) < 0 ||
        fields_decode(&store_damaged_error_fields, text, arena, &note, NULL) < 0)
        return;
    distrust->error.offset = note.offset;
    (void)snprintf(distrust->error.file, sizeof(distrust->error.file), "%s", note.file);
    (void)snprintf(distrust->error.message, sizeof(distrust->error.message), "%s", note.message);
}

static int note_damage(struct store *store, const struct store_error *error)
{
    const struct store_damaged_error note = {
        .file = error->file,
        .offset = error->offset,
        .message = error->message,
    };
    char buffer[NOTE_VALUE_MAX_BYTES];
    struct store_change change = {.key = NOTE_DAMAGED, .value = buffer};
    struct json_writer writer;
    struct json text;
    int r;

    json_writer_init(&writer, buffer, sizeof(buffer));
    fields_encode(&store_damaged_error_fields, &note, &writer);
    r = json_writer_finish(&writer, &text);
    change.value_bytes = r < 0 ? 0 : text.length; /* that there is one says enough */
    return store_submit(store, STORE_ESSENTIAL, &change, 1, NULL, NULL);
}

int distrust_note(struct distrust *distrust, struct store *store)
{
    const struct store_change restored = {.key = NOTE_RESTORED, .value = "{}", .value_bytes = 2};
    const struct store_error *damage = store_damage(store);
    int r = 0;

    if (damage != NULL && !distrust->damaged) { /* a note knows more than what was found later */
        distrust->damaged = true;
        distrust->error = *damage;
        r = note_damage(store, damage);
    }
    if (store_was_restored(store) && !distrust->restored) {
        distrust->restored = true;
        if (r >= 0)
            r = store_submit(store, STORE_ESSENTIAL, &restored, 1, NULL, NULL);
    }
    return r;
}

static void tell(const struct distrust *distrust)
{
    char text[STORE_REPORT_ERROR_BYTES];

    if (distrust->damaged) {
        store_report_error(&distrust->error, text);
        audit_write(AUDIT_STORE_DAMAGED, &AUDIT_DETAILS(.text = text));
    }
    if (distrust->restored)
        audit_write(AUDIT_STORE_RESTORED, &AUDIT_DETAILS(.text = NULL));
}

static void revoke_tokens(struct manager *manager, struct session *session, int64_t now_sec)
{
    if (session->record.info.state != STATE_ACTIVE)
        return;
    token_remove_all(manager, session);
    session->record.token_family++;
    if (session->record.jwt_revoked_until_sec < now_sec)
        session->record.jwt_revoked_until_sec = now_sec;
    publish_revocation(manager, session);
}

/* A JWT that is issued in this very second would be taken for one from before. */
static void wait_for_next_second(int64_t now_usec)
{
    const struct timespec rest = {.tv_nsec = (USEC_PER_SEC - now_usec % USEC_PER_SEC) * 1000 - 1};

    (void)nanosleep(&rest, NULL); /* one that is cut short costs a JWT, and no more */
}

/* What fails is done again at the next start. */
static void on_checkpoint(int result, struct store_job_result *job, void *userdata)
{
    (void)result;
    (void)job;
    (void)userdata;
}

/* The notes go when what they ask for is on the disk: none is forgotten that was not acted on. */
static void on_revoked(int result, void *userdata)
{
    static const struct store_change removals[] = {{.key = NOTE_DAMAGED}, {.key = NOTE_RESTORED}};
    const struct manager *manager = userdata;

    if (result >= 0)
        result =
            store_submit(manager->store, STORE_ESSENTIAL, removals, ELEMENTS(removals), NULL, NULL);
    if (result >= 0)
        result = store_start_job(manager->store, STORE_JOB_CHECKPOINT, on_checkpoint, NULL);
    if (result < 0)
        log_line(LOG_ERR, "the next start will revoke all tokens again: %s", strerror(-result));
}

static void forget_notes(struct manager *manager)
{
    int r = store_submit(manager->store, STORE_ESSENTIAL, NULL, 0, on_revoked, manager);

    if (r < 0)
        on_revoked(r, manager);
}

void distrust_act(struct manager *manager)
{
    const int64_t now_usec = manager->clock->realtime_usec(manager->clock);

    if (!manager->distrust.damaged && !manager->distrust.restored)
        return;
    tell(&manager->distrust);
    for (size_t i = 0; i < manager->sessions.live.count; i++)
        revoke_tokens(manager, manager->sessions.live.items[i].session, now_usec / USEC_PER_SEC);
    /* what is not known any more is not known to be bad */
    manager->tokens.incomplete = true;
    manager->signing.incomplete = true;
    forget_notes(manager);
    wait_for_next_second(now_usec);
}
