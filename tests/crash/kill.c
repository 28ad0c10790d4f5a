/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kills are not made but pretended: threads cannot be killed alone, and what counts is what they
 * had done, which the trace has.
 */
#include <config.h>

#include "daemon/store-log.h"
#include "tests/crash/kill.h"
#include "tests/crash/must.h"

void kill_recover(struct owner *owner, struct trace *trace, const struct image *image,
                  uint64_t newest, enum owner_credentials credentials)
{
    char names[IMAGE_FILES_MAX][TRACE_NAME_BYTES];
    int files[IMAGE_FILES_MAX];

    for (size_t i = 0; i < image->count; i++) {
        memcpy(names[i], image->files[i].name, sizeof(names[i]));
        files[i] = image->files[i].number;
    }
    image_write(image, owner->folder);
    must(newest < owner->history.count, "no such version");
    owner->history.count = newest + 1;
    owner->credentials = credentials;
    records_done(&owner->live);
    owner->recorder = recorder_start(trace, owner->folder, names, files, image->count);
    must(owner_open(owner, &owner->live) >= 0, owner->error.message);
    must(!store_damage(owner->store), "a store is damaged by a kill");
    owner->completed = history_add(&owner->history, records_hash(&owner->live));
    recorder_note(owner->recorder, TRACE_SUBMITTED, owner->completed);
    recorder_note(owner->recorder, TRACE_ACKNOWLEDGED, owner->completed);
}

/* Whether an event is one that a way of choosing is about. */
static bool is_chosen(const struct trace_event *event, size_t way)
{
    const uint32_t magic = htole32(STORE_BATCH_MAGIC);

    switch (way) {
    case 0: /* the new checkpoint counts, and the folder is not synced */
        return event->kind == TRACE_RENAME && strcmp(event->to, "manifest") == 0;
    case 1:
        return event->kind == TRACE_RENAME || event->kind == TRACE_CREATE;
    case 2:
        return event->kind == TRACE_UNLINK;
    case 3:
        return event->kind == TRACE_SYNC || event->kind == TRACE_SYNC_DIRECTORY;
    default: /* a batch that is not durable */
        return event->kind == TRACE_WRITE && event->bytes > sizeof(magic) &&
               memcmp(event->data, &magic, sizeof(magic)) == 0;
    }
}

/* Behind which event, out of those of a way; at the end where there is none. */
static size_t choose(struct random *random, const struct trace *trace, size_t first, size_t way)
{
    size_t count = 0, chosen = trace->count;

    for (size_t i = first; i < trace->count; i++)
        if (is_chosen(&trace->events[i], way) && random_below(random, ++count) == 0)
            chosen = i + 1;
    return chosen;
}

void kill_and_recover(struct owner *owner, struct trace *trace, size_t first, size_t way)
{
    struct disk_choice *choice = must_allocate(sizeof(*choice));
    enum owner_credentials credentials = owner->credentials;
    struct image image;

    owner_close(owner);
    recorder_stop(owner->recorder);
    owner->recorder = NULL;
    trace_cut(trace, choose(&owner->random, trace, first, way % KILL_WAYS));
    struct disk *disk = disk_new(trace);
    while (disk->applied < trace->count)
        disk_step(disk, false);
    disk_choose(disk, choice, true, true);
    disk_image(disk, choice, &image);
    kill_recover(owner, trace, &image, disk->highest, credentials);
    image_done(&image);
    disk_free(disk);
    free(choice);
}
