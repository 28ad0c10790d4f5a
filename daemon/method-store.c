/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what io.sessmgr.Manager does with the store: each is a job of the store's own threads, and
 * answered when that is done.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/forget.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/store-report.h"

/* Answers for a job that failed, with the store's own words where it has some. */
static void fail(struct call *call, int error, const struct store_error *why)
{
    const struct store_damaged_error damaged = {
        .file = why->file,
        .offset = why->offset,
        .message = why->message,
    };
    const struct no_key_error no_key = {.message = why->message};
    char message[STORE_REPORT_ERROR_BYTES];
    const struct store_error_out unavailable = {.message = message};

    if (error == -EBADMSG) {
        call_error(call, ERROR_STORE_DAMAGED, &store_damaged_error_fields, &damaged);
    } else if (error == -ENOKEY) {
        call_error(call, ERROR_NO_KEY, &no_key_error_fields, &no_key);
    } else if (why->message[0] == '\0') {
        call_fail(call, error);
    } else {
        store_report_error(why, message);
        call_error(call, ERROR_MANAGER_STORE_UNAVAILABLE, &store_error_fields, &unavailable);
    }
}

/* Answers for a job that is done. A descriptor that it has goes along. */
static void answer(struct call *call, int result, struct store_job_result *job, const void *out)
{
    if (result < 0)
        fail(call, result, &job->error);
    else
        call_reply_with_fd(call, out, TAKE_FD(job->fd));
}

static void on_verified(struct call *call, int result, struct store_job_result *job)
{
    const struct verify_store_out out = {
        .records = (int64_t)job->records,
        .bytes = (int64_t)job->bytes,
        .sequence = (int64_t)job->sequence,
    };

    answer(call, result, job, &out);
}

int method_verify_store(struct call *call)
{
    return call_start_job(call, STORE_JOB_VERIFY, on_verified);
}

static void on_checkpoint(struct call *call, int result, struct store_job_result *job)
{
    const struct checkpoint_out out = {
        .records = (int64_t)job->records,
        .bytes = (int64_t)job->bytes,
    };

    answer(call, result, job, &out);
}

int method_checkpoint(struct call *call)
{
    return call_start_job(call, STORE_JOB_CHECKPOINT, on_checkpoint);
}

static void on_rekeyed(struct call *call, int result, struct store_job_result *job)
{
    const struct rekey_store_out out = {.key_id = job->key_id};

    answer(call, result, job, &out);
}

/* Before it is done: whoever asks may not wait for the answer. */
static void audit_request(const struct call *call, enum audit_event event)
{
    audit_write(event, &(const struct audit_details){
                           .actor_uid = call->peer->uid,
                           .actor_pid = call->peer->pid,
                       });
}

int method_rekey_store(struct call *call)
{
    audit_request(call, AUDIT_STORE_REKEY);
    return call_start_job(call, STORE_JOB_REKEY, on_rekeyed);
}

static void on_backup(struct call *call, int result, struct store_job_result *job)
{
    const struct backup_store_out out = {.bytes = (int64_t)job->bytes};

    answer(call, result, job, &out);
}

int method_backup_store(struct call *call)
{
    audit_request(call, AUDIT_STORE_BACKUP);
    return call_start_job(call, STORE_JOB_BACKUP, on_backup);
}

/* What was forgotten is on the disk no more: the files from before have gone. call->position is how
 * many sessions it was. */
static void on_forgotten(struct call *call, int result, struct store_job_result *job)
{
    const struct forget_user_out out = {.sessions = call->position};

    answer(call, result, job, &out);
}

int method_forget_user(struct call *call)
{
    const struct forget_user_in *in = call->in;
    char text[64];
    size_t count;
    int r;

    r = forget_user(call->manager, in->uid, &count);
    if (r < 0)
        return r;
    (void)snprintf(text, sizeof(text), "%zu sessions", count);
    audit_write(AUDIT_FORGOTTEN, &(const struct audit_details){
                                     .actor_uid = call->peer->uid,
                                     .actor_pid = call->peer->pid,
                                     .text = text,
                                 });
    call->position = (int64_t)count;
    /* at once, so that it is made though the caller goes: it takes in all that was submitted, and
     * is refused while any of that is not durable */
    return call_start_job(call, STORE_JOB_CHECKPOINT, on_forgotten);
}
