/* app_store_case.h: App Store Connect's lines and documents, for the tests of its source. */
#pragma once

#define ACCOUNT "id: apple\nkind: app_store\nkey_id: 2X9R4HXF34\nkey_file: /nowhere/key.p8\n"
#define IOS     "source: apple\nbundle_id: com.acme.app\n"

#define STEP(line, json)                                                                           \
    {                                                                                              \
        .request = line, .status = 200, .reply = json                                              \
    }
#define APPS_LINE                                                                                  \
    "GET /v1/apps?filter%5BbundleId%5D=com.acme.app&fields%5Bapps%5D=name,bundleId&limit=2"
#define APP_JSON                                                                                   \
    "{\"type\":\"apps\",\"id\":\"1481211155\",\"attributes\":{\"name\":\"Acme\",\"bundleId\":"     \
    "\"com.acme.app\"}}"
#define APPS STEP(APPS_LINE, "{\"data\":[" APP_JSON "]}")
#define VERSIONS_LINE(app)                                                                         \
    "GET /v1/apps/" app "/appStoreVersions?filter%5Bplatform%5D=IOS"                               \
    "&include=build,appStoreVersionPhasedRelease"                                                  \
    "&fields%5BappStoreVersions%5D=platform,versionString,appVersionState,appStoreState,"          \
    "reviewType,releaseType,earliestReleaseDate,createdDate,build,appStoreVersionPhasedRelease"    \
    "&fields%5Bbuilds%5D=version"                                                                  \
    "&fields%5BappStoreVersionPhasedReleases%5D=phasedReleaseState,startDate,"                     \
    "totalPauseDuration,currentDayNumber&limit=200"
#define VERSIONS(json) STEP(VERSIONS_LINE("1481211155"), json)

/* A version, its build and its phased release. */
#define VERSION(n, label, state, date, phase)                                                      \
    "{\"type\":\"appStoreVersions\",\"id\":\"v" n "\",\"attributes\":{\"platform\":\"IOS\","       \
    "\"versionString\":\"" label "\",\"appVersionState\":\"" state                                 \
    "\",\"releaseType\":\"MANUAL\",\"earliestReleaseDate\":null,\"createdDate\":\"" date           \
    "\"},\"relationships\":{\"build\":{\"data\":{\"type\":\"builds\",\"id\":\"b" n                 \
    "\"}},\"appStoreVersionPhasedRelease\":{\"data\":" phase "}}}"
#define HAS_PHASE(n) "{\"type\":\"appStoreVersionPhasedReleases\",\"id\":\"p" n "\"}"
#define PHASE(n, state, more)                                                                      \
    "{\"type\":\"appStoreVersionPhasedReleases\",\"id\":\"p" n                                     \
    "\",\"attributes\":{\"phasedReleaseState\":" state more "}}"
#define BUILD(n, number)                                                                           \
    "{\"type\":\"builds\",\"id\":\"b" n "\",\"attributes\":{\"version\":\"" number "\"}}"
#define LIVE "READY_FOR_DISTRIBUTION"
#define DAY(n, paused)                                                                             \
    ",\"startDate\":\"2026-01-18T10:16:45Z\",\"totalPauseDuration\":" paused                       \
    ",\"currentDayNumber\":" n

#define NEW               "2026-01-16T06:02:48-08:00"
#define OLDER             "2026-01-02T06:02:48-08:00"
#define OLD               VERSION("1", "4.11.2", "REPLACED_WITH_NEW_VERSION", OLDER, "null")
#define BUILDS            BUILD("1", "4112") "," BUILD("2", "4120") "," BUILD("3", "4121")
#define ONE(state, phase) VERSION("2", "4.12.0", state, NEW, phase) "," OLD
#define OVER(state)                                                                                \
    VERSION("2", "4.12.0", state, NEW, "null") "," VERSION("1", "4.11.2", LIVE, OLDER, "null")
#define TWO(state, live_phase)                                                                     \
    VERSION("3", "4.12.1", state, "2026-01-19T06:02:48Z", "null")                                  \
    "," VERSION("2", "4.12.0", LIVE, NEW, live_phase)

#define NEXT(url) "{\"data\":[],\"links\":{\"self\":\"x\",\"next\":\"" url "\"}}"
#define HOST      "https://api.appstoreconnect.apple.com"

/* What a poll reads beside the versions. */
#define AVAILABILITY_LINE                                                                          \
    "GET /v1/apps/1481211155/appAvailabilityV2?fields%5BappAvailabilities%5D="                     \
    "availableInNewTerritories"
#define AVAILABILITY                                                                               \
    STEP(AVAILABILITY_LINE, "{\"data\":{\"type\":\"appAvailabilities\",\"id\":\"av=1\"}}")
#define TERRITORIES_LINE                                                                           \
    "GET /v2/appAvailabilities/av%3D1/territoryAvailabilities"                                     \
    "?fields%5BterritoryAvailabilities%5D=available,contentStatuses&limit=200"
#define TERRITORY(available, statuses)                                                             \
    "{\"type\":\"territoryAvailabilities\",\"id\":\"t\",\"attributes\":{\"available\":" available  \
    ",\"contentStatuses\":" statuses "}}"
#define ON_SALE                                                                                    \
    AVAILABILITY, STEP(TERRITORIES_LINE, "{\"data\":[" TERRITORY("true", "[\"AVAILABLE\"]") "]}")
#define BUILDS_LINE                                                                                \
    "GET /v1/builds?filter%5Bapp%5D=1481211155&filter%5BpreReleaseVersion.platform%5D=IOS"         \
    "&filter%5Bexpired%5D=false&sort=-uploadedDate"                                                \
    "&include=preReleaseVersion,buildBetaDetail,betaAppReviewSubmission"                           \
    "&fields%5Bbuilds%5D=version,uploadedDate,expirationDate,expired,processingState,"             \
    "preReleaseVersion,buildBetaDetail,betaAppReviewSubmission"                                    \
    "&fields%5BpreReleaseVersions%5D=version,platform"                                             \
    "&fields%5BbuildBetaDetails%5D=internalBuildState,externalBuildState"                          \
    "&fields%5BbetaAppReviewSubmissions%5D=betaReviewState&limit=20"
#define NO_BUILDS STEP(BUILDS_LINE, "{\"data\":[]}")
#define TEST_BUILD(n, number, date, state)                                                         \
    "{\"type\":\"builds\",\"id\":\"tb" n "\",\"attributes\":{\"version\":\"" number                \
    "\",\"uploadedDate\":\"" date "\",\"expirationDate\":\"2026-04-19T08:00:00Z\",\"expired\":"    \
    "false,\"processingState\":" state "},\"relationships\":{\"preReleaseVersion\":{\"data\":{"    \
    "\"type\":\"preReleaseVersions\",\"id\":"                                                      \
    "\"pr" n "\"}},\"buildBetaDetail\":{\"data\":{\"type\":\"buildBetaDetails\",\"id\":\"bd" n     \
    "\"}},\"betaAppReviewSubmission\":{\"data\":{\"type\":\"betaAppReviewSubmissions\",\"id\":"    \
    "\"br" n "\"}}}}"
#define TEST_WORDS(n, label, internal, external, review)                                           \
    "{\"type\":\"preReleaseVersions\",\"id\":\"pr" n "\",\"attributes\":{\"version\":\"" label     \
    "\",\"platform\":\"IOS\"}},{\"type\":\"buildBetaDetails\",\"id\":\"bd" n                       \
    "\",\"attributes\":{\"internalBuildState\":\"" internal                                        \
    "\",\"externalBuildState\":\"" external                                                        \
    "\"}},{\"type\":\"betaAppReviewSubmissions\",\"id\":\"br" n                                    \
    "\",\"attributes\":{\"betaReviewState\":\"" review "\"}}"
#define USAGES_LINE(n) "GET /v1/builds/tb" n "/metrics/betaBuildUsages?limit=200"
#define NO_USAGES(n)   STEP(USAGES_LINE(n), "{\"data\":[]}")
#define REVIEWS_LINE(version)                                                                      \
    "GET /v1/appStoreVersions/" version "/customerReviews?sort=-createdDate"                       \
    "&fields%5BcustomerReviews%5D=rating,title,body,createdDate,territory&limit=100"

/* Whole lists: a phased release on day 3, and a version that everybody has. */
#define PHASING                                                                                    \
    "{\"data\":[" ONE(LIVE, HAS_PHASE("2")) "],\"included\":[" BUILDS                              \
                                            "," PHASE("2", "\"ACTIVE\"", DAY("3", "0")) "]}"
#define EVERYBODY "{\"data\":[" ONE(LIVE, "null") "],\"included\":[" BUILDS "]}"
