/* url.c: the address of an upstream as the configuration may give it.
 *
 * A credential is sent there, so the form is a short list of what is allowed,
 * not of what is forbidden. `localhost` is not a loopback address: a resolver
 * decides where it goes. */
#include "config/url.h"

#include <string.h>

#include "base/mem.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A decimal of at most max in text[0..len). */
static bool is_small_number(const char *text, size_t len, unsigned max)
{
    unsigned number = 0;
    if (len == 0 || len > 5 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        number = 10 * number + (unsigned)(text[i] - '0');
    }
    return number <= max;
}

static bool is_loopback(const char *host, size_t len)
{
    if (len == 5 && memcmp(host, "[::1]", 5) == 0)
        return true;
    if (len < 4 || memcmp(host, "127.", 4) != 0)
        return false;
    int parts = 0;
    for (size_t at = 0; at <= len; parts++) {
        size_t part = 0;
        while (at + part < len && host[at + part] != '.')
            part++;
        if (!is_small_number(host + at, part, 255))
            return false;
        at += part + 1;
    }
    return parts == 4;
}

static bool is_name(const char *host, size_t len)
{
    if (len == 0 || len > 253 || host[0] == '-' || host[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        bool is_dot = host[i] == '.' && i > 0 && i + 1 < len && host[i - 1] != '.';
        if (!is_word(host[i]) && host[i] != '-' && !is_dot)
            return false;
    }
    return true;
}

static bool is_ipv6(const char *host, size_t len)
{
    if (len < 4 || host[0] != '[' || host[len - 1] != ']')
        return false;
    return strspn(host + 1, "0123456789abcdefABCDEF:.") == len - 2;
}

static bool is_path(const char *path)
{
    if (strstr(path, "//") != NULL || strstr(path, "/../") != NULL || strstr(path, "/./") != NULL)
        return false;
    for (; *path != '\0'; path++)
        if (!is_word(*path) && strchr("-._~/", *path) == NULL)
            return false;
    return true;
}

static bool wrong(char *why, size_t size, const char *text)
{
    sw_ignore(sw_copy(why, size, text));
    return false;
}

/* Splits off the port of host[0..*len). */
static bool check_port(const char *host, size_t *len)
{
    size_t colon = *len;
    while (colon > 0 && is_digit(host[colon - 1]))
        colon--;
    if (colon == 0 || host[colon - 1] != ':' || host[*len - 1] == ']')
        return true;
    if (!is_small_number(host + colon, *len - colon, 65535) || host[colon] == '0')
        return false;
    *len = colon - 1;
    return true;
}

static bool check_authority(const char *host, size_t len, bool is_plain, struct sw_url *out,
                            char *why, size_t size)
{
    if (memchr(host, '@', len) != NULL)
        return wrong(why, size, "must not hold a user or password");
    if (!check_port(host, &len))
        return wrong(why, size, "has a port that is not 1 to 65535");
    out->is_loopback = is_loopback(host, len);
    if (!out->is_loopback && !is_name(host, len) && !is_ipv6(host, len))
        return wrong(why, size, "has no valid host name");
    if (is_plain && !out->is_loopback)
        return wrong(why, size,
                     "must begin with https:// (plain http only to 127.0.0.1 or [::1] itself)");
    return true;
}

bool sw_url_check(const char *text, struct sw_url *out, char *why, size_t why_size)
{
    *out = (struct sw_url){.is_loopback = false};
    bool is_plain = strncmp(text, "http://", 7) == 0;
    if (!is_plain && strncmp(text, "https://", 8) != 0)
        return wrong(why, why_size, "must begin with https://");
    if (sw_copy(out->text, sizeof out->text, text))
        return wrong(why, why_size, "is too long");
    if (strpbrk(text, "?#") != NULL)
        return wrong(why, why_size, "must not hold a query or a fragment (? or #)");
    char *host = out->text + (is_plain ? 7 : 8);
    size_t len = strcspn(host, "/");
    if (!check_authority(host, len, is_plain, out, why, why_size))
        return false;
    char *path = host + len;
    if (!is_path(path))
        return wrong(why, why_size, "has a path with characters that are not allowed there");
    size_t path_len = strlen(path);
    while (path_len > 0 && path[path_len - 1] == '/')
        path[--path_len] = '\0';
    out->has_path = path_len > 0;
    return true;
}
