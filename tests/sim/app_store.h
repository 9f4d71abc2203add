/*
 * App Store Connect's dialect, in parts: app_store.c (hourly limit, routing, reads),
 * app_store_auth.c (the bearer token), app_store_query.c (parameters and errors),
 * app_store_json.c (JSON:API documents: sparse fields, include, paging), app_store_write.c,
 * app_store_goods.c (builds of testers, reviews, territories).
 */
#pragma once

#include "sim.h"
#include "world.h"

enum app_store_type {
    APP_STORE_APPS,
    APP_STORE_VERSIONS,
    APP_STORE_PHASES,
    APP_STORE_BUILDS,
    APP_STORE_PRE_RELEASES,
    APP_STORE_BETA_DETAILS,
    APP_STORE_BETA_REVIEWS,
    APP_STORE_AVAILABILITIES,
    APP_STORE_TERRITORY_AVAILABILITIES,
    APP_STORE_TERRITORIES,
    APP_STORE_REVIEWS,
    APP_STORE_TYPES_N
};

/* What a resource is made from; the members that its type needs. */
struct app_store_thing {
    const struct apple_version *version;
    const struct apple_build *build;
    const struct apple_review *review;
    size_t territory; /* index of apple_territories */
};

struct app_store_call {
    struct sim *sim;
    struct apple_store *store;
    const struct sim_request *rq;
    struct sim_reply *rp;
};

/* ---- errors (app_store_query.c) --------------------------------------------------------- */

/* One error of the document; `pointer` and `parameter` may be NULL, at most one is given. */
struct app_store_error {
    int status;
    const char *code;
    const char *title;
    const char *pointer;   /* "/data/attributes/phasedReleaseState" */
    const char *parameter; /* "filter[platform]" */
};
void app_store_fail(struct app_store_call *call, const struct app_store_error *error,
                    const char *detail_format, ...) __attribute__((format(printf, 3, 4)));
void app_store_not_found(struct app_store_call *call, const char *type, const char *id);

/* ---- the token (app_store_auth.c) ------------------------------------------------------- */

/* False: 401 or 403 is in the reply. */
bool app_store_authorized(struct app_store_call *call);

/* ---- parameters (app_store_query.c) ----------------------------------------------------- */

/* A filter, and the words it takes; NULL = any text. */
struct app_store_filter {
    const char *name; /* "filter[platform]"; NULL ends the list */
    const char *const *words;
};
/* What one endpoint takes. */
struct app_store_rules {
    enum app_store_type type; /* of the primary data */
    bool is_list;             /* has limit and cursor */
    unsigned fields;          /* bit n: fields[type n] */
    const struct app_store_filter *filters;
    const char *const *includes; /* NULL = takes no include */
    const char *const *sorts;    /* NULL = takes no sort */
};
/* Points into the request. */
struct app_store_query {
    const char *fields[APP_STORE_TYPES_N]; /* NULL = all; else comma-joined */
    const char *include;                   /* NULL = none */
    const char *sort;
    size_t limit;
    size_t offset;
};
/* False: refused. */
bool app_store_query_read(struct app_store_call *call, const struct app_store_rules *rules,
                          struct app_store_query *out);
/* Is `word` in the comma-joined `list`? */
bool app_store_list_has(const char *list, const char *word);
/* True when the filter is absent or names `value`. */
bool app_store_filter_passes(const struct app_store_call *call, const char *filter,
                             const char *value);
/* The states that filters take. */
extern const char *const app_store_platforms[];
extern const char *const app_store_version_states[]; /* appVersionState */
extern const char *const app_store_store_states[];   /* appStoreState, deprecated */
/* READY_FOR_DISTRIBUTION is READY_FOR_SALE in the deprecated words. */
const char *app_store_old_state(const char *state);
const char *app_store_type_text(enum app_store_type type); /* "appStoreVersions" */

/* ---- documents (app_store_json.c) ------------------------------------------------------- */

/* 200 with one resource; thing NULL for apps; a link that leads to nothing: data null. */
void app_store_answer(struct app_store_call *call, const struct app_store_query *query,
                      enum app_store_type type, const struct app_store_thing *thing);
/* 200 with one page of a list. */
void app_store_answer_list(struct app_store_call *call, const struct app_store_query *query,
                           enum app_store_type type, const struct app_store_thing *all, size_t n);
/* 200 with one page of `all`, which is no list of resources; takes the reference. */
void app_store_answer_page(struct app_store_call *call, const struct app_store_query *query,
                           json_t *all);

/* ---- builds, reviews, territories (app_store_goods.c) ----------------------------------- */

#define APP_STORE_FIELDS(type) (1u << APP_STORE_##type)

void app_store_list_builds(struct app_store_call *call);
void app_store_get_build(struct app_store_call *call);
void app_store_get_usages(struct app_store_call *call);
void app_store_get_availability(struct app_store_call *call);
void app_store_list_territories(struct app_store_call *call);
void app_store_list_reviews(struct app_store_call *call);

/* ---- changes (app_store_write.c) -------------------------------------------------------- */

void app_store_post_phase(struct app_store_call *call);
void app_store_patch_phase(struct app_store_call *call);
void app_store_delete_phase(struct app_store_call *call);
void app_store_post_release(struct app_store_call *call);
