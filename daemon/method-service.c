/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns org.varlink.service: what any Varlink client may ask any service.
 */
#include <config.h>

#include <string.h>

#include "common/macro.h"
#include "daemon/method.h"

/* Of all interfaces, those that the caller's socket serves. */
static size_t served(const struct call *call, const char *ret_names[], size_t most)
{
    unsigned socket = 1U << call->connection->kind;
    size_t count = 0;

    for (const char *const *name = protocol_interfaces; *name != NULL; name++) {
        bool here = false;

        for (size_t i = 0; i < method_count; i++)
            here = here || (method_is_of(&methods[i], *name) && (methods[i].sockets & socket) != 0);
        if (here && count < most)
            ret_names[count++] = *name;
    }
    return count;
}

int method_get_info(struct call *call)
{
    const char *names[16];
    const struct get_info_out out = {
        .vendor = "sessmgr",
        .product = "sessmgrd",
        .version = PACKAGE_VERSION,
        .url = "man:sessmgrd(8)",
        .interfaces = {.count = served(call, names, ELEMENTS(names)), .items = names},
    };

    call_reply(call, &out);
    return 0;
}

int method_get_interface_description(struct call *call)
{
    const struct interface_description_in *in = call->in;
    const struct interface_description_out out = {
        .description = protocol_interface_text(in->interface),
    };
    const struct interface_error error = {.interface = in->interface};

    if (out.description == NULL)
        call_error(call, VARLINK_INTERFACE_NOT_FOUND, &interface_error_fields, &error);
    else
        call_reply(call, &out);
    return 0;
}
