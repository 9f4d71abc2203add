/*
 * cloudwatch_alarms.c: the alarms that platforms name, by DescribeAlarms.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sources/cloudwatch.h"

enum {
    ALARMS_PER_CALL = 100, /* Source: model, AlarmNames, MaxRecords */
    NAME_MAX_BYTES = 1024, /* Source: model, AlarmName: at most 255 characters */
};

/* A name has up to 255 characters, more than is shown: two may look the same. */
struct alarm {
    char name[NAME_MAX_BYTES];
    struct sw_alarm_seen seen;
};

struct alarms {
    size_t count;
    struct alarm *items;
    int64_t now_ms;
};

/* INSUFFICIENT_DATA is not OK and does not fire; an evaluation that failed makes any state
 * doubtful; disabled actions mean that nobody was paged. */
static void read_alarm(struct alarms *alarms, const json_t *item)
{
    struct sw_alarm_seen alarm = {.observed_at_ms = alarms->now_ms};
    char reason[SW_LINE_MAX] = "", evaluation[SW_WORD_MAX] = "";
    const char *name = NULL;
    bool is_enabled = true;
    if (sw_json_str(item, "AlarmName", SW_REQUIRED, &name, NULL) != SW_OK)
        return;
    sw_text_clean_copy(alarm.name, sizeof alarm.name, name);
    sw_ignore(sw_json_text(item, "StateValue", SW_OPTIONAL, alarm.state, sizeof alarm.state, NULL));
    sw_ignore(sw_json_text(item, "StateReason", SW_OPTIONAL, reason, sizeof reason, NULL));
    sw_ignore(
        sw_json_text(item, "EvaluationState", SW_OPTIONAL, evaluation, sizeof evaluation, NULL));
    sw_ignore(sw_json_bool(item, "ActionsEnabled", SW_OPTIONAL, &is_enabled, NULL));
    alarm.is_firing = strcmp(alarm.state, "ALARM") == 0;
    /* StateUpdatedTimestamp also moves when the state stays. */
    alarm.since_ms = sw_aws_time(json_object_get(item, "StateTransitionedTimestamp"));
    sw_format(alarm.reason, sizeof alarm.reason, "%s%s%s%s%s",
              is_enabled ? "" : "pages nobody (actions disabled)", is_enabled ? "" : "; ",
              evaluation, *evaluation && *reason ? "; " : "", reason);
    alarms->items = sw_xrealloc_array(alarms->items, alarms->count + 1, sizeof *alarms->items);
    alarms->items[alarms->count] = (struct alarm){.seen = alarm};
    sw_copy(alarms->items[alarms->count++].name, NAME_MAX_BYTES, name);
}

static enum sw_code read_alarms_page(void *arg, const json_t *tree, struct sw_error *err)
{
    static const char *const lists[] = {"MetricAlarms", "CompositeAlarms", "LogAlarms"};
    for (size_t i = 0; i < SW_ARRAY_LEN(lists); i++) {
        json_t *list = json_object_get(tree, lists[i]);
        if (list && !json_is_array(list) && !json_is_null(list))
            return sw_fail(err, SW_E_PARSE, "DescribeAlarms: %s is not a list", lists[i]);
        for (size_t k = 0; k < json_array_size(list); k++)
            read_alarm(arg, json_array_get(list, k));
    }
    return SW_OK;
}

static bool has_string(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

/* Every name that a platform lists, once. */
static json_t *collect_names(const struct sw_flow *flow)
{
    json_t *names = json_array();
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        const struct sw_target *target = sw_flow_target(flow, i);
        if (target->role != SW_ROLE_ALARMS)
            continue;
        for (size_t k = 0; k < sw_node_count(target->options, "names"); k++) {
            const char *name = sw_node_str_at(target->options, "names", k);
            if (!has_string(names, name))
                json_array_append_new(names, json_string(name));
        }
    }
    return names;
}

/* Without AlarmTypes only metric alarms come. */
static enum sw_code ask_alarms(struct sw_flow *flow, const json_t *names, struct alarms *alarms,
                               struct sw_error *err)
{
    enum sw_code code = SW_OK;
    for (size_t i = 0; i < json_array_size(names) && code == SW_OK; i += ALARMS_PER_CALL) {
        json_t *some = json_array();
        for (size_t k = i; k < json_array_size(names) && k < i + ALARMS_PER_CALL; k++)
            json_array_append(some, json_array_get(names, k));
        SW_JSON json_t *input =
            json_pack("{s:o, s:[s, s, s], s:i}", "AlarmNames", some, "AlarmTypes", "MetricAlarm",
                      "CompositeAlarm", "LogAlarm", "MaxRecords", ALARMS_PER_CALL);
        code = cloudwatch_ask(flow, &cloudwatch_operations[CW_DESCRIBE_ALARMS], input,
                              read_alarms_page, alarms, err);
    }
    return code;
}

/* A name that is not in the answer does not exist, or is a composite alarm the credential may not
 * see: both are said, never dropped. */
static struct sw_alarm_seen find_alarm(const struct alarms *alarms, const char *name)
{
    struct sw_alarm_seen missing = {.state = "not found",
                                    .observed_at_ms = alarms->now_ms,
                                    .reason = "no alarm of this name is visible to this credential "
                                              "(composite alarms need the permission on *)"};
    sw_text_clean_copy(missing.name, sizeof missing.name, name);
    for (size_t i = 0; i < alarms->count; i++)
        if (strcmp(alarms->items[i].name, name) == 0)
            return alarms->items[i].seen;
    return missing;
}

static void report_alarms(struct sw_flow *flow, const struct sw_target *target,
                          const struct alarms *alarms)
{
    size_t count = sw_node_count(target->options, "names");
    struct sw_alarm_seen *seen = sw_xcalloc(count + 1, sizeof *seen);
    for (size_t i = 0; i < count; i++)
        seen[i] = find_alarm(alarms, sw_node_str_at(target->options, "names", i));
    sw_flow_report_alarms(flow, target, seen, count);
    free(seen);
}

enum sw_code cloudwatch_observe_alarms(struct sw_flow *flow, struct sw_error *err)
{
    struct alarms alarms = {.now_ms = sw_flow_now(flow)};
    SW_JSON json_t *names = collect_names(flow);
    enum sw_code code = ask_alarms(flow, names, &alarms, err);
    for (size_t i = 0; code == SW_OK && i < sw_flow_target_count(flow); i++)
        if (sw_flow_target(flow, i)->role == SW_ROLE_ALARMS)
            report_alarms(flow, sw_flow_target(flow, i), &alarms);
    free(alarms.items);
    return code;
}
