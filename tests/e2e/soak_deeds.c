/* soak_deeds.c: see soak_deeds.h. */
#include "soak_deeds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOUR_MS = 3600 * 1000, LINE = 512, ESCAPE_MS = 60, SHOW_TRIES = 20 };

/* ------------------------------------------------------------------------ chance */

static uint64_t next_random(struct soak *s)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int soak_pick(struct soak *s, int low, int high)
{
    return low + (int)(next_random(s) % (uint64_t)(high - low + 1));
}

bool soak_chance(struct soak *s, int percent)
{
    return soak_pick(s, 1, 100) <= percent;
}

/* ------------------------------------------------------------------- the world's time */

static int64_t world_ms(struct soak *s, json_t **out)
{
    json_t *world = simulator_ask(&s->sim, "GET", "/world", NULL);
    int64_t now = json_integer_value(json_object_get(world, "now_ms"));
    if (out != NULL)
        *out = world;
    else
        json_decref(world);
    return now;
}

void soak_note(struct soak *s, const char *format, ...)
{
    int64_t at = (world_ms(s, NULL) - s->start_ms) / 1000;
    va_list args;
    va_start(args, format);
    printf("%d:%02d:%02d ", (int)(at / 3600), (int)(at / 60 % 60), (int)(at % 60));
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

/* ------------------------------------------------------------------------ faults */

static const char *const services[] = {"app_store", "google_play", "google_oauth",
                                       "sentry",    "cloudwatch",  "codedeploy"};

/* An upstream that has carried a request out does not answer with a refusal. */
static void fault_status(struct soak *s, char *out, size_t size)
{
    static const int statuses[] = {302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504};
    int status = SOAK_PICK_OF(s, statuses);
    bool is_refusal = status < 500 && status != 408;
    bool is_before = soak_chance(s, 50) || is_refusal;
    snprintf(out, size, "\"status\",\"status\":%d,\"before\":%s%s", status,
             is_before ? "true" : "false",
             status == 302 ? ",\"location\":\"http://127.0.0.1:9/\"" : "");
}

/* Its keys beside the service. Those that hold a connection until the client has had enough (15 s
 * for a read, 30 s for a write) belong to the first half, so that the end need not wait for them.
 */
static void fault_text(struct soak *s, bool may_hold, char *out, size_t size)
{
    static const char *const waits[] = {"0", "1", "2", "date:1", "soon"};
    int bytes = soak_pick(s, 0, 600);
    switch (soak_pick(s, 0, may_hold ? 13 : 11)) {
    case 0:
        snprintf(out, size, "\"latency_ms\",\"ms\":%d", soak_pick(s, 20, 2500));
        break;
    case 1:
        fault_status(s, out, size);
        break;
    case 2:
        snprintf(out, size, "\"retry_after\",\"retry_after\":\"%s\"", SOAK_PICK_OF(s, waits));
        break;
    case 3:
        snprintf(out, size, "\"garbage\",\"before\":%s", soak_chance(s, 50) ? "true" : "false");
        break;
    case 4:
        snprintf(out, size, "\"html\"");
        break;
    case 5:
        snprintf(out, size, "\"empty\",\"before\":%s", soak_chance(s, 50) ? "true" : "false");
        break;
    case 6:
        snprintf(out, size, "\"huge\",\"bytes\":%d", soak_pick(s, 1, 32) << 20);
        break;
    case 7:
        snprintf(out, size, "\"cut\",\"bytes\":%d,\"from_body\":%s", bytes,
                 soak_chance(s, 50) ? "true" : "false");
        break;
    case 8:
        snprintf(out, size, "\"reset\",\"bytes\":%d", bytes);
        break;
    case 9:
        snprintf(out, size, "\"noise\",\"bytes\":%d", bytes);
        break;
    case 10:
        snprintf(out, size, "\"interim\",\"bytes\":%d", soak_pick(s, 1, 40));
        break;
    case 11:
        snprintf(out, size, "\"refuse\"");
        break;
    case 12:
        snprintf(out, size, "\"silent\",\"before\":%s", soak_chance(s, 50) ? "true" : "false");
        break;
    default:
        snprintf(out, size, "\"slow\",\"bytes\":%d", soak_pick(s, 20, 4000));
        break;
    }
}

/* The wait after a 429 doubles with each in a row: where the end is near, a few must do. */
static bool is_quota(const char *kind)
{
    return strstr(kind, "429") != NULL || strstr(kind, "retry_after") != NULL;
}

static void set_fault(struct soak *s, bool may_hold)
{
    static const char *const parts[] = {":commit", "tracks", "edits", "hased", "Deployment"};
    char kind[LINE];
    char more[LINE] = "";
    char service[64] = "";
    size_t free_at = 0;
    while (free_at < SOAK_FAULTS && s->faults[free_at] != 0)
        free_at++;
    if (free_at == SOAK_FAULTS)
        return;
    fault_text(s, may_hold, kind, sizeof kind);
    if (!soak_chance(s, 8))
        snprintf(service, sizeof service, ",\"service\":\"%s\"", SOAK_PICK_OF(s, services));
    if (soak_chance(s, 30))
        snprintf(more, sizeof more, ",\"probability\":0.%d", soak_pick(s, 1, 9));
    else if (soak_chance(s, 30))
        snprintf(more, sizeof more, ",\"count\":%d", soak_pick(s, 1, 4));
    else if (soak_chance(s, 30))
        snprintf(more, sizeof more, ",\"path\":\"%s\"", SOAK_PICK_OF(s, parts));
    if (!may_hold && is_quota(kind))
        snprintf(more, sizeof more, ",\"count\":%d", soak_pick(s, 1, 3));
    soak_note(s, "fault %s%s%s", kind, service, more);
    json_t *made =
        simulator_ask(&s->sim, "POST", "/faults", "{\"kind\":%s%s%s}", kind, service, more);
    s->faults[free_at] = json_integer_value(json_object_get(made, "id"));
    json_decref(made);
}

static void end_fault(struct soak *s)
{
    char path[64];
    int i = soak_pick(s, 0, SOAK_FAULTS - 1);
    if (s->faults[i] == 0)
        return;
    soak_note(s, "fault %lld ends", (long long)s->faults[i]);
    snprintf(path, sizeof path, "/faults?id=%lld", (long long)s->faults[i]);
    simulator_do(&s->sim, "DELETE", path, NULL);
    s->faults[i] = 0;
}

void soak_end_faults(struct soak *s)
{
    simulator_do(&s->sim, "DELETE", "/faults", NULL);
    memset(s->faults, 0, sizeof s->faults);
}

/* -------------------------------------------------------------------------- keys */

/* No `y` and no `q` among them: what they open they cannot confirm. */
static void press_keys(struct soak *s)
{
    static const char *const keys[] = {"j",       "k",
                                       "o",       "c",
                                       "l",       "s",
                                       "?",       "p",
                                       "g",       "G",
                                       "1",       "2",
                                       "3",       "4",
                                       "5",       "9",
                                       "H",       "R",
                                       "A",       "C",
                                       "B",       "X",
                                       "d",       "e",
                                       "n",       " ",
                                       "\r",      "\t",
                                       ":",       "h",
                                       "x",       "\033",
                                       "\033[A",  "\033[B",
                                       "\033[5~", "\033[6~",
                                       "\033[F",  "\x0c",
                                       "ü",       "\x7f",
                                       "\033OH",  "\x17",
                                       "\x15",    "\033[1;5H",
                                       "\xff",    "\033[200~Hy\ry\033[201~"};
    static const char *const lines[] = {":select 3\r", ":open web\r",   ":halt\r",
                                        ":poll\r",     ":theme mono\r", ":adv\t\r",
                                        ":nothing\r",  ":log\r",        ":tick code-freeze\r"};
    char text[256] = "";
    int count = soak_pick(s, 1, 14);
    if (soak_chance(s, 15)) {
        soak_leave_all(s);
        dash_type(&s->dash, SOAK_PICK_OF(s, lines));
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *key = SOAK_PICK_OF(s, keys);
        if (strlen(text) + strlen(key) < sizeof text)
            memcpy(text + strlen(text), key, strlen(key) + 1);
    }
    dash_type(&s->dash, text);
}

static void resize(struct soak *s)
{
    pty_resize(s->dash.pty, soak_pick(s, 3, 60), soak_pick(s, 10, 180));
}

static int patience_ms(void)
{
    return dash_is_release() ? 500 : 2000;
}

void soak_show(struct soak *s, const char *key, const char *text)
{
    for (int i = 0; i < SHOW_TRIES; i++) {
        soak_leave_all(s);
        dash_type(&s->dash, key);
        if (pty_wait_text(s->dash.pty, text, patience_ms()))
            return;
    }
    dash_fail(&s->dash, "%s does not lead to \"%s\"", key, text);
}

/* More often than anything can be nested; the last one leaves the screen. Where the machine is slow
 * they are read in one go, which is another key. */
void soak_leave_all(struct soak *s)
{
    for (int i = 0; i < 4; i++) {
        dash_type(&s->dash, "\033");
        pty_read_for(s->dash.pty, ESCAPE_MS);
    }
}

/* ------------------------------------------------------------------- configuration */

static void reload(struct soak *s)
{
    static const char *const smaller[] = {"min_sample: 600", "min_sample: 500", NULL};
    static const char *const larger[] = {"min_sample: 500", "min_sample: 600", NULL};
    char path[300];
    if (!s->is_clock_changed && !soak_is_job_running(s)) {
        simulator_config_with(&s->sim, "next.yaml", s->is_config_changed ? larger : smaller, path,
                              sizeof path);
        assert_int_equal(rename(path, s->sim.config), 0);
        s->is_config_changed = !s->is_config_changed;
    }
    soak_leave_all(s);
    soak_note(s, "reload");
    dash_type(&s->dash, ":reload\r");
}

/* The world's clock jumps, the dashboard's does not: as a machine whose clock is behind. */
static void jump(struct soak *s)
{
    if (soak_is_job_running(s))
        return; /* it may be reading the file that is written anew */
    int seconds = soak_pick(s, 10, 300);
    soak_note(s, "the clock jumps by %d s", seconds);
    simulator_do(&s->sim, "POST", "/world", "{\"clock\":{\"advance_s\":%d}}", seconds);
    s->is_clock_changed = true;
}

/* ----------------------------------------------------------------------- consoles */

static void change_play(struct soak *s, size_t platform)
{
    static const char *const changes[] = {
        "\"inProgress\",\"fraction\":0.05", "\"inProgress\",\"fraction\":0.1",
        "\"inProgress\",\"fraction\":0.2",  "\"inProgress\",\"fraction\":0.5",
        "\"halted\",\"fraction\":0.2",      "\"completed\""};
    bool is_wear = platform == 2;
    const char *change = SOAK_PICK_OF(s, changes);
    soak_note(s, "console: %s %s", soak_platforms[platform], change);
    simulator_do(
        &s->sim, "POST", "/world", "{\"play\":{\"track\":\"%s\",\"code\":%d,\"status\":%s}}",
        is_wear ? "wear:production" : "production", is_wear ? 2025011404 : 2025011401, change);
}

static void change_apple(struct soak *s)
{
    const char *phase = soak_chance(s, 60) ? "ACTIVE" : "PAUSED";
    soak_note(s, "console: ios %s", phase);
    simulator_do(&s->sim, "POST", "/world", "{\"apple\":{\"version\":\"2.15.3\",\"phase\":\"%s\"}}",
                 phase);
}

/* False where one runs already. */
static bool change_service(struct soak *s, size_t platform)
{
    static const char *const configs[] = {"CodeDeployDefault.ECSCanary10Percent15Minutes",
                                          "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
                                          "acme-ECSLinear10PercentEvery30Minutes"};
    json_t *world = NULL;
    /* The world's own deployment of the backend is at minute 49. */
    bool is_early = world_ms(s, &world) - s->start_ms < 55 * 60 * 1000;
    json_t *deployment =
        json_object_get(dash_platform(world, soak_platforms[platform]), "deployment");
    const char *status = json_string_value(json_object_get(deployment, "status"));
    bool is_over = strcmp(status, "Succeeded") == 0 || strcmp(status, "Stopped") == 0 ||
                   strcmp(status, "Failed") == 0;
    json_decref(world);
    if (is_early || !is_over)
        return false;
    const char *config = SOAK_PICK_OF(s, configs);
    soak_note(s, "console: deploy %s %s", soak_platforms[platform], config);
    simulator_do(&s->sim, "POST", "/world", "{\"deploy\":{\"platform\":\"%s\",\"config\":\"%s\"}}",
                 soak_platforms[platform], config);
    return true;
}

static void change_figures(struct soak *s)
{
    soak_note(s, "figures");
    simulator_do(&s->sim, "POST", "/world",
                 "{\"crash_rate\":{\"platform\":\"android\",\"version\":\"2.15.3\",\"rate\":0.0%d},"
                 "\"service\":{\"platform\":\"backend\",\"side\":\"green\",\"error_rate\":0.0%d}}",
                 soak_pick(s, 10, 99), soak_pick(s, 10, 99));
}

static void change_console(struct soak *s)
{
    int which = soak_pick(s, 0, 5);
    if (which == 5) {
        change_figures(s);
        return;
    }
    size_t platform = (size_t)which;
    if (platform == 0)
        change_apple(s);
    else if (platform <= 2)
        change_play(s, platform);
    else if (!change_service(s, platform))
        return;
    books_touched(s->books, platform, world_ms(s, NULL));
}

/* ------------------------------------------------------------------------ dialogs */

/* Mostly one that the store's state allows. */
enum soak_verb soak_pick_verb(struct soak *s, size_t platform)
{
    if (soak_chance(s, 25))
        return (enum soak_verb)soak_pick(s, 0, SOAK_VERBS - 1);
    json_t *world = NULL;
    world_ms(s, &world);
    bool stands = books_stands(dash_platform(world, soak_platforms[platform]));
    json_decref(world);
    if (stands)
        return SOAK_RESUME;
    return soak_chance(s, 60) ? SOAK_HALT : SOAK_ADVANCE;
}

/* Services can do little more than stop: the stores come more often. */
size_t soak_pick_platform(struct soak *s)
{
    return (size_t)(soak_chance(s, 70) ? soak_pick(s, 0, SOAK_STORES - 1)
                                       : soak_pick(s, 0, SOAK_PLATFORMS - 1));
}

struct wish {
    char title[64];  /* of the dialog */
    char closed[64]; /* what is said when there is none */
};

static bool is_answered(struct pty *pty, void *arg)
{
    const struct wish *wish = arg;
    return pty_shows(pty, wish->title) || pty_shows(pty, wish->closed);
}

/* True when the dialog's question stands there. */
static bool open_question(struct soak *s, struct wish *wish, const char *question)
{
    if (!pty_wait(s->dash.pty, is_answered, wish, patience_ms()) ||
        !pty_shows(s->dash.pty, wish->title))
        return false;
    if (pty_shows(s->dash.pty, "type why")) {
        char text[64];
        snprintf(text, sizeof text, "number %d\r", ++s->number);
        dash_type(&s->dash, text);
    }
    return pty_wait_text(s->dash.pty, question, patience_ms());
}

/* False where there was nothing to confirm. */
static bool ask_in_dialog(struct soak *s, enum soak_verb verb, size_t platform)
{
    static const char *const titles[SOAK_VERBS] = {"HALT", "RESUME", "ADVANCE"};
    struct wish wish;
    char question[32];
    char line[64];
    pty_resize(s->dash.pty, 44, 130);
    soak_leave_all(s);
    snprintf(line, sizeof line, ":%s %s\r", soak_verbs[verb], soak_platforms[platform]);
    snprintf(wish.title, sizeof wish.title, " %s %s", titles[verb], soak_titles[platform]);
    snprintf(wish.closed, sizeof wish.closed, "%s: %s closed", soak_titles[platform],
             soak_verbs[verb]);
    snprintf(question, sizeof question, "y %s it", soak_verbs[verb]);
    dash_type(&s->dash, line);
    bool is_open = open_question(s, &wish, question);
    soak_note(s, "dialog: %s %s%s", soak_verbs[verb], soak_platforms[platform],
              is_open ? "" : ", closed");
    if (is_open) {
        books_asked(s->books, verb, platform);
        dash_type(&s->dash, "y");
    }
    return is_open;
}

static void ask_something(struct soak *s)
{
    size_t platform = soak_pick_platform(s);
    ask_in_dialog(s, soak_pick_verb(s, platform), platform);
}

static void stop_everything(struct soak *s)
{
    pty_resize(s->dash.pty, 44, 130);
    soak_leave_all(s);
    dash_type(&s->dash, "X");
    bool is_open = pty_wait_text(s->dash.pty, "y stop everything", patience_ms());
    soak_note(s, "dialog: stop everything%s", is_open ? "" : ", closed");
    if (!is_open)
        return;
    for (size_t i = 0; i < SOAK_PLATFORMS; i++)
        books_asked(s->books, SOAK_HALT, i);
    dash_type(&s->dash, "y");
}

/* ---------------------------------------------------------------------------- run */

void soak_open(struct soak *s, uint64_t seed, long hours)
{
    *s = (struct soak){.random = seed, .hours = hours, .books = books_new()};
    simulator_start(&s->sim, SOAK_SPEED, (int)(seed % 1000) + 1);
    json_t *world = NULL;
    world_ms(s, &world);
    /* The end of the world's own past: "start" is 0 h. */
    s->start_ms = json_integer_value(json_object_get(world, "now_ms"));
    json_decref(world);
}

int soak_close(struct soak *s)
{
    books_free(s->books);
    s->books = NULL;
    return simulator_stop(&s->sim);
}

void soak_begin(struct soak *s)
{
    static const size_t android = 1, wear = 2;
    int tries = 0;
    while (!ask_in_dialog(s, SOAK_HALT, android) && ++tries < SHOW_TRIES)
        continue;
    dash_expect_store(&s->dash, &s->sim, soak_platforms[android], "halted");
    dash_expect_in_row(&s->dash, "HALT Android", "seen");
    soak_command(s, &s->jobs[0], SOAK_RESUME, android);
    soak_end_jobs(s);
    soak_command(s, &s->jobs[1], SOAK_ADVANCE, wear);
    soak_end_jobs(s);
}

static void do_something(struct soak *s, int64_t age_ms)
{
    bool is_late = age_ms > s->hours * HOUR_MS / 2;
    bool may_hold = age_ms > HOUR_MS && !is_late;
    if (is_late && !s->is_late) {
        soak_note(s, "every fault ends");
        soak_end_faults(s);
        s->is_late = true;
    }
    int which = soak_pick(s, 1, 100);
    if (which <= 20)
        set_fault(s, may_hold);
    else if (which <= 37)
        end_fault(s);
    else if (which <= 52)
        press_keys(s);
    else if (which <= 57)
        resize(s);
    else if (which <= 60)
        reload(s);
    else if (which <= 66)
        change_console(s);
    else if (which <= 78)
        ask_something(s);
    else if (which <= 79)
        stop_everything(s);
    else if (which <= 96)
        soak_start_command(s);
    else if (which <= 98)
        soak_kill_command(s, may_hold);
    else if (is_late)
        jump(s);
}

struct proc_size soak_size(struct soak *s, const char *when)
{
    struct proc_size size = proc_size_of(pty_pid(s->dash.pty));
    soak_note(s, "%s: %ld KiB, %d descriptors, %d threads", when, size.rss_kib, size.fds,
              size.threads);
    return size;
}

void soak_run(struct soak *s, long hours)
{
    int64_t begin_ms = world_ms(s, NULL) - s->lived_ms;
    int64_t end_ms = s->lived_ms + hours * HOUR_MS;
    int64_t next_ms = s->lived_ms;
    while (s->lived_ms < end_ms) {
        if (s->lived_ms >= next_ms) {
            soak_size(s, "it takes");
            next_ms += HOUR_MS;
        }
        do_something(s, s->lived_ms);
        pty_read_for(s->dash.pty, soak_pick(s, 5, 100));
        soak_look_at_jobs(s);
        books_receive(s->books, &s->sim);
        if (pty_wait_exit(s->dash.pty, 0) != PTY_RUNNING)
            dash_fail(&s->dash, "it has ended");
        s->lived_ms = world_ms(s, NULL) - begin_ms;
    }
}
