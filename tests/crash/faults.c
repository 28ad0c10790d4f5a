/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails: each call that reaches it, in turn, once or from then on, in each way that
 * there is.
 *
 *     faults [-f FIRST] [-s STEP]      from a call on, one of so many
 *
 * Prints one line of figures. Exits with 1 where something was not as it has to be.
 */
#include <config.h>

#include <fcntl.h>
#include <getopt.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "common/macro.h"
#include "tests/crash/interpose.h"
#include "tests/crash/life.h"
#include "tests/crash/must.h"

enum way_kind {
    WAY_ERROR,
    WAY_SHORT, /* half of the bytes */
};

static const struct way {
    const char *name;
    enum way_kind kind;
    int error;
    size_t in_a_row; /* where it fails from then on; 0: for ever */
} ways[] = {
    {"EIO", WAY_ERROR, EIO, 0},       {"ENOSPC", WAY_ERROR, ENOSPC, 0},
    {"EDQUOT", WAY_ERROR, EDQUOT, 0}, {"EROFS", WAY_ERROR, EROFS, 0},
    {"EINTR", WAY_ERROR, EINTR, 5},   {"short", WAY_SHORT, 0, 0},
};

struct fault {
    const struct way *way;
    size_t index, count; /* the first call that fails, and how many do */
    atomic_size_t calls;
    atomic_bool armed;
};

/* Whether a call goes to the disk that fails: to a file system of memory, which is used for nothing
 * else, or to a file that is named. */
static bool concerns(const struct interpose_call *call)
{
    struct stat status;

    if (call->name)
        return call->name[0] != '/' || strstr(call->name, "/crash.") != NULL;
    return fstat(call->fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

/*
 * The kinds of call for which a way makes sense. lseek() on a file fails for its arguments alone,
 * and is not made to: GDBM 1.23 does not look when it makes a new file, which is then too short.
 */
static bool applies(const struct way *way, const struct interpose_call *call)
{
    bool only_reads = call->kind == INTERPOSE_READ ||
                      (call->kind == INTERPOSE_OPEN && (call->flags & O_ACCMODE) == O_RDONLY);

    if (call->kind == INTERPOSE_SEEK)
        return false;
    if (way->kind == WAY_SHORT)
        return call->kind == INTERPOSE_READ || call->kind == INTERPOSE_WRITE;
    if (way->error == EINTR)
        return call->kind == INTERPOSE_READ || call->kind == INTERPOSE_WRITE;
    return way->error == EIO || !only_reads;
}

/* Half of a write, or of a read; at least a byte. */
static ssize_t do_half(const struct interpose_call *call, struct recorder *recorder)
{
    struct interpose_call half = *call;
    struct iovec part;

    half.bytes = (call->bytes + 1) / 2;
    if (call->kind == INTERPOSE_WRITE) {
        part = call->parts[0];
        part.iov_len = (part.iov_len + 1) / 2;
        half.parts = &part;
        half.part_count = 1;
    }
    return recorder_take(&half, recorder);
}

static ssize_t hook(const struct interpose_call *call, void *userdata)
{
    struct life_fault *life_fault = userdata;
    struct fault *fault = life_fault->userdata;

    if (!atomic_load(&fault->armed) || !concerns(call))
        return recorder_take(call, life_fault->recorder);
    size_t index = atomic_fetch_add(&fault->calls, 1);
    if (index < fault->index || index - fault->index >= fault->count || !applies(fault->way, call))
        return recorder_take(call, life_fault->recorder);
    if (fault->way->kind == WAY_SHORT)
        return do_half(call, life_fault->recorder);
    if (call->kind == INTERPOSE_WRITE && fault->way->error != EINTR)
        (void)do_half(call, life_fault->recorder); /* and of the rest nobody knows */
    if (call->kind == INTERPOSE_SYNC)
        recorder_sync_failed(life_fault->recorder, call->fd);
    return -fault->way->error;
}

static void arm(void *userdata)
{
    struct fault *fault = userdata;

    atomic_store(&fault->calls, 0);
    atomic_store(&fault->armed, true);
}

static void heal(void *userdata)
{
    struct fault *fault = userdata;

    atomic_store(&fault->armed, false);
}

/* One case; whether all was well. */
static bool try_case(struct life_fault *life_fault, const struct way *way, size_t index,
                     size_t count)
{
    struct fault *fault = life_fault->userdata;
    char name[96];

    fault->way = way;
    fault->index = index;
    fault->count = count;
    /* a file that cannot be read is damaged, as far as the store can see */
    life_fault->may_damage = way->error == EIO;
    (void)snprintf(name, sizeof(name), "%s at call %zu%s", way->name, index,
                   count > 1 ? " and from then on" : "");
    return life_run(name, life_fault) == 0;
}

int main(int argc, char **argv)
{
    size_t first = 0, step = 1, cases = 0, wrong = 0;
    struct timespec start, end;
    int option;

    while ((option = getopt(argc, argv, "f:s:")) != -1) {
        if (option == 'f')
            first = strtoull(optarg, NULL, 10);
        else if (option == 's')
            step = strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    must(clock_gettime(CLOCK_MONOTONIC, &start) == 0, "clock_gettime");
    /* shared with the processes in which the lives are lived: what they count is seen here */
    struct fault *fault =
        mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(fault != MAP_FAILED, "mmap");
    struct life_fault life_fault = {.arm = arm, .heal = heal, .hook = hook, .userdata = fault};
    wrong += !try_case(&life_fault, &ways[0], SIZE_MAX, 0);
    size_t calls = atomic_load(&fault->calls);
    for (size_t index = first; index < calls; index += step) {
        for (size_t way = 0; way < ELEMENTS(ways); way++) {
            wrong += !try_case(&life_fault, &ways[way], index, 1);
            wrong += !try_case(&life_fault, &ways[way], index,
                               ways[way].in_a_row ? ways[way].in_a_row : SIZE_MAX);
            cases += 2;
        }
    }
    must(clock_gettime(CLOCK_MONOTONIC, &end) == 0, "clock_gettime");
    (void)printf("faults: %zu calls, %zu cases, %zu violations, %jd s\n", calls, cases, wrong,
                 (intmax_t)(end.tv_sec - start.tv_sec));
    return wrong == 0 ? 0 : 1;
}
