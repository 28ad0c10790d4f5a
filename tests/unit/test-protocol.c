/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of common/protocol.c against the .varlink texts: every member's name, type,
 * optionality and place in the order has to agree, and neither side may have what the other lacks.
 * Long because every method and error has a line in it.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "common/varlink.h"
#include "tests/unit/varlink-text.h"

/* What implements a definition of the texts. */
struct implementation {
    const char *name; /* interface.Name */
    const char *keyword;
    const struct field_table *in; /* a method's input; the members of a type or error */
    const struct field_table *out;
    const char *const *names; /* of an enumeration */
    const char *except;       /* a member of the table that this text lacks */
};

#define METHOD(name_, in_, out_)                                         \
    {                                                                    \
        .name = (name_), .keyword = "method", .in = (in_), .out = (out_) \
    }
#define TYPE(name_, table_)                                \
    {                                                      \
        .name = (name_), .keyword = "type", .in = (table_) \
    }
#define ENUM(name_, names_)                                   \
    {                                                         \
        .name = (name_), .keyword = "type", .names = (names_) \
    }
#define ERROR(name_, table_)                                \
    {                                                       \
        .name = (name_), .keyword = "error", .in = (table_) \
    }

static const struct implementation implementations[] = {
    TYPE(LOGIN_INTERFACE ".LoginRequest", &login_request_fields),
    METHOD(LOGIN_INTERFACE ".Admit", &admit_in_fields, &admit_out_fields),
    METHOD(LOGIN_INTERFACE ".Open", &open_in_fields, &open_out_fields),
    METHOD(LOGIN_INTERFACE ".Close", &close_in_fields, &no_fields),
    ERROR(ERROR_LOGIN_REFUSED, &refused_error_fields),
    ERROR(ERROR_LOGIN_NO_SUCH_SESSION, &no_fields),
    ERROR(ERROR_LOGIN_STORE_UNAVAILABLE, &store_error_fields),

    METHOD(MANAGER_INTERFACE ".Reload", &no_fields, &no_fields),
    TYPE(MANAGER_INTERFACE ".Key", &key_info_fields),
    METHOD(MANAGER_INTERFACE ".Explain", &explain_in_fields, &explain_out_fields),
    TYPE(MANAGER_INTERFACE ".UserLock", &lock_info_fields),
    METHOD(MANAGER_INTERFACE ".Lock", &lock_in_fields, &lock_out_fields),
    METHOD(MANAGER_INTERFACE ".Unlock", &unlock_in_fields, &no_fields),
    METHOD(MANAGER_INTERFACE ".ListLocks", &no_fields, &list_locks_out_fields),
    METHOD(MANAGER_INTERFACE ".RotateKeys", &no_fields, &rotate_keys_out_fields),
    METHOD(MANAGER_INTERFACE ".VerifyStore", &no_fields, &verify_store_out_fields),
    METHOD(MANAGER_INTERFACE ".Checkpoint", &no_fields, &checkpoint_out_fields),
    METHOD(MANAGER_INTERFACE ".RekeyStore", &no_fields, &rekey_store_out_fields),
    METHOD(MANAGER_INTERFACE ".ForgetUser", &forget_user_in_fields, &forget_user_out_fields),
    METHOD(MANAGER_INTERFACE ".BackupStore", &no_fields, &backup_store_out_fields),
    METHOD(MANAGER_INTERFACE ".GetKeys", &no_fields, &get_keys_out_fields),
    METHOD(MANAGER_INTERFACE ".GetStatistics", &no_fields, &statistics_out_fields),
    ERROR(ERROR_NO_SUCH_LOCK, &no_fields),
    ERROR(ERROR_BAD_CONFIGURATION, &bad_configuration_error_fields),
    ERROR(ERROR_STORE_DAMAGED, &store_damaged_error_fields),
    ERROR(ERROR_NO_KEY, &no_key_error_fields),
    ERROR(ERROR_MANAGER_TOO_MANY, &too_many_error_fields),
    {.name = ERROR_MANAGER_STORE_UNAVAILABLE,
     .keyword = "error",
     .in = &store_error_fields,
     .except = "sessionId"},

    ENUM(SESSION_INTERFACE ".State", session_state_names),
    ENUM(SESSION_INTERFACE ".EndReason", end_reason_names),
    ENUM(SESSION_INTERFACE ".TokenKind", token_kind_names),
    TYPE(SESSION_INTERFACE ".Session", &session_info_fields),
    TYPE(SESSION_INTERFACE ".Filter", &session_filter_fields),
    METHOD(SESSION_INTERFACE ".Describe", &describe_in_fields, &describe_out_fields),
    METHOD(SESSION_INTERFACE ".DescribePeer", &no_fields, &describe_peer_out_fields),
    METHOD(SESSION_INTERFACE ".Extend", &extend_in_fields, &extend_out_fields),
    TYPE(SESSION_INTERFACE ".Rule", &rule_info_fields),
    METHOD(SESSION_INTERFACE ".Validate", &validate_in_fields, &validate_out_fields),
    METHOD(SESSION_INTERFACE ".IssueToken", &issue_token_in_fields, &issue_token_out_fields),
    METHOD(SESSION_INTERFACE ".Refresh", &refresh_in_fields, &refresh_out_fields),
    METHOD(SESSION_INTERFACE ".Revoke", &revoke_in_fields, &no_fields),
    METHOD(SESSION_INTERFACE ".List", &list_in_fields, &list_out_fields),
    METHOD(SESSION_INTERFACE ".SetContext", &set_context_in_fields, &no_fields),
    METHOD(SESSION_INTERFACE ".Terminate", &terminate_in_fields, &terminate_out_fields),
    METHOD(SESSION_INTERFACE ".Watch", &watch_in_fields, &watch_out_fields),
    ERROR(ERROR_NO_SUCH_SESSION, &no_fields),
    ERROR(ERROR_AMBIGUOUS_SESSION, &ambiguous_error_fields),
    ERROR(ERROR_NOT_IN_SESSION, &no_fields),
    ERROR(ERROR_INVALID_TOKEN, &no_fields),
    ERROR(ERROR_UNKNOWN, &no_fields),
    ERROR(ERROR_NOT_ALLOWED_BY_POLICY, &policy_error_fields),
    ERROR(ERROR_TOO_MANY, &too_many_error_fields),
    ERROR(ERROR_GAP, &gap_error_fields),
    /* one table for all interfaces: only logins are told the session */
    {.name = ERROR_STORE_UNAVAILABLE,
     .keyword = "error",
     .in = &store_error_fields,
     .except = "sessionId"},

    METHOD(SERVICE_INTERFACE ".GetInfo", &no_fields, &get_info_out_fields),
    METHOD(SERVICE_INTERFACE ".GetInterfaceDescription", &interface_description_in_fields,
           &interface_description_out_fields),
    ERROR(VARLINK_INTERFACE_NOT_FOUND, &interface_error_fields),
    ERROR(VARLINK_METHOD_NOT_FOUND, &method_error_fields),
    ERROR(VARLINK_METHOD_NOT_IMPLEMENTED, &method_error_fields),
    ERROR(VARLINK_INVALID_PARAMETER, &parameter_error_fields),
    ERROR(VARLINK_PERMISSION_DENIED, &no_fields),
    ERROR(VARLINK_EXPECTED_MORE, &no_fields),
};

static const struct implementation *find_implementation(const char *interface, const char *name)
{
    const size_t length = strlen(interface);

    for (size_t i = 0; i < ELEMENTS(implementations); i++) {
        const char *known = implementations[i].name;

        if (strncmp(known, interface, length) == 0 && known[length] == '.' &&
            strcmp(known + length + 1, name) == 0)
            return &implementations[i];
    }
    return NULL;
}

/* Whether a field is what the text's type says. */
static bool type_agrees(const char *interface, const char *type, const struct field *field)
{
    static const struct {
        const char *text;
        enum field_type type;
    } simple[] = {
        {"string", FIELD_STRING},
        {"int", FIELD_UINT},
        {"bool", FIELD_BOOL},
        {"object", FIELD_JSON},
        {"[]int", FIELD_UINT_LIST},
        {"[]string", FIELD_STRING_LIST},
        {"[string]string", FIELD_STRING_MAP},
    };
    const bool is_list = strncmp(type, "[]", 2) == 0;
    const struct implementation *named;

    for (size_t i = 0; i < ELEMENTS(simple); i++)
        if (strcmp(type, simple[i].text) == 0)
            return field->type == simple[i].type;
    named = find_implementation(interface, is_list ? type + 2 : type);
    if (!named || strcmp(named->keyword, "type") != 0)
        return false;
    if (is_list)
        return field->type == FIELD_JSON; /* written and read element by element */
    if (named->names)
        return field->type == FIELD_ENUM && field->names == named->names;
    return field->type == FIELD_OBJECT && field->sub == named->in;
}

/* Whether a table is what the text's members say, one by one. */
static bool table_agrees(const char *interface, const struct text_members *members,
                         const struct field_table *table, const char *except)
{
    size_t met = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        const struct text_member *member = &members->items[met];

        if (except && strcmp(field->name, except) == 0)
            continue;
        if (met == members->count || strcmp(field->name, member->name) != 0 ||
            !(field->flags & FIELD_OPTIONAL) != !member->optional ||
            !type_agrees(interface, member->type, field))
            return false;
        met++;
    }
    return met == members->count;
}

static bool names_agree(const struct text_members *members, const char *const *names)
{
    size_t i = 0;

    for (; names[i]; i++)
        if (i == members->count || strcmp(names[i], members->items[i].name) != 0)
            return false;
    return i == members->count;
}

static void assert_implemented(const char *interface, const struct text_definition *definition)
{
    const struct implementation *found = find_implementation(interface, definition->name);
    bool agrees = false;

    if (!found || strcmp(found->keyword, definition->keyword) != 0)
        fail_msg("%s.%s is not implemented", interface, definition->name);
    else if (found->names)
        agrees = definition->is_enum && names_agree(&definition->in, found->names);
    else
        agrees = !definition->is_enum &&
                 table_agrees(interface, &definition->in, found->in, found->except) &&
                 (!found->out || table_agrees(interface, &definition->out, found->out, NULL));
    if (!agrees)
        fail_msg("%s.%s does not agree with its table", interface, definition->name);
}

static void test_protocol__every_definition__as_in_the_tables(void **state)
{
    struct text_interface *parsed = test_malloc(sizeof(*parsed));
    size_t definitions = 0;
    (void)state;

    for (size_t i = 0; protocol_interfaces[i]; i++) {
        assert_true(varlink_text_parse(protocol_interface_text(protocol_interfaces[i]), parsed));
        assert_string_equal(parsed->name, protocol_interfaces[i]);
        for (size_t j = 0; j < parsed->count; j++)
            assert_implemented(parsed->name, &parsed->definitions[j]);
        definitions += parsed->count;
    }
    /* names are unique in a text, so this leaves none of ours without a definition */
    assert_int_equal(definitions, ELEMENTS(implementations));
    test_free(parsed);
}

/* A table of LoginRequest with one row changed. */
static bool spoiled_agrees(const struct text_members *members, struct field row, size_t index,
                           size_t count)
{
    struct field rows[16];
    struct field_table table = login_request_fields;

    memcpy(rows, table.fields, table.count * sizeof(*rows));
    memcpy(&rows[table.count], &rows[0], sizeof(*rows));
    rows[index] = row;
    table.fields = rows;
    table.count = count;
    return table_agrees(LOGIN_INTERFACE, members, &table, NULL);
}

static void test_protocol__spoiled_table__does_not_agree(void **state)
{
    const size_t count = login_request_fields.count;
    struct text_interface *parsed = test_malloc(sizeof(*parsed));
    const struct text_members *members;
    (void)state;

    assert_true(varlink_text_parse(protocol_interface_text(LOGIN_INTERFACE), parsed));
    assert_string_equal(parsed->definitions[0].name, "LoginRequest");
    members = &parsed->definitions[0].in;
    assert_int_equal(members->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct field good = login_request_fields.fields[i];
        struct field row = good;

        assert_true(spoiled_agrees(members, row, i, count));
        row.name = "other";
        assert_false(spoiled_agrees(members, row, i, count));
        row = good;
        row.flags ^= FIELD_OPTIONAL;
        assert_false(spoiled_agrees(members, row, i, count));
        row = good;
        row.type = FIELD_BOOL;
        assert_false(spoiled_agrees(members, row, i, count));
    }
    assert_false(spoiled_agrees(members, login_request_fields.fields[0], 0, count - 1));
    assert_false(spoiled_agrees(members, login_request_fields.fields[0], 0, count + 1));
    test_free(parsed);
}

static void test_protocol__interface_names__as_the_constants(void **state)
{
    static const char *const names[] = {LOGIN_INTERFACE, MANAGER_INTERFACE, SESSION_INTERFACE,
                                        SERVICE_INTERFACE};
    (void)state;

    for (size_t i = 0; i < ELEMENTS(names); i++)
        assert_string_equal(protocol_interfaces[i], names[i]);
    assert_null(protocol_interfaces[ELEMENTS(names)]);
    assert_null(protocol_interface_text("io.sessmgr.Other"));
    assert_null(protocol_interface_text(""));
    assert_null(protocol_interface_text("io.sessmgr"));
    /* quotes came through */
    assert_non_null(strstr(protocol_interface_text(SESSION_INTERFACE),
                           "  # \"publickey\", \"password\", ...;"));
}

static size_t size_of(const struct field *field)
{
    switch (field->type) {
    case FIELD_STRING:
        return sizeof(const char *);
    case FIELD_UINT:
        return sizeof(int64_t);
    case FIELD_BOOL:
        return sizeof(bool);
    case FIELD_ENUM:
        return sizeof(int);
    case FIELD_UINT_LIST:
    case FIELD_STRING_LIST:
    case FIELD_STRING_MAP:
        return sizeof(struct string_list);
    case FIELD_OBJECT:
        return field->sub->struct_size;
    case FIELD_JSON:
        return sizeof(struct json);
    }
    return 0;
}

/* The structures have their members in the texts' order, so a row that names a wrong one shows. */
static void assert_members_in_order(const struct field_table *table)
{
    size_t end = 0;

    for (size_t i = 0; i < table->count; i++) {
        assert_true(table->fields[i].offset >= end);
        /* nothing of the structure is passed over but padding */
        assert_true(table->fields[i].offset < end + sizeof(int64_t));
        end = table->fields[i].offset + size_of(&table->fields[i]);
    }
    assert_true(end <= table->struct_size && table->struct_size < end + sizeof(int64_t));
}

static void test_protocol__members_of_structures__each_in_one_row(void **state)
{
    (void)state;

    for (size_t i = 0; i < ELEMENTS(implementations); i++) {
        const struct implementation *one = &implementations[i];

        if (one->in)
            assert_members_in_order(one->in);
        if (one->out)
            assert_members_in_order(one->out);
    }
}

static void test_protocol__enumerations__as_the_names(void **state)
{
    (void)state;

    assert_string_equal(session_state_names[STATE_ACTIVE], "active");
    assert_string_equal(session_state_names[STATE_ENDING], "ending");
    assert_string_equal(session_state_names[STATE_ENDED], "ended");
    assert_string_equal(end_reason_names[END_LOGOUT], "logout");
    assert_string_equal(end_reason_names[END_LEADER_EXITED], "leader_exited");
    assert_string_equal(end_reason_names[END_LIFETIME], "lifetime");
    assert_string_equal(end_reason_names[END_TERMINATED], "terminated");
    assert_string_equal(end_reason_names[END_LOCKED], "locked");
    assert_string_equal(end_reason_names[END_REBOOTED], "rebooted");
}

static void test_protocol__tolerance__login_request_and_replies_only(void **state)
{
    (void)state;

    for (size_t i = 0; i < ELEMENTS(implementations); i++) {
        const struct implementation *one = &implementations[i];

        bool told = strcmp(one->keyword, "error") == 0 || one->in == &session_info_fields ||
                    one->in == &login_request_fields || one->in == &key_info_fields ||
                    one->in == &rule_info_fields || one->in == &lock_info_fields;

        if (one->in && one->in != &no_fields)
            assert_true(one->in->tolerant == told);
        if (one->out && one->out != &no_fields)
            assert_true(one->out->tolerant);
    }
}

static void test_protocol__strings_in_parameters__all_bounded(void **state)
{
    (void)state;

    for (size_t i = 0; i < ELEMENTS(implementations); i++) {
        const struct field_table *table = implementations[i].in;

        for (size_t j = 0; table && j < table->count; j++) {
            const struct field *field = &table->fields[j];

            if (field->type != FIELD_STRING)
                continue;
            if (strcmp(field->name, "token") == 0 || strcmp(field->name, "refreshToken") == 0)
                assert_int_equal(field->max, TOKEN_MAX_BYTES);
            else
                assert_in_range(field->max, 1, FIELD_LIST_STRING_MAX_BYTES);
            if (strcmp(field->name, "sessionId") == 0)
                assert_int_equal(field->max, SESSION_ID_BYTES);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocol__every_definition__as_in_the_tables),
        cmocka_unit_test(test_protocol__spoiled_table__does_not_agree),
        cmocka_unit_test(test_protocol__interface_names__as_the_constants),
        cmocka_unit_test(test_protocol__members_of_structures__each_in_one_row),
        cmocka_unit_test(test_protocol__enumerations__as_the_names),
        cmocka_unit_test(test_protocol__tolerance__login_request_and_replies_only),
        cmocka_unit_test(test_protocol__strings_in_parameters__all_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
