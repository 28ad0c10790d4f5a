/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns io.sessmgr.Manager: what an administrator does to the daemon.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/server.h"
#include "daemon/store-report.h"

enum { STATISTICS_TEXT_MAX_BYTES = 4096, KEYS_TEXT_MAX_BYTES = 16384 };

int method_reload(struct call *call)
{
    struct config_error problem;
    int r;

    r = manager_reload(call->manager, &problem);
    if (r < 0) {
        char message[sizeof(problem.key) + sizeof(problem.message) + 2];
        const struct bad_configuration_error error = {
            .file = problem.file,
            .line = problem.line,
            .message = message,
        };

        (void)snprintf(message, sizeof(message), "%s%s%s", problem.key,
                       problem.key[0] != '\0' ? ": " : "", problem.message);
        call_error(call, ERROR_BAD_CONFIGURATION, &bad_configuration_error_fields, &error);
        return 0;
    }
    call_reply(call, NULL);
    return 0;
}

static struct key_info key_info_of(const struct signing_keys *keys, size_t index)
{
    return (struct key_info){
        .key_id = keys->set.keys[index].kid,
        .algorithm = "EdDSA",
        .created_usec = keys->keys[index]->created_usec,
        .retire_usec = keys->keys[index]->retire_usec,
    };
}

static void on_rotate_durable(struct call *call, int result)
{
    const struct signing_keys *keys = &call->manager->signing;
    struct rotate_keys_out out;
    size_t i = 0;

    /* the one that this call has made: another may have been made since */
    while (i < keys->set.count && strcmp(keys->set.keys[i].kid, call->stream) != 0)
        i++;
    if (result >= 0 && i == keys->set.count)
        result = -EIO;
    if (result < 0) {
        call_fail(call, result);
        return;
    }
    out.key = key_info_of(keys, i);
    call_reply(call, &out);
}

int method_rotate_keys(struct call *call)
{
    const struct too_many_error error = {.limit = SIGNING_KEYS_MAX};
    int r;

    r = signing_keys_rotate(call->manager);
    if (r == -ENOSPC) {
        call_error(call, ERROR_MANAGER_TOO_MANY, &too_many_error_fields, &error);
        return 0;
    }
    if (r < 0)
        return r;
    call->stream = strdup(signing_keys_current_id(&call->manager->signing));
    call->stream_free = free;
    return call->stream == NULL ? -ENOMEM
                                : call_wait_durable(call, STORE_ORDINARY, on_rotate_durable);
}

int method_get_keys(struct call *call)
{
    const struct signing_keys *keys = &call->manager->signing;
    char keys_text[KEYS_TEXT_MAX_BYTES], set_text[KEYS_TEXT_MAX_BYTES];
    struct get_keys_out out;
    struct json_writer writer;
    int r;

    json_writer_init(&writer, keys_text, sizeof(keys_text));
    json_begin_array(&writer);
    for (size_t i = 0; i < keys->set.count; i++) {
        const struct key_info info = key_info_of(keys, i);

        fields_encode(&key_info_fields, &info, &writer);
    }
    json_end_array(&writer);
    r = json_writer_finish(&writer, &out.keys);
    if (r < 0)
        return r;
    json_writer_init(&writer, set_text, sizeof(set_text));
    jwk_set_encode(&keys->set, &writer);
    r = json_writer_finish(&writer, &out.jwks);
    if (r < 0)
        return r;
    call_reply(call, &out);
    return 0;
}

static void write_sessions(struct json_writer *writer, const struct manager *manager)
{
    json_key(writer, "sessionsLive");
    json_int(writer, (int64_t)manager->sessions.live.count);
    json_key(writer, "sessionsEnded");
    json_int(writer, (int64_t)manager->sessions.ended_count);
    json_key(writer, "tokensLive");
    json_int(writer, (int64_t)manager->tokens.count);
    json_key(writer, "signingKeys");
    json_int(writer, (int64_t)manager->signing.set.count);
    json_key(writer, "reservations");
    json_int(writer, (int64_t)reservation_count(&manager->reservations));
    json_key(writer, "locks");
    json_int(writer, (int64_t)lock_count(manager));
    json_key(writer, "loginConnections");
    json_int(writer, (int64_t)server_connection_count(manager->server, SOCKET_LOGIN));
    json_key(writer, "sessionConnections");
    json_int(writer, (int64_t)server_connection_count(manager->server, SOCKET_SESSION));
}

static void write_counters(struct json_writer *writer, const struct manager_counters *counters)
{
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"admitted", counters->admitted},
        {"refused", counters->refused},
        {"opened", counters->opened},
        {"ended", counters->ended},
        {"denied", counters->denied},
        {"connectionsRefused", counters->connections_refused},
        {"tokensIssued", counters->tokens_issued},
        {"tokensRefreshed", counters->tokens_refreshed},
        {"tokensRevoked", counters->tokens_revoked},
        {"tokensReused", counters->tokens_reused},
        {"tokensValidated", counters->tokens_validated},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_key(writer, rows[i].name);
        json_int(writer, rows[i].value);
    }
}

int method_get_statistics(struct call *call)
{
    char buffer[STATISTICS_TEXT_MAX_BYTES];
    struct statistics_out out;
    struct json_writer writer;
    int r;

    json_writer_init(&writer, buffer, sizeof(buffer));
    json_begin_object(&writer);
    write_sessions(&writer, call->manager);
    write_counters(&writer, &call->manager->counters);
    store_report_statistics(&writer, call->manager->store, call->manager->distrust.damaged);
    json_end_object(&writer);
    r = json_writer_finish(&writer, &out.statistics);
    if (r < 0)
        return r;
    call_reply(call, &out);
    return 0;
}
