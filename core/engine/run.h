/* run.h: one action being carried out: a verb, the settlement of an old intent, or a tick.
 *
 * THE PROTOCOL of a verb (run.c walks through it, one function a step):
 *  1. note how far every release's log goes; re-read the target at its store and compare with what
 *     the captain saw;
 *  2. have the engine judge it by policy, with that reading in the model;
 *  3. write the intent to the ledger, durable, before the first request that changes anything;
 *  4. send; before each such request look into every release's log for a newer halt;
 *  5. read back until the store shows it; a halt that a read shows not taken is sent again;
 *  6. write the outcome.
 *
 * WHO OWNS IT. The engine makes a run and frees it after its last message and the join; between
 * them its thread owns it, but for the atomics, what `lock` guards, and next. What the engine
 * wants to show of it comes in messages. */
#pragma once

#include "engine/flow.h"
#include "engine/inbox.h"
#include "model/policy.h"
#include "store/ledger_journal.h"

struct sw_core;

enum sw_run_kind { SW_RUN_VERB, SW_RUN_SETTLE, SW_RUN_TICK };

enum { SW_RUN_STACK = 512 * 1024 };

/* The engine's answer to step 2. */
struct sw_judgement {
    bool is_gone; /* the platform is not configured any more, or bound to another target */
    struct sw_policy_answer policy;
    struct sw_source_offer offer;
    bool has_rollout; /* rollout is what the model holds, the re-read included */
    struct sw_rollout rollout;
    char release[SW_LABEL_MAX];
};

struct sw_run {
    struct sw_run *next; /* the engine's list */
    struct sw_core *core;
    struct sw_thread thread;
    int64_t judge_until_ms; /* engine: waits so long for the release's name; 0: does not wait */
    bool is_holding;        /* engine: keeps its poll unit from starting */
    char told_intent[37];   /* engine: the intent it carries out or settles; empty: none yet */

    /* what was asked: fixed */
    enum sw_run_kind kind;
    enum sw_command_kind command;
    uint64_t id, parent; /* parent: stop-everything's */
    enum sw_verb verb;
    struct sw_setup *setup; /* a reference; NULL for a tick */
    size_t platform;        /* in setup */
    char platform_id[SW_ID_MAX];
    char *reason, *override_text, *item;
    bool is_untick;
    bool is_dry_run, is_unrecorded, may_cancel_review;
    bool is_part; /* of stop-everything: nothing to stop is well */
    bool has_expected_identity;
    char expected_identity[SW_LABEL_MAX];
    enum sw_state expected_state;
    struct sw_value expected_percent;
    int64_t asked_ms;    /* WORLD */
    struct sw_plan plan; /* as it was at the start */
    bool has_last;
    struct sw_rollout last; /* last known at the start, maybe from the cache */
    char settle_release[SW_RELEASE_TEXT];

    /* told from outside */
    atomic_bool is_cancelled;           /* the core stops */
    atomic_bool is_yielding;            /* a halt was asked there: nothing more may be sent */
    atomic_int_least64_t read_until_ms; /* mono: the engine cuts the re-read short then; 0: not */
    atomic_bool is_cut;                 /* the re-read has taken long enough; ends with it */
    struct sw_mutex lock;               /* guards the next five, and the setting of is_cut */
    struct sw_cond woken;
    bool is_rereading;    /* what a cut may end */
    struct sw_flow *flow; /* to cancel its channel; NULL: none runs */
    bool is_mutating;     /* flow is in a request that changes something */
    bool has_judgement;
    struct sw_judgement judgement;

    /* the run's own */
    struct sw_flow_hooks hooks;
    struct sw_rollout before; /* what the verb starts from */
    bool is_blind;
    struct sw_value to_percent;
    struct sw_ledger *ledger;
    char ledger_release[SW_RELEASE_TEXT]; /* whose log it writes */
    struct sw_journal journal;            /* what is open, in every release's log */
    struct sw_error journal_error;        /* of its first reading */
    bool is_halt_newer;                   /* than the journal's first reading */
    struct sw_record intent;
    struct sw_lock intent_lock;
    char intent_path[SW_PATH_TEXT];
    bool has_intent; /* in the ledger */
    bool is_superseded;
    bool is_effect_possible;      /* something was sent that may have worked */
    int64_t accepted_ms, seen_ms; /* WORLD */
    enum sw_result result;
    struct sw_error error;
    char *text;
};

/* Engine thread. */
struct sw_run *sw_run_new(struct sw_core *core, enum sw_run_kind kind, uint64_t id);
void sw_run_free(struct sw_run *run); /* joined */
void sw_run_cancel(struct sw_run *run);
/* A halt was asked on its platform: nothing more is sent, a read it waits for is cut short. */
void sw_run_yield(struct sw_run *run);
void sw_run_cut(struct sw_run *run); /* ends the re-read, and nothing else */
void sw_run_answer(struct sw_run *run,
                   struct sw_judgement *judgement); /* takes what it points to */

/* The thread's function. */
void sw_run_main(void *run);

/* --- run_journal.c: the ledger's part; the run's thread ------------------------------------- */
/* Of step 1; a failure is told by step 3. */
void sw_run_open_journal(struct sw_run *run);
/* Step 3. SW_E_BUSY when another process acts there; SW_E_IO, SW_E_GIT. */
enum sw_code sw_run_write_intent(struct sw_run *run, struct sw_error *err);
/* A halt, under whatever release, that came after step 1? Errors: a log cannot be read. */
enum sw_code sw_run_look_for_halt(struct sw_run *run, bool *is_there, struct sw_error *err);
/* Step 6. On failure the outcome's text says that it is not recorded. */
void sw_run_write_outcome(struct sw_run *run);
/* Opens the ledger of a release and appends one record; tells the engine. */
enum sw_code sw_run_append(struct sw_run *run, const char *release, struct sw_record *record,
                           struct sw_error *err);
void sw_run_close_ledger(struct sw_run *run);

/* --- run_prepare.c, run_deliver.c --------------------------------------------------------------
 */
/* Steps 1 and 2. True when the verb may go on; else the run has its end. */
bool sw_run_prepare(struct sw_run *run);
/* Steps 4 and 5. The run has its end afterwards. */
void sw_run_deliver(struct sw_run *run);

/* --- run_settle.c --------------------------------------------------------------------------- */
void sw_run_settle(struct sw_run *run);

/* --- run_flow.c: the run's flows ------------------------------------------------------------ */
/* Reads the target; *now (may be NULL) is the rollout, owned by the caller. Tells the engine. */
enum sw_code sw_run_read(struct sw_run *run, struct sw_rollout *now, struct sw_error *err);
enum sw_run_sent { SW_SENT_ACCEPTED, SW_SENT_UNSURE, SW_SENT_NOT, SW_SENT_REFUSED, SW_SENT_ENDED };
/* Steps 4: sends the verb once. SENT_ENDED: superseded or told to end. requests: of a dry run. */
enum sw_run_sent sw_run_send(struct sw_run *run, struct sw_buf *requests, struct sw_error *err);

/* --- shared by them ------------------------------------------------------------------------- */
void sw_run_say(struct sw_run *run, const char *fmt, ...) SW_PRINTF(2, 3); /* progress */
void sw_run_end(struct sw_run *run, enum sw_result result, enum sw_code code, const char *fmt, ...)
    SW_PRINTF(4, 5);
/* The re-read that a cut may end begins, is over. */
void sw_run_set_rereading(struct sw_run *run, bool is_rereading);
/* False when told to end. */
bool sw_run_pause(struct sw_run *run, int64_t ms);
bool sw_run_is_cancelled(const struct sw_run *run);
bool sw_run_is_told_to_end(const struct sw_run *run); /* cancelled or yielding */
int64_t sw_run_now(const struct sw_run *run);         /* WORLD */
const struct sw_source_kind *sw_run_kind_of(const struct sw_run *run);
/* "2.15.3 (41200)" and "ROLLING at 20%"; return buf. */
const char *sw_run_version_text(const struct sw_rollout *rollout, char *buf, size_t size);
const char *sw_run_state_text(const struct sw_rollout *rollout, char *buf, size_t size);

/* --- its messages to the engine: actions.c --------------------------------------------------- */
/* Takes the flow's reports. ask: wait for a judgement. */
void sw_run_tell_reports(struct sw_run *run, struct sw_flow *flow, bool is_asking);
void sw_run_tell_progress(struct sw_run *run, const char *text);
void sw_run_tell_record(struct sw_run *run, const char *release, const struct sw_record *record);
void sw_run_tell_notice(struct sw_run *run, const char *text);
void sw_run_tell_hold(struct sw_run *run, bool is_held);
void sw_run_tell_ledger(struct sw_run *run, const struct sw_error *error);
void sw_run_tell_over(struct sw_run *run);
