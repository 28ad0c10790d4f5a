/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The proof that the store never loses what it acknowledged: a recorded life of a store, and every
 * state that a crash may leave of it, recovered by the store itself.
 *
 *     crash-states [--seed N] [--rounds N] [--states N] [--byte-step N] [--random N] [--blocks N]
 *                  [--nested N] [--twice N] [--verbose]
 *     crash-states --mutate ...     each call site's syncs are left out in turn: that must show
 *     crash-states --self-test ...  the model is told a wrong thing: that must show
 *
 * Prints one line of figures. Exits with 1 where something was not as it has to be.
 */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <time.h>

#include "common/macro.h"
#include "tests/crash/enumerator.h"
#include "tests/crash/must.h"
#include "tests/crash/nested.h"
#include "tests/crash/workload.h"

enum {
    SEED_STEP = 1000, /* from life to life */
    LIVES_MAX = 8,    /* until something shows that need not show in each */
};

struct arguments {
    uint64_t seed;
    size_t states_wanted;
    int rounds;
    size_t byte_step, random_count, block_max, nested_step, twice_step;
    bool mutates, tests_itself, verbose;
};

static int parse(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},      {"rounds", required_argument, NULL, 'r'},
        {"byte-step", required_argument, NULL, 'b'}, {"random", required_argument, NULL, 'n'},
        {"blocks", required_argument, NULL, 'k'},    {"nested", required_argument, NULL, 'e'},
        {"states", required_argument, NULL, 'a'},    {"twice", required_argument, NULL, 'w'},
        {"verbose", no_argument, NULL, 'v'},         {"mutate", no_argument, NULL, 'm'},
        {"self-test", no_argument, NULL, 't'},       {0},
    };
    int option;

    *ret = (struct arguments){.seed = 1,
                              .rounds = 6,
                              .byte_step = 61,
                              .random_count = 4,
                              .block_max = 8,
                              .nested_step = 400,
                              .twice_step = 4};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;

        switch (option) {
        case 's':
            ret->seed = number;
            break;
        case 'r':
            ret->rounds = (int)number;
            break;
        case 'b':
            ret->byte_step = number;
            break;
        case 'n':
            ret->random_count = number;
            break;
        case 'k':
            ret->block_max = number;
            break;
        case 'e':
            ret->nested_step = number;
            break;
        case 'a':
            ret->states_wanted = number;
            break;
        case 'w':
            ret->twice_step = number;
            break;
        case 'v':
            ret->verbose = true;
            break;
        case 'm':
            ret->mutates = true;
            break;
        case 't':
            ret->tests_itself = true;
            break;
        default:
            return -EINVAL;
        }
    }
    return optind == argc && ret->byte_step > 0 && ret->twice_step > 0 ? 0 : -EINVAL;
}

static double seconds(void)
{
    struct timespec time;

    must(clock_gettime(CLOCK_MONOTONIC, &time) == 0, "clock_gettime");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The disk as the trace has it in the end is the folder as it is: nothing was overlooked. */
static void prove_recording(const struct trace *trace, const char *folder)
{
    struct disk_choice *choice = must_allocate(sizeof(*choice));
    struct disk *disk = disk_new(trace);
    struct image recorded, real;

    while (disk->applied < trace->count)
        disk_step(disk, false);
    disk_choose(disk, choice, true, true);
    disk_image(disk, choice, &recorded);
    image_read(folder, &real);
    must(image_hash(&recorded) == image_hash(&real), "the recorder has overlooked something");
    image_done(&recorded);
    image_done(&real);
    disk_free(disk);
    free(choice);
}

static void record(struct owner *owner, int rounds, struct trace *trace)
{
    owner->recorder = recorder_start(trace, owner->folder, NULL, NULL, 0);
    workload_run(owner, trace, rounds);
    recorder_stop(owner->recorder);
    owner->recorder = NULL;
    prove_recording(trace, owner->folder);
}

/* The enumerator for a run. Where a violation is looked for, one is enough. */
static struct enumerator enumerator_for(const struct arguments *arguments, struct checker *checker,
                                        const struct owner *owner)
{
    return (struct enumerator){.checker = checker,
                               .history = &owner->history,
                               .random_count = arguments->random_count,
                               .byte_step = arguments->byte_step,
                               .block_max = arguments->block_max,
                               .violation_max = 20,
                               .random = {.state = arguments->seed}};
}

/* What was found, over all lives. */
struct figures {
    size_t lives, events, distinct, nested, violations;
    uint64_t states;
    struct mutations *mutations;
    bool found; /* the wrong model was */
};

static void try_states(const struct arguments *arguments, const struct owner *owner,
                       const struct trace *trace, struct figures *figures)
{
    struct checker checker;

    checker_init(&checker, owner);
    checker.twice_step = arguments->twice_step;
    struct enumerator enumerator = enumerator_for(arguments, &checker, owner);
    struct nested *nested = nested_new(&enumerator, arguments->nested_step);
    enumerator_run(&enumerator, trace, false);
    figures->lives++;
    figures->events += trace->count;
    figures->states += checker.states;
    figures->distinct += checker.count;
    figures->nested += nested_count(nested);
    figures->violations += enumerator.violations + nested_violations(nested);
    nested_free(nested);
    checker_done(&checker);
}

/* Whether a trace without the syncs of a site has a violation. */
static bool is_missed(const struct arguments *arguments, struct checker *checker,
                      const struct owner *owner, const struct trace *trace, int site)
{
    struct enumerator enumerator = enumerator_for(arguments, checker, owner);

    enumerator.without = trace->sites[site];
    enumerator.violation_max = 1;
    while (enumerator.first < trace->count && trace->events[enumerator.first].site != site)
        enumerator.first++; /* up to there nothing is different */
    enumerator_run(&enumerator, trace, true);
    return enumerator.violations > 0;
}

/* Syncs that nothing acknowledged depends on; each for its reason. */
static const char *const spare_sites[] = {
    /* an older master key does not come back, which is not a matter of changes */
    "fsync directory in store_keys_rewrap",
    /* a backup that is put in place once more, before there are changes behind it: the next file of
     * the log, which has to be there for any, is synced with the same folder */
    "fsync directory in store_restore_finish",
    "fsync directory in store_restore",
    "fsync directory in finish",
    "fsync directory in apply", /* as the compiler likes */
    /* a backup of a store with another data key is the one that needs it; here all have the same */
    "fsync directory after rename to restore in store_io_commit_temporary",
};

/* The sites that have been left out, in one life or another. */
struct mutations {
    char sites[TRACE_SITES_MAX][TRACE_SITE_BYTES];
    bool missed[TRACE_SITES_MAX];
    size_t count, unmissed;
};

static bool is_spare(const char *site)
{
    for (size_t i = 0; i < ELEMENTS(spare_sites); i++)
        if (strcmp(spare_sites[i], site) == 0)
            return true;
    return false;
}

static size_t find_site(struct mutations *mutations, const char *site)
{
    size_t i = 0;

    while (i < mutations->count && strcmp(mutations->sites[i], site) != 0)
        i++;
    if (i == mutations->count) {
        memcpy(mutations->sites[i], site, TRACE_SITE_BYTES);
        mutations->missed[i] = is_spare(site);
        mutations->unmissed += !mutations->missed[i];
        mutations->count++;
    }
    return i;
}

/* Leaves out each site's syncs in a life, but for those that were missed before. */
static void try_mutations(const struct arguments *arguments, const struct owner *owner,
                          const struct trace *trace, struct figures *figures)
{
    struct mutations *mutations = figures->mutations;
    struct checker checker;

    checker_init(&checker, owner);
    checker.twice_step = arguments->twice_step;
    for (int site = 0; site < trace->site_count; site++) {
        /* it never happens, see enumerator.c */
        if (strncmp(trace->sites[site], TRACE_SITE_OF_GDBM, strlen(TRACE_SITE_OF_GDBM)) == 0)
            continue;
        size_t i = find_site(mutations, trace->sites[site]);
        if (mutations->missed[i] || !is_missed(arguments, &checker, owner, trace, site))
            continue;
        mutations->missed[i] = true;
        mutations->unmissed--;
        if (arguments->verbose)
            (void)fprintf(stderr, "missed: %s\n    %s\n", trace->sites[site], checker.why);
    }
    figures->lives++;
    figures->distinct += checker.count;
    checker_done(&checker);
}

/* Every completion is told to be one submission later than it was. */
static void try_wrong_model(const struct arguments *arguments, const struct owner *owner,
                            const struct trace *trace, struct figures *figures)
{
    struct trace *wrong = trace_copy(trace, trace->count);
    uint64_t highest = 0;
    struct checker checker;

    for (size_t i = 0; i < wrong->count; i++) {
        struct trace_event *event = &wrong->events[i];
        if (event->kind == TRACE_SUBMITTED)
            highest = event->number;
        if (event->kind == TRACE_ACKNOWLEDGED && event->number < highest)
            event->number++;
    }
    checker_init(&checker, owner);
    struct enumerator enumerator = enumerator_for(arguments, &checker, owner);
    enumerator.violation_max = 1;
    enumerator_run(&enumerator, wrong, true);
    figures->found = enumerator.violations > 0;
    figures->distinct += checker.count;
    checker_done(&checker);
    trace_free(wrong);
}

typedef void (*try_t)(const struct arguments *arguments, const struct owner *owner,
                      const struct trace *trace, struct figures *figures);

/* One life, and what is to be tried with it. */
static void live(const struct arguments *arguments, try_t attempt, struct figures *figures)
{
    struct owner *owner = must_allocate(sizeof(*owner));
    struct trace *trace = trace_new();
    char folder[OWNER_PATH_BYTES];

    image_make_folder(folder, sizeof(folder));
    owner_init(owner, folder, arguments->seed);
    record(owner, arguments->rounds, trace);
    attempt(arguments, owner, trace, figures);
    owner_done(owner);
    free(owner);
    trace_free(trace);
}

/* Lives, one after the other, until there were states enough. */
static int run_states(struct arguments *arguments, double start)
{
    uint64_t seed = arguments->seed;
    struct figures figures = {0};

    do {
        live(arguments, try_states, &figures);
        arguments->seed += SEED_STEP;
    } while (figures.distinct < arguments->states_wanted && figures.violations == 0);
    (void)printf("states: seed %" PRIu64 ", %zu lives, %zu events, %" PRIu64
                 " states, %zu distinct, %zu crashes in recovery, %zu violations, %.1f s\n",
                 seed, figures.lives, figures.events, figures.states, figures.distinct,
                 figures.nested, figures.violations, seconds() - start);
    return figures.violations == 0 ? 0 : 1;
}

/* Lives, until each site was missed in one of them. */
static int run_mutations(struct arguments *arguments, double start)
{
    struct mutations *mutations = must_allocate(sizeof(*mutations));
    struct figures figures = {.mutations = mutations};
    uint64_t seed = arguments->seed;

    do {
        live(arguments, try_mutations, &figures);
        arguments->seed += SEED_STEP;
    } while (mutations->unmissed > 0 && figures.lives < LIVES_MAX);
    for (size_t i = 0; i < mutations->count; i++)
        if (!mutations->missed[i])
            (void)fprintf(stderr, "not missed when it is left out: %s\n", mutations->sites[i]);
    (void)printf("mutations: seed %" PRIu64 ", %zu lives, %zu call sites left out, %zu not missed, "
                 "%zu distinct states, %.1f s\n",
                 seed, figures.lives, mutations->count, mutations->unmissed, figures.distinct,
                 seconds() - start);
    int status = mutations->unmissed == 0 ? 0 : 1;
    free(mutations);
    return status;
}

/* Lives, until one has a moment at which the wrong model is wrong. */
static int run_self_test(struct arguments *arguments, double start)
{
    struct figures figures = {0};
    uint64_t seed = arguments->seed;
    int lives = 0;

    do {
        live(arguments, try_wrong_model, &figures);
        arguments->seed += SEED_STEP;
        lives++;
    } while (!figures.found && lives < LIVES_MAX);
    (void)printf("self-test: seed %" PRIu64
                 ", %d lives, the wrong model was %s, %zu distinct states, %.1f s\n",
                 seed, lives, figures.found ? "found out" : "NOT found out", figures.distinct,
                 seconds() - start);
    return figures.found ? 0 : 1;
}

int main(int argc, char **argv)
{
    double start = seconds();
    struct arguments arguments;

    if (parse(argc, argv, &arguments) < 0) {
        (void)fputs("usage: crash-states [--seed N] [--rounds N] [--states N] [--byte-step N]\n"
                    "                    [--random N] [--blocks N] [--nested N] [--twice N]\n"
                    "                    [--verbose] [--mutate | --self-test]\n",
                    stderr);
        return 2;
    }
    if (arguments.mutates)
        return run_mutations(&arguments, start);
    return arguments.tests_itself ? run_self_test(&arguments, start)
                                  : run_states(&arguments, start);
}
