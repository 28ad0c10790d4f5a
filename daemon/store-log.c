/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes batches into the log; see store-log.h.
 *
 *   batch: magic, length of the submissions, number, salt of the process, authentication code of
 *          these and the submissions; submissions
 *
 * The code's key is made of the salt, the segment's index and the number: a process never writes
 * the same number into the same segment twice.
 */
#include <config.h>

#include "daemon/store-log.h"

#include <assert.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/seal.h"

void store_log_use(struct store_log *log, struct store_segment *segment)
{
    store_segment_close(&log->segment);
    log->segment = *segment;
    log->offset = STORE_BLOCK_BYTES;
    segment->fd = -1;
}

uint64_t store_log_room(const struct store_log *log)
{
    return log->segment.fd < 0 ? 0 : log->segment.bytes - log->offset;
}

void store_log_authenticate(const struct store_keys *keys, uint64_t segment,
                            const unsigned char *head, const struct iovec *parts, size_t count,
                            unsigned char *ret)
{
    enum { NUMBER_OFFSET = 4 + 4 };
    unsigned char context[8 + 8 + STORE_SALT_BYTES], *at = context;
    struct seal_mac mac;

    store_put64(&at, segment);
    store_put_bytes(&at, head + NUMBER_OFFSET, 8 + STORE_SALT_BYTES);
    seal_mac_start(&mac, keys->log, context, sizeof(context));
    seal_mac_add(&mac, head, STORE_BATCH_HEAD_BYTES - SEAL_TAG_BYTES);
    for (size_t i = 0; i < count; i++)
        seal_mac_add(&mac, parts[i].iov_base, parts[i].iov_len);
    seal_mac_end(&mac, ret);
}

int store_log_write(struct store_log *log, struct iovec *parts, size_t count)
{
    const struct store_io *io = log->directory->io;
    unsigned char head[STORE_BATCH_HEAD_BYTES], *at = head;
    size_t bytes = 0;
    int r;

    for (size_t i = 1; i < count; i++)
        bytes += parts[i].iov_len;
    assert(bytes + sizeof(head) <= store_log_room(log));
    store_put32(&at, STORE_BATCH_MAGIC);
    store_put32(&at, (uint32_t)bytes);
    store_put64(&at, log->next_batch);
    store_put_bytes(&at, log->keys->salt, STORE_SALT_BYTES);
    store_log_authenticate(log->keys, log->segment.index, head, parts + 1, count - 1, at);
    parts[0] = (struct iovec){.iov_base = head, .iov_len = sizeof(head)};

    r = store_io_write(io, log->segment.fd, parts, count, (off_t)log->offset);
    if (r >= 0)
        r = io->fdatasync(io, log->segment.fd);
    if (r < 0) {
        store_segment_close(&log->segment);
        return r;
    }
    log->offset += store_log_span(bytes);
    log->next_batch++;
    return 0;
}
