/* ledger_journal.c: see ledger_journal.h. */
#include "store/ledger_journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/ledger_git.h"

/* ----------------------------------------------------------------- open intents */

static struct sw_journal_intent *find_open(struct sw_journal *journal, const char *uuid)
{
    for (size_t i = 0; uuid != NULL && i < journal->open_count; i++)
        if (!strcmp(journal->open[i].intent.uuid, uuid))
            return &journal->open[i];
    return NULL;
}

static void add_open(struct sw_journal *journal, const char *release,
                     const struct sw_record *intent)
{
    if (find_open(journal, intent->uuid) != NULL)
        return;
    journal->open =
        sw_xrealloc_array(journal->open, journal->open_count + 1, sizeof *journal->open);
    struct sw_journal_intent *open = &journal->open[journal->open_count++];
    *open = (struct sw_journal_intent){0};
    sw_copy(open->release, sizeof open->release, release);
    sw_record_copy(&open->intent, intent);
}

static void drop_open(struct sw_journal *journal, struct sw_journal_intent *open)
{
    size_t behind = journal->open_count - (size_t)(open - journal->open) - 1;
    sw_record_clear(&open->intent);
    memmove(open, open + 1, behind * sizeof *open);
    journal->open_count--;
}

static struct sw_journal_last *find_last(const struct sw_journal *journal, const char *platform)
{
    for (size_t i = 0; i < journal->last_count; i++)
        if (!strcmp(journal->last[i].platform, platform))
            return &journal->last[i];
    return NULL;
}

static void note_time(struct sw_journal *journal, const struct sw_record *record)
{
    if (record->platform == NULL || strlen(record->platform) >= sizeof journal->last->platform)
        return;
    struct sw_journal_last *last = find_last(journal, record->platform);
    if (last == NULL) {
        journal->last =
            sw_xrealloc_array(journal->last, journal->last_count + 1, sizeof *journal->last);
        last = &journal->last[journal->last_count++];
        *last = (struct sw_journal_last){0};
        sw_copy(last->platform, sizeof last->platform, record->platform);
    }
    int64_t *at_ms = sw_verb_is_stopping(record->verb) ? &last->stopping_ms : &last->going_ms;
    if (record->at_ms > *at_ms)
        *at_ms = record->at_ms;
}

int64_t sw_journal_last_ms(const struct sw_journal *journal, const char *platform,
                           bool is_stopping)
{
    const struct sw_journal_last *last = find_last(journal, platform);
    if (last == NULL)
        return 0;
    return is_stopping ? last->stopping_ms : last->going_ms;
}

void sw_journal_note(struct sw_journal *journal, const char *release,
                     const struct sw_record *record)
{
    if (record->kind == SW_EVENT_INTENT || record->kind == SW_EVENT_OUTCOME)
        note_time(journal, record);
    if (record->kind == SW_EVENT_INTENT)
        add_open(journal, release, record);
    if (record->kind != SW_EVENT_OUTCOME)
        return;
    struct sw_journal_intent *open = find_open(journal, record->intent);
    if (open == NULL)
        return;
    if (record->result == SW_RESULT_UNKNOWN)
        open->is_unknown = true;
    else
        drop_open(journal, open);
}

/* ---------------------------------------------------------------------- reading */

struct taking {
    struct sw_journal *journal;
    const char *release;
    sw_journal_fn each;
    void *arg;
    const char *head;
    bool is_head_told;
};

static bool take(void *arg, const struct sw_record *record)
{
    struct taking *taking = arg;
    taking->is_head_told =
        taking->is_head_told || !strncmp(taking->head, record->commit, strlen(record->commit));
    sw_journal_note(taking->journal, taking->release, record);
    if (taking->each != NULL)
        taking->each(taking->arg, taking->release, record);
    return true;
}

static struct sw_journal_mark *mark_of(struct sw_journal *journal, const char *release)
{
    for (size_t i = 0; i < journal->mark_count; i++)
        if (!strcmp(journal->marks[i].release, release))
            return &journal->marks[i];
    journal->marks =
        sw_xrealloc_array(journal->marks, journal->mark_count + 1, sizeof *journal->marks);
    struct sw_journal_mark *mark = &journal->marks[journal->mark_count++];
    *mark = (struct sw_journal_mark){0};
    sw_copy(mark->release, sizeof mark->release, release);
    return mark;
}

/* Its mark moves to a head that was read before the events, so that nothing is missed; what came
 * in between is told twice. */
static enum sw_code catch_up(struct sw_journal *journal, struct sw_ledger *ledger,
                             const char *release, sw_journal_fn each, void *arg,
                             struct sw_error *err)
{
    char head[64], name[SW_REF_NAME_TEXT], ref[SW_LEDGER_REF_TEXT];
    struct sw_error error = {0};
    struct taking taking = {.journal = journal, .release = release, .each = each, .arg = arg, .head = head};
    struct sw_journal_mark *mark = mark_of(journal, release);
    sw_ignore(sw_ref_name_encode(release, name));
    sw_ignore(sw_format(ref, sizeof ref, "%s%s", SW_LEDGER_REFS, name));
    enum sw_code code = sw_ledger_head_ref(ledger, ref, head, &error);
    if (code == SW_OK && strcmp(head, mark->head) != 0)
        code = sw_ledger_read_ref(ledger, ref, mark->head, take, &taking, &error);
    if (code == SW_E_PARSE && taking.is_head_told) {
        mark->is_damaged = true;
        code = SW_OK;
    }
    if (code == SW_OK)
        sw_copy(mark->head, sizeof mark->head, head);
    else if (err != NULL)
        *err = error;
    return code;
}

enum sw_code sw_journal_read(struct sw_journal *journal, struct sw_ledger *ledger,
                             sw_journal_fn each, void *arg, struct sw_error *err)
{
    char **names = NULL;
    size_t count = 0;
    enum sw_code code = sw_ledger_releases(ledger, &names, &count, err);
    for (size_t i = 0; i < count; i++) {
        enum sw_code own = catch_up(journal, ledger, names[i], each, arg, err);
        if (own != SW_OK)
            code = own;
        free(names[i]);
    }
    free(names);
    return code;
}

bool sw_journal_is_damaged(const struct sw_journal *journal, const char *release)
{
    for (size_t i = 0; i < journal->mark_count; i++)
        if (!strcmp(journal->marks[i].release, release))
            return journal->marks[i].is_damaged;
    return false;
}

/* ------------------------------------------------------------------------- life */

void sw_journal_copy(struct sw_journal *to, const struct sw_journal *from)
{
    *to = (struct sw_journal){.mark_count = from->mark_count,
                              .open_count = from->open_count,
                              .last_count = from->last_count};
    to->last = sw_xcalloc(from->last_count + 1, sizeof *to->last);
    if (from->last_count > 0)
        memcpy(to->last, from->last, from->last_count * sizeof *to->last);
    to->marks = sw_xcalloc(from->mark_count + 1, sizeof *to->marks);
    if (from->mark_count > 0)
        memcpy(to->marks, from->marks, from->mark_count * sizeof *to->marks);
    to->open = sw_xcalloc(from->open_count + 1, sizeof *to->open);
    for (size_t i = 0; i < from->open_count; i++) {
        to->open[i] = from->open[i];
        sw_record_copy(&to->open[i].intent, &from->open[i].intent);
    }
}

void sw_journal_clear(struct sw_journal *journal)
{
    for (size_t i = 0; i < journal->open_count; i++)
        sw_record_clear(&journal->open[i].intent);
    free(journal->open);
    free(journal->last);
    free(journal->marks);
    *journal = (struct sw_journal){0};
}
