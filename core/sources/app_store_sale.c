/* app_store_sale.c: is the app on sale anywhere?
 *
 * `appVersionState` of a version that was removed from sale stays READY_FOR_DISTRIBUTION, so a
 * removal shows only in the territories: none is available, and content statuses hold CANNOT_SELL.
 * A removal takes hours; while it is under way, statuses hold PROCESSING_TO_NOT_AVAILABLE. None
 * available for other reasons (a missing rating, a tax id) is left unjudged: their words say what
 * is missing, not that somebody removed the app.
 *
 * Two requests (three above 200 territories), every half hour while a version is live and every
 * five minutes while it is not on sale. A key that may not read it leaves it unknown.
 *
 * Sources: App Store Connect API, OpenAPI document 4.4.1 (AppAvailabilityV2, TerritoryAvailability,
 * contentStatuses); tramlinehq/tramline d39a128; App Store Connect Help, "Release a version update
 * in phases" (removal ends the phased release); read 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

enum { PAGES_MAX = 3, OPAQUE_ID_MAX = 160 };
#define SALE_EVERY_MS     (30 * SW_MINUTE_MS)
#define OFF_SALE_EVERY_MS (5 * SW_MINUTE_MS)

static bool has_live(const struct asc_versions *versions)
{
    for (size_t i = 0; i < versions->count; i++)
        if (versions->items[i].class == ASC_LIVE)
            return true;
    return false;
}

void asc_sale_apply(const struct asc_sale *sale, struct asc_versions *versions)
{
    for (size_t i = 0; sale->state == ASC_SALE_OFF && i < versions->count; i++) {
        struct asc_version *v = &versions->items[i];
        v->is_off_sale = v->class == ASC_LIVE;
        if (v->is_off_sale)
            v->class = ASC_REMOVED;
    }
}

/* ----------------------------------------------------------------- parsing */

static void count_status(const char *status, struct asc_territories *out)
{
    out->cannot_sell += strcmp(status, "CANNOT_SELL") == 0;
    out->leaving += strcmp(status, "PROCESSING_TO_NOT_AVAILABLE") == 0;
}

enum sw_code asc_territories_parse(const json_t *page, struct asc_territories *out,
                                   struct sw_error *err)
{
    json_t *data = NULL;
    enum sw_code code = sw_json_arr(page, "data", SW_REQUIRED, &data, err);
    size_t i;
    const json_t *item;
    json_array_foreach(data, i, item)
    {
        json_t *statuses = NULL;
        bool is_available = false;
        code = sw_json_bool(item, "attributes.available", SW_REQUIRED, &is_available, err);
        if (code == SW_OK)
            code = sw_json_arr(item, "attributes.contentStatuses", SW_OPTIONAL, &statuses, err);
        if (asc_is_bad(code))
            return sw_error_prefix(err, "data[%zu]", i);
        out->total++;
        out->available += is_available;
        size_t k;
        const json_t *status;
        json_array_foreach(statuses, k, status) if (json_is_string(status))
            count_status(json_string_value(status), out);
    }
    return asc_is_bad(code) ? code : SW_OK;
}

enum asc_sale_state asc_sale_judge(const struct asc_territories *territories)
{
    if (territories->available > 0)
        return ASC_SALE_ON;
    if (territories->leaving > 0)
        return ASC_SALE_LEAVING;
    return territories->cannot_sell > 0 ? ASC_SALE_OFF : ASC_SALE_UNKNOWN;
}

/* ----------------------------------------------------------------- reading */

static enum sw_code take_territories(void *arg, const json_t *page, bool *is_enough,
                                     struct sw_error *err)
{
    struct asc_territories *territories = arg;
    enum sw_code code = asc_territories_parse(page, territories, err);
    *is_enough = territories->available > 0; /* on sale in one is on sale */
    return code;
}

static enum sw_code territories_read(struct sw_flow *flow, const char *id,
                                     struct asc_territories *out, struct sw_error *err)
{
    struct asc_listing listing = {.doing = "reading where the app is on sale",
                                  .pages_max = PAGES_MAX,
                                  .take = take_territories};
    enum sw_code code =
        sw_request_init(&listing.request, &asc_operations[ASC_TERRITORIES_LIST], err, id, NULL);
    sw_request_param(&listing.request, "fields[territoryAvailabilities]",
                     "available,contentStatuses");
    sw_request_param(&listing.request, "limit", "200");
    return code == SW_OK ? asc_list(flow, &listing, out, err) : code;
}

static enum sw_code availability_read(struct sw_flow *flow, const char *app_id,
                                      char id[OPAQUE_ID_MAX], struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *json = NULL;
    const char *doing = "reading whether the app is on sale";
    id[0] = '\0';
    enum sw_code code =
        sw_request_init(&request, &asc_operations[ASC_AVAILABILITY_GET], err, app_id, NULL);
    sw_request_param(&request, "fields[appAvailabilities]", "availableInNewTerritories");
    if (code == SW_OK)
        code = asc_exchange(flow, &request, doing, &json, err);
    if (code != SW_OK || json_is_null(json_object_get(json, "data")))
        return code;
    const char *told = NULL;
    code = sw_json_str(json, "data.id", SW_REQUIRED, &told, err);
    if (code != SW_OK)
        return sw_error_prefix(err, "%s", doing);
    if (strlen(told) >= OPAQUE_ID_MAX || told[0] == '\0')
        return sw_fail(err, SW_E_PARSE, "%s: data.id has %zu bytes", doing, strlen(told));
    sw_copy(id, OPAQUE_ID_MAX, told); /* encoded whole where it goes into a path */
    return SW_OK;
}

static bool is_time(const struct asc_sale *sale, int64_t now_ms)
{
    bool is_off = sale->state == ASC_SALE_OFF || sale->state == ASC_SALE_LEAVING;
    int64_t age_ms = now_ms - sale->at_ms;
    return sale->at_ms == 0 || age_ms < 0 || age_ms >= (is_off ? OFF_SALE_EVERY_MS : SALE_EVERY_MS);
}

enum sw_code asc_sale_read(struct sw_flow *flow, const char *app_id,
                           const struct asc_versions *versions, struct asc_sale *sale,
                           struct sw_error *err)
{
    char id[OPAQUE_ID_MAX];
    struct asc_territories territories = {0};
    if (!has_live(versions) || !is_time(sale, sw_flow_now(flow)))
        return SW_OK;
    enum sw_code code = availability_read(flow, app_id, id, err);
    if (code == SW_OK && id[0])
        code = territories_read(flow, id, &territories, err);
    /* A role that may not see it, or no availability at all. */
    bool is_closed = code == SW_E_DENIED || code == SW_E_NOT_FOUND;
    if (code != SW_OK && !is_closed)
        return code;
    sale->at_ms = sw_flow_now(flow);
    sale->state = is_closed ? ASC_SALE_UNKNOWN : asc_sale_judge(&territories);
    return SW_OK;
}
