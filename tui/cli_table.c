/*
 * cli_table.c: every option and every command, once.
 */
#include "cli.h"

#include <string.h>

#include "memory.h"

/* clang-format off */
const struct cli_option_info cli_options[CLI_OPTION_COUNT] = {
    [CLI_CONFIG] = {"config", "FILE", "the configuration (default: $XDG_CONFIG_HOME/slipway/config.yaml)", true},
    [CLI_THEME] = {"theme", "NAME", "a theme by name, or by path with a slash in it", true},
    [CLI_READ_ONLY] = {"read-only", NULL, "nothing that changes what users get can be sent", true},
    [CLI_ASCII] = {"ascii", NULL, "draw with ASCII characters only", true},
    [CLI_COLOR] = {"color", "WHEN", "auto, always, never, or the most there may be: 8, 16, 256, truecolor", true},
    [CLI_RELEASE] = {"release", "NAME", "the release meant (default: as configured); a name that no tag and no ledger has is told", true},
    [CLI_TRACE] = {"trace", "FILE", "write every request to FILE, without its secrets", true},
    [CLI_HELP] = {"help", NULL, "this help; after a command: its own", true},
    [CLI_VERSION] = {"version", NULL, "the version of slipway", true},
    [CLI_JSON] = {"json", NULL, "one JSON object, as its schema in docs/ says", false},
    [CLI_CACHED] = {"cached", NULL, "the last picture with its ages, at once; nothing is asked", false},
    [CLI_WATCH] = {"watch", NULL, "go on and print what changes; with --json one object a line", false},
    [CLI_REASON] = {"reason", "TEXT", "why; kept in the ledger", false},
    [CLI_OVERRIDE] = {"override", "TEXT", "why it is done although gates, soak or checklist are not ready", false},
    [CLI_YES] = {"yes", NULL, "act without asking", false},
    [CLI_DRY_RUN] = {"dry-run", NULL, "judge it, show the exact requests, send none of them", false},
    [CLI_UNRECORDED] = {"unrecorded", NULL, "halt although the ledger cannot be written", false},
    [CLI_CANCEL_REVIEW] = {"cancel-review", NULL, "should the halt meet a review at the store, cancel that review", false},
    [CLI_ROTATE] = {"rotate", "SECONDS", "how long each page stays (default 15)", false},
    [CLI_SIZE] = {"size", "WxH", "columns and rows (default 120x36)", false},
    [CLI_FORMAT] = {"format", "NAME", "text, ansi or svg (default text)", false},
    [CLI_VERIFY] = {"verify", NULL, "check every record and the chain; exit 1 when something is bad", false},
    [CLI_PRINT] = {"print", NULL, "to standard output instead of a file", false},
    [CLI_R0] = {"r0", "X", "the ratio that is still tolerated (default 1)", false},
    [CLI_STARTS] = {"starts", "K", "how many buckets 14 days have (default 336: hours)", false},
    [CLI_SOAK] = {"soak", "N", "the last buckets that NOT WORSE is asked of (default K / 14, at least 24)", false},
};

#define OWN(option) (1U << (option))
#define HOW_TO_ACT (OWN(CLI_REASON) | OWN(CLI_YES) | OWN(CLI_DRY_RUN) | OWN(CLI_JSON))

#define ABOUT_ACTING \
    "On a terminal it shows what it will do (platform, version, store identity, from what to what, " \
    "the effect and what it will not do) and asks; without a terminal it needs --yes. It then says " \
    "when the store was asked, when it accepted, and when the store's own record showed the new " \
    "state. It refuses when the store no longer holds what was shown."

static const struct cli_command commands[] = {
    {"dashboard", "", 0, 0, 0,
     "the dashboard (the same as `slipway` alone)",
     "Without a terminal: the overview as text, after one poll of every source.",
     0, SW_VERB_NONE, cli_dashboard},
    {"wallboard", "", 0, 0, OWN(CLI_ROTATE),
     "large type for a screen on the wall, read-only",
     "Takes no keys but q. Nothing it does can reach a store's write side.",
     0, SW_VERB_NONE, cli_wallboard},
    {"status", "[PLATFORM]", 0, 1, OWN(CLI_JSON) | OWN(CLI_CACHED) | OWN(CLI_WATCH),
     "ask every source once, print, and leave",
     "One block of `key: value` lines for each platform. Exit 1 when something is unhealthy (a "
     "blocking gate fails or warns, a rollout is halted or failed, an alarm fires); else 78 or 77 "
     "when a source's credential cannot be used or is refused; else 3 when something is stale or "
     "unknown; else 0.\n\n"
     "--watch stays: after the first picture only what changed is printed, one line a change, or "
     "with --json one status object a line that holds the platform concerned. Where neither its "
     "input nor its output is a terminal, SIGHUP makes it read the configuration again; with an "
     "error in it the old one stays, and the error is told in a line on standard error.",
     0, SW_VERB_NONE, cli_status},
    {"halt", "PLATFORM", 1, 1, HOW_TO_ACT | OWN(CLI_OVERRIDE) | OWN(CLI_UNRECORDED) | OWN(CLI_CANCEL_REVIEW),
     "stop serving the new version to more users",
     ABOUT_ACTING "\n\nA halt waits for no source but its own; with --yes it is on its way at once.",
     CLI_MUTATES, SW_VERB_HALT, cli_verb},
    {"resume", "PLATFORM", 1, 1, HOW_TO_ACT | OWN(CLI_OVERRIDE),
     "go on with a halted rollout where it stood", ABOUT_ACTING,
     CLI_MUTATES, SW_VERB_RESUME, cli_verb},
    {"advance", "PLATFORM", 1, 1, HOW_TO_ACT | OWN(CLI_OVERRIDE),
     "go to the next stage of the plan; from READY: start it",
     ABOUT_ACTING "\n\nNeeds every blocking gate PASS, every blocking checklist item done and the "
     "soak over, on fresh data; --override TEXT goes against gates, soak and checklist, and stays "
     "in the ledger and on the screens.",
     CLI_MUTATES, SW_VERB_ADVANCE, cli_verb},
    {"complete", "PLATFORM", 1, 1, HOW_TO_ACT | OWN(CLI_OVERRIDE),
     "serve the new version to everyone",
     ABOUT_ACTING "\n\nThe answer to its question is the platform's id.",
     CLI_MUTATES, SW_VERB_COMPLETE, cli_verb},
    {"rollback", "PLATFORM", 1, 1, HOW_TO_ACT | OWN(CLI_OVERRIDE),
     "serve the previous version again, as far as the store can",
     ABOUT_ACTING "\n\nThe answer to its question is the platform's id.",
     CLI_MUTATES, SW_VERB_ROLLBACK, cli_verb},
    {"stop-everything", "", 0, 0, HOW_TO_ACT | OWN(CLI_UNRECORDED),
     "halt every platform at once (or what its `stop:` says)",
     "All platforms in parallel, with a line for each as it is really stopped. The exit code is the "
     "one of the worst.",
     CLI_MUTATES, SW_VERB_HALT, cli_stop_everything},
    {"gate", "PLATFORM", 1, 1, OWN(CLI_JSON),
     "may it advance?",
     "Exit 2 when the new version is WORSE; else 1 when a blocking gate fails or warns or a "
     "blocking checklist item is open; else 3 when a blocking gate is STALE, UNKNOWN or WAIT or "
     "the store's state is not fresh; else 0.",
     0, SW_VERB_NONE, cli_gate},
    {"checklist", "[list|tick ITEM|untick ITEM]", 0, 2, OWN(CLI_JSON) | OWN(CLI_REASON),
     "the release's checklist; tick and untick by item id",
     "The ticks live in the ledger, not in the file. An id that does not exist is an error.",
     0, SW_VERB_NONE, cli_checklist},
    {"log", "", 0, 0, OWN(CLI_JSON) | OWN(CLI_VERIFY),
     "the ledger of the release, oldest first",
     "With --json one event a line. --verify checks every record and the hash chain.",
     0, SW_VERB_NONE, cli_log},
    {"screenshot", "SCREEN [PLATFORM]", 1, 2, OWN(CLI_SIZE) | OWN(CLI_FORMAT),
     "one screen, drawn from one poll, to standard output",
     "Screens: overview, platform, checklist, log, sources, help, wallboard.",
     0, SW_VERB_NONE, cli_screenshot},
    {"verdict", "FILE|-", 1, 1, OWN(CLI_JSON) | OWN(CLI_R0) | OWN(CLI_STARTS) | OWN(CLI_SOAK),
     "is the new version worse? on a table of time buckets",
     "The sequential test of docs/verdict.md, valid at every look. A line of FILE (`-`: standard "
     "input) is a bucket, oldest first: {\"x\":2,\"n\":150,\"y\":45,\"N\":15000}, crashed and all "
     "sessions of the new version, then of the one it replaces in the same time, as whole numbers. "
     "A bucket without sessions on a side is passed over and not numbered. Reads no configuration, "
     "asks nobody.\n\n"
     "Printed after each bucket: the evidence (as logarithms: log_e is what counts, WORSE from "
     "ln 20 = 3.0 on, a halt is advised from ln 100 = 4.6), p, the state, the likeliest first bad "
     "bucket, and the ratio with its interval: since that bucket when WORSE, else over all.\n\n"
     "The exit code is the last bucket's: 2 WORSE; 0 NOT_WORSE (than twice as bad, over the last "
     "buckets); 3 NOT_ENOUGH_DATA, or no bucket at all. A table with a line that is wrong is not "
     "judged: the line is told, and the exit code is 64; 1 when FILE cannot be read.\n\n"
     "What it cannot see: sessions of one user are not independent (a crash loop counts often: "
     "prefer users a day); those who update first differ from the others, so it says \"rates "
     "differ\", not \"the code did it\"; a first start after an update crashes more often "
     "(--r0 1.25); a fault that keeps sessions from starting leaves no session to count.",
     0, SW_VERB_NONE, cli_verdict},
    {"check", "", 0, 0, 0,
     "explain the configuration, ask every source and for rights",
     "One line for each source: whether it answers, how fast, how far its clock is from ours and "
     "which platforms it feeds; then one for each platform: which verbs its key may use, which not, "
     "in the store's words. Nothing is changed; for Play an edit is opened and thrown away, which "
     "ends one that another program has open with the same account. Not asked with --read-only. "
     "Exit 0 when all answer, 78 when the configuration or a key file is wrong, 77 when a credential "
     "is refused or a right is missing, 1 when something else fails.",
     0, SW_VERB_NONE, cli_check},
    {"init", "[-]", 0, 1, OWN(CLI_PRINT),
     "write a commented configuration to start from",
     "To the file of --config or the default place, readable by its owner only; a file that is "
     "there is never overwritten. `-` or --print: to standard output.",
     0, SW_VERB_NONE, cli_init},
};
/* clang-format on */

size_t cli_command_count(void)
{
    return TUI_COUNT(commands);
}

const struct cli_command *cli_command_at(size_t index)
{
    tui_assert(index < TUI_COUNT(commands));
    return &commands[index];
}

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < TUI_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

bool cli_command_takes(const struct cli_command *command, enum cli_option option)
{
    return cli_options[option].is_shared || (command->options & OWN(option)) != 0;
}
