/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small walk over the tokens of a JSON text (RFC 8259): strings, single characters of structure,
 * and everything else up to the next of these.
 */
#include "config.h"

#include "ctl/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/format.h"

#define WHITE_SPACE " \t\r\n"

/* The length of the token at text, which is not white space and not the end. */
static size_t token_length(const char *text)
{
    size_t i = 1;

    if (strchr("{}[]:,", text[0]))
        return 1;
    if (text[0] != '"')
        return strcspn(text, "{}[]:,\"" WHITE_SPACE);
    while (text[i] != '\0' && text[i] != '"')
        i += text[i] == '\\' && text[i + 1] != '\0' ? 2 : 1;
    return text[i] == '"' ? i + 1 : i;
}

static const char *skip_white(const char *text)
{
    return text + strspn(text, WHITE_SPACE);
}

/* \uNNNN of a character; beyond U+FFFF none is unsafe. */
static void print_escaped(FILE *stream, uint32_t character)
{
    fprintf(stream, "\\u%04" PRIx32, character);
}

static void print_token(FILE *stream, const char *token, size_t length)
{
    const char *end = token + length;

    while (token < end) {
        uint32_t character = 0;
        size_t bytes = format_decode(token, &character);

        if (bytes == 0)
            character = 0xfffd;
        if (bytes == 0 || format_is_unsafe(character))
            print_escaped(stream, character);
        else
            fwrite(token, 1, bytes, stream);
        token += bytes > 0 ? bytes : 1;
    }
}

static void print_line_begin(FILE *stream, size_t depth)
{
    fprintf(stream, "\n%*s", (int)(4 * depth), "");
}

void json_print(FILE *stream, const char *text, enum json_mode mode)
{
    bool pretty = mode == JSON_PRETTY;
    size_t depth = 0;

    for (text = skip_white(text); *text != '\0';) {
        size_t length = token_length(text);
        const char *next = skip_white(text + length);
        bool opens = *text == '{' || *text == '[';
        bool closes = *text == '}' || *text == ']';

        print_token(stream, text, length);
        if (opens)
            depth++;
        if (closes && depth > 0)
            depth--;
        if (pretty && *text == ':')
            fputc(' ', stream);
        /* an empty object or array stays on its line */
        if (pretty && (opens || *text == ',') && *next != '}' && *next != ']')
            print_line_begin(stream, depth);
        if (pretty && !opens && (*next == '}' || *next == ']') && depth > 0)
            print_line_begin(stream, depth - 1);
        text = next;
    }
    fputc('\n', stream);
}

void json_print_string(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text += strcspn(text, "\"\\") > 0 ? strcspn(text, "\"\\") : 1) {
        if (*text == '"' || *text == '\\')
            fprintf(stream, "\\%c", *text);
        else
            print_token(stream, text, strcspn(text, "\"\\"));
    }
    fputc('"', stream);
}

char *json_text(const char *value)
{
    size_t length = strlen(value);
    char *text, *end;

    if (value[0] != '"' || length < 2)
        return strdup(value);
    text = strndup(value + 1, length - 2);
    if (!text)
        return NULL;
    end = text;
    for (const char *next = text; *next != '\0'; next++) {
        if (next[0] == '\\' && next[1] != '\0' && strchr("\"\\/", next[1]))
            next++;
        *end++ = *next;
    }
    *end = '\0';
    return text;
}

/* The length of the value at text, whatever it holds. */
static size_t value_length(const char *text)
{
    const char *start = text;
    const char *end = text;
    size_t depth = 0;

    while (*text != '\0') {
        size_t length = token_length(text);

        if (*text == '{' || *text == '[')
            depth++;
        if ((*text == '}' || *text == ']') && depth > 0)
            depth--;
        end = text + length;
        if (depth == 0)
            break;
        text = skip_white(end);
    }
    return (size_t)(end - start);
}

int json_for_each(const char *text,
                  void (*visit)(const char *key, const char *value, void *userdata), void *userdata)
{
    text = skip_white(text);
    if (*text != '{')
        return -EINVAL;
    text = skip_white(text + 1);
    while (*text == '"') {
        CLEANUP(freep) char *key = NULL;
        CLEANUP(freep) char *value = NULL;
        size_t length = token_length(text);

        key = strndup(text + 1, length >= 2 ? length - 2 : 0);
        text = skip_white(text + length);
        if (*text != ':')
            return -EINVAL;
        text = skip_white(text + 1);
        length = value_length(text);
        value = strndup(text, length);
        if (!key || !value)
            return -ENOMEM;
        visit(key, value, userdata);
        text = skip_white(text + length);
        if (*text == ',')
            text = skip_white(text + 1);
    }
    return *text == '}' ? 0 : -EINVAL;
}
