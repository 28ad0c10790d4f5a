/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the options of the command line; see options.h.
 */
#include "config.h"

#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/help.h"
#include "ctl/when.h"

enum {
    ID_DIGITS = 32,
    REQUEST_ID_MAX_BYTES = 128,
    FINGERPRINT_DIGITS = 43, /* of base64 */
};

enum {
    OPTION_JSON = 0x100,
    OPTION_NO_LEGEND,
    OPTION_NO_PAGER,
    OPTION_SOCKET,
    OPTION_VERSION,
    OPTION_SESSION,
    OPTION_JWT,
    OPTION_OPAQUE,
    OPTION_AUDIENCE,
    OPTION_SCOPE,
    OPTION_LIFETIME,
    OPTION_REFRESH,
    OPTION_REQUEST_ID,
    OPTION_UID,
    OPTION_TOUCH,
    OPTION_OFFLINE,
    OPTION_ISSUER,
    OPTION_QUIET,
    OPTION_JWKS,
    OPTION_ROTATE,
    OPTION_FORCE,
    OPTION_SESSMGRD,
    OPTION_KEY,
    OPTION_USER,
    OPTION_SERVICE,
    OPTION_FROM,
    OPTION_POLICY,
    OPTION_DRY_RUN,
    OPTION_YES,
    OPTION_UNTIL,
    OPTION_TERMINATE,
    OPTION_TTY,
};

static const struct rule {
    const char *name;
    int argument; /* no_argument or required_argument */
    int value;
    unsigned bit; /* of enum option_bit; 0: for every command */
} rules[] = {
    {"all", no_argument, 'a', TAKES_ALL},
    {"message", required_argument, 'm', TAKES_MESSAGE},
    {"json", required_argument, OPTION_JSON, 0},
    {"no-legend", no_argument, OPTION_NO_LEGEND, TAKES_NO_LEGEND},
    {"no-pager", no_argument, OPTION_NO_PAGER, TAKES_NO_PAGER},
    {"socket", required_argument, OPTION_SOCKET, 0},
    {"session", required_argument, OPTION_SESSION, TAKES_SESSION},
    {"jwt", no_argument, OPTION_JWT, TAKES_KIND},
    {"opaque", no_argument, OPTION_OPAQUE, TAKES_KIND},
    {"audience", required_argument, OPTION_AUDIENCE, TAKES_EXPECTATION},
    {"scope", required_argument, OPTION_SCOPE, TAKES_EXPECTATION},
    {"lifetime", required_argument, OPTION_LIFETIME, TAKES_LIFETIME},
    {"refresh", no_argument, OPTION_REFRESH, TAKES_REFRESH},
    {"request-id", required_argument, OPTION_REQUEST_ID, TAKES_REQUEST_ID},
    {"uid", required_argument, OPTION_UID, TAKES_VALIDATION},
    {"touch", no_argument, OPTION_TOUCH, TAKES_VALIDATION},
    {"offline", required_argument, OPTION_OFFLINE, TAKES_VALIDATION},
    {"issuer", required_argument, OPTION_ISSUER, TAKES_VALIDATION},
    {"quiet", no_argument, OPTION_QUIET, TAKES_VALIDATION},
    {"jwks", no_argument, OPTION_JWKS, TAKES_KEYS},
    {"rotate", no_argument, OPTION_ROTATE, TAKES_KEYS},
    {"force", no_argument, OPTION_FORCE, TAKES_STORE},
    {"sessmgrd", required_argument, OPTION_SESSMGRD, TAKES_SESSMGRD},
    {"help", no_argument, 'h', 0},
    {"version", no_argument, OPTION_VERSION, 0},
    {"key", required_argument, OPTION_KEY, TAKES_TERMINATE},
    {"user", required_argument, OPTION_USER, TAKES_TERMINATE},
    {"service", required_argument, OPTION_SERVICE, TAKES_ORIGIN},
    {"from", required_argument, OPTION_FROM, TAKES_ORIGIN},
    {"policy", required_argument, OPTION_POLICY, TAKES_TERMINATE},
    {"dry-run", no_argument, OPTION_DRY_RUN, TAKES_TERMINATE},
    {"yes", no_argument, OPTION_YES, TAKES_TERMINATE},
    {"until", required_argument, OPTION_UNTIL, TAKES_LOCK},
    {"terminate", no_argument, OPTION_TERMINATE, TAKES_LOCK},
    {"tty", required_argument, OPTION_TTY, TAKES_TTY},
};
_Static_assert(ELEMENTS(rules) <= 64, "struct options has a bit for each");

enum exit_code usage_error(const char *what, const char *text)
{
    CLEANUP(freep) char *printable = format_printable(text);

    fprintf(stderr, "sessmgrctl: %s%s\nTry 'sessmgrctl --help'.\n", what,
            printable ? printable : "");
    return CODE_USAGE;
}

bool options_is_id(const char *text, size_t digits_min)
{
    size_t length = strlen(text);

    return length >= digits_min && length <= ID_DIGITS &&
           strspn(text, "0123456789abcdef") == length;
}

bool options_have_filter(const struct options *options)
{
    const struct sessmgr_filter *filter = &options->filter;

    return filter->auth_key || filter->user || filter->service || filter->remote_host ||
           filter->policy;
}

/* As "ssh-keygen -l" prints it: SHA-256 in base64 without padding. */
static bool is_fingerprint(const char *text)
{
    static const char head[] = "SHA256:";

    if (strncmp(text, head, strlen(head)) != 0)
        return false;
    text += strlen(head);
    return strlen(text) == FINGERPRINT_DIGITS &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
               FINGERPRINT_DIGITS;
}

static bool parse_json_mode(const char *text, enum json_mode *ret)
{
    static const char *const names[] = {
        [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty"};

    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum json_mode)i;
            return true;
        }
    return false;
}

bool options_parse_uid(const char *text, int64_t *ret)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret = strtoimax(text, &end, 10);
    return errno == 0 && *end == '\0' && *ret < UINT32_MAX;
}

/* Adds scopes, separated by spaces or commas, to those given before. */
static bool add_scopes(const char *text, struct options *options)
{
    size_t used = strlen(options->scopes), length = strlen(text);

    if (used + 1 + length >= sizeof(options->scopes))
        return false;
    if (used > 0)
        options->scopes[used++] = ' ';
    for (size_t i = 0; i <= length; i++)
        options->scopes[used + i] = text[i] == ',' ? ' ' : text[i];
    return true;
}

static size_t rule_of(int option)
{
    size_t i = 0;

    while (rules[i].value != option) /* getopt yields no others */
        i++;
    return i;
}

/* Takes the options that have values that can be wrong, or says what is wrong with one. */
static enum exit_code take_value(int option, struct options *options)
{
    switch (option) {
    case OPTION_JSON:
        if (!parse_json_mode(optarg, &options->json))
            return usage_error("--json= takes short, pretty or off, not ", optarg);
        break;
    case OPTION_SESSION:
        if (!options_is_id(optarg, 1))
            return usage_error("--session= takes 1 to 32 digits 0-9a-f, not ", optarg);
        break;
    case OPTION_AUDIENCE:
    case OPTION_ISSUER:
    case OPTION_OFFLINE:
    case OPTION_USER: /* a variable of a script that is empty means nobody, and not everybody */
    case OPTION_SERVICE:
    case OPTION_FROM:
    case OPTION_POLICY:
    case OPTION_TTY:
        if (*optarg == '\0')
            return usage_error("a name is missing after --", rules[rule_of(option)].name);
        break;
    case OPTION_REQUEST_ID:
        if (*optarg == '\0' || strlen(optarg) > REQUEST_ID_MAX_BYTES)
            return usage_error("--request-id= takes 1 to 128 bytes, not ", optarg);
        break;
    case OPTION_SCOPE: /* to ask for none would be to ask for all, and to check none no check */
        if (optarg[strspn(optarg, " ,")] == '\0')
            return usage_error("--scope= takes one scope at least, not ", optarg);
        if (!add_scopes(optarg, options))
            return usage_error("too many scopes: ", optarg);
        break;
    case OPTION_LIFETIME:
        if (!when_parse_span(optarg, &options->lifetime_sec))
            return usage_error(
                "--lifetime= takes a time above 0 such as 30s, 5min or 1h 30min, not ", optarg);
        break;
    case OPTION_JWT:
    case OPTION_OPAQUE:
        if (options->kind != SESSMGR_TOKEN_DEFAULT &&
            options->kind != (option == OPTION_JWT ? SESSMGR_TOKEN_JWT : SESSMGR_TOKEN_OPAQUE))
            return usage_error("--jwt and --opaque exclude each other", "");
        break;
    case OPTION_KEY:
        if (!is_fingerprint(optarg))
            return usage_error("--key= takes SHA256: and 43 characters, as ssh-keygen -l prints "
                               "them, not ",
                               optarg);
        break;
    case OPTION_UID:
        if (!options_parse_uid(optarg, &options->uid))
            return usage_error("--uid= takes a number, not ", optarg);
        break;
    default:
        break;
    }
    return CODE_OK;
}

/* Takes all others. */
static void take_flag(int option, struct options *options)
{
    const struct {
        int option;
        bool *flag;
        bool value;
        const char **text;
    } members[] = {
        {'a', &options->all, true, NULL},
        {'m', NULL, false, &options->message},
        {OPTION_NO_LEGEND, &options->legend, false, NULL},
        {OPTION_NO_PAGER, &options->pager, false, NULL},
        {OPTION_SOCKET, NULL, false, &options->socket_path},
        {OPTION_SESSION, NULL, false, &options->session_id},
        {OPTION_AUDIENCE, NULL, false, &options->audience},
        {OPTION_REFRESH, &options->refresh, true, NULL},
        {OPTION_REQUEST_ID, NULL, false, &options->request_id},
        {OPTION_TOUCH, &options->touch, true, NULL},
        {OPTION_OFFLINE, NULL, false, &options->offline},
        {OPTION_ISSUER, NULL, false, &options->issuer},
        {OPTION_QUIET, &options->quiet, true, NULL},
        {OPTION_JWKS, &options->jwks, true, NULL},
        {OPTION_ROTATE, &options->rotate, true, NULL},
        {OPTION_FORCE, &options->force, true, NULL},
        {OPTION_SESSMGRD, NULL, false, &options->sessmgrd},
        {OPTION_KEY, NULL, false, &options->filter.auth_key},
        {OPTION_USER, NULL, false, &options->filter.user},
        {OPTION_SERVICE, NULL, false, &options->filter.service},
        {OPTION_FROM, NULL, false, &options->filter.remote_host},
        {OPTION_POLICY, NULL, false, &options->filter.policy},
        {OPTION_DRY_RUN, &options->dry_run, true, NULL},
        {OPTION_YES, &options->yes, true, NULL},
        {OPTION_UNTIL, NULL, false, &options->until},
        {OPTION_TERMINATE, &options->terminate, true, NULL},
        {OPTION_TTY, NULL, false, &options->tty},
    };

    if (option == OPTION_JWT || option == OPTION_OPAQUE) /* take_value() let no two through */
        options->kind = option == OPTION_JWT ? SESSMGR_TOKEN_JWT : SESSMGR_TOKEN_OPAQUE;
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        if (members[i].option != option)
            continue;
        if (members[i].flag)
            *members[i].flag = members[i].value;
        if (members[i].text)
            *members[i].text = optarg;
    }
}

enum exit_code options_parse(int argc, char **argv, struct options *ret, bool *ret_done)
{
    struct option long_options[ELEMENTS(rules) + 1] = {{0}};
    struct options options = {.json = JSON_OFF,
                              .legend = true,
                              .pager = true,
                              .kind = SESSMGR_TOKEN_DEFAULT,
                              .lifetime_sec = -1,
                              .uid = -1,
                              .filter = SESSMGR_FILTER_INIT};
    enum exit_code code = CODE_OK;
    int option;

    for (size_t i = 0; i < ELEMENTS(rules); i++)
        long_options[i] = (struct option){rules[i].name, rules[i].argument, NULL, rules[i].value};
    while (code == CODE_OK && (option = getopt_long(argc, argv, "am:h", long_options, NULL)) >= 0) {
        if (option == '?') { /* getopt has said what it does not know */
            fputs("Try 'sessmgrctl --help'.\n", stderr);
            return CODE_USAGE;
        }
        if (option == 'h' || option == OPTION_VERSION) {
            fputs(option == 'h' ? help_text : "sessmgrctl " PACKAGE_VERSION "\n", stdout);
            *ret_done = true;
            return CODE_OK;
        }
        options.given |= UINT64_C(1) << rule_of(option);
        code = take_value(option, &options);
        if (code == CODE_OK)
            take_flag(option, &options);
    }
    *ret = options;
    return code;
}

enum exit_code options_check(const struct options *options, const char *command, unsigned takes)
{
    char text[128];

    for (size_t i = 0; i < ELEMENTS(rules); i++) {
        if ((options->given & UINT64_C(1) << i) == 0 || (rules[i].bit & ~takes) == 0)
            continue;
        (void)snprintf(text, sizeof(text), "--%s%s is not for ", rules[i].name,
                       rules[i].argument == required_argument ? "=" : "");
        return usage_error(text, command);
    }
    return CODE_OK;
}
