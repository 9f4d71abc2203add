/*
 * figures.h: how one fact of a snapshot is written: glyphs, times, counts, limits.
 *
 * The same fact is written in the same way on every screen. Nothing here decides anything; the
 * rules are in the core. Every function writes into the caller's buffer and returns it.
 */
#pragma once

#include <slipway.h>

#include "canvas.h"

#define FIG_SIZE 128

/* "03:12", "Tue 22:05" within six days, else "12 Jan"; "–" for 0. */
const char *fig_when(int64_t ms, int64_t now_ms, char *out, size_t size);
/* "apple does not answer since 13:35" */
const char *fig_failing(const struct sw_source *source, int64_t now_ms, char *out, size_t size);
const char *fig_clock(int64_t ms, char *out, size_t size);   /* "03:12" */
const char *fig_clock_s(int64_t ms, char *out, size_t size); /* "03:12:36" */
/* "Wed 22 Jan 03:12 CET" */
const char *fig_date(int64_t ms, char *out, size_t size);
/* "4,400" */
const char *fig_count(double value, char *out, size_t size);
/* "2m ago", "just now", "never" */
const char *fig_ago(int64_t since_ms, int64_t now_ms, char *out, size_t size);
/* A percentage that was measured: one decimal, two below 1; "–" when unknown. */
const char *fig_real(struct sw_value percent, char *out, size_t size);
/* "14m", with steps; "–" when since is 0 */
const char *fig_age(int64_t since_ms, int64_t now_ms, char *out, size_t size);

const char *fig_state_glyph(enum sw_state state);
enum role fig_state_role(enum sw_state state);
const char *fig_gate_glyph(enum sw_gate_verdict verdict);
enum role fig_gate_role(enum sw_gate_verdict verdict);
enum role fig_result_role(enum sw_result result);

/* "iOS+Watch": the title with what ships in the same bundle. Returns out. */
const char *fig_bundle(const struct sw_platform *p, char *out, size_t size);
/* "watchos" as people say it: "Watch"; any other word as it is. */
const char *fig_include(const char *word);
/* "ANDROID": the title in capitals where that is plain ASCII. */
const char *fig_upper(const char *text, char *out, size_t size);

/* One mark for each stage, "●●►○○", at most max of them; longer plans read "3/12". */
const char *fig_stages(const struct sw_platform *platform, int max, char *out, size_t size);

/* The reading a platform is judged by on one line: its headline metric over the last hour, else
 * over the shortest window there is; NULL when it has none. */
const struct sw_health *fig_headline_health(const struct sw_platform *platform);
/* Share without a crash or an error, rounded to the bad side, or counts below a useful sample;
 * "–" when unknown. A rate of errors is turned round so that the column compares downwards. */
const char *fig_clean(const struct sw_health *health, char *out, size_t size);
/* "1h", "5m", "24h" */
const char *fig_window(int window_s, char *out, size_t size);
/* Is its window a fixed one of the upstream's, with a name ("Pacific day Thu 27 Nov")? */
bool fig_has_period(const struct sw_health *health);
/* "last 6h", "hour to 14:00 UTC": what a figure is over. */
const char *fig_span(const struct sw_health *health, char *out, size_t size);
/* Needs a question mark: too old, or from an earlier run. */
bool fig_is_doubtful(const struct sw_health *health);
bool fig_is_platform_doubtful(const struct sw_platform *platform);

/* "crash 99.02<99.5": a gate's figure against the limit that decides. */
const char *fig_gate(const struct sw_gate *gate, char *out, size_t size);
/* The gate that decides the platform's worst verdict (blocking first); NULL when all pass. */
const struct sw_gate *fig_worst_gate(const struct sw_platform *platform);

/* The column "against old": the verdict where there is one, else the worst gate. is_long: with
 * figures. */
const char *fig_against(const struct sw_platform *platform, int64_t now_ms, bool is_long,
                        enum role *role, char *out, size_t size);
/* A ratio that shows, rounded up to a tenth. */
double fig_sees(double ratio);
/* "1,039", "0.4", "10^21" */
const char *fig_e(double log_e, char *out, size_t size);
/* "E 1,039 (20 warns, 100 halts)": the evidence that the verdict stands on; empty without one. */
const char *fig_evidence(const struct sw_platform *platform, char *out, size_t size);
/* What comes next for the platform: "50% HELD", "20% ~10:16". */
const char *fig_next(const struct sw_platform *platform, int64_t now_ms, char *out, size_t size);

/* What a verb does and does not, as one text. */
const char *fig_effect(const struct sw_offer *offer, char *out, size_t size);

/* How many more were bad than at the old version's rate, in the reading's window; unknown when
 * either rate is, or when no gate on it warns or fails (then it is noise). */
struct sw_value fig_extra_bad(const struct sw_platform *platform, const struct sw_health *health);

/* The last `cells` buckets of a series as a row of bars, one column each, on the scale 0..max
 * percent. */
void fig_spark(struct pen *pen, enum role role, const struct sw_bucket *buckets, size_t count,
               int cells, double max_pct);
/* The top of a scale for both series, percent: the highest bar, or the limit of the gate where that
 * is higher, so that harmless noise stays low. */
double fig_trend_scale(const struct sw_platform *platform, const struct sw_trend *trend);
/* The limit of the strictest blocking gate on a metric, as a rate of the bad; -1: none. */
double fig_gate_limit(const struct sw_platform *platform, enum sw_metric metric);
const struct sw_trend *fig_trend(const struct sw_platform *platform, enum sw_metric metric);

/* The index of the platform that most wants a person: used for the first selection. */
size_t fig_worst_platform(const struct sw_snapshot *snapshot);
