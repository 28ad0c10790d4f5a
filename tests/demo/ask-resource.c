/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ask-resource SOCKET: a client of examples/unix-resource. Sends the line on standard input (a
 * token, which nobody shall read in the arguments) and prints the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192 };

int main(int argc, char *argv[])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[LINE_MAX_BYTES + 2];
    ssize_t n;
    int fd;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        (void)fprintf(stderr, "usage: ask-resource SOCKET <TOKEN\n");
        return 2;
    }
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    if (fgets(line, (int)sizeof(line), stdin) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    n = send(fd, line, strlen(line), MSG_NOSIGNAL);
    if (n >= 0)
        n = send(fd, "\n", 1, MSG_NOSIGNAL);
    while (n > 0 && (n = recv(fd, line, sizeof(line), 0)) > 0)
        (void)fwrite(line, 1, (size_t)n, stdout);
    (void)close(fd);
    return n == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
