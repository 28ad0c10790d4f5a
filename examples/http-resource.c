/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http-resource [OPTION...] PORT: what HTTP services ask about tokens, on loopback alone
 * (127.0.0.1; PORT 0: any, printed when it is ready).
 *
 *   POST /introspect               RFC 7662: token=... in the body
 *   POST /revoke                   RFC 7009: token=... in the body
 *   GET  /.well-known/jwks.json    RFC 7517: the public keys
 *   GET  /auth                     for nginx's auth_request, with "Authorization: Bearer ...":
 *                                  204, X-Sessmgr-User and X-Sessmgr-Session, or 401 (RFC 6750)
 *
 *   --audience=NAME            /auth: tokens have to be for this audience; without it one that was
 *                              meant for another service opens this one too
 *   --scope=SCOPES             /auth: and good for all of these
 *   --introspect-scope=SCOPES  who introspects needs a bearer token of its own, good for these (RFC
 *                              7662 section 2.1), and for the audience; without it loopback is the
 *                              protection
 *   --sessmgr=PATH             the session manager's socket, where it is not the usual one
 *
 * Where the session manager cannot say, the answer is 503. That a scope is missing is not told from
 * any other reason: 401, never 403. One thread; SIGTERM and SIGINT end it.
 * Long because it is one file to copy.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "libsessmgr/sessmgr.h"

enum { BODY_MAX_BYTES = 16384 };

static volatile sig_atomic_t stopped;

struct service {
    struct sessmgr *sessmgr;
    struct sessmgr_expectation expectation; /* of what comes to /auth */
    const char *introspect_scope;           /* NULL: anybody may introspect */
};

/* One request while its body arrives. */
struct request {
    struct MHD_PostProcessor *post;
    size_t body_bytes;
    bool spoilt; /* two tokens, or one that no C string can hold */
    size_t token_bytes;
    char token[BODY_MAX_BYTES + 1];
};

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_HEADERS   ((const char *const[]){NULL})

/* Queues an answer; headers: names and values, ended by NULL. Takes text over. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text,
                              const char *const *headers)
{
    size_t length = text != NULL ? strlen(text) : 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        length, text != NULL ? text : (void *)(uintptr_t) "",
        text != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    enum MHD_Result r;

    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    for (size_t i = 0; headers[i] != NULL; i += 2)
        (void)MHD_add_response_header(response, headers[i], headers[i + 1]);
    r = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return r;
}

static enum MHD_Result answer_unknown(struct MHD_Connection *connection)
{
    return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, HEADERS("Retry-After", "1"));
}

/* A JSON string of what is UTF-8 already. */
static void print_json(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', stream);
        if ((unsigned char)*text < ' ')
            fprintf(stream, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, stream);
    }
    fputc('"', stream);
}

/* RFC 7662 section 2.2. To be freed. */
static char *describe(const struct sessmgr_validation *validation)
{
    char *text = NULL;
    size_t size, count;
    FILE *stream = open_memstream(&text, &size);

    if (stream == NULL)
        return NULL;
    fprintf(stream, "{\"active\":%s", validation != NULL ? "true" : "false");
    if (validation != NULL) {
        const char *audience = sessmgr_validation_get_audience(validation);
        int64_t expires = sessmgr_validation_get_expires_usec(validation);

        fputs(",\"token_type\":\"Bearer\",\"username\":", stream);
        print_json(stream, sessmgr_validation_get_user(validation));
        fputs(",\"sub\":", stream);
        print_json(stream, sessmgr_validation_get_user(validation));
        fprintf(stream, ",\"uid\":%u,\"sid\":", (unsigned)sessmgr_validation_get_uid(validation));
        print_json(stream, sessmgr_validation_get_session_id(validation));
        if (audience != NULL) {
            fputs(",\"aud\":", stream);
            print_json(stream, audience);
        }
        if (expires >= 0)
            fprintf(stream, ",\"exp\":%" PRId64, expires / 1000000);
        count = sessmgr_validation_get_scope_count(validation);
        for (size_t i = 0; i < count; i++)
            fprintf(stream, "%s%s%s", i == 0 ? ",\"scope\":\"" : " ",
                    sessmgr_validation_get_scope(validation, i), i + 1 == count ? "\"" : "");
    }
    fputc('}', stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

static const char *bearer_token(struct MHD_Connection *connection)
{
    const char *header =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    return header + 7 + strspn(header + 7, " ");
}

/* Validates the token that the request itself came with; no token is no good one. *ret is NULL or
 * to be freed. */
static int validate_bearer(struct MHD_Connection *connection, const struct service *service,
                           const char *scope, struct sessmgr_validation **ret)
{
    struct sessmgr_expectation expectation = service->expectation;
    const char *token = bearer_token(connection);

    expectation.scope = scope;
    return token == NULL ? 0 : sessmgr_validate(service->sessmgr, token, &expectation, ret);
}

/* Answers a request whose own token is not good (verdict 0), or not known to be. RFC 6750 section
 * 3: who brought none is not told of an error. */
static enum MHD_Result refuse(struct MHD_Connection *connection, int verdict)
{
    if (verdict < 0)
        return answer_unknown(connection);
    return answer(connection, MHD_HTTP_UNAUTHORIZED, NULL,
                  HEADERS("WWW-Authenticate", bearer_token(connection) == NULL
                                                  ? "Bearer"
                                                  : "Bearer error=\"invalid_token\""));
}

static enum MHD_Result introspect_token(struct MHD_Connection *connection,
                                        const struct service *service, const char *token)
{
    struct sessmgr_validation *validation = NULL;
    char *text;
    int r;

    if (service->introspect_scope != NULL) {
        r = validate_bearer(connection, service, service->introspect_scope, &validation);
        sessmgr_validation_free(validation);
        validation = NULL;
        if (r <= 0)
            return refuse(connection, r);
    }
    r = sessmgr_validate(service->sessmgr, token, NULL, &validation);
    if (r < 0)
        return answer_unknown(connection);
    text = describe(validation);
    sessmgr_validation_free(validation);
    if (text == NULL)
        return answer_unknown(connection);
    return answer(connection, MHD_HTTP_OK, text, HEADERS("Content-Type", "application/json"));
}

static enum MHD_Result revoke_token(struct MHD_Connection *connection,
                                    const struct service *service, const char *token)
{
    if (sessmgr_revoke(service->sessmgr, token) < 0)
        return answer_unknown(connection);
    return answer(connection, MHD_HTTP_OK, NULL, NO_HEADERS);
}

static enum MHD_Result get_keys(struct MHD_Connection *connection, const struct service *service,
                                const char *token)
{
    char *text;

    (void)token;
    if (sessmgr_get_keys(service->sessmgr, &text) < 0)
        return answer_unknown(connection);
    return answer(connection, MHD_HTTP_OK, text,
                  HEADERS("Content-Type", "application/jwk-set+json"));
}

/* A header's value is one line. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static enum MHD_Result authenticate(struct MHD_Connection *connection,
                                    const struct service *service, const char *token)
{
    struct sessmgr_validation *validation = NULL;
    enum MHD_Result result;
    int r = validate_bearer(connection, service, service->expectation.scope, &validation);

    (void)token;
    if (r > 0 && is_plain(sessmgr_validation_get_user(validation)))
        result =
            answer(connection, MHD_HTTP_NO_CONTENT, NULL,
                   HEADERS("X-Sessmgr-User", sessmgr_validation_get_user(validation),
                           "X-Sessmgr-Session", sessmgr_validation_get_session_id(validation)));
    else
        result = refuse(connection, r > 0 ? 0 : r);
    sessmgr_validation_free(validation);
    return result;
}

static const struct {
    const char *path, *method;
    bool wants_token;
    enum MHD_Result (*handle)(struct MHD_Connection *connection, const struct service *service,
                              const char *token);
} routes[] = {
    {"/introspect", "POST", true, introspect_token},
    {"/revoke", "POST", true, revoke_token},
    {"/.well-known/jwks.json", "GET", false, get_keys},
    {"/auth", "GET", false, authenticate},
};

static enum MHD_Result take_field(void *userdata, enum MHD_ValueKind kind, const char *key,
                                  const char *filename, const char *content_type,
                                  const char *transfer_encoding, const char *data, uint64_t offset,
                                  size_t size)
{
    struct request *request = userdata;

    (void)kind;
    (void)filename;
    (void)content_type;
    (void)transfer_encoding;
    if (strcmp(key, "token") != 0)
        return MHD_YES; /* token_type_hint and others say nothing that is needed */
    /* A decoded body is never longer than the body. Where a NUL ended it early, a good token and
     * something more would pass for the good one. */
    if (offset != request->token_bytes || size > BODY_MAX_BYTES - request->token_bytes ||
        memchr(data, '\0', size) != NULL) {
        request->spoilt = true;
        return MHD_NO;
    }
    memcpy(request->token + request->token_bytes, data, size);
    request->token_bytes += size;
    return MHD_YES;
}

static enum MHD_Result route(struct MHD_Connection *connection, const struct service *service,
                             const char *path, const char *method, const struct request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(routes[i].path, path) != 0)
            continue;
        if (strcmp(routes[i].method, method) != 0)
            return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, NULL,
                          HEADERS("Allow", routes[i].method));
        if (request->body_bytes > BODY_MAX_BYTES)
            return answer(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL, NO_HEADERS);
        if (routes[i].wants_token && (request->spoilt || request->token_bytes == 0))
            return answer(connection, MHD_HTTP_BAD_REQUEST,
                          strdup("{\"error\":\"invalid_request\"}"),
                          HEADERS("Content-Type", "application/json"));
        return routes[i].handle(connection, service, request->token);
    }
    return answer(connection, MHD_HTTP_NOT_FOUND, NULL, NO_HEADERS);
}

/* The only encoding that the RFCs have; libmicrohttpd would take multipart/form-data as well. */
static bool is_form(struct MHD_Connection *connection)
{
    static const char form[] = MHD_HTTP_POST_ENCODING_FORM_URLENCODED;
    const char *type =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);

    return type != NULL && strncasecmp(type, form, strlen(form)) == 0;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_bytes, void **context)
{
    struct request *request = *context;

    (void)version;
    if (request == NULL) {
        request = calloc(1, sizeof(*request));
        if (request == NULL)
            return MHD_NO;
        if (strcmp(method, "POST") == 0 && is_form(connection))
            request->post = MHD_create_post_processor(connection, 1024, take_field, request);
        *context = request;
        return MHD_YES;
    }
    if (*data_bytes > 0) {
        request->body_bytes += *data_bytes;
        if (request->post != NULL && request->body_bytes <= BODY_MAX_BYTES)
            request->spoilt |= MHD_post_process(request->post, data, *data_bytes) != MHD_YES;
        *data_bytes = 0;
        return MHD_YES;
    }
    /* Only now does it hand over the last bytes. */
    if (request->post != NULL)
        request->spoilt |= MHD_destroy_post_processor(request->post) != MHD_YES;
    request->post = NULL;
    return route(connection, userdata, path, method, request);
}

static void on_completed(void *userdata, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *context;

    (void)userdata;
    (void)connection;
    (void)code;
    if (request == NULL)
        return;
    if (request->post != NULL)
        (void)MHD_destroy_post_processor(request->post);
    explicit_bzero(request, sizeof(*request));
    free(request);
}

/* Serves until a signal comes. */
static int serve(struct service *service, unsigned short port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const union MHD_DaemonInfo *info;
    struct MHD_Daemon *http = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, port, NULL, NULL, on_request, service,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_CONNECTION_LIMIT, 64U, MHD_OPTION_END);

    if (http == NULL) {
        (void)fprintf(stderr, "http-resource: cannot listen on 127.0.0.1:%u\n", port);
        return EXIT_FAILURE;
    }
    info = MHD_get_daemon_info(http, MHD_DAEMON_INFO_BIND_PORT);
    (void)printf("127.0.0.1:%u\n", info != NULL ? info->port : port);
    (void)fflush(stdout);
    while (!stopped)
        (void)poll(NULL, 0, 200);
    MHD_stop_daemon(http);
    return EXIT_SUCCESS;
}

/* Returns the port, or -1 for a wrong call. */
static long parse(int argc, char *argv[], struct service *ret, const char **ret_sessmgr)
{
    static const struct option options[] = {{"audience", required_argument, NULL, 'a'},
                                            {"scope", required_argument, NULL, 's'},
                                            {"introspect-scope", required_argument, NULL, 'i'},
                                            {"sessmgr", required_argument, NULL, 'S'},
                                            {NULL, 0, NULL, 0}};
    char *end;
    long port;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (c == 'a')
            ret->expectation.audience = optarg;
        else if (c == 's')
            ret->expectation.scope = optarg;
        else if (c == 'i')
            ret->introspect_scope = optarg;
        else if (c == 'S')
            *ret_sessmgr = optarg;
        else
            return -1;
    }
    if (optind + 1 != argc)
        return -1;
    port = strtol(argv[optind], &end, 10);
    return end != argv[optind] && *end == '\0' && port >= 0 && port <= 65535 ? port : -1;
}

int main(int argc, char *argv[])
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct service service = {.expectation = SESSMGR_EXPECTATION_INIT};
    const char *sessmgr_path = NULL;
    long port = parse(argc, argv, &service, &sessmgr_path);
    int status, r;

    if (port < 0) {
        (void)fprintf(stderr, "usage: http-resource [--audience=NAME] [--scope=SCOPES] "
                              "[--introspect-scope=SCOPES] [--sessmgr=PATH] PORT\n");
        return 2;
    }
    r = sessmgr_open(&service.sessmgr, sessmgr_path, 0);
    if (r < 0) {
        (void)fprintf(stderr, "http-resource: %s\n", sessmgr_strerror(r));
        return EXIT_FAILURE;
    }
    if (sigaction(SIGTERM, &action, NULL) < 0 || sigaction(SIGINT, &action, NULL) < 0 ||
        signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        perror("http-resource");
        sessmgr_close(service.sessmgr);
        return EXIT_FAILURE;
    }
    status = serve(&service, (unsigned short)port);
    sessmgr_close(service.sessmgr);
    return status;
}
