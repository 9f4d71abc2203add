/* figures.c: see figures.h. */
#include "figures.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "memory.h"

#define DAY_MS (24LL * 3600 * 1000)

static const char *const weekdays[] = {"???", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const months[] = {"???", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* --------------------------------------------------------------------- times */

static const char *weekday(const struct sw_civil *at)
{
    return weekdays[at->weekday >= 1 && at->weekday <= 7 ? at->weekday : 0];
}

static const char *month(const struct sw_civil *at)
{
    return months[at->month >= 1 && at->month <= 12 ? at->month : 0];
}

const char *fig_clock(int64_t ms, char *out, size_t size)
{
    struct sw_civil at;
    if (ms == 0)
        return tui_format(out, size, "–");
    sw_local_time(ms, &at);
    return tui_format(out, size, "%02d:%02d", at.hour, at.minute);
}

const char *fig_clock_s(int64_t ms, char *out, size_t size)
{
    struct sw_civil at;
    if (ms == 0)
        return tui_format(out, size, "–");
    sw_local_time(ms, &at);
    return tui_format(out, size, "%02d:%02d:%02d", at.hour, at.minute, at.second);
}

const char *fig_when(int64_t ms, int64_t now_ms, char *out, size_t size)
{
    if (ms == 0)
        return tui_format(out, size, "–");
    struct sw_civil at;
    struct sw_civil now;
    sw_local_time(ms, &at);
    sw_local_time(now_ms, &now);
    int64_t away = ms > now_ms ? ms - now_ms : now_ms - ms;
    if (away < DAY_MS && at.day == now.day)
        return tui_format(out, size, "%02d:%02d", at.hour, at.minute);
    if (away < 6 * DAY_MS)
        return tui_format(out, size, "%s %02d:%02d", weekday(&at), at.hour, at.minute);
    return tui_format(out, size, "%d %s", at.day, month(&at));
}

/* What a source that fails does, in words that fit a headline. */
static const char *failing_word(enum sw_code code)
{
    switch (code) {
    case SW_E_NETWORK:
        return "cannot be reached";
    case SW_E_TIMEOUT:
        return "does not answer";
    case SW_E_TLS:
        return "shows no good certificate";
    case SW_E_AUTH:
        return "refuses the credential";
    case SW_E_DENIED:
        return "denies the right";
    case SW_E_QUOTA:
        return "says too often";
    case SW_E_PARSE:
        return "cannot be understood";
    default:
        return "fails";
    }
}

const char *fig_failing(const struct sw_source *source, int64_t now_ms, char *out, size_t size)
{
    char since[FIG_SIZE];
    tui_format(out, size, "%s %s", source->id, failing_word(source->error_code));
    if (source->failing_since_ms != 0)
        tui_append(out, size, " since %s",
                   fig_when(source->failing_since_ms, now_ms, since, sizeof since));
    return out;
}

const char *fig_date(int64_t ms, char *out, size_t size)
{
    return sw_moment_text(ms, out, size);
}

const char *fig_age(int64_t since_ms, int64_t now_ms, char *out, size_t size)
{
    if (since_ms == 0)
        return tui_format(out, size, "–");
    return sw_age_text(now_ms - since_ms, out, size);
}

const char *fig_ago(int64_t since_ms, int64_t now_ms, char *out, size_t size)
{
    char age[FIG_SIZE];
    if (since_ms == 0)
        return tui_format(out, size, "never");
    sw_age_text(now_ms - since_ms, age, sizeof age);
    return tui_format(out, size, strcmp(age, "now") == 0 ? "just %s" : "%s ago", age);
}

/* -------------------------------------------------------------------- counts */

const char *fig_count(double value, char *out, size_t size)
{
    if (!isfinite(value) || fabs(value) > 1e15)
        return tui_format(out, size, "–");
    char digits[32];
    tui_format(digits, sizeof digits, "%.0f", fabs(value));
    char grouped[48];
    size_t len = strlen(digits);
    size_t used = 0;
    if (value < 0 && strcmp(digits, "0") != 0)
        grouped[used++] = '-';
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            grouped[used++] = ',';
        grouped[used++] = digits[i];
    }
    grouped[used] = '\0';
    return tui_format(out, size, "%s", grouped);
}

const char *fig_real(struct sw_value percent, char *out, size_t size)
{
    return sw_reached_text(percent, false, out, size);
}

/* Sentences may come with their full stop or without. */
const char *fig_effect(const struct sw_offer *offer, char *out, size_t size)
{
    const char *effect = offer->effect ? offer->effect : "";
    const char *will_not = offer->will_not ? offer->will_not : "";
    size_t len = strlen(effect);
    const char *join = will_not[0] == '\0' || len == 0 ? "" : effect[len - 1] == '.' ? " " : "; ";
    return tui_format(out, size, "%s%s%s", effect, join, will_not);
}

const char *fig_include(const char *word)
{
    return strcmp(word, "watchos") == 0 ? "Watch" : word;
}

const char *fig_bundle(const struct sw_platform *p, char *out, size_t size)
{
    tui_format(out, size, "%s", p->title ? p->title : p->id);
    for (size_t i = 0; i < p->includes_count; i++)
        tui_append(out, size, "+%s", fig_include(p->includes[i]));
    return out;
}

const char *fig_upper(const char *text, char *out, size_t size)
{
    tui_format(out, size, "%s", text ? text : "?");
    for (size_t i = 0; out[i] != '\0'; i++) {
        if ((unsigned char)out[i] < 0x80)
            out[i] = (char)toupper((unsigned char)out[i]);
    }
    return out;
}

/* ------------------------------------------------------------ glyphs and roles */

struct mark {
    const char *glyph;
    enum role role;
};

static const struct mark state_marks[SW_STATE_COUNT] = {
    [SW_STATE_UNKNOWN] = {"?", ROLE_STALE},   [SW_STATE_NONE] = {"–", ROLE_DIM},
    [SW_STATE_BUILDING] = {"○", ROLE_DIM},    [SW_STATE_TESTING] = {"○", ROLE_TEXT},
    [SW_STATE_IN_REVIEW] = {"○", ROLE_TEXT},  [SW_STATE_READY] = {"○", ROLE_ROLLING},
    [SW_STATE_ROLLING] = {"►", ROLE_ROLLING}, [SW_STATE_HALTED] = {"■", ROLE_HALTED},
    [SW_STATE_COMPLETE] = {"●", ROLE_OK},     [SW_STATE_ROLLED_BACK] = {"◄", ROLE_HALTED},
    [SW_STATE_FAILED] = {"×", ROLE_BAD},
};

static const struct mark gate_marks[SW_GATE_COUNT] = {
    [SW_GATE_UNKNOWN] = {"?", ROLE_STALE}, [SW_GATE_PASS] = {"=", ROLE_OK},
    [SW_GATE_WARN] = {"▲", ROLE_WARN},     [SW_GATE_FAIL] = {"▲", ROLE_BAD},
    [SW_GATE_WAIT] = {"~", ROLE_DIM},      [SW_GATE_STALE] = {"?", ROLE_STALE},
};

static const struct mark *state_mark(enum sw_state state)
{
    return &state_marks[(unsigned)state < SW_STATE_COUNT ? state : SW_STATE_UNKNOWN];
}

static const struct mark *gate_mark(enum sw_gate_verdict verdict)
{
    return &gate_marks[(unsigned)verdict < SW_GATE_COUNT ? verdict : SW_GATE_UNKNOWN];
}

const char *fig_state_glyph(enum sw_state state)
{
    return state_mark(state)->glyph;
}

enum role fig_state_role(enum sw_state state)
{
    return state_mark(state)->role;
}

const char *fig_gate_glyph(enum sw_gate_verdict verdict)
{
    return gate_mark(verdict)->glyph;
}

enum role fig_gate_role(enum sw_gate_verdict verdict)
{
    return gate_mark(verdict)->role;
}

enum role fig_result_role(enum sw_result result)
{
    switch (result) {
    case SW_RESULT_SEEN:
    case SW_RESULT_DRY_RUN:
        return ROLE_OK;
    case SW_RESULT_REFUSED:
    case SW_RESULT_SUPERSEDED:
        return ROLE_WARN;
    case SW_RESULT_REJECTED:
    case SW_RESULT_UNKNOWN:
    case SW_RESULT_FAILED:
        return ROLE_BAD;
    case SW_RESULT_NONE:
    case SW_RESULT_COUNT:
        break;
    }
    return ROLE_TEXT;
}

/* -------------------------------------------------------------------- stages */

const char *fig_stages(const struct sw_platform *platform, int max, char *out, size_t size)
{
    out[0] = '\0';
    int count = platform->stage_count > 1000 ? 1000 : (int)platform->stage_count;
    if (count == 0)
        return tui_format(out, size, "–");
    int current = platform->stage_index;
    if (count > max)
        return tui_format(out, size, "%d/%d", current + 1, count);
    bool is_over = platform->state == SW_STATE_COMPLETE;
    for (int i = 0; i < count; i++) {
        if (i < current || is_over)
            tui_append(out, size, "●");
        else if (i == current && platform->state != SW_STATE_UNKNOWN)
            tui_append(out, size, "%s", fig_state_glyph(platform->state));
        else
            tui_append(out, size, i == current ? "?" : "○");
    }
    return out;
}

/* -------------------------------------------------------------------- health */

const struct sw_health *fig_headline_health(const struct sw_platform *platform)
{
    enum sw_metric metric = sw_platform_headline_metric(platform);
    if (metric == SW_METRIC_UNKNOWN)
        return NULL;
    const struct sw_health *hour = sw_platform_health(platform, metric, 3600);
    return hour ? hour : sw_platform_health(platform, metric, 0);
}

const char *fig_clean(const struct sw_health *health, char *out, size_t size)
{
    if (health == NULL || health->metric != SW_METRIC_ERROR_RATE)
        return sw_health_text(health, false, out, size);
    /* 100 minus the rate, still rounded to the bad side (down). */
    struct sw_health turned = *health;
    turned.metric = SW_METRIC_CRASH_FREE_SESSIONS;
    turned.value.value = 100 - health->value.value;
    return sw_health_text(&turned, false, out, size);
}

const char *fig_window(int window_s, char *out, size_t size)
{
    bool is_days = window_s > 2 * 86400 && window_s % 86400 == 0; /* "24h" and "48h", but "7d" */
    if (window_s > 0 && window_s % 3600 == 0 && !is_days)
        return tui_format(out, size, "%dh", window_s / 3600);
    return sw_duration_text(window_s, out, size);
}

bool fig_has_period(const struct sw_health *health)
{
    return health != NULL && health->period != NULL && health->period[0] != '\0';
}

const char *fig_span(const struct sw_health *health, char *out, size_t size)
{
    char window[FIG_SIZE];
    if (fig_has_period(health))
        return tui_format(out, size, "%s", health->period);
    return tui_format(out, size, "last %s",
                      health != NULL ? fig_window(health->window_s, window, sizeof window) : "");
}

bool fig_is_doubtful(const struct sw_health *health)
{
    return health != NULL && (health->is_stale || health->is_cached);
}

bool fig_is_platform_doubtful(const struct sw_platform *platform)
{
    return platform->is_stale || platform->is_cached;
}

static bool is_suspected(const struct sw_platform *platform, enum sw_metric metric)
{
    for (size_t i = 0; i < platform->gate_count; i++) {
        const struct sw_gate *gate = &platform->gates[i];
        if (gate->metric == metric &&
            (gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN))
            return true;
    }
    return platform->verdict == SW_VERDICT_WORSE;
}

struct sw_value fig_extra_bad(const struct sw_platform *platform, const struct sw_health *health)
{
    struct sw_value none = {0};
    if (health != NULL && !is_suspected(platform, health->metric))
        return none;
    if (health == NULL || !health->bad.is_known || !health->n.is_known ||
        !health->old_value.is_known || sw_metric_unit(health->metric)[0] != 'p')
        return none;
    double old_rate = sw_metric_is_low_bad(health->metric) ? 100 - health->old_value.value
                                                           : health->old_value.value;
    double extra = health->bad.value - health->n.value * old_rate / 100;
    return (struct sw_value){.value = extra, .is_known = isfinite(extra)};
}

/* --------------------------------------------------------------------- gates */

/* Two decimals towards the bad side for percentages, whole numbers for times. */
static const char *gate_figure(const struct sw_gate *gate, char *out, size_t size)
{
    double value = gate->value.value;
    if (sw_metric_unit(gate->metric)[0] == 'm')
        return tui_format(out, size, "%.0f", ceil(value - 1e-9));
    value = sw_metric_is_low_bad(gate->metric) ? floor(value * 100 + 1e-9) / 100
                                               : ceil(value * 100 - 1e-9) / 100;
    return tui_format(out, size, "%.2f", value);
}

const char *fig_gate(const struct sw_gate *gate, char *out, size_t size)
{
    bool is_bad = gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN;
    struct sw_value limit = gate->verdict == SW_GATE_FAIL ? gate->critical : gate->warn;
    if (gate->verdict == SW_GATE_PASS && !limit.is_known)
        limit = gate->critical;
    if (!gate->value.is_known || !limit.is_known)
        return tui_format(out, size, "%s", gate->id ? gate->id : "?");
    char figure[FIG_SIZE];
    bool is_low_bad = sw_metric_is_low_bad(gate->metric);
    const char *sign = is_bad == is_low_bad ? "<" : is_bad ? ">" : is_low_bad ? "≥" : "<";
    return tui_format(out, size, "%s %s%s%g", gate->id ? gate->id : "?",
                      gate_figure(gate, figure, sizeof figure), sign, limit.value);
}

static int gate_rank(enum sw_gate_verdict verdict)
{
    switch (verdict) {
    case SW_GATE_FAIL:
        return 5;
    case SW_GATE_STALE:
        return 4;
    case SW_GATE_UNKNOWN:
        return 3;
    case SW_GATE_WARN:
        return 2;
    case SW_GATE_WAIT:
        return 1;
    case SW_GATE_PASS:
    case SW_GATE_COUNT:
        break;
    }
    return 0;
}

const struct sw_gate *fig_worst_gate(const struct sw_platform *platform)
{
    const struct sw_gate *worst = NULL;
    int worst_rank = 0;
    for (size_t i = 0; i < platform->gate_count; i++) {
        const struct sw_gate *gate = &platform->gates[i];
        bool is_loud = gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN;
        int rank = gate_rank(gate->verdict) + (gate->is_blocking ? 10 : 0);
        if (!gate->is_blocking && !is_loud)
            continue; /* an advisory one that only lacks data is no news */
        if (gate_rank(gate->verdict) > 0 && rank > worst_rank) {
            worst = gate;
            worst_rank = rank;
        }
    }
    return worst;
}

double fig_sees(double ratio)
{
    return ceil(ratio * 10 - 1e-9) / 10; /* up: what is promised to show */
}

const char *fig_e(double log_e, char *out, size_t size)
{
    double e = sw_verdict_e(log_e);
    if (e < 10)
        return tui_format(out, size, "%.1f", e);
    if (e < 1e6)
        return fig_count(floor(e), out, size);
    return tui_format(out, size, "10^%.0f", floor(log_e / log(10)));
}

const char *fig_evidence(const struct sw_platform *platform, char *out, size_t size)
{
    const struct sw_grounds *grounds = &platform->grounds;
    char most[FIG_SIZE], now[FIG_SIZE];
    out[0] = '\0';
    if (platform->verdict == SW_VERDICT_UNKNOWN || !grounds->log_e_max.is_known)
        return out;
    fig_e(grounds->log_e_max.value, most, sizeof most);
    fig_e(platform->log_e.value, now, sizeof now);
    bool is_at_most = strcmp(most, now) == 0;
    bool was_loud = platform->verdict == SW_VERDICT_WORSE;
    tui_format(out, size, "E %s", was_loud ? most : now);
    if (was_loud && !is_at_most)
        tui_append(out, size, ", now %s", now);
    tui_append(out, size, " (%.0f warns, %.0f halts)", ceil(grounds->e_warn - 1e-9),
               ceil(grounds->e_halt - 1e-9));
    return out;
}

static const char *against_verdict(const struct sw_platform *platform, bool is_long,
                                   enum role *role, char *out, size_t size)
{
    switch (platform->verdict) {
    case SW_VERDICT_WORSE:
        *role = ROLE_BAD;
        tui_format(out, size, "▲ WORSE%s", platform->grounds.is_stale ? "?" : "");
        if (platform->ratio.is_known)
            tui_append(out, size, "%s%.1f×", platform->grounds.is_stale ? "" : " ",
                       platform->ratio.value);
        if (is_long && platform->ratio_low.is_known && platform->ratio_high.is_known)
            tui_append(out, size, " (%.1f–%.1f)", platform->ratio_low.value,
                       platform->ratio_high.value);
        return out;
    case SW_VERDICT_NOT_WORSE:
        if (platform->grounds.is_stale)
            break;
        *role = ROLE_OK;
        return tui_format(out, size, "= NOT WORSE");
    case SW_VERDICT_NOT_ENOUGH_DATA:
        if (platform->grounds.is_stale)
            break;
        *role = ROLE_DIM;
        if (is_long && platform->grounds.sees.is_known)
            return tui_format(out, size, "~ %s, sees ≥%.1f×",
                              platform->grounds.can_decide ? "not yet" : "too few",
                              fig_sees(platform->grounds.sees.value));
        return tui_format(out, size, is_long ? "~ NOT ENOUGH DATA" : "~ NOT ENOUGH");
    case SW_VERDICT_UNKNOWN:
    case SW_VERDICT_COUNT:
        break;
    }
    return NULL;
}

/* A failing gate is said before anything the test says of a platform that is not worse. */
const char *fig_against(const struct sw_platform *platform, int64_t now_ms, bool is_long,
                        enum role *role, char *out, size_t size)
{
    const struct sw_gate *gate = fig_worst_gate(platform);
    bool is_failing = gate != NULL && gate->verdict == SW_GATE_FAIL;
    if (platform->verdict == SW_VERDICT_WORSE || !is_failing) {
        const char *said = against_verdict(platform, is_long, role, out, size);
        if (said != NULL)
            return said;
    }
    if (platform->gate_count == 0) {
        *role = ROLE_DIM;
        return tui_format(out, size, "no gates");
    }
    if (gate == NULL) {
        *role = ROLE_OK;
        return tui_format(out, size, "= gates ok");
    }
    *role = fig_gate_role(gate->verdict);
    const char *glyph = fig_gate_glyph(gate->verdict);
    if (gate->verdict == SW_GATE_STALE || gate->verdict == SW_GATE_UNKNOWN) {
        const struct sw_health *health = fig_headline_health(platform);
        char age[FIG_SIZE];
        if (gate->verdict == SW_GATE_STALE && health != NULL && health->true_for_ms != 0)
            return tui_format(out, size, "? STALE %s",
                              fig_age(health->true_for_ms, now_ms, age, sizeof age));
        return tui_format(out, size, "? %s%s%s", sw_gate_verdict_name(gate->verdict),
                          is_long ? " " : "", is_long && gate->id ? gate->id : "");
    }
    char figures[FIG_SIZE];
    bool has_figures = is_long && gate->verdict != SW_GATE_WAIT;
    return tui_format(out, size, "%s %s %s", glyph, sw_gate_verdict_name(gate->verdict),
                      has_figures ? fig_gate(gate, figures, sizeof figures) : gate->id);
}

const char *fig_next(const struct sw_platform *platform, int64_t now_ms, char *out, size_t size)
{
    if (platform->halt_wait != SW_HALT_WAIT_NONE)
        return tui_format(out, size, "HALT WAITS");
    if (platform->halt_asked_ms != 0) {
        char age[FIG_SIZE];
        return tui_format(
            out, size, "HALT %s",
            sw_duration_text((now_ms - platform->halt_asked_ms) / 1000, age, sizeof age));
    }
    if (!platform->next_percent.is_known)
        return tui_format(out, size, "–");
    char percent[FIG_SIZE];
    char when[FIG_SIZE];
    sw_percent_text(platform->next_percent, false, percent, sizeof percent);
    const char *note = platform->next_note ? platform->next_note : "";
    if (strncmp(note, "HELD", 4) == 0)
        return tui_format(out, size, "%s HELD", percent);
    if (platform->next_at_ms == 0)
        return tui_format(out, size, "%s %.*s", percent, (int)strcspn(note, " "), note);
    return tui_format(out, size, "%s %s%s", percent, platform->is_next_estimated ? "~" : "",
                      fig_when(platform->next_at_ms, now_ms, when, sizeof when));
}

/* -------------------------------------------------------------------- trends */

static double bucket_pct(const struct sw_bucket *bucket)
{
    return bucket->n > 0 ? bucket->bad / bucket->n * 100 : -1;
}

const struct sw_trend *fig_trend(const struct sw_platform *platform, enum sw_metric metric)
{
    for (size_t i = 0; i < platform->trend_count; i++) {
        if (platform->trends[i].metric == metric)
            return &platform->trends[i];
    }
    return NULL;
}

static double series_max(const struct sw_bucket *buckets, size_t count)
{
    double max = 0;
    for (size_t i = 0; i < count; i++)
        max = fmax(max, bucket_pct(&buckets[i]));
    return max;
}

double fig_gate_limit(const struct sw_platform *platform, enum sw_metric metric)
{
    double limit = -1;
    for (size_t i = 0; i < platform->gate_count; i++) {
        const struct sw_gate *gate = &platform->gates[i];
        if (gate->metric != metric || !gate->critical.is_known || !gate->is_blocking)
            continue;
        double rate =
            sw_metric_is_low_bad(metric) ? 100 - gate->critical.value : gate->critical.value;
        limit = limit < 0 ? rate : fmin(limit, rate);
    }
    return limit;
}

double fig_trend_scale(const struct sw_platform *platform, const struct sw_trend *trend)
{
    double highest = fmax(series_max(trend->new_buckets, trend->new_count),
                          series_max(trend->old_buckets, trend->old_count));
    return fmax(highest, fig_gate_limit(platform, trend->metric));
}

void fig_spark(struct pen *pen, enum role role, const struct sw_bucket *buckets, size_t count,
               int cells, double max_pct)
{
    int want = cells < pen_left(pen) ? cells : pen_left(pen);
    size_t shown = want < 0 ? 0 : (size_t)want < count ? (size_t)want : count;
    for (size_t i = count - shown; i < count; i++) {
        double pct = bucket_pct(&buckets[i]);
        int level = pct < 0 ? 0 : max_pct <= 0 ? 1 : (int)ceil(pct / max_pct * 8 - 1e-9);
        /* A bucket with data is never blank: an empty place means no data. */
        level = pct >= 0 && level < 1 ? 1 : level;
        canvas_repeat(pen->canvas, pen->row, pen->col, 1, role, canvas_eighth(pen->canvas, level));
        pen->col++;
    }
}

/* --------------------------------------------------------------------- worst */

static int wants_person(const struct sw_platform *platform)
{
    bool is_stopped = platform->state == SW_STATE_HALTED || platform->state == SW_STATE_ROLLED_BACK;
    if (platform->halt_asked_ms != 0 || platform->halt_wait != SW_HALT_WAIT_NONE)
        return 9;
    if (platform->verdict == SW_VERDICT_WORSE && !is_stopped)
        return 8;
    if (platform->gates_worst == SW_GATE_FAIL && !is_stopped)
        return 7;
    if (platform->state == SW_STATE_FAILED)
        return 6;
    if (platform->is_stale || platform->state == SW_STATE_UNKNOWN)
        return 5;
    if (is_stopped)
        return 4;
    if (platform->gates_worst == SW_GATE_WARN)
        return 3;
    return platform->state == SW_STATE_ROLLING ? 1 : 0;
}

size_t fig_worst_platform(const struct sw_snapshot *snapshot)
{
    size_t worst = 0;
    int most = -1;
    for (size_t i = 0; i < snapshot->platform_count; i++) {
        int wants = wants_person(&snapshot->platforms[i]);
        if (wants > most) {
            most = wants;
            worst = i;
        }
    }
    return worst;
}
