/*
 * sentry.c: crash-free sessions and users, adoption and new issues, from Sentry.
 *
 * One sessions query for each environment of a project brings the started and
 * the crashed sessions of the new and the previous version in 5-minute buckets
 * over 24 hours (1-hour buckets where the server refuses 5 minutes); windows,
 * trend and adoption are sums over these buckets. Users cannot be added up, so
 * crash-free users are one query for each window. New issues are read every
 * three minutes.
 *
 * Guarantees: fractions of the wire become percent here and nowhere else; a
 * release that Sentry has no sessions of gives n = 0 and an unknown value,
 * never 0 % or 100 %; names are matched exactly, near misses are shown, not used.
 * It does not judge, cache or write anything.
 *
 * Sources: Sentry API, "Retrieve Release Health Session Statistics", "List an
 * Organization's Issues", "List an Organization's Releases", "Rate Limits"; the
 * server's behaviour from getsentry/sentry (snuba/sessions_v2.py,
 * release_health/metrics_sessions_v2.py and their tests), read 2026-01.
 */
#include "sources/source.h"

#include <math.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

enum {
    /* The server cuts silently at 10,000 points = groups x intervals; four releases with six
     * statuses in 289 buckets stay below. Source: snuba/sessions_v2.py. */
    NAMES_MAX = 4,
    NAME_SIZE = 201,    /* 200 characters. Source: Sentry docs, "Naming Releases" */
    BUCKETS_MAX = 1000, /* MAX_POINTS of one request. Source: snuba/sessions_v2.py */
    QUERY_SIZE = 1200,
    ISSUES_MAX = 10,
    ISSUES_EVERY_MS = 180 * 1000,
    BUCKET_S = 300,
    HOUR_S = 3600,
    DAY_S = 86400,
};

/* ------------------------------------------------------------ release names */

/* One release to ask for, on behalf of one target. */
struct ask {
    const struct sw_target *target;
    enum sw_side side;
    const char *environment; /* NULL: all */
    char name[NAME_SIZE];
    bool is_taken; /* by a chunk */
};

struct asks {
    struct ask *items;
    size_t count;
};

/* Source: Sentry docs, "Naming Releases": no newline, tab, slash or backslash, not ".", "..", a
 * space or "latest". A quote or an asterisk would end the quoted value, or be a wildcard. */
static bool is_release_name(const char *name)
{
    static const char *const reserved[] = {"", ".", "..", " ", "latest"};
    for (size_t i = 0; i < SW_ARRAY_LEN(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || strchr("/\\\"*", *c))
            return false;
    return true;
}

/* SW_E_NOT_FOUND: a part the template needs is not known. */
static enum sw_code expand_release(const char *template, const char *version, const char *build,
                                   char out[NAME_SIZE], struct sw_error *err)
{
    struct sw_buf buf;
    sw_buf_init(&buf, NAME_SIZE - 1);
    enum sw_code code = SW_OK;
    for (const char *c = template; *c && code == SW_OK;) {
        bool is_version = sw_text_starts(c, "{version}");
        if (is_version || sw_text_starts(c, "{build}")) {
            const char *part = is_version ? version : build;
            if (!*part)
                code = SW_E_NOT_FOUND;
            sw_buf_add(&buf, part);
            c += strlen(is_version ? "{version}" : "{build}");
        } else if (*c == '{' || *c == '}') {
            code =
                sw_fail(err, SW_E_CONFIG,
                        "release template \"%s\": only {version} and {build} may stand in braces",
                        template);
        } else {
            sw_buf_addc(&buf, *c++);
        }
    }
    if (code == SW_OK && (sw_buf_is_failed(&buf) || !is_release_name(sw_buf_text(&buf))))
        code =
            sw_fail(err, SW_E_CONFIG,
                    "release template \"%s\" gives \"%.60s\" for %s (%s), which no Sentry release "
                    "can be called",
                    template, sw_buf_text(&buf), version, build);
    sw_copy(out, NAME_SIZE, sw_buf_text(&buf));
    sw_buf_clear(&buf);
    return code;
}

static enum sw_code add_ask(struct asks *asks, const struct sw_target *target, enum sw_side side,
                            struct sw_error *err)
{
    const struct sw_rollout *rollout = target->rollout;
    bool is_new = side == SW_SIDE_NEW;
    struct ask *ask = &asks->items[asks->count];
    *ask = (struct ask){
        .target = target, .side = side, .environment = sw_node_str(target->options, "environment")};
    enum sw_code code =
        expand_release(sw_node_str(target->options, "release"),
                       is_new ? rollout->version : rollout->previous_version,
                       is_new ? rollout->build : rollout->previous_build, ask->name, err);
    if (code == SW_OK)
        asks->count++;
    return code;
}

/* Which releases to ask for: the versions come from the store, never from here. *missing is the
 * first platform whose version is not known. */
static enum sw_code collect_asks(const struct sw_flow *flow, struct asks *asks,
                                 const struct sw_target **missing, struct sw_error *err)
{
    size_t targets = sw_flow_target_count(flow);
    asks->items = sw_xcalloc(targets * 2 + 1, sizeof *asks->items);
    for (size_t i = 0; i < targets; i++) {
        const struct sw_target *target = sw_flow_target(flow, i);
        enum sw_code code = SW_E_NOT_FOUND;
        if (target->rollout)
            code = add_ask(asks, target, SW_SIDE_NEW, err);
        if (code == SW_E_NOT_FOUND) {
            if (!*missing)
                *missing = target;
            continue;
        }
        if (code == SW_OK)
            code = add_ask(asks, target, SW_SIDE_OLD, err);
        if (code != SW_OK && code != SW_E_NOT_FOUND)
            return code;
    }
    return SW_OK;
}

/* ------------------------------------------------------- requests and errors */

enum { OP_SESSIONS = 0, OP_ISSUES, OP_RELEASES };

static const struct sw_operation operations[] = {
    [OP_SESSIONS] = {.name = "sessions",
                     .method = SW_GET,
                     .is_idempotent = true,
                     .path = "/api/0/organizations/{org}/sessions/"},
    [OP_ISSUES] = {.name = "issues",
                   .method = SW_GET,
                   .is_idempotent = true,
                   .path = "/api/0/organizations/{org}/issues/"},
    [OP_RELEASES] = {.name = "releases",
                     .method = SW_GET,
                     .is_idempotent = true,
                     .path = "/api/0/organizations/{org}/releases/"},
};

/* The upstream's own words: {"detail": "…"}, {"detail": {"message": "…"}}, {"field": ["…"]} or a
 * bare string (the rate limiter's). Empty when it said nothing readable (a proxy's HTML).
 * Source: getsentry/sentry, middleware/ratelimit.py; Sentry API, "Requests". */
static void read_detail(const struct sw_reply *reply, char *out, size_t size)
{
    SW_JSON json_t *tree = NULL;
    const char *text = NULL, *key;
    json_t *value;
    out[0] = '\0';
    if (!reply->body || sw_json_parse_any(reply->body, reply->body_len, NULL, &tree, NULL) != SW_OK)
        return;
    if (json_is_string(tree)) {
        text = json_string_value(tree);
    } else if (sw_json_str(tree, "detail", SW_OPTIONAL, &text, NULL) != SW_OK &&
               sw_json_str(tree, "detail.message", SW_OPTIONAL, &text, NULL) != SW_OK) {
        text = NULL;
        json_object_foreach(tree, key, value)
        {
            const char *first = json_string_value(json_array_get(value, 0));
            if (first && !text)
                text = first;
        }
    }
    sw_text_clean_copy(out, size, text);
}

static enum sw_code explain_failure(const char *what, const char *scope,
                                    const struct sw_reply *reply, struct sw_error *err)
{
    if (err->http_status == 0)
        return sw_error_prefix(err, "%s", what);
    char detail[240];
    read_detail(reply, detail, sizeof detail);
    const char *hint = "";
    if (err->code == SW_E_AUTH)
        hint = "; the token is wrong, expired or revoked";
    if (err->code == SW_E_NOT_FOUND)
        hint = "; check organization, project and the region in base_url";
    enum sw_code code = err->code;
    /* 400 speaks of the query, which comes from the configuration. */
    if (err->http_status == 400)
        code = SW_E_CONFIG;
    if (code == SW_E_DENIED)
        return sw_fail_http(err, code, err->http_status, false, 0,
                            "%s: %d %s; the token needs the scope %s and a member of the project "
                            "(organization tokens, sntrys_, cannot have it)",
                            what, err->http_status, detail, scope);
    return sw_fail_http(err, code, err->http_status, err->is_retryable, err->retry_at_ms,
                        "%s: Sentry answered %d %s%s", what, err->http_status,
                        *detail ? detail : "without a reason", hint);
}

/* Sends and parses; *out is the caller's. err must not be NULL. */
static enum sw_code ask_sentry(struct sw_flow *flow, const struct sw_request *request,
                               const char *what, const char *scope, json_t **out,
                               struct sw_error *err)
{
    struct sw_reply reply = {0};
    enum sw_code code = sw_flow_exchange(flow, request, &reply, err);
    if (code == SW_OK) {
        code = sw_reply_json(&reply, out, err);
        if (code != SW_OK)
            code = sw_error_prefix(err, "%s", what);
    } else if (code != SW_E_CANCELLED) {
        code = explain_failure(what, scope, &reply, err);
    }
    sw_reply_clear(&reply);
    return code;
}

/* ------------------------------------------------------------------- chunks */

/* Up to NAMES_MAX releases of one environment, asked for together. */
struct chunk {
    struct sw_flow *flow;
    const char *project;
    const char *environment;
    size_t count;
    const char *names[NAMES_MAX]; /* borrowed from the asks */
    size_t ask_count;
    const struct ask **asks; /* whose name is in names */
    char query[QUERY_SIZE];  /* release:"a" or release:[a,b] */
};

static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++) {
        bool is_word =
            (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!is_word && !strchr("@+._-", *c))
            return false;
    }
    return true;
}

/* Source: Sentry docs, "Search", multiple values in brackets; no wildcards in sessions. */
static enum sw_code write_query(struct chunk *chunk, struct sw_error *err)
{
    struct sw_buf buf;
    sw_buf_init(&buf, sizeof chunk->query - 1);
    bool is_list = chunk->count > 1;
    sw_buf_add(&buf, is_list ? "release:[" : "release:");
    for (size_t i = 0; i < chunk->count; i++) {
        const char *quote = is_list && is_plain(chunk->names[i]) ? "" : "\"";
        sw_buf_printf(&buf, "%s%s%s%s", i ? "," : "", quote, chunk->names[i], quote);
    }
    if (is_list)
        sw_buf_addc(&buf, ']');
    sw_copy(chunk->query, sizeof chunk->query, sw_buf_text(&buf));
    bool is_failed = sw_buf_is_failed(&buf);
    sw_buf_clear(&buf);
    return is_failed
               ? sw_fail(err, SW_E_LIMIT, "release names of %s are too long to ask for together",
                         chunk->project)
               : SW_OK;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int name_index(const struct chunk *chunk, const char *name)
{
    for (size_t i = 0; i < chunk->count; i++)
        if (strcmp(chunk->names[i], name) == 0)
            return (int)i;
    return -1;
}

/* Takes the next asks of one environment; false when none is left. chunk->asks has room for all. */
static bool take_chunk(struct asks *asks, struct chunk *chunk)
{
    chunk->count = chunk->ask_count = 0;
    for (size_t i = 0; i < asks->count; i++) {
        struct ask *ask = &asks->items[i];
        if (ask->is_taken)
            continue;
        if (chunk->ask_count == 0)
            chunk->environment = ask->environment;
        else if (!is_same_text(chunk->environment, ask->environment))
            continue;
        if (name_index(chunk, ask->name) < 0) {
            if (chunk->count == NAMES_MAX)
                continue;
            chunk->names[chunk->count++] = ask->name;
        }
        ask->is_taken = true;
        chunk->asks[chunk->ask_count++] = ask;
    }
    return chunk->ask_count > 0;
}

/* What every sessions request has. period holds the text until it is sent. */
static enum sw_code begin_sessions(const struct chunk *chunk, struct sw_request *request,
                                   int period_s, int interval_s, char period[24], char interval[24],
                                   struct sw_error *err)
{
    const struct sw_node *account = sw_flow_account(chunk->flow);
    enum sw_code code = sw_request_init(request, &operations[OP_SESSIONS], err,
                                        sw_node_str(account, "organization"), (const char *)NULL);
    if (code != SW_OK)
        return code;
    sw_format(period, 24, "%d%s", period_s % HOUR_S ? period_s / 60 : period_s / HOUR_S,
              period_s % HOUR_S ? "m" : "h");
    sw_format(interval, 24, "%d%s", interval_s % HOUR_S ? interval_s / 60 : interval_s / HOUR_S,
              interval_s % HOUR_S ? "m" : "h");
    if (interval_s == DAY_S)
        sw_copy(interval, 24, "1d");
    sw_request_param(request, "project", chunk->project);
    if (chunk->environment)
        sw_request_param(request, "environment", chunk->environment);
    sw_request_param(request, "statsPeriod", period);
    sw_request_param(request, "interval", interval);
    return SW_OK;
}

/* ----------------------------------------------------------- reading a reply */

/* Sessions of one release. */
struct lane {
    bool has_group;            /* Sentry knows sessions of it */
    double n, crashed;         /* totals over the reply */
    struct sw_bucket *buckets; /* NULL without series */
};

struct table {
    int64_t start_ms, end_ms; /* as the reply states them: rounded outward to the interval */
    int bucket_s;
    size_t count; /* buckets */
    struct lane lanes[NAMES_MAX];
};

static void clear_table(struct table *table)
{
    for (size_t i = 0; i < NAMES_MAX; i++)
        free(table->lanes[i].buckets);
    *table = (struct table){0};
}

static enum sw_code read_frame(const json_t *tree, int bucket_s, struct table *table,
                               struct sw_error *err)
{
    json_t *intervals;
    enum sw_code code = sw_json_time(tree, "start", SW_REQUIRED, &table->start_ms, err);
    if (code == SW_OK)
        code = sw_json_time(tree, "end", SW_REQUIRED, &table->end_ms, err);
    if (code == SW_OK)
        code = sw_json_arr(tree, "intervals", SW_REQUIRED, &intervals, err);
    if (code != SW_OK)
        return code;
    table->count = json_array_size(intervals);
    table->bucket_s = bucket_s;
    if (table->count > BUCKETS_MAX + 2)
        return sw_fail(err, SW_E_LIMIT, "sessions: %zu intervals in one reply", table->count);
    for (size_t i = 0; i < table->count; i++) {
        int64_t at = 0;
        const char *text = json_string_value(json_array_get(intervals, i));
        if (!text || sw_time_parse(text, &at, err) != SW_OK ||
            at != table->start_ms + (int64_t)i * bucket_s * SW_SECOND_MS)
            return sw_fail(err, SW_E_PARSE,
                           "sessions: intervals[%zu] is not %d s after the one before", i,
                           bucket_s);
    }
    return SW_OK;
}

static bool read_count(const json_t *value, double *out)
{
    *out = json_number_value(value); /* integers may arrive as 12.0 */
    return json_is_number(value) && isfinite(*out) && *out >= 0 && *out < 1e15;
}

/*
 * healthy = started - all errored, errored = all errored - crashed - abnormal, so these four sum
 * to the sessions started (each is clamped at 0, which can only add). `unhandled` is a part of
 * errored and must not be added; a status not known here is taken as such a part, too.
 * Source: getsentry/sentry, snuba/metrics/fields/base.py (HEALTHY, ERRORED) and the test of the
 * sessions transform ("errored = errored_all - crashed - abnormal" beside 5 unhandled), read
 * 2026-01.
 */
static bool is_disjoint_status(const char *status)
{
    static const char *const disjoint[] = {"healthy", "errored", "abnormal", "crashed"};
    for (size_t i = 0; i < SW_ARRAY_LEN(disjoint); i++)
        if (strcmp(status, disjoint[i]) == 0)
            return true;
    return false;
}

static enum sw_code read_series(const json_t *group, bool is_crashed, struct table *table,
                                struct lane *lane, struct sw_error *err)
{
    json_t *series;
    enum sw_code code = sw_json_arr(group, "series[\"sum(session)\"]", SW_REQUIRED, &series, err);
    if (code != SW_OK)
        return code;
    if (json_array_size(series) != table->count)
        return sw_fail(err, SW_E_PARSE, "sessions: %zu values for %zu intervals",
                       json_array_size(series), table->count);
    for (size_t i = 0; i < table->count; i++) {
        double value;
        if (!read_count(json_array_get(series, i), &value))
            return sw_fail(err, SW_E_PARSE,
                           "sessions: series[\"sum(session)\"][%zu] is not a count", i);
        lane->buckets[i].n += value;
        if (is_crashed)
            lane->buckets[i].bad += value;
    }
    return SW_OK;
}

static enum sw_code read_group(const struct chunk *chunk, const json_t *group, bool has_series,
                               struct table *table, struct sw_error *err)
{
    const char *release, *status;
    double total;
    /* Both may be null (sessions without a release): of no interest, not an error. */
    if (sw_json_str(group, "by.release", SW_OPTIONAL, &release, NULL) != SW_OK ||
        sw_json_str(group, "by[\"session.status\"]", SW_OPTIONAL, &status, NULL) != SW_OK)
        return SW_OK;
    int index = name_index(chunk, release);
    if (index < 0)
        return SW_OK;
    struct lane *lane = &table->lanes[index];
    lane->has_group = true;
    if (!is_disjoint_status(status))
        return SW_OK;
    bool is_crashed = strcmp(status, "crashed") == 0;
    if (!read_count(sw_json_at(group, "totals[\"sum(session)\"]"), &total))
        return sw_fail(err, SW_E_PARSE, "sessions: totals[\"sum(session)\"] of %s is not a count",
                       status);
    lane->n += total;
    if (is_crashed)
        lane->crashed += total;
    return has_series ? read_series(group, is_crashed, table, lane, err) : SW_OK;
}

static enum sw_code read_sessions(const struct chunk *chunk, const json_t *tree, int bucket_s,
                                  bool has_series, struct table *table, struct sw_error *err)
{
    json_t *groups;
    enum sw_code code = read_frame(tree, bucket_s, table, err);
    if (code == SW_OK)
        code = sw_json_arr(tree, "groups", SW_REQUIRED, &groups, err);
    if (code != SW_OK)
        return code;
    for (size_t i = 0; has_series && i < chunk->count; i++) {
        struct lane *lane = &table->lanes[i];
        lane->buckets = sw_xcalloc(table->count + 1, sizeof *lane->buckets);
        for (size_t k = 0; k < table->count; k++)
            lane->buckets[k].start_ms = table->start_ms + (int64_t)k * bucket_s * SW_SECOND_MS;
    }
    for (size_t i = 0; i < json_array_size(groups) && code == SW_OK; i++)
        code = read_group(chunk, json_array_get(groups, i), has_series, table, err);
    return code;
}

/* --------------------------------------------------------------- the queries */

/* Sessions by release and status over period_s, with series or only totals. */
static enum sw_code fetch_sessions(const struct chunk *chunk, int period_s, int bucket_s,
                                   bool has_series, struct table *table, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char period[24], interval[24];
    enum sw_code code = begin_sessions(chunk, &request, period_s, bucket_s, period, interval, err);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "field", "sum(session)");
    sw_request_param(&request, "groupBy", "release");
    sw_request_param(&request, "groupBy", "session.status");
    sw_request_param(&request, "query", chunk->query);
    if (!has_series)
        sw_request_param(&request, "includeSeries", "0");
    code = ask_sentry(chunk->flow, &request, "sessions", "org:read", &tree, err);
    if (code == SW_OK)
        code = read_sessions(chunk, tree, bucket_s, has_series, table, err);
    if (code != SW_OK)
        clear_table(table);
    return code;
}

static bool is_interval_refused(const struct sw_error *err)
{
    return err->http_status == 400 && strstr(err->text, "interval");
}

/* The day in 5-minute buckets, or in hours where the server wants them longer; a refusal is
 * remembered for a day. Documented is a minimum of 1 h, servers take multiples of 10 s. */
static enum sw_code fetch_day(const struct chunk *chunk, struct table *table, struct sw_error *err)
{
    int64_t refused = sw_flow_last(chunk->flow, "hourly");
    bool is_hourly = refused && sw_flow_now(chunk->flow) - refused < SW_DAY_MS;
    enum sw_code code = SW_E_CONFIG;
    if (!is_hourly) {
        code = fetch_sessions(chunk, DAY_S, BUCKET_S, true, table, err);
        if (code == SW_OK || !is_interval_refused(err))
            return code;
    }
    sw_error_clear(err);
    code = fetch_sessions(chunk, DAY_S, HOUR_S, true, table, err);
    if (code == SW_OK && !is_hourly)
        sw_flow_set_last(chunk->flow, "hourly");
    return code;
}

/* All sessions of the project over the same day, whatever the release. */
static enum sw_code fetch_project_total(const struct chunk *chunk, int bucket_s,
                                        struct sw_value *total, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char period[24], interval[24];
    enum sw_code code = begin_sessions(chunk, &request, DAY_S, bucket_s, period, interval, err);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "field", "sum(session)");
    sw_request_param(&request, "includeSeries", "0");
    code = ask_sentry(chunk->flow, &request, "all sessions", "org:read", &tree, err);
    if (code != SW_OK)
        return code;
    /* Without groupBy there is one group, also for no data. */
    if (!read_count(sw_json_at(tree, "groups[0].totals[\"sum(session)\"]"), &total->value))
        return sw_fail(err, SW_E_PARSE,
                       "all sessions: groups[0].totals[\"sum(session)\"] is no count");
    total->is_known = true;
    return SW_OK;
}

/* ----------------------------------------------------------------- reporting */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What the figure is of and over, for people: the server rounds windows outward, so the reply's
 * own times stand here. */
static void write_origin(const struct ask *ask, const char *what, int64_t from_ms, int64_t to_ms,
                         char *out, size_t size)
{
    char from[SW_TIME_TEXT], to[SW_TIME_TEXT], text[SW_LINE_MAX * 2];
    sw_format(text, sizeof text, "%s, %s to %s, %s%s%s", what, sw_time_format(from_ms, from),
              sw_time_format(to_ms, to), ask->name, ask->environment ? ", " : "",
              ask->environment ? ask->environment : "");
    sw_text_clean_copy(out, size, text);
}

/* A reading true until the reply's end; the running bucket's end lies ahead, so at most now. */
static struct sw_reading begin_reading(const struct chunk *chunk, const struct ask *ask,
                                       enum sw_metric metric, int window_s, const char *what,
                                       int64_t from_ms, int64_t end_ms)
{
    int64_t now = sw_flow_now(chunk->flow);
    struct sw_reading reading = {.metric = metric,
                                 .side = ask->side,
                                 .window_s = window_s,
                                 .observed_at_ms = now,
                                 .true_for_ms = earlier(end_ms, now)};
    write_origin(ask, what, from_ms, reading.true_for_ms, reading.origin, sizeof reading.origin);
    return reading;
}

/* n = 0 is a fact; the rate of nothing is not known. */
static void set_crash_free(struct sw_reading *reading, double n, double crashed)
{
    reading->n = (struct sw_value){n, true};
    reading->bad = (struct sw_value){crashed, true};
    if (n > 0)
        reading->value = (struct sw_value){100 * (1 - crashed / n), true};
}

/* A window is the closed buckets that cover it and the running one, as Sentry itself rounds
 * (24 h by 1 h are 25 buckets): never less than was asked for. Crashes arrive with the next start
 * of the app and change closed buckets later, so nothing is kept from earlier replies. */
static void report_window(const struct chunk *chunk, const struct ask *ask,
                          const struct table *table, int window_s, const char *hint)
{
    const struct lane *lane = &table->lanes[name_index(chunk, ask->name)];
    size_t wanted = (size_t)((window_s + table->bucket_s - 1) / table->bucket_s) + 1;
    size_t used = wanted < table->count ? wanted : table->count;
    int64_t from = table->end_ms - (int64_t)used * table->bucket_s * SW_SECOND_MS;
    double n = 0, crashed = 0;
    for (size_t i = table->count - used; i < table->count; i++) {
        n += lane->buckets[i].n;
        crashed += lane->buckets[i].bad;
    }
    struct sw_reading reading =
        begin_reading(chunk, ask, SW_METRIC_CRASH_FREE_SESSIONS, window_s,
                      lane->has_group ? "sessions" : hint, from, table->end_ms);
    /* Fewer buckets than the window is long: the server gave less than asked. */
    if (used + 1 >= wanted)
        set_crash_free(&reading, n, crashed);
    sw_flow_report_reading(chunk->flow, ask->target, &reading);
}

static void report_series(const struct chunk *chunk, const struct ask *ask,
                          const struct table *table)
{
    const struct lane *lane = &table->lanes[name_index(chunk, ask->name)];
    struct sw_series series = {.metric = SW_METRIC_CRASH_FREE_SESSIONS,
                               .side = ask->side,
                               .bucket_s = table->bucket_s,
                               .count = table->count,
                               .buckets = lane->buckets,
                               .observed_at_ms = sw_flow_now(chunk->flow)};
    sw_flow_report_series(chunk->flow, ask->target, &series);
}

/* Share of the project's sessions, always over 24 hours. The server's own `adoption` is over
 * another scale and was wrong on old servers (getsentry/sentry issue 92191): counted here. */
static void report_adoption(const struct chunk *chunk, const struct ask *ask,
                            const struct table *table, struct sw_value total)
{
    const struct lane *lane = &table->lanes[name_index(chunk, ask->name)];
    struct sw_reading reading =
        begin_reading(chunk, ask, SW_METRIC_ADOPTION, DAY_S, "share of the project's sessions",
                      table->start_ms, table->end_ms);
    reading.n = total;
    if (total.is_known && total.value > 0) {
        double share = 100 * lane->n / total.value;
        /* Two requests, a moment apart: the part can be ahead of the whole. */
        reading.value = (struct sw_value){share < 100 ? share : 100, true};
    }
    sw_flow_report_reading(chunk->flow, ask->target, &reading);
}

/* Names near the one Sentry has no sessions of, so that a wrong template is seen. Best effort:
 * without an answer the hint is just shorter. */
static void find_near_misses(const struct chunk *chunk, const struct ask *ask, char *hint,
                             size_t size)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    struct sw_error ignored = {0};
    struct sw_buf near;
    sw_copy(hint, size, "no sessions yet");
    if (sw_request_init(&request, &operations[OP_RELEASES], &ignored,
                        sw_node_str(sw_flow_account(chunk->flow), "organization"),
                        (const char *)NULL) != SW_OK)
        return;
    sw_request_param(&request, "project", chunk->project);
    sw_request_param(&request, "query", ask->target->rollout->version);
    sw_request_param(&request, "per_page", "5");
    if (ask_sentry(chunk->flow, &request, "releases", "project:read", &tree, &ignored) != SW_OK)
        return;
    sw_buf_init(&near, size - 1);
    for (size_t i = 0; i < json_array_size(tree) && i < 5; i++) {
        char name[NAME_SIZE];
        if (sw_json_text(json_array_get(tree, i), "version", SW_OPTIONAL, name, sizeof name,
                         NULL) == SW_OK &&
            strcmp(name, ask->name) != 0)
            sw_buf_printf(&near, "%s%s", near.len ? ", " : "no sessions yet; Sentry has ", name);
    }
    if (near.len)
        sw_copy(hint, size, sw_buf_text(&near));
    sw_buf_clear(&near);
}

/* ------------------------------------------------------------------ sessions */

static bool wants(const struct ask *ask, enum sw_metric metric)
{
    return ask->target->metric == metric;
}

static enum sw_code report_long_windows(const struct chunk *chunk, const struct ask *ask,
                                        struct sw_error *err)
{
    for (size_t i = 0; i < ask->target->window_count; i++) {
        int window_s = ask->target->windows_s[i];
        if (window_s <= DAY_S)
            continue;
        struct table table = {0};
        int bucket_s = window_s / HOUR_S < BUCKETS_MAX ? HOUR_S : DAY_S;
        enum sw_code code = fetch_sessions(chunk, window_s, bucket_s, false, &table, err);
        if (code != SW_OK)
            return code;
        const struct lane *lane = &table.lanes[name_index(chunk, ask->name)];
        struct sw_reading reading =
            begin_reading(chunk, ask, SW_METRIC_CRASH_FREE_SESSIONS, window_s, "sessions",
                          table.start_ms, table.end_ms);
        set_crash_free(&reading, lane->n, lane->crashed);
        sw_flow_report_reading(chunk->flow, ask->target, &reading);
        clear_table(&table);
    }
    return SW_OK;
}

static void report_day(const struct chunk *chunk, const struct ask *ask, const struct table *table,
                       struct sw_value total)
{
    char hint[SW_LINE_MAX] = "no sessions";
    const struct lane *lane = &table->lanes[name_index(chunk, ask->name)];
    report_adoption(chunk, ask, table, total);
    if (!wants(ask, SW_METRIC_CRASH_FREE_SESSIONS))
        return;
    if (!lane->has_group && ask->side == SW_SIDE_NEW)
        find_near_misses(chunk, ask, hint, sizeof hint);
    for (size_t i = 0; i < ask->target->window_count; i++)
        if (ask->target->windows_s[i] <= DAY_S)
            report_window(chunk, ask, table, ask->target->windows_s[i], hint);
    report_series(chunk, ask, table);
}

static enum sw_code observe_sessions(const struct chunk *chunk, struct sw_error *err)
{
    struct table table = {0};
    struct sw_value total = {0};
    bool is_wanted = false;
    for (size_t i = 0; i < chunk->ask_count; i++)
        is_wanted |= !wants(chunk->asks[i], SW_METRIC_CRASH_FREE_USERS);
    if (!is_wanted)
        return SW_OK;
    enum sw_code code = fetch_day(chunk, &table, err);
    if (code != SW_OK)
        return code;
    code = fetch_project_total(chunk, table.bucket_s, &total, err);
    for (size_t i = 0; i < chunk->ask_count; i++)
        if (!wants(chunk->asks[i], SW_METRIC_CRASH_FREE_USERS))
            report_day(chunk, chunk->asks[i], &table, total);
    clear_table(&table);
    for (size_t i = 0; i < chunk->ask_count && code == SW_OK; i++)
        if (wants(chunk->asks[i], SW_METRIC_CRASH_FREE_SESSIONS))
            code = report_long_windows(chunk, chunk->asks[i], err);
    return code;
}

/* --------------------------------------------------------------------- users */

/* crash_free_rate(user) is a fraction or null, also null with sessions that carry no user id. */
static enum sw_code report_users(const struct chunk *chunk, const struct ask *ask, int window_s,
                                 const json_t *tree, struct sw_error *err)
{
    int64_t start = 0, end = 0;
    json_t *groups;
    enum sw_code code = sw_json_time(tree, "start", SW_REQUIRED, &start, err);
    if (code == SW_OK)
        code = sw_json_time(tree, "end", SW_REQUIRED, &end, err);
    if (code == SW_OK)
        code = sw_json_arr(tree, "groups", SW_REQUIRED, &groups, err);
    if (code != SW_OK)
        return code;
    struct sw_reading reading =
        begin_reading(chunk, ask, SW_METRIC_CRASH_FREE_USERS, window_s, "users", start, end);
    reading.n = (struct sw_value){0, true}; /* an absent group: nobody yet */
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const char *release = NULL;
        double rate = 0;
        if (sw_json_str(group, "by.release", SW_OPTIONAL, &release, NULL) != SW_OK ||
            strcmp(release, ask->name) != 0)
            continue;
        if (!read_count(sw_json_at(group, "totals[\"count_unique(user)\"]"), &reading.n.value))
            return sw_fail(err, SW_E_PARSE, "users: totals[\"count_unique(user)\"] is not a count");
        code = sw_json_num_range(group, "totals[\"crash_free_rate(user)\"]", SW_OPTIONAL, 0, 1,
                                 &rate, err);
        if (code == SW_E_PARSE || code == SW_E_LIMIT)
            return code;
        if (code == SW_OK)
            reading.value = (struct sw_value){100 * rate, true};
    }
    sw_flow_report_reading(chunk->flow, ask->target, &reading);
    return SW_OK;
}

static bool has_window(const struct ask *ask, int window_s)
{
    for (size_t i = 0; i < ask->target->window_count; i++)
        if (ask->target->windows_s[i] == window_s)
            return true;
    return false;
}

/* Distinct users do not add up over buckets, so each window is a query of its own. */
static enum sw_code observe_users_window(const struct chunk *chunk, int window_s,
                                         struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char period[24], interval[24];
    int64_t refused = sw_flow_last(chunk->flow, "hourly");
    bool is_hourly = refused && sw_flow_now(chunk->flow) - refused < SW_DAY_MS;
    int bucket_s = window_s / HOUR_S >= BUCKETS_MAX ? DAY_S
                   : window_s > DAY_S || is_hourly  ? HOUR_S
                                                    : BUCKET_S;
    enum sw_code code = begin_sessions(chunk, &request, window_s, bucket_s, period, interval, err);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "field", "count_unique(user)");
    sw_request_param(&request, "field", "crash_free_rate(user)");
    sw_request_param(&request, "groupBy", "release");
    sw_request_param(&request, "query", chunk->query);
    sw_request_param(&request, "includeSeries", "0");
    code = ask_sentry(chunk->flow, &request, "users", "org:read", &tree, err);
    if (code != SW_OK && is_interval_refused(err) && bucket_s == BUCKET_S) {
        sw_error_clear(err);
        sw_flow_set_last(chunk->flow, "hourly");
        return observe_users_window(chunk, window_s, err);
    }
    for (size_t i = 0; i < chunk->ask_count && code == SW_OK; i++)
        if (wants(chunk->asks[i], SW_METRIC_CRASH_FREE_USERS) &&
            has_window(chunk->asks[i], window_s))
            code = report_users(chunk, chunk->asks[i], window_s, tree, err);
    return code;
}

static enum sw_code observe_users(const struct chunk *chunk, struct sw_error *err)
{
    enum sw_code code = SW_OK;
    for (size_t i = 0; i < chunk->ask_count; i++) {
        const struct ask *ask = chunk->asks[i];
        if (!wants(ask, SW_METRIC_CRASH_FREE_USERS))
            continue;
        for (size_t w = 0; w < ask->target->window_count && code == SW_OK; w++) {
            bool is_done = false;
            for (size_t k = 0; k < i; k++)
                is_done |= wants(chunk->asks[k], SW_METRIC_CRASH_FREE_USERS) &&
                           has_window(chunk->asks[k], ask->target->windows_s[w]);
            if (!is_done)
                code = observe_users_window(chunk, ask->target->windows_s[w], err);
        }
    }
    return code;
}

/* -------------------------------------------------------------------- issues */

/* `count` is a string, `userCount` a number; top-level figures are of the query's window. */
static void read_issue(const json_t *item, struct sw_issue_seen *issue)
{
    *issue = (struct sw_issue_seen){.events = -1, .users = -1, .is_new = true};
    sw_ignore(sw_json_text(item, "title", SW_OPTIONAL, issue->title, sizeof issue->title, NULL));
    sw_ignore(
        sw_json_text(item, "culprit", SW_OPTIONAL, issue->culprit, sizeof issue->culprit, NULL));
    sw_ignore(sw_json_text(item, "shortId", SW_OPTIONAL, issue->id, sizeof issue->id, NULL));
    if (sw_json_int_lenient(item, "count", SW_OPTIONAL, &issue->events, NULL) != SW_OK ||
        issue->events < 0)
        issue->events = -1;
    if (sw_json_int_lenient(item, "userCount", SW_OPTIONAL, &issue->users, NULL) != SW_OK ||
        issue->users < 0)
        issue->users = -1;
    if (sw_json_time(item, "firstSeen", SW_OPTIONAL, &issue->first_seen_ms, NULL) != SW_OK)
        issue->first_seen_ms = 0;
}

static enum sw_code observe_issues(struct sw_flow *flow, const char *project, const struct ask *ask,
                                   struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *tree = NULL;
    char query[QUERY_SIZE];
    struct sw_issue_seen issues[ISSUES_MAX];
    enum sw_code code =
        sw_request_init(&request, &operations[OP_ISSUES], err,
                        sw_node_str(sw_flow_account(flow), "organization"), (const char *)NULL);
    if (code != SW_OK)
        return code;
    sw_format(query, sizeof query, "is:unresolved first-release:\"%s\"", ask->name);
    sw_request_param(&request, "project", project);
    if (ask->environment)
        sw_request_param(&request, "environment", ask->environment);
    sw_request_param(&request, "query", query);
    sw_request_param(&request, "sort", "freq");
    sw_request_param(&request, "statsPeriod", "24h");
    sw_request_param(&request, "limit", "10");
    sw_request_param(&request, "collapse", "stats");
    code = ask_sentry(flow, &request, "new issues", "event:read", &tree, err);
    if (code != SW_OK)
        return code;
    if (!json_is_array(tree))
        return sw_fail(err, SW_E_PARSE, "new issues: the reply is not a list");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(tree) && count < ISSUES_MAX; i++)
        if (json_is_object(json_array_get(tree, i)))
            read_issue(json_array_get(tree, i), &issues[count++]);
    sw_flow_report_issues(flow, ask->target, issues, count);
    return SW_OK;
}

/* Once for each platform, and at once when its version changes. */
static enum sw_code observe_all_issues(struct sw_flow *flow, const struct asks *asks,
                                       const char *project, struct sw_error *err)
{
    for (size_t i = 0; i < asks->count; i++) {
        const struct ask *ask = &asks->items[i];
        char hash[SW_SHA256_TEXT], key[SW_ID_MAX + 40];
        bool is_repeated = ask->side != SW_SIDE_NEW;
        for (size_t k = 0; k < i; k++)
            is_repeated |= asks->items[k].side == SW_SIDE_NEW &&
                           asks->items[k].target->platform == ask->target->platform;
        if (is_repeated)
            continue;
        sw_sha256_hex(ask->name, strlen(ask->name), hash);
        sw_format(key, sizeof key, "issues %s %.16s", ask->target->platform_id, hash);
        int64_t last = sw_flow_last(flow, key);
        if (last && sw_flow_now(flow) - last < ISSUES_EVERY_MS)
            continue;
        enum sw_code code = observe_issues(flow, project, ask, err);
        if (code != SW_OK)
            return code;
        sw_flow_set_last(flow, key);
    }
    return SW_OK;
}

/* ---------------------------------------------------------------------- flow */

static enum sw_code observe_chunks(struct sw_flow *flow, struct asks *asks, const char *project,
                                   struct sw_error *err)
{
    struct chunk chunk = {.flow = flow, .project = project};
    chunk.asks = sw_xcalloc(asks->count + 1, sizeof(const struct ask *));
    enum sw_code code = SW_OK;
    while (code == SW_OK && take_chunk(asks, &chunk)) {
        code = write_query(&chunk, err);
        if (code == SW_OK)
            code = observe_sessions(&chunk, err);
        if (code == SW_OK)
            code = observe_users(&chunk, err);
    }
    free(chunk.asks);
    return code;
}

static enum sw_code observe(struct sw_flow *flow, struct sw_error *err)
{
    struct sw_error local = {0};
    struct asks asks = {0};
    const struct sw_target *missing = NULL;
    if (!err)
        err = &local;
    if (sw_flow_target_count(flow) == 0)
        return SW_OK;
    const char *project = sw_node_str(sw_flow_target(flow, 0)->options, "project");
    enum sw_code code = collect_asks(flow, &asks, &missing, err);
    if (code == SW_OK)
        code = observe_chunks(flow, &asks, project, err);
    if (code == SW_OK)
        code = observe_all_issues(flow, &asks, project, err);
    if (code == SW_OK && missing)
        code =
            sw_fail(err, SW_E_STALE,
                    "%s: its store has not told the version and build that the release name needs, "
                    "so Sentry was not asked",
                    missing->platform_id);
    free(asks.items);
    return code;
}

static enum sw_code auth_open(const struct sw_node *account, const char *base_url,
                              struct sw_auth **out, struct sw_error *err)
{
    (void)base_url;
    return sw_auth_bearer_open(account, out, err);
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    sw_copy(key, size, sw_node_str(target->options, "project"));
}

static const struct sw_option account_options[] = {
    {.key = "organization",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "organization slug or id",
     .example = "acme"},
    SW_SECRET_OPTIONS("token",
                      "internal integration token with org:read, project:read, event:read"),
    {0},
};

static const struct sw_option health_options[] = {
    {.key = "project",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "project slug or id",
     .example = "app-android"},
    {.key = "environment",
     .type = SW_OPTION_STRING,
     .help = "environment, case-sensitive; all of them when absent",
     .example = "production"},
    {.key = "release",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "release name; {version} and {build} come from the store",
     .example = "com.acme.app@{version}+{build}"},
    {0},
};

const struct sw_source_kind sw_source_sentry = {
    .name = "sentry",
    .title = "Sentry",
    .summary = "crash-free sessions and users, adoption, new issues of a release",
    .can = SW_CAN_HEALTH,
    /* The region of the public API document; de.sentry.io and self-hosted servers are configured.
     */
    .base_url = "https://us.sentry.io",
    .account_options = account_options,
    .health_options = health_options,
    .metrics = 1u << SW_METRIC_CRASH_FREE_SESSIONS | 1u << SW_METRIC_CRASH_FREE_USERS |
               1u << SW_METRIC_ADOPTION,
    /* The server caches "now" windows for about a minute. */
    .interval_s = 60,
    .stale_after_s = 300,
    /* Seen: 40 requests a second, 25 at once, on one endpoint; we stay far below, since the limit
     * is shared with the team's other tools. */
    .budget = {.per_minute = 600, .burst = 20, .concurrent = 4},
    .operations = operations,
    .operation_count = SW_ARRAY_LEN(operations),
    .auth_open = auth_open,
    .unit_key = unit_key,
    .observe = observe,
};
