/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Varlink framing and envelopes: see varlink.h. */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/macro.h"
#include "common/varlink.h"

/* One member that an envelope may have; exactly one of the pointers is set. */
struct envelope_member {
    const char *key;
    char *name;              /* VARLINK_NAME_MAX_BYTES + 1 bytes */
    struct json *parameters; /* an object, or null for none */
    bool *flag;
};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_alphanumeric(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* Whether text[0..length) is a label of an interface's name: letters and digits, and dashes inside.
 */
static bool is_label(const char *text, size_t length)
{
    if (length == 0 || !is_alphanumeric(text[0]) || !is_alphanumeric(text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_alphanumeric(text[i]) && text[i] != '-')
            return false;
    return true;
}

/* Whether a name is of the form interface.Method, with the Varlink grammar's interface (two labels
 * or more, the first of which begins with a letter) and Method (a capital first). */
static bool is_qualified_name(const char *name)
{
    size_t labels = 0;

    if (!is_letter(name[0]))
        return false;
    for (;;) {
        const size_t length = strcspn(name, ".");

        if (name[length] == '\0')
            break;
        if (!is_label(name, length))
            return false;
        labels++;
        name += length + 1;
    }
    if (labels < 2 || !(name[0] >= 'A' && name[0] <= 'Z'))
        return false;
    while (is_alphanumeric(*name))
        name++;
    return *name == '\0';
}

int varlink_frame(const char *buffer, size_t length, size_t *ret_message_bytes)
{
    const bool full = length > VARLINK_MESSAGE_MAX_BYTES;
    const char *nul =
        length > 0 ? memchr(buffer, '\0', full ? VARLINK_MESSAGE_MAX_BYTES + 1 : length) : NULL;

    if (!nul)
        return full ? -EMSGSIZE : 0;
    *ret_message_bytes = (size_t)(nul - buffer);
    return 1;
}

static int decode_member(const struct envelope_member *member, struct json value)
{
    if (member->flag)
        return json_get_bool(value, member->flag) < 0 ? -EBADMSG : 0;
    if (member->name) {
        if (json_get_string(value, member->name, VARLINK_NAME_MAX_BYTES + 1) < 0)
            return -EBADMSG;
        return is_qualified_name(member->name) ? 0 : -EBADMSG;
    }
    if (json_type(value) == JSON_OBJECT)
        *member->parameters = value;
    else if (json_type(value) != JSON_NULL)
        return -EBADMSG;
    return 0;
}

static int decode_envelope(const char *text, size_t length, const struct envelope_member *members,
                           size_t count)
{
    struct json envelope, key, value;
    struct json_cursor cursor;
    int r;

    r = json_parse(text, length, &envelope);
    if (r < 0)
        return r;
    if (json_type(envelope) != JSON_OBJECT || json_open(envelope, &cursor) < 0)
        return -EBADMSG;
    while (json_next_member(&cursor, &key, &value) > 0) {
        size_t i = 0;

        while (i < count && !json_string_equals(key, members[i].key))
            i++;
        if (i == count)
            return -EBADMSG;
        r = decode_member(&members[i], value);
        if (r < 0)
            return r;
    }
    return 0;
}

static struct json empty_object(void)
{
    return (struct json){.text = "{}", .length = 2};
}

int varlink_decode_call(const char *text, size_t length, struct varlink_call *ret)
{
    struct varlink_call call = {.parameters = empty_object()};
    const struct envelope_member members[] = {
        {.key = "method", .name = call.method},
        {.key = "parameters", .parameters = &call.parameters},
        {.key = "oneway", .flag = &call.oneway},
        {.key = "more", .flag = &call.more},
        {.key = "upgrade", .flag = &call.upgrade},
    };
    int r;

    r = decode_envelope(text, length, members, ELEMENTS(members));
    if (r < 0)
        return r;
    if (call.method[0] == '\0')
        return -EBADMSG;
    *ret = call;
    return 0;
}

int varlink_decode_reply(const char *text, size_t length, struct varlink_reply *ret)
{
    struct varlink_reply reply = {.parameters = empty_object()};
    const struct envelope_member members[] = {
        {.key = "error", .name = reply.error},
        {.key = "parameters", .parameters = &reply.parameters},
        {.key = "continues", .flag = &reply.continues},
    };
    int r;

    r = decode_envelope(text, length, members, ELEMENTS(members));
    if (r < 0)
        return r;
    *ret = reply;
    return 0;
}

static void put_parameters(struct json_writer *writer, struct json parameters)
{
    if (!parameters.text)
        return;
    json_key(writer, "parameters");
    json_raw(writer, parameters);
}

static void put_flag(struct json_writer *writer, const char *key, bool flag)
{
    if (!flag)
        return;
    json_key(writer, key);
    json_bool(writer, true);
}

/* The writer has put the NUL that ends the frame behind the text. */
static int finish_envelope(struct json_writer *writer)
{
    struct json envelope;
    int r;

    json_end_object(writer);
    r = json_writer_finish(writer, &envelope);
    return r < 0 ? r : (int)(envelope.length + 1);
}

int varlink_encode_call(const struct varlink_call *call, char *buffer, size_t size)
{
    struct json_writer writer;

    assert(is_qualified_name(call->method));
    json_writer_init(&writer, buffer, size);
    json_begin_object(&writer);
    json_key(&writer, "method");
    json_string(&writer, call->method);
    put_parameters(&writer, call->parameters);
    put_flag(&writer, "oneway", call->oneway);
    put_flag(&writer, "more", call->more);
    put_flag(&writer, "upgrade", call->upgrade);
    return finish_envelope(&writer);
}

int varlink_encode_reply(const struct varlink_reply *reply, char *buffer, size_t size)
{
    struct json_writer writer;

    json_writer_init(&writer, buffer, size);
    json_begin_object(&writer);
    if (reply->error[0] != '\0') {
        assert(is_qualified_name(reply->error));
        json_key(&writer, "error");
        json_string(&writer, reply->error);
    }
    put_parameters(&writer, reply->parameters);
    put_flag(&writer, "continues", reply->continues);
    return finish_envelope(&writer);
}

void varlink_interface_of(const char *method, char *buffer, size_t size)
{
    const char *dot = strrchr(method, '.');
    const size_t length = dot ? (size_t)(dot - method) : 0;

    assert(length < size);
    (void)size; /* without assertions */
    if (length > 0)
        memcpy(buffer, method, length);
    buffer[length] = '\0';
}
