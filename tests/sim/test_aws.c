/* CloudWatch and CodeDeploy without a socket: signatures, figures, deployments, refusals. */
#include "aws.h"
#include "drive.h"
#include "faults.h"
#include "world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE ((int64_t)60 * 1000)

static int setup(void **state)
{
    *state = sim_new("rollout-week", 1, 1);
    return 0;
}

static int teardown(void **state)
{
    sim_free(*state);
    return 0;
}

static void expect(struct drive_answer answer, int status, const char *text)
{
    if (answer.status != status || (text != NULL && strstr(answer.body, text) == NULL))
        fail_msg("expected %d \"%s\", got %d %s", status, text == NULL ? "" : text, answer.status,
                 answer.body);
    drive_clear(&answer);
}

/* ---- signatures ------------------------------------------------------------------------- */

/* Published signatures. Sources: AWS IAM User Guide, "Create a signed AWS API request" (the
 * ListUsers example); the AWS Signature Version 4 test suite (get-vanilla and others), 2015. */
static void published_signatures(void **state)
{
    static const struct sim_pair plain[] = {{"Host", "example.amazonaws.com"},
                                            {"X-Amz-Date", "20150830T123600Z"}};
    static const struct sim_pair form[] = {{"Content-Type", "application/x-www-form-urlencoded"},
                                           {"Host", "example.amazonaws.com"},
                                           {"X-Amz-Date", "20150830T123600Z"}};
    static const struct sim_pair blanks[] = {{"Host", "example.amazonaws.com"},
                                             {"My-Header1", " value1"},
                                             {"My-Header2", " \"a   b   c\""},
                                             {"X-Amz-Date", "20150830T123600Z"}};
    static const struct sim_pair users[] = {
        {"Host", "iam.amazonaws.com"},
        {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
        {"X-Amz-Date", "20150830T123600Z"}};
    static const struct {
        const char *method, *target, *body, *service, *signed_headers, *signature;
        const struct sim_pair *headers;
        size_t n_headers;
    } cases[] = {
        {"GET", "/", NULL, "service", "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", plain, 2},
        {"GET", "/?Param2=value2&Param1=value1", NULL, "service", "host;x-amz-date",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", plain, 2},
        {"POST", "/", NULL, "service", "host;x-amz-date",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", plain, 2},
        {"POST", "/", "Param1=value1", "service", "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", form, 3},
        {"GET", "/", NULL, "service", "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736", blanks, 4},
        {"GET", "/?Action=ListUsers&Version=2010-05-08", NULL, "iam",
         "content-type;host;x-amz-date",
         "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", users, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sigv4_scope scope = {.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                    .amz_date = "20150830T123600Z",
                                    .region = "us-east-1",
                                    .service = cases[i].service,
                                    .signed_headers = cases[i].signed_headers};
        struct sim_request rq;
        char signature[65];
        assert_true(sim_request_parse(&rq, cases[i].method, cases[i].target, cases[i].headers,
                                      cases[i].n_headers, cases[i].body,
                                      cases[i].body == NULL ? 0 : strlen(cases[i].body)));
        assert_true(sigv4_signature(signature, &rq, &scope));
        assert_string_equal(signature, cases[i].signature);
        sim_request_free(&rq);
    }
}

/* What is wrong with one request, everything else being right. */
struct flaw {
    const char *region, *service, *secret, *signed_headers;
    int64_t offset_s;
    const char *replaced; /* in the Authorization: this text … */
    const char *by;       /* … by that */
    const char *body;     /* sent instead of the signed one */
    struct sim_pair extra;
    const char *code, *text;
};

static struct drive_answer send_flawed(struct sim *sim, const struct flaw *flaw)
{
    char date[20];
    struct sigv4_scope scope = {
        .secret = flaw->secret == NULL ? sim->creds->aws_secret_access_key : flaw->secret,
        .amz_date = drive_amz_date(date, flaw->offset_s),
        .region = flaw->region == NULL ? sim->creds->aws_region : flaw->region,
        .service = flaw->service == NULL ? "monitoring" : flaw->service,
        .signed_headers = flaw->signed_headers == NULL
                              ? "content-type;host;x-amz-date;x-amz-target"
                              : flaw->signed_headers};
    struct sim_pair headers[8] = {{"Host", "127.0.0.1:4711"},
                                  {"Content-Type", "application/x-amz-json-1.0"},
                                  {"X-Amz-Date", date},
                                  {"X-Amz-Target", "GraniteServiceVersion20100801.ListMetrics"},
                                  {"x-amzn-query-mode", "true"}};
    size_t n = 5;
    char *authorization = drive_aws_authorization(sim, &scope, headers, n, "{}");
    char *at = flaw->replaced == NULL ? NULL : strstr(authorization, flaw->replaced);
    char *changed = at == NULL ? sim_xstrdup(authorization)
                               : sim_printf("%.*s%s%s", (int)(at - authorization), authorization,
                                            flaw->by, at + strlen(flaw->replaced));

    headers[n++] = (struct sim_pair){"Authorization", changed};
    if (flaw->extra.name != NULL)
        headers[n++] = flaw->extra;
    struct drive_answer answer = drive_send(sim, "cloudwatch", "POST", "/", headers, n,
                                            flaw->body == NULL ? "{}" : flaw->body);
    free(changed);
    free(authorization);
    return answer;
}

static void flawed_signatures(void **state)
{
    static const char invalid[] = "InvalidSignatureException";
    static const char incomplete[] = "IncompleteSignatureException";
    static const struct flaw flaws[] = {
        {.secret = "wrong", .code = invalid, .text = "does not match the signature you provided"},
        {.body = "{\"MetricName\":\"X\"}", .code = invalid, .text = "does not match"},
        {.region = "us-east-1", .code = invalid, .text = "scoped to a valid region"},
        {.service = "codedeploy", .code = invalid, .text = "scoped to correct service: 'monitori"},
        {.offset_s = -301, .code = invalid, .text = "Signature expired: "},
        {.offset_s = -3600, .code = invalid, .text = " - 5 min.)"},
        {.offset_s = 330, .code = invalid, .text = "Signature not yet current: "},
        {.signed_headers = "content-type;host;x-amz-date", .code = invalid,
         .text = "which were not signed: X-Amz-Target"},
        {.signed_headers = "content-type;x-amz-date;x-amz-target", .code = invalid,
         .text = "'Host'"},
        {.signed_headers = "host;content-type;x-amz-date;x-amz-target", .code = invalid,
         .text = "sorted"},
        {.replaced = "SignedHeaders=", .by = "SignedHeaders=accept;", .code = invalid,
         .text = "does not exist"},
        {.replaced = "Credential=AKIA", .by = "Credential=AKIB",
         .code = "UnrecognizedClientException", .text = "security token included in the request"},
        {.extra = {"X-Amz-Security-Token", "abc"}, .code = "UnrecognizedClientException",
         .text = "is invalid"},
        {.replaced = "/aws4_request", .by = "", .code = incomplete, .text = "exactly 5 slash"},
        {.replaced = "/aws4_request", .by = "/aws3_request", .code = invalid, .text = "terminator"},
        {.replaced = ", Signature=", .by = ", Sig=", .code = incomplete, .text = "'Signature'"},
        {.replaced = ", SignedHeaders=", .by = ", Headers=", .code = incomplete,
         .text = "'SignedHeaders'"},
        {.replaced = "AWS4-HMAC-SHA256 ", .by = "Bearer ",
         .code = "MissingAuthenticationTokenException", .text = "Missing Authentication Token"},
        {.extra = {"X-Amz-Content-Sha256", "00"}, .code = invalid, .text = "not signed"},
    };
    struct sim *sim = *state;

    for (size_t i = 0; i < sizeof flaws / sizeof flaws[0]; i++) {
        struct drive_answer a = send_flawed(sim, &flaws[i]);
        if (a.status != 400 || strstr(a.body, flaws[i].text) == NULL)
            fail_msg("case %zu: %d %s", i, a.status, a.body);
        assert_string_equal(sim_reply_get_header(&a.reply, "x-amzn-errortype"), flaws[i].code);
        assert_non_null(strstr(drive_text(&a, "__type"), flaws[i].code));
        assert_non_null(strstr(sim_reply_get_header(&a.reply, "x-amzn-query-error"), ";Sender"));
        drive_clear(&a);
    }
    static const struct flaw none = {.offset_s = -295};
    expect(send_flawed(sim, &none), 200, "\"Metrics\"");
}

static void protocol_is_kept(void **state)
{
    struct sim *sim = *state;
    struct drive_answer a = drive_aws(sim, "cloudwatch", "PutMetricData", "{}");

    assert_string_equal(sim_reply_get_header(&a.reply, "x-amzn-errortype"),
                        "UnknownOperationException");
    assert_null(sim_reply_get_header(&a.reply, "x-amzn-query-error")); /* not asked for */
    assert_non_null(sim_reply_get_header(&a.reply, "x-amzn-requestid"));
    drive_clear(&a);
    expect(drive_aws(sim, "cloudwatch", "ListMetrics", "[]"), 400, "SerializationException");
    expect(drive_aws(sim, "cloudwatch", "ListMetrics", ""), 400, "SerializationException");
    expect(drive_aws(sim, "codedeploy", "GetDeployment", "{\"id\":1}"), 400, "Unknown member");
    a = drive_aws(sim, "codedeploy", "ListDeployments", "{}");
    assert_string_equal(sim_reply_get_header(&a.reply, "Content-Type"),
                        "application/x-amz-json-1.1");
    drive_clear(&a);
}

static void throttling(void **state)
{
    struct sim *sim = *state;
    int throttled = 0;

    /* Nine a second: of 30 in a row at most 18 pass, even over the turn of a second. */
    for (int i = 0; i < 30; i++) {
        struct drive_answer a = drive_aws(sim, "cloudwatch", "DescribeAlarms", "{}");
        throttled += a.status == 400 && strstr(a.body, "Rate exceeded") != NULL;
        drive_clear(&a);
    }
    assert_true(throttled >= 12);
}

/* ---- metrics ---------------------------------------------------------------------------- */

#define API "{\"Name\":\"LoadBalancer\",\"Value\":\"app/api/50dc6c495c0c9188\"}"

/* One query's body; the caller frees. */
static char *question(const char *name, const char *dimensions, int period_s, const char *stat,
                      int64_t from_ms, int64_t to_ms, const char *more)
{
    return sim_printf("{\"MetricDataQueries\":[{\"Id\":\"q\",\"MetricStat\":{\"Metric\":{"
                      "\"Namespace\":\"AWS/ApplicationELB\",\"MetricName\":\"%s\",\"Dimensions\":"
                      "[%s]},\"Period\":%d,\"Stat\":\"%s\"}}],\"StartTime\":%lld,"
                      "\"EndTime\":%lld%s}",
                      name, dimensions, period_s, stat, (long long)(from_ms / 1000),
                      (long long)(to_ms / 1000), more);
}

/* The values of the one result added up; -1 = none. */
static double ask(struct sim *sim, const char *name, const char *dimensions, int period_s,
                  const char *stat, int64_t from_ms, int64_t to_ms)
{
    char *body = question(name, dimensions, period_s, stat, from_ms, to_ms, "");
    struct drive_answer a = drive_aws(sim, "cloudwatch", "GetMetricData", body);
    double sum = 0;

    free(body);
    assert_int_equal(a.status, 200);
    assert_string_equal(drive_text(&a, "MetricDataResults.0.Id"), "q");
    assert_string_equal(drive_text(&a, "MetricDataResults.0.StatusCode"), "Complete");
    json_t *values = drive_at(a.json, "MetricDataResults.0.Values");
    size_t n = json_array_size(values);
    assert_int_equal(json_array_size(drive_at(a.json, "MetricDataResults.0.Timestamps")), n);
    for (size_t i = 0; i < n; i++)
        sum += json_number_value(json_array_get(values, i));
    drive_clear(&a);
    return n == 0 ? -1 : sum;
}

static void figures_are_the_worlds(void **state)
{
    struct sim *sim = *state;
    struct world *world = sim->world;
    struct world_service *api = world_service_find(world, "backend");
    int64_t to = world->next_minute * MINUTE / (5 * MINUTE) * (5 * MINUTE);
    int64_t from = to - 60 * MINUTE;
    struct world_load load = world_load(world, api, -1, from, to);
    double p95 = 0;
    double mean = 0;

    assert_true(load.errors > 0);
    assert_true(ask(sim, "RequestCount", API, 60, "Sum", from, to) == (double)load.requests);
    assert_true(ask(sim, "RequestCount", API, 300, "Sum", from, to) == (double)load.requests);
    assert_true(ask(sim, "HTTPCode_Target_5XX_Count", API, 60, "Sum", from, to) ==
                (double)load.errors);
    assert_true(ask(sim, "HTTPCode_Target_2XX_Count", API, 3600, "Sum", from, to) ==
                (double)(load.requests - load.errors));
    assert_true(ask(sim, "RequestCount", API, 300, "Average", to - 5 * MINUTE, to) == 1);
    /* Each side apart: exact dimensions. */
    double sides = 0;
    for (int side = 0; side < 2; side++) {
        char *both = sim_printf(API ",{\"Name\":\"TargetGroup\",\"Value\":\"%s\"}",
                                api->target_group[side]);
        double sum = ask(sim, "RequestCount", both, 300, "Sum", from, to);
        sides += sum < 0 ? 0 : sum;
        free(both);
    }
    assert_true(sides == (double)load.requests);
    /* Seconds, and of the whole period. */
    assert_true(world_latency_ms(world, api, -1, 0.95, to - 5 * MINUTE, to, &p95, &mean));
    double told = ask(sim, "TargetResponseTime", API, 300, "p95", to - 5 * MINUTE, to);
    assert_true(fabs(told - p95 / 1000) < 1e-9);
    told = ask(sim, "TargetResponseTime", API, 300, "Average", to - 5 * MINUTE, to);
    assert_true(fabs(told - mean / 1000) < 1e-9);
    double p50 = ask(sim, "TargetResponseTime", API, 300, "p50", to - 5 * MINUTE, to);
    double most = ask(sim, "TargetResponseTime", API, 300, "Maximum", to - 5 * MINUTE, to);
    assert_true(p50 < p95 / 1000 && most > p95 / 1000);
}

/* Empty is not zero. */
static void what_has_no_points(void **state)
{
    struct sim *sim = *state;
    struct world *world = sim->world;
    int64_t to = world->next_minute * MINUTE;

    assert_true(ask(sim, "RequestCount", "", 60, "Sum", to - 5 * MINUTE, to) == -1);
    assert_true(ask(sim, "NoSuchMetric", API, 60, "Sum", to - 5 * MINUTE, to) == -1);
    assert_true(ask(sim, "RequestCount", API, 10, "Sum", to - 5 * MINUTE, to) == -1);
    assert_true(ask(sim, "RequestCount", API, 60, "Sum", to + 5 * MINUTE, to + 9 * MINUTE) == -1);
    assert_true(ask(sim, "RequestCount",
                    "{\"Name\":\"LoadBalancer\",\"Value\":\"app/other/1\"}", 60, "Sum",
                    to - 5 * MINUTE, to) == -1);
    assert_true(ask(sim, "RequestCount", API ",{\"Name\":\"Zone\",\"Value\":\"a\"}", 60, "Sum",
                    to - 5 * MINUTE, to) == -1);
    /* A web server without errors: no point of 5xx, but requests. */
    struct world_service *web = world_service_find(world, "web");
    web->error_rate[0] = web->error_rate[1] = 0;
    world_advance(world, world->now_ms + 6 * MINUTE);
    to = world->next_minute * MINUTE;
    char *lb = sim_printf("{\"Name\":\"LoadBalancer\",\"Value\":\"%s\"}", web->load_balancer);
    assert_true(ask(sim, "HTTPCode_Target_5XX_Count", lb, 60, "Sum", to - 5 * MINUTE, to) == -1);
    assert_true(ask(sim, "RequestCount", lb, 60, "Sum", to - 5 * MINUTE, to) > 1000);
    free(lb);
    /* Minutes are kept for 15 days. */
    world_advance(world, world->now_ms + (int64_t)20 * 24 * 60 * MINUTE);
    to -= to % (5 * MINUTE);
    assert_true(ask(sim, "RequestCount", API, 60, "Sum", to - 5 * MINUTE, to) == -1);
    assert_true(ask(sim, "RequestCount", API, 300, "Sum", to - 5 * MINUTE, to) > 1000);
}

static void pages_of_points(void **state)
{
    struct sim *sim = *state;
    int64_t to = sim->world->next_minute * MINUTE;
    char *token = NULL;
    double newest = 1e300;
    int pages = 0;
    size_t points = 0;

    do { /* 20 points, seven at a time, newest first */
        char *more = token == NULL
                         ? sim_xstrdup(",\"MaxDatapoints\":7")
                         : sim_printf(",\"MaxDatapoints\":7,\"NextToken\":\"%s\"", token);
        char *body = question("RequestCount", API, 60, "Sum", to - 20 * MINUTE, to, more);
        struct drive_answer a = drive_aws(sim, "cloudwatch", "GetMetricData", body);
        json_t *times = drive_at(a.json, "MetricDataResults.0.Timestamps");
        for (size_t i = 0; i < json_array_size(times); i++) {
            double at = json_number_value(json_array_get(times, i));
            assert_true(at < newest);
            newest = at;
        }
        points += json_array_size(times);
        free(token);
        token = drive_text(&a, "NextToken") == NULL ? NULL
                                                    : sim_xstrdup(drive_text(&a, "NextToken"));
        assert_string_equal(drive_text(&a, "MetricDataResults.0.StatusCode"),
                            token == NULL ? "Complete" : "PartialData");
        drive_clear(&a);
        free(body);
        free(more);
    } while (token != NULL && ++pages < 10);
    assert_int_equal(pages, 2);
    assert_int_equal(points, 20);

    /* A token belongs to its question. */
    char *body = question("RequestCount", API, 60, "Sum", to - 20 * MINUTE, to,
                          ",\"MaxDatapoints\":8,\"NextToken\":\"NzoxMjM0\"");
    expect(drive_aws(sim, "cloudwatch", "GetMetricData", body), 400, "InvalidNextToken");
    free(body);
}

static void bad_questions(void **state)
{
#define STAT(metric, rest) \
    "{\"MetricDataQueries\":[{\"Id\":\"q\",\"MetricStat\":{\"Metric\":" metric "," rest \
    "}}],\"StartTime\":1,\"EndTime\":61}"
#define METRIC "{\"Namespace\":\"N\",\"MetricName\":\"M\"}"
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"{}", "MetricDataQueries is required"},
        {"{\"MetricDataQueries\":[],\"StartTime\":1,\"EndTime\":2}", "required"},
        {STAT("{\"MetricName\":\"M\"}", "\"Period\":60,\"Stat\":\"Sum\""), "Namespace"},
        {STAT("{\"Namespace\":\":N\",\"MetricName\":\"M\"}", "\"Period\":60,\"Stat\":\"Sum\""),
         "Namespace is invalid"},
        {STAT(METRIC, "\"Period\":90,\"Stat\":\"Sum\""), "Period"},
        {STAT(METRIC, "\"Period\":\"60\",\"Stat\":\"Sum\""), "Period"},
        {STAT(METRIC, "\"Period\":60,\"Stat\":\"sum\""), "Stat"},
        {STAT(METRIC, "\"Period\":60,\"Stat\":\"p101\""), "Stat"},
        {STAT(METRIC, "\"Period\":60"), "Stat"},
        {STAT(METRIC, "\"Period\":60,\"Stat\":\"Sum\",\"Statistic\":\"Sum\""), "Unknown member"},
        {"{\"MetricDataQueries\":[{\"Id\":\"Q\",\"Expression\":\"1\"}],\"StartTime\":1,"
         "\"EndTime\":2}",
         "Id"},
        {"{\"MetricDataQueries\":[{\"Id\":\"q\"}],\"StartTime\":1,\"EndTime\":2}", "Exactly one"},
        {"{\"MetricDataQueries\":[{\"Id\":\"q\",\"MetricStat\":{\"Metric\":" METRIC
         ",\"Period\":60,\"Stat\":\"Sum\"}},{\"Id\":\"q\",\"MetricStat\":{\"Metric\":" METRIC
         ",\"Period\":60,\"Stat\":\"Sum\"}}],\"StartTime\":1,\"EndTime\":2}",
         "not unique"},
        {"{\"MetricDataQueries\":[{\"Id\":\"q\",\"MetricStat\":{\"Metric\":" METRIC
         ",\"Period\":60,\"Stat\":\"Sum\"}}],\"StartTime\":2,\"EndTime\":2}",
         "must be less than"},
        {"{\"MetricDataQueries\":[{\"Id\":\"q\",\"MetricStat\":{\"Metric\":" METRIC
         ",\"Period\":60,\"Stat\":\"Sum\"}}],\"StartTime\":\"2026-01-01T00:00:00Z\","
         "\"EndTime\":2}",
         "epoch seconds"},
        {"{\"MetricDataQueries\":[{\"Id\":\"q\",\"MetricStat\":{\"Metric\":" METRIC
         ",\"Period\":60,\"Stat\":\"Sum\"}}],\"StartTime\":1,\"EndTime\":2,"
         "\"ScanBy\":\"Descending\"}",
         "ScanBy"},
    };
    struct sim *sim = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(drive_aws(sim, "cloudwatch", "GetMetricData", cases[i].body), 400, cases[i].text);
}

static void alarms(void **state)
{
    static const char ask_api[] = "{\"AlarmNames\":[\"api-5xx-rate\",\"no-such-alarm\"],"
                                  "\"AlarmTypes\":[\"MetricAlarm\",\"CompositeAlarm\","
                                  "\"LogAlarm\"]}";
    struct sim *sim = *state;
    struct world_service *api = world_service_find(sim->world, "backend");
    struct drive_answer a = drive_aws(sim, "cloudwatch", "DescribeAlarms", ask_api);

    assert_int_equal(json_array_size(drive_at(a.json, "MetricAlarms")), 1);
    assert_string_equal(drive_text(&a, "MetricAlarms.0.StateValue"), "OK");
    drive_clear(&a);
    api->error_rate[0] = api->error_rate[1] = 0.05;
    world_advance(sim->world, sim->world->now_ms + 4 * MINUTE);
    a = drive_aws(sim, "cloudwatch", "DescribeAlarms", ask_api);
    assert_string_equal(drive_text(&a, "MetricAlarms.0.StateValue"), "ALARM");
    double since = json_number_value(drive_at(a.json, "MetricAlarms.0.StateTransitionedTimestamp"));
    assert_true(since * 1000 > (double)(sim->world->now_ms - 4 * MINUTE));
    assert_true(since * 1000 <= (double)sim->world->now_ms);
    drive_clear(&a);
    expect(drive_aws(sim, "cloudwatch", "DescribeAlarms", "{\"StateValue\":\"ALARM\"}"), 200,
           "api-5xx-rate");
    expect(drive_aws(sim, "cloudwatch", "DescribeAlarms", "{\"AlarmTypes\":[\"LogAlarm\"]}"), 200,
           "\"MetricAlarms\":[]");
    expect(drive_aws(sim, "cloudwatch", "DescribeAlarms", "{\"AlarmTypes\":[\"Log\"]}"), 400,
           "AlarmTypes");
    a = drive_aws(sim, "cloudwatch", "DescribeAlarms", "{\"MaxRecords\":1}");
    assert_string_equal(drive_text(&a, "MetricAlarms.0.AlarmName"), "web-5xx-rate");
    char *body = sim_printf("{\"MaxRecords\":1,\"NextToken\":\"%s\"}", drive_text(&a, "NextToken"));
    drive_clear(&a);
    a = drive_aws(sim, "cloudwatch", "DescribeAlarms", body);
    assert_string_equal(drive_text(&a, "MetricAlarms.0.AlarmName"), "api-5xx-rate");
    assert_null(drive_text(&a, "NextToken"));
    drive_clear(&a);
    free(body);
}

/* ---- deployments ------------------------------------------------------------------------ */

static struct drive_answer deploy_call(struct sim *sim, const char *operation, const char *format,
                                       const char *id)
{
    char *body = sim_printf("{\"deploymentId\":\"%s\"%s}", id, format);
    struct drive_answer a = drive_aws(sim, "codedeploy", operation, body);

    free(body);
    return a;
}

/* The green weight that the target tells. */
static double green(struct sim *sim, const char *id, const char *target)
{
    char *more = sim_printf(",\"targetIds\":[\"%s\"]", target);
    struct drive_answer a = deploy_call(sim, "BatchGetDeploymentTargets", more, id);
    double weights = 0;
    double weight = -1;

    assert_int_equal(a.status, 200);
    json_t *sets = drive_at(a.json, "deploymentTargets.0.ecsTarget.taskSetsInfo");
    for (size_t i = 0; i < json_array_size(sets); i++) {
        json_t *set = json_array_get(sets, i);
        double told = json_number_value(json_object_get(set, "trafficWeight"));
        assert_non_null(json_object_get(set, "identifer")); /* misspelt on the wire */
        weights += told;
        if (strcmp(json_string_value(json_object_get(set, "taskSetLabel")), "Green") == 0)
            weight = told;
    }
    assert_true(json_array_size(sets) == 0 || weights == 100);
    free(more);
    drive_clear(&a);
    return weight;
}

static void expect_status(struct sim *sim, const char *id, const char *status)
{
    struct drive_answer a = deploy_call(sim, "GetDeployment", "", id);

    assert_int_equal(a.status, 200);
    assert_string_equal(drive_text(&a, "deploymentInfo.status"), status);
    drive_clear(&a);
}

static const char *newest_id(struct sim *sim, size_t group)
{
    return deploy_newest(&sim->world->deploy.groups[group])->id;
}

static void a_shift_is_read(void **state)
{
    struct sim *sim = *state;
    const char *id = newest_id(sim, 0);
    struct drive_answer a = drive_aws(
        sim, "codedeploy", "ListDeployments",
        "{\"applicationName\":\"AppECS-web\",\"deploymentGroupName\":\"DgpECS-web\","
        "\"includeOnlyStatuses\":[\"Created\",\"Queued\",\"InProgress\",\"Baking\",\"Ready\"]}");

    assert_int_equal(json_array_size(drive_at(a.json, "deployments")), 1);
    assert_string_equal(drive_text(&a, "deployments.0"), id);
    drive_clear(&a);
    expect_status(sim, id, "InProgress");
    assert_true(green(sim, id, "prod:web") == 30);
    world_advance(sim->world, sim->world->now_ms + 30 * MINUTE);
    assert_true(green(sim, id, "prod:web") == 40);
    expect(deploy_call(sim, "ListDeploymentTargets", "", id), 200, "[\"prod:web\"]");
    expect(deploy_call(sim, "ListDeploymentTargets",
                       ",\"targetFilters\":{\"TargetStatus\":[\"Failed\"]}", id),
           200, "{\"targetIds\":[]}");
    expect(deploy_call(sim, "GetDeploymentTarget", ",\"targetId\":\"prod:web\"", id), 200,
           "\"AllowTraffic\",\"status\":\"InProgress\"");
    expect(drive_aws(sim, "codedeploy", "GetDeploymentConfig",
                     "{\"deploymentConfigName\":\"acme-ECSLinear10PercentEvery30Minutes\"}"),
           200, "\"linearInterval\":30");
    a = drive_aws(sim, "codedeploy", "GetDeploymentGroup",
                  "{\"applicationName\":\"AppECS-web\",\"deploymentGroupName\":\"DgpECS-web\"}");
    assert_string_equal(
        drive_text(&a, "deploymentGroupInfo.lastAttemptedDeployment.deploymentId"), id);
    assert_string_not_equal(
        drive_text(&a, "deploymentGroupInfo.lastSuccessfulDeployment.deploymentId"), id);
    drive_clear(&a);
}

static void lists_have_pages(void **state)
{
    struct sim *sim = *state;
    const struct deploy_group *group = &sim->world->deploy.groups[1];
    size_t n = 0;
    char *token = NULL;
    int pages = 0;

    do {
        char *next = token == NULL ? sim_xstrdup("") : sim_printf(",\"nextToken\":\"%s\"", token);
        char *body = sim_printf("{\"applicationName\":\"AppECS-api\","
                                "\"deploymentGroupName\":\"DgpECS-api\"%s}",
                                next);
        struct drive_answer a = drive_aws(sim, "codedeploy", "ListDeployments", body);
        assert_int_equal(a.status, 200);
        n += json_array_size(drive_at(a.json, "deployments"));
        free(token);
        token = drive_text(&a, "nextToken") == NULL ? NULL
                                                    : sim_xstrdup(drive_text(&a, "nextToken"));
        drive_clear(&a);
        free(next);
        free(body);
        pages++;
    } while (token != NULL && pages < 9);
    assert_int_equal(n, group->n_deployments);
    assert_true(n > 10 && pages == 2);
    expect(drive_aws(sim, "codedeploy", "ListDeployments", "{\"nextToken\":\"x\"}"), 400,
           "InvalidNextTokenException");
}

static void a_stop_is_final(void **state)
{
    struct sim *sim = *state;
    char *id = sim_xstrdup(newest_id(sim, 0));

    expect(deploy_call(sim, "ContinueDeployment", "", id), 400,
           "DeploymentIsNotInReadyStateException");
    expect(deploy_call(sim, "StopDeployment", ",\"autoRollbackEnabled\":false", id), 200,
           "\"Succeeded\"");
    expect_status(sim, id, "Stopped");
    expect(deploy_call(sim, "GetDeployment", "", id), 200, "MANUAL_STOP");
    world_advance(sim->world, sim->world->now_ms + 90 * MINUTE);
    assert_true(green(sim, id, "prod:web") == 30); /* where it was */
    assert_string_equal(newest_id(sim, 0), id);    /* no rollback */
    expect(deploy_call(sim, "StopDeployment", ",\"autoRollbackEnabled\":true", id), 400,
           "DeploymentAlreadyCompletedException");
    expect(deploy_call(sim, "ContinueDeployment", "", id), 400,
           "DeploymentAlreadyCompletedException");
    free(id);
}

/* IAM's words name the group of a deployment, and none where there is no deployment. */
static void a_user_may_lack_the_right_to_stop(void **state)
{
    struct sim *sim = *state;
    char *id = sim_xstrdup(newest_id(sim, 0));

    sim->rights.has_no_stop = true;
    expect(deploy_call(sim, "StopDeployment", "", id), 400, "AccessDeniedException");
    expect(deploy_call(sim, "StopDeployment", "", id), 400,
           "deploymentgroup:AppECS-web/DgpECS-web because");
    expect(deploy_call(sim, "StopDeployment", "", "d-000000000"), 400, "deploymentgroup:* because");
    expect(deploy_call(sim, "ContinueDeployment", "", "d-000000000"), 400,
           "DeploymentDoesNotExistException");
    expect_status(sim, id, "InProgress");
    sim->rights.has_no_stop = false;
    expect(deploy_call(sim, "StopDeployment", "", id), 200, NULL);
    free(id);
}

static void a_rollback_is_another_deployment(void **state)
{
    struct sim *sim = *state;
    char *id = sim_xstrdup(newest_id(sim, 0));

    expect(deploy_call(sim, "StopDeployment", ",\"autoRollbackEnabled\":true", id), 200, NULL);
    char *back = sim_xstrdup(newest_id(sim, 0));
    assert_string_not_equal(back, id);
    struct drive_answer a = deploy_call(sim, "GetDeployment", "", id);
    assert_string_equal(drive_text(&a, "deploymentInfo.status"), "Stopped");
    assert_string_equal(drive_text(&a, "deploymentInfo.rollbackInfo.rollbackDeploymentId"), back);
    drive_clear(&a);
    a = deploy_call(sim, "GetDeployment", "", back);
    assert_string_equal(drive_text(&a, "deploymentInfo.status"), "InProgress");
    assert_string_equal(drive_text(&a, "deploymentInfo.creator"), "codeDeployRollback");
    assert_string_equal(
        drive_text(&a, "deploymentInfo.rollbackInfo.rollbackTriggeringDeploymentId"), id);
    drive_clear(&a);
    world_advance(sim->world, sim->world->now_ms + MINUTE);
    expect_status(sim, back, "Succeeded");
    assert_true(green(sim, back, "prod:web") == 100); /* green there is what was blue */
    assert_true(green(sim, id, "prod:web") == 0);
    free(back);
    free(id);
}

/* Done, but nobody was told; a fault finds its action though every path is "/". */
static void a_lost_answer_was_applied(void **state)
{
    struct sim *sim = *state;
    char *id = sim_xstrdup(newest_id(sim, 0));
    json_t *spec = json_loads("{\"service\":\"codedeploy\",\"kind\":\"status\","
                              "\"before\":false,\"count\":1,\"path\":\"StopDeployment\"}",
                              0, NULL);
    char error[256];

    assert_non_null(sim_faults_add(sim->faults, spec, error));
    expect_status(sim, id, "InProgress"); /* another action: not hit */
    expect(deploy_call(sim, "StopDeployment", "", id), 503, NULL);
    expect_status(sim, id, "Stopped");
    json_t *counters = sim_counters_json(sim->counters);
    json_t *entry = json_array_get(json_object_get(counters, "log"), 0);
    assert_string_equal(json_string_value(json_object_get(entry, "action")),
                        "CodeDeploy_20141006.StopDeployment");
    assert_true(json_is_true(json_object_get(entry, "applied")));
    assert_int_equal(json_integer_value(json_object_get(counters, "mutating")), 1);
    json_decref(counters);
    json_decref(spec);
    free(id);
}

static void ready_waits_for_the_captain(void **state)
{
    struct sim *sim = *state;
    struct world *world = sim->world;
    struct deploy_group *group = &world->deploy.groups[1];
    struct deployment *made = NULL;

    group->waits_ready = true;
    assert_int_equal(deploy_create(&world->deploy, group,
                                   "CodeDeployDefault.ECSCanary10Percent5Minutes", "5f", "",
                                   world->now_ms, &made),
                     DEPLOY_OK);
    char *id = sim_xstrdup(made->id);
    expect(deploy_call(sim, "GetDeploymentTarget", ",\"targetId\":\"prod:api\"", id), 200,
           "\"taskSetsInfo\":[]");
    world_advance(world, world->now_ms + 5 * MINUTE);
    expect_status(sim, id, "Ready");
    assert_true(green(sim, id, "prod:api") == 0);
    expect(deploy_call(sim, "ContinueDeployment", ",\"deploymentWaitType\":\"SOME_WAIT\"", id), 400,
           "InvalidDeploymentWaitTypeException");
    expect(deploy_call(sim, "ContinueDeployment", ",\"deploymentWaitType\":\"TERMINATION_WAIT\"",
                       id),
           400, "DeploymentIsNotInReadyStateException");
    struct drive_answer a =
        deploy_call(sim, "ContinueDeployment", ",\"deploymentWaitType\":\"READY_WAIT\"", id);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, ""); /* "an HTTP 200 response with an empty HTTP body" */
    drive_clear(&a);
    world_advance(world, world->now_ms + MINUTE);
    expect_status(sim, id, "InProgress");
    assert_true(green(sim, id, "prod:api") == 10);
    world_advance(world, world->now_ms + 6 * MINUTE);
    assert_true(green(sim, id, "prod:api") == 100);
    expect_status(sim, id, "InProgress"); /* blue is still there */
    expect(deploy_call(sim, "GetDeployment", "", id), 200,
           "\"instanceTerminationWaitTimeStarted\":true");
    expect(deploy_call(sim, "ContinueDeployment", ",\"deploymentWaitType\":\"TERMINATION_WAIT\"",
                       id),
           200, NULL);
    expect_status(sim, id, "Succeeded");
    free(id);
}

static void deployment_refusals(void **state)
{
    static const struct {
        const char *operation, *body, *code;
    } cases[] = {
        {"GetDeployment", "{}", "DeploymentIdRequiredException"},
        {"GetDeployment", "{\"deploymentId\":\"x\"}", "InvalidDeploymentIdException"},
        {"GetDeployment", "{\"deploymentId\":\"d-000000000\"}", "DeploymentDoesNotExistException"},
        {"StopDeployment", "{\"deploymentId\":\"d-000000000\"}", "DeploymentDoesNotExistException"},
        {"ContinueDeployment", "{\"deploymentId\":\"d-000000000\"}",
         "DeploymentDoesNotExistException"},
        {"BatchGetDeployments", "{\"deploymentIds\":[]}", "DeploymentIdRequiredException"},
        {"ListDeployments", "{\"applicationName\":\"AppECS-web\"}",
         "DeploymentGroupNameRequiredException"},
        {"ListDeployments", "{\"deploymentGroupName\":\"DgpECS-web\"}",
         "ApplicationNameRequiredException"},
        {"ListDeployments", "{\"applicationName\":\"x\",\"deploymentGroupName\":\"y\"}",
         "ApplicationDoesNotExistException"},
        {"GetDeploymentGroup", "{\"applicationName\":\"AppECS-web\",\"deploymentGroupName\":\"y\"}",
         "DeploymentGroupDoesNotExistException"},
        {"ListDeployments", "{\"includeOnlyStatuses\":[\"Running\"]}",
         "InvalidDeploymentStatusException"},
        {"ListDeployments", "{\"createTimeRange\":{\"start\":9,\"end\":1}}",
         "InvalidTimeRangeException"},
        {"GetDeploymentConfig", "{\"deploymentConfigName\":\"x\"}",
         "DeploymentConfigDoesNotExistException"},
        {"GetDeploymentConfig", "{}", "DeploymentConfigNameRequiredException"},
        {"CreateDeployment", "{}", "UnknownOperationException"},
    };
    struct sim *sim = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drive_answer a =
            drive_aws(sim, "codedeploy", cases[i].operation, cases[i].body);
        const char *code = sim_reply_get_header(&a.reply, "x-amzn-errortype");
        if (a.status < 400 || code == NULL || strcmp(code, cases[i].code) != 0)
            fail_msg("case %zu: %d %s", i, a.status, a.body);
        drive_clear(&a);
    }
    const char *id = newest_id(sim, 0);
    expect(deploy_call(sim, "BatchGetDeploymentTargets", ",\"targetIds\":[\"prod:api\"]", id), 400,
           "DeploymentTargetDoesNotExistException");
    expect(deploy_call(sim, "BatchGetDeploymentTargets", ",\"targetIds\":[]", id), 400,
           "DeploymentTargetIdRequiredException");
    expect(deploy_call(sim, "StopDeployment", ",\"autoRollbackEnabled\":\"no\"", id), 400,
           "SerializationException");
    expect_status(sim, id, "InProgress");
}

static void effects_are_told_apart(void **state)
{
    static const struct {
        const char *target;
        enum sim_effect effect;
    } cases[] = {
        {"CodeDeploy_20141006.GetDeployment", SIM_EFFECT_NONE},
        {"CodeDeploy_20141006.BatchGetDeploymentTargets", SIM_EFFECT_NONE},
        {"CodeDeploy_20141006.ListDeployments", SIM_EFFECT_NONE},
        {"CodeDeploy_20141006.StopDeployment", SIM_EFFECT_MUTATING},
        {"CodeDeploy_20141006.ContinueDeployment", SIM_EFFECT_MUTATING},
        {"CodeDeploy_20141006.CreateDeployment", SIM_EFFECT_MUTATING},
        {"GraniteServiceVersion20100801.DescribeAlarms", SIM_EFFECT_NONE},
        {"GraniteServiceVersion20100801.PutMetricData", SIM_EFFECT_MUTATING},
    };

    (void)state;
    static const char none[] = "{\"deploymentId\":\"d-000000000\"}";
    struct sim_pair stop = {"X-Amz-Target", "CodeDeploy_20141006.StopDeployment"};
    struct sim_request probe;
    assert_true(sim_request_parse(&probe, "POST", "/", &stop, 1, none, strlen(none)));
    assert_int_equal(aws_classify(&probe), SIM_EFFECT_PROBE);
    sim_request_free(&probe);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_pair header = {"X-Amz-Target", cases[i].target};
        struct sim_request rq;
        assert_true(sim_request_parse(&rq, "POST", "/", &header, 1, "{}", 2));
        assert_int_equal(aws_classify(&rq), cases[i].effect);
        sim_request_free(&rq);
    }
}

int main(void)
{
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_signatures),
        WORLD_TEST(flawed_signatures),
        WORLD_TEST(protocol_is_kept),
        WORLD_TEST(throttling),
        WORLD_TEST(figures_are_the_worlds),
        WORLD_TEST(what_has_no_points),
        WORLD_TEST(pages_of_points),
        WORLD_TEST(bad_questions),
        WORLD_TEST(alarms),
        WORLD_TEST(a_shift_is_read),
        WORLD_TEST(lists_have_pages),
        WORLD_TEST(a_stop_is_final),
        WORLD_TEST(a_user_may_lack_the_right_to_stop),
        WORLD_TEST(a_rollback_is_another_deployment),
        WORLD_TEST(a_lost_answer_was_applied),
        WORLD_TEST(ready_waits_for_the_captain),
        WORLD_TEST(deployment_refusals),
        cmocka_unit_test(effects_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
