/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps a file for the log ready; see store-space.h.
 */
#include <config.h>

#include "daemon/store-space.h"

#include <assert.h>

static void do_make(struct handoff_node *node, void *userdata)
{
    struct store_segment_message *message = (struct store_segment_message *)(void *)node;
    const struct store_space *space = userdata;

    message->result =
        store_segment_make(&space->files->directory, space->files->keys, message->index,
                           space->segment_bytes, message->recycle, &message->segment);
}

int store_space_start(struct store_space *space, const struct store_files *files,
                      uint64_t segment_bytes, uint64_t next, struct handoff *reply)
{
    *space = (struct store_space){
        .files = files, .segment_bytes = segment_bytes, .spare.fd = -1, .next = next};
    return store_worker_start(&space->worker, reply, do_make, space);
}

void store_space_make(struct store_space *space)
{
    if (space->making || space->spare.fd >= 0)
        return;
    space->making = true;
    space->made = (struct store_segment_message){
        .message.kind = STORE_MESSAGE_SEGMENT,
        .index = space->next,
        .recycle = space->recycled_count > 0 ? space->recycled[--space->recycled_count] : 0,
        .segment.fd = -1,
    };
    handoff_push(&space->worker.inbox, &space->made.message.node);
}

int store_space_take_made(struct store_space *space)
{
    assert(space->making);
    space->making = false;
    space->failure = space->made.result;
    if (space->failure < 0)
        return space->failure;
    space->spare = space->made.segment;
    space->next = space->made.index + 1;
    return 0;
}

uint64_t store_space_free(const struct store_space *space)
{
    return space->spare.fd < 0 ? 0 : space->spare.bytes - STORE_BLOCK_BYTES;
}

void store_space_recycle(struct store_space *space, uint64_t first, uint64_t until)
{
    for (uint64_t index = first; index < until; index++) {
        assert(space->recycled_count < STORE_RECYCLED_MAX);
        space->recycled[space->recycled_count++] = index;
    }
}

void store_space_done(struct store_space *space)
{
    store_worker_stop(&space->worker);
    if (space->making && space->made.result >= 0)
        store_segment_close(&space->made.segment); /* nobody has taken it */
    store_segment_close(&space->spare);
}
