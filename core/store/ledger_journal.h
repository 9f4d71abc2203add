/* ledger_journal.h: what is open in the logs of all releases, kept up to date cheaply.
 *
 * Two processes may work under different names of a release (one was given --release, the other
 * took the newest tag), and each writes to its own release's log. What one of them has asked the
 * other must see all the same: a halt above all. So a journal remembers for every release how far
 * its log was read, and which intents have no final outcome; reading it again takes what is new.
 *
 * One owner, any thread; the ledger it reads with belongs to one thread, as always. */
#pragma once

#include "store/ledger.h"

struct sw_journal_intent {
    char release[SW_RELEASE_TEXT];
    struct sw_record intent;
    bool is_unknown;     /* its newest outcome says "unknown"; false: it has none */
    bool is_carried_out; /* for the owner's use */
};

/* How far one release's log was read. */
struct sw_journal_mark {
    char release[SW_RELEASE_TEXT];
    char head[64];
    bool is_damaged; /* a record that is older cannot be read, nor what is older than that */
};

/* When somebody last asked or ended something there, by the events' own time: what stops a rollout
 * (a halt, a roll back), and what lets it go on, apart. */
struct sw_journal_last {
    char platform[64];
    int64_t stopping_ms, going_ms;
};

struct sw_journal {
    size_t mark_count;
    struct sw_journal_mark *marks;
    size_t open_count;
    struct sw_journal_intent *open; /* of one release in the order of its log */
    size_t last_count;
    struct sw_journal_last *last; /* one a platform */
};

/* Takes what is new in every release's log and calls each (NULL: nothing) for it, oldest first.
 * With nothing new it costs reading each ref. A damaged record
 * hides what is older in its log and is no error; a ref, a newest record or a repository that
 * cannot be read is one, and what the other logs say is taken all the same. */
typedef void (*sw_journal_fn)(void *arg, const char *release, const struct sw_record *record);
enum sw_code sw_journal_read(struct sw_journal *journal, struct sw_ledger *ledger,
                             sw_journal_fn each, void *arg, struct sw_error *err);

/* Takes an event that the caller knows of already. */
void sw_journal_note(struct sw_journal *journal, const char *release,
                     const struct sw_record *record);

/* The newest of what stops, or of what lets go on; 0: never. */
int64_t sw_journal_last_ms(const struct sw_journal *journal, const char *platform,
                           bool is_stopping);
/* Was an older record of this release's log damaged? */
bool sw_journal_is_damaged(const struct sw_journal *journal, const char *release);

void sw_journal_copy(struct sw_journal *to, const struct sw_journal *from);
void sw_journal_clear(struct sw_journal *journal);
