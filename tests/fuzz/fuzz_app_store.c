/*
 * fuzz_app_store.c: whatever App Store Connect replies, a poll reports a rollout that holds
 * together or an error, its handle can be read back, a count of reviews adds up, and a verb sends
 * at most one write.
 *
 * First two bytes (a letter, a newline): q the questions about rights; p a poll with what it reads
 * beside the versions, and a second one on its rollout; w the same after a reading whose handle is
 * the next part; s the reviews of version v2, whose handle is the next part; otherwise a verb (h
 * halt, r resume, v advance, c complete) on version v2, whose next part is the handle of the last
 * known rollout.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"
#include "base/mem.h"
#include "replies.h"
#include "sources/app_store.h"

extern const struct sw_source_kind sw_source_app_store;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCOUNT "id: apple\nkind: app_store\nkey_id: 2X9R4HXF34\nkey_file: /nowhere/key.p8\n"
#define IOS     "source: apple\nbundle_id: com.acme.app\n"

/* known: the handle of the reading before, or NULL; taken over. */
static void poll(struct replies *replies, char *known)
{
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    struct sw_target *target = flow_add_target(flow, SW_ROLE_ROLLOUT, IOS);
    struct sw_rollout last = {.handle = known, .observed_at_ms = sw_flow_now(flow) - 60000};
    target->rollout = known ? &last : NULL;
    flow_perform_with(flow, replies_perform, replies);
    for (int i = 0; i < 2; i++) {
        struct sw_error err = {0};
        enum sw_code code = flow_observe(flow, &err);
        replies_check_error(code, &err);
        const struct sw_rollout *rollout = flow_rollout(flow, 0);
        /* What stands beside the versions may fail after they were reported. */
        sw_assert(code != SW_OK || rollout != NULL);
        if (!rollout)
            continue;
        struct asc_handle handle;
        replies_check(flow, 1, rollout->observed_at_ms);
        replies_check_offers(&sw_source_app_store, target, rollout);
        sw_assert(asc_handle_read(rollout->handle, "com.acme.app", &handle));
        sw_rollout_clear(&last);
        sw_rollout_copy(&last, rollout);
        target->rollout = &last;
    }
    flow_free(flow);
    sw_rollout_clear(&last);
}

static void reviews(struct replies *replies)
{
    struct sw_error err = {0};
    struct sw_rollout rollout = {.handle = replies_take(replies), .version = "4.12.0"};
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    struct sw_target *target = flow_add_target(flow, SW_ROLE_HEALTH, IOS);
    target->metric = SW_METRIC_ONE_STAR_SHARE;
    target->windows_s[0] = 3600;
    target->windows_s[1] = 7 * 86400;
    target->window_count = 2;
    sw_copy(rollout.identity, sizeof(rollout.identity), "v2");
    target->rollout = &rollout;
    flow_perform_with(flow, replies_perform, replies);
    enum sw_code code = flow_observe(flow, &err);
    replies_check_error(code, &err);
    const struct flow_reports *reports = flow_reports(flow);
    sw_assert(reports->reading_count == 0 || reports->reading_count == 2);
    if (reports->reading_count == 2) {
        const struct sw_reading *hour = &reports->readings[0].reading;
        const struct sw_reading *week = &reports->readings[1].reading;
        replies_check(flow, 1, hour->observed_at_ms);
        sw_assert(hour->n.value <= week->n.value && hour->bad.value <= week->bad.value);
        sw_assert(week->bad.value <= week->n.value);
    }
    flow_free(flow);
    sw_rollout_clear(&rollout);
}

struct writes {
    struct replies *replies;
    int count;
};

static enum sw_code perform(void *arg, const struct sw_request *request, struct sw_reply *reply,
                            struct sw_error *err)
{
    struct writes *writes = arg;
    if (request->operation->effect == SW_EFFECT_MUTATE)
        writes->count++;
    sw_assert(writes->count <= 1);
    return replies_perform(writes->replies, request, reply, err);
}

static void act(struct replies *replies, enum sw_verb verb)
{
    struct sw_error err = {0};
    struct writes writes = {.replies = replies};
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    struct sw_rollout before = {.handle = replies_take(replies), .state = SW_STATE_READY};
    struct sw_act act = {.verb = verb, .before = &before, .to_percent = {100, true}};
    sw_copy(before.identity, sizeof(before.identity), "v2");
    flow_add_target(flow, SW_ROLE_ROLLOUT, IOS);
    flow_set_action(flow, true);
    flow_perform_with(flow, perform, &writes);
    enum sw_code code = flow_act(flow, &act, &err);
    replies_check_error(code, &err);
    sw_ignore(asc_is_seen(&act, &before));
    flow_free(flow);
    sw_rollout_clear(&before);
}

/* Nothing that asks for rights may change anything, whatever is answered. */
static enum sw_code perform_harmless(void *arg, const struct sw_request *request,
                                     struct sw_reply *reply, struct sw_error *err)
{
    sw_assert(request->operation->effect != SW_EFFECT_MUTATE);
    return replies_perform(arg, request, reply, err);
}

static void rights(struct replies *replies)
{
    struct sw_error err = {0};
    struct sw_right_seen seen[SW_VERB_COUNT];
    struct sw_flow *flow = flow_new(&sw_source_app_store, ACCOUNT);
    flow_add_target(flow, SW_ROLE_ROLLOUT, IOS);
    flow_perform_with(flow, perform_harmless, replies);
    enum sw_code code = flow_rights(flow, seen, &err);
    if (code != SW_OK) /* else some answers may have been no use */
        replies_check_error(code, &err);
    for (int verb = SW_VERB_NONE + 1; verb < SW_VERB_COUNT; verb++)
        sw_assert(memchr(seen[verb].words, 0, sizeof(seen[verb].words)) != NULL);
    flow_free(flow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replies replies;
    char mode = size > 1 ? (char)data[0] : 'p';
    replies_init(&replies, data + (size > 1 ? 2 : size), size > 1 ? size - 2 : 0);
    switch (mode) {
    case 'h':
        act(&replies, SW_VERB_HALT);
        break;
    case 'r':
        act(&replies, SW_VERB_RESUME);
        break;
    case 'v':
        act(&replies, SW_VERB_ADVANCE);
        break;
    case 's':
        reviews(&replies);
        break;
    case 'c':
        act(&replies, SW_VERB_COMPLETE);
        break;
    case 'w':
        poll(&replies, replies_take(&replies));
        break;
    case 'q':
        rights(&replies);
        break;
    default:
        poll(&replies, NULL);
        break;
    }
    return 0;
}
