/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what the policy lets a session's tokens be; see token-issue.h.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config-value.h"
#include "daemon/manager.h"
#include "daemon/token-issue.h"

/* What TokenLifetimeSec=auto is to a JWT, which may be checked where nobody hears of its end. */
#define JWT_LIFETIME_USEC (300 * USEC_PER_SEC)

const struct token_settings *token_settings_of(const struct manager *manager,
                                               const struct session *session)
{
    const struct rule *rule =
        session == NULL ? NULL : config_find_rule(manager->config, session->record.info.policy);

    return rule == NULL ? &manager->config->fallback.settings.tokens : &rule->settings.tokens;
}

void token_issuer(const struct manager *manager, const struct token_settings *settings,
                  char ret[static TOKEN_ISSUER_MAX_BYTES + 1])
{
    if (settings->issuer != NULL)
        (void)snprintf(ret, TOKEN_ISSUER_MAX_BYTES + 1, "%s", settings->issuer); /* as parsed */
    else
        (void)snprintf(ret, TOKEN_ISSUER_MAX_BYTES + 1, "sessmgr:%s", manager->host_id); /* fits */
}

/* Takes the audience that was asked for, or the first one that may be. */
static int take_audience(const struct manager *manager, const struct token_settings *settings,
                         const char *asked, struct token_order *order, const char **ret_what)
{
    char issuer[TOKEN_ISSUER_MAX_BYTES + 1];
    const char *only[] = {issuer, NULL};
    const char *const *allowed = (const char *const *)settings->audiences;

    token_issuer(manager, settings, issuer);
    if (allowed[0] == NULL)
        allowed = only;
    if (asked == NULL)
        asked = allowed[0];
    while (*allowed != NULL && strcmp(*allowed, asked) != 0)
        allowed++;
    if (*allowed == NULL) {
        *ret_what = "Audience";
        return -EPERM;
    }
    (void)snprintf(order->terms, sizeof(order->terms), "%s", asked); /* as parsed */
    return 0;
}

static bool list_has(const struct string_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

/* Adds the scopes that were asked for, each once, or all that the session may have. */
static int take_scopes(const struct session *session, const struct string_list *asked,
                       struct token_order *order, const char **ret_what)
{
    const struct string_list *allowed = &session->record.info.scopes;
    size_t used = strlen(order->terms);

    if (asked->items == NULL) /* an empty list asks for none */
        asked = allowed;
    for (size_t i = 0; i < asked->count; i++) {
        const struct string_list before = {.count = i, .items = asked->items};

        if (!list_has(allowed, asked->items[i])) {
            *ret_what = "Scopes";
            return -EPERM;
        }
        if (list_has(&before, asked->items[i]))
            continue;
        /* no more than the session's own, each once: they fit */
        used += (size_t)snprintf(order->terms + used, sizeof(order->terms) - used, " %s",
                                 asked->items[i]);
    }
    return 0;
}

static int64_t longest_lifetime(const struct token_settings *settings, int kind)
{
    if (settings->lifetime_usec != CONFIG_DURATION_AUTO)
        return settings->lifetime_usec;
    return kind == TOKEN_JWT ? JWT_LIFETIME_USEC : USEC_INFINITY;
}

static int take_lifetime(const struct token_settings *settings, int64_t asked_usec,
                         struct token_order *order, const char **ret_what)
{
    int64_t longest = longest_lifetime(settings, order->kind);

    order->asked_usec = asked_usec;
    order->lifetime_usec = asked_usec < 0 ? longest : asked_usec;
    if (order->lifetime_usec <= longest)
        return 0;
    *ret_what = "TokenLifetimeSec";
    return -EPERM;
}

int token_order(const struct manager *manager, const struct session *session,
                const struct issue_token_in *in, struct token_order *ret, const char **ret_what)
{
    const struct token_settings *settings = token_settings_of(manager, session);
    const struct issue_token_in nothing = {.kind = TOKEN_KIND_NONE, .lifetime_sec = -1};
    int r;

    if (in == NULL)
        in = &nothing;
    if (in->lifetime_sec == 0 || in->lifetime_sec > CONFIG_DURATION_MAX_USEC / USEC_PER_SEC) {
        *ret_what = "lifetimeSec";
        return -EINVAL;
    }
    ret->kind = in->kind == TOKEN_KIND_NONE ? settings->type : in->kind;
    ret->bind_uid = settings->bind == BIND_UID;
    ret->refresh = in->refresh;
    ret->keeps = false;
    if (in->refresh && settings->refresh == 0) {
        *ret_what = "RefreshToken";
        return -EPERM;
    }
    r = take_lifetime(settings, in->lifetime_sec < 0 ? -1 : in->lifetime_sec * USEC_PER_SEC, ret,
                      ret_what);
    if (r >= 0)
        r = take_audience(manager, settings, in->audience, ret, ret_what);
    if (r >= 0)
        r = take_scopes(session, &in->scopes, ret, ret_what);
    return r;
}

int token_order_again(const struct manager *manager, const struct token *token,
                      struct token_order *ret, const char **ret_what)
{
    const struct token_settings *settings = token_settings_of(manager, token->session);
    char audience[AUDIENCE_MAX_BYTES + 1];
    int r;

    ret->kind = token->refreshing->kind;
    ret->bind_uid = token->bind_uid || settings->bind == BIND_UID;
    ret->refresh = true;
    ret->keeps = settings->rotation == ROTATION_NEVER;
    if (settings->refresh == 0) {
        *ret_what = "RefreshToken";
        return -EPERM;
    }
    r = take_lifetime(settings, token->refreshing->lifetime_usec, ret, ret_what);
    if (r < 0)
        return r;
    (void)snprintf(audience, sizeof(audience), "%.*s", (int)strcspn(token->terms, " "),
                   token->terms); /* it fits: that is how they were made */
    r = take_audience(manager, settings, audience, ret, ret_what);
    if (r < 0)
        return r;
    (void)snprintf(ret->terms, sizeof(ret->terms), "%s", token->terms); /* likewise */
    return 0;
}
