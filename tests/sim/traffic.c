/*
 * People using apps and services: sessions, crashes, requests and errors, drawn minute by minute,
 * and the exact counts of any window.
 *
 * Every minute of every series has its own random stream, made from (seed, series, minute since
 * the world's start): setting one rate changes nothing else, and the same seed gives the same
 * world at any speed. Counts are Poisson; a version's crashes cannot exceed its sessions.
 */
#include "traffic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- random streams --------------------------------------------------------------------- */

struct stream {
    uint64_t state;
};

/* splitmix64, public domain, S. Vigna. */
static uint64_t next_u64(struct stream *stream)
{
    uint64_t z = stream->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static struct stream open_stream(const struct world *world, uint64_t series, int64_t minute)
{
    int64_t since = minute - world->start_ms / WORLD_MINUTE_MS;
    struct stream stream = {.state = world->seed};

    stream.state = next_u64(&stream) ^ series;
    stream.state = next_u64(&stream) ^ (uint64_t)since;
    next_u64(&stream);
    return stream;
}

/* (0, 1) */
static double next_unit(struct stream *stream)
{
    return ((double)(next_u64(stream) >> 11) + 0.5) / 9007199254740992.0;
}

static uint32_t poisson(struct stream *stream, double mean)
{
    if (!(mean > 0))
        return 0;
    if (mean > 64) { /* normal approximation: error far below the spread itself */
        double r = sqrt(-2 * log(next_unit(stream)));
        double value = mean + sqrt(mean) * r * cos(6.283185307179586 * next_unit(stream));
        return value < 0 ? 0 : (uint32_t)(value + 0.5);
    }
    double limit = exp(-mean);
    double product = next_unit(stream);
    uint32_t n = 0;
    while (product > limit) {
        product *= next_unit(stream);
        n++;
    }
    return n;
}

/* ---- one minute ------------------------------------------------------------------------- */

static void *grow(void *cells, size_t *cap, size_t n, size_t bytes)
{
    if (n < *cap)
        return cells;
    *cap = *cap == 0 ? 24576 : *cap * 2;
    cells = realloc(cells, *cap * bytes);
    if (cells == NULL)
        abort();
    return cells;
}

void traffic_app_minute(const struct world *world, struct world_app *app, size_t app_index,
                        int64_t minute)
{
    for (size_t i = 0; i < app->n_versions; i++) {
        struct world_version *version = &app->versions[i];
        struct stream stream = open_stream(world, 100 * (app_index + 1) + i, minute);
        struct world_cell cell = {.holders = (float)(app->users * version->share)};

        cell.sessions = poisson(&stream, app->sessions_per_minute * version->share);
        cell.crashes = poisson(&stream, cell.sessions * version->crash_rate);
        if (cell.crashes > cell.sessions)
            cell.crashes = cell.sessions;
        /* About one session in fifty meets a handled error. */
        cell.errored = poisson(&stream, (cell.sessions - cell.crashes) * 0.02);
        if (cell.errored > cell.sessions - cell.crashes)
            cell.errored = cell.sessions - cell.crashes;
        version->cells = grow(version->cells, &version->cap_cells, version->n_cells, sizeof cell);
        version->cells[version->n_cells++] = cell;
    }
}

/* About one user in 300,000 writes a review in an hour; how many of them one star, follows the
 * crashes. Stars without words are not among what the store gives out. */
void traffic_review_minute(struct world *world, const struct world_app *app, int64_t minute)
{
    static const char *const bad[] = {"Crashes\tSince the update it closes while I run.",
                                      "Keeps closing", "No puedo abrirla"};
    static const char *const good[] = {"Great app\tUse it every day.", "Works well", "Muy buena"};
    static const char *const languages[] = {"en", "en", "es"};
    struct stream stream = open_stream(world, 20000, minute);
    uint32_t n = poisson(&stream, app->users / 300000 / 60);

    for (uint32_t i = 0; i < n; i++) {
        double who = next_unit(&stream), mood = next_unit(&stream);
        size_t words = (size_t)(next_unit(&stream) * 3), v = 0;
        while (v + 1 < app->n_versions && who > app->versions[v].share)
            who -= app->versions[v++].share;
        double bad_share = 0.04 + 15 * app->versions[v].crash_rate;
        int stars = mood < bad_share ? 1 : mood < bad_share + 0.05 ? 2 : mood < 0.5 ? 4 : 5;
        play_review_add(&world->play, strtoll(app->versions[v].build, NULL, 10), stars,
                        languages[words], stars < 3 ? bad[words] : good[words],
                        (minute + 1) * WORLD_MINUTE_MS);
    }
}

void traffic_service_minute(const struct world *world, struct world_service *service, size_t index,
                            int64_t minute)
{
    struct stream stream = open_stream(world, 10000 + index, minute);
    struct world_service_cell cell = {.requests = {0, 0}};

    for (int side = 0; side < 2; side++) {
        double weight = deploy_weight(&world->deploy.groups[index], side) / 100;
        cell.requests[side] = poisson(&stream, service->requests_per_minute * weight);
        cell.errors[side] = poisson(&stream, cell.requests[side] * service->error_rate[side]);
        if (cell.errors[side] > cell.requests[side])
            cell.errors[side] = cell.requests[side];
        /* A few percent of wobble from minute to minute. */
        cell.median_ms[side] =
            (float)(service->median_ms[side] * (0.96 + 0.08 * next_unit(&stream)));
    }
    service->cells = grow(service->cells, &service->cap_cells, service->n_cells, sizeof cell);
    service->cells[service->n_cells++] = cell;
}

/* Fires when 2 of the last 3 minutes were above the limit. */
void traffic_alarm_minute(struct world_service *service, int64_t minute)
{
    int over = 0;

    for (size_t i = 0; i < 3 && i < service->n_cells; i++) {
        const struct world_service_cell *cell = &service->cells[service->n_cells - 1 - i];
        over += cell->errors[0] + cell->errors[1] > service->alarm_errors;
    }
    if ((over >= 2) != service->is_alarm) {
        service->is_alarm = over >= 2;
        service->alarm_since_ms = (minute + 1) * WORLD_MINUTE_MS;
    }
}

/* ---- windows ---------------------------------------------------------------------------- */

struct range {
    size_t from;
    size_t to; /* one past the last */
};

/* The cells whose minute starts in [from_ms, to_ms). */
static struct range cells_in(const struct world *world, size_t n_cells, int64_t from_ms,
                             int64_t to_ms)
{
    int64_t first = (from_ms + WORLD_MINUTE_MS - 1) / WORLD_MINUTE_MS - world->first_minute;
    int64_t end = (to_ms + WORLD_MINUTE_MS - 1) / WORLD_MINUTE_MS - world->first_minute;
    int64_t n = (int64_t)n_cells;
    struct range range = {0, 0};

    first = first < 0 ? 0 : first > n ? n : first;
    end = end < first ? first : end > n ? n : end;
    range.from = (size_t)first;
    range.to = (size_t)end;
    return range;
}

/* Distinct users behind `sessions` sessions when `holders` people have the version and each
 * session is anyone's: the occupancy formula. */
static uint64_t distinct_users(double holders, uint64_t sessions)
{
    if (sessions == 0 || holders < 1)
        return sessions == 0 ? 0 : 1;
    double users = holders * (1 - exp(-(double)sessions / holders));
    uint64_t n = (uint64_t)(users + 0.5);
    return n < 1 ? 1 : n > sessions ? sessions : n;
}

/* What only the store counts, as fixed parts of what is drawn. */
static void add_vitals(struct world_health *health, double holders)
{
    static const double starts[3] = {0.7, 0.5, 0.9};
    static const double slow[3] = {0.041, 0.012, 0.002};

    health->seen_crash_users = (uint64_t)((double)health->crashed_users * 0.8 + 0.5);
    health->anrs = health->errored / 12;
    health->anr_users = distinct_users(holders, health->anrs);
    if (health->anr_users > health->users)
        health->anr_users = health->users;
    for (size_t i = 0; i < 3; i++) {
        health->start_users[i] = (uint64_t)((double)health->users * starts[i] + 0.5);
        health->slow_start_users[i] = (uint64_t)((double)health->start_users[i] * slow[i] + 0.5);
    }
}

struct world_health world_health(const struct world *world, const struct world_app *app,
                                 const struct world_version *version, int64_t from_ms,
                                 int64_t to_ms)
{
    struct range range = cells_in(world, version->n_cells, from_ms, to_ms);
    struct world_health health = {.sessions = 0};
    double holders = 0;

    (void)app;
    for (size_t i = range.from; i < range.to; i++) {
        const struct world_cell *cell = &version->cells[i];
        health.sessions += cell->sessions;
        health.crashes += cell->crashes;
        health.errored += cell->errored;
        if ((double)cell->holders > holders)
            holders = (double)cell->holders;
    }
    health.users = distinct_users(holders, health.sessions);
    health.crashed_users = distinct_users(holders, health.crashes);
    if (health.crashed_users > health.users)
        health.crashed_users = health.users;
    add_vitals(&health, holders);
    return health;
}

struct world_load world_load(const struct world *world, const struct world_service *service,
                             int side, int64_t from_ms, int64_t to_ms)
{
    struct range range = cells_in(world, service->n_cells, from_ms, to_ms);
    struct world_load load = {.requests = 0};

    for (size_t i = range.from; i < range.to; i++)
        for (int s = 0; s < 2; s++)
            if (side < 0 || side == s) {
                load.requests += service->cells[i].requests[s];
                load.errors += service->cells[i].errors[s];
            }
    return load;
}

/* Requests faster than `ms`: each minute is a lognormal around its median. */
static double faster_than(const struct world_service *service, struct range range, int side,
                          double ms)
{
    double sum = 0;

    for (size_t i = range.from; i < range.to; i++)
        for (int s = 0; s < 2; s++) {
            const struct world_service_cell *cell = &service->cells[i];
            if ((side >= 0 && side != s) || cell->requests[s] == 0)
                continue;
            double z = log(ms / (double)cell->median_ms[s]) / service->sigma;
            sum += cell->requests[s] * 0.5 * erfc(-z / sqrt(2.0));
        }
    return sum;
}

bool world_latency_ms(const struct world *world, const struct world_service *service, int side,
                      double quantile, int64_t from_ms, int64_t to_ms, double *out_ms,
                      double *mean_ms)
{
    struct range range = cells_in(world, service->n_cells, from_ms, to_ms);
    double requests = 0;
    double total_ms = 0;

    for (size_t i = range.from; i < range.to; i++)
        for (int s = 0; s < 2; s++)
            if (side < 0 || side == s) {
                const struct world_service_cell *cell = &service->cells[i];
                requests += cell->requests[s];
                total_ms += cell->requests[s] * (double)cell->median_ms[s] *
                            exp(service->sigma * service->sigma / 2);
            }
    if (requests <= 0)
        return false;
    if (mean_ms != NULL)
        *mean_ms = total_ms / requests;

    double low = 0.01;
    double high = 1e7;
    for (int i = 0; i < 60; i++) {
        double middle = sqrt(low * high);
        if (faster_than(service, range, side, middle) < quantile * requests)
            low = middle;
        else
            high = middle;
    }
    *out_ms = sqrt(low * high);
    return true;
}

void world_issue_counts(const struct world *world, const struct world_issue *issue,
                        int64_t from_ms, int64_t to_ms, uint64_t *events, uint64_t *users)
{
    const struct world_app *app = &world->apps[issue->app];
    int64_t from = from_ms > issue->first_ms ? from_ms : issue->first_ms;
    struct world_health health =
        world_health(world, app, &app->versions[issue->version], from, to_ms);
    double n = issue->is_crash ? (double)health.crashes : (double)health.errored;

    *events = (uint64_t)(n * issue->part + 0.5);
    *users = (uint64_t)((double)*events * 0.86 + 0.5);
}
