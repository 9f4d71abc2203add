/* pattern.c: can two tag patterns match the same tag?
 *
 * The release train's pattern and a platform's must not (decision: the train
 * has a pattern of its own), or the newest tag of one would be taken for the
 * other's. Reachability over pairs of positions, one row at a time: the cost
 * is the product of the lengths, whatever the stars. */
#include "config/pattern.h"

#include <string.h>

enum part { PART_CHAR, PART_ONE, PART_STAR };

struct parts {
    size_t count;
    enum part kind[SW_PATTERN_MAX];
    char c[SW_PATTERN_MAX];
};

static void split(const char *pattern, struct parts *out)
{
    out->count = 0;
    for (const char *at = pattern; *at != '\0' && out->count < SW_PATTERN_MAX; at++) {
        enum part kind = *at == '*' ? PART_STAR : *at == '?' ? PART_ONE : PART_CHAR;
        const char *close = *at == '[' && at[1] != '\0' ? strchr(at + 2, ']') : NULL;
        if (close != NULL) {
            kind = PART_ONE;
            at = close;
        } else if (*at == '\\' && at[1] != '\0') {
            at++;
        }
        out->kind[out->count] = kind;
        out->c[out->count++] = *at;
    }
}

bool sw_pattern_meets(const char *a, const char *b)
{
    struct parts left, right;
    split(a, &left);
    split(b, &right);
    /* reach[i][j]: some text is matched by the first i parts of a and the first j of b. */
    bool reach[SW_PATTERN_MAX + 1][SW_PATTERN_MAX + 1];
    memset(reach, 0, sizeof reach);
    reach[0][0] = true;
    for (size_t i = 0; i <= left.count; i++) {
        for (size_t j = 0; j <= right.count; j++) {
            bool is_star_left = i > 0 && left.kind[i - 1] == PART_STAR;
            bool is_star_right = j > 0 && right.kind[j - 1] == PART_STAR;
            /* A star matches nothing, or what the other side takes next. */
            if (is_star_left && (reach[i - 1][j] || (j > 0 && reach[i][j - 1])))
                reach[i][j] = true;
            if (is_star_right && (reach[i][j - 1] || (i > 0 && reach[i - 1][j])))
                reach[i][j] = true;
            if (i == 0 || j == 0 || is_star_left || is_star_right || !reach[i - 1][j - 1])
                continue;
            bool is_both_chars = left.kind[i - 1] == PART_CHAR && right.kind[j - 1] == PART_CHAR;
            if (!is_both_chars || left.c[i - 1] == right.c[j - 1])
                reach[i][j] = true;
        }
    }
    return reach[left.count][right.count];
}
