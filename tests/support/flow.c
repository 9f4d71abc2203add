/* flow.c: see flow.h: set-up, running, and the exchange. Everything is owned by struct sw_flow and
 * lives until flow_free. */
#include "support/flow_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/request.h"

/* ------------------------------------------------------------------ set-up */

/* The keys the configuration itself adds to an account and to a binding. */
static const struct sw_option account_common[] = {
    {.key = "id", .type = SW_OPTION_STRING, .is_required = true},
    {.key = "kind", .type = SW_OPTION_STRING, .is_required = true},
    {.key = "base_url", .type = SW_OPTION_STRING},
    {.key = "interval", .type = SW_OPTION_DURATION},
    {.key = "stale_after", .type = SW_OPTION_DURATION},
    {.key = "ca_file", .type = SW_OPTION_STRING},
    {0},
};
static const struct sw_option binding_common[] = {
    {.key = "source", .type = SW_OPTION_STRING},
    {.key = "metric", .type = SW_OPTION_STRING},
    {.key = "stop", .type = SW_OPTION_STRING},
    {0},
};

static size_t table_add(struct sw_option *table, size_t count, const struct sw_option *more)
{
    for (; more && more->type != SW_OPTION_END; more++) {
        sw_assert(count + 1 < TABLE_MAX);
        table[count++] = *more;
    }
    return count;
}

static struct sw_option *table_join(const struct sw_option *a, const struct sw_option *b)
{
    struct sw_option *table = sw_xcalloc(TABLE_MAX, sizeof(*table));
    table_add(table, table_add(table, 0, a), b);
    return table;
}

static struct sw_document *parse_or_die(const char *text, const char *name,
                                        const struct sw_option *table)
{
    struct sw_document *document = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    if (sw_document_parse(text, strlen(text), name, table, &document, &problems, &err) == SW_OK) {
        sw_problems_free(&problems);
        return document;
    }
    char line[512];
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s\n", sw_problem_text(&problems.items[i], line, sizeof(line)));
    sw_die("the test's own YAML is refused: %s", err.text);
}

struct sw_flow *flow_new(const struct sw_source_kind *kind, const char *account)
{
    struct sw_flow *flow = sw_xcalloc(1, sizeof(*flow));
    flow->kind = kind;
    flow->now_ms = INT64_C(1768899600000); /* 2026-01-20T09:00:00Z */
    flow->repository.checklist_ref = "auto";
    flow->account_table = table_join(account_common, kind->account_options);
    char text[128];
    sw_format(text, sizeof(text), "id: test\nkind: %s\n", kind->name);
    flow->account = parse_or_die(account ? account : text, "account", flow->account_table);
    flow->reports.rollouts = sw_xcalloc(TARGETS_MAX, sizeof(struct sw_rollout));
    flow->reports.has_rollout = sw_xcalloc(TARGETS_MAX, sizeof(bool));
    flow->reports.tags = sw_xcalloc(TARGETS_MAX, sizeof(struct sw_tags_seen));
    flow->reports.has_tags = sw_xcalloc(TARGETS_MAX, sizeof(bool));
    flow->reports.plans = sw_xcalloc(TARGETS_MAX, sizeof(struct sw_plan));
    flow->reports.has_plan = sw_xcalloc(TARGETS_MAX, sizeof(bool));
    return flow;
}

static const struct sw_option *binding_options(const struct sw_source_kind *kind, enum sw_role role)
{
    switch (role) {
    case SW_ROLE_ROLLOUT:
        return kind->rollout_options;
    case SW_ROLE_HEALTH:
        return kind->health_options;
    case SW_ROLE_ALARMS:
        return kind->alarm_options;
    case SW_ROLE_TAGS:
        break;
    }
    return NULL;
}

struct sw_target *flow_add_target(struct sw_flow *flow, enum sw_role role, const char *options)
{
    sw_assert(flow->target_count < TARGETS_MAX);
    size_t i = flow->target_count++;
    struct sw_target *target = sw_xcalloc(1, sizeof(*target));
    flow->targets[i] = target;
    *target = (struct sw_target){
        .platform = i, .platform_id = "p", .kind = SW_KIND_ANDROID, .role = role};
    if (options) {
        flow->tables[i] = table_join(binding_common, binding_options(flow->kind, role));
        flow->bindings[i] = parse_or_die(options, "binding", flow->tables[i]);
        target->options = sw_document_root(flow->bindings[i]);
    }
    return target;
}

void flow_free(struct sw_flow *flow)
{
    if (!flow)
        return;
    flow_reports_clear(flow);
    free(flow->reports.rollouts);
    free(flow->reports.has_rollout);
    free(flow->reports.tags);
    free(flow->reports.has_tags);
    free(flow->reports.plans);
    free(flow->reports.has_plan);
    for (size_t i = 0; i < flow->target_count; i++) {
        sw_document_free(flow->bindings[i]);
        free(flow->tables[i]);
        free(flow->targets[i]);
    }
    sw_document_free(flow->account);
    free(flow->account_table);
    free(flow);
}

void flow_set_now(struct sw_flow *flow, int64_t now_ms)
{
    flow->now_ms = now_ms;
}

void flow_set_action(struct sw_flow *flow, bool is_action)
{
    flow->is_action = is_action;
}

void flow_set_dry_run(struct sw_flow *flow, bool is_dry_run)
{
    flow->is_dry_run = is_dry_run;
}

void flow_set_principal(struct sw_flow *flow, const char *principal)
{
    flow->principal = principal;
}

void flow_set_locks_broken(struct sw_flow *flow, bool are_broken)
{
    flow->are_locks_broken = are_broken;
}

void flow_set_locks_wanted_after(struct sw_flow *flow, size_t exchanges)
{
    flow->has_wanted = true;
    flow->wanted_after = exchanges;
}

void flow_set_locks_busy(struct sw_flow *flow, bool is_busy)
{
    flow->are_locks_busy = is_busy;
}

void flow_set_repository(struct sw_flow *flow, const struct flow_repository *repository)
{
    flow->repository = *repository;
}

void flow_set_last_ms(struct sw_flow *flow, const char *key, int64_t at_ms)
{
    size_t i = 0;
    while (i < flow->last_count && strcmp(flow->last[i].key, key) != 0)
        i++;
    sw_assert(i < LAST_MAX);
    if (i == flow->last_count)
        sw_copy(flow->last[flow->last_count++].key, sizeof(flow->last[i].key), key);
    flow->last[i].at_ms = at_ms;
}

void flow_script(struct sw_flow *flow, const struct flow_step *steps, size_t count)
{
    flow->steps = steps;
    flow->step_count = count;
    flow->step_next = 0;
    flow->mismatch[0] = '\0';
}

void flow_perform_with(struct sw_flow *flow, flow_perform_fn perform, void *arg)
{
    flow->perform = perform;
    flow->perform_arg = arg;
}

/* ----------------------------------------------------------------- running */

static void run_begin(struct sw_flow *flow)
{
    flow_reports_clear(flow);
    flow->exchanges = 0;
    flow->lock_count = 0;
}

enum sw_code flow_observe(struct sw_flow *flow, struct sw_error *err)
{
    run_begin(flow);
    return flow->kind->observe(flow, err);
}

enum sw_code flow_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err)
{
    run_begin(flow);
    return flow->kind->act(flow, act, err);
}

enum sw_code flow_rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                         struct sw_error *err)
{
    memset(seen, 0, SW_VERB_COUNT * sizeof *seen);
    run_begin(flow);
    return flow->kind->rights(flow, seen, err);
}

const char *flow_mismatch(const struct sw_flow *flow)
{
    static char unused[512];
    if (flow->mismatch[0])
        return flow->mismatch;
    if (flow->step_next == flow->step_count)
        return NULL;
    sw_format(unused, sizeof(unused), "expected, but never sent: %s",
              flow->steps[flow->step_next].request);
    return unused;
}

size_t flow_exchanges(const struct sw_flow *flow)
{
    return flow->exchanges;
}

bool flow_was_locked(const struct sw_flow *flow, const char *name)
{
    for (size_t i = 0; i < flow->lock_count; i++)
        if (strcmp(flow->locks[i], name) == 0)
            return true;
    return false;
}

const struct flow_reports *flow_reports(const struct sw_flow *flow)
{
    return &flow->reports;
}

const struct sw_rollout *flow_rollout(const struct sw_flow *flow, size_t target)
{
    return flow->reports.has_rollout[target] ? &flow->reports.rollouts[target] : NULL;
}

const struct sw_reading *flow_reading(const struct sw_flow *flow, size_t target,
                                      enum sw_metric metric, enum sw_side side, int window_s)
{
    for (size_t i = 0; i < flow->reports.reading_count; i++) {
        const struct flow_reading *r = &flow->reports.readings[i];
        if (r->target == target && r->reading.metric == metric && r->reading.side == side &&
            r->reading.window_s == window_s)
            return &r->reading;
    }
    return NULL;
}

/* ---------------------------------------------------------------- exchange */

static bool is_in_table(const struct sw_source_kind *kind, const struct sw_operation *operation)
{
    for (size_t i = 0; i < kind->operation_count; i++)
        if (&kind->operations[i] == operation)
            return true;
    return false;
}

static bool is_body_equal(const char *expected, const struct sw_request *request)
{
    if (!expected || request->body_len == 0)
        return !expected && request->body_len == 0;
    json_t *want = NULL, *have = NULL;
    struct sw_error err = {0};
    bool is_equal =
        sw_json_parse_any(expected, strlen(expected), NULL, &want, &err) == SW_OK &&
        sw_json_parse_any(request->body, request->body_len, NULL, &have, &err) == SW_OK &&
        json_equal(want, have);
    json_decref(want);
    json_decref(have);
    return is_equal;
}

static bool is_text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static enum sw_code mismatch(struct sw_flow *flow, const struct sw_request *request,
                             const struct flow_step *step, struct sw_error *err)
{
    struct sw_buf sent;
    sw_buf_init(&sent, MISMATCH_MAX / 2);
    sw_request_describe(request, "", &sent);
    if (!flow->mismatch[0])
        sw_format(flow->mismatch, sizeof(flow->mismatch), "sent:\n%sexpected:\n%s\n%s",
                  sw_buf_text(&sent), step ? step->request : "no more requests",
                  step && step->body ? step->body : "");
    sw_buf_clear(&sent);
    return sw_fail(err, SW_E_INTERNAL, "the test's script does not expect %s",
                   request->operation->name);
}

/* As exchange.h says of sw_exchange. */
static enum sw_code status_code(int status, struct sw_error *err)
{
    if (status >= 200 && status < 300)
        return SW_OK;
    static const struct {
        int status;
        enum sw_code code;
    } map[] = {{401, SW_E_AUTH},     {403, SW_E_DENIED},   {404, SW_E_NOT_FOUND},
               {409, SW_E_CONFLICT}, {412, SW_E_CONFLICT}, {422, SW_E_CONFLICT},
               {429, SW_E_QUOTA}};
    enum sw_code code = SW_E_HTTP;
    for (size_t i = 0; i < SW_ARRAY_LEN(map); i++)
        if (map[i].status == status)
            code = map[i].code;
    return sw_fail_http(err, code, status, status >= 500, 0, "HTTP %d", status);
}

/* As the transport judges a lost answer to a write (net/retry.c). */
static enum sw_code outcome_code(const struct sw_request *request, enum sw_code code,
                                 struct sw_error *err)
{
    bool is_lost = code == SW_E_NETWORK || code == SW_E_TIMEOUT || code == SW_E_HTTP;
    if (request->operation->effect != SW_EFFECT_MUTATE || !is_lost)
        return code;
    return sw_fail(err, SW_E_OUTCOME_UNKNOWN, "the answer was lost");
}

static void reply_fill(struct sw_reply *reply, const struct flow_step *step)
{
    reply->status = step->status;
    reply->body = sw_xstrdup(step->reply);
    reply->body_len = step->reply ? strlen(step->reply) : 0;
    sw_copy(reply->link, sizeof(reply->link), step->link);
    sw_copy(reply->content_type, sizeof(reply->content_type), "application/json");
}

/* As the engine answers a dry run's write: without a body. */
static enum sw_code dry(struct sw_reply *reply)
{
    reply->status = 200;
    return SW_OK;
}

enum sw_code sw_flow_exchange(struct sw_flow *flow, const struct sw_request *request,
                              struct sw_reply *reply, struct sw_error *err)
{
    *reply = (struct sw_reply){0};
    flow->exchanges++;
    enum sw_code code = request_check(request, err);
    if (code != SW_OK)
        return code;
    if (!is_in_table(flow->kind, request->operation))
        return mismatch(flow, request, NULL, err);
    if (flow->perform) {
        code = flow->perform(flow->perform_arg, request, reply, err);
        if (code != SW_OK)
            return outcome_code(request, code, err);
        code = status_code(reply->status, err);
        return reply->status >= 500 ? outcome_code(request, code, err) : code;
    }
    const struct flow_step *step =
        flow->step_next < flow->step_count ? &flow->steps[flow->step_next] : NULL;
    if (!step)
        return mismatch(flow, request, NULL, err);
    struct sw_buf sent;
    sw_buf_init(&sent, 16384);
    sw_buf_printf(&sent, "%s ", request_method_name(request->operation->method));
    request_add_url(request, "", &sent);
    bool is_equal = strcmp(sw_buf_text(&sent), step->request) == 0 &&
                    is_text_equal(request->operation->target, step->aws_target) &&
                    is_body_equal(step->body, request);
    sw_buf_clear(&sent);
    if (!is_equal)
        return mismatch(flow, request, step, err);
    flow->step_next++;
    if (flow->is_dry_run && request->operation->effect == SW_EFFECT_MUTATE)
        return dry(reply);
    if (step->fail != SW_OK)
        return outcome_code(request, sw_fail(err, step->fail, "the test's script fails here"), err);
    reply_fill(reply, step);
    code = status_code(step->status, err);
    /* A 4xx is a definite no; only 5xx leaves a write open. */
    return step->status >= 500 ? outcome_code(request, code, err) : code;
}
