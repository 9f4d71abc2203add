/* world.c: see world.h. */
#include "world.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

enum { APPS_MAX = 512, PATH_MAX_TEXT = 512 };

static struct {
    pthread_mutex_t lock;
    size_t count;
    struct world_app apps[APPS_MAX];
    int git_delay_ms;
    const char *read_lock;
    struct world_rights rights;
    char release[64];
    char checklist[4096];
    char home[PATH_MAX_TEXT], config[PATH_MAX_TEXT + 32], state[PATH_MAX_TEXT + 32],
        cache[PATH_MAX_TEXT + 32];
    enum sw_code (*before_write)(void *arg);
    void *before_arg;
    char *config_text;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

void world_sleep(int ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
        continue;
}

static struct world_app *find(const char *name)
{
    for (size_t i = 0; i < world.count; i++)
        if (!strcmp(world.apps[i].name, name))
            return &world.apps[i];
    fprintf(stderr, "no app %s\n", name);
    abort();
}

struct world_app world_look(const char *app)
{
    pthread_mutex_lock(&world.lock);
    struct world_app copy = *find(app);
    pthread_mutex_unlock(&world.lock);
    return copy;
}

void world_set(const char *app, const struct world_app *state)
{
    pthread_mutex_lock(&world.lock);
    struct world_app *to = find(app);
    struct world_app before = *to;
    *to = *state;
    to->reads = before.reads;
    to->writes = before.writes;
    to->health_reads = before.health_reads;
    pthread_mutex_unlock(&world.lock);
}

void world_set_release(const char *name, const char *checklist)
{
    pthread_mutex_lock(&world.lock);
    snprintf(world.release, sizeof world.release, "%s", name);
    snprintf(world.checklist, sizeof world.checklist, "%s", checklist);
    pthread_mutex_unlock(&world.lock);
}

void world_set_git_delay(int ms)
{
    pthread_mutex_lock(&world.lock);
    world.git_delay_ms = ms;
    pthread_mutex_unlock(&world.lock);
}

void world_set_read_lock(const char *name)
{
    pthread_mutex_lock(&world.lock);
    world.read_lock = name;
    pthread_mutex_unlock(&world.lock);
}

void world_set_rights(const struct world_rights *rights)
{
    pthread_mutex_lock(&world.lock);
    int asked = world.rights.asked;
    world.rights = *rights;
    world.rights.asked = asked;
    pthread_mutex_unlock(&world.lock);
}

int world_rights_asked(void)
{
    pthread_mutex_lock(&world.lock);
    int asked = world.rights.asked;
    pthread_mutex_unlock(&world.lock);
    return asked;
}

void world_before_writes(enum sw_code (*hook)(void *arg), void *arg)
{
    pthread_mutex_lock(&world.lock);
    world.before_write = hook;
    world.before_arg = arg;
    pthread_mutex_unlock(&world.lock);
}

const char *world_state_dir(void)
{
    return world.state;
}

const char *world_cache_home(void)
{
    return world.cache;
}

const char *world_config(void)
{
    return world.config;
}

/* --------------------------------------------------------------- transport */

/* "/apps/NAME", "/apps/NAME/VERB", "/health/NAME" */
static void split_path(const char *path, char what[16], char name[64], char verb[16])
{
    what[0] = name[0] = verb[0] = '\0';
    sscanf(path, "/%15[^/]/%63[^/]/%15s", what, name, verb);
}

static enum sw_code cut(struct sw_error *err, bool is_unsent)
{
    *err = (struct sw_error){.code = SW_E_NETWORK, .is_retryable = is_unsent};
    snprintf(err->text, sizeof err->text, is_unsent ? "connection refused" : "connection cut");
    return SW_E_NETWORK;
}

/* Unlike a refused connection, nothing that the channel tries again. */
static enum sw_code not_trusted(struct sw_error *err)
{
    *err = (struct sw_error){.code = SW_E_TLS};
    snprintf(err->text, sizeof err->text, "certificate expired");
    return SW_E_TLS;
}

static void apply(struct world_app *app, const char *verb, const char *body)
{
    app->old.state = app->state;
    app->old.percent = app->percent;
    if (!strcmp(verb, "halt"))
        app->state = SW_STATE_HALTED;
    if (!strcmp(verb, "resume"))
        app->state = SW_STATE_ROLLING;
    if (!strcmp(verb, "advance")) {
        app->state = SW_STATE_ROLLING;
        app->percent = strtod(body, NULL);
        if (app->percent >= 100)
            app->state = SW_STATE_COMPLETE;
    }
}

static void answer(struct sw_reply *reply, int status, const char *body)
{
    reply->status = status;
    reply->body = strdup(body);
    reply->body_len = strlen(body);
}

static enum sw_code write_app(struct world_app *app, const char *verb, const char *body,
                              struct sw_reply *reply, struct sw_error *err)
{
    enum world_write how = app->write_count == 0 ? WRITE_WORKS : app->write;
    app->writes++;
    if (app->write_count > 0)
        app->write_count--;
    switch (how) {
    case WRITE_WORKS:
        apply(app, verb, body);
        answer(reply, 200, "{}");
        return SW_OK;
    case WRITE_IS_REFUSED:
        answer(reply, 409, "{\"error\":\"not in this state\"}");
        return SW_OK;
    case WRITE_IS_IGNORED:
        answer(reply, 200, "{}");
        return SW_OK;
    case WRITE_LOSES_ANSWER:
        apply(app, verb, body);
        return cut(err, false);
    case WRITE_IS_LOST:
        return cut(err, false);
    case WRITE_IS_UNSENT:
        return cut(err, true);
    case WRITE_IS_DENIED:
        answer(reply, 403, "{\"error\":\"no right\"}");
        return SW_OK;
    }
    return SW_OK;
}

static void read_app(struct world_app *app, struct sw_reply *reply)
{
    char body[512];
    bool is_old = app->lag_reads > 0 && app->old.state != SW_STATE_UNKNOWN;
    app->reads++;
    if (is_old)
        app->lag_reads--;
    snprintf(body, sizeof body,
             "{\"state\":\"%s\",\"percent\":%g,\"version\":\"%s\",\"id\":\"%s\"}",
             sw_state_name(is_old ? app->old.state : app->state),
             is_old ? app->old.percent : app->percent, app->version, app->identity);
    answer(reply, 200, body);
}

static void read_health(struct world_app *app, struct sw_reply *reply)
{
    char body[128];
    app->health_reads++;
    snprintf(body, sizeof body, "{\"value\":%d.%02d}", app->health_percent_x100 / 100,
             app->health_percent_x100 % 100);
    answer(reply, 200, body);
}

static enum sw_code answer_question(struct sw_reply *reply)
{
    pthread_mutex_lock(&world.lock);
    int status = world.rights.status, delay_ms = world.rights.delay_ms;
    world.rights.asked++;
    pthread_mutex_unlock(&world.lock);
    world_sleep(delay_ms);
    answer(reply, status, "{}");
    return SW_OK;
}

static enum sw_code perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err)
{
    char what[16], name[64], verb[16];
    (void)arg;
    if (request->operation->effect == SW_EFFECT_PROBE)
        return answer_question(reply);
    split_path(request->path, what, name, verb);
    pthread_mutex_lock(&world.lock);
    struct world_app *app = find(name);
    int delay_ms = verb[0] != '\0' ? app->write_delay_ms : app->read_delay_ms;
    pthread_mutex_unlock(&world.lock);
    world_sleep(delay_ms);
    enum sw_code code = SW_OK;
    pthread_mutex_lock(&world.lock);
    if (verb[0] != '\0') {
        code = write_app(app, verb, request->body != NULL ? request->body : "", reply, err);
    } else if (app->throttled != 0) {
        app->reads++;
        app->throttled -= app->throttled > 0;
        answer(reply, 429, "{}");
        if (app->retry_after_s > 0)
            reply->retry_after_ms = sw_time_real_ms() + app->retry_after_s * SW_SECOND_MS;
    } else if (app->is_unreadable) {
        app->reads++;
        code = not_trusted(err);
    } else if (!strcmp(what, "health")) {
        read_health(app, reply);
    } else {
        read_app(app, reply);
    }
    pthread_mutex_unlock(&world.lock);
    return code;
}

/* ------------------------------------------------------------------- store */

static const struct sw_operation operations[] = {
    {.name = "read", .method = SW_GET, .path = "/apps/{app}", .effect = SW_EFFECT_READ},
    {.name = "halt", .method = SW_POST, .path = "/apps/{app}/halt", .effect = SW_EFFECT_MUTATE},
    {.name = "resume", .method = SW_POST, .path = "/apps/{app}/resume", .effect = SW_EFFECT_MUTATE},
    {.name = "advance",
     .method = SW_POST,
     .path = "/apps/{app}/advance",
     .effect = SW_EFFECT_MUTATE},
    {.name = "halt none",
     .method = SW_POST,
     .path = "/apps/none/halt",
     .effect = SW_EFFECT_PROBE,
     .only_body = "{}"},
    {.name = "health", .method = SW_GET, .path = "/health/{app}", .effect = SW_EFFECT_READ},
};
enum { OPERATION_HALT = 1, OPERATION_HALT_NONE = 4, OPERATION_HEALTH = 5 };

static const struct sw_option binding_options[] = {
    {.key = "app", .type = SW_OPTION_STRING, .is_required = true, .help = "its name"},
    {.type = SW_OPTION_END},
};

static const struct sw_option no_options[] = {{.type = SW_OPTION_END}};

static enum sw_code no_auth(const struct sw_node *account, const char *base_url,
                            struct sw_auth **out, struct sw_error *err)
{
    (void)account;
    (void)base_url;
    (void)err;
    *out = NULL;
    return SW_OK;
}

static void unit_key(const struct sw_target *target, char *key, size_t size)
{
    sw_copy(key, size, sw_node_str(target->options, "app"));
}

static enum sw_code get(struct sw_flow *flow, const struct sw_operation *operation, const char *app,
                        json_t **out, struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    enum sw_code code = sw_request_init(&request, operation, err, app, NULL);
    if (code == SW_OK)
        code = sw_flow_exchange(flow, &request, &reply, err);
    if (code == SW_OK)
        code = sw_reply_json(&reply, out, err);
    sw_reply_clear(&reply);
    return code;
}

static enum sw_code observe_one(struct sw_flow *flow, const struct sw_target *target,
                                struct sw_error *err)
{
    SW_JSON json_t *tree = NULL;
    const char *app = sw_node_str(target->options, "app");
    const char *state = "";
    struct sw_rollout rollout = {.percent_set = {.is_known = true}};
    enum sw_code code = get(flow, &operations[0], app, &tree, err);
    if (code != SW_OK)
        return code;
    sw_json_str(tree, "state", SW_REQUIRED, &state, err);
    sw_json_num(tree, "percent", SW_REQUIRED, &rollout.percent_set.value, err);
    sw_json_text(tree, "version", SW_REQUIRED, rollout.version, sizeof rollout.version, err);
    sw_json_text(tree, "id", SW_REQUIRED, rollout.identity, sizeof rollout.identity, err);
    rollout.state = sw_state_parse(state);
    sw_copy(rollout.raw_state, sizeof rollout.raw_state, state);
    sw_copy(rollout.previous_version, sizeof rollout.previous_version, "1.0.0");
    rollout.observed_at_ms = rollout.true_for_ms = sw_flow_now(flow);
    rollout.handle = sw_xasprintf("{\"app\":\"%s\"}", app);
    sw_flow_report_rollout(flow, target, &rollout);
    sw_rollout_clear(&rollout);
    return SW_OK;
}

static enum sw_code observe(struct sw_flow *flow, struct sw_error *err)
{
    pthread_mutex_lock(&world.lock);
    const char *lock = world.read_lock;
    pthread_mutex_unlock(&world.lock);
    if (lock != NULL && sw_flow_is_action(flow)) {
        enum sw_code code = sw_flow_lock(flow, lock, err);
        if (code != SW_OK)
            return code;
    }
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        enum sw_code code = observe_one(flow, sw_flow_target(flow, i), err);
        if (code != SW_OK)
            return code;
    }
    return SW_OK;
}

static void offer(const struct sw_target *target, const struct sw_rollout *rollout,
                  enum sw_verb verb, struct sw_source_offer *out)
{
    bool is_rolling = rollout->state == SW_STATE_ROLLING;
    bool is_halted = rollout->state == SW_STATE_HALTED;
    *out = (struct sw_source_offer){0};
    out->is_possible = (verb == SW_VERB_HALT && is_rolling) ||
                       (verb == SW_VERB_RESUME && is_halted) ||
                       (verb == SW_VERB_ADVANCE && is_rolling);
    if (!out->is_possible)
        snprintf(out->reason, sizeof out->reason, "the app is %s", sw_state_name(rollout->state));
    snprintf(out->effect, sizeof out->effect, "It does %s.", sw_verb_name(verb));
    out->to_percent = rollout->percent_set;
    if (verb == SW_VERB_ADVANCE)
        out->to_percent = sw_plan_next_percent(target->plan, rollout->percent_set);
}

static enum sw_code act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err)
{
    static const struct sw_operation *const by_verb[SW_VERB_COUNT] = {
        [SW_VERB_HALT] = &operations[1],
        [SW_VERB_RESUME] = &operations[2],
        [SW_VERB_ADVANCE] = &operations[3],
    };
    struct sw_request request;
    struct sw_reply reply = {0};
    struct sw_buf body;
    const struct sw_target *target = sw_flow_target(flow, 0);
    sw_buf_init(&body, 64);
    sw_buf_printf(&body, "%g", act->to_percent.value);
    enum sw_code code = sw_request_init(&request, by_verb[act->verb], err,
                                        sw_node_str(target->options, "app"), NULL);
    pthread_mutex_lock(&world.lock);
    enum sw_code (*hook)(void *arg) = world.before_write;
    void *hook_arg = world.before_arg;
    pthread_mutex_unlock(&world.lock);
    if (code == SW_OK && hook != NULL)
        code = hook(hook_arg);
    if (code == SW_OK) {
        sw_request_json(&request, "application/json", &body);
        code = sw_flow_exchange(flow, &request, &reply, err);
    }
    sw_reply_clear(&reply);
    sw_buf_clear(&body);
    return code;
}

static bool is_seen(const struct sw_act *act, const struct sw_rollout *now)
{
    switch (act->verb) {
    case SW_VERB_HALT:
        return now->state == SW_STATE_HALTED;
    case SW_VERB_RESUME:
        return now->state == SW_STATE_ROLLING;
    case SW_VERB_ADVANCE:
        if (act->before->state == SW_STATE_READY) /* as Apple: released, whatever the percent */
            return now->state == SW_STATE_ROLLING;
        return now->percent_set.value >= act->to_percent.value - 0.0005;
    default:
        return false;
    }
}

static enum sw_code rights(struct sw_flow *flow, struct sw_right_seen seen[SW_VERB_COUNT],
                           struct sw_error *err)
{
    struct sw_request request;
    struct sw_reply reply = {0};
    const char *app = sw_node_str(sw_flow_target(flow, 0)->options, "app");
    pthread_mutex_lock(&world.lock);
    bool is_misbehaving = world.rights.is_misbehaving;
    pthread_mutex_unlock(&world.lock);
    enum sw_code code =
        is_misbehaving ? sw_request_init(&request, &operations[OPERATION_HALT], err, app, NULL)
                       : sw_request_init(&request, &operations[OPERATION_HALT_NONE], err, NULL);
    request.content_type = "application/json";
    request.body = "{}";
    request.body_len = 2;
    if (code == SW_OK)
        code = sw_flow_exchange(flow, &request, &reply, err);
    sw_reply_clear(&reply);
    struct sw_right_seen one = {.right = code == SW_E_DENIED      ? SW_RIGHT_NO
                                         : code == SW_E_NOT_FOUND ? SW_RIGHT_MAY
                                                                  : SW_RIGHT_UNKNOWN};
    snprintf(one.words, sizeof one.words, "the store says %d", (int)code);
    for (int verb = SW_VERB_HALT; verb < SW_VERB_COUNT; verb++)
        if (verb != SW_VERB_COMPLETE)
            seen[verb] = one;
    return one.right == SW_RIGHT_UNKNOWN ? code : SW_OK;
}

#define STORE_KIND                                                                                 \
    .title = "Fake store", .summary = "a store for tests", .can = SW_CAN_ROLLOUT | SW_CAN_ACT,     \
    .base_url = "https://store.example", .account_options = no_options,                            \
    .rollout_options = binding_options, .interval_s = 60, .stale_after_s = 300,                    \
    .budget = {.concurrent = 4}, .operations = operations, .operation_count = OPERATION_HEALTH,    \
    .auth_open = no_auth, .unit_key = unit_key, .observe = observe, .offer = offer, .act = act,    \
    .is_seen = is_seen

static const struct sw_source_kind store_kind = {.name = "fake_store", STORE_KIND};
static const struct sw_source_kind keyed_kind = {
    .name = "fake_keyed", STORE_KIND, .rights = rights};
static const struct sw_source_kind felt_kind = {
    .name = "fake_felt", STORE_KIND, .rights = rights, .is_asking_rights_felt = true};

/* ------------------------------------------------------------------ health */

static bool is_told_to_wait(const char *app)
{
    pthread_mutex_lock(&world.lock);
    struct world_app *it = find(app);
    bool is_told = it->health_waits > 0;
    it->health_waits -= is_told;
    pthread_mutex_unlock(&world.lock);
    return is_told;
}

static enum sw_code observe_health(struct sw_flow *flow, struct sw_error *err)
{
    for (size_t i = 0; i < sw_flow_target_count(flow); i++) {
        const struct sw_target *target = sw_flow_target(flow, i);
        SW_JSON json_t *tree = NULL;
        struct sw_reading reading = {.metric = target->metric,
                                     .n = {.value = 100000, .is_known = true},
                                     .observed_at_ms = sw_flow_now(flow),
                                     .true_for_ms = sw_flow_now(flow)};
        if (target->rollout == NULL)
            continue;
        if (is_told_to_wait(sw_node_str(target->options, "app")))
            return sw_fail_http(err, SW_E_QUOTA, 0, true, sw_time_real_ms(),
                                "asked to wait another 1 s; nothing was sent");
        enum sw_code code = get(flow, &operations[OPERATION_HEALTH],
                                sw_node_str(target->options, "app"), &tree, err);
        if (code != SW_OK)
            return code;
        reading.value.is_known =
            sw_json_num(tree, "value", SW_REQUIRED, &reading.value.value, err) == SW_OK;
        snprintf(reading.origin, sizeof reading.origin, "health of %s", target->rollout->version);
        for (size_t w = 0; w < target->window_count; w++) {
            reading.window_s = target->windows_s[w];
            sw_flow_report_reading(flow, target, &reading);
        }
    }
    return SW_OK;
}

static const struct sw_source_kind health_kind = {
    .name = "fake_health",
    .title = "Fake health",
    .summary = "crash figures for tests",
    .can = SW_CAN_HEALTH,
    .base_url = "https://health.example",
    .account_options = no_options,
    .health_options = binding_options,
    .metrics = 1u << SW_METRIC_CRASH_FREE_SESSIONS,
    .interval_s = 60,
    .stale_after_s = 300,
    .budget = {.concurrent = 4},
    .operations = &operations[OPERATION_HEALTH],
    .operation_count = 1,
    .auth_open = no_auth,
    .unit_key = unit_key,
    .observe = observe_health,
};

/* --------------------------------------------------------------------- git */

static void git_key(const struct sw_target *target, char *key, size_t size)
{
    (void)target;
    sw_copy(key, size, "one");
}

static enum sw_code observe_git(struct sw_flow *flow, struct sw_error *err)
{
    char release[64], tag[96], checklist[4096];
    (void)err;
    pthread_mutex_lock(&world.lock);
    snprintf(release, sizeof release, "%s", world.release);
    snprintf(checklist, sizeof checklist, "%s", world.checklist);
    int delay_ms = world.git_delay_ms;
    pthread_mutex_unlock(&world.lock);
    world_sleep(delay_ms);
    snprintf(tag, sizeof tag, "v%s", release);
    sw_flow_report_release(flow, release, tag);
    if (checklist[0] != '\0')
        sw_flow_report_checklist(flow, "RELEASE.md", tag, checklist, strlen(checklist));
    return SW_OK;
}

static const struct sw_source_kind git_kind = {
    .name = "fake_git",
    .title = "Fake git",
    .summary = "tags for tests",
    .can = SW_CAN_TAGS,
    .account_options = no_options,
    .interval_s = 60,
    .stale_after_s = 300,
    .unit_key = git_key,
    .observe = observe_git,
};

static const struct sw_source_kind *const kinds[] = {&store_kind,  &keyed_kind, &felt_kind,
                                                     &health_kind, &git_kind,   NULL};
static const struct sw_transport transport = {.perform = perform};
struct sw_tuning world_tuning;
const struct sw_parts world_parts = {
    .kinds = kinds, .transport = &transport, .tuning = &world_tuning};

/* ------------------------------------------------------------- a fresh home */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

/* Whole, also for a core that is just reading it. */
void world_write_config(const char *text)
{
    struct sw_error error = {0};
    if (sw_fs_write_atomic(world.config, text, strlen(text), 0600, &error) != SW_OK)
        fail_msg("%s", error.text);
}

const char *world_default_config(void)
{
    return world.config_text;
}

static char *config_text(size_t count, const char *extra)
{
    struct sw_buf text;
    sw_buf_init(&text, 1 << 20);
    sw_buf_add(&text, "version: 1\n"
                      "captain: {name: Test Captain, email: captain@example.com}\n"
                      "release: {name: auto, tags: \"v*\", timezone: UTC}\n"
                      "repository: {path: /nowhere}\n"
                      "checklist: {file: RELEASE.md}\n"
                      "sources:\n"
                      "  - {id: store, kind: fake_store, base_url: \"http://127.0.0.1:9\"}\n"
                      "  - {id: health, kind: fake_health, base_url: \"http://127.0.0.1:9\"}\n"
                      "  - {id: git, kind: fake_git}\n"
                      "platforms:\n");
    for (size_t i = 0; i < count; i++)
        sw_buf_printf(&text,
                      "  - id: app%zu\n"
                      "    title: App %zu\n"
                      "    kind: android\n"
                      "    rollout: {source: store, app: app%zu}\n"
                      "    plan: [{percent: 10}, {percent: 50}, {percent: 100}]\n"
                      "    health:\n"
                      "      - {metric: crash_free_sessions, source: health, app: app%zu}\n",
                      i, i, i, i);
    sw_buf_add(&text, extra != NULL ? extra : "");
    return sw_buf_take(&text);
}

static void set_place(const char *name, const char *below, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", world.home, below);
    mkdir(out, 0700);
    setenv(name, out, 1);
}

const char *world_begin(size_t count, const char *extra)
{
    const char *tmp = getenv("TMPDIR");
    char unused[PATH_MAX_TEXT + 32];
    assert_true(count <= APPS_MAX);
    world_tuning = (struct sw_tuning){.publish_gap_ms = 5,
                                      .cache_gap_ms = 50,
                                      .watch_gap_ms = 60,
                                      .drain_ms = 300,
                                      .read_first_ms = 10,
                                      .read_max_ms = 40,
                                      .resend_after_ms = 80,
                                      .settle_gap_ms = 20,
                                      .seen_timeout_ms = 600,
                                      .release_wait_ms = 500,
                                      .halt_read_ms = 3000};
    snprintf(world.home, sizeof world.home, "%s/slipway-world-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(world.home));
    set_place("XDG_STATE_HOME", "state", world.state, sizeof world.state);
    set_place("XDG_CACHE_HOME", "cache", world.cache, sizeof world.cache);
    set_place("XDG_CONFIG_HOME", "config", unused, sizeof unused);
    snprintf(world.state, sizeof world.state, "%s/state/slipway", world.home);
    snprintf(world.config, sizeof world.config, "%s/config.yaml", world.home);
    world.count = count;
    world.git_delay_ms = 0;
    world.before_write = NULL;
    world.read_lock = NULL;
    world.rights = (struct world_rights){.status = 404};
    for (size_t i = 0; i < count; i++) {
        world.apps[i] = (struct world_app){.state = SW_STATE_ROLLING,
                                           .percent = 10,
                                           .version = "2.0.0",
                                           .identity = "200",
                                           .health_percent_x100 = 9990};
        snprintf(world.apps[i].name, sizeof world.apps[i].name, "app%zu", i);
    }
    world_set_release("2.0.0", "# Before\n- [ ] smoke test {#smoke}\n- [ ] notes {#notes}\n");
    world.config_text = config_text(count, extra);
    world_write_config(world.config_text);
    return world.config;
}

void world_end(void)
{
    nftw(world.home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(world.config_text);
    world.config_text = NULL;
}

/* ------------------------------------------------------------- around a core */

struct sw_core *world_open(bool is_oneshot, bool is_read_only)
{
    struct sw_core *core = NULL;
    struct sw_problems problems = {0};
    struct sw_error error = {0};
    const struct sw_open_options options = {.config_path = world.config,
                                            .is_oneshot = is_oneshot,
                                            .is_asking_rights = !is_oneshot,
                                            .is_read_only = is_read_only};
    if (sw_core_open_parts(&options, &world_parts, &core, &problems, &error) != SW_OK)
        fail_msg("open: %s", error.text);
    sw_problems_free(&problems);
    return core;
}

struct sw_core *world_start(bool is_oneshot, bool is_read_only)
{
    struct sw_error error = {0};
    struct sw_core *core = world_open(is_oneshot, is_read_only);
    if (sw_core_start(core, &error) != SW_OK)
        fail_msg("start: %s", error.text);
    assert_true(sw_core_wait_polled(core, 20000));
    return core;
}

struct sw_outcome *world_do(struct sw_core *core, const struct sw_command *command)
{
    uint64_t id = sw_submit(core, command);
    struct sw_outcome *outcome = sw_core_wait_outcome(core, id, 20000);
    assert_non_null(outcome);
    assert_int_equal(outcome->id, id);
    return outcome;
}

struct sw_outcome *world_verb(struct sw_core *core, const char *platform, enum sw_verb verb)
{
    const struct sw_command command = {
        .kind = SW_COMMAND_VERB, .platform = platform, .verb = verb, .reason = "because"};
    return world_do(core, &command);
}

struct sw_snapshot *world_wait(struct sw_core *core, world_condition condition, const void *arg)
{
    int64_t end_ms = sw_time_mono_ms() + 10000;
    while (sw_time_mono_ms() < end_ms) {
        struct pollfd fd = {.fd = sw_core_fd(core), .events = POLLIN};
        struct sw_snapshot *snapshot = sw_core_take_snapshot(core);
        if (snapshot != NULL && condition(snapshot, arg))
            return snapshot;
        sw_snapshot_free(snapshot);
        poll(&fd, 1, 100);
        sw_core_clear_wake(core);
    }
    return NULL;
}

static bool is_any(const struct sw_snapshot *snapshot, const void *arg)
{
    (void)arg;
    return snapshot != NULL;
}

struct sw_snapshot *world_snapshot(struct sw_core *core)
{
    const struct sw_command command = {.kind = SW_COMMAND_POLL};
    sw_outcome_free(world_do(core, &command));
    world_sleep(60);
    struct sw_snapshot *snapshot = world_wait(core, is_any, NULL);
    assert_non_null(snapshot);
    return snapshot;
}

struct count {
    enum sw_event_kind kind;
    enum sw_result result;
    size_t count;
};

static bool count_event(void *arg, const struct sw_event *event)
{
    struct count *count = arg;
    if (event->kind == count->kind &&
        (count->result == SW_RESULT_NONE || event->result == count->result))
        count->count++;
    return true;
}

size_t world_events(struct sw_core *core, enum sw_event_kind kind, enum sw_result result)
{
    struct count count = {.kind = kind, .result = result};
    struct sw_error error = {0};
    if (sw_core_read_ledger(core, count_event, &count, &error) != SW_OK)
        fail_msg("ledger: %s", error.text);
    return count.count;
}

void world_change(const char *name, enum sw_state to, double percent)
{
    struct world_app app = world_look(name);
    app.state = to;
    app.percent = percent;
    world_set(name, &app);
}

void world_expect(struct sw_outcome *outcome, enum sw_result result, const char *part)
{
    assert_non_null(outcome);
    if (outcome->result != result || strstr(outcome->text, part) == NULL)
        fail_msg("%s: %s; wanted %s: %s", sw_result_name(outcome->result), outcome->text,
                 sw_result_name(result), part);
    sw_outcome_free(outcome);
}
