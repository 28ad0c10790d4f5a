/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recoveries, and the memory of what they yielded. */
#include <config.h>

#include <inttypes.h>

#include "tests/crash/checker.h"
#include "tests/crash/must.h"

void checker_init(struct checker *checker, const struct owner *owner)
{
    memset(checker, 0, sizeof(*checker));
    checker->owner = owner;
    image_make_folder(checker->folder, sizeof(checker->folder));
    checker->twice_step = 1;
    checker->room = 4096;
    checker->outcomes = must_allocate(checker->room * sizeof(*checker->outcomes));
}

void checker_done(struct checker *checker)
{
    image_remove(checker->folder);
    records_done(&checker->records);
    free(checker->outcomes);
}

/* Where an image is in the table, or where it would be. */
static size_t place(const struct checker_outcome *outcomes, size_t room, uint64_t image)
{
    size_t i = (size_t)image & (room - 1);

    while (outcomes[i].image != 0 && outcomes[i].image != image)
        i = (i + 1) & (room - 1);
    return i;
}

static void remember(struct checker *checker, const struct checker_outcome *outcome)
{
    if (2 * checker->count >= checker->room) {
        size_t room = 2 * checker->room;
        struct checker_outcome *outcomes = must_allocate(room * sizeof(*outcomes));
        for (size_t i = 0; i < checker->room; i++)
            if (checker->outcomes[i].image != 0)
                outcomes[place(outcomes, room, checker->outcomes[i].image)] = checker->outcomes[i];
        free(checker->outcomes);
        checker->outcomes = outcomes;
        checker->room = room;
    }
    checker->outcomes[place(checker->outcomes, checker->room, outcome->image)] = *outcome;
    checker->count++;
}

static uint64_t image_key(const struct image *image, enum owner_credentials credentials)
{
    uint64_t hash = image_hash(image);
    int32_t which = (int32_t)credentials;

    return image_mix(hash, &which, sizeof(which));
}

static bool refuse(struct checker *checker, const char *what, int result,
                   const struct store_error *error)
{
    (void)snprintf(checker->why, sizeof(checker->why), "%s: %s: %s (byte %" PRId64 ", %s)", what,
                   error->file, error->message, error->offset, strerror(-result)); /* cut */
    return false;
}

static void on_availability(int result, void *userdata)
{
    (void)result; /* nothing is submitted */
    (void)userdata;
}

bool checker_recover(struct checker *checker, enum owner_credentials credentials)
{
    const struct store_callbacks callbacks = {.availability = on_availability};
    struct store_credentials paths = owner_get_credentials(checker->owner, credentials);
    struct store_error error = {0};
    struct store *store = NULL;
    sd_event *event = NULL; /* a new one: it would not do in a child of the process that made it */
    int r;

    records_done(&checker->records);
    must(sd_event_new(&event) >= 0, "sd_event_new");
    r = store_open_with_options(&store, event, checker->folder, &paths, &callbacks,
                                &checker->owner->options, &error);
    if (r < 0) {
        (void)sd_event_unref(event);
        return refuse(checker, "cannot be opened", r, &error);
    }
    r = store_load(store, records_visit, &checker->records, &error);
    const struct store_error *damage = r < 0 ? NULL : store_damage(store);
    bool good = r >= 0 && !damage;
    if (r < 0)
        (void)refuse(checker, "cannot be loaded", r, &error);
    else if (damage)
        (void)refuse(checker, "is damaged", 0, damage);
    store_close(store);
    (void)sd_event_unref(event);
    return good;
}

/* Recovers a folder, and some once more. */
static void recover(struct checker *checker, const struct image *image,
                    enum owner_credentials credentials, struct checker_outcome *ret)
{
    image_write(image, checker->folder);
    ret->failed = !checker_recover(checker, credentials);
    ret->records = records_hash(&checker->records);
    if (ret->failed || ret->image % checker->twice_step != 0)
        return;
    ret->failed = !checker_recover(checker, credentials);
    if (!ret->failed && records_hash(&checker->records) != ret->records) {
        ret->failed = true;
        (void)snprintf(checker->why, sizeof(checker->why), "is another the second time");
    }
}

bool checker_is_new(const struct checker *checker, const struct image *image,
                    enum owner_credentials credentials)
{
    uint64_t key = image_key(image, credentials);

    return checker->outcomes[place(checker->outcomes, checker->room, key)].image == 0;
}

bool checker_try(struct checker *checker, const struct image *image,
                 enum owner_credentials credentials, const struct history *history, uint64_t lowest,
                 uint64_t highest)
{
    struct checker_outcome outcome = {.image = image_key(image, credentials)};
    const struct checker_outcome *known =
        &checker->outcomes[place(checker->outcomes, checker->room, outcome.image)];

    checker->states++;
    if (known->image != 0)
        outcome = *known;
    else {
        recover(checker, image, credentials, &outcome);
        remember(checker, &outcome);
    }
    if (outcome.failed)
        return false;
    if (history_find(history, outcome.records, lowest, highest) >= 0)
        return true;
    (void)snprintf(checker->why, sizeof(checker->why),
                   "yields version %" PRId64 " of the records, not one of %" PRIu64 "..%" PRIu64,
                   history_find(history, outcome.records, 0, history->count - 1), lowest, highest);
    return false;
}
