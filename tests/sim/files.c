/*
 * What the simulator leaves in its directory: config.yaml (complete, pointing at itself),
 * endpoints.json and keys/. Every file 0600, written beside and renamed.
 */
#include "process.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_file(const char *dir, const char *name, const char *text, char *error)
{
    char *path = sim_printf("%s/%s", dir, name);
    char *part = sim_printf("%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t n = strlen(text);
    bool ok = fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, 0600) == 0;

    if (fd >= 0 && close(fd) != 0)
        ok = false;
    ok = ok && rename(part, path) == 0;
    if (!ok)
        snprintf(error, 256, "cannot write %.120s: %.80s", path, strerror(errno));
    free(part);
    free(path);
    return ok;
}

static const char *url_of(const struct sim *sim, const char *service)
{
    size_t i = sim_service_index(service);

    return i == SIZE_MAX ? "" : sim->url[i];
}

/* ---- keys ------------------------------------------------------------------------------- */

static bool write_google_key(const struct sim *sim, const char *dir, char *error)
{
    const struct sim_creds *c = sim->creds;
    json_t *key = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "project_id",
        "acme-sim", "private_key_id", c->google_key_id, "private_key", c->google_private_pem,
        "client_email", c->google_client_email, "client_id", "110000000000000000001", "auth_uri",
        "https://accounts.google.com/o/oauth2/auth", "token_uri",
        "https://oauth2.googleapis.com/token");
    char *text = sim_json_text(key);
    bool ok = write_file(dir, "keys/play-service-account.json", text, error);

    free(text);
    json_decref(key);
    return ok;
}

static bool write_keys(const struct sim *sim, const char *dir, char *error)
{
    const struct sim_creds *c = sim->creds;
    char *p8 = sim_printf("keys/AuthKey_%s.p8", c->apple_key_id);
    char *aws = sim_printf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
                           c->aws_profile, c->aws_access_key_id, c->aws_secret_access_key);
    char *sentry = sim_printf("%s\n", c->sentry_token);
    bool ok = write_file(dir, p8, c->apple_private_pem, error) &&
              write_google_key(sim, dir, error) &&
              write_file(dir, "keys/sentry-token", sentry, error) &&
              write_file(dir, "keys/aws-credentials", aws, error);

    free(p8);
    free(aws);
    free(sentry);
    return ok;
}

/* ---- endpoints.json --------------------------------------------------------------------- */

static bool write_endpoints(const struct sim_process *process, char *error)
{
    const struct sim *sim = process->sim;
    json_t *services = json_object();

    for (size_t i = 0; sim_services[i] != NULL; i++) {
        json_t *endpoint = json_pack("{s:s}", "url", sim->url[i]);
        if (sim_services[i]->describe != NULL)
            sim_services[i]->describe(sim, endpoint);
        json_object_set_new(services, sim_services[i]->name, endpoint);
    }
    json_object_set_new(services, "admin",
                        json_pack("{s:s, s:s}", "url", process->admin_url, "token",
                                  sim->creds->admin_token));
    json_t *all = json_pack("{s:o}", "services", services);
    char *text = sim_json_text(all);
    bool ok = write_file(process->dir, "endpoints.json", text, error);
    free(text);
    json_decref(all);
    return ok;
}

/* ---- config.yaml ------------------------------------------------------------------------ */

/* The same three lines below every source. */
static void account_yaml(FILE *out, const struct sim *sim, const char *service, int least_s)
{
    /* Intervals are world time: one poll a real second, but not below `least_s`. A figure is stale
     * after ten of them, which leaves a slow machine time. */
    int interval_s = sim->clock.speed < least_s ? least_s : (int)sim->clock.speed;
    int stale_s = interval_s * 10 < 300 ? 300 : interval_s * 10;

    fprintf(out, "    base_url: %s\n    interval: %ds\n    stale_after: %ds\n",
            url_of(sim, service), interval_s, stale_s);
}

static void aws_yaml(FILE *out, const struct sim *sim, const char *dir, const char *id,
                     const char *service, int least_s)
{
    if (url_of(sim, service)[0] == '\0')
        return;
    fprintf(out,
            "  - id: %s\n    kind: %s\n    region: %s\n    profile: %s\n"
            "    shared_credentials: %s/keys/aws-credentials\n",
            id, service, sim->creds->aws_region, sim->creds->aws_profile, dir);
    account_yaml(out, sim, service, least_s);
}

/* Vitals change once an hour and are late by design: see their page. */
static void vitals_yaml(FILE *out, const struct sim *sim, const char *dir)
{
    int interval_s = sim->clock.speed < 300 ? 900 : (int)sim->clock.speed * 3;
    int stale_s = interval_s * 10 < 43200 ? 43200 : interval_s * 10;

    fprintf(out,
            "  - id: vitals\n    kind: play_vitals\n    token_url: %s/token\n"
            "    key_file: \"%s/keys/play-service-account.json\"\n    base_url: %s\n"
            "    interval: %ds\n    stale_after: %ds\n",
            url_of(sim, "google_oauth"), dir, url_of(sim, "google_reporting"), interval_s,
            stale_s);
}

static void sources_yaml(FILE *out, const struct sim_process *process)
{
    const struct sim *sim = process->sim;
    const struct sim_creds *c = sim->creds;
    const char *dir = process->dir;

    fprintf(out, "sources:\n");
    if (url_of(sim, "app_store")[0] != '\0') {
        fprintf(out,
                "  - id: apple\n    kind: app_store\n    issuer_id: %s\n    key_id: %s\n"
                "    key_file: \"%s/keys/AuthKey_%s.p8\"\n",
                c->apple_issuer_id, c->apple_key_id, dir, c->apple_key_id);
        account_yaml(out, sim, "app_store", 10);
    }
    fprintf(out,
            "  - id: play\n    kind: google_play\n    token_url: %s/token\n"
            "    key_file: \"%s/keys/play-service-account.json\"\n    edit_interval: %ds\n",
            url_of(sim, "google_oauth"), dir,
            sim->clock.speed < 60 ? 60 : (int)sim->clock.speed);
    account_yaml(out, sim, "google_play", 10);
    vitals_yaml(out, sim, dir);
    fprintf(out,
            "  - id: sentry\n    kind: sentry\n    organization: acme\n"
            "    token_file: \"%s/keys/sentry-token\"\n",
            dir);
    account_yaml(out, sim, "sentry", 10);
    aws_yaml(out, sim, dir, "aws-metrics", "cloudwatch", 60);
    aws_yaml(out, sim, dir, "aws-deploy", "codedeploy", 10);
    fprintf(out, "  - {id: tags, kind: git_tags}\n");
}

static void app_yaml(FILE *out, const struct world_app *app, const char *title, const char *rollout,
                     const char *plan)
{
    fprintf(out,
            "  - id: %s\n    title: %s\n    kind: %s\n%s    tags: \"%s-v*\"\n    rollout: %s\n"
            "    plan: %s\n    health:\n"
            "      - {metric: crash_free_sessions, source: sentry, project: %s, environment: %s,\n"
            "         release: \"com.acme.app@{version}+{build}\"}\n",
            app->id, title, app->id, strcmp(app->id, "ios") == 0 ? "    includes: [watchos]\n" : "",
            app->id, rollout, plan, app->project, app->environment);
    if (strcmp(app->id, "ios") == 0)
        fputs("      - {metric: one_star_share, source: apple, bundle_id: com.acme.app}\n", out);
    static const char *const vitals[] = {"crash_free_users", "user_perceived_crash_rate",
                                         "anr_rate", "slow_start_rate"};
    for (size_t i = 0; strcmp(app->id, "ios") != 0 && i < 4; i++)
        fprintf(out, "      - {metric: %s, source: vitals, package: com.acme.app, period: %s}\n",
                vitals[i], i < 2 ? "hourly" : "daily");
}

static void error_rate_yaml(FILE *out, const struct world_service *service)
{
    fprintf(out,
            "      - metric: error_rate\n        source: aws-metrics\n"
            "        errors: {namespace: AWS/ApplicationELB, name: HTTPCode_Target_5XX_Count, "
            "stat: Sum, dimensions: {LoadBalancer: %s}}\n"
            "        total: {namespace: AWS/ApplicationELB, name: RequestCount, stat: Sum, "
            "dimensions: {LoadBalancer: %s}}\n",
            service->load_balancer, service->load_balancer);
}

static void service_yaml(FILE *out, const struct world *world, const struct world_service *service)
{
    const struct deploy_group *group = &world->deploy.groups[service - world->services];
    bool is_backend = strcmp(service->id, "backend") == 0;

    fprintf(out,
            "  - id: %s\n    title: %s\n    kind: %s\n    tags: \"%s-v*\"\n"
            "    rollout: {source: aws-deploy, application: %s, deployment_group: %s, "
            "cluster: %s, service: %s}\n    plan: service\n    health:\n",
            service->id, is_backend ? "Backend" : "Web", service->id, group->service,
            group->application, group->group, group->cluster, group->service);
    error_rate_yaml(out, service);
    if (is_backend)
        fprintf(out,
                "      - {metric: latency_p95, source: aws-metrics, value: {namespace: "
                "AWS/ApplicationELB, name: TargetResponseTime, stat: p95, unit: s, dimensions: "
                "{LoadBalancer: %s}},\n         total: {namespace: AWS/ApplicationELB, name: "
                "RequestCount, stat: Sum, dimensions: {LoadBalancer: %s}}}\n",
                service->load_balancer, service->load_balancer);
    fprintf(out, "    alarms: {source: aws-metrics, names: [%s]}\n", service->alarm);
}

/* A service that this simulator does not have takes its platforms with it. */
static void gates_yaml(FILE *out, bool has_apple)
{
    static const char *const windows[][2] = {{"crash", "1h"}, {"crash-day", "24h"}};

    fprintf(out, "gates:\n");
    for (size_t i = 0; i < 2; i++)
        fprintf(out,
                "  - {id: %s, platforms: [%sandroid, wear], metric: crash_free_sessions, "
                "warn: 99.5, critical: 99, window: %s, min_sample: 600, blocking: true}\n",
                windows[i][0], has_apple ? "ios, " : "", windows[i][1]);
    /* Shown, and closing nothing: Play's day is that of the day before yesterday. */
    fprintf(out, "  - {id: anr, platforms: [android, wear], metric: anr_rate, critical: 0.5, "
                 "window: 24h, min_sample: 600, blocking: false}\n");
}

static const char service_gates_yaml[] =
    "  - {id: errors, platforms: [web, backend], metric: error_rate, warn: 1, critical: 5, "
    "window: 5m, min_sample: 300, blocking: true}\n"
    "  - {id: latency, platforms: [backend], metric: latency_p95, warn: 500, critical: 1000, "
    "window: 5m, min_sample: 300, blocking: false}\n";

static void platforms_yaml(FILE *out, const struct sim *sim)
{
    struct world *world = sim->world;
    bool has_apple = url_of(sim, "app_store")[0] != '\0';
    bool has_aws = url_of(sim, "cloudwatch")[0] != '\0' && url_of(sim, "codedeploy")[0] != '\0';

    fprintf(out, "platforms:\n");
    if (has_apple)
        app_yaml(out, world_app_find(world, "ios"), "iOS",
                 "{source: apple, bundle_id: com.acme.app}", "store");
    app_yaml(out, world_app_find(world, "android"), "Android",
             "{source: play, package: com.acme.app, track: production}",
             "[{percent: 5, soak: 6h}, {percent: 10, soak: 6h}, {percent: 20, soak: 12h}, "
             "{percent: 50, soak: 24h}, {percent: 100}]");
    app_yaml(out, world_app_find(world, "wear"), "Wear OS",
             "{source: play, package: com.acme.app, track: \"wear:production\"}",
             "[{percent: 50, soak: 24h}, {percent: 100}]");
    for (size_t i = 0; has_aws && i < world->n_services; i++)
        service_yaml(out, world, &world->services[i]);
    gates_yaml(out, has_apple);
    if (has_aws)
        fputs(service_gates_yaml, out);
}

bool sim_config_write(const struct sim_process *process, char *error)
{
    const struct sim_clock *clock = &process->sim->clock;
    char real[32];
    char world[32];
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (out == NULL)
        abort();
    fprintf(out,
            "version: 1  # written by slipway-sim; it lives as long as that process\n"
            "captain: {name: Release Captain, email: captain@example.com}\n"
            "release: {name: auto, tags: \"v*\", timezone: Europe/Madrid}\n"
            "repository: {path: \"%s/repo\"}\n"
            "checklist: {file: docs/RELEASE.md, ref: auto}\n"
            "simulation: {real: \"%s\", world: \"%s\", speed: %g}\n",
            process->dir, sim_rfc3339(real, sizeof real, clock->real_ms, true),
            sim_rfc3339(world, sizeof world, clock->world_ms, true), clock->speed);
    sources_yaml(out, process);
    platforms_yaml(out, process->sim);
    if (fclose(out) != 0)
        abort();
    bool ok = write_file(process->dir, "config.yaml", text, error);
    free(text);
    return ok;
}

bool sim_files_write(const struct sim_process *process, char *error)
{
    char *keys = sim_printf("%s/keys", process->dir);
    bool ok = mkdir(keys, 0700) == 0 || errno == EEXIST;

    if (!ok)
        snprintf(error, 256, "cannot make %.120s: %.80s", keys, strerror(errno));
    free(keys);
    return ok && write_keys(process->sim, process->dir, error) &&
           write_endpoints(process, error) && sim_config_write(process, error);
}
