/* soak_books.c: see soak_books.h. */
#include "soak_books.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SENT_MAX = 4096, EDITS_MAX = 8192, KEPT_BY_SIM = 256, SEEN_MIN = 3 };

/* A request that changed what users get. Services of CodeDeploy are told by deployment ids, which
 * come and go: they are counted together. */
enum group { GROUP_IOS, GROUP_ANDROID, GROUP_WEAR, GROUP_SERVICES, GROUPS };

struct sent {
    enum group group;
    bool is_halt;
    int64_t world_ms;
    int status;
    char what[160];
};

/* An edit of Play: which track was written in it, and with what. */
struct edit {
    char id[32];
    enum group group;
    bool is_halt;
};

struct books {
    int asked[SOAK_VERBS][SOAK_PLATFORMS];
    int stirred[SOAK_PLATFORMS];
    int64_t touched_ms[SOAK_PLATFORMS];
    int64_t received; /* entries taken from the simulator so far */
    size_t sent_count, edit_count;
    struct sent sent[SENT_MAX];
    struct edit edits[EDITS_MAX];
    int failed;
};

const char *const soak_verbs[SOAK_VERBS] = {"halt", "resume", "advance"};
const char *const soak_platforms[SOAK_PLATFORMS] = {"ios", "android", "wear", "web", "backend"};
const char *const soak_titles[SOAK_PLATFORMS] = {"iOS", "Android", "Wear OS", "Web", "Backend"};

static const enum group group_of[SOAK_PLATFORMS] = {GROUP_IOS, GROUP_ANDROID, GROUP_WEAR,
                                                    GROUP_SERVICES, GROUP_SERVICES};
static const char *const group_names[GROUPS] = {"ios", "android", "wear", "services"};

struct books *books_new(void)
{
    struct books *books = calloc(1, sizeof *books);
    if (books == NULL)
        abort();
    return books;
}

void books_free(struct books *books)
{
    free(books);
}

__attribute__((format(printf, 2, 3))) static void complain(struct books *books, const char *format,
                                                           ...)
{
    va_list args;
    va_start(args, format);
    printf("WRONG: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    books->failed++;
}

void books_asked(struct books *books, enum soak_verb verb, size_t platform)
{
    books->asked[verb][platform]++;
    books->stirred[platform] += verb != SOAK_HALT;
}

void books_touched(struct books *books, size_t platform, int64_t world_ms)
{
    books->stirred[platform]++;
    books->touched_ms[platform] = world_ms;
}

int books_stirred(const struct books *books, size_t platform)
{
    return books->stirred[platform];
}

/* --------------------------------------------------------------------- received */

static const char *text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* RFC 3339 in UTC, with or without a fraction; ms since 1970, 0 when it is none. */
static int64_t time_of(const char *text)
{
    struct tm tm = {0};
    int ms = 0;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL)
        return 0;
    if (rest[0] == '.')
        ms = (int)strtol(rest + 1, NULL, 10);
    return (int64_t)timegm(&tm) * 1000 + ms;
}

static void edit_id(const char *target, char out[32])
{
    const char *at = strstr(target, "/edits/");
    at = at != NULL ? at + strlen("/edits/") : "";
    snprintf(out, 32, "%.*s", (int)strspn(at, "0123456789"), at);
}

static void note_edit(struct books *books, json_t *entry)
{
    const char *target = text_of(entry, "target");
    if (strstr(target, "/tracks/") == NULL || books->edit_count == EDITS_MAX)
        return;
    struct edit *edit = &books->edits[books->edit_count++];
    edit_id(target, edit->id);
    edit->group = strstr(target, "wear") != NULL ? GROUP_WEAR : GROUP_ANDROID;
    edit->is_halt = strstr(text_of(entry, "body"), "\"halted\"") != NULL;
}

/* Which platform it was for, and whether it was a halt. False: no request we know. */
static bool classify(const struct books *books, json_t *entry, struct sent *sent)
{
    const char *target = text_of(entry, "target");
    const char *body = text_of(entry, "body");
    const char *service = text_of(entry, "service");
    char id[32];
    if (strcmp(service, "app_store") == 0) {
        sent->group = GROUP_IOS;
        sent->is_halt = strstr(body, "\"PAUSED\"") != NULL;
        return strstr(target, "hased") != NULL || strstr(target, "eleaseRequests") != NULL;
    }
    if (strcmp(service, "codedeploy") == 0) {
        sent->group = GROUP_SERVICES;
        sent->is_halt = strstr(text_of(entry, "action"), "StopDeployment") != NULL;
        return true;
    }
    edit_id(target, id);
    for (size_t i = books->edit_count; i-- > 0;) {
        if (strcmp(books->edits[i].id, id) == 0) {
            sent->group = books->edits[i].group;
            sent->is_halt = books->edits[i].is_halt;
            return strcmp(service, "google_play") == 0 && strstr(target, ":commit") != NULL;
        }
    }
    return false;
}

static void note_sent(struct books *books, json_t *entry)
{
    struct sent sent = {.world_ms = time_of(text_of(entry, "world")),
                        .status = (int)json_integer_value(json_object_get(entry, "status"))};
    snprintf(sent.what, sizeof sent.what, "%.20s %.8s %.100s %.20s", text_of(entry, "service"),
             text_of(entry, "method"), text_of(entry, "target"), text_of(entry, "action"));
    if (!classify(books, entry, &sent) || books->sent_count == SENT_MAX)
        complain(books, "a write that is none of ours: %s", sent.what);
    else
        books->sent[books->sent_count++] = sent;
}

/* How many entries the simulator has noted since it began: everything but reads. */
static int64_t noted(json_t *counters)
{
    static const char *const kinds[] = {"mutating", "edit_inserts", "edit_deletes", "edit_writes",
                                        "probes"};
    const char *name;
    json_t *service;
    int64_t sum = 0;
    json_object_foreach(json_object_get(counters, "services"), name, service)
    {
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            sum += json_integer_value(json_object_get(service, kinds[i]));
    }
    return sum;
}

void books_receive(struct books *books, const struct simulator *sim)
{
    json_t *counters = simulator_ask(sim, "GET", "/counters", NULL);
    json_t *log = json_object_get(counters, "log");
    int64_t sum = noted(counters);
    int64_t fresh = sum - books->received;
    if (fresh > KEPT_BY_SIM)
        complain(books, "%lld requests were not looked at", (long long)(fresh - KEPT_BY_SIM));
    size_t count = json_array_size(log);
    for (size_t i = count - (size_t)(fresh < (int64_t)count ? fresh : (int64_t)count); i < count;
         i++) {
        json_t *entry = json_array_get(log, i);
        if (strcmp(text_of(entry, "effect"), "edit_write") == 0)
            note_edit(books, entry);
        else if (strcmp(text_of(entry, "effect"), "mutating") == 0)
            note_sent(books, entry);
    }
    books->received = sum;
    json_decref(counters);
}

/* ------------------------------------------------------------------- what is true */

bool books_stands(json_t *platform)
{
    json_t *store = json_object_get(platform, "store");
    json_t *deployment = json_object_get(platform, "deployment");
    const char *running = text_of(deployment, "status");
    if (store == NULL)
        return strcmp(running, "Created") != 0 && strcmp(running, "Queued") != 0 &&
               strcmp(running, "InProgress") != 0;
    return strcmp(text_of(store, "status"), "inProgress") != 0 &&
           strcmp(text_of(store, "phase"), "ACTIVE") != 0;
}

/* Source: docs/sources/app_store.md, "States". */
static const char *apple_expects(json_t *store, double *percent)
{
    static const double days[] = {1, 2, 5, 10, 20, 50, 100};
    const char *phase = text_of(store, "phase");
    int day = (int)json_integer_value(json_object_get(store, "day"));
    *percent = day >= 1 && day <= 7 ? days[day - 1] : -1;
    if (strcmp(phase, "COMPLETE") == 0)
        *percent = 100;
    return strcmp(phase, "ACTIVE") == 0   ? "ROLLING"
           : strcmp(phase, "PAUSED") == 0 ? "HALTED"
                                          : "COMPLETE";
}

/* Source: docs/sources/google_play.md, "States". */
static const char *play_expects(json_t *store, double *percent)
{
    const char *status = text_of(store, "status");
    *percent = 100 * json_number_value(json_object_get(store, "fraction"));
    if (strcmp(status, "completed") == 0) {
        *percent = 100;
        return "COMPLETE";
    }
    if (strcmp(status, "halted") == 0)
        return *percent > 0 ? "HALTED" : "ROLLED BACK";
    return strcmp(status, "inProgress") == 0 ? "ROLLING" : "READY";
}

/* Source: docs/sources/codedeploy.md, "States". */
static const char *deploy_expects(json_t *deployment, double *percent)
{
    static const char *const words[][2] = {{"Created", "BUILDING"}, {"Queued", "BUILDING"},
                                           {"Ready", "READY"},      {"Failed", "FAILED"},
                                           {"Stopped", "HALTED"},   {"Succeeded", "COMPLETE"}};
    const char *status = text_of(deployment, "status");
    *percent = json_number_value(json_object_get(deployment, "green_pct"));
    if (strcmp(status, "Succeeded") == 0 &&
        strcmp(text_of(deployment, "creator"), "codeDeployRollback") == 0)
        return "ROLLED BACK";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(status, words[i][0]) == 0)
            return words[i][1];
    }
    return "ROLLING";
}

const char *books_expects(json_t *platform, double *percent)
{
    json_t *store = json_object_get(platform, "store");
    if (store == NULL)
        return deploy_expects(json_object_get(platform, "deployment"), percent);
    return json_object_get(store, "phase") != NULL ? apple_expects(store, percent)
                                                   : play_expects(store, percent);
}

/* ----------------------------------------------------------------------- judging */

static bool is_kind(json_t *event, const char *kind)
{
    return strcmp(text_of(event, "kind"), kind) == 0;
}

static size_t platform_of(json_t *event)
{
    size_t i = 0;
    while (i < SOAK_PLATFORMS && strcmp(text_of(event, "platform"), soak_platforms[i]) != 0)
        i++;
    return i;
}

/* The newest outcome of an intent; *final says how many there are that are not `unknown`, which a
 * later reading may settle. */
static json_t *outcome_of(json_t *events, json_t *intent, int *final)
{
    size_t i;
    json_t *event;
    json_t *found = NULL;
    *final = 0;
    json_array_foreach(events, i, event)
    {
        if (is_kind(event, "outcome") &&
            strcmp(text_of(event, "intent"), text_of(intent, "uuid")) == 0) {
            found = event;
            *final += strcmp(text_of(event, "result"), "unknown") != 0;
        }
    }
    return found;
}

static bool is_halt(json_t *event)
{
    return strcmp(text_of(event, "verb"), "halt") == 0;
}

size_t books_open_halts(json_t *events)
{
    size_t i;
    size_t open = 0;
    json_t *event;
    int count = 0;
    json_array_foreach(events, i, event)
    {
        if (is_kind(event, "intent") && is_halt(event))
            open += outcome_of(events, event, &count) == NULL;
    }
    return open;
}

/* Nobody acted but the captain. */
static void judge_asked(struct books *books, json_t *events)
{
    int found[SOAK_VERBS][SOAK_PLATFORMS] = {{0}};
    size_t i;
    json_t *event;
    json_array_foreach(events, i, event)
    {
        size_t platform = platform_of(event);
        size_t verb = 0;
        if (!is_kind(event, "intent"))
            continue;
        while (verb < SOAK_VERBS && strcmp(text_of(event, "verb"), soak_verbs[verb]) != 0)
            verb++;
        if (verb == SOAK_VERBS || platform == SOAK_PLATFORMS)
            complain(books, "an intent nobody asked for: %s", text_of(event, "text"));
        else
            found[verb][platform]++;
    }
    for (size_t v = 0; v < SOAK_VERBS; v++) {
        for (size_t p = 0; p < SOAK_PLATFORMS; p++) {
            if (found[v][p] > books->asked[v][p])
                complain(books, "%s %s: asked %d times, %d intents", soak_verbs[v],
                         soak_platforms[p], books->asked[v][p], found[v][p]);
        }
    }
}

/* The world time of the n-th intent of the group, halts or others; INT64_MAX when there are fewer.
 */
static int64_t intent_ms(json_t *events, enum group group, bool wants_halt, size_t n)
{
    size_t i;
    json_t *event;
    json_array_foreach(events, i, event)
    {
        size_t platform = platform_of(event);
        if (!is_kind(event, "intent") || platform == SOAK_PLATFORMS ||
            group_of[platform] != group || is_halt(event) != wants_halt)
            continue;
        if (n-- == 0)
            return time_of(text_of(event, "at"));
    }
    return INT64_MAX;
}

/* Every write stands under an intent that was there before it. Only a halt may be sent again under
 * the same one. 401 and 429 say that the upstream did not act: the same request may follow. */
static void judge_sent(struct books *books, json_t *events)
{
    size_t count[GROUPS] = {0};
    for (size_t i = 0; i < books->sent_count; i++) {
        const struct sent *sent = &books->sent[i];
        size_t n = sent->is_halt ? 0 : count[sent->group];
        int64_t at = intent_ms(events, sent->group, sent->is_halt, n);
        if (at > sent->world_ms)
            complain(books, "%s: write number %zu (%s%s, answered %d) without an intent before it",
                     group_names[sent->group], n + 1, sent->is_halt ? "halt, " : "", sent->what,
                     sent->status);
        count[sent->group] += !sent->is_halt && sent->status != 401 && sent->status != 429;
    }
}

/* Every halt has come to its end, and nothing has two. Another verb may still be waiting for what
 * somebody else undid in the console meanwhile: its own limit ends that, after two minutes. */
static void judge_outcomes(struct books *books, json_t *events)
{
    size_t i;
    json_t *event;
    json_array_foreach(events, i, event)
    {
        int count = 0;
        if (!is_kind(event, "intent"))
            continue;
        json_t *outcome = outcome_of(events, event, &count);
        if (count > 1 || (outcome == NULL && is_halt(event)))
            complain(books, "%d final outcomes of: %s", count, text_of(event, "text"));
        printf("ledger: %s: %s %s\n", text_of(event, "text"), text_of(outcome, "result"),
               text_of(outcome, "text"));
    }
}

/* A halt that was the last thing asked of a platform, and seen, still stands. */
static void judge_halts(struct books *books, json_t *events, json_t *world)
{
    for (size_t p = 0; p < SOAK_STORES; p++) {
        size_t i;
        int count = 0;
        json_t *event;
        json_t *last = NULL;
        json_array_foreach(events, i, event)
        {
            if (is_kind(event, "intent") && platform_of(event) == p)
                last = event;
        }
        if (last == NULL || !is_halt(last) || books->touched_ms[p] >= time_of(text_of(last, "at")))
            continue;
        const char *result = text_of(outcome_of(events, last, &count), "result");
        json_t *platform = json_array_get(json_object_get(world, "platforms"), p);
        if (strcmp(result, "seen") == 0 && !books_stands(platform))
            complain(books, "%s: a halt was seen and is lost: %s", soak_platforms[p],
                     text_of(last, "text"));
    }
}

/* It would prove little if nothing had happened. */
static void judge_plenty(struct books *books, json_t *events)
{
    size_t i;
    json_t *event;
    int seen = 0;
    json_array_foreach(events, i, event)
    {
        seen += is_kind(event, "outcome") && strcmp(text_of(event, "result"), "seen") == 0;
    }
    if (seen < SEEN_MIN)
        complain(books, "only %d verbs were seen", seen);
}

int books_judge(struct books *books, json_t *events, json_t *world)
{
    judge_asked(books, events);
    judge_sent(books, events);
    judge_outcomes(books, events);
    judge_halts(books, events, world);
    judge_plenty(books, events);
    return books->failed;
}
