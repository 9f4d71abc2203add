/* event.c: making, encoding and decoding ledger events.
 *
 * An event on its way into the ledger is a commit message: one line that
 * people read in `git log`, an empty line, one JSON object with sorted keys.
 * Only the JSON is read back. Absent fields are absent, never empty or 0.
 *
 * Guarantee: whatever the message holds, decode gives a whole record or a
 * clear error; texts come out cleaned, because another captain's program wrote
 * them. What a newer program writes (an unknown kind, an unknown verb of an
 * intent) comes out as SW_EVENT_UNKNOWN: shown, and kept out of folds. */
#include "model/event.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

enum { TEXT_MAX = 2000, HANDLE_MAX = 16384, SUBJECT_MAX = 200, MESSAGE_MAX = 65536 };

/* Every text of a record with its key. One table for clear, copy, encode and decode. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"actor", offsetof(struct sw_record, actor)},
    {"platform", offsetof(struct sw_record, platform)},
    {"intent", offsetof(struct sw_record, intent)},
    {"version", offsetof(struct sw_record, version)},
    {"identity", offsetof(struct sw_record, identity)},
    {"reason", offsetof(struct sw_record, reason)},
    {"override", offsetof(struct sw_record, override_text)},
    {"item", offsetof(struct sw_record, item)},
    {"text", offsetof(struct sw_record, text)},
    {"target", offsetof(struct sw_record, target)},
};

static char **text_at(struct sw_record *record, size_t i)
{
    return (char **)(void *)((char *)record + texts[i].offset);
}

static const char *text_of(const struct sw_record *record, size_t i)
{
    return *(char *const *)(const void *)((const char *)record + texts[i].offset);
}

bool sw_verb_is_stopping(enum sw_verb verb)
{
    return verb == SW_VERB_HALT || verb == SW_VERB_ROLLBACK;
}

void sw_record_clear(struct sw_record *record)
{
    if (record == NULL)
        return;
    for (size_t i = 0; i < SW_ARRAY_LEN(texts); i++)
        free(*text_at(record, i));
    free(record->handle);
    *record = (struct sw_record){0};
}

void sw_record_copy(struct sw_record *to, const struct sw_record *from)
{
    *to = *from;
    for (size_t i = 0; i < SW_ARRAY_LEN(texts); i++)
        *text_at(to, i) = sw_xstrdup(text_of(from, i));
    to->handle = sw_xstrdup(from->handle);
}

void sw_record_view(const struct sw_record *record, struct sw_event *out)
{
    *out = (struct sw_event){
        .uuid = record->uuid,
        .kind = record->kind,
        .at_ms = record->at_ms,
        .actor = record->actor,
        .platform = record->platform,
        .verb = record->verb,
        .intent = record->intent,
        .result = record->result,
        .version = record->version,
        .identity = record->identity,
        .from_percent = record->from_percent,
        .to_percent = record->to_percent,
        .reason = record->reason,
        .override_text = record->override_text,
        .item = record->item,
        .text = record->text,
        .commit = record->commit[0] != '\0' ? record->commit : NULL,
    };
}

/* ------------------------------------------------------------------- checks */

static bool is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text == NULL || strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool is_hex = strchr("0123456789abcdef", text[i]) != NULL;
        if (form[i] == '-' ? text[i] != '-' : !is_hex)
            return false;
    }
    return true;
}

/* The parts without which a fold could not use it; NULL when none is missing. */
static const char *missing_part(const struct sw_record *record)
{
    bool is_verb = record->verb != SW_VERB_NONE;
    switch (record->kind) {
    case SW_EVENT_INTENT:
        return record->platform == NULL ? "platform" : !is_verb ? "verb" : NULL;
    case SW_EVENT_OUTCOME:
        return !is_uuid(record->intent)           ? "intent"
               : record->result == SW_RESULT_NONE ? "result"
                                                  : NULL;
    case SW_EVENT_TICK:
    case SW_EVENT_UNTICK:
        return record->item == NULL ? "item" : NULL;
    default:
        return NULL;
    }
}

/* ----------------------------------------------------------------- encoding */

static void add_subject_text(struct sw_buf *out, const char *before, const char *text,
                             const char *after)
{
    char clean[SUBJECT_MAX];
    if (text == NULL)
        return;
    sw_text_clean_copy(clean, sizeof clean, text);
    sw_ignore(sw_buf_printf(out, "%s%s%s", before, clean, after));
}

static void add_percents(struct sw_buf *out, const struct sw_record *record)
{
    if (record->from_percent.is_known)
        sw_ignore(sw_buf_printf(out, " %g%%", record->from_percent.value));
    if (record->to_percent.is_known)
        sw_ignore(sw_buf_printf(out, " -> %g%%", record->to_percent.value));
}

/* "intent halt android 2.15.3 (2025011401) 20% by Captain <captain@example.com>" */
static void add_subject(struct sw_buf *out, const struct sw_record *record)
{
    struct sw_buf line;
    sw_buf_init(&line, 4 * TEXT_MAX);
    sw_ignore(sw_buf_add(&line, sw_event_kind_name(record->kind)));
    if (record->kind == SW_EVENT_OUTCOME)
        sw_ignore(sw_buf_printf(&line, " %s", sw_result_name(record->result)));
    if (record->verb != SW_VERB_NONE)
        sw_ignore(sw_buf_printf(&line, " %s", sw_verb_name(record->verb)));
    add_subject_text(&line, " ", record->platform, "");
    add_subject_text(&line, " ", record->item, "");
    add_subject_text(&line, " ", record->version, "");
    add_subject_text(&line, " (", record->identity, ")");
    add_percents(&line, record);
    add_subject_text(&line, " by ", record->actor, "");
    if (record->verb == SW_VERB_NONE)
        add_subject_text(&line, ": ", record->text, "");
    size_t len = sw_utf8_cut(sw_buf_text(&line), line.len, SUBJECT_MAX);
    sw_ignore(sw_buf_addn(out, sw_buf_text(&line), len));
    sw_buf_clear(&line);
}

static bool set_text(json_t *tree, const char *key, const char *text)
{
    char clean[TEXT_MAX + 1];
    if (text == NULL)
        return true;
    size_t len = sw_text_clean(text, strlen(text), clean, sizeof clean);
    return json_object_set_new(tree, key, json_stringn(clean, len)) == 0;
}

static bool set_word(json_t *tree, const char *key, const char *word)
{
    return json_object_set_new(tree, key, json_string(word)) == 0;
}

static bool set_percent(json_t *tree, const char *key, struct sw_value percent)
{
    if (!percent.is_known || !isfinite(percent.value))
        return true;
    return json_object_set_new(tree, key, json_real(percent.value)) == 0;
}

static bool fill_tree(json_t *tree, const struct sw_record *record)
{
    char at[SW_TIME_TEXT];
    bool is_ok = json_object_set_new(tree, "schema", json_integer(1)) == 0;
    is_ok = is_ok && set_word(tree, "uuid", record->uuid);
    is_ok = is_ok && set_word(tree, "kind", sw_event_kind_name(record->kind));
    is_ok = is_ok && set_word(tree, "at", sw_time_format(record->at_ms, at));
    for (size_t i = 0; i < SW_ARRAY_LEN(texts); i++)
        is_ok = is_ok && set_text(tree, texts[i].key, text_of(record, i));
    if (record->verb != SW_VERB_NONE)
        is_ok = is_ok && set_word(tree, "verb", sw_verb_name(record->verb));
    if (record->result != SW_RESULT_NONE)
        is_ok = is_ok && set_word(tree, "result", sw_result_name(record->result));
    if (record->from_state != SW_STATE_UNKNOWN)
        is_ok = is_ok && set_word(tree, "from_state", sw_state_name(record->from_state));
    is_ok = is_ok && set_percent(tree, "from_percent", record->from_percent);
    is_ok = is_ok && set_percent(tree, "to_percent", record->to_percent);
    if (record->handle != NULL)
        is_ok = is_ok && set_word(tree, "handle", record->handle);
    return is_ok;
}

static enum sw_code check_encodable(const struct sw_record *record, struct sw_error *err)
{
    const char *missing = missing_part(record);
    if (record->kind == SW_EVENT_UNKNOWN || record->kind >= SW_EVENT_KIND_COUNT)
        return sw_fail(err, SW_E_INTERNAL, "a ledger event has no kind");
    if (!is_uuid(record->uuid))
        return sw_fail(err, SW_E_INTERNAL, "a ledger event has no uuid");
    if (record->at_ms <= 0)
        return sw_fail(err, SW_E_INTERNAL, "a ledger event has no time");
    if (missing != NULL)
        return sw_fail(err, SW_E_INTERNAL, "a ledger event of kind %s has no %s",
                       sw_event_kind_name(record->kind), missing);
    if (record->handle != NULL && strlen(record->handle) > HANDLE_MAX)
        return sw_fail(err, SW_E_LIMIT, "the ids of an intent are larger than 16 KiB");
    return SW_OK;
}

enum sw_code sw_record_encode(const struct sw_record *record, struct sw_buf *out,
                              struct sw_error *err)
{
    enum sw_code code = check_encodable(record, err);
    if (code != SW_OK)
        return code;
    SW_JSON json_t *tree = json_object();
    if (tree == NULL || !fill_tree(tree, record))
        return sw_fail(err, SW_E_INTERNAL, "a ledger event could not be put into JSON");
    add_subject(out, record);
    sw_ignore(sw_buf_add(out, "\n\n"));
    code = sw_json_write(tree, out, SW_JSON_SORTED, err);
    if (code == SW_OK && !sw_buf_add(out, "\n"))
        code = sw_fail(err, SW_E_LIMIT, "a ledger event does not fit");
    return code;
}

/* ----------------------------------------------------------------- decoding */

static enum sw_code read_texts(const json_t *tree, struct sw_record *record, struct sw_error *err)
{
    for (size_t i = 0; i < SW_ARRAY_LEN(texts); i++) {
        char clean[TEXT_MAX + 1];
        enum sw_code code = sw_json_text(tree, texts[i].key, SW_OPTIONAL, clean, sizeof clean, err);
        if (code == SW_OK)
            *text_at(record, i) = sw_xstrdup(clean);
        else if (code != SW_E_NOT_FOUND)
            return code;
    }
    return SW_OK;
}

static enum sw_code read_percent(const json_t *tree, const char *key, struct sw_value *out,
                                 struct sw_error *err)
{
    enum sw_code code = sw_json_num_range(tree, key, SW_OPTIONAL, 0, 100, &out->value, err);
    out->is_known = code == SW_OK;
    return code == SW_E_NOT_FOUND ? SW_OK : code;
}

static enum sw_code read_handle(const json_t *tree, struct sw_record *record, struct sw_error *err)
{
    const char *handle = NULL;
    enum sw_code code = sw_json_str(tree, "handle", SW_OPTIONAL, &handle, err);
    if (code == SW_E_NOT_FOUND)
        return SW_OK;
    if (code == SW_OK && strlen(handle) > HANDLE_MAX)
        return sw_fail(err, SW_E_PARSE, "handle is larger than 16 KiB");
    if (code == SW_OK)
        record->handle = sw_xstrdup(handle);
    return code;
}

/* Words of a newer program: an event we cannot judge must not pass for one we can. */
static enum sw_code read_words(const json_t *tree, struct sw_record *record, struct sw_error *err)
{
    const char *kind = NULL, *verb = NULL, *result = NULL, *from_state = NULL;
    enum sw_code code = sw_json_str(tree, "kind", SW_REQUIRED, &kind, err);
    if (code != SW_OK)
        return code;
    record->kind = sw_event_kind_parse(kind);
    code = sw_json_str(tree, "verb", SW_OPTIONAL, &verb, err);
    if (code != SW_OK && code != SW_E_NOT_FOUND)
        return code;
    record->verb = sw_verb_parse(verb);
    code = sw_json_str(tree, "result", SW_OPTIONAL, &result, err);
    if (code != SW_OK && code != SW_E_NOT_FOUND)
        return code;
    record->result = sw_result_parse(result);
    code = sw_json_str(tree, "from_state", SW_OPTIONAL, &from_state, err);
    if (code != SW_OK && code != SW_E_NOT_FOUND)
        return code;
    record->from_state = sw_state_parse(from_state);
    if (result != NULL && record->result == SW_RESULT_NONE)
        record->result = SW_RESULT_UNKNOWN;
    if (verb != NULL && record->verb == SW_VERB_NONE && record->kind == SW_EVENT_INTENT)
        record->kind = SW_EVENT_UNKNOWN;
    return SW_OK;
}

static enum sw_code read_tree(const json_t *tree, struct sw_record *record, struct sw_error *err)
{
    const char *uuid = NULL;
    enum sw_code code = sw_json_str(tree, "uuid", SW_REQUIRED, &uuid, err);
    if (code == SW_OK && !is_uuid(uuid))
        code = sw_fail(err, SW_E_PARSE, "uuid has not the form of one");
    if (code == SW_OK)
        sw_ignore(sw_copy(record->uuid, sizeof record->uuid, uuid));
    if (code == SW_OK)
        code = sw_json_time(tree, "at", SW_REQUIRED, &record->at_ms, err);
    if (code == SW_OK)
        code = read_words(tree, record, err);
    if (code == SW_OK)
        code = read_texts(tree, record, err);
    if (code == SW_OK)
        code = read_percent(tree, "from_percent", &record->from_percent, err);
    if (code == SW_OK)
        code = read_percent(tree, "to_percent", &record->to_percent, err);
    if (code == SW_OK)
        code = read_handle(tree, record, err);
    const char *missing = code == SW_OK ? missing_part(record) : NULL;
    if (missing != NULL)
        code = sw_fail(err, SW_E_PARSE, "an event of kind %s has no %s",
                       sw_event_kind_name(record->kind), missing);
    return code;
}

enum sw_code sw_record_decode(const char *message, size_t len, struct sw_record *out,
                              struct sw_error *err)
{
    static const struct sw_json_limits limits = {
        .max_bytes = MESSAGE_MAX, .max_depth = 4, .max_nodes = 1000};
    SW_JSON json_t *tree = NULL;
    *out = (struct sw_record){0};
    const char *body = len > 0 ? memmem(message, len, "\n\n", 2) : NULL;
    if (body == NULL)
        return sw_fail(err, SW_E_PARSE, "the event has no body");
    body += 2;
    enum sw_code code = sw_json_parse(body, len - (size_t)(body - message), &limits, &tree, err);
    if (code == SW_OK)
        code = read_tree(tree, out, err);
    if (code == SW_OK)
        return SW_OK;
    sw_record_clear(out);
    /* A limit, too, is a message that encode never writes. */
    if (code == SW_E_LIMIT && err != NULL)
        err->code = SW_E_PARSE;
    return SW_E_PARSE;
}
