/* percent.c: see percent.h. */
#include "net/percent.h"

#include <string.h>

bool percent_is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool percent_encode(const char *text, size_t len, const char *keep, struct sw_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool is_kept = keep && byte != 0 && strchr(keep, byte);
        if (is_kept || percent_is_unreserved(text[i])) {
            sw_buf_addc(out, text[i]);
            continue;
        }
        char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        sw_buf_addn(out, escape, sizeof(escape));
    }
    return !sw_buf_is_failed(out);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool percent_decode(const char *in, size_t len, char *out, size_t size, size_t *out_len)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char c = in[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_value(in[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(in[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (used + 1 >= size)
            return false;
        out[used++] = c;
    }
    if (size == 0)
        return false;
    out[used] = '\0';
    *out_len = used;
    return true;
}
