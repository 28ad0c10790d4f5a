/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hands a checkpoint's records from the thread that reads them to the one that wants them, some
 * thousands at a time; see store-stream.h. A few boxes go to and fro, so that neither gets far
 * ahead.
 */
#include <config.h>

#include "daemon/store-stream.h"

#include <errno.h>
#include <stdlib.h>

#include "common/macro.h"
#include "daemon/handoff.h"
#include "daemon/store-worker.h"

enum { BOXES = 4, BOX_BYTES = 1 << 20 };

/* Records in a row, as submissions: store_changes_walk() takes them out. */
struct box {
    struct handoff_node node; /* first */
    size_t used;
    bool last;
    unsigned char data[BOX_BYTES];
};

struct stream {
    const struct store_directory *directory;
    const struct store_keys *keys;
    const struct store_manifest *manifest;
    struct store_work *work;
    struct store_error *error;

    struct handoff empty, full;
    atomic_bool unwanted;      /* whoever wants the records has failed */
    struct handoff_list stock; /* of the reader: empty boxes */
    struct box *box;           /* that it fills */
    int result;                /* of reading, once the last box has come */
    pthread_t thread;
};

/* The next empty box. Waits for it. */
static struct box *next_box(struct stream *stream)
{
    struct handoff_node *node;

    while (!(node = handoff_list_take(&stream->stock))) {
        struct handoff_node *taken = handoff_take(&stream->empty);

        if (!taken)
            handoff_wait(&stream->empty, -1);
        while (taken) {
            struct handoff_node *next = taken->next;

            handoff_list_add(&stream->stock, taken);
            taken = next;
        }
    }
    struct box *box = (struct box *)(void *)node;
    box->used = 0;
    box->last = false;
    return box;
}

static void send_box(struct stream *stream, bool last)
{
    stream->box->last = last;
    handoff_push(&stream->full, &stream->box->node);
    stream->box = NULL;
}

static int put_record(const struct store_entry *entry, void *userdata)
{
    struct stream *stream = userdata;
    size_t bytes = store_entry_bytes(entry);

    if (atomic_load_explicit(&stream->unwanted, memory_order_relaxed))
        return -ECANCELED;
    if (stream->box->used + bytes > BOX_BYTES) {
        send_box(stream, false);
        stream->box = next_box(stream);
    }
    store_entry_encode(entry, stream->box->data + stream->box->used);
    stream->box->used += bytes;
    return 0;
}

static void *read_all(void *userdata)
{
    struct stream *stream = userdata;

    stream->box = next_box(stream);
    stream->result = store_checkpoint_read(stream->directory, stream->keys, stream->manifest,
                                           stream->work, put_record, stream, stream->error);
    send_box(stream, true);
    return NULL;
}

/* Takes in what comes, until the last box. Returns visit's first error, or 0. */
static int take_in(struct stream *stream, store_entry_visit_t visit, void *userdata)
{
    bool visit_failed, last = false;
    int r = 0;

    while (!last) {
        struct handoff_node *node = handoff_take(&stream->full);

        if (!node)
            handoff_wait(&stream->full, -1);
        while (node) {
            struct box *box = (struct box *)(void *)node;

            node = node->next;
            last = last || box->last;
            if (r >= 0)
                r = store_changes_walk(box->data, box->used, visit, userdata, &visit_failed);
            if (r < 0)
                atomic_store(&stream->unwanted, true);
            box->node.next = NULL;
            handoff_push(&stream->empty, &box->node);
        }
    }
    return r;
}

int store_stream_checkpoint(const struct store_directory *directory, const struct store_keys *keys,
                            const struct store_manifest *manifest, struct store_work *work,
                            store_entry_visit_t visit, void *userdata,
                            struct store_error *ret_error)
{
    struct store_error error = {.offset = -1}; /* of reading; visit has ret_error */
    struct stream stream = {.directory = directory,
                            .keys = keys,
                            .manifest = manifest,
                            .work = work,
                            .error = &error,
                            .empty.fd = -1,
                            .full.fd = -1};
    CLEANUP(freep) struct box *boxes = calloc(BOXES, sizeof(*boxes));
    int r;

    if (!boxes)
        return store_explain(ret_error, -ENOMEM, "", -1, "out of memory");
    handoff_list_init(&stream.stock);
    for (size_t i = 0; i < BOXES; i++)
        handoff_list_add(&stream.stock, &boxes[i].node);
    r = handoff_init(&stream.empty);
    if (r >= 0)
        r = handoff_init(&stream.full);
    if (r >= 0)
        r = store_thread_start(&stream.thread, read_all, &stream);
    if (r >= 0) {
        r = take_in(&stream, visit, userdata);
        (void)pthread_join(stream.thread, NULL); /* it has sent its last box */
        if (r >= 0 && stream.result < 0) {
            r = stream.result;
            if (ret_error)
                *ret_error = error;
        }
        for (size_t i = 0; i < BOXES; i++) /* records were opened in them */
            seal_wipe(boxes[i].data, sizeof(boxes[i].data));
    } else
        (void)store_explain(ret_error, r, "", -1, "no thread can be made: %s",
                            strerror(-r)); /* the text is what is wanted */
    handoff_done(&stream.empty);
    handoff_done(&stream.full);
    return r;
}
