/*
 * answers.c: see answers.h.
 *
 * As large as the real ones: sessions in 289 buckets, three hours of one-minute points. Shapes:
 * Google "Edits", "APKs and Tracks"; Sentry API "Retrieve Release Health Session Statistics"; AWS
 * service model `monitoring` 2010-08-01 (GetMetricData, DescribeAlarms); read 2026-01.
 */
#include "answers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"

enum { BODY_MAX = 8 << 20, BUCKETS = 289, BUCKET_MS = 300 * 1000, POINTS_MAX = 200 };

#define NEW_RELEASE "com.bench.app@2.0.0+200"
#define OLD_RELEASE "com.bench.app@1.9.0+190"

struct name {
    char text[64];
    bool is_polled, is_halted;
};

struct answers {
    enum upstream_dialect dialect;
    char *sessions, *totals; /* Sentry's two answers */
    size_t name_count;
    struct name names[UPSTREAM_NAMES_MAX]; /* packages or projects */
};

/* -------------------------------------------------------------------------- Sentry */

static void add_group(struct sw_buf *buf, const char *release, const char *status, int each)
{
    sw_buf_printf(buf,
                  "{\"by\":{\"release\":\"%s\",\"session.status\":\"%s\"},"
                  "\"totals\":{\"sum(session)\":%d},\"series\":{\"sum(session)\":[",
                  release, status, each * BUCKETS);
    for (int i = 0; i < BUCKETS; i++)
        sw_buf_printf(buf, "%s%d", i > 0 ? "," : "", each);
    sw_buf_add(buf, "]}}");
}

static void make_sessions(struct answers *answers, int64_t now_ms)
{
    struct sw_buf buf;
    char text[SW_TIME_TEXT];
    int64_t end = (now_ms / BUCKET_MS + 1) * BUCKET_MS;
    int64_t start = end - (int64_t)BUCKETS * BUCKET_MS;
    sw_buf_init(&buf, BODY_MAX);
    sw_buf_printf(&buf, "{\"start\":\"%s\",", sw_time_format(start, text));
    sw_buf_printf(&buf, "\"end\":\"%s\",\"query\":\"\",\"intervals\":[", sw_time_format(end, text));
    for (int64_t i = 0; i < BUCKETS; i++)
        sw_buf_printf(&buf, "%s\"%s\"", i > 0 ? "," : "",
                      sw_time_format(start + i * BUCKET_MS, text));
    sw_buf_add(&buf, "],\"groups\":[");
    add_group(&buf, NEW_RELEASE, "healthy", 97);
    sw_buf_addc(&buf, ',');
    add_group(&buf, NEW_RELEASE, "crashed", 0);
    sw_buf_addc(&buf, ',');
    add_group(&buf, OLD_RELEASE, "healthy", 903);
    sw_buf_addc(&buf, ',');
    add_group(&buf, OLD_RELEASE, "crashed", 2);
    sw_buf_add(&buf, "]}");
    answers->sessions = sw_buf_take(&buf);
    sw_buf_init(&buf, BODY_MAX);
    sw_buf_printf(&buf, "{\"start\":\"%s\",", sw_time_format(start, text));
    sw_buf_printf(&buf,
                  "\"end\":\"%s\",\"intervals\":[],\"groups\":[{\"by\":{},"
                  "\"totals\":{\"sum(session)\":290000}}]}",
                  sw_time_format(end, text));
    answers->totals = sw_buf_take(&buf);
}

/* ---------------------------------------------------------------- packages, projects */

/* What stands in the request line behind `key`, up to a delimiter. */
static struct name *name_of(struct answers *answers, const char *head, const char *key)
{
    char text[64] = "";
    size_t line = strcspn(head, "\r");
    const char *at = memmem(head, line, key, strlen(key));
    if (at == NULL)
        return NULL;
    at += strlen(key);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, "/&? "), at);
    for (size_t i = 0; i < answers->name_count; i++)
        if (strcmp(answers->names[i].text, text) == 0)
            return &answers->names[i];
    if (answers->name_count == UPSTREAM_NAMES_MAX)
        return NULL;
    struct name *name = &answers->names[answers->name_count++];
    snprintf(name->text, sizeof name->text, "%s", text);
    return name;
}

static void end_poll(struct answers_request *request, struct name *name)
{
    request->is_last_of_poll = true;
    request->is_new = !name->is_polled;
    name->is_polled = true;
}

static bool is_line(const struct answers_request *request, const char *part)
{
    return memmem(request->head, strcspn(request->head, "\r"), part, strlen(part)) != NULL;
}

static void answer_sentry(struct answers *answers, struct answers_request *request,
                          struct sw_buf *body)
{
    struct name *name = name_of(answers, request->head, "project=");
    bool is_issues = is_line(request, "/issues/");
    if (is_issues && name != NULL)
        end_poll(request, name);
    if (is_issues || name == NULL)
        sw_buf_add(body, "[]");
    else
        sw_buf_add(body, is_line(request, "groupBy") ? answers->sessions : answers->totals);
}

/* ---------------------------------------------------------------------------- Play */

static void add_tracks(const struct name *name, struct sw_buf *body)
{
    sw_buf_printf(body,
                  "{\"kind\":\"androidpublisher#tracksListResponse\",\"tracks\":[{\"track\":"
                  "\"production\",\"releases\":[{\"name\":\"2.0.0\",\"versionCodes\":[\"200\"],"
                  "\"status\":\"%s\",\"userFraction\":0.2},{\"name\":\"1.9.0\","
                  "\"versionCodes\":[\"190\"],\"status\":\"completed\"}]}]}",
                  name->is_halted ? "halted" : "inProgress");
}

static void answer_play(struct answers *answers, struct answers_request *request,
                        struct sw_buf *body)
{
    if (is_line(request, "/token")) {
        sw_buf_add(body, "{\"access_token\":\"bench-token\",\"expires_in\":3599,"
                         "\"token_type\":\"Bearer\"}");
        return;
    }
    struct name *name = name_of(answers, request->head, "/applications/");
    if (name == NULL)
        return;
    if (strncmp(request->head, "DELETE", 6) == 0) {
        end_poll(request, name);
    } else if (strncmp(request->head, "PUT", 3) == 0) {
        name->is_halted = name->is_halted || strstr(request->body, "halted") != NULL;
        sw_buf_addn(body, request->body, request->body_len);
    } else if (is_line(request, "/releases")) {
        sw_buf_add(body, "{}");
    } else if (is_line(request, "/tracks")) {
        add_tracks(name, body);
        request->is_halt_shown = name->is_halted;
    } else {
        sw_buf_add(body, "{\"id\":\"17\",\"expiryTimeSeconds\":\"4102444800\"}");
    }
}

/* ---------------------------------------------------------------------- CloudWatch */

static void add_result(const json_t *query, int64_t start_s, int64_t end_s, struct sw_buf *body)
{
    const char *id = json_string_value(json_object_get(query, "Id"));
    const json_t *stat = json_object_get(query, "MetricStat");
    int64_t period_s = json_integer_value(json_object_get(stat, "Period"));
    const char *metric =
        json_string_value(json_object_get(json_object_get(stat, "Metric"), "MetricName"));
    int value = metric != NULL && strcmp(metric, "RequestCount") == 0 ? 900 : 1;
    int64_t count = period_s > 0 ? (end_s - start_s) / period_s : 0;
    count = count > POINTS_MAX ? POINTS_MAX : count;
    sw_buf_printf(body, "{\"Id\":\"%s\",\"StatusCode\":\"Complete\",\"Timestamps\":[",
                  id != NULL ? id : "");
    for (int64_t i = 1; i <= count; i++)
        sw_buf_printf(body, "%s%lld", i > 1 ? "," : "", (long long)(end_s - i * period_s));
    sw_buf_add(body, "],\"Values\":[");
    for (int64_t i = 1; i <= count; i++)
        sw_buf_printf(body, "%s%d", i > 1 ? "," : "", value);
    sw_buf_add(body, "]}");
}

static void answer_metrics(const json_t *input, struct sw_buf *body)
{
    const json_t *queries = json_object_get(input, "MetricDataQueries");
    int64_t start_s = (int64_t)json_number_value(json_object_get(input, "StartTime"));
    int64_t end_s = (int64_t)json_number_value(json_object_get(input, "EndTime"));
    sw_buf_add(body, "{\"MetricDataResults\":[");
    for (size_t i = 0; i < json_array_size(queries); i++) {
        if (i > 0)
            sw_buf_addc(body, ',');
        add_result(json_array_get(queries, i), start_s, end_s, body);
    }
    sw_buf_add(body, "],\"Messages\":[]}");
}

static void answer_alarms(const json_t *input, struct sw_buf *body)
{
    const json_t *names = json_object_get(input, "AlarmNames");
    sw_buf_add(body, "{\"CompositeAlarms\":[],\"MetricAlarms\":[");
    for (size_t i = 0; i < json_array_size(names); i++)
        sw_buf_printf(body,
                      "%s{\"AlarmName\":\"%s\",\"StateValue\":\"OK\",\"ActionsEnabled\":true,"
                      "\"StateReason\":\"Threshold Crossed\",\"StateTransitionedTimestamp\":1.7E9}",
                      i > 0 ? "," : "", json_string_value(json_array_get(names, i)));
    sw_buf_add(body, "]}");
}

static void answer_cloudwatch(const struct answers_request *request, struct sw_buf *body)
{
    json_t *input = json_loadb(request->body, request->body_len, 0, NULL);
    if (strstr(request->head, "GetMetricData") != NULL)
        answer_metrics(input, body);
    else
        answer_alarms(input, body);
    json_decref(input);
}

/* ----------------------------------------------------------------------- interface */

struct answers *answers_open(enum upstream_dialect dialect, int64_t now_ms)
{
    struct answers *answers = sw_xcalloc(1, sizeof *answers);
    answers->dialect = dialect;
    if (dialect == UPSTREAM_SENTRY)
        make_sessions(answers, now_ms);
    return answers;
}

void answers_close(struct answers *answers)
{
    free(answers->sessions);
    free(answers->totals);
    free(answers);
}

char *answers_make(struct answers *answers, struct answers_request *request, size_t *len)
{
    struct sw_buf body, whole;
    const char *type = "application/json";
    sw_buf_init(&body, BODY_MAX);
    sw_buf_init(&whole, BODY_MAX);
    switch (answers->dialect) {
    case UPSTREAM_PLAY:
        answer_play(answers, request, &body);
        break;
    case UPSTREAM_SENTRY:
        answer_sentry(answers, request, &body);
        break;
    case UPSTREAM_CLOUDWATCH:
        answer_cloudwatch(request, &body);
        type = "application/x-amz-json-1.0";
        break;
    }
    if (body.len == 0 && answers->dialect == UPSTREAM_PLAY)
        sw_buf_add(&whole, "HTTP/1.1 204 No Content\r\n\r\n");
    else
        sw_buf_printf(&whole, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                      type, body.len);
    sw_buf_addn(&whole, sw_buf_text(&body), body.len);
    *len = whole.len;
    sw_buf_clear(&body);
    return sw_buf_take(&whole);
}
