/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model of a disk. Which of its states are tried is for enumerator.c. */
#include <config.h>

#include "tests/crash/disk.h"
#include "tests/crash/must.h"

struct disk *disk_new(const struct trace *trace)
{
    struct disk *disk = must_allocate(sizeof(*disk));

    disk->trace = trace;
    disk->file_count = trace->file_count; /* there may be more later, in events that are not ours */
    disk->files = must_allocate(sizeof(*disk->files) * (size_t)(disk->file_count + 1));
    return disk;
}

void disk_free(struct disk *disk)
{
    if (!disk)
        return;
    for (int i = 0; i < disk->file_count; i++)
        free(disk->files[i].data);
    free(disk->files);
    free(disk);
}

static void resize(struct disk_file *file, size_t bytes)
{
    if (bytes > file->room) {
        file->room = 2 * bytes;
        file->data = must_resize(file->data, file->room);
    }
    if (bytes > file->bytes)
        memset(file->data + file->bytes, 0, bytes - file->bytes);
    file->bytes = bytes;
}

/* Puts bytes [from, to) of a piece into a file. */
static void put(struct disk_file *file, const struct disk_piece *piece, size_t from, size_t to)
{
    if (piece->truncates) {
        resize(file, piece->offset);
        return;
    }
    if (from >= to)
        return;
    if (piece->offset + to > file->bytes)
        resize(file, piece->offset + to);
    memcpy(file->data + piece->offset + from, piece->data + from, to - from);
}

static void add_pieces(struct disk *disk, const struct trace_event *event)
{
    size_t done = 0;

    if (event->kind == TRACE_TRUNCATE) {
        must(disk->piece_count < DISK_PENDING_MAX, "too much is pending");
        disk->pieces[disk->piece_count++] = (struct disk_piece){
            .file = event->file, .truncates = true, .offset = event->bytes, .event = disk->applied};
        return;
    }
    while (done < event->bytes) {
        size_t offset = event->offset + done;
        size_t bytes = DISK_BLOCK_BYTES - offset % DISK_BLOCK_BYTES;
        if (bytes > event->bytes - done)
            bytes = event->bytes - done;
        must(disk->piece_count < DISK_PENDING_MAX, "too much is pending");
        disk->pieces[disk->piece_count++] = (struct disk_piece){.file = event->file,
                                                                .offset = offset,
                                                                .bytes = bytes,
                                                                .data = event->data + done,
                                                                .event = disk->applied};
        done += bytes;
    }
}

/* Makes a file's pieces durable, or (failed) such that they never will be. */
static void sync_file(struct disk *disk, int number, bool failed)
{
    struct disk_file *file = &disk->files[number];
    size_t left = 0;

    for (size_t i = 0; i < disk->piece_count; i++) {
        struct disk_piece *piece = &disk->pieces[i];
        if (piece->file == number && !failed && !piece->lost) {
            put(file, piece, 0, piece->bytes);
            file->mixed = 0;
            continue;
        }
        if (piece->file == number && failed)
            piece->lost = true;
        disk->pieces[left++] = *piece;
    }
    disk->piece_count = left;
}

static void set_name(struct disk_name *names, size_t *count, const char *name, int file)
{
    size_t i = 0;

    while (i < *count && strcmp(names[i].name, name) != 0)
        i++;
    if (file < 0) {
        if (i < *count)
            names[i] = names[--*count];
        return;
    }
    if (i == *count) {
        must(*count < IMAGE_FILES_MAX, "too many names");
        ++*count;
    }
    (void)snprintf(names[i].name, sizeof(names[i].name), "%s", name);
    names[i].file = file;
}

static void change_name(const struct trace_event *event, struct disk_name *names, size_t *count)
{
    if (event->kind != TRACE_CREATE)
        set_name(names, count, event->name, -1);
    if (event->kind != TRACE_UNLINK)
        set_name(names, count, event->kind == TRACE_RENAME ? event->to : event->name, event->file);
}

static void sync_folder(struct disk *disk)
{
    for (size_t i = 0; i < disk->change_count; i++)
        change_name(&disk->trace->events[disk->changes[i]], disk->names, &disk->name_count);
    disk->change_count = 0;
}

void disk_step(struct disk *disk, bool skip)
{
    const struct trace_event *event = &disk->trace->events[disk->applied];

    switch (event->kind) {
    case TRACE_WRITE:
    case TRACE_TRUNCATE:
        add_pieces(disk, event);
        break;
    case TRACE_SYNC:
    case TRACE_SYNC_FAILED:
        if (!skip)
            sync_file(disk, event->file, event->kind == TRACE_SYNC_FAILED);
        break;
    case TRACE_CREATE:
    case TRACE_RENAME:
    case TRACE_UNLINK:
        must(disk->change_count < DISK_PENDING_MAX, "too much is pending");
        disk->changes[disk->change_count++] = disk->applied;
        break;
    case TRACE_SYNC_DIRECTORY:
        if (!skip)
            sync_folder(disk);
        break;
    case TRACE_SUBMITTED:
        disk->highest = event->number;
        break;
    case TRACE_ACKNOWLEDGED:
        disk->lowest = event->number;
        break;
    case TRACE_CREDENTIALS:
        disk->credentials = event->number;
        break;
    }
    disk->applied++;
}

void disk_choose(const struct disk *disk, struct disk_choice *ret, bool pieces, bool changes)
{
    for (size_t i = 0; i < disk->piece_count; i++)
        ret->pieces[i] = pieces;
    for (size_t i = 0; i < disk->change_count; i++)
        ret->changes[i] = changes;
    ret->grown = -1;
    ret->torn_event = SIZE_MAX;
}

/* The part of a piece that a torn write has of it, counted from the piece's start. */
static void torn_part(const struct disk *disk, const struct disk_choice *choice,
                      const struct disk_piece *piece, size_t *ret_from, size_t *ret_to)
{
    size_t start = piece->offset - disk->trace->events[piece->event].offset;

    *ret_from = choice->torn_from > start ? choice->torn_from - start : 0;
    *ret_to = choice->torn_to > start ? choice->torn_to - start : 0;
    if (*ret_from > piece->bytes)
        *ret_from = piece->bytes;
    if (*ret_to > piece->bytes)
        *ret_to = piece->bytes;
}

static void file_image(struct disk *disk, const struct disk_choice *choice, int number,
                       struct image_file *ret)
{
    struct disk_file *durable = &disk->files[number], file = {0};
    size_t last_bytes = durable->bytes;
    bool same = true;

    for (size_t i = 0; i < disk->piece_count && same; i++)
        same = disk->pieces[i].file != number;
    if (same) {
        if (durable->mixed == 0)
            durable->mixed = image_mix(0, durable->data, durable->bytes);
        ret->data = durable->data;
        ret->bytes = durable->bytes;
        ret->mixed = durable->mixed;
        ret->borrowed = true;
        return;
    }
    resize(&file, durable->bytes);
    if (durable->bytes > 0)
        memcpy(file.data, durable->data, durable->bytes);
    for (size_t i = 0; i < disk->piece_count; i++) {
        const struct disk_piece *piece = &disk->pieces[i];
        size_t from = 0, to = piece->bytes;

        if (piece->file != number)
            continue;
        if (piece->truncates || piece->offset + piece->bytes > last_bytes)
            last_bytes = piece->offset + (piece->truncates ? 0 : piece->bytes);
        if (!choice->pieces[i])
            continue;
        if (piece->event == choice->torn_event)
            torn_part(disk, choice, piece, &from, &to);
        put(&file, piece, from, to);
    }
    if (choice->grown == number && last_bytes > file.bytes)
        resize(&file, last_bytes);
    ret->data = file.data;
    ret->bytes = file.bytes;
}

void disk_image(struct disk *disk, const struct disk_choice *choice, struct image *ret)
{
    struct disk_name names[IMAGE_FILES_MAX];
    size_t count = disk->name_count;

    memcpy(names, disk->names, count * sizeof(*names));
    for (size_t i = 0; i < disk->change_count; i++)
        if (choice->changes[i])
            change_name(&disk->trace->events[disk->changes[i]], names, &count);
    ret->count = count;
    for (size_t i = 0; i < count; i++) {
        ret->files[i] = (struct image_file){.number = names[i].file};
        memcpy(ret->files[i].name, names[i].name, sizeof(names[i].name));
        file_image(disk, choice, names[i].file, &ret->files[i]);
    }
}
