/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of methods against the .varlink texts: each has what the other has, and lets in whom
 * the other lets in.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "daemon/method.h"

enum { BLOCK_MAX_BYTES = 2048, NAME_MAX_BYTES = 128 };

static const struct {
    const char *words;
    unsigned bit;
} callers[] = {
    {"root", CALLER_ROOT},
    {"sessmgr-admin", CALLER_ADMIN},
    {"sessmgr-verifier", CALLER_VERIFIER},
    {"the owner for their own sessions", CALLER_OWNER},
    {"a process of the session", CALLER_MEMBER},
    {"anyone", CALLER_ANYONE},
};

/* "root, sessmgr-admin; the owner for their own sessions." to bits; a word that is none of ours
 * fails the test. */
static unsigned parse_callers(const char *text)
{
    unsigned bits = 0;

    while (*text != '\0' && *text != '.') {
        size_t length = strcspn(text, ",;."), i;

        for (i = 0; i < ELEMENTS(callers); i++)
            if (strlen(callers[i].words) == length && strncmp(callers[i].words, text, length) == 0)
                break;
        if (i == ELEMENTS(callers))
            fail_msg("unknown caller: %.*s", (int)length, text);
        bits |= callers[i].bit;
        text += length;
        text += strspn(text, ",; ");
    }
    return bits;
}

/* What a block of comments says of callers; 0 when nothing. */
static unsigned callers_of(const char *block)
{
    const char *found = strstr(block, "Callers");

    if (found == NULL)
        return 0;
    found = strchr(found, ':');
    assert_non_null(found);
    return parse_callers(found + 1 + strspn(found + 1, " "));
}

/* A walk through the methods of a text. */
struct walk {
    const char *next;
    unsigned default_callers;
};

static void add_comment(char *block, const char *line, size_t length)
{
    size_t used = strlen(block);

    assert_true(used + length + 2 < BLOCK_MAX_BYTES);
    (void)snprintf(block + used, BLOCK_MAX_BYTES - used, "%.*s ", (int)length - 2, line + 2);
}

/* The next method's name and callers; false at the end. */
static bool next_method(struct walk *walk, char *name, unsigned *ret_callers)
{
    char block[BLOCK_MAX_BYTES] = "";

    while (*walk->next != '\0') {
        const char *line = walk->next;
        size_t length = strcspn(line, "\n");

        walk->next = line + length + (line[length] == '\n');
        if (line[0] == '#') {
            if (length > 2)
                add_comment(block, line, length);
            continue;
        }
        if (strncmp(line, "interface ", 10) == 0)
            walk->default_callers = callers_of(block);
        if (strncmp(line, "method ", 7) == 0) {
            (void)snprintf(name, NAME_MAX_BYTES, "%.*s", (int)strcspn(line + 7, "("), line + 7);
            *ret_callers = callers_of(block) != 0 ? callers_of(block) : walk->default_callers;
            return true;
        }
        block[0] = '\0';
    }
    return false;
}

static const struct method *find_method(const char *interface, const char *name)
{
    char full[2 * NAME_MAX_BYTES];

    (void)snprintf(full, sizeof(full), "%s.%s", interface, name);
    for (size_t i = 0; i < method_count; i++)
        if (strcmp(methods[i].name, full) == 0)
            return &methods[i];
    return NULL;
}

static void test_methods__every_text__is_in_the_table_with_its_callers(void **state)
{
    size_t seen = 0;

    (void)state;
    for (const char *const *interface = protocol_interfaces; *interface != NULL; interface++) {
        struct walk walk = {.next = protocol_interface_text(*interface)};
        char name[NAME_MAX_BYTES];
        unsigned expected;

        assert_non_null(walk.next);
        while (next_method(&walk, name, &expected)) {
            const struct method *method = find_method(*interface, name);

            if (method == NULL)
                fail_msg("%s.%s is in the text and not in the table", *interface, name);
            if (method->callers != expected)
                fail_msg("%s: the text says %#x, the table %#x", method->name, expected,
                         method->callers);
            seen++;
        }
    }
    assert_int_equal(seen, method_count); /* and none is in the table alone */
}

static void test_methods__login__are_on_the_login_socket_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        if (method_is_of(&methods[i], LOGIN_INTERFACE)) {
            assert_int_equal(methods[i].sockets, 1U << SOCKET_LOGIN);
            assert_int_equal(methods[i].callers, CALLER_ROOT);
        } else if (!method_is_of(&methods[i], SERVICE_INTERFACE)) {
            assert_int_equal(methods[i].sockets, 1U << SOCKET_SESSION);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods__every_text__is_in_the_table_with_its_callers),
        cmocka_unit_test(test_methods__login__are_on_the_login_socket_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
