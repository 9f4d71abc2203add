/* reference.c: every key of the configuration as Markdown tables, for docs/configuration.md.
 *
 * Written from the tables that the file is checked against, so the document
 * cannot promise a key, a range or a default that the program does not have.
 * The same holds for metrics and default gates.
 * Not done here: what the words mean together; that is prose, in the document. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "config/loader.h"

enum { TEXT_MAX = 1 << 20, KEY = 160, DEPTH_MAX = 4 };

/* Markdown's own signs: a bar would end the cell, <name> would be taken for HTML. What stands in
 * backquotes is shown as it is. */
static void put_cell(struct sw_buf *out, const char *text)
{
    bool is_code = false;
    for (; text != NULL && *text != '\0'; text++) {
        is_code = is_code != (*text == '`');
        if (*text == '|' || (!is_code && strchr("<*_", *text) != NULL))
            sw_buf_addc(out, '\\');
        sw_buf_addc(out, *text);
    }
}

/* The help of a section, as a sentence. */
static void put_sentence(struct sw_buf *out, const char *text)
{
    bool is_small = text[0] >= 'a' && text[0] <= 'z';
    if (is_small)
        sw_buf_addc(out, (char)(text[0] - 'a' + 'A'));
    put_cell(out, text + (is_small ? 1 : 0));
    sw_buf_add(out, ".\n");
}

static const char *type_word(enum sw_option_type type)
{
    switch (type) {
    case SW_OPTION_STRING:
        return "text";
    case SW_OPTION_BOOL:
        return "`true` or `false`";
    case SW_OPTION_INT:
        return "whole number";
    case SW_OPTION_NUMBER:
        return "number";
    case SW_OPTION_PERCENT:
        return "percent";
    case SW_OPTION_DURATION:
        return "duration";
    case SW_OPTION_TIMESTAMP:
        return "RFC 3339 time";
    case SW_OPTION_STRINGS:
        return "list of texts";
    case SW_OPTION_MAP:
        return "mapping";
    case SW_OPTION_LIST:
        return "list of mappings";
    case SW_OPTION_PAIRS:
        return "mapping of texts";
    case SW_OPTION_ANY:
        return "see below";
    case SW_OPTION_CHOICE:
    case SW_OPTION_END:
        break;
    }
    return "";
}

static void put_type(struct sw_buf *out, const struct sw_option *option)
{
    sw_buf_add(out, type_word(option->type));
    if (option->type == SW_OPTION_CHOICE)
        for (size_t i = 0; option->choices[i] != NULL; i++)
            sw_buf_printf(out, "%s`%s`", i > 0 ? " " : "", option->choices[i]);
    if (option->unit != NULL)
        sw_buf_printf(out, " (%s)", option->unit);
}

static void put_range(struct sw_buf *out, const struct sw_option *option)
{
    char least[SW_DURATION_TEXT], most[SW_DURATION_TEXT];
    bool has_range = option->min < option->max || option->min > option->max;
    if (option->type == SW_OPTION_DURATION && has_range)
        sw_buf_printf(out, "%s to %s",
                      sw_duration_format((int64_t)option->min * SW_SECOND_MS, least),
                      sw_duration_format((int64_t)option->max * SW_SECOND_MS, most));
    else if (option->type == SW_OPTION_INT && option->max - option->min < 0.5 && option->max > 0)
        sw_buf_printf(out, "%g", option->max);
    else if (has_range)
        sw_buf_printf(out, "%.12g to %.12g", option->min, option->max);
    else if (option->type == SW_OPTION_PERCENT)
        sw_buf_add(out, "0 to 100");
}

static void put_preset(struct sw_buf *out, const struct sw_option *table,
                       const struct sw_option *option)
{
    char stem[64];
    if (sw_schema_is_secret(table, option, stem, sizeof stem))
        sw_buf_printf(out, "exactly one `%s_…`", stem);
    else if (option->is_required)
        sw_buf_add(out, "**required**");
    else if (option->preset != NULL)
        sw_buf_printf(out, "`%s`", option->preset);
}

static void put_rows(struct sw_buf *out, const char *prefix, const struct sw_option *table,
                     int depth)
{
    for (const struct sw_option *option = table; option != NULL && option->type != SW_OPTION_END;
         option++) {
        char key[KEY];
        sw_ignore(sw_format(key, sizeof key, "%s%s", prefix, option->key));
        sw_buf_printf(out, "| `%s` | ", key);
        put_type(out, option);
        sw_buf_add(out, " | ");
        put_range(out, option);
        sw_buf_add(out, " | ");
        put_preset(out, table, option);
        sw_buf_add(out, " | ");
        put_cell(out, option->help);
        sw_buf_add(out, " |\n");
        if (option->children != NULL && depth < DEPTH_MAX) {
            sw_ignore(sw_format(key, sizeof key, "%s%s.", prefix, option->key));
            put_rows(out, key, option->children, depth + 1);
        }
    }
}

static void put_table(struct sw_buf *out, const struct sw_option *table)
{
    sw_buf_add(out, "\n| key | value | range | default | what it is |\n|---|---|---|---|---|\n");
    put_rows(out, "", table, 0);
}

/* ---------------------------------------------------------------- the sections */

/* The root's keys without what their sections hold. */
static void put_root(struct sw_buf *out)
{
    sw_buf_add(out, "\n### The top level\n\n"
                    "| key | value | range | default | what it is |\n|---|---|---|---|---|\n");
    for (const struct sw_option *option = sw_schema_root; option->type != SW_OPTION_END; option++) {
        struct sw_option shown[] = {*option, {.type = SW_OPTION_END}};
        shown[0].children = NULL;
        put_rows(out, "", shown, 0);
    }
}

static void put_sections(struct sw_buf *out)
{
    for (const struct sw_option *option = sw_schema_root; option->type != SW_OPTION_END; option++) {
        if (option->children == NULL)
            continue;
        sw_buf_printf(out, "\n### `%s`%s\n\n", option->key,
                      option->type == SW_OPTION_LIST ? ", each entry" : "");
        put_sentence(out, option->help);
        put_table(out, option->children);
    }
}

static void put_platforms(struct sw_buf *out)
{
    sw_buf_add(out, "\n### `platforms`, each entry\n");
    put_table(out, sw_schema_platform);
    sw_buf_add(out, "\nA stage in the list form of `plan`:\n");
    put_table(out, sw_schema_stage);
    sw_buf_add(out, "\nThe mapping form of `plan`:\n");
    put_table(out, sw_schema_store_plan);
}

static void put_metrics_of(struct sw_buf *out, const struct sw_kind_info *kind)
{
    const char *comma = "";
    for (int metric = SW_METRIC_UNKNOWN + 1; metric < SW_METRIC_COUNT; metric++) {
        if ((kind->metrics & (1u << metric)) == 0)
            continue;
        sw_buf_printf(out, "%s`%s`", comma, sw_metric_name((enum sw_metric)metric));
        comma = ", ";
    }
}

static void put_part(struct sw_buf *out, struct sw_arena *arena, const struct sw_kind_info *kind,
                     enum sw_schema_part part)
{
    if (sw_schema_own(kind, part) == NULL && part != SW_SCHEMA_ACCOUNT)
        return;
    if (part == SW_SCHEMA_ACCOUNT)
        sw_buf_add(out, "\nThe entry in `sources`:\n");
    else
        sw_buf_printf(out, "\nA platform's `%s` bound to it", sw_schema_part_name(part));
    if (part == SW_SCHEMA_HEALTH) {
        sw_buf_add(out, ", each entry (it gives ");
        put_metrics_of(out, kind);
        sw_buf_add(out, ")");
    }
    if (part != SW_SCHEMA_ACCOUNT)
        sw_buf_add(out, ":\n");
    put_table(out, sw_schema_of_kind(arena, kind, part));
}

static void put_kind(struct sw_buf *out, struct sw_arena *arena, const struct sw_kind_info *kind)
{
    sw_buf_printf(out, "\n### `kind: %s`\n\n%s: ", kind->name, kind->title);
    put_cell(out, kind->summary);
    sw_buf_printf(out, ". Rights and meaning: [sources/%s.md](sources/%s.md).\n", kind->name,
                  kind->name);
    for (int part = SW_SCHEMA_ACCOUNT; part < SW_SCHEMA_PART_COUNT; part++)
        put_part(out, arena, kind, (enum sw_schema_part)part);
}

/* --------------------------------------------------------------- metrics, gates */

static void put_metrics(struct sw_buf *out)
{
    sw_buf_add(out, "\n### Metrics\n\n| metric | unit | what is bad |\n|---|---|---|\n");
    for (int metric = SW_METRIC_UNKNOWN + 1; metric < SW_METRIC_COUNT; metric++)
        sw_buf_printf(out, "| `%s` | %s | %s |\n", sw_metric_name((enum sw_metric)metric),
                      sw_metric_unit((enum sw_metric)metric),
                      sw_metric_is_low_bad((enum sw_metric)metric) ? "falling" : "rising");
}

static void put_limit(struct sw_buf *out, struct sw_value limit)
{
    if (limit.is_known)
        sw_buf_printf(out, " %g |", limit.value);
    else
        sw_buf_add(out, " |");
}

static void put_gates_of(struct sw_buf *out, enum sw_kind kind)
{
    const struct sw_gate_rule *rules = NULL;
    size_t count = sw_gate_presets(kind, &rules);
    for (size_t i = 0; i < count; i++) {
        char window[SW_DURATION_TEXT];
        if (rules[i].is_verdict) {
            sw_buf_printf(out, "| `%s` | `%s` | `%s` | the verdict | | | | %s |\n", sw_kind_name(kind),
                          rules[i].id, sw_metric_name(rules[i].metric),
                          rules[i].is_blocking ? "yes" : "no");
            continue;
        }
        sw_buf_printf(out, "| `%s` | `%s` | `%s` | %s |", sw_kind_name(kind), rules[i].id,
                      sw_metric_name(rules[i].metric),
                      sw_duration_format(rules[i].window_s * SW_SECOND_MS, window));
        put_limit(out, rules[i].warn);
        put_limit(out, rules[i].critical);
        sw_buf_printf(out, " %g | %s |\n", rules[i].min_sample,
                      rules[i].is_blocking ? "yes" : "no");
    }
}

static void put_gates(struct sw_buf *out)
{
    sw_buf_add(out, "\n### Default gates\n\n"
                    "| platform kind | id | metric | window | warn | critical | minimum sample | "
                    "blocking |\n|---|---|---|---|---|---|---|---|\n");
    for (int kind = SW_KIND_UNKNOWN + 1; kind < SW_KIND_COUNT; kind++)
        put_gates_of(out, (enum sw_kind)kind);
}

char *sw_config_reference_text(const struct sw_kind_info *kinds, size_t kind_count)
{
    struct sw_buf out;
    struct sw_arena *arena = sw_arena_new(0);
    sw_buf_init(&out, TEXT_MAX);
    put_root(&out);
    put_sections(&out);
    put_platforms(&out);
    for (size_t i = 0; i < kind_count; i++)
        put_kind(&out, arena, &kinds[i]);
    put_metrics(&out);
    put_gates(&out);
    sw_arena_free(arena);
    return sw_buf_take(&out);
}
