/* world.h: a small world behind fake source kinds, for tests of the engine.
 *
 * Two kinds speak to it through the real channel pipeline over a transport of ours: "fake_store"
 * (rollouts and verbs of apps) and "fake_health" (crash-free sessions by version); "fake_git"
 * reports the release and a checklist without a network. Everything that the transport does is
 * counted and can be made to go wrong. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/parts.h"

/* What becomes of the next writes. */
enum world_write {
    WRITE_WORKS = 0,
    WRITE_IS_REFUSED,   /* 409, no effect */
    WRITE_IS_IGNORED,   /* 200, no effect */
    WRITE_LOSES_ANSWER, /* effect, then the connection is cut */
    WRITE_IS_LOST,      /* no effect, the connection is cut after sending */
    WRITE_IS_UNSENT,    /* connection refused */
    WRITE_IS_DENIED,    /* 403, no effect */
};

struct world_app {
    char name[64];
    enum sw_state state;
    double percent;
    char version[32], identity[32];
    bool is_unreadable; /* reads fail: certificate */
    int throttled;      /* so many reads are refused with 429; -1: all */
    int retry_after_s;  /* told with it; 0: not told */
    int read_delay_ms, write_delay_ms;
    enum world_write write;          /* how writes go ... */
    int write_count;                 /* ... this many of them; then they work. -1: all */
    int health_percent_x100;         /* 9960 = 99.60 % crash-free */
    int reads, writes, health_reads; /* counted; writes: requests that mutate */
    int health_waits;  /* so many health reads are told to wait, until a moment already over */
    int64_t lag_reads; /* after a write that works, so many reads still show the old state */
    struct {
        enum sw_state state;
        double percent;
    } old;
};

/* The store kind once more, as "fake_keyed": it can be asked for rights; as "fake_felt": others
 * feel that. Both ask for one thing, for every verb but complete. */
struct world_rights {
    int status; /* of the answer: 403 no, 404 may */
    int delay_ms;
    bool is_misbehaving; /* the source sends a true halt instead */
    int asked;           /* counted */
};
void world_set_rights(const struct world_rights *rights); /* all but the counter */
int world_rights_asked(void);

extern const struct sw_parts world_parts; /* kinds, transport, short times */
extern struct sw_tuning world_tuning;     /* of world_parts; reset by world_begin */

/* A fresh world with `count` apps ("app0" ...), ROLLING at 10 %, 2.0.0, health 99.9 %; a fresh
 * home with a configuration of one platform each, and its path. extra (may be NULL) is added to
 * the end of the configuration. */
const char *world_begin(size_t count, const char *extra);
void world_end(void);
const char *world_config(void);
void world_write_config(const char *text);
const char *world_default_config(void); /* the text world_begin wrote */

/* Under the world's lock: change and look. */
typedef void (*world_fn)(struct world_app *app);
struct world_app world_look(const char *app);
void world_set(const char *app, const struct world_app *state); /* all but the counters */
void world_change(const char *app, enum sw_state to, double percent);
void world_set_release(const char *name, const char *checklist);
void world_set_git_delay(int ms);
/* The store kind's reads for actions take this lock first, as Google Play's do. NULL: none. */
void world_set_read_lock(const char *name);
/* Called in the store kind's act, on the action's thread, before it sends. NULL: nothing. */
void world_before_writes(enum sw_code (*hook)(void *arg), void *arg);
const char *world_state_dir(void);
const char *world_cache_home(void);

/* ------------------------------------------------- around a core; they assert success */
struct sw_core *world_open(bool is_oneshot, bool is_read_only);
struct sw_core *world_start(bool is_oneshot, bool is_read_only); /* opened, started, all polled */
struct sw_outcome *world_do(struct sw_core *core, const struct sw_command *command);
struct sw_outcome *world_verb(struct sw_core *core, const char *platform, enum sw_verb verb);
/* Frees the outcome. part: stands in its text. */
void world_expect(struct sw_outcome *outcome, enum sw_result result, const char *part);
/* Waits until a snapshot fulfils the condition; the caller frees it. NULL after ten seconds. */
typedef bool (*world_condition)(const struct sw_snapshot *snapshot, const void *arg);
struct sw_snapshot *world_wait(struct sw_core *core, world_condition condition, const void *arg);
/* The newest one, taken after everything so far was published. */
struct sw_snapshot *world_snapshot(struct sw_core *core);
/* How many ledger events of this kind (and result, unless NONE) there are. */
size_t world_events(struct sw_core *core, enum sw_event_kind kind, enum sw_result result);
void world_sleep(int ms);
