/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kinds of values in configuration files: how each is read and written.
 */
#ifndef SESSMGR_CONFIG_VALUE_H
#define SESSMGR_CONFIG_VALUE_H

#include <stdint.h>

#include "daemon/config-table.h"

/* int64_t: decimal digits, or "infinity" where the key allows it. */
extern const struct config_type config_type_number;

/* int64_t, microseconds: a duration as config_parse_duration() reads it. */
extern const struct config_type config_type_duration;

/* The same, or "auto": CONFIG_DURATION_AUTO. Of keys whose min is above 0. */
extern const struct config_type config_type_duration_or_auto;

/* int (or an enum): an index into the key's names. */
extern const struct config_type config_type_enum;

/* char **, ended by NULL, owned: names of PAM services, separated by spaces. They are kept in lower
 * case, which is what libpam makes of them (pam_start(3)). */
extern const struct config_type config_type_services;

/* The same of scopes, as RFC 6749 section 3.3 writes each: SCOPES_MAX at the most.
 */
extern const struct config_type config_type_scopes;

/* The same of audiences: printable ASCII without quotes; "auto" is an empty list. */
extern const struct config_type config_type_audiences;

/* char *, owned: an issuer, printable ASCII without quotes; "auto" is NULL. */
extern const struct config_type config_type_issuer;

/* unsigned: words out of the key's names, a bit for each. */
extern const struct config_type config_type_set;

/* struct warnings, struct extension and struct hours of settings.h. */
extern const struct config_type config_type_warnings;
extern const struct config_type config_type_extension;
extern const struct config_type config_type_hours;

/* char *, owned: the rest of the line; NULL for none. */
extern const struct config_type config_type_text;

/* struct pattern_list: patterns of users, of groups (which are looked up when they are read, by a
 * name service), of services and of remote hosts. */
extern const struct config_type config_type_users;
extern const struct config_type config_type_groups;
extern const struct config_type config_type_service_patterns;
extern const struct config_type config_type_hosts;

#define CONFIG_AUTO "auto"

/* So that a deadline can always be computed: a hundred years. */
#define CONFIG_DURATION_AUTO     INT64_C(0)
#define CONFIG_DURATION_MAX_USEC (INT64_C(36525) * 86400 * 1000000)

/*
 * Parses a duration as systemd.time(7) writes them: numbers with a unit (us, ms, s sec second
 * seconds, m min minute minutes, h hr hour hours, d day days, w week weeks), one after the other; a
 * number without a unit is seconds; "infinity" is USEC_INFINITY. No fractions, no months or years.
 * Errors: -EINVAL, -ERANGE beyond CONFIG_DURATION_MAX_USEC.
 */
int config_parse_duration(const char *text, int64_t *ret_usec);

/* A decimal number, or "infinity" (INT64_MAX). Error: -EINVAL. */
int config_parse_number(const char *text, int64_t *ret);

/* Write what the two above read, without a blank in it. */
void config_print_duration(int64_t usec, FILE *stream);
void config_print_number(int64_t number, FILE *stream);

#endif
