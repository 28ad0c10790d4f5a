/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader of Varlink interface texts, as far as ours go: no anonymous structures or enumerations
 * inside of members. For tests.
 */
#ifndef SESSMGR_VARLINK_TEXT_H
#define SESSMGR_VARLINK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_NAME_SIZE = 64, TEXT_MEMBERS_MAX = 64, TEXT_DEFINITIONS_MAX = 64 };

struct text_member {
    char name[TEXT_NAME_SIZE];
    char type[TEXT_NAME_SIZE]; /* "int", "[]string", "[string]string", "Session"; "" in an
                                  enumeration */
    bool optional;
};

struct text_members {
    size_t count;
    struct text_member items[TEXT_MEMBERS_MAX];
};

struct text_definition {
    char keyword[TEXT_NAME_SIZE]; /* "type", "method", "error" */
    char name[TEXT_NAME_SIZE];
    bool is_enum;
    struct text_members in; /* of a method; the members of a type or error */
    struct text_members out;
};

struct text_interface {
    char name[TEXT_NAME_SIZE];
    size_t count;
    struct text_definition definitions[TEXT_DEFINITIONS_MAX];
};

/* Takes the next token: a word, "->", "[]", or one character; "" at the end. Comments are passed.
 */
static inline void text_token(const char **text, char token[TEXT_NAME_SIZE])
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    size_t length;

    for (;;) {
        *text += strspn(*text, " \t\n");
        if (**text != '#')
            break;
        *text += strcspn(*text, "\n");
    }
    length = strspn(*text, word);
    if (length == 0)
        length = strncmp(*text, "->", 2) == 0 || strncmp(*text, "[]", 2) == 0 ? 2 : **text != '\0';
    (void)snprintf(token, TEXT_NAME_SIZE, "%.*s", (int)length, *text);
    *text += length;
}

static inline bool text_expect(const char **text, const char *expected)
{
    char token[TEXT_NAME_SIZE];

    text_token(text, token);
    return strcmp(token, expected) == 0;
}

/* Reads a member's type, behind its colon. */
static inline bool text_type(const char **text, struct text_member *member)
{
    char token[TEXT_NAME_SIZE];
    size_t length = 0;

    text_token(text, token);
    member->optional = strcmp(token, "?") == 0;
    if (member->optional)
        text_token(text, token);
    if (strcmp(token, "[") == 0) {
        if (!text_expect(text, "string") || !text_expect(text, "]"))
            return false;
        length = (size_t)snprintf(member->type, sizeof(member->type), "[string]");
        text_token(text, token);
    } else if (strcmp(token, "[]") == 0) {
        length = (size_t)snprintf(member->type, sizeof(member->type), "[]");
        text_token(text, token);
    }
    (void)snprintf(member->type + length, sizeof(member->type) - length, "%s", token);
    return token[0] != '\0' && strchr("?[](),:-", token[0]) == NULL;
}

/* Reads "(a: int, b: string)" or "(a, b)". */
static inline bool text_members(const char **text, struct text_members *members, bool *ret_is_enum)
{
    char token[TEXT_NAME_SIZE];

    members->count = 0;
    *ret_is_enum = false;
    if (!text_expect(text, "("))
        return false;
    text_token(text, token);
    if (strcmp(token, ")") == 0)
        return true;
    for (;;) {
        struct text_member *member = &members->items[members->count++];

        *member = (struct text_member){0};
        (void)snprintf(member->name, sizeof(member->name), "%s", token);
        text_token(text, token);
        if (strcmp(token, ":") == 0) {
            if (!text_type(text, member))
                return false;
            text_token(text, token);
        } else {
            *ret_is_enum = true;
        }
        if (strcmp(token, ")") == 0)
            return true;
        if (strcmp(token, ",") != 0 || members->count == TEXT_MEMBERS_MAX)
            return false;
        text_token(text, token);
    }
}

/* Reads a whole text; false where it is not what this reader knows. */
static inline bool varlink_text_parse(const char *text, struct text_interface *ret)
{
    bool is_enum;

    if (!text || !text_expect(&text, "interface"))
        return false;
    text_token(&text, ret->name);
    for (ret->count = 0;; ret->count++) {
        struct text_definition *definition = &ret->definitions[ret->count];

        if (ret->count == TEXT_DEFINITIONS_MAX)
            return false;
        text_token(&text, definition->keyword);
        if (definition->keyword[0] == '\0')
            return ret->count > 0;
        if (strcmp(definition->keyword, "type") != 0 &&
            strcmp(definition->keyword, "method") != 0 && strcmp(definition->keyword, "error") != 0)
            return false;
        text_token(&text, definition->name);
        if (!text_members(&text, &definition->in, &definition->is_enum))
            return false;
        definition->out.count = 0;
        if (strcmp(definition->keyword, "method") == 0 &&
            (!text_expect(&text, "->") || !text_members(&text, &definition->out, &is_enum)))
            return false;
    }
}

#endif
