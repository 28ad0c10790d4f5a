/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Varlink (https://varlink.org) messages: framing on a byte stream and the envelopes of calls and
 * replies. Who may call what, and what the parameters mean, is left to others. Nothing here does
 * I/O.
 */
#ifndef SESSMGR_VARLINK_H
#define SESSMGR_VARLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/json.h"

enum {
    VARLINK_MESSAGE_MAX_BYTES = JSON_TEXT_MAX_BYTES, /* one message, without its NUL */
    VARLINK_NAME_MAX_BYTES = 127,                    /* "interface.Method" or an error's name */
};

/* Errors that every Varlink service may answer. */
#define VARLINK_INTERFACE_NOT_FOUND    "org.varlink.service.InterfaceNotFound"
#define VARLINK_METHOD_NOT_FOUND       "org.varlink.service.MethodNotFound"
#define VARLINK_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"
#define VARLINK_INVALID_PARAMETER      "org.varlink.service.InvalidParameter"
#define VARLINK_PERMISSION_DENIED      "org.varlink.service.PermissionDenied"
#define VARLINK_EXPECTED_MORE          "org.varlink.service.ExpectedMore"

struct varlink_call {
    char method[VARLINK_NAME_MAX_BYTES + 1]; /* fully qualified */
    struct json parameters;                  /* an object; "{}" where the call has none */
    bool oneway;
    bool more;
    bool upgrade;
};

struct varlink_reply {
    char error[VARLINK_NAME_MAX_BYTES + 1]; /* fully qualified; "" for success */
    struct json parameters;                 /* an object; "{}" where the reply has none */
    bool continues;
};

/*
 * Finds the first whole message in buffer[0..length). Returns 1 and its length without the NUL
 * (which stands right behind it), 0 when more bytes are needed, -EMSGSIZE when no NUL is among the
 * first VARLINK_MESSAGE_MAX_BYTES + 1 bytes.
 */
int varlink_frame(const char *buffer, size_t length, size_t *ret_message_bytes);

/*
 * Decodes a message without its NUL. parameters are a slice of text. Errors: json_parse()'s;
 * -EBADMSG also for an envelope that is no object, has no "method" (or "method" beyond
 * VARLINK_NAME_MAX_BYTES or not of the form interface.Method), a member of the wrong type, an
 * unknown member, or parameters that are not an object (null counts as none).
 */
int varlink_decode_call(const char *text, size_t length, struct varlink_call *ret);
int varlink_decode_reply(const char *text, size_t length, struct varlink_reply *ret);

/*
 * Encodes into buffer[0..size), with the terminating NUL of the frame counted in the result.
 * parameters: an object, or .text NULL for none. Returns the number of bytes to send, or
 * json_writer_finish()'s errors.
 */
int varlink_encode_call(const struct varlink_call *call, char *buffer, size_t size);
int varlink_encode_reply(const struct varlink_reply *reply, char *buffer, size_t size);

/* Copies a method's interface ("io.sessmgr.Session" of "io.sessmgr.Session.List") into buffer;
 * size: at least VARLINK_NAME_MAX_BYTES + 1. */
void varlink_interface_of(const char *method, char *buffer, size_t size);

#endif
