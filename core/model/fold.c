/* fold.c: what all events together say.
 *
 * Events are kept in the order of the ledger, once each: a table from uuid to
 * place finds the second copy. The same table remembers which intents have an
 * outcome, also when the outcome came first (two captains' records are merged
 * in any order), so the answer does not depend on the order of arrival.
 * A snapshot asks for every platform and every checklist item, so each
 * question has a list of the events that can answer it.
 *
 * Not thread-safe: one owner. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "model/event.h"

enum { NO_PLACE = -1 };

/* One uuid that was seen, as an event or as the intent an outcome names. */
struct slot {
    char uuid[37]; /* empty: free */
    bool has_outcome;
    bool is_settled; /* one of its outcomes is final */
    long place; /* in records, NO_PLACE: only named so far */
};

/* Places in records, growing. */
struct places {
    size_t count, room;
    size_t *at;
};

struct sw_fold {
    size_t count, room;
    struct sw_record **records;
    size_t slot_count, slot_room; /* room is a power of two */
    struct slot *slots;
    struct places intents, halts, ticks, seen, notes;
};

struct sw_fold *sw_fold_new(void)
{
    return sw_xcalloc(1, sizeof(struct sw_fold));
}

void sw_fold_free(struct sw_fold *fold)
{
    if (fold == NULL)
        return;
    for (size_t i = 0; i < fold->count; i++) {
        sw_record_clear(fold->records[i]);
        free(fold->records[i]);
    }
    free(fold->records);
    free(fold->slots);
    free(fold->intents.at);
    free(fold->halts.at);
    free(fold->ticks.at);
    free(fold->seen.at);
    free(fold->notes.at);
    free(fold);
}

/* ---------------------------------------------------------- the uuid's table */

/* FNV-1a; uuids are random, so nothing stronger is needed. */
static size_t hash(const char *text)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 32));
}

static struct slot *probe(struct slot *slots, size_t room, const char *uuid)
{
    size_t at = hash(uuid) & (room - 1);
    while (slots[at].uuid[0] != '\0' && strcmp(slots[at].uuid, uuid) != 0)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static void grow(struct sw_fold *fold)
{
    size_t room = fold->slot_room == 0 ? 64 : 2 * fold->slot_room;
    struct slot *slots = sw_xcalloc(room, sizeof *slots);
    for (size_t i = 0; i < fold->slot_room; i++)
        if (fold->slots[i].uuid[0] != '\0')
            *probe(slots, room, fold->slots[i].uuid) = fold->slots[i];
    free(fold->slots);
    fold->slots = slots;
    fold->slot_room = room;
}

static struct slot *slot_of(struct sw_fold *fold, const char *uuid)
{
    if (4 * (fold->slot_count + 1) > 3 * fold->slot_room)
        grow(fold);
    struct slot *slot = probe(fold->slots, fold->slot_room, uuid);
    if (slot->uuid[0] == '\0') {
        sw_ignore(sw_copy(slot->uuid, sizeof slot->uuid, uuid));
        slot->place = NO_PLACE;
        fold->slot_count++;
    }
    return slot;
}

/* NULL when it was never seen. */
static const struct slot *find(const struct sw_fold *fold, const char *uuid)
{
    if (uuid == NULL || uuid[0] == '\0' || fold->slot_room == 0)
        return NULL;
    const struct slot *slot = probe(fold->slots, fold->slot_room, uuid);
    return slot->uuid[0] != '\0' ? slot : NULL;
}

/* ------------------------------------------------------------------- adding */

static void places_add(struct places *places, size_t at)
{
    if (places->count == places->room) {
        places->room = places->room == 0 ? 16 : 2 * places->room;
        places->at = sw_xrealloc_array(places->at, places->room, sizeof *places->at);
    }
    places->at[places->count++] = at;
}

static void index_record(struct sw_fold *fold, const struct sw_record *record, size_t at)
{
    switch (record->kind) {
    case SW_EVENT_INTENT:
        places_add(&fold->intents, at);
        if (record->verb == SW_VERB_HALT)
            places_add(&fold->halts, at);
        break;
    case SW_EVENT_OUTCOME:
        if (record->result == SW_RESULT_SEEN)
            places_add(&fold->seen, at);
        if (record->intent != NULL && record->intent[0] != '\0') {
            struct slot *slot = slot_of(fold, record->intent);
            slot->has_outcome = true;
            slot->is_settled = slot->is_settled || record->result != SW_RESULT_UNKNOWN;
        }
        break;
    case SW_EVENT_TICK:
    case SW_EVENT_UNTICK:
        places_add(&fold->ticks, at);
        break;
    case SW_EVENT_NOTE:
        places_add(&fold->notes, at);
        break;
    default:
        break;
    }
}

bool sw_fold_add(struct sw_fold *fold, const struct sw_record *record)
{
    struct slot *slot = slot_of(fold, record->uuid);
    if (slot->place != NO_PLACE)
        return false;
    if (fold->count == fold->room) {
        fold->room = fold->room == 0 ? 64 : 2 * fold->room;
        fold->records = sw_xrealloc_array(fold->records, fold->room, sizeof(*fold->records));
    }
    slot->place = (long)fold->count;
    struct sw_record *copy = sw_xcalloc(1, sizeof *copy);
    sw_record_copy(copy, record);
    fold->records[fold->count++] = copy;
    index_record(fold, copy, fold->count - 1);
    return true;
}

size_t sw_fold_count(const struct sw_fold *fold)
{
    return fold->count;
}

const struct sw_record *sw_fold_at(const struct sw_fold *fold, size_t i)
{
    sw_assert(i < fold->count);
    return fold->records[i];
}

/* ------------------------------------------------------------------- asking */

const struct sw_record *sw_fold_open_intent(const struct sw_fold *fold, size_t i)
{
    for (size_t n = 0; n < fold->intents.count; n++) {
        const struct sw_record *record = fold->records[fold->intents.at[n]];
        const struct slot *slot = find(fold, record->uuid);
        if (slot != NULL && !slot->has_outcome && i-- == 0)
            return record;
    }
    return NULL;
}

const struct sw_record *sw_fold_unsettled(const struct sw_fold *fold, size_t i, bool *is_unknown)
{
    for (size_t n = 0; n < fold->intents.count; n++) {
        const struct sw_record *record = fold->records[fold->intents.at[n]];
        const struct slot *slot = find(fold, record->uuid);
        if (slot == NULL || slot->is_settled || i-- != 0)
            continue;
        *is_unknown = slot->has_outcome;
        return record;
    }
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

const struct sw_record *sw_fold_newer_halt(const struct sw_fold *fold, const char *platform,
                                           const char *after_uuid)
{
    const struct slot *after = find(fold, after_uuid);
    /* An intent that is not in the ledger is older than every halt in it: the careful answer. */
    size_t first = after != NULL && after->place != NO_PLACE ? (size_t)after->place + 1 : 0;
    for (size_t n = fold->halts.count; n > 0 && fold->halts.at[n - 1] >= first; n--) {
        const struct sw_record *record = fold->records[fold->halts.at[n - 1]];
        if (is_same(record->platform, platform))
            return record;
    }
    return NULL;
}

const struct sw_record *sw_fold_tick(const struct sw_fold *fold, const char *item)
{
    for (size_t n = fold->ticks.count; n > 0; n--) {
        const struct sw_record *record = fold->records[fold->ticks.at[n - 1]];
        if (is_same(record->item, item))
            return record;
    }
    return NULL;
}

/* What an outcome leaves out stands in its intent. */
static bool is_of(const struct sw_fold *fold, const struct sw_record *outcome, const char *platform,
                  const char *identity)
{
    const struct slot *slot = find(fold, outcome->intent);
    const struct sw_record *intent =
        slot != NULL && slot->place != NO_PLACE ? fold->records[slot->place] : NULL;
    const char *its_platform = outcome->platform, *its_identity = outcome->identity;
    if (its_platform == NULL && intent != NULL)
        its_platform = intent->platform;
    if (its_identity == NULL && intent != NULL)
        its_identity = intent->identity;
    return is_same(its_platform, platform) && is_same(its_identity, identity);
}

const struct sw_record *sw_fold_last_seen(const struct sw_fold *fold, const char *platform,
                                          const char *identity)
{
    for (size_t n = fold->seen.count; n > 0; n--) {
        const struct sw_record *record = fold->records[fold->seen.at[n - 1]];
        if (is_of(fold, record, platform, identity))
            return record;
    }
    return NULL;
}

/* Asked again of what stood still already, a halt has changed nothing. */
static bool is_real_halt(const struct sw_fold *fold, const struct sw_record *seen)
{
    const struct slot *slot = find(fold, seen->intent);
    const struct sw_record *intent =
        slot != NULL && slot->place != NO_PLACE ? fold->records[slot->place] : NULL;
    return seen->verb == SW_VERB_HALT && (intent == NULL || intent->from_state != SW_STATE_HALTED);
}

static bool is_fix(const struct sw_record *note, const char *platform)
{
    return is_same(note->item, SW_NOTE_FIX) &&
           (note->platform == NULL || is_same(note->platform, platform));
}

size_t sw_fold_test_events(const struct sw_fold *fold, const char *platform, const char *identity,
                           int64_t *newest_ms)
{
    size_t count = 0;
    *newest_ms = 0;
    for (size_t n = 0; n < fold->seen.count + fold->notes.count; n++) {
        bool is_note = n >= fold->seen.count;
        size_t place = is_note ? fold->notes.at[n - fold->seen.count] : fold->seen.at[n];
        const struct sw_record *record = fold->records[place];
        if (is_note ? !is_fix(record, platform)
                    : !is_real_halt(fold, record) || !is_of(fold, record, platform, identity))
            continue;
        count++;
        if (record->at_ms > *newest_ms)
            *newest_ms = record->at_ms;
    }
    return count;
}
