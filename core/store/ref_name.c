/* ref_name.c: a release's name as the last part of a git ref, and back.
 *
 * git refuses refs with a part that begins or ends with a dot, holds "..", or
 * ends in ".lock"; those dots are encoded too, so that every release has a ref.
 * Source: git-check-ref-format(1), rules 1, 3 and 6. */
#include "store/ref_name.h"

#include <stdio.h>
#include <string.h>

enum { RELEASE_MAX = 200 };

static const char digits[] = "0123456789ABCDEF";

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Is the dot at `at` fine for git? */
static bool is_good_dot(const char *release, size_t len, size_t at)
{
    bool is_lock = strcmp(release + at, ".lock") == 0;
    return at > 0 && at + 1 < len && release[at - 1] != '.' && !is_lock;
}

bool sw_ref_name_encode(const char *release, char out[SW_REF_NAME_TEXT])
{
    size_t len = strlen(release), used = 0;
    if (len == 0 || len > RELEASE_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)release[i];
        if (is_plain(release[i]) || (c == '.' && is_good_dot(release, len, i))) {
            out[used++] = release[i];
            continue;
        }
        out[used++] = '%';
        out[used++] = digits[c >> 4];
        out[used++] = digits[c & 15];
    }
    out[used] = '\0';
    return true;
}

static int digit_of(char c)
{
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

bool sw_ref_name_decode(const char *name, char *out, size_t size)
{
    size_t used = 0;
    for (const char *at = name; *at != '\0'; at++) {
        char c = *at;
        if (c == '%') {
            int high = digit_of(at[1]), low = high >= 0 ? digit_of(at[2]) : -1;
            if (low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high * 16 + low);
            at += 2;
        } else if (!is_plain(c) && c != '.') {
            return false;
        }
        if (used + 1 >= size)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return used > 0;
}
