/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recoveries recorded, and tried by an enumerator of their own that shares the checker. */
#include <config.h>

#include "tests/crash/kill.h"
#include "tests/crash/must.h"
#include "tests/crash/nested.h"
#include "tests/crash/workload.h"

enum { SUBMISSIONS = 3 };

struct nested {
    size_t step;
    size_t count, violations;
    struct random random;
    struct owner owner;
};

/* A trace that begins with a folder's files as they are, all durable. Numbers them. */
static struct trace *begin_trace(const struct disk *disk, struct image *image)
{
    struct trace *trace = trace_new();
    struct trace_event event = {.site = -1};

    for (size_t i = 0; i < image->count; i++) {
        struct image_file *file = &image->files[i];
        file->number = event.file = trace->file_count++;
        event.kind = TRACE_CREATE;
        memcpy(event.name, file->name, sizeof(event.name));
        trace_add(trace, &event);
        event.kind = TRACE_WRITE;
        event.data = file->data;
        event.bytes = file->bytes;
        trace_add(trace, &event);
        event.kind = TRACE_SYNC;
        event.data = NULL;
        trace_add(trace, &event);
    }
    event = (struct trace_event){.kind = TRACE_SYNC_DIRECTORY, .site = -1};
    trace_add(trace, &event);
    event.kind = TRACE_SUBMITTED;
    event.number = disk->highest;
    trace_add(trace, &event);
    event.kind = TRACE_ACKNOWLEDGED;
    event.number = disk->lowest;
    trace_add(trace, &event);
    event.kind = TRACE_CREDENTIALS;
    event.number = disk->credentials;
    trace_add(trace, &event);
    return trace;
}

/* Recovers and goes on, which is recorded into a trace. */
static void record(struct nested *nested, const struct enumerator *outer, const struct disk *disk,
                   const struct image *image, struct trace *trace)
{
    struct owner *owner = &nested->owner;

    history_done(&owner->history);
    history_copy(outer->history, disk->highest, &owner->history);
    owner->submission_count = 0;
    kill_recover(owner, trace, image, disk->highest, (enum owner_credentials)disk->credentials);
    workload_submit_some(owner, SUBMISSIONS);
    owner_close(owner);
    recorder_stop(owner->recorder);
    owner->recorder = NULL;
}

static void go_into(struct nested *nested, const struct enumerator *outer, struct trace *trace,
                    size_t first)
{
    struct enumerator inner = {.checker = outer->checker,
                               .history = &nested->owner.history,
                               .first = first,
                               .random_count = 1,
                               .byte_step = 1021,
                               .block_max = 2,
                               .violation_max = 3,
                               .random = nested->random};

    nested->count++;
    enumerator_run(&inner, trace, false);
    if (inner.violations > 0)
        (void)fputs("  (all of that behind a crash before)\n", stderr);
    nested->violations += inner.violations;
}

static void after_power_failure(struct nested *nested, const struct enumerator *outer,
                                const struct disk *disk, const struct image *image)
{
    struct image numbered;

    image_copy(image, &numbered);
    struct trace *trace = begin_trace(disk, &numbered);
    size_t first = trace->count;
    record(nested, outer, disk, &numbered, trace);
    go_into(nested, outer, trace, first);
    trace_free(trace);
    image_done(&numbered);
}

static void after_kill(struct nested *nested, const struct enumerator *outer,
                       const struct disk *disk)
{
    struct disk_choice *choice = must_allocate(sizeof(*choice));
    struct disk *copy = must_copy(disk, sizeof(*disk)); /* disk_image() notes hashes in it */
    struct trace *trace = trace_copy(disk->trace, disk->applied);
    struct image image;

    disk_choose(copy, choice, true, true);
    disk_image(copy, choice, &image);
    record(nested, outer, disk, &image, trace);
    go_into(nested, outer, trace, disk->applied);
    image_done(&image);
    trace_free(trace);
    free(copy);
    free(choice);
}

static void on_new(struct enumerator *enumerator, const struct disk *disk,
                   const struct image *image, void *userdata)
{
    struct nested *nested = userdata;

    if (nested->step == 0 || random_below(&nested->random, nested->step) != 0)
        return;
    after_power_failure(nested, enumerator, disk, image);
    after_kill(nested, enumerator, disk);
}

struct nested *nested_new(struct enumerator *enumerator, size_t step)
{
    struct nested *nested = must_allocate(sizeof(*nested));
    char folder[OWNER_PATH_BYTES];

    image_make_folder(folder, sizeof(folder));
    owner_init(&nested->owner, folder, enumerator->random.state + 1);
    nested->step = step;
    nested->random.state = enumerator->random.state + 2;
    enumerator->on_new = on_new;
    enumerator->userdata = nested;
    return nested;
}

void nested_free(struct nested *nested)
{
    owner_done(&nested->owner);
    free(nested);
}

size_t nested_count(const struct nested *nested)
{
    return nested->count;
}

size_t nested_violations(const struct nested *nested)
{
    return nested->violations;
}
