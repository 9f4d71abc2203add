/*
 * The least that can stand between a key and a request's first byte: for each `y` it connects to a
 * loopback port, writes one request and reads what comes back.
 *
 * usage: ref_connect PORT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

static int ask(const struct sockaddr_in *address)
{
    static const char request[] = "GET /bare HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char answer[4096];
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
        write(fd, request, sizeof request - 1) != sizeof request - 1 ||
        read(fd, answer, sizeof answer) <= 0) {
        close(fd);
        return 1;
    }
    return close(fd);
}

int main(int argc, char **argv)
{
    char key;
    struct termios line;
    if (argc != 2 || tcgetattr(STDIN_FILENO, &line) != 0)
        return 64;
    cfmakeraw(&line);
    tcsetattr(STDIN_FILENO, TCSANOW, &line);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    while (read(STDIN_FILENO, &key, 1) == 1 && key == 'y')
        if (ask(&address) != 0)
            return 1;
    return 0;
}
