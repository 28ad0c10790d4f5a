/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store-rate floor|store|redis PATH CLIENTS SECONDS: how many records a second are made durable for
 * so many clients, each of which waits for its record before it has another one. Prints that rate
 * alone.
 *
 *   floor  what a disk can do by the same rule: a thread takes all that waits, writes it over a
 *          file of zeros (PATH) in one go, from a block's begin on, and syncs
 *   store  daemon/store.h in a directory (PATH), as sessmgrd uses it
 *   redis  SET over a Unix socket (PATH), a connection a client
 *
 * The clients of all three are played by one thread, which sends what it can before it waits.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/handoff.h"
#include "daemon/store.h"
#include "tests/bench/bench.h"

enum {
    CLIENTS_MAX = 64,
    VALUE_BYTES = 700, /* of the record of a session at a login by ssh */
    KEYS = 20000,      /* that are written in turn */
    KEY_BYTES = 40,    /* session/<id> */
    BLOCK_BYTES = 4096,
    FLOOR_FILE_BYTES = 64 << 20,
    COMMAND_MAX_BYTES = 1024,
};

static char value[VALUE_BYTES];

static void next_key(char key[static KEY_BYTES + 1])
{
    static unsigned number;

    (void)snprintf(key, KEY_BYTES + 1, "session/%032x", number++ % KEYS);
}

/* ---- floor ---- */

struct floor_record {
    struct handoff_node node; /* first */
    char bytes[KEY_BYTES + VALUE_BYTES];
};

struct floor_disk {
    struct handoff inbox, outbox;
    int fd;
    off_t offset;
};

__attribute__((noreturn)) static void *floor_thread(void *userdata)
{
    struct floor_disk *disk = userdata;

    for (;;) {
        struct handoff_node *first = handoff_take(&disk->inbox);
        struct iovec parts[CLIENTS_MAX];
        int count = 0;
        ssize_t bytes = 0;

        if (!first) {
            handoff_wait(&disk->inbox, -1);
            continue;
        }
        for (struct handoff_node *node = first; node; node = node->next) {
            struct floor_record *record = (struct floor_record *)(void *)node;

            parts[count++] =
                (struct iovec){.iov_base = record->bytes, .iov_len = sizeof(record->bytes)};
            bytes += (ssize_t)sizeof(record->bytes);
        }
        if (disk->offset + bytes > FLOOR_FILE_BYTES)
            disk->offset = 0;
        bench_need(pwritev(disk->fd, parts, count, disk->offset) == bytes, "pwritev");
        bench_need(fdatasync(disk->fd) == 0, "fdatasync");
        disk->offset += (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        handoff_push(&disk->outbox, first);
    }
}

static long run_floor(const char *path, size_t clients, double seconds)
{
    static struct floor_record records[CLIENTS_MAX];
    static char zeros[1 << 20];
    struct floor_disk disk = {.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    double until = 0;
    long done = 0;
    pthread_t thread;

    bench_need(disk.fd >= 0, path);
    for (int i = 0; i < FLOOR_FILE_BYTES / (int)sizeof(zeros); i++)
        bench_need(write(disk.fd, zeros, sizeof(zeros)) == sizeof(zeros), path);
    bench_need(fsync(disk.fd) == 0, path);
    bench_need(handoff_init(&disk.inbox) == 0 && handoff_init(&disk.outbox) == 0, "eventfd");
    bench_need(pthread_create(&thread, NULL, floor_thread, &disk) == 0, "a thread");
    until = bench_now(CLOCK_MONOTONIC) + seconds;
    for (size_t i = 0; i < clients; i++) {
        records[i].node.next = NULL;
        handoff_push(&disk.inbox, &records[i].node);
    }
    while (bench_now(CLOCK_MONOTONIC) < until) {
        struct handoff_node *first = handoff_take(&disk.outbox);

        if (!first)
            handoff_wait(&disk.outbox, -1);
        for (struct handoff_node *node = first; node; node = node->next) {
            struct floor_record *record = (struct floor_record *)(void *)node;

            next_key(record->bytes);
            memcpy(record->bytes + KEY_BYTES, value, VALUE_BYTES);
            done++;
        }
        if (first)
            handoff_push(&disk.inbox, first);
    }
    return done;
}

/* ---- store ---- */

struct store_clients {
    struct store *store;
    sd_event *event;
    double until;
    long done;
    size_t waiting;
};

static void submit(struct store_clients *clients);

static void on_done(int result, void *userdata)
{
    struct store_clients *clients = userdata;

    errno = -result;
    bench_need(result == 0, "a record was not taken");
    clients->done++;
    clients->waiting--;
    if (bench_now(CLOCK_MONOTONIC) < clients->until)
        submit(clients);
    else if (clients->waiting == 0)
        bench_need(sd_event_exit(clients->event, 0) >= 0, "sd_event_exit");
}

static void submit(struct store_clients *clients)
{
    char key[KEY_BYTES + 1];
    const struct store_change change = {.key = key, .value = value, .value_bytes = VALUE_BYTES};

    next_key(key);
    bench_need(store_submit(clients->store, STORE_ORDINARY, &change, 1, on_done, clients) == 0,
               "store_submit");
    clients->waiting++;
}

static void on_availability(int result, void *userdata)
{
    (void)userdata;
    (void)fprintf(stderr, "store-rate: the disk: %s\n", strerror(-result));
}

static int on_record(const char *key, const void *data, size_t bytes, void *userdata)
{
    (void)key;
    (void)data;
    (void)bytes;
    (void)userdata; /* nobody wants it */
    return 0;
}

static long run_store(const char *path, size_t clients, double seconds)
{
    const struct store_callbacks callbacks = {.availability = on_availability};
    const struct store_credentials credentials = {0};
    struct store_error error = {0};
    struct store_clients all = {0};

    bench_need(sd_event_new(&all.event) >= 0, "sd_event_new");
    if (store_open(&all.store, all.event, path, &credentials, &callbacks, &error) < 0 ||
        store_load(all.store, on_record, NULL, &error) < 0) {
        (void)fprintf(stderr, "store-rate: %s: %s\n", error.file, error.message);
        exit(EXIT_FAILURE);
    }
    all.until = bench_now(CLOCK_MONOTONIC) + seconds;
    for (size_t i = 0; i < clients; i++)
        submit(&all);
    bench_need(sd_event_loop(all.event) >= 0, "sd_event_loop");
    store_close(all.store);
    sd_event_unref(all.event);
    return all.done;
}

/* ---- redis ---- */

static void send_set(int fd)
{
    char command[COMMAND_MAX_BYTES], key[KEY_BYTES + 1];

    next_key(key);
    int bytes = snprintf(command, sizeof(command), "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n",
                         KEY_BYTES, key, VALUE_BYTES);
    memcpy(command + bytes, value, VALUE_BYTES);
    memcpy(command + bytes + VALUE_BYTES, "\r\n", 2);
    bytes += VALUE_BYTES + 2;
    bench_need(send(fd, command, (size_t)bytes, MSG_NOSIGNAL) == bytes, "send");
}

static long run_redis(const char *path, size_t clients, double seconds)
{
    struct pollfd fds[CLIENTS_MAX];
    double until = bench_now(CLOCK_MONOTONIC) + seconds;
    long done = 0;

    for (size_t i = 0; i < clients; i++) {
        fds[i] = (struct pollfd){.fd = bench_connect(path), .events = POLLIN};
        send_set(fds[i].fd);
    }
    while (bench_now(CLOCK_MONOTONIC) < until) {
        bench_need(poll(fds, clients, -1) > 0, "poll");
        for (size_t i = 0; i < clients; i++) {
            char reply[8];

            if (fds[i].revents == 0)
                continue;
            bench_need(read(fds[i].fd, reply, sizeof(reply)) == 5 &&
                           memcmp(reply, "+OK\r\n", 5) == 0,
                       "an answer other than OK");
            done++;
            send_set(fds[i].fd);
        }
    }
    return done;
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        long (*run)(const char *path, size_t clients, double seconds);
    } modes[] = {{"floor", run_floor}, {"store", run_store}, {"redis", run_redis}};

    memset(value, 'x', sizeof(value));
    if (argc == 5) {
        size_t clients = strtoul(argv[3], NULL, 10);
        double seconds = strtod(argv[4], NULL);

        for (size_t i = 0; i < ELEMENTS(modes); i++) {
            if (strcmp(argv[1], modes[i].name) != 0 || clients == 0 || clients > CLIENTS_MAX)
                continue;
            (void)printf("%.0f\n", (double)modes[i].run(argv[2], clients, seconds) / seconds);
            return EXIT_SUCCESS;
        }
    }
    (void)fprintf(stderr, "usage: store-rate floor|store|redis PATH CLIENTS SECONDS\n");
    return EXIT_FAILURE;
}
