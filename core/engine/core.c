/* core.c: the reader's side: the functions of slipway.h that take a struct sw_core.
 *
 * None of them waits for a lock, the network or a disk unless slipway.h says BLOCKS. */
#include "engine/engine.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "config/problems.h"
#include "net/secret.h"
#include "net/trace.h"
#include "store/cache.h"

enum { ARENAS_MAX = 2 };

struct outcome_message {
    struct sw_message message;
    struct sw_outcome *outcome;
};

/* ------------------------------------------------------- between the threads */

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    sw_ignore(write(fd, &one, sizeof one)); /* full means: it is readable already */
}

void sw_core_post(struct sw_core *core, struct sw_message *message)
{
    if (sw_inbox_push(&core->inbox, message))
        signal_fd(core->inbox_fd);
}

uint64_t sw_core_next_id(struct sw_core *core)
{
    return atomic_fetch_add(&core->last_id, 1) + 1;
}

void sw_core_wake_reader(struct sw_core *core)
{
    signal_fd(core->wake_fd);
}

void sw_core_deliver(struct sw_core *core, struct sw_outcome *outcome)
{
    struct outcome_message *message = sw_xcalloc(1, sizeof *message);
    message->outcome = outcome;
    sw_inbox_push(&core->outcomes, &message->message);
    sw_core_wake_reader(core);
}

void sw_core_release_name(struct sw_core *core, char out[SW_LABEL_MAX])
{
    sw_mutex_lock(&core->release_lock);
    sw_copy(out, SW_LABEL_MAX, core->release);
    sw_mutex_unlock(&core->release_lock);
}

/* ------------------------------------------------------------------ opening */

static enum sw_code make_places(struct sw_core *core, const struct sw_config *config,
                                struct sw_error *err)
{
    char rest[SW_PATH_TEXT], log_path[SW_PATH_TEXT];
    struct sw_error log_error = {0};
    enum sw_code code = sw_fs_xdg(SW_XDG_STATE, "slipway", core->state_dir, err);
    sw_format(rest, sizeof rest, "slipway/%s/snapshot.json", config->hash);
    if (code == SW_OK)
        code = sw_fs_xdg(SW_XDG_CACHE, rest, core->cache_file, err);
    if (code != SW_OK)
        return code;
    /* without a state directory there is no log and no ledger; the picture is there all the same */
    if (sw_fs_private_dir(core->state_dir, &log_error) == SW_OK &&
        sw_fs_join(core->state_dir, "slipway.log", log_path, &log_error) == SW_OK &&
        sw_log_open(log_path, NULL, &core->log, &log_error) == SW_OK) {
        sw_secret_use_log(core->log);
        return SW_OK;
    }
    sw_notice_say(core, log_error.text);
    return SW_OK;
}

/* "name <mail>, login@host"; the configuration first, then the user's git. */
static void find_actor(struct sw_core *core, const char *git_name, const char *git_email)
{
    const struct sw_config *config = core->engine.setup->config;
    char host[64] = "", login[64] = "", buffer[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
        sw_copy(login, sizeof login, found->pw_name);
    else
        sw_format(login, sizeof login, "uid%u", (unsigned)geteuid());
    if (gethostname(host, sizeof host - 1) != 0)
        sw_copy(host, sizeof host, "localhost");
    if (git_name[0] == 0)
        git_name = login;
    const char *name = config->captain_name != NULL ? config->captain_name : git_name;
    const char *email = config->captain_email != NULL ? config->captain_email : git_email;
    char who[SW_LABEL_MAX * 2], line[sizeof core->actor];
    if (email[0] != 0)
        sw_format(who, sizeof who, "%s <%s>", name, email);
    else
        sw_copy(who, sizeof who, name);
    sw_format(line, sizeof line, "%s, %s@%s", who, login, host);
    sw_text_clean(line, strlen(line), core->actor, sizeof core->actor);
    sw_text_clean(who, strlen(who), core->engine.model.captain, sizeof core->engine.model.captain);
}

static void read_cache(struct sw_core *core)
{
    struct sw_buf text;
    struct sw_error error = {0};
    enum sw_code code = sw_cache_read(core->cache_file, &text, &error);
    if (code == SW_OK)
        code = sw_cache_decode(sw_buf_text(&text), text.len, &core->engine.model, &error);
    if (code != SW_OK && code != SW_E_NOT_FOUND)
        sw_log_error(core->log, SW_LOG_WARN, "cache", &error);
    sw_buf_clear(&text);
}

/* The model's first contents: what is configured, and what the last run saw of it. */
static void fill_model(struct sw_core *core)
{
    struct sw_engine *engine = &core->engine;
    const struct sw_config *config = engine->setup->config;
    const char *fixed = core->release_option != NULL ? core->release_option : config->release_name;
    engine->model.is_read_only = core->is_read_only;
    sw_setup_fill_model(engine->setup, &engine->model);
    find_actor(core, "", "");
    read_cache(core);
    sw_copy(core->release, sizeof core->release, engine->model.release);
    if (fixed != NULL)
        sw_engine_release(core, fixed, "", true);
    sw_engine_attach(core);
    atomic_store(&core->slot, sw_view_build(&engine->model, sw_engine_now(core)));
    sw_core_wake_reader(core);
}

/* glibc keeps a heap for each thread otherwise: a tenth of our memory, for threads that mostly
 * sleep. A program that has set it already is not overruled. */
static void limit_arenas(void)
{
#ifdef M_ARENA_MAX
    if (getenv("MALLOC_ARENA_MAX") == NULL)
        sw_ignore(mallopt(M_ARENA_MAX, ARENAS_MAX));
#endif
}

static struct sw_core *new_core(const struct sw_open_options *options, const struct sw_parts *parts)
{
    struct sw_core *core = sw_xcalloc(1, sizeof *core);
    core->parts = *parts;
    core->tuning = parts->tuning != NULL ? *parts->tuning : sw_tuning_default;
    core->is_read_only = options->is_read_only;
    core->is_oneshot = options->is_oneshot;
    core->is_asking_rights = options->is_asking_rights;
    core->is_offline = options->is_offline;
    core->config_path = sw_xstrdup(options->config_path);
    core->release_option = sw_xstrdup(options->release);
    core->trace_path = sw_xstrdup(options->trace_path);
    core->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    core->inbox_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sw_inbox_init(&core->inbox);
    sw_inbox_init(&core->outcomes);
    atomic_init(&core->slot, NULL);
    atomic_init(&core->last_id, 0);
    atomic_init(&core->halts, 0);
    atomic_init(&core->has_polled_all, false);
    sw_mutex_init(&core->release_lock);
    sw_model_init(&core->engine.model);
    return core;
}

/* Before anything is started: with a trace that cannot be written there would be no network. */
static enum sw_code try_trace(const struct sw_core *core, struct sw_error *err)
{
    struct trace *trace = NULL;
    if (core->trace_path == NULL || core->is_offline)
        return SW_OK;
    if (trace_open(core->trace_path, &trace, err) != SW_OK)
        return err->code = SW_E_IO; /* of this machine, not a right at an upstream */
    trace_close(trace);
    return SW_OK;
}

static enum sw_code open_core(struct sw_core *core, struct sw_problems *problems,
                              struct sw_error *err)
{
    struct sw_error zone_error = {0};
    if (core->wake_fd < 0 || core->inbox_fd < 0)
        return sw_fail_errno(err, SW_E_IO, errno, "making the core's event descriptors");
    enum sw_code code =
        sw_setup_load(&core->parts, core->config_path, &core->engine.setup, problems, err);
    if (code != SW_OK)
        return code;
    const struct sw_config *config = core->engine.setup->config;
    core->clock = config->clock;
    if (sw_zone_set(config->zone, &zone_error) != SW_OK)
        return sw_fail(err, SW_E_CONFIG, "release.timezone: %s", zone_error.text);
    code = try_trace(core, err);
    if (code == SW_OK)
        code = make_places(core, config, err);
    if (code == SW_OK)
        fill_model(core);
    return code;
}

enum sw_code sw_core_open_parts(const struct sw_open_options *options, const struct sw_parts *parts,
                                struct sw_core **out, struct sw_problems *problems,
                                struct sw_error *err)
{
    struct sw_core *core = new_core(options, parts);
    limit_arenas();
    enum sw_code code = open_core(core, problems, err);
    *out = NULL;
    if (code != SW_OK) {
        sw_core_close(core);
        return code;
    }
    *out = core;
    return SW_OK;
}

enum sw_code sw_core_open(const struct sw_open_options *options, struct sw_core **out,
                          struct sw_problems *problems, struct sw_error *err)
{
    const struct sw_parts parts = {.kinds = sw_source_kinds};
    return sw_core_open_parts(options, &parts, out, problems, err);
}

/* Here and not at open, because it takes longer than a first paint may. */
static enum sw_code begin_git(struct sw_core *core, struct sw_error *err)
{
    const struct sw_config *config = core->engine.setup->config;
    char name[SW_LABEL_MAX], email[SW_LABEL_MAX];
    if (core->has_git)
        return SW_OK;
    enum sw_code code = sw_ledger_begin(err);
    core->has_git = code == SW_OK;
    if (code != SW_OK || (config->captain_name != NULL && config->captain_email != NULL))
        return code;
    sw_ledger_git_user(name, sizeof name, email, sizeof email);
    find_actor(core, name, email);
    return SW_OK;
}

enum sw_code sw_core_start(struct sw_core *core, struct sw_error *err)
{
    sw_assert(!core->is_started);
    enum sw_code code = begin_git(core, err);
    if (code == SW_OK)
        code = sw_pool_open(&core->engine.pool, core, err);
    if (code != SW_OK)
        return code;
    code =
        sw_thread_start(&core->thread, SW_THREAD_ENGINE, "sw-engine", 0, sw_engine_main, core, err);
    if (code != SW_OK) {
        sw_pool_close(&core->engine.pool);
        return code;
    }
    core->is_started = true;
    return SW_OK;
}

/* ------------------------------------------------------------------ reading */

int sw_core_fd(const struct sw_core *core)
{
    return core->wake_fd;
}

void sw_core_clear_wake(struct sw_core *core)
{
    uint64_t count = 0;
    sw_ignore(read(core->wake_fd, &count, sizeof count));
}

struct sw_snapshot *sw_core_take_snapshot(struct sw_core *core)
{
    return atomic_exchange(&core->slot, NULL);
}

int64_t sw_core_now_ms(const struct sw_core *core)
{
    return sw_clock_world(&core->clock, sw_time_real_ms());
}

const char *sw_core_theme(const struct sw_core *core)
{
    sw_assert(!core->is_started);
    return core->engine.setup->config->theme;
}

const struct sw_node *sw_core_ui(const struct sw_core *core)
{
    sw_assert(!core->is_started);
    return core->engine.setup->config->ui;
}

size_t sw_core_halts_in_flight(const struct sw_core *core)
{
    return atomic_load(&core->halts);
}

/* ----------------------------------------------------------------- outcomes */

static void collect_outcomes(struct sw_core *core)
{
    struct sw_message **end = &core->taken;
    while (*end != NULL)
        end = &(*end)->next;
    *end = sw_inbox_take(&core->outcomes);
}

/* id 0: the oldest. */
static struct sw_outcome *find_outcome(struct sw_core *core, uint64_t id)
{
    collect_outcomes(core);
    for (struct sw_message **at = &core->taken; *at != NULL; at = &(*at)->next) {
        struct outcome_message *message = (struct outcome_message *)*at;
        struct sw_outcome *outcome = message->outcome;
        if (id != 0 && outcome->id != id)
            continue;
        *at = message->message.next;
        free(message);
        return outcome;
    }
    return NULL;
}

struct sw_outcome *sw_core_take_outcome(struct sw_core *core)
{
    return find_outcome(core, 0);
}

/* Sleeps until something is there for the reader; false at the end. */
static bool wait_for_wake(struct sw_core *core, int64_t end_ms)
{
    int64_t left_ms = end_ms - sw_time_mono_ms();
    struct pollfd fd = {.fd = core->wake_fd, .events = POLLIN};
    if (left_ms <= 0)
        return false;
    sw_ignore(poll(&fd, 1, (int)(left_ms < INT32_MAX ? left_ms : INT32_MAX)));
    sw_core_clear_wake(core);
    return true;
}

/* What was cleared away while waiting is still there to be taken. */
static void rewake(struct sw_core *core)
{
    if (atomic_load(&core->slot) != NULL || core->taken != NULL)
        sw_core_wake_reader(core);
}

struct sw_outcome *sw_core_wait_outcome(struct sw_core *core, uint64_t id, int64_t timeout_ms)
{
    int64_t end_ms = sw_time_mono_ms() + timeout_ms;
    struct sw_outcome *outcome = find_outcome(core, id);
    while (outcome == NULL && wait_for_wake(core, end_ms))
        outcome = find_outcome(core, id);
    rewake(core);
    return outcome;
}

bool sw_core_wait_polled(struct sw_core *core, int64_t timeout_ms)
{
    int64_t end_ms = sw_time_mono_ms() + timeout_ms;
    while (!atomic_load(&core->has_polled_all) && wait_for_wake(core, end_ms))
        continue;
    collect_outcomes(core);
    rewake(core);
    return atomic_load(&core->has_polled_all);
}

/* --------------------------------------------------------------- submitting */

uint64_t sw_submit(struct sw_core *core, const struct sw_command *command)
{
    uint64_t id = sw_core_next_id(core);
    struct sw_message *message = sw_command_message(command, id);
    if (sw_command_is_halt(command))
        atomic_fetch_add(&core->halts, 1);
    if (core->is_stopped)
        sw_command_drop(core, message);
    else
        sw_core_post(core, message);
    return id;
}

/* ------------------------------------------------------------------ stopping */

static void handle_stop(struct sw_core *core, struct sw_message *message)
{
    free(message);
    sw_engine_stop(core);
}

/* Commands that nobody will take any more: of a core that never started, or that came last. */
static void drop_rest(struct sw_core *core)
{
    struct sw_message *message = sw_inbox_take(&core->inbox);
    while (message != NULL) {
        struct sw_message *next = message->next;
        sw_assert(sw_command_is(message));
        sw_command_drop(core, message);
        message = next;
    }
}

/* The order (decision 18; the front end has restored its terminal before it calls this):
 *  1. stop scheduling: nothing new is begun
 *  2. cancel polls, and actions that only read (settlements, dry runs)
 *  3. give running verbs 10 s to be seen; then cancel them: their outcome is UNKNOWN when
 *     something may have been sent, FAILED otherwise, and is in the ledger
 *  4. when every job and every action has come back: last cache, last snapshot
 *  5. close the upstreams, then the network; the engine thread ends and is joined
 *  6. join the workers, end libgit2 */
void sw_core_stop(struct sw_core *core)
{
    if (core->is_stopped)
        return;
    if (core->is_started) {
        struct sw_message *message = sw_xcalloc(1, sizeof *message);
        message->handle = handle_stop;
        sw_core_post(core, message);
        sw_thread_join(&core->thread);
        sw_pool_close(&core->engine.pool);
    }
    if (core->has_git)
        sw_ledger_end();
    core->has_git = false;
    core->is_stopped = true;
    drop_rest(core);
}

void sw_core_close(struct sw_core *core)
{
    if (core == NULL)
        return;
    sw_core_stop(core);
    for (struct sw_outcome *outcome = find_outcome(core, 0); outcome != NULL;
         outcome = find_outcome(core, 0))
        sw_outcome_free(outcome);
    sw_snapshot_free(atomic_exchange(&core->slot, NULL));
    free(core->engine.reducer.platforms);
    sw_journal_clear(&core->engine.journal);
    sw_notice_clear(core);
    free(core->engine.reloads);
    sw_model_clear(&core->engine.model);
    sw_setup_unref(core->engine.setup);
    sw_secret_use_log(NULL);
    sw_log_close(core->log);
    sw_mutex_clear(&core->release_lock);
    if (core->wake_fd >= 0)
        close(core->wake_fd);
    if (core->inbox_fd >= 0)
        close(core->inbox_fd);
    free(core->config_path);
    free(core->release_option);
    free(core->trace_path);
    free(core);
}

/* -------------------------------------------------------------------- ledger */

/* The release whose ledger is meant: the known one, else the only one there is. */
static enum sw_code choose_release(struct sw_core *core, char release[SW_LABEL_MAX],
                                   struct sw_error *err)
{
    struct sw_ledger *ledger = NULL;
    char **names = NULL;
    size_t count = 0;
    sw_core_release_name(core, release);
    if (release[0] != '\0')
        return SW_OK;
    enum sw_code code = sw_ledger_open(core->state_dir, sw_release_unnamed, &ledger, err);
    if (code == SW_OK)
        code = sw_ledger_releases(ledger, &names, &count, err);
    sw_ledger_close(ledger);
    sw_copy(release, SW_LABEL_MAX, count == 1 ? names[0] : sw_release_unnamed);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    if (code == SW_OK && count > 1)
        return sw_fail(err, SW_E_USAGE,
                       "the release is not known and there are %zu ledgers: name one with "
                       "--release",
                       count);
    return code;
}

struct reading {
    sw_event_fn each;
    void *arg;
};

static bool give_event(void *arg, const struct sw_record *record)
{
    const struct reading *reading = arg;
    struct sw_event event;
    sw_record_view(record, &event);
    return reading->each(reading->arg, &event);
}

static enum sw_code open_ledger(struct sw_core *core, struct sw_ledger **out, struct sw_error *err)
{
    char release[SW_LABEL_MAX];
    *out = NULL;
    enum sw_code code = choose_release(core, release, err);
    return code == SW_OK ? sw_ledger_open(core->state_dir, release, out, err) : code;
}

enum sw_code sw_core_read_ledger(struct sw_core *core, sw_event_fn each, void *arg,
                                 struct sw_error *err)
{
    struct reading reading = {.each = each, .arg = arg};
    struct sw_ledger *ledger = NULL;
    enum sw_code code = open_ledger(core, &ledger, err);
    if (code == SW_OK)
        code = sw_ledger_read(ledger, NULL, give_event, &reading, err);
    sw_ledger_close(ledger);
    return code;
}

enum sw_code sw_core_verify_ledger(struct sw_core *core, char **report, struct sw_error *err)
{
    struct sw_ledger *ledger = NULL;
    *report = NULL;
    enum sw_code code = open_ledger(core, &ledger, err);
    if (code == SW_OK)
        code = sw_ledger_verify(ledger, report, err);
    sw_ledger_close(ledger);
    return code;
}

/* ------------------------------------------------------------- configuration */

/* After sw_core_start the engine may change its setup by a reload; a copy of the text made at open
 * would cost every start. So it is read again from the file, which is what the reader means. */
char *sw_core_explain(const struct sw_core *core)
{
    struct sw_setup *setup = NULL;
    struct sw_error error = {0};
    if (!core->is_started)
        return sw_config_explain_text(core->engine.setup->config, core->engine.setup->infos);
    if (sw_setup_load(&core->parts, core->config_path, &setup, NULL, &error) != SW_OK)
        return sw_xstrdup(error.text);
    char *text = sw_config_explain_text(setup->config, setup->infos);
    sw_setup_unref(setup);
    return text;
}

char *sw_config_example(void)
{
    const struct sw_parts parts = {.kinds = sw_source_kinds};
    size_t count = 0;
    struct sw_kind_info *infos = sw_setup_infos(&parts, &count);
    char *text = sw_config_example_text(infos, count);
    free(infos);
    return text;
}

char *sw_config_reference(void)
{
    const struct sw_parts parts = {.kinds = sw_source_kinds};
    size_t count = 0;
    struct sw_kind_info *infos = sw_setup_infos(&parts, &count);
    char *text = sw_config_reference_text(infos, count);
    free(infos);
    return text;
}
