/* Small things every part of the simulator needs: memory, text, time. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *sim_xcalloc(size_t n, size_t bytes)
{
    void *p = calloc(n == 0 ? 1 : n, bytes == 0 ? 1 : bytes);

    if (p == NULL) {
        fputs("slipway-sim: out of memory\n", stderr);
        abort();
    }
    return p;
}

char *sim_xstrndup(const char *text, size_t bytes)
{
    char *copy = sim_xcalloc(bytes + 1, 1);

    memcpy(copy, text, bytes);
    return copy;
}

char *sim_xstrdup(const char *text)
{
    return sim_xstrndup(text, strlen(text));
}

bool sim_copy(char *out, size_t out_bytes, const char *text)
{
    size_t n = strlen(text);
    bool fits = n < out_bytes;

    if (!fits)
        n = out_bytes - 1;
    memcpy(out, text, n);
    out[n] = '\0';
    return fits;
}

char *sim_vprintf(const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    char *text = sim_xcalloc(n < 0 ? 1 : (size_t)n + 1, 1);

    if (n > 0)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

char *sim_printf(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *text = sim_vprintf(format, ap);
    va_end(ap);
    return text;
}

/* jansson's json_dumps can drop a key and report success when memory runs out; the two-pass
 * json_dumpb cannot. */
char *sim_json_text(const json_t *value)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    size_t n = json_dumpb(value, NULL, 0, flags);
    char *text = sim_xcalloc(n + 1, 1);

    if (json_dumpb(value, text, n, flags) != n)
        abort();
    return text;
}

const char *sim_rfc3339(char *out, size_t out_bytes, int64_t ms, bool with_ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    size_t n = strftime(out, out_bytes, "%Y-%m-%dT%H:%M:%S", &tm);
    if (with_ms && ms % 1000 != 0)
        snprintf(out + n, out_bytes - n, ".%03dZ", (int)(ms % 1000));
    else
        snprintf(out + n, out_bytes - n, "Z");
    return out;
}

/* "+0100", "+01:00", "Z" or nothing; in minutes. */
static bool parse_zone(const char *text, int *out_min)
{
    *out_min = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0)
        return true;
    if (*text != '+' && *text != '-')
        return false;

    int h = 0, m = 0, n = 0;
    if (sscanf(text + 1, "%2d:%2d%n", &h, &m, &n) != 2 &&
        sscanf(text + 1, "%2d%2d%n", &h, &m, &n) != 2)
        return false;
    if (text[1 + n] != '\0' || h > 23 || m > 59)
        return false;
    *out_min = (h * 60 + m) * (*text == '-' ? -1 : 1);
    return true;
}

bool sim_rfc3339_parse(const char *text, int64_t *out_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ms = 0;
    int zone_min = 0;

    if (rest == NULL)
        return false;
    if (*rest == '.') {
        int64_t scale = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
            ms += (*rest - '0') * scale;
            scale /= 10;
        }
    }
    if (!parse_zone(rest, &zone_min))
        return false;
    *out_ms = (int64_t)timegm(&tm) * 1000 + ms - (int64_t)zone_min * 60000;
    return true;
}

int64_t sim_real_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
