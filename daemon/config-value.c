/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kinds of values in configuration files. Numbers and names are ASCII; the locale has no say.
 */
#include <config.h>

#include "daemon/config-value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/clock.h"

static const struct {
    const char *name;
    int64_t usec;
} units[] = {
    {"us", 1},
    {"ms", USEC_PER_MSEC},
    {"s", USEC_PER_SEC},
    {"sec", USEC_PER_SEC},
    {"second", USEC_PER_SEC},
    {"seconds", USEC_PER_SEC},
    {"m", 60 * USEC_PER_SEC},
    {"min", 60 * USEC_PER_SEC},
    {"minute", 60 * USEC_PER_SEC},
    {"minutes", 60 * USEC_PER_SEC},
    {"h", 3600 * USEC_PER_SEC},
    {"hr", 3600 * USEC_PER_SEC},
    {"hour", 3600 * USEC_PER_SEC},
    {"hours", 3600 * USEC_PER_SEC},
    {"d", 86400 * USEC_PER_SEC},
    {"day", 86400 * USEC_PER_SEC},
    {"days", 86400 * USEC_PER_SEC},
    {"w", 7 * 86400 * USEC_PER_SEC},
    {"week", 7 * 86400 * USEC_PER_SEC},
    {"weeks", 7 * 86400 * USEC_PER_SEC},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* Takes decimal digits off the front. Errors: -EINVAL there are none, -ERANGE. */
static int take_number(const char **text, int64_t *ret)
{
    int64_t number = 0;

    if (!is_digit(**text))
        return -EINVAL;
    for (; is_digit(**text); (*text)++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, **text - '0', &number))
            return -ERANGE;
    }
    *ret = number;
    return 0;
}

/* Takes a unit off the front; without one it is seconds. Error: -EINVAL. */
static int take_unit(const char **text, int64_t *ret_usec)
{
    size_t bytes = 0;

    while (is_letter((*text)[bytes]))
        bytes++;
    if (bytes == 0) {
        *ret_usec = USEC_PER_SEC;
        return 0;
    }
    for (size_t i = 0; i < ELEMENTS(units); i++) {
        if (strlen(units[i].name) == bytes && memcmp(units[i].name, *text, bytes) == 0) {
            *ret_usec = units[i].usec;
            *text += bytes;
            return 0;
        }
    }
    return -EINVAL;
}

int config_parse_duration(const char *text, int64_t *ret_usec)
{
    int64_t total = 0, number, unit;
    int r;

    text = skip_blanks(text);
    if (strcmp(text, "infinity") == 0) {
        *ret_usec = USEC_INFINITY;
        return 0;
    }
    do {
        r = take_number(&text, &number);
        if (r < 0)
            return r;
        text = skip_blanks(text);
        r = take_unit(&text, &unit);
        if (r < 0)
            return r;
        if (__builtin_mul_overflow(number, unit, &number) ||
            __builtin_add_overflow(total, number, &total) || total > CONFIG_DURATION_MAX_USEC)
            return -ERANGE;
        text = skip_blanks(text);
    } while (*text);
    *ret_usec = total;
    return 0;
}

static int set_in_range(const struct config_key *key, int64_t value, void *member)
{
    bool fits = value == INT64_MAX ? key->infinity : value >= key->min && value <= key->max;

    if (!fits)
        return -EINVAL;
    *(int64_t *)member = value;
    return 0;
}

int config_parse_number(const char *text, int64_t *ret)
{
    int64_t value = INT64_MAX;

    if (strcmp(text, "infinity") != 0 &&
        (take_number(&text, &value) < 0 || *text || value == INT64_MAX))
        return -EINVAL;
    *ret = value;
    return 0;
}

static int parse_number(const struct config_key *key, const char *text, void *member)
{
    int64_t value;

    return config_parse_number(text, &value) < 0 ? -EINVAL : set_in_range(key, value, member);
}

void config_print_number(int64_t number, FILE *stream)
{
    if (number == INT64_MAX)
        (void)fputs("infinity", stream); /* errors stay with the stream, here and below */
    else
        (void)fprintf(stream, "%" PRIi64, number);
}

static void print_number(const struct config_key *key, const void *member, FILE *stream)
{
    (void)key; /* every key writes them alike */
    config_print_number(*(const int64_t *)member, stream);
}

static int parse_duration(const struct config_key *key, const char *text, void *member)
{
    int64_t usec;

    if (config_parse_duration(text, &usec) < 0)
        return -EINVAL;
    return set_in_range(key, usec, member);
}

void config_print_duration(int64_t usec, FILE *stream)
{
    static const struct {
        const char *name;
        int64_t usec;
    } exact[] = {{"d", 86400 * USEC_PER_SEC}, {"h", 3600 * USEC_PER_SEC},
                 {"min", 60 * USEC_PER_SEC},  {"s", USEC_PER_SEC},
                 {"ms", USEC_PER_MSEC},       {"us", 1}};

    if (usec == USEC_INFINITY) {
        (void)fputs("infinity", stream);
        return;
    }
    for (size_t i = 0; i < ELEMENTS(exact); i++) {
        if (usec % exact[i].usec == 0 && (usec > 0 || exact[i].usec == USEC_PER_SEC)) {
            (void)fprintf(stream, "%" PRIi64 "%s", usec / exact[i].usec, exact[i].name);
            return;
        }
    }
}

static void print_duration(const struct config_key *key, const void *member, FILE *stream)
{
    (void)key; /* every key writes them alike */
    config_print_duration(*(const int64_t *)member, stream);
}

static int parse_duration_or_auto(const struct config_key *key, const char *text, void *member)
{
    if (strcmp(text, CONFIG_AUTO) != 0)
        return parse_duration(key, text, member);
    *(int64_t *)member = CONFIG_DURATION_AUTO;
    return 0;
}

static void print_duration_or_auto(const struct config_key *key, const void *member, FILE *stream)
{
    if (*(const int64_t *)member == CONFIG_DURATION_AUTO)
        (void)fputs(CONFIG_AUTO, stream);
    else
        print_duration(key, member, stream);
}

static int parse_enum(const struct config_key *key, const char *text, void *member)
{
    for (int i = 0; key->names[i]; i++) {
        if (strcmp(key->names[i], text) == 0) {
            memcpy(member, &i, sizeof(i));
            return 0;
        }
    }
    return -EINVAL;
}

static void print_enum(const struct config_key *key, const void *member, FILE *stream)
{
    int index;

    memcpy(&index, member, sizeof(index));
    (void)fputs(key->names[index], stream);
}

const struct config_type config_type_number = {.parse = parse_number, .print = print_number};
const struct config_type config_type_duration = {.parse = parse_duration, .print = print_duration};
const struct config_type config_type_enum = {.parse = parse_enum, .print = print_enum};
const struct config_type config_type_duration_or_auto = {.parse = parse_duration_or_auto,
                                                         .print = print_duration_or_auto};
