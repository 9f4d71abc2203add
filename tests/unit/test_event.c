/* Ledger events: what is written is read back whole, damage is named, and the fold does not depend
 * on the order or number of copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"
#include "model/event.h"

static const char uuid_a[] = "00000000-0000-4000-8000-00000000000a";
static const char uuid_b[] = "00000000-0000-4000-8000-00000000000b";
static const char uuid_c[] = "00000000-0000-4000-8000-00000000000c";
static const char uuid_d[] = "00000000-0000-4000-8000-00000000000d";

static struct sw_record make(const char *uuid, enum sw_event_kind kind)
{
    struct sw_record record = {.kind = kind, .at_ms = INT64_C(1768899600250)};
    sw_copy(record.uuid, sizeof record.uuid, uuid);
    return record;
}

static struct sw_record intent(const char *uuid, enum sw_verb verb, const char *platform)
{
    struct sw_record record = make(uuid, SW_EVENT_INTENT);
    record.verb = verb;
    record.platform = sw_xstrdup(platform);
    return record;
}

static struct sw_record outcome(const char *uuid, const char *of, enum sw_result result)
{
    struct sw_record record = make(uuid, SW_EVENT_OUTCOME);
    record.intent = sw_xstrdup(of);
    record.result = result;
    return record;
}

/* ------------------------------------------------------------ there and back */

static void a_full_record_comes_back(void **state)
{
    (void)state;
    struct sw_record record = intent(uuid_a, SW_VERB_HALT, "android"), back;
    record.actor = sw_xstrdup("Captain <captain@example.com>, captain@host");
    record.version = sw_xstrdup("2.15.3");
    record.identity = sw_xstrdup("2025011401");
    record.reason = sw_xstrdup("crashes \"twice\" as often: 99.02 % \xe2\x86\x92 halt");
    record.override_text = sw_xstrdup("yes");
    record.item = sw_xstrdup("item");
    record.text = sw_xstrdup("text");
    record.intent = sw_xstrdup(uuid_b);
    record.target = sw_xstrdup("0123456789abcdef");
    record.handle = sw_xstrdup("{\"editId\":\"1\\n\"}");
    record.from_state = SW_STATE_READY;
    record.result = SW_RESULT_SEEN;
    record.from_percent = (struct sw_value){.value = 20, .is_known = true};
    record.to_percent = (struct sw_value){.value = 0.05, .is_known = true};
    struct sw_buf message;
    sw_buf_init(&message, 65536);
    assert_int_equal(sw_record_encode(&record, &message, NULL), SW_OK);
    static const char first[] = "intent halt android item 2.15.3 (2025011401) 20% -> 0.05% by Captain "
                                "<captain@example.com>, captain@host\n\n{";
    assert_memory_equal(sw_buf_text(&message), first, sizeof first - 1);
    struct sw_error err = {0};
    if (sw_record_decode(sw_buf_text(&message), message.len, &back, &err) != SW_OK)
        fail_msg("%s", err.text);
    assert_string_equal(back.uuid, uuid_a);
    assert_int_equal(back.kind, SW_EVENT_INTENT);
    assert_true(back.at_ms == record.at_ms);
    assert_int_equal(back.verb, SW_VERB_HALT);
    assert_int_equal(back.from_state, SW_STATE_READY);
    assert_int_equal(back.result, SW_RESULT_SEEN);
    assert_string_equal(back.actor, record.actor);
    assert_string_equal(back.platform, "android");
    assert_string_equal(back.version, "2.15.3");
    assert_string_equal(back.identity, "2025011401");
    assert_string_equal(back.reason, record.reason);
    assert_string_equal(back.override_text, "yes");
    assert_string_equal(back.item, "item");
    assert_string_equal(back.text, "text");
    assert_string_equal(back.intent, uuid_b);
    assert_string_equal(back.handle, record.handle);
    assert_string_equal(back.target, record.target);
    assert_true(back.to_percent.is_known && back.to_percent.value > 0.0499 &&
                back.to_percent.value < 0.0501);
    struct sw_event view;
    sw_record_view(&back, &view);
    assert_string_equal(view.platform, "android");
    assert_null(view.commit);
    sw_buf_clear(&message);
    sw_record_clear(&back);
    sw_record_clear(&record);
}

static void absent_stays_absent(void **state)
{
    (void)state;
    struct sw_record record = make(uuid_a, SW_EVENT_NOTE), back;
    struct sw_buf message;
    sw_buf_init(&message, 65536);
    assert_int_equal(sw_record_encode(&record, &message, NULL), SW_OK);
    assert_string_equal(
        sw_buf_text(&message),
        "note\n\n{\"at\":\"2026-01-20T09:00:00.250Z\",\"kind\":\"note\",\"schema\":1,"
        "\"uuid\":\"00000000-0000-4000-8000-00000000000a\"}\n");
    assert_int_equal(sw_record_decode(sw_buf_text(&message), message.len, &back, NULL), SW_OK);
    assert_null(back.platform);
    assert_null(back.handle);
    assert_false(back.from_percent.is_known);
    assert_int_equal(back.result, SW_RESULT_NONE);
    sw_record_clear(&back);
    sw_record_clear(&record);
    sw_buf_clear(&message);
}

/* What a captain types, or an upstream says, cannot forge a line of `git log` or move a cursor. */
static void texts_are_cleaned_both_ways(void **state)
{
    (void)state;
    struct sw_record record = make(uuid_a, SW_EVENT_NOTE), back;
    record.actor = sw_xstrdup("a\n\n{\"uuid\":1}\x1b[31m");
    record.text = sw_xstrdup("one\ntwo\xe2\x80\xae");
    struct sw_buf message;
    sw_buf_init(&message, 65536);
    assert_int_equal(sw_record_encode(&record, &message, NULL), SW_OK);
    assert_null(strchr(sw_buf_text(&message), '\x1b'));
    assert_int_equal(sw_record_decode(sw_buf_text(&message), message.len, &back, NULL), SW_OK);
    assert_string_equal(back.text, "one two\xef\xbf\xbd");
    sw_record_clear(&back);
    static const char hostile[] =
        "x\n\n{\"uuid\":\"00000000-0000-4000-8000-00000000000a\",\"kind\":\"note\",\"at\":"
        "\"2026-01-20T09:00:00Z\",\"text\":\"a\\u001b[2Jb\\u202e\"}";
    assert_int_equal(sw_record_decode(hostile, sizeof hostile - 1, &back, NULL), SW_OK);
    assert_string_equal(back.text, "a\xef\xbf\xbd[2Jb\xef\xbf\xbd");
    sw_record_clear(&back);
    sw_record_clear(&record);
    sw_buf_clear(&message);
}

static void what_cannot_be_folded_is_not_written(void **state)
{
    (void)state;
    struct sw_record cases[] = {
        make(uuid_a, SW_EVENT_UNKNOWN),          make(uuid_a, SW_EVENT_INTENT),
        make(uuid_a, SW_EVENT_OUTCOME),          make(uuid_a, SW_EVENT_TICK),
        make("not a uuid", SW_EVENT_NOTE),       make(uuid_a, SW_EVENT_NOTE),
        intent(uuid_a, SW_VERB_NONE, "web"),     outcome(uuid_a, "x", SW_RESULT_SEEN),
        outcome(uuid_a, uuid_b, SW_RESULT_NONE),
    };
    cases[5].at_ms = 0;
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_buf message;
        sw_buf_init(&message, 65536);
        assert_int_equal(sw_record_encode(&cases[i], &message, NULL), SW_E_INTERNAL);
        sw_buf_clear(&message);
        sw_record_clear(&cases[i]);
    }
}

#define BODY(rest)                                                                                 \
    "x\n\n{\"uuid\":\"00000000-0000-4000-8000-00000000000a\",\"at\":\"2026-01-20T09:00:"           \
    "00Z\"," rest "}"

static void damage_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *message, *says;
    } cases[] = {
        {"", "no body"},
        {"only a line", "no body"},
        {"x\n\n", ""},
        {"x\n\nnot json", ""},
        {"x\n\n[]", "uuid"},
        {"x\n\n{}", "uuid"},
        {"x\n\n{\"uuid\":7}", "uuid"},
        {"x\n\n{\"uuid\":\"00000000-0000-4000-8000-00000000000A\"}", "uuid"},
        {"x\n\n{\"uuid\":\"00000000-0000-4000-8000-00000000000a\"}", "at"},
        {BODY("\"at2\":1"), "kind"},
        {BODY("\"kind\":\"intent\""), "platform"},
        {BODY("\"kind\":\"intent\",\"platform\":\"a\""), "verb"},
        {BODY("\"kind\":\"tick\""), "item"},
        {BODY("\"kind\":\"outcome\",\"result\":\"seen\""), "intent"},
        {BODY("\"kind\":\"note\",\"text\":7"), "text"},
        {BODY("\"kind\":\"note\",\"from_percent\":101"), "from_percent"},
        {BODY("\"kind\":\"note\",\"handle\":{}"), "handle"},
        {BODY("\"kind\":\"note\",\"kind\":\"note\""), ""},
        {BODY("\"kind\":\"note\"") "x", ""},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_record back;
        struct sw_error err = {0};
        enum sw_code code =
            sw_record_decode(cases[i].message, strlen(cases[i].message), &back, &err);
        if (code != SW_E_PARSE || strstr(err.text, cases[i].says) == NULL)
            fail_msg("%s: code %d, %s", cases[i].message, (int)code, err.text);
        assert_int_equal(err.code, SW_E_PARSE);
        assert_null(back.actor);
    }
}

/* Words of a later version of this program. */
static void unknown_words_survive(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        enum sw_event_kind kind;
        enum sw_result result;
    } cases[] = {
        {BODY("\"kind\":\"eclipse\",\"schema\":9,\"moon\":{}"), SW_EVENT_UNKNOWN, SW_RESULT_NONE},
        {BODY("\"kind\":\"intent\",\"platform\":\"a\",\"verb\":\"warp\""), SW_EVENT_UNKNOWN,
         SW_RESULT_NONE},
        {BODY("\"kind\":\"outcome\",\"intent\":\"00000000-0000-4000-8000-00000000000b\",\"result\":"
              "\"sort of\""),
         SW_EVENT_OUTCOME, SW_RESULT_UNKNOWN},
    };
    for (size_t i = 0; i < SW_ARRAY_LEN(cases); i++) {
        struct sw_record back;
        assert_int_equal(sw_record_decode(cases[i].message, strlen(cases[i].message), &back, NULL),
                         SW_OK);
        assert_int_equal(back.kind, cases[i].kind);
        assert_int_equal(back.result, cases[i].result);
        sw_record_clear(&back);
    }
}

/* ------------------------------------------------------------------- the fold */

static void add(struct sw_fold *fold, struct sw_record record, bool is_new)
{
    assert_int_equal(sw_fold_add(fold, &record), is_new);
    sw_record_clear(&record);
}

static void an_outcome_closes_its_intent(void **state)
{
    (void)state;
    struct sw_fold *fold = sw_fold_new();
    assert_null(sw_fold_open_intent(fold, 0));
    add(fold, intent(uuid_a, SW_VERB_HALT, "ios"), true);
    add(fold, intent(uuid_b, SW_VERB_ADVANCE, "web"), true);
    add(fold, intent(uuid_a, SW_VERB_HALT, "ios"), false);
    assert_string_equal(sw_fold_open_intent(fold, 0)->uuid, uuid_a);
    assert_string_equal(sw_fold_open_intent(fold, 1)->uuid, uuid_b);
    assert_null(sw_fold_open_intent(fold, 2));
    add(fold, outcome(uuid_c, uuid_a, SW_RESULT_REJECTED), true);
    assert_string_equal(sw_fold_open_intent(fold, 0)->uuid, uuid_b);
    assert_null(sw_fold_open_intent(fold, 1));
    assert_int_equal(sw_fold_count(fold), 3);
    assert_string_equal(sw_fold_at(fold, 2)->uuid, uuid_c);
    sw_fold_free(fold);
}

static void an_unknown_outcome_settles_nothing(void **state)
{
    (void)state;
    bool is_unknown = false;
    struct sw_fold *fold = sw_fold_new();
    assert_null(sw_fold_unsettled(fold, 0, &is_unknown));
    add(fold, intent(uuid_a, SW_VERB_HALT, "ios"), true);
    add(fold, intent(uuid_b, SW_VERB_ADVANCE, "web"), true);
    assert_string_equal(sw_fold_unsettled(fold, 1, &is_unknown)->uuid, uuid_b);
    assert_false(is_unknown);
    add(fold, outcome(uuid_c, uuid_a, SW_RESULT_UNKNOWN), true);
    assert_string_equal(sw_fold_unsettled(fold, 0, &is_unknown)->uuid, uuid_a);
    assert_true(is_unknown);
    add(fold, outcome(uuid_d, uuid_a, SW_RESULT_REJECTED), true);
    assert_string_equal(sw_fold_unsettled(fold, 0, &is_unknown)->uuid, uuid_b);
    assert_false(is_unknown);
    assert_null(sw_fold_unsettled(fold, 1, &is_unknown));
    sw_fold_free(fold);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct sw_fold *fold = sw_fold_new();
    add(fold, outcome(uuid_c, uuid_a, SW_RESULT_SEEN), true);
    add(fold, intent(uuid_a, SW_VERB_HALT, "ios"), true);
    assert_null(sw_fold_open_intent(fold, 0));
    sw_fold_free(fold);
}

static void a_newer_halt_is_found(void **state)
{
    (void)state;
    struct sw_fold *fold = sw_fold_new();
    assert_null(sw_fold_newer_halt(fold, "ios", uuid_a));
    add(fold, intent(uuid_a, SW_VERB_HALT, "ios"), true);
    add(fold, intent(uuid_b, SW_VERB_ADVANCE, "ios"), true);
    /* the halt stands before the advance: it does not supersede it */
    assert_null(sw_fold_newer_halt(fold, "ios", uuid_b));
    add(fold, intent(uuid_c, SW_VERB_HALT, "android"), true);
    assert_null(sw_fold_newer_halt(fold, "ios", uuid_b));
    add(fold, intent(uuid_d, SW_VERB_HALT, "ios"), true);
    assert_string_equal(sw_fold_newer_halt(fold, "ios", uuid_b)->uuid, uuid_d);
    assert_string_equal(sw_fold_newer_halt(fold, "ios", uuid_a)->uuid, uuid_d);
    assert_null(sw_fold_newer_halt(fold, "ios", uuid_d));
    assert_string_equal(sw_fold_newer_halt(fold, "android", NULL)->uuid, uuid_c);
    assert_string_equal(
        sw_fold_newer_halt(fold, "ios", "00000000-0000-4000-8000-0000000000ff")->uuid, uuid_d);
    sw_fold_free(fold);
}

static void the_last_tick_counts(void **state)
{
    (void)state;
    struct sw_fold *fold = sw_fold_new();
    assert_null(sw_fold_tick(fold, "notes"));
    const char *uuids[] = {uuid_a, uuid_b, uuid_c};
    static const enum sw_event_kind kinds[] = {SW_EVENT_TICK, SW_EVENT_UNTICK, SW_EVENT_TICK};
    for (size_t i = 0; i < 3; i++) {
        struct sw_record record = make(uuids[i], kinds[i]);
        record.item = sw_xstrdup(i == 2 ? "other" : "notes");
        add(fold, record, true);
    }
    assert_int_equal(sw_fold_tick(fold, "notes")->kind, SW_EVENT_UNTICK);
    assert_string_equal(sw_fold_tick(fold, "other")->uuid, uuid_c);
    assert_null(sw_fold_tick(fold, "nothing"));
    sw_fold_free(fold);
}

static void the_last_seen_is_of_the_identity(void **state)
{
    (void)state;
    struct sw_fold *fold = sw_fold_new();
    struct sw_record asked = intent(uuid_a, SW_VERB_ADVANCE, "android");
    asked.identity = sw_xstrdup("100");
    add(fold, asked, true);
    /* an outcome that leaves platform and identity to its intent */
    struct sw_record seen = outcome(uuid_b, uuid_a, SW_RESULT_SEEN);
    seen.to_percent = (struct sw_value){.value = 20, .is_known = true};
    add(fold, seen, true);
    struct sw_record other = outcome(uuid_c, uuid_d, SW_RESULT_SEEN);
    other.platform = sw_xstrdup("android");
    other.identity = sw_xstrdup("99");
    add(fold, other, true);
    add(fold, outcome(uuid_d, uuid_a, SW_RESULT_UNKNOWN), true);
    assert_string_equal(sw_fold_last_seen(fold, "android", "100")->uuid, uuid_b);
    assert_string_equal(sw_fold_last_seen(fold, "android", "99")->uuid, uuid_c);
    assert_null(sw_fold_last_seen(fold, "ios", "100"));
    assert_null(sw_fold_last_seen(fold, "android", NULL));
    sw_fold_free(fold);
}

static void many_events_stay_apart(void **state)
{
    (void)state;
    struct sw_fold *fold = sw_fold_new();
    for (int copy = 0; copy < 2; copy++) {
        for (unsigned i = 0; i < 5000; i++) {
            char uuid[40];
            sw_format(uuid, sizeof uuid, "00000000-0000-4000-8000-%012x", i);
            add(fold, intent(uuid, SW_VERB_HALT, "ios"), copy == 0);
        }
    }
    assert_int_equal(sw_fold_count(fold), 5000);
    assert_string_equal(sw_fold_open_intent(fold, 4999)->uuid,
                        "00000000-0000-4000-8000-000000001387");
    sw_fold_free(fold);
    sw_fold_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_record_comes_back),
        cmocka_unit_test(absent_stays_absent),
        cmocka_unit_test(texts_are_cleaned_both_ways),
        cmocka_unit_test(what_cannot_be_folded_is_not_written),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(unknown_words_survive),
        cmocka_unit_test(an_outcome_closes_its_intent),
        cmocka_unit_test(an_unknown_outcome_settles_nothing),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(a_newer_halt_is_found),
        cmocka_unit_test(the_last_tick_counts),
        cmocka_unit_test(the_last_seen_is_of_the_identity),
        cmocka_unit_test(many_events_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
