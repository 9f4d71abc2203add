/*
 * A random walk over the simulated stores: people in the consoles, captains, faults, jumps of the
 * clock and restarts, in any order. At every step
 *
 *  - what is shown as fresh is what the world really was, at some moment between the time it is
 * said to be read at, less the documented lag of Play's percent, and now;
 *  - a verb other than halt changes the stores at most once;
 *  - a rollout that a halt was asked for is not widened, unless somebody asked for that later;
 *  - each command has exactly one outcome.
 *
 * The core runs in this process, so that the sanitizers see it, and speaks real HTTP to a simulator
 * of its own. SLIPWAY_WALK_STEPS (a short walk when not set) and SLIPWAY_WALK_SEED choose another
 * walk; a failure names its seed and step and the steps before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <slipway.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/simulator.h"

enum {
    SPEED = 60,
    STORES = 3,
    TRUTHS = 4096, /* of one store, the newest */
    STORIES = 24,  /* steps told when something fails */
    RUNNING = 16,
    /* A poll takes a moment; ages are judged by clocks cut to milliseconds. WORLD. */
    SLACK_S = 20,
    PATIENCE_MS = 1500,
    OUTCOME_MS = 150000,
    CALM_MS = 30000,
};

static const char *const ids[STORES] = {"ios", "android", "wear"};

/* What a store was, from then on. */
struct truth {
    int64_t since_ms; /* WORLD */
    enum sw_state state;
    double percent;
};

struct running {
    uint64_t id; /* 0: free */
    size_t store;
    enum sw_verb verb;
};

struct store {
    struct truth truths[TRUTHS];
    size_t truth_count; /* since the start; the newest TRUTHS are kept */
    bool is_halt_asked; /* and nobody has asked for more since */
    double halt_percent;
};

static struct walk {
    struct simulator sim;
    struct sw_core *core;
    struct sw_snapshot *snapshot;
    struct store stores[STORES];
    struct running running[RUNNING];
    char stories[STORIES][160];
    uint64_t seed, random;
    long step;
    long acted, seen, refused, compared, faults;
    bool is_long;
} walk;

/* --------------------------------------------------------------------- telling */

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(walk.stories[walk.step % STORIES], sizeof walk.stories[0], format, args);
    va_end(args);
}

__attribute__((noreturn, format(printf, 1, 2))) static void lost(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (long i = walk.step >= STORIES ? walk.step - STORIES + 1 : 0; i <= walk.step; i++)
        fprintf(stderr, "  step %ld: %s\n", i, walk.stories[i % STORIES]);
    for (size_t i = 0; walk.snapshot != NULL && i < walk.snapshot->action_count; i++)
        if (walk.snapshot->actions[i].result == SW_RESULT_NONE)
            fprintf(stderr, "  under way: %s %s: %s\n",
                    sw_verb_name(walk.snapshot->actions[i].verb),
                    walk.snapshot->actions[i].platform, walk.snapshot->actions[i].text);
    fail_msg("SLIPWAY_WALK_SEED=%llu, step %ld: %s", (unsigned long long)walk.seed, walk.step,
             text);
    abort();
}

static int random_below(int limit)
{
    walk.random = walk.random * 6364136223846793005U + 1442695040888963407U;
    return (int)((walk.random >> 33) % (uint64_t)limit);
}

static void rest_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static int64_t mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ----------------------------------------------------------------------- truth */

static double number(json_t *tree, const char *path)
{
    json_t *value = simulator_at(tree, path);
    return json_is_number(value) ? json_number_value(value) : 0;
}

static const char *word(json_t *tree, const char *path)
{
    const char *text = json_string_value(simulator_at(tree, path));
    return text != NULL ? text : "";
}

/* The state tables of docs/sources, for what this walk can reach. */
static enum sw_state state_of(json_t *platform)
{
    const char *status = word(platform, "store.status");
    const char *phase = word(platform, "store.phase");
    bool has_fraction = json_is_number(simulator_at(platform, "store.fraction"));
    if (strcmp(status, "draft") == 0)
        return SW_STATE_READY;
    if (strcmp(status, "inProgress") == 0)
        return SW_STATE_ROLLING;
    if (strcmp(status, "completed") == 0)
        return SW_STATE_COMPLETE;
    if (strcmp(status, "halted") == 0)
        return has_fraction ? SW_STATE_HALTED : SW_STATE_ROLLED_BACK;
    if (strcmp(phase, "ACTIVE") == 0 || strcmp(phase, "INACTIVE") == 0)
        return SW_STATE_ROLLING;
    return strcmp(phase, "PAUSED") == 0     ? SW_STATE_HALTED
           : strcmp(phase, "COMPLETE") == 0 ? SW_STATE_COMPLETE
                                            : SW_STATE_UNKNOWN;
}

static double percent_of(json_t *platform, enum sw_state state)
{
    static const double days[] = {0, 1, 2, 5, 10, 20, 50, 100};
    if (state == SW_STATE_COMPLETE)
        return 100;
    if (state == SW_STATE_READY || state == SW_STATE_ROLLED_BACK)
        return 0;
    if (simulator_at(platform, "store.fraction") != NULL)
        return 100 * number(platform, "store.fraction");
    int day = (int)number(platform, "store.day");
    return strcmp(word(platform, "store.phase"), "INACTIVE") == 0 ? 0
                                                                  : days[day < 0   ? 0
                                                                         : day > 7 ? 7
                                                                                   : day];
}

static struct truth *newest(struct store *store)
{
    return &store->truths[(store->truth_count - 1) % TRUTHS];
}

static void note_truth(struct store *store, struct truth truth)
{
    if (store->truth_count > 0 && newest(store)->state == truth.state &&
        fabs(newest(store)->percent - truth.percent) < 1e-6)
        return;
    store->truths[store->truth_count++ % TRUTHS] = truth;
}

/* Nobody asked for more: then no more users may be given it. */
static void check_not_widened(const char *id, const struct store *store, struct truth truth)
{
    if (!store->is_halt_asked || truth.percent <= store->halt_percent + 1e-6)
        return;
    lost("%s was to be halted at %g %% and stands at %g %%", id, store->halt_percent,
         truth.percent);
}

static void look_at_world(void)
{
    json_t *world = simulator_ask(&walk.sim, "GET", "/world", NULL);
    int64_t now_ms = (int64_t)number(world, "now_ms");
    size_t i;
    json_t *platform;
    json_array_foreach(json_object_get(world, "platforms"), i, platform)
    {
        for (size_t s = 0; s < STORES; s++) {
            if (strcmp(word(platform, "id"), ids[s]) != 0)
                continue;
            enum sw_state state = state_of(platform);
            struct truth truth = {now_ms, state, percent_of(platform, state)};
            note_truth(&walk.stores[s], truth);
            check_not_widened(ids[s], &walk.stores[s], truth);
        }
    }
    json_decref(world);
}

/* Was it so at some moment of [from_ms, now]? A truth begins, as far as we know, anywhere between
 * the look before and the look that found it. */
static bool was_true(const struct store *store, const struct sw_platform *p, int64_t from_ms)
{
    size_t first = store->truth_count > TRUTHS ? store->truth_count - TRUTHS : 0;
    for (size_t i = store->truth_count; i > first; i--) {
        const struct truth *t = &store->truths[(i - 1) % TRUTHS];
        if (t->state == p->state && fabs(t->percent - p->percent_set.value) < 1e-4)
            return true;
        if (t->since_ms < from_ms)
            return false; /* everything before it had ended by then */
    }
    return false;
}

/* ----------------------------------------------------------------------- shown */

static void take_snapshot(void)
{
    struct sw_snapshot *snapshot = sw_core_take_snapshot(walk.core);
    if (snapshot == NULL)
        return;
    sw_snapshot_free(walk.snapshot);
    walk.snapshot = snapshot;
}

static bool is_busy(size_t store)
{
    for (size_t i = 0; i < RUNNING; i++) {
        if (walk.running[i].id != 0 && walk.running[i].store == store)
            return true;
    }
    return false;
}

static void check_shown(void)
{
    take_snapshot();
    look_at_world(); /* newer than the picture: what it shows was true by now */
    for (size_t s = 0; s < STORES; s++) {
        const struct sw_platform *p = sw_snapshot_platform(walk.snapshot, ids[s]);
        if (p == NULL || p->is_stale || p->is_cached || p->observed_at_ms == 0 || is_busy(s))
            continue;
        walk.compared++;
        if (!p->percent_set.is_known ||
            !was_true(&walk.stores[s], p, p->observed_at_ms - (int64_t)SLACK_S * 1000))
            lost("%s is shown as %s at %g %%, read %lld s ago, and the world has been %s at %g %% "
                 "for %lld s",
                 ids[s], sw_state_name(p->state), p->percent_set.value,
                 (long long)(sw_core_now_ms(walk.core) - p->observed_at_ms) / 1000,
                 sw_state_name(newest(&walk.stores[s])->state), newest(&walk.stores[s])->percent,
                 (long long)(sw_core_now_ms(walk.core) - newest(&walk.stores[s])->since_ms) / 1000);
    }
}

/* --------------------------------------------------------------------- outcomes */

static int64_t writes(void)
{
    return simulator_count(&walk.sim, "google_play", "mutating") +
           simulator_count(&walk.sim, "app_store", "mutating");
}

static void take_outcome(struct sw_outcome *outcome)
{
    for (size_t i = 0; i < RUNNING; i++) {
        struct running *r = &walk.running[i];
        if (r->id != outcome->id)
            continue;
        if (outcome->result == SW_RESULT_NONE)
            lost("an outcome that is none: %s", outcome->text);
        walk.seen += outcome->result == SW_RESULT_SEEN;
        walk.refused += outcome->result == SW_RESULT_REFUSED;
        r->id = 0;
        return;
    }
    lost("an outcome nobody waits for: %s", outcome->text);
}

static void take_outcomes(void)
{
    struct sw_outcome *outcome;
    while ((outcome = sw_core_take_outcome(walk.core)) != NULL) {
        take_outcome(outcome);
        sw_outcome_free(outcome);
    }
}

static bool is_anything_running(void)
{
    for (size_t i = 0; i < RUNNING; i++) {
        if (walk.running[i].id != 0)
            return true;
    }
    return false;
}

static void end_faults(void)
{
    simulator_do(&walk.sim, "DELETE", "/faults", NULL);
    walk.faults = 0;
}

/* A halt stays open until it is seen, so after a while what keeps it from that ends. */
static void wait_for_outcomes(void)
{
    int64_t begin_ms = mono_ms();
    while (is_anything_running()) {
        take_outcomes();
        take_snapshot();
        look_at_world();
        int64_t waited_ms = mono_ms() - begin_ms;
        if (waited_ms > PATIENCE_MS && walk.faults > 0)
            end_faults();
        if (waited_ms > OUTCOME_MS)
            lost("an action has no outcome after %d s", OUTCOME_MS / 1000);
        rest_ms(20);
    }
}

/* ------------------------------------------------------------------------ steps */

static void do_console_play(size_t store)
{
    static const char *const states[] = {"inProgress", "inProgress", "halted", "completed"};
    static const double fractions[] = {0.05, 0.1, 0.2, 0.5, 0.999};
    const char *status = states[random_below(4)];
    double fraction = fractions[random_below(5)];
    struct store *it = &walk.stores[store];
    look_at_world();
    it->is_halt_asked = false; /* whoever sits in the console has the last word */
    simulator_do(&walk.sim, "POST", "/world",
                 "{\"play\":{\"track\":\"%s\",\"code\":%d,\"status\":\"%s\",\"fraction\":%g}}",
                 store == 1 ? "production" : "wear:production",
                 store == 1 ? 2025011401 : 2025011404, status,
                 strcmp(status, "completed") == 0 ? 0 : fraction);
    look_at_world();
    tell("console: %s %s %g", ids[store], status, fraction);
}

static void do_console_apple(void)
{
    static const char *const phases[] = {"ACTIVE", "ACTIVE", "PAUSED", "COMPLETE"};
    const char *phase = phases[random_below(4)];
    int day = 1 + random_below(6);
    look_at_world();
    walk.stores[0].is_halt_asked = false;
    simulator_do(&walk.sim, "POST", "/world",
                 "{\"apple\":{\"version\":\"2.15.3\",\"phase\":\"%s\",\"day\":%d}}", phase, day);
    look_at_world();
    tell("console: ios %s day %d", phase, day);
}

/* A verb that somebody in the console undoes waits for its limit of two minutes: only a long walk
 * has the time. */
static bool is_busy_with_more(size_t store)
{
    for (size_t i = 0; i < RUNNING; i++) {
        const struct running *r = &walk.running[i];
        if (r->id != 0 && r->store == store && r->verb != SW_VERB_HALT)
            return true;
    }
    return false;
}

static void do_console(void)
{
    size_t store = (size_t)random_below(STORES);
    if (!walk.is_long && is_busy_with_more(store))
        return;
    if (store == 0)
        do_console_apple();
    else
        do_console_play(store);
}

static void do_fault(void)
{
    static const char *const kinds[] = {"\"status\",\"status\":503",
                                        "\"status\",\"status\":429,\"retry_after\":\"1\"",
                                        "\"cut\",\"bytes\":60",
                                        "\"reset\",\"bytes\":0",
                                        "\"garbage\"",
                                        "\"html\"",
                                        "\"empty\"",
                                        "\"latency_ms\",\"ms\":150",
                                        "\"refuse\"",
                                        "\"slow\",\"bytes\":2000"};
    static const char *const services[] = {"google_play", "app_store", "google_oauth"};
    if (walk.faults >= 2 || random_below(3) == 0) {
        end_faults();
        tell("faults end");
        return;
    }
    const char *kind = kinds[random_below(10)];
    const char *service = services[random_below(3)];
    simulator_do(&walk.sim, "POST", "/faults",
                 "{\"service\":\"%s\",\"kind\":%s,\"probability\":%g}", service, kind,
                 0.2 + 0.2 * random_below(5));
    walk.faults++;
    tell("fault: %s %s", service, kind);
}

static struct running *free_slot(void)
{
    for (size_t i = 0; i < RUNNING; i++) {
        if (walk.running[i].id == 0)
            return &walk.running[i];
    }
    return NULL;
}

static void ask_for_more(struct store *store, enum sw_verb verb)
{
    if (verb == SW_VERB_RESUME || verb == SW_VERB_ADVANCE || verb == SW_VERB_COMPLETE)
        store->is_halt_asked = false;
}

/* Only a halt that the core took on counts: what was refused at once was asked of nobody. */
static void ask_to_halt(struct store *store, enum sw_verb verb, const struct sw_platform *p)
{
    if (verb != SW_VERB_HALT || !p->offers[SW_VERB_HALT].is_allowed)
        return;
    look_at_world();
    store->is_halt_asked = true;
    store->halt_percent = newest(store)->percent;
}

static void do_verb(void)
{
    static const enum sw_verb verbs[] = {SW_VERB_HALT,    SW_VERB_HALT,     SW_VERB_RESUME,
                                         SW_VERB_ADVANCE, SW_VERB_COMPLETE, SW_VERB_ROLLBACK};
    size_t store = (size_t)random_below(STORES);
    enum sw_verb verb = verbs[random_below(6)];
    const struct sw_platform *p = sw_snapshot_platform(walk.snapshot, ids[store]);
    struct running *slot = free_slot();
    tell("nothing: no free slot");
    if (p == NULL || slot == NULL || (verb != SW_VERB_HALT && is_busy(store)))
        return;
    const struct sw_command command = {.kind = SW_COMMAND_VERB,
                                       .platform = ids[store],
                                       .verb = verb,
                                       .reason = "a walk",
                                       .override_text = verb == SW_VERB_HALT ? NULL : "a walk",
                                       .expected_identity = p->identity,
                                       .expected_state = p->state,
                                       .expected_percent = p->percent_set};
    ask_for_more(&walk.stores[store], verb);
    ask_to_halt(&walk.stores[store], verb, p);
    *slot = (struct running){.store = store, .verb = verb};
    slot->id = sw_submit(walk.core, &command);
    walk.acted++;
    tell("%s %s", sw_verb_name(verb), ids[store]);
}

/* Alone, with its writes counted: no verb is ever sent twice. */
static void do_verb_alone(void)
{
    wait_for_outcomes();
    int64_t before = writes();
    do_verb();
    bool is_halt = false;
    for (size_t i = 0; i < RUNNING; i++)
        is_halt = is_halt || (walk.running[i].id != 0 && walk.running[i].verb == SW_VERB_HALT);
    bool is_asked = is_anything_running();
    wait_for_outcomes();
    int64_t sent = writes() - before;
    if (is_asked && !is_halt && sent > 1)
        lost("a verb changed the store %lld times", (long long)sent);
}

static void open_core(void)
{
    struct sw_error error = {0};
    struct sw_problems problems = {0};
    const struct sw_open_options options = {.config_path = walk.sim.config};
    if (sw_core_open(&options, &walk.core, &problems, &error) != SW_OK ||
        sw_core_start(walk.core, &error) != SW_OK)
        lost("the core does not start: %s %s", error.text,
             problems.count > 0 ? problems.items[0].text : "");
    sw_problems_free(&problems);
}

static void close_core(void)
{
    sw_core_close(walk.core);
    sw_snapshot_free(walk.snapshot);
    walk.core = NULL;
    walk.snapshot = NULL;
}

static void wait_for_picture(void)
{
    int64_t end_ms = mono_ms() + CALM_MS;
    while (walk.snapshot == NULL) {
        take_snapshot();
        if (mono_ms() > end_ms)
            lost("no picture");
        rest_ms(5);
    }
}

/* The clock leaps, and whoever watched it starts again. */
static void do_jump(void)
{
    wait_for_outcomes();
    close_core();
    int ahead_s = random_below(2) == 0 ? 0 : 60 * random_below(180);
    if (ahead_s > 0) {
        look_at_world();
        simulator_do(&walk.sim, "POST", "/world", "{\"clock\":{\"advance_s\":%d}}", ahead_s);
        for (size_t s = 0; s < STORES; s++)
            walk.stores[s].is_halt_asked = walk.stores[s].is_halt_asked && s != 0;
    }
    open_core();
    wait_for_picture();
    tell("restart, %d s later", ahead_s);
}

static void do_step(void)
{
    int dice = random_below(100);
    tell("time passes");
    if (dice < 22)
        do_console();
    else if (dice < 40)
        do_fault();
    else if (dice < 60)
        do_verb();
    else if (dice < 68)
        do_verb_alone();
    else if (dice < 70)
        do_jump();
    rest_ms(random_below(60));
    take_outcomes();
    check_shown();
}

/* ------------------------------------------------------------------------- end */

static bool is_all_shown(void)
{
    for (size_t s = 0; s < STORES; s++) {
        const struct sw_platform *p = sw_snapshot_platform(walk.snapshot, ids[s]);
        const struct truth *t = newest(&walk.stores[s]);
        if (p == NULL || p->is_stale || p->is_cached || p->state != t->state ||
            fabs(p->percent_set.value - t->percent) > 1e-4)
            return false;
    }
    return true;
}

/* Left in peace, it shows the world as it is. */
static void come_to_rest(void)
{
    tell("peace");
    wait_for_outcomes();
    end_faults();
    int64_t end_ms = mono_ms() + CALM_MS;
    for (;;) {
        check_shown();
        if (is_all_shown())
            return;
        if (mono_ms() > end_ms)
            lost("the picture does not become the world's");
        rest_ms(50);
    }
}

static long from_environment(const char *name, long preset)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? strtol(text, NULL, 10) : preset;
}

static void what_is_shown_is_what_the_stores_were(void **state)
{
    const char *variant = getenv("SLIPWAY_VARIANT");
    bool is_release = variant == NULL || strcmp(variant, "release") == 0;
    long steps = from_environment("SLIPWAY_WALK_STEPS", is_release ? 200 : 80);
    (void)state;
    walk.seed = (uint64_t)from_environment("SLIPWAY_WALK_SEED", (long)time(NULL) ^ getpid());
    walk.random = walk.seed;
    walk.is_long = steps > 1000;
    printf("SLIPWAY_WALK_SEED=%llu SLIPWAY_WALK_STEPS=%ld\n", (unsigned long long)walk.seed, steps);
    fflush(stdout);
    simulator_start(&walk.sim, SPEED, 1 + (int)(walk.seed % 100));
    open_core();
    wait_for_picture();
    for (walk.step = 0; walk.step < steps; walk.step++)
        do_step();
    come_to_rest();
    printf("%ld steps: %ld verbs, %ld seen, %ld refused; %ld figures compared\n", steps, walk.acted,
           walk.seen, walk.refused, walk.compared);
    assert_true(walk.acted > 0 && walk.seen > 0 && walk.compared > steps);
    close_core();
    assert_int_equal(simulator_stop(&walk.sim), 0);
}

/* Also after a failure: no thread of the core outlives the test. */
static int end(void **state)
{
    (void)state;
    close_core();
    simulator_stop(&walk.sim);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_shown_is_what_the_stores_were, end),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
