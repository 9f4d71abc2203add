/* test_app_store_traps.c: what has gone wrong for others with App Store Connect.
 *
 * Every trap of the reference by its section (13.x: its own list of traps), and below each the test
 * that holds it. Tests named without a file are in this one.
 *
 * 1 Verbs
 *   halt stops automatic updates only; a paused one stays in the store (13.8)
 *       test_trap_a_halt_keeps_nobody_from_the_version
 *   no percent can be chosen
 *       test_trap_no_percent_can_be_chosen
 *   complete cannot be taken back
 *       test_trap_complete_is_said_to_be_for_good
 *   there is no roll back
 *       test_trap_there_is_no_roll_back
 *   there is no platform for the Watch
 *       test_trap_there_is_no_watch_platform
 *
 * 2 Tokens
 *   a DER signature; r or s with a leading zero
 *       unit/test_net_jwt.c test_ten_thousand_tokens
 *   iss and sub never together; exp; iat ahead
 *       wire/test_net_auth.c test_app_store
 *   a second 401 is a configuration error
 *       wire/test_net_auth.c test_app_store_mints_once_more
 *   a key that is not P-256
 *       wire/test_net_auth.c test_app_store_wrong_key
 *   enterprise keys, the private web API (13.10, 13.11)
 *       test_trap_another_host_of_apple_is_refused
 *
 * 3 Limits, errors, pages, times
 *   every form of X-Rate-Limit
 *       unit/test_net_pure.c test_apple_quota_has_an_hour_and_a_minute
 *   429 with quota left, 500 when parallel (13.4)
 *       test_trap_requests_go_one_after_another
 *   Retry-After is not promised
 *       unit/test_net_pure.c test_reads_are_sent_again
 *   several errors, odd links, status a string
 *       test_trap_several_errors_show_the_first
 *   agreements missing: every call 403 (13.9)
 *       test_trap_a_missing_agreement_has_its_own_text
 *   5xx with HTML; 200 without data
 *       test_trap_a_body_that_is_no_answer
 *   a write is never sent again blindly
 *       unit/test_net_pure.c test_no_write_is_sent_twice
 *   links.next on another host
 *       test_trap_the_next_page_on_another_host
 *   naming fields drops relationships
 *       test_trap_named_fields_name_the_relationships
 *   three shapes of time
 *       test_trap_times_come_in_three_shapes
 *
 * 4 Versions and states
 *   the filter by bundle id is checked
 *       wire/test_app_store.c test_another_bundle_id_is_not_taken
 *   no sort, no promised order (13.2)
 *       test_trap_the_order_of_versions_is_not_promised
 *   null, absent and present
 *       test_trap_null_is_as_good_as_absent
 *   READY_FOR_SALE is READY_FOR_DISTRIBUTION (13.3); every word of both enums
 *       test_trap_every_word_of_both_enums
 *   a word never seen
 *       test_trap_a_word_never_seen_is_shown
 *   a removal is not in appVersionState
 *       wire/test_app_store_beside.c test_removal_from_sale_is_told_by_the_territories
 *   two versions at once
 *       wire/test_app_store_flight.c test_the_other_version_in_flight_is_told
 *
 * 5 Phased release
 *   not for a first version (13.5)
 *       test_trap_a_first_version_has_no_phased_release
 *   COMPLETE beats the day
 *       test_trap_complete_beats_the_day
 *   day 0 and a startDate while INACTIVE
 *       test_trap_day_0_is_not_started
 *   the percent is of automatic updates
 *       test_trap_the_percent_is_of_automatic_updates
 *   none is 200 with null, or 404
 *       wire/test_app_store.c test_a_phase_the_list_left_open_is_asked_for
 *   pausing a paused one is refused (13.1); a final state; 409 or 422
 *       wire/test_app_store_act.c test_faults
 *   DELETE releases to everybody
 *       test_trap_only_two_requests_change_anything
 *   30 days of pause
 *       test_trap_thirty_days_of_pause
 *   whole days of pause only
 *       unit/test_view.c what_is_left_of_a_pause_budget_is_an_upper_bound
 *   the percent is not computed from the clock
 *       test_trap_the_clock_makes_no_percent
 *   N+1 ends the phased release of N
 *       wire/test_app_store_flight.c test_the_offer_names_the_release_it_ends
 *   a removal ends a phased release
 *       wire/test_app_store_beside.c test_removal_from_sale_is_told_by_the_territories
 *
 * 6 Release
 *   409 in any other state
 *       wire/test_app_store_act.c test_a_refused_release_is_judged_by_the_state
 *   not to be repeated after a timeout
 *       wire/test_app_store_act.c test_a_lost_release_request_is_unknown
 *   minutes to hours until it is out
 *       test_trap_a_release_takes_its_time
 *
 * 7 Review
 *   a submission without a version blocks nothing; none is read, created or cancelled (13.7)
 *       test_trap_only_two_requests_change_anything
 *
 * 8 Removal from sale
 *   "halt" that removes the app (13.6)
 *       test_trap_only_two_requests_change_anything
 *   hours both ways
 *       wire/test_app_store_beside.c test_removal_from_sale_is_told_by_the_territories
 *
 * 9 Builds
 *   a build number is unique with its version only; the version is a relationship away
 *       test_trap_a_build_number_is_no_name
 *
 * 10 Reviews
 *   written ones only; no version in a review; text of users
 *       wire/test_app_store_reviews.c test_one_stars_are_counted_within_each_window
 *
 * 11 Crashes
 *   no endpoint carries production's
 *       test_trap_no_crash_figure_comes_from_here
 *
 * 12 Webhooks
 *   no event for a phase or a pause: polled
 *       test_trap_only_two_requests_change_anything */
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

/* ------------------------------------------------------------------- tools */

/* A re-read of the app's versions with this reply; the flow is the caller's. */
static enum sw_code read_versions(struct sw_flow **flow, const char *json, int status,
                                  struct sw_error *err)
{
    *flow = flow_new(&sw_source_app_store, ACCOUNT);
    flow_add_target(*flow, SW_ROLE_ROLLOUT, IOS "app_id: \"1481211155\"\n");
    flow_set_action(*flow, true);
    const struct flow_step steps[] = {
        {.request = VERSIONS_LINE("1481211155"), .status = status, .reply = json}};
    flow_script(*flow, steps, 1);
    enum sw_code code = flow_observe(*flow, err);
    if (flow_mismatch(*flow))
        fail_msg("%s", flow_mismatch(*flow));
    return code;
}

static struct sw_rollout rollout_of(const char *json)
{
    struct sw_error err = {0};
    struct sw_flow *flow = NULL;
    struct sw_rollout rollout = {0};
    if (read_versions(&flow, json, 200, &err) != SW_OK)
        fail_msg("%s", err.text);
    sw_rollout_copy(&rollout, flow_rollout(flow, 0));
    flow_free(flow);
    return rollout;
}

#define WITH(data, included) "{\"data\":[" data "],\"included\":[" included "]}"

/* What a verb would do on the version that this reply shows. */
static struct sw_source_offer offer_on(const char *json, enum sw_verb verb)
{
    struct sw_source_offer offer;
    struct sw_rollout rollout = rollout_of(json);
    sw_source_app_store.offer(NULL, &rollout, verb, &offer);
    sw_rollout_clear(&rollout);
    return offer;
}

#define PHASED(state, day)                                                                         \
    WITH(ONE(LIVE, HAS_PHASE("2")), BUILDS "," PHASE("2", "\"" state "\"", DAY(day, "0")))

/* ------------------------------------------------------------------- verbs */

static void test_trap_a_halt_keeps_nobody_from_the_version(void **state)
{
    (void)state;
    struct sw_source_offer offer = offer_on(PHASED("ACTIVE", "3"), SW_VERB_HALT);
    assert_true(offer.is_possible);
    assert_non_null(strstr(offer.will_not, "keeps nobody from 4.12.0: new installs and updates by "
                                           "hand get it all the same"));
    assert_true(offer.to_percent.is_known && offer.to_percent.value == 5); /* it stays */
}

static void test_trap_no_percent_can_be_chosen(void **state)
{
    (void)state;
    struct sw_source_offer offer = offer_on(PHASED("ACTIVE", "3"), SW_VERB_ADVANCE);
    assert_false(offer.is_possible);
    assert_non_null(strstr(offer.reason, "takes no other percent"));
    assert_non_null(strstr(offer.reason, "complete gives it to everybody"));
}

static void test_trap_complete_is_said_to_be_for_good(void **state)
{
    (void)state;
    struct sw_source_offer offer = offer_on(PHASED("ACTIVE", "3"), SW_VERB_COMPLETE);
    assert_true(offer.is_possible);
    assert_non_null(strstr(offer.effect, "Irreversible"));
    assert_non_null(strstr(offer.will_not, "cannot be halted afterwards"));
}

static void test_trap_there_is_no_roll_back(void **state)
{
    (void)state;
    static const char *const replies[] = {
        PHASED("ACTIVE", "3"), PHASED("PAUSED", "3"), PHASED("COMPLETE", "7"),
        WITH(OVER("PENDING_DEVELOPER_RELEASE"), BUILDS), "{\"data\":[]}"};
    for (size_t i = 0; i < SW_ARRAY_LEN(replies); i++) {
        struct sw_source_offer offer = offer_on(replies[i], SW_VERB_ROLLBACK);
        assert_false(offer.is_possible);
        assert_non_null(strstr(offer.reason, "halt it, ship a higher version"));
    }
}

static void test_trap_there_is_no_watch_platform(void **state)
{
    (void)state;
    const struct sw_option *option = sw_source_app_store.rollout_options;
    while (strcmp(option->key, "platform") != 0)
        option++;
    size_t count = 0;
    for (; option->choices[count]; count++)
        assert_null(strstr(option->choices[count], "WATCH"));
    assert_int_equal(count, 4);
}

/* No deleted phase, no territory, no review submission, no version, no webhook. */
static void test_trap_only_two_requests_change_anything(void **state)
{
    (void)state;
    size_t writes = 0;
    for (size_t i = 0; i < sw_source_app_store.operation_count; i++) {
        const struct sw_operation *operation = &sw_source_app_store.operations[i];
        if (operation->effect == SW_EFFECT_READ) {
            assert_int_equal(operation->method, SW_GET);
            continue;
        }
        /* Of the nil id, fixed in the table: there is nothing it could change. */
        if (operation->effect == SW_EFFECT_PROBE) {
            assert_non_null(
                strstr(operation->only_body, "\"00000000-0000-0000-0000-000000000000\""));
            continue;
        }
        writes++;
        bool is_phase = operation->method == SW_PATCH &&
                        strcmp(operation->path, "/v1/appStoreVersionPhasedReleases/{phase}") == 0;
        bool is_release = operation->method == SW_POST &&
                          strcmp(operation->path, "/v1/appStoreVersionReleaseRequests") == 0;
        assert_true(is_phase || is_release);
        assert_false(operation->is_idempotent);
    }
    assert_int_equal(writes, 2);
}

/* ------------------------------------------------------------------- hosts */

static void test_trap_another_host_of_apple_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_refused;
    } cases[] = {
        {"https://api.appstoreconnect.apple.com", false},
        {"https://API.appstoreconnect.apple.com/", false},
        {"http://127.0.0.1:8101", false},
        {"https://proxy.acme.example", false},
        {"https://enterprise.apple.com", true},
        {"https://appstoreconnect.apple.com/iris", true},
        {"https://x.api.appstoreconnect.apple.com", true},
        {"https://APPSTORECONNECT.APPLE.COM", true},
    };
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_error err = {0};
        struct sw_auth *auth = NULL;
        enum sw_code code =
            sw_source_app_store.auth_open(sw_flow_account(flow), cases[i].url, &auth, &err);
        if ((code == SW_E_CONFIG) != cases[i].is_refused)
            fail_msg("%s: %s %s", cases[i].url, sw_code_name(code), err.text);
        if (cases[i].is_refused)
            assert_non_null(strstr(err.text, "enterprise"));
        sw_auth_free(auth);
    }
    flow_free(flow);
}

static void test_trap_requests_go_one_after_another(void **state)
{
    (void)state;
    assert_int_equal(sw_source_app_store.budget.concurrent, 1);
    assert_in_range(sw_source_app_store.budget.per_minute, 1, 3500 / 60);
}

/* ------------------------------------------------------------------ errors */

static void check_error(const char *reply, int status, enum sw_code code, const char *text)
{
    struct sw_error err = {0};
    struct sw_flow *flow = NULL;
    enum sw_code got = read_versions(&flow, reply, status, &err);
    if (got != code || !strstr(err.text, text))
        fail_msg("%d: %s: %s", status, sw_code_name(got), err.text);
    assert_null(flow_rollout(flow, 0)); /* nothing is made of it */
    flow_free(flow);
}

static void test_trap_several_errors_show_the_first(void **state)
{
    (void)state;
    check_error("{\"errors\":[{\"id\":\"6d516aab\",\"status\":\"409\",\"code\":"
                "\"STATE_ERROR.ENTITY_STATE_INVALID\",\"title\":\"t\",\"detail\":\"the first\","
                "\"source\":{\"pointer\":\"/data/attributes/phasedReleaseState\"},\"links\":{"
                "\"see\":\"/agreements\"},\"meta\":{\"associatedErrors\":{\"/v1/x\":[{\"status\":"
                "\"409\"}]}}},{\"status\":\"409\",\"code\":\"B\",\"title\":\"the second\"},{}]}",
                409, SW_E_CONFLICT,
                "Apple says \"the first\" (409 STATE_ERROR.ENTITY_STATE_INVALID) and 2 more");
    /* Without a detail the title, without both the code alone, without any the status. */
    check_error("{\"errors\":[{\"status\":\"400\",\"code\":\"A\",\"title\":\"only\"}]}", 400,
                SW_E_HTTP, "Apple says \"only\" (400 A)");
    check_error("{\"errors\":[{}]}", 400, SW_E_HTTP, "Apple says \"nothing\"");
    check_error("{\"errors\":[]}", 400, SW_E_HTTP, "reading the versions");
    check_error("{\"errors\":{}}", 400, SW_E_HTTP, "reading the versions");
}

static void test_trap_a_missing_agreement_has_its_own_text(void **state)
{
    (void)state;
    check_error("{\"errors\":[{\"status\":\"403\",\"code\":"
                "\"FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED\",\"title\":\"A required "
                "agreement is missing or has expired.\",\"links\":{\"see\":\"/agreements\"}}]}",
                403, SW_E_DENIED,
                "the account holder must accept an agreement in App Store Connect; until then "
                "every request is refused");
    /* A role that is too low is another matter. */
    check_error("{\"errors\":[{\"status\":\"403\",\"code\":\"FORBIDDEN_ERROR\",\"title\":\"no\"}]}",
                403, SW_E_DENIED, "the key's role is too low");
}

static void test_trap_a_body_that_is_no_answer(void **state)
{
    (void)state;
    check_error("<html>Bad gateway</html>", 502, SW_E_HTTP, "reading the versions");
    check_error("{\"errors\":[{\"status\":\"500\",\"code\":\"UNEXPECTED_ERROR\",\"title\":\"An "
                "unexpected error occurred.\"}]}",
                500, SW_E_HTTP, "UNEXPECTED_ERROR");
    check_error("{\"statusCode\":\"ERROR\",\"messages\":{}}", 200, SW_E_PARSE, "has no data");
    check_error("", 200, SW_E_PARSE, "reading the versions");
    check_error("{\"data\":null}", 200, SW_E_PARSE, "data");
}

static void test_trap_the_next_page_on_another_host(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://evil.example/v1/apps?cursor=x",
        "https://api.appstoreconnect.apple.com.evil.example/v1/apps?cursor=x",
        "https://api.appstoreconnect.apple.com@evil.example/v1/apps?cursor=x",
        "https://api.appstoreconnect.apple.com:8443/v1/apps?cursor=x",
        "http://api.appstoreconnect.apple.com/v1/apps?cursor=x",
        "//evil.example/v1/apps?cursor=x",
        "/v1/apps?cursor=x",
        "",
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(urls); i++) {
        char json[512];
        sw_format(json, sizeof(json), "{\"data\":[],\"links\":{\"next\":\"%s\"}}", urls[i]);
        check_error(json, 200, SW_E_PARSE, "the next page is at another place");
    }
}

static void test_trap_named_fields_name_the_relationships(void **state)
{
    (void)state;
    const char *line = VERSIONS_LINE("1");
    const char *fields = strstr(line, "fields%5BappStoreVersions%5D=");
    assert_non_null(fields);
    const char *end = strchr(fields, '&'), *phase = strstr(fields, ",appStoreVersionPhasedRelease");
    assert_true(phase && phase < end);
    assert_true(strstr(fields, ",build,") && strstr(fields, ",build,") < end);
    fields = strstr(BUILDS_LINE, "fields%5Bbuilds%5D=");
    assert_non_null(strstr(fields, "preReleaseVersion,buildBetaDetail,betaAppReviewSubmission&"));
}

/* ------------------------------------------------------------------- times */

static void test_trap_times_come_in_three_shapes(void **state)
{
    (void)state;
    static const char *const shapes[] = {"2026-01-18T10:16:45Z", "2026-01-18T02:16:45-08:00",
                                         "2026-01-18T10:16:45.000+0000"};
    for (size_t i = 0; i < SW_ARRAY_LEN(shapes); i++) {
        char json[4096];
        sw_format(
            json, sizeof(json),
            WITH(ONE(LIVE, HAS_PHASE("2")), PHASE("2", "\"ACTIVE\"",
                                                  ",\"startDate\":\"%s\",\"totalPauseDuration\":0,"
                                                  "\"currentDayNumber\":2")),
            shapes[i]);
        struct sw_rollout rollout = rollout_of(json);
        assert_int_equal(rollout.next_at_ms, INT64_C(1768904205000));
        sw_rollout_clear(&rollout);
    }
}

/* ---------------------------------------------------------------- versions */

static void test_trap_the_order_of_versions_is_not_promised(void **state)
{
    (void)state;
    static const char *const orders[] = {
        WITH(TWO("IN_REVIEW", "null") "," OLD, BUILDS),
        WITH(OLD "," TWO("IN_REVIEW", "null"), BUILDS),
        WITH(VERSION("2", "4.12.0", LIVE, NEW, "null") "," OLD "," VERSION(
                 "3", "4.12.1", "IN_REVIEW", "2026-01-19T06:02:48Z", "null"),
             BUILDS)};
    for (size_t i = 0; i < SW_ARRAY_LEN(orders); i++) {
        struct sw_rollout rollout = rollout_of(orders[i]);
        assert_string_equal(rollout.version, "4.12.1");
        assert_string_equal(rollout.previous_version, "4.12.0");
        sw_rollout_clear(&rollout);
    }
}

#define BARE(attributes)                                                                           \
    "{\"data\":[{\"id\":\"v2\",\"attributes\":{" attributes                                        \
    "},\"relationships\":{\"appStoreVersionPhasedRelease\":{\"data\":null}}}]}"

static void test_trap_null_is_as_good_as_absent(void **state)
{
    (void)state;
    static const char *const replies[] = {
        BARE("\"versionString\":\"4.12.0\",\"appVersionState\":\"READY_FOR_DISTRIBUTION\""),
        BARE("\"versionString\":\"4.12.0\",\"appVersionState\":\"READY_FOR_DISTRIBUTION\","
             "\"appStoreState\":null,\"releaseType\":null,\"reviewType\":null,"
             "\"earliestReleaseDate\":null,\"createdDate\":null,\"platform\":null"),
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(replies); i++) {
        struct sw_rollout rollout = rollout_of(replies[i]);
        assert_int_equal(rollout.state, SW_STATE_COMPLETE);
        assert_string_equal(rollout.build, "");
        sw_rollout_clear(&rollout);
    }
}

/* Source: App Store Connect API, OpenAPI document 4.4.1, AppVersionState and AppStoreVersionState.
 */
static void test_trap_every_word_of_both_enums(void **state)
{
    (void)state;
    static const char *const words[] = {
        "ACCEPTED", "DEVELOPER_REJECTED", "IN_REVIEW", "INVALID_BINARY", "METADATA_REJECTED",
        "PENDING_APPLE_RELEASE", "PENDING_DEVELOPER_RELEASE", "PREPARE_FOR_SUBMISSION",
        "PROCESSING_FOR_DISTRIBUTION", "READY_FOR_DISTRIBUTION", "READY_FOR_REVIEW", "REJECTED",
        "REPLACED_WITH_NEW_VERSION", "WAITING_FOR_EXPORT_COMPLIANCE", "WAITING_FOR_REVIEW",
        /* of the old one alone */
        "DEVELOPER_REMOVED_FROM_SALE", "PENDING_CONTRACT", "PREORDER_READY_FOR_SALE",
        "PROCESSING_FOR_APP_STORE", "READY_FOR_SALE", "REMOVED_FROM_SALE"};
    for (size_t i = 0; i < SW_ARRAY_LEN(words); i++) {
        char json[512];
        if (asc_class_of(words[i]) == ASC_OTHER)
            fail_msg("%s is not known", words[i]);
        /* Either field alone tells it. */
        for (int is_old = 0; is_old < 2; is_old++) {
            sw_format(json, sizeof(json), BARE("\"versionString\":\"4.12.0\",\"%s\":\"%s\""),
                      is_old ? "appStoreState" : "appVersionState", words[i]);
            struct sw_rollout rollout = rollout_of(json);
            if (rollout.state == SW_STATE_UNKNOWN)
                fail_msg("%s is UNKNOWN", words[i]);
            sw_rollout_clear(&rollout);
        }
    }
    assert_int_equal(asc_class_of("READY_FOR_SALE"), asc_class_of("READY_FOR_DISTRIBUTION"));
    assert_int_equal(asc_class_of("PROCESSING_FOR_APP_STORE"),
                     asc_class_of("PROCESSING_FOR_DISTRIBUTION"));
    /* In neither table's meaning: shown, and nothing made of it. */
    assert_int_equal(asc_state_of("NOT_APPLICABLE"), SW_STATE_UNKNOWN);
}

static void test_trap_a_word_never_seen_is_shown(void **state)
{
    (void)state;
    struct sw_rollout rollout = rollout_of(WITH(ONE("AWAITING_MOON", "null"), BUILDS));
    assert_int_equal(rollout.state, SW_STATE_UNKNOWN);
    assert_string_equal(rollout.raw_state, "AWAITING_MOON");
    assert_false(rollout.percent_set.is_known);
    sw_rollout_clear(&rollout);
    rollout = rollout_of(PHASED("SLOWED", "4"));
    assert_int_equal(rollout.state, SW_STATE_UNKNOWN);
    assert_string_equal(rollout.raw_state, LIVE ", SLOWED");
    sw_rollout_clear(&rollout);
}

/* ---------------------------------------------------------- phased release */

static void test_trap_a_first_version_has_no_phased_release(void **state)
{
    (void)state;
    static const char ready[] =
        WITH(VERSION("2", "4.12.0", "PENDING_DEVELOPER_RELEASE", NEW, "null"), BUILDS);
    struct sw_source_offer offer = offer_on(ready, SW_VERB_ADVANCE);
    assert_true(offer.is_possible && offer.to_percent.value == 100);
    assert_non_null(strstr(offer.effect, "to EVERYBODY at once"));
    static const char live[] = WITH(VERSION("2", "4.12.0", LIVE, NEW, "null"), BUILDS);
    struct sw_rollout rollout = rollout_of(live);
    assert_int_equal(rollout.state, SW_STATE_COMPLETE);
    assert_true(rollout.percent_set.value == 100);
    assert_false(rollout.pause_days_total.is_known);
    sw_rollout_clear(&rollout);
}

static void test_trap_complete_beats_the_day(void **state)
{
    (void)state;
    struct sw_rollout rollout = rollout_of(PHASED("COMPLETE", "4"));
    assert_int_equal(rollout.state, SW_STATE_COMPLETE);
    assert_true(rollout.percent_set.value == 100);
    sw_rollout_clear(&rollout);
}

static void test_trap_day_0_is_not_started(void **state)
{
    (void)state;
    struct sw_rollout rollout = rollout_of(PHASED("INACTIVE", "0"));
    assert_int_equal(rollout.state, SW_STATE_ROLLING);
    assert_true(rollout.percent_set.is_known && rollout.percent_set.value == 0);
    assert_int_equal(rollout.next_at_ms, 0); /* the startDate is no promise, and no beginning */
    assert_int_equal(rollout.started_at_ms, 0);
    sw_rollout_clear(&rollout);
    /* A day outside the table is clamped. */
    rollout = rollout_of(PHASED("ACTIVE", "0"));
    assert_true(rollout.percent_set.value == 1);
    sw_rollout_clear(&rollout);
    rollout = rollout_of(PHASED("ACTIVE", "8"));
    assert_true(rollout.percent_set.value == 100);
    sw_rollout_clear(&rollout);
}

static void test_trap_the_percent_is_of_automatic_updates(void **state)
{
    (void)state;
    struct sw_rollout rollout = rollout_of(PHASED("ACTIVE", "3"));
    assert_non_null(strstr(rollout.place, "% of automatic updates"));
    assert_false(rollout.percent_actual.is_known);
    sw_rollout_clear(&rollout);
}

/* By its clock it would be on day 2; Apple says 5, and Apple is believed. */
static void test_trap_the_clock_makes_no_percent(void **state)
{
    (void)state;
    struct sw_rollout rollout = rollout_of(PHASED("ACTIVE", "5"));
    assert_true(rollout.percent_set.value == 20 && rollout.next_percent.value == 50);
    assert_true(rollout.is_next_estimated);
    sw_rollout_clear(&rollout);
}

static void test_trap_thirty_days_of_pause(void **state)
{
    (void)state;
    static const struct {
        const char *days;
        bool is_warned;
    } cases[] = {{"24", false}, {"25", true}, {"30", true}, {"31", true}};
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        char json[4096];
        sw_format(json, sizeof(json),
                  WITH(ONE(LIVE, HAS_PHASE("2")), PHASE("2", "\"PAUSED\"", DAY("4", "%s"))),
                  cases[i].days);
        struct sw_rollout rollout = rollout_of(json);
        assert_int_equal(strstr(rollout.note, "is not documented") != NULL, cases[i].is_warned);
        assert_true(rollout.pause_days_total.value == 30);
        sw_rollout_clear(&rollout);
    }
}

static void test_trap_a_release_takes_its_time(void **state)
{
    (void)state;
    assert_int_equal(sw_source_app_store.seen_timeout_s[SW_VERB_ADVANCE], 600);
    struct sw_source_offer offer =
        offer_on(WITH(OVER("PENDING_DEVELOPER_RELEASE"), BUILDS), SW_VERB_ADVANCE);
    assert_non_null(strstr(offer.will_not, "minutes to hours"));
    /* Requested is seen when it is on its way. */
    struct sw_rollout before = rollout_of(WITH(OVER("PENDING_DEVELOPER_RELEASE"), BUILDS));
    struct sw_rollout after = rollout_of(WITH(OVER("PROCESSING_FOR_DISTRIBUTION"), BUILDS));
    const struct sw_act act = {.verb = SW_VERB_ADVANCE, .before = &before};
    assert_false(sw_source_app_store.is_seen(&act, &before));
    assert_true(sw_source_app_store.is_seen(&act, &after));
    sw_rollout_clear(&before);
    sw_rollout_clear(&after);
}

/* ------------------------------------------------------------------ builds */

/* Two builds with number 7, of two versions: told apart, and the newer version's decides. */
static void test_trap_a_build_number_is_no_name(void **state)
{
    (void)state;
    static const char page[] =
        WITH(TEST_BUILD("2", "7", "2026-01-20T00:41:07-08:00", "\"PROCESSING\"") "," TEST_BUILD(
                 "1", "7", "2026-01-19T00:41:07-08:00", "\"VALID\""),
             TEST_WORDS("2", "4.14.0", "PROCESSING", "PROCESSING",
                        "") "," TEST_WORDS("1", "4.13.0", "IN_BETA_TESTING", "NOT_APPLICABLE", ""));
    struct asc_builds builds = {0};
    struct asc_train train = {0};
    SW_JSON json_t *json = NULL;
    assert_int_equal(sw_json_parse(page, strlen(page), NULL, &json, NULL), SW_OK);
    assert_int_equal(asc_builds_parse(json, &builds, NULL), SW_OK);
    assert_int_equal(builds.count, 2);
    assert_string_equal(builds.items[0].seen.build, "7");
    assert_string_equal(builds.items[1].seen.build, "7");
    assert_string_equal(builds.items[0].seen.version, "4.14.0");
    assert_string_equal(builds.items[1].seen.version, "4.13.0");
    asc_train_judge(&builds, &train);
    assert_string_equal(train.version, "4.14.0");
    assert_int_equal(train.state, SW_STATE_BUILDING);
    /* 4.14.0 came out: its builds are history, those of 4.13.0 are not. */
    struct asc_version live = {.class = ASC_LIVE, .version = "4.14.0"};
    const struct asc_versions versions = {.count = 1, .items = &live};
    asc_builds_keep_new(&builds, &versions);
    assert_int_equal(builds.count, 1);
    assert_string_equal(builds.items[0].seen.version, "4.13.0");
}

static void test_trap_no_crash_figure_comes_from_here(void **state)
{
    (void)state;
    assert_int_equal(sw_source_app_store.metrics, 1u << SW_METRIC_ONE_STAR_SHARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trap_a_halt_keeps_nobody_from_the_version),
        cmocka_unit_test(test_trap_no_percent_can_be_chosen),
        cmocka_unit_test(test_trap_complete_is_said_to_be_for_good),
        cmocka_unit_test(test_trap_there_is_no_roll_back),
        cmocka_unit_test(test_trap_there_is_no_watch_platform),
        cmocka_unit_test(test_trap_only_two_requests_change_anything),
        cmocka_unit_test(test_trap_another_host_of_apple_is_refused),
        cmocka_unit_test(test_trap_requests_go_one_after_another),
        cmocka_unit_test(test_trap_several_errors_show_the_first),
        cmocka_unit_test(test_trap_a_missing_agreement_has_its_own_text),
        cmocka_unit_test(test_trap_a_body_that_is_no_answer),
        cmocka_unit_test(test_trap_the_next_page_on_another_host),
        cmocka_unit_test(test_trap_named_fields_name_the_relationships),
        cmocka_unit_test(test_trap_times_come_in_three_shapes),
        cmocka_unit_test(test_trap_the_order_of_versions_is_not_promised),
        cmocka_unit_test(test_trap_null_is_as_good_as_absent),
        cmocka_unit_test(test_trap_every_word_of_both_enums),
        cmocka_unit_test(test_trap_a_word_never_seen_is_shown),
        cmocka_unit_test(test_trap_a_first_version_has_no_phased_release),
        cmocka_unit_test(test_trap_complete_beats_the_day),
        cmocka_unit_test(test_trap_day_0_is_not_started),
        cmocka_unit_test(test_trap_the_percent_is_of_automatic_updates),
        cmocka_unit_test(test_trap_the_clock_makes_no_percent),
        cmocka_unit_test(test_trap_thirty_days_of_pause),
        cmocka_unit_test(test_trap_a_release_takes_its_time),
        cmocka_unit_test(test_trap_a_build_number_is_no_name),
        cmocka_unit_test(test_trap_no_crash_figure_comes_from_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
