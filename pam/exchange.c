/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to the daemon and its answers: see exchange.h. */
#include "config.h"

#include <errno.h>
#include <security/pam_ext.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/macro.h"
#include "pam/escape.h"
#include "pam/exchange.h"
#include "pam/held.h"

enum { LOG_TEXT_SIZE = 1024 }; /* of what is put into a line of the log, with its NUL */

/* One question: its method, the structures of both directions with their tables, and the errors
 * that are answers to it. */
struct question {
    const char *method;
    const struct field_table *in_table;
    const void *in;
    const struct field_table *out_table;
    void *out;
    unsigned errors; /* 1 << enum answer_kind, or'ed */
};

/* The errors that mean something to us. */
static const struct known_error {
    const char *name;
    enum answer_kind kind;
    const struct field_table *table;
    size_t offset; /* of their parameters in struct answer */
} known_errors[] = {
    {ERROR_LOGIN_REFUSED, ANSWER_REFUSED, &refused_error_fields, offsetof(struct answer, refused)},
    {ERROR_LOGIN_STORE_UNAVAILABLE, ANSWER_STORE_UNAVAILABLE, &store_error_fields,
     offsetof(struct answer, store)},
    {ERROR_LOGIN_NO_SUCH_SESSION, ANSWER_NO_SUCH_SESSION, NULL, 0},
};

static void log_debug(pam_handle_t *pamh, const struct options *options, const char *what,
                      const char *text)
{
    char escaped[LOG_TEXT_SIZE];

    if (!options->debug)
        return;
    escape_text(text, escaped, sizeof(escaped));
    pam_syslog(pamh, LOG_DEBUG, "%s: %s", what, escaped);
}

/* The one line of a call that came to nothing; cause: a text of ours. */
static int log_failure(pam_handle_t *pamh, const struct options *options, const char *method,
                       const char *cause, int error)
{
    errno = -error; /* for %m, which needs no static buffer */
    pam_syslog(pamh, LOG_ERR, "%s at %s failed: %s: %m", method, options->socket_path, cause);
    return error;
}

/* Where an error's parameters can't be read, its name still says what matters: a refusal stays one.
 */
static int decode_error(pam_handle_t *pamh, const struct options *options,
                        const struct question *question, struct arena *arena, struct answer *answer)
{
    const struct varlink_reply *reply = &answer->reply.envelope;
    char name[VARLINK_NAME_MAX_BYTES + 1];

    for (size_t i = 0; i < ELEMENTS(known_errors); i++) {
        const struct known_error *known = &known_errors[i];
        void *structure = (char *)answer + known->offset;

        if ((question->errors & 1U << known->kind) == 0 || strcmp(reply->error, known->name) != 0)
            continue;
        answer->kind = known->kind;
        if (known->table != NULL &&
            fields_decode(known->table, reply->parameters, arena, structure, NULL) < 0)
            fields_clear(known->table, structure);
        return 0;
    }
    escape_text(reply->error, name, sizeof(name));
    pam_syslog(pamh, LOG_ERR, "%s at %s failed: it answered %s", question->method,
               options->socket_path, name);
    return -EREMOTEIO;
}

static int decode_answer(pam_handle_t *pamh, const struct options *options,
                         const struct question *question, struct answer *answer)
{
    const struct varlink_reply *reply = &answer->reply.envelope;
    struct arena arena = {.size = 8 * answer->reply.length + 4096};
    int r;

    answer->memory = malloc(arena.size);
    if (answer->memory == NULL)
        return log_failure(pamh, options, question->method, "no memory for the answer", -ENOMEM);
    arena.base = answer->memory;

    if (reply->error[0] != '\0')
        return decode_error(pamh, options, question, &arena, answer);
    answer->kind = ANSWER_DONE;
    r = fields_decode(question->out_table, reply->parameters, &arena, question->out, NULL);
    if (r < 0)
        return log_failure(pamh, options, question->method, "the answer's members are wrong",
                           -EBADMSG);
    return 0;
}

/* Encodes, calls, decodes. */
static int ask(pam_handle_t *pamh, const struct options *options, const struct question *question,
               struct answer *answer)
{
    CLEANUP(freep) char *parameters = malloc(VARLINK_MESSAGE_MAX_BYTES + 1);
    struct varlink_call call = {.parameters = {.text = NULL}};
    struct json_writer writer;
    const char *cause = "";
    int r;

    if (parameters == NULL)
        return log_failure(pamh, options, question->method, "no memory for the call", -ENOMEM);
    json_writer_init(&writer, parameters, VARLINK_MESSAGE_MAX_BYTES + 1);
    fields_encode(question->in_table, question->in, &writer);
    r = json_writer_finish(&writer, &call.parameters);
    if (r < 0)
        return log_failure(pamh, options, question->method, "the call is too long", -E2BIG);
    (void)snprintf(call.method, sizeof(call.method), "%s", question->method); /* ours: it fits */

    log_debug(pamh, options, question->method, parameters);
    r = client_call(options->socket_path, options->timeout_msec, &call, &answer->reply, &cause);
    if (r < 0)
        return log_failure(pamh, options, question->method, cause, r);
    log_debug(pamh, options, "answer", answer->reply.text);
    return decode_answer(pamh, options, question, answer);
}

int exchange_admit(pam_handle_t *pamh, const struct options *options,
                   const struct login_request *login, struct answer *ret)
{
    CLEANUP(answer_done) struct answer answer = {.memory = NULL};
    const struct admit_in in = {.login = *login};
    const struct question question = {
        .method = LOGIN_INTERFACE ".Admit",
        .in_table = &admit_in_fields,
        .in = &in,
        .out_table = &admit_out_fields,
        .out = &answer.admit,
        .errors = 1U << ANSWER_REFUSED,
    };
    int r;

    r = ask(pamh, options, &question, &answer);
    if (r < 0)
        return r;
    *ret = answer;
    answer = (struct answer){.memory = NULL};
    return 0;
}

int exchange_open(pam_handle_t *pamh, const struct options *options,
                  const struct login_request *login, const char *reservation, struct answer *ret)
{
    CLEANUP(answer_done) struct answer answer = {.memory = NULL};
    const struct open_in in = {.login = *login, .reservation = reservation};
    const struct question question = {
        .method = LOGIN_INTERFACE ".Open",
        .in_table = &open_in_fields,
        .in = &in,
        .out_table = &open_out_fields,
        .out = &answer.open,
        .errors = 1U << ANSWER_REFUSED | 1U << ANSWER_STORE_UNAVAILABLE,
    };
    int r;

    r = ask(pamh, options, &question, &answer);
    if (r < 0)
        return r;
    if (answer.open.session_id != NULL && !held_is_session_id(answer.open.session_id))
        return log_failure(pamh, options, question.method, "the session's ID is none", -EBADMSG);
    if (!held_is_session_id(answer.store.session_id))
        answer.store.session_id = NULL;
    *ret = answer;
    answer = (struct answer){.memory = NULL};
    return 0;
}

int exchange_close(pam_handle_t *pamh, const struct options *options, const char *session_id,
                   struct answer *ret)
{
    CLEANUP(answer_done) struct answer answer = {.memory = NULL};
    const struct close_in in = {.session_id = session_id};
    char nothing; /* what no_fields decodes into */
    const struct question question = {
        .method = LOGIN_INTERFACE ".Close",
        .in_table = &close_in_fields,
        .in = &in,
        .out_table = &no_fields,
        .out = &nothing,
        .errors = 1U << ANSWER_NO_SUCH_SESSION | 1U << ANSWER_STORE_UNAVAILABLE,
    };
    int r;

    r = ask(pamh, options, &question, &answer);
    if (r < 0)
        return r;
    *ret = answer;
    answer = (struct answer){.memory = NULL};
    return 0;
}

void answer_done(struct answer *answer)
{
    client_reply_done(&answer->reply);
    free(answer->memory);
    answer->memory = NULL;
}
