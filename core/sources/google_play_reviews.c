/* google_play_reviews.c: the share of one-star reviews of a version, and what the newest ones say.
 *
 * One list of the package's reviews, newest first, read page by page to the beginning of the longest
 * window, gives every target: reviews are counted by the version code they were written for. Read
 * every reviews_interval, since an app has 200 such requests an hour for everybody together.
 *
 * Guarantee: a share is only given for a window that was read to its beginning. The store keeps
 * seven days, so a longer window has no value and its origin says why. These are WRITTEN reviews of
 * production: stars without text are not among them, so this is not the store's rating. A review
 * without version code or stars counts for nobody. Authors' names are not read.
 *
 * Sources: Google "Reply to Reviews" (seven days, production, with text; newest first), its "Quota
 * request" form (200 GET an hour for each app); Android Publisher v3 discovery document, revision
 * 20260416 (Review, UserComment: a tab between title and body, TokenPagination); read 2026-01. */
#include "sources/google_play.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

/* What sw_flow_last remembers of a package. */
#define REVIEWS_KEY "reviews %s"

enum {
    PAGES_MAX = 40,     /* 4 reads an hour of 40 pages: 160 of the 200 */
    REVIEWS_MAX = 4000, /* 100 asked for on a page; how many Google gives at most is not documented */
    TOKEN_MAX = 512,
    SHOWN_MAX = 8, /* with few stars */
    FEW_STARS = 2,
    KEPT_S = 7 * 24 * 3600,
};

/* One review, its user's newest words. */
struct review {
    char id[SW_LABEL_MAX];
    int64_t version_code; /* 0: not told */
    int stars;            /* 1..5; 0: not told */
    struct sw_review_seen seen;
};

struct harvest {
    struct review *reviews; /* newest first */
    size_t count;
    int64_t complete_from_ms; /* everything modified since then was read */
    char tokens[PAGES_MAX][TOKEN_MAX];
    size_t token_count;
};

/* ----------------------------------------------------------------- reading */

static bool is_bad(enum sw_code code)
{
    return code != SW_OK && code != SW_E_NOT_FOUND;
}

/* `seconds` is an int64, so a string in Google's JSON. */
static enum sw_code time_parse(const json_t *comment, int64_t *out_ms, struct sw_error *err)
{
    int64_t seconds = 0;
    enum sw_code code =
        sw_json_int_lenient(comment, "lastModified.seconds", SW_OPTIONAL, &seconds, err);
    if (is_bad(code))
        return code;
    if (code == SW_OK && (seconds < 0 || seconds > INT64_MAX / SW_SECOND_MS))
        return sw_fail(err, SW_E_PARSE, "lastModified.seconds %" PRId64 " is no time", seconds);
    *out_ms = seconds * SW_SECOND_MS;
    return SW_OK;
}

/* "Title\tBody"; without a tab all of it is the body. */
static void text_split(const char *text, struct sw_review_seen *out)
{
    const char *tab = strchr(text, '\t');
    if (tab)
        sw_text_clean(text, (size_t)(tab - text), out->title, sizeof(out->title));
    sw_text_clean_copy(out->body, sizeof(out->body), tab ? tab + 1 : text);
}

static enum sw_code comment_parse(const json_t *comment, struct review *out, struct sw_error *err)
{
    int64_t stars = 0;
    const char *text = "";
    enum sw_code code =
        sw_json_int_lenient(comment, "appVersionCode", SW_OPTIONAL, &out->version_code, err);
    if (!is_bad(code))
        code = sw_json_int_lenient(comment, "starRating", SW_OPTIONAL, &stars, err);
    if (!is_bad(code))
        code = time_parse(comment, &out->seen.at_ms, err);
    if (!is_bad(code))
        code = sw_json_str(comment, "text", SW_OPTIONAL, &text, err);
    if (!is_bad(code))
        code = sw_json_text(comment, "reviewerLanguage", SW_OPTIONAL, out->seen.territory,
                            sizeof(out->seen.territory), err);
    if (is_bad(code))
        return code;
    out->stars = out->seen.rating = stars >= 1 && stars <= 5 ? (int)stars : 0;
    text_split(text, &out->seen);
    return SW_OK;
}

/* Replies of the developer stand beside what the user wrote. */
static enum sw_code review_parse(const json_t *json, struct review *out, struct sw_error *err)
{
    json_t *comments = NULL, *comment = NULL;
    *out = (struct review){0};
    enum sw_code code = sw_json_text(json, "reviewId", SW_OPTIONAL, out->id, sizeof(out->id), err);
    if (!is_bad(code))
        code = sw_json_arr(json, "comments", SW_OPTIONAL, &comments, err);
    if (is_bad(code))
        return code;
    size_t i;
    const json_t *item;
    json_array_foreach(comments, i, item)
    {
        if (sw_json_obj(item, "userComment", SW_OPTIONAL, &comment, NULL) == SW_OK) {
            code = comment_parse(comment, out, err);
            return code == SW_OK ? SW_OK : sw_error_prefix(err, "comments[%zu].userComment", i);
        }
    }
    return SW_OK;
}

/* A review that is written anew while the pages are read comes twice. */
static bool is_known(const struct harvest *harvest, const char *id)
{
    for (size_t i = 0; id[0] && i < harvest->count; i++)
        if (strcmp(harvest->reviews[i].id, id) == 0)
            return true;
    return false;
}

/* One page. *oldest_ms: the oldest time on it; 0: it tells none. */
static enum sw_code page_parse(const json_t *json, struct harvest *harvest, int64_t *oldest_ms,
                               struct sw_error *err)
{
    json_t *reviews = NULL;
    enum sw_code code = sw_json_arr(json, "reviews", SW_OPTIONAL, &reviews, err);
    if (is_bad(code))
        return code;
    size_t i;
    const json_t *item;
    *oldest_ms = 0;
    json_array_foreach(reviews, i, item)
    {
        struct review *review = &harvest->reviews[harvest->count];
        if (harvest->count == REVIEWS_MAX)
            return sw_fail(err, SW_E_LIMIT, "more than %d reviews", REVIEWS_MAX);
        code = review_parse(item, review, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "reviews[%zu]", i);
        int64_t at_ms = review->seen.at_ms;
        if (at_ms > 0 && (*oldest_ms == 0 || at_ms < *oldest_ms))
            *oldest_ms = at_ms;
        if (!is_known(harvest, review->id))
            harvest->count++;
    }
    return SW_OK;
}

/* The next page's token into harvest; *has_next false: there is none. */
static enum sw_code token_take(const json_t *json, struct harvest *harvest, bool *has_next,
                               struct sw_error *err)
{
    const char *token = NULL;
    enum sw_code code =
        sw_json_str(json, "tokenPagination.nextPageToken", SW_OPTIONAL, &token, err);
    *has_next = code == SW_OK && token[0];
    if (!*has_next)
        return is_bad(code) ? code : SW_OK;
    if (strlen(token) >= TOKEN_MAX)
        return sw_fail(err, SW_E_LIMIT, "a page token of %zu bytes", strlen(token));
    for (size_t i = 0; i < harvest->token_count; i++)
        if (strcmp(harvest->tokens[i], token) == 0)
            return sw_fail(err, SW_E_PARSE, "the pages go round: page %zu names page %zu as next",
                           harvest->token_count + 1, i + 2);
    if (harvest->token_count < PAGES_MAX)
        sw_copy(harvest->tokens[harvest->token_count++], TOKEN_MAX, token);
    return SW_OK;
}

static enum sw_code page_read(struct sw_flow *flow, const char *package, const char *token,
                              json_t **out, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    char doing[160];
    sw_format(doing, sizeof(doing), "reading the reviews of %s", package);
    enum sw_code code =
        sw_request_init(&request, &gplay_operations[GPLAY_REVIEWS_LIST], err, package, NULL);
    if (code != SW_OK)
        return code;
    sw_request_param(&request, "maxResults", "100");
    if (token)
        sw_request_param(&request, "token", token);
    code = gplay_exchange(flow, &request, doing, &reply, NULL, err);
    if (code == SW_OK)
        code = sw_reply_json(&reply, out, err);
    sw_reply_clear(&reply);
    return code;
}

static enum sw_code harvest_read(struct sw_flow *flow, const char *package, int64_t from_ms,
                                 struct harvest *harvest, struct sw_error *err)
{
    bool has_next = true;
    harvest->complete_from_ms = from_ms;
    for (size_t page = 0; page < PAGES_MAX && has_next; page++) {
        SW_JSON json_t *json = NULL;
        int64_t oldest_ms = 0;
        const char *token = page > 0 ? harvest->tokens[harvest->token_count - 1] : NULL;
        enum sw_code code = page_read(flow, package, token, &json, err);
        if (code != SW_OK)
            return code;
        code = page_parse(json, harvest, &oldest_ms, err);
        if (code == SW_OK)
            code = token_take(json, harvest, &has_next, err);
        if (code != SW_OK)
            return sw_error_prefix(err, "reading the reviews of %s, page %zu", package, page + 1);
        if (oldest_ms > 0 && oldest_ms < from_ms)
            has_next = false; /* newest first: what follows is older still */
        else if (oldest_ms > 0)
            harvest->complete_from_ms = oldest_ms + SW_SECOND_MS;
    }
    if (!has_next)
        harvest->complete_from_ms = from_ms; /* the list has ended */
    return SW_OK;
}

/* ------------------------------------------------------------------ report */

static void report_side(struct sw_flow *flow, const struct sw_target *target,
                        const struct harvest *harvest, enum sw_side side, int window_s)
{
    const char *build =
        side == SW_SIDE_NEW ? target->rollout->build : target->rollout->previous_build;
    int64_t code = gplay_code(build), now = sw_flow_now(flow);
    int64_t from_ms = now - window_s * SW_SECOND_MS;
    struct sw_reading reading = {
        .metric = SW_METRIC_ONE_STAR_SHARE,
        .side = side,
        .window_s = window_s,
        .observed_at_ms = now,
        .true_for_ms = now,
        .stale_after_s = 2 * (int)sw_node_int(sw_flow_account(flow), "reviews_interval")};
    double n = 0, bad = 0;
    if (code == 0)
        return;
    sw_format(reading.origin, sizeof(reading.origin),
              "written reviews of version code %s (no bare stars)", build);
    for (size_t i = 0; i < harvest->count; i++) {
        const struct review *review = &harvest->reviews[i];
        bool is_counted =
            review->version_code == code && review->stars > 0 && review->seen.at_ms >= from_ms;
        n += is_counted;
        bad += is_counted && review->stars == 1;
    }
    if (window_s > KEPT_S) {
        sw_copy(reading.origin, sizeof(reading.origin),
                "written reviews: Play gives those of 7 days, the gate's window is longer");
    } else if (harvest->complete_from_ms > from_ms) {
        sw_copy(reading.origin, sizeof(reading.origin),
                "written reviews: more in this window than are read");
    } else {
        reading.n = (struct sw_value){n, true};
        reading.bad = (struct sw_value){bad, true};
        reading.value = n > 0 ? (struct sw_value){100 * bad / n, true} : (struct sw_value){0};
    }
    sw_flow_report_reading(flow, target, &reading);
}

static void report_few_stars(struct sw_flow *flow, const struct sw_target *target,
                             const struct harvest *harvest)
{
    struct sw_review_seen shown[SHOWN_MAX];
    size_t count = 0;
    int64_t code = gplay_code(target->rollout->build);
    for (size_t i = 0; i < harvest->count && count < SHOWN_MAX; i++) {
        const struct review *review = &harvest->reviews[i];
        if (review->version_code == code && review->stars > 0 && review->stars <= FEW_STARS)
            shown[count++] = review->seen;
    }
    sw_flow_report_reviews(flow, target, shown, count);
}

static int compare_age(const void *a, const void *b)
{
    int64_t x = ((const struct review *)a)->seen.at_ms, y = ((const struct review *)b)->seen.at_ms;
    return (x < y) - (x > y);
}

static bool has_code(const struct sw_target *target)
{
    return target->rollout && gplay_code(target->rollout->build) > 0;
}

static void report_all(struct sw_flow *flow, struct harvest *harvest)
{
    if (harvest->count > 0)
        qsort(harvest->reviews, harvest->count, sizeof(harvest->reviews[0]), compare_age);
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        const struct sw_target *target = sw_flow_target(flow, i);
        if (!has_code(target))
            continue;
        for (size_t k = 0; k < target->window_count; k++) {
            report_side(flow, target, harvest, SW_SIDE_NEW, target->windows_s[k]);
            report_side(flow, target, harvest, SW_SIDE_OLD, target->windows_s[k]);
        }
        report_few_stars(flow, target, harvest);
    }
}

/* -------------------------------------------------------------------- poll */

/* Where the longest window that can be read begins. A version code that is known for the first time
 * calls for a reading, too. key: what was read of which version codes. */
static int64_t plan_reading(const struct sw_flow *flow, char *key, size_t size,
                            const struct sw_target **missing)
{
    int longest_s = 3600;
    sw_format(key, size, REVIEWS_KEY, gplay_package(sw_flow_target(flow, 0)));
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        const struct sw_target *target = sw_flow_target(flow, i);
        size_t len = strlen(key);
        if (!has_code(target)) {
            *missing = target;
            continue;
        }
        sw_format(key + len, size - len, " %s", target->rollout->build);
        for (size_t k = 0; k < target->window_count; k++)
            if (target->windows_s[k] > longest_s && target->windows_s[k] <= KEPT_S)
                longest_s = target->windows_s[k];
    }
    return sw_flow_now(flow) - longest_s * SW_SECOND_MS;
}

static bool is_due(const struct sw_flow *flow, const char *key)
{
    int64_t last_ms = sw_flow_last(flow, key), now = sw_flow_now(flow);
    int64_t interval_ms =
        sw_node_int(sw_flow_account(flow), "reviews_interval") * SW_SECOND_MS;
    return last_ms == 0 || now < last_ms || now - last_ms >= interval_ms;
}

static bool has_any_code(const struct sw_flow *flow)
{
    for (size_t i = 0; i < sw_flow_target_count(flow); i++)
        if (has_code(sw_flow_target(flow, i)))
            return true;
    return false;
}

enum sw_code gplay_reviews_observe(struct sw_flow *flow, struct sw_error *err)
{
    const struct sw_target *missing = NULL;
    char key[SW_LABEL_MAX]; /* as long as sw_flow_last remembers: cut, it is still one key */
    int64_t from_ms = plan_reading(flow, key, sizeof(key), &missing);
    enum sw_code code = SW_OK;
    if (has_any_code(flow) && is_due(flow, key)) {
        struct harvest *harvest = sw_xcalloc(1, sizeof(*harvest));
        harvest->reviews = sw_xcalloc(REVIEWS_MAX, sizeof(harvest->reviews[0]));
        code = harvest_read(flow, gplay_package(sw_flow_target(flow, 0)), from_ms, harvest, err);
        if (code == SW_OK) {
            sw_flow_set_last(flow, key);
            report_all(flow, harvest);
        }
        free(harvest->reviews);
        free(harvest);
    }
    if (code == SW_OK && missing)
        code = sw_fail(err, SW_E_STALE,
                       "%s: its store has not told a version code, so no reviews were counted",
                       missing->platform_id);
    return code;
}
