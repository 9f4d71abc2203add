/*
 * What else the App Store knows of an app: builds of testers, written reviews, territories.
 * Source: Apple's OpenAPI document of the App Store Connect API, version 4.4.1 (TerritoryCode,
 * CustomerReview, Build), read 2026. Apple sells in about 175 territories; which ones is not in it.
 */
#include "apple.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS ((int64_t)60 * 1000)

const char *const apple_territories[APPLE_TERRITORIES + 1] = {
    "AFG", "AGO", "AIA", "ALB", "ARE", "ARG", "ARM", "ATG", "AUS", "AUT", "AZE", "BEL", "BEN",
    "BFA", "BGR", "BHR", "BHS", "BIH", "BLR", "BLZ", "BMU", "BOL", "BRA", "BRB", "BRN", "BTN",
    "BWA", "CAN", "CHE", "CHL", "CHN", "CIV", "CMR", "COD", "COG", "COL", "CPV", "CRI", "CYM",
    "CYP", "CZE", "DEU", "DMA", "DNK", "DOM", "DZA", "ECU", "EGY", "ESP", "EST", "FIN", "FJI",
    "FRA", "FSM", "GAB", "GBR", "GEO", "GHA", "GMB", "GNB", "GRC", "GRD", "GTM", "GUY", "HKG",
    "HND", "HRV", "HUN", "IDN", "IND", "IRL", "IRQ", "ISL", "ISR", "ITA", "JAM", "JOR", "JPN",
    "KAZ", "KEN", "KGZ", "KHM", "KNA", "KOR", "KWT", "LAO", "LBN", "LBR", "LBY", "LCA", "LKA",
    "LTU", "LUX", "LVA", "MAC", "MAR", "MDA", "MDG", "MDV", "MEX", "MKD", "MLI", "MLT", "MMR",
    "MNE", "MNG", "MOZ", "MRT", "MSR", "MUS", "MWI", "MYS", "NAM", "NER", "NGA", "NIC", "NLD",
    "NOR", "NPL", "NRU", "NZL", "OMN", "PAK", "PAN", "PER", "PHL", "PLW", "PNG", "POL", "PRT",
    "PRY", "QAT", "ROU", "RUS", "RWA", "SAU", "SEN", "SGP", "SLB", "SLE", "SLV", "SRB", "STP",
    "SUR", "SVK", "SVN", "SWE", "SWZ", "SYC", "TCA", "TCD", "THA", "TJK", "TKM", "TON", "TTO",
    "TUN", "TUR", "TWN", "TZA", "UGA", "UKR", "URY", "USA", "UZB", "VCT", "VEN", "VGB", "VNM",
    "VUT", "XKS", "YEM", "ZAF", "ZMB", "ZWE",
};

struct apple_build *apple_build_by_id(struct apple_store *store, const char *id)
{
    for (size_t i = 0; i < store->n_builds; i++)
        if (strcmp(store->builds[i].id, id) == 0)
            return &store->builds[i];
    return NULL;
}

struct apple_build *apple_build_find(struct apple_store *store, const char *version,
                                     const char *build)
{
    for (size_t i = 0; i < store->n_builds; i++)
        if (strcmp(store->builds[i].version, version) == 0 &&
            strcmp(store->builds[i].build, build) == 0)
            return &store->builds[i];
    return NULL;
}

const struct apple_version *apple_version_of_build(const struct apple_store *store,
                                                   const struct apple_build *build)
{
    for (size_t i = 0; i < store->n_versions; i++)
        if (strcmp(store->versions[i].build_id, build->id) == 0)
            return &store->versions[i];
    return NULL;
}

bool apple_is_removed(const struct apple_store *store, int64_t now_ms)
{
    for (size_t i = 0; i < APPLE_TERRITORIES; i++)
        if (!store->is_unavailable[i])
            return false;
    return now_ms >= store->sale_turns_ms;
}

/* ---- reviews ---------------------------------------------------------------------------- */

/* Somebody writes one every 37 minutes while a version is live, first two hours after that. */
enum { REVIEW_EVERY_MIN = 37, REVIEW_FIRST_MIN = 120 };

static size_t drawn_count(const struct apple_version *v, int64_t now_ms)
{
    int64_t first_ms = v->went_live_ms + REVIEW_FIRST_MIN * MINUTE_MS;

    if (v->went_live_ms == 0 || now_ms < first_ms)
        return 0;
    return (size_t)((now_ms - first_ms) / (REVIEW_EVERY_MIN * MINUTE_MS)) + 1;
}

static uint64_t mixed(uint64_t n)
{
    n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
    return n ^ n >> 31;
}

/* The nth of a version since it went live: the same at every look. */
static void draw(const struct apple_store *store, size_t version, size_t nth,
                 struct apple_review *out)
{
    static const char *const texts[][2] = {
        {"Crashes", "Since the update it closes at once."},
        {"Not good", "Slower than before, and it loses my settings."},
        {"It is ok", "Does what it should."},
        {"Good", "Works well, a small thing is missing."},
        {"Great", "Exactly what I needed."},
    };
    static const char *const places[] = {"ESP", "USA", "DEU", "MEX", "FRA"};
    const struct apple_version *v = &store->versions[version];
    uint64_t dice = mixed(version * 1000003 + nth);
    double draw = (double)(dice % 10000) / 10000;

    *out = (struct apple_review){.version = version};
    unsigned other = (unsigned)(mixed(dice) % 100);
    out->rating = draw < v->one_star ? 1 : other < 8 ? 2 : other < 20 ? 3 : other < 45 ? 4 : 5;
    out->created_ms =
        v->went_live_ms + (REVIEW_FIRST_MIN + (int64_t)nth * REVIEW_EVERY_MIN) * MINUTE_MS;
    snprintf(out->id, sizeof out->id, "00000095-%04x-%04x-0000-0000%08x", (unsigned)version,
             (unsigned)(dice & 0xffff), (unsigned)nth);
    snprintf(out->title, sizeof out->title, "%s", texts[out->rating - 1][0]);
    snprintf(out->body, sizeof out->body, "%s", texts[out->rating - 1][1]);
    snprintf(out->nickname, sizeof out->nickname, "user%u", (unsigned)(dice % 100000));
    snprintf(out->territory, sizeof out->territory, "%s", places[dice % 5]);
}

static size_t by_hand(const struct apple_store *store, size_t version)
{
    size_t n = 0;

    for (size_t i = 0; i < store->n_reviews; i++)
        n += store->reviews[i].version == version;
    return n;
}

size_t apple_review_count(const struct apple_store *store, size_t version, int64_t now_ms)
{
    return drawn_count(&store->versions[version], now_ms) + by_hand(store, version);
}

/* Those written by hand are the newest: the admin endpoint writes them now. */
void apple_review_at(const struct apple_store *store, size_t version, size_t index, int64_t now_ms,
                     struct apple_review *out)
{
    size_t hand = by_hand(store, version);

    for (size_t i = store->n_reviews; i-- > 0 && index < hand;)
        if (store->reviews[i].version == version && index-- == 0) {
            *out = store->reviews[i];
            return;
        }
    draw(store, version, drawn_count(&store->versions[version], now_ms) - 1 - (index - hand), out);
}
