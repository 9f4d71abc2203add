/* setup.c: see setup.h.
 *
 * Poll units are made here: every target (rollout, tags, each health entry, alarms) is put into
 * the group its source kind names; health and the rest never share a group, because health is
 * asked by the version that the stores told first. */
#include "engine/setup.h"

#include <string.h>

#include "base/mem.h"
#include "config/problems.h"
#include "engine/binding.h"
#include "engine/parts.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

struct sw_kind_info *sw_setup_infos(const struct sw_parts *parts, size_t *count)
{
    size_t n = 0;
    while (parts->kinds[n] != NULL)
        n++;
    struct sw_kind_info *infos = sw_xcalloc(n + 1, sizeof *infos);
    for (size_t i = 0; i < n; i++) {
        const struct sw_source_kind *kind = parts->kinds[i];
        infos[i] = (struct sw_kind_info){
            .name = kind->name,
            .title = kind->title,
            .summary = kind->summary,
            .can = kind->can,
            .metrics = kind->metrics,
            .base_url = kind->base_url,
            .has_credential = kind->auth_open != NULL,
            .interval_s = kind->interval_s,
            .stale_after_s = kind->stale_after_s,
            .slowest_key = kind->slowest_key,
            .account_options = kind->account_options,
            .rollout_options = kind->rollout_options,
            .health_options = kind->health_options,
            .alarm_options = kind->alarm_options,
            .check_health = kind->check_health,
            .check_window = kind->check_window,
        };
    }
    *count = n;
    return infos;
}

/* ------------------------------------------------------------------- units */

/* Finds units by source and key while they are made: 500 platforms have some 2,000 targets. */
struct unit_index {
    size_t mask;
    size_t *slots; /* index into units + 1; 0: free */
};

static size_t unit_hash(size_t source, const char *key, bool is_health)
{
    size_t hash = source * 2 + (is_health ? 1 : 0) + 5381;
    for (const char *c = key; *c != 0; c++)
        hash = hash * 33 + (unsigned char)*c;
    return hash ^ (hash >> 15);
}

/* The unit of this source and key; made when there is none. */
static struct sw_unit *unit_for(struct sw_setup *setup, struct unit_index *index, size_t source,
                                const char *key, bool is_health)
{
    size_t slot = unit_hash(source, key, is_health) & index->mask;
    for (; index->slots[slot] != 0; slot = (slot + 1) & index->mask) {
        struct sw_unit *unit = &setup->units[index->slots[slot] - 1];
        if (unit->source == source && unit->is_health == is_health && !strcmp(unit->key, key))
            return unit;
    }
    setup->units = sw_xrealloc_array(setup->units, setup->unit_count + 1, sizeof *setup->units);
    struct sw_unit *unit = &setup->units[setup->unit_count++];
    *unit = (struct sw_unit){.source = source, .is_health = is_health};
    sw_copy(unit->key, sizeof unit->key, key);
    index->slots[slot] = setup->unit_count;
    return unit;
}

static size_t add_target(struct sw_setup *setup, struct unit_index *index, size_t source,
                         const struct sw_target *target)
{
    char key[SW_LABEL_MAX * 2] = "";
    setup->sources[source].kind->unit_key(target, key, sizeof key);
    struct sw_unit *unit = unit_for(setup, index, source, key, target->role == SW_ROLE_HEALTH);
    unit->targets = sw_xrealloc_array(unit->targets, unit->target_count + 1, sizeof *unit->targets);
    unit->targets[unit->target_count++] = *target;
    return (size_t)(unit - setup->units);
}

static void add_window(struct sw_target *target, int window_s)
{
    size_t at = 0;
    while (at < target->window_count && target->windows_s[at] < window_s)
        at++;
    if (at < target->window_count && target->windows_s[at] == window_s)
        return;
    if (target->window_count == SW_WINDOWS_MAX)
        return;
    memmove(&target->windows_s[at + 1], &target->windows_s[at],
            (target->window_count - at) * sizeof target->windows_s[0]);
    target->windows_s[at] = window_s;
    target->window_count++;
}

/* The windows its gates look at; the hour and the day where no gate looks (decision 40). */
static void choose_windows(struct sw_target *target, const struct sw_config_platform *platform)
{
    for (size_t i = 0; i < platform->gate_count; i++)
        if (platform->gates[i].metric == target->metric && platform->gates[i].window_s > 0)
            add_window(target, platform->gates[i].window_s);
    bool is_unlooked = target->window_count == 0;
    if (is_unlooked && target->metric != SW_METRIC_ADOPTION)
        add_window(target, HOUR_S);
    if (is_unlooked || target->metric == SW_METRIC_ADOPTION)
        add_window(target, DAY_S);
}

/* The source that reads tags, SIZE_MAX: none. */
static size_t tags_source(const struct sw_setup *setup)
{
    for (size_t i = 0; i < setup->config->source_count; i++)
        if (setup->sources[i].kind->can & SW_CAN_TAGS)
            return i;
    return SIZE_MAX;
}

static void add_platform(struct sw_setup *setup, struct unit_index *units, size_t index)
{
    const struct sw_config_platform *platform = &setup->config->platforms[index];
    struct sw_setup_platform *mine = &setup->platforms[index];
    struct sw_target base = {.platform = index,
                             .platform_id = platform->id,
                             .kind = platform->kind,
                             .tags = platform->tags,
                             .plan = &platform->plan};
    mine->rollout_unit = SIZE_MAX;
    if (platform->has_rollout) {
        mine->rollout = base;
        mine->rollout.role = SW_ROLE_ROLLOUT;
        mine->rollout.options = platform->rollout.options;
        mine->rollout_unit = add_target(setup, units, platform->rollout.source, &mine->rollout);
    }
    size_t tags = tags_source(setup);
    if (platform->tags != NULL && tags != SIZE_MAX) {
        struct sw_target target = base;
        target.role = SW_ROLE_TAGS;
        add_target(setup, units, tags, &target);
    }
    mine->health_defs = sw_xcalloc(platform->health_count + 1, sizeof *mine->health_defs);
    for (size_t i = 0; i < platform->health_count; i++) {
        struct sw_target target = base;
        target.role = SW_ROLE_HEALTH;
        target.options = platform->health[i].options;
        target.metric = platform->health[i].metric;
        choose_windows(&target, platform);
        add_target(setup, units, platform->health[i].source, &target);
        mine->health_defs[i] = (struct sw_model_health_def){.metric = platform->health[i].metric,
                                                            .source = platform->health[i].source};
    }
    if (platform->has_alarms) {
        struct sw_target target = base;
        target.role = SW_ROLE_ALARMS;
        target.options = platform->alarms.options;
        add_target(setup, units, platform->alarms.source, &target);
    }
}

static struct unit_index make_index(const struct sw_config *config)
{
    size_t targets = 1;
    for (size_t i = 0; i < config->platform_count; i++)
        targets += 3 + config->platforms[i].health_count;
    size_t size = 64;
    while (size < 2 * targets)
        size *= 2;
    return (struct unit_index){.mask = size - 1, .slots = sw_xcalloc(size, sizeof(size_t))};
}

static void find_bindings(struct sw_setup *setup)
{
    const struct sw_config *config = setup->config;
    const char **kinds = sw_xcalloc(config->source_count + 1, sizeof *kinds);
    for (size_t i = 0; i < config->source_count; i++)
        kinds[i] = setup->sources[i].kind->name;
    for (size_t i = 0; i < config->platform_count; i++)
        sw_binding_of(config, kinds, i, &setup->platforms[i].binding);
    free(kinds);
}

static void make_units(struct sw_setup *setup)
{
    const struct sw_config *config = setup->config;
    setup->platforms = sw_xcalloc(config->platform_count + 1, sizeof *setup->platforms);
    struct unit_index index = make_index(config);
    for (size_t i = 0; i < config->platform_count; i++)
        add_platform(setup, &index, i);
    find_bindings(setup);
    /* the release and the checklist are read even when no platform has a tag pattern */
    size_t tags = tags_source(setup);
    bool has_unit = false;
    for (size_t i = 0; i < setup->unit_count; i++)
        has_unit = has_unit || setup->units[i].source == tags;
    if (tags != SIZE_MAX && !has_unit)
        unit_for(setup, &index, tags, "", false);
    free(index.slots);
    sw_sched_init(&setup->sched, config->source_count);
}

/* -------------------------------------------------------------- credentials */

static enum sw_code open_auth(struct sw_setup *setup, size_t index, struct sw_problems *problems)
{
    const struct sw_config_source *source = &setup->config->sources[index];
    struct sw_setup_source *mine = &setup->sources[index];
    struct sw_error error = {0};
    if (mine->kind->auth_open == NULL)
        return SW_OK;
    enum sw_code code =
        mine->kind->auth_open(source->options, source->base_url, &mine->auth, &error);
    if (code == SW_OK || problems == NULL)
        return code;
    int line = 0, column = 0;
    sw_node_position(source->options, NULL, &line, &column);
    sw_problems_add(problems, setup->config->path, line, column, false, "source %s: %s", source->id,
                    error.text);
    return code;
}

static enum sw_code open_credentials(struct sw_setup *setup, struct sw_problems *problems,
                                     struct sw_error *err)
{
    bool is_wrong = false;
    setup->sources = sw_xcalloc(setup->config->source_count + 1, sizeof *setup->sources);
    for (size_t i = 0; i < setup->config->source_count; i++) {
        setup->sources[i].kind = setup->parts->kinds[setup->config->sources[i].kind];
        sw_mutex_init(&setup->sources[i].lock);
    }
    for (size_t i = 0; i < setup->config->source_count; i++)
        is_wrong = open_auth(setup, i, problems) != SW_OK || is_wrong;
    if (!is_wrong)
        return SW_OK;
    if (problems != NULL && sw_problems_finish(problems, err) != SW_OK)
        return SW_E_CONFIG;
    return sw_fail(err, SW_E_CONFIG, "a source's credential is not configured as it must be");
}

/* --------------------------------------------------------------- interface */

enum sw_code sw_setup_load(const struct sw_parts *parts, const char *path, struct sw_setup **out,
                           struct sw_problems *problems, struct sw_error *err)
{
    struct sw_setup *setup = sw_xcalloc(1, sizeof *setup);
    size_t kind_count = 0;
    *out = NULL;
    setup->refs = 1;
    setup->parts = parts;
    setup->infos = sw_setup_infos(parts, &kind_count);
    enum sw_code code =
        sw_config_load(path, setup->infos, kind_count, &setup->config, problems, err);
    if (code == SW_OK)
        code = open_credentials(setup, problems, err);
    if (code != SW_OK) {
        sw_setup_unref(setup);
        return code;
    }
    make_units(setup);
    *out = setup;
    return SW_OK;
}

static enum sw_code connect_source(struct sw_setup *setup, size_t index, struct sw_http *http,
                                   bool is_read_only, struct sw_error *err)
{
    const struct sw_config_source *source = &setup->config->sources[index];
    struct sw_setup_source *mine = &setup->sources[index];
    const struct sw_source_kind *kind = mine->kind;
    if (kind->auth_open == NULL)
        return SW_OK;
    const struct sw_upstream_options options = {
        .source_id = source->id,
        .base_url = source->base_url,
        .ca_file = source->ca_file,
        .operations = kind->operations,
        .operation_count = kind->operation_count,
        .body_max_bytes = kind->body_max_bytes,
        .per_minute = kind->budget.per_minute,
        .burst = kind->budget.burst,
        .concurrent = kind->budget.concurrent,
        .speed = setup->config->is_simulation ? setup->config->clock.speed : 1,
        .is_read_only = is_read_only,
    };
    struct sw_auth *auth = mine->auth;
    mine->auth = NULL;
    mine->principal = auth;
    return sw_upstream_open(&options, auth, http, setup->parts->transport, &mine->upstream, err);
}

enum sw_code sw_setup_connect(struct sw_setup *setup, struct sw_http *http, bool is_read_only,
                              struct sw_error *err)
{
    for (size_t i = 0; i < setup->config->source_count; i++) {
        enum sw_code code = connect_source(setup, i, http, is_read_only, err);
        if (code != SW_OK) {
            sw_error_prefix(err, "source %s", setup->config->sources[i].id);
            return code;
        }
    }
    return SW_OK;
}

struct sw_setup *sw_setup_ref(struct sw_setup *setup)
{
    sw_assert(setup->refs > 0);
    setup->refs++;
    return setup;
}

void sw_setup_disconnect(struct sw_setup *setup)
{
    for (size_t i = 0; i < setup->config->source_count; i++) {
        sw_upstream_close(setup->sources[i].upstream);
        setup->sources[i].upstream = NULL;
        setup->sources[i].principal = NULL;
    }
}

static void source_clear(struct sw_setup_source *source)
{
    sw_upstream_close(source->upstream);
    sw_auth_free(source->auth);
    sw_mutex_clear(&source->lock);
    free(source->last);
}

void sw_setup_unref(struct sw_setup *setup)
{
    if (setup == NULL)
        return;
    sw_assert(setup->refs > 0);
    if (--setup->refs > 0)
        return;
    for (size_t i = 0; setup->sources != NULL && i < setup->config->source_count; i++)
        source_clear(&setup->sources[i]);
    for (size_t i = 0; setup->platforms != NULL && i < setup->config->platform_count; i++)
        free(setup->platforms[i].health_defs);
    for (size_t i = 0; i < setup->unit_count; i++)
        free(setup->units[i].targets);
    free(setup->sources);
    free(setup->platforms);
    free(setup->units);
    sw_sched_clear(&setup->sched);
    sw_config_free(setup->config);
    free(setup->infos);
    free(setup);
}

size_t sw_setup_platform_index(const struct sw_setup *setup, const char *id)
{
    for (size_t i = 0; id != NULL && i < setup->config->platform_count; i++)
        if (!strcmp(setup->config->platforms[i].id, id))
            return i;
    return SIZE_MAX;
}

size_t sw_setup_same_target(const struct sw_setup *setup, const struct sw_setup *other,
                            size_t platform)
{
    if (setup == other)
        return platform;
    size_t index = sw_setup_platform_index(setup, other->config->platforms[platform].id);
    if (index == SIZE_MAX || strcmp(setup->platforms[index].binding.rollout,
                                    other->platforms[platform].binding.rollout) != 0)
        return SIZE_MAX;
    return index;
}

/* --------------------------------------------------------------- the model */

static void fill_source(const struct sw_setup *setup, size_t i, struct sw_model_source *to)
{
    const struct sw_config_source *from = &setup->config->sources[i];
    *to = (struct sw_model_source){.id = from->id,
                                   .kind = setup->sources[i].kind->name,
                                   .title = setup->sources[i].kind->title,
                                   .base_url = from->base_url,
                                   .interval_s = from->interval_s,
                                   .stale_after_s = from->stale_after_s};
}

static void fill_platform(const struct sw_setup *setup, size_t i, struct sw_model_platform *to)
{
    const struct sw_config_platform *from = &setup->config->platforms[i];
    *to = (struct sw_model_platform){.id = from->id,
                                     .title = from->title,
                                     .kind = from->kind,
                                     .includes_count = from->includes_count,
                                     .includes = from->includes,
                                     .has_source = from->has_rollout,
                                     .source = from->rollout.source,
                                     .plan = from->plan,
                                     .gate_count = from->gate_count,
                                     .gates = from->gates,
                                     .health_def_count = from->health_count,
                                     .health_defs = setup->platforms[i].health_defs,
                                     .has_alarm_source = from->has_alarms,
                                     .alarm_source = from->alarms.source,
                                     .binding = setup->platforms[i].binding};
    if (from->has_rollout)
        to->can_act = (setup->sources[from->rollout.source].kind->can & SW_CAN_ACT) != 0;
    to->is_stop_skipped = from->stop == SW_STOP_SKIP;
    to->is_stop_rollback = from->stop == SW_STOP_ROLLBACK;
}

void sw_setup_fill_model(const struct sw_setup *setup, struct sw_model *model)
{
    const struct sw_config *config = setup->config;
    model->is_simulation = config->is_simulation;
    model->speed = config->is_simulation ? config->clock.speed : 1;
    sw_copy(model->zone, sizeof model->zone, config->zone);
    model->has_checklist_config = config->checklist_file != NULL;
    model->source_count = config->source_count;
    model->sources = sw_xcalloc(config->source_count + 1, sizeof *model->sources);
    for (size_t i = 0; i < config->source_count; i++)
        fill_source(setup, i, &model->sources[i]);
    model->platform_count = config->platform_count;
    model->platforms = sw_xcalloc(config->platform_count + 1, sizeof *model->platforms);
    for (size_t i = 0; i < config->platform_count; i++)
        fill_platform(setup, i, &model->platforms[i]);
}
