/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Varlink framing and envelopes (common/varlink.h). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "common/varlink.h"

static int decode_call(const char *text, struct varlink_call *ret)
{
    return varlink_decode_call(text, strlen(text), ret);
}

static int decode_reply(const char *text, struct varlink_reply *ret)
{
    return varlink_decode_reply(text, strlen(text), ret);
}

static void assert_slice(struct json value, const char *text)
{
    assert_int_equal(value.length, strlen(text));
    assert_memory_equal(value.text, text, value.length);
}

static void test_varlink_frame__split_at_every_byte__whole_only_with_its_nul(void **state)
{
    static const char stream[] = "{\"method\":\"a.b.C\"}\0{}"; /* and the literal's own NUL */
    (void)state;

    for (size_t length = 0; length <= sizeof(stream); length++) {
        char *copy = test_malloc(length + (length == 0));
        size_t bytes = 7;

        memcpy(copy, stream, length);
        if (length <= strlen(stream)) {
            assert_int_equal(varlink_frame(copy, length, &bytes), 0);
            assert_int_equal(bytes, 7);
        } else {
            assert_int_equal(varlink_frame(copy, length, &bytes), 1);
            assert_int_equal(bytes, strlen(stream));
            assert_int_equal(varlink_frame(copy + bytes + 1, length - bytes - 1, &bytes),
                             length == sizeof(stream));
        }
        test_free(copy);
    }
}

static void test_varlink_frame__empty_message__told(void **state)
{
    size_t bytes = 7;
    (void)state;

    assert_int_equal(varlink_frame("\0x", 2, &bytes), 1);
    assert_int_equal(bytes, 0);
}

static void test_varlink_frame__no_buffer__more_is_needed(void **state)
{
    size_t bytes = 7;
    (void)state;

    assert_int_equal(varlink_frame(NULL, 0, &bytes), 0);
    assert_int_equal(bytes, 7);
}

static void test_varlink_frame__longest_message__exact_bound(void **state)
{
    static const size_t max = VARLINK_MESSAGE_MAX_BYTES;
    char *buffer = test_malloc(max + 2);
    size_t bytes = 7;
    (void)state;

    memset(buffer, 'x', max + 1);
    buffer[max + 1] = '\0';
    assert_int_equal(varlink_frame(buffer, max, &bytes), 0);
    assert_int_equal(varlink_frame(buffer, max + 1, &bytes), -EMSGSIZE);
    assert_int_equal(varlink_frame(buffer, max + 2, &bytes), -EMSGSIZE);
    assert_int_equal(bytes, 7);
    buffer[max] = '\0';
    assert_int_equal(varlink_frame(buffer, max + 2, &bytes), 1);
    assert_int_equal(bytes, max);
    test_free(buffer);
}

static void test_varlink_decode_call__all_members__told(void **state)
{
    struct varlink_call call;
    (void)state;

    assert_int_equal(
        decode_call(" {\"more\":true, \"method\":\"io.sessmgr.Session.List\",\"oneway\":false,"
                    "\"upgrade\":true,\"parameters\": {\"a\": 1} } ",
                    &call),
        0);
    assert_string_equal(call.method, "io.sessmgr.Session.List");
    assert_slice(call.parameters, "{\"a\": 1}");
    assert_true(call.more);
    assert_false(call.oneway);
    assert_true(call.upgrade);
}

static void test_varlink_decode_call__parameters_absent_or_null__empty_object(void **state)
{
    static const char *const texts[] = {
        "{\"method\":\"a.b.C\"}",
        "{\"method\":\"a.b.C\",\"parameters\":null}",
        "{\"parameters\":{},\"method\":\"a.b.C\"}",
        "{\"m\\u0065thod\":\"a.b.\\u0043\"}",
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct varlink_call call;

        assert_int_equal(decode_call(texts[i], &call), 0);
        assert_string_equal(call.method, "a.b.C");
        assert_slice(call.parameters, "{}");
        assert_false(call.more || call.oneway || call.upgrade);
    }
}

static void test_varlink_decode_call__spoiled__refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "null",
        "\"a.b.C\"",
        "{}",
        "{\"parameters\":{}}",
        "{\"method\":\"a.b.C\"",
        "{\"method\":1}",
        "{\"method\":null}",
        "{\"method\":\"\"}",
        "{\"method\":[\"a.b.C\"]}",
        "{\"method\":\"a.b.C\",\"parameters\":[]}",
        "{\"method\":\"a.b.C\",\"parameters\":\"{}\"}",
        "{\"method\":\"a.b.C\",\"parameters\":false}",
        "{\"method\":\"a.b.C\",\"more\":1}",
        "{\"method\":\"a.b.C\",\"more\":null}",
        "{\"method\":\"a.b.C\",\"oneway\":\"true\"}",
        "{\"method\":\"a.b.C\",\"upgrade\":{}}",
        "{\"method\":\"a.b.C\",\"unknown\":1}",
        "{\"method\":\"a.b.C\",\"error\":\"a.b.C\"}",
        "{\"method\":\"a.b.C\",\"method\":\"a.b.C\"}",
        "{\"method\":\"a.b.C\",\"continues\":true}",
        "{\"method\":\"a.b.C\"}{}",
        "{\"method\":\"a.b.C\\u0000\"}",
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct varlink_call call = {.method = "before"};

        if (decode_call(texts[i], &call) != -EBADMSG)
            fail_msg("not refused: %s", texts[i]);
        assert_string_equal(call.method, "before");
    }
}

static int decode_method(const char *method)
{
    char text[256];
    struct json_writer writer;
    struct varlink_call call;
    struct json value;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    json_key(&writer, "method");
    json_string(&writer, method);
    json_end_object(&writer);
    assert_int_equal(json_writer_finish(&writer, &value), 0);
    return varlink_decode_call(value.text, value.length, &call);
}

static void test_varlink_decode_call__method_names__as_the_grammar_says(void **state)
{
    static const char *const good[] = {"a.b.C", "org.varlink.service.GetInfo", "a-b.c--d.E0",
                                       "A.0.Z", "a.0b.Cd9"};
    static const char *const bad[] = {
        "",       "C",       ".C",      "a.C",    "a.b.",         "a.b.c",  "a.b.0C",  "a..C",
        ".a.b.C", "a.b..C",  "0a.b.C",  "-a.b.C", "a-.b.C",       "a.-b.C", "a.b-.C",  "a.b.C-",
        "a.b.C_", "a_b.c.D", "a b.c.D", "a.b.C ", "a.b.\xc3\x84", "a.b.C/", "a.b.C\n",
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(good); i++)
        assert_int_equal(decode_method(good[i]), 0);
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        if (decode_method(bad[i]) != -EBADMSG)
            fail_msg("not refused: %s", bad[i]);
}

static void test_varlink_decode_call__method_length__bounded(void **state)
{
    char method[VARLINK_NAME_MAX_BYTES + 2];
    (void)state;

    memset(method, 'x', sizeof(method) - 1);
    memcpy(method, "a.b.C", 5);
    method[VARLINK_NAME_MAX_BYTES + 1] = '\0';
    assert_int_equal(decode_method(method), -EBADMSG);
    method[VARLINK_NAME_MAX_BYTES] = '\0';
    assert_int_equal(decode_method(method), 0);
}

static void test_varlink_decode_call__too_deep_or_long__e2big(void **state)
{
    char text[128] = "{\"method\":\"a.b.C\",\"parameters\":";
    char *text_long = test_calloc(1, VARLINK_MESSAGE_MAX_BYTES + 1);
    struct varlink_call call;
    (void)state;

    memset(text + strlen(text), '[', JSON_DEPTH_MAX);
    assert_int_equal(decode_call(text, &call), -E2BIG);
    memset(text_long, ' ', VARLINK_MESSAGE_MAX_BYTES + 1);
    assert_int_equal(varlink_decode_call(text_long, VARLINK_MESSAGE_MAX_BYTES + 1, &call), -E2BIG);
    test_free(text_long);
}

static void test_varlink_decode_reply__success_and_error__told(void **state)
{
    struct varlink_reply reply;
    (void)state;

    assert_int_equal(decode_reply("{}", &reply), 0);
    assert_string_equal(reply.error, "");
    assert_slice(reply.parameters, "{}");
    assert_false(reply.continues);
    assert_int_equal(decode_reply("{\"parameters\":{\"x\":[]},\"continues\":true}", &reply), 0);
    assert_slice(reply.parameters, "{\"x\":[]}");
    assert_true(reply.continues);
    assert_int_equal(
        decode_reply("{\"error\":\"" VARLINK_PERMISSION_DENIED "\",\"parameters\":null}", &reply),
        0);
    assert_string_equal(reply.error, VARLINK_PERMISSION_DENIED);
    assert_slice(reply.parameters, "{}");
}

static void test_varlink_decode_reply__spoiled__refused(void **state)
{
    static const char *const texts[] = {
        "",
        "1",
        "[]",
        "{\"error\":\"\"}",
        "{\"error\":null}",
        "{\"error\":\"Refused\"}",
        "{\"error\":1}",
        "{\"parameters\":[]}",
        "{\"parameters\":1}",
        "{\"continues\":0}",
        "{\"continues\":null}",
        "{\"method\":\"a.b.C\"}",
        "{\"other\":1}",
        "{\"parameters\":{},\"parameters\":{}}",
        "{}x",
        "{",
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct varlink_reply reply = {.error = "before"};

        if (decode_reply(texts[i], &reply) != -EBADMSG)
            fail_msg("not refused: %s", texts[i]);
        assert_string_equal(reply.error, "before");
    }
}

static void test_varlink_encode_call__every_flag__read_again(void **state)
{
    (void)state;

    for (unsigned flags = 0; flags < 16; flags++) {
        struct varlink_call call = {
            .method = "a.b.C", .oneway = flags & 1, .more = flags & 2, .upgrade = flags & 4};
        struct varlink_call again;
        char buffer[128];
        size_t bytes;
        int size;

        if (flags & 8)
            call.parameters = (struct json){.text = "{\"x\":1}", .length = 7};
        size = varlink_encode_call(&call, buffer, sizeof(buffer));
        assert_in_range(size, 1, sizeof(buffer));
        assert_int_equal(varlink_frame(buffer, (size_t)size, &bytes), 1);
        assert_int_equal(bytes, size - 1);
        assert_int_equal(varlink_decode_call(buffer, bytes, &again), 0);
        assert_string_equal(again.method, "a.b.C");
        assert_slice(again.parameters, flags & 8 ? "{\"x\":1}" : "{}");
        assert_true(again.oneway == call.oneway && again.more == call.more &&
                    again.upgrade == call.upgrade);
    }
}

static void test_varlink_encode_reply__each_kind__exact_text(void **state)
{
    struct varlink_reply reply = {0};
    char buffer[128];
    (void)state;

    assert_int_equal(varlink_encode_reply(&reply, buffer, sizeof(buffer)), 3);
    assert_string_equal(buffer, "{}");
    reply.parameters = (struct json){.text = "{}", .length = 2};
    reply.continues = true;
    assert_int_equal(varlink_encode_reply(&reply, buffer, sizeof(buffer)), 35);
    assert_string_equal(buffer, "{\"parameters\":{},\"continues\":true}");
    reply = (struct varlink_reply){.error = "a.b.C"};
    assert_int_equal(varlink_encode_reply(&reply, buffer, sizeof(buffer)), 18);
    assert_string_equal(buffer, "{\"error\":\"a.b.C\"}");
}

static void test_varlink_encode_call__every_smaller_buffer__refused(void **state)
{
    const struct varlink_call call = {.method = "a.b.C", .more = true};
    char whole[64];
    const int size = varlink_encode_call(&call, whole, sizeof(whole));
    (void)state;

    assert_int_equal(size, sizeof("{\"method\":\"a.b.C\",\"more\":true}"));
    for (int i = 0; i <= size; i++) {
        char *buffer = test_malloc((size_t)i + (i == 0));

        assert_int_equal(varlink_encode_call(&call, buffer, (size_t)i), i < size ? -ENOBUFS : size);
        test_free(buffer);
    }
}

static void test_varlink_interface_of__names__cut_at_the_last_dot(void **state)
{
    char buffer[VARLINK_NAME_MAX_BYTES + 1];
    (void)state;

    varlink_interface_of("io.sessmgr.Session.List", buffer, sizeof(buffer));
    assert_string_equal(buffer, "io.sessmgr.Session");
    varlink_interface_of("List", buffer, sizeof(buffer));
    assert_string_equal(buffer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_varlink_frame__split_at_every_byte__whole_only_with_its_nul),
        cmocka_unit_test(test_varlink_frame__empty_message__told),
        cmocka_unit_test(test_varlink_frame__no_buffer__more_is_needed),
        cmocka_unit_test(test_varlink_frame__longest_message__exact_bound),
        cmocka_unit_test(test_varlink_decode_call__all_members__told),
        cmocka_unit_test(test_varlink_decode_call__parameters_absent_or_null__empty_object),
        cmocka_unit_test(test_varlink_decode_call__spoiled__refused),
        cmocka_unit_test(test_varlink_decode_call__method_names__as_the_grammar_says),
        cmocka_unit_test(test_varlink_decode_call__method_length__bounded),
        cmocka_unit_test(test_varlink_decode_call__too_deep_or_long__e2big),
        cmocka_unit_test(test_varlink_decode_reply__success_and_error__told),
        cmocka_unit_test(test_varlink_decode_reply__spoiled__refused),
        cmocka_unit_test(test_varlink_encode_call__every_flag__read_again),
        cmocka_unit_test(test_varlink_encode_reply__each_kind__exact_text),
        cmocka_unit_test(test_varlink_encode_call__every_smaller_buffer__refused),
        cmocka_unit_test(test_varlink_interface_of__names__cut_at_the_last_dot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
