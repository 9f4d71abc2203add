/* plans.c: the forms a platform's `plan` may have.
 *
 *   plan: store                                  the store's own table and clock
 *   plan: {store: true, halt_weekends: true}
 *   plan: service                                the deploy system's own steps
 *   plan: [{percent: 5, soak: 6h}, {percent: 100}]
 *   plan: [{percent: 5, at: "Fri 10:00"}, {percent: 100, at: "Mon 10:00"}]
 *
 * `at` says when a stage begins, `soak` how long it must last before the next. */
#include <string.h>

#include "base/mem.h"
#include "config/loader.h"

/* "Fri 10:00" in three letters and 24 hours. */
static bool parse_at(const char *text, struct sw_plan_stage *stage)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    if (strlen(text) != 9 || text[3] != ' ' || text[6] != ':')
        return false;
    static const int digits[] = {4, 5, 7, 8};
    for (size_t i = 0; i < SW_ARRAY_LEN(digits); i++)
        if (text[digits[i]] < '0' || text[digits[i]] > '9')
            return false;
    int hour = 10 * (text[4] - '0') + text[5] - '0', minute = 10 * (text[7] - '0') + text[8] - '0';
    if (hour > 23 || minute > 59)
        return false;
    for (int day = 0; day < (int)SW_ARRAY_LEN(days); day++) {
        if (strncmp(text, days[day], 3) == 0) {
            stage->weekday = day;
            stage->minute_of_day = 60 * hour + minute;
            return true;
        }
    }
    return false;
}

static void read_stage(struct sw_loader *loader, const struct sw_node *node, struct sw_plan *plan,
                       const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    struct sw_plan_stage *stage = &plan->stages[plan->count];
    *stage = (struct sw_plan_stage){.percent = sw_node_num(node, "percent"), .weekday = -1};
    stage->soak_s = sw_node_int(node, "soak");
    const char *at = sw_node_str(node, "at");
    if (at != NULL && !parse_at(at, stage))
        sw_check_error(loader->check, sw_node_at(node, "at"),
                       "%s must be a weekday and a time, like \"Fri 10:00\"",
                       sw_place_key_text(place, "at", where, sizeof where));
    if (at != NULL && sw_node_has(node, "soak"))
        sw_check_error(loader->check, sw_node_at(node, "soak"),
                       "%s has both soak and at; give one of them",
                       sw_place_key_text(place, NULL, where, sizeof where));
    if (!sw_node_has(node, "percent"))
        return;
    if (plan->count > 0 && stage->percent <= stage[-1].percent)
        sw_check_error(loader->check, sw_node_at(node, "percent"),
                       "%s must be larger than the stage before (%g)",
                       sw_place_key_text(place, "percent", where, sizeof where), stage[-1].percent);
    plan->count++;
}

static void read_stages(struct sw_loader *loader, const struct sw_yaml *list, struct sw_plan *plan,
                        const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    if (list->count == 0 || list->count > SW_STAGES_MAX) {
        sw_check_error(loader->check, list, "%s must have 1 to %d stages",
                       sw_place_key_text(place, NULL, where, sizeof where), (int)SW_STAGES_MAX);
        return;
    }
    plan->kind = SW_PLAN_STAGES;
    for (size_t i = 0; i < list->count; i++) {
        const struct sw_place item = {.up = place, .index = i};
        const struct sw_node *node =
            sw_check_map(loader->check, list->items[i], sw_schema_stage, &item);
        if (node != NULL)
            read_stage(loader, node, plan, &item);
    }
}

static void read_store(struct sw_loader *loader, const struct sw_yaml *map, struct sw_plan *plan,
                       const struct sw_place *place)
{
    char where[SW_PLACE_TEXT + 1];
    const struct sw_node *node = sw_check_map(loader->check, map, sw_schema_store_plan, place);
    sw_plan_init_store(plan);
    if (node == NULL)
        return;
    plan->halt_weekends = sw_node_bool(node, "halt_weekends");
    if (plan->halt_weekends) {
        char each[SW_DURATION_TEXT], most[SW_DURATION_TEXT];
        struct sw_weekends weekends = sw_plan_weekends_most(plan);
        sw_check_warning(loader->check, sw_node_at(node, "halt_weekends"),
                         "%s: nothing halts over weekends yet, do it by hand; each takes %s of the "
                         "pause budget, one release at most %d of them: %s of the App Store's %d "
                         "days",
                         sw_place_key_text(place, "halt_weekends", where, sizeof where),
                         sw_duration_format(SW_WEEKEND_S * SW_SECOND_MS, each), weekends.count,
                         sw_duration_format(weekends.pause_s * SW_SECOND_MS, most),
                         SW_PAUSE_DAYS);
    }
    if (sw_node_has(node, "store") && !sw_node_bool(node, "store"))
        sw_check_error(loader->check, sw_node_at(node, "store"),
                       "%s: a plan written this way is the store's; write a list of stages instead",
                       sw_place_key_text(place, "store", where, sizeof where));
}

void sw_load_plan(struct sw_loader *loader, const struct sw_yaml *at,
                  struct sw_config_platform *platform, const struct sw_place *place)
{
    const struct sw_place here = {.up = place, .key = "plan"};
    struct sw_plan *plan = &platform->plan;
    char where[SW_PLACE_TEXT + 1];
    if (at == NULL)
        return; /* no stages: complete is the only step */
    if (at->kind == SW_YAML_LIST)
        read_stages(loader, at, plan, &here);
    else if (at->kind == SW_YAML_MAP)
        read_store(loader, at, plan, &here);
    else if (strcmp(at->text, "store") == 0)
        sw_plan_init_store(plan);
    else if (strcmp(at->text, "service") == 0)
        plan->kind = SW_PLAN_SERVICE;
    else
        sw_check_error(loader->check, at,
                       "%s: \"%.32s\" is no plan; write store, service, or a list of stages",
                       sw_place_key_text(&here, NULL, where, sizeof where), at->text);
    if (plan->kind == SW_PLAN_STORE && platform->kind != SW_KIND_IOS &&
        platform->kind != SW_KIND_UNKNOWN)
        sw_check_warning(
            loader->check, at,
            "%s: `store` is Apple's own table of days, and this platform is of kind %s",
            sw_place_key_text(&here, NULL, where, sizeof where), sw_kind_name(platform->kind));
}
