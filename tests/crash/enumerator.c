/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which states are tried at a point of a trace. */
#include <config.h>

#include <stdio.h>

#include "tests/crash/enumerator.h"
#include "tests/crash/must.h"

/* A point that is being tried. */
struct point {
    struct enumerator *enumerator;
    struct disk *disk;
    struct disk_choice *choice;
    bool quiet;
};

static bool is_enough(const struct enumerator *enumerator)
{
    return enumerator->violations >= enumerator->violation_max;
}

static void report(const struct point *point, const char *what)
{
    const struct trace *trace = point->disk->trace;
    char text[512] = "the start";

    if (point->quiet)
        return;
    if (point->disk->applied > 0)
        trace_describe(trace, &trace->events[point->disk->applied - 1], text, sizeof(text));
    (void)fprintf(stderr, "violation behind event %zu, %s\n  left: %s\n  %s\n",
                  point->disk->applied, text, what, point->enumerator->checker->why);
}

/* Tries the choice as it is now. */
static void attempt(const struct point *point, const char *what)
{
    struct enumerator *enumerator = point->enumerator;
    struct disk *disk = point->disk;
    enum owner_credentials credentials = (enum owner_credentials)disk->credentials;
    struct image image;

    if (is_enough(enumerator))
        return;
    disk_image(disk, point->choice, &image);
    bool is_new = enumerator->on_new && checker_is_new(enumerator->checker, &image, credentials);
    if (!checker_try(enumerator->checker, &image, credentials, enumerator->history, disk->lowest,
                     disk->highest)) {
        enumerator->violations++;
        report(point, what);
    } else if (is_new)
        enumerator->on_new(enumerator, disk, &image, enumerator->userdata);
    image_done(&image);
}

/* Nothing, all, the contents without the names, the names without the contents. */
static void try_whole(const struct point *point)
{
    static const char *const names[] = {"nothing that is pending", "changes of names",
                                        "contents of files", "all that is pending"};

    for (int i = 0; i < 4; i++) {
        disk_choose(point->disk, point->choice, i & 2, i & 1);
        attempt(point, names[i]);
    }
}

static bool has_pieces(const struct disk *disk, int file)
{
    for (size_t i = 0; i < disk->piece_count; i++)
        if (disk->pieces[i].file == file)
            return true;
    return false;
}

/* One file's contents without all others', all others' without its own, its size alone. */
static void try_files(const struct point *point)
{
    const struct disk *disk = point->disk;

    for (int file = 0; file < disk->file_count; file++) {
        if (!has_pieces(disk, file))
            continue;
        for (int alone = 0; alone < 2; alone++) {
            disk_choose(disk, point->choice, true, true);
            for (size_t i = 0; i < disk->piece_count; i++)
                point->choice->pieces[i] = (disk->pieces[i].file == file) == (alone != 0);
            attempt(point, alone ? "contents of one file alone" : "all but one file's contents");
            point->choice->grown = file;
            if (!alone)
                attempt(point, "all but one file's contents, and that one's size");
        }
    }
}

static bool same_block(const struct disk_piece *a, const struct disk_piece *b)
{
    return a->file == b->file && a->truncates == b->truncates &&
           a->offset / DISK_BLOCK_BYTES == b->offset / DISK_BLOCK_BYTES;
}

/* Whether it is the first piece of its block. */
static bool is_first(const struct disk *disk, size_t piece)
{
    for (size_t i = 0; i < piece; i++)
        if (same_block(&disk->pieces[i], &disk->pieces[piece]))
            return false;
    return true;
}

static void try_block(const struct point *point, size_t piece)
{
    const struct disk *disk = point->disk;

    for (int alone = 0; alone < 2; alone++) {
        disk_choose(disk, point->choice, true, true);
        for (size_t i = 0; i < disk->piece_count; i++)
            point->choice->pieces[i] =
                same_block(&disk->pieces[i], &disk->pieces[piece]) == (alone != 0);
        attempt(point, alone ? "one block alone" : "all but one block");
        point->choice->grown = disk->pieces[piece].file;
        attempt(point, alone ? "one block alone, and the size" : "all but one block, but the size");
    }
}

static void try_blocks(const struct point *point)
{
    const struct disk *disk = point->disk;
    size_t blocks = 0;

    for (size_t i = 0; i < disk->piece_count; i++)
        blocks += is_first(disk, i);
    for (size_t i = 0; i < disk->piece_count && !is_enough(point->enumerator); i++) {
        if (!is_first(disk, i))
            continue;
        /* the newest in any case: all others had their turn when they were it */
        if (blocks <= point->enumerator->block_max || disk->pieces[i].event + 1 == disk->applied ||
            random_below(&point->enumerator->random, blocks) < point->enumerator->block_max)
            try_block(point, i);
    }
}

/* The write that was under way, with the bytes [from, to) alone. */
static void try_torn_at(const struct point *point, size_t from, size_t to)
{
    for (int others = 0; others < 2; others++) {
        disk_choose(point->disk, point->choice, others, true);
        for (size_t i = 0; i < point->disk->piece_count; i++)
            point->choice->pieces[i] |= point->disk->pieces[i].event + 1 == point->disk->applied;
        point->choice->torn_event = point->disk->applied - 1;
        point->choice->torn_from = from;
        point->choice->torn_to = to;
        attempt(point, others ? "all, but the last write in part"
                              : "the last write in part, and nothing else");
    }
}

/* Whether a file is one of the log's that is in use. */
static bool is_log(const struct disk *disk, int file)
{
    static const char suffix[] = STORE_TEMPORARY_SUFFIX;

    for (size_t i = 0; i < disk->applied; i++) {
        const struct trace_event *event = &disk->trace->events[i];
        const char *name = event->kind == TRACE_RENAME ? event->to : event->name;
        if (event->file == file && strncmp(name, "log-", 4) == 0 && !strstr(name, suffix))
            return true;
    }
    return false;
}

static void try_torn(const struct point *point)
{
    const struct disk *disk = point->disk;
    const struct trace_event *event = &disk->trace->events[disk->applied - 1];

    if (event->kind != TRACE_WRITE)
        return;
    for (size_t at = DISK_SECTOR_BYTES - event->offset % DISK_SECTOR_BYTES; at < event->bytes;
         at += DISK_SECTOR_BYTES) {
        try_torn_at(point, 0, at);
        try_torn_at(point, at, event->bytes);
    }
    if (!is_log(disk, event->file))
        return;
    size_t step = point->enumerator->byte_step;
    for (size_t at = 1 + random_below(&point->enumerator->random, step);
         at < event->bytes && !is_enough(point->enumerator); at += step)
        try_torn_at(point, 0, at);
}

/* Each change of a name missing, or alone. */
static void try_names(const struct point *point)
{
    const struct disk *disk = point->disk;

    for (size_t change = 0; change < disk->change_count; change++) {
        disk_choose(disk, point->choice, true, true);
        point->choice->changes[change] = false;
        attempt(point, "all but one change of a name");
        disk_choose(disk, point->choice, true, false);
        point->choice->changes[change] = true;
        attempt(point, "of the changes of names one alone");
    }
}

/* A piece is left only where all earlier ones of its block are: see disk.h. */
static void try_random(const struct point *point)
{
    const struct disk *disk = point->disk;
    struct random *random = &point->enumerator->random;
    size_t of_ten = 1 + 4 * random_below(random, 3);

    disk_choose(disk, point->choice, true, true);
    for (size_t i = 0; i < disk->piece_count; i++) {
        point->choice->pieces[i] = random_below(random, 10) < of_ten;
        for (size_t j = 0; j < i && point->choice->pieces[i]; j++)
            if (!point->choice->pieces[j] && same_block(&disk->pieces[j], &disk->pieces[i]))
                point->choice->pieces[i] = false;
    }
    for (size_t i = 0; i < disk->change_count; i++)
        point->choice->changes[i] = random_below(random, 10) < of_ten;
    if (disk->piece_count > 0 && random_below(random, 2))
        point->choice->grown = disk->pieces[random_below(random, disk->piece_count)].file;
    attempt(point, "a random part");
}

static void try_point(const struct point *point)
{
    try_whole(point);
    try_files(point);
    try_names(point);
    try_blocks(point);
    if (point->disk->applied > 0)
        try_torn(point);
    if (point->disk->piece_count + point->disk->change_count > 0)
        for (size_t i = 0; i < point->enumerator->random_count; i++)
            try_random(point);
}

/* GDBM's own never count: the store must not rely on them. */
static bool is_left_out(const struct enumerator *enumerator, const struct trace *trace,
                        const struct trace_event *event)
{
    if (event->site < 0)
        return false;
    const char *site = trace->sites[event->site];
    return strncmp(site, TRACE_SITE_OF_GDBM, strlen(TRACE_SITE_OF_GDBM)) == 0 ||
           (enumerator->without && strcmp(site, enumerator->without) == 0);
}

void enumerator_run(struct enumerator *enumerator, const struct trace *trace, bool quiet)
{
    struct point point = {.enumerator = enumerator,
                          .disk = disk_new(trace),
                          .choice = must_allocate(sizeof(struct disk_choice)),
                          .quiet = quiet};

    for (size_t i = 0; i <= trace->count && !is_enough(enumerator); i++) {
        if (i >= enumerator->first)
            try_point(&point);
        if (i < trace->count)
            disk_step(point.disk, is_left_out(enumerator, trace, &trace->events[i]));
    }
    free(point.choice);
    disk_free(point.disk);
}
