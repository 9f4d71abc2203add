/* origin.c: see origin.h.
 *
 * Only what is needed to fix the place requests go to. Names such as
 * "localhost" are not loopback: they are looked up, and the answer may be
 * anything. Strict: what is not understood is refused, so that curl never sees
 * a URL that it could read in another way. */
#include "net/origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_loopback_v4(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

/* Only [::1] itself; other IPv6 addresses are accepted as hosts, not as loopback. */
static bool is_bracketed_v6(const char *host, size_t len, bool *is_loopback)
{
    char inner[64];
    if (len < 4 || len - 2 >= sizeof(inner) || host[0] != '[' || host[len - 1] != ']')
        return false;
    memcpy(inner, host + 1, len - 2);
    inner[len - 2] = '\0';
    struct in6_addr address;
    if (inet_pton(AF_INET6, inner, &address) != 1)
        return false;
    *is_loopback = memcmp(&address, &in6addr_loopback, sizeof(address)) == 0;
    return true;
}

static bool parse_host(const char *text, size_t len, struct origin *out)
{
    if (len == 0 || len >= sizeof(out->host))
        return false;
    for (size_t i = 0; i < len; i++)
        out->host[i] = (char)tolower((unsigned char)text[i]);
    out->host[len] = '\0';
    if (out->host[0] == '[')
        return is_bracketed_v6(out->host, len, &out->is_loopback);
    for (size_t i = 0; i < len; i++)
        if (!is_host_char(out->host[i]))
            return false;
    out->is_loopback = is_loopback_v4(out->host);
    return true;
}

static bool parse_port(const char *text, size_t len, int *out)
{
    int port = 0;
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (text[i] - '0');
    }
    *out = port;
    return port > 0 && port < 65536;
}

static bool parse_authority(const char *text, size_t len, struct origin *out)
{
    size_t host_len = len;
    const char *bracket = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *from = bracket ? bracket : text;
    const char *colon = memchr(from, ':', len - (size_t)(from - text));
    out->port = out->is_https ? 443 : 80;
    if (colon) {
        host_len = (size_t)(colon - text);
        if (!parse_port(colon + 1, len - host_len - 1, &out->port))
            return false;
    }
    return parse_host(text, host_len, out);
}

/* "" and "/" are nothing; else segments of ordinary characters, no dots alone. */
static bool parse_prefix(const char *path, struct origin *out)
{
    size_t len = strlen(path);
    if (len > 0 && path[len - 1] == '/')
        len--;
    if (len >= sizeof(out->prefix))
        return false;
    memcpy(out->prefix, path, len);
    out->prefix[len] = '\0';
    for (const char *p = out->prefix; *p; p++) {
        bool is_plain = isalnum((unsigned char)*p) || strchr("-_.~/", *p);
        bool is_dots = p[0] == '/' && (p[1] == '.' || p[1] == '/' || p[1] == '\0');
        if (!is_plain || is_dots)
            return false;
    }
    return true;
}

enum sw_code origin_parse(const char *url, const char *what, struct origin *out,
                          struct sw_error *err)
{
    *out = (struct origin){0};
    if (!url || !*url)
        return sw_fail(err, SW_E_CONFIG, "%s is missing", what);
    out->is_https = sw_text_starts(url, "https://");
    if (!out->is_https && !sw_text_starts(url, "http://"))
        return sw_fail(err, SW_E_CONFIG, "%s \"%s\" must begin with https://", what, url);
    const char *authority = strchr(url, '/') + 2;
    size_t len = strcspn(authority, "/?#\\");
    if (memchr(authority, '@', len))
        return sw_fail(err, SW_E_CONFIG, "%s must not hold a user name or password", what);
    if (!parse_authority(authority, len, out))
        return sw_fail(err, SW_E_CONFIG, "%s \"%s\" has no valid host and port", what, url);
    if (!parse_prefix(authority + len, out))
        return sw_fail(err, SW_E_CONFIG,
                       "%s \"%s\" has a path, query or fragment that cannot be "
                       "used; give scheme, host, port and a plain path",
                       what, url);
    if (!out->is_https && !out->is_loopback)
        return sw_fail(err, SW_E_CONFIG,
                       "%s \"%s\" is plain http; that is allowed to a literal loopback address "
                       "(127.0.0.1, [::1]) only",
                       what, url);
    bool is_default = out->port == (out->is_https ? 443 : 80);
    const char *scheme = out->is_https ? "https" : "http";
    if (is_default)
        sw_format(out->text, sizeof(out->text), "%s://%s", scheme, out->host);
    else
        sw_format(out->text, sizeof(out->text), "%s://%s:%d", scheme, out->host, out->port);
    return SW_OK;
}
