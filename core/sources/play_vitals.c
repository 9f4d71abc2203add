/*
 * play_vitals.c: crash, ANR and slow start rates of Android vitals, from the Play Developer
 * Reporting API.
 *
 * The figures are Play's own, by version code, of whole periods: hours in UTC and days in Pacific
 * time. They come hours to days late by design. So the API is first asked how far its data goes
 * (freshness), then for the newest whole period and nothing beyond it; the reading is true for that
 * period's end and carries its name.
 *
 * Guarantees: a version without a row is "no data", never 0 % and never 100 %; no rows are
 * averaged, no users added up; a rate that cannot be in the configured unit is an error, not a
 * guess; rows, dates and numbers in another form than the reference's are refused.
 * It reads only: the API has nothing that changes anything. No anomalies, no breakdown by device,
 * country or Android version.
 *
 * Sources: Play Developer Reporting v1beta1 discovery document, revision 20240306; Google "Usage
 * Limits" (10 queries a second); what live accounts answered: xroche/httrack-android (#190, #191),
 * psicon/markendetektivern; read 2026-01.
 */
#include "sources/play_vitals.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "sources/google_errors.h"

/* ------------------------------------------------------------ requests and errors */

/* clang-format off */
#define SET_OPERATIONS(set, name_, resource)                                                       \
    [2 * (set)] = {.name = name_ ".get",                                                           \
                   .method = SW_GET,                                                               \
                   .is_idempotent = true,                                                          \
                   .is_quota_brief = true,                                                         \
                   .path = "/v1beta1/apps/{package}/" resource},                                   \
    [2 * (set) + 1] = {.name = name_ ".query",                                                     \
                       .method = SW_POST,                                                          \
                       .is_idempotent = true,                                                      \
                       .is_quota_brief = true,                                                     \
                       .path = "/v1beta1/apps/{package}/" resource ":query"}
/* clang-format on */

/* All reads, the queries too. Other programs of the Cloud project share the 10 queries a second. */
const struct sw_operation vitals_operations[VITALS_OPERATIONS] = {
    SET_OPERATIONS(VITALS_CRASH, "crashrate", "crashRateMetricSet"),
    SET_OPERATIONS(VITALS_ANR, "anrrate", "anrRateMetricSet"),
    SET_OPERATIONS(VITALS_SLOW_START, "slowstartrate", "slowStartRateMetricSet"),
    SET_OPERATIONS(VITALS_ERRORS, "errors.counts", "errorCountMetricSet"),
    [VITALS_ISSUES] = {.name = "errors.issues.search",
                       .method = SW_GET,
                       .is_idempotent = true,
                       .is_quota_brief = true,
                       .path = "/v1beta1/apps/{package}/errorIssues:search"},
};

static const struct google_refusal refusals[] = {
    {"has not been used in project",
     "enable the Google Play Developer Reporting API in the service account's Cloud project", 0, 0},
    {"insufficient authentication scopes", "the token lacks the scope playdeveloperreporting", 0,
     0},
    {"does not have permission",
     "invite the service account in the Play Console, with \"View app information (read-only)\" "
     "for this app",
     0, 0},
    {"end_date should be at most", "its data does not go that far yet", 0, 0},
};

/* A 400 is of our query: the same one would be refused again. */
static const struct google_api reporting = {.title = "Play's Reporting API",
                                            .refusals = refusals,
                                            .refusal_count = SW_ARRAY_LEN(refusals),
                                            .bad_request = SW_E_HTTP};

enum sw_code vitals_call(struct sw_flow *flow, const struct sw_request *request, const char *what,
                         json_t **out, struct sw_error *err)
{
    struct sw_reply reply = {0};
    enum sw_code code = google_exchange(flow, request, &reporting, what, &reply, NULL, err);
    if (code == SW_OK) {
        code = sw_reply_json(&reply, out, err);
        if (code == SW_OK && !json_is_object(*out))
            code = sw_fail(err, SW_E_PARSE, "the reply is no object");
        if (code != SW_OK)
            sw_error_prefix(err, "%s", what);
    }
    sw_reply_clear(&reply);
    return code;
}

/* ------------------------------------------------------------------------- asks */

/* crashRate is of users, as Play counts them: the share without a crash is what is left. */
static const struct vitals_metric metrics[] = {
    {SW_METRIC_CRASH_FREE_USERS, VITALS_CRASH, "crashRate", true},
    {SW_METRIC_USER_PERCEIVED_CRASH_RATE, VITALS_CRASH, "userPerceivedCrashRate", false},
    {SW_METRIC_ANR_RATE, VITALS_ANR, "anrRate", false},
    {SW_METRIC_SLOW_START_RATE, VITALS_SLOW_START, "slowStartRate", false},
};

const struct vitals_metric *vitals_metric_find(enum sw_metric metric)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(metrics); i++)
        if (metrics[i].metric == metric)
            return &metrics[i];
    return NULL;
}

/* Does the entry give windows of this period at all? Starts are counted by the day only. */
static bool gives_period(const struct sw_node *entry, enum sw_metric metric,
                         enum vitals_period period)
{
    const char *only = sw_node_str(entry, "period");
    if (period == VITALS_HOURLY)
        return metric != SW_METRIC_SLOW_START_RATE && (!only || strcmp(only, "hourly") == 0);
    return !only || strcmp(only, "daily") == 0;
}

static bool has_window(const struct sw_target *target, int window_s)
{
    for (size_t i = 0; i < target->window_count; i++)
        if (target->windows_s[i] == window_s)
            return true;
    return false;
}

static enum sw_code add_ask(struct vitals_asks *asks, const struct sw_target *target,
                            enum sw_side side, enum vitals_period period, const char *build,
                            struct sw_error *err)
{
    int64_t code = vitals_code(build);
    if (code == 0)
        return sw_fail(err, SW_E_CONFIG,
                       "%s: its build \"%.40s\" is no version code: Play's vitals are for "
                       "platforms that Google Play rolls out",
                       target->platform_id, build);
    asks->items = sw_xrealloc_array(asks->items, asks->count + 1, sizeof *asks->items);
    asks->items[asks->count++] =
        (struct vitals_ask){.target = target,
                            .metric = vitals_metric_find(target->metric),
                            .cohort = sw_node_str(target->options, "user_cohort"),
                            .side = side,
                            .period = period,
                            .code = code};
    return SW_OK;
}

/* The versions come from the store. *missing is the first platform whose version is not known. */
static enum sw_code collect(struct vitals_asks *asks, const struct sw_target **missing,
                            struct sw_error *err)
{
    enum sw_code code = SW_OK;
    for (size_t i = 0; i < sw_flow_target_count(asks->flow) && code == SW_OK; i++) {
        const struct sw_target *target = sw_flow_target(asks->flow, i);
        const struct sw_rollout *rollout = target->rollout;
        if (rollout == NULL || rollout->build[0] == '\0') {
            *missing = *missing != NULL ? *missing : target;
            continue;
        }
        for (int p = 0; p < VITALS_PERIODS && code == SW_OK; p++) {
            enum vitals_period period = (enum vitals_period)p;
            if (!has_window(target, vitals_periods[p].seconds) ||
                !gives_period(target->options, target->metric, period))
                continue;
            code = add_ask(asks, target, SW_SIDE_NEW, period, rollout->build, err);
            if (code == SW_OK && rollout->previous_build[0] != '\0')
                code = add_ask(asks, target, SW_SIDE_OLD, period, rollout->previous_build, err);
        }
    }
    return code;
}

/* ------------------------------------------------------------------------- flow */

static enum sw_code observe_asks(struct vitals_asks *asks, struct sw_error *err)
{
    enum sw_code code = vitals_observe_rates(asks, err);
    if (code == SW_OK)
        code = vitals_observe_counts(asks, err);
    /* Also after a failure: what was answered before it stands. */
    struct sw_error own = {0};
    enum sw_code reported = vitals_report(asks, &own);
    if (code == SW_OK && reported != SW_OK) {
        code = reported;
        *err = own;
    }
    return code == SW_OK ? vitals_observe_issues(asks, err) : code;
}

static enum sw_code observe(struct sw_flow *flow, struct sw_error *err)
{
    struct sw_error local = {0};
    const struct sw_target *missing = NULL;
    if (err == NULL)
        err = &local;
    if (sw_flow_target_count(flow) == 0)
        return SW_OK;
    struct vitals_asks asks = {.flow = flow,
                               .package = sw_node_str(sw_flow_target(flow, 0)->options, "package")};
    enum sw_code code = collect(&asks, &missing, err);
    if (code == SW_OK)
        code = observe_asks(&asks, err);
    if (code == SW_OK && missing != NULL)
        code = sw_fail(err, SW_E_STALE,
                       "%s: its store has not told a version code, so Play was not asked",
                       missing->platform_id);
    free(asks.items);
    return code;
}

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    (void)base_url;
    return sw_auth_google_open(account, "https://www.googleapis.com/auth/playdeveloperreporting",
                               out, err);
}

/* A package and a metric set: a flow is not held up half-way, and all sets of a package in one
 * would be more queries than Google allows in a second. */
static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    const struct vitals_metric *metric = vitals_metric_find(target->metric);
    sw_format(key, size, "%s %d", sw_node_str(target->options, "package"),
              metric != NULL ? (int)metric->set : -1);
}

/* ------------------------------------------------------------------------ table */

static const struct sw_option account_options[] = {
    SW_SECRET_OPTIONS("key", "service account key (JSON)"),
    {.key = "token_url",
     .type = SW_OPTION_STRING,
     .help = "where to get tokens, instead of the key file's token_uri"},
    {0},
};

static const char *const period_words[] = {"hourly", "daily", NULL};
static const char *const unit_words[] = {"fraction", "percent", NULL};
/* The API's own words. */
static const char *const cohort_words[] = {"OS_PUBLIC", "OS_BETA", "APP_TESTERS", NULL};
static const char *const start_words[] = {"COLD", "WARM", "HOT", NULL};

static const struct sw_option health_options[] = {
    {.key = "package",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "package name of the app",
     .example = "com.acme.app"},
    {.key = "period",
     .type = SW_OPTION_CHOICE,
     .choices = period_words,
     .help = "only UTC hours, or only Pacific days; else those that the gates look at, both where "
             "none does (slow starts: days alone)"},
    {.key = "user_cohort",
     .type = SW_OPTION_CHOICE,
     .choices = cohort_words,
     .preset = "OS_PUBLIC",
     .help = "whose figures: released Android versions, beta ones, or the app's testers"},
    {.key = "start_type",
     .type = SW_OPTION_CHOICE,
     .choices = start_words,
     .preset = "COLD",
     .help = "which starts, for slow_start_rate"},
    {.key = "unit",
     .type = SW_OPTION_CHOICE,
     .choices = unit_words,
     .preset = "fraction",
     .help = "what the API's rates are in; Google does not say, live accounts showed fractions"},
    {0},
};

static bool check_health(const struct sw_node *entry, enum sw_metric metric, char *why, size_t size)
{
    const char *text = NULL, *period = sw_node_str(entry, "period");
    bool is_start = metric == SW_METRIC_SLOW_START_RATE;
    if (is_start && period != NULL && strcmp(period, "hourly") == 0)
        text = "Play counts slow starts by the day only (period: daily)";
    else if (is_start && strcmp(sw_node_str(entry, "user_cohort"), "OS_BETA") == 0)
        text = "Play has no slow starts of OS_BETA: they need a start type, which it does not give";
    else if (!is_start && sw_node_has(entry, "start_type"))
        text = "start_type is for slow_start_rate";
    if (text != NULL)
        sw_copy(why, size, text);
    return text == NULL;
}

static bool check_window(const struct sw_node *entry, enum sw_metric metric, int window_s,
                         char *why, size_t size)
{
    bool has_hours = gives_period(entry, metric, VITALS_HOURLY);
    bool has_days = gives_period(entry, metric, VITALS_DAILY);
    if ((has_hours && window_s == vitals_periods[VITALS_HOURLY].seconds) ||
        (has_days && window_s == vitals_periods[VITALS_DAILY].seconds))
        return true;
    sw_format(why, size, "gives %s only",
              !has_days    ? "whole hours (1h)"
              : !has_hours ? "Pacific days (24h)"
                           : "whole hours (1h) and Pacific days (24h)");
    return false;
}

const struct sw_source_kind sw_source_play_vitals = {
    .name = "play_vitals",
    .title = "Play vitals",
    .summary = "crash, ANR and slow start rates of Android vitals by version code, with issues",
    .can = SW_CAN_HEALTH,
    .base_url = "https://playdeveloperreporting.googleapis.com",
    .account_options = account_options,
    .health_options = health_options,
    .check_health = check_health,
    .check_window = check_window,
    .metrics = 1u << SW_METRIC_CRASH_FREE_USERS | 1u << SW_METRIC_USER_PERCEIVED_CRASH_RATE |
               1u << SW_METRIC_ANR_RATE | 1u << SW_METRIC_SLOW_START_RATE,
    /* The newest data changes once an hour. */
    .interval_s = 900,
    /* Of the period's end, not of the poll: hours come some hours late. See stands_s for days. */
    .stale_after_s = 12 * 3600,
    /* Google allows 10 queries a second: one flow at a time, 5 a second in the long run, and
     * is_quota_brief where that was too much after all. */
    .budget = {.per_minute = 300, .burst = 10, .concurrent = 1},
    .operations = vitals_operations,
    .operation_count = SW_ARRAY_LEN(vitals_operations),
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = observe,
};
