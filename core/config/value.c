/* value.c: one written value, read by the type its table gives it.
 *
 * Nothing is guessed and nothing is cut off: "99,5", "30s" for a whole number,
 * "fales", 0x10, 1e3, nan and inf are refused with what to write instead.
 * Numbers are read by a strict form first, so that strtod's own ideas (hex,
 * inf, leading blanks) never apply.
 * A value that may name a secret's place is never repeated in the message. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "config/node.h"

enum { SHOWN = 48 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* -?(0|[1-9][0-9]*) and, with has_fraction, (\.[0-9]+)? */
static bool is_decimal(const char *text, bool has_fraction)
{
    const char *at = text + (*text == '-' ? 1 : 0);
    if (!is_digit(*at) || (at[0] == '0' && is_digit(at[1])))
        return false;
    while (is_digit(*at))
        at++;
    if (has_fraction && at[0] == '.' && is_digit(at[1])) {
        at++;
        while (is_digit(*at))
            at++;
    }
    return *at == '\0';
}

static bool ends_with(const char *text, const char *tail)
{
    size_t len = strlen(text), tail_len = strlen(tail);
    return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

/* Somebody may have pasted the secret itself where its place belongs. */
static const char *shown(const struct sw_option *option, const char *text, char buf[SHOWN + 8])
{
    if (ends_with(option->key, "_file") || ends_with(option->key, "_env") ||
        ends_with(option->key, "_cmd"))
        return "this";
    bool is_cut = sw_format(buf, SHOWN, "\"%s", text);
    size_t len = strlen(buf);
    memcpy(buf + len, is_cut ? "…\"" : "\"", is_cut ? sizeof "…\"" : sizeof "\"");
    return buf;
}

static const char *range_text(const struct sw_option *option, char *buf, size_t size)
{
    char low[32], high[32];
    if (option->type == SW_OPTION_DURATION) {
        sw_duration_format((int64_t)option->min * SW_SECOND_MS, low);
        sw_duration_format((int64_t)option->max * SW_SECOND_MS, high);
    } else {
        sw_ignore(sw_format(low, sizeof low, "%.12g", option->min));
        sw_ignore(sw_format(high, sizeof high, "%.12g", option->max));
    }
    sw_ignore(sw_format(buf, size, "%s to %s", low, high));
    return buf;
}

static bool has_range(const struct sw_option *option)
{
    return option->min < 0 || option->min > 0 || option->max < 0 || option->max > 0;
}

static bool in_range(const struct sw_option *option, double number)
{
    return !has_range(option) || (number >= option->min && number <= option->max);
}

static bool out_of_range(const struct sw_option *option, const char *seen, char *why, size_t size)
{
    char range[80];
    if (!has_range(option)) {
        sw_ignore(sw_format(why, size, "%s is too large", seen));
        return false;
    }
    sw_ignore(sw_format(why, size, "%s is out of range (%s)", seen,
                        range_text(option, range, sizeof range)));
    return false;
}

/* The same digits with a point, when a comma is all that is wrong. */
static bool with_point(const char *text, char *out, size_t size)
{
    if (sw_format(out, size, "%s", text))
        return false;
    char *comma = strchr(out, ',');
    if (comma != NULL)
        *comma = '.';
    return comma != NULL && is_decimal(out, true);
}

static bool read_number(const struct sw_option *option, const char *text, bool is_quoted,
                        struct sw_node_value *value, char *why, size_t size)
{
    char seen_buf[SHOWN + 8], other[SHOWN];
    const char *seen = shown(option, text, seen_buf);
    bool is_whole = option->type == SW_OPTION_INT;
    size_t len = strlen(text);
    if (is_quoted && is_decimal(text, true)) {
        sw_ignore(sw_format(why, size, "%s is a text; write the number without quotes", seen));
        return false;
    }
    if (is_decimal(text, !is_whole) && len < SHOWN) {
        errno = 0;
        value->number = strtod(text, NULL);
        value->whole = is_whole ? strtoll(text, NULL, 10) : 0;
        if (errno != 0)
            return out_of_range(option, seen, why, size);
        return in_range(option, value->number) || out_of_range(option, seen, why, size);
    }
    const char *what = is_whole ? "a whole number" : "a number";
    if (option->type == SW_OPTION_PERCENT && len > 1 && len < SHOWN && text[len - 1] == '%')
        sw_ignore(sw_format(why, size, "%s is not a number (write %.*s, without the %% sign)", seen,
                            (int)len - 1, text));
    else if (!is_whole && with_point(text, other, sizeof other))
        sw_ignore(sw_format(why, size, "%s is not a number (use %s)", seen, other));
    else
        sw_ignore(sw_format(why, size, "%s is not %s", seen, what));
    return false;
}

static bool read_percent(const struct sw_option *option, const char *text, bool is_quoted,
                         struct sw_node_value *value, char *why, size_t size)
{
    struct sw_option bounded = *option;
    if (in_range(option, -1)) {
        bounded.min = 0;
        bounded.max = 100;
    }
    return read_number(&bounded, text, is_quoted, value, why, size);
}

static bool read_bool(const struct sw_option *option, const char *text, bool is_quoted,
                      struct sw_node_value *value, char *why, size_t size)
{
    char seen[SHOWN + 8];
    value->whole = strcmp(text, "true") == 0;
    if (!is_quoted && (value->whole || strcmp(text, "false") == 0))
        return true;
    sw_ignore(sw_format(why, size, "%s is neither true nor false%s", shown(option, text, seen),
                        is_quoted ? " (write it without quotes)" : ""));
    return false;
}

static bool read_duration(const struct sw_option *option, const char *text,
                          struct sw_node_value *value, char *why, size_t size)
{
    char seen_buf[SHOWN + 8];
    const char *seen = shown(option, text, seen_buf);
    int64_t ms = 0;
    if (is_decimal(text, true)) {
        sw_ignore(sw_format(why, size, "%s has no unit (write 30s, 5m, 6h or 2d)", seen));
        return false;
    }
    if (sw_duration_parse(text, &ms, NULL) != SW_OK || ms % SW_SECOND_MS != 0) {
        sw_ignore(sw_format(
            why, size, "%s is not a duration in whole seconds (write 30s, 5m, 6h or 2d)", seen));
        return false;
    }
    value->whole = ms / SW_SECOND_MS;
    return in_range(option, (double)value->whole) || out_of_range(option, seen, why, size);
}

static bool read_timestamp(const struct sw_option *option, const char *text,
                           struct sw_node_value *value, char *why, size_t size)
{
    char seen[SHOWN + 8];
    if (sw_time_parse(text, &value->whole, NULL) == SW_OK)
        return true;
    sw_ignore(sw_format(why, size, "%s is not a time (write 2026-01-20T09:00:00Z)",
                        shown(option, text, seen)));
    return false;
}

static bool read_choice(const struct sw_option *option, const char *text,
                        struct sw_node_value *value, char *why, size_t size)
{
    char seen[SHOWN + 8], list[256] = "";
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            value->text = option->choices[i];
            return true;
        }
        size_t len = strlen(list);
        sw_ignore(sw_format(list + len, sizeof list - len, "%s%s", len == 0 ? "" : ", ",
                            option->choices[i]));
    }
    const char *near = sw_text_nearest(text, option->choices);
    if (near != NULL)
        sw_ignore(sw_format(why, size, "%s is not one of: %s; did you mean \"%s\"?",
                            shown(option, text, seen), list, near));
    else
        sw_ignore(sw_format(why, size, "%s is not one of: %s", shown(option, text, seen), list));
    return false;
}

bool sw_value_read(const struct sw_option *option, const char *text, bool is_quoted,
                   struct sw_node_value *value, char *why, size_t why_size)
{
    bool is_nothing = !is_quoted && (text[0] == '\0' || strcmp(text, "~") == 0 ||
                                     sw_text_eq_nocase(text, "null"));
    if (is_nothing) {
        sw_ignore(sw_format(why, why_size, "has no value; give one, or leave the key out"));
        return false;
    }
    switch (option->type) {
    case SW_OPTION_STRING:
        value->text = text;
        return true;
    case SW_OPTION_BOOL:
        return read_bool(option, text, is_quoted, value, why, why_size);
    case SW_OPTION_INT:
    case SW_OPTION_NUMBER:
        return read_number(option, text, is_quoted, value, why, why_size);
    case SW_OPTION_PERCENT:
        return read_percent(option, text, is_quoted, value, why, why_size);
    case SW_OPTION_DURATION:
        return read_duration(option, text, value, why, why_size);
    case SW_OPTION_TIMESTAMP:
        return read_timestamp(option, text, value, why, why_size);
    case SW_OPTION_CHOICE:
        return read_choice(option, text, value, why, why_size);
    default:
        return false;
    }
}
