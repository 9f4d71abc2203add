/* explain.c: the configuration in words, and a commented one to start from.
 *
 * Both are written from the option tables, so that they cannot drift from what
 * is accepted. The example uses each table's `example` (else its default);
 * what has neither and is not required stands commented out. It loads without
 * a problem as it is (a test says so); only the files it names are missing. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "config/loader.h"

enum { TEXT_MAX = 4 << 20, HELP_COLUMN = 44 };

/* ------------------------------------------------------------------ explain */

static void explain_source(const struct sw_config_source *source, const struct sw_kind_info *kinds,
                           struct sw_buf *out)
{
    char interval[SW_DURATION_TEXT], stale[SW_DURATION_TEXT];
    sw_buf_printf(out, "  %s: %s%s%s, every %s, stale after %s%s%s\n", source->id,
                  kinds[source->kind].title, source->base_url != NULL ? " at " : "",
                  source->base_url != NULL ? source->base_url : "",
                  sw_duration_format(source->interval_s * SW_SECOND_MS, interval),
                  sw_duration_format(source->stale_after_s * SW_SECOND_MS, stale),
                  source->ca_file != NULL ? ", certificates from " : "",
                  source->ca_file != NULL ? source->ca_file : "");
}

static void explain_stages(const struct sw_plan *plan, struct sw_buf *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    for (size_t i = 0; i < plan->count; i++) {
        const struct sw_plan_stage *stage = &plan->stages[i];
        char soak[SW_DURATION_TEXT];
        sw_buf_printf(out, "%s%g%%", i > 0 ? " -> " : "", stage->percent);
        if (stage->weekday >= 0)
            sw_buf_printf(out, " (%s %02d:%02d)", days[stage->weekday], stage->minute_of_day / 60,
                          stage->minute_of_day % 60);
        else if (stage->soak_s > 0)
            sw_buf_printf(out, " (%s)", sw_duration_format(stage->soak_s * SW_SECOND_MS, soak));
    }
}

/* What halting over weekends would take from the pause budget; nothing carries it out yet. */
static void explain_store(const struct sw_plan *plan, struct sw_buf *out)
{
    char each[SW_DURATION_TEXT], most[SW_DURATION_TEXT];
    struct sw_weekends weekends = sw_plan_weekends_most(plan);
    sw_buf_add(out, "the store's own table");
    if (plan->halt_weekends)
        sw_buf_printf(out,
                      ", to be halted over weekends (by hand: nothing does it yet; %s of pause "
                      "each, at most %d, %s of %d days)",
                      sw_duration_format(SW_WEEKEND_S * SW_SECOND_MS, each), weekends.count,
                      sw_duration_format(weekends.pause_s * SW_SECOND_MS, most), SW_PAUSE_DAYS);
    sw_buf_add(out, ": ");
}

static void explain_plan(const struct sw_plan *plan, struct sw_buf *out)
{
    sw_buf_add(out, "    plan: ");
    if (plan->kind == SW_PLAN_SERVICE)
        sw_buf_add(out, "the deploy system's own steps");
    else if (plan->kind == SW_PLAN_STORE)
        explain_store(plan, out);
    else if (plan->count == 0)
        sw_buf_add(out, "none; the only step forward is complete");
    explain_stages(plan, out);
    sw_buf_add(out, "\n");
}

static void explain_gate(const struct sw_gate_rule *gate, struct sw_buf *out)
{
    char window[SW_DURATION_TEXT];
    const char *unit = sw_metric_unit(gate->metric)[0] == 'm' ? " ms" : "%";
    const char *side = sw_metric_is_low_bad(gate->metric) ? "below" : "above";
    sw_buf_printf(out, "    gate %s: %s over %s", gate->id, sw_metric_name(gate->metric),
                  sw_duration_format(gate->window_s * SW_SECOND_MS, window));
    if (gate->warn.is_known)
        sw_buf_printf(out, ", warns %s %g%s", side, gate->warn.value, unit);
    if (gate->critical.is_known)
        sw_buf_printf(out, ", fails %s %g%s", side, gate->critical.value, unit);
    sw_buf_printf(out, ", from a sample of %g", gate->min_sample);
    if (gate->stage > 0)
        sw_buf_printf(out, ", in stage %d only", gate->stage);
    sw_buf_add(out, gate->is_blocking ? ", blocking\n" : ", not blocking\n");
}

static void explain_platform(const struct sw_config *config,
                             const struct sw_config_platform *platform, struct sw_buf *out)
{
    static const char *const stops[] = {"halts", "rolls back", "leaves it alone"};
    sw_buf_printf(out, "  %s: %s (%s)%s%s\n", platform->id, platform->title,
                  sw_kind_name(platform->kind), platform->tags != NULL ? ", tags " : "",
                  platform->tags != NULL ? platform->tags : "");
    if (platform->has_rollout)
        sw_buf_printf(out, "    ships through %s; stop-everything %s here\n",
                      config->sources[platform->rollout.source].id, stops[platform->stop]);
    explain_plan(&platform->plan, out);
    for (size_t i = 0; i < platform->health_count; i++)
        sw_buf_printf(out, "    reads %s from %s\n", sw_metric_name(platform->health[i].metric),
                      config->sources[platform->health[i].source].id);
    if (platform->has_alarms)
        sw_buf_printf(out, "    alarms from %s\n", config->sources[platform->alarms.source].id);
    for (size_t i = 0; i < platform->gate_count; i++)
        explain_gate(&platform->gates[i], out);
}

char *sw_config_explain_text(const struct sw_config *config, const struct sw_kind_info *kinds)
{
    struct sw_buf out;
    sw_buf_init(&out, TEXT_MAX);
    sw_buf_printf(&out, "configuration: %s\n", config->path);
    sw_buf_printf(&out, "captain: %s <%s>\n",
                  config->captain_name != NULL ? config->captain_name : "git's user.name",
                  config->captain_email != NULL ? config->captain_email : "git's user.email");
    if (config->release_name != NULL)
        sw_buf_printf(&out, "release: %s", config->release_name);
    else
        sw_buf_printf(&out, "release: from the newest tag like %s", config->release_tags);
    sw_buf_printf(&out, ", times in %s\n", config->zone);
    sw_buf_printf(&out, "repository: %s\n",
                  config->repository != NULL ? config->repository : "none");
    if (config->checklist_file != NULL)
        sw_buf_printf(&out, "checklist: %s at %s\n", config->checklist_file, config->checklist_ref);
    if (config->is_simulation)
        sw_buf_printf(&out, "SIMULATION: the world runs %g times as fast as the clock\n",
                      config->clock.speed);
    sw_buf_add(&out, "sources:\n");
    for (size_t i = 0; i < config->source_count; i++)
        explain_source(&config->sources[i], kinds, &out);
    sw_buf_add(&out, "platforms:\n");
    for (size_t i = 0; i < config->platform_count; i++)
        explain_platform(config, &config->platforms[i], &out);
    return sw_buf_take(&out);
}

/* ------------------------------------------------------------------ example */

/* A scalar as the file needs it: quoted where YAML would read something else. */
static void put_scalar(struct sw_buf *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._/-~+@ ";
    bool is_plain = text[0] != '\0' && strspn(text, plain) == strlen(text) &&
                    strchr("-~@ ", text[0]) == NULL && text[strlen(text) - 1] != ' ';
    /* "~/x" is a path; "~" alone is YAML's nothing. A time holds colons without a blank. */
    bool is_path = strncmp(text, "~/", 2) == 0 && strspn(text, plain) == strlen(text);
    sw_buf_printf(out, is_plain || is_path ? "%s" : "\"%s\"", text);
}

static void put_value(struct sw_buf *out, const struct sw_option *option);

/* {key: value, ...} of what a mapping's table requires or shows. */
static void put_map(struct sw_buf *out, const struct sw_option *table)
{
    const char *comma = "";
    sw_buf_add(out, "{");
    for (; table->type != SW_OPTION_END; table++) {
        if (!table->is_required && table->example == NULL)
            continue;
        sw_buf_printf(out, "%s%s: ", comma, table->key);
        put_value(out, table);
        comma = ", ";
    }
    sw_buf_add(out, "}");
}

static void put_value(struct sw_buf *out, const struct sw_option *option)
{
    const char *text = option->example != NULL ? option->example : option->preset;
    bool is_flow = option->type == SW_OPTION_STRINGS || option->type == SW_OPTION_PAIRS ||
                   option->type == SW_OPTION_LIST || option->type == SW_OPTION_MAP ||
                   option->type == SW_OPTION_ANY;
    if (text != NULL && is_flow && (text[0] == '[' || text[0] == '{'))
        sw_buf_add(out, text);
    else if (option->type == SW_OPTION_MAP)
        put_map(out, option->children);
    else if (option->type == SW_OPTION_LIST) {
        sw_buf_add(out, "[");
        put_map(out, option->children);
        sw_buf_add(out, "]");
    } else if (is_flow)
        sw_buf_printf(out, option->type == SW_OPTION_PAIRS ? "{name: %s}" : "[%s]",
                      text != NULL ? text : "change-me");
    else if (option->type == SW_OPTION_CHOICE && text == NULL)
        sw_buf_add(out, option->choices[0]);
    else if (option->type == SW_OPTION_STRING)
        put_scalar(out, text != NULL ? text : "change-me");
    else
        sw_buf_add(out, text != NULL ? text : "1");
}

/* Ends a line that began at `start`, with help behind it. */
static void put_help(struct sw_buf *out, size_t start, const char *help)
{
    size_t width = out->len - start;
    if (help != NULL)
        sw_buf_printf(out, "%*s # %s", width < HELP_COLUMN ? (int)(HELP_COLUMN - width) : 0, "",
                      help);
    sw_buf_add(out, "\n");
}

static void put_text(struct sw_buf *out, const char *text, const char *help)
{
    size_t start = out->len;
    sw_buf_add(out, text);
    put_help(out, start, help);
}

static void put_line(struct sw_buf *out, const char *indent, bool is_off,
                     const struct sw_option *option)
{
    size_t start = out->len;
    sw_buf_printf(out, "%s%s%s: ", indent, is_off ? "# " : "", option->key);
    put_value(out, option);
    put_help(out, start, option->help);
}

/* One of a secret's places, with a made-up place as example. */
static void put_secret(struct sw_buf *out, const char *indent, bool is_off, const char *owner,
                       const struct sw_option *option, const char *stem)
{
    char example[160];
    struct sw_option shown = *option;
    const char *tail = option->key + strlen(stem);
    if (strcmp(tail, "_file") == 0)
        sw_ignore(sw_format(example, sizeof example, "~/.config/slipway/%s.%s", owner, stem));
    else if (strcmp(tail, "_cmd") == 0)
        sw_ignore(sw_format(example, sizeof example, "[pass, show, slipway/%s]", owner));
    else
        sw_ignore(sw_copy(example, sizeof example, "SLIPWAY_SECRET"));
    if (shown.example == NULL)
        shown.example = example;
    put_line(out, indent, is_off, &shown);
}

/* A kind's own keys. Of a secret's three places the first is on, the others are shown. */
static void put_own(struct sw_buf *out, const char *indent, const char *owner,
                    const struct sw_option *table)
{
    char stem[64], last[64] = "";
    const struct sw_option *option = table;
    for (; option != NULL && option->type != SW_OPTION_END; option++) {
        if (!sw_schema_is_secret(table, option, stem, sizeof stem)) {
            put_line(out, indent, !option->is_required && option->example == NULL, option);
            continue;
        }
        put_secret(out, indent, strcmp(stem, last) == 0, owner, option, stem);
        sw_ignore(sw_copy(last, sizeof last, stem));
    }
}

static void put_source(struct sw_buf *out, const struct sw_kind_info *kind)
{
    static const struct sw_option base_url = {
        .key = "base_url", .type = SW_OPTION_STRING, .help = "default: the public one"};
    size_t start = out->len;
    char text[160];
    sw_ignore(sw_format(text, sizeof text, "%s: %s", kind->title, kind->summary));
    sw_buf_printf(out, "  - id: %s", kind->name);
    put_help(out, start, text);
    sw_buf_printf(out, "    kind: %s\n", kind->name);
    if (kind->has_credential && (kind->base_url == NULL || strchr(kind->base_url, '{') == NULL)) {
        struct sw_option shown = base_url;
        shown.example = kind->base_url != NULL ? kind->base_url : "https://example.com";
        put_line(out, "    ",
                 kind->base_url != NULL || sw_schema_has_key(kind->account_options, "region"),
                 &shown);
    }
    put_own(out, "    ", kind->name, kind->account_options);
    sw_buf_printf(out, "    # interval: %ds\n    # stale_after: %ds\n", kind->interval_s,
                  kind->stale_after_s);
}

static const struct sw_kind_info *first_with(const struct sw_kind_info *kinds, size_t count,
                                             enum sw_metric metric)
{
    for (size_t i = 0; i < count; i++)
        if (kinds[i].health_options != NULL && (kinds[i].metrics & (1u << metric)) != 0)
            return &kinds[i];
    return NULL;
}

/* Words for the example only: what usually ships through a kind. */
static enum sw_kind usual_platform(const struct sw_kind_info *kind)
{
    static const struct {
        const char *name;
        enum sw_kind platform;
    } usual[] = {
        {"app_store", SW_KIND_IOS},
        {"google_play", SW_KIND_ANDROID},
        {"codedeploy", SW_KIND_BACKEND},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(usual); i++)
        if (strcmp(kind->name, usual[i].name) == 0)
            return usual[i].platform;
    return SW_KIND_WEB;
}

static void put_health_entry(struct sw_buf *out, const struct sw_kind_info *kind,
                             enum sw_metric metric)
{
    sw_buf_printf(out, "      - metric: %s\n        source: %s\n", sw_metric_name(metric),
                  kind->name);
    put_own(out, "        ", kind->name, kind->health_options);
}

static void put_health(struct sw_buf *out, const struct sw_kind_info *kinds, size_t count,
                       enum sw_kind platform)
{
    bool is_service = platform == SW_KIND_WEB || platform == SW_KIND_BACKEND;
    enum sw_metric metric = is_service ? SW_METRIC_ERROR_RATE : SW_METRIC_CRASH_FREE_SESSIONS;
    const struct sw_kind_info *kind = first_with(kinds, count, metric);
    if (kind == NULL)
        return;
    put_text(out, "    health:", "the first entry of a metric decides");
    put_health_entry(out, kind, metric);
    /* What the store itself measures, where a kind gives it. */
    kind = first_with(kinds, count, SW_METRIC_USER_PERCEIVED_CRASH_RATE);
    if (platform == SW_KIND_ANDROID && kind != NULL)
        put_health_entry(out, kind, SW_METRIC_USER_PERCEIVED_CRASH_RATE);
}

static void put_platform(struct sw_buf *out, const struct sw_kind_info *kinds, size_t count,
                         const struct sw_kind_info *kind)
{
    enum sw_kind platform = usual_platform(kind);
    const char *word = sw_kind_name(platform);
    const char *id = platform == SW_KIND_WEB ? kind->name : word;
    sw_buf_printf(out, "  - id: %s\n    kind: %s\n    tags: \"%s-v*\"\n    rollout:\n", id, word,
                  id);
    sw_buf_printf(out, "      source: %s\n", kind->name);
    put_own(out, "      ", kind->name, kind->rollout_options);
    put_text(out, "      # stop: halt", "what stop-everything does: halt, rollback, skip");
    if (platform == SW_KIND_IOS)
        put_text(out, "    plan: store", "the store's own 1, 2, 5, 10, 20, 50, 100");
    else if (platform == SW_KIND_ANDROID)
        put_text(out,
                 "    plan: [{percent: 5, soak: 6h}, {percent: 20, soak: 12h}, {percent: 100}]",
                 "or at: \"Fri 10:00\" in place of soak");
    else
        put_text(out, "    plan: service", "the deploy system's own steps");
    put_health(out, kinds, count, platform);
}

static void put_section(struct sw_buf *out, const char *key)
{
    const struct sw_option *option = sw_schema_root;
    while (strcmp(option->key, key) != 0)
        option++;
    sw_buf_add(out, "\n");
    size_t start = out->len;
    sw_buf_printf(out, "%s:", key);
    put_help(out, start, option->help);
    for (const struct sw_option *child = option->children; child->type != SW_OPTION_END; child++)
        put_line(out, "  ", false, child);
}

static void put_defaults(struct sw_buf *out)
{
    static const char *const sections[] = {"guard", "simulation"};
    sw_buf_add(out, "\n# Gates come with each platform's kind; the same id replaces one.\n"
                    "# gates:\n#   - {id: crash, platforms: [ios], metric: crash_free_sessions, "
                    "warn: 99.5, critical: 99, window: 1h, min_sample: 600, blocking: true}\n");
    for (size_t i = 0; i < SW_ARRAY_LEN(sections); i++) {
        const struct sw_option *option = sw_schema_root;
        while (strcmp(option->key, sections[i]) != 0)
            option++;
        sw_buf_add(out, "\n");
        size_t start = out->len;
        sw_buf_printf(out, "# %s:", sections[i]);
        put_help(out, start, option->help);
        for (const struct sw_option *child = option->children; child->type != SW_OPTION_END;
             child++)
            put_line(out, "#   ", false, child);
    }
}

char *sw_config_example_text(const struct sw_kind_info *kinds, size_t kind_count)
{
    struct sw_buf out;
    bool has_platform = false;
    sw_buf_init(&out, TEXT_MAX);
    sw_buf_add(&out,
               "# Slipway's configuration. Lines with a # in front are defaults or alternatives.\n"
               "# Secrets never stand here: each has one of _file, _env, _cmd (a list, no shell).\n"
               "# `slipway check` explains this file and probes every source.\n"
               "version: 1\n");
    static const char *const sections[] = {"captain", "release", "repository", "checklist", "ui"};
    for (size_t i = 0; i < SW_ARRAY_LEN(sections); i++)
        put_section(&out, sections[i]);
    sw_buf_add(&out, "\n");
    put_text(&out, "sources:", "one entry for each upstream account; take out what you have not");
    for (size_t i = 0; i < kind_count; i++)
        put_source(&out, &kinds[i]);
    sw_buf_add(&out, "\n");
    put_text(&out, "platforms:", "1 to 500; their order is the order on screen");
    for (size_t i = 0; i < kind_count; i++) {
        if (kinds[i].rollout_options == NULL)
            continue;
        put_platform(&out, kinds, kind_count, &kinds[i]);
        has_platform = true;
    }
    if (!has_platform)
        sw_buf_add(&out, "  - {id: web, kind: web}\n");
    put_defaults(&out);
    return sw_buf_take(&out);
}
