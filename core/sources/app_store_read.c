/* app_store_read.c: the poll.
 *
 * A poll is one request: all versions of the app with their builds and phased releases (and a
 * look-up of the app's id, once). Apple promises no order and has no filter for "the live one and
 * the next", so all pages are read and sorted here; a version without a phased release in the list,
 * but with a link to one, is asked for alone. Beside them, less often, whether the app is on sale
 * (app_store_sale.c) and what testers have (app_store_builds.c): what was read last is carried in
 * the handle, and their failure never keeps the versions from being reported. A re-read before a
 * verb reads the versions alone.
 *
 * The health flow reads reviews (app_store_reviews.c). */
#include "sources/app_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

enum { PAGES_MAX = 20 };

/* --------------------------------------------------------------------- poll */

const char *asc_bundle_of(const struct sw_target *target)
{
    return sw_node_str(target->options, "bundle_id");
}

/* The app with exactly this bundle id; the filter alone is not trusted. */
static enum sw_code app_look_up(struct sw_flow *flow, const char *bundle_id,
                                char app_id[ASC_ID_MAX], struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *json = NULL;
    json_t *data = NULL;
    char doing[160];
    sw_format(doing, sizeof(doing), "looking for the app %s", bundle_id);
    enum sw_code code = sw_request_init(&request, &asc_operations[ASC_APPS_LIST], err, NULL);
    sw_request_param(&request, "filter[bundleId]", bundle_id);
    sw_request_param(&request, "fields[apps]", "name,bundleId");
    sw_request_param(&request, "limit", "2");
    if (code == SW_OK)
        code = asc_exchange(flow, &request, doing, &json, err);
    if (code == SW_OK)
        code = sw_json_arr(json, "data", SW_REQUIRED, &data, err);
    if (code != SW_OK)
        return code;
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        const char *id = NULL, *found = NULL;
        if (sw_json_str(item, "attributes.bundleId", SW_REQUIRED, &found, NULL) == SW_OK &&
            strcmp(found, bundle_id) == 0 &&
            sw_json_str(item, "id", SW_REQUIRED, &id, NULL) == SW_OK && asc_is_id(id)) {
            sw_copy(app_id, ASC_ID_MAX, id);
            return SW_OK;
        }
    }
    return sw_fail(err, SW_E_NOT_FOUND, "no app has the bundle id %s, or this key may not see it",
                   bundle_id);
}

static enum sw_code take_versions(void *arg, const json_t *page, bool *is_enough,
                                  struct sw_error *err)
{
    (void)is_enough; /* Apple promises no order: all pages count */
    return asc_versions_parse(page, arg, err);
}

static enum sw_code versions_read(struct sw_flow *flow, const struct sw_target *target,
                                  const char *app_id, struct asc_versions *versions,
                                  struct sw_error *err)
{
    char doing[160];
    struct asc_listing listing = {.doing = doing, .pages_max = PAGES_MAX, .take = take_versions};
    struct sw_request *request = &listing.request;
    asc_versions_clear(versions);
    sw_format(doing, sizeof(doing), "reading the versions of %s", asc_bundle_of(target));
    enum sw_code code =
        sw_request_init(request, &asc_operations[ASC_VERSIONS_LIST], err, app_id, NULL);
    if (code != SW_OK)
        return code;
    sw_request_param(request, "filter[platform]", sw_node_str(target->options, "platform"));
    sw_request_param(request, "include", "build,appStoreVersionPhasedRelease");
    /* Naming fields drops the relationships that are not named. */
    sw_request_param(request, "fields[appStoreVersions]",
                     "platform,versionString,appVersionState,appStoreState,reviewType,releaseType,"
                     "earliestReleaseDate,createdDate,build,appStoreVersionPhasedRelease");
    sw_request_param(request, "fields[builds]", "version");
    sw_request_param(request, "fields[appStoreVersionPhasedReleases]",
                     "phasedReleaseState,startDate,totalPauseDuration,currentDayNumber");
    sw_request_param(request, "limit", "200");
    return asc_list(flow, &listing, versions, err);
}

/* Where the list left open whether a version has a phased release, and it matters. */
static enum sw_code phases_complete(struct sw_flow *flow, struct asc_versions *versions,
                                    struct sw_error *err)
{
    int asked = 0;
    for (size_t i = 0; i < versions->count && asked < 2; i++) {
        struct asc_version *v = &versions->items[i];
        bool matters =
            v->class == ASC_LIVE || v->class == ASC_PROCESSING || v->class == ASC_RELEASABLE;
        if (v->phase != ASC_PHASE_UNREAD || !matters)
            continue;
        enum sw_code code = asc_phase_get(flow, v->id, v, err);
        if (code != SW_OK)
            return code;
        asked++;
    }
    return SW_OK;
}

static void report(struct sw_flow *flow, const struct sw_target *target, const char *app_id,
                   const struct asc_versions *versions, const struct asc_beside *beside)
{
    struct sw_rollout rollout = {.observed_at_ms = sw_flow_now(flow),
                                 .true_for_ms = sw_flow_now(flow)};
    asc_judge(versions, beside, target->rollout, sw_flow_now(flow), &rollout);
    sw_format(rollout.place, sizeof(rollout.place), "App Store, %% of automatic updates");
    rollout.handle = asc_handle_write(asc_bundle_of(target), app_id, versions, beside);
    sw_flow_report_rollout(flow, target, &rollout);
    sw_rollout_clear(&rollout);
}

/* The app's id: configured, known from last time, or looked up. */
static enum sw_code app_id_get(struct sw_flow *flow, const struct sw_target *target,
                               const struct asc_handle *last, char app_id[ASC_ID_MAX],
                               bool *is_remembered, struct sw_error *err)
{
    const char *configured = sw_node_str(target->options, "app_id");
    *is_remembered = false;
    if (configured && configured[0]) {
        if (!asc_is_id(configured))
            return sw_fail(err, SW_E_CONFIG, "app_id \"%s\" is no app id", configured);
        sw_copy(app_id, ASC_ID_MAX, configured);
        return SW_OK;
    }
    if (last->app_id[0]) {
        sw_copy(app_id, ASC_ID_MAX, last->app_id);
        *is_remembered = true;
        return SW_OK;
    }
    return app_look_up(flow, asc_bundle_of(target), app_id, err);
}

/* Sale first: it decides what the state means. Neither keeps the other from being read, unless
 * Apple asked for a pause or this flow was told to end. */
static enum sw_code beside_read(struct sw_flow *flow, const struct sw_target *target,
                                const char *app_id, const struct asc_versions *versions,
                                struct asc_beside *beside, struct sw_error *err)
{
    struct sw_error later = {0};
    if (sw_flow_is_action(flow))
        return SW_OK;
    enum sw_code code = asc_sale_read(flow, app_id, versions, &beside->sale, err);
    if (code == SW_E_QUOTA || code == SW_E_CANCELLED)
        return code;
    enum sw_code builds = asc_builds_read(flow, target, app_id, versions, &beside->train, &later);
    if (code == SW_OK && builds != SW_OK && err)
        *err = later;
    return code != SW_OK ? code : builds;
}

static enum sw_code target_read(struct sw_flow *flow, const struct sw_target *target,
                                struct sw_error *err)
{
    struct asc_versions versions = {0};
    struct asc_handle last = {0};
    char app_id[ASC_ID_MAX];
    bool is_remembered = false;
    if (target->rollout)
        asc_handle_read(target->rollout->handle, asc_bundle_of(target), &last);
    enum sw_code code = app_id_get(flow, target, &last, app_id, &is_remembered, err);
    if (code == SW_OK)
        code = versions_read(flow, target, app_id, &versions, err);
    if (code == SW_E_NOT_FOUND && is_remembered) {
        last.beside = (struct asc_beside){0}; /* it was another app's */
        code = app_look_up(flow, asc_bundle_of(target), app_id, err);
        if (code == SW_OK)
            code = versions_read(flow, target, app_id, &versions, err);
    }
    asc_versions_sort(&versions);
    if (code == SW_OK)
        code = phases_complete(flow, &versions, err);
    if (code == SW_OK) {
        code = beside_read(flow, target, app_id, &versions, &last.beside, err);
        asc_sale_apply(&last.beside.sale, &versions);
        asc_watch(&versions, &last, target->rollout, sw_flow_now(flow));
        report(flow, target, app_id, &versions, &last.beside);
    }
    asc_versions_clear(&versions);
    return code;
}

enum sw_code asc_observe(struct sw_flow *flow, struct sw_error *err)
{
    enum sw_code first = SW_OK;
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        struct sw_error own = {0};
        const struct sw_target *target = sw_flow_target(flow, i);
        enum sw_code code = target->role == SW_ROLE_HEALTH ? asc_reviews_observe(flow, target, &own)
                                                           : target_read(flow, target, &own);
        if (code == SW_OK || first != SW_OK)
            continue;
        first = code;
        if (err)
            *err = own;
    }
    return first;
}
