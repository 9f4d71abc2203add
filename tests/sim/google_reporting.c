/*
 * Play Developer Reporting v1beta1: crash, ANR, slow start and error count metric sets, and the
 * search of error issues. See google_reporting.h for the parts.
 *
 * Sources: discovery document playdeveloperreporting v1beta1, revision 20240306; Google "Usage
 * Limits" (10 queries a second); httrack-android#190 (a POST to errorIssues:search is an HTML 404);
 * read 2026. The limit is per real second, times the world's speed.
 */
#include "google_reporting.h"

#include <stdlib.h>
#include <string.h>

enum { QUERIES_PER_SECOND = 10 };

struct reporting {
    int64_t second; /* real */
    double queries;
};

extern const struct sim_service sim_google_reporting;

const struct reporting_set_info reporting_sets[REPORTING_SETS] = {
    [REPORTING_CRASH] = {.resource = "crashRateMetricSet",
                         .metrics = {"crashRate", "userPerceivedCrashRate", "distinctUsers"},
                         .has_hours = true,
                         .has_cohort = true},
    [REPORTING_ANR] = {.resource = "anrRateMetricSet",
                       .metrics = {"anrRate", "userPerceivedAnrRate", "distinctUsers"},
                       .has_hours = true,
                       .has_cohort = true},
    [REPORTING_START] = {.resource = "slowStartRateMetricSet",
                         .required = "startType",
                         .metrics = {"slowStartRate", "distinctUsers"},
                         .has_cohort = true},
    [REPORTING_COUNTS] = {.resource = "errorCountMetricSet",
                          .required = "reportType",
                          .metrics = {"errorReportCount", "distinctUsers"},
                          .has_hours = true},
};

static void not_found(struct sim_reply *rp)
{
    sim_reply_text(rp, 404, "text/html; charset=UTF-8",
                   "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
                   "<p>The requested URL was not found on this server.</html>");
}

static bool within_quota(struct sim *sim, struct sim_reply *rp)
{
    struct reporting *state = sim_state(sim, &sim_google_reporting, sizeof *state, NULL);
    int64_t second = sim_real_ms() / 1000;

    if (second != state->second) {
        state->second = second;
        state->queries = 0;
    }
    if (++state->queries <= QUERIES_PER_SECOND * sim_speed(sim))
        return true;
    google_fail(rp, 429, "RESOURCE_EXHAUSTED", "rateLimitExceeded",
                "Quota exceeded for quota metric 'Queries' and limit 'Queries per second'.");
    return false;
}

static void describe_set(struct sim *sim, enum reporting_set set, struct sim_reply *rp)
{
    char *name = sim_printf("apps/%s/%s", sim->world->play.package, reporting_sets[set].resource);

    sim_reply_json(rp, 200,
                   json_pack("{s:s, s:o}", "name", name, "freshnessInfo",
                             reporting_freshness_json(sim->world, set)));
    free(name);
}

/* …/apps/{package}/{resource}[:verb] */
static void route(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    static const char *const none[] = {NULL};
    const char *last = rq->segments[3];
    size_t n = strcspn(last, ":");
    const char *verb = last[n] == ':' ? last + n + 1 : "";
    struct reporting_query query;

    if (sim_method_is(rq, "GET") && strcmp(last, "errorIssues:search") == 0) {
        reporting_issues(sim, rq, rp);
        return;
    }
    for (int i = 0; i < REPORTING_SETS; i++) {
        enum reporting_set set = (enum reporting_set)i;
        if (strlen(reporting_sets[set].resource) != n ||
            strncmp(reporting_sets[set].resource, last, n) != 0)
            continue;
        if (google_refuse_unknown_query(rq, rp, none))
            return;
        if (verb[0] == '\0' && sim_method_is(rq, "GET"))
            describe_set(sim, set, rp);
        else if (strcmp(verb, "query") != 0 || !sim_method_is(rq, "POST"))
            break;
        else if (reporting_query_read(sim, rq, set, &query, rp))
            reporting_answer(sim->world, rq, &query, rp);
        return;
    }
    not_found(rp);
}

static void handle(struct sim *sim, const struct sim_request *rq, struct sim_reply *rp)
{
    if (rq->n_segments != 4 || strcmp(rq->segments[0], "v1beta1") != 0 ||
        strcmp(rq->segments[1], "apps") != 0 || rq->has_trailing_slash) {
        not_found(rp);
        return;
    }
    if (google_account(sim, rq, rp, GOOGLE_SCOPE_REPORTING) == NULL || !within_quota(sim, rp))
        return;
    if (strcmp(rq->segments[2], sim->world->play.package) != 0) {
        /* An app of somebody else looks like one without a right. UNCONFIRMED. */
        google_fail(rp, 403, "PERMISSION_DENIED", "forbidden",
                    "The caller does not have permission");
        return;
    }
    route(sim, rq, rp);
}

/* Nothing here changes anything: queries are questions with a body. */
static enum sim_effect classify(const struct sim_request *rq)
{
    (void)rq;
    return SIM_EFFECT_NONE;
}

static void describe(const struct sim *sim, json_t *endpoint)
{
    json_object_set_new(endpoint, "package", json_string(sim->world->play.package));
}

const struct sim_service sim_google_reporting = {
    .name = "google_reporting",
    .classify = classify,
    .handle = handle,
    .describe = describe,
};
