/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ways of damage. They know nothing of what the files mean. */
#include <config.h>

#include "common/macro.h"
#include "tests/crash/must.h"
#include "tests/crash/mutation.h"

enum { BLOCK_BYTES = 4096, GROWTH_MAX_BYTES = 100000 };

static void flip_bits(struct image_file *file, struct random *random)
{
    for (size_t left = 1 + random_below(random, 3); left > 0 && file->bytes > 0; left--)
        file->data[random_below(random, file->bytes)] ^=
            (unsigned char)(1U << random_below(random, 8));
}

static void overwrite(struct image_file *file, struct random *random)
{
    size_t at = random_below(random, file->bytes + 1);
    size_t bytes = 1 + random_below(random, random_below(random, 2) ? 64 : 9000);

    if (bytes > file->bytes - at)
        bytes = file->bytes - at;
    if (random_below(random, 2))
        random_fill(random, file->data + at, bytes);
    else
        memset(file->data + at, random_below(random, 2) ? 0 : 0xff, bytes);
}

static void truncate_to(struct image_file *file, struct random *random)
{
    size_t bytes = random_below(random, file->bytes + 1);

    if (random_below(random, 2))
        bytes -= bytes % BLOCK_BYTES;
    file->bytes = bytes;
}

static void grow(struct image_file *file, struct random *random)
{
    size_t more = 1 + random_below(random, GROWTH_MAX_BYTES);

    if (random_below(random, 2))
        more = BLOCK_BYTES * (1 + random_below(random, 8));
    file->data = must_resize(file->data, file->bytes + more);
    if (random_below(random, 2))
        random_fill(random, file->data + file->bytes, more);
    else
        memset(file->data + file->bytes, 0, more);
    file->bytes += more;
}

static void swap_blocks(struct image_file *file, struct random *random)
{
    unsigned char block[BLOCK_BYTES];

    if (file->bytes < 2 * sizeof(block))
        return;
    unsigned char *a = file->data + sizeof(block) * random_below(random, file->bytes / BLOCK_BYTES);
    unsigned char *b = file->data + sizeof(block) * random_below(random, file->bytes / BLOCK_BYTES);
    memcpy(block, a, sizeof(block));
    memmove(a, b, sizeof(block));
    memcpy(b, block, sizeof(block));
}

/* A stretch of another file, or of the same, put over this one. */
static void splice(struct image *image, struct image_file *file, struct random *random)
{
    const struct image_file *other = &image->files[random_below(random, image->count)];
    size_t from = random_below(random, other->bytes + 1);
    size_t to = random_below(random, file->bytes + 1);
    size_t bytes = random_below(random, 5 * BLOCK_BYTES);

    if (random_below(random, 4) > 0) {
        from -= from % BLOCK_BYTES;
        to -= to % BLOCK_BYTES;
    }
    if (bytes > other->bytes - from)
        bytes = other->bytes - from;
    if (bytes > file->bytes - to)
        bytes = file->bytes - to;
    if (bytes > 0)
        memmove(file->data + to, other->data + from, bytes);
}

static void set_extreme(struct image_file *file, const size_t *fields, size_t field_count,
                        struct random *random)
{
    static const uint64_t extremes[] = {0,
                                        1,
                                        2,
                                        0x7f,
                                        0xff,
                                        0x7fff,
                                        0xffff,
                                        0x7fffffff,
                                        0x80000000,
                                        0xfffffff0,
                                        0xffffffff,
                                        UINT64_C(0x7fffffffffffffff),
                                        UINT64_C(0x8000000000000000),
                                        UINT64_C(0xffffffffffffffff)};
    size_t at = field_count > 0 ? fields[random_below(random, field_count)] : 0;
    uint64_t value = extremes[random_below(random, ELEMENTS(extremes))];
    size_t bytes = random_below(random, 2) ? 4 : 8;

    at += 4 * random_below(random, 16);
    if (at + bytes <= file->bytes)
        memcpy(file->data + at, &value, bytes);
}

const char *mutation_apply(struct image *image, struct image_file *file, const size_t *fields,
                           size_t field_count, struct random *random)
{
    switch (random_below(random, 7)) {
    case 0:
        flip_bits(file, random);
        return "flipped bits";
    case 1:
        overwrite(file, random);
        return "overwritten bytes";
    case 2:
        truncate_to(file, random);
        return "a truncation";
    case 3:
        grow(file, random);
        return "a growth";
    case 4:
        swap_blocks(file, random);
        return "swapped blocks";
    case 5:
        splice(image, file, random);
        return "a splice";
    default:
        set_extreme(file, fields, field_count, random);
        return "an extreme number";
    }
}
