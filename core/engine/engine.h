/* engine.h: the core behind slipway.h, for the files of this folder only.
 *
 * THREADS. The reader's thread calls the functions of slipway.h (core.c). The engine thread runs
 * the loop (engine.c) and alone touches struct sw_engine. Workers run jobs (workers.h), each
 * action has a thread of its own (run.h). All of them speak to the engine by messages in one
 * lock-free inbox; an eventfd wakes its loop.
 *
 * WHO OWNS WHAT, UNTIL WHEN. struct sw_core lives from sw_core_open to sw_core_close. Before
 * sw_core_start and after sw_core_stop its engine part belongs to the reader's thread; between
 * them to the engine thread. A snapshot in the slot belongs to whoever exchanges it out
 * (decision 26); an outcome in its inbox to the reader. Jobs, runs and messages are freed by the
 * engine's handler of their last message. */
#pragma once

#include "base/log.h"
#include "engine/outcome.h"
#include "engine/parts.h"
#include "engine/reducer.h"
#include "engine/run.h"
#include "engine/workers.h"
#include "model/view.h"

/* A change made outside, kept back until the ledger was looked at: it may be another process of
 * ours that did it. */
struct sw_outside {
    struct sw_outside *next;
    char platform[SW_ID_MAX];
    char version[SW_WORD_MAX], identity[SW_LABEL_MAX];
    char text[SW_LINE_MAX];
    struct sw_value from, to;
    bool is_stop;         /* it stands now, and did not before */
    bool is_another;      /* another release: whatever verb may have brought it */
    int64_t before_ms;    /* WORLD: the reading it changed from */
    int64_t noticed_ms;   /* WORLD */
    uint64_t after_watch; /* judge it once this watch has come back */
};

/* A halt of an earlier run that did not take effect, and was not asked again since. */
struct sw_lost_halt {
    char platform[SW_ID_MAX];
    char *text;
};

/* A stop-everything whose parts are still running. */
struct sw_stop_group {
    struct sw_stop_group *next;
    struct sw_outcome *outcome; /* parts are filled in as they end, in the order of platforms */
    size_t left;
};

/* See rights.c. One of the current setup's platforms each. */
struct sw_rights {
    size_t count;
    struct sw_rights_platform {
        bool is_wanted;          /* to be asked, or being asked */
        int64_t wanted_until_ms; /* mono */
        struct sw_rights_job *job;
    } * platforms;
    struct sw_outcome *outcome; /* of the command that waits for the answers; NULL: none */
    bool is_begun;              /* a dashboard has asked by itself */
};

struct sw_engine {
    struct sw_http *http; /* NULL: offline */
    struct sw_setup *setup;
    struct sw_model model;
    struct sw_reducer reducer;
    struct sw_pool pool;
    size_t jobs;                 /* submitted and not done */
    size_t polls;                /* of them, polls */
    double spread;               /* 0..1, of this process: where in their interval polls begin */
    struct sw_run *runs;         /* with a thread */
    struct sw_run *runs_waiting; /* the system gave no thread yet */
    struct sw_stop_group *groups;
    struct sw_outside *outside;
    struct sw_rights rights;
    size_t lost_count;
    struct sw_lost_halt *lost; /* one a platform */
    char *said;                /* what else the notice says; NULL: nothing */
    size_t reload_count;
    uint64_t *reloads; /* commands that wait for the reload that is under way */
    bool is_reloading;
    bool is_stopping, is_cancelling;
    int64_t cancel_at_ms; /* mono: actions get until then */

    bool is_changed;                 /* the model, since the last snapshot */
    bool is_urgent;                  /* publish without waiting for the gap */
    int64_t published_ms;            /* mono */
    int64_t publish_gap_ms;          /* REAL: longer where a picture takes long to make */
    int64_t next_change_ms;          /* WORLD: the picture changes by the clock alone; 0: never */

    bool is_loading_buckets, is_saving_buckets; /* a job is out */

    bool is_cache_due, is_caching; /* due: facts were read since the last one */
    bool is_cache_held;            /* a change was seen that this run does not write down */
    int64_t cached_ms;             /* mono */

    bool is_watching;     /* a watch job is out */
    bool is_watch_wanted; /* look again at once */
    int64_t watched_ms;   /* mono */
    uint64_t watches;     /* come back so far */
    uint64_t watches_begun;
    uint64_t ledger_stamp;       /* when the last watch began */
    char head[64];               /* the ledger's, as folded */
    struct sw_journal journal;   /* what is open in every release's log, as last scanned */
    bool has_scanned;            /* ... has been begun */
    bool is_scan_over;           /* ... has come back once */
    bool is_scanning;            /* a scan job is out */
    bool is_scan_wanted;         /* scan again at once */
    int64_t scanned_ms;          /* mono: last look */
    uint64_t scan_stamp;         /* when the last scan began */
    char scan_error[SW_LINE_MAX * 3]; /* told last; empty: none */
    struct sw_message *deferred; /* commands of a one-shot that wait for a settlement */
    bool is_release_known;       /* told by config, option or git, not only by the cache */
};

struct sw_core {
    /* fixed by open */
    struct sw_parts parts;
    struct sw_tuning tuning;
    bool is_read_only, is_oneshot, is_offline, is_asking_rights;
    char *config_path, *release_option, *trace_path; /* NULL as in the options */
    char state_dir[SW_PATH_TEXT], cache_file[SW_PATH_TEXT];
    struct sw_clock clock;
    char actor[SW_LABEL_MAX * 2];
    struct sw_log *log; /* NULL: could not be opened */
    int wake_fd;        /* eventfd: something for the reader */
    int inbox_fd;       /* eventfd: something in the inbox */

    /* between threads */
    struct sw_inbox inbox, outcomes;
    _Atomic(struct sw_snapshot *) slot;
    atomic_uint_least64_t last_id;
    atomic_size_t halts;
    atomic_bool has_polled_all;
    struct sw_mutex release_lock;
    char release[SW_LABEL_MAX]; /* under release_lock: whose ledger it is */

    /* the reader's */
    struct sw_message *taken; /* outcomes taken out of the inbox, oldest first */
    bool is_started, is_stopped, has_git;
    struct sw_thread thread;

    struct sw_engine engine;
};

/* --- any thread ---------------------------------------------------------------------------- */
void sw_core_post(struct sw_core *core, struct sw_message *message);
uint64_t sw_core_next_id(struct sw_core *core);
/* Takes the outcome over and wakes the reader. */
void sw_core_deliver(struct sw_core *core, struct sw_outcome *outcome);
void sw_core_wake_reader(struct sw_core *core);
/* Whose ledger: the fixed, told or cached name; empty when not known. */
void sw_core_release_name(struct sw_core *core, char out[SW_LABEL_MAX]);
/* The name a ledger gets when nothing names the release. */
extern const char sw_release_unnamed[];

/* --- engine thread: engine.c --------------------------------------------------------------- */
void sw_engine_main(void *core);
void sw_engine_stop(struct sw_core *core);
/* Makes the reducer stand on the current setup and model, and asks for all offers. */
void sw_engine_attach(struct sw_core *core);
void sw_engine_changed(struct sw_core *core, bool is_urgent);
void sw_engine_submit(struct sw_core *core, struct sw_job *job);
void sw_engine_publish(struct sw_core *core);
void sw_engine_release(struct sw_core *core, const char *name, const char *tag, bool is_told);
int64_t sw_engine_now(const struct sw_core *core); /* WORLD */

/* --- engine thread: poll.c ----------------------------------------------------------------- */
void sw_polls_begin(struct sw_core *core); /* everything due, health behind the stores */
void sw_polls_dispatch(struct sw_core *core);
int64_t sw_polls_wait(struct sw_core *core); /* ms, -1: nothing to wait for */
/* A place beside the polls for a job of another kind that reads a source: a worker and, with the
 * source's upstream, a slot. False: none now; *wait_ms says when to ask again, 0: a poll's end
 * will tell. */
bool sw_polls_take_place(struct sw_core *core, size_t source, int64_t *wait_ms);
void sw_polls_give_place(struct sw_core *core, struct sw_setup *setup, size_t source);
void sw_polls_all_now(struct sw_core *core);
void sw_polls_cancel(struct sw_core *core);
/* Keeps a platform's unit free for an action that is about to send, and lets go of it again. */
void sw_polls_hold(struct sw_core *core, struct sw_setup *setup, size_t platform, bool is_held);
void sw_polls_check_all(struct sw_core *core);
/* Has git not told the release yet, and may it? */
bool sw_polls_is_train_pending(const struct sw_core *core);
void sw_polls_health_now(struct sw_core *core, size_t platform);

/* --- engine thread: buckets.c -------------------------------------------------------------- */
void sw_keep_begin(struct sw_core *core); /* reads the kept tables of the verdict */
void sw_keep_turn(struct sw_core *core);  /* judges what is left to judge, writes what is due */
int64_t sw_keep_wait(const struct sw_core *core);
bool sw_keep_is_ready(struct sw_core *core); /* nothing is left to read or to judge */
void sw_keep_at_end(struct sw_core *core);

/* --- engine thread: watch.c ---------------------------------------------------------------- */
void sw_watch_turn(struct sw_core *core); /* starts watch and scan jobs when due */
int64_t sw_watch_wait(struct sw_core *core);
void sw_watch_now(struct sw_core *core);
void sw_watch_add(struct sw_core *core, const struct sw_record *record);
/* Looks at the ledger now, after appending the record, which it takes over (NULL: none). */
void sw_watch_note(struct sw_core *core, struct sw_record *note);

/* --- engine thread: unsettled.c ------------------------------------------------------------ */
void sw_unsettled_turn(struct sw_core *core); /* starts a scan of all logs when due */
int64_t sw_unsettled_wait(const struct sw_core *core);
void sw_unsettled_show(struct sw_core *core); /* halt_asked of every platform */
/* An event of another release's log that we wrote ourselves. */
void sw_unsettled_note(struct sw_core *core, const char *release, const struct sw_record *record);
/* Is an intent with an outcome UNKNOWN young enough to be settled? Pure. */
bool sw_unsettled_is_young(const struct sw_record *intent, int64_t now_ms);

/* --- engine thread: outside.c -------------------------------------------------------------- */
void sw_outside_noticed(struct sw_core *core, size_t platform, const struct sw_rollout *before,
                        const struct sw_rollout *after);
/* Writes down what nobody of us explains; when a watch has come back. */
void sw_outside_judge(struct sw_core *core);
void sw_outside_clear(struct sw_core *core);

/* --- notice.c: engine thread, or the reader's before the start ----------------------------- */
void sw_notice_say(struct sw_core *core, const char *text); /* NULL: nothing more */
void sw_notice_lost(struct sw_core *core, const char *platform, const char *text);
void sw_notice_halted(struct sw_core *core, const char *platform); /* answers a lost one */
void sw_notice_clear(struct sw_core *core);

/* --- engine thread: command.c -------------------------------------------------------------- */
struct sw_message *sw_command_message(const struct sw_command *command, uint64_t id);
/* Ends a command that will not be carried out any more. */
void sw_command_drop(struct sw_core *core, struct sw_message *message);
bool sw_command_is(const struct sw_message *message);
/* Takes up again what waited for a settlement. */
void sw_command_retry(struct sw_core *core);
/* Counts among the halts in flight? Any thread. */
bool sw_command_is_halt(const struct sw_command *command);

/* --- engine thread: reload.c --------------------------------------------------------------- */
void sw_reload_start(struct sw_core *core, uint64_t id);

/* --- engine thread: rights.c --------------------------------------------------------------- */
/* Answers a command; the outcome comes when every platform was asked. */
void sw_rights_ask(struct sw_core *core, struct sw_outcome *outcome);
void sw_rights_turn(struct sw_core *core); /* starts what may start, ends what took too long */
int64_t sw_rights_wait(const struct sw_core *core); /* ms, -1: nothing to wait for */
/* An action begins there: a question that is out is cut short, and asked again behind it. */
void sw_rights_yield(struct sw_core *core, const char *platform);
/* The setup has changed, or all ends: what was asked is over. */
void sw_rights_reset(struct sw_core *core, const char *why);
/* How an action ended says something, too. */
void sw_rights_note(struct sw_core *core, const struct sw_run *run, size_t platform);
void sw_rights_clear(struct sw_core *core);

/* --- engine thread: group.c ---------------------------------------------------------------- */
/* Starts the parts of a stop-everything; runs[i] is for parts[i], NULL where it has ended. */
void sw_group_begin(struct sw_core *core, struct sw_stop_group *group, struct sw_run **runs);
/* Moves a part's outcome into its place in the group, and ends that with the last one. */
void sw_group_end_part(struct sw_core *core, const struct sw_run *run, struct sw_outcome *outcome);

/* --- engine thread: actions.c -------------------------------------------------------------- */
void sw_actions_start(struct sw_core *core, struct sw_run *run);
void sw_actions_retry_threads(struct sw_core *core);
/* Cuts short the re-reads of halts that have waited long enough. */
void sw_actions_turn(struct sw_core *core);
int64_t sw_actions_wait(const struct sw_core *core); /* ms, -1: nothing to wait for */
void sw_actions_cancel(struct sw_core *core);
void sw_actions_cancel_readers(struct sw_core *core); /* what only reads, at once */
/* Is it not known yet whether an old intent is open there, or is one being settled? */
bool sw_actions_is_settling(const struct sw_core *core, const char *platform);
bool sw_actions_is_busy(const struct sw_core *core, const char *platform);
/* Is this intent one of an action that runs here, or being settled here? */
bool sw_actions_is_known(const struct sw_core *core, const char *uuid);
void sw_actions_settle(struct sw_core *core, const char *release, const struct sw_record *intent);
