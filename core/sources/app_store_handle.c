/* app_store_handle.c: what is carried from one reading to the next. Pure.
 *
 * The handle is a small JSON document kept with the rollout: the ids that verbs address, the phase
 * of each version in flight, what was watched of its pauses, and what is read less often than the
 * versions (sale, builds). It lives in the cache file too, so a reader checks everything.
 *
 * Watching pauses: Apple gives `totalPauseDuration` in whole days. Hours are known only of a pause
 * that readings of ours enclose: it begins between the last reading that showed ACTIVE and the
 * first that showed PAUSED. Where readings lie more than an hour apart, or the day number moved,
 * it may have been resumed in between, and the watching starts anew. */
#include "sources/app_store.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

#define WATCH_GAP_MS SW_HOUR_MS
/* Later than any time there is, and far from what overflows in a sum. */
#define TIME_MAX_MS INT64_C(100000000000000)

/* ----------------------------------------------------------------- writing */

static json_t *entry_json(const struct asc_version *v)
{
    const struct asc_pause *pause = &v->pause;
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", v->id, "state", v->word, "phase_id",
                  v->phase_id, "phase", v->phase_word, "paused_ms", (json_int_t)pause->sum_ms);
    if (v->day.is_known)
        json_object_set_new(json, "day", json_integer((json_int_t)v->day.value));
    if (pause->since_ms > 0) {
        json_object_set_new(json, "paused_at", json_integer(pause->since_ms));
        json_object_set_new(json, "begin_seen", json_boolean(pause->is_begin_seen));
    }
    if (pause->before.is_known)
        json_object_set_new(json, "before", json_integer((json_int_t)pause->before.value));
    return json;
}

static json_t *beside_json(const struct asc_beside *beside)
{
    const struct asc_train *train = &beside->train;
    return json_pack("{s:I, s:i, s:I, s:s, s:s, s:s, s:s}", "sale_at",
                     (json_int_t)beside->sale.at_ms, "sale", (int)beside->sale.state, "train_at",
                     (json_int_t)train->at_ms, "version", train->version, "build", train->build,
                     "word", train->word, "state", sw_state_name(train->state));
}

char *asc_handle_write(const char *bundle_id, const char *app_id,
                       const struct asc_versions *versions, const struct asc_beside *beside)
{
    json_t *entries = json_array();
    for (size_t i = 0; i < versions->count && json_array_size(entries) < ASC_ENTRIES_MAX; i++)
        if (versions->items[i].class != ASC_OLD)
            json_array_append_new(entries, entry_json(&versions->items[i]));
    SW_JSON json_t *json =
        json_pack("{s:i, s:s, s:s, s:o, s:o}", "v", 1, "bundle", bundle_id, "app", app_id,
                  "versions", entries, "beside", beside_json(beside));
    struct sw_buf buf;
    sw_buf_init(&buf, 16384);
    char *text = NULL;
    if (json && sw_json_write(json, &buf, SW_JSON_COMPACT, NULL) == SW_OK)
        text = sw_buf_take(&buf);
    sw_buf_clear(&buf);
    return text;
}

/* ----------------------------------------------------------------- reading */

static int64_t int_of(const json_t *json, const char *path, int64_t min, int64_t max,
                      int64_t absent)
{
    int64_t number = absent;
    return sw_json_int_range(json, path, SW_OPTIONAL, min, max, &number, NULL) == SW_OK ? number
                                                                                        : absent;
}

static void pause_read(const json_t *json, struct asc_pause *out)
{
    int64_t before = int_of(json, "before", 0, 100000, -1);
    *out = (struct asc_pause){.since_ms = int_of(json, "paused_at", 0, TIME_MAX_MS, 0),
                              .sum_ms = int_of(json, "paused_ms", -1, TIME_MAX_MS, -1),
                              .before = {(double)before, before >= 0}};
    sw_ignore(sw_json_bool(json, "begin_seen", SW_OPTIONAL, &out->is_begin_seen, NULL));
}

static bool entry_read(const json_t *json, struct asc_entry *out)
{
    const char *id = NULL, *state = NULL, *phase_id = NULL, *phase = NULL;
    if (sw_json_str(json, "id", SW_REQUIRED, &id, NULL) != SW_OK || !asc_is_id(id) ||
        sw_json_str(json, "state", SW_REQUIRED, &state, NULL) != SW_OK ||
        sw_json_str(json, "phase_id", SW_REQUIRED, &phase_id, NULL) != SW_OK ||
        sw_json_str(json, "phase", SW_REQUIRED, &phase, NULL) != SW_OK ||
        (phase_id[0] && !asc_is_id(phase_id)))
        return false;
    sw_copy(out->id, sizeof(out->id), id);
    sw_copy(out->phase_id, sizeof(out->phase_id), phase_id);
    out->class = asc_class_of(state);
    out->phase = phase_id[0] ? asc_phase_of(phase) : ASC_PHASE_NONE;
    out->day = (int)int_of(json, "day", 0, 100000, 0);
    pause_read(json, &out->pause);
    return true;
}

/* Whatever is damaged here counts as never read. */
static void beside_read(const json_t *json, struct asc_beside *out)
{
    struct asc_train *train = &out->train;
    const char *state = "";
    out->sale.at_ms = int_of(json, "sale_at", 0, TIME_MAX_MS, 0);
    out->sale.state = (enum asc_sale_state)int_of(json, "sale", 0, ASC_SALE_LEAVING, 0);
    train->at_ms = int_of(json, "train_at", 0, TIME_MAX_MS, 0);
    if (asc_is_bad(sw_json_text(json, "version", SW_OPTIONAL, train->version,
                                sizeof(train->version), NULL)) ||
        asc_is_bad(
            sw_json_text(json, "build", SW_OPTIONAL, train->build, sizeof(train->build), NULL)) ||
        asc_is_bad(
            sw_json_text(json, "word", SW_OPTIONAL, train->word, sizeof(train->word), NULL)) ||
        asc_is_bad(sw_json_str(json, "state", SW_OPTIONAL, &state, NULL)))
        *train = (struct asc_train){0};
    else
        train->state = sw_state_parse(state);
}

bool asc_handle_read(const char *handle, const char *bundle_id, struct asc_handle *out)
{
    *out = (struct asc_handle){0};
    SW_JSON json_t *json = NULL;
    if (!handle || sw_json_parse(handle, strlen(handle), NULL, &json, NULL) != SW_OK)
        return false;
    int64_t version = 0;
    const char *bundle = NULL, *app = NULL;
    json_t *entries = NULL, *beside = NULL;
    if (sw_json_int(json, "v", SW_REQUIRED, &version, NULL) != SW_OK || version != 1 ||
        sw_json_str(json, "bundle", SW_REQUIRED, &bundle, NULL) != SW_OK ||
        (bundle_id && strcmp(bundle, bundle_id) != 0) ||
        sw_json_str(json, "app", SW_REQUIRED, &app, NULL) != SW_OK || !asc_is_id(app) ||
        sw_json_arr(json, "versions", SW_REQUIRED, &entries, NULL) != SW_OK ||
        json_array_size(entries) > ASC_ENTRIES_MAX)
        return false;
    size_t i;
    const json_t *item;
    json_array_foreach(entries, i, item)
    {
        if (!entry_read(item, &out->entries[i])) {
            *out = (struct asc_handle){0};
            return false;
        }
        out->count++;
    }
    if (sw_json_obj(json, "beside", SW_OPTIONAL, &beside, NULL) == SW_OK)
        beside_read(beside, &out->beside);
    sw_copy(out->app_id, sizeof(out->app_id), app);
    return true;
}

const struct asc_entry *asc_handle_find(const struct asc_handle *handle, const char *version_id)
{
    for (size_t i = 0; version_id[0] && i < handle->count; i++)
        if (strcmp(handle->entries[i].id, version_id) == 0)
            return &handle->entries[i];
    return NULL;
}

/* ---------------------------------------------------------------- watching */

static void watch(struct asc_version *v, const struct asc_entry *was, int64_t now_ms)
{
    struct asc_pause *pause = &v->pause;
    int day = v->day.is_known ? (int)v->day.value : 0;
    bool was_paused = was && was->phase == ASC_PHASE_PAUSED && was->pause.since_ms > 0;
    bool was_running = was && was->phase == ASC_PHASE_ACTIVE;
    if (was)
        pause->sum_ms = was->pause.sum_ms;
    else if (v->pause_days.is_known && v->pause_days.value > 0)
        pause->sum_ms = -1;
    if (v->phase == ASC_PHASE_PAUSED && was_paused && was->day == day) {
        *pause = was->pause;
    } else if (v->phase == ASC_PHASE_PAUSED) {
        pause->since_ms = now_ms;
        pause->is_begin_seen = was_running;
        pause->before = v->pause_days;
    } else if (was_paused && pause->sum_ms >= 0) {
        bool is_whole = was->pause.is_begin_seen && v->phase == ASC_PHASE_ACTIVE;
        pause->sum_ms = is_whole ? pause->sum_ms + now_ms - was->pause.since_ms : -1;
    }
}

void asc_watch(struct asc_versions *versions, const struct asc_handle *last,
               const struct sw_rollout *before, int64_t now_ms)
{
    int64_t gap_ms = before ? now_ms - before->observed_at_ms : 0;
    bool is_watched = before && gap_ms >= 0 && gap_ms <= WATCH_GAP_MS;
    for (size_t i = 0; i < versions->count; i++) {
        struct asc_version *v = &versions->items[i];
        const struct asc_entry *was = is_watched ? asc_handle_find(last, v->id) : NULL;
        if (was && strcmp(was->phase_id, v->phase_id) != 0)
            was = NULL;
        watch(v, was, now_ms);
    }
}
