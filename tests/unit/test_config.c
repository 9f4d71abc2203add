/* The configuration: the agreed shape loads, every mistake has one clear text and a position, and
 * the commented example is itself without a problem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/pattern.h"
#include "config/url.h"
#include "support/config_kinds.h"

static char dir[512], file[600];

static int set_up(void **state)
{
    (void)state;
    const char *place = getenv("TMPDIR");
    sw_format(dir, sizeof dir, "%s/slipway-test-config-XXXXXX", place != NULL ? place : "/tmp");
    if (mkdtemp(dir) == NULL)
        return 1;
    sw_format(file, sizeof file, "%s/config.yaml", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(dir);
}

static void write_file(const char *text)
{
    struct sw_error err = {0};
    if (sw_fs_write_atomic(file, text, strlen(text), 0600, &err) != SW_OK)
        fail_msg("%s", err.text);
}

/* All problems without the file's name, one a line. */
static char *problems_text(const struct sw_problems *problems)
{
    struct sw_buf out;
    sw_buf_init(&out, 1 << 20);
    sw_buf_add(&out, "");
    for (size_t i = 0; i < problems->count; i++) {
        char text[800];
        sw_problem_text(&problems->items[i], text, sizeof text);
        const char *from = strncmp(text, file, strlen(file)) == 0 ? text + strlen(file) + 1 : text;
        sw_buf_printf(&out, "%s%s", i > 0 ? "\n" : "", from);
    }
    return sw_buf_take(&out);
}

static struct sw_config *load(const char *text, const char *wanted)
{
    struct sw_config *config = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    write_file(text);
    enum sw_code code =
        sw_config_load(file, config_kinds, config_kind_count, &config, &problems, &err);
    char *said SW_AUTO_FREE = problems_text(&problems);
    if (strcmp(said != NULL ? said : "", wanted) != 0)
        fail_msg("input:\n%s\nsaid:\n%s\nwanted:\n%s", text, said, wanted);
    bool is_refused = strstr(wanted, "error:") != NULL;
    assert_int_equal(code, is_refused ? SW_E_CONFIG : SW_OK);
    assert_int_equal(err.code, code);
    assert_true((config == NULL) == is_refused);
    sw_problems_free(&problems);
    return config;
}

/* ------------------------------------------------------------ the agreed shape */

static char *read_text(const char *path)
{
    struct sw_buf text;
    struct sw_error err = {0};
    sw_buf_init(&text, 1 << 20);
    if (sw_fs_read(path, 1 << 20, &text, &err) != SW_OK)
        fail_msg("%s", err.text);
    return sw_buf_take(&text);
}

static const struct sw_config_platform *platform(const struct sw_config *config, const char *id)
{
    for (size_t i = 0; i < config->platform_count; i++)
        if (strcmp(config->platforms[i].id, id) == 0)
            return &config->platforms[i];
    fail_msg("no platform %s", id);
    return NULL;
}

static const struct sw_gate_rule *gate(const struct sw_config_platform *of, const char *id)
{
    for (size_t i = 0; i < of->gate_count; i++)
        if (strcmp(of->gates[i].id, id) == 0)
            return &of->gates[i];
    return NULL;
}

static void the_agreed_example_loads(void **state)
{
    (void)state;
    char path[700];
    const char *top = getenv("SLIPWAY_TOP");
    sw_format(path, sizeof path, "%s/tests/data/config/example.yaml", top != NULL ? top : ".");
    char *text SW_AUTO_FREE = read_text(path);
    struct sw_config *config = load(text, "");
    assert_string_equal(config->captain_name, "Release Captain");
    assert_null(config->release_name);
    assert_string_equal(config->release_tags, "v*");
    assert_string_equal(config->zone, "Europe/Madrid");
    assert_string_equal(config->checklist_ref, "auto");
    assert_int_equal(config->source_count, 6);
    assert_string_equal(config->sources[2].base_url, "https://us.sentry.io");
    assert_int_equal(config->sources[2].interval_s, 60);
    assert_string_equal(config->sources[3].base_url, "https://monitoring.eu-west-1.amazonaws.com");
    assert_null(config->sources[5].base_url);
    assert_int_equal(sw_node_int(config->sources[1].options, "edit_interval"), 300);
    assert_int_equal(strlen(config->hash), 16);
    const struct sw_config_platform *ios = platform(config, "ios");
    assert_int_equal(ios->kind, SW_KIND_IOS);
    assert_int_equal(ios->includes_count, 1);
    assert_int_equal(ios->plan.kind, SW_PLAN_STORE);
    assert_int_equal(ios->plan.count, 7);
    /* crash and crash-day from the file, not-worse; anr and one-star fall out: nothing reads them */
    assert_int_equal(ios->gate_count, 3);
    assert_true(gate(ios, "not-worse")->is_verdict && gate(ios, "not-worse")->is_blocking);
    const struct sw_config_platform *android = platform(config, "android");
    assert_int_equal(android->plan.count, 5);
    assert_int_equal(android->plan.stages[2].soak_s, 12 * 3600);
    assert_int_equal(android->plan.stages[4].soak_s, 0);
    assert_string_equal(sw_node_str(android->rollout.options, "track"), "production");
    assert_int_equal(android->stop, SW_STOP_HALT);
    const struct sw_config_platform *backend = platform(config, "backend");
    assert_int_equal(backend->plan.kind, SW_PLAN_SERVICE);
    assert_int_equal(backend->health_count, 2);
    assert_int_equal(backend->health[1].metric, SW_METRIC_LATENCY_P95);
    assert_true(backend->has_alarms);
    assert_int_equal(backend->gate_count, 3);
    assert_false(gate(backend, "latency")->is_blocking);
    assert_true(gate(backend, "errors")->min_sample > 299 &&
                gate(backend, "errors")->min_sample < 301);
    const struct sw_node *errors = sw_node_map(backend->health[0].options, "errors");
    const char *value = NULL;
    assert_string_equal(sw_node_pair(errors, "dimensions", 0, &value), "LoadBalancer");
    assert_string_equal(value, "app/api/50dc");
    char *explained SW_AUTO_FREE = sw_config_explain_text(config, config_kinds);
    assert_non_null(strstr(explained, "5% (6h) -> 10% (6h) -> 20% (12h) -> 50% (1d) -> 100%"));
    assert_non_null(strstr(explained, "gate crash: crash_free_sessions over 1h, warns below 99.5%, "
                                      "fails below 99%, from a sample of 600, blocking"));
    sw_config_free(config);
}

static void what_is_optional_loads(void **state)
{
    (void)state;
    struct sw_config *config = load(
        "version: 1\n"
        "sources:\n"
        "  - {id: apple, kind: app_store, base_url: \"http://127.0.0.1:8101/\", issuer_id: i, "
        "key_id: "
        "k, key_env: KEY, interval: 10m}\n"
        "  - {id: play, kind: google_play, base_url: \"http://[::1]:8102\", key_file: ~/k.json, "
        "token_url: \"http://127.0.0.1:8102/token\"}\n"
        "  - {id: crash, kind: sentry, base_url: \"http://127.0.0.2:1/x/\", organization: o, "
        "token_cmd: [pass, show]}\n"
        "simulation: {real: 2026-01-20T09:00:00Z, world: 2026-01-20T10:00:00Z, speed: 60}\n"
        "guard: {halt_on: [fail, worse], advance: false, notify_cmd: [notify-team]}\n"
        "ui: {theme: mono, ascii: true}\n"
        "release: {name: \"2.15.3\", timezone: UTC}\n"
        "platforms:\n"
        "  - id: ios\n"
        "    kind: ios\n"
        "    rollout: {source: apple, bundle_id: b, stop: skip}\n"
        "    plan: {store: true, halt_weekends: true}\n"
        "    health: [{metric: crash_free_users, source: crash, project: p, release: r}]\n"
        "  - id: android\n"
        "    kind: android\n"
        "    rollout: {source: play, package: p, stop: rollback}\n"
        "    plan: [{percent: 5, at: \"Fri 10:00\"}, {percent: 10, at: \"Mon 09:30\"}, {percent: "
        "50}]\n"
        "    health: [{metric: crash_free_sessions, source: crash, project: p, release: r}]\n"
        "gates: [{id: canary, metric: crash_free_sessions, critical: 98, stage: 1}]\n",
        "7:8: warning: guard: nothing acts on this section yet, there is no `slipway guard`\n"
        "14:40: warning: platforms[ios].plan.halt_weekends: nothing halts over weekends yet, do it "
        "by hand; each takes 2d15h of the pause budget, one release at most 2 of them: 5d6h of the "
        "App Store's 30 days");
    assert_true(config->is_simulation);
    assert_true(config->clock.speed > 59 && config->clock.speed < 61);
    assert_true(config->clock.world_ms - config->clock.real_ms == 3600000);
    assert_string_equal(config->release_name, "2.15.3");
    assert_string_equal(config->theme, "mono");
    assert_true(sw_node_bool(config->ui, "ascii"));
    assert_string_equal(config->sources[0].base_url, "http://127.0.0.1:8101");
    assert_string_equal(config->sources[2].base_url, "http://127.0.0.2:1/x");
    /* 10 minutes between polls: five minutes of staleness would never be fresh */
    assert_int_equal(config->sources[0].interval_s, 600);
    assert_int_equal(config->sources[0].stale_after_s, 1800);
    const struct sw_config_platform *ios = platform(config, "ios");
    assert_true(ios->plan.halt_weekends);
    assert_int_equal(ios->plan.count, 7);
    assert_int_equal(ios->stop, SW_STOP_SKIP);
    assert_string_equal(ios->title, "ios");
    assert_null(gate(ios, "canary"));
    const struct sw_config_platform *android = platform(config, "android");
    assert_int_equal(android->stop, SW_STOP_ROLLBACK);
    assert_int_equal(android->plan.stages[0].weekday, 5);
    assert_int_equal(android->plan.stages[0].minute_of_day, 600);
    assert_int_equal(android->plan.stages[1].weekday, 1);
    assert_int_equal(android->plan.stages[1].minute_of_day, 570);
    assert_int_equal(android->plan.stages[2].weekday, -1);
    assert_int_equal(gate(android, "canary")->stage, 1);
    assert_non_null(gate(android, "crash"));
    assert_null(gate(android, "anr"));
    assert_true(gate(android, "canary")->min_sample > 299);
    sw_config_free(config);
}

static void a_configured_gate_replaces_the_default(void **state)
{
    (void)state;
    struct sw_config *config = load(
        "version: 1\n"
        "sources: [{id: s, kind: sentry, organization: o, token_env: T}]\n"
        "platforms:\n"
        "  - {id: a, kind: android, health: [{metric: crash_free_sessions, source: s, project: "
        "p, release: r}]}\n"
        "  - {id: b, kind: android, health: [{metric: crash_free_sessions, source: s, project: "
        "p, release: r}]}\n"
        "gates: [{id: crash, platforms: [a], metric: crash_free_sessions, warn: 99.9, window: "
        "2h, blocking: false}]\n",
        "");
    const struct sw_gate_rule *of_a = gate(platform(config, "a"), "crash");
    assert_int_equal(of_a->window_s, 7200);
    assert_false(of_a->critical.is_known);
    assert_false(of_a->is_blocking);
    assert_true(of_a->min_sample > 2999 && of_a->min_sample < 3001);
    assert_int_equal(gate(platform(config, "b"), "crash")->window_s, 3600);
    assert_int_equal(platform(config, "a")->gate_count, 3);
    sw_config_free(config);
}

#define JUDGED                                                                                     \
    "version: 1\n"                                                                                 \
    "sources: [{id: s, kind: sentry, organization: o, token_env: T}]\n"                            \
    "platforms:\n"                                                                                 \
    "  - {id: a, kind: android, health: [{metric: crash_free_sessions, source: s, project: p, "    \
    "release: r}]}\n"

static void the_gate_on_the_verdict_can_be_changed(void **state)
{
    (void)state;
    struct sw_config *config =
        load(JUDGED "gates: [{id: not-worse, metric: crash_free_sessions, verdict: true, "
                    "blocking: false}]\n",
             "");
    const struct sw_gate_rule *advisory = gate(platform(config, "a"), "not-worse");
    assert_true(advisory->is_verdict);
    assert_false(advisory->is_blocking);
    assert_int_equal(platform(config, "a")->gate_count, 3);
    sw_config_free(config);
    /* One with limits takes its place, as with any other. */
    config = load(JUDGED "gates: [{id: not-worse, metric: crash_free_sessions, warn: 99}]\n", "");
    assert_false(gate(platform(config, "a"), "not-worse")->is_verdict);
    sw_config_free(config);
}

/* ------------------------------------------------------------------- mistakes */

#define SOURCES "version: 1\nsources:\n"
#define SENTRY  "  - {id: s, kind: sentry, organization: o, token_env: T}\n"
#define PLAY    "  - {id: play, kind: google_play, key_env: K}\n"
#define WEB     "platforms:\n  - {id: web, kind: web}\n"
#define HEALTH  "health: [{metric: crash_free_sessions, source: s, project: p, release: r}]"

static void each_mistake_has_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"# nothing\n",
         "1:1: error: missing key \"version\" at the top level (of this file's format)\n"
         "1:1: error: missing key \"sources\" at the top level (one entry for each upstream "
         "account)\n"
         "1:1: error: missing key \"platforms\" at the top level (1 to 500; their order is the "
         "order "
         "on screen)"},
        {"version: 2\nsources: [{id: g, kind: git_tags}]\n" WEB,
         "1:10: error: version: \"2\" is out of range (1 to 1)"},
        {SOURCES "  []\n" WEB, "3:3: error: sources must be a list of 1 to 500 entries"},
        {SOURCES SENTRY "platforms: {}\n",
         "4:12: error: platforms must be a list of 1 to 500 entries"},
        /* the shape of the message, as agreed */
        {SOURCES "  - id: android\n    kind: app_store\n    issuer_id: i\n    key_env: K\n"
                 "    keyid: x\n    key_id: y\n" WEB,
         "3:5: warning: source \"android\" is used by no platform\n"
         "7:5: error: unknown key \"keyid\" in sources[android]; did you mean \"key_id\"?"},
        {SOURCES PLAY "platforms:\n  - id: a\n    kind: android\n    plan: store\n    rollout:\n"
                      "      source: play\n      pakage: x\n",
         "5:5: warning: platform \"a\" reads no health: no gate guards it\n"
         "7:11: warning: platforms[a].plan: `store` is Apple's own table of days, and this "
         "platform "
         "is of kind android\n"
         "9:7: error: missing key \"package\" in platforms[a].rollout (application id)\n"
         "10:7: error: unknown key \"pakage\" in platforms[a].rollout; did you mean \"package\"?"},
        /* sources */
        {SOURCES "  - {id: s, kind: sentri}\n" WEB,
         "3:19: error: sources[s].kind: there is no source kind \"sentri\" (there are: app_store, "
         "google_play, sentry, cloudwatch, codedeploy, prometheus, git_tags); did you mean "
         "\"sentry\"?"},
        {SOURCES "  - {id: s}\n" WEB,
         "3:5: error: missing key \"kind\" in sources[s] (which upstream)"},
        {SOURCES "  - word\n" WEB, "3:5: error: sources[0] must be a mapping (key: value)"},
        {SOURCES "  - {id: Bad Id, kind: git_tags}\n" WEB,
         "3:10: error: id: \"Bad Id\" must be 1 to 32 of a-z, 0-9, - and _, and begin with a "
         "letter "
         "or a digit"},
        {SOURCES "  - {id: g, kind: git_tags}\n  - {id: g, kind: git_tags}\n" WEB,
         "4:10: error: source id \"g\" is used twice (first at line 3)"},
        {SOURCES "  - {id: g, kind: git_tags, base_url: \"https://x.example\"}\n" WEB,
         "3:29: error: unknown key \"base_url\" in sources[g]"},
        {SOURCES "  - {id: p, kind: prometheus}\n" WEB,
         "3:5: error: missing key \"base_url\" in sources[p]\n"
         "3:5: warning: source \"p\" is used by no platform"},
        {SOURCES "  - {id: s, kind: sentry, organization: o}\n" WEB,
         "3:5: error: sources[s] needs exactly one of: token_file, token_env, token_cmd\n"
         "3:5: warning: source \"s\" is used by no platform"},
        {SOURCES "  - {id: s, kind: sentry, organization: o, token_file: t, token_cmd: [c]}\n" WEB,
         "3:5: error: sources[s] has token_file and token_cmd; give exactly one\n"
         "3:5: warning: source \"s\" is used by no platform"},
        {SOURCES "  - {id: s, kind: sentry, organization: o, token_env: sntrys_abc=}\n" WEB,
         "3:5: warning: source \"s\" is used by no platform\n"
         "3:55: error: sources[s].token_env must be the name of an environment variable"},
        {SOURCES "  - {id: s, kind: sentry, organization: o, token_cmd: []}\n" WEB,
         "3:5: warning: source \"s\" is used by no platform\n"
         "3:55: error: sources[s].token_cmd: the command is empty"},
        {SOURCES "  - {id: s, kind: sentry, organization: o, token_env: T, interval: 10m, "
                 "stale_after: 5m}\n" WEB,
         "3:5: warning: source \"s\" is used by no platform\n"
         "3:86: error: sources[s].stale_after is shorter than the interval (600 s): every figure "
         "would always be stale"},
        {SOURCES "  - {id: p, kind: google_play, key_env: K, edit_interval: 10m, interval: 1m, "
                 "stale_after: 659s}\n" WEB,
         "3:5: warning: source \"p\" is used by no platform\n"
         "3:91: error: sources[p].stale_after is shorter than edit_interval and interval together "
         "(660 s): figures would be stale between two readings on schedule"},
        {SOURCES "  - {id: s, kind: sentry, organization: o, token_env: T, base_url: "
                 "\"http://sentry.example\"}\n" WEB,
         "3:5: warning: source \"s\" is used by no platform\n"
         "3:68: error: sources[s].base_url must begin with https:// (plain http only to 127.0.0.1 "
         "or "
         "[::1] itself)"},
        {SOURCES "  - {id: s, kind: sentry, organization: o, token_env: T, ca_file: "
                 "/nonexistent/ca.pem}\n" WEB,
         "3:5: warning: source \"s\" is used by no platform\n"
         "3:67: error: sources[s].ca_file: /nonexistent/ca.pem is no readable file"},
        {SOURCES "  - {id: c, kind: cloudwatch, region: eu-west-1, base_url: "
                 "\"https://x.example/path\"}\n" WEB,
         "3:5: warning: source \"c\" is used by no platform\n"
         "3:60: error: sources[c].base_url must not have a path: requests of this kind are signed "
         "for "
         "\"/\""},
        {SOURCES "  - {id: c, kind: cloudwatch, region: \"eu.evil.example/\"}\n" WEB,
         "3:5: error: sources[c].base_url must not have a path: requests of this kind are signed "
         "for \"/\"\n"
         "3:5: warning: source \"c\" is used by no platform"},
        {SOURCES SENTRY WEB "simulation: {real: 2026-01-20T09:00:00Z, world: 2026-01-20T09:00:00Z, "
                            "speed: 60}\n",
         "3:5: error: sources[s].base_url is https://us.sentry.io, but with `simulation` every "
         "address must be 127.0.0.1 or [::1]\n"
         "3:5: warning: source \"s\" is used by no platform"},
        {SOURCES
         "  - {id: p, kind: google_play, key_env: K, base_url: \"http://127.0.0.1:1\", "
         "token_url: \"https://oauth2.googleapis.com/token\"}\n" WEB
         "simulation: {real: 2026-01-20T09:00:00Z, world: 2026-01-20T09:00:00Z, speed: 60}\n",
         "3:5: warning: source \"p\" is used by no platform\n"
         "3:87: error: sources[p].token_url is https://oauth2.googleapis.com/token, but with "
         "`simulation` every address must be 127.0.0.1 or [::1]"},
        /* platforms */
        {SOURCES SENTRY "platforms:\n  - {id: web, kind: web}\n  - {id: web, kind: web}\n",
         "3:5: warning: source \"s\" is used by no platform\n"
         "6:10: error: platform id \"web\" is used twice (first at line 5)"},
        {SOURCES SENTRY "platforms:\n  - {id: web, kind: webb, " HEALTH "}\n",
         "5:21: error: platforms[web].kind: \"webb\" is not one of: ios, android, wear, web, "
         "backend; "
         "did you mean \"web\"?"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, tags: \"v2*\", " HEALTH "}\n",
         "5:34: error: platforms[a].tags: \"v2*\" can match the same tags as the release train's "
         "\"v*\"; give the platform a pattern of its own"},
        {SOURCES PLAY SENTRY
         "platforms:\n  - {id: a, kind: android, plan: service, rollout: {source: "
         "s}, " HEALTH "}\n",
         "3:5: warning: source \"play\" is used by no platform\n"
         "6:61: error: platforms[a].rollout.source: source \"s\" is of kind sentry, which gives no "
         "rollout (these do: app_store, google_play, codedeploy)"},
        {SOURCES PLAY
         "platforms:\n  - {id: a, kind: android, plan: service, rollout: {source: pley, "
         "package: p}}\n",
         "3:5: warning: source \"play\" is used by no platform\n"
         "5:61: error: platforms[a].rollout.source: there is no source \"pley\"; did you mean "
         "\"play\"?"},
        {SOURCES SENTRY
         "platforms:\n  - {id: a, kind: web, health: [{metric: error_rate, source: s, "
         "project: p, release: r}]}\n",
         "5:42: error: platforms[a].health[0].metric: source \"s\" is of kind sentry, which gives "
         "no "
         "error_rate (these do: cloudwatch, prometheus)"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: web, health: {metric: error_rate}}\n",
         "3:5: warning: source \"s\" is used by no platform\n"
         "5:32: error: platforms[a].health must be a list of at most 64 entries"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: web, " HEALTH ", alarms: {source: s, names: "
                        "[n]}}\n",
         "5:117: error: platforms[a].alarms.source: source \"s\" is of kind sentry, which gives no "
         "alarms (these do: cloudwatch)"},
        {SOURCES
         "  - {id: c, kind: cloudwatch, region: eu-west-1}\n"
         "platforms:\n  - {id: a, kind: web, health: [{metric: error_rate, source: c, errors: "
         "{namespace: N, name: E, stat: Sum}}]}\n",
         "5:33: error: platforms[a].health[0]: error_rate needs errors and total"},
        /* plans */
        {SOURCES PLAY SENTRY
         "platforms:\n  - {id: a, kind: android, rollout: {source: play, package: "
         "p}, " HEALTH ", plan: [{percent: 10}, {percent: 5}]}\n",
         "6:173: error: platforms[a].plan[1].percent must be larger than the stage before (10)"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, " HEALTH ", plan: [{percent: 101}, "
                        "{soak: 6h}, {percent: 0}]}\n",
         "5:121: error: platforms[a].plan[0].percent: \"101\" is out of range (0.0001 to 100)\n"
         "5:127: error: missing key \"percent\" in platforms[a].plan[1] (share of users)\n"
         "5:149: error: platforms[a].plan[2].percent: \"0\" is out of range (0.0001 to 100)"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, " HEALTH
                        ", plan: [{percent: 5, soak: "
                        "6h, at: \"Fri 10:00\"}]}\n",
         "5:130: error: platforms[a].plan[0] has both soak and at; give one of them"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, " HEALTH
                        ", plan: [{percent: 5, at: "
                        "Friday}]}\n",
         "5:128: error: platforms[a].plan[0].at must be a weekday and a time, like \"Fri 10:00\""},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, " HEALTH ", plan: stores}\n",
         "5:110: error: platforms[a].plan: \"stores\" is no plan; write store, service, or a list "
         "of "
         "stages"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH ", plan: {store: false}}\n",
         "5:114: error: platforms[a].plan.store: a plan written this way is the store's; write a "
         "list "
         "of stages instead"},
        /* gates */
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH "}\n"
                        "gates: [{id: g, platforms: [b], metric: crash_free_sessions, warn: 99, "
                        "critical: 99.5}]\n",
         "6:29: error: gates[g].platforms: there is no platform \"b\"; did you mean \"a\"?\n"
         "6:82: error: gates[g]: of crash_free_sessions falling is bad, so critical (99.5) must be "
         "below warn (99)"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH "}\n"
                        "gates: [{id: g, metric: latency_p95, warn: 10, critical: 5}]\n",
         "6:58: error: gates[g]: of latency_p95 rising is bad, so critical (5) must be above warn "
         "(10)"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH "}\n"
                        "gates: [{id: g, metric: crash_free_sessions, verdict: true, warn: 99}]\n",
         "6:67: error: gates[g].warn: a gate on the verdict has no warn"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, " HEALTH "}\n"
                        "gates: [{id: g, metric: crash_free_users, verdict: true}]\n",
         "6:25: error: gates[g].metric: the verdict is on crash_free_sessions or error_rate, not on "
         "crash_free_users"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: android, " HEALTH "}\n"
                        "gates: [{id: g, metric: crash_free_sessions}]\n",
         "6:9: error: gates[g] needs warn or critical, or both"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH "}\n"
                        "gates: [{id: g, metric: crash_free_sessions, warn: 101}]\n",
         "6:52: error: gates[g].warn: 101 is no percentage (0 to 100)"},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH "}\n"
                        "gates: [{id: g, metric: crash_free_sessions, warn: 99}, {id: g, metric: "
                        "crash_free_sessions, warn: 99}]\n",
         "6:62: error: gate id \"g\" is used twice for platform \"a\""},
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, plan: store, " HEALTH "}\n"
                        "gates: [{id: g, metric: crash_free_sessions, warn: 99, stage: 8}, {id: h, "
                        "platforms: [a], metric: anr_rate, critical: 1}]\n",
         "6:63: error: gates[g].stage: the plan of \"a\" has 7 stages\n"
         "6:99: warning: gates[h].metric: platform \"a\" reads no anr_rate, so this gate stays "
         "UNKNOWN there"},
        /* the rest */
        {SOURCES SENTRY "platforms:\n  - {id: a, kind: ios, " HEALTH "}\n"
                        "release: {timezone: Europe/Madird}\ncaptain: {name: \"a <b>\"}\n"
                        "checklist: {file: ../x}\nguard: {halt_on: [wors]}\n",
         "6:21: error: release.timezone: time zone \"Europe/Madird\" is not known on this machine "
         "(is tzdata installed?)\n"
         "7:17: error: captain.name must have 1 to 120 characters, < and > not among them\n"
         "8:12: error: checklist is read from the repository: give repository.path\n"
         "8:19: error: checklist.file must be a path inside the repository\n"
         "9:8: warning: guard: nothing acts on this section yet, there is no `slipway guard`\n"
         "9:19: error: guard.halt_on: \"wors\" is not one of: fail, worse"},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++)
        sw_config_free(load(cases[i].text, cases[i].wanted));
}

static void five_hundred_platforms_and_no_more(void **state)
{
    (void)state;
    struct sw_buf text;
    sw_buf_init(&text, 1 << 20);
    sw_buf_add(&text, SOURCES "  - {id: g, kind: git_tags}\nplatforms:\n");
    for (int i = 0; i < 500; i++)
        sw_buf_printf(&text, "  - {id: p%d, kind: web}\n", i);
    struct sw_config *config = load(sw_buf_text(&text), "");
    assert_int_equal(config->platform_count, 500);
    sw_config_free(config);
    sw_buf_add(&text, "  - {id: more, kind: web}\n");
    sw_config_free(
        load(sw_buf_text(&text), "5:3: error: platforms must be a list of 1 to 500 entries"));
    sw_buf_clear(&text);
}

/* ------------------------------------------------------------------- the file */

static void only_our_own_file_is_read(void **state)
{
    (void)state;
    struct sw_config *config = NULL;
    struct sw_problems problems = {0};
    struct sw_error err = {0};
    unlink(file);
    assert_int_equal(
        sw_config_load(file, config_kinds, config_kind_count, &config, &problems, &err),
        SW_E_CONFIG);
    assert_non_null(strstr(err.text, file));
    assert_non_null(strstr(err.text, "slipway init"));
    assert_int_equal(problems.count, 1);
    sw_problems_free(&problems);
    write_file("version: 1\n");
    static const mode_t modes[] = {0620, 0602, 0666};
    for (size_t i = 0; i < SW_ARRAY_LEN(modes); i++) {
        chmod(file, modes[i]);
        assert_int_equal(sw_config_load(file, config_kinds, config_kind_count, &config, NULL, &err),
                         SW_E_CONFIG);
        assert_non_null(strstr(err.text, "may be written by others"));
    }
    assert_int_equal(sw_config_load(dir, config_kinds, config_kind_count, &config, NULL, &err),
                     SW_E_CONFIG);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_null(config);
    if (geteuid() != 0) {
        /* A file of root is another user's; as root every file could be ours. */
        assert_int_equal(
            sw_config_load("/etc/passwd", config_kinds, config_kind_count, &config, NULL, &err),
            SW_E_CONFIG);
        assert_non_null(strstr(err.text, "belongs to another user"));
    } else {
        write_file("version: 1\n");
        assert_int_equal(chown(file, 65534, 65534), 0);
        assert_int_equal(sw_config_load(file, config_kinds, config_kind_count, &config, NULL, &err),
                         SW_E_CONFIG);
        assert_non_null(strstr(err.text, "belongs to another user (uid 65534)"));
    }
}

static void the_hash_names_the_path(void **state)
{
    (void)state;
    static const char text[] = SOURCES "  - {id: g, kind: git_tags}\n" WEB;
    struct sw_config *first = load(text, "");
    char hash[17];
    sw_copy(hash, sizeof hash, first->hash);
    sw_config_free(first);
    char other[1300];
    sw_format(other, sizeof other, "%s/./../%s/config.yaml", dir, strrchr(dir, '/') + 1);
    struct sw_config *config = NULL;
    assert_int_equal(sw_config_load(other, config_kinds, config_kind_count, &config, NULL, NULL),
                     SW_OK);
    assert_string_equal(config->hash, hash);
    assert_string_equal(config->path, file);
    sw_config_free(config);
}

/* No platform of the example has a use for the made-up kind. */
static const char unused[] = "72:5: warning: source \"prometheus\" is used by no platform";

static void the_written_example_loads(void **state)
{
    (void)state;
    char *text SW_AUTO_FREE = sw_config_example_text(config_kinds, config_kind_count);
    assert_non_null(text);
    struct sw_config *config = load(text, unused);
    assert_int_equal(config->source_count, config_kind_count);
    assert_int_equal(config->platform_count, 3);
    sw_config_free(config);
}

/* Every line that is switched off must be right too once it is switched on. */
static void the_examples_comments_are_true(void **state)
{
    (void)state;
    char *text SW_AUTO_FREE = sw_config_example_text(config_kinds, config_kind_count);
    const char *gates = strstr(text, "# gates:"), *guard = strstr(text, "# guard:");
    assert_non_null(gates);
    assert_non_null(guard);
    struct sw_buf all;
    sw_buf_init(&all, 1 << 20);
    sw_buf_addn(&all, text, (size_t)(gates - text));
    const char *end = strstr(guard, "\n# simulation:");
    for (const char *at = gates; at < end; at++)
        if ((at[0] != '#' && at[0] != ' ') || at == gates || at[-1] != '\n')
            sw_buf_addc(&all, at[0]);
        else
            at += at[0] == '#' && at[1] == ' ' ? 1 : 0;
    const char *start = strstr(sw_buf_text(&all), "# gates:");
    assert_non_null(start);
    char *switched SW_AUTO_FREE = sw_xstrdup(sw_buf_text(&all));
    char *hash = strstr(switched, "# gates:");
    memmove(hash, hash + 2, strlen(hash + 2) + 1);
    int line = 1;
    const char *section = strstr(switched, "\nguard:");
    assert_non_null(section);
    for (const char *at = switched; at <= section; at++)
        line += *at == '\n' ? 1 : 0;
    char wanted[256];
    sw_format(wanted, sizeof wanted,
              "%s\n%d:3: warning: guard: nothing acts on this section yet, there is no `slipway "
              "guard`",
              unused, line + 1);
    struct sw_config *config = load(switched, wanted);
    assert_int_equal(sw_node_count(sw_document_root(config->document), "gates"), 1);
    sw_config_free(config);
    sw_buf_clear(&all);
}

/* ---------------------------------------------------------------- small parts */

static void addresses_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *out; /* NULL: refused */
        bool is_loopback, has_path;
    } cases[] = {
        {"https://us.sentry.io", "https://us.sentry.io", false, false},
        {"https://us.sentry.io///", NULL, false, false},
        {"https://us.sentry.io/", "https://us.sentry.io", false, false},
        {"https://x.example:8443/a/b/", "https://x.example:8443/a/b", false, true},
        {"http://127.0.0.1:80", "http://127.0.0.1:80", true, false},
        {"http://127.255.255.255", "http://127.255.255.255", true, false},
        {"http://[::1]:9", "http://[::1]:9", true, false},
        {"https://127.0.0.1:1", "https://127.0.0.1:1", true, false},
        {"https://[2001:db8::1]/x", "https://[2001:db8::1]/x", false, true},
        {"http://localhost", NULL, false, false},
        {"http://127.0.0.1.evil.example", NULL, false, false},
        {"http://127.0.0.256", NULL, false, false},
        {"http://127.1", NULL, false, false},
        {"http://127.0.0.01", NULL, false, false},
        {"http://[::2]", NULL, false, false},
        {"https://user@x.example", NULL, false, false},
        {"https://127.0.0.1@x.example", NULL, false, false},
        {"https://x.example?a=b", NULL, false, false},
        {"https://x.example#f", NULL, false, false},
        {"https://x.example:0", NULL, false, false},
        {"https://x.example:65536", NULL, false, false},
        {"https://x.example:", NULL, false, false},
        {"https://", NULL, false, false},
        {"https:///path", NULL, false, false},
        {"https://-x.example", NULL, false, false},
        {"https://x..example", NULL, false, false},
        {"https://x.example/a/../b", NULL, false, false},
        {"https://x.example/a b", NULL, false, false},
        {"https://x.example/%2e", NULL, false, false},
        {"HTTPS://x.example", NULL, false, false},
        {"ftp://x.example", NULL, false, false},
        {"x.example", NULL, false, false},
        {"", NULL, false, false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_url url;
        char why[160] = "";
        bool is_ok = sw_url_check(cases[i].text, &url, why, sizeof why);
        if (is_ok != (cases[i].out != NULL))
            fail_msg("%s: %s", cases[i].text, is_ok ? "accepted" : why);
        if (!is_ok)
            continue;
        assert_string_equal(url.text, cases[i].out);
        assert_int_equal(url.is_loopback, cases[i].is_loopback);
        assert_int_equal(url.has_path, cases[i].has_path);
    }
    char *long_url SW_AUTO_FREE = sw_xcalloc(1, 2000);
    memset(long_url, 'a', 1999);
    memcpy(long_url, "https://", 8);
    struct sw_url url;
    char why[160];
    assert_false(sw_url_check(long_url, &url, why, sizeof why));
}

static void patterns_that_meet_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool meets;
    } cases[] = {
        {"v*", "v*", true},
        {"v*", "ios-v*", false},
        {"v*", "v2*", true},
        {"v*", "*-android", true},
        {"v?.0", "v1.*", true},
        {"v1", "v1", true},
        {"v1", "v2", false},
        {"*", "anything", true},
        {"", "*", true},
        {"", "a", false},
        {"a*b", "ab*c", false},
        {"a*b", "ab*b", true},
        {"v[0-9]*", "v9", true},
        {"v[0-9]*", "v", false},
        {"a?c", "a*", true},
        {"ios-v*", "ios-v2*", true},
        {"web-v*", "api-v*", false},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        assert_int_equal(sw_pattern_meets(cases[i].a, cases[i].b), cases[i].meets);
        assert_int_equal(sw_pattern_meets(cases[i].b, cases[i].a), cases[i].meets);
    }
}

static void words_of_tables_are_the_models(void **state)
{
    (void)state;
    /* gates' `metric` lists the words by hand, because a table is const data */
    for (int i = 1; i < SW_METRIC_COUNT; i++) {
        char text[400];
        sw_format(text, sizeof text,
                  SOURCES "  - {id: g, kind: git_tags}\n" WEB
                          "gates: [{id: x, metric: %s, warn: 1, critical: 1}]\n",
                  sw_metric_name((enum sw_metric)i));
        sw_config_free(load(text, ""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agreed_example_loads),
        cmocka_unit_test(what_is_optional_loads),
        cmocka_unit_test(a_configured_gate_replaces_the_default),
        cmocka_unit_test(the_gate_on_the_verdict_can_be_changed),
        cmocka_unit_test(each_mistake_has_its_words),
        cmocka_unit_test(five_hundred_platforms_and_no_more),
        cmocka_unit_test(only_our_own_file_is_read),
        cmocka_unit_test(the_hash_names_the_path),
        cmocka_unit_test(the_written_example_loads),
        cmocka_unit_test(the_examples_comments_are_true),
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(patterns_that_meet_are_found),
        cmocka_unit_test(words_of_tables_are_the_models),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
