/* past.c: see past.h. */
#include "past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/time.h"
#include "store/ledger.h"
#include "world.h"

static struct sw_ledger *open_log(const char *release)
{
    struct sw_ledger *ledger = NULL;
    struct sw_error error = {0};
    mkdir(world_state_dir(), 0700);
    if (sw_ledger_open(world_state_dir(), release, &ledger, &error) != SW_OK)
        fail_msg("%s", error.text);
    return ledger;
}

void past_append(const char *release, struct sw_record *record)
{
    struct sw_error error = {0};
    struct sw_ledger *ledger = open_log(release);
    if (record->uuid[0] == '\0')
        sw_uuid4(record->uuid);
    record->actor = sw_xstrdup("Other <other@example.com>, other@elsewhere");
    record->at_ms = sw_time_real_ms();
    if (sw_ledger_append(ledger, record, &error) != SW_OK)
        fail_msg("%s", error.text);
    sw_ledger_close(ledger);
}

const char *past_intent_from(const char *release, enum sw_verb verb, enum sw_state from,
                             struct sw_record *record)
{
    *record = (struct sw_record){.kind = SW_EVENT_INTENT,
                                 .verb = verb,
                                 .from_state = from,
                                 .from_percent = {.value = 10, .is_known = true},
                                 .to_percent = {.value = 50, .is_known = true}};
    record->platform = sw_xstrdup("app0");
    record->version = sw_xstrdup("2.0.0");
    record->identity = sw_xstrdup("200");
    record->handle = sw_xstrdup("{\"app\":\"app0\"}");
    record->text = sw_xstrdup("an intent");
    past_append(release, record);
    return record->uuid;
}

const char *past_intent(const char *release, enum sw_verb verb, struct sw_record *record)
{
    return past_intent_from(release, verb, SW_STATE_ROLLING, record);
}

void past_outcome(const char *release, const struct sw_record *intent, enum sw_result result)
{
    struct sw_record record = {.kind = SW_EVENT_OUTCOME, .verb = intent->verb, .result = result};
    record.platform = sw_xstrdup(intent->platform);
    record.intent = sw_xstrdup(intent->uuid);
    record.text = sw_xstrdup("its outcome");
    past_append(release, &record);
    sw_record_clear(&record);
}

struct count {
    enum sw_result result;
    size_t count;
};

static bool count_outcome(void *arg, const struct sw_record *record)
{
    struct count *count = arg;
    count->count += record->kind == SW_EVENT_OUTCOME &&
                    (count->result == SW_RESULT_NONE || record->result == count->result);
    return true;
}

size_t past_outcomes(const char *release, enum sw_result result)
{
    struct count count = {.result = result};
    struct sw_ledger *ledger = open_log(release);
    assert_int_equal(sw_ledger_read(ledger, NULL, count_outcome, &count, NULL), SW_OK);
    sw_ledger_close(ledger);
    return count.count;
}
