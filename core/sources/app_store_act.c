/* app_store_act.c: the verbs of the App Store.
 *
 *   verb      request                                            refused here, nothing sent
 *   halt      PATCH phased release PAUSED                        no phased release
 *   resume    PATCH phased release ACTIVE                        no phased release
 *   complete  PATCH phased release COMPLETE                      no phased release
 *   advance   POST release request (from READY); to 100 % from   any other percent: Apple takes
 *             a running phase it is complete                     none
 *   rollback  -                                                  always: Apple has none
 *
 * Each verb is one request, addressed by the id of the phased release or the version. What the
 * re-read already showed done is not sent. Apple refuses the same value a second time and what a
 * state does not allow, with codes that are not documented: any 409 or 422 is answered by reading
 * the state, and the state decides, never the text. No answer, or a 2xx without its data, is
 * SW_E_OUTCOME_UNKNOWN.
 *
 * Sources: App Store Connect API, "Modify an App Store Version Phased Release", "Manually Release
 * an App Store Approved Version of Your App"; tramlinehq/applelink (refusals of PATCH); read
 * 2026-01. */
#include "sources/app_store.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

static const char *phase_word(enum asc_phase phase)
{
    switch (phase) {
    case ASC_PHASE_ACTIVE:
        return "ACTIVE";
    case ASC_PHASE_PAUSED:
        return "PAUSED";
    case ASC_PHASE_COMPLETE:
        return "COMPLETE";
    case ASC_PHASE_NONE:
    case ASC_PHASE_UNREAD:
    case ASC_PHASE_OTHER:
    case ASC_PHASE_INACTIVE:
        break;
    }
    return "";
}

/* Sends one JSON:API document. */
static enum sw_code send_document(struct sw_flow *flow, struct sw_request *request,
                                  const json_t *document, const char *doing, json_t **answer,
                                  struct sw_error *err)
{
    struct sw_buf body;
    sw_buf_init(&body, 4096);
    enum sw_code code = sw_json_write(document, &body, SW_JSON_COMPACT, err);
    if (code == SW_OK) {
        sw_request_json(request, NULL, &body);
        code = asc_exchange(flow, request, doing, answer, err);
    }
    sw_buf_clear(&body);
    return code;
}

static enum sw_code unknown(const char *doing, struct sw_error *err)
{
    return sw_fail(
        err, SW_E_OUTCOME_UNKNOWN,
        "%s: no usable answer, so whether Apple did it is not known; reading the version "
        "tells",
        doing);
}

/* Refused, perhaps because it is so already: only what stands there now could tell, and it could not
 * be read. Apple's words decide nothing. */
static enum sw_code unjudged(struct sw_error *err)
{
    char words[sizeof(err->text)] = "";
    if (err)
        sw_copy(words, sizeof(words), err->text);
    return sw_fail(err, SW_E_OUTCOME_UNKNOWN, "%s, and what stands there now could not be read",
                   words);
}

/* ------------------------------------------------------------ phased release */

/* A refusal is judged by what is there now. */
static enum sw_code phase_refused(struct sw_flow *flow, const struct asc_entry *entry,
                                  enum asc_phase to, struct sw_error *err)
{
    struct asc_version now = {0};
    if (asc_phase_get(flow, entry->id, &now, NULL) != SW_OK)
        return unjudged(err);
    if (now.phase == to)
        return SW_OK;
    char words[sizeof(err->text)] = "";
    if (err)
        sw_copy(words, sizeof(words), err->text);
    return sw_fail(err, SW_E_CONFLICT, "%s. The phased release is %s now", words,
                   now.phase == ASC_PHASE_NONE ? "gone" : now.phase_word);
}

static enum sw_code phase_set(struct sw_flow *flow, const struct asc_entry *entry,
                              enum asc_phase to, struct sw_error *err)
{
    struct sw_request request;
    SW_JSON json_t *answer = NULL;
    char doing[80];
    sw_format(doing, sizeof(doing), "setting the phased release to %s", phase_word(to));
    enum sw_code code =
        sw_request_init(&request, &asc_operations[ASC_PHASE_UPDATE], err, entry->phase_id, NULL);
    if (code != SW_OK)
        return code;
    SW_JSON json_t *document =
        json_pack("{s:{s:s, s:s, s:{s:s}}}", "data", "type", "appStoreVersionPhasedReleases", "id",
                  entry->phase_id, "attributes", "phasedReleaseState", phase_word(to));
    code = send_document(flow, &request, document, doing, &answer, err);
    if (code == SW_E_CONFLICT)
        return phase_refused(flow, entry, to, err);
    if (code == SW_E_PARSE || code == SW_E_LIMIT || code == SW_E_OUTCOME_UNKNOWN)
        return unknown(doing, err);
    if (code != SW_OK || sw_flow_is_dry_run(flow))
        return code;
    const char *word = json_string_value(sw_json_at(answer, "data.attributes.phasedReleaseState"));
    return word && strcmp(word, phase_word(to)) == 0 ? SW_OK : unknown(doing, err);
}

/* ---------------------------------------------------------------- release */

static bool is_released(enum asc_class class)
{
    return class == ASC_PROCESSING || class == ASC_LIVE;
}

static enum sw_code release(struct sw_flow *flow, const char *version_id, struct sw_error *err)
{
    struct sw_request request;
    const char *doing = "requesting the release";
    enum sw_code code = sw_request_init(&request, &asc_operations[ASC_RELEASE], err, NULL);
    if (code != SW_OK)
        return code;
    SW_JSON json_t *document = json_pack(
        "{s:{s:s, s:{s:{s:{s:s, s:s}}}}}", "data", "type", "appStoreVersionReleaseRequests",
        "relationships", "appStoreVersion", "data", "type", "appStoreVersions", "id", version_id);
    code = send_document(flow, &request, document, doing, NULL, err);
    if (code == SW_E_CONFLICT) {
        char word[SW_WORD_MAX];
        if (asc_version_get(flow, version_id, word, NULL) != SW_OK)
            return unjudged(err);
        if (is_released(asc_class_of(word)))
            return SW_OK;
        char words[sizeof(err->text)] = "";
        if (err)
            sw_copy(words, sizeof(words), err->text);
        return sw_fail(err, SW_E_CONFLICT, "%s. The version is %s now", words, word);
    }
    if (code == SW_E_PARSE || code == SW_E_LIMIT || code == SW_E_OUTCOME_UNKNOWN)
        return unknown(doing, err);
    return code;
}

/* ------------------------------------------------------------------- verbs */

static enum sw_code phase_verb(struct sw_flow *flow, const struct sw_act *act,
                               const struct asc_entry *entry, enum asc_phase to,
                               struct sw_error *err)
{
    if (!entry->phase_id[0])
        return sw_fail(err, SW_E_CONFLICT,
                       "version %s has no phased release: everybody gets it. Nothing was sent",
                       act->before->version);
    if (entry->phase == to && !act->is_blind)
        return SW_OK; /* as the re-read has shown */
    if (entry->phase == ASC_PHASE_COMPLETE && !act->is_blind)
        return sw_fail(err, SW_E_CONFLICT,
                       "the phased release of %s is complete: Apple changes it no more. Nothing "
                       "was sent",
                       act->before->version);
    return phase_set(flow, entry, to, err);
}

static enum sw_code advance(struct sw_flow *flow, const struct sw_act *act,
                            const struct asc_entry *entry, struct sw_error *err)
{
    if (entry->class == ASC_RELEASABLE)
        return release(flow, entry->id, err);
    if (is_released(entry->class) && act->before->state == SW_STATE_READY)
        return SW_OK;
    bool is_complete = act->to_percent.is_known && act->to_percent.value >= 100;
    if (entry->class == ASC_LIVE && is_complete && entry->phase == ASC_PHASE_ACTIVE)
        return phase_verb(flow, act, entry, ASC_PHASE_COMPLETE, err);
    return sw_fail(
        err, SW_E_CONFLICT,
        "Apple widens a phased release by itself and takes no percent. Nothing was sent");
}

static enum sw_code act_on(struct sw_flow *flow, const struct sw_act *act,
                           const struct asc_entry *entry, struct sw_error *err)
{
    switch (act->verb) {
    case SW_VERB_HALT:
        return phase_verb(flow, act, entry, ASC_PHASE_PAUSED, err);
    case SW_VERB_RESUME:
        return phase_verb(flow, act, entry, ASC_PHASE_ACTIVE, err);
    case SW_VERB_COMPLETE:
        if (entry->phase == ASC_PHASE_PAUSED)
            return sw_fail(err, SW_E_CONFLICT, "it is halted: resume it first. Nothing was sent");
        return phase_verb(flow, act, entry, ASC_PHASE_COMPLETE, err);
    case SW_VERB_ADVANCE:
        return advance(flow, act, entry, err);
    case SW_VERB_ROLLBACK:
        return sw_fail(err, SW_E_UNSUPPORTED,
                       "Apple has no roll back: halt, and ship a higher version");
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        break;
    }
    return sw_fail(err, SW_E_UNSUPPORTED, "the App Store has no such verb");
}

enum sw_code asc_act(struct sw_flow *flow, const struct sw_act *act, struct sw_error *err)
{
    struct asc_handle handle;
    struct sw_error own = {0};
    const struct asc_entry *entry = NULL;
    const char *bundle_id = sw_node_str(sw_flow_target(flow, 0)->options, "bundle_id");
    if (asc_handle_read(act->before->handle, bundle_id, &handle))
        entry = asc_handle_find(&handle, act->before->identity);
    enum sw_code code =
        entry ? act_on(flow, act, entry, &own)
              : sw_fail(&own, SW_E_CONFLICT,
                        "the ids of the version of %s are not known. Nothing was sent", bundle_id);
    if (code == SW_OK)
        return code;
    if (act->verb == SW_VERB_HALT && code != SW_E_OUTCOME_UNKNOWN && code != SW_E_CANCELLED)
        sw_error_prefix(&own, "NOT HALTED");
    if (err)
        *err = own;
    return code;
}

/* -------------------------------------------------------------------- seen */

bool asc_is_seen(const struct sw_act *act, const struct sw_rollout *now)
{
    struct asc_handle handle;
    if (!asc_handle_read(now->handle, NULL, &handle))
        return false;
    const struct asc_entry *entry = asc_handle_find(&handle, act->before->identity);
    if (!entry)
        return false;
    switch (act->verb) {
    case SW_VERB_HALT:
        return entry->phase == ASC_PHASE_PAUSED;
    case SW_VERB_RESUME:
        return entry->phase == ASC_PHASE_ACTIVE || entry->phase == ASC_PHASE_COMPLETE;
    case SW_VERB_COMPLETE:
        return entry->phase == ASC_PHASE_COMPLETE;
    case SW_VERB_ADVANCE:
        if (act->before->state == SW_STATE_READY)
            return is_released(entry->class);
        return entry->phase == ASC_PHASE_COMPLETE;
    case SW_VERB_ROLLBACK:
    case SW_VERB_NONE:
    case SW_VERB_COUNT:
        break;
    }
    return false;
}
