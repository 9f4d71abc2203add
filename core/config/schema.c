/* schema.c: see schema.h. Tables first; at the foot what puts them together. */
#include "config/schema.h"

#include <string.h>

#include "base/mem.h"

static const char *const kind_words[] = {"ios", "android", "wear", "web", "backend", NULL};
static const char *const stop_words[] = {"halt", "rollback", "skip", NULL};
static const char *const color_words[] = {"auto", "always", "never",     "8",
                                          "16",   "256",    "truecolor", NULL};
/* In the order of enum sw_metric. */
static const char *const metric_words[] = {
    "crash_free_sessions", "crash_free_users", "anr_rate", "error_rate",
    "latency_p95",         "one_star_share",   "adoption", "user_perceived_crash_rate",
    "slow_start_rate",     NULL};

static const struct sw_option captain_table[] = {
    {.key = "name",
     .type = SW_OPTION_STRING,
     .help = "who acts; default: git's user.name",
     .example = "Release Captain"},
    {.key = "email",
     .type = SW_OPTION_STRING,
     .help = "default: git's user.email",
     .example = "captain@example.com"},
    {.type = SW_OPTION_END},
};

static const struct sw_option release_table[] = {
    {.key = "name",
     .type = SW_OPTION_STRING,
     .preset = "auto",
     .help = "auto: from the newest tag that matches `tags`, its \"v\" cut off"},
    {.key = "tags",
     .type = SW_OPTION_STRING,
     .preset = "v*",
     .help = "the release train's own tag pattern; no platform may match the same tags"},
    {.key = "timezone",
     .type = SW_OPTION_STRING,
     .preset = "UTC",
     .help = "IANA name; weekdays, hours and every time on screen are in it",
     .example = "Europe/Madrid"},
    {.type = SW_OPTION_END},
};

static const struct sw_option repository_table[] = {
    {.key = "path",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "git repository, only read: tags, commits, checklist",
     .example = "~/src/app"},
    {.type = SW_OPTION_END},
};

static const struct sw_option checklist_table[] = {
    {.key = "file",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "Markdown task list inside the repository",
     .example = "docs/RELEASE.md"},
    {.key = "ref",
     .type = SW_OPTION_STRING,
     .preset = "auto",
     .help = "auto: the release's tag, else release/v<name>, else HEAD"},
    {.type = SW_OPTION_END},
};

static const struct sw_option ui_table[] = {
    {.key = "theme",
     .type = SW_OPTION_STRING,
     .preset = "terminal",
     .help = "name of a theme, or the path of its file; auto: as the background is"},
    {.key = "theme_dark",
     .type = SW_OPTION_STRING,
     .preset = "dark",
     .help = "what auto means on a dark background"},
    {.key = "theme_light",
     .type = SW_OPTION_STRING,
     .preset = "light",
     .help = "what auto means on a light background"},
    {.key = "ascii", .type = SW_OPTION_BOOL, .preset = "false", .help = "draw with ASCII only"},
    {.key = "color",
     .type = SW_OPTION_CHOICE,
     .choices = color_words,
     .preset = "auto",
     .help = "auto: as the terminal and NO_COLOR say; a number: the most there may be"},
    {.key = "rotate",
     .type = SW_OPTION_DURATION,
     .min = 2,
     .max = 3600,
     .preset = "15s",
     .help = "how long the wallboard shows one page"},
    {.type = SW_OPTION_END},
};

static const struct sw_option gate_table[] = {
    {.key = "id",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "the id of a default gate replaces that one"},
    {.key = "platforms",
     .type = SW_OPTION_STRINGS,
     .help = "ids; without it every platform that reads the metric"},
    {.key = "metric",
     .type = SW_OPTION_CHOICE,
     .choices = metric_words,
     .is_required = true,
     .help = "which figure it judges"},
    {.key = "verdict",
     .type = SW_OPTION_BOOL,
     .preset = "false",
     .help = "judges whether the new version is worse than the old one instead of holding the figure "
             "against limits; of crash_free_sessions or error_rate"},
    {.key = "warn", .type = SW_OPTION_NUMBER, .help = "WARN beyond this (percent or ms)"},
    {.key = "critical", .type = SW_OPTION_NUMBER, .help = "FAIL beyond this (percent or ms)"},
    {.key = "window",
     .type = SW_OPTION_DURATION,
     .min = 60,
     .max = 30 * 86400,
     .preset = "1h",
     .help = "the figure's span of time"},
    {.key = "min_sample",
     .type = SW_OPTION_NUMBER,
     .min = 0,
     .max = 1e12,
     .help = "WAIT below it; default 300 / (100 - warn), 300 / warn where rising is bad, else 300"},
    {.key = "blocking",
     .type = SW_OPTION_BOOL,
     .preset = "true",
     .help = "whether it closes advance and complete"},
    {.key = "stage",
     .type = SW_OPTION_INT,
     .min = 1,
     .max = SW_STAGES_MAX,
     .help = "only in this stage of the plan, counted from 1"},
    {.type = SW_OPTION_END},
};

static const struct sw_option guard_table[] = {
    {.key = "halt_on",
     .type = SW_OPTION_STRINGS,
     .help = "what makes the guard halt: fail, worse",
     .example = "[fail, worse]"},
    {.key = "advance",
     .type = SW_OPTION_BOOL,
     .preset = "false",
     .help = "whether the guard also advances when all gates pass"},
    {.key = "notify_cmd",
     .type = SW_OPTION_STRINGS,
     .help = "a command (argument list, no shell) told of every outcome",
     .example = "[notify-team]"},
    {.type = SW_OPTION_END},
};

static const struct sw_option simulation_table[] = {
    {.key = "real",
     .type = SW_OPTION_TIMESTAMP,
     .is_required = true,
     .help = "at this real time ...",
     .example = "2026-01-20T09:00:00Z"},
    {.key = "world",
     .type = SW_OPTION_TIMESTAMP,
     .is_required = true,
     .help = "... the simulated world shows this",
     .example = "2026-01-20T09:00:00Z"},
    {.key = "speed",
     .type = SW_OPTION_NUMBER,
     .min = 0.01,
     .max = 100000,
     .is_required = true,
     .help = "world seconds in a real second",
     .example = "60"},
    {.type = SW_OPTION_END},
};

const struct sw_option sw_schema_root[] = {
    {.key = "version",
     .type = SW_OPTION_INT,
     .min = 1,
     .max = 1,
     .is_required = true,
     .help = "of this file's format",
     .example = "1"},
    {.key = "captain",
     .type = SW_OPTION_MAP,
     .children = captain_table,
     .help = "who acts, as the ledger records it"},
    {.key = "release",
     .type = SW_OPTION_MAP,
     .children = release_table,
     .help = "the release train"},
    {.key = "repository",
     .type = SW_OPTION_MAP,
     .children = repository_table,
     .help = "read only: tags, commits, checklist file"},
    {.key = "checklist",
     .type = SW_OPTION_MAP,
     .children = checklist_table,
     .help = "the release checklist"},
    {.key = "ui", .type = SW_OPTION_MAP, .children = ui_table, .help = "how it looks"},
    {.key = "sources",
     .type = SW_OPTION_ANY,
     .is_required = true,
     .help = "one entry for each upstream account"},
    {.key = "platforms",
     .type = SW_OPTION_ANY,
     .is_required = true,
     .help = "1 to 500; their order is the order on screen"},
    {.key = "gates",
     .type = SW_OPTION_LIST,
     .children = gate_table,
     .help = "rules on metrics, on top of the defaults of each platform's kind"},
    {.key = "guard",
     .type = SW_OPTION_MAP,
     .children = guard_table,
     .help = "what a guard may do by itself; nothing acts on it yet"},
    {.key = "simulation",
     .type = SW_OPTION_MAP,
     .children = simulation_table,
     .help = "only with every base_url on loopback"},
    {.type = SW_OPTION_END},
};

const struct sw_option sw_schema_platform[] = {
    {.key = "id",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "what the command line takes"},
    {.key = "title", .type = SW_OPTION_STRING, .help = "as shown; default: the id"},
    {.key = "kind",
     .type = SW_OPTION_CHOICE,
     .choices = kind_words,
     .is_required = true,
     .help = "picks the default gates and words, nothing else"},
    {.key = "includes",
     .type = SW_OPTION_STRINGS,
     .help = "what ships inside the same bundle",
     .example = "[watchos]"},
    {.key = "tags", .type = SW_OPTION_STRING, .help = "pattern of this platform's tags"},
    {.key = "rollout", .type = SW_OPTION_ANY, .help = "where it ships"},
    {.key = "plan",
     .type = SW_OPTION_ANY,
     .help = "store (Apple's own steps), service (the deploy system's own steps), or stages"},
    {.key = "health",
     .type = SW_OPTION_ANY,
     .help = "figures; the first entry of a metric decides, the others stand beside it"},
    {.key = "alarms", .type = SW_OPTION_ANY, .help = "alarms of the metrics system"},
    {.type = SW_OPTION_END},
};

const struct sw_option sw_schema_stage[] = {
    {.key = "percent",
     .type = SW_OPTION_PERCENT,
     .min = 0.0001,
     .max = 100,
     .is_required = true,
     .help = "share of users"},
    {.key = "soak",
     .type = SW_OPTION_DURATION,
     .min = 1,
     .max = 90 * 86400,
     .help = "time to stay before the next stage"},
    {.key = "at", .type = SW_OPTION_STRING, .help = "when it begins: \"Fri 10:00\""},
    {.type = SW_OPTION_END},
};

const struct sw_option sw_schema_store_plan[] = {
    {.key = "store", .type = SW_OPTION_BOOL, .is_required = true, .help = "true"},
    {.key = "halt_weekends",
     .type = SW_OPTION_BOOL,
     .preset = "false",
     .help = "halted from Friday 18:00 to Monday 09:00; nothing acts on it yet"},
    {.type = SW_OPTION_END},
};

/* ------------------------------------------------- parts common to all kinds */

static const struct sw_option account_common[] = {
    {.key = "id", .type = SW_OPTION_STRING, .is_required = true, .help = "its name in this file"},
    {.key = "kind", .type = SW_OPTION_STRING, .is_required = true, .help = "which upstream"},
    {.key = "base_url", .type = SW_OPTION_STRING, .help = "https address of the upstream"},
    {.key = "ca_file",
     .type = SW_OPTION_STRING,
     .help = "certificates to trust instead of the system's"},
    {.key = "interval",
     .type = SW_OPTION_DURATION,
     .min = 5,
     .max = 86400,
     .help = "time between polls"},
    {.key = "stale_after",
     .type = SW_OPTION_DURATION,
     .min = 10,
     .max = 7 * 86400,
     .help = "age from which its figures count as unknown"},
    {.type = SW_OPTION_END},
};

static const struct sw_option rollout_common[] = {
    {.key = "source",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "id of an entry in sources"},
    {.key = "stop",
     .type = SW_OPTION_CHOICE,
     .choices = stop_words,
     .preset = "halt",
     .help = "what stop-everything does here"},
    {.type = SW_OPTION_END},
};

static const struct sw_option health_common[] = {
    {.key = "metric",
     .type = SW_OPTION_CHOICE,
     .choices = metric_words,
     .is_required = true,
     .help = "which figure"},
    {.key = "source",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "id of an entry in sources"},
    {.type = SW_OPTION_END},
};

static const struct sw_option alarms_common[] = {
    {.key = "source",
     .type = SW_OPTION_STRING,
     .is_required = true,
     .help = "id of an entry in sources"},
    {.type = SW_OPTION_END},
};

static const struct sw_option *const common[SW_SCHEMA_PART_COUNT] = {
    [SW_SCHEMA_ACCOUNT] = account_common,
    [SW_SCHEMA_ROLLOUT] = rollout_common,
    [SW_SCHEMA_HEALTH] = health_common,
    [SW_SCHEMA_ALARMS] = alarms_common,
};

/* -------------------------------------------------------- putting together */

const char *sw_schema_part_name(enum sw_schema_part part)
{
    static const char *const names[SW_SCHEMA_PART_COUNT] = {"account", "rollout", "health",
                                                            "alarms"};
    return names[part];
}

const struct sw_option *sw_schema_own(const struct sw_kind_info *kind, enum sw_schema_part part)
{
    switch (part) {
    case SW_SCHEMA_ACCOUNT:
        return kind->account_options;
    case SW_SCHEMA_ROLLOUT:
        return kind->rollout_options;
    case SW_SCHEMA_HEALTH:
        return kind->health_options;
    case SW_SCHEMA_ALARMS:
        return kind->alarm_options;
    case SW_SCHEMA_PART_COUNT:
        break;
    }
    return NULL;
}

static size_t count_options(const struct sw_option *table)
{
    size_t count = 0;
    while (table != NULL && table[count].type != SW_OPTION_END)
        count++;
    return count;
}

bool sw_schema_has_key(const struct sw_option *table, const char *key)
{
    size_t count = count_options(table);
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].key, key) == 0)
            return true;
    return false;
}

/* A kind without network has no address. */
static bool is_wanted(const struct sw_kind_info *kind, const struct sw_option *option)
{
    bool is_network = strcmp(option->key, "base_url") == 0 || strcmp(option->key, "ca_file") == 0;
    return !is_network || kind->has_credential || kind->base_url != NULL;
}

static const char *seconds_text(struct sw_arena *arena, int seconds)
{
    if (seconds % 3600 == 0)
        return sw_arena_printf(arena, "%dh", seconds / 3600);
    if (seconds % 60 == 0)
        return sw_arena_printf(arena, "%dm", seconds / 60);
    return sw_arena_printf(arena, "%ds", seconds);
}

static const char *preset_of(struct sw_arena *arena, const struct sw_kind_info *kind,
                             const struct sw_option *option)
{
    if (strcmp(option->key, "base_url") == 0)
        return kind->base_url;
    if (strcmp(option->key, "interval") == 0)
        return seconds_text(arena, kind->interval_s);
    if (strcmp(option->key, "stale_after") == 0)
        return seconds_text(arena, kind->stale_after_s);
    return option->preset;
}

const struct sw_option *sw_schema_of_kind(struct sw_arena *arena, const struct sw_kind_info *kind,
                                          enum sw_schema_part part)
{
    const struct sw_option *first = common[part], *own = sw_schema_own(kind, part);
    size_t first_count = count_options(first), own_count = count_options(own), count = 0;
    char stem[64];
    struct sw_option *out = sw_arena_array(arena, first_count + own_count + 1, sizeof *out);
    for (size_t i = 0; i < first_count; i++) {
        if (part == SW_SCHEMA_ACCOUNT && !is_wanted(kind, &first[i]))
            continue;
        out[count] = first[i];
        if (part == SW_SCHEMA_ACCOUNT)
            out[count].preset = preset_of(arena, kind, &first[i]);
        count++;
    }
    for (size_t i = 0; i < own_count; i++) {
        out[count] = own[i];
        /* Of three places one is enough: judged as a group. */
        if (sw_schema_is_secret(own, &own[i], stem, sizeof stem))
            out[count].is_required = false;
        count++;
    }
    return out; /* zeroed behind the last: SW_OPTION_END */
}

static bool split_secret(const char *key, char *stem, size_t size)
{
    static const char *const tails[] = {"_file", "_env", "_cmd"};
    size_t len = strlen(key);
    for (size_t i = 0; i < SW_ARRAY_LEN(tails); i++) {
        size_t tail = strlen(tails[i]);
        if (len > tail && len - tail < size && strcmp(key + len - tail, tails[i]) == 0) {
            memcpy(stem, key, len - tail);
            stem[len - tail] = '\0';
            return true;
        }
    }
    return false;
}

bool sw_schema_is_secret(const struct sw_option *table, const struct sw_option *option, char *stem,
                         size_t size)
{
    char other[64];
    size_t same = 0, count = count_options(table);
    if (!split_secret(option->key, stem, size))
        return false;
    for (size_t i = 0; i < count; i++)
        same += split_secret(table[i].key, other, sizeof other) && strcmp(stem, other) == 0 ? 1 : 0;
    return same > 1;
}
