/* test_app_store.c: the exact requests to App Store Connect, and what its replies mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "sources/app_store.h"
#include "support/flow.h"
#include "wire/app_store_case.h"

extern const struct sw_source_kind sw_source_app_store;

static const int64_t now = INT64_C(1768899600000); /* 2026-01-20T09:00:00Z */

static void check_script(const struct sw_flow *flow)
{
    if (flow_mismatch(flow))
        fail_msg("%s", flow_mismatch(flow));
}

/* A re-read: it asks for the versions alone. What a poll reads beside them is in
 * test_app_store_beside.c and test_app_store_builds.c. */
static struct sw_flow *flow_ios(void)
{
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, IOS);
    flow_set_action(flow, true);
    return flow;
}

static const struct sw_rollout *observe(struct sw_flow *flow, const struct flow_step *steps,
                                        size_t count)
{
    struct sw_error err = {0};
    flow_script(flow, steps, count);
    enum sw_code code = flow_observe(flow, &err);
    check_script(flow);
    if (code != SW_OK)
        fail_msg("observe: %s", err.text);
    assert_non_null(flow_rollout(flow, 0));
    return flow_rollout(flow, 0);
}

static void page(char *out, size_t size, const char *data, const char *included)
{
    sw_format(out, size, "{\"data\":[%s],\"included\":[%s],\"links\":{\"self\":\"x\"}}", data,
              included);
}

/* ------------------------------------------------------------- state table */

struct state_case {
    const char *what, *data, *included;
    enum sw_state state;
    const char *raw, *version, *build, *previous;
    double percent, next; /* -1: unknown */
    const char *note;     /* a part; NULL: no note */
};

static const struct state_case state_cases[] = {
    {"no version", "", "", SW_STATE_NONE, "no version", "", "", "", -1, -1, NULL},
    {"phase day 3", ONE(LIVE, HAS_PHASE("2")), BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("3", "0")),
     SW_STATE_ROLLING, LIVE ", ACTIVE day 3", "4.12.0", "4120", "4.11.2", 5, 10, NULL},
    {"phase day 7", ONE(LIVE, HAS_PHASE("2")), BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("7", "0")),
     SW_STATE_ROLLING, LIVE ", ACTIVE day 7", "4.12.0", "4120", "4.11.2", 100, -1, NULL},
    {"day 9 is clamped", ONE(LIVE, HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("9", "0")), SW_STATE_ROLLING, LIVE ", ACTIVE day 7",
     "4.12.0", "4120", "4.11.2", 100, -1, NULL},
    {"day 0 while active is day 1", ONE(LIVE, HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("0", "0")), SW_STATE_ROLLING, LIVE ", ACTIVE day 1",
     "4.12.0", "4120", "4.11.2", 1, 2, NULL},
    {"NOT_APPLICABLE is no state of ours", ONE("NOT_APPLICABLE", "null"), BUILDS, SW_STATE_UNKNOWN,
     "NOT_APPLICABLE", "4.12.0", "4120", "4.11.2", -1, -1, NULL},
    {"active without a day", ONE(LIVE, HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"ACTIVE\"", ",\"currentDayNumber\":null"), SW_STATE_ROLLING,
     LIVE ", ACTIVE", "4.12.0", "4120", "4.11.2", -1, -1, NULL},
    {"paused", ONE(LIVE, HAS_PHASE("2")), BUILDS "," PHASE("2", "\"PAUSED\"", DAY("4", "2")),
     SW_STATE_HALTED, LIVE ", PAUSED day 4", "4.12.0", "4120", "4.11.2", 10, -1, NULL},
    {"pause budget nearly used", ONE(LIVE, HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"PAUSED\"", DAY("4", "26")), SW_STATE_HALTED, LIVE ", PAUSED day 4",
     "4.12.0", "4120", "4.11.2", 10, -1, "26 of 30 days of pause are used"},
    {"not started", ONE(LIVE, HAS_PHASE("2")), BUILDS "," PHASE("2", "\"INACTIVE\"", DAY("0", "0")),
     SW_STATE_ROLLING, LIVE ", INACTIVE", "4.12.0", "4120", "4.11.2", 0, 1, NULL},
    {"complete beats the day", ONE(LIVE, HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"COMPLETE\"", DAY("4", "0")), SW_STATE_COMPLETE, LIVE ", COMPLETE",
     "4.12.0", "4120", "4.11.2", 100, -1, NULL},
    {"no phased release", ONE(LIVE, "null"), BUILDS, SW_STATE_COMPLETE, LIVE, "4.12.0", "4120",
     "4.11.2", 100, -1, NULL},
    {"the old word", ONE("READY_FOR_SALE", "null"), BUILDS, SW_STATE_COMPLETE, "READY_FOR_SALE",
     "4.12.0", "4120", "4.11.2", 100, -1, NULL},
    {"a phase word never seen", ONE(LIVE, HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"SLOWED\"", DAY("4", "0")), SW_STATE_UNKNOWN, LIVE ", SLOWED",
     "4.12.0", "4120", "4.11.2", -1, -1, NULL},
    {"a null phase word", ONE(LIVE, HAS_PHASE("2")), BUILDS "," PHASE("2", "null", ""),
     SW_STATE_UNKNOWN, LIVE ", null", "4.12.0", "4120", "4.11.2", -1, -1, NULL},
    {"being prepared, nothing live", VERSION("2", "4.12.0", "PREPARE_FOR_SUBMISSION", NEW, "null"),
     BUILDS, SW_STATE_BUILDING, "PREPARE_FOR_SUBMISSION", "4.12.0", "4120", "", 0, -1, NULL},
    {"being prepared does not hide the live one", OVER("PREPARE_FOR_SUBMISSION"), BUILDS,
     SW_STATE_COMPLETE, LIVE, "4.11.2", "4112", "", 100, -1, NULL},
    {"waiting for review", OVER("WAITING_FOR_REVIEW"), BUILDS, SW_STATE_IN_REVIEW,
     "WAITING_FOR_REVIEW", "4.12.0", "4120", "4.11.2", 0, -1, NULL},
    {"ready for review", OVER("READY_FOR_REVIEW"), BUILDS, SW_STATE_IN_REVIEW, "READY_FOR_REVIEW",
     "4.12.0", "4120", "4.11.2", 0, -1, NULL},
    {"in review", OVER("IN_REVIEW"), BUILDS, SW_STATE_IN_REVIEW, "IN_REVIEW", "4.12.0", "4120",
     "4.11.2", 0, -1, NULL},
    {"accepted", OVER("ACCEPTED"), BUILDS, SW_STATE_IN_REVIEW, "ACCEPTED", "4.12.0", "4120",
     "4.11.2", 0, -1, NULL},
    {"export compliance", OVER("WAITING_FOR_EXPORT_COMPLIANCE"), BUILDS, SW_STATE_IN_REVIEW,
     "WAITING_FOR_EXPORT_COMPLIANCE", "4.12.0", "4120", "4.11.2", 0, -1, "export compliance"},
    {"waits for the captain", OVER("PENDING_DEVELOPER_RELEASE"), BUILDS, SW_STATE_READY,
     "PENDING_DEVELOPER_RELEASE", "4.12.0", "4120", "4.11.2", 0, -1, NULL},
    {"waits for Apple", OVER("PENDING_APPLE_RELEASE"), BUILDS, SW_STATE_READY,
     "PENDING_APPLE_RELEASE", "4.12.0", "4120", "4.11.2", 0, -1, "Apple releases it by itself"},
    {"waits for a contract", OVER("PENDING_CONTRACT"), BUILDS, SW_STATE_READY, "PENDING_CONTRACT",
     "4.12.0", "4120", "4.11.2", 0, -1, "a contract must be accepted"},
    {"preorder", OVER("PREORDER_READY_FOR_SALE"), BUILDS, SW_STATE_READY, "PREORDER_READY_FOR_SALE",
     "4.12.0", "4120", "4.11.2", 0, -1, "Apple releases it"},
    {"processing, no phase", OVER("PROCESSING_FOR_DISTRIBUTION"), BUILDS, SW_STATE_ROLLING,
     "PROCESSING_FOR_DISTRIBUTION", "4.12.0", "4120", "4.11.2", 0, 100, NULL},
    {"processing, phase", ONE("PROCESSING_FOR_APP_STORE", HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"INACTIVE\"", ""), SW_STATE_ROLLING,
     "PROCESSING_FOR_APP_STORE, INACTIVE", "4.12.0", "4120", "4.11.2", 0, 1, NULL},
    {"rejected", OVER("REJECTED"), BUILDS, SW_STATE_FAILED, "REJECTED", "4.12.0", "4120", "4.11.2",
     0, -1, NULL},
    {"metadata rejected", OVER("METADATA_REJECTED"), BUILDS, SW_STATE_FAILED, "METADATA_REJECTED",
     "4.12.0", "4120", "4.11.2", 0, -1, NULL},
    {"invalid binary", OVER("INVALID_BINARY"), BUILDS, SW_STATE_FAILED, "INVALID_BINARY", "4.12.0",
     "4120", "4.11.2", 0, -1, NULL},
    {"developer rejected", OVER("DEVELOPER_REJECTED"), BUILDS, SW_STATE_FAILED,
     "DEVELOPER_REJECTED", "4.12.0", "4120", "4.11.2", 0, -1, NULL},
    {"a word never seen", OVER("UNDER_APPEAL"), BUILDS, SW_STATE_UNKNOWN, "UNDER_APPEAL", "4.12.0",
     "4120", "4.11.2", -1, -1, NULL},
    {"removed from sale, the old word", ONE("REMOVED_FROM_SALE", "null"), BUILDS, SW_STATE_FAILED,
     "REMOVED_FROM_SALE", "4.12.0", "4120", "4.11.2", 0, -1, "removed from sale"},
    {"only history", OLD, BUILDS, SW_STATE_NONE, "no version", "", "", "", -1, -1, NULL},
    /* Two in flight. */
    {"a phasing one stays although the next is approved",
     TWO("PENDING_DEVELOPER_RELEASE", HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("4", "0")), SW_STATE_ROLLING, LIVE ", ACTIVE day 4",
     "4.12.0", "4120", "", 10, 20, "4.12.1 is approved and waits: halt this one to release it"},
    {"a halted one gives way to the approved hotfix",
     TWO("PENDING_DEVELOPER_RELEASE", HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"PAUSED\"", DAY("4", "0")), SW_STATE_READY,
     "PENDING_DEVELOPER_RELEASE", "4.12.1", "4121", "4.12.0", 0, -1,
     "4.12.0 is halted; releasing 4.12.1 ends its phased release"},
    {"a halted one stays while the hotfix is in review", TWO("IN_REVIEW", HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"PAUSED\"", DAY("4", "0")), SW_STATE_HALTED, LIVE ", PAUSED day 4",
     "4.12.0", "4120", "", 10, -1, "4.12.1 too: IN_REVIEW"},
    {"a released next one", TWO("PROCESSING_FOR_DISTRIBUTION", HAS_PHASE("2")),
     BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("4", "0")), SW_STATE_ROLLING,
     "PROCESSING_FOR_DISTRIBUTION", "4.12.1", "4121", "4.12.0", 0, 100, NULL},
    {"order is not promised",
     OLD "," VERSION("2", "4.12.0", LIVE, NEW, "null") "," VERSION(
         "3", "4.12.1", "IN_REVIEW", "2026-01-19T06:02:48.000+0000", "null"),
     BUILDS, SW_STATE_IN_REVIEW, "IN_REVIEW", "4.12.1", "4121", "4.12.0", 0, -1, NULL},
    {"no dates: Apple's order",
     "{\"type\":\"appStoreVersions\",\"id\":\"v2\",\"attributes\":{\"versionString\":\"4.12.0\","
     "\"appStoreState\":\"READY_FOR_SALE\",\"createdDate\":null},\"relationships\":{"
     "\"appStoreVersionPhasedRelease\":{\"data\":null}}}",
     "", SW_STATE_COMPLETE, "READY_FOR_SALE", "4.12.0", "", "", 100, -1, NULL},
};

static void check_state(const struct state_case *c)
{
    char json[8192];
    page(json, sizeof(json), c->data, c->included);
    struct sw_flow *flow = flow_ios();
    const struct flow_step steps[] = {APPS, VERSIONS(json)};
    const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
    if (r->state != c->state || strcmp(r->raw_state, c->raw) != 0)
        fail_msg("%s: %s \"%s\"", c->what, sw_state_name(r->state), r->raw_state);
    if (strcmp(r->version, c->version) != 0 || strcmp(r->build, c->build) != 0 ||
        strcmp(r->previous_version, c->previous) != 0)
        fail_msg("%s: %s (%s) after %s", c->what, r->version, r->build, r->previous_version);
    if (r->percent_set.is_known != (c->percent >= 0) ||
        (c->percent >= 0 && r->percent_set.value != c->percent))
        fail_msg("%s: percent %g, known %d", c->what, r->percent_set.value,
                 r->percent_set.is_known);
    if (r->next_percent.is_known != (c->next >= 0) ||
        (c->next >= 0 && r->next_percent.value != c->next))
        fail_msg("%s: next %g, known %d", c->what, r->next_percent.value, r->next_percent.is_known);
    if (c->note ? !strstr(r->note, c->note) : r->note[0])
        fail_msg("%s: note \"%s\"", c->what, r->note);
    assert_int_equal(r->observed_at_ms, now);
    assert_int_equal(r->true_for_ms, now);
    flow_free(flow);
}

static void test_state_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SW_ARRAY_LEN(state_cases); i++)
        check_state(&state_cases[i]);
}

/* Source: App Store Connect Help, "Release a version update in phases". */
static void test_each_day_has_its_percent(void **state)
{
    (void)state;
    static const double percent[] = {1, 2, 5, 10, 20, 50, 100};
    for (int day = 1; day <= 7; day++) {
        char json[8192], included[1024];
        sw_format(included, sizeof(included), BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("%d", "0")),
                  day);
        page(json, sizeof(json), ONE(LIVE, HAS_PHASE("2")), included);
        struct sw_flow *flow = flow_ios();
        const struct flow_step steps[] = {APPS, VERSIONS(json)};
        const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
        assert_true(r->percent_set.is_known && r->percent_set.value == percent[day - 1]);
        assert_int_equal(r->next_percent.is_known, day < 7);
        if (day < 7)
            assert_true(r->next_percent.value == percent[day]);
        flow_free(flow);
    }
}

/* Started on the 18th at 10:16:45; now is the 20th at 09:00. Day n ends n x 24 h after that, and
 * after the pauses; what is past moves on by whole days. */
static void test_pause_budget_and_next_step(void **state)
{
    (void)state;
    static const struct {
        const char *day, *paused;
        int64_t next_at_ms;
    } cases[] = {
        {"2", "0", INT64_C(1768904205000)}, /* the 20th at 10:16:45 */
        {"3", "0", INT64_C(1768990605000)}, /* the 21st: Apple is early */
        {"1", "0", INT64_C(1768904205000)}, /* the 19th is past */
        {"1", "1", INT64_C(1768904205000)}, /* a day of pause */
        {"2", "3", INT64_C(1769163405000)}, /* the 23rd */
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char json[8192], included[1024];
        sw_format(included, sizeof(included), BUILDS "," PHASE("2", "\"ACTIVE\"", DAY("%s", "%s")),
                  cases[i].paused, cases[i].day);
        page(json, sizeof(json), ONE(LIVE, HAS_PHASE("2")), included);
        struct sw_flow *flow = flow_ios();
        const struct flow_step steps[] = {APPS, VERSIONS(json)};
        const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
        assert_true(r->pause_days_used.is_known);
        assert_true(r->pause_days_total.is_known && r->pause_days_total.value == 30);
        assert_true(r->is_next_estimated);
        assert_int_equal(r->started_at_ms, INT64_C(1768731405000));
        if (r->next_at_ms != cases[i].next_at_ms)
            fail_msg("case %zu: %lld", i, (long long)r->next_at_ms);
        assert_string_equal(r->identity, "v2");
        flow_free(flow);
    }
}

/* The old field alone knows of a removal. */
static void test_removal_from_sale_is_seen_beside_a_live_word(void **state)
{
    (void)state;
    struct sw_flow *flow = flow_ios();
    const struct flow_step steps[] = {
        APPS,
        VERSIONS("{\"data\":[{\"type\":\"appStoreVersions\",\"id\":\"v2\",\"attributes\":{"
                 "\"versionString\":\"4.12.0\",\"appVersionState\":\"READY_FOR_DISTRIBUTION\","
                 "\"appStoreState\":\"DEVELOPER_REMOVED_FROM_SALE\"},\"relationships\":{"
                 "\"appStoreVersionPhasedRelease\":{\"data\":null}}}]}")};
    const struct sw_rollout *r = observe(flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(r->state, SW_STATE_FAILED);
    assert_string_equal(r->raw_state, "READY_FOR_DISTRIBUTION, REMOVED_FROM_SALE");
    flow_free(flow);
}

/* ---------------------------------------------------------------- requests */

#define LINKS_ONLY                                                                                 \
    "{\"data\":[{\"type\":\"appStoreVersions\",\"id\":\"v2\",\"attributes\":{\"versionString\":"   \
    "\"4.12.0\",\"appVersionState\":\"READY_FOR_DISTRIBUTION\"},\"relationships\":{"               \
    "\"appStoreVersionPhasedRelease\":{\"links\":{\"self\":\"x\"}}}}]}"
#define PHASE_LINE "GET /v1/appStoreVersions/v2/appStoreVersionPhasedRelease"

static void test_a_phase_the_list_left_open_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        struct flow_step step;
        enum sw_state state;
    } cases[] = {
        {STEP(PHASE_LINE, "{\"data\":" PHASE("2", "\"PAUSED\"", DAY("3", "1")) "}"),
         SW_STATE_HALTED},
        {STEP(PHASE_LINE, "{\"data\":null}"), SW_STATE_COMPLETE},
        {{.request = PHASE_LINE, .status = 404, .reply = "{\"errors\":[]}"}, SW_STATE_COMPLETE},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_flow *flow = flow_ios();
        const struct flow_step steps[] = {APPS, VERSIONS(LINKS_ONLY), cases[i].step};
        assert_int_equal(observe(flow, steps, SW_ARRAY_LEN(steps))->state, cases[i].state);
        flow_free(flow);
    }
}

static void test_the_app_is_looked_up_once(void **state)
{
    (void)state;
    char json[8192];
    page(json, sizeof(json), ONE(LIVE, "null"), BUILDS);
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    struct sw_target *target = flow_add_target(flow, SW_ROLE_ROLLOUT, IOS);
    flow_set_action(flow, true);
    const struct flow_step first[] = {APPS, VERSIONS(json)};
    struct sw_rollout last = {0};
    sw_rollout_copy(&last, observe(flow, first, SW_ARRAY_LEN(first)));
    target->rollout = &last;
    const struct flow_step second[] = {VERSIONS(json)};
    observe(flow, second, SW_ARRAY_LEN(second));
    /* A remembered id that is wrong by now is looked up again. */
    const struct flow_step moved[] = {
        {.request = VERSIONS_LINE("1481211155"), .status = 404, .reply = "{}"},
        STEP(APPS_LINE, "{\"data\":[{\"id\":\"77\",\"attributes\":{\"bundleId\":\"com.acme.app\"}}"
                        "]}"),
        STEP(VERSIONS_LINE("77"), "{\"data\":[]}")};
    assert_int_equal(observe(flow, moved, SW_ARRAY_LEN(moved))->state, SW_STATE_NONE);
    sw_rollout_clear(&last);
    flow_free(flow);
}

static void test_a_configured_app_id_is_used(void **state)
{
    (void)state;
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, IOS "app_id: \"42\"\n");
    flow_set_action(flow, true);
    const struct flow_step steps[] = {STEP(VERSIONS_LINE("42"), "{\"data\":[]}")};
    observe(flow, steps, SW_ARRAY_LEN(steps));
    flow_free(flow);
}

static void test_pages_are_followed(void **state)
{
    (void)state;
    char json[8192];
    page(json, sizeof(json), ONE(LIVE, "null"), BUILDS);
    struct sw_flow *flow = flow_ios();
    const struct flow_step steps[] = {
        APPS,
        VERSIONS(NEXT(HOST "/v1/apps/1481211155/appStoreVersions?cursor=Mg.AAA%3D&limit=200")),
        STEP(VERSIONS_LINE("1481211155") "&cursor=Mg.AAA%3D", json)};
    assert_string_equal(observe(flow, steps, SW_ARRAY_LEN(steps))->version, "4.12.0");
    flow_free(flow);
}

static void test_bad_replies_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        int status;
        enum sw_code code;
        const char *text;
    } cases[] = {
        {NEXT("https://evil.example/v1/apps/1/appStoreVersions?cursor=x"), 200, SW_E_PARSE,
         "another place"},
        {NEXT(HOST ".evil.example/v1/apps?cursor=x"), 200, SW_E_PARSE, "another place"},
        {NEXT(HOST "/v1/apps/1/appStoreVersions?limit=200"), 200, SW_E_PARSE, "no cursor"},
        {"{\"statusCode\":\"ERROR\"}", 200, SW_E_PARSE, "has no data"},
        {"<html>", 200, SW_E_PARSE, "reading the versions of com.acme.app"},
        {"{\"data\":[{\"id\":\"../x\",\"attributes\":{}}]}", 200, SW_E_PARSE, "data[0]"},
        {"{\"data\":[{\"id\":\"v1\",\"attributes\":{\"versionString\":7}}]}", 200, SW_E_PARSE,
         "versionString"},
        {"{\"data\":{}}", 200, SW_E_PARSE, "data"},
        {"{\"errors\":[{\"status\":\"403\",\"code\":\"FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_"
         "EXPIRED\",\"title\":\"A required agreement is missing or has expired.\",\"detail\":"
         "\"This request requires an in-effect agreement.\"}]}",
         403, SW_E_DENIED, "the account holder must accept an agreement"},
        {"{\"errors\":[{\"status\":\"409\",\"code\":\"A\",\"title\":\"one\",\"detail\":\"the "
         "first\"},"
         "{\"status\":\"409\",\"code\":\"B\",\"title\":\"two\",\"links\":{\"see\":\"/"
         "agreements\"}}]}",
         409, SW_E_CONFLICT, "Apple says \"the first\" (409 A)"},
        {"{\"errors\":[{\"status\":\"403\",\"code\":\"FORBIDDEN_ERROR\",\"title\":\"no\"}]}", 403,
         SW_E_DENIED, "Apple says \"no\" (403 FORBIDDEN_ERROR): the key's role is too low"},
        {"{\"errors\":[{\"status\":\"401\",\"code\":\"NOT_AUTHORIZED\",\"title\":\"no\"}]}", 401,
         SW_E_AUTH, "this machine's clock"},
        {"{\"errors\":[{\"status\":\"429\",\"code\":\"RATE_LIMIT_EXCEEDED\",\"title\":\"slow\"}]}",
         429, SW_E_QUOTA, "RATE_LIMIT_EXCEEDED"},
        {"<html>Bad gateway</html>", 502, SW_E_HTTP, "reading the versions"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct sw_flow *flow = flow_ios();
        const struct flow_step steps[] = {APPS,
                                          {.request = VERSIONS_LINE("1481211155"),
                                           .status = cases[i].status,
                                           .reply = cases[i].reply}};
        flow_script(flow, steps, SW_ARRAY_LEN(steps));
        enum sw_code code = flow_observe(flow, &err);
        check_script(flow);
        if (code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, sw_code_name(code), err.text);
        assert_null(flow_rollout(flow, 0));
        flow_free(flow);
    }
}

static void test_a_page_that_leads_to_itself_ends(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct sw_flow *flow = flow_ios();
    const char *loop = NEXT(HOST "/v1/apps/1481211155/appStoreVersions?cursor=again");
    const struct flow_step steps[] = {APPS, VERSIONS(loop),
                                      STEP(VERSIONS_LINE("1481211155") "&cursor=again", loop)};
    flow_script(flow, steps, SW_ARRAY_LEN(steps));
    assert_int_equal(flow_observe(flow, &err), SW_E_PARSE);
    check_script(flow);
    flow_free(flow);
}

static void test_another_bundle_id_is_not_taken(void **state)
{
    (void)state;
    struct sw_error err = {0};
    struct sw_flow *flow = flow_ios();
    const struct flow_step steps[] = {
        STEP(APPS_LINE, "{\"data\":[{\"id\":\"7\",\"attributes\":{\"bundleId\":\"com.acme.app2\"}}"
                        "]}")};
    flow_script(flow, steps, 1);
    assert_int_equal(flow_observe(flow, &err), SW_E_NOT_FOUND);
    check_script(flow);
    flow_free(flow);
}

/* Deleting a phase would release to everybody, and changed availability hides the app from the
 * store: neither can leave, whatever asks for it. Requests of one key go one after the other. */
static void test_nothing_can_delete_a_phase_or_remove_from_sale(void **state)
{
    (void)state;
    const struct sw_source_kind *kind = &sw_source_app_store;
    for (size_t i = 0; i < kind->operation_count; i++) {
        const struct sw_operation *operation = &kind->operations[i];
        assert_true(operation->method != SW_DELETE);
        /* Whether it is for sale is read, never changed. */
        if (strcasestr(operation->path, "availab"))
            assert_true(operation->method == SW_GET && operation->effect == SW_EFFECT_READ);
        assert_null(strstr(operation->path, "reviewSubmissions"));
        bool is_change = operation->method != SW_GET;
        if (operation->effect == SW_EFFECT_PROBE) { /* of the nil id, which is in the table */
            assert_true(is_change);
            assert_null(strchr(operation->path, '{'));
            assert_non_null(
                strstr(operation->only_body, "\"00000000-0000-0000-0000-000000000000\""));
            continue;
        }
        bool is_phase = operation->method == SW_PATCH &&
                        strcmp(operation->path, "/v1/appStoreVersionPhasedReleases/{phase}") == 0;
        bool is_release = operation->method == SW_POST &&
                          strcmp(operation->path, "/v1/appStoreVersionReleaseRequests") == 0;
        assert_true(operation->method == SW_GET || is_phase || is_release);
        assert_int_equal(operation->effect == SW_EFFECT_MUTATE, is_change);
    }
    assert_int_equal(kind->budget.concurrent, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_table),
        cmocka_unit_test(test_nothing_can_delete_a_phase_or_remove_from_sale),
        cmocka_unit_test(test_each_day_has_its_percent),
        cmocka_unit_test(test_pause_budget_and_next_step),
        cmocka_unit_test(test_removal_from_sale_is_seen_beside_a_live_word),
        cmocka_unit_test(test_a_phase_the_list_left_open_is_asked_for),
        cmocka_unit_test(test_the_app_is_looked_up_once),
        cmocka_unit_test(test_a_configured_app_id_is_used),
        cmocka_unit_test(test_pages_are_followed),
        cmocka_unit_test(test_bad_replies_are_errors),
        cmocka_unit_test(test_a_page_that_leads_to_itself_ends),
        cmocka_unit_test(test_another_bundle_id_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
