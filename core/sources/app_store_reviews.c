/* app_store_reviews.c: what users wrote of the version being rolled out.
 *
 * The health flow of the App Store: the share of one-star reviews within each window a gate looks
 * at, and the newest reviews with few stars. Apple's list holds WRITTEN reviews only: ratings
 * without text are not in it, so the share is not the store's rating, and the origin says so. The
 * per-version endpoint is asked, since a review itself names no version. Who wrote it is not asked
 * for.
 *
 * Newest first, at most five pages of 100 (long texts must fit a reply), and no further than the
 * longest window. Every quarter
 * of an hour; a reading stands three times as long. A version that is not out has no reviews, and
 * is not asked about.
 *
 * Source: App Store Connect API, OpenAPI document 4.4.1 (CustomerReview, "List All Customer Reviews
 * for an App Store Version"); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

#define REVIEWS_EVERY_MS (15 * SW_MINUTE_MS)
enum { PAGES_MAX = 5, LOW_MAX = 8, LOW_STARS = 2, STANDS_S = 45 * 60 };

struct count {
    int64_t n, bad;
};

struct reading {
    int64_t now_ms;
    size_t window_count;
    const int *windows_s; /* ascending */
    struct count counts[SW_WINDOWS_MAX];
    size_t low_count;
    struct sw_review_seen low[LOW_MAX];
    int64_t read; /* reviews */
    int pages;
    bool is_cut; /* more of the longest window than was read */
};

/* ----------------------------------------------------------------- parsing */

static enum sw_code review_parse(const json_t *json, struct sw_review_seen *out,
                                 struct sw_error *err)
{
    int64_t rating = 0;
    *out = (struct sw_review_seen){0};
    enum sw_code code =
        sw_json_int_range(json, "attributes.rating", SW_REQUIRED, 1, 5, &rating, err);
    if (code == SW_OK)
        code = sw_json_text(json, "attributes.title", SW_OPTIONAL, out->title, sizeof(out->title),
                            err);
    if (!asc_is_bad(code))
        code =
            sw_json_text(json, "attributes.body", SW_OPTIONAL, out->body, sizeof(out->body), err);
    if (!asc_is_bad(code))
        code = sw_json_text(json, "attributes.territory", SW_OPTIONAL, out->territory,
                            sizeof(out->territory), err);
    out->rating = (int)rating;
    out->at_ms = asc_time_of(json, "attributes.createdDate");
    return asc_is_bad(code) ? code : SW_OK;
}

static void count(struct reading *reading, const struct sw_review_seen *review)
{
    for (size_t i = 0; i < reading->window_count; i++) {
        if (review->at_ms < reading->now_ms - reading->windows_s[i] * INT64_C(1000))
            continue;
        reading->counts[i].n++;
        reading->counts[i].bad += review->rating == 1;
    }
    reading->read++;
    if (review->rating <= LOW_STARS && reading->low_count < LOW_MAX)
        reading->low[reading->low_count++] = *review;
}

static int64_t longest_s(const struct reading *reading)
{
    return reading->window_count > 0 ? reading->windows_s[reading->window_count - 1] : 0;
}

/* Enough: what follows is older than every window, or the last page that is read. */
static enum sw_code take_reviews(void *arg, const json_t *page, bool *is_enough,
                                 struct sw_error *err)
{
    struct reading *reading = arg;
    json_t *data = NULL;
    enum sw_code code = sw_json_arr(page, "data", SW_REQUIRED, &data, err);
    int64_t begin_ms = reading->now_ms - longest_s(reading) * 1000;
    bool is_past = false;
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        struct sw_review_seen review;
        code = review_parse(item, &review, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "data[%zu]", i);
        is_past = review.at_ms > 0 && review.at_ms < begin_ms;
        count(reading, &review);
    }
    if (code != SW_OK)
        return code;
    bool has_more = json_is_string(sw_json_at(page, "links.next"));
    bool is_last = ++reading->pages == PAGES_MAX;
    reading->is_cut = is_last && has_more && !is_past;
    *is_enough = is_past || is_last;
    return SW_OK;
}

/* ----------------------------------------------------------------- reading */

static enum sw_code reviews_read(struct sw_flow *flow, const char *version_id,
                                 struct reading *reading, struct sw_error *err)
{
    struct asc_listing listing = {
        .doing = "reading reviews", .pages_max = PAGES_MAX, .take = take_reviews};
    enum sw_code code =
        sw_request_init(&listing.request, &asc_operations[ASC_REVIEWS_LIST], err, version_id, NULL);
    sw_request_param(&listing.request, "sort", "-createdDate");
    sw_request_param(&listing.request, "fields[customerReviews]",
                     "rating,title,body,createdDate,territory");
    sw_request_param(&listing.request, "limit", "100");
    return code == SW_OK ? asc_list(flow, &listing, reading, err) : code;
}

static void report(struct sw_flow *flow, const struct sw_target *target,
                   const struct reading *reading)
{
    struct sw_reading out = {.metric = SW_METRIC_ONE_STAR_SHARE,
                             .side = SW_SIDE_NEW,
                             .observed_at_ms = reading->now_ms,
                             .true_for_ms = reading->now_ms,
                             .stale_after_s = STANDS_S};
    char cut[64] = "";
    if (reading->is_cut)
        sw_format(cut, sizeof(cut), ", the newest %lld only", (long long)reading->read);
    sw_format(out.origin, sizeof(out.origin),
              "written reviews of %s%s; ratings without text are not among them",
              target->rollout->version, cut);
    for (size_t i = 0; i < reading->window_count; i++) {
        const struct count *counts = &reading->counts[i];
        out.window_s = reading->windows_s[i];
        out.n = (struct sw_value){(double)counts->n, true};
        out.bad = (struct sw_value){(double)counts->bad, true};
        out.value = (struct sw_value){0};
        if (counts->n > 0)
            out.value = (struct sw_value){100.0 * (double)counts->bad / (double)counts->n, true};
        sw_flow_report_reading(flow, target, &out);
    }
    sw_flow_report_reviews(flow, target, reading->low, reading->low_count);
}

static bool is_out(enum asc_class class)
{
    return class == ASC_LIVE || class == ASC_REMOVED || class == ASC_OTHER;
}

enum sw_code asc_reviews_observe(struct sw_flow *flow, const struct sw_target *target,
                                 struct sw_error *err)
{
    struct asc_handle handle = {0};
    const struct asc_entry *entry = NULL;
    struct reading reading = {.now_ms = sw_flow_now(flow),
                              .windows_s = target->windows_s,
                              .window_count = target->window_count};
    char key[SW_LABEL_MAX];
    if (target->metric != SW_METRIC_ONE_STAR_SHARE)
        return sw_fail(err, SW_E_UNSUPPORTED, "the App Store has no %s",
                       sw_metric_title(target->metric));
    if (target->rollout && asc_handle_read(target->rollout->handle, asc_bundle_of(target), &handle))
        entry = asc_handle_find(&handle, target->rollout->identity);
    if (!entry && handle.app_id[0] && !target->rollout->identity[0])
        return SW_OK; /* no version in the store yet */
    if (!entry)
        return sw_fail(err, SW_E_STALE,
                       "%s: its store has not told a version of %s, so its reviews were not asked "
                       "for",
                       target->platform_id, asc_bundle_of(target));
    sw_format(key, sizeof(key), "reviews %zu %s", target->platform, entry->id);
    int64_t last_ms = sw_flow_last(flow, key), age_ms = reading.now_ms - last_ms;
    if (last_ms > 0 && age_ms >= 0 && age_ms < REVIEWS_EVERY_MS)
        return SW_OK;
    enum sw_code code = is_out(entry->class) ? reviews_read(flow, entry->id, &reading, err) : SW_OK;
    if (code != SW_OK)
        return code;
    report(flow, target, &reading);
    if (is_out(entry->class))
        sw_flow_set_last(flow, key);
    return SW_OK;
}
