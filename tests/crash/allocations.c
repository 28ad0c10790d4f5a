/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that runs out: each allocation in turn, once or from then on, the libraries' ones too. Not
 * to be built with sanitizers, which have an allocator of their own.
 *
 *     allocations [-f FIRST] [-s STEP]      from one on, one of so many
 *
 * Prints one line of figures. Exits with 1 where something was not as it has to be.
 */
#include <config.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/interpose.h"
#include "tests/crash/life.h"
#include "tests/crash/must.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the C library's own names for its allocator */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *data, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
/* NOLINTEND(bugprone-reserved-identifier) */

/* Shared with the processes in which the lives are lived: what they count is seen here. */
struct shortage {
    size_t index, count; /* the first allocation that fails, and how many do */
    atomic_size_t allocations;
    atomic_bool armed;
};

static struct shortage *shortage;

static bool fails(void)
{
    if (!shortage || !atomic_load(&shortage->armed) || must_is_allocating())
        return false;
    size_t index = atomic_fetch_add(&shortage->allocations, 1);
    if (index < shortage->index || index - shortage->index >= shortage->count)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *data, size_t bytes)
{
    return fails() ? NULL : __libc_realloc(data, bytes);
}

void *reallocarray(void *data, size_t count, size_t bytes)
{
    size_t all;

    if (__builtin_mul_overflow(count, bytes, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(data, all);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return fails() ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **ret, size_t alignment, size_t bytes)
{
    void *data = aligned_alloc(alignment, bytes);

    if (!data)
        return ENOMEM;
    *ret = data;
    return 0;
}

static void arm(void *userdata)
{
    (void)userdata; /* there is one shortage */
    atomic_store(&shortage->allocations, 0);
    atomic_store(&shortage->armed, true);
}

static void heal(void *userdata)
{
    (void)userdata; /* as above */
    atomic_store(&shortage->armed, false);
}

static bool try_case(size_t index, size_t count)
{
    struct life_fault fault = {.arm = arm, .heal = heal, .may_wait = true};
    char name[96];

    shortage->index = index;
    shortage->count = count;
    (void)snprintf(name, sizeof(name), "no memory at allocation %zu%s", index,
                   count > 1 ? " and from then on" : "");
    return life_run(name, &fault) == 0;
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
    shortage =
        mmap(NULL, sizeof(*shortage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shortage != MAP_FAILED, "mmap");
    wrong += !try_case(SIZE_MAX, 0);
    size_t allocations = atomic_load(&shortage->allocations);
    for (size_t index = first; index < allocations; index += step) {
        wrong += !try_case(index, 1);
        wrong += !try_case(index, SIZE_MAX);
        cases += 2;
    }
    must(clock_gettime(CLOCK_MONOTONIC, &end) == 0, "clock_gettime");
    (void)printf("allocations: %zu allocations, %zu cases, %zu violations, %jd s\n", allocations,
                 cases, wrong, (intmax_t)(end.tv_sec - start.tv_sec));
    return wrong == 0 ? 0 : 1;
}
