/* gates.c: the gates of each platform: the defaults of its kind with the
 * configured ones on top.
 *
 * A default gate stands only where the platform reads its metric: a gate that
 * nothing can ever answer would hold every advance for nothing. A configured
 * gate on a metric that is not read stays, UNKNOWN, with a warning: somebody
 * wanted it. On a window that the metric's source never gives, a default gate
 * is left out with a warning, and a configured one is an error: it would look
 * right and stay UNKNOWN for ever. The same id replaces. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/loader.h"

enum { GATES_MAX = 2000, GATES_OF_PLATFORM_MAX = 64 };

/* A configured rule with where it stands. */
struct rule {
    const struct sw_node *node;
    struct sw_gate_rule gate;
    bool is_usable; /* id and metric are there */
};

/* The gates of one platform while they are put together. */
struct stack {
    struct sw_config_platform *platform;
    size_t count;
    struct sw_gate_rule gates[GATES_OF_PLATFORM_MAX];
    bool is_configured[GATES_OF_PLATFORM_MAX];
};

static bool reads(const struct sw_config_platform *platform, enum sw_metric metric)
{
    for (size_t i = 0; i < platform->health_count; i++)
        if (platform->health[i].metric == metric)
            return true;
    return false;
}

static bool names_platform(const struct sw_node *node, const char *id)
{
    for (size_t i = 0; i < sw_node_count(node, "platforms"); i++)
        if (strcmp(sw_node_str_at(node, "platforms", i), id) == 0)
            return true;
    return false;
}

static bool is_for(const struct rule *rule, const struct sw_config_platform *platform)
{
    if (!rule->is_usable || platform->id == NULL)
        return false;
    return sw_node_has(rule->node, "platforms") ? names_platform(rule->node, platform->id)
                                                : reads(platform, rule->gate.metric);
}

/* Can the deciding source of the metric give this window, by any of its entries? False with its
 * id, and which windows it gives. Where nothing reads the metric nothing speaks against it. */
static bool gives_window(const struct sw_loader *loader, const struct sw_config_platform *platform,
                         enum sw_metric metric, int window_s, const char **source, char *why,
                         size_t size)
{
    const struct sw_config_binding *first = NULL;
    for (size_t i = 0; i < platform->health_count; i++) {
        const struct sw_config_binding *entry = &platform->health[i];
        if (entry->metric != metric || (first != NULL && entry->source != first->source))
            continue;
        const struct sw_config_source *from = &loader->config->sources[entry->source];
        const struct sw_kind_info *kind = &loader->kinds[from->kind];
        if (kind->check_window == NULL ||
            kind->check_window(entry->options, metric, window_s, why, size))
            return true;
        first = entry;
        *source = from->id;
    }
    return first == NULL;
}

static bool is_replaced(const struct rule *rules, size_t count,
                        const struct sw_config_platform *platform, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].gate.id, id) == 0 && is_for(&rules[i], platform))
            return true;
    return false;
}

static void add_presets(struct sw_loader *loader, const struct rule *rules, size_t rule_count,
                        struct stack *stack)
{
    const struct sw_gate_rule *presets = NULL;
    const struct sw_config_platform *platform = stack->platform;
    size_t count = sw_gate_presets(platform->kind, &presets);
    for (size_t i = 0; i < count; i++) {
        const char *source = "";
        char why[160], window[SW_DURATION_TEXT];
        if (!reads(platform, presets[i].metric))
            continue;
        if (gives_window(loader, platform, presets[i].metric, presets[i].window_s, &source, why,
                         sizeof why))
            stack->gates[stack->count++] = presets[i];
        else if (!is_replaced(rules, rule_count, platform, presets[i].id))
            sw_check_warning(loader->check, sw_node_at(platform->health[0].options, NULL),
                             "platform \"%s\": the default gate \"%s\" (%s over %s) does not "
                             "stand: source \"%s\" %s",
                             platform->id != NULL ? platform->id : "?", presets[i].id, sw_metric_name(presets[i].metric),
                             sw_duration_format(presets[i].window_s * SW_SECOND_MS, window),
                             source, why);
    }
}

/* ----------------------------------------------------------------- one rule */

static struct sw_value limit_of(struct sw_loader *loader, const struct sw_node *node,
                                const char *key, enum sw_metric metric,
                                const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    struct sw_value limit = {.is_known = sw_node_has(node, key)};
    if (!limit.is_known)
        return limit;
    limit.value = sw_node_num(node, key);
    bool is_percent = strcmp(sw_metric_unit(metric), "percent") == 0;
    if (limit.value < 0 || (is_percent && limit.value > 100))
        sw_check_error(loader->check, sw_node_at(node, key), "%s: %g is no %s",
                       sw_place_key_text(place, key, where, sizeof where), limit.value,
                       is_percent ? "percentage (0 to 100)" : "number of milliseconds");
    return limit;
}

static void check_limits(struct sw_loader *loader, const struct sw_node *node,
                         const struct sw_gate_rule *rule, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    sw_place_key_text(place, NULL, where, sizeof where);
    bool is_low_bad = sw_metric_is_low_bad(rule->metric);
    if (!rule->warn.is_known && !rule->critical.is_known) {
        if (sw_yaml_get(sw_node_at(node, NULL), "warn") == NULL &&
            sw_yaml_get(sw_node_at(node, NULL), "critical") == NULL)
            sw_check_error(loader->check, sw_node_at(node, NULL),
                           "%s needs warn or critical, or both", where);
        return;
    }
    if (!rule->warn.is_known || !rule->critical.is_known)
        return;
    double beyond = rule->critical.value - rule->warn.value;
    if (is_low_bad ? beyond > 0 : beyond < 0)
        sw_check_error(loader->check, sw_node_at(node, "critical"),
                       "%s: of %s %s is bad, so critical (%g) must be %s warn (%g)", where,
                       sw_metric_name(rule->metric), is_low_bad ? "falling" : "rising",
                       rule->critical.value, is_low_bad ? "below" : "above", rule->warn.value);
}

/* False when a part that decides is missing; its problem is listed already. */
static bool read_rule(struct sw_loader *loader, const struct sw_node *node,
                      struct sw_gate_rule *rule, const struct sw_place *place)
{
    const char *id = sw_node_str(node, "id"), *metric = sw_node_str(node, "metric");
    *rule = (struct sw_gate_rule){0};
    if (id == NULL || metric == NULL ||
        !sw_loader_check_id(loader, sw_node_at(node, "id"), id, "id"))
        return false;
    sw_ignore(sw_copy(rule->id, sizeof rule->id, id));
    rule->metric = sw_metric_parse(metric);
    rule->warn = limit_of(loader, node, "warn", rule->metric, place);
    rule->critical = limit_of(loader, node, "critical", rule->metric, place);
    check_limits(loader, node, rule, place);
    rule->window_s = (int)sw_node_int(node, "window");
    rule->min_sample = sw_node_has(node, "min_sample")
                           ? sw_node_num(node, "min_sample")
                           : sw_gate_min_sample_preset(rule->metric, rule->warn);
    rule->is_blocking = sw_node_bool(node, "blocking");
    rule->stage = (int)sw_node_int(node, "stage");
    return true;
}

/* --------------------------------------------------------------- placing it */

static void check_stage(struct sw_loader *loader, const struct sw_node *node,
                        const struct sw_gate_rule *rule, const struct sw_config_platform *platform,
                        const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const struct sw_plan *plan = &platform->plan;
    if (rule->stage == 0 || plan->kind == SW_PLAN_SERVICE || (size_t)rule->stage <= plan->count)
        return;
    sw_check_error(
        loader->check, sw_node_at(node, "stage"), "%s: the plan of \"%s\" has %zu stages",
        sw_place_key_text(place, "stage", where, sizeof where), platform->id, plan->count);
}

static void check_window(struct sw_loader *loader, const struct rule *rule,
                         const struct sw_config_platform *platform, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1], why[160], window[SW_DURATION_TEXT];
    const char *source = "";
    if (gives_window(loader, platform, rule->gate.metric, rule->gate.window_s, &source, why,
                     sizeof why))
        return;
    sw_check_error(loader->check, sw_node_at(rule->node, "window"),
                   "%s: %s on platform \"%s\" is never known over %s: source \"%s\" %s",
                   sw_place_key_text(place, "window", where, sizeof where),
                   sw_metric_name(rule->gate.metric), platform->id,
                   sw_duration_format(rule->gate.window_s * SW_SECOND_MS, window), source, why);
}

static void put(struct sw_loader *loader, const struct rule *rule, struct stack *stack,
                const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const struct sw_config_platform *platform = stack->platform;
    size_t at = 0;
    while (at < stack->count && strcmp(stack->gates[at].id, rule->gate.id) != 0)
        at++;
    if (at == GATES_OF_PLATFORM_MAX || (at < stack->count && stack->is_configured[at])) {
        sw_check_error(loader->check, sw_node_at(rule->node, "id"),
                       at < stack->count ? "gate id \"%s\" is used twice for platform \"%s\""
                                         : "gate \"%s\" is one too many for platform \"%s\" (64)",
                       rule->gate.id, platform->id);
        return;
    }
    stack->count += at == stack->count ? 1 : 0;
    stack->gates[at] = rule->gate;
    stack->is_configured[at] = true;
    check_stage(loader, rule->node, &rule->gate, platform, place);
    check_window(loader, rule, platform, place);
    if (!reads(platform, rule->gate.metric))
        sw_check_warning(loader->check, sw_node_at(rule->node, "metric"),
                         "%s: platform \"%s\" reads no %s, so this gate stays UNKNOWN there",
                         sw_place_key_text(place, "metric", where, sizeof where), platform->id,
                         sw_metric_name(rule->gate.metric));
}

static void check_names(struct sw_loader *loader, const struct sw_node *node,
                        const struct sw_place *place)
{
    const struct sw_config *config = loader->config;
    char where[SW_PLACE_TEXT + 1];
    const char **ids = sw_arena_array(loader->arena, config->platform_count + 1, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < config->platform_count; i++)
        if (config->platforms[i].id != NULL)
            ids[count++] = config->platforms[i].id;
    for (size_t i = 0; i < sw_node_count(node, "platforms"); i++) {
        const char *name = sw_node_str_at(node, "platforms", i);
        size_t found = 0;
        while (found < count && strcmp(ids[found], name) != 0)
            found++;
        if (found < count)
            continue;
        const char *near = sw_text_nearest(name, ids);
        sw_check_error(loader->check, sw_node_at(node, "platforms")->items[i],
                       "%s: there is no platform \"%.32s\"%s%s%s",
                       sw_place_key_text(place, "platforms", where, sizeof where), name,
                       near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                       near != NULL ? "\"?" : "");
    }
}

static void build(struct sw_loader *loader, const struct rule *rules, size_t count,
                  struct stack *stack, const struct sw_place *up)
{
    add_presets(loader, rules, count, stack);
    for (size_t i = 0; i < count; i++) {
        const struct sw_place place = {.up = up, .id = rules[i].gate.id, .index = i};
        if (is_for(&rules[i], stack->platform))
            put(loader, &rules[i], stack, &place);
    }
    struct sw_config_platform *platform = stack->platform;
    platform->gates = sw_arena_array(loader->arena, stack->count + 1, sizeof *platform->gates);
    memcpy(platform->gates, stack->gates, stack->count * sizeof *platform->gates);
    platform->gate_count = stack->count;
}

void sw_load_gates(struct sw_loader *loader)
{
    struct sw_config *config = loader->config;
    const struct sw_place here = {.key = "gates"};
    size_t count = sw_node_count(loader->root, "gates");
    if (count > GATES_MAX) {
        sw_check_error(loader->check, sw_node_at(loader->root, "gates"),
                       "gates must be a list of at most %d entries", (int)GATES_MAX);
        return;
    }
    struct rule *rules = sw_arena_array(loader->arena, count + 1, sizeof *rules);
    for (size_t i = 0; i < count; i++) {
        const struct sw_node *node = sw_node_item(loader->root, "gates", i);
        const struct sw_place place = {.up = &here, .id = sw_node_str(node, "id"), .index = i};
        rules[i].node = node;
        check_names(loader, node, &place);
        rules[i].is_usable = read_rule(loader, node, &rules[i].gate, &place);
    }
    struct stack *stack = sw_xcalloc(1, sizeof *stack);
    for (size_t p = 0; p < config->platform_count; p++) {
        *stack = (struct stack){.platform = &config->platforms[p]};
        build(loader, rules, count, stack, &here);
    }
    free(stack);
}
