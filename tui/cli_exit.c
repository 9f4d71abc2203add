/*
 * cli_exit.c: the one place where results become exit codes.
 *
 * Scripts act on these numbers, so each case is written out and the compiler says when an enum has
 * grown. 1 goes before 3: what is known to be bad is not hidden by what is not known.
 */
#include "cli.h"

#include <string.h>

#include "memory.h"

const struct cli_exit_info cli_exits[] = {
    {CLI_OK, "done; gate open; all well"},
    {CLI_HOLD, "gate closed, or something unhealthy (hold); also a plain failure on this machine"},
    {CLI_WORSE, "`gate`, `verdict`: the new version is worse"},
    {CLI_STALE, "stale or unknown; `verdict`: not enough data"},
    {CLI_REFUSED, "refused by policy, or not confirmed; nothing was sent"},
    {CLI_REJECTED, "refused by the upstream, in its words"},
    {CLI_USAGE, "usage: no such command, option, platform or item; `verdict`: a wrong line"},
    {CLI_UNKNOWN, "outcome unknown, or not sent for a reason that may pass: ask again"},
    {CLI_NO_RIGHT, "no right: the credential was refused or may not do this"},
    {CLI_BAD_CONFIG, "the configuration, or a key file it names, is wrong; nothing was changed"},
};

size_t cli_exit_count(void)
{
    return TUI_COUNT(cli_exits);
}

int cli_exit_of_code(enum sw_code code)
{
    switch (code) {
    case SW_OK:
        return CLI_OK;
    case SW_E_USAGE:
        return CLI_USAGE;
    case SW_E_CONFIG:
        return CLI_BAD_CONFIG;
    case SW_E_AUTH:
    case SW_E_DENIED:
        return CLI_NO_RIGHT;
    case SW_E_NETWORK:
    case SW_E_TIMEOUT:
    case SW_E_TLS:
    case SW_E_HTTP:
    case SW_E_QUOTA:
    case SW_E_CANCELLED:
    case SW_E_OUTCOME_UNKNOWN:
    case SW_E_BUSY:
        return CLI_UNKNOWN;
    case SW_E_REFUSED:
    case SW_E_STALE:
        return CLI_REFUSED;
    case SW_E_INTERNAL:
    case SW_E_IO:
    case SW_E_PARSE:
    case SW_E_LIMIT:
    case SW_E_NOT_FOUND:
    case SW_E_CONFLICT:
    case SW_E_UNSUPPORTED:
    case SW_E_GIT:
    case SW_E_IN_REVIEW:
        break;
    }
    return CLI_HOLD;
}

static int of_refusal(enum sw_code code)
{
    switch (cli_exit_of_code(code)) {
    case CLI_USAGE:
        return CLI_USAGE;
    case CLI_BAD_CONFIG:
        return CLI_BAD_CONFIG;
    case CLI_NO_RIGHT:
        return CLI_NO_RIGHT;
    default:
        return CLI_REFUSED;
    }
}

int cli_exit_of_outcome(enum sw_result result, enum sw_code code)
{
    switch (result) {
    case SW_RESULT_SEEN:
    case SW_RESULT_DRY_RUN:
        return CLI_OK;
    case SW_RESULT_REFUSED:
        return of_refusal(code);
    case SW_RESULT_SUPERSEDED:
        return CLI_REFUSED;
    case SW_RESULT_REJECTED:
        return code == SW_E_AUTH || code == SW_E_DENIED ? CLI_NO_RIGHT : CLI_REJECTED;
    case SW_RESULT_FAILED:
        return code == SW_OK ? CLI_HOLD : cli_exit_of_code(code);
    case SW_RESULT_NONE:
    case SW_RESULT_UNKNOWN:
    case SW_RESULT_COUNT:
        break;
    }
    return CLI_UNKNOWN;
}

/* ------------------------------------------------------------------------ gate */

int cli_exit_of_gate(const struct sw_snapshot *snapshot, const struct sw_platform *platform)
{
    if (platform->verdict == SW_VERDICT_WORSE)
        return CLI_WORSE;
    bool is_closed = snapshot->checklist.is_known && snapshot->checklist.blocking_open > 0;
    bool is_unsure = platform->is_stale || platform->is_cached ||
                     platform->state == SW_STATE_UNKNOWN ||
                     (platform->gates_worst != SW_GATE_PASS && platform->gate_count == 0);
    bool has_file = snapshot->checklist.file != NULL && snapshot->checklist.file[0] != '\0';
    is_unsure = is_unsure || (has_file && !snapshot->checklist.is_known);
    for (size_t i = 0; i < platform->gate_count; i++) {
        const struct sw_gate *gate = &platform->gates[i];
        if (!gate->is_blocking)
            continue;
        is_closed = is_closed || gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN;
        is_unsure = is_unsure || gate->verdict != SW_GATE_PASS;
    }
    return is_closed ? CLI_HOLD : is_unsure ? CLI_STALE : CLI_OK;
}

/* As at the gate: WAIT is 3, so that a script goes on only where there is an answer. */
int cli_exit_of_verdict(enum sw_verdict verdict)
{
    switch (verdict) {
    case SW_VERDICT_WORSE:
        return CLI_WORSE;
    case SW_VERDICT_NOT_WORSE:
        return CLI_OK;
    case SW_VERDICT_UNKNOWN:
    case SW_VERDICT_NOT_ENOUGH_DATA:
    case SW_VERDICT_COUNT:
        break;
    }
    return CLI_STALE;
}

/* ---------------------------------------------------------------------- status */

/* Nobody has the new version yet, so no figures of it can be missing. */
static bool is_before_users(enum sw_state state)
{
    return state == SW_STATE_NONE || state == SW_STATE_BUILDING || state == SW_STATE_TESTING ||
           state == SW_STATE_IN_REVIEW || state == SW_STATE_READY;
}

static int of_platform(const struct sw_platform *p)
{
    bool is_bad = p->verdict == SW_VERDICT_WORSE || p->state == SW_STATE_HALTED ||
                  p->state == SW_STATE_FAILED || p->halt_asked_ms != 0 ||
                  p->halt_wait != SW_HALT_WAIT_NONE;
    bool is_unsure = p->is_stale || p->is_cached || p->state == SW_STATE_UNKNOWN;
    for (size_t i = 0; i < p->gate_count; i++) {
        const struct sw_gate *gate = &p->gates[i];
        bool is_red = gate->verdict == SW_GATE_FAIL || gate->verdict == SW_GATE_WARN;
        bool is_grey = gate->verdict == SW_GATE_STALE ||
                       (gate->verdict == SW_GATE_UNKNOWN && !is_before_users(p->state));
        is_bad = is_bad || (gate->is_blocking && is_red);
        is_unsure = is_unsure || (gate->is_blocking && is_grey);
    }
    for (size_t i = 0; i < p->alarm_count; i++) {
        is_bad = is_bad || p->alarms[i].is_firing;
        is_unsure = is_unsure || p->alarms[i].is_stale;
    }
    return is_bad ? CLI_HOLD : is_unsure ? CLI_STALE : CLI_OK;
}

/* A source that cannot be used at all says more than that its figures are not known. */
static int of_source(const struct sw_source *source)
{
    if (source->error_code == SW_E_CONFIG)
        return CLI_BAD_CONFIG;
    if (source->error_code == SW_E_AUTH || source->error_code == SW_E_DENIED)
        return CLI_NO_RIGHT;
    return source->is_ok ? CLI_OK : CLI_STALE;
}

/* Unhealthy first, then what a person must repair, then what is not known. */
static int worse_of(int a, int b)
{
    static const int order[] = {CLI_HOLD, CLI_BAD_CONFIG, CLI_NO_RIGHT, CLI_STALE};
    for (size_t i = 0; i < TUI_COUNT(order); i++) {
        if (a == order[i] || b == order[i])
            return order[i];
    }
    return CLI_OK;
}

bool cli_platform_reads(const struct sw_platform *p, const char *source)
{
    for (size_t i = 0; i < p->source_count; i++)
        if (strcmp(p->sources[i], source) == 0)
            return true;
    return false;
}

int cli_exit_of_status(const struct sw_snapshot *snapshot, const struct sw_platform *platform)
{
    int worst = snapshot->is_ledger_ok ? CLI_OK : CLI_HOLD;
    for (size_t i = 0; i < snapshot->source_count; i++) {
        const struct sw_source *source = &snapshot->sources[i];
        if (platform == NULL || cli_platform_reads(platform, source->id))
            worst = worse_of(worst, of_source(source));
    }
    for (size_t i = 0; i < snapshot->platform_count; i++) {
        if (platform == NULL || platform == &snapshot->platforms[i])
            worst = worse_of(worst, of_platform(&snapshot->platforms[i]));
    }
    return worst;
}
