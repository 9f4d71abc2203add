/*
 * git_tags_order.c: which tag is newer. Pure.
 *
 * Source of the order: Semantic Versioning 2.0.0, item 11, with two differences that teams expect:
 * any number of dotted numbers (2.15.3.4, also 2_15_3), and runs of digits inside a pre-release
 * compare as numbers (rc2 < rc10; the letter of item 11 compares them as text).
 */
#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"
#include "sources/git_tags.h"

bool git_tag_part(const char *pattern, const char *tag, char *out, size_t size)
{
    if (fnmatch(pattern, tag, 0) != 0)
        return false;
    size_t len = strlen(tag), head = strcspn(pattern, "*?[\\");
    const char *wild = pattern + head;
    /* Of v2.* the 2 belongs to the version. */
    while (head > 0 && strchr("0123456789._", pattern[head - 1]))
        head--;
    size_t tail = 0;
    for (const char *c = wild; *c; c++)
        tail = strchr("*?]", *c) ? 0 : tail + 1;
    /* A bracket or an escape changes lengths: keep the whole tail then. */
    if (strpbrk(wild, "[\\"))
        tail = 0;
    if (head + tail > len)
        head = tail = 0;
    size_t part = len - head - tail < size ? len - head - tail : size - 1;
    memcpy(out, tag + head, part);
    out[part] = '\0';
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two runs of digits of any length, as numbers. */
static int compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    while (a_len > 1 && *a == '0') {
        a++;
        a_len--;
    }
    while (b_len > 1 && *b == '0') {
        b++;
        b_len--;
    }
    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return memcmp(a, b, a_len);
}

static size_t digits(const char *text)
{
    size_t len = 0;
    while (is_digit(text[len]))
        len++;
    return len;
}

/* 2.15.3, and 2_15_3 as some write it. */
static bool is_separator(char c)
{
    return c == '.' || c == '_';
}

/* Takes the dotted numbers off the front of both and compares them; a missing one is 0. */
static int compare_core(const char **a, const char **b)
{
    int order = 0;
    bool is_more_a = is_digit(**a), is_more_b = is_digit(**b);
    while (is_more_a || is_more_b) {
        size_t a_len = is_more_a ? digits(*a) : 0, b_len = is_more_b ? digits(*b) : 0;
        if (order == 0)
            order = compare_numbers(a_len ? *a : "0", a_len ? a_len : 1, b_len ? *b : "0",
                                    b_len ? b_len : 1);
        *a += a_len;
        *b += b_len;
        is_more_a = is_more_a && is_separator(**a) && is_digit((*a)[1]);
        is_more_b = is_more_b && is_separator(**b) && is_digit((*b)[1]);
        *a += is_more_a;
        *b += is_more_b;
    }
    return order;
}

/* Text with runs of digits taken as numbers; digits are below other characters; shorter is less. */
static int compare_natural(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t i = 0, k = 0;
    while (i < a_len && k < b_len) {
        if (is_digit(a[i]) && is_digit(b[k])) {
            size_t i_end = i, k_end = k;
            while (i_end < a_len && is_digit(a[i_end]))
                i_end++;
            while (k_end < b_len && is_digit(b[k_end]))
                k_end++;
            int order = compare_numbers(a + i, i_end - i, b + k, k_end - k);
            if (order != 0)
                return order;
            i = i_end;
            k = k_end;
        } else if (a[i] != b[k]) {
            if (is_digit(a[i]) != is_digit(b[k]))
                return is_digit(a[i]) ? -1 : 1;
            return (unsigned char)a[i] < (unsigned char)b[k] ? -1 : 1;
        } else {
            i++;
            k++;
        }
    }
    return (i < a_len) - (k < b_len);
}

int git_version_compare(const char *a, const char *b)
{
    a += *a == 'v' || *a == 'V';
    b += *b == 'v' || *b == 'V';
    if (!is_digit(*a) || !is_digit(*b))
        return is_digit(*a) - is_digit(*b);
    int order = compare_core(&a, &b);
    if (order != 0)
        return order;
    /* What is left: [pre-release][+build]. A separator before the pre-release does not count. */
    size_t a_pre = strcspn(a, "+"), b_pre = strcspn(b, "+");
    if (!a_pre != !b_pre)
        return a_pre ? -1 : 1;
    size_t a_skip = a_pre && strchr("-_.", *a), b_skip = b_pre && strchr("-_.", *b);
    order = compare_natural(a + a_skip, a_pre - a_skip, b + b_skip, b_pre - b_skip);
    if (order != 0)
        return order;
    return compare_natural(a + a_pre, strlen(a + a_pre), b + b_pre, strlen(b + b_pre));
}

void git_tag_list_add(struct git_tag_list *list, const char *name, const char *id)
{
    if (list->count == GIT_TAGS_MAX) {
        list->is_cut = true;
        return;
    }
    if ((list->count & (list->count - 1)) == 0)
        list->items =
            sw_xrealloc_array(list->items, list->count ? list->count * 2 : 1, sizeof *list->items);
    struct git_tag_name *item = &list->items[list->count++];
    item->name = sw_xstrdup(name);
    sw_copy(item->id, sizeof item->id, id);
}

void git_tag_list_clear(struct git_tag_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
    *list = (struct git_tag_list){0};
}
