/*
 * dns_hang.c: a name server that does not answer, as a preloaded getaddrinfo.
 *
 * Names that begin with "loopback." are 127.0.0.1 (curl answers "localhost" by itself), so that a
 * test has a name of its own. Names that begin with "hang" sleep for SLIPWAY_DNS_HANG_MS (default
 * 20000) and then fail for the time being; all others go through. A file named by
 * SLIPWAY_DNS_HANG_FILE makes every name that is not a literal address hang while it exists.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef int (*lookup_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static bool is_literal(const char *name)
{
    unsigned char address[16];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static bool is_hanging(const char *name)
{
    const char *file = getenv("SLIPWAY_DNS_HANG_FILE");
    if (!name || is_literal(name))
        return false;
    return strncmp(name, "hang", 4) == 0 || (file && access(file, F_OK) == 0);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    if (is_hanging(name)) {
        const char *text = getenv("SLIPWAY_DNS_HANG_MS");
        long ms = text ? strtol(text, NULL, 10) : 20000;
        struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        while (nanosleep(&wait, &wait) != 0)
            continue;
        return EAI_AGAIN;
    }
    lookup_fn real;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof(real));
    if (name && strncmp(name, "loopback.", 9) == 0)
        name = "127.0.0.1";
    return real ? real(name, service, hints, out) : EAI_SYSTEM;
}
