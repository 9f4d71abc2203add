/* platforms.c: the `platforms` of a configuration and what they are bound to.
 *
 * A binding names a source; the source's kind decides which keys the binding
 * has. A binding to a kind that cannot do it is told which kinds can. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/loader.h"
#include "config/pattern.h"

enum { PLATFORMS_MAX = 500, HEALTH_MAX = 64 };

static bool can_bind(const struct sw_kind_info *kind, unsigned part)
{
    return sw_schema_own(kind, (enum sw_schema_part)part) != NULL;
}

static bool gives_metric(const struct sw_kind_info *kind, unsigned metric)
{
    return kind->health_options != NULL && (kind->metrics & (1u << metric)) != 0;
}

static void unknown_source(struct sw_loader *loader, const struct sw_yaml *at,
                           const struct sw_place *place)
{
    const struct sw_config *config = loader->config;
    char where[SW_PLACE_TEXT + 1];
    const char **ids = sw_arena_array(loader->arena, config->source_count + 1, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < config->source_count; i++)
        if (config->sources[i].id != NULL)
            ids[count++] = config->sources[i].id;
    const char *near = sw_text_nearest(at->text, ids);
    sw_check_error(loader->check, at, "%s: there is no source \"%.32s\"%s%s%s",
                   sw_place_key_text(place, "source", where, sizeof where), at->text,
                   near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                   near != NULL ? "\"?" : "");
}

/* The source a raw binding names; false with a problem when there is none. */
static bool find_source(struct sw_loader *loader, const struct sw_yaml *at,
                        const struct sw_place *place, size_t *source)
{
    const struct sw_config *config = loader->config;
    char where[SW_PLACE_TEXT + 8];
    if (at->kind != SW_YAML_MAP) {
        sw_check_error(loader->check, at, "%s must be a mapping (key: value)",
                       sw_place_key_text(place, NULL, where, sizeof where));
        return false;
    }
    const char *id = sw_loader_text(at, "source");
    if (id == NULL) {
        sw_check_error(loader->check, at, "missing key \"source\" %s (id of an entry in sources)",
                       sw_place_in_text(place, where, sizeof where));
        return false;
    }
    for (size_t i = 0; i < config->source_count; i++) {
        if (config->sources[i].id != NULL && strcmp(config->sources[i].id, id) == 0) {
            *source = i;
            return true;
        }
    }
    unknown_source(loader, sw_yaml_get(at, "source"), place);
    return false;
}

static bool read_binding(struct sw_loader *loader, const struct sw_yaml *at,
                         enum sw_schema_part part, struct sw_config_binding *binding,
                         const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1], list[256];
    if (!find_source(loader, at, place, &binding->source))
        return false;
    const struct sw_config_source *source = &loader->config->sources[binding->source];
    loader->is_used[binding->source] = true;
    if (!loader->has_kind[binding->source])
        return false; /* its own problem is listed already */
    const struct sw_kind_info *kind = &loader->kinds[source->kind];
    if (!can_bind(kind, (unsigned)part)) {
        sw_check_error(loader->check, sw_yaml_get(at, "source"),
                       "%s: source \"%s\" is of kind %s, which gives no %s (these do: %s)",
                       sw_place_key_text(place, "source", where, sizeof where), source->id,
                       kind->name, sw_schema_part_name(part),
                       sw_loader_kinds(loader, can_bind, (unsigned)part, list, sizeof list));
        return false;
    }
    binding->options =
        sw_check_map(loader->check, at, sw_loader_table(loader, source->kind, part), place);
    return true;
}

static void read_health_entry(struct sw_loader *loader, const struct sw_yaml *at,
                              struct sw_config_platform *platform, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1], list[256];
    struct sw_config_binding *binding = &platform->health[platform->health_count];
    *binding = (struct sw_config_binding){0};
    if (!read_binding(loader, at, SW_SCHEMA_HEALTH, binding, place))
        return;
    const char *word = sw_node_str(binding->options, "metric");
    if (word == NULL)
        return;
    platform->health_count++;
    binding->metric = sw_metric_parse(word);
    const struct sw_config_source *source = &loader->config->sources[binding->source];
    const struct sw_kind_info *kind = &loader->kinds[source->kind];
    if (!gives_metric(kind, (unsigned)binding->metric)) {
        sw_check_error(
            loader->check, sw_node_at(binding->options, "metric"),
            "%s: source \"%s\" is of kind %s, which gives no %s (these do: %s)",
            sw_place_key_text(place, "metric", where, sizeof where), source->id, kind->name, word,
            sw_loader_kinds(loader, gives_metric, (unsigned)binding->metric, list, sizeof list));
    } else if (kind->check_health != NULL &&
               !kind->check_health(binding->options, binding->metric, list, sizeof list)) {
        sw_check_error(loader->check, sw_node_at(binding->options, NULL), "%s: %s",
                       sw_place_key_text(place, NULL, where, sizeof where), list);
    }
}

static void read_health(struct sw_loader *loader, const struct sw_yaml *list,
                        struct sw_config_platform *platform, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const struct sw_place here = {.up = place, .key = "health"};
    if (list == NULL)
        return;
    if (list->kind != SW_YAML_LIST || list->count > HEALTH_MAX) {
        sw_check_error(loader->check, list, "%s must be a list of at most %d entries",
                       sw_place_key_text(&here, NULL, where, sizeof where), (int)HEALTH_MAX);
        return;
    }
    platform->health = sw_arena_array(loader->arena, list->count + 1, sizeof *platform->health);
    for (size_t i = 0; i < list->count; i++) {
        const struct sw_place item = {.up = &here, .index = i};
        read_health_entry(loader, list->items[i], platform, &item);
    }
}

static void read_rollout(struct sw_loader *loader, const struct sw_yaml *at,
                         struct sw_config_platform *platform, const struct sw_place *place)
{
    static const enum sw_stop stops[] = {SW_STOP_HALT, SW_STOP_ROLLBACK, SW_STOP_SKIP};
    const struct sw_place here = {.up = place, .key = "rollout"};
    if (at == NULL || !read_binding(loader, at, SW_SCHEMA_ROLLOUT, &platform->rollout, &here))
        return;
    platform->has_rollout = true;
    const char *word = sw_node_str(platform->rollout.options, "stop");
    platform->stop = stops[strcmp(word, "rollback") == 0 ? 1 : strcmp(word, "skip") == 0 ? 2 : 0];
}

static void read_alarms(struct sw_loader *loader, const struct sw_yaml *at,
                        struct sw_config_platform *platform, const struct sw_place *place)
{
    const struct sw_place here = {.up = place, .key = "alarms"};
    platform->has_alarms =
        at != NULL && read_binding(loader, at, SW_SCHEMA_ALARMS, &platform->alarms, &here);
}

static void read_includes(struct sw_loader *loader, const struct sw_node *node,
                          struct sw_config_platform *platform)
{
    size_t count = sw_node_count(node, "includes");
    const char **includes = sw_arena_array(loader->arena, count + 1, sizeof *includes);
    for (size_t i = 0; i < count; i++) {
        includes[i] = sw_node_str_at(node, "includes", i);
        sw_ignore(
            sw_loader_check_id(loader, sw_node_at(node, "includes"), includes[i], "includes"));
    }
    platform->includes = includes;
    platform->includes_count = count;
}

static void read_tags(struct sw_loader *loader, const struct sw_node *node,
                      struct sw_config_platform *platform, const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const char *train = loader->config->release_tags;
    platform->tags = sw_node_str(node, "tags");
    if (platform->tags == NULL)
        return;
    sw_place_key_text(place, "tags", where, sizeof where);
    if (platform->tags[0] == '\0' || strlen(platform->tags) > SW_PATTERN_MAX)
        sw_check_error(loader->check, sw_node_at(node, "tags"), "%s must have 1 to %d characters",
                       where, (int)SW_PATTERN_MAX);
    else if (strlen(train) <= SW_PATTERN_MAX && sw_pattern_meets(platform->tags, train))
        sw_check_error(loader->check, sw_node_at(node, "tags"),
                       "%s: \"%s\" can match the same tags as the release train's \"%s\"; "
                       "give the platform a pattern of its own",
                       where, platform->tags, train);
}

static void check_unique(struct sw_loader *loader, size_t index, const struct sw_yaml *at,
                         const struct sw_yaml *list)
{
    const struct sw_config_platform *platforms = loader->config->platforms;
    for (size_t i = 0; i < index; i++) {
        if (platforms[i].id == NULL || strcmp(platforms[i].id, platforms[index].id) != 0)
            continue;
        sw_check_error(loader->check, at, "platform id \"%.32s\" is used twice (first at line %d)",
                       platforms[index].id, sw_yaml_get(list->items[i], "id")->line);
        return;
    }
}

static void read_platform(struct sw_loader *loader, size_t index, const struct sw_yaml *list,
                          const struct sw_place *place)
{
    struct sw_config_platform *platform = &loader->config->platforms[index];
    const struct sw_yaml *at = list->items[index];
    const struct sw_node *node = sw_check_map(loader->check, at, sw_schema_platform, place);
    if (node == NULL)
        return;
    platform->id = sw_node_str(node, "id");
    if (platform->id != NULL &&
        sw_loader_check_id(loader, sw_node_at(node, "id"), platform->id, "id"))
        check_unique(loader, index, sw_node_at(node, "id"), list);
    const char *title = sw_node_str(node, "title");
    platform->title = title != NULL ? title : platform->id;
    const char *kind = sw_node_str(node, "kind");
    platform->kind = kind != NULL ? sw_kind_parse(kind) : SW_KIND_UNKNOWN;
    read_includes(loader, node, platform);
    read_tags(loader, node, platform, place);
    read_rollout(loader, sw_node_any(node, "rollout"), platform, place);
    sw_load_plan(loader, sw_node_any(node, "plan"), platform, place);
    read_health(loader, sw_node_any(node, "health"), platform, place);
    read_alarms(loader, sw_node_any(node, "alarms"), platform, place);
    if (platform->has_rollout && sw_node_any(node, "plan") == NULL)
        sw_check_warning(loader->check, at,
                         "platform \"%s\" has no plan: the only step forward is complete",
                         platform->id != NULL ? platform->id : "?");
    if (platform->has_rollout && platform->health_count == 0)
        sw_check_warning(loader->check, at, "platform \"%s\" reads no health: no gate guards it",
                         platform->id != NULL ? platform->id : "?");
}

static bool is_bindable(const struct sw_kind_info *kind)
{
    return kind->rollout_options != NULL || kind->health_options != NULL ||
           kind->alarm_options != NULL;
}

static void warn_unused(struct sw_loader *loader)
{
    const struct sw_config *config = loader->config;
    for (size_t i = 0; i < config->source_count; i++)
        if (!loader->is_used[i] && loader->has_kind[i] && config->sources[i].id != NULL &&
            is_bindable(&loader->kinds[config->sources[i].kind]))
            sw_check_warning(loader->check, sw_node_at(config->sources[i].options, NULL),
                             "source \"%.32s\" is used by no platform", config->sources[i].id);
}

void sw_load_platforms(struct sw_loader *loader)
{
    struct sw_config *config = loader->config;
    const struct sw_yaml *list = sw_node_any(loader->root, "platforms");
    const struct sw_place here = {.key = "platforms"};
    if (list == NULL)
        return;
    if (list->kind != SW_YAML_LIST || list->count == 0 || list->count > PLATFORMS_MAX) {
        sw_check_error(loader->check, list, "platforms must be a list of 1 to %d entries",
                       (int)PLATFORMS_MAX);
        return;
    }
    config->platform_count = list->count;
    config->platforms = sw_arena_array(loader->arena, list->count, sizeof *config->platforms);
    for (size_t i = 0; i < list->count; i++) {
        struct sw_place place = {.up = &here, .index = i};
        place.id = sw_loader_text(list->items[i], "id");
        read_platform(loader, i, list, &place);
    }
    warn_unused(loader);
}
