/* event.h: ledger events: making, encoding, decoding, folding. Pure.
 *
 * An event is a fact that is never changed. A view (who ticked what, which
 * intents are open, when a stage began) is a fold over all events in the order
 * of the ledger; folding the same event twice (same uuid) changes nothing. */
#pragma once

#include "base/buf.h"
#include "slipway.h"

/* An event that owns its strings. Field meanings: struct sw_event. */
struct sw_record {
    char uuid[37];
    enum sw_event_kind kind;
    int64_t at_ms;
    char *actor, *platform, *intent, *version, *identity, *reason, *override_text, *item, *text;
    char *target; /* of an intent: digest of what its platform was bound to; NULL: not told */
    enum sw_verb verb;
    enum sw_result result;
    struct sw_value from_percent, to_percent;
    enum sw_state from_state; /* of an intent: what the verb starts from; UNKNOWN: not told */
    char *handle;   /* of an intent: the source's ids at that time, for settlement; JSON */
    char commit[16];/* filled by the ledger when read or written */
};
/* Does it leave a rollout standing (a halt, a roll back), rather than let it go on? */
bool sw_verb_is_stopping(enum sw_verb verb);
void sw_record_clear(struct sw_record *record);
void sw_record_copy(struct sw_record *to, const struct sw_record *from);
/* A borrowed view for the public interface. */
void sw_record_view(const struct sw_record *record, struct sw_event *out);

/* The commit message: a readable first line, an empty line, the JSON body. */
enum sw_code sw_record_encode(const struct sw_record *record, struct sw_buf *out,
                              struct sw_error *err);
/* Accepts what encode writes; unknown kinds and fields survive as UNKNOWN and
 * are kept out of folds. Errors: SW_E_PARSE with what is wrong. */
enum sw_code sw_record_decode(const char *message, size_t len, struct sw_record *out,
                              struct sw_error *err);

/* The fold. */
struct sw_fold;
struct sw_fold *sw_fold_new(void);
void sw_fold_free(struct sw_fold *fold);
/* False when this uuid was folded before. */
bool sw_fold_add(struct sw_fold *fold, const struct sw_record *record);
size_t sw_fold_count(const struct sw_fold *fold);
/* i-th event in ledger order. */
const struct sw_record *sw_fold_at(const struct sw_fold *fold, size_t i);
/* Open intents (no outcome), in ledger order; NULL after the last. An outcome
 * of any result closes its intent, also one that came before it. */
const struct sw_record *sw_fold_open_intent(const struct sw_fold *fold, size_t i);
/* Intents without a final outcome (none, or only "unknown" ones), in ledger order; NULL after the
 * last. */
const struct sw_record *sw_fold_unsettled(const struct sw_fold *fold, size_t i, bool *is_unknown);
/* The newest halt intent of the platform that stands after the intent
 * `after_uuid` in ledger order; NULL when none. With an `after_uuid` that is not
 * in the ledger every halt counts as newer. */
const struct sw_record *sw_fold_newer_halt(const struct sw_fold *fold, const char *platform,
                                           const char *after_uuid);
/* The record of the last tick or untick of an item; NULL: never. */
const struct sw_record *sw_fold_tick(const struct sw_fold *fold, const char *item);
/* The newest outcome SEEN of a platform for this identity, with its percent;
 * NULL: none. The stage's soak starts there. */
const struct sw_record *sw_fold_last_seen(const struct sw_fold *fold, const char *platform,
                                          const char *identity);
/* The item of a note that says: what was wrong is put right. Without a platform it is for all. */
#define SW_NOTE_FIX "fix"
/* How many events begin a new test of the verdict (halts of this identity seen in the store,
 * recorded fixes; never a percent step), and when the newest was; 0: none. */
size_t sw_fold_test_events(const struct sw_fold *fold, const char *platform, const char *identity,
                           int64_t *newest_ms);
