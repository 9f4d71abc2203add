/* words.c: the names of enums, in one table each, for JSON, ledger and people. */
#include <assert.h>
#include <string.h>

#include "base/macros.h"
#include "slipway.h"

static const char *const kind_names[] = {
    [SW_KIND_UNKNOWN] = "unknown", [SW_KIND_IOS] = "ios",         [SW_KIND_ANDROID] = "android",
    [SW_KIND_WEAR] = "wear",       [SW_KIND_WEB] = "web",         [SW_KIND_BACKEND] = "backend",
};
static_assert(SW_ARRAY_LEN(kind_names) == SW_KIND_COUNT, "a name for each kind");

struct words {
    const char *name, *title;
};

static const char *const halt_wait_names[] = {
    [SW_HALT_WAIT_NONE] = "none",
    [SW_HALT_WAIT_REVIEW] = "review",
    [SW_HALT_WAIT_HAND] = "hand",
};

static const struct words state_words[] = {
    [SW_STATE_UNKNOWN] = {"unknown", "UNKNOWN"},
    [SW_STATE_NONE] = {"none", "NONE"},
    [SW_STATE_BUILDING] = {"building", "BUILDING"},
    [SW_STATE_TESTING] = {"testing", "TESTING"},
    [SW_STATE_IN_REVIEW] = {"in_review", "IN REVIEW"},
    [SW_STATE_READY] = {"ready", "READY"},
    [SW_STATE_ROLLING] = {"rolling", "ROLLING"},
    [SW_STATE_HALTED] = {"halted", "HALTED"},
    [SW_STATE_COMPLETE] = {"complete", "COMPLETE"},
    [SW_STATE_ROLLED_BACK] = {"rolled_back", "ROLLED BACK"},
    [SW_STATE_FAILED] = {"failed", "FAILED"},
};
static_assert(SW_ARRAY_LEN(state_words) == SW_STATE_COUNT, "words for each state");

static const struct words verb_words[] = {
    [SW_VERB_NONE] = {"none", "nothing"},         [SW_VERB_HALT] = {"halt", "halt"},
    [SW_VERB_RESUME] = {"resume", "resume"},      [SW_VERB_ADVANCE] = {"advance", "advance"},
    [SW_VERB_COMPLETE] = {"complete", "complete"},[SW_VERB_ROLLBACK] = {"rollback", "roll back"},
};
static_assert(SW_ARRAY_LEN(verb_words) == SW_VERB_COUNT, "words for each verb");

struct metric_entry {
    const char *name, *title, *unit;
    bool is_low_bad;
};

/* Unit and bad direction of each metric: decisions of the design, in
 * docs/configuration.md. */
static const struct metric_entry metric_table[] = {
    [SW_METRIC_UNKNOWN] = {"unknown", "unknown", "", false},
    [SW_METRIC_CRASH_FREE_SESSIONS] = {"crash_free_sessions", "crash-free sessions", "percent", true},
    [SW_METRIC_CRASH_FREE_USERS] = {"crash_free_users", "crash-free users", "percent", true},
    [SW_METRIC_ANR_RATE] = {"anr_rate", "ANR rate", "percent", false},
    [SW_METRIC_ERROR_RATE] = {"error_rate", "error rate", "percent", false},
    [SW_METRIC_LATENCY_P95] = {"latency_p95", "latency p95", "ms", false},
    [SW_METRIC_ONE_STAR_SHARE] = {"one_star_share", "one-star share", "percent", false},
    [SW_METRIC_ADOPTION] = {"adoption", "adoption", "percent", true},
    [SW_METRIC_USER_PERCEIVED_CRASH_RATE] = {"user_perceived_crash_rate", "perceived crash rate",
                                             "percent", false},
    [SW_METRIC_SLOW_START_RATE] = {"slow_start_rate", "slow start rate", "percent", false},
};
static_assert(SW_ARRAY_LEN(metric_table) == SW_METRIC_COUNT, "an entry for each metric");

static const char *const gate_names[] = {
    [SW_GATE_UNKNOWN] = "UNKNOWN", [SW_GATE_PASS] = "PASS", [SW_GATE_WARN] = "WARN",
    [SW_GATE_FAIL] = "FAIL",       [SW_GATE_WAIT] = "WAIT", [SW_GATE_STALE] = "STALE",
};
static_assert(SW_ARRAY_LEN(gate_names) == SW_GATE_COUNT, "a name for each gate verdict");

static const char *const verdict_names[] = {
    [SW_VERDICT_UNKNOWN] = "UNKNOWN",
    [SW_VERDICT_WORSE] = "WORSE",
    [SW_VERDICT_NOT_WORSE] = "NOT_WORSE",
    [SW_VERDICT_NOT_ENOUGH_DATA] = "NOT_ENOUGH_DATA",
};
static_assert(SW_ARRAY_LEN(verdict_names) == SW_VERDICT_COUNT, "a name for each verdict");

static const char *const result_names[] = {
    [SW_RESULT_NONE] = "none",         [SW_RESULT_SEEN] = "seen",
    [SW_RESULT_REFUSED] = "refused",   [SW_RESULT_REJECTED] = "rejected",
    [SW_RESULT_SUPERSEDED] = "superseded", [SW_RESULT_UNKNOWN] = "unknown",
    [SW_RESULT_DRY_RUN] = "dry_run",   [SW_RESULT_FAILED] = "failed",
};
static_assert(SW_ARRAY_LEN(result_names) == SW_RESULT_COUNT, "a name for each result");

static const char *const event_names[] = {
    [SW_EVENT_UNKNOWN] = "unknown", [SW_EVENT_INTENT] = "intent", [SW_EVENT_OUTCOME] = "outcome",
    [SW_EVENT_TICK] = "tick",       [SW_EVENT_UNTICK] = "untick", [SW_EVENT_NOTE] = "note",
    [SW_EVENT_CHANGE] = "change",   [SW_EVENT_CONN] = "conn",
};
static_assert(SW_ARRAY_LEN(event_names) == SW_EVENT_KIND_COUNT, "a name for each event kind");

/* Enum values may come from files; one out of range reads as the first. */
static size_t in_range(int value, size_t count)
{
    return value > 0 && (size_t)value < count ? (size_t)value : 0;
}

const char *sw_halt_wait_name(enum sw_halt_wait wait)
{
    return halt_wait_names[in_range((int)wait, SW_ARRAY_LEN(halt_wait_names))];
}

enum sw_halt_wait sw_halt_wait_parse(const char *word)
{
    for (size_t i = 0; word && i < SW_ARRAY_LEN(halt_wait_names); i++)
        if (strcmp(halt_wait_names[i], word) == 0)
            return (enum sw_halt_wait)i;
    return SW_HALT_WAIT_NONE;
}

const char *sw_kind_name(enum sw_kind kind)
{
    return kind_names[in_range((int)kind, SW_KIND_COUNT)];
}

const char *sw_state_name(enum sw_state state)
{
    return state_words[in_range((int)state, SW_STATE_COUNT)].name;
}

const char *sw_state_title(enum sw_state state)
{
    return state_words[in_range((int)state, SW_STATE_COUNT)].title;
}

const char *sw_verb_name(enum sw_verb verb)
{
    return verb_words[in_range((int)verb, SW_VERB_COUNT)].name;
}

const char *sw_verb_title(enum sw_verb verb)
{
    return verb_words[in_range((int)verb, SW_VERB_COUNT)].title;
}

const char *sw_metric_name(enum sw_metric metric)
{
    return metric_table[in_range((int)metric, SW_METRIC_COUNT)].name;
}

const char *sw_metric_title(enum sw_metric metric)
{
    return metric_table[in_range((int)metric, SW_METRIC_COUNT)].title;
}

const char *sw_metric_unit(enum sw_metric metric)
{
    return metric_table[in_range((int)metric, SW_METRIC_COUNT)].unit;
}

bool sw_metric_is_low_bad(enum sw_metric metric)
{
    return metric_table[in_range((int)metric, SW_METRIC_COUNT)].is_low_bad;
}

const char *sw_gate_verdict_name(enum sw_gate_verdict verdict)
{
    return gate_names[in_range((int)verdict, SW_GATE_COUNT)];
}

const char *sw_verdict_name(enum sw_verdict verdict)
{
    return verdict_names[in_range((int)verdict, SW_VERDICT_COUNT)];
}

const char *sw_result_name(enum sw_result result)
{
    return result_names[in_range((int)result, SW_RESULT_COUNT)];
}

const char *sw_event_kind_name(enum sw_event_kind kind)
{
    return event_names[in_range((int)kind, SW_EVENT_KIND_COUNT)];
}

enum sw_kind sw_kind_parse(const char *word)
{
    for (int i = 1; word && i < SW_KIND_COUNT; i++)
        if (!strcmp(word, kind_names[i])) return (enum sw_kind)i;
    return SW_KIND_UNKNOWN;
}

enum sw_verb sw_verb_parse(const char *word)
{
    for (int i = 1; word && i < SW_VERB_COUNT; i++)
        if (!strcmp(word, verb_words[i].name)) return (enum sw_verb)i;
    return SW_VERB_NONE;
}

enum sw_metric sw_metric_parse(const char *word)
{
    for (int i = 1; word && i < SW_METRIC_COUNT; i++)
        if (!strcmp(word, metric_table[i].name)) return (enum sw_metric)i;
    return SW_METRIC_UNKNOWN;
}

enum sw_state sw_state_parse(const char *word)
{
    for (int i = 1; word && i < SW_STATE_COUNT; i++)
        if (!strcmp(word, state_words[i].name)) return (enum sw_state)i;
    return SW_STATE_UNKNOWN;
}

enum sw_result sw_result_parse(const char *word)
{
    for (int i = 1; word && i < SW_RESULT_COUNT; i++)
        if (!strcmp(word, result_names[i])) return (enum sw_result)i;
    return SW_RESULT_NONE;
}

enum sw_event_kind sw_event_kind_parse(const char *word)
{
    for (int i = 1; word && i < SW_EVENT_KIND_COUNT; i++)
        if (!strcmp(word, event_names[i])) return (enum sw_event_kind)i;
    return SW_EVENT_UNKNOWN;
}
