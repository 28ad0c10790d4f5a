/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One method call while it is answered, and the ways to answer it. The only file that maps -errno
 * to Varlink error names.
 */
#ifndef SESSMGR_CALL_H
#define SESSMGR_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/fields.h"
#include "common/protocol.h"
#include "common/varlink.h"
#include "daemon/peer.h"
#include "daemon/store.h"

struct call;
struct connection;
struct manager;
struct method;
struct session;

/* Goes on with a call when all changes submitted so far are durable (result 0) or known not to be
 * (-errno). */
typedef void (*call_durable_t)(struct call *call, int result);

/* Goes on with a call when a job of the store is done; result and job as store_job_done_t has them.
 */
typedef void (*call_job_done_t)(struct call *call, int result, struct store_job_result *job);

/* Makes the next reply of a stream: 1 when it made one, 0 when there is nothing now (or the stream
 * has ended). */
typedef int (*call_produce_t)(struct call *call);

struct call {
    struct manager *manager;       /* borrowed */
    struct connection *connection; /* borrowed */
    const struct method *method;
    const struct peer *peer; /* the connection's */
    int fd;                  /* owned; the descriptor that came with the message, -1 for none */
    void *in; /* the parameters, as the method's table has them; they live until the handler returns
               */
    struct session *session; /* the session that the call is about, for methods that name one. Lives
                                until the handler returns */
    bool oneway;
    bool more;
    bool waiting; /* for the store */
    call_durable_t durable;
    call_job_done_t job_done;
    call_produce_t produce; /* set while the call is a stream */
    void *stream;           /* owned by the stream; released by stream_free */
    void (*stream_free)(void *stream);
    int64_t position;                   /* of the stream */
    char subject[SESSION_ID_BYTES + 1]; /* what durable goes on with: a session's ID */
};

/* Answers with the method's output; out: its structure, NULL for none. The call is over. */
void call_reply(struct call *call, const void *out);

/* The same with a descriptor that goes with the reply's first byte (unix(7), SCM_RIGHTS). fd: taken
 * over, -1 for none. The call is over. */
void call_reply_with_fd(struct call *call, const void *out, int fd);

/* One reply of a stream of which more follow: the method's output. */
void call_reply_more(struct call *call, const void *out);

/* The same; parameters are text of an object. */
void call_reply_continues(struct call *call, struct json parameters);

/* The last reply of a stream. The call is over. */
void call_reply_text(struct call *call, struct json parameters);

/* Answers with an error. parameters: NULL where it has none. The call is over. */
void call_error(struct call *call, const char *name, const struct field_table *table,
                const void *parameters);

/* Answers org.varlink.service.InvalidParameter. The call is over. */
void call_invalid(struct call *call, const char *parameter);

/* Answers with the error that stands for a negative errno. The call is over. */
void call_fail(struct call *call, int error);

/*
 * Waits until all changes submitted so far are durable (urgency: STORE_ESSENTIAL for a call all of
 * whose changes are), then goes on with the call. Errors: store_submit()'s; then the call is to be
 * failed.
 */
int call_wait_durable(struct call *call, enum store_urgency urgency, call_durable_t durable);

/* Has the store do a job, then goes on with the call; one whose peer has gone meanwhile is dropped.
 * Errors: store_start_job()'s; then the call is to be failed. */
int call_start_job(struct call *call, enum store_job kind, call_job_done_t done);

/* Makes the call a stream, whose replies are made as the peer takes them. */
void call_stream(struct call *call, call_produce_t produce, void *stream,
                 void (*stream_free)(void *stream));

/* Releases what a call holds, answered or not. */
void call_done(struct call *call);

#endif
