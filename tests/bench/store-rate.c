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
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/handoff.h"
#include "daemon/store.h"

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

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "store-rate: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* it is there */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

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
        need(pwritev(disk->fd, parts, count, disk->offset) == bytes, "pwritev");
        need(fdatasync(disk->fd) == 0, "fdatasync");
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

    need(disk.fd >= 0, path);
    for (int i = 0; i < FLOOR_FILE_BYTES / (int)sizeof(zeros); i++)
        need(write(disk.fd, zeros, sizeof(zeros)) == sizeof(zeros), path);
    need(fsync(disk.fd) == 0, path);
    need(handoff_init(&disk.inbox) == 0 && handoff_init(&disk.outbox) == 0, "eventfd");
    need(pthread_create(&thread, NULL, floor_thread, &disk) == 0, "a thread");
    until = now() + seconds;
    for (size_t i = 0; i < clients; i++) {
        records[i].node.next = NULL;
        handoff_push(&disk.inbox, &records[i].node);
    }
    while (now() < until) {
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
    need(result == 0, "a record was not taken");
    clients->done++;
    clients->waiting--;
    if (now() < clients->until)
        submit(clients);
    else if (clients->waiting == 0)
        need(sd_event_exit(clients->event, 0) >= 0, "sd_event_exit");
}

static void submit(struct store_clients *clients)
{
    char key[KEY_BYTES + 1];
    const struct store_change change = {.key = key, .value = value, .value_bytes = VALUE_BYTES};

    next_key(key);
    need(store_submit(clients->store, STORE_ORDINARY, &change, 1, on_done, clients) == 0,
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

    need(sd_event_new(&all.event) >= 0, "sd_event_new");
    if (store_open(&all.store, all.event, path, &credentials, &callbacks, &error) < 0 ||
        store_load(all.store, on_record, NULL, &error) < 0) {
        (void)fprintf(stderr, "store-rate: %s: %s\n", error.file, error.message);
        exit(EXIT_FAILURE);
    }
    all.until = now() + seconds;
    for (size_t i = 0; i < clients; i++)
        submit(&all);
    need(sd_event_loop(all.event) >= 0, "sd_event_loop");
    store_close(all.store);
    sd_event_unref(all.event);
    return all.done;
}

/* ---- redis ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    need(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, path);
    return fd;
}

static void send_set(int fd)
{
    char command[COMMAND_MAX_BYTES], key[KEY_BYTES + 1];

    next_key(key);
    int bytes = snprintf(command, sizeof(command), "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n",
                         KEY_BYTES, key, VALUE_BYTES);
    memcpy(command + bytes, value, VALUE_BYTES);
    memcpy(command + bytes + VALUE_BYTES, "\r\n", 2);
    bytes += VALUE_BYTES + 2;
    need(send(fd, command, (size_t)bytes, MSG_NOSIGNAL) == bytes, "send");
}

static long run_redis(const char *path, size_t clients, double seconds)
{
    struct pollfd fds[CLIENTS_MAX];
    double until = now() + seconds;
    long done = 0;

    for (size_t i = 0; i < clients; i++) {
        fds[i] = (struct pollfd){.fd = connect_to(path), .events = POLLIN};
        send_set(fds[i].fd);
    }
    while (now() < until) {
        need(poll(fds, clients, -1) > 0, "poll");
        for (size_t i = 0; i < clients; i++) {
            char reply[8];

            if (fds[i].revents == 0)
                continue;
            need(read(fds[i].fd, reply, sizeof(reply)) == 5 && memcmp(reply, "+OK\r\n", 5) == 0,
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
